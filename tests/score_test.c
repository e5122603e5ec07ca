/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/score.h"

#include <math.h>

static void test_log_factorials_are_those_of_lgamma(void)
{
    const size_t n[] = {0, 1, 2, 10, 1000, 65534, 65535, 65536, 1000000, 4294967295};
    g_autoptr(TwinLogFactorials) table = twin_log_factorials_new(4294967295);
    g_autoptr(TwinLogFactorials) small = twin_log_factorials_new(3);
    for (size_t i = 0; i < G_N_ELEMENTS(n); i++) {
        const double expected = lgamma((double)n[i] + 1);
        g_assert_cmpfloat_with_epsilon(twin_log_factorial(table, n[i]), expected,
                                       1e-14 * (1 + expected));
    }
    g_assert_cmpfloat_with_epsilon(twin_log_factorial(small, 3), log(6), 1e-15);
}

/* Two states, three configurations of the parents: 1 and 2 rows; none; 4 and 0. */
static void test_k2_of_a_table_by_hand(void)
{
    static const uint64_t cells[] = {0, 1, 4};
    static const uint32_t occurred[] = {1, 2, 4};
    const TwinCounts counts = {.cells = cells, .counts = occurred, .n_cells = 3};
    g_autoptr(TwinLogFactorials) table = twin_log_factorials_new(10);
    const TwinScore *k2 = twin_score_find("k2");
    g_assert_nonnull(k2);
    /* 1!/4! · 1! 2! = 1/12;  1!/1! = 1;  1!/5! · 4! 0! = 1/5 */
    g_assert_cmpfloat_with_epsilon(k2->of_counts(table, &counts, 2, 6), -log(60), 1e-14);
}

static void test_names_not_in_the_table_are_not_found(void)
{
    g_assert_null(twin_score_find("K2"));
    g_assert_null(twin_score_find(""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/log-factorials-are-those-of-lgamma",
                    test_log_factorials_are_those_of_lgamma);
    g_test_add_func("/score/k2-of-a-table-by-hand", test_k2_of_a_table_by_hand);
    g_test_add_func("/score/names-not-in-the-table-are-not-found",
                    test_names_not_in_the_table_are_not_found);
    return g_test_run();
}
