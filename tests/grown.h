/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_GROWN_H
#define FLOWTWIN_TESTS_GROWN_H

#include "bn/tree.h"

/** Rows of floats, their bins, and what is learned from them. */
typedef struct {
    size_t n_rows;
    size_t n_features;
    float *values; /* row by row */
    uint32_t *classes;
    double *target;
    TwinBins *bins;
    TwinBinMatrix *matrix;
} Grown;

/**
 * Made-up rows: features from two values to all different; classes and targets follow some of
 * them, with noise.
 */
Grown *twin_grown_new(size_t n_rows, size_t n_features, uint32_t n_classes, uint64_t seed);
void twin_grown_free(Grown *grown);

/** A tree of all its rows. */
TwinTree *twin_grown_tree(const Grown *grown, bool by_target, const TwinTreeOptions *options);

/** Fails the test where two trees differ in anything. */
void twin_grown_assert_same(const TwinTree *a, const TwinTree *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Grown, twin_grown_free)

#endif
