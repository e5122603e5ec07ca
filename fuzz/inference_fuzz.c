/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random packets into inference and plan: what they promise holds whatever the numbers. */
#include "fuzz.h"
#include "host/events.h"
#include "host/inference.h"
#include "host/plan.h"
#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

/* Six bytes a packet: side and flags; steps of seq and of ack from what would come next; payload;
 * time; window and timestamps; the next packet's place in SACK and others. */
enum {
    PACKET_BYTES = 6,
    MAX_PACKETS = 512,
    OPTION_BYTES = 24,
    FRAME_BYTES = 54 + OPTION_BYTES,
};

static const int32_t steps[16] = {
    0,    0,     0,    0,      -1,      1,       -100,       100,
    1000, -1000, 5000, -20000, 1 << 20, 1 << 25, -(1 << 25), INT32_MIN,
};
static const uint32_t payloads[8] = {0, 0, 1, 10, 100, 1000, 1460, 60000};
static const int64_t gaps_ns[8] = {0, 1, 1000, 200000, 10000000, 40000000, 900000000, 60000000000};

/* Where the conversation stands. */
typedef struct {
    uint32_t next[2];
    uint32_t ts_value[2];
    int64_t time_ns;
} Conversation;

static uint8_t *put_u16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return bytes + 2;
}

static uint8_t *put_u32(uint8_t *bytes, uint32_t value)
{
    return put_u16(put_u16(bytes, value >> 16), value);
}

static uint8_t *put_options(uint8_t *bytes, const Conversation *self, const uint8_t *said,
                            unsigned side)
{
    const bool has_stamp = (said[5] & 1) != 0;
    const bool has_sack = (said[5] & 2) != 0;
    memset(bytes, 1, OPTION_BYTES);
    if (has_stamp) {
        bytes[2] = 8;
        bytes[3] = 10;
        put_u32(put_u32(bytes + 4, self->ts_value[side]),
                self->ts_value[1 - side] - (said[5] >> 6));
    }
    if (has_sack) {
        const uint32_t begin = self->next[1 - side] + (uint32_t)steps[said[5] >> 2 & 15];
        bytes[14] = 5;
        bytes[15] = 10;
        put_u32(put_u32(bytes + 16, begin), begin + payloads[said[4] & 7]);
    }
    return bytes + OPTION_BYTES;
}

