/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/tracker.h>

#include "audit/packed.h"
#include "case_flows.h"
#include "frames.h"
#include "packet/tcp.h"

#include <string.h>

static const int64_t start_ns = INT64_C(1700000000) * 1000000000;

/* The same frames to both; a label now and then. */
typedef struct {
    TwinFlows *flows;
    TwinTracker *tracker;
    uint32_t n_frames;
} Pair;

static void pair_begin(Pair *pair)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    *pair = (Pair){.flows = twin_flows_new(&options), .tracker = twin_tracker_new()};
}

static void pair_end(Pair *pair)
{
    twin_flows_free(pair->flows);
    twin_tracker_free(pair->tracker);
}

static uint32_t pair_push(Pair *pair, const TwinFrame *frame)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_flows_push(pair->flows, frame, NULL, &error));
    return twin_tracker_push(pair->tracker, frame, ++pair->n_frames);
}

static void assert_same_verdicts(const Pair *pair, TwinAudit *audit, uint32_t index)
{
    const TwinFlow *flow = twin_flows_flow(pair->flows, index);
    TwinVerdict wanted[TWIN_N_CHECKS];
    TwinVerdict got[TWIN_N_CHECKS];
    twin_check_flow(audit, pair->flows, flow, wanted);
    twin_tracker_verdicts(pair->tracker, index, true, got);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_cmpint(got[check].passes, ==, wanted[check].passes);
        g_assert_cmpint(got[check].is_decided, ==, wanted[check].is_decided);
        g_assert_cmpint(got[check].is_final, ==, wanted[check].is_final);
        g_assert_cmpstr(twin_check_reason(got[check].reason), ==,
                        twin_check_reason(wanted[check].reason));
        const uint32_t frame =
            wanted[check].packet < flow->n_packets
                ? twin_flows_packet(pair->flows, flow, wanted[check].packet)->frame
                : UINT32_MAX;
        g_assert_cmpuint(got[check].packet, ==, frame);
    }
}

static void assert_same_flow(const Pair *pair, TwinAudit *audit, uint32_t index)
{
    const TwinFlow *flow = twin_flows_flow(pair->flows, index);
    assert_same_verdicts(pair, audit, index);
    TwinTrackedFlow tracked;
    twin_tracker_flow(pair->tracker, index, &tracked);
    uint64_t payload_bytes = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        payload_bytes += twin_flows_packet(pair->flows, flow, k)->payload_bytes;
    }
    g_assert_cmpmem(tracked.addresses, sizeof tracked.addresses, flow->addresses,
                    sizeof flow->addresses);
    g_assert_cmpmem(tracked.ports, sizeof tracked.ports, flow->ports, sizeof flow->ports);
    g_assert_cmpuint(tracked.ip_version, ==, flow->ip_version);
    g_assert_cmpuint(tracked.client, ==, flow->client);
    g_assert_cmpuint(tracked.n_packets, ==, flow->n_packets);
    g_assert_cmpuint(tracked.payload_bytes, ==, payload_bytes);
    g_assert_cmpstr(tracked.history, ==, twin_audit_history(audit));
    g_assert_cmpint(tracked.is_midway, ==, twin_audit_is_midway(audit));
}

static void assert_same(Pair *pair)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_flows_finish(pair->flows, &error));
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    g_assert_cmpuint(twin_tracker_n_flows(pair->tracker), ==, twin_flows_n_flows(pair->flows));
    g_assert_false(twin_tracker_is_full(pair->tracker));
    for (uint32_t f = 0; f < twin_flows_n_flows(pair->flows); f++) {
        assert_same_flow(pair, audit, f);
    }
    const TwinFlowsCounts *counts = twin_tracker_counts(pair->tracker);
    g_assert_cmpuint(counts->frames, ==, pair->n_frames);
    g_assert_cmpuint(counts->tcp, ==, twin_flows_counts(pair->flows)->tcp);
}

enum { N_COPIES = 12 }; /* of each case: more flows than audits stay at hand */

