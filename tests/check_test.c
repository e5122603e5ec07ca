/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/check.h>

#include "cases.h"
#include "frames.h"
#include "packet/tcp.h"

#include <limits.h>
#include <string.h>

/* How a case is laid out as frames; all ways give the same verdicts. */
typedef struct {
    const char *name;
    bool are_sides_swapped; /* A's packets come from B's address */
    bool is_doubled;        /* every packet twice, as a SPAN port has them */
    bool is_ipv6;
    bool has_vlan;
    bool is_cut;    /* snap length 54: fixed TCP header alone */
    bool is_pcapng; /* through a file with nanoseconds */
    bool has_equal_times;
    bool has_high_numbers; /* first numbers just below 2^32 */
} Way;

/* The frames of a case, or of a part of it. */
typedef struct {
    const TwinCase *row;
    const Way *way;
    size_t first, end; /* packets of the case, end excluded */
    int64_t time_ns;
} Layout;

enum {
    ETHERNET_BYTES = 14,
    LEAST_ETHERNET_BYTES = 60,
    CUT_BYTES = 54,
    /* An Ethernet frame with a VLAN tag, IPv6 and TCP headers. */
    MAX_FRAME_BYTES = TWIN_TEST_FRAME_BYTES + 4,
};

static const Way plain = {.name = "plain"};

