/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_rows.h"

#include "small.h"

#include <string.h>

enum { OPTION_BYTES = 40 };

static size_t put_u32(uint8_t *bytes, uint32_t value)
{
    for (unsigned b = 0; b < 4; b++) {
        bytes[b] = (uint8_t)(value >> (24 - 8 * b));
    }
    return 4;
}

static const uint32_t usual_isns[2] = {1000, 5000};

static uint32_t isn_of(const HostOptions *options, unsigned side)
{
    return options->isns[side] != 0 ? options->isns[side] : usual_isns[side];
}

/* TCP options of a row; @return their length. */
static uint8_t put_options(const HostRow *row, const HostOptions *options, uint8_t *bytes)
{
    size_t n = 0;
    if ((row->flags & HOST_S) != 0 && options->has_options) {
        static const uint8_t syn[] = {2, 4, 5, 180, 4, 2};
        memcpy(bytes, syn, sizeof syn);
        n = sizeof syn;
        if (options->shifts[row->side] >= 0) {
            bytes[n++] = 3;
            bytes[n++] = 3;
            bytes[n++] = (uint8_t)options->shifts[row->side];
        }
    }
    if (row->ts_value != 0 || row->ts_echo != 0) {
        bytes[n++] = 8;
        bytes[n++] = 10;
        n += put_u32(bytes + n, row->ts_value);
        n += put_u32(bytes + n, row->ts_echo);
    }
    if (row->sack[0] != row->sack[1]) {
        const uint32_t isn = isn_of(options, 1 - row->side);
        bytes[n++] = 5;
        bytes[n++] = 10;
        n += put_u32(bytes + n, isn + (uint32_t)row->sack[0]);
        n += put_u32(bytes + n, isn + (uint32_t)row->sack[1]);
    }
    return (uint8_t)n;
}

static TwinTestPacket packet_of(const HostRow *row, const HostOptions *options, uint8_t *bytes)
{
    static const char *const addresses[2] = {"192.0.2.1", "192.0.2.2"};
    static const uint16_t ports[2] = {40000, 80};
    const int64_t start_ns =
        options->start_ns != 0 ? options->start_ns : INT64_C(1700000000000000000);
    return (TwinTestPacket){
        .time_ns = start_ns + (int64_t)(row->at_ms * 1e6),
        .source = addresses[row->side],
        .destination = addresses[1 - row->side],
        .source_port = ports[row->side],
        .destination_port = ports[1 - row->side],
        .flags = row->flags,
        .window = row->window == 0   ? 1000
                  : row->window == 1 ? 0
                                     : row->window,
        .seq = isn_of(options, row->side) + (uint32_t)row->seq,
        .ack = (row->flags & HOST_A) != 0 ? isn_of(options, 1 - row->side) + (uint32_t)row->ack : 0,
        .payload_bytes = row->payload_bytes,
        .option_bytes = put_options(row, options, bytes),
        .options = bytes,
    };
}

void host_flow_init(HostFlow *self, const HostRow *rows, size_t n_rows, const HostOptions *options)
{
    const HostOptions usual = {.has_options = false};
    options = options != NULL ? options : &usual;
    g_autofree TwinTestPacket *packets = g_new0(TwinTestPacket, n_rows);
    g_autofree uint8_t *bytes = g_malloc0(n_rows * OPTION_BYTES);
    for (size_t r = 0; r < n_rows; r++) {
        packets[r] = packet_of(&rows[r], options, bytes + r * OPTION_BYTES);
    }
    *self = (HostFlow){.flows = twin_test_flows(packets, n_rows, NULL)};
    g_assert_cmpuint(twin_flows_n_flows(self->flows), ==, 1);
    self->scratch = twin_inference_scratch_new();
    const TwinFlow *flow = twin_flows_flow(self->flows, 0);
    g_assert_true(twin_exchange_infer(&self->exchange, self->flows, flow, self->scratch));
    host_assert_promises(&self->exchange, self->flows, flow, n_rows);
}

void host_flow_clear(HostFlow *self)
{
    twin_exchange_free(&self->exchange);
    twin_inference_scratch_free(self->scratch);
    twin_flows_free(self->flows);
}

