/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "packet/fragments.h"
#include "packet/segment.h"

#include <string.h>

enum { DATAGRAM_BYTES = 100 };

static const uint8_t datagram[] = "What is sent in one piece need not come in one piece: a router "
                                  "cuts it, and all pieces meet at last.";
_Static_assert(sizeof datagram - 1 == DATAGRAM_BYTES, "100 bytes and the string's end");

/* A fragment of it, captured whole. */
static TwinFragment fragment_of(uint32_t id, size_t offset, size_t n_bytes)
{
    return (TwinFragment){
        .key = {.id = id, .ip_version = 4, .protocol = 6},
        .header = {.ttl = (uint8_t)(offset + 1)},
        .offset = offset,
        .n_bytes = n_bytes,
        .has_more = offset + n_bytes < DATAGRAM_BYTES,
        .bytes = twin_cursor(datagram + offset, n_bytes),
    };
}

static bool add(TwinFragments *fragments, TwinFragment fragment, TwinDatagram *whole_out)
{
    return twin_fragments_add(fragments, &fragment, whole_out);
}

static void assert_is_whole(const TwinDatagram *whole)
{
    g_assert_cmpuint(whole->n_bytes, ==, DATAGRAM_BYTES);
    g_assert_cmpmem(whole->bytes.at, (int)whole->bytes.left, datagram, DATAGRAM_BYTES);
    g_assert_cmpuint(whole->header.ttl, ==, 1); /* the first fragment's */
}

static void test_any_order(void)
{
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const size_t edges[] = {0, 16, 64, DATAGRAM_BYTES};
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        TwinDatagram whole;
        for (size_t k = 0; k < 3; k++) {
            const size_t at = edges[orders[i][k]];
            const size_t end = edges[orders[i][k] + 1];
            g_assert_true(add(fragments, fragment_of(7, at, end - at), &whole) == (k == 2));
        }
        assert_is_whole(&whole);
    }
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, 0);
}

static void test_overlaps_and_copies(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    g_assert_false(add(fragments, fragment_of(7, 0, 40), &whole));
    g_assert_false(add(fragments, fragment_of(7, 0, 40), &whole));
    uint8_t other[64] = {0xff}; /* what came first stands */
    TwinFragment overlapping = fragment_of(7, 16, 64);
    memset(other, 0xff, 24);
    memcpy(other + 24, datagram + 40, 40);
    overlapping.bytes = twin_cursor(other, sizeof other);
    g_assert_false(add(fragments, overlapping, &whole));
    g_assert_true(add(fragments, fragment_of(7, 64, 36), &whole));
    assert_is_whole(&whole);
}

/* What lies beyond the end does not stand in for what is missing before it. */
static void test_fragments_beyond_the_end(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    TwinFragment beyond = fragment_of(7, 64, 32);
    beyond.offset = 65520 - 32;
    beyond.has_more = true;
    g_assert_false(add(fragments, beyond, &whole));
    g_assert_false(add(fragments, fragment_of(7, 64, 36), &whole));
    g_assert_false(add(fragments, fragment_of(7, 0, 32), &whole));
    g_assert_true(add(fragments, fragment_of(7, 32, 32), &whole));
    assert_is_whole(&whole);

    beyond.offset = 65528;
    g_assert_false(add(fragments, beyond, &whole)); /* no datagram is that long */
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, 1);
}

/* Bytes that a liar sent beyond the end are not given as the datagram's. */
static void test_the_end_bounds_the_head(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    TwinFragment beyond = fragment_of(7, 64, 32);
    beyond.offset = 96;
    beyond.has_more = true;
    g_assert_false(add(fragments, beyond, &whole));
    g_assert_false(add(fragments, fragment_of(7, 0, 64), &whole));
    g_assert_true(add(fragments, fragment_of(7, 64, 36), &whole));
    g_assert_cmpuint(whole.bytes.left, ==, DATAGRAM_BYTES);
}

/* Of two last fragments the first is believed. */
static void test_two_ends(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    TwinFragment shorter = fragment_of(7, 64, 8);
    shorter.has_more = false;
    g_assert_false(add(fragments, fragment_of(7, 64, 36), &whole));
    g_assert_false(add(fragments, shorter, &whole));
    g_assert_true(add(fragments, fragment_of(7, 0, 64), &whole));
    assert_is_whole(&whole);
}

static void test_other_datagrams_are_kept_apart(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    g_assert_false(add(fragments, fragment_of(7, 0, 64), &whole));
    TwinFragment other = fragment_of(8, 64, 36);
    g_assert_false(add(fragments, other, &whole));
    other.key = (TwinDatagramKey){.id = 7, .ip_version = 6, .protocol = 6};
    g_assert_false(add(fragments, other, &whole));
    other.key = (TwinDatagramKey){.id = 7, .ip_version = 4, .protocol = 17};
    g_assert_false(add(fragments, other, &whole));
    other.key = (TwinDatagramKey){.id = 7, .ip_version = 4, .protocol = 6, .source = {1}};
    g_assert_false(add(fragments, other, &whole));
    other.key = (TwinDatagramKey){.id = 7, .ip_version = 4, .protocol = 6, .destination = {1}};
    g_assert_false(add(fragments, other, &whole));
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, 6); /* so far */
    g_assert_true(add(fragments, fragment_of(7, 64, 36), &whole));
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, 5);
}

