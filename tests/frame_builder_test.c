/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/segment.h"
#include "packet/tcp.h"
#include "synth/frame_builder.h"

#include <string.h>

enum { ETHERNET_BYTES = 14, TCP_TIMESTAMPS = 12 };

static const TwinEnd ends4[2] = {
    {.address = {{10, 1, 2, 3}}, .mac = {0, 1, 2, 3, 4, 5}, .port = 40000},
    {.address = {{192, 168, 255, 254}}, .mac = {0, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}, .port = 443},
};
static const TwinEnd ends6[2] = {
    {.address = {{0x20, 1, 0xd, 0xb8, [15] = 7}}, .mac = {2, 1, 2, 3, 4, 5}, .port = 65535},
    {.address = {{0xfe, 0x80, [8] = 0xff, 0xfe, [15] = 9}}, .mac = {2, 9, 9, 9, 9, 9}, .port = 1},
};

/* MSS, SACK permitted, timestamps, NOP, window scale; and an odd number of bytes. */
static const uint8_t linux_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                                        0, 0, 0, 0,   0, 0, 1, 3,  3, 7};
static const uint8_t odd_options[] = {3, 3, 9, 2, 4, 5, 100};

static TwinSeed seed_of(uint8_t ip_version)
{
    TwinSeed seed = {.ip_version = ip_version};
    for (unsigned side = 0; side < 2; side++) {
        seed.sides[side] = (TwinSeedSide){
            .ts_hz = 1000,
            .mss_bytes = 1460,
            .syn_window = 64240,
            .ttl = side == 0 ? 64 : 0, /* none known: a default */
            .traffic_class = 0x48,
            .dont_fragment = side == 0,
            .has_timestamps = side == 0,
            .max_payload_bytes = TWIN_NO_MAX_PAYLOAD,
            .syn_option_bytes = side == 0 ? sizeof linux_options : sizeof odd_options,
        };
        memcpy(seed.sides[side].syn_options, side == 0 ? linux_options : odd_options,
               seed.sides[side].syn_option_bytes);
    }
    return seed;
}

