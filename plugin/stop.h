/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_STOP_H
#define FLOWTWIN_PLUGIN_STOP_H

#include <flowtwin/progress.h>

/**
 * Ctrl-C while a capture is read for a synthesis: ends tshark at once, status 130. tshark itself
 * would go on with what it has read by then, and end with 0. It installs its handler when it begins
 * to read: call this with the first packet. Does nothing in a window.
 */
void twin_stop_at_once(void);

/**
 * Ctrl-C from now on ends the work that is given what this returns: outputs begun are removed, then
 * the caller ends tshark. A second one ends it at once.
 */
const TwinProgress *twin_stop_by_progress(void);

/** The exit status for the signal that came; 0: none did. */
int twin_stop_status(void);

#endif
