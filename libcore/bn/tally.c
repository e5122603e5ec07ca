/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tally.h"

#include "base/array.h"
#include "base/sort.h"

#include <string.h>

/* A table of this many cells is counted in place whatever the rows; a larger one if it has at most
 * as many cells as there are rows. */
#define SMALL_TABLE ((uint64_t)1 << 14)

/* Cells looked at together when a table is listed: most of a table is empty. */
enum { STRIDE = 4 };

/* Slots for each cell that occurred, at least: a full quarter keeps most look-ups to one step. */
enum { SLOTS_A_CELL = 4, LEAST_SLOTS_LOG2 = 12 };

struct TwinTally {
    uint64_t n_possible;
    bool is_in_place;
    bool is_out_of_memory;
    uint32_t *table; /* in place: n_possible counts, and zeros up to a multiple of STRIDE */
    uint64_t n_table_room;
    uint32_t *slots; /* by hashing, linear probing: a place in cells + 1; 0: free */
    unsigned n_slots_log2;
    unsigned n_slots_room_log2;
    size_t n_cells;
    size_t n_room;    /* of what follows */
    uint64_t *cells;  /* as they came */
    uint32_t *counts; /* of cells */
    uint64_t *sorted;
    uint64_t *scratch;
    uint32_t *sorted_counts;
};

TwinTally *twin_tally_new(void)
{
    return g_new0(TwinTally, 1);
}

void twin_tally_free(TwinTally *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->table);
    g_free(self->slots);
    g_free(self->cells);
    g_free(self->counts);
    g_free(self->sorted);
    g_free(self->scratch);
    g_free(self->sorted_counts);
    g_free(self);
}

/* Room for @n_cells that occur. */
static bool reserve(TwinTally *self, size_t n_cells)
{
    if (n_cells <= self->n_room) {
        return true;
    }
    const bool is_fine =
        twin_array_resize(&self->cells, n_cells, sizeof *self->cells) &&
        twin_array_resize(&self->counts, n_cells, sizeof *self->counts) &&
        twin_array_resize(&self->sorted, n_cells, sizeof *self->sorted) &&
        twin_array_resize(&self->scratch, n_cells, sizeof *self->scratch) &&
        twin_array_resize(&self->sorted_counts, n_cells, sizeof *self->sorted_counts);
    self->n_room = is_fine ? n_cells : self->n_room;
    self->is_out_of_memory = !is_fine;
    return is_fine;
}

/* The slot of @cell, or the free one where it belongs; most are free. */
static inline uint32_t *find_slot(const TwinTally *self, uint64_t cell)
{
    const size_t mask = ((size_t)1 << self->n_slots_log2) - 1;
    size_t at = (size_t)(cell * UINT64_C(0x9E3779B97F4A7C15) >> (64 - self->n_slots_log2));
    while (self->slots[at] != 0 && self->cells[self->slots[at] - 1] != cell) {
        at = (at + 1) & mask;
    }
    return &self->slots[at];
}

static bool use_slots(TwinTally *self, unsigned n_log2)
{
    if (n_log2 > self->n_slots_room_log2) {
        g_free(self->slots);
        self->slots = g_try_new(uint32_t, (size_t)1 << n_log2);
        self->n_slots_room_log2 = self->slots != NULL ? n_log2 : 0;
        self->is_out_of_memory = self->slots == NULL;
    }
    if (self->is_out_of_memory) {
        return false;
    }
    self->n_slots_log2 = n_log2;
    memset(self->slots, 0, sizeof *self->slots << n_log2);
    for (size_t i = 0; i < self->n_cells; i++) {
        *find_slot(self, self->cells[i]) = (uint32_t)i + 1;
    }
    return true;
}

static unsigned slots_log2_for(size_t n_cells)
{
    unsigned n_log2 = LEAST_SLOTS_LOG2;
    while ((size_t)1 << n_log2 < n_cells * SLOTS_A_CELL) {
        n_log2++;
    }
    return n_log2;
}

static void begin_in_place(TwinTally *self)
{
    const uint64_t n_cells = (self->n_possible + STRIDE - 1) / STRIDE * STRIDE;
    if (n_cells > self->n_table_room) {
        g_free(self->table);
        self->table = g_try_new(uint32_t, n_cells);
        self->n_table_room = self->table != NULL ? n_cells : 0;
        self->is_out_of_memory = self->table == NULL;
    }
    if (self->table != NULL) {
        memset(self->table, 0, n_cells * sizeof *self->table);
    }
}