/* RFC 1071 as slowly as it can be said: 16-bit words, each carry added at once. */
static uint16_t slow_sum(uint32_t sum, const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* The sum over pseudo-header and segment is all ones where the checksum is right. */
static void assert_tcp_checksum(const TwinFrame *frame, uint8_t ip_version)
{
    const uint8_t *ip = frame->bytes + ETHERNET_BYTES;
    const size_t ip_bytes = ip_version == 6 ? 40 : 20;
    const size_t segment_bytes = frame->original_bytes - ETHERNET_BYTES - ip_bytes;
    const size_t captured_bytes = frame->captured_bytes - ETHERNET_BYTES - ip_bytes;
    const uint8_t tail[] = {(uint8_t)(segment_bytes >> 8), (uint8_t)segment_bytes, 0, 6};
    uint16_t sum = ip_version == 6 ? slow_sum(0, ip + 8, 32) : slow_sum(0, ip + 12, 8);
    sum = slow_sum(sum, tail, sizeof tail);
    g_assert_cmpuint(slow_sum(sum, ip + ip_bytes, captured_bytes), ==, 0xffff);
    if (ip_version == 4) {
        g_assert_cmpuint(slow_sum(0, ip, 20), ==, 0xffff);
    }
}

/* What the decoder, which others test, reads in the frame is what was to be said. */
static void assert_decodes(const TwinFrame *frame, const TwinSeed *seed, const TwinEnd *ends,
                           const TwinOutSegment *segment)
{
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    const TwinSeedSide *habits = &seed->sides[segment->side];
    TwinSegment read;
    g_assert_cmpint(twin_decoder_decode(decoder, frame, &read), ==, TWIN_DECODE_SEGMENT);
    g_assert_cmpuint(read.ip_version, ==, seed->ip_version);
    g_assert_cmpmem(read.source, 16, ends[segment->side].address.bytes, 16);
    g_assert_cmpmem(read.destination, 16, ends[1 - segment->side].address.bytes, 16);
    g_assert_cmpmem(read.source_mac, 6, ends[segment->side].mac, 6);
    g_assert_cmpmem(read.destination_mac, 6, ends[1 - segment->side].mac, 6);
    g_assert_cmpuint(read.tcp.source_port, ==, ends[segment->side].port);
    g_assert_cmpuint(read.tcp.destination_port, ==, ends[1 - segment->side].port);
    g_assert_cmpuint(read.tcp.seq, ==, segment->seq);
    g_assert_cmpuint(read.tcp.ack, ==, segment->ack);
    g_assert_cmpuint(read.tcp.flags, ==, segment->flags);
    g_assert_cmpuint(read.tcp.window, ==, segment->window);
    /* A few zeros that nobody pushes in a small frame may be padding, and are taken for it. */
    const bool may_be_padding = frame->original_bytes <= 60 && read.payload_bytes == 0;
    g_assert_cmpuint(read.payload_bytes, ==, may_be_padding ? 0 : segment->payload_bytes);
    g_assert_false(read.is_payload_unsure);
    g_assert_cmpuint(read.ttl, ==, habits->ttl != 0 ? habits->ttl : 64);
    g_assert_cmpuint(read.traffic_class, ==, habits->traffic_class);
    if (seed->ip_version == 4) {
        g_assert_cmpint(read.dont_fragment, ==, habits->dont_fragment);
        g_assert_cmpuint(read.ip_id, ==, segment->ip_id);
    }
    const bool is_syn = (segment->flags & TWIN_TCP_SYN) != 0;
    g_assert_cmpint(read.tcp.has_timestamps, ==, segment->side == 0);
    if (segment->side == 0) {
        g_assert_cmpuint(read.tcp.ts_value, ==, segment->ts_value);
        g_assert_cmpuint(read.tcp.ts_echo, ==, segment->ts_echo);
    }
    g_assert_cmpuint(read.tcp.mss_bytes, ==, !is_syn ? 0 : segment->side == 0 ? 1460 : 1380);
    g_assert_cmpint(read.tcp.has_window_scale, ==, is_syn);
}

static void assert_payload(const TwinFrame *frame, const TwinOutSegment *segment,
                           TwinPayload payload)
{
    const uint32_t header_bytes = frame->original_bytes - segment->payload_bytes;
    if (payload == TWIN_PAYLOAD_NONE) {
        g_assert_cmpuint(frame->captured_bytes, ==, header_bytes);
        return;
    }
    g_assert_cmpuint(frame->captured_bytes, ==, frame->original_bytes);
    uint32_t n_zeros = 0;
    for (uint32_t i = header_bytes; i < frame->captured_bytes; i++) {
        n_zeros += frame->bytes[i] == 0 ? 1 : 0;
    }
    if (payload == TWIN_PAYLOAD_ZERO) {
        g_assert_cmpuint(n_zeros, ==, segment->payload_bytes);
    } else if (segment->payload_bytes > 1000) {
        g_assert_cmpuint(n_zeros, <, segment->payload_bytes / 50);
    }
}

static void check_frame(const TwinFrameMaker *maker, const TwinSeed *seed, const TwinEnd *ends,
                        const TwinOutSegment *segment, TwinPayload payload)
{
    g_autofree uint8_t *bytes = g_malloc(TWIN_MAX_FRAME_BYTES);
    TwinRandom random = twin_random(segment->seq, TWIN_RANDOM_PAYLOAD, 0);
    const TwinFrame frame = twin_frame_make(maker, segment, payload, &random, bytes);
    g_assert_cmpint(frame.time_ns, ==, segment->time_ns);
    g_assert_cmpuint(frame.link_type, ==, 1);
    g_assert_cmpuint(frame.captured_bytes, <=, TWIN_MAX_FRAME_BYTES);
    assert_tcp_checksum(&frame, seed->ip_version);
    assert_payload(&frame, segment, payload);
    assert_decodes(&frame, seed, ends, segment);
}

/* Every kind of segment, of both sides, both IP versions and all kinds of payload. */
static void test_frames_say_what_the_segment_says(void)
{
    static const uint16_t flags[] = {TWIN_TCP_SYN, TWIN_TCP_SYN | TWIN_TCP_ACK,
                                     TWIN_TCP_ACK, TWIN_TCP_PSH | TWIN_TCP_ACK,
                                     TWIN_TCP_FIN, 0,
                                     0xfff & ~0x6};
    static const uint32_t lengths[] = {0, 1, 2, 3, 255, 256, 1447, 1448, 9000, UINT32_MAX};
    for (size_t i = 0; i < (size_t)12 * G_N_ELEMENTS(flags) * G_N_ELEMENTS(lengths); i++) {
        const uint8_t ip_version = i % 2 == 0 ? 4 : 6;
        const uint8_t side = i / 2 % 2;
        const TwinPayload payload = (TwinPayload)(i / 4 % 3);
        const TwinSeed seed = seed_of(ip_version);
        const TwinEnd *ends = ip_version == 4 ? ends4 : ends6;
        TwinRandom random = twin_random(i, TWIN_RANDOM_SESSION, 0);
        TwinFrameMaker maker;
        twin_frame_maker_begin(&maker, &seed, ends, &random);
        TwinOutSegment segment = {
            .time_ns = INT64_C(1700000000123456789),
            .seq = twin_random_u32(&random),
            .ack = twin_random_u32(&random),
            .ts_value = twin_random_u32(&random),
            .ts_echo = twin_random_u32(&random),
            .flags = flags[i / 12 % G_N_ELEMENTS(flags)],
            .window = (uint16_t)twin_random_u32(&random),
            .ip_id = (uint16_t)twin_random_u32(&random),
            .side = side,
            .has_timestamps = side == 0,
        };
        const uint32_t most = twin_frame_max_payload(&maker, side, segment.flags);
        segment.payload_bytes = MIN(lengths[i / 12 / G_N_ELEMENTS(flags)], most);
        check_frame(&maker, &seed, ends, &segment, payload);
    }
}

static void test_the_largest_payload_fills_a_datagram(void)
{
    TwinSeed seed = seed_of(4);
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinFrameMaker maker;
    twin_frame_maker_begin(&maker, &seed, ends4, &random);
    g_assert_cmpuint(twin_frame_max_payload(&maker, 1, TWIN_TCP_ACK), ==, 65535 - 40);
    g_assert_cmpuint(twin_frame_max_payload(&maker, 0, TWIN_TCP_ACK), ==,
                     65535 - 40 - TCP_TIMESTAMPS);
    g_assert_cmpuint(twin_frame_max_payload(&maker, 0, TWIN_TCP_SYN), ==,
                     65535 - 40 - sizeof linux_options);
    g_assert_cmpuint(twin_frame_max_payload(&maker, 1, TWIN_TCP_SYN), ==, 65535 - 40 - 8);
    seed.ip_version = 6;
    g_assert_cmpuint(twin_frame_max_payload(&maker, 1, TWIN_TCP_ACK), ==, 65535 - 20);
    seed.sides[1].max_payload_bytes = 1448;
    g_assert_cmpuint(twin_frame_max_payload(&maker, 1, TWIN_TCP_ACK), ==, 1448);
}

static TwinFrame make(const TwinSeed *seed, const TwinEnd *ends, const TwinOutSegment *segment,
                      uint8_t *bytes)
{
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinFrameMaker maker;
    twin_frame_maker_begin(&maker, seed, ends, &random);
    return twin_frame_make(&maker, segment, TWIN_PAYLOAD_NONE, &random, bytes);
}

/* The seed's options as they stood, with this flow's clock; padded with the end of options. */
static void test_syn_options_are_the_seeds(void)
{
    const TwinSeed seed = seed_of(4);
    uint8_t bytes[TWIN_MAX_HEADER_BYTES];
    TwinOutSegment segment = {
        .flags = TWIN_TCP_SYN, .ts_value = 0x01020304, .ts_echo = 0x05060708, .side = 0};
    TwinFrame frame = make(&seed, ends4, &segment, bytes);
    static const uint8_t expected[] = {2, 4, 5, 180, 4, 2, 8, 10, 1, 2,
                                       3, 4, 5, 6,   7, 8, 1, 3,  3, 7};
    g_assert_cmpmem(bytes + 54, frame.captured_bytes - 54, expected, sizeof expected);
    segment.side = 1;
    frame = make(&seed, ends4, &segment, bytes);
    static const uint8_t padded[] = {3, 3, 9, 2, 4, 5, 100, 0};
    g_assert_cmpmem(bytes + 54, frame.captured_bytes - 54, padded, sizeof padded);
}

static void test_a_syn_that_the_seed_never_sent_offers_an_mss(void)
{
    TwinSeed seed = seed_of(4);
    seed.sides[0].mss_bytes = 0;
    seed.sides[0].syn_window = 0;
    seed.sides[0].syn_option_bytes = 0;
    uint8_t bytes[TWIN_MAX_HEADER_BYTES];
    const TwinOutSegment segment = {.flags = TWIN_TCP_SYN, .side = 0};
    const TwinFrame frame = make(&seed, ends4, &segment, bytes);
    static const uint8_t expected[] = {2, 4, 0x05, 0xb4};
    g_assert_cmpmem(bytes + 54, frame.captured_bytes - 54, expected, sizeof expected);
}

/* Options that a model file made up must not be run over. */
static void test_hostile_options_stay_within_the_header(void)
{
    TwinSeed seed = seed_of(4);
    for (unsigned n = 0; n < 20000; n++) {
        TwinSeedSide *side = &seed.sides[0];
        side->syn_option_bytes = (uint8_t)g_test_rand_int_range(0, TWIN_MAX_SYN_OPTIONS + 1);
        for (unsigned i = 0; i < side->syn_option_bytes; i++) {
            const int kind = g_test_rand_int_range(0, 4);
            side->syn_options[i] = kind == 0   ? 8
                                   : kind == 1 ? 10
                                   : kind == 2 ? (uint8_t)g_test_rand_int_range(0, 5)
                                               : (uint8_t)g_test_rand_int();
        }
        g_autofree uint8_t *bytes = g_malloc(TWIN_MAX_HEADER_BYTES); /* watched by the sanitizer */
        const TwinOutSegment segment = {.flags = TWIN_TCP_SYN, .side = 0};
        const TwinFrame frame = make(&seed, ends4, &segment, bytes);
        g_assert_cmpuint(frame.captured_bytes, ==, 54 + (side->syn_option_bytes + 3U) / 4 * 4);
        assert_tcp_checksum(&frame, 4);
    }
}

static void test_a_flow_label_stays(void)
{
    const TwinSeed seed = seed_of(6);
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinFrameMaker maker;
    twin_frame_maker_begin(&maker, &seed, ends6, &random);
    uint8_t first[TWIN_MAX_HEADER_BYTES];
    uint8_t second[TWIN_MAX_HEADER_BYTES];
    const TwinOutSegment ack = {.flags = TWIN_TCP_ACK, .side = 0};
    const TwinOutSegment fin = {.flags = TWIN_TCP_FIN, .seq = 9, .side = 0};
    (void)twin_frame_make(&maker, &ack, TWIN_PAYLOAD_NONE, &random, first);
    (void)twin_frame_make(&maker, &fin, TWIN_PAYLOAD_NONE, &random, second);
    g_assert_cmpmem(first + 14, 4, second + 14, 4);
    g_assert_cmpuint(first[14], ==, 0x64); /* version 6, first half of the traffic class 0x48 */
    g_assert_cmpuint(first[15] >> 4, ==, 8);
}

static void test_random_payload_is_the_streams(void)
{
    const TwinSeed seed = seed_of(4);
    uint8_t bytes[3][TWIN_MAX_HEADER_BYTES + 10];
    const uint64_t seeds[] = {1, 1, 2};
    for (unsigned n = 0; n < 3; n++) {
        TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
        TwinFrameMaker maker;
        twin_frame_maker_begin(&maker, &seed, ends4, &random);
        random = twin_random(seeds[n], TWIN_RANDOM_PAYLOAD, 0);
        const TwinOutSegment segment = {.flags = TWIN_TCP_ACK, .side = 1, .payload_bytes = 7};
        (void)twin_frame_make(&maker, &segment, TWIN_PAYLOAD_RANDOM, &random, bytes[n]);
    }
    g_assert_cmpint(memcmp(bytes[0] + 54, bytes[1] + 54, 7), ==, 0);
    g_assert_cmpint(memcmp(bytes[0] + 54, bytes[2] + 54, 7), !=, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame-builder/frames-say-what-the-segment-says",
                    test_frames_say_what_the_segment_says);
    g_test_add_func("/frame-builder/the-largest-payload-fills-a-datagram",
                    test_the_largest_payload_fills_a_datagram);
    g_test_add_func("/frame-builder/syn-options-are-the-seeds", test_syn_options_are_the_seeds);
    g_test_add_func("/frame-builder/a-syn-that-the-seed-never-sent-offers-an-mss",
                    test_a_syn_that_the_seed_never_sent_offers_an_mss);
    g_test_add_func("/frame-builder/hostile-options-stay-within-the-header",
                    test_hostile_options_stay_within_the_header);
    g_test_add_func("/frame-builder/a-flow-label-stays", test_a_flow_label_stays);
    g_test_add_func("/frame-builder/random-payload-is-the-streams",
                    test_random_payload_is_the_streams);
    return g_test_run();
}
