/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/bins.h"

#include <math.h>

static TwinBins *learn_column(const float *values, size_t n_values)
{
    g_autoptr(TwinBinSample) sample = twin_bin_sample_new(1, MAX(n_values, (size_t)2), NULL);
    for (size_t i = 0; i < n_values; i++) {
        float *place = twin_bin_sample_next(sample, i);
        g_assert_nonnull(place);
        *place = values[i];
    }
    GError *error = NULL;
    TwinBins *bins = twin_bins_learn(sample, 1, &error);
    g_assert_no_error(error);
    return bins;
}

static void test_few_values_have_a_bin_each(void)
{
    const float values[] = {3, -1, 0, 3, -0.0F, 1448, 0};
    g_autoptr(TwinBins) bins = learn_column(values, G_N_ELEMENTS(values));
    size_t n_edges = 0;
    const float *edges = twin_bins_edges(bins, 0, &n_edges);
    const float expected[] = {-0.5F, 1.5F, 725.5F};
    g_assert_cmpuint(n_edges, ==, G_N_ELEMENTS(expected));
    for (size_t e = 0; e < n_edges; e++) {
        g_assert_cmpfloat(edges[e], ==, expected[e]);
    }
    static const struct {
        float value;
        unsigned bin;
    } cases[] = {
        {-1, 0},   {-0.5F, 0}, {0, 1},         {-0.0F, 1},  {1.5F, 1}, {1.6F, 2},     {3, 2},
        {1448, 3}, {1e30F, 3}, {-INFINITY, 0}, {725.5F, 2}, {NAN, 3},  {INFINITY, 3},
    };
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        g_assert_cmpuint(twin_bins_of(bins, 0, cases[c].value), ==, cases[c].bin);
    }
}

/* 1,000 values each once: quantiles k / 254, the nearest value to each. */
static void test_many_values_share_quantile_bins(void)
{
    float values[1000];
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        values[i] = (float)((i * 37) % 1000);
    }
    g_autoptr(TwinBins) bins = learn_column(values, G_N_ELEMENTS(values));
    size_t n_edges = 0;
    const float *edges = twin_bins_edges(bins, 0, &n_edges);
    g_assert_cmpuint(n_edges, ==, 254);
    /* numpy: quantile(range(1000), linspace(0, 1, 255), method='nearest') begins 0 4 8 12 16 20 24
     * 28 31 and ends 999 */
    g_assert_cmpfloat(edges[0], ==, 2);
    g_assert_cmpfloat(edges[6], ==, 26);
    g_assert_cmpfloat(edges[7], ==, 29.5F);
    g_assert_cmpfloat(edges[253], ==, 997);
}

/* Neighbouring floats have nothing half way: the lower one is the edge. */
static void test_neighbouring_floats_are_told_apart(void)
{
    const float one = nextafterf(1, 2);
    const float values[] = {one, nextafterf(one, 2), NAN, INFINITY, -INFINITY};
    g_autoptr(TwinBins) bins = learn_column(values, G_N_ELEMENTS(values));
    g_assert_cmpuint(twin_bins_of(bins, 0, values[4]), ==, 0);
    g_assert_cmpuint(twin_bins_of(bins, 0, values[0]), ==, 1);
    g_assert_cmpuint(twin_bins_of(bins, 0, values[1]), ==, 2);
    g_assert_cmpuint(twin_bins_of(bins, 0, values[3]), ==, 3);
    g_assert_cmpuint(twin_bins_of(bins, 0, values[2]), ==, 4);
}

static float value_of(uint64_t row, size_t parent)
{
    return (float)((row * 2654435761U >> (3 * parent)) % 5000);
}

static TwinBins *learn_rows(size_t n_rows, size_t most, bool is_backwards, size_t *n_asked_out)
{
    g_autoptr(TwinBinSample) sample = twin_bin_sample_new(3, most, NULL);
    for (size_t i = 0; i < n_rows; i++) {
        const uint64_t row = is_backwards ? n_rows - 1 - i : i;
        float *place = twin_bin_sample_next(sample, row);
        for (size_t p = 0; p < 3 && place != NULL; p++) {
            place[p] = value_of(row, p);
        }
        *n_asked_out += place != NULL;
    }
    return twin_bins_learn(sample, is_backwards ? 2 : 1, NULL);
}