void twin_tally_begin(TwinTally *self, uint64_t n_possible, size_t n_rows)
{
    /* What the last family needed, the next one, which often differs in one parent, will need. */
    const unsigned n_log2 = slots_log2_for(self->n_cells);
    self->is_out_of_memory = false;
    self->n_cells = 0;
    self->n_possible = n_possible;
    self->is_in_place = n_possible <= MAX(SMALL_TABLE, n_rows);
    if (self->is_in_place) {
        begin_in_place(self);
    } else {
        (void)use_slots(self, n_log2);
    }
}

/* A cell's first row. */
static bool add_cell(TwinTally *self, uint64_t cell, uint32_t weight)
{
    if (self->n_cells == self->n_room && !reserve(self, MAX(2 * self->n_room, (size_t)1024))) {
        return false;
    }
    if (self->n_cells * SLOTS_A_CELL >> self->n_slots_log2 > 0 &&
        !use_slots(self, self->n_slots_log2 + 1)) {
        return false;
    }
    self->cells[self->n_cells] = cell;
    self->counts[self->n_cells++] = weight;
    *find_slot(self, cell) = (uint32_t)self->n_cells;
    return true;
}

static inline bool add_row(TwinTally *self, uint64_t cell, uint32_t weight)
{
    const uint32_t place = *find_slot(self, cell);
    if (G_UNLIKELY(place == 0)) {
        return add_cell(self, cell, weight);
    }
    self->counts[place - 1] += weight;
    return true;
}

void twin_tally_add32(TwinTally *self, const uint32_t *cells, const uint32_t *weights,
                      size_t n_rows)
{
    if (self->is_out_of_memory) {
        return;
    }
    uint32_t *const table = self->table;
    if (self->is_in_place && weights == NULL) {
        for (size_t i = 0; i < n_rows; i++) {
            table[cells[i]]++;
        }
    } else if (self->is_in_place) {
        for (size_t i = 0; i < n_rows; i++) {
            table[cells[i]] += weights[i];
        }
    } else {
        for (size_t i = 0; i < n_rows && add_row(self, cells[i], weights ? weights[i] : 1); i++) {
        }
    }
}

void twin_tally_add64(TwinTally *self, const uint64_t *cells, const uint32_t *weights,
                      size_t n_rows)
{
    if (self->is_out_of_memory) {
        return;
    }
    g_return_if_fail(!self->is_in_place);
    for (size_t i = 0; i < n_rows && add_row(self, cells[i], weights ? weights[i] : 1); i++) {
    }
}

static bool list_table(TwinTally *self)
{
    const uint32_t *table = self->table;
    size_t n_cells = 0;
    if (!reserve(self, self->n_possible + STRIDE)) {
        return false;
    }
    for (uint64_t first = 0; first < self->n_possible; first += STRIDE) {
        uint64_t pairs[STRIDE / 2];
        memcpy(pairs, table + first, sizeof pairs);
        if ((pairs[0] | pairs[1]) == 0) {
            continue;
        }
        for (uint64_t cell = first; cell < first + STRIDE; cell++) {
            self->sorted[n_cells] = cell;
            self->sorted_counts[n_cells] = table[cell];
            n_cells += table[cell] != 0;
        }
    }
    self->n_cells = n_cells;
    return true;
}

/* Cells are below 2^56, so their order is that of signed numbers. */
static void list_slots(TwinTally *self)
{
    memcpy(self->sorted, self->cells, self->n_cells * sizeof *self->cells);
    twin_sort_int64((int64_t *)self->sorted, (int64_t *)self->scratch, self->n_cells);
    for (size_t i = 0; i < self->n_cells; i++) {
        self->sorted_counts[i] = self->counts[*find_slot(self, self->sorted[i]) - 1];
    }
}

bool twin_tally_end(TwinTally *self, TwinCounts *counts_out)
{
    if (self->is_out_of_memory || (self->is_in_place && !list_table(self))) {
        return false;
    }
    if (!self->is_in_place && self->n_cells > 0) {
        list_slots(self);
    }
    *counts_out = (TwinCounts){
        .cells = self->sorted, .counts = self->sorted_counts, .n_cells = self->n_cells};
    return true;
}
