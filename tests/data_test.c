/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/data.h"
#include "columns.h"

#include <stdlib.h>

static TwinCounts count(const TwinCounter *counter, const TwinFamily *family, TwinTally *tally)
{
    TwinCounts counts;
    g_assert_true(twin_counter_count(counter, family, tally, &counts));
    return counts;
}

static void test_six_rows_are_counted(void)
{
    const uint8_t parent[] = {0, 1, 2, 2, 1, 2};
    const uint8_t child[] = {0, 1, 1, 1, 0, 0};
    const TwinColumn columns[] = {{child, 2}, {parent, 3}};
    const TwinCounter counter = twin_counter_of_columns(columns, 2, 6);
    const TwinFamily family = {.child = 0, .n_parents = 1, .parents = {1}};
    g_autoptr(TwinTally) tally = twin_tally_new();
    const TwinCounts counts = count(&counter, &family, tally);
    static const uint64_t cells[] = {0, 2, 3, 4, 5};
    static const uint32_t expected[] = {1, 1, 1, 1, 2};
    g_assert_cmpuint(counts.n_cells, ==, 5);
    g_assert_cmpmem(counts.cells, sizeof cells, cells, sizeof cells);
    g_assert_cmpmem(counts.counts, sizeof expected, expected, sizeof expected);
}

/* The cell of a row, as the interface says it, word for word. */
static uint64_t cell_of(const TwinCounter *counter, const TwinColumn *columns,
                        const TwinFamily *family, size_t row)
{
    uint64_t configuration = 0;
    for (size_t p = 0; p < family->n_parents; p++) {
        uint64_t product = 1;
        for (size_t after = p + 1; after < family->n_parents; after++) {
            product *= counter->n_states[family->parents[after]];
        }
        configuration += columns[family->parents[p]].states[row] * product;
    }
    return configuration * counter->n_states[family->child] + columns[family->child].states[row];
}

static int compare_cells(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Sorts the cells of all rows and compares runs. */
static void assert_counts(const TwinCounts *counts, const TwinCounter *counter,
                          const TwinColumn *columns, const TwinFamily *family)
{
    g_autofree uint64_t *cells = g_new(uint64_t, counter->n_rows);
    for (size_t row = 0; row < counter->n_rows; row++) {
        cells[row] = cell_of(counter, columns, family, row);
    }
    qsort(cells, counter->n_rows, sizeof *cells, compare_cells);
    size_t row = 0;
    for (size_t i = 0; i < counts->n_cells; i++) {
        g_assert_cmpuint(counts->cells[i], ==, cells[row]);
        for (uint32_t n = 0; n < counts->counts[i]; n++, row++) {
            g_assert_cmpuint(cells[row], ==, counts->cells[i]);
        }
    }
    g_assert_cmpuint(row, ==, counter->n_rows);
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

/* Property: any family (in place, by hashing in 32 and in 64 bits), any number of rows. */
static void test_counts_are_those_of_the_definition(void)
{
    const unsigned n_states[] = {10, 2, 7, 256, 1, 3, 20, 256, 255};
    const size_t n_rows[] = {1, 3, 7, 100, 1023, 1024, 1025, 20000};
    g_autoptr(TwinTally) tally = twin_tally_new();
    for (size_t n = 0; n < G_N_ELEMENTS(n_rows); n++) {
        g_autoptr(TwinTestColumns) data =
            twin_test_columns(n_states, G_N_ELEMENTS(n_states), n_rows[n], 1);
        for (size_t n_parents = 0; n_parents < G_N_ELEMENTS(n_states); n_parents++) {
            const TwinFamily family = random_family(G_N_ELEMENTS(n_states), n_parents);
            const TwinCounts counts = count(&data->counter, &family, tally);
            assert_counts(&counts, &data->counter, data->columns, &family);
        }
    }
}

/* Two counters, one tally: what threads and machines will do. */
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
    g_autoptr(TwinTally) tally = twin_tally_new();
    TwinCounts counts;
    twin_tally_begin(tally, 4200, ROWS);
    first.count(&first, &family, tally);
    second.count(&second, &family, tally);
    g_assert_true(twin_tally_end(tally, &counts));
    assert_counts(&counts, &data->counter, data->columns, &family);
}

static void test_cells_stop_at_the_bound(void)
{
    unsigned n_states[TWIN_MAX_VARIABLES];
    TwinFamily family = {.child = 0, .n_parents = TWIN_MAX_VARIABLES - 1};
    for (size_t v = 0; v < TWIN_MAX_VARIABLES; v++) {
        n_states[v] = 256;
        family.parents[v] = v + 1;
    }
    g_assert_cmpuint(twin_family_cells(&family, n_states, TWIN_MAX_CELLS), ==, 0);
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
