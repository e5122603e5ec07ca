/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/flows.h>

#include "packet/tcp.h"
#include "small.h"

#include <stdio.h>
#include <string.h>

enum { SYN = TWIN_TCP_SYN, ACK = TWIN_TCP_ACK, FIN = TWIN_TCP_FIN, RST = TWIN_TCP_RST };

static const int64_t second_ns = 1000000000;

/* A packet from 192.0.2.1:40000 to :80, or back, at a time in seconds. */
typedef struct {
    double at_s;
    bool is_back;
    uint16_t flags;
    uint32_t seq, ack;
    size_t flow; /* that it belongs to */
} Row;

static TwinTestPacket packet_of(const Row *row)
{
    return (TwinTestPacket){
        .time_ns = (int64_t)(row->at_s * 1e9),
        .source = row->is_back ? "192.0.2.2" : "192.0.2.1",
        .destination = row->is_back ? "192.0.2.1" : "192.0.2.2",
        .source_port = row->is_back ? 80 : 40000,
        .destination_port = row->is_back ? 40000 : 80,
        .flags = row->flags,
        .seq = row->seq,
        .ack = row->ack,
    };
}

static void assert_flows(const Row *rows, size_t n_rows, bool by_timeout_only)
{
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.by_timeout_only = by_timeout_only;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    size_t n_flows = 0;
    for (size_t r = 0; r < n_rows; r++) {
        const TwinTestPacket packet = packet_of(&rows[r]);
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        g_assert_true(twin_flows_push(flows, &frame, NULL, NULL));
        n_flows = MAX(n_flows, by_timeout_only ? 1 : rows[r].flow + 1);
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, n_flows);
    for (size_t f = 0, r = 0; f < n_flows; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        for (size_t k = 0; k < flow->n_packets; k++, r++) { /* rows stand flow after flow */
            const TwinPacket *packet = twin_flows_packet(flows, flow, k);
            g_assert_cmpuint(packet->frame, ==, r + 1);
            g_assert_cmpuint(packet->flow, ==, f);
            g_assert_cmpint(packet->time_ns, ==, (int64_t)(rows[r].at_s * 1e9));
        }
    }
}

static void test_two_minutes_of_silence_end_a_flow(void)
{
    const Row rows[] = {
        {0, false, SYN, 1, 0, 0},   {120, true, SYN | ACK, 1, 2, 0}, /* not yet */
        {240, false, ACK, 2, 2, 0}, {360.000001, false, ACK, 2, 2, 1}, {360.1, true, ACK, 2, 2, 1},
    };
    assert_flows(rows, G_N_ELEMENTS(rows), false);
}

/* Time that runs backwards ends nothing. */
static void test_a_clock_that_was_set_back(void)
{
    const Row rows[] = {
        {1000, false, SYN, 1, 0, 0}, {500, true, SYN | ACK, 1, 2, 0}, {600, false, ACK, 2, 2, 0}};
    assert_flows(rows, G_N_ELEMENTS(rows), false);
}

/* What a pcapng file or a host program may say of time; the sanitizer watches. */
static void test_clocks_at_the_ends_of_64_bits(void)
{
    static const int64_t times_ns[] = {INT64_MIN, INT64_MAX, 0, INT64_MIN, -1, INT64_MAX};
    TwinTestPacket packets[G_N_ELEMENTS(times_ns)];
    for (size_t p = 0; p < G_N_ELEMENTS(times_ns); p++) {
        packets[p] = (TwinTestPacket){.time_ns = times_ns[p], .flags = ACK};
    }
    g_autoptr(TwinFlows) flows = twin_test_flows(packets, G_N_ELEMENTS(packets), NULL);
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 4); /* each leap forward ends one */
}

