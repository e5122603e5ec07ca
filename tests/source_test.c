/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/source.h"

#include <glib.h>
#include <string.h>

static const uint8_t text[] = "0123456789abcdef";

/* Peeking takes nothing, and what was peeked at comes again in pieces of any size. */
static void test_peeking(void)
{
    for (size_t n_peeked = 0; n_peeked <= 16; n_peeked++) {
        for (size_t n_piece = 1; n_piece <= 16; n_piece++) {
            g_autoptr(TwinSource) source = twin_source_new_memory(text, 16);
            uint8_t bytes[16];
            g_assert_cmpuint(twin_source_peek(source, bytes, n_peeked), ==, n_peeked);
            g_assert_cmpmem(bytes, (int)n_peeked, text, (int)n_peeked);
            g_assert_cmpuint(twin_source_offset(source), ==, 0);
            size_t n_read = 0;
            size_t n = 0;
            while ((n = twin_source_read(source, bytes + n_read, MIN(n_piece, 16 - n_read))) > 0) {
                n_read += n;
            }
            g_assert_cmpmem(bytes, (int)n_read, text, 16);
            g_assert_cmpuint(twin_source_offset(source), ==, 16);
        }
    }
}

static void test_the_end(void)
{
    g_autoptr(TwinSource) source = twin_source_new_memory(text, 3);
    uint8_t bytes[16];
    g_assert_cmpuint(twin_source_peek(source, bytes, 4), ==, 3);
    g_assert_cmpuint(twin_source_read(source, bytes, 16), ==, 3);
    g_assert_cmpuint(twin_source_read(source, bytes, 16), ==, 0);
    g_assert_cmpint(twin_source_end(source), ==, TWIN_SOURCE_GOOD);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source/peeking", test_peeking);
    g_test_add_func("/source/the-end", test_the_end);
    return g_test_run();
}
