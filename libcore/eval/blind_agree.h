/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_AGREE_H
#define FLOWTWIN_EVAL_BLIND_AGREE_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far people agree, and how sure a share is. Each is TWIN_NO_VALUE where there is nothing to
 * reckon with: no flow, or an agreement that chance alone would give (all say the same).
 */

/**
 * Cohen's kappa of two annotators.
 *
 * @param counts n_grades × n_grades: flows that the first graded as row, the second as column
 *
 * Source: Cohen, A coefficient of agreement for nominal scales (1960).
 */
double twin_kappa_cohen(const uint32_t *counts, size_t n_grades);

/**
 * Fleiss' kappa of two or more annotators.
 *
 * @param counts n_flows × n_grades: how many gave this grade; every row has the same sum, at
 *               least 2
 *
 * Source: Fleiss, Measuring nominal scale agreement among many raters (1971).
 */
double twin_kappa_fleiss(const uint32_t *counts, size_t n_flows, size_t n_grades);

/**
 * The interval that holds a share with 95 % confidence.
 *
 * Source: Wilson, Probable inference, the law of succession, and statistical inference (1927),
 * without continuity correction.
 */
void twin_wilson(size_t part, size_t whole, double *low_out, double *high_out);

#endif
