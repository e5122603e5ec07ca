/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_INPUTS_H
#define FLOWTWIN_PLUGIN_INPUTS_H

#include <glib.h>

/**
 * Paths of the files that this process has open for reading, in any order: the capture is among
 * them, whose name tshark does not tell. (transfer full)
 */
GPtrArray *twin_open_inputs(void);

#endif
