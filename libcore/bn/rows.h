/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_ROWS_H
#define FLOWTWIN_BN_ROWS_H

#include <flowtwin/macros.h>

#include "bn/data.h"

#include <glib.h>

/**
 * Rows of byte columns, each distinct one kept once with the number of times that it occurred:
 * packets repeat, and counting then costs by distinct rows. One owner thread while rows are added.
 *
 * Memory: for each distinct row one byte a column, 4, 8 for every 64 bits of states, and up to 16.
 */
typedef struct TwinRows TwinRows;

/** @param n_states per column, 1 … 256; @param n_columns at most TWIN_MAX_VARIABLES */
TwinRows *twin_rows_new(const unsigned *n_states, size_t n_columns);
void twin_rows_free(TwinRows *self);

/**
 * Adds rows; what is there already stays.
 *
 * @param states one pointer a column to n_rows states, each below n_states; not kept
 * @return false with TWIN_ERROR_TOO_LARGE where memory runs out, or at 2^32 rows
 *
 * Cost: a look-up in a hash table a row.
 */
bool twin_rows_add(TwinRows *self, const uint8_t *const *states, size_t n_rows,
                   GError **error) TWIN_CHECKED;

size_t twin_rows_n_distinct(const TwinRows *self);

/** Counts what was added so far; borrows @self, to which no row is added while it is in use. */
TwinCounter twin_rows_counter(const TwinRows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinRows, twin_rows_free)

#endif
