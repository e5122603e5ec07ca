/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_GROW_H
#define FLOWTWIN_MODEL_TWIN_GROW_H

#include "bn/tree.h"
#include "model/twin_rows.h"

enum { TWIN_LEAST_LEAF = 5 }; /* rows of a leaf: fewer copied single flows, more blurred */

/** What a tree is grown on: all rows of a matrix, the first parents. Borrowed. */
typedef struct {
    const TwinBinMatrix *matrix;
    const TwinBins *bins;
    size_t n_features;
} TwinGrowthOf;

/**
 * A tree of classes over all rows.
 *
 * @param codes     one a row
 * @param order_out (transfer full) the row at each place of the tree
 * @return (transfer full) flattened; NULL on error
 */
TwinTree *twin_grow_classes(const TwinGrowthOf *of, const int64_t *codes, size_t min_leaf,
                            const TwinLearnOptions *options, uint32_t **order_out, GError **error);

/** Grows trees on what packets' senders knew. Scratch that trees share: 20 bytes a row. */
typedef struct {
    const TwinRowsOfFlows *rows;
    const TwinLearnOptions *options;
    uint32_t *send_of_row; /* of each row of the matrix; UINT32_MAX: the host waited */
    uint32_t *classes;     /* of each row */
    double *target;        /* of each row: set by the caller where it is wanted */
} TwinTreeMaker;

void twin_tree_maker_init(TwinTreeMaker *self, const TwinRowsOfFlows *rows,
                          const TwinLearnOptions *options);
void twin_tree_maker_clear(TwinTreeMaker *self);

/** One tree to be grown. */
typedef struct {
    TwinDrawn drawn;
    const uint32_t *rows; /* of the matrix, rising; NULL: all */
    const int64_t *codes; /* one a row chosen */
    size_t n_rows;
    bool has_target; /* by maker->target; codes say which are alike */
} TwinGrowth;

TwinTree *twin_tree_maker_make(TwinTreeMaker *self, const TwinGrowth *growth, uint32_t **order_out,
                               GError **error);

#endif