static TwinTestPacket test_packet(const TwinCasePacket *packet, const Way *way)
{
    static const uint8_t syn_options[] = {2, 4, 0x05, 0xb4, 3, 3, 7, 1, 34, 6, 1, 2, 3, 4, 1, 1};
    const uint32_t firsts[2][2] = {{1000000, 2000000}, {UINT32_MAX - 4, UINT32_MAX - 60}};
    const uint32_t *first = firsts[way->has_high_numbers ? 1 : 0];
    const bool is_from_b = packet->is_from_b != way->are_sides_swapped;
    const char *const ends[] = {way->is_ipv6 ? "2001:db8::1" : "192.0.2.1",
                                way->is_ipv6 ? "2001:db8::2" : "192.0.2.2"};
    const bool has_syn = (packet->flags & TWIN_TCP_SYN) != 0;
    return (TwinTestPacket){
        .source = ends[is_from_b ? 1 : 0],
        .destination = ends[is_from_b ? 0 : 1],
        .source_port = is_from_b ? 80 : 40000,
        .destination_port = is_from_b ? 40000 : 80,
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

static TwinFrame case_frame(const TwinCasePacket *packet, const Way *way,
                            uint8_t bytes[MAX_FRAME_BYTES])
{
    const TwinTestPacket test = test_packet(packet, way);
    TwinFrame frame = twin_test_frame(&test, bytes);
    if (packet->is_padded && frame.original_bytes < LEAST_ETHERNET_BYTES) {
        memset(bytes + frame.captured_bytes, 0, LEAST_ETHERNET_BYTES - frame.captured_bytes);
        frame.captured_bytes = frame.original_bytes = LEAST_ETHERNET_BYTES;
    }
    if (way->has_vlan) {
        tag_frame(&frame, bytes);
    }
    if (way->is_cut && frame.captured_bytes > CUT_BYTES) {
        frame.captured_bytes = CUT_BYTES;
    }
    return frame;
}

static void put_u32(GByteArray *file, uint32_t value)
{
    const uint32_t little = GUINT32_TO_LE(value);
    g_byte_array_append(file, (const uint8_t *)&little, sizeof little);
}

/* Section header, then one Ethernet interface that counts nanoseconds. */
static GByteArray *begin_pcapng(void)
{
    static const uint32_t words[] = {
        0x0a0d0d0a, 28, 0x1a2b3c4d, 1,  UINT32_MAX, UINT32_MAX, 28, /* version 1.0 */
        1,          32, 1,          0,                              /* Ethernet, no snap length */
        0x00010009, 9,  0,          32,                             /* if_tsresol 9, end */
    };
    GByteArray *file = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        put_u32(file, words[i]);
    }
    return file;
}

static void put_pcapng(GByteArray *file, const TwinFrame *frame)
{
    const uint32_t padding = (4 - frame->captured_bytes % 4) % 4;
    const uint32_t block_bytes = 32 + frame->captured_bytes + padding;
    const uint64_t time_ns = (uint64_t)frame->time_ns;
    const uint32_t words[] = {
        6,
        block_bytes,
        0,
        (uint32_t)(time_ns >> 32),
        (uint32_t)time_ns,
        frame->captured_bytes,
        frame->original_bytes,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        put_u32(file, words[i]);
    }
    g_byte_array_append(file, frame->bytes, frame->captured_bytes);
    g_byte_array_append(file, (const uint8_t[4]){0}, padding);
    put_u32(file, block_bytes);
}

/* Pushes the frames, or gathers them in @file. */
static void push_packets(const Layout *layout, TwinFlows *flows, GByteArray *file)
{
    int64_t time_ns = INT64_C(1700000000) * 1000000000;
    const unsigned n_copies = layout->way->is_doubled ? 2 : 1;
    for (size_t i = 0; i < layout->row->n_packets; i++) {
        const TwinCasePacket *packet = &layout->row->packets[i];
        time_ns += layout->way->has_equal_times ? 0 : packet->gap_ns;
        for (unsigned copy = 0; i >= layout->first && i < layout->end && copy < n_copies; copy++) {
            uint8_t bytes[MAX_FRAME_BYTES];
            TwinFrame frame = case_frame(packet, layout->way, bytes);
            frame.time_ns = time_ns;
            if (file != NULL) {
                put_pcapng(file, &frame);
                continue;
            }
            g_autoptr(GError) error = NULL;
            g_assert_true(twin_flows_push(flows, &frame, NULL, &error));
        }
    }
}

static TwinFlows *case_flows(const Layout *layout, TwinReading reading)
{
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.by_timeout_only = reading == TWIN_READING_LITERAL;
    g_autoptr(GError) error = NULL;
    TwinFlows *flows = twin_flows_new(&options);
    if (layout->way->is_pcapng) {
        g_autoptr(GByteArray) file = begin_pcapng();
        push_packets(layout, NULL, file);
        char *path = twin_test_file(file->data, file->len);
        const char *const paths[] = {path};
        g_assert_true(twin_flows_read(flows, paths, 1, NULL, &error));
        twin_test_remove(path);
    } else {
        push_packets(layout, flows, NULL);
    }
    g_assert_true(twin_flows_finish(flows, &error));
    return flows;
}

static char letter_of(const TwinVerdict *verdict)
{
    const char letters[] = {'f', 'F', 'p', 'P'};
    return letters[(verdict->passes ? 2 : 0) + (verdict->is_decided ? 1 : 0)];
}

/* A column of five letters for each flow, "/" between them. */
static char *judge(const Layout *layout, TwinReading reading)
{
    g_autoptr(TwinFlows) flows = case_flows(layout, reading);
    g_autoptr(TwinAudit) audit = twin_audit_new(reading);
    GString *letters = g_string_new(NULL);
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        TwinVerdict verdicts[TWIN_N_CHECKS];
        twin_check_flow(audit, flows, twin_flows_flow(flows, f), verdicts);
        g_string_append(letters, f > 0 ? "/" : "");
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            g_assert_true(verdicts[check].is_final);
            g_string_append_c(letters, letter_of(&verdicts[check]));
        }
    }
    return g_string_free(letters, FALSE);
}

/* The exact columns of the table, a letter a flow each, turned into five letters a flow. */
static char *expected_exact(const TwinCase *row)
{
    GString *letters = g_string_new(NULL);
    for (size_t f = 0; f < strlen(row->exact[0]); f += 2) {
        g_string_append(letters, f > 0 ? "/" : "");
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            g_assert_cmpuint(strlen(row->exact[check]), ==, strlen(row->exact[0]));
            g_string_append_c(letters, row->exact[check][f]);
        }
    }
    return g_string_free(letters, FALSE);
}

static Layout whole(const TwinCase *row, const Way *way)
{
    return (Layout){.row = row, .way = way, .first = 0, .end = row->n_packets};
}

