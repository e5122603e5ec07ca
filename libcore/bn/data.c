/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/data.h"

#include <string.h>

/* Rows whose cells are worked out before they are counted: they stay in the first-level cache. */
enum { BLOCK_ROWS = 1024 };

/* Digits that make a number below 2^16, which takes a sixth of the time of a wider one. */
typedef struct {
    size_t n_digits;
    const TwinColumn *digits[TWIN_MAX_VARIABLES]; /* most significant first */
    uint32_t n_values;                            /* product of their n_states, at most 2^16 */
} Group;

/* A family as a number: the parents' digits, then the child's. */
typedef struct {
    size_t n_groups;
    Group groups[TWIN_MAX_VARIABLES]; /* most significant first */
    bool fits_32_bits;
} Number;

static void add_digit(Number *self, const TwinColumn *column)
{
    Group *last = self->n_groups > 0 ? &self->groups[self->n_groups - 1] : NULL;
    if (last == NULL || last->n_values * column->n_states > 1U << 16) {
        last = &self->groups[self->n_groups++];
        last->n_digits = 0;
        last->n_values = 1;
    }
    last->digits[last->n_digits++] = column;
    last->n_values *= column->n_states;
}

static void number_of(const TwinColumn *columns, const TwinFamily *family, Number *self)
{
    self->n_groups = 0;
    for (size_t p = 0; p < family->n_parents; p++) {
        add_digit(self, &columns[family->parents[p]]);
    }
    add_digit(self, &columns[family->child]);
    uint64_t n_values = 1;
    for (size_t g = 0; g < self->n_groups && n_values <= UINT32_MAX; g++) {
        n_values *= self->groups[g].n_values;
    }
    self->fits_32_bits = n_values <= UINT32_MAX;
}

/*
 * The loops below run over whole blocks, so that their length is a constant and they compile to
 * vector instructions; of a last, shorter block the rest is made up of zeros.
 */

static void first_digit(uint16_t *restrict values, const uint8_t *restrict states)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        values[i] = states[i];
    }
}

static void next_digit(uint16_t *restrict values, const uint8_t *restrict states, uint16_t n_states)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        values[i] = (uint16_t)(values[i] * n_states + states[i]);
    }
}

static void first_group32(uint32_t *restrict cells, const uint16_t *restrict values)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        cells[i] = values[i];
    }
}

static void next_group32(uint32_t *restrict cells, const uint16_t *restrict values,
                         uint32_t n_values)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        cells[i] = cells[i] * n_values + values[i];
    }
}

static void first_group64(uint64_t *restrict cells, const uint16_t *restrict values)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        cells[i] = values[i];
    }
}

static void next_group64(uint64_t *restrict cells, const uint16_t *restrict values,
                         uint64_t n_values)
{
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        cells[i] = cells[i] * n_values + values[i];
    }
}

/* A block of @column: as it stands, or what is left of it made up with zeros in @padded. */
static const uint8_t *block_of(const TwinColumn *column, size_t start, size_t n_rows,
                               uint8_t *padded)
{
    if (n_rows == BLOCK_ROWS) {
        return column->states + start;
    }
    memset(padded, 0, BLOCK_ROWS);
    return memcpy(padded, column->states + start, n_rows);
}

static void group_values(const Group *group, size_t start, size_t n_rows, uint16_t *values_out)
{
    uint8_t padded[BLOCK_ROWS];
    first_digit(values_out, block_of(group->digits[0], start, n_rows, padded));
    for (size_t d = 1; d < group->n_digits; d++) {
        const TwinColumn *column = group->digits[d];
        next_digit(values_out, block_of(column, start, n_rows, padded), (uint16_t)column->n_states);
    }
}

static void count_block32(const Number *number, size_t start, size_t n_rows,
                          const uint32_t *weights, TwinTally *tally)
{
    uint16_t values[BLOCK_ROWS];
    uint32_t cells[BLOCK_ROWS];
    for (size_t g = 0; g < number->n_groups; g++) {
        group_values(&number->groups[g], start, n_rows, values);
        if (g == 0) {
            first_group32(cells, values);
        } else {
            next_group32(cells, values, number->groups[g].n_values);
        }
    }
    twin_tally_add32(tally, cells, weights, n_rows);
}

static void count_block64(const Number *number, size_t start, size_t n_rows,
                          const uint32_t *weights, TwinTally *tally)
{
    uint16_t values[BLOCK_ROWS];
    uint64_t cells[BLOCK_ROWS];
    for (size_t g = 0; g < number->n_groups; g++) {
        group_values(&number->groups[g], start, n_rows, values);
        if (g == 0) {
            first_group64(cells, values);
        } else {
            next_group64(cells, values, number->groups[g].n_values);
        }
    }
    twin_tally_add64(tally, cells, weights, n_rows);
}

void twin_count_columns(const TwinColumn *columns, const uint32_t *weights, size_t n_rows,
                        const TwinFamily *family, TwinTally *tally)
{
    Number number;
    number_of(columns, family, &number);
    for (size_t start = 0; start < n_rows; start += BLOCK_ROWS) {
        const size_t n = MIN(n_rows - start, (size_t)BLOCK_ROWS);
        const uint32_t *block_weights = weights != NULL ? weights + start : NULL;
        if (number.fits_32_bits) {
            count_block32(&number, start, n, block_weights, tally);
        } else {
            count_block64(&number, start, n, block_weights, tally);
        }
    }
}

static void count_unweighted(const TwinCounter *self, const TwinFamily *family, TwinTally *tally)
{
    twin_count_columns(self->data, NULL, self->n_rows, family, tally);
}

TwinCounter twin_counter_of_columns(const TwinColumn *columns, size_t n_columns, size_t n_rows)
{
    g_assert(n_columns <= TWIN_MAX_VARIABLES && n_rows <= UINT32_MAX);
    TwinCounter counter = {
        .n_variables = n_columns, .n_rows = n_rows, .count = count_unweighted, .data = columns};
    for (size_t v = 0; v < n_columns; v++) {
        g_assert(columns[v].n_states >= 1 && columns[v].n_states <= 256);
        counter.n_states[v] = columns[v].n_states;
    }
    return counter;
}

uint64_t twin_family_cells(const TwinFamily *family, const unsigned *n_states, uint64_t max_cells)
{
    uint64_t n_cells = n_states[family->child];
    for (size_t p = 0; p < family->n_parents; p++) {
        const uint64_t n = n_states[family->parents[p]];
        if (n == 0 || n_cells > max_cells / n) {
            return 0;
        }
        n_cells *= n;
    }
    return n_cells <= max_cells ? n_cells : 0;
}

bool twin_counter_count(const TwinCounter *self, const TwinFamily *family, TwinTally *tally,
                        TwinCounts *counts_out)
{
    const uint64_t n_cells = twin_family_cells(family, self->n_states, TWIN_MAX_CELLS);
    g_assert(n_cells > 0);
    twin_tally_begin(tally, n_cells, self->n_rows);
    self->count(self, family, tally);
    return twin_tally_end(tally, counts_out);
}