static const Row reused_rows[] = {
    {0, false, SYN, 100, 0, 0},        {1, true, SYN | ACK, 500, 101, 0},
    {2, false, ACK, 101, 501, 0},      {3, false, FIN | ACK, 101, 501, 0},
    {4, true, FIN | ACK, 501, 102, 0}, {5, false, ACK, 102, 502, 0},
    {6, false, SYN, 9000, 0, 1},       {7, true, SYN | ACK, 8000, 9001, 1},
    {8, false, ACK, 9001, 8001, 1},
};

static void test_a_syn_on_a_finished_flow_begins_another(void)
{
    assert_flows(reused_rows, G_N_ELEMENTS(reused_rows), false);
    const Row reset[] = {
        {0, false, SYN, 100, 0, 0}, {1, true, SYN | ACK, 500, 101, 0}, {2, false, ACK, 101, 501, 0},
        {3, true, RST, 501, 0, 0},  {4, false, SYN, 9000, 0, 1},
    };
    assert_flows(reset, G_N_ELEMENTS(reset), false);
}

static void test_the_literal_reading_knows_the_timeout_alone(void)
{
    assert_flows(reused_rows, G_N_ELEMENTS(reused_rows), true);
}

static void test_a_syn_that_is_sent_again_begins_none(void)
{
    const Row rows[] = {
        {0, false, SYN, 100, 0, 0},   {1, false, SYN, 100, 0, 0}, {2, true, SYN | ACK, 500, 101, 0},
        {3, false, ACK, 101, 501, 0}, {4, false, SYN, 100, 0, 0},
    };
    assert_flows(rows, G_N_ELEMENTS(rows), false);
}

static void test_who_is_the_client(void)
{
    static const struct {
        Row rows[2];
        size_t n_rows;
        uint8_t client; /* side; side 0 sent the first packet */
    } cases[] = {
        {{{0, false, SYN, 1, 0, 0}}, 1, 0},
        {{{0, true, SYN | ACK, 1, 2, 0}}, 1, 1},
        {{{0, false, ACK, 1, 2, 0}}, 1, 0},
        {{{0, true, ACK, 1, 2, 0}, {1, false, SYN, 1, 0, 0}}, 2, 1},
    };
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        TwinTestPacket packets[2];
        for (size_t r = 0; r < cases[c].n_rows; r++) {
            packets[r] = packet_of(&cases[c].rows[r]);
        }
        g_autoptr(TwinFlows) flows = twin_test_flows(packets, cases[c].n_rows, NULL);
        const TwinFlow *flow = twin_flows_flow(flows, 0);
        g_assert_cmpuint(flow->client, ==, cases[c].client);
        const TwinPacket *first = twin_flows_packet(flows, flow, 0);
        g_assert_cmpuint(twin_flow_side(flow, first), ==, cases[c].client);
    }
}

static void test_what_is_kept_of_a_packet(void)
{
    const TwinTestPacket sent = {
        .time_ns = 1234567890123456789,
        .flags = SYN | 0x2c0,
        .window = 64000,
        .seq = 0xfffffff0,
        .ack = 7,
        .payload_bytes = 65000,
        .ip_id = 4711,
        .ttl = 33,
        .options = (const uint8_t[]){2, 4, 5, 0xa0, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 3, 3, 14},
        .option_bytes = 19,
    };
    g_autoptr(TwinFlows) flows = twin_test_flows(&sent, 1, NULL);
    const TwinFlow *flow = twin_flows_flow(flows, 0);
    const TwinPacket *kept = twin_flows_packet(flows, flow, 0);
    g_assert_cmpint(kept->time_ns, ==, sent.time_ns);
    g_assert_cmpint(flow->start_ns, ==, sent.time_ns);
    g_assert_cmpint(twin_flows_last_ns(flows), ==, sent.time_ns);
    g_assert_cmpuint(kept->flags, ==, sent.flags);
    g_assert_cmpuint(kept->window, ==, sent.window);
    g_assert_cmpuint(kept->seq, ==, sent.seq);
    g_assert_cmpuint(kept->ack, ==, sent.ack);
    g_assert_cmpuint(kept->payload_bytes, ==, sent.payload_bytes);
    g_assert_cmpuint(kept->ip_id, ==, sent.ip_id);
    g_assert_cmpuint(kept->ttl, ==, sent.ttl);
    g_assert_cmpuint(kept->mss_bytes, ==, 1440);
    g_assert_cmpuint(kept->window_shift, ==, 14);
    g_assert_cmpuint(kept->ts_value, ==, 0x01020304);
    g_assert_cmpuint(kept->ts_echo, ==, 0x05060708);
    g_assert_cmpuint(kept->bits, ==,
                     TWIN_PACKET_TIMESTAMPS | TWIN_PACKET_DONT_FRAGMENT |
                         TWIN_PACKET_SACK_PERMITTED | TWIN_PACKET_WINDOW_SCALE);
    g_assert_cmpuint(flow->syn_option_bytes[0], ==, 20);
    g_assert_cmpmem(flow->syn_options[0], 19, sent.options, 19);
    g_assert_true(flow->has_macs);
}