static void test_30_s_and_not_more(void)
{
    static const struct {
        int64_t first_ns;
        int64_t second_ns;
        bool is_whole;
    } rows[] = {
        {0, INT64_C(30000000000), true},
        {0, INT64_C(30000000001), false},
        {INT64_C(90000000000), 0, true}, /* a clock that was set back */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(TwinFragments) fragments = twin_fragments_new();
        TwinDatagram whole;
        TwinFragment fragment = fragment_of(7, 0, 64);
        fragment.time_ns = rows[i].first_ns;
        g_assert_false(add(fragments, fragment, &whole));
        fragment = fragment_of(7, 64, 36);
        fragment.time_ns = rows[i].second_ns;
        g_assert_true(add(fragments, fragment, &whole) == rows[i].is_whole);
        g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, rows[i].is_whole ? 0 : 2);
    }
}

static void test_the_oldest_gives_way(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    for (uint32_t id = 0; id <= TWIN_MAX_DATAGRAMS; id++) {
        g_assert_false(add(fragments, fragment_of(id, 0, 64), &whole));
    }
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, TWIN_MAX_DATAGRAMS + 1);
    for (uint32_t id = 1; id <= TWIN_MAX_DATAGRAMS; id++) {
        g_assert_true(add(fragments, fragment_of(id, 64, 36), &whole));
    }
    g_assert_false(add(fragments, fragment_of(0, 64, 36), &whole));
    g_assert_cmpuint(twin_fragments_n_lost(fragments), ==, 2);
}

/* Snap lengths cut what is kept, not what is known of lengths. */
static void test_cut_captures(void)
{
    for (size_t n_captured = 0; n_captured <= 64; n_captured++) {
        g_autoptr(TwinFragments) fragments = twin_fragments_new();
        TwinDatagram whole;
        TwinFragment first = fragment_of(7, 0, 64);
        first.bytes.left = n_captured;
        g_assert_false(add(fragments, fragment_of(7, 64, 36), &whole));
        g_assert_true(add(fragments, first, &whole));
        g_assert_cmpuint(whole.n_bytes, ==, DATAGRAM_BYTES);
        g_assert_cmpuint(whole.bytes.left, ==, n_captured == 64 ? DATAGRAM_BYTES : n_captured);
    }
}

static void test_the_largest_datagram(void)
{
    g_autoptr(TwinFragments) fragments = twin_fragments_new();
    TwinDatagram whole;
    for (size_t offset = 65528; offset > 0; offset -= 8) {
        TwinFragment fragment = fragment_of(7, 0, 8);
        fragment.offset = offset;
        fragment.has_more = offset < 65528;
        g_assert_false(add(fragments, fragment, &whole));
    }
    g_assert_true(add(fragments, fragment_of(7, 0, 8), &whole));
    g_assert_cmpuint(whole.n_bytes, ==, 65536);
    g_assert_cmpuint(whole.bytes.left, ==, TWIN_DATAGRAM_HEAD_BYTES);
}

#define IPV4(total, offset, protocol)                                                              \
    "4500" total "0007" offset "40" protocol "0000 c0000201 c0000202"
#define TCP_8    "9c40 0050 00000001"
#define TCP_REST "00000002 5018 0100 0000 0000"
#define IPV6(payload, next)                                                                        \
    "6000 0000" payload next "40 20010db8000000000000000000000001 "                                \
    "20010db8000000000000000000000002"