/* Whatever the order and the number of threads; and most rows need not even be computed. */
static void test_a_sample_does_not_depend_on_order(void)
{
    size_t n_asked[2] = {0, 0};
    g_autoptr(TwinBins) forwards = learn_rows(20000, 500, false, &n_asked[0]);
    g_autoptr(TwinBins) backwards = learn_rows(20000, 500, true, &n_asked[1]);
    g_assert_cmpuint(n_asked[0], <, 4000);
    for (size_t p = 0; p < 3; p++) {
        size_t n[2] = {0, 0};
        const float *edges = twin_bins_edges(forwards, p, &n[0]);
        const float *other = twin_bins_edges(backwards, p, &n[1]);
        g_assert_cmpuint(n[0], ==, n[1]);
        for (size_t e = 0; e < n[0]; e++) {
            g_assert_cmpfloat(edges[e], ==, other[e]);
        }
        g_assert_cmpuint(n[0], >, 150);
    }
}

static void test_no_rows_are_an_error(void)
{
    g_autoptr(TwinBinSample) sample = twin_bin_sample_new(2, 10, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_bins_learn(sample, 1, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
}

static void test_what_is_restored_is_believed_only_if_it_rises(void)
{
    static const struct {
        float edges[3];
        bool is_good;
    } cases[] = {
        {{1, 2, 3}, true},    {{1, 1, 3}, false},   {{2, 1, 3}, false},
        {{1, NAN, 3}, false}, {{NAN, 2, 3}, false}, {{-INFINITY, 2, INFINITY}, true},
    };
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        const uint8_t n_edges[] = {0, 3};
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinBins) bins = twin_bins_restore(2, n_edges, cases[c].edges, &error);
        g_assert_true((bins != NULL) == cases[c].is_good);
        if (bins == NULL) {
            g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        }
    }
    const uint8_t too_many = 255;
    float rising[255];
    for (size_t i = 0; i < 255; i++) {
        rising[i] = (float)i;
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_bins_restore(1, &too_many, rising, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
}

/* Blocks appended, and rows set out of order, are the bins of single values. */
static void test_a_matrix_holds_the_bins_of_its_rows(void)
{
    enum { ROWS = 5000, BLOCK = 700 };
    size_t n_asked = 0;
    g_autoptr(TwinBins) bins = learn_rows(ROWS, 1000, false, &n_asked);
    g_autofree float *rows = g_new(float, 3 * (size_t)ROWS);
    for (size_t i = 0; i < 3 * (size_t)ROWS; i++) {
        rows[i] = i % 7 == 0 && i > 2 ? rows[i - 3] : value_of(i / 3, i % 3);
    }
    g_autoptr(TwinBinMatrix) appended = twin_bin_matrix_new(3);
    g_autoptr(TwinBinMatrix) set = twin_bin_matrix_new(3);
    g_assert_true(twin_bin_matrix_resize(set, ROWS, NULL));
    g_assert_cmpuint(twin_bin_matrix_row(set, ROWS - 1)[2], ==, 0);
    for (size_t first = 0; first < ROWS; first += BLOCK) {
        const size_t n = MIN((size_t)BLOCK, ROWS - first);
        g_assert_true(twin_bin_matrix_append(appended, bins, rows + 3 * first, n, NULL));
    }
    twin_bin_matrix_set(set, bins, 3000, rows + 3 * (size_t)3000, ROWS - 3000);
    twin_bin_matrix_set(set, bins, 0, rows, 3000);
    g_assert_cmpuint(appended->n_rows, ==, ROWS);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t p = 0; p < 3; p++) {
            const uint8_t bin = twin_bins_of(bins, p, rows[3 * r + p]);
            g_assert_cmpuint(twin_bin_matrix_row(set, r)[p], ==, bin);
            g_assert_cmpuint(twin_bin_matrix_row(appended, r)[p], ==, bin);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bins/few-values-have-a-bin-each", test_few_values_have_a_bin_each);
    g_test_add_func("/bins/many-values-share-quantile-bins", test_many_values_share_quantile_bins);
    g_test_add_func("/bins/neighbouring-floats-are-told-apart",
                    test_neighbouring_floats_are_told_apart);
    g_test_add_func("/bins/a-sample-does-not-depend-on-order",
                    test_a_sample_does_not_depend_on_order);
    g_test_add_func("/bins/no-rows-are-an-error", test_no_rows_are_an_error);
    g_test_add_func("/bins/what-is-restored-is-believed-only-if-it-rises",
                    test_what_is_restored_is_believed_only_if_it_rises);
    g_test_add_func("/bins/a-matrix-holds-the-bins-of-its-rows",
                    test_a_matrix_holds_the_bins_of_its_rows);
    return g_test_run();
}