static void push(TwinFlows *flows, const TwinFrame *frame, const char *label)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_flows_push(flows, frame, label, &error));
    g_assert_no_error(error);
}

static void test_the_last_label_said_wins(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    const struct {
        uint16_t port;
        const char *label;
    } rows[] = {{1, "A"}, {1, NULL}, {1, "B"}, {2, "A"}, {2, NULL}, {3, NULL}, {443, NULL}};
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const TwinTestPacket packet = {
            .time_ns = (int64_t)r, .flags = SYN, .destination_port = rows[r].port};
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        push(flows, &frame, rows[r].label);
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    static const char *const expected[] = {"B", "A", "TCP", "TLS"};
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 4);
    for (size_t f = 0; f < 4; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        g_assert_cmpstr(twin_flows_label(flows, flow->label), ==, expected[f]);
    }
}

static void test_a_label_file_goes_before_ports(void)
{
    static const char text[] = "client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\n"
                               "192.0.2.1\t40000\t192.0.2.2\t80\t0\tFROM-FILE\n";
    char *path = twin_test_file(text, sizeof text - 1);
    g_autoptr(TwinLabels) labels = twin_labels_open(path, NULL);
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.labels = labels;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    for (unsigned n = 0; n < 2; n++) {
        const TwinTestPacket packet = {
            .flags = SYN, .source_port = (uint16_t)(40000 + n), .destination_port = 80};
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        push(flows, &frame, NULL);
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    g_assert_cmpstr(twin_flows_label(flows, twin_flows_flow(flows, 0)->label), ==, "FROM-FILE");
    g_assert_cmpstr(twin_flows_label(flows, twin_flows_flow(flows, 1)->label), ==, "HTTP");
    g_assert_cmpstr(twin_flows_warnings(flows)[0], ==,
                    "1 of 2 flows have no row in the label file; they are labelled by port");
    twin_test_remove(path);
}

static void test_what_is_no_segment_is_counted(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    static const uint8_t arp[42] = {[12] = 8, [13] = 6};
    const TwinTestPacket packet = {.flags = SYN};
    uint8_t bytes[TWIN_TEST_FRAME_BYTES];
    const TwinFrame whole = twin_test_frame(&packet, bytes);
    TwinFrame cut = whole;
    cut.captured_bytes = 14 + 20 + 19;
    const TwinFrame not_tcp = twin_test_raw_frame(1, arp, sizeof arp);
    const TwinFrame unknown = twin_test_raw_frame(127, arp, sizeof arp);
    push(flows, &not_tcp, "LABEL");
    push(flows, &whole, NULL);
    push(flows, &unknown, NULL);
    push(flows, &cut, NULL);
    push(flows, &unknown, NULL);
    g_assert_true(twin_flows_finish(flows, NULL));
    const TwinFlowsCounts *counts = twin_flows_counts(flows);
    g_assert_cmpuint(counts->frames, ==, 5);
    g_assert_cmpuint(counts->tcp, ==, 1);
    g_assert_cmpuint(counts->not_tcp, ==, 1);
    g_assert_cmpuint(counts->cut, ==, 1);
    g_assert_cmpuint(counts->unknown_links, ==, 2);
    g_assert_cmpuint(counts->unknown_link, ==, 127);
    const TwinFlow *flow = twin_flows_flow(flows, 0);
    g_assert_cmpuint(twin_flows_packet(flows, flow, 0)->frame, ==, 2);
    g_assert_cmpstr(twin_flows_warnings(flows)[0], ==,
                    "2 frames have link type 127 (IEEE802_11_RADIO), which is not read; left out");
}

static void test_nothing_is_no_flow(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    g_assert_true(twin_flows_finish(flows, NULL));
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 0);
    g_assert_cmpuint(twin_flows_n_labels(flows), ==, 0);
    g_assert_cmpint(twin_flows_last_ns(flows), ==, INT64_MIN);
    g_assert_null(twin_flows_warnings(flows)[0]);
}

