/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/numbers.h"

static void test_numbers_come_back(void)
{
    static const uint64_t values[] = {0,          1,          127, 128,           300,
                                      UINT32_MAX, UINT64_MAX, 0,   UINT64_MAX - 1};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (size_t n = 0; n <= G_N_ELEMENTS(values); n++) {
        g_autofree char *text = twin_numbers_to_text(bytes);
        g_auto(TwinNumbers) numbers = twin_numbers_of_text(text);
        for (size_t i = 0; i < n; i++) {
            g_assert_false(twin_numbers_are_done(&numbers));
            g_assert_cmpuint(twin_numbers_left(&numbers), >=, n - i);
            g_assert_cmpuint(twin_numbers_get(&numbers, values[i], values[i]), ==, values[i]);
        }
        g_assert_true(twin_numbers_are_done(&numbers));
        g_assert_cmpuint(twin_numbers_get(&numbers, 0, UINT64_MAX), ==, 0);
        g_assert_true(numbers.has_failed);
        if (n < G_N_ELEMENTS(values)) {
            twin_numbers_put(bytes, values[n]);
        }
    }
}

/* As docs/model-format.md has it: 300 is AC 02, and that is rAI=. */
static void test_the_text_is_as_specified(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    twin_numbers_put(bytes, 300);
    g_autofree char *text = twin_numbers_to_text(bytes);
    g_assert_cmpstr(text, ==, "rAI=");
}

static void test_what_is_wrong_gives_zero_and_stays(void)
{
    static const struct {
        const char *text;
        uint64_t least;
        uint64_t most;
    } cases[] = {
        {"", 0, 9},                          /* nothing */
        {"gA==", 0, 999},                    /* 80: cut short */
        {"rAI=", 0, 299},                    /* 300: too large */
        {"rAI=", 301, 999},                  /* too small */
        {"rAI", 0, 999},                     /* no base64: no padding */
        {"r-I=", 0, 999},                    /* no base64: of another alphabet */
        {"rAI=AA==", 0, 999},                /* padding in the middle */
        {" rAI=", 0, 999},                   /* a space */
        {"A", 0, 999},                       /* six bits */
        {"A===", 0, 999},                    /* likewise */
        {"gICAgICAgICAAg==", 0, UINT64_MAX}, /* 2^64 */
        {"gICAgICAgICAgAA=", 0, UINT64_MAX}, /* eleven bytes */
    };
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        g_auto(TwinNumbers) numbers = twin_numbers_of_text(cases[c].text);
        g_assert_cmpuint(twin_numbers_get(&numbers, cases[c].least, cases[c].most), ==, 0);
        g_assert_true(numbers.has_failed);
        g_assert_false(twin_numbers_are_done(&numbers));
        g_assert_cmpuint(twin_numbers_get(&numbers, 0, UINT64_MAX), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numbers/come-back", test_numbers_come_back);
    g_test_add_func("/numbers/the-text-is-as-specified", test_the_text_is_as_specified);
    g_test_add_func("/numbers/what-is-wrong-gives-zero-and-stays",
                    test_what_is_wrong_gives_zero_and_stays);
    return g_test_run();
}
