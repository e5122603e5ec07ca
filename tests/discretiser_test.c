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
    g_test_add_func("/discretiser/bad-arguments-are-refused", test_bad_arguments_are_refused);
    return g_test_run();
}
