/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/discretiser.h"

#include <stdbool.h>

static void test_ten_values_in_five_bins(void)
{
    const int64_t values[] = {30, 10, 20, 100, 90, 80, 40, 50, 70, 60};
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinDiscretiser) bins = twin_discretiser_new(values, G_N_ELEMENTS(values), 5, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_discretiser_n_bins(bins), ==, 5);

    const int64_t probes[] = {INT64_MIN, 20, 21, 40, 60, 61, 100, INT64_MAX};
    const uint8_t expected[] = {0, 0, 1, 1, 2, 3, 4, 4};
    uint8_t got[G_N_ELEMENTS(probes)];
    twin_discretiser_bin(bins, probes, G_N_ELEMENTS(probes), got);
    g_assert_cmpmem(got, sizeof got, expected, sizeof expected);
}

static void test_ties_merge_bins(void)
{
    /* Most packets carry no payload: nine zeros and one full segment. */
    const int64_t payload_bytes[] = {0, 0, 0, 0, 1460, 0, 0, 0, 0, 0};
    g_autoptr(TwinDiscretiser) bins =
        twin_discretiser_new(payload_bytes, G_N_ELEMENTS(payload_bytes), 10, NULL);
    g_assert_nonnull(bins);
    g_assert_cmpuint(twin_discretiser_n_bins(bins), ==, 2);
}

/* Property: whatever the values, every bin is used, and bins rise with the value. */
static void test_random_bins_are_used_and_ordered(void)
{
    for (int round = 0; round < 500; round++) {
        const size_t n_values = (size_t)g_test_rand_int_range(1, 400);
        const unsigned n_bins = (unsigned)g_test_rand_int_range(1, (int)TWIN_MAX_BINS + 1);
        const int32_t spread = g_test_rand_int_range(1, 2000);
        g_autofree int64_t *values = g_new(int64_t, n_values);
        g_autofree uint8_t *got = g_new(uint8_t, n_values);
        for (size_t i = 0; i < n_values; i++) {
            values[i] = g_test_rand_int_range(-spread, spread);
        }
        g_autoptr(TwinDiscretiser) bins = twin_discretiser_new(values, n_values, n_bins, NULL);
        g_assert_nonnull(bins);
        twin_discretiser_bin(bins, values, n_values, got);

        bool used[TWIN_MAX_BINS] = {false};
        for (size_t i = 0; i < n_values; i++) {
            used[got[i]] = true;
            for (size_t j = 0; j < i; j++) {
                g_assert_true(values[j] > values[i] || got[j] <= got[i]);
            }
        }
        g_assert_cmpuint(twin_discretiser_n_bins(bins), <=, n_bins);
        for (unsigned bin = 0; bin < twin_discretiser_n_bins(bins); bin++) {
            g_assert_true(used[bin]);
        }
    }
}

static TwinDiscretiser *learn(const int64_t *values, size_t n_values, unsigned n_bins)
{
    GError *error = NULL;
    TwinDiscretiser *bins = twin_discretiser_new(values, n_values, n_bins, &error);
    g_assert_no_error(error);
    return bins;
}

static void test_a_small_bin_is_undone_with_all_its_values(void)
{
    const int64_t payload_bytes[] = {0, 1448, 0, 12, 700, 0, 1448, 9};
    g_autoptr(TwinDiscretiser) bins = learn(payload_bytes, G_N_ELEMENTS(payload_bytes), 2);
    g_assert_cmpuint(twin_discretiser_n_bins(bins), ==, 2);
    g_assert_cmpint(twin_discretiser_cuts(bins)[0], ==, 9);
    const int64_t expected[] = {12, 700, 1448, 1448};
    const TwinBinValues upper = twin_discretiser_values(bins, 1);
    g_assert_cmpuint(upper.n_values, ==, 4);
    g_assert_cmpmem(upper.values, sizeof expected, expected, sizeof expected);
    g_assert_cmpint(twin_discretiser_draw(bins, 0, 0), ==, 0);
    g_assert_cmpint(twin_discretiser_draw(bins, 0, 0xBFFFFFFFU), ==, 0);
    g_assert_cmpint(twin_discretiser_draw(bins, 0, 0xC0000000U), ==, 9);
    g_assert_cmpint(twin_discretiser_draw(bins, 1, UINT32_MAX), ==, 1448);
}

/* 5,000 values a bin: those in the middle of 1,024 equal shares. */
static void test_a_large_bin_is_undone_with_evenly_spaced_ones(void)
{
    g_autofree int64_t *values = g_new(int64_t, 10000);
    for (int64_t i = 0; i < 10000; i++) {
        values[i] = (i * 7919) % 10000; /* each of 0 … 9,999 once */
    }
    g_autoptr(TwinDiscretiser) bins = learn(values, 10000, 2);
    for (unsigned bin = 0; bin < 2; bin++) {
        const TwinBinValues kept = twin_discretiser_values(bins, bin);
        g_assert_cmpuint(kept.n_values, ==, TWIN_MAX_KEPT);
        for (int64_t i = 0; i < 1024; i++) {
            g_assert_cmpint(kept.values[i], ==, (int64_t)bin * 5000 + (2 * i + 1) * 5000 / 2048);
        }
    }
}

