/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_JOB_H
#define FLOWTWIN_PLUGIN_JOB_H

#include "session.h"
#include "window.h"

/**
 * One piece of work for the window: packets are taken out of Wireshark between its own events, the
 * rest is done by a thread of its own; then the result opens. One goes on at a time. It says to the
 * user what becomes of it.
 *
 * @param request copied
 * @param frame   the selected packet, for TWIN_SCOPE_FLOW and _LABEL; 0: none
 * @param session of the capture at hand; NULL where none is wanted (TWIN_TASK_GENERATE)
 */
void twin_job_start(const TwinRequest *request, uint32_t frame, TwinSession *session);

/** True while a piece of work goes on. */
bool twin_job_is_running(void);

/** The capture at hand is gone: work that still needs it is given up. */
void twin_job_capture_closed(void);

/** The program ends: stops the work and waits for its end, a moment. */
void twin_job_shut_down(void);

#endif
