/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_JUDGING_H
#define FLOWTWIN_PLUGIN_JUDGING_H

#include <flowtwin/flowtwin.h>

#include "window.h"

/** Fewest real flows that a judgement rests on: a fifth of them is held out. */
enum { TWIN_LEAST_JUDGED = 100 };

/** What is judged: a capture against a real one, or a design on flows that it is to imitate. */
typedef struct {
    const char *real;       /* file; NULL: flows */
    const char *synthetic;  /* file, with @real */
    const TwinFlows *flows; /* finished, at least TWIN_LEAST_JUDGED; copied */
    TwinRequest request;    /* how they are imitated; its strings are not looked at */
    const char *output;     /* HTML, which is not there yet */
} TwinCase;

/** A judgement beside the window's thread. */
typedef struct TwinJudging TwinJudging;

/**
 * Starts it.
 *
 * @param brief copied
 * @return (transfer full) NULL with TWIN_ERROR_TOO_LARGE
 */
TwinJudging *twin_judging_start(const TwinCase *brief, GError **error);

/** Stops it, waits for its end, frees it; NULL is allowed. */
void twin_judging_free(TwinJudging *self);

/** Asks it to stop. */
void twin_judging_cancel(TwinJudging *self);

/** How far it is; true when it has ended. @what_out: (transfer full) */
bool twin_judging_look(TwinJudging *self, char **what_out, double *fraction_out);

/** After its end: what the report says first, in sentences; NULL with the reason. Borrowed. */
const char *twin_judging_verdict(TwinJudging *self, GError **error);

/** Where the report is written. Borrowed. */
const char *twin_judging_output(const TwinJudging *self);

#endif