/* Property: what a bin is undone with falls into it again, and restored bins are the same. */
static void test_restored_bins_are_the_same(void)
{
    for (int round = 0; round < 50; round++) {
        const size_t n_values = (size_t)g_test_rand_int_range(1, 20000);
        const int32_t spread = g_test_rand_int_range(1, 20000);
        g_autofree int64_t *values = g_new(int64_t, n_values);
        for (size_t i = 0; i < n_values; i++) {
            values[i] = g_test_rand_int_range(-spread, spread);
        }
        g_autoptr(TwinDiscretiser) first =
            learn(values, n_values, (unsigned)g_test_rand_int_range(1, 20));
        const unsigned n_bins = twin_discretiser_n_bins(first);
        TwinBinValues kept[20];
        for (unsigned bin = 0; bin < n_bins; bin++) {
            kept[bin] = twin_discretiser_values(first, bin);
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinDiscretiser) second =
            twin_discretiser_restore(twin_discretiser_cuts(first), n_bins - 1, kept, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(twin_discretiser_n_bins(second), ==, n_bins);
        for (unsigned bin = 0; bin < n_bins; bin++) {
            const uint32_t uniform = (uint32_t)g_test_rand_int();
            const int64_t value = twin_discretiser_draw(first, bin, uniform);
            g_assert_cmpint(twin_discretiser_draw(second, bin, uniform), ==, value);
            uint8_t again = 255;
            twin_discretiser_bin(second, &value, 1, &again);
            g_assert_cmpuint(again, ==, bin);
        }
    }
}

static void test_bad_bins_are_refused(void)
{
    static const int64_t many[TWIN_MAX_KEPT + 1] = {0};
    static const int64_t values[] = {-5, 10, 11, 20, 21};
    static const struct {
        int64_t cuts[2];
        size_t n_cuts;
        TwinBinValues bins[3];
    } rows[] = {
        {{10, 10}, 2, {{values, 1}, {values + 1, 1}, {values + 2, 1}}}, /* cuts stand still */
        {{20, 10}, 2, {{values, 1}, {values + 1, 1}, {values + 4, 1}}}, /* and fall */
        {{10, 20}, 2, {{values, 1}, {values + 2, 0}, {values + 4, 1}}}, /* no value */
        {{10, 20}, 2, {{values, 3}, {values + 3, 1}, {values + 4, 1}}}, /* 11 below the cut 10 */
        {{10, 20}, 2, {{values, 2}, {values + 1, 2}, {values + 4, 1}}}, /* 10 above it */
        {{10, 20}, 2, {{values, 2}, {values + 2, 2}, {values + 3, 1}}}, /* 20 in the last */
        {{10, 20}, 2, {{many, TWIN_MAX_KEPT + 1}, {values + 2, 1}, {values + 4, 1}}},
        {{10, 20}, TWIN_MAX_BINS, {{values, 2}, {values + 2, 2}, {values + 4, 1}}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        TwinDiscretiser *bins =
            twin_discretiser_restore(rows[i].cuts, rows[i].n_cuts, rows[i].bins, &error);
        g_assert_null(bins);
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
    static const int64_t cuts[] = {10, 20};
    static const TwinBinValues bins[] = {{values, 2}, {values + 2, 2}, {values + 4, 1}};
    g_autoptr(TwinDiscretiser) fine = twin_discretiser_restore(cuts, 2, bins, NULL);
    g_assert_nonnull(fine);
}

/* One row a way to be refused: what comes in, which code comes out. */
static void test_bad_arguments_are_refused(void)
{
    static const struct {
        size_t n_values;
        unsigned n_bins;
        TwinError code;
    } rows[] = {
        {0, 10, TWIN_ERROR_EMPTY},
        {1, 0, TWIN_ERROR_ARGUMENT},
        {1, TWIN_MAX_BINS + 1, TWIN_ERROR_ARGUMENT},
        {SIZE_MAX / sizeof(int64_t), 10, TWIN_ERROR_TOO_LARGE},
    };
    const int64_t value = 7;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        TwinDiscretiser *bins =
            twin_discretiser_new(&value, rows[i].n_values, rows[i].n_bins, &error);
        g_assert_null(bins);
        g_assert_error(error, TWIN_ERROR, (int)rows[i].code);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/discretiser/ten-values-in-five-bins", test_ten_values_in_five_bins);
    g_test_add_func("/discretiser/ties-merge-bins", test_ties_merge_bins);
    g_test_add_func("/discretiser/random-bins-are-used-and-ordered",
                    test_random_bins_are_used_and_ordered);
    g_test_add_func("/discretiser/a-small-bin-is-undone-with-all-its-values",
                    test_a_small_bin_is_undone_with_all_its_values);
    g_test_add_func("/discretiser/a-large-bin-is-undone-with-evenly-spaced-ones",
                    test_a_large_bin_is_undone_with_evenly_spaced_ones);
    g_test_add_func("/discretiser/restored-bins-are-the-same", test_restored_bins_are_the_same);
    g_test_add_func("/discretiser/bad-bins-are-refused", test_bad_bins_are_refused);
    g_test_add_func("/discretiser/bad-arguments-are-refused", test_bad_arguments_are_refused);
    return g_test_run();
}
