/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_ANNOTATE_H
#define FLOWTWIN_PLUGIN_ANNOTATE_H

#include "session.h"
#include "window.h"

/**
 * The annotator's entries: in Tools, in the packet list's menu where a packet of a blind test is
 * selected, and on keys. An answer goes to the sheet at once and shows in every row of the flow.
 *
 * @param session tells whose capture is at hand; NULL: none
 */
void twin_annotate_register(TwinSession *(*session)(void));

/** Adds to the packet list's menu where Wireshark itself cannot, and the keys. */
void twin_annotate_hook(const TwinWindow *window);

#endif
