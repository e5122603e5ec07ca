/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TREE_H
#define FLOWTWIN_BN_TREE_H

#include <flowtwin/macros.h>

#include "bn/bins.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A node as a walk needs it: 12 bytes. Children follow their parent, left and right together. */
typedef struct {
    float threshold;  /* left where the parent's value is at most this */
    uint32_t left;    /* the left child, right is the next one; 0: a leaf */
    uint16_t feature; /* number of the parent tested: its column in the matrix */
    uint8_t bin;      /* left where the parent's bin is at most this */
} TwinTreeNode;

/** What is drawn from at a node: 16 bytes. */
typedef struct {
    uint32_t first;      /* its training rows: rows[first] … rows[last − 1], at least one */
    uint32_t last;       /* children share their parent's: left's last is right's first */
    uint32_t parent;     /* the node above; the root: itself (0) */
    uint32_t n_distinct; /* different values (classes, else targets) among its rows */
} TwinTreeRange;

/**
 * A tree CPT: inner nodes test one parent variable against a threshold, leaves hold the training
 * rows that came there. Drawing is walking down and taking a row; the caller uses *its* value.
 * Immutable once made, so threads may share it; its members are to be read only.
 *
 * Nodes stand level by level, from left to right. Where leaves were cut to a sample of their rows
 * (bn/reservoir.h), weights say how many came there, and draws from above the leaves heed them.
 *
 * Memory: 28 bytes a node, 32 with weights; 4 a row (none once twin_tree_flatten()ed).
 * Source: context-specific independence, Boutilier et al. 1996; learned as in Friedman &
 * Goldszmidt 1998.
 */
typedef struct {
    size_t n_nodes; /* at least 1: node 0 is the root */
    size_t n_rows;
    size_t n_features; /* all tests are of features below this */
    TwinTreeNode *nodes;
    TwinTreeRange *ranges;
    uint32_t *rows;    /* training row numbers, leaf after leaf; NULL: 0, 1, 2, … */
    uint32_t *weights; /* of each node, at least its rows; an inner node's: its children's sum.
                          NULL: as many as rows */
} TwinTree;

/** What a tree is learned from. All borrowed. */
typedef struct {
    const TwinBinMatrix *matrix; /* parents of all rows */
    const TwinBins *bins;        /* the same parents' edges, for the thresholds */
    const uint16_t *features; /* parents that may be tested, rising; NULL: the first n_features */
    size_t n_features;        /* with features NULL, 0: all */
    const uint32_t *rows;     /* rows to learn from, each once; NULL: all of the matrix */
    size_t n_rows;            /* with rows NULL: not looked at */
    const uint32_t *classes;  /* class of each row of the matrix; NULL only with a target */
    const double *target;     /* NULL, or a finite number for each row of the matrix */
} TwinTreeData;

/** How a tree is learned; begin with TWIN_TREE_OPTIONS_INIT. */
typedef struct {
    size_t min_leaf;  /* rows that a leaf keeps at least, 1 … */
    double penalty;   /* bits that a split must save; 0: any that saves something */
    size_t n_sampled; /* rows that a larger node chooses its split on, 2 min_leaf …; 0: all */
    uint64_t seed;    /* of that sample */
    unsigned n_threads;
} TwinTreeOptions;

#define TWIN_TREE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        .min_leaf = 5, .n_sampled = 4096, .n_threads = 1                                           \
    }

/**
 * Learns a tree: each node takes the split that lowers most the entropy of the classes (without
 * @target) or the sum of squares of the target, with at least min_leaf rows on either side; ties go
 * to the lower feature, then the lower bin.
 *
 * A split saves: for classes the entropy's bits; for a target n/2 log2(squares before / after), as
 * of a Gaussian code. A node larger than n_sampled takes the best split of a sample of its rows (a
 * function of seed and node); one that finds none there tries on four times as many, and so on.
 *
 * @return (transfer full) the tree, the same whatever n_threads; NULL with TWIN_ERROR_EMPTY where
 *         there is no row, TWIN_ERROR_TOO_LARGE beyond memory or UINT32_MAX rows
 *
 * Targets are rounded to 2^-31 of their range. Where both are given, the target decides splits and
 * classes n_distinct.
 * Cost: rows × features × depth below n_sampled, features that do not vary in a node left out.
 */
TwinTree *twin_tree_learn(const TwinTreeData *data, const TwinTreeOptions *options,
                          GError **error) TWIN_CHECKED;
void twin_tree_free(TwinTree *self);

/** Whether @node is a leaf. */
static inline bool twin_tree_is_leaf(const TwinTree *self, uint32_t node)
{
    return self->nodes[node].left == 0;
}

/** The parent variable that inner node @node tests: for walks that compute only what is tested. */
static inline uint16_t twin_tree_feature(const TwinTree *self, uint32_t node)
{
    return self->nodes[node].feature;
}

