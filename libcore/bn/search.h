/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_SEARCH_H
#define FLOWTWIN_BN_SEARCH_H

#include <flowtwin/progress.h>

#include "bn/dag.h"
#include "bn/data.h"
#include "bn/score.h"

#include <glib.h>

/** How structure is searched. */
typedef struct {
    const TwinScore *score; /* a row of the score table */
    const uint8_t *tiers;   /* per variable: arrows only from a tier to the same or a higher one;
                               NULL: all the same */
    const bool *is_given;   /* per variable: given ones get no parents, their families are not
                               drawn from; NULL: none is */
    unsigned max_parents;   /* 0: no bound */
    uint64_t max_cells;     /* families with larger tables are never candidates; 0: no bound but
                               TWIN_MAX_CELLS */
    unsigned n_threads;     /* scoring only; the result does not depend on it */
    const TwinProgress *progress;
} TwinSearchOptions;

/**
 * Greedy hill climbing from the empty graph: the best of all single additions, deletions and
 * reversals, until none raises the score. Ties go to the lower (child, parent) index.
 *
 * A change rescores only the families that it touches; scores are cached by family.
 *
 * @param dag_out empty or not, overwritten
 * @return false with TWIN_ERROR_CANCELLED
 *
 * Source: Heckerman et al. 1995 (search); Cooper & Herskovits 1992 (K2 score).
 */
bool twin_hill_climb(const TwinCounter *counter, const TwinSearchOptions *options, TwinDag *dag_out,
                     GError **error);

#endif
