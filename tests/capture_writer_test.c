/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "frames.h"
#include "packet/capture.h"
#include "packet/capture_writer.h"
#include "packet/segment.h"
#include "packet/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One frame of three bytes, five on the wire, at 1.000000002 s. */
static const uint8_t expected[] = {
    0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, /* magic of nanoseconds, version */
    0,    0,    0,    0,    0, 0, 0, 0, /* time zone, accuracy */
    2,    0,    0,    0,    1, 0, 0, 0, /* snap length 2, Ethernet */
    1,    0,    0,    0,    2, 0, 0, 0, /* s, ns */
    2,    0,    0,    0,    5, 0, 0, 0, /* captured, original */
    0xaa, 0xbb,
};

static void test_bytes_are_the_same_on_every_machine(void)
{
    char *bytes = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&bytes, &n_bytes);
    g_autoptr(TwinCaptureWriter) writer =
        twin_capture_writer_new(stream, 2, TWIN_CAPTURE_PCAP, NULL, NULL);
    g_assert_nonnull(writer);
    TwinFrame frame = twin_test_raw_frame(1, (const uint8_t[]){0xaa, 0xbb, 0xcc}, 3);
    frame.time_ns = 1000000002;
    frame.original_bytes = 5;
    g_assert_true(twin_capture_writer_write(writer, &frame, NULL));
    g_assert_cmpint(fclose(stream), ==, 0); /* the writer left it open */
    g_assert_cmpmem(bytes, (int)n_bytes, expected, (int)sizeof expected);
    free(bytes);
}

/* The same frame as pcapng: section, interface, packet; a comment on the section and on it. */
static const uint8_t expected_pcapng[] = {
    0x0a, 0x0d, 0x0d, 0x0a, 48,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, /* section header */
    1,    0,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* 1.0, length not said
                                                                             */
    1,    0,    2,    0,    'h',  'i',  0,    0,                            /* comment */
    4,    0,    1,    0,    'a',  0,    0,    0,                            /* application */
    0,    0,    0,    0,    48,   0,    0,    0, /* end of options, length */
    1,    0,    0,    0,    32,   0,    0,    0,    1,    0,    0,    0,    2,
    0,    0,    0, /* interface: Ethernet, snap 2 */
    9,    0,    1,    0,    9,    0,    0,    0,    0,    0,    0,    0,    32,
    0,    0,    0,                                                       /* nanoseconds */
    6,    0,    0,    0,    52,   0,    0,    0,    0,    0,    0,    0, /* packet of interface 0 */
    0,    0,    0,    0,    2,    0xca, 0x9a, 0x3b, 2,    0,    0,    0,    5,
    0,    0,    0,       /* time, captured, original */
    0xaa, 0xbb, 0,    0, /* bytes, padded */
    1,    0,    5,    0,    'l',  'a',  'b',  'e',  'l',  0,    0,    0, /* comment */
    0,    0,    0,    0,    52,   0,    0,    0, /* end of options, length */
};

static void test_pcapng_says_where_it_comes_from(void)
{
    char *bytes = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&bytes, &n_bytes);
    const TwinProvenance provenance = {.application = "a", .comment = "hi"};
    g_autoptr(TwinCaptureWriter) writer =
        twin_capture_writer_new(stream, 2, TWIN_CAPTURE_PCAPNG, &provenance, NULL);
    TwinFrame frame = twin_test_raw_frame(1, (const uint8_t[]){0xaa, 0xbb, 0xcc}, 3);
    frame.time_ns = 1000000002;
    frame.original_bytes = 5;
    g_assert_true(twin_capture_writer_write(writer, &frame, "label"));
    g_assert_cmpint(fclose(stream), ==, 0);
    g_assert_cmpmem(bytes, (int)n_bytes, expected_pcapng, (int)sizeof expected_pcapng);
    free(bytes);
}