/** The child of inner node @node where the parent that it tests is @value; NaN goes right. */
static inline uint32_t twin_tree_step(const TwinTree *self, uint32_t node, float value)
{
    return self->nodes[node].left + (value <= self->nodes[node].threshold ? 0 : 1);
}

/** The leaf of a row of bins, one a parent. */
static inline uint32_t twin_tree_find(const TwinTree *self, const uint8_t *bins)
{
    uint32_t node = 0;
    while (self->nodes[node].left != 0) {
        const TwinTreeNode *test = &self->nodes[node];
        node = test->left + (bins[test->feature] > test->bin);
    }
    return node;
}

/** The leaf of a row of values, one a parent: the same as of their bins. */
static inline uint32_t twin_tree_find_values(const TwinTree *self, const float *values)
{
    uint32_t node = 0;
    while (self->nodes[node].left != 0) {
        node = twin_tree_step(self, node, values[self->nodes[node].feature]);
    }
    return node;
}

/** How many training rows @node has, at least one. */
static inline uint32_t twin_tree_n_rows(const TwinTree *self, uint32_t node)
{
    return self->ranges[node].last - self->ranges[node].first;
}

/** The node above; the root's is the root. */
static inline uint32_t twin_tree_parent(const TwinTree *self, uint32_t node)
{
    return self->ranges[node].parent;
}

/** Training row @index (from 0, below twin_tree_n_rows()) of @node. */
static inline uint32_t twin_tree_row_at(const TwinTree *self, uint32_t node, uint32_t index)
{
    const uint32_t place = self->ranges[node].first + index;
    return self->rows != NULL ? self->rows[place] : place;
}

/** How many training rows came to @node, whether they are kept or not. */
static inline uint32_t twin_tree_weight(const TwinTree *self, uint32_t node)
{
    return self->weights != NULL ? self->weights[node] : twin_tree_n_rows(self, node);
}

/**
 * A training row of @node, each as likely as the other; where leaves were cut, as often as leaves
 * were reached.
 *
 * @param uniform 32 random bits
 */
static inline uint32_t twin_tree_row(const TwinTree *self, uint32_t node, uint32_t uniform)
{
    uint64_t n = twin_tree_weight(self, node);
    uint32_t place = (uint32_t)(n * uniform >> 32);
    if (self->weights != NULL) {
        for (uint32_t left = 0; (left = self->nodes[node].left) != 0;) {
            const bool is_right = place >= self->weights[left];
            place -= is_right ? self->weights[left] : 0;
            node = left + is_right;
        }
        n = self->weights[node];
        place = (uint32_t)((uint64_t)place * twin_tree_n_rows(self, node) / n);
    }
    return twin_tree_row_at(self, node, place);
}

/**
 * Where to draw from instead of @node: the node above with chance
 * escape × distinct / (rows + escape × distinct), as its rows may not show all that can happen;
 * never where all its rows agree.
 *
 * @param escape  at least 0; 0.1 does
 * @param uniform 32 random bits
 */
static inline uint32_t twin_tree_back_off(const TwinTree *self, uint32_t node, double escape,
                                          uint32_t uniform)
{
    const TwinTreeRange *range = &self->ranges[node];
    const double odds = escape * range->n_distinct;
    const double all = (double)twin_tree_weight(self, node) + odds;
    const bool is_above = range->n_distinct > 1 && (double)uniform / 4294967296.0 * all < odds;
    return is_above ? range->parent : node;
}

/** A parent of the variable that the tree stands for: one that it tests. */
typedef struct {
    uint16_t feature;
    uint32_t n_splits; /* nodes that test it */
    uint64_t n_rows;   /* training rows that are asked for it, over all those nodes */
} TwinTreeParent;

/**
 * The parents: what the tree tests, most rows first (ties: the lower feature).
 *
 * @return (transfer full) @n_out of them, freed with g_free(); NULL where there is none
 */
TwinTreeParent *twin_tree_parents(const TwinTree *self, size_t *n_out);

/**
 * Renumbers training rows by their place in the tree: row rows[i] becomes i, so that the caller can
 * put what it keeps a row into that order and the tree needs none.
 *
 * @return (transfer full) rows as they were, n_rows of them, freed with g_free(); NULL where they
 *         were in that order already
 */
uint32_t *twin_tree_flatten(TwinTree *self) TWIN_CHECKED;

/**
 * Makes ranges and weights of a tree whose leaves have only their numbers of rows, in last, and
 * their weights: for whoever puts a tree together. Weights that say nothing are dropped.
 *
 * @return false where all weights together exceed UINT32_MAX
 */
bool twin_tree_settle(TwinTree *self) TWIN_CHECKED;

/**
 * Numbers equal codes equally, from 0 in rising order of the codes, as TwinTreeData.classes wants.
 *
 * @param classes_out n of them
 * @return how many different codes there are
 */
uint32_t twin_tree_classes(const int64_t *codes, size_t n, uint32_t *classes_out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinTree, twin_tree_free)

#endif