/* Packet @i of a case, where it has so many; every second case over IPv6. */
static void push_packet_of(Pair *pair, const TwinCase *row, size_t number, size_t i)
{
    int64_t time_ns = start_ns;
    for (size_t k = 0; k <= i && k < row->n_packets; k++) {
        time_ns += row->packets[k].gap_ns;
    }
    for (size_t copy = 0; copy < N_COPIES && i < row->n_packets; copy++) {
        const TwinCaseWay way = {
            .port = (uint16_t)(20000 + number * N_COPIES + copy),
            .is_ipv6 = number % 2 != 0,
            .are_sides_swapped = copy % 2 != 0,
        };
        uint8_t bytes[TWIN_CASE_FRAME_BYTES];
        TwinFrame frame = twin_case_frame(&row->packets[i], &way, bytes);
        frame.time_ns = time_ns;
        g_assert_cmpuint(pair_push(pair, &frame), !=, TWIN_TRACKER_NO_FLOW);
    }
}

/* A packet of each case in turn, so that no audit stays at hand from packet to packet. */
static void test_cases_all_at_a_time(const void *data)
{
    const GPtrArray *rows = data;
    Pair pair;
    pair_begin(&pair);
    for (size_t i = 0; i < 100; i++) {
        for (size_t r = 0; r < rows->len; r++) {
            push_packet_of(&pair, g_ptr_array_index(rows, r), r, i);
        }
    }
    g_assert_cmpuint(twin_tracker_n_flows(pair.tracker), >, rows->len * (size_t)N_COPIES);
    assert_same(&pair);
    pair_end(&pair);
}

/* After every packet: what the numbers have shown comes back, bit by bit. */
static void test_packing(const void *data)
{
    static const TwinCaseWay way = {.name = "plain"};
    const GPtrArray *rows = data;
    TwinAudit begun;
    twin_audit_begin_packing(&begun);
    for (size_t r = 0; r < rows->len; r++) {
        const TwinCaseLayout layout = twin_case_whole(g_ptr_array_index(rows, r), &way);
        g_autoptr(TwinFlows) flows = twin_case_flows(&layout, TWIN_READING_EXACT);
        const TwinFlow *flow = twin_flows_flow(flows, 0);
        TwinAudit audit = begun;
        for (uint32_t k = 0; k < flow->n_packets; k++) {
            twin_audit_packet(&audit, twin_flows_packet(flows, flow, k));
            uint8_t bytes[TWIN_PACKED_MAX_BYTES];
            TwinAudit unpacked;
            g_assert_cmpuint(twin_audit_pack(&audit, &begun, bytes), <=, sizeof bytes);
            twin_audit_unpack(&unpacked, &begun, bytes);
            g_assert_cmpmem(&unpacked.connection, sizeof unpacked.connection, &audit.connection,
                            sizeof audit.connection);
            g_assert_cmpint(unpacked.last_ns, ==, audit.last_ns);
            g_assert_cmpuint(unpacked.n_packets, ==, k + 1);
        }
    }
}

static TwinTestPacket packet_at(int64_t time_ns, bool is_from_server, uint16_t flags, uint32_t seq,
                                uint32_t ack)
{
    return (TwinTestPacket){
        .time_ns = start_ns + time_ns,
        .source = is_from_server ? "192.0.2.2" : "192.0.2.1",
        .destination = is_from_server ? "192.0.2.1" : "192.0.2.2",
        .source_port = is_from_server ? 80 : 40000,
        .destination_port = is_from_server ? 40000 : 80,
        .flags = flags,
        .seq = seq,
        .ack = ack,
    };
}

static uint32_t push_packet(Pair *pair, TwinTestPacket packet)
{
    uint8_t bytes[TWIN_TEST_FRAME_BYTES];
    const TwinFrame frame = twin_test_frame(&packet, bytes);
    return pair_push(pair, &frame);
}

/* A refused SYN repeated is a retry, whichever side sent the flow's first packet. */
static void test_retry_of_second_side(void)
{
    Pair pair;
    pair_begin(&pair);
    push_packet(&pair, packet_at(0, true, TWIN_TCP_ACK, 900, 100));
    for (int64_t i = 1; i < 4; i++) {
        push_packet(&pair, packet_at(i * 1000000, false, TWIN_TCP_SYN, 5000, 0));
        push_packet(&pair, packet_at(i * 1000000, true, TWIN_TCP_RST | TWIN_TCP_ACK, 0, 5001));
    }
    assert_same(&pair);
    g_assert_cmpuint(twin_tracker_n_flows(pair.tracker), ==, 1);
    pair_end(&pair);
}

