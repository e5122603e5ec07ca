/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_SCORE_H
#define FLOWTWIN_BN_SCORE_H

#include "bn/tally.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Logarithms of factorials, 0 … n; a table, since lgamma() writes a global. */
typedef struct TwinLogFactorials TwinLogFactorials;

/**
 * A decomposable score of a family, from its counts; higher is better, in nats. A new score is a
 * row.
 *
 * "k2" is the logarithm of the probability of the child's column given the parents' ones, with all
 * probabilities in the table equally likely beforehand (Dirichlet, all ones):
 * Σ_j [ln (r − 1)! − ln (N_ij + r − 1)! + Σ_k ln N_ijk!]. There is no prior over structures: every
 * graph is as likely as another, as in the paper's design. Parents are kept few by the first two
 * terms alone, which are what a table pays for each configuration j that occurs before its rows
 * begin to be foreseen; a configuration that does not occur costs nothing. So the more rows, the
 * more parents a family can afford.
 *
 * Source: Cooper & Herskovits, A Bayesian Method for the Induction of Probabilistic Networks from
 * Data, Machine Learning 9 (1992), formula 12.
 */
typedef struct TwinScore {
    const char *name; /* "k2" */
    /** @param n_states of the child; @param n_possible cells of the family's table */
    double (*of_counts)(const TwinLogFactorials *log_factorials, const TwinCounts *counts,
                        unsigned n_states, uint64_t n_possible);
} TwinScore;

/** The score of that name, or NULL. */
const TwinScore *twin_score_find(const char *name);

/**
 * (transfer full) Of up to @largest: a table up to 65,535, Stirling's series beyond; errors of a
 * few units in the last place. At most 512 KiB, so a look-up stays in the second-level cache.
 */
TwinLogFactorials *twin_log_factorials_new(size_t largest);
void twin_log_factorials_free(TwinLogFactorials *self);
double twin_log_factorial(const TwinLogFactorials *self, size_t n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinLogFactorials, twin_log_factorials_free)

#endif
