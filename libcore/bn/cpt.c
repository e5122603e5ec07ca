/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/cpt.h"

#include <flowtwin/error.h>

#include <string.h>

/* Up to here every possible configuration has its own entry in the index: 4 MiB, one look-up. */
#define MAX_DIRECT ((uint64_t)1 << 20)

/* So that a configuration and the number of its parents make one 64-bit key. */
#define MAX_CONFIGURATIONS ((uint64_t)1 << 56)
#define LEVEL_SHIFT        56

#define NO_ROW UINT32_MAX

/*
 * Level k is the table with the first k parents; level n_parents is the whole one. Since the first
 * parent is the most significant digit, the rows of level k − 1 are runs of those of level k.
 */
struct TwinCpt {
    TwinFamily family;
    unsigned n_states;                          /* of the child */
    unsigned parent_states[TWIN_MAX_VARIABLES]; /* of family.parents */
    uint64_t strides[TWIN_MAX_VARIABLES];       /* of family.parents, in a configuration */
    uint64_t n_configurations;                  /* of level n_parents */
    size_t n_rows;                              /* of level n_parents; they stand first */
    GArray *keys;                               /* uint64_t a row: configuration, level above it */
    GArray *starts;     /* uint32_t a row, and the end: its first entry of the next two */
    GArray *sums;       /* uint32_t: counts up to and with this state, within the row */
    GByteArray *states; /* the states that occurred, rising within a row */
    uint32_t *index;    /* direct: the row of each configuration, backed off;
                           else open addressing by key, NO_ROW where free */
    unsigned hash_bits; /* 0: direct */
};

static size_t n_all_rows(const TwinCpt *self)
{
    return self->keys->len;
}

static uint64_t key_at(const TwinCpt *self, size_t row)
{
    return g_array_index(self->keys, uint64_t, row);
}

static uint32_t start_at(const TwinCpt *self, size_t row)
{
    return g_array_index(self->starts, uint32_t, row);
}

static uint32_t sum_at(const TwinCpt *self, size_t entry)
{
    return g_array_index(self->sums, uint32_t, entry);
}

static uint32_t total_of(const TwinCpt *self, size_t row)
{
    return sum_at(self, start_at(self, row + 1) - 1);
}

/* @counts hold at least one that is not zero. */
static void append_row(TwinCpt *self, uint64_t key, const uint32_t *counts)
{
    uint32_t sum = 0;
    for (unsigned k = 0; k < self->n_states; k++) {
        if (counts[k] > 0) {
            const uint8_t state = (uint8_t)k;
            sum += counts[k];
            g_array_append_val(self->sums, sum);
            g_byte_array_append(self->states, &state, 1);
        }
    }
    const uint32_t end = self->sums->len;
    g_array_append_val(self->keys, key);
    g_array_append_val(self->starts, end);
}

static void add_row(const TwinCpt *self, size_t row, uint32_t *counts)
{
    uint32_t below = 0;
    for (uint32_t e = start_at(self, row); e < start_at(self, row + 1); e++) {
        const uint32_t sum = sum_at(self, e);
        counts[self->states->data[e]] += sum - below;
        below = sum;
    }
}

/* From level @level's rows, those of the level below: the last parent is summed over. */
static void append_level_below(TwinCpt *self, size_t level, size_t first_row)
{
    const uint64_t configuration_mask = MAX_CONFIGURATIONS - 1;
    const uint64_t below = (uint64_t)(level - 1) << LEVEL_SHIFT;
    const size_t end = n_all_rows(self);
    uint32_t counts[256] = {0};
    for (size_t row = first_row; row < end; row++) {
        const unsigned n = self->parent_states[level - 1];
        const uint64_t rest = (key_at(self, row) & configuration_mask) / n;
        add_row(self, row, counts);
        const bool is_last =
            row + 1 == end || (key_at(self, row + 1) & configuration_mask) / n != rest;
        if (is_last) {
            append_row(self, below | rest, counts);
            memset(counts, 0, sizeof counts);
        }
    }
}

static size_t hash_key(const TwinCpt *self, uint64_t key)
{
    return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - self->hash_bits));
}

