/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_ENDS_H
#define FLOWTWIN_PLUGIN_ENDS_H

#include <flowtwin/tracker.h>

/** (transfer full) ADDRESS:PORT of a side, an IPv6 address in brackets. */
char *twin_ends_text(const TwinTrackedFlow *flow, unsigned side);

#endif
