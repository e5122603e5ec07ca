/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_CHOICE_H
#define FLOWTWIN_PLUGIN_CHOICE_H

#include "capture_file.h"
#include "session.h"
#include "window.h"

/** Flows of the capture at hand that are to be imitated. */
typedef struct {
    uint8_t *is_chosen; /* one a flow of the session */
    size_t n_flows;     /* of the session */
    size_t n_chosen;
    uint64_t n_packets; /* of those chosen */
} TwinChoice;

/**
 * Chooses by @scope.
 *
 * @param flow       the selected packet's, for TWIN_SCOPE_FLOW and _LABEL; TWIN_TRACKER_NO_FLOW:
 *                   none, and nothing is chosen by these
 * @param choice_out cleared by twin_choice_clear()
 *
 * Cost: linear in flows, for TWIN_SCOPE_DISPLAYED in frames.
 */
void twin_choice_make(TwinChoice *choice_out, const capture_file *file, const TwinSession *session,
                      TwinScope scope, uint32_t flow);

void twin_choice_clear(TwinChoice *self);

/** True where the frame is of a flow that was chosen. */
bool twin_choice_has(const TwinChoice *self, const TwinSession *session, uint32_t frame);

#endif
