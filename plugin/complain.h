/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_COMPLAIN_H
#define FLOWTWIN_PLUGIN_COMPLAIN_H

#include <glib.h>
#include <stdbool.h>

/** True in Wireshark's window, false in tshark. */
bool twin_has_window(void);

/**
 * Says in one line why what "-z" asked for cannot be done.
 *
 * In tshark it goes to stderr and ends the program with status 1: a tap has no other way to tell
 * it. In a window it is a message, and the caller goes on without.
 */
G_GNUC_PRINTF(1, 2) void twin_complain(const char *format, ...);

/** A line on stderr, or a message in a window. */
G_GNUC_PRINTF(1, 2) void twin_say(const char *format, ...);

#endif
