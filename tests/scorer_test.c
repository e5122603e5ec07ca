/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/scorer.h"
#include "columns.h"

#include <math.h>

static const unsigned n_states[] = {10, 2, 7, 5, 3, 4, 6, 2};
enum { VARIABLES = G_N_ELEMENTS(n_states), ROWS = 2000, FAMILIES = 300 };

static TwinScorer *scorer_of(const TwinTestColumns *data, uint64_t max_cells, unsigned n_threads)
{
    return twin_scorer_new(&data->counter, twin_score_find("k2"), max_cells, n_threads);
}

static void random_families(TwinFamilySet *families)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        const size_t child = (size_t)g_test_rand_int_range(0, VARIABLES);
        const uint64_t parents = (uint64_t)g_test_rand_int_range(0, 1 << VARIABLES);
        families[i] = (TwinFamilySet){child, parents & ~(UINT64_C(1) << child)};
    }
}

/* Property: many at once on 1, 2 or 5 threads or one by one afresh: bit by bit the same. */
static void test_cached_scores_are_those_of_fresh_ones(void)
{
    static const unsigned n_threads[] = {1, 2, 5};
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 1);
    TwinFamilySet families[FAMILIES];
    for (size_t t = 0; t < G_N_ELEMENTS(n_threads); t++) {
        g_autoptr(TwinScorer) scorer = scorer_of(data, 0, n_threads[t]);
        random_families(families);
        g_assert_true(twin_scorer_prepare(scorer, families, FAMILIES / 2, NULL));
        g_assert_true(twin_scorer_prepare(scorer, families, FAMILIES, NULL));
        for (size_t i = 0; i < FAMILIES; i++) {
            g_autoptr(TwinScorer) fresh = scorer_of(data, 0, 1);
            g_assert_true(twin_scorer_prepare(fresh, &families[i], 1, NULL));
            g_assert_cmpfloat(twin_scorer_get(scorer, families[i].child, families[i].parents), ==,
                              twin_scorer_get(fresh, families[i].child, families[i].parents));
        }
    }
}

static void test_what_is_cached_is_not_counted_again(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 2);
    g_autoptr(TwinScorer) scorer = scorer_of(data, 0, 2);
    const TwinFamilySet families[] = {{0, 6}, {1, 5}, {0, 6}, {2, 0}, {1, 5}};
    g_assert_true(twin_scorer_prepare(scorer, families, G_N_ELEMENTS(families), NULL));
    g_assert_cmpuint(twin_scorer_n_counted(scorer), ==, 3);
    g_assert_true(twin_scorer_prepare(scorer, families, G_N_ELEMENTS(families), NULL));
    g_assert_cmpuint(twin_scorer_n_counted(scorer), ==, 3);
}

static void test_tables_over_the_bound_score_minus_infinity(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 3);
    g_autoptr(TwinScorer) scorer = scorer_of(data, 70, 1);
    const TwinFamilySet families[] = {{0, 4}, {0, 6}, {2, 1}}; /* 70, 140 and 70 cells */
    g_assert_true(twin_scorer_prepare(scorer, families, G_N_ELEMENTS(families), NULL));
    g_assert_true(isfinite(twin_scorer_get(scorer, 0, 4)));
    g_assert_true(isfinite(twin_scorer_get(scorer, 2, 1)));
    g_assert_cmpfloat(twin_scorer_get(scorer, 0, 6), ==, -INFINITY);
    g_assert_cmpuint(twin_scorer_n_counted(scorer), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scorer/cached-scores-are-those-of-fresh-ones",
                    test_cached_scores_are_those_of_fresh_ones);
    g_test_add_func("/scorer/what-is-cached-is-not-counted-again",
                    test_what_is_cached_is_not_counted_again);
    g_test_add_func("/scorer/tables-over-the-bound-score-minus-infinity",
                    test_tables_over_the_bound_score_minus_infinity);
    return g_test_run();
}
