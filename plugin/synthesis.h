/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_SYNTHESIS_H
#define FLOWTWIN_PLUGIN_SYNTHESIS_H

#include "stat.h"

/** "-z flowtwin,synthesize": look-alikes of the flows, written as a new capture. */
extern const TwinStatKind twin_stat_synthesize;

#endif
