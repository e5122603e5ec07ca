/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_GATHER_H
#define FLOWTWIN_PLUGIN_GATHER_H

#include <flowtwin/flows.h>

#include "capture_file.h"
#include "choice.h"
#include "session.h"

/**
 * Takes the packets of the capture at hand out of Wireshark, a little at a time, so that the window
 * draws between. Reads the records again and does not dissect them: labels are those that the
 * session has. Keeps 48 bytes a packet.
 */
typedef struct TwinGather TwinGather;

/**
 * @param choice  flows that are to be imitated
 * @param session borrowed, as is @choice: end the gathering before either
 */
TwinGather *twin_gather_new(const capture_file *file, TwinSession *session,
                            const TwinChoice *choice);

void twin_gather_free(TwinGather *self);

/**
 * Goes on for about @slice_us.
 *
 * @return false with TWIN_ERROR_INPUT (a record can no longer be read) or _TOO_LARGE
 */
bool twin_gather_step(TwinGather *self, capture_file *file, int64_t slice_us, GError **error);

/** 0 … 1; 1: all are taken. */
double twin_gather_fraction(const TwinGather *self);

/**
 * What was taken, not finished yet.
 *
 * @param chosen_out (transfer full) a byte a flow: 1 where it is to be imitated
 * @return (transfer full)
 */
TwinFlows *twin_gather_steal(TwinGather *self, GByteArray **chosen_out);

#endif
