/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/data.h"
#include "columns.h"

#include <string.h>

static void test_six_rows_are_counted(void)
{
    const uint8_t parent[] = {0, 1, 2, 2, 1, 2};
    const uint8_t child[] = {0, 1, 1, 1, 0, 0};
    const TwinColumn columns[] = {{child, 2}, {parent, 3}};
    const TwinCounter counter = twin_counter_of_columns(columns, 2, 6);
    const TwinFamily family = {.child = 0, .n_parents = 1, .parents = {1}};
    uint32_t counts[6] = {0};
    counter.count(&counter, &family, counts);
    const uint32_t expected[6] = {1, 0, 1, 1, 1, 2};
    g_assert_cmpmem(counts, sizeof counts, expected, sizeof expected);
}

/* What the interface says, word for word. */
static void count_slowly(const TwinCounter *counter, const TwinColumn *columns,
                         const TwinFamily *family, uint32_t *counts)
{
    for (size_t row = 0; row < counter->n_rows; row++) {
        size_t configuration = 0;
        for (size_t p = 0; p < family->n_parents; p++) {
            size_t product = 1;
            for (size_t after = p + 1; after < family->n_parents; after++) {
                product *= counter->n_states[family->parents[after]];
            }
            configuration += columns[family->parents[p]].states[row] * product;
        }
        counts[configuration * counter->n_states[family->child] +
               columns[family->child].states[row]]++;
    }
}

static TwinFamily random_family(size_t n_variables, size_t n_parents)
{
    TwinFamily family = {.child = (size_t)g_test_rand_int_range(0, (int)n_variables)};
    uint64_t used = UINT64_C(1) << family.child;
    while (family.n_parents < n_parents) {
        const size_t parent = (size_t)g_test_rand_int_range(0, (int)n_variables);
        if ((used >> parent & 1) == 0) {
            used |= UINT64_C(1) << parent;
            family.parents[family.n_parents++] = parent;
        }
    }
    return family;
}

/* Property: any family, any number of rows, counted onto what is there already. */
static void test_counts_are_those_of_the_definition(void)
{
    const unsigned n_states[] = {10, 2, 7, 256, 1, 3, 20};
    const size_t n_rows[] = {1, 3, 7, 100, 2047, 2048, 2049, 20000};
    for (size_t n = 0; n < G_N_ELEMENTS(n_rows); n++) {
        g_autoptr(TwinTestColumns) data =
            twin_test_columns(n_states, G_N_ELEMENTS(n_states), n_rows[n], 1);
        for (size_t n_parents = 0; n_parents < G_N_ELEMENTS(n_states); n_parents++) {
            const TwinFamily family = random_family(G_N_ELEMENTS(n_states), n_parents);
            const size_t n_cells = twin_family_cells(&family, n_states, (size_t)1 << 30);
            g_autofree uint32_t *got = g_new(uint32_t, n_cells);
            g_autofree uint32_t *expected = g_new(uint32_t, n_cells);
            for (size_t c = 0; c < n_cells; c++) {
                got[c] = expected[c] = (uint32_t)c;
            }
            data->counter.count(&data->counter, &family, got);
            count_slowly(&data->counter, data->columns, &family, expected);
            g_assert_cmpint(memcmp(got, expected, n_cells * sizeof *got), ==, 0);
        }
    }
}

static void test_counts_of_two_halves_add_up(void)
{
    enum { ROWS = 5001, HALF = 1777 };
    const unsigned n_states[] = {10, 2, 7, 30};
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, 4, ROWS, 2);
    TwinColumn rest[4];
    for (size_t v = 0; v < 4; v++) {
        rest[v] = (TwinColumn){data->columns[v].states + HALF, n_states[v]};
    }
    const TwinCounter first = twin_counter_of_columns(data->columns, 4, HALF);
    const TwinCounter second = twin_counter_of_columns(rest, 4, ROWS - HALF);
    const TwinFamily family = {.child = 3, .n_parents = 3, .parents = {1, 0, 2}};
    g_autofree uint32_t *whole = g_new0(uint32_t, 4200);
    g_autofree uint32_t *added = g_new0(uint32_t, 4200);
    data->counter.count(&data->counter, &family, whole);
    first.count(&first, &family, added);
    second.count(&second, &family, added);
    g_assert_cmpint(memcmp(added, whole, 4200 * sizeof *added), ==, 0);
}

static void test_cells_stop_at_the_bound(void)
{
    unsigned n_states[TWIN_MAX_VARIABLES];
    TwinFamily family = {.child = 0, .n_parents = TWIN_MAX_VARIABLES - 1};
    for (size_t v = 0; v < TWIN_MAX_VARIABLES; v++) {
        n_states[v] = 256;
        family.parents[v] = v + 1;
    }
    g_assert_cmpuint(twin_family_cells(&family, n_states, SIZE_MAX), ==, 0);
    family.n_parents = 2;
    g_assert_cmpuint(twin_family_cells(&family, n_states, 1U << 24), ==, 1U << 24);
    g_assert_cmpuint(twin_family_cells(&family, n_states, (1U << 24) - 1), ==, 0);
    family.n_parents = 0;
    g_assert_cmpuint(twin_family_cells(&family, n_states, 255), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/data/six-rows-are-counted", test_six_rows_are_counted);
    g_test_add_func("/data/counts-are-those-of-the-definition",
                    test_counts_are_those_of_the_definition);
    g_test_add_func("/data/counts-of-two-halves-add-up", test_counts_of_two_halves_add_up);
    g_test_add_func("/data/cells-stop-at-the-bound", test_cells_stop_at_the_bound);
    return g_test_run();
}
