/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_PLAIN_H
#define FLOWTWIN_PLUGIN_PLAIN_H

#include "window.h"

/** What draws by Wireshark's own means, text fields and text windows, where there is no Qt. */
const TwinWindow *twin_plain_window(void);

#endif
