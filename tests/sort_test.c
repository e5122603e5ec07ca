/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sort.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t any_value(unsigned n_bits)
{
    const uint64_t high = (uint32_t)g_test_rand_int();
    const uint64_t bits = high << 32 | (uint32_t)g_test_rand_int();
    return (int64_t)(bits >> (64 - n_bits)) - (int64_t)(n_bits < 64 ? 1000 : 0);
}

/* Property: whatever the number of values and of bits in them, as qsort() does it. */
static void test_values_are_sorted_as_by_qsort(void)
{
    static const size_t n_values[] = {0, 1, 2, 255, 256, 257, 258, 1000, 5000};
    static const unsigned n_bits[] = {1, 4, 11, 12, 23, 33, 64};
    for (size_t n = 0; n < G_N_ELEMENTS(n_values); n++) {
        for (size_t b = 0; b < G_N_ELEMENTS(n_bits); b++) {
            const size_t n_bytes = n_values[n] * sizeof(int64_t);
            g_autofree int64_t *values = g_malloc(n_bytes + 1);
            g_autofree int64_t *scratch = g_malloc(n_bytes + 1);
            g_autofree int64_t *expected = g_malloc(n_bytes + 1);
            for (size_t i = 0; i < n_values[n]; i++) {
                expected[i] = values[i] = any_value(n_bits[b]);
            }
            qsort(expected, n_values[n], sizeof(int64_t), compare);
            twin_sort_int64(values, scratch, n_values[n]);
            g_assert_cmpint(memcmp(values, expected, n_bytes), ==, 0);
        }
    }
}

static void test_extremes_stand_at_the_ends(void)
{
    int64_t values[300];
    int64_t scratch[300];
    for (size_t i = 0; i < 300; i++) {
        values[i] = i == 7 ? INT64_MAX : i == 280 ? INT64_MIN : (int64_t)i - 150;
    }
    twin_sort_int64(values, scratch, 300);
    g_assert_cmpint(values[0], ==, INT64_MIN);
    g_assert_cmpint(values[1], ==, -150);
    g_assert_cmpint(values[299], ==, INT64_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sort/values-are-sorted-as-by-qsort", test_values_are_sorted_as_by_qsort);
    g_test_add_func("/sort/extremes-stand-at-the-ends", test_extremes_stand_at_the_ends);
    return g_test_run();
}
