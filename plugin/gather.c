/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gather.h"

#include <flowtwin/error.h>

#include "frame.h"

enum { FRAMES_A_LOOK = 256 }; /* between two looks at the clock */

struct TwinGather {
    TwinSession *session;
    const TwinChoice *choice;
    TwinFlows *flows;
    const char **labels; /* one a flow of the session, borrowed from it */
    size_t n_flows;
    uint32_t next; /* frame */
    uint32_t n_frames;
    GArray *numbers; /* uint32_t: frames taken, in order; its index + 1 is the flows' number */
};

TwinGather *twin_gather_new(const capture_file *file, TwinSession *session,
                            const TwinChoice *choice)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    TwinTracker *tracker = twin_session_tracker(session);
    TwinGather *self = g_new0(TwinGather, 1);
    self->session = session;
    self->choice = choice;
    self->flows = twin_flows_new(&options);
    self->n_flows = twin_tracker_n_flows(tracker);
    self->labels = g_new0(const char *, self->n_flows);
    self->next = 1;
    self->n_frames = file->count;
    self->numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t flow = 0; flow < self->n_flows; flow++) {
        TwinTrackedFlow tracked;
        twin_tracker_flow(tracker, flow, &tracked);
        self->labels[flow] = tracked.label != NULL ? tracked.label : "tcp";
    }
    return self;
}

void twin_gather_free(TwinGather *self)
{
    if (self != NULL) {
        twin_flows_free(self->flows);
        g_free(self->labels);
        g_array_unref(self->numbers);
        g_free(self);
    }
}

double twin_gather_fraction(const TwinGather *self)
{
    return self->next > self->n_frames ? 1 : (double)(self->next - 1) / (double)self->n_frames;
}

/* Reads a frame's record and pushes it. */
static bool take(TwinGather *self, capture_file *file, uint32_t number, TwinRecord *record,
                 GError **error)
{
    const frame_data *frame_data = twin_capture_file_frame(file, number);
    int code = 0;
    char *reason = NULL;
    if (frame_data == NULL ||
        !twin_record_read(record, file->provider.wth, frame_data->file_off, &code, &reason)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT,
                    "packet %u cannot be read again%s%s; is the file still there, unchanged?",
                    number, code != 0 ? ": " : "", code != 0 ? wtap_strerror(code) : "");
        g_free(reason);
        return false;
    }
    TwinFrame frame;
    if (!twin_frame_of_record(&record->record, twin_record_bytes(record), &frame_data->abs_ts,
                              &frame)) {
        return true;
    }
    const uint32_t flow = twin_session_flow(self->session, number);
    g_array_append_val(self->numbers, number);
    return twin_flows_push(self->flows, &frame, flow < self->n_flows ? self->labels[flow] : NULL,
                           error);
}

static bool is_wanted(const TwinGather *self, uint32_t number)
{
    return self->choice != NULL ? twin_choice_has(self->choice, self->session, number)
                                : twin_session_flow(self->session, number) != TWIN_TRACKER_NO_FLOW;
}

bool twin_gather_step(TwinGather *self, capture_file *file, int64_t slice_us, GError **error)
{
    const int64_t end_us = g_get_monotonic_time() + slice_us;
    bool is_good = true;
    TwinRecord record;
    twin_record_init(&record);
    while (is_good && self->next <= self->n_frames) {
        if (is_wanted(self, self->next)) {
            is_good = take(self, file, self->next, &record, error);
        }
        self->next++;
        if (self->next % FRAMES_A_LOOK == 0 && g_get_monotonic_time() > end_us) {
            break;
        }
    }
    twin_record_clear(&record);
    return is_good;
}

uint32_t twin_gather_number_of(const TwinGather *self, uint32_t frame)
{
    for (guint i = 0; i < self->numbers->len; i++) {
        if (g_array_index(self->numbers, uint32_t, i) == frame) {
            return i + 1;
        }
    }
    return 0;
}

TwinFlows *twin_gather_steal(TwinGather *self)
{
    return g_steal_pointer(&self->flows);
}
