/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_SCORE_H
#define FLOWTWIN_BN_SCORE_H

#include "bn/tally.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Logarithms of factorials, 0 … n; a table, since lgamma() writes a global. */
typedef struct TwinLogFactorials TwinLogFactorials;

/** A decomposable score of a family, from its counts; higher is better. A new score is a row. */
typedef struct TwinScore {
    const char *name; /* "k2" */
    /** @param n_states of the child; @param n_possible cells of the family's table */
    double (*of_counts)(const TwinLogFactorials *log_factorials, const TwinCounts *counts,
                        unsigned n_states, uint64_t n_possible);
} TwinScore;

/** The score of that name, or NULL. */
const TwinScore *twin_score_find(const char *name);

/** (transfer full) The table up to @largest; O(largest) once, with log-sums in one fixed order. */
TwinLogFactorials *twin_log_factorials_new(size_t largest);
void twin_log_factorials_free(TwinLogFactorials *self);
double twin_log_factorial(const TwinLogFactorials *self, size_t n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinLogFactorials, twin_log_factorials_free)

#endif
