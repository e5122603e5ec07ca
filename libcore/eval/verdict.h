/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_VERDICT_H
#define FLOWTWIN_EVAL_VERDICT_H

#include "eval/report.h"

/** What the tables amount to: sentences for people, the first of them the headline. (transfer full)
 *  an array of char * */
GPtrArray *twin_verdict(const TwinReport *report);

#endif