/* Verdicts by the way: what a later packet may change says so. */
static void test_first_pass(void)
{
    Pair pair;
    pair_begin(&pair);
    TwinVerdict verdicts[TWIN_N_CHECKS];
    const uint32_t flow = push_packet(&pair, packet_at(0, false, TWIN_TCP_SYN, 100, 0));
    twin_tracker_verdicts(pair.tracker, flow, false, verdicts);
    g_assert_false(verdicts[TWIN_CHECK_HANDSHAKE].passes);
    g_assert_false(verdicts[TWIN_CHECK_HANDSHAKE].is_final);
    push_packet(&pair, packet_at(1000, true, TWIN_TCP_SYN | TWIN_TCP_ACK, 900, 101));
    push_packet(&pair, packet_at(2000, false, TWIN_TCP_ACK, 101, 901));
    twin_tracker_verdicts(pair.tracker, flow, false, verdicts);
    g_assert_true(verdicts[TWIN_CHECK_HANDSHAKE].passes);
    g_assert_true(verdicts[TWIN_CHECK_HANDSHAKE].is_final);
    g_assert_false(verdicts[TWIN_CHECK_TERMINATION].is_final);
    g_assert_cmpstr(twin_check_reason(verdicts[TWIN_CHECK_TERMINATION].reason), ==, "open");
    twin_tracker_verdicts(pair.tracker, flow, true, verdicts);
    g_assert_true(verdicts[TWIN_CHECK_TERMINATION].is_final);
    g_assert_cmpstr(twin_check_reason(verdicts[TWIN_CHECK_TERMINATION].reason), ==, "open-at-end");
    pair_end(&pair);
}

static void test_labels(void)
{
    Pair pair;
    pair_begin(&pair);
    const uint32_t flow = push_packet(&pair, packet_at(0, false, TWIN_TCP_SYN, 100, 0));
    TwinTrackedFlow tracked;
    twin_tracker_flow(pair.tracker, flow, &tracked);
    g_assert_null(tracked.label);
    g_assert_cmpuint(twin_tracker_label_rank(pair.tracker, flow), ==, 0);
    twin_tracker_set_label(pair.tracker, flow, "tls", 2);
    twin_tracker_set_label(pair.tracker, flow, "tcp", 1);
    twin_tracker_set_label(pair.tracker, flow, "quic", 2);
    twin_tracker_flow(pair.tracker, flow, &tracked);
    g_assert_cmpstr(tracked.label, ==, "tls");
    twin_tracker_set_label(pair.tracker, flow, "http2", 3);
    twin_tracker_flow(pair.tracker, flow, &tracked);
    g_assert_cmpstr(tracked.label, ==, "http2");
    g_assert_cmpuint(twin_tracker_label_rank(pair.tracker, flow), ==, 3);
    pair_end(&pair);
}

static void test_no_flow(void)
{
    Pair pair;
    pair_begin(&pair);
    static const uint8_t nothing[14] = {0};
    const TwinFrame frame = twin_test_raw_frame(1, nothing, sizeof nothing);
    g_assert_cmpuint(pair_push(&pair, &frame), ==, TWIN_TRACKER_NO_FLOW);
    const TwinFrame unknown = twin_test_raw_frame(147, nothing, sizeof nothing);
    g_assert_cmpuint(pair_push(&pair, &unknown), ==, TWIN_TRACKER_NO_FLOW);
    g_assert_cmpuint(twin_tracker_counts(pair.tracker)->not_tcp, ==, 1);
    g_assert_cmpuint(twin_tracker_counts(pair.tracker)->unknown_links, ==, 1);
    assert_same(&pair);
    pair_end(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GPtrArray) rows = twin_cases_load(TWIN_CASES);
    g_test_add_data_func("/tracker/cases-all-at-a-time", rows, test_cases_all_at_a_time);
    g_test_add_data_func("/tracker/packing", rows, test_packing);
    g_test_add_func("/tracker/retry-of-second-side", test_retry_of_second_side);
    g_test_add_func("/tracker/first-pass", test_first_pass);
    g_test_add_func("/tracker/labels", test_labels);
    g_test_add_func("/tracker/no-flow", test_no_flow);
    return g_test_run();
}