static void test_exact(const void *data)
{
    const TwinCase *row = data;
    const Layout layout = whole(row, &plain);
    g_autofree char *expected = expected_exact(row);
    g_autofree char *got = judge(&layout, TWIN_READING_EXACT);
    g_assert_cmpstr(got, ==, expected);
}

static void test_literal(const void *data)
{
    const TwinCase *row = data;
    const Layout layout = whole(row, &plain);
    g_autofree char *got = judge(&layout, TWIN_READING_LITERAL);
    g_assert_cmpstr(got, ==, row->literal);
}

/* A way of laying packets out, with all cases. */
typedef struct {
    const Way *way;
    const GPtrArray *rows;
} WayTest;

static void test_way(const void *data)
{
    const WayTest *test = data;
    for (size_t i = 0; i < test->rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(test->rows, i);
        const Layout layout = whole(row, test->way);
        g_autofree char *expected = expected_exact(row);
        g_autofree char *got = judge(&layout, TWIN_READING_EXACT);
        if (strcmp(got, expected) != 0) {
            g_test_message("%s, %s: %s instead of %s", row->name, test->way->name, got, expected);
            g_test_fail();
        }
        /* A copy of a packet with FIN and payload is literally late: not for doubled ones. */
        g_autofree char *literal = judge(&layout, TWIN_READING_LITERAL);
        if (!test->way->is_doubled && strcmp(literal, row->literal) != 0) {
            g_test_message("%s, %s: literally %s instead of %s", row->name, test->way->name,
                           literal, row->literal);
            g_test_fail();
        }
    }
}

/* Where all times are equal, just the cases change that rest on the 3 ms, on the time that data may
 * be in flight or on the 120 s. */
static void test_equal_times(const void *data)
{
    static const char *const expected[] = {
        "data_before_synack", "server_data_before_third_leg", "data_then_handshake",
        "idle_split",         "data_long_after_rst",          "long_idle_after_close",
    };
    static const Way way = {.name = "equal times", .has_equal_times = true};
    const GPtrArray *rows = data;
    g_autoptr(GString) changed = g_string_new(NULL);
    for (size_t i = 0; i < rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(rows, i);
        const Layout layout = whole(row, &way);
        g_autofree char *as_it_was = expected_exact(row);
        g_autofree char *got = judge(&layout, TWIN_READING_EXACT);
        if (strcmp(got, as_it_was) != 0) {
            g_string_append_printf(changed, "%s ", row->name);
        }
    }
    g_autoptr(GString) wanted = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_string_append_printf(wanted, "%s ", expected[i]);
    }
    g_assert_cmpstr(changed->str, ==, wanted->str);
}

static void assert_no_finding(const Layout *layout)
{
    g_autofree char *got = judge(layout, TWIN_READING_EXACT);
    for (size_t i = 0; i < strlen(got); i++) {
        const size_t check = i % (TWIN_N_CHECKS + 1);
        const bool is_observed = check == TWIN_CHECK_HANDSHAKE || check == TWIN_CHECK_TERMINATION;
        if (!is_observed && (got[i] == 'F' || got[i] == 'f')) {
            g_test_message("%s, packets %zu to %zu: %s", layout->row->name, layout->first,
                           layout->end, got);
            g_test_fail();
        }
    }
}

/* A capture that begins later or ends earlier makes no fault of what was none. */
static void test_parts_have_no_finding(const void *data)
{
    const GPtrArray *rows = data;
    size_t n_rows = 0;
    for (size_t i = 0; i < rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(rows, i);
        g_autofree char *expected = expected_exact(row);
        if (strspn(expected, "P/") != strlen(expected)) {
            continue;
        }
        n_rows++;
        for (size_t k = 1; k < row->n_packets; k++) {
            Layout layout = whole(row, &plain);
            layout.first = k;
            assert_no_finding(&layout);
            layout.first = 0;
            layout.end = k;
            assert_no_finding(&layout);
        }
    }
    g_assert_cmpuint(n_rows, >, 50);
}

