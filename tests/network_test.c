/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/network.h"
#include "columns.h"

#include <math.h>

enum { VARIABLES = 5, ROWS = 2000 };
static const unsigned n_states[VARIABLES] = {4, 3, 2, 5, 3};
static const bool is_given[VARIABLES] = {[3] = true, [4] = true};

/* 3 → 1, 4 → 1, 1 → 0, 0 → 2, 3 → 2 */
static TwinDag a_graph(void)
{
    static const size_t arrows[][2] = {{3, 1}, {4, 1}, {1, 0}, {0, 2}, {3, 2}};
    TwinDag dag;
    twin_dag_init(&dag, VARIABLES);
    for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++) {
        twin_dag_add(&dag, arrows[i][0], arrows[i][1]);
    }
    return dag;
}

static TwinNetwork *learn(const TwinTestColumns *data, unsigned n_threads)
{
    const TwinDag dag = a_graph();
    GError *error = NULL;
    TwinNetwork *network = twin_network_learn(&data->counter, &dag, is_given, n_threads, &error);
    g_assert_no_error(error);
    return network;
}

static void test_a_row_is_as_likely_as_its_families(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 1);
    g_autoptr(TwinNetwork) network = learn(data, 1);
    g_assert_cmpuint(twin_network_n_variables(network), ==, VARIABLES);
    g_assert_cmpuint(twin_network_n_states(network, 3), ==, 5);
    g_assert_null(twin_network_cpt(network, 3));
    g_assert_true(twin_dag_has_edge(twin_network_dag(network), 0, 2));
    for (size_t row = 0; row < 100; row++) {
        uint8_t values[VARIABLES];
        double expected = 1;
        for (size_t v = 0; v < VARIABLES; v++) {
            values[v] = data->columns[v].states[row];
        }
        for (size_t v = 0; v < 3; v++) {
            expected *= twin_cpt_probability(twin_network_cpt(network, v), values, values[v]);
        }
        g_assert_cmpfloat_with_epsilon(exp(twin_network_log_likelihood(network, values)), expected,
                                       1e-12);
    }
}

/* Drawn often enough, a row's frequency is its probability. */
static void test_draws_follow_the_tables(void)
{
    enum { DRAWS = 200000, CELLS = 4 * 3 * 2 };
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 2);
    g_autoptr(TwinNetwork) network = learn(data, 1);
    uint8_t values[VARIABLES] = {[3] = 2, [4] = 1};
    unsigned drawn[CELLS] = {0};
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        (void)twin_network_draw(network, values, &random);
        drawn[(values[0] * 3 + values[1]) * 2 + values[2]]++;
    }
    g_assert_cmpuint(values[3], ==, 2);
    g_assert_cmpuint(values[4], ==, 1);
    for (size_t cell = 0; cell < CELLS; cell++) {
        values[0] = (uint8_t)(cell / 6);
        values[1] = (uint8_t)(cell / 2 % 3);
        values[2] = (uint8_t)(cell % 2);
        const double p = exp(twin_network_log_likelihood(network, values));
        g_assert_cmpfloat_with_epsilon((double)drawn[cell] / DRAWS, p,
                                       5 * sqrt(p * (1 - p) / DRAWS) + 1e-12);
    }
}

static void assert_same_table(const TwinCpt *a, const TwinCpt *b)
{
    g_assert_cmpuint(twin_cpt_n_rows(a), ==, twin_cpt_n_rows(b));
    for (size_t row = 0; row < twin_cpt_n_rows(a); row++) {
        uint32_t of_a[256];
        uint32_t of_b[256];
        g_assert_cmpuint(twin_cpt_row(a, row, of_a), ==, twin_cpt_row(b, row, of_b));
        for (unsigned state = 0; state < twin_cpt_n_states(a); state++) {
            g_assert_cmpuint(of_a[state], ==, of_b[state]);
        }
    }
}

static void test_any_number_of_threads_learns_the_same(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, ROWS, 3);
    g_autoptr(TwinNetwork) alone = learn(data, 1);
    const unsigned n_threads[] = {2, 5};
    for (size_t i = 0; i < G_N_ELEMENTS(n_threads); i++) {
        g_autoptr(TwinNetwork) network = learn(data, n_threads[i]);
        for (size_t v = 0; v < 3; v++) {
            assert_same_table(twin_network_cpt(network, v), twin_network_cpt(alone, v));
        }
    }
}

static TwinCpt *a_table(size_t child, size_t n_parents, size_t parent)
{
    static const unsigned two_each[TWIN_MAX_VARIABLES] = {2, 2, 2, 2, 2, 2, 2, 2};
    static const uint32_t counts[] = {1, 3};
    const TwinFamily family = {.child = child, .n_parents = n_parents, .parents = {parent}};
    const TwinCptRow row = {0, counts};
    TwinCpt *cpt = twin_cpt_new(&family, two_each, &row, 1, NULL);
    g_assert_nonnull(cpt);
    return cpt;
}

static void test_a_network_is_put_together_from_tables(void)
{
    const unsigned two_each[] = {2, 2, 2};
    TwinCpt *cpts[] = {a_table(0, 1, 2), NULL, a_table(2, 1, 1)};
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinNetwork) network = twin_network_new(3, two_each, cpts, &error);
    g_assert_no_error(error);
    g_assert_true(twin_dag_has_edge(twin_network_dag(network), 1, 2));
    g_assert_true(twin_dag_reaches(twin_network_dag(network), 1, 0));
    const uint8_t values[] = {1, 0, 0};
    g_assert_cmpfloat_with_epsilon(twin_network_log_likelihood(network, values),
                                   log(3.0 / 4) + log(1.0 / 4), 1e-12);
}

static void test_tables_that_do_not_fit_are_refused(void)
{
    static const struct {
        size_t child, parent; /* of the table of variable 0; variable 1's parent is 0 */
    } rows[] = {
        {1, 2}, /* another variable's */
        {0, 1}, /* a cycle */
        {0, 0}, /* its own parent */
        {0, 3}, /* beyond the network */
    };
    const unsigned two_each[] = {2, 2, 2};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TwinCpt *cpts[] = {a_table(rows[i].child, 1, rows[i].parent), a_table(1, 1, 0), NULL};
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_network_new(3, two_each, cpts, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
}

static void test_an_error_of_a_table_is_handed_on(void)
{
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, VARIABLES, 1, 4);
    const TwinCounter empty = twin_counter_of_columns(data->columns, VARIABLES, 0);
    const TwinDag dag = a_graph();
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_network_learn(&empty, &dag, is_given, 2, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/network/a-row-is-as-likely-as-its-families",
                    test_a_row_is_as_likely_as_its_families);
    g_test_add_func("/network/draws-follow-the-tables", test_draws_follow_the_tables);
    g_test_add_func("/network/any-number-of-threads-learns-the-same",
                    test_any_number_of_threads_learns_the_same);
    g_test_add_func("/network/a-network-is-put-together-from-tables",
                    test_a_network_is_put_together_from_tables);
    g_test_add_func("/network/tables-that-do-not-fit-are-refused",
                    test_tables_that_do_not_fit_are_refused);
    g_test_add_func("/network/an-error-of-a-table-is-handed-on",
                    test_an_error_of_a_table_is_handed_on);
    return g_test_run();
}