static uint32_t find_hashed(const TwinCpt *self, uint64_t key)
{
    const size_t mask = ((size_t)1 << self->hash_bits) - 1;
    for (size_t slot = hash_key(self, key);; slot = (slot + 1) & mask) {
        const uint32_t row = self->index[slot];
        if (row == NO_ROW || key_at(self, row) == key) {
            return row;
        }
    }
}

static void index_by_hash(TwinCpt *self)
{
    while ((size_t)1 << self->hash_bits < 2 * n_all_rows(self)) {
        self->hash_bits++;
    }
    const size_t n_slots = (size_t)1 << self->hash_bits;
    self->index = g_new(uint32_t, n_slots);
    memset(self->index, 0xFF, n_slots * sizeof *self->index);
    for (size_t row = 0; row < n_all_rows(self); row++) {
        size_t slot = hash_key(self, key_at(self, row));
        while (self->index[slot] != NO_ROW) {
            slot = (slot + 1) & (n_slots - 1);
        }
        self->index[slot] = (uint32_t)row;
    }
}

/* Fewest parents first, so that a row seen with more of them overwrites those backed off to. */
static void index_directly(TwinCpt *self)
{
    self->index = g_new(uint32_t, self->n_configurations);
    for (size_t row = n_all_rows(self); row-- > 0;) {
        const uint64_t key = key_at(self, row);
        const size_t level = (size_t)(key >> LEVEL_SHIFT);
        const uint64_t span = level > 0 ? self->strides[level - 1] : self->n_configurations;
        const uint64_t from = (key & (MAX_CONFIGURATIONS - 1)) * span;
        for (uint64_t c = from; c < from + span; c++) {
            self->index[c] = (uint32_t)row;
        }
    }
}

/* NULL where the family has more configurations than a key can hold. */
static TwinCpt *new_empty(const TwinFamily *family, const unsigned *n_states)
{
    uint64_t n_configurations = 1;
    TwinCpt *self = g_new0(TwinCpt, 1);
    self->family = *family;
    self->n_states = n_states[family->child];
    self->keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    self->starts = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    self->sums = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    self->states = g_byte_array_new();
    g_array_set_size(self->starts, 1);
    for (size_t p = family->n_parents; p-- > 0;) {
        const unsigned n = n_states[family->parents[p]];
        self->parent_states[p] = n;
        self->strides[p] = n_configurations;
        if (n == 0 || n_configurations > MAX_CONFIGURATIONS / n) {
            twin_cpt_free(self);
            return NULL;
        }
        n_configurations *= n;
    }
    self->n_configurations = n_configurations;
    return self;
}

static void finish(TwinCpt *self)
{
    size_t first_row = 0;
    self->n_rows = n_all_rows(self);
    for (size_t level = self->family.n_parents; level > 0; level--) {
        const size_t next = n_all_rows(self);
        append_level_below(self, level, first_row);
        first_row = next;
    }
    if (self->n_configurations <= MAX_DIRECT) {
        index_directly(self);
    } else {
        index_by_hash(self);
    }
}

static bool is_empty(const uint32_t *counts, unsigned n_states)
{
    uint32_t any = 0;
    for (unsigned k = 0; k < n_states; k++) {
        any |= counts[k];
    }
    return any == 0;
}

TwinCpt *twin_cpt_learn(const TwinCounter *counter, const TwinFamily *family, size_t max_cells,
                        GError **error)
{
    const size_t n_cells = twin_family_cells(family, counter->n_states, max_cells);
    g_autofree uint32_t *counts = n_cells > 0 ? g_try_new0(uint32_t, n_cells) : NULL;
    g_autoptr(TwinCpt) self = counts != NULL ? new_empty(family, counter->n_states) : NULL;
    if (self == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "the table of variable %zu with %zu parents is too large; allow fewer parents",
                    family->child, family->n_parents);
        return NULL;
    }
    if (counter->n_rows == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no rows to learn from");
        return NULL;
    }
    counter->count(counter, family, counts);
    const uint64_t level = (uint64_t)family->n_parents << LEVEL_SHIFT;
    for (uint64_t c = 0; c < self->n_configurations; c++) {
        const uint32_t *row = counts + c * self->n_states;
        if (!is_empty(row, self->n_states)) {
            append_row(self, level | c, row);
        }
    }
    finish(self);
    return g_steal_pointer(&self);
}

