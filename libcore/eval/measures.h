/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_MEASURES_H
#define FLOWTWIN_EVAL_MEASURES_H

#include "eval/judge.h"

/*
 * The measures: each judges the sets and adds its tables to the report; the order is that of the
 * table in report.c. A set may be empty: then there are notes instead of numbers.
 */
void twin_measure_checks(const TwinJudge *judge, TwinReport *report);
void twin_measure_transfer(const TwinJudge *judge, TwinReport *report);
void twin_measure_two_sample(const TwinJudge *judge, TwinReport *report);
void twin_measure_divergence(const TwinJudge *judge, TwinReport *report);
void twin_measure_arithmetic(const TwinJudge *judge, TwinReport *report);
void twin_measure_physics(const TwinJudge *judge, TwinReport *report);
void twin_measure_giveaways(const TwinJudge *judge, TwinReport *report);
void twin_measure_memorisation(const TwinJudge *judge, TwinReport *report);

/** A new table at the end of the report; borrowed. */
TwinTable *twin_report_add(TwinReport *self, const TwinTableHead *head);

#endif
