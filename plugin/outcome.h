/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_OUTCOME_H
#define FLOWTWIN_PLUGIN_OUTCOME_H

#include "work.h"

/** What a dialog about the request is headed with. */
const char *twin_outcome_title(const TwinRequest *request);

/** Says why nothing came of it, unless the user wanted it so. */
void twin_outcome_failed(const TwinRequest *request, const GError *error);

/**
 * Opens what was written as the request has it, never in the place of an unsaved capture, and shows
 * a summary, later, when Wireshark has nothing else to do.
 *
 * @param work    (transfer full) ended
 * @param seconds that it took
 */
void twin_outcome_show(TwinWork *work, double seconds);

#endif
