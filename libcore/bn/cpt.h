/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_CPT_H
#define FLOWTWIN_BN_CPT_H

#include <flowtwin/macros.h>

#include "bn/data.h"

#include <glib.h>

/**
 * A conditional probability table by maximum likelihood, kept as the counts of the configurations
 * that occurred. A configuration never seen backs off: the parent added last is dropped, then the
 * one before it, and so on, until the rest was seen; with no parent left it is the child's own
 * distribution. Immutable once made, so threads may share it.
 *
 * Memory: for each configuration that occurred with all parents, with all but the last, …, 12 bytes
 * and 8 for each state that occurred; and 4 bytes for each possible configuration where there are
 * at most 2^20, else up to 16 for each that occurred.
 */
typedef struct TwinCpt TwinCpt;

/** One configuration that occurred. Counts are borrowed, n_states(child) of them. */
typedef struct {
    uint64_t configuration; /* as TwinCounter counts */
    const uint32_t *counts;
} TwinCptRow;

/**
 * Counts the family and keeps what occurred.
 *
 * @return NULL with TWIN_ERROR_TOO_LARGE beyond TWIN_MAX_CELLS or memory, TWIN_ERROR_EMPTY without
 *         rows
 */
TwinCpt *twin_cpt_learn(const TwinCounter *counter, const TwinFamily *family,
                        GError **error) TWIN_CHECKED;

/**
 * Builds a table from rows in rising order of configuration, as a model file has them.
 *
 * @param family   variables below TWIN_MAX_VARIABLES
 * @param n_states of each variable
 * @return NULL with TWIN_ERROR_FORMAT where a variable has no state or over 256, the table more
 *         cells than TWIN_MAX_CELLS, there is no row, or one is out of order, out of range or
 *         empty, or all counts together exceed 2^32 − 1; TWIN_ERROR_TOO_LARGE where memory
 *         runs out
 */
TwinCpt *twin_cpt_new(const TwinFamily *family, const unsigned *n_states, const TwinCptRow *rows,
                      size_t n_rows, GError **error) TWIN_CHECKED;
void twin_cpt_free(TwinCpt *self);

const TwinFamily *twin_cpt_family(const TwinCpt *self);

/** States of the child. */
unsigned twin_cpt_n_states(const TwinCpt *self);

/** Configurations that occurred. */
size_t twin_cpt_n_rows(const TwinCpt *self);

/**
 * Writes the counts of row @index (by rising configuration) to counts_out[0 … n_states − 1].
 *
 * @return its configuration
 */
uint64_t twin_cpt_row(const TwinCpt *self, size_t index, uint32_t *counts_out);

/**
 * Draws a state of the child.
 *
 * @param values  the states of all variables; those of the parents are read
 * @param uniform 32 random bits
 * @param n_unseen_io one is added where the parents' configuration never occurred; NULL: not asked
 *
 * A state is drawn for as many of the 2^32 values of @uniform as its count asks, give or take one.
 * Hot: a look-up by configuration and a search in at most 256 running sums.
 */
unsigned twin_cpt_draw(const TwinCpt *self, const uint8_t *values, uint32_t uniform,
                       size_t *n_unseen_io);

/** Maximum-likelihood probability of @state given the parents in @values, backed off likewise. */
double twin_cpt_probability(const TwinCpt *self, const uint8_t *values, unsigned state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCpt, twin_cpt_free)

#endif