/* Captures of two places, put in order of time; each packet keeps its number in its own file. */
static void test_several_captures_are_read_as_one(void)
{
    const Row rows[] = {
        {0, false, SYN, 1, 0, 0}, {1, true, SYN | ACK, 1, 2, 0}, {2, false, ACK, 2, 2, 0}};
    TwinTestPacket packets[3];
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        packets[r] = packet_of(&rows[r]);
    }
    const TwinTestPacket outer[] = {packets[0], packets[2]};
    char *first = twin_test_capture(outer, 2);
    char *second = twin_test_capture(&packets[1], 1);
    const char *const paths[] = {second, first};
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_flows_read(flows, paths, 2, NULL, &error));
    g_assert_true(twin_flows_finish(flows, &error));
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 1);
    const TwinFlow *flow = twin_flows_flow(flows, 0);
    static const uint32_t frames[] = {1, 1, 2};
    for (uint32_t k = 0; k < 3; k++) {
        g_assert_cmpint(twin_flows_packet(flows, flow, k)->time_ns, ==, k * second_ns);
        g_assert_cmpuint(twin_flows_packet(flows, flow, k)->frame, ==, frames[k]);
    }
    twin_test_remove(first);
    twin_test_remove(second);
}

static bool stop_at_once(const char *what, double fraction, void *data)
{
    (void)what;
    (void)fraction;
    unsigned *n_calls = data;
    (*n_calls)++;
    return false;
}