static const TwinCase *find_case(const GPtrArray *rows, const char *name)
{
    for (size_t i = 0; i < rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(rows, i);
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    g_error("no case is called %s", name);
}

enum { NONE = UINT32_MAX };

/* The word for a verdict of a case's first flow, and the packet to blame. */
static const struct {
    const char *name;
    TwinCheck check;
    const char *reason;
    uint32_t packet;
} reasons[] = {
    {"normal_close", TWIN_CHECK_HANDSHAKE, "complete", NONE},
    {"synack_before_syn_in_file", TWIN_CHECK_HANDSHAKE, "reordered", NONE},
    {"own_data_before_syn_reordered", TWIN_CHECK_HANDSHAKE, "reordered", NONE},
    {"simultaneous_open", TWIN_CHECK_HANDSHAKE, "simultaneous-open", NONE},
    {"simultaneous_open_acks", TWIN_CHECK_HANDSHAKE, "simultaneous-open", NONE},
    {"tfo_accepted", TWIN_CHECK_HANDSHAKE, "fast-open", NONE},
    {"tfo_ignored", TWIN_CHECK_HANDSHAKE, "complete", NONE},
    {"midway", TWIN_CHECK_HANDSHAKE, "midway", NONE},
    {"one_way_client", TWIN_CHECK_HANDSHAKE, "one-way", NONE},
    {"synack_not_captured", TWIN_CHECK_HANDSHAKE, "synack-missed", NONE},
    {"refused", TWIN_CHECK_HANDSHAKE, "refused", 1},
    {"syn_only", TWIN_CHECK_HANDSHAKE, "unanswered", 0},
    {"half_open_scan", TWIN_CHECK_HANDSHAKE, "no-third-leg", 1},
    {"synack_wrong_ack_only", TWIN_CHECK_HANDSHAKE, "bad-ack", 1},
    {"data_then_handshake", TWIN_CHECK_EARLY_DATA, "before-syn", 0},
    {"data_before_synack", TWIN_CHECK_EARLY_DATA, "before-synack", 1},
    {"data_no_synack", TWIN_CHECK_EARLY_DATA, "before-synack", 1},
    {"server_data_before_third_leg", TWIN_CHECK_EARLY_DATA, "server-first", 2},
    {"server_data_reordered", TWIN_CHECK_EARLY_DATA, "reordered", NONE},
    {"tfo_accepted_server_data", TWIN_CHECK_EARLY_DATA, "fast-open", NONE},
    {"synack_not_captured", TWIN_CHECK_EARLY_DATA, "synack-missed", NONE},
    {"duplicate_handshake", TWIN_CHECK_DUPLICATE_HANDSHAKE, "reopened", 5},
    {"syn_retransmitted", TWIN_CHECK_DUPLICATE_HANDSHAKE, "retry", NONE},
    {"midway", TWIN_CHECK_DUPLICATE_HANDSHAKE, "midway", NONE},
    {"normal_close", TWIN_CHECK_TERMINATION, "fin-both", NONE},
    {"reset_close", TWIN_CHECK_TERMINATION, "reset", NONE},
    {"rst_after_fin", TWIN_CHECK_TERMINATION, "reset-after-fin", NONE},
    {"rst_after_close", TWIN_CHECK_TERMINATION, "fin-both", NONE},
    {"no_termination", TWIN_CHECK_TERMINATION, "open-at-end", NONE},
    {"half_close_unfinished", TWIN_CHECK_TERMINATION, "open-at-end", 4},
    {"idle_split", TWIN_CHECK_TERMINATION, "open", NONE},
    {"no_termination", TWIN_CHECK_LATE_DATA, "open", NONE},
    {"data_after_own_fin", TWIN_CHECK_LATE_DATA, "after-own-fin", 6},
    {"fin_moved_no_data", TWIN_CHECK_LATE_DATA, "fin-moved", NONE},
    {"device_goes_on_after_reset", TWIN_CHECK_LATE_DATA, "after-own-reset", 8},
    {"data_long_after_rst", TWIN_CHECK_LATE_DATA, "after-peer-reset", 5},
    {"data_in_flight_after_rst", TWIN_CHECK_LATE_DATA, "in-flight", NONE},
    {"two_number_spaces", TWIN_CHECK_LATE_DATA, "foreign-numbers", NONE},
};

/* All flows of the cases are open at the end of their capture. */
static void test_reasons(const void *data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        const Layout layout = whole(find_case(data, reasons[i].name), &plain);
        g_autoptr(TwinFlows) flows = case_flows(&layout, TWIN_READING_EXACT);
        g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
        TwinVerdict verdicts[TWIN_N_CHECKS];
        twin_check_flow(audit, flows, twin_flows_flow(flows, 0), verdicts);
        const TwinVerdict *verdict = &verdicts[reasons[i].check];
        g_assert_cmpstr(twin_check_reason(verdict->reason), ==, reasons[i].reason);
        g_assert_cmpuint(verdict->packet, ==, reasons[i].packet);
    }
    g_assert_cmpstr(twin_check_reason(UINT_MAX), ==, "");
}

