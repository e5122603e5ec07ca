/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_MODULE_H
#define FLOWTWIN_PLUGIN_MODULE_H

#include "window.h"

/** Loads what draws, as soon as Wireshark's window stands; does nothing in tshark. */
void twin_module_start(void);

/** What draws; NULL before it is loaded and in tshark. */
const TwinWindow *twin_module_window(void);

#endif
