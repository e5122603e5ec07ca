/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_MENU_H
#define FLOWTWIN_PLUGIN_MENU_H

#include "session.h"
#include "window.h"

/** Registers what the window offers. @session tells whose capture is at hand; NULL: none. */
void twin_menu_register(TwinSession *(*session)(void));

/** Adds to the packet list's menu where Wireshark itself cannot. */
void twin_menu_hook(const TwinWindow *window);

#endif
