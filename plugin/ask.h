/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_ASK_H
#define FLOWTWIN_PLUGIN_ASK_H

#include "session.h"
#include "window.h"

/**
 * Opens the dialog of @task with sensible values, and starts the work when it is accepted.
 *
 * @param scope   to begin with; another where it cannot be chosen
 * @param session of the capture at hand; NULL: none is open, and the user is told
 */
void twin_ask(TwinTask task, TwinScope scope, TwinSession *session);

/** The capture at hand is gone; a dialog that is open will say so. */
void twin_ask_capture_closed(void);

#endif
