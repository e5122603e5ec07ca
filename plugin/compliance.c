/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compliance.h"

#include <flowtwin/check.h>

#include "capture_file.h"
#include "ends.h"
#include "fields.h"
#include "module.h"

static const char title[] = "TCP compliance";

/* A flow as it was when the window opened. */
typedef struct {
    TwinTrackedFlow tracked; /* label and history are ours */
    TwinVerdict verdicts[TWIN_N_CHECKS];
    uint32_t first_frame; /* first to blame; 0: none */
    bool is_finding;
} Row;

typedef struct {
    Row *rows;
    size_t n_rows;
    size_t n_passing[TWIN_N_CHECKS];
    size_t n_undecided[TWIN_N_CHECKS];
    uint32_t first_frames[TWIN_N_CHECKS];
} Snapshot;

typedef enum {
    COLUMN_FLOW,
    COLUMN_CLIENT,
    COLUMN_SERVER,
    COLUMN_LABEL,
    COLUMN_PACKETS,
    COLUMN_VERDICT,
    COLUMN_HISTORY,
    COLUMN_FIRST,
    COLUMN_REASONS,
} Column;

static const char *const check_columns[] = {"Check", "Passing",      "Failing", "Undecided",
                                            "Share", "First packet", NULL};
static const char *const flow_columns[] = {"Flow",    "Client",  "Server",  "Label",
                                           "Packets", "Verdict", "History", "First packet",
                                           "Reasons", NULL};

static void earlier(uint32_t *frame, uint32_t other)
{
    if (other != 0 && (*frame == 0 || other < *frame)) {
        *frame = other;
    }
}

static void take_flow(Snapshot *self, TwinTracker *tracker, uint32_t flow)
{
    Row *row = &self->rows[flow];
    twin_tracker_flow(tracker, flow, &row->tracked);
    row->tracked.label = g_intern_string(row->tracked.label != NULL ? row->tracked.label : "tcp");
    row->tracked.history = g_intern_string(row->tracked.history);
    twin_tracker_verdicts(tracker, flow, true, row->verdicts);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &row->verdicts[check];
        self->n_passing[check] += verdict->passes ? 1 : 0;
        self->n_undecided[check] += verdict->is_decided ? 0 : 1;
        row->is_finding |= twin_verdict_is_finding(verdict);
        if (!verdict->passes && verdict->packet != UINT32_MAX) {
            earlier(&row->first_frame, verdict->packet);
            earlier(&self->first_frames[check], verdict->packet);
        }
    }
}

static Snapshot *take(TwinTracker *tracker)
{
    Snapshot *self = g_new0(Snapshot, 1);
    self->n_rows = twin_tracker_n_flows(tracker);
    self->rows = g_new0(Row, self->n_rows);
    for (uint32_t flow = 0; flow < self->n_rows; flow++) {
        take_flow(self, tracker, flow);
    }
    return self;
}

static void free_snapshot(void *data)
{
    Snapshot *self = data;
    g_free(self->rows);
    g_free(self);
}

static char *frame_text(uint32_t frame)
{
    return frame != 0 ? g_strdup_printf("%u", frame) : g_strdup("");
}

static char *check_cell(size_t row, size_t column, void *data)
{
    const Snapshot *self = data;
    const size_t n_passing = self->n_passing[row];
    switch (column) {
    case 0:
        return g_strdup(twin_check_info((TwinCheck)row)->title);
    case 1:
        return g_strdup_printf("%zu", n_passing);
    case 2:
        return g_strdup_printf("%zu", self->n_rows - n_passing);
    case 3:
        return g_strdup_printf("%zu", self->n_undecided[row]);
    case 4:
        return g_strdup_printf("%.2f %%", 100.0 * (double)n_passing / (double)self->n_rows);
    default:
        return frame_text(self->first_frames[row]);
    }
}

/* The packet list leads on from here: both of a check's first packet and of a flow's. */
static void go_to(const char *filter, uint32_t frame)
{
    if (filter != NULL) {
        plugin_if_apply_filter(filter, TRUE);
    }
    if (frame != 0) {
        plugin_if_goto_frame(frame);
    }
}

