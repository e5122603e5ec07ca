/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/checksum.h"

#include <glib.h>
#include <stdbool.h>

/* RFC 1071, section 1, one 16-bit word after the other. */
static uint16_t slow_checksum(const uint8_t *bytes, size_t n_bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        sum += i % 2 == 0 ? (uint64_t)bytes[i] << 8 : bytes[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* The example of RFC 1071, section 3: its sum is ddf2. */
static void test_example_of_the_rfc(void)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    const uint32_t sum = twin_checksum_add(0, bytes, sizeof bytes);
    g_assert_cmphex(twin_checksum_fold(sum), ==, (uint16_t)~0xddf2);
}

static void fill_random(uint8_t *bytes, size_t n_bytes)
{
    const bool are_high = g_test_rand_int_range(0, 2) == 0; /* carries at every step */
    for (size_t i = 0; i < n_bytes; i++) {
        bytes[i] = (uint8_t)(are_high ? 0xff : g_test_rand_int_range(0, 256));
    }
}

static void test_every_length_agrees_with_the_slow_one(void)
{
    uint8_t bytes[200];
    fill_random(bytes, sizeof bytes);
    for (size_t n_bytes = 0; n_bytes <= sizeof bytes - 1; n_bytes++) {
        for (size_t at = 0; at < 2; at++) { /* aligned and not */
            g_assert_cmphex(twin_checksum_fold(twin_checksum_add(0, bytes + at, n_bytes)), ==,
                            slow_checksum(bytes + at, n_bytes));
        }
    }
}

static void test_pieces_add_up(void)
{
    uint8_t bytes[128];
    fill_random(bytes, sizeof bytes);
    for (size_t n_first = 0; n_first <= sizeof bytes; n_first += 2) {
        uint32_t sum = twin_checksum_add(0, bytes, n_first);
        sum = twin_checksum_add(sum, bytes + n_first, sizeof bytes - n_first);
        g_assert_cmphex(twin_checksum_fold(sum), ==, slow_checksum(bytes, sizeof bytes));
    }
}

static void test_a_header_with_its_checksum_gives_zero(void)
{
    uint8_t bytes[20];
    fill_random(bytes, sizeof bytes);
    bytes[10] = bytes[11] = 0;
    const uint16_t checksum = twin_checksum_fold(twin_checksum_add(0, bytes, sizeof bytes));
    bytes[10] = (uint8_t)(checksum >> 8);
    bytes[11] = (uint8_t)checksum;
    g_assert_cmphex(twin_checksum_fold(twin_checksum_add(0, bytes, sizeof bytes)), ==, 0);
}

static void test_many_pieces_do_not_overflow(void)
{
    static const uint8_t bytes[] = {0xff, 0xfe};
    uint32_t sum = 0;
    for (unsigned i = 0; i < 70000; i++) {
        sum = twin_checksum_add(sum, bytes, sizeof bytes);
    }

    /* Ones-complement addition is addition modulo 65535. */
    const uint16_t expected = (uint16_t)(UINT64_C(70000) * 65534 % 65535);
    g_assert_cmphex(twin_checksum_fold(sum), ==, (uint16_t)~expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checksum/example-of-the-rfc", test_example_of_the_rfc);
    g_test_add_func("/checksum/every-length-agrees-with-the-slow-one",
                    test_every_length_agrees_with_the_slow_one);
    g_test_add_func("/checksum/pieces-add-up", test_pieces_add_up);
    g_test_add_func("/checksum/a-header-with-its-checksum-gives-zero",
                    test_a_header_with_its_checksum_gives_zero);
    g_test_add_func("/checksum/many-pieces-do-not-overflow", test_many_pieces_do_not_overflow);
    return g_test_run();
}
