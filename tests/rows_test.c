/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/rows.h"
#include "columns.h"

enum { VARIABLES = 9 };

static TwinRows *rows_of(const TwinTestColumns *data, const unsigned *n_states, size_t n_rows)
{
    const uint8_t *states[VARIABLES];
    GError *error = NULL;
    TwinRows *rows = twin_rows_new(n_states, VARIABLES);
    for (size_t start = 0, n = 1; start < n_rows; start += n, n *= 5) { /* in ever larger parts */
        n = MIN(n, n_rows - start);
        for (size_t v = 0; v < VARIABLES; v++) {
            states[v] = data->columns[v].states + start;
        }
        g_assert_true(twin_rows_add(rows, states, n, &error));
        g_assert_no_error(error);
    }
    return rows;
}

/* Property: a counter of distinct rows counts what a counter of all rows counts. */
static void test_distinct_rows_count_as_all_rows_do(void)
{
    static const unsigned n_states[][VARIABLES] = {
        {2, 3, 2, 1, 2, 3, 2, 2, 2},                 /* many repeat; one word a key */
        {10, 2, 7, 5, 3, 4, 6, 2, 30},               /* few do */
        {256, 256, 256, 256, 256, 256, 255, 2, 1},   /* exactly 57 bits */
        {256, 256, 256, 256, 256, 256, 256, 256, 2}, /* two words */
    };
    static const size_t n_rows[] = {1, 1000, 1024, 1025, 20000};
    for (size_t i = 0; i < G_N_ELEMENTS(n_states) * G_N_ELEMENTS(n_rows); i++) {
        const unsigned *n = n_states[i % G_N_ELEMENTS(n_states)];
        const size_t n_here = n_rows[i / G_N_ELEMENTS(n_states)];
        g_autoptr(TwinTestColumns) data = twin_test_columns(n, VARIABLES, n_here, 1);
        g_autoptr(TwinRows) rows = rows_of(data, n, n_here);
        const TwinCounter counter = twin_rows_counter(rows);
        g_assert_cmpuint(counter.n_rows, ==, n_here);
        g_assert_cmpuint(twin_rows_n_distinct(rows), <=, n_here);
        g_autoptr(TwinTally) of_distinct = twin_tally_new();
        g_autoptr(TwinTally) of_all = twin_tally_new();
        TwinFamily family = {.child = 4};
        static const size_t parents[] = {8, 0, 7, 3, 1};
        for (size_t p = 0; p < G_N_ELEMENTS(parents); p++) {
            family.parents[family.n_parents++] = parents[p];
            TwinCounts got;
            TwinCounts expected;
            g_assert_true(twin_counter_count(&counter, &family, of_distinct, &got));
            g_assert_true(twin_counter_count(&data->counter, &family, of_all, &expected));
            g_assert_cmpuint(got.n_cells, ==, expected.n_cells);
            for (size_t cell = 0; cell < got.n_cells; cell++) {
                g_assert_cmpuint(got.cells[cell], ==, expected.cells[cell]);
                g_assert_cmpuint(got.counts[cell], ==, expected.counts[cell]);
            }
        }
    }
}

static void test_equal_rows_are_kept_once(void)
{
    const uint8_t first[] = {1, 0, 1, 1, 0};
    const uint8_t second[] = {2, 2, 2, 0, 2};
    const uint8_t *states[] = {first, second};
    const unsigned n_states[] = {2, 3};
    g_autoptr(TwinRows) rows = twin_rows_new(n_states, 2);
    g_assert_true(twin_rows_add(rows, states, 5, NULL));
    g_assert_true(twin_rows_add(rows, states, 5, NULL));
    g_assert_cmpuint(twin_rows_n_distinct(rows), ==, 3);
    g_assert_cmpuint(twin_rows_counter(rows).n_rows, ==, 10);
}

/* 65 bits and more make keys of two words; here the first is the same for all. */
static void test_rows_that_differ_in_a_late_column_are_distinct(void)
{
    uint8_t same[256] = {0};
    uint8_t late[256];
    unsigned n_states[VARIABLES];
    const uint8_t *states[VARIABLES];
    for (size_t v = 0; v < VARIABLES; v++) {
        n_states[v] = 256;
        states[v] = v + 1 < VARIABLES ? same : late;
    }
    for (size_t i = 0; i < 256; i++) {
        late[i] = (uint8_t)i;
    }
    g_autoptr(TwinRows) rows = twin_rows_new(n_states, VARIABLES);
    g_assert_true(twin_rows_add(rows, states, 256, NULL));
    g_assert_cmpuint(twin_rows_n_distinct(rows), ==, 256);
}

static void test_rows_beyond_32_bits_are_refused(void)
{
    const uint8_t state = 0;
    const uint8_t *states[] = {&state};
    const unsigned n_states[] = {1};
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinRows) rows = twin_rows_new(n_states, 1);
    g_assert_true(twin_rows_add(rows, states, 1, &error));
    g_assert_false(twin_rows_add(rows, states, UINT32_MAX, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rows/distinct-rows-count-as-all-rows-do",
                    test_distinct_rows_count_as_all_rows_do);
    g_test_add_func("/rows/equal-rows-are-kept-once", test_equal_rows_are_kept_once);
    g_test_add_func("/rows/rows-that-differ-in-a-late-column-are-distinct",
                    test_rows_that_differ_in_a_late_column_are_distinct);
    g_test_add_func("/rows/rows-beyond-32-bits-are-refused", test_rows_beyond_32_bits_are_refused);
    return g_test_run();
}
