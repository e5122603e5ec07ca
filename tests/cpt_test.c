/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/cpt.h"
#include "columns.h"

/* Variables: 0 child (3 states), 1 first parent (2), 2 last parent (4). */
static const unsigned small_states[] = {3, 2, 4};
static const TwinFamily small_family = {.child = 0, .n_parents = 2, .parents = {1, 2}};

static TwinCpt *small_cpt(void)
{
    static const uint32_t counts[][3] = {{1, 0, 3}, {0, 2, 0}, {5, 5, 0}};
    const TwinCptRow rows[] = {{0, counts[0]}, {2, counts[1]}, {7, counts[2]}};
    GError *error = NULL;
    TwinCpt *cpt = twin_cpt_new(&small_family, small_states, rows, G_N_ELEMENTS(rows), &error);
    g_assert_no_error(error);
    return cpt;
}

static void test_probabilities_are_counts_over_totals(void)
{
    static const struct {
        uint8_t first, last;
        double p[3];
    } rows[] = {
        {0, 0, {1.0 / 4, 0, 3.0 / 4}},       /* seen */
        {0, 2, {0, 1, 0}},                   /* seen */
        {0, 1, {1.0 / 6, 2.0 / 6, 3.0 / 6}}, /* not seen: all with first parent 0 */
        {0, 3, {1.0 / 6, 2.0 / 6, 3.0 / 6}}, /* likewise */
        {1, 3, {5.0 / 10, 5.0 / 10, 0}},     /* seen */
        {1, 0, {5.0 / 10, 5.0 / 10, 0}},     /* not seen: all with first parent 1 */
    };
    g_autoptr(TwinCpt) cpt = small_cpt();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const uint8_t values[] = {0, rows[i].first, rows[i].last};
        for (unsigned state = 0; state < 3; state++) {
            g_assert_cmpfloat(twin_cpt_probability(cpt, values, state), ==, rows[i].p[state]);
        }
    }
}

static void test_with_no_parent_seen_the_child_is_on_its_own(void)
{
    static const uint32_t counts[] = {3, 0, 1};
    const TwinCptRow rows[] = {{1, counts}};
    g_autoptr(TwinCpt) cpt = twin_cpt_new(&small_family, small_states, rows, 1, NULL);
    const uint8_t values[] = {0, 1, 1};
    g_assert_cmpfloat(twin_cpt_probability(cpt, values, 0), ==, 0.75);
    g_assert_cmpfloat(twin_cpt_probability(cpt, values, 1), ==, 0);
    g_assert_cmpfloat(twin_cpt_probability(cpt, values, 2), ==, 0.25);
}

/* A state gets the uniforms from ceil(below · 2^32 / total) up to the next one's first. */
static void test_draws_change_at_the_running_sums(void)
{
    g_autoptr(TwinCpt) cpt = small_cpt();
    static const struct {
        uint8_t values[3];
        uint32_t uniform;
        unsigned state;
    } rows[] = {
        {{0, 0, 0}, 0, 0},           {{0, 0, 0}, 0x3FFFFFFFU, 0}, {{0, 0, 0}, 0x40000000U, 2},
        {{0, 0, 0}, UINT32_MAX, 2},  {{0, 0, 2}, 0, 1},           {{0, 0, 2}, UINT32_MAX, 1},
        {{0, 1, 3}, 0x7FFFFFFFU, 0}, {{0, 1, 3}, 0x80000000U, 1}, {{0, 0, 1}, 0x2AAAAAAAU, 0},
        {{0, 0, 1}, 0x2AAAAAABU, 1}, {{0, 0, 1}, 0x7FFFFFFFU, 1}, {{0, 0, 1}, 0x80000000U, 2},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const bool is_seen = rows[i].values[1] + rows[i].values[2] != 1; /* {0, 1} is not */
        size_t n_unseen = 0;
        g_assert_cmpuint(twin_cpt_draw(cpt, rows[i].values, rows[i].uniform, &n_unseen), ==,
                         rows[i].state);
        g_assert_cmpuint(n_unseen, ==, is_seen ? 0 : 1);
    }
}

static void test_rows_come_back_as_they_went_in(void)
{
    g_autoptr(TwinCpt) cpt = small_cpt();
    g_assert_cmpuint(twin_cpt_n_states(cpt), ==, 3);
    g_assert_cmpuint(twin_cpt_n_rows(cpt), ==, 3);
    uint32_t counts[3];
    const uint32_t expected[] = {5, 5, 0};
    g_assert_cmpuint(twin_cpt_row(cpt, 2, counts), ==, 7);
    g_assert_cmpmem(counts, sizeof counts, expected, sizeof expected);
    g_assert_cmpuint(twin_cpt_row(cpt, 1, counts), ==, 2);
}

