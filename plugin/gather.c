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
    GByteArray *chosen; /* one a flow of @flows */
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
    self->chosen = g_byte_array_new();
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
        g_clear_pointer(&self->chosen, g_byte_array_unref);
        g_free(self);
    }
}

double twin_gather_fraction(const TwinGather *self)
{
    return self->next > self->n_frames ? 1 : (double)(self->next - 1) / (double)self->n_frames;
}

/* A flow that comes for the first time has the session's label, and is chosen as there. */
static void note_flow(TwinGather *self, uint32_t number)
{
    const uint32_t flow = twin_flows_pushed(self->flows);
    const uint32_t known = twin_session_flow(self->session, number);
    if (flow != self->chosen->len) {
        return; /* none, or not its first packet */
    }
    const uint8_t is_chosen = twin_choice_has(self->choice, self->session, number) ? 1 : 0;
    g_byte_array_append(self->chosen, &is_chosen, 1);
    if (known < self->n_flows) {
        twin_flows_set_label(self->flows, flow, self->labels[known]);
    }
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
    if (!twin_flows_push(self->flows, &frame, NULL, error)) {
        return false;
    }
    note_flow(self, number);
    return true;
}

bool twin_gather_step(TwinGather *self, capture_file *file, int64_t slice_us, GError **error)
{
    const int64_t end_us = g_get_monotonic_time() + slice_us;
    bool is_good = true;
    TwinRecord record;
    twin_record_init(&record);
    while (is_good && self->next <= self->n_frames) {
        if (twin_session_flow(self->session, self->next) != TWIN_TRACKER_NO_FLOW) {
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

TwinFlows *twin_gather_steal(TwinGather *self, GByteArray **chosen_out)
{
    *chosen_out = g_steal_pointer(&self->chosen);
    return g_steal_pointer(&self->flows);
}
