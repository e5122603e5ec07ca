/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/scorer.h"
#include "bn/search.h"
#include "columns.h"

#include <math.h>

static const unsigned n_states[] = {10, 2, 7, 5, 3, 4, 6, 2};
enum { VARIABLES = G_N_ELEMENTS(n_states), ROWS = 3000 };

static TwinSearchOptions plain_options(void)
{
    return (TwinSearchOptions){.score = twin_score_find("k2"), .n_threads = 1};
}

static void learn(const TwinTestColumns *data, const TwinSearchOptions *options, TwinDag *dag)
{
    GError *error = NULL;
    g_assert_true(twin_hill_climb(&data->counter, options, dag, &error));
    g_assert_no_error(error);
}

static void assert_same_graph(const TwinDag *a, const TwinDag *b)
{
    g_assert_cmpuint(a->n_variables, ==, b->n_variables);
    for (size_t v = 0; v < a->n_variables; v++) {
        const TwinFamily *f = &a->families[v];
        g_assert_cmpuint(f->n_parents, ==, b->families[v].n_parents);
        for (size_t p = 0; p < f->n_parents; p++) {
            g_assert_cmpuint(f->parents[p], ==, b->families[v].parents[p]);
        }
    }
}

/* Scored afresh, with a table of its own; -inf where the options forbid the family. */
static double score_of(const TwinTestColumns *data, const TwinSearchOptions *options,
                       const TwinFamily *family)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinScorer) scorer =
        twin_scorer_new(&data->counter, options->score, options->max_cells, 1);
    TwinFamilySet set = {.child = family->child};
    for (size_t p = 0; p < family->n_parents; p++) {
        set.parents |= UINT64_C(1) << family->parents[p];
    }
    g_assert_true(twin_scorer_prepare(scorer, &set, 1, &error));
    return twin_scorer_get(scorer, set.child, set.parents);
}

static void test_a_copy_is_found(void)
{
    uint8_t coin[200];
    uint8_t other[200];
    for (size_t i = 0; i < 200; i++) {
        coin[i] = i % 2;
        other[i] = i % 4 / 2;
    }
    const TwinColumn columns[] = {{coin, 2}, {other, 2}, {coin, 2}};
    const TwinCounter counter = twin_counter_of_columns(columns, 3, 200);
    const TwinSearchOptions options = plain_options();
    TwinDag dag;
    g_assert_true(twin_hill_climb(&counter, &options, &dag, NULL));
    /* Either direction scores the same: the lower child gets the arrow. */
    g_assert_cmpuint(dag.families[0].n_parents, ==, 1);
    g_assert_true(twin_dag_has_edge(&dag, 2, 0));
    g_assert_cmpuint(dag.families[1].n_parents + dag.families[2].n_parents, ==, 0);
}

/*
 * Parents that tell the same under other names of their states: sums in another order, so scores
 * that differ in the last bits, one way or the other. The lower index gets the arrow.
 */
static void test_rounding_does_not_decide(void)
{
    enum { N_ROWS = 4000, STATES = 200 };
    uint8_t first[N_ROWS];
    uint8_t renamed[N_ROWS];
    uint8_t child[N_ROWS];
    g_autoptr(GRand) random = g_rand_new_with_seed(9);
    for (size_t i = 0; i < N_ROWS; i++) {
        first[i] = (uint8_t)g_rand_int_range(random, 0, STATES);
        renamed[i] = (uint8_t)((77 * first[i] + 3) % STATES);
        child[i] = (uint8_t)((first[i] + g_rand_int_range(random, 0, 40)) / 40);
    }
    const bool is_given[] = {false, true, true};
    TwinSearchOptions options = plain_options();
    options.is_given = is_given;
    for (int swapped = 0; swapped < 2; swapped++) {
        const TwinColumn columns[] = {{child, STATES / 40 + 1},
                                      {swapped ? renamed : first, STATES},
                                      {swapped ? first : renamed, STATES}};
        const TwinCounter counter = twin_counter_of_columns(columns, 3, N_ROWS);
        TwinDag dag;
        g_assert_true(twin_hill_climb(&counter, &options, &dag, NULL));
        g_assert_cmphex(twin_dag_parents(&dag, 0), ==, 2);
    }
}

static void test_any_number_of_threads_learns_the_same(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 3);
    const unsigned n_threads[] = {2, 5};
    TwinSearchOptions options = plain_options();
    TwinDag alone;
    learn(data, &options, &alone);
    for (size_t i = 0; i < G_N_ELEMENTS(n_threads); i++) {
        TwinDag dag;
        options.n_threads = n_threads[i];
        learn(data, &options, &dag);
        assert_same_graph(&dag, &alone);
    }
}

static double score_of_graph(const TwinTestColumns *data, const TwinSearchOptions *options,
                             const TwinDag *dag)
{
    double sum = 0;
    for (size_t v = 0; v < dag->n_variables; v++) {
        sum += score_of(data, options, &dag->families[v]);
    }
    return sum;
}

