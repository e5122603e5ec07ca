/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_DATA_H
#define FLOWTWIN_BN_DATA_H

#include "bn/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More variables than this are not a network that a person reads. */
#define TWIN_MAX_VARIABLES 64U

/** Cells of a family's table are numbered in 56 bits; what occurs of them is a matter of rows. */
#define TWIN_MAX_CELLS ((uint64_t)1 << 56)

/** A variable's states, one byte a row. Borrowed. */
typedef struct {
    const uint8_t *states; /* n_rows of them, each below n_states */
    unsigned n_states;     /* 1 … 256 */
} TwinColumn;

/** A child and its parents: indices of variables. The first parent is the most significant digit.
 */
typedef struct {
    size_t child;
    size_t n_parents;
    size_t parents[TWIN_MAX_VARIABLES];
} TwinFamily;

/**
 * All that learning ever asks of the data: how often each state of a child occurs with each
 * configuration of its parents. Threads, and later machines, count their own rows and add.
 */
typedef struct TwinCounter TwinCounter;
struct TwinCounter {
    size_t n_variables;
    unsigned n_states[TWIN_MAX_VARIABLES];
    size_t n_rows; /* below 2^32 */
    /**
     * Adds the cell of each row to @tally, which has begun: configuration × n_states(child) +
     * state, where configuration = Σ parent state × product of the n_states of the parents after
     * it. May be called from several threads at once, for a tally each.
     */
    void (*count)(const TwinCounter *self, const TwinFamily *family, TwinTally *tally);
    const void *data;
};

/**
 * Begins @tally and counts the family into it.
 *
 * @param counts_out borrowed from @tally
 * @return false where memory ran out
 */
bool twin_counter_count(const TwinCounter *self, const TwinFamily *family, TwinTally *tally,
                        TwinCounts *counts_out) TWIN_CHECKED;

/**
 * Rows in memory, one byte column a variable, each counted once. Rows that repeat cost less as
 * TwinRows.
 *
 * @param columns borrowed, outlive the counter
 */
TwinCounter twin_counter_of_columns(const TwinColumn *columns, size_t n_columns, size_t n_rows);

/** Cells of the family's table, or 0 where they exceed @max_cells. */
uint64_t twin_family_cells(const TwinFamily *family, const unsigned *n_states, uint64_t max_cells);

/**
 * Adds rows to @tally, as the count of a counter does that has columns.
 *
 * @param weights   of each row; NULL: 1
 */
void twin_count_columns(const TwinColumn *columns, const uint32_t *weights, size_t n_rows,
                        const TwinFamily *family, TwinTally *tally);

#endif
