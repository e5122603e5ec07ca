/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/check.h>

#include "case_flows.h"

#include <limits.h>
#include <string.h>

static const TwinCaseWay plain = {.name = "plain"};

static char letter_of(const TwinVerdict *verdict)
{
    const char letters[] = {'f', 'F', 'p', 'P'};
    return letters[(verdict->passes ? 2 : 0) + (verdict->is_decided ? 1 : 0)];
}

/* A column of five letters for each flow, "/" between them. */
static char *judge(const TwinCaseLayout *layout, TwinReading reading)
{
    g_autoptr(TwinFlows) flows = twin_case_flows(layout, reading);
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

static void test_exact(const void *data)
{
    const TwinCase *row = data;
    const TwinCaseLayout layout = twin_case_whole(row, &plain);
    g_autofree char *expected = expected_exact(row);
    g_autofree char *got = judge(&layout, TWIN_READING_EXACT);
    g_assert_cmpstr(got, ==, expected);
}

static void test_literal(const void *data)
{
    const TwinCase *row = data;
    const TwinCaseLayout layout = twin_case_whole(row, &plain);
    g_autofree char *got = judge(&layout, TWIN_READING_LITERAL);
    g_assert_cmpstr(got, ==, row->literal);
}

/* A way of laying packets out, with all cases. */
typedef struct {
    const TwinCaseWay *way;
    const GPtrArray *rows;
} WayTest;

static void test_way(const void *data)
{
    const WayTest *test = data;
    for (size_t i = 0; i < test->rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(test->rows, i);
        const TwinCaseLayout layout = twin_case_whole(row, test->way);
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
        "data_before_synack",
        "server_data_before_third_leg",
        "data_then_handshake",
        "idle_split",
        "data_long_after_rst",
        "long_idle_after_close",
        /* and of those further down */
        "older_syn_answered_late_data",
        "late_data_handshake_backwards",
        "data_before_late_synack",
        "server_resets_half_open",
        "syncookie_first_number_late_data",
        "only_rst_ack_then_data",
        "syn_retry_is_no_round_trip",
        "reset_twice",
        "late_after_half_a_second",
        "server_data_twice",
        "server_data_in_more",
        "simultaneous_open_early_data",
    };
    static const TwinCaseWay way = {.name = "equal times", .has_equal_times = true};
    const GPtrArray *rows = data;
    g_autoptr(GString) changed = g_string_new(NULL);
    for (size_t i = 0; i < rows->len; i++) {
        const TwinCase *row = g_ptr_array_index(rows, i);
        const TwinCaseLayout layout = twin_case_whole(row, &way);
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

static void assert_no_finding(const TwinCaseLayout *layout)
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
            TwinCaseLayout layout = twin_case_whole(row, &plain);
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

#define NONE UINT32_MAX

/* The word for a verdict of a case's first flow, and the packet to blame. */
static const struct {
    const char *name;
    TwinCheck check;
    uint32_t packet;
    const char *reason;
} reasons[] = {
    {"normal_close", TWIN_CHECK_HANDSHAKE, NONE, "complete"},
    {"synack_before_syn_in_file", TWIN_CHECK_HANDSHAKE, NONE, "reordered"},
    {"own_data_before_syn_reordered", TWIN_CHECK_HANDSHAKE, NONE, "reordered"},
    {"simultaneous_open", TWIN_CHECK_HANDSHAKE, NONE, "simultaneous-open"},
    {"simultaneous_open_acks", TWIN_CHECK_HANDSHAKE, NONE, "simultaneous-open"},
    {"tfo_accepted", TWIN_CHECK_HANDSHAKE, NONE, "fast-open"},
    {"tfo_ignored", TWIN_CHECK_HANDSHAKE, NONE, "complete"},
    {"midway", TWIN_CHECK_HANDSHAKE, NONE, "midway"},
    {"one_way_client", TWIN_CHECK_HANDSHAKE, NONE, "one-way"},
    {"synack_not_captured", TWIN_CHECK_HANDSHAKE, NONE, "synack-missed"},
    {"refused", TWIN_CHECK_HANDSHAKE, 1, "refused"},
    {"syn_only", TWIN_CHECK_HANDSHAKE, 0, "unanswered"},
    {"half_open_scan", TWIN_CHECK_HANDSHAKE, 1, "no-third-leg"},
    {"synack_wrong_ack_only", TWIN_CHECK_HANDSHAKE, 1, "bad-ack"},
    {"syn_challenged_only", TWIN_CHECK_HANDSHAKE, 0, "bad-ack"},
    {"simultaneous_open_first_syn_missed", TWIN_CHECK_HANDSHAKE, NONE, "simultaneous-open"},
    {"handshake_backwards_in_file", TWIN_CHECK_HANDSHAKE, NONE, "reordered"},
    {"data_then_handshake", TWIN_CHECK_EARLY_DATA, 0, "before-syn"},
    {"own_data_before_syn_reordered", TWIN_CHECK_EARLY_DATA, NONE, ""},
    {"data_before_late_synack", TWIN_CHECK_EARLY_DATA, 1, "before-synack"},
    {"server_data_twice", TWIN_CHECK_EARLY_DATA, 2, "server-first"},
    {"own_data_before_refused_syn", TWIN_CHECK_EARLY_DATA, 0, "before-synack"},
    {"data_before_synack", TWIN_CHECK_EARLY_DATA, 1, "before-synack"},
    {"data_no_synack", TWIN_CHECK_EARLY_DATA, 1, "before-synack"},
    {"server_data_before_third_leg", TWIN_CHECK_EARLY_DATA, 2, "server-first"},
    {"server_data_reordered", TWIN_CHECK_EARLY_DATA, NONE, "reordered"},
    {"tfo_accepted_server_data", TWIN_CHECK_EARLY_DATA, NONE, "fast-open"},
    {"synack_not_captured", TWIN_CHECK_EARLY_DATA, NONE, "synack-missed"},
    {"duplicate_handshake", TWIN_CHECK_DUPLICATE_HANDSHAKE, 5, "reopened"},
    {"syn_retransmitted", TWIN_CHECK_DUPLICATE_HANDSHAKE, NONE, "retry"},
    {"normal_close", TWIN_CHECK_DUPLICATE_HANDSHAKE, NONE, ""},
    {"midway", TWIN_CHECK_DUPLICATE_HANDSHAKE, NONE, "midway"},
    {"normal_close", TWIN_CHECK_TERMINATION, NONE, "fin-both"},
    {"reset_close", TWIN_CHECK_TERMINATION, NONE, "reset"},
    {"rst_after_fin", TWIN_CHECK_TERMINATION, NONE, "reset-after-fin"},
    {"rst_after_close", TWIN_CHECK_TERMINATION, NONE, "fin-both"},
    {"no_termination", TWIN_CHECK_TERMINATION, NONE, "open-at-end"},
    {"half_close_unfinished", TWIN_CHECK_TERMINATION, 4, "open-at-end"},
    {"idle_split", TWIN_CHECK_TERMINATION, NONE, "open"},
    {"no_termination", TWIN_CHECK_LATE_DATA, NONE, "open"},
    {"data_after_own_fin", TWIN_CHECK_LATE_DATA, 6, "after-own-fin"},
    {"fin_moved_no_data", TWIN_CHECK_LATE_DATA, NONE, "fin-moved"},
    {"device_goes_on_after_reset", TWIN_CHECK_LATE_DATA, 8, "after-own-reset"},
    {"data_long_after_rst", TWIN_CHECK_LATE_DATA, 5, "after-peer-reset"},
    {"data_in_flight_after_rst", TWIN_CHECK_LATE_DATA, NONE, "in-flight"},
    {"two_number_spaces", TWIN_CHECK_LATE_DATA, NONE, "foreign-numbers"},
};

/* All flows of the cases are open at the end of their capture. */
static void test_reasons(const void *data)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        const TwinCaseLayout layout = twin_case_whole(find_case(data, reasons[i].name), &plain);
        g_autoptr(TwinFlows) flows = twin_case_flows(&layout, TWIN_READING_EXACT);
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
    const TwinCaseLayout layout = twin_case_whole(find_case(rows, name), &plain);
    g_autoptr(TwinFlows) flows = twin_case_flows(&layout, TWIN_READING_EXACT);
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
        const char *exact; /* P F: passes, fails for good; p f: so far */
        const char *literal;
    } expected[] = {
        {"normal_close", 1, "fppfp", "fppfp"},
        {"normal_close", 2, "fppfp", "fppfp"},
        {"normal_close", 3, "PPpfp", "PPpfp"},
        {"normal_close", 8, "PPpfp", "PPpPp"},
        {"normal_close", 9, "PPpPp", "PPpPp"},
        {"reset_close", 6, "PPpPp", "PPpPp"},
        {"refused", 2, "fpppp", "fppPp"},
        {"data_before_synack", 2, "fppfp", "fppfp"},
        {"data_before_synack", 3, "ffpfp", "fppfp"},
        {"data_before_synack", 4, "PFpfp", "PFpfp"},
        {"duplicate_handshake", 5, "PPpfp", "PPpfp"},
        {"duplicate_handshake", 6, "PPFfp", "PPpfp"},
        {"duplicate_handshake", 7, "PPFfp", "PPFfp"},
        {"data_after_own_fin", 6, "PPpfp", "PPpPp"},
        {"data_after_own_fin", 7, "PPpfF", "PPpPF"},
        {"refused_then_accepted_same_isn", 4, "fpppp", "fppPp"},
        {"refused_then_accepted_same_isn", 5, "PPpfp", "PPpPp"},
    };
    for (unsigned reading = TWIN_READING_EXACT; reading <= TWIN_READING_LITERAL; reading++) {
        g_autoptr(TwinAudit) audit = twin_audit_new(reading);
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
            TwinVerdict verdicts[TWIN_N_CHECKS];
            audit_begun(data, expected[i].name, expected[i].n_packets, audit, verdicts);
            char letters[TWIN_N_CHECKS + 1] = "";
            for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
                static const char four[] = {'f', 'F', 'p', 'P'};
                letters[check] =
                    four[(verdicts[check].passes ? 2 : 0) + (verdicts[check].is_final ? 1 : 0)];
                g_assert_true(!verdicts[check].passes || verdicts[check].packet == NONE);
            }
            g_assert_cmpstr(letters, ==,
                            reading == TWIN_READING_EXACT ? expected[i].exact
                                                          : expected[i].literal);
        }
    }
}

