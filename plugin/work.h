/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_WORK_H
#define FLOWTWIN_PLUGIN_WORK_H

#include <flowtwin/flowtwin.h>

#include "window.h"

/** How many flows pass each check. */
typedef struct {
    uint64_t n_flows;
    uint64_t n_passing[TWIN_N_CHECKS];
} TwinWorkTotals;

/** What is done beside the window's thread: learning, writing, looking at what was written. */
typedef struct TwinWork TwinWork;

/** What came of it. */
typedef struct {
    TwinSynthesiseResult made;
    size_t n_learned_flows;
    size_t n_learned_packets;
    TwinWorkTotals real;      /* the flows that were imitated; none with TWIN_TASK_GENERATE */
    TwinWorkTotals synthetic; /* as read back from the output */
} TwinWorkResult;

/**
 * @param request copied
 * @param input   file that must not be written to; NULL: none
 */
TwinWork *twin_work_new(const TwinRequest *request, const char *input);

/** Stops the work, waits for its end, frees it; NULL is allowed. */
void twin_work_free(TwinWork *self);

const TwinRequest *twin_work_request(const TwinWork *self);

/** Asks it to stop; it does so at the next flow. Any thread. */
void twin_work_cancel(TwinWork *self);
bool twin_work_is_cancelled(TwinWork *self);

/**
 * Starts the thread.
 *
 * @param flows  (transfer full) pushed, not finished; NULL with TWIN_TASK_GENERATE
 * @param chosen (transfer full) a byte a flow: 1 where it is to be imitated
 */
void twin_work_start(TwinWork *self, TwinFlows *flows, GByteArray *chosen);

/** How far it is; @return true when it has ended. @what_out: (transfer full) */
bool twin_work_look(TwinWork *self, char **what_out, double *fraction_out);

/**
 * After its end: the flows that were imitated, for who asks more of them.
 *
 * @return (transfer full) NULL with TWIN_TASK_GENERATE
 */
TwinFlows *twin_work_steal_imitated(TwinWork *self);

/** After its end: what came of it; NULL with the reason. */
const TwinWorkResult *twin_work_result(TwinWork *self, GError **error);

#endif