/* An IPv4 frame without link layer. */
static uint32_t put_frame(uint8_t *bytes, Conversation *self, const uint8_t *said)
{
    const unsigned side = said[0] & 1;
    const uint32_t flags = said[0] >> 1 & 0x1f;
    const uint32_t payload_bytes = payloads[said[3] & 7];
    const uint32_t seq = self->next[side] + (uint32_t)steps[said[1] & 15];
    const uint32_t ack = self->next[1 - side] + (uint32_t)steps[said[1] >> 4];
    const int64_t gap_ns = gaps_ns[said[2] & 7];
    self->time_ns += (said[2] & 8) != 0 ? -gap_ns : gap_ns;
    self->ts_value[side] += said[2] >> 4;
    uint8_t *at = put_u16(bytes, 0x4500);
    at = put_u16(at, 40 + OPTION_BYTES + payload_bytes);
    at = put_u32(at, 0x00004000);
    at = put_u32(at, 0x40060000);
    at = put_u32(at, 0x0a000001 + side);
    at = put_u32(at, 0x0a000002 - side);
    at = put_u16(at, 1000 + side);
    at = put_u16(at, 1001 - side);
    at = put_u32(put_u32(at, seq), ack);
    at = put_u16(at, (20 + OPTION_BYTES) / 4 << 12 | flags);
    at = put_u32(put_u16(at, said[4] * 257U), 0);
    at = put_options(at, self, said, side);
    const uint32_t end =
        seq + payload_bytes + ((flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0 ? 1 : 0);
    if ((said[3] & 8) == 0) {
        self->next[side] = end;
    }
    return (uint32_t)(at - bytes);
}

static TwinFlows *read_flows(const uint8_t *bytes, size_t n_bytes)
{
    const TwinFlowsOptions options = {.by_timeout_only = true};
    TwinFlows *flows = twin_flows_new(&options);
    Conversation conversation = {.next = {UINT32_MAX - 20, 5000}};
    for (size_t k = 0; k < MAX_PACKETS && n_bytes >= PACKET_BYTES; k++) {
        uint8_t frame_bytes[FRAME_BYTES];
        const uint32_t n = put_frame(frame_bytes, &conversation, bytes);
        const TwinFrame frame = {.time_ns = conversation.time_ns,
                                 .bytes = frame_bytes,
                                 .captured_bytes = n,
                                 .original_bytes = n + payloads[bytes[3] & 7],
                                 .link_type = 101 /* raw IP */};
        g_assert_true(twin_flows_push(flows, &frame, NULL, NULL));
        bytes += PACKET_BYTES;
        n_bytes -= PACKET_BYTES;
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    return flows;
}

static void assert_packet(const TwinExchange *exchange, const TwinHostPacket *packet)
{
    const bool is_lost = packet->fate == TWIN_FATE_LOST || packet->fate == TWIN_FATE_HIDDEN;
    const bool is_inferred = packet->fate == TWIN_FATE_HIDDEN || packet->fate == TWIN_FATE_MISSED;
    g_assert_true((packet->arrived_ns == TWIN_NEVER_NS) == is_lost);
    g_assert_true((packet->record < 0) == is_inferred);
    g_assert_true(is_lost || packet->arrived_ns >= packet->nominal_ns);
    g_assert_true(packet->sent_ns <= packet->captured_ns);
    g_assert_true(packet->nominal_ns >= packet->captured_ns);
    g_assert_true(packet->held_ns >= 0);
    g_assert_true(packet->write < (int64_t)exchange->n_writes);
    g_assert_true(packet->payload_bytes <= packet->size);
    g_assert_true(packet->move < TWIN_N_MOVES && packet->ack_manner < TWIN_N_ACKS);
    g_assert_true(packet->delay_class < TWIN_N_DELAYS);
}

/* In the order of the capture, nothing left out, first in first out. */
static void assert_order(const TwinExchange *exchange, const TwinFlow *flow)
{
    int64_t captured_ns = INT64_MIN;
    int64_t arrived_ns[2] = {INT64_MIN, INT64_MIN};
    int32_t record = 0;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        assert_packet(exchange, packet);
        g_assert_true(packet->captured_ns >= captured_ns);
        captured_ns = packet->captured_ns;
        if (packet->arrived_ns != TWIN_NEVER_NS) {
            g_assert_true(packet->arrived_ns >= arrived_ns[packet->side]);
            arrived_ns[packet->side] = packet->arrived_ns;
        }
        if (packet->record >= 0) {
            g_assert_true(packet->record == record++);
        }
    }
    g_assert_true((uint32_t)record == flow->n_packets);
}

static void assert_events(const TwinExchange *exchange)
{
    TwinEvents events;
    twin_events_init(&events, exchange);
    int64_t time_ns = INT64_MIN;
    size_t n_sends = 0;
    for (TwinEvent event; twin_events_next(&events, &event);) {
        if (event.kind != TWIN_EVENT_START) {
            g_assert_true(event.time_ns >= time_ns);
            time_ns = event.time_ns;
        }
        n_sends += event.kind == TWIN_EVENT_SEND ? 1 : 0;
    }
    g_assert_true(n_sends == exchange->n_packets);
}

/* Counts of both hosts add up to what there is. */
static void assert_plan(const TwinExchange *exchange, const TwinExchangePlan *plan)
{
    double n_packets = 0;
    double n_writes = 0;
    double bytes = 0;
    double n_fates = 0;
    for (unsigned h = 0; h < 2; h++) {
        const double *at = plan->hosts[h].at;
        n_packets += at[TWIN_PLAN_PACKETS];
        n_writes += at[TWIN_PLAN_WRITES];
        bytes += at[TWIN_PLAN_BYTES];
        n_fates += at[TWIN_PLAN_HIDDENS] + at[TWIN_PLAN_MISSED];
        for (size_t e = 0; e < TWIN_N_COUNTS; e++) {
            g_assert_true(e == TWIN_PLAN_THINK || at[e] >= 0);
        }
        g_assert_true(plan->n_windows[h] <= at[TWIN_PLAN_WINDOW_MOVES]);
    }
    for (size_t w = 0; w < exchange->n_writes; w++) {
        bytes -= exchange->writes[w].bytes;
    }
    for (size_t i = 0; i < exchange->n_packets; i++) {
        n_fates -= exchange->packets[i].record < 0 ? 1 : 0;
    }
    g_assert_true(n_packets == (double)exchange->n_packets);
    g_assert_true(n_writes == (double)exchange->n_writes);
    g_assert_true(bytes == 0 && n_fates == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    g_autoptr(TwinFlows) flows = read_flows(bytes, n_bytes);
    TwinInferenceScratch *scratch = twin_inference_scratch_new();
    TwinExchange exchange = {.n_packets = 0};
    TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
    TwinInferenceCounts counts = {.n_flows = 0};
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        g_assert_true(twin_exchange_infer(&exchange, flows, flow, scratch));
        assert_order(&exchange, flow);
        assert_events(&exchange);
        g_assert_true(twin_exchange_plan(&exchange, &plan));
        assert_plan(&exchange, &plan);
        twin_inference_count(&counts, &exchange, flows, flow);
        g_assert_true(counts.n_exact <= counts.n_acks && counts.n_following <= counts.n_echoes);
    }
    twin_exchange_plan_clear(&plan);
    twin_exchange_free(&exchange);
    twin_inference_scratch_free(scratch);
    return 0;
}
