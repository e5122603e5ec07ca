/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tally.h"

#include <string.h>

typedef struct {
    uint64_t n_possible;
    size_t n_rows;
} Case;

/* In place; by hashing; by hashing beyond 32 bits; many cells; one. */
static const Case cases[] = {
    {1, 50},
    {7, 50},
    {16384, 3000},
    {16385, 3000},
    {40000, 39999},
    {40000, 50000},
    {UINT32_MAX, 3000},
    {(uint64_t)1 << 33, 3000},
    {100000, 90000},
    {1000000, 90000},
    {(uint64_t)1 << 56, 90000},
};

static uint64_t random_cell(uint64_t n_possible)
{
    const uint64_t bits = (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
    return g_test_rand_int_range(0, 2) == 0 ? bits % n_possible : bits % MIN(n_possible, 100);
}

static void add(TwinTally *tally, uint64_t n_possible, const uint64_t *cells,
                const uint32_t *weights, size_t n_rows)
{
    if (n_possible > UINT32_MAX) {
        twin_tally_add64(tally, cells, weights, n_rows);
        return;
    }
    g_autofree uint32_t *narrow = g_new0(uint32_t, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        narrow[i] = (uint32_t)cells[i];
    }
    twin_tally_add32(tally, narrow, weights, n_rows);
}

static guint hash_cell(gconstpointer cell)
{
    return g_int64_hash(cell);
}

/* The same by GHashTable: each cell once, rising, with its sum. */
static void assert_sums(const TwinCounts *counts, uint64_t *cells, const uint32_t *weights,
                        size_t n_rows)
{
    g_autoptr(GHashTable) sums = g_hash_table_new(hash_cell, g_int64_equal);
    for (size_t i = 0; i < n_rows; i++) {
        const guint sum = GPOINTER_TO_UINT(g_hash_table_lookup(sums, &cells[i]));
        const guint weight = weights != NULL ? weights[i] : 1;
        g_hash_table_insert(sums, &cells[i], GUINT_TO_POINTER(sum + weight));
    }
    g_assert_cmpuint(counts->n_cells, ==, g_hash_table_size(sums));
    for (size_t i = 0; i < counts->n_cells; i++) {
        g_assert_true(i == 0 || counts->cells[i] > counts->cells[i - 1]);
        const guint sum = GPOINTER_TO_UINT(g_hash_table_lookup(sums, &counts->cells[i]));
        g_assert_cmpuint(counts->counts[i], ==, sum);
    }
}

static void check(TwinTally *tally, const Case *test, bool is_weighted)
{
    g_autofree uint64_t *cells = g_new0(uint64_t, test->n_rows);
    g_autofree uint32_t *weights = is_weighted ? g_new0(uint32_t, test->n_rows) : NULL;
    for (size_t i = 0; i < test->n_rows; i++) {
        cells[i] = random_cell(test->n_possible);
        if (is_weighted) {
            weights[i] = (uint32_t)g_test_rand_int_range(1, 1000);
        }
    }
    TwinCounts counts;
    const size_t half = test->n_rows / 3;
    twin_tally_begin(tally, test->n_possible, test->n_rows);
    add(tally, test->n_possible, cells, weights, half);
    add(tally, test->n_possible, cells + half, is_weighted ? weights + half : NULL,
        test->n_rows - half);
    g_assert_true(twin_tally_end(tally, &counts));
    assert_sums(&counts, cells, weights, test->n_rows);
}

/* One tally for all, as a thread has it: nothing stays of the family before. */
static void test_sums_are_right_whatever_came_before(void)
{
    g_autoptr(TwinTally) tally = twin_tally_new();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            const size_t at = (size_t)g_test_rand_int_range(0, (int)G_N_ELEMENTS(cases));
            check(tally, &cases[round == 0 ? i : at], (i + (size_t)round) % 2 == 0);
        }
    }
}

static void test_nothing_added_is_nothing_counted(void)
{
    g_autoptr(TwinTally) tally = twin_tally_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        TwinCounts counts = {.n_cells = 1};
        twin_tally_begin(tally, cases[i].n_possible, 10);
        g_assert_true(twin_tally_end(tally, &counts));
        g_assert_cmpuint(counts.n_cells, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tally/sums-are-right-whatever-came-before",
                    test_sums_are_right_whatever_came_before);
    g_test_add_func("/tally/nothing-added-is-nothing-counted",
                    test_nothing_added_is_nothing_counted);
    return g_test_run();
}
