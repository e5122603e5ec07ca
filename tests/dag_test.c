/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/dag.h"

#include <glib.h>

static void test_paths_follow_the_arrows(void)
{
    TwinDag dag;
    twin_dag_init(&dag, 4);
    twin_dag_add(&dag, 0, 1);
    twin_dag_add(&dag, 1, 2);
    g_assert_true(twin_dag_has_edge(&dag, 0, 1));
    g_assert_false(twin_dag_has_edge(&dag, 1, 0));
    g_assert_true(twin_dag_reaches(&dag, 0, 2));
    g_assert_false(twin_dag_reaches(&dag, 2, 0));
    g_assert_true(twin_dag_reaches(&dag, 3, 3));
    g_assert_false(twin_dag_reaches(&dag, 3, 2));
    g_assert_cmphex(twin_dag_ancestors(&dag, 2), ==, 7);
    twin_dag_remove(&dag, 0, 1);
    g_assert_false(twin_dag_reaches(&dag, 0, 2));
}

static void test_parents_keep_their_order(void)
{
    TwinDag dag;
    twin_dag_init(&dag, 5);
    const size_t added[] = {3, 0, 4, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(added); i++) {
        twin_dag_add(&dag, added[i], 2);
    }
    twin_dag_remove(&dag, 0, 2);
    const size_t expected[] = {3, 4, 1};
    g_assert_cmpuint(dag.families[2].child, ==, 2);
    g_assert_cmpuint(dag.families[2].n_parents, ==, 3);
    g_assert_cmpmem(dag.families[2].parents, sizeof expected, expected, sizeof expected);
    g_assert_cmphex(twin_dag_parents(&dag, 2), ==, 0x1A);
}

static void test_order_puts_parents_first_then_lower_indices(void)
{
    TwinDag dag;
    twin_dag_init(&dag, 5);
    twin_dag_add(&dag, 4, 0);
    twin_dag_add(&dag, 0, 2);
    size_t order[5];
    twin_dag_order(&dag, order);
    const size_t expected[] = {1, 3, 4, 0, 2};
    g_assert_cmpmem(order, sizeof order, expected, sizeof expected);
}

/* Property: adding only what closes no cycle, every arrow leads forward in the order. */
static void test_random_graphs_have_an_order(void)
{
    for (int round = 0; round < 200; round++) {
        TwinDag dag;
        const size_t n = (size_t)g_test_rand_int_range(1, TWIN_MAX_VARIABLES + 1);
        twin_dag_init(&dag, n);
        for (size_t i = 0; i < 3 * n; i++) {
            const size_t parent = (size_t)g_test_rand_int_range(0, (int)n);
            const size_t child = (size_t)g_test_rand_int_range(0, (int)n);
            if (!twin_dag_reaches(&dag, child, parent) && !twin_dag_has_edge(&dag, parent, child)) {
                twin_dag_add(&dag, parent, child);
            }
        }
        size_t order[TWIN_MAX_VARIABLES];
        size_t place[TWIN_MAX_VARIABLES] = {0};
        twin_dag_order(&dag, order);
        for (size_t i = 0; i < n; i++) {
            place[order[i]] = i;
        }
        for (size_t v = 0; v < n; v++) {
            for (size_t p = 0; p < dag.families[v].n_parents; p++) {
                g_assert_cmpuint(place[dag.families[v].parents[p]], <, place[v]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dag/paths-follow-the-arrows", test_paths_follow_the_arrows);
    g_test_add_func("/dag/parents-keep-their-order", test_parents_keep_their_order);
    g_test_add_func("/dag/order-puts-parents-first-then-lower-indices",
                    test_order_puts_parents_first_then_lower_indices);
    g_test_add_func("/dag/random-graphs-have-an-order", test_random_graphs_have_an_order);
    return g_test_run();
}