/* What is wrong with the rows, or NULL. */
static const char *find_fault(const TwinCpt *self, const TwinCptRow *rows, size_t n_rows)
{
    uint64_t total = 0;
    for (size_t r = 0; r < n_rows; r++) {
        if (rows[r].configuration >= self->n_configurations) {
            return "a configuration out of range";
        }
        if (r > 0 && rows[r].configuration <= rows[r - 1].configuration) {
            return "configurations out of order";
        }
        if (is_empty(rows[r].counts, self->n_states)) {
            return "a configuration that never occurred";
        }
        for (unsigned k = 0; k < self->n_states; k++) {
            total += rows[r].counts[k];
        }
        if (total > UINT32_MAX) {
            return "too many rows counted";
        }
    }
    return n_rows > 0 ? NULL : "no configuration";
}

TwinCpt *twin_cpt_new(const TwinFamily *family, const unsigned *n_states, const TwinCptRow *rows,
                      size_t n_rows, GError **error)
{
    g_autoptr(TwinCpt) self = new_empty(family, n_states);
    const char *fault =
        self != NULL ? find_fault(self, rows, n_rows) : "more parents than a table can have";
    if (fault != NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "the table of variable %zu has %s",
                    family->child, fault);
        return NULL;
    }
    const uint64_t level = (uint64_t)family->n_parents << LEVEL_SHIFT;
    for (size_t r = 0; r < n_rows; r++) {
        append_row(self, level | rows[r].configuration, rows[r].counts);
    }
    finish(self);
    return g_steal_pointer(&self);
}

void twin_cpt_free(TwinCpt *self)
{
    if (self == NULL) {
        return;
    }
    g_array_unref(self->keys);
    g_array_unref(self->starts);
    g_array_unref(self->sums);
    g_byte_array_unref(self->states);
    g_free(self->index);
    g_free(self);
}

const TwinFamily *twin_cpt_family(const TwinCpt *self)
{
    return &self->family;
}

unsigned twin_cpt_n_states(const TwinCpt *self)
{
    return self->n_states;
}

size_t twin_cpt_n_rows(const TwinCpt *self)
{
    return self->n_rows;
}

uint64_t twin_cpt_row(const TwinCpt *self, size_t index, uint32_t *counts_out)
{
    g_assert(index < self->n_rows);
    memset(counts_out, 0, self->n_states * sizeof *counts_out);
    add_row(self, index, counts_out);
    return key_at(self, index) & (MAX_CONFIGURATIONS - 1);
}

static size_t find_row(const TwinCpt *self, const uint8_t *values)
{
    uint64_t configuration = 0;
    for (size_t p = 0; p < self->family.n_parents; p++) {
        configuration += self->strides[p] * values[self->family.parents[p]];
    }
    if (self->hash_bits == 0) {
        return self->index[configuration];
    }
    for (size_t level = self->family.n_parents;; level--) {
        const uint32_t row = find_hashed(self, (uint64_t)level << LEVEL_SHIFT | configuration);
        if (row != NO_ROW) {
            return row;
        }
        g_assert(level > 0);
        configuration /= self->parent_states[level - 1];
    }
}

unsigned twin_cpt_draw(const TwinCpt *self, const uint8_t *values, uint32_t uniform)
{
    const size_t row = find_row(self, values);
    const uint32_t target = (uint32_t)((uint64_t)uniform * total_of(self, row) >> 32);
    uint32_t entry = start_at(self, row);
    while (sum_at(self, entry) <= target) {
        entry++;
    }
    return self->states->data[entry];
}

double twin_cpt_probability(const TwinCpt *self, const uint8_t *values, unsigned state)
{
    const size_t row = find_row(self, values);
    uint32_t below = 0;
    for (uint32_t e = start_at(self, row); e < start_at(self, row + 1); e++) {
        if (self->states->data[e] == state) {
            return (double)(sum_at(self, e) - below) / total_of(self, row);
        }
        below = sum_at(self, e);
    }
    return 0;
}
