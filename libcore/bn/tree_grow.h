/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TREE_GROW_H
#define FLOWTWIN_BN_TREE_GROW_H

#include "bn/tree.h"
#include "bn/tree_split.h"

/*
 * What the top of a tree, which is grown level by level, and its small subtrees, which are grown
 * one by one in threads, have in common; and the growing of a subtree.
 */

enum { TWIN_GROW_ROWS = 2048 }; /* a node of at most so many rows is the root of a subtree */

/** Rows to learn from. Borrowed. */
typedef struct {
    const uint8_t *bins; /* bins[row × stride + feature] */
    size_t stride;
    const uint32_t *classes; /* of each row, below n_classes */
    size_t n_classes;
    const int32_t *targets; /* NULL: splits are by classes */
    const int64_t *n_log_n;
    const TwinBins *edges;
    size_t min_leaf;
    double penalty;
} TwinGrowTable;

/** Values of a node's rows, place by place, as a split is chosen by them. */
typedef struct {
    uint32_t *classes; /* renumbered: all below n_classes occur */
    uint32_t *counts;  /* places of each */
    int32_t *targets;  /* less their mean, rounded */
    size_t n_room;
    size_t n_classes;
    int64_t target_sum;
    double squares; /* of the targets, about their mean */
    bool varies;    /* there is something to split by */
} TwinGrowValues;

/** Scratch of one thread. */
typedef struct TwinGrower TwinGrower;

TwinGrower *twin_grower_new(const TwinGrowTable *table);
void twin_grower_free(TwinGrower *self);

/** How many classes the rows have. Cost: one look-up a row. */
size_t twin_grower_count_classes(TwinGrower *self, const uint32_t *rows, size_t n_rows);

/** Describes the rows; the arrays of @values are the caller's to free, twin_grow_values_clear(). */
void twin_grower_describe(TwinGrower *self, const uint32_t *rows, size_t n_rows,
                          TwinGrowValues *values);
void twin_grow_values_clear(TwinGrowValues *values);

/** Features that a split is looked for among. Borrowed. */
typedef struct {
    const uint16_t *features; /* rising */
    size_t n_features;
    bool *varies_out; /* of each: whether the rows have more than one bin of it */
} TwinGrowFeatures;

/** The best split of rows that @values describe, by some features, worth it or not. */
TwinSplit twin_grower_choose(TwinGrower *self, const uint32_t *rows, size_t n_rows,
                             const TwinGrowValues *values, const TwinGrowFeatures *features);

/** Whether a split found on @n_chosen rows of a node of @n_rows saves enough. */
bool twin_grow_is_worth(const TwinGrowTable *table, const TwinGrowValues *values,
                        const TwinSplit *split, size_t n_chosen, size_t n_rows);

/**
 * Puts the rows of the left side before those of the right, either in the order that they had.
 *
 * @param scratch n_rows more
 * @return how many are on the left
 */
size_t twin_grower_divide(const TwinGrower *self, const TwinSplit *split, uint32_t *rows,
                          size_t n_rows, uint32_t *scratch);

/** The edge that is the right end of the split's bin. */
float twin_grow_threshold(const TwinBins *bins, const TwinSplit *split);

/** Nodes and ranges side by side, as many of each. */
typedef struct {
    size_t n_nodes;
    size_t n_room;
    TwinTreeNode *nodes;
    TwinTreeRange *ranges;
} TwinGrowNodes;

void twin_grow_nodes_clear(TwinGrowNodes *self);

/** Adds a leaf. @return its number */
uint32_t twin_grow_nodes_add(TwinGrowNodes *self, TwinTreeRange range);

/** Makes leaf @node test what @split says, and gives it two leaves, the left of @n_left rows. */
void twin_grow_nodes_split(TwinGrowNodes *self, uint32_t node, const TwinSplit *split,
                           float threshold, size_t n_left);

/**
 * Grows a subtree of all of @rows, and puts them into the order of its leaves.
 *
 * @param n_rows   1 … TWIN_GROW_ROWS
 * @param features that may vary among them
 * @param nodes    an empty one; node 0 is the root, ranges count from @rows
 */
void twin_grower_grow(TwinGrower *self, uint32_t *rows, size_t n_rows, const uint16_t *features,
                      size_t n_features, TwinGrowNodes *nodes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinGrower, twin_grower_free)

#endif