static void assert_packet(const TwinExchange *exchange, const TwinHostPacket *packet)
{
    const int64_t own_half = exchange->sides[packet->side].half_ns;
    const int64_t peer_half = exchange->sides[1 - packet->side].half_ns;
    g_assert_cmpint(packet->sent_ns, ==, packet->captured_ns - own_half);
    g_assert_cmpint(packet->nominal_ns, ==, packet->captured_ns + peer_half);
    const bool is_lost = packet->fate == TWIN_FATE_LOST || packet->fate == TWIN_FATE_HIDDEN;
    const bool is_inferred = packet->fate == TWIN_FATE_HIDDEN || packet->fate == TWIN_FATE_MISSED;
    g_assert_cmpint(packet->arrived_ns == TWIN_NEVER_NS, ==, is_lost);
    g_assert_cmpint(packet->record < 0, ==, is_inferred);
    g_assert_true(is_lost || packet->arrived_ns >= packet->nominal_ns);
    g_assert_cmpint(packet->held_ns, ==, is_lost ? 0 : packet->arrived_ns - packet->nominal_ns);
    g_assert_cmpuint(packet->move, <, TWIN_N_MOVES);
    g_assert_cmpuint(packet->ack_manner, <, TWIN_N_ACKS);
    g_assert_cmpuint(packet->delay_class, <, TWIN_N_DELAYS);
    g_assert_cmpint(packet->write, <, (int64_t)exchange->n_writes);
    g_assert_true(packet->write < 0 || exchange->writes[packet->write].side == packet->side);
    g_assert_true(packet->move == TWIN_MOVE_AGAIN ? packet->back > 0 : packet->back == 0);
    g_assert_true(packet->move == TWIN_MOVE_ODD || packet->odd_by == 0);
    g_assert_true(packet->ack_manner != TWIN_ACK_EXACT || packet->ack_by == 0);
    if (packet->move == TWIN_MOVE_NEW && packet->payload_bytes > 0) {
        g_assert_cmpint(packet->write, >=, 0);
    }
}

static void assert_writes(const TwinExchange *exchange)
{
    uint64_t n_segments = 0;
    uint64_t bytes = 0;
    for (size_t w = 0; w < exchange->n_writes; w++) {
        g_assert_cmpuint(exchange->writes[w].n_segments, >, 0);
        n_segments += exchange->writes[w].n_segments;
        bytes += exchange->writes[w].bytes;
    }
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        if (packet->move == TWIN_MOVE_NEW && packet->payload_bytes > 0) {
            n_segments--;
            bytes -= packet->payload_bytes;
        }
    }
    g_assert_cmpuint(n_segments, ==, 0);
    g_assert_cmpuint(bytes, ==, 0);
}

void host_assert_promises(const TwinExchange *exchange, const TwinFlows *flows,
                          const TwinFlow *flow, size_t n_records)
{
    int64_t captured_ns = INT64_MIN;
    int64_t arrived_ns[2] = {INT64_MIN, INT64_MIN};
    int32_t record = 0;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        assert_packet(exchange, packet);
        g_assert_cmpint(packet->captured_ns, >=, captured_ns);
        captured_ns = packet->captured_ns;
        if (packet->arrived_ns != TWIN_NEVER_NS) {
            g_assert_cmpint(packet->arrived_ns, >=, arrived_ns[packet->side]);
            arrived_ns[packet->side] = packet->arrived_ns;
        }
        if (packet->record >= 0) {
            const TwinPacket *from = twin_flows_packet(flows, flow, (size_t)record);
            g_assert_cmpint(packet->record, ==, record++);
            g_assert_cmpuint(packet->side, ==, twin_flow_side(flow, from));
            g_assert_cmpuint(packet->window, ==, from->window);
        }
    }
    g_assert_cmpuint((size_t)record, ==, n_records);
    g_assert_cmpuint(exchange->packets[0].record == 0 ? 0 : 1, <=, exchange->n_packets - n_records);
    assert_writes(exchange);
}
