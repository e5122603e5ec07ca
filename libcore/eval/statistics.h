/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_STATISTICS_H
#define FLOWTWIN_EVAL_STATISTICS_H

#include "eval/judge.h"

#define TWIN_N_STATISTICS 22

/** Names of the statistics, for people and JSON alike, with their units. */
extern const char *const twin_statistic_names[TWIN_N_STATISTICS];

/** The 22 statistics of one flow; all finite. Cost: one pass over its packets. */
void twin_statistics(const TwinFlows *flows, const TwinFlow *flow,
                     double values_out[TWIN_N_STATISTICS]);

/** The @q-quantile (0 … 1) of @values by linear interpolation, as numpy's default; sorts them. NAN
 *  without values. */
double twin_quantile(double *values, size_t n_values, double q);

/** Mean and standard deviation (of the population, as numpy's default). */
void twin_mean_sd(const double *values, size_t n_values, double *mean_out, double *sd_out);

#endif
