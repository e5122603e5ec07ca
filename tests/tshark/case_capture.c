/* SPDX-License-Identifier: GPL-2.0-or-later */
/* case_capture CASES OUT
 *
 * Writes every case of tcpaudit-cases.tsv into one capture (pcap, nanoseconds, Ethernet), one after
 * the other: case n has client port 20000 + n and starts 1,000 s after the one before it. */
#include "case_flows.h"
#include "frames.h"

#include <stdio.h>
#include <string.h>

static const int64_t start_ns = INT64_C(1700000000) * 1000000000;
static const int64_t second_ns = 1000000000;

static void put_words(FILE *file, const uint32_t *words, size_t n_words)
{
    g_assert_cmpuint(fwrite(words, sizeof *words, n_words, file), ==, n_words);
}

static void put_frame(FILE *file, const TwinFrame *frame)
{
    const uint32_t header[] = {
        (uint32_t)(frame->time_ns / second_ns),
        (uint32_t)(frame->time_ns % second_ns),
        frame->captured_bytes,
        frame->original_bytes,
    };
    put_words(file, header, G_N_ELEMENTS(header));
    g_assert_cmpuint(fwrite(frame->bytes, 1, frame->captured_bytes, file), ==,
                     frame->captured_bytes);
}

static void put_case(FILE *file, const TwinCase *row, size_t number)
{
    const TwinCaseWay way = {.port = (uint16_t)(20000 + number)};
    int64_t time_ns = start_ns + (int64_t)number * 1000 * second_ns;
    for (size_t i = 0; i < row->n_packets; i++) {
        time_ns += row->packets[i].gap_ns;
        uint8_t bytes[TWIN_CASE_FRAME_BYTES];
        TwinFrame frame = twin_case_frame(&row->packets[i], &way, bytes);
        frame.time_ns = time_ns;
        put_frame(file, &frame);
    }
}

int main(int argc, char **argv)
{
    static const uint32_t file_header[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1};
    g_assert_cmpint(argc, ==, 3);
    g_autoptr(GPtrArray) rows = twin_cases_load(argv[1]);
    FILE *file = fopen(argv[2], "wb");
    g_assert_nonnull(file);
    put_words(file, file_header, G_N_ELEMENTS(file_header));
    for (size_t n = 0; n < rows->len; n++) {
        put_case(file, g_ptr_array_index(rows, n), n);
    }
    g_assert_cmpint(fclose(file), ==, 0);
    return 0;
}