static void test_reading_can_be_stopped(void)
{
    enum { MANY = 40000 };
    g_autofree TwinTestPacket *packets = g_new0(TwinTestPacket, MANY);
    for (size_t p = 0; p < MANY; p++) {
        packets[p].flags = ACK;
    }
    char *path = twin_test_capture(packets, MANY);
    const char *const paths[] = {path};
    unsigned n_calls = 0;
    const TwinProgress progress = {.report = stop_at_once, .data = &n_calls};
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    g_autoptr(GError) error = NULL;
    g_assert_false(twin_flows_read(flows, paths, 1, &progress, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED);
    g_assert_cmpuint(n_calls, ==, 1);
    twin_test_remove(path);
}

static void test_flows_are_found_by_their_ends(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    static const struct {
        const char *ends;
        size_t flow; /* SIZE_MAX: none */
    } rows[] = {
        {"10.0.0.1:41000-10.9.0.1:80", 0},
        {"10.9.0.1:80-10.0.0.1:41000", 0},
        {"[10.9.0.1]:80-[10.0.0.1]:41000", 0},
        {"fd00::1:41003-fd00::92:80", 3},
        {"[fd00::1]:41003-[fd00::92]:80", 3},
        {"[fd00::92]:80-[fd00:0::1]:41003", 3},
        {"10.0.0.1:41001-10.9.0.1:80", SIZE_MAX},
        {"10.0.0.1:80-10.9.0.1:41000", SIZE_MAX},
        {"10.0.0.1:41000-10.9.0.1", SIZE_MAX},
        {"10.0.0.1:41000", SIZE_MAX},
        {"10.0.0.1:41000-10.9.0.1:65616", SIZE_MAX}, /* 80 modulo 2^16 */
        {"10.0.0.1:41000-fd00::91:80", SIZE_MAX},
        {"", SIZE_MAX},
        {"-", SIZE_MAX},
        {":-:", SIZE_MAX},
        {"[]:1-[]:2", SIZE_MAX},
        {"[:1-]:2", SIZE_MAX},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        size_t index = SIZE_MAX;
        const bool is_found = twin_flows_find(flows, rows[r].ends, &index);
        g_assert_cmpint(is_found, ==, rows[r].flow != SIZE_MAX);
        g_assert_cmpuint(index, ==, rows[r].flow);
    }
}

/* More 5-tuples than the first table has room for; each is one flow. */
static void test_many_tuples(void)
{
    enum { MANY = 50000 };
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    for (unsigned n = 0; n < 2 * MANY; n++) {
        g_autofree char *source = g_strdup_printf("10.%u.%u.1", n % MANY / 250, n % 250);
        const TwinTestPacket packet = {.time_ns = n,
                                       .source = n < MANY ? source : "192.0.2.9",
                                       .destination = n < MANY ? "192.0.2.9" : source,
                                       .source_port = n < MANY ? 1000 : 80,
                                       .destination_port = n < MANY ? 80 : 1000,
                                       .flags = ACK};
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        push(flows, &frame, NULL);
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, MANY);
    for (size_t f = 0; f < MANY; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        g_assert_cmpuint(flow->n_packets, ==, 2);
        g_assert_cmpint(twin_flows_packet(flows, flow, 1)->time_ns, ==, (int64_t)f + MANY);
    }
}

static void test_some_flows_chosen(void)
{
    static const uint8_t is_chosen[] = {0, 1, 0, 0, 1}; /* those beyond are not said, hence not */
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinFlows) chosen =
        twin_flows_choose(flows, is_chosen, G_N_ELEMENTS(is_chosen), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_flows_n_flows(chosen), ==, 2);
    g_assert_cmpint(twin_flows_last_ns(chosen), ==, twin_flows_last_ns(flows));
    static const size_t from[] = {1, 4};
    for (size_t f = 0; f < 2; f++) {
        const TwinFlow *flow = twin_flows_flow(chosen, f);
        const TwinFlow *whole = twin_flows_flow(flows, from[f]);
        g_assert_cmpmem(flow->addresses, sizeof flow->addresses, whole->addresses,
                        sizeof whole->addresses);
        g_assert_cmpstr(twin_flows_label(chosen, flow->label), ==,
                        twin_flows_label(flows, whole->label));
        g_assert_cmpuint(flow->n_packets, ==, whole->n_packets);
        for (uint32_t k = 0; k < flow->n_packets; k++) {
            const TwinPacket *packet = twin_flows_packet(chosen, flow, k);
            g_assert_cmpuint(packet->flow, ==, f);
            g_assert_cmpuint(packet->frame, ==, twin_flows_packet(flows, whole, k)->frame);
            g_assert_cmpuint(packet->seq, ==, twin_flows_packet(flows, whole, k)->seq);
        }
    }
    g_autoptr(TwinFlows) none = twin_flows_choose(flows, NULL, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_flows_n_flows(none), ==, 0);
}

