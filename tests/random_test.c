/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/random.h"

#include <glib.h>
#include <math.h>

/* Random123's known answers, kat_vectors: "philox4x32 10". */
static void test_known_answers_of_random123(void)
{
    static const struct {
        uint32_t counter[4], key[2], block[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t block[4];
        twin_philox(rows[i].counter, rows[i].key, block);
        g_assert_cmpmem(block, sizeof block, rows[i].block, sizeof rows[i].block);
    }
}

/* Draw number d of a stream is one number of block d / 4, whose counter and key say whose it is. */
static void test_a_draw_is_a_function_of_its_names(void)
{
    const uint64_t seed = 0x0123456789ABCDEF;
    const uint64_t index = 0xFEDCBA9876543210;
    TwinRandom random = twin_random(seed, TWIN_RANDOM_PAYLOAD, index);
    for (uint32_t draw = 0; draw < 100; draw++) {
        const uint32_t counter[4] = {draw / 4, TWIN_RANDOM_PAYLOAD, 0x76543210, 0xFEDCBA98};
        const uint32_t key[2] = {0x89ABCDEF, 0x01234567};
        uint32_t block[4];
        twin_philox(counter, key, block);
        g_assert_cmpuint(twin_random_u32(&random), ==, block[3 - draw % 4]);
    }
}

static void test_streams_differ_in_seed_purpose_and_index(void)
{
    const TwinRandom streams[] = {
        twin_random(1, TWIN_RANDOM_PACKETS, 1),
        twin_random(2, TWIN_RANDOM_PACKETS, 1),
        twin_random(UINT64_C(1) << 32, TWIN_RANDOM_PACKETS, 1),
        twin_random(1, TWIN_RANDOM_PAYLOAD, 1),
        twin_random(1, TWIN_RANDOM_PACKETS, 2),
        twin_random(1, TWIN_RANDOM_PACKETS, UINT64_C(1) << 32),
    };
    uint32_t first[G_N_ELEMENTS(streams)];
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        TwinRandom random = streams[i];
        first[i] = twin_random_u32(&random);
        for (size_t j = 0; j < i; j++) {
            g_assert_cmpuint(first[j], !=, first[i]);
        }
    }
}

/* χ² over n cells: mean n − 1, variance 2 (n − 1); the seed is fixed, so this holds or does not. */
static void test_below_is_uniform(void)
{
    static const uint32_t n_cells[] = {1, 2, 3, 10, 100};
    enum { DRAWS = 100000 };
    for (size_t i = 0; i < G_N_ELEMENTS(n_cells); i++) {
        unsigned counts[100] = {0};
        TwinRandom random = twin_random(7, TWIN_RANDOM_SAMPLE, i);
        for (unsigned draw = 0; draw < DRAWS; draw++) {
            const uint32_t cell = twin_random_below(&random, n_cells[i]);
            g_assert_cmpuint(cell, <, n_cells[i]);
            counts[cell]++;
        }
        const double expected = (double)DRAWS / n_cells[i];
        double chi_squared = 0;
        for (uint32_t cell = 0; cell < n_cells[i]; cell++) {
            chi_squared += (counts[cell] - expected) * (counts[cell] - expected) / expected;
        }
        const double freedom = n_cells[i] - 1;
        g_assert_cmpfloat(chi_squared, <=, freedom + 4 * sqrt(2 * freedom));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/random/known-answers-of-random123", test_known_answers_of_random123);
    g_test_add_func("/random/a-draw-is-a-function-of-its-names",
                    test_a_draw_is_a_function_of_its_names);
    g_test_add_func("/random/streams-differ-in-seed-purpose-and-index",
                    test_streams_differ_in_seed_purpose_and_index);
    g_test_add_func("/random/below-is-uniform", test_below_is_uniform);
    return g_test_run();
}
