/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/data.h"

#include <glib.h>

/* Rows whose codes are worked out before they are counted: they stay in the first-level cache. */
enum { BLOCK_ROWS = 2048 };

static void add_digit(uint32_t *codes, size_t n_rows, const uint8_t *states, uint32_t n_states)
{
    for (size_t i = 0; i < n_rows; i++) {
        codes[i] = codes[i] * n_states + states[i];
    }
}

static void first_digit(uint32_t *codes, size_t n_rows, const uint8_t *states)
{
    for (size_t i = 0; i < n_rows; i++) {
        codes[i] = states[i];
    }
}

static void count_columns(const TwinCounter *self, const TwinFamily *family, uint32_t *counts_out)
{
    const TwinColumn *columns = self->data;
    uint32_t codes[BLOCK_ROWS];
    for (size_t start = 0; start < self->n_rows; start += BLOCK_ROWS) {
        const size_t n_rows = MIN(self->n_rows - start, (size_t)BLOCK_ROWS);
        for (size_t p = 0; p <= family->n_parents; p++) {
            const size_t variable = p < family->n_parents ? family->parents[p] : family->child;
            const TwinColumn *column = &columns[variable];
            if (p == 0) {
                first_digit(codes, n_rows, column->states + start);
            } else {
                add_digit(codes, n_rows, column->states + start, column->n_states);
            }
        }
        for (size_t i = 0; i < n_rows; i++) {
            counts_out[codes[i]]++;
        }
    }
}

TwinCounter twin_counter_of_columns(const TwinColumn *columns, size_t n_columns, size_t n_rows)
{
    g_assert(n_columns <= TWIN_MAX_VARIABLES && n_rows <= UINT32_MAX);
    TwinCounter counter = {
        .n_variables = n_columns, .n_rows = n_rows, .count = count_columns, .data = columns};
    for (size_t v = 0; v < n_columns; v++) {
        g_assert(columns[v].n_states >= 1 && columns[v].n_states <= 256);
        counter.n_states[v] = columns[v].n_states;
    }
    return counter;
}

size_t twin_family_cells(const TwinFamily *family, const unsigned *n_states, size_t max_cells)
{
    size_t n_cells = n_states[family->child];
    for (size_t p = 0; p < family->n_parents; p++) {
        const size_t n = n_states[family->parents[p]];
        if (n_cells > max_cells / n) {
            return 0;
        }
        n_cells *= n;
    }
    return n_cells <= max_cells ? n_cells : 0;
}
