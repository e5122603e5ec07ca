/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <flowtwin/check_report.h>
#include <flowtwin/tracker.h>
#include <flowtwin/version.h>

#include "complain.h"
#include "frame.h"
#include "label.h"

#include <stdio.h>

typedef struct {
    bool has_rows;
    char *filter; /* NULL: none */
    TwinTracker *tracker;
    GArray *streams; /* uint32_t: tcp.stream of each flow's first packet that has one; with rows */
} Report;

static Report *report_new(const char *filter, bool has_rows)
{
    Report *self = g_new0(Report, 1);
    self->has_rows = has_rows;
    self->filter = g_strdup(filter);
    self->tracker = twin_tracker_new();
    self->streams = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return self;
}

static void *begin_check(const char *filter)
{
    return report_new(filter, false);
}

static void *begin_flows(const char *filter)
{
    return report_new(filter, true);
}

static void report_free(void *data)
{
    Report *self = data;
    g_free(self->filter);
    twin_tracker_free(self->tracker);
    g_array_unref(self->streams);
    g_free(self);
}

static void report_reset(void *data)
{
    Report *self = data;
    twin_tracker_free(self->tracker);
    self->tracker = twin_tracker_new();
    g_array_set_size(self->streams, 0);
}

static void note_stream(Report *self, uint32_t flow, packet_info *pinfo)
{
    const uint32_t none = TWIN_CHECK_NO_STREAM;
    while (self->streams->len <= flow) {
        g_array_append_val(self->streams, none);
    }
    uint32_t *stream = &g_array_index(self->streams, uint32_t, flow);
    if (*stream == none) {
        *stream = twin_stream_of(pinfo);
    }
}

static uint32_t report_take(void *data, packet_info *pinfo, tvbuff_t *tvb)
{
    Report *self = data;
    TwinFrame frame;
    if (!twin_frame_of(pinfo, tvb, &frame)) {
        return UINT32_MAX;
    }
    const uint32_t flow = twin_tracker_push(self->tracker, &frame, pinfo->num);
    if (flow != TWIN_TRACKER_NO_FLOW && self->has_rows) {
        const TwinLabel label = twin_label_of(pinfo);
        twin_tracker_set_label(self->tracker, flow, label.name, label.rank);
        if (label.rank > 0) {
            note_stream(self, flow, pinfo);
        }
    }
    return flow;
}

static void row_of(Report *self, uint32_t flow, TwinCheckRow *row)
{
    TwinTrackedFlow tracked;
    twin_tracker_flow(self->tracker, flow, &tracked);
    *row = (TwinCheckRow){
        .number = flow + 1,
        .stream = flow < self->streams->len ? g_array_index(self->streams, uint32_t, flow)
                                            : TWIN_CHECK_NO_STREAM,
        .addresses = {tracked.addresses[0], tracked.addresses[1]},
        .ports = {tracked.ports[0], tracked.ports[1]},
        .ip_version = tracked.ip_version,
        .client = tracked.client,
        .is_midway = tracked.is_midway,
        .n_packets = tracked.n_packets,
        .payload_bytes = tracked.payload_bytes,
        .label = tracked.label != NULL ? tracked.label : "tcp",
        .history = tracked.history,
    };
    twin_tracker_verdicts(self->tracker, flow, true, row->verdicts);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const uint32_t packet = row->verdicts[check].packet;
        row->frames[check] = packet != UINT32_MAX ? packet : 0;
    }
}

static void add_heading(const Report *self, GString *text)
{
    g_string_append_printf(text, "\nTCP flow audit by flowtwin %s\n", TWIN_VERSION);
    if (self->filter != NULL) {
        g_string_append_printf(text, "Flows with a packet that passes: %s\n", self->filter);
    }
    if (self->has_rows) {
        g_string_append_c(text, '\n');
        twin_check_header_text(text, TWIN_READING_EXACT, "stream");
    }
}

/* Printed row by row, so that memory does not grow with them. */
static size_t print_rows(Report *self, const uint8_t *chosen, size_t n_chosen)
{
    g_autoptr(GString) text = g_string_new(NULL);
    TwinCheckTotals all = {.n_flows = 0};
    TwinCheckTotals without_midway = {.n_flows = 0};
    const size_t n_flows = chosen != NULL ? n_chosen : twin_tracker_n_flows(self->tracker);
    for (uint32_t flow = 0; flow < n_flows; flow++) {
        if (chosen != NULL && chosen[flow] == 0) {
            continue;
        }
        TwinCheckRow row;
        row_of(self, flow, &row);
        if (all.n_flows == 0) {
            add_heading(self, text);
        }
        twin_check_totals_add(&all, &row);
        if (!row.is_midway) {
            twin_check_totals_add(&without_midway, &row);
        }
        if (self->has_rows) {
            twin_check_row_text(text, &row, true);
            (void)fputs(text->str, stdout); /* tshark looks whether it went well */
            g_string_truncate(text, 0);
        }
    }
    if (!self->has_rows && all.n_flows > 0) {
        twin_check_totals_text(text, &all, &without_midway);
        (void)fputs(text->str, stdout);
    }
    return all.n_flows;
}

static void report_draw(void *data, const uint8_t *chosen, size_t n_chosen)
{
    Report *self = data;
    const uint64_t n_frames = twin_tracker_counts(self->tracker)->frames;
    const char *argument = self->has_rows ? "flows" : "check";
    if (print_rows(self, chosen, n_chosen) > 0) {
        return;
    }
    if (twin_tracker_n_flows(self->tracker) == 0) {
        twin_complain("-z flowtwin,%s: no TCP flow in %" G_GUINT64_FORMAT
                      " packets; is this the right capture?",
                      argument, n_frames);
    } else {
        twin_complain("-z flowtwin,%s: none of %zu TCP flows has a packet that passes %s; "
                      "is this the right filter?",
                      argument, twin_tracker_n_flows(self->tracker), self->filter);
    }
}

const TwinStatKind twin_stat_check = {
    .argument = "flowtwin,check",
    .summary = "Totals of flowtwin's TCP checks",
    .begin = begin_check,
    .take = report_take,
    .draw = report_draw,
    .reset = report_reset,
    .free = report_free,
};

const TwinStatKind twin_stat_flows = {
    .argument = "flowtwin,flows",
    .summary = "TCP flows and what flowtwin's checks say of them",
    .begin = begin_flows,
    .take = report_take,
    .draw = report_draw,
    .reset = report_reset,
    .free = report_free,
};