static void test_the_ending_says_the_format(void)
{
    g_assert_cmpint(twin_capture_format_of("a.pcapng"), ==, TWIN_CAPTURE_PCAPNG);
    g_assert_cmpint(twin_capture_format_of("a.pcapng/b.pcap"), ==, TWIN_CAPTURE_PCAP);
    g_assert_cmpint(twin_capture_format_of("-"), ==, TWIN_CAPTURE_PCAP);
}

static void test_times_that_do_not_fit_are_refused(void)
{
    static const struct {
        int64_t time_ns;
        bool fits;
    } rows[] = {
        {-1, false},
        {0, true},
        {INT64_C(4294967295999999999), true},
        {INT64_C(4294967296000000000), false},
    };
    FILE *stream = tmpfile();
    g_autoptr(TwinCaptureWriter) writer =
        twin_capture_writer_new(stream, 100, TWIN_CAPTURE_PCAP, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TwinFrame frame = twin_test_raw_frame(1, expected, sizeof expected);
        frame.time_ns = rows[i].time_ns;
        const long before = ftell(stream);
        g_assert_true(twin_capture_writer_write(writer, &frame, NULL) == rows[i].fits);
        g_assert_true((ftell(stream) > before) == rows[i].fits);
    }
    g_assert_cmpint(fclose(stream), ==, 0);
}

static void test_a_full_disk_is_told(void)
{
    FILE *stream = fopen("/dev/full", "wb");
    if (stream == NULL) {
        g_test_skip("no /dev/full here");
        return;
    }
    (void)setvbuf(stream, NULL, _IONBF, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_capture_writer_new(stream, 100, TWIN_CAPTURE_PCAP, NULL, &error));
    g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    (void)fclose(stream);
}

/* What the helper of other tests writes is what the reader and the decoder find. */
static void test_helper_round_trip(void)
{
    static const uint8_t mss[] = {2, 4, 0x05, 0xb4};
    static const TwinTestPacket packets[] = {
        {.time_ns = 5, .flags = TWIN_TCP_SYN, .seq = 7, .options = mss, .option_bytes = 4},
        {.time_ns = 6,
         .source = "2001:db8::2",
         .destination = "2001:db8::1",
         .source_port = 443,
         .flags = TWIN_TCP_ACK | TWIN_TCP_PSH,
         .ack = 9,
         .window = 11,
         .payload_bytes = 1448,
         .ttl = 3},
    };
    char *path = twin_test_capture(packets, G_N_ELEMENTS(packets));
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinCapture) capture = twin_capture_open(path, &error);
    g_assert_no_error(error);
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
        TwinFrame frame;
        TwinSegment segment;
        g_assert_cmpint(twin_capture_next(capture, &frame, &error), ==, TWIN_CAPTURE_FRAME);
        g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, TWIN_DECODE_SEGMENT);
        g_assert_cmpint(segment.time_ns, ==, packets[i].time_ns);
        g_assert_cmpuint(segment.payload_bytes, ==, packets[i].payload_bytes);
        g_assert_cmpuint(segment.tcp.flags, ==, packets[i].flags);
        g_assert_cmpuint(segment.tcp.seq, ==, packets[i].seq);
        g_assert_cmpuint(segment.tcp.ack, ==, packets[i].ack);
        g_assert_cmpuint(segment.tcp.window, ==, packets[i].window);
        g_assert_cmpuint(segment.option_bytes, ==, packets[i].option_bytes);
        g_assert_cmpuint(segment.source_mac[5], ==, i == 0 ? 1 : 2);
    }
    twin_test_remove(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture-writer/pcapng-says-where-it-comes-from",
                    test_pcapng_says_where_it_comes_from);
    g_test_add_func("/capture-writer/the-ending-says-the-format", test_the_ending_says_the_format);
    g_test_add_func("/capture-writer/bytes-are-the-same-on-every-machine",
                    test_bytes_are_the_same_on_every_machine);
    g_test_add_func("/capture-writer/times-that-do-not-fit-are-refused",
                    test_times_that_do_not_fit_are_refused);
    g_test_add_func("/capture-writer/a-full-disk-is-told", test_a_full_disk_is_told);
    g_test_add_func("/capture-writer/helper-round-trip", test_helper_round_trip);
    return g_test_run();
}
