/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_DATA_H
#define FLOWTWIN_BN_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More variables than this are not a network that a person reads. */
#define TWIN_MAX_VARIABLES 64U

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
    size_t n_rows;
    /**
     * Adds the family's counts to counts_out[configuration × n_states(child) + state], where
     * configuration = Σ parent state × product of the n_states of the parents after it.
     * May be called from several threads at once.
     */
    void (*count)(const TwinCounter *self, const TwinFamily *family, uint32_t *counts_out);
    const void *data;
};

/** Rows in memory, one byte column a variable. @columns are borrowed and outlive the counter. */
TwinCounter twin_counter_of_columns(const TwinColumn *columns, size_t n_columns, size_t n_rows);

/** Cells of the family's table, or 0 where they exceed @max_cells. */
size_t twin_family_cells(const TwinFamily *family, const unsigned *n_states, size_t max_cells);

#endif
