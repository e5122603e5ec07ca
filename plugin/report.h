/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_REPORT_H
#define FLOWTWIN_PLUGIN_REPORT_H

#include "stat.h"

/** "-z flowtwin,check": totals of the checks. */
extern const TwinStatKind twin_stat_check;

/** "-z flowtwin,flows": a row a flow. */
extern const TwinStatKind twin_stat_flows;

#endif
