/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_REALISM_H
#define FLOWTWIN_PLUGIN_REALISM_H

#include <flowtwin/flows.h>

#include "window.h"

/*
 * The realism report: judged in a thread, written as HTML beside the capture, opened in the user's
 * browser. One goes on at a time, and none beside another piece of work.
 */

/** Asks for a real capture, and judges the open one against it. */
void twin_realism_ask(void);

/**
 * Judges how well a design imitates flows: learns from four fifths of them, judges against the
 * fifth; or says why it will not.
 *
 * @param flows   finished; copied
 * @param request how they were imitated
 * @param capture what was written then; the report goes beside it
 */
void twin_realism_judge_design(const TwinFlows *flows, const TwinRequest *request,
                               const char *capture);

/** True while a judgement goes on. */
bool twin_realism_is_running(void);

/** The program ends: stops the judgement and waits for its end, a moment. */
void twin_realism_shut_down(void);

#endif