/* The flow so far: audits the first packets of a case's first flow, without its end. */
static void audit_begun(const GPtrArray *rows, const char *name, size_t n_packets, TwinAudit *audit,
                        TwinVerdict verdicts[TWIN_N_CHECKS])
{
    const Layout layout = whole(find_case(rows, name), &plain);
    g_autoptr(TwinFlows) flows = case_flows(&layout, TWIN_READING_EXACT);
    const TwinFlow *flow = twin_flows_flow(flows, 0);
    g_assert_cmpuint(n_packets, <=, flow->n_packets);
    twin_audit_begin(audit);
    for (size_t k = 0; k < n_packets; k++) {
        twin_audit_packet(audit, twin_flows_packet(flows, flow, k));
    }
    twin_audit_verdicts(audit, false, verdicts);
}

/* In a first pass: a letter a check, lower case where a later packet may change it. */
static void test_first_pass(const void *data)
{
    static const struct {
        const char *name;
        size_t n_packets;
        const char *letters; /* P F: passes, fails for good; p f: so far */
    } expected[] = {
        {"normal_close", 1, "fppfp"},
        {"normal_close", 2, "fppfp"},
        {"normal_close", 3, "PPpfp"},
        {"normal_close", 8, "PPpfp"},
        {"normal_close", 9, "PPpPp"},
        {"reset_close", 6, "PPpPp"},
        {"refused", 2, "fpppp"},
        {"data_before_synack", 2, "fppfp"},
        {"data_before_synack", 3, "ffpfp"},
        {"data_before_synack", 4, "PFpfp"},
        {"duplicate_handshake", 5, "PPpfp"},
        {"duplicate_handshake", 6, "PPFfp"},
        {"data_after_own_fin", 6, "PPpfp"},
        {"data_after_own_fin", 7, "PPpfF"},
        {"refused_then_accepted_same_isn", 4, "fpppp"},
        {"refused_then_accepted_same_isn", 5, "PPpfp"},
    };
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit_begun(data, expected[i].name, expected[i].n_packets, audit, verdicts);
        char letters[TWIN_N_CHECKS + 1] = "";
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            const char letter = verdicts[check].passes ? 'P' : 'F';
            letters[check] = verdicts[check].is_final ? letter : g_ascii_tolower(letter);
        }
        g_test_message("%s, %zu packets", expected[i].name, expected[i].n_packets);
        g_assert_cmpstr(letters, ==, expected[i].letters);
    }
}

static void test_history(const void *data)
{
    static const struct {
        const char *name;
        size_t n_packets;
        const char *history;
    } expected[] = {
        {"normal_close", 10, "ShADadFf"},
        {"server_first_banner", 4, "ShAd"},
        {"reset_close", 6, "ShADdR"},
        {"syn_ack_only", 3, "h"},
        {"synack_before_syn_in_file", 2, "hS"},
        {"fin_third_leg", 3, "ShDF"},
        {"tfo_accepted", 1, "SD"},
        {"duplicate_handshake_reversed", 6, "ShADsH"},
        {"null_flags_packet", 5, "ShAD"},
    };
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit_begun(data, expected[i].name, expected[i].n_packets, audit, verdicts);
        g_assert_cmpstr(twin_audit_history(audit), ==, expected[i].history);
    }
}

