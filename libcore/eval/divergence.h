/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_DIVERGENCE_H
#define FLOWTWIN_EVAL_DIVERGENCE_H

#include <stddef.h>
#include <stdint.h>

/**
 * Jensen-Shannon divergence of two histograms over the same states, in bits: 0 (alike) … 1 (no
 * state in common).
 *
 * @param a, b  how often each state occurred
 * @return NAN where one of them is empty
 *
 * Source: Lin, Divergence Measures Based on the Shannon Entropy, 1991; scipy's jensenshannon(…, 2)
 * is its square root.
 */
double twin_divergence(const uint64_t *a, const uint64_t *b, size_t n_states);

#endif
