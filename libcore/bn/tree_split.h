/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TREE_SPLIT_H
#define FLOWTWIN_BN_TREE_SPLIT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The best split of one node of a tree. All sums are of whole numbers, so that neither the order
 * of rows nor the way in which they are counted can change a result, and ties are ties.
 */

enum {
    TWIN_SPLIT_ROWS = 1 << 22, /* rows that a split is chosen on, at most */
    TWIN_SPLIT_BITS = 28,      /* binary places of n log2 n */
};

/** Rows of a node, places 0 … n_rows − 1, with either classes or targets. Borrowed. */
typedef struct {
    const uint8_t *const *columns; /* bins of a feature: columns[f][rows[place]] */
    const uint16_t *features;      /* those that are looked at, rising */
    size_t n_features;
    const uint32_t *rows;
    size_t n_rows;           /* 1 … TWIN_SPLIT_ROWS */
    const uint32_t *classes; /* of each place, below n_classes, all of which occur */
    const uint32_t *counts;  /* places of each class */
    size_t n_classes;
    const int32_t *targets; /* with classes NULL: of each place, about 0 */
    int64_t target_sum;
    const int64_t *n_log_n; /* twin_split_n_log_n(), for all numbers up to n_rows */
    size_t min_leaf;        /* places that either side keeps at least, 1 … */
} TwinSplitNode;

/** Left are the rows whose bin of @feature is at most @bin. */
typedef struct {
    double gain; /* entropy: bits << TWIN_SPLIT_BITS; squares: those of the targets; 0: no split */
    uint16_t feature;
    uint8_t bin;
} TwinSplit;

/** Scratch of one thread. */
typedef struct TwinSplitter TwinSplitter;

TwinSplitter *twin_splitter_new(void);
void twin_splitter_free(TwinSplitter *self);

/**
 * The split that gains most; ties go to the lower feature, then the lower bin.
 *
 * @param varies_out NULL, or one a feature of @node->features, in their order: whether the node's
 *                   rows have more than one bin of it
 */
TwinSplit twin_splitter_choose(TwinSplitter *self, const TwinSplitNode *node, bool *varies_out);

/** n log2 n in units of 2^-TWIN_SPLIT_BITS bits, of 0 … @most. (transfer full), NULL: no memory */
int64_t *twin_split_n_log_n(size_t most);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinSplitter, twin_splitter_free)

#endif