/* An auditor need not chase what the capture's end left open; 120 s are the flows' own timeout. */
static void test_open_at_the_end(const void *data)
{
    static const struct {
        int64_t end_s; /* after the flow's last packet; INT64_MAX: not known */
        const char *reason;
    } expected[] = {
        {INT64_MAX, "open"},
        {0, "open-at-end"},
        {120, "open-at-end"},
        {121, "open"},
    };
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit_begun(data, "no_termination", 7, audit, verdicts);
        const int64_t last_ns = INT64_C(1700000000) * 1000000000 + 7 * 10000000;
        twin_audit_set_capture_end(audit, expected[i].end_s == INT64_MAX
                                              ? INT64_MAX
                                              : last_ns + expected[i].end_s * 1000000000);
        g_assert_cmpstr(twin_check_reason(verdicts[TWIN_CHECK_TERMINATION].reason), ==, "open");
        twin_audit_verdicts(audit, true, verdicts);
        g_assert_cmpstr(twin_check_reason(verdicts[TWIN_CHECK_TERMINATION].reason), ==,
                        expected[i].reason);
    }
}

/* Flows that are counted apart: no SYN of theirs was captured, or only a stray one. */
static void test_midway(const void *data)
{
    static const struct {
        const char *name;
        size_t n_packets;
        bool is_midway;
    } expected[] = {
        {"normal_close", 1, false},       {"midway", 7, true},
        {"midway_start_ack", 6, true},    {"data_then_handshake", 2, true},
        {"data_then_handshake", 3, true}, {"data_then_handshake", 5, false},
        {"one_way_client", 5, false},     {"syn_fin", 1, false},
    };
    for (unsigned reading = TWIN_READING_EXACT; reading <= TWIN_READING_LITERAL; reading++) {
        g_autoptr(TwinAudit) audit = twin_audit_new(reading);
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
            TwinVerdict verdicts[TWIN_N_CHECKS];
            audit_begun(data, expected[i].name, expected[i].n_packets, audit, verdicts);
            g_assert_cmpint(twin_audit_is_midway(audit), ==, expected[i].is_midway);
        }
    }
}

static const Way ways[] = {
    {.name = "swapped", .are_sides_swapped = true},
    {.name = "doubled", .is_doubled = true},
    {.name = "high-numbers", .has_high_numbers = true},
    {.name = "ipv6", .is_ipv6 = true},
    {.name = "vlan", .has_vlan = true},
    {.name = "pcapng-ns", .is_pcapng = true},
    {.name = "snap-length-54", .is_cut = true},
    {.name = "all-at-once",
     .are_sides_swapped = true,
     .is_doubled = true,
     .has_high_numbers = true,
     .is_ipv6 = true,
     .has_vlan = true,
     .is_pcapng = true},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions(); /* one bad row does not hide the others */
    g_autoptr(GPtrArray) rows = twin_cases_load(TWIN_CASES);
    g_assert_cmpuint(rows->len, ==, 93);
    for (size_t i = 0; i < rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(rows, i);
        g_autofree char *exact = g_strdup_printf("/check/exact/%s", row->name);
        g_autofree char *literal = g_strdup_printf("/check/literal/%s", row->name);
        g_test_add_data_func(exact, row, test_exact);
        g_test_add_data_func(literal, row, test_literal);
    }
    WayTest tests[G_N_ELEMENTS(ways)];
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        tests[i] = (WayTest){.way = &ways[i], .rows = rows};
        g_autofree char *path = g_strdup_printf("/check/same-verdicts/%s", ways[i].name);
        g_test_add_data_func(path, &tests[i], test_way);
    }
    g_test_add_data_func("/check/reasons", rows, test_reasons);
    g_test_add_data_func("/check/first-pass", rows, test_first_pass);
    g_test_add_data_func("/check/history", rows, test_history);
    g_test_add_data_func("/check/open-at-the-end", rows, test_open_at_the_end);
    g_test_add_data_func("/check/midway", rows, test_midway);
    g_test_add_data_func("/check/equal-times-change-six-cases", rows, test_equal_times);
    g_test_add_data_func("/check/parts-of-good-flows-have-no-finding", rows,
                         test_parts_have_no_finding);
    return g_test_run();
}
