/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/categories.h"

#include <string.h>

/* 16 four times, 24 twice, 2 and 18 twice, 70000 and 4 once. */
static const uint32_t flags[] = {16, 2, 18, 16, 24, 24, 16, 70000, 4, 16, 2, 18};

static TwinCategories *learn(const uint32_t *codes, size_t n_codes, unsigned max_states)
{
    GError *error = NULL;
    TwinCategories *self = twin_categories_new(codes, n_codes, max_states, &error);
    g_assert_no_error(error);
    return self;
}

static void assert_codes(const TwinCategories *self, unsigned state, const uint32_t *codes,
                         size_t n_codes)
{
    const TwinCategoryCodes got = twin_categories_codes(self, state);
    g_assert_cmpuint(got.n_codes, ==, n_codes);
    g_assert_cmpint(memcmp(got.codes, codes, n_codes * sizeof *codes), ==, 0);
}

static void test_states_go_by_frequency_then_code(void)
{
    static const uint32_t by_state[] = {16, 2, 18, 24, 4, 70000};
    g_autoptr(TwinCategories) self = learn(flags, G_N_ELEMENTS(flags), 6);
    g_assert_cmpuint(twin_categories_n_states(self), ==, 6);
    g_assert_false(twin_categories_has_rare(self));
    uint8_t states[6];
    twin_categories_map(self, by_state, 6, states);
    for (uint8_t state = 0; state < 6; state++) {
        g_assert_cmpuint(states[state], ==, state);
        g_assert_cmpuint(twin_categories_draw(self, state, UINT32_MAX), ==, by_state[state]);
        assert_codes(self, state, &by_state[state], 1);
    }
}

static void test_rare_codes_share_the_last_state(void)
{
    static const uint32_t rare[] = {4, 24, 24, 70000};
    g_autoptr(TwinCategories) self = learn(flags, G_N_ELEMENTS(flags), 4);
    g_assert_cmpuint(twin_categories_n_states(self), ==, 4);
    g_assert_true(twin_categories_has_rare(self));
    assert_codes(self, 3, rare, G_N_ELEMENTS(rare));
    static const uint32_t probes[] = {16, 2, 18, 24, 4, 70000, 5, UINT32_MAX};
    static const uint8_t expected[] = {0, 1, 2, 3, 3, 3, 3, 3};
    uint8_t states[G_N_ELEMENTS(probes)];
    twin_categories_map(self, probes, G_N_ELEMENTS(probes), states);
    g_assert_cmpmem(states, sizeof states, expected, sizeof expected);
    g_assert_cmpuint(twin_categories_draw(self, 3, 0), ==, 4);
    g_assert_cmpuint(twin_categories_draw(self, 3, 0x3FFFFFFFU), ==, 4);
    g_assert_cmpuint(twin_categories_draw(self, 3, 0x40000000U), ==, 24);
    g_assert_cmpuint(twin_categories_draw(self, 3, 0xBFFFFFFFU), ==, 24);
    g_assert_cmpuint(twin_categories_draw(self, 3, 0xC0000000U), ==, 70000);
}

static void test_with_one_state_all_are_rare(void)
{
    g_autoptr(TwinCategories) self = learn(flags, G_N_ELEMENTS(flags), 1);
    g_assert_cmpuint(twin_categories_n_states(self), ==, 1);
    g_assert_true(twin_categories_has_rare(self));
    g_assert_cmpuint(twin_categories_codes(self, 0).n_codes, ==, G_N_ELEMENTS(flags));
}

static void test_unseen_codes_count_as_the_most_frequent_where_none_is_rare(void)
{
    static const uint32_t probes[] = {3, 4095, 4096, UINT32_MAX};
    g_autoptr(TwinCategories) self = learn(flags, G_N_ELEMENTS(flags), 256);
    uint8_t states[G_N_ELEMENTS(probes)];
    twin_categories_map(self, probes, G_N_ELEMENTS(probes), states);
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
        g_assert_cmpuint(states[i], ==, 0);
    }
}

