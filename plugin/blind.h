/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_BLIND_H
#define FLOWTWIN_PLUGIN_BLIND_H

#include <flowtwin/blindtest.h>

#include "compat.h"

/**
 * The blind test that a capture is, if it is one: which of its flows has which number, and what the
 * annotator said of them, which stands in a sheet beside the capture.
 *
 * Flows are those of the tracker.
 */
typedef struct TwinBlind TwinBlind;

TwinBlind *twin_blind_new(void);
void twin_blind_free(TwinBlind *self);

/** Looks at a packet's comments, at its first visit. Without one it costs next to nothing. */
void twin_blind_take(TwinBlind *self, const packet_info *pinfo, uint32_t flow);

/** True once a flow of a blind test was met. */
bool twin_blind_is_on(const TwinBlind *self);

/** The flow's number in the test, 0: none. */
uint32_t twin_blind_number(const TwinBlind *self, uint32_t flow);

/** What the sheet says of it. Reads the sheet where that was not done yet. */
TwinGrade twin_blind_grade(TwinBlind *self, uint32_t flow);

/**
 * Writes an answer to the sheet, read anew before so that nobody else's change to it is lost.
 *
 * @return false with TWIN_ERROR_FORMAT (a sheet of another study stands there), _INPUT, _OUTPUT, or
 *         _ARGUMENT where the flow is none of a blind test
 */
bool twin_blind_answer(TwinBlind *self, uint32_t flow, TwinGrade grade, GError **error);

/** Where the sheet is; NULL where there is no capture file yet. Borrowed. */
const char *twin_blind_sheet_path(TwinBlind *self);

#endif