/* Fragments through the decoder: statuses in turn, the last frame is the segment. */
static void test_decoding(void)
{
    static const struct {
        const char *what;
        uint32_t payload_bytes;
        const char *frames[3];
    } rows[] = {
        {"a TCP header in three",
         5,
         {IPV4("001c", "2000", "06") TCP_8, IPV4("001c", "2001", "06") "00000002 5018 0100",
          IPV4("001d", "0002", "06") "0000 0000 68656c6c6f"}},
        {"the last one first",
         5,
         {IPV4("001d", "0002", "06") "0000 0000 68656c6c6f", IPV4("001c", "2000", "06") TCP_8,
          IPV4("001c", "2001", "06") "00000002 5018 0100"}},
        {"Ethernet's padding is no part of it",
         5,
         {IPV4("001c", "2000", "06") TCP_8 "000000",
          IPV4("001c", "2001", "06") "00000002 5018 0100"
                                     "ffffffff",
          IPV4("001d", "0002", "06") "0000 0000 68656c6c6f 0000"}},
        {"IPv6",
         4,
         {IPV6("0010", "2c") "06 00 0001 00000009" TCP_8,
          IPV6("0010", "2c") "06 00 0009 00000009 00000002 5018 0100",
          IPV6("0010", "2c") "06 00 0010 00000009 0000 0000 68656c6c"}},
        {"a tunnel's outer datagram", /* GRE and the inner IPv4 header, then TCP */
         5,
         {IPV4("002c", "2000", "2f") "0000 0800 4500 002d 0001 0000 40 06 0000 0a000001 0a000002",
          IPV4("001c", "2003", "2f") TCP_8, IPV4("0025", "0004", "2f") TCP_REST "68656c6c6f"}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].what);
        g_autoptr(TwinDecoder) decoder = twin_decoder_new();
        TwinSegment segment;
        for (size_t k = 0; k < 3; k++) {
            uint8_t bytes[128];
            const size_t n_bytes = twin_test_hex(rows[i].frames[k], bytes, sizeof bytes);
            if (bytes[0] == 0x45 && (bytes[6] & 0x1f) + bytes[7] > 0) {
                bytes[1] = 0xb8; /* only the first fragment's header counts */
                bytes[8] = 1;
            }
            const TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
            g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==,
                            k < 2 ? TWIN_DECODE_FRAGMENT : TWIN_DECODE_SEGMENT);
            g_assert_cmpuint(twin_decoder_lost_fragments(decoder), ==, k < 2 ? k + 1 : 0);
        }
        g_assert_cmpuint(segment.tcp.source_port, ==, 40000);
        g_assert_cmpuint(segment.tcp.window, ==, 256);
        g_assert_cmpuint(segment.ttl, ==, 0x40);
        g_assert_cmpuint(segment.traffic_class, ==, 0);
        g_assert_cmpuint(segment.payload_bytes, ==, rows[i].payload_bytes);
    }
}

/* RFC 6946: one that is alone has nothing to do with others of its number. */
static void test_atomic_fragments_stand_alone(void)
{
    static const struct {
        TwinDecodeStatus status;
        const char *hex;
    } rows[] = {
        {TWIN_DECODE_FRAGMENT, IPV6("0010", "2c") "06 00 0001 00000009" TCP_8},
        {TWIN_DECODE_SEGMENT, IPV6("001c", "2c") "06 00 0000 00000009 1111 2222 00000001" TCP_REST},
        {TWIN_DECODE_SEGMENT, IPV6("0014", "2c") "06 00 0008 00000009" TCP_REST},
    };
    static const uint16_t ports[] = {0, 0x1111, 40000};
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t bytes[128];
        const size_t n_bytes = twin_test_hex(rows[i].hex, bytes, sizeof bytes);
        const TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
        TwinSegment segment;
        g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, (int)rows[i].status);
        g_assert_true(i == 0 || segment.tcp.source_port == ports[i]);
    }
}

static void test_fragments_that_are_not_kept(void)
{
    static const struct {
        const char *what;
        TwinDecodeStatus status;
        const char *hex;
    } rows[] = {
        {"of a protocol that is not read", TWIN_DECODE_NOT_TCP, IPV4("001c", "2000", "01") TCP_8},
        {"whose length is no multiple of 8", TWIN_DECODE_MALFORMED,
         IPV4("001b", "2000", "06") TCP_8},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t bytes[128];
        g_autoptr(TwinDecoder) decoder = twin_decoder_new();
        TwinSegment segment;
        const size_t n_bytes = twin_test_hex(rows[i].hex, bytes, sizeof bytes);
        const TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
        g_test_message("%s", rows[i].what);
        g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, (int)rows[i].status);
        g_assert_cmpuint(twin_decoder_lost_fragments(decoder), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fragments/any-order", test_any_order);
    g_test_add_func("/fragments/overlaps-and-copies", test_overlaps_and_copies);
    g_test_add_func("/fragments/beyond-the-end", test_fragments_beyond_the_end);
    g_test_add_func("/fragments/the-end-bounds-the-head", test_the_end_bounds_the_head);
    g_test_add_func("/fragments/two-ends", test_two_ends);
    g_test_add_func("/fragments/other-datagrams-are-kept-apart",
                    test_other_datagrams_are_kept_apart);
    g_test_add_func("/fragments/30-s-and-not-more", test_30_s_and_not_more);
    g_test_add_func("/fragments/the-oldest-gives-way", test_the_oldest_gives_way);
    g_test_add_func("/fragments/cut-captures", test_cut_captures);
    g_test_add_func("/fragments/the-largest-datagram", test_the_largest_datagram);
    g_test_add_func("/fragments/decoding", test_decoding);
    g_test_add_func("/fragments/atomic-ones-stand-alone", test_atomic_fragments_stand_alone);
    g_test_add_func("/fragments/that-are-not-kept", test_fragments_that_are_not_kept);
    return g_test_run();
}