/* The best graph that one arrow parent → child, added, removed or turned round, makes of @dag. */
static double best_step(const TwinTestColumns *data, const TwinSearchOptions *options,
                        const TwinDag *dag, size_t parent, size_t child)
{
    TwinDag next = *dag;
    if (!twin_dag_has_edge(dag, parent, child)) {
        if (twin_dag_reaches(dag, child, parent)) {
            return -INFINITY;
        }
        twin_dag_add(&next, parent, child);
        return score_of_graph(data, options, &next);
    }
    twin_dag_remove(&next, parent, child);
    const double removed = score_of_graph(data, options, &next);
    if (twin_dag_reaches(&next, parent, child)) {
        return removed;
    }
    twin_dag_add(&next, child, parent);
    return MAX(removed, score_of_graph(data, options, &next));
}

/* Property: no single step makes the graph better; and it has an order, so it has no cycle. */
static void test_no_step_is_left(void)
{
    for (uint32_t seed = 10; seed < 14; seed++) {
        g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, 300, seed);
        const TwinSearchOptions options = plain_options();
        TwinDag dag;
        size_t order[VARIABLES];
        learn(data, &options, &dag);
        twin_dag_order(&dag, order);
        const double score = score_of_graph(data, &options, &dag);
        for (size_t i = 0; i < (size_t)VARIABLES * VARIABLES; i++) {
            const size_t parent = i / VARIABLES;
            const size_t child = i % VARIABLES;
            if (parent != child) {
                const double step = best_step(data, &options, &dag, parent, child);
                g_assert_cmpfloat(step, <=, score + 1e-6);
            }
        }
    }
}

static void test_given_nodes_get_no_parents(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 4);
    const bool is_given[VARIABLES] = {[3] = true, [4] = true, [7] = true};
    TwinSearchOptions options = plain_options();
    options.is_given = is_given;
    TwinDag dag;
    learn(data, &options, &dag);
    size_t n_from_given = 0;
    for (size_t v = 0; v < VARIABLES; v++) {
        g_assert_true(!is_given[v] || dag.families[v].n_parents == 0);
        for (size_t p = 0; p < dag.families[v].n_parents; p++) {
            n_from_given += is_given[dag.families[v].parents[p]];
        }
    }
    g_assert_cmpuint(n_from_given, >, 0);
}

static void test_arrows_do_not_fall_to_a_lower_tier(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 5);
    const uint8_t tiers[VARIABLES] = {2, 2, 1, 1, 1, 0, 0, 2};
    TwinSearchOptions options = plain_options();
    options.tiers = tiers;
    TwinDag dag;
    learn(data, &options, &dag);
    size_t n_edges = 0;
    for (size_t v = 0; v < VARIABLES; v++) {
        for (size_t p = 0; p < dag.families[v].n_parents; p++, n_edges++) {
            g_assert_cmpuint(tiers[dag.families[v].parents[p]], <=, tiers[v]);
        }
    }
    g_assert_cmpuint(n_edges, >, 3);
}

static void test_parents_and_cells_are_bounded(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 6);
    TwinSearchOptions options = plain_options();
    TwinDag dag;
    options.max_parents = 1;
    learn(data, &options, &dag);
    for (size_t v = 0; v < VARIABLES; v++) {
        g_assert_cmpuint(dag.families[v].n_parents, <=, 1);
    }
    options.max_parents = 0;
    options.max_cells = 30;
    learn(data, &options, &dag);
    for (size_t v = 0; v < VARIABLES; v++) {
        g_assert_cmpuint(twin_family_cells(&dag.families[v], n_states, TWIN_MAX_CELLS), <=, 30);
    }
}

static bool stop(const char *what, double fraction, void *data)
{
    g_assert_nonnull(what);
    g_assert_cmpfloat(fraction, <=, 1);
    return --*(int *)data > 0;
}

static void test_progress_can_cancel(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 7);
    int calls_left = 3;
    const TwinProgress progress = {.report = stop, .data = &calls_left};
    TwinSearchOptions options = plain_options();
    options.progress = &progress;
    g_autoptr(GError) error = NULL;
    TwinDag dag;
    g_assert_false(twin_hill_climb(&data->counter, &options, &dag, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED);
    g_assert_cmpint(calls_left, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/search/a-copy-is-found", test_a_copy_is_found);
    g_test_add_func("/search/rounding-does-not-decide", test_rounding_does_not_decide);
    g_test_add_func("/search/any-number-of-threads-learns-the-same",
                    test_any_number_of_threads_learns_the_same);
    g_test_add_func("/search/no-step-is-left", test_no_step_is_left);
    g_test_add_func("/search/given-nodes-get-no-parents", test_given_nodes_get_no_parents);
    g_test_add_func("/search/arrows-do-not-fall-to-a-lower-tier",
                    test_arrows_do_not_fall_to_a_lower_tier);
    g_test_add_func("/search/parents-and-cells-are-bounded", test_parents_and_cells_are_bounded);
    g_test_add_func("/search/progress-can-cancel", test_progress_can_cancel);
    return g_test_run();
}