/* 3,000 rare codes, each once: 1,024 are kept, in order, spread evenly. */
static void test_rare_codes_are_bounded(void)
{
    g_autofree uint32_t *codes = g_new(uint32_t, 4000);
    for (uint32_t i = 0; i < 4000; i++) {
        codes[i] = i < 1000 ? 5 : 10 * i;
    }
    g_autoptr(TwinCategories) self = learn(codes, 4000, 2);
    const TwinCategoryCodes rare = twin_categories_codes(self, 1);
    g_assert_cmpuint(rare.n_codes, ==, 1024);
    for (size_t i = 0; i < 1024; i++) {
        g_assert_cmpuint(rare.codes[i], ==, 10 * (1000 + (2 * i + 1) * 3000 / 2048));
    }
}

static void test_restored_ones_are_the_same(void)
{
    for (unsigned max_states = 1; max_states <= 7; max_states++) {
        g_autoptr(TwinCategories) first = learn(flags, G_N_ELEMENTS(flags), max_states);
        TwinCategoryCodes states[7];
        const unsigned n_states = twin_categories_n_states(first);
        for (unsigned state = 0; state < n_states; state++) {
            states[state] = twin_categories_codes(first, state);
        }
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinCategories) second = twin_categories_restore(states, n_states, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(twin_categories_n_states(second), ==, n_states);
        uint8_t of_first[G_N_ELEMENTS(flags)];
        uint8_t of_second[G_N_ELEMENTS(flags)];
        twin_categories_map(first, flags, G_N_ELEMENTS(flags), of_first);
        twin_categories_map(second, flags, G_N_ELEMENTS(flags), of_second);
        g_assert_cmpmem(of_second, sizeof of_second, of_first, sizeof of_first);
        for (unsigned state = 0; state < n_states; state++) {
            assert_codes(second, state, states[state].codes, states[state].n_codes);
        }
    }
}

static void test_bad_states_are_refused(void)
{
    static const uint32_t codes[2000] = {1, 2, 3, 1};
    static const struct {
        TwinCategoryCodes states[3];
        size_t n_states;
    } rows[] = {
        {{{codes, 1}}, 0},                                 /* none */
        {{{codes, 1}}, 257},                               /* too many */
        {{{codes, 1}, {codes + 1, 2}, {codes + 4, 1}}, 3}, /* several, not in the last */
        {{{codes, 1}, {codes + 1, 1}, {codes + 4, 0}}, 3}, /* no code */
        {{{codes, 1}, {codes + 1, 1}, {codes + 3, 1}}, 3}, /* twice */
        {{{codes, 1}, {codes + 1, 3}}, 2},                 /* twice, once among the rare */
        {{{codes, 1}, {codes + 4, TWIN_MAX_KEPT + 1}}, 2}, /* too many */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_categories_restore(rows[i].states, rows[i].n_states, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
}

static void test_bad_arguments_are_refused(void)
{
    static const struct {
        size_t n_codes;
        unsigned max_states;
        TwinError code;
    } rows[] = {
        {0, 10, TWIN_ERROR_EMPTY},
        {1, 0, TWIN_ERROR_ARGUMENT},
        {1, TWIN_MAX_CATEGORIES + 1, TWIN_ERROR_ARGUMENT},
        {SIZE_MAX / sizeof(int64_t), 10, TWIN_ERROR_TOO_LARGE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_categories_new(flags, rows[i].n_codes, rows[i].max_states, &error));
        g_assert_error(error, TWIN_ERROR, (int)rows[i].code);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/categories/states-go-by-frequency-then-code",
                    test_states_go_by_frequency_then_code);
    g_test_add_func("/categories/rare-codes-share-the-last-state",
                    test_rare_codes_share_the_last_state);
    g_test_add_func("/categories/with-one-state-all-are-rare", test_with_one_state_all_are_rare);
    g_test_add_func("/categories/unseen-codes-count-as-the-most-frequent-where-none-is-rare",
                    test_unseen_codes_count_as_the_most_frequent_where_none_is_rare);
    g_test_add_func("/categories/rare-codes-are-bounded", test_rare_codes_are_bounded);
    g_test_add_func("/categories/restored-ones-are-the-same", test_restored_ones_are_the_same);
    g_test_add_func("/categories/bad-states-are-refused", test_bad_states_are_refused);
    g_test_add_func("/categories/bad-arguments-are-refused", test_bad_arguments_are_refused);
    return g_test_run();
}
