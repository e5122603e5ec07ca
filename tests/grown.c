/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grown.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

void twin_grown_free(Grown *grown)
{
    if (grown != NULL) {
        g_free(grown->values);
        g_free(grown->classes);
        g_free(grown->target);
        twin_bins_free(grown->bins);
        twin_bin_matrix_free(grown->matrix);
        g_free(grown);
    }
}

static void make_row(Grown *grown, float *row, TwinRandom *random)
{
    static const uint32_t spreads[] = {2, 7, 400, UINT32_MAX};
    for (size_t f = 0; f < grown->n_features; f++) {
        const float value = (float)twin_random_below(random, spreads[f % 4]);
        row[f] = f % 3 == 0 ? value : value / -3;
    }
}

static uint32_t class_of(const Grown *grown, const float *row, uint32_t n_classes,
                         TwinRandom *random)
{
    const uint32_t code = (row[0] > 0 ? 1U : 0U) + (row[1 % grown->n_features] < -1 ? 2U : 0U) +
                          (fabsf(row[2 % grown->n_features]) > 50 ? 3U : 0U);
    const bool is_noise = twin_random_below(random, 8) == 0;
    return is_noise ? twin_random_below(random, n_classes) : code % n_classes;
}

Grown *twin_grown_new(size_t n_rows, size_t n_features, uint32_t n_classes, uint64_t seed)
{
    Grown *grown = g_new0(Grown, 1);
    TwinRandom random = twin_random(seed, TWIN_RANDOM_SAMPLE, 0);
    grown->n_rows = n_rows;
    grown->n_features = n_features;
    grown->values = g_new(float, n_rows *n_features);
    grown->classes = g_new(uint32_t, n_rows);
    grown->target = g_new(double, n_rows);
    g_autoptr(TwinBinSample) sample = twin_bin_sample_new(n_features, MAX(n_rows, (size_t)2), NULL);
    for (size_t r = 0; r < n_rows; r++) {
        float *row = grown->values + r * n_features;
        make_row(grown, row, &random);
        grown->classes[r] = class_of(grown, row, n_classes, &random);
        grown->target[r] = 100.0 * grown->classes[r] + twin_random_below(&random, 1000) / 250.0;
        memcpy(twin_bin_sample_next(sample, r), row, n_features * sizeof *row);
    }
    grown->bins = twin_bins_learn(sample, 1, NULL);
    grown->matrix = twin_bin_matrix_new(n_features);
    g_assert_true(twin_bin_matrix_append(grown->matrix, grown->bins, grown->values, n_rows, NULL));
    return grown;
}

TwinTree *twin_grown_tree(const Grown *grown, bool by_target, const TwinTreeOptions *options)
{
    const TwinTreeData from = {.matrix = grown->matrix,
                               .bins = grown->bins,
                               .classes = grown->classes,
                               .target = by_target ? grown->target : NULL};
    GError *error = NULL;
    TwinTree *tree = twin_tree_learn(&from, options, &error);
    g_assert_no_error(error);
    return tree;
}

void twin_grown_assert_same(const TwinTree *a, const TwinTree *b)
{
    g_assert_cmpuint(a->n_nodes, ==, b->n_nodes);
    for (size_t n = 0; n < a->n_nodes; n++) {
        g_assert_cmpuint(a->nodes[n].left, ==, b->nodes[n].left);
        g_assert_cmpuint(a->nodes[n].feature, ==, b->nodes[n].feature);
        g_assert_cmpuint(a->nodes[n].bin, ==, b->nodes[n].bin);
        g_assert_cmpfloat(a->nodes[n].threshold, ==, b->nodes[n].threshold);
    }
    g_assert_cmpint(memcmp(a->ranges, b->ranges, a->n_nodes * sizeof *a->ranges), ==, 0);
    g_assert_cmpuint(a->n_rows, ==, b->n_rows);
    g_assert_true((a->rows == NULL) == (b->rows == NULL));
    for (size_t i = 0; i < a->n_rows && a->rows != NULL; i++) {
        g_assert_cmpuint(a->rows[i], ==, b->rows[i]);
    }
    for (uint32_t n = 0; n < a->n_nodes; n++) {
        g_assert_cmpuint(twin_tree_weight(a, n), ==, twin_tree_weight(b, n));
    }
}