static void activate_check(size_t row, void *data)
{
    const Snapshot *self = data;
    const uint32_t frame = self->first_frames[row];
    if (frame != 0 && twin_capture_file() != NULL) {
        g_autofree char *filter =
            g_strdup_printf("%s == \"fail\"", twin_check_info((TwinCheck)row)->field);
        go_to(filter, frame);
    }
}

static char *reasons_of(const Row *row)
{
    GString *text = g_string_new(NULL);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &row->verdicts[check];
        const char *reason = twin_check_reason(verdict->reason);
        if (!verdict->passes || !verdict->is_decided) {
            g_string_append_printf(text, "%s%s%s%s", text->len > 0 ? ", " : "",
                                   twin_check_info((TwinCheck)check)->id,
                                   *reason != '\0' ? ": " : "", reason);
        }
    }
    return g_string_free(text, FALSE);
}

static char *flow_cell(size_t row_index, size_t column, void *data)
{
    const Snapshot *self = data;
    const Row *row = &self->rows[row_index];
    switch ((Column)column) {
    case COLUMN_FLOW:
        return g_strdup_printf("%zu", row_index + 1);
    case COLUMN_CLIENT:
        return twin_ends_text(&row->tracked, row->tracked.client);
    case COLUMN_SERVER:
        return twin_ends_text(&row->tracked, 1U - row->tracked.client);
    case COLUMN_LABEL:
        return g_strdup(row->tracked.label);
    case COLUMN_PACKETS:
        return g_strdup_printf("%u", row->tracked.n_packets);
    case COLUMN_VERDICT:
        return g_strdup(row->is_finding ? "fail" : "pass");
    case COLUMN_HISTORY:
        return g_strdup(row->tracked.history);
    case COLUMN_FIRST:
        return frame_text(row->first_frame);
    case COLUMN_REASONS:
        break;
    }
    return reasons_of(row);
}

static bool is_bad_flow(size_t row, void *data)
{
    const Snapshot *self = data;
    return self->rows[row].is_finding;
}

static void activate_flow(size_t row, void *data)
{
    const Snapshot *self = data;
    if (twin_capture_file() != NULL) {
        g_autofree char *filter = g_strdup_printf("flowtwin.flow == %zu", row + 1);
        go_to(filter, self->rows[row].first_frame);
    }
}

static void show(Snapshot *snapshot)
{
    size_t n_findings = 0;
    for (size_t row = 0; row < snapshot->n_rows; row++) {
        n_findings += snapshot->rows[row].is_finding ? 1 : 0;
    }
    g_autofree char *text = g_strdup_printf("%zu TCP flows; %zu of them fail a check for certain.",
                                            snapshot->n_rows, n_findings);
    const TwinSheet sheet = {
        .title = title,
        .text = text,
        .hint = "Double-click a check to show the flows that fail it, a flow to show its packets. "
                "A check without evidence counts as its verdict says, and as undecided.",
        .tables = {{.name = "Checks",
                    .columns = check_columns,
                    .alignment = "lrrrrr",
                    .n_rows = TWIN_N_CHECKS,
                    .cell = check_cell,
                    .activate = activate_check},
                   {.name = "Flows",
                    .columns = flow_columns,
                    .alignment = "rlllrllrl",
                    .n_rows = snapshot->n_rows,
                    .cell = flow_cell,
                    .is_bad = is_bad_flow,
                    .activate = activate_flow}},
        .n_tables = 2,
        .close = free_snapshot,
        .data = snapshot,
    };
    twin_module_window()->show_sheet(&sheet);
}

void twin_compliance_show(TwinSession *session)
{
    const capture_file *file = session != NULL ? twin_capture_file() : NULL;
    TwinTracker *tracker = file != NULL ? twin_session_tracker(session) : NULL;
    if (tracker == NULL || twin_tracker_n_flows(tracker) == 0) {
        twin_module_window()->show_message(TWIN_MESSAGE_INFORMATION, title,
                                           file == NULL ? "There is no capture to judge."
                                                        : "There is no TCP flow in this capture.",
                                           "Open a capture with TCP in it.");
        return;
    }
    show(take(tracker));
}
