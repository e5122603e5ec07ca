/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_output.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

enum { FLOWS_A_REPORT = 4096 };

static uint64_t payload_bytes_of(const TwinFlows *flows, const TwinFlow *flow)
{
    uint64_t payload_bytes = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        payload_bytes += twin_flows_packet(flows, flow, k)->payload_bytes;
    }
    return payload_bytes;
}

static void audit_flow(TwinAudit *audit, const TwinFlows *flows, size_t index, TwinCheckRow *row)
{
    const TwinFlow *flow = twin_flows_flow(flows, index);
    *row = (TwinCheckRow){
        .number = (uint32_t)index + 1,
        .stream = TWIN_CHECK_NO_STREAM,
        .addresses = {flow->addresses[0], flow->addresses[1]},
        .ports = {flow->ports[0], flow->ports[1]},
        .ip_version = flow->ip_version,
        .client = flow->client,
        .n_packets = flow->n_packets,
        .start_ns = flow->start_ns,
        .label = twin_flows_label(flows, flow->label),
        .payload_bytes = payload_bytes_of(flows, flow),
    };
    twin_check_flow(audit, flows, flow, row->verdicts);
    row->is_midway = twin_audit_is_midway(audit);
    row->history = twin_audit_history(audit);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const uint32_t packet = row->verdicts[check].packet;
        row->frames[check] =
            packet < flow->n_packets ? twin_flows_packet(flows, flow, packet)->frame : 0;
    }
}

/* A check failed for certain: want of evidence is no finding. */
static bool has_finding(const TwinCheckRow *row)
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        if (!row->verdicts[check].passes && row->verdicts[check].is_decided) {
            return true;
        }
    }
    return false;
}

/* All flows, then the totals; false when Ctrl-C stopped it. */
static bool print_flows(const Options *options, const TwinFlows *flows, const CheckFormat *format,
                        bool *has_findings_out)
{
    const TwinReading reading = options->literal ? TWIN_READING_LITERAL : TWIN_READING_EXACT;
    g_autoptr(TwinAudit) audit = twin_audit_new(reading);
    g_autoptr(GString) text = g_string_new(NULL);
    TwinCheckTotals all = {.n_flows = 0};
    TwinCheckTotals whole = {.n_flows = 0};
    const size_t n_flows = twin_flows_n_flows(flows);
    const TwinProgress *progress = tool_progress(options);
    format->begin(text, reading);
    for (size_t f = 0; f < n_flows; f++) {
        TwinCheckRow row;
        audit_flow(audit, flows, f, &row);
        format->row(text, &row);
        twin_check_totals_add(&all, &row);
        if (!row.is_midway) {
            twin_check_totals_add(&whole, &row);
        }
        *has_findings_out |= has_finding(&row);
        if (f % FLOWS_A_REPORT == 0 &&
            !progress->report("checking", (double)f / (double)n_flows, progress->data)) {
            return false;
        }
        (void)fputs(text->str, stdout); /* print_result() looks whether it went well */
        g_string_truncate(text, 0);
    }
    format->end(text, &all, &whole);
    (void)fputs(text->str, stdout);
    return true;
}

int cmd_check(const Options *options)
{
    if (options->json && options->csv) {
        usage_error("check prints either --json or --csv");
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinFlows) flows = read_flows(options, options->rest, options->literal, &error);
    if (flows == NULL) {
        return report_error(error);
    }
    const CheckFormat *format = options->json  ? &check_format_json
                                : options->csv ? &check_format_csv
                                               : &check_format_text;
    bool has_findings = false;
    if (!print_flows(options, flows, format, &has_findings)) {
        tool_progress_clear();
        return EXIT_STOPPED;
    }
    const int status = print_result("");
    return status == EXIT_GOOD && options->strict && has_findings ? EXIT_FINDINGS : status;
}
