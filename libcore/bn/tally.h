/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TALLY_H
#define FLOWTWIN_BN_TALLY_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How often each cell of a family's table occurred: those that did, in rising order. Borrowed. */
typedef struct {
    const uint64_t *cells;  /* configuration × n_states(child) + state */
    const uint32_t *counts; /* each at least 1 */
    size_t n_cells;
} TwinCounts;

/**
 * Adds up what counters see of one family after another. Tables that are small beside the rows are
 * counted in place, others by hashing, so that the cost follows the rows and what occurred, never
 * what is possible. One owner thread.
 *
 * Memory: at most 24 bytes a row, of the family that had most; 44 bytes a cell that occurred.
 */
typedef struct TwinTally TwinTally;

TwinTally *twin_tally_new(void);
void twin_tally_free(TwinTally *self);

/**
 * Forgets the family before.
 *
 * @param n_possible cells of the family's table
 * @param n_rows     about how many will be added: the bound on a table that is counted in place
 */
void twin_tally_begin(TwinTally *self, uint64_t n_possible, size_t n_rows);

/**
 * Adds rows by their cells.
 *
 * @param cells   each below n_possible
 * @param weights how often each row occurred, at least once; NULL: once. The sum of all weights
 *                is below 2^32
 */
void twin_tally_add32(TwinTally *self, const uint32_t *cells, const uint32_t *weights,
                      size_t n_rows);
void twin_tally_add64(TwinTally *self, const uint64_t *cells, const uint32_t *weights,
                      size_t n_rows);

/** Hands out the sums, borrowed until the next begin. @return false where memory ran out */
bool twin_tally_end(TwinTally *self, TwinCounts *counts_out) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinTally, twin_tally_free)

#endif
