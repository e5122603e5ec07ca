/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_SCORER_H
#define FLOWTWIN_BN_SCORER_H

#include <flowtwin/macros.h>

#include "bn/data.h"
#include "bn/score.h"

#include <glib.h>

/** A family whose parents have no order: bit v of @parents stands for variable v. */
typedef struct {
    size_t child;
    uint64_t parents;
} TwinFamilySet;

/** Scores families, on several threads, and remembers what it has scored. One owner thread. */
typedef struct TwinScorer TwinScorer;

/**
 * @param counter   borrowed, outlives the scorer
 * @param score     a row of the score table
 * @param max_cells families with larger tables score −∞; 0: those over TWIN_MAX_CELLS
 * @param n_threads at least 1; scores do not depend on it
 */
TwinScorer *twin_scorer_new(const TwinCounter *counter, const TwinScore *score, uint64_t max_cells,
                            unsigned n_threads);
void twin_scorer_free(TwinScorer *self);

/**
 * Makes sure that each of @families (repeats allowed) has a score.
 *
 * @return false with TWIN_ERROR_TOO_LARGE where there is no memory for their tables; the scorer
 *         is then only to be freed
 *
 * Cost: one count over all rows for each family not scored before, and a tally a thread.
 */
bool twin_scorer_prepare(TwinScorer *self, const TwinFamilySet *families, size_t n_families,
                         GError **error) TWIN_CHECKED;

/** The score of a family that has been prepared; −∞ where its table exceeds max_cells. */
double twin_scorer_get(const TwinScorer *self, size_t child, uint64_t parents);

/** Families counted so far: what learning cost. */
size_t twin_scorer_n_counted(const TwinScorer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinScorer, twin_scorer_free)

#endif