static void test_bad_rows_are_refused(void)
{
    static const uint32_t some[] = {1, 0, 0};
    static const uint32_t none[] = {0, 0, 0};
    static const uint32_t many[] = {UINT32_MAX, 0, 1};
    static const struct {
        TwinCptRow rows[2];
        size_t n_rows;
    } cases[] = {
        {{{0, NULL}}, 0},            /* no row */
        {{{8, some}}, 1},            /* beyond 2 × 4 configurations */
        {{{3, some}, {3, some}}, 2}, /* twice */
        {{{3, some}, {2, some}}, 2}, /* falling */
        {{{3, none}}, 1},            /* never occurred */
        {{{3, many}}, 1},            /* 2^32 rows */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(
            twin_cpt_new(&small_family, small_states, cases[i].rows, cases[i].n_rows, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
}

static void test_no_states_and_too_many_are_refused(void)
{
    static const unsigned n_states[][3] = {{0, 2, 4}, {257, 2, 4}, {3, 0, 4}, {3, 2, 257}};
    static const uint32_t counts[257] = {1};
    const TwinCptRow row = {0, counts};
    for (size_t i = 0; i < G_N_ELEMENTS(n_states); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_cpt_new(&small_family, n_states[i], &row, 1, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
}

static void test_more_configurations_than_a_key_holds_are_refused(void)
{
    static const uint32_t some[] = {1};
    const TwinCptRow row = {0, some};
    unsigned n_states[TWIN_MAX_VARIABLES];
    TwinFamily family = {.child = 0, .n_parents = 20};
    for (size_t v = 0; v < TWIN_MAX_VARIABLES; v++) {
        n_states[v] = v == 0 ? 1 : 256;
        family.parents[v] = v + 1;
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_cpt_new(&family, n_states, &row, 1, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
}

/* Counts rows that agree with @values on the first @n_parents parents, slowly. */
static uint32_t count_agreeing(const TwinTestColumns *data, const TwinFamily *family,
                               size_t n_parents, const uint8_t *values, int state)
{
    uint32_t n = 0;
    for (size_t row = 0; row < data->counter.n_rows; row++) {
        bool agrees = state < 0 || data->columns[family->child].states[row] == state;
        for (size_t p = 0; p < n_parents; p++) {
            const size_t parent = family->parents[p];
            agrees = agrees && data->columns[parent].states[row] == values[parent];
        }
        n += agrees;
    }
    return n;
}

/* Property: tables below and above the direct index's size agree with the rows, seen or not. */
static void test_learned_tables_agree_with_the_rows(void)
{
    static const struct {
        unsigned n_states[5];
        size_t n_rows;
    } cases[] = {
        {{4, 3, 2, 5, 3}, 60},       /* 90 configurations */
        {{7, 40, 35, 40, 30}, 300},  /* 1,680,000: by hash */
        {{3, 1, 256, 256, 20}, 300}, /* 1,310,720: by hash */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const TwinFamily family = {.child = 0, .n_parents = 4, .parents = {3, 1, 4, 2}};
        g_autoptr(TwinTestColumns) data =
            twin_test_columns(cases[i].n_states, 5, cases[i].n_rows, 8);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinCpt) cpt = twin_cpt_learn(&data->counter, &family, &error);
        g_assert_no_error(error);
        for (int probe = 0; probe < 300; probe++) {
            uint8_t values[5];
            const int row = g_test_rand_int_range(0, (int)cases[i].n_rows);
            for (size_t v = 0; v < 5; v++) {
                const bool is_seen = g_test_rand_int_range(0, 4) > 0;
                values[v] = is_seen ? data->columns[v].states[row]
                                    : (uint8_t)g_test_rand_int_range(0, (int)cases[i].n_states[v]);
            }
            size_t n_parents = 4;
            while (count_agreeing(data, &family, n_parents, values, -1) == 0) {
                n_parents--;
            }
            const double total = count_agreeing(data, &family, n_parents, values, -1);
            for (int state = 0; state < (int)cases[i].n_states[0]; state++) {
                const double count = count_agreeing(data, &family, n_parents, values, state);
                g_assert_cmpfloat(twin_cpt_probability(cpt, values, (unsigned)state), ==,
                                  count / total);
            }
            const unsigned drawn = twin_cpt_draw(cpt, values, g_test_rand_int(), NULL);
            g_assert_cmpfloat(twin_cpt_probability(cpt, values, drawn), >, 0);
        }
    }
}

static void test_learning_has_bounds(void)
{
    unsigned n_states[9];
    for (size_t v = 0; v < G_N_ELEMENTS(n_states); v++) {
        n_states[v] = 256;
    }
    g_autoptr(TwinTestColumns) data = twin_test_columns(n_states, G_N_ELEMENTS(n_states), 10, 9);
    const TwinCounter empty = twin_counter_of_columns(data->columns, 9, 0);
    TwinFamily family = {.child = 8, .n_parents = 7, .parents = {0, 1, 2, 3, 4, 5, 6, 7}};
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_cpt_learn(&empty, &family, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
    g_clear_error(&error);
    g_assert_null(twin_cpt_learn(&data->counter, &family, &error)); /* 2^64 cells */
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE);
    g_clear_error(&error);
    family.n_parents = 6; /* 2^56 cells */
    g_autoptr(TwinCpt) cpt = twin_cpt_learn(&data->counter, &family, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_cpt_n_rows(cpt), ==, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpt/probabilities-are-counts-over-totals",
                    test_probabilities_are_counts_over_totals);
    g_test_add_func("/cpt/with-no-parent-seen-the-child-is-on-its-own",
                    test_with_no_parent_seen_the_child_is_on_its_own);
    g_test_add_func("/cpt/draws-change-at-the-running-sums", test_draws_change_at_the_running_sums);
    g_test_add_func("/cpt/rows-come-back-as-they-went-in", test_rows_come_back_as_they_went_in);
    g_test_add_func("/cpt/bad-rows-are-refused", test_bad_rows_are_refused);
    g_test_add_func("/cpt/no-states-and-too-many-are-refused",
                    test_no_states_and_too_many_are_refused);
    g_test_add_func("/cpt/more-configurations-than-a-key-holds-are-refused",
                    test_more_configurations_than_a_key_holds_are_refused);
    g_test_add_func("/cpt/learned-tables-agree-with-the-rows",
                    test_learned_tables_agree_with_the_rows);
    g_test_add_func("/cpt/learning-has-bounds", test_learning_has_bounds);
    return g_test_run();
}
