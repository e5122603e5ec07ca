/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_FOREST_H
#define FLOWTWIN_EVAL_FOREST_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Most values of a feature that a tree tells apart. */
#define TWIN_FEATURE_BINS 256

/** Rows of features: finite numbers, one row after the other. */
typedef struct {
    float *values; /* n_rows × n_columns; g_malloc'ed */
    size_t n_rows;
    size_t n_columns;
} TwinMatrix;

void twin_matrix_init(TwinMatrix *self, size_t n_rows, size_t n_columns);
void twin_matrix_clear(TwinMatrix *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TwinMatrix, twin_matrix_clear)

static inline float *twin_matrix_row(const TwinMatrix *self, size_t row)
{
    return &self->values[row * self->n_columns];
}

/**
 * Features as trees see them: every value as the number of its bin, at most 256 a feature, with as
 * nearly equal numbers of rows as ties allow; a feature with fewer values keeps each.
 *
 * Memory: a byte a value.
 */
typedef struct TwinBinned TwinBinned;

/** Cost: a sort a feature, on @n_threads. */
TwinBinned *twin_binned_new(const TwinMatrix *matrix, unsigned n_threads);
void twin_binned_free(TwinBinned *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBinned, twin_binned_free)

/** How a forest is grown. */
typedef struct {
    const TwinBinned *data;
    const uint32_t *classes; /* of each row of data: 0 … n_classes − 1 */
    size_t n_classes;
    const uint32_t *train; /* rows to learn from */
    size_t n_train;
    const uint32_t *test; /* rows to judge */
    size_t n_test;
    size_t n_trees;
    size_t least_leaf; /* rows in a leaf, at least 1 */
    uint64_t seed;     /* same seed, same votes, whatever the threads */
    unsigned n_threads;
} TwinForest;

/**
 * Grows a random forest and lets it vote: each tree on a bootstrap of the training rows, at each
 * node the best of √n features by Gini impurity, as deep as leaves allow; a vote is the share of
 * each class in the leaf that a row comes to.
 *
 * @param votes_out       n_test × n_classes; the votes for a row add up to 1, or to 0 without
 *                        training rows
 * @param importances_out of each feature: its share of the impurity that all splits took away;
 *                        NULL: not wanted
 *
 * Cost: n_trees × n_train × √n_columns × depth; trees are thrown away as they have voted.
 * Source: Breiman, Random Forests, 2001; feature search as scikit-learn's.
 */
void twin_forest_vote(const TwinForest *forest, double *votes_out, double *importances_out);

/** The class with most votes for each test row; ties go to the lower number. */
void twin_forest_decide(const TwinForest *forest, const double *votes, uint32_t *classes_out);

/**
 * Area under the ROC curve: the chance that a row of class 1 has the higher score, ties a half.
 *
 * @return NAN where one of the classes is missing
 */
double twin_auc(const double *scores, const uint32_t *classes, size_t n);

/**
 * F1 of each class: 2 tp / (2 tp + fp + fn), 0 where that is 0 / 0.
 *
 * @param f1_out n_classes
 */
void twin_f1(const uint32_t *wanted, const uint32_t *decided, size_t n, size_t n_classes,
             double *f1_out);

#endif
