/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "choice.h"

static const char *label_of(TwinTracker *tracker, uint32_t flow)
{
    TwinTrackedFlow tracked;
    twin_tracker_flow(tracker, flow, &tracked);
    return tracked.label;
}

static void choose_displayed(TwinChoice *self, const capture_file *file, const TwinSession *session)
{
    for (uint32_t number = 1; number <= file->count; number++) {
        const frame_data *frame = twin_capture_file_frame(file, number);
        const uint32_t flow = twin_session_flow(session, number);
        if (frame != NULL && frame->passed_dfilter && flow < self->n_flows) {
            self->is_chosen[flow] = 1;
        }
    }
}

static void choose_label(TwinChoice *self, TwinTracker *tracker, uint32_t like)
{
    const char *label = label_of(tracker, like);
    for (uint32_t flow = 0; flow < self->n_flows; flow++) {
        self->is_chosen[flow] = g_strcmp0(label_of(tracker, flow), label) == 0;
    }
}

static void choose(TwinChoice *self, const capture_file *file, const TwinSession *session,
                   TwinScope scope, uint32_t flow)
{
    switch (scope) {
    case TWIN_SCOPE_FLOW:
        if (flow < self->n_flows) {
            self->is_chosen[flow] = 1;
        }
        break;
    case TWIN_SCOPE_LABEL:
        if (flow < self->n_flows) {
            choose_label(self, twin_session_tracker(session), flow);
        }
        break;
    case TWIN_SCOPE_DISPLAYED:
        choose_displayed(self, file, session);
        break;
    case TWIN_SCOPE_CAPTURE:
    case TWIN_N_SCOPES:
        memset(self->is_chosen, 1, self->n_flows);
        break;
    }
}

void twin_choice_make(TwinChoice *choice_out, const capture_file *file, const TwinSession *session,
                      TwinScope scope, uint32_t flow)
{
    TwinTracker *tracker = twin_session_tracker(session);
    *choice_out = (TwinChoice){.n_flows = twin_tracker_n_flows(tracker)};
    choice_out->is_chosen = g_new0(uint8_t, choice_out->n_flows);
    choose(choice_out, file, session, scope, flow);
    for (uint32_t f = 0; f < choice_out->n_flows; f++) {
        if (choice_out->is_chosen[f] != 0) {
            TwinTrackedFlow tracked;
            twin_tracker_flow(tracker, f, &tracked);
            choice_out->n_chosen++;
            choice_out->n_packets += tracked.n_packets;
        }
    }
}

void twin_choice_clear(TwinChoice *self)
{
    g_clear_pointer(&self->is_chosen, g_free);
}

bool twin_choice_has(const TwinChoice *self, const TwinSession *session, uint32_t frame)
{
    const uint32_t flow = twin_session_flow(session, frame);
    return flow < self->n_flows && self->is_chosen[flow] != 0;
}
