/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_flows.h"

#include "blocks.h"
#include "frames.h"
#include "packet/tcp.h"

#include <string.h>

enum {
    LEAST_ETHERNET_BYTES = 60,
    CUT_BYTES = 54,
};

static TwinTestPacket test_packet(const TwinCasePacket *packet, const TwinCaseWay *way)
{
    static const uint8_t syn_options[] = {2, 4, 0x05, 0xb4, 3, 3, 7, 1, 34, 6, 1, 2, 3, 4, 1, 1};
    const uint32_t firsts[2][2] = {{1000000, 2000000}, {UINT32_MAX - 4, UINT32_MAX - 60}};
    const uint32_t *first = firsts[way->has_high_numbers ? 1 : 0];
    const bool is_from_b = packet->is_from_b != way->are_sides_swapped;
    const char *const ends[] = {way->is_ipv6 ? "2001:db8::1" : "192.0.2.1",
                                way->is_ipv6 ? "2001:db8::2" : "192.0.2.2"};
    const uint16_t port = way->port != 0 ? way->port : 40000;
    const bool has_syn = (packet->flags & TWIN_TCP_SYN) != 0;
    return (TwinTestPacket){
        .source = ends[is_from_b ? 1 : 0],
        .destination = ends[is_from_b ? 0 : 1],
        .source_port = is_from_b ? 80 : port,
        .destination_port = is_from_b ? port : 80,
        .flags = packet->flags,
        .window = packet->window,
        .seq = first[packet->is_from_b ? 1 : 0] + packet->seq,
        .ack = packet->has_ack_number ? first[packet->is_from_b ? 0 : 1] + packet->ack : 0,
        .payload_bytes = packet->payload_bytes,
        .options = syn_options,
        .option_bytes = !has_syn             ? 0
                        : packet->has_cookie ? sizeof syn_options
                                             : 8,
    };
}

/* Puts an 802.1Q tag after the MAC addresses. */
static void tag_frame(TwinFrame *frame, uint8_t *bytes)
{
    static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x2a};
    memmove(bytes + 16, bytes + 12, frame->captured_bytes - 12);
    memcpy(bytes + 12, tag, sizeof tag);
    frame->captured_bytes += sizeof tag;
    frame->original_bytes += sizeof tag;
}

TwinFrame twin_case_frame(const TwinCasePacket *packet, const TwinCaseWay *way,
                          uint8_t bytes_out[TWIN_CASE_FRAME_BYTES])
{
    const TwinTestPacket test = test_packet(packet, way);
    TwinFrame frame = twin_test_frame(&test, bytes_out);
    if (packet->is_padded && frame.original_bytes < LEAST_ETHERNET_BYTES) {
        memset(bytes_out + frame.captured_bytes, 0, LEAST_ETHERNET_BYTES - frame.captured_bytes);
        frame.captured_bytes = frame.original_bytes = LEAST_ETHERNET_BYTES;
    }
    if (way->has_vlan) {
        tag_frame(&frame, bytes_out);
    }
    if (way->is_cut && frame.captured_bytes > CUT_BYTES) {
        frame.captured_bytes = CUT_BYTES;
    }
    return frame;
}

static void put_frame(TwinTestBlocks *file, const TwinFrame *frame)
{
    const uint64_t time_ns = (uint64_t)frame->time_ns;
    const size_t block = twin_test_begin_block(file, 6);
    twin_test_u32(file, 0); /* interface */
    twin_test_u32(file, (uint32_t)(time_ns >> 32));
    twin_test_u32(file, (uint32_t)time_ns);
    twin_test_u32(file, frame->captured_bytes);
    twin_test_u32(file, frame->original_bytes);
    twin_test_bytes(file, frame->bytes, frame->captured_bytes);
    twin_test_end_block(file, block);
}

/* Pushes the frames, or gathers them in @file. */
static void push_packets(const TwinCaseLayout *layout, TwinFlows *flows, TwinTestBlocks *file)
{
    int64_t time_ns = TWIN_CASE_START_NS;
    const unsigned n_copies = layout->way->is_doubled ? 2 : 1;
    for (size_t i = 0; i < layout->row->n_packets; i++) {
        const TwinCasePacket *packet = &layout->row->packets[i];
        time_ns += layout->way->has_equal_times ? 0 : packet->gap_ns;
        for (unsigned copy = 0; i >= layout->first && i < layout->end && copy < n_copies; copy++) {
            uint8_t bytes[TWIN_CASE_FRAME_BYTES];
            TwinFrame frame = twin_case_frame(packet, layout->way, bytes);
            frame.time_ns = time_ns;
            if (file != NULL) {
                put_frame(file, &frame);
                continue;
            }
            g_autoptr(GError) error = NULL;
            g_assert_true(twin_flows_push(flows, &frame, NULL, &error));
        }
    }
}

TwinFlows *twin_case_flows(const TwinCaseLayout *layout, TwinReading reading)
{
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.by_timeout_only = reading == TWIN_READING_LITERAL;
    g_autoptr(GError) error = NULL;
    TwinFlows *flows = twin_flows_new(&options);
    if (layout->way->is_pcapng) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        TwinTestBlocks file = {.bytes = bytes};
        twin_test_section(&file, false);
        twin_test_interface_with_clock(&file, 1, 9, 0);
        push_packets(layout, NULL, &file);
        char *path = twin_test_file(bytes->data, bytes->len);
        const char *const paths[] = {path};
        g_assert_true(twin_flows_read(flows, paths, 1, NULL, &error));
        twin_test_remove(path);
    } else {
        push_packets(layout, flows, NULL);
    }
    g_assert_true(twin_flows_finish(flows, &error));
    return flows;
}

TwinCaseLayout twin_case_whole(const TwinCase *row, const TwinCaseWay *way)
{
    return (TwinCaseLayout){.row = row, .way = way, .first = 0, .end = row->n_packets};
}