/* What the literal reading blames. */
static void test_literal_blame(const void *data)
{
    static const struct {
        const char *name;
        TwinCheck check;
        uint32_t packet;
    } expected[] = {
        {"data_before_synack", TWIN_CHECK_EARLY_DATA, 1},
        {"duplicate_handshake", TWIN_CHECK_DUPLICATE_HANDSHAKE, 6},
        {"half_close", TWIN_CHECK_LATE_DATA, 6},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const TwinCase *row = find_case(data, expected[i].name);
        g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_LITERAL);
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit_begun(data, row->name, row->n_packets, audit, verdicts);
        g_assert_cmpuint(verdicts[expected[i].check].packet, ==, expected[i].packet);
    }
}

static void test_table(void)
{
    static const char *const ids[] = {"handshake", "early_data", "duplicate_handshake",
                                      "termination", "late_data"};
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinCheckInfo *info = twin_check_info(check);
        g_autofree char *field = g_strdup_printf("flowtwin.%s", info->id);
        g_assert_cmpstr(info->id, ==, ids[check]);
        g_assert_cmpstr(info->field, ==, field);
        g_assert_true(g_ascii_isupper(info->title[0]));
        g_assert_true(g_str_has_suffix(info->finding, "."));
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
        const int64_t last_ns = TWIN_CASE_START_NS + INT64_C(70000000);
        if (expected[i].end_s != INT64_MAX) {
            twin_audit_set_capture_end(audit, last_ns + expected[i].end_s * 1000000000);
        }
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

static const TwinCaseWay ways[] = {
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
    g_assert_cmpuint(rows->len, >=, 93);
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
    g_test_add_data_func("/check/literal-blame", rows, test_literal_blame);
    g_test_add_func("/check/table", test_table);
    g_test_add_data_func("/check/history", rows, test_history);
    g_test_add_data_func("/check/open-at-the-end", rows, test_open_at_the_end);
    g_test_add_data_func("/check/midway", rows, test_midway);
    g_test_add_data_func("/check/equal-times-change-what-rests-on-them", rows, test_equal_times);
    g_test_add_data_func("/check/parts-of-good-flows-have-no-finding", rows,
                         test_parts_have_no_finding);
    return g_test_run();
}