/* Whoever pushes learns which flow it was, and may label it. */
static void test_the_flow_of_the_last_frame(void)
{
    static const Row rows[] = {{0, false, SYN, 100, 0, 0},
                               {1, true, SYN | ACK, 200, 101, 0},
                               {200, false, ACK, 101, 201, 1}};
    static const uint8_t nothing[14] = {0};
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    g_assert_cmpuint(twin_flows_pushed(flows), ==, UINT32_MAX);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const TwinTestPacket packet = packet_of(&rows[r]);
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        g_assert_true(twin_flows_push(flows, &frame, NULL, NULL));
        g_assert_cmpuint(twin_flows_pushed(flows), ==, rows[r].flow);
    }
    const TwinFrame other = twin_test_raw_frame(1, nothing, sizeof nothing);
    g_assert_true(twin_flows_push(flows, &other, NULL, NULL));
    g_assert_cmpuint(twin_flows_pushed(flows), ==, UINT32_MAX);
    twin_flows_set_label(flows, 1, "one");
    twin_flows_set_label(flows, 1, "another");
    g_assert_true(twin_flows_finish(flows, NULL));
    g_assert_cmpstr(twin_flows_label(flows, twin_flows_flow(flows, 0)->label), ==, "HTTP");
    g_assert_cmpstr(twin_flows_label(flows, twin_flows_flow(flows, 1)->label), ==, "another");
}

/* Its number counts from the same side as the flow: a refused SYN that comes again is a retry. */
static void test_a_retry_after_a_refusal_whoever_was_first(void)
{
    static const Row rows[] = {
        {0, true, ACK, 900, 100, 0},        {1, false, SYN, 5000, 0, 0},
        {1.1, true, RST | ACK, 0, 5001, 0}, {2, false, SYN, 5000, 0, 0},
        {2.1, true, RST | ACK, 0, 5001, 0},
    };
    assert_flows(rows, G_N_ELEMENTS(rows), false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flows/two-minutes-of-silence-end-a-flow",
                    test_two_minutes_of_silence_end_a_flow);
    g_test_add_func("/flows/a-clock-that-was-set-back", test_a_clock_that_was_set_back);
    g_test_add_func("/flows/clocks-at-the-ends-of-64-bits", test_clocks_at_the_ends_of_64_bits);
    g_test_add_func("/flows/a-syn-on-a-finished-flow-begins-another",
                    test_a_syn_on_a_finished_flow_begins_another);
    g_test_add_func("/flows/the-literal-reading-knows-the-timeout-alone",
                    test_the_literal_reading_knows_the_timeout_alone);
    g_test_add_func("/flows/a-syn-that-is-sent-again-begins-none",
                    test_a_syn_that_is_sent_again_begins_none);
    g_test_add_func("/flows/who-is-the-client", test_who_is_the_client);
    g_test_add_func("/flows/what-is-kept-of-a-packet", test_what_is_kept_of_a_packet);
    g_test_add_func("/flows/the-last-label-said-wins", test_the_last_label_said_wins);
    g_test_add_func("/flows/a-label-file-goes-before-ports", test_a_label_file_goes_before_ports);
    g_test_add_func("/flows/what-is-no-segment-is-counted", test_what_is_no_segment_is_counted);
    g_test_add_func("/flows/nothing-is-no-flow", test_nothing_is_no_flow);
    g_test_add_func("/flows/several-captures-are-read-as-one",
                    test_several_captures_are_read_as_one);
    g_test_add_func("/flows/reading-can-be-stopped", test_reading_can_be_stopped);
    g_test_add_func("/flows/flows-are-found-by-their-ends", test_flows_are_found_by_their_ends);
    g_test_add_func("/flows/some-chosen", test_some_flows_chosen);
    g_test_add_func("/flows/the-flow-of-the-last-frame", test_the_flow_of_the_last_frame);
    g_test_add_func("/flows/a-retry-after-a-refusal-whoever-was-first",
                    test_a_retry_after_a_refusal_whoever_was_first);
    g_test_add_func("/flows/many-tuples", test_many_tuples);
    return g_test_run();
}
