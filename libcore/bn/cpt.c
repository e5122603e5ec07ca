/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/cpt.h"

#include <flowtwin/error.h>

#include "base/array.h"

#include <string.h>

/* Up to here every possible configuration has its own entry in the index: 4 MiB, one look-up. */
#define MAX_DIRECT ((uint64_t)1 << 20)

/* A configuration and, above it, the number of its parents make one 64-bit key. */
enum { LEVEL_SHIFT = 56 };
#define CONFIGURATION_MASK (((uint64_t)1 << LEVEL_SHIFT) - 1)
_Static_assert(TWIN_MAX_CELLS <= (uint64_t)1 << LEVEL_SHIFT,
               "a configuration fits below the level");

/* Bound on all that a table holds, so that rows and entries are numbered in 32 bits. */
#define MAX_ENTRIES ((size_t)1 << 31)

/* A state is a byte. */
enum { MAX_STATES = 256 };

#define NO_ROW UINT32_MAX

/* One state that occurred with a row's configuration. */
typedef struct {
    uint32_t sum; /* counts up to and with this state, within the row */
    uint32_t state;
} Entry;

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
    size_t n_all_rows;                          /* of all levels, fewer and fewer parents */
    uint64_t *keys;                             /* n_all_rows */
    uint32_t *starts;                           /* n_all_rows + 1: a row's first entry */
    Entry *entries;                             /* by row, rising states */
    uint32_t *index;    /* direct: the row of each configuration, backed off;
                           else open addressing by key, NO_ROW where free */
    unsigned hash_bits; /* 0: direct */
};

/* Rows as they come, one after the other, into a table's arrays. */
typedef struct {
    TwinCpt *cpt;
    size_t n_entries;
    size_t n_row_room;   /* of cpt->keys; of cpt->starts, one more */
    size_t n_entry_room; /* of cpt->entries */
    bool is_out_of_memory;
} Builder;

static bool grow_rows(Builder *self)
{
    const size_t n_room = self->n_row_room + self->n_row_room / 2 + 64;
    self->is_out_of_memory =
        self->is_out_of_memory ||
        !twin_array_resize(&self->cpt->keys, n_room, sizeof *self->cpt->keys) ||
        !twin_array_resize(&self->cpt->starts, n_room + 1, sizeof *self->cpt->starts);
    self->n_row_room = self->is_out_of_memory ? self->n_row_room : n_room;
    return !self->is_out_of_memory;
}

static bool grow_entries(Builder *self)
{
    const size_t n_room = self->n_entry_room + self->n_entry_room / 2 + 64;
    self->is_out_of_memory =
        self->is_out_of_memory ||
        !twin_array_resize(&self->cpt->entries, n_room, sizeof *self->cpt->entries);
    self->n_entry_room = self->is_out_of_memory ? self->n_entry_room : n_room;
    return !self->is_out_of_memory;
}

static void begin_row(Builder *self, uint64_t key)
{
    TwinCpt *cpt = self->cpt;
    if (cpt->n_all_rows < self->n_row_room || grow_rows(self)) {
        cpt->keys[cpt->n_all_rows] = key;
        cpt->starts[cpt->n_all_rows++] = (uint32_t)self->n_entries;
        cpt->starts[cpt->n_all_rows] = (uint32_t)self->n_entries;
    }
}

/* To the row begun last, by rising state. */
static void add_state(Builder *self, uint32_t state, uint32_t count)
{
    TwinCpt *cpt = self->cpt;
    if (self->is_out_of_memory || (self->n_entries == self->n_entry_room && !grow_entries(self))) {
        return;
    }
    const uint32_t start = cpt->starts[cpt->n_all_rows - 1];
    const uint32_t below = self->n_entries > start ? cpt->entries[self->n_entries - 1].sum : 0;
    cpt->entries[self->n_entries++] = (Entry){.sum = below + count, .state = state};
    cpt->starts[cpt->n_all_rows] = (uint32_t)self->n_entries;
}

static void add_dense_row(Builder *self, uint64_t key, const uint32_t *counts)
{
    begin_row(self, key);
    for (uint32_t state = 0; state < self->cpt->n_states; state++) {
        if (counts[state] > 0) {
            add_state(self, state, counts[state]);
        }
    }
}

/* Adds what a row counted to @counts. */
static void spread(const Entry *entries, size_t n_entries, uint32_t *counts)
{
    uint32_t below = 0;
    for (size_t e = 0; e < n_entries; e++) {
        counts[entries[e].state] += entries[e].sum - below;
        below = entries[e].sum;
    }
}

/* The configuration of a row with its last parent, of @n states, left out. */
static uint64_t rest_of(const TwinCpt *self, size_t row, unsigned n)
{
    return (self->keys[row] & CONFIGURATION_MASK) / n;
}

/* From level @level's rows, [first, end), those of the level below: the last parent is summed out.
 */
static void add_level_below(Builder *self, size_t level, size_t first, size_t end)
{
    const TwinCpt *cpt = self->cpt;
    const unsigned n = cpt->parent_states[level - 1];
    const uint64_t below = (uint64_t)(level - 1) << LEVEL_SHIFT;
    for (size_t row = first; row < end;) {
        uint32_t counts[MAX_STATES] = {0};
        const uint64_t rest = rest_of(cpt, row, n);
        for (; row < end && rest_of(cpt, row, n) == rest; row++) {
            const uint32_t start = cpt->starts[row];
            spread(cpt->entries + start, cpt->starts[row + 1] - start, counts);
        }
        add_dense_row(self, below | rest, counts);
    }
}

static size_t first_slot(const TwinCpt *self, uint64_t key)
{
    return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - self->hash_bits));
}

/* The slot of the row with this key, or the free one where it belongs. */
static uint32_t *find_slot(const TwinCpt *self, uint64_t key)
{
    const size_t mask = ((size_t)1 << self->hash_bits) - 1;
    size_t at = first_slot(self, key);
    while (self->index[at] != NO_ROW && self->keys[self->index[at]] != key) {
        at = (at + 1) & mask;
    }
    return &self->index[at];
}

static bool index_by_hash(TwinCpt *self)
{
    while ((size_t)1 << self->hash_bits < 2 * self->n_all_rows) {
        self->hash_bits++;
    }
    const size_t n_slots = (size_t)1 << self->hash_bits;
    self->index = g_try_new(uint32_t, n_slots);
    if (self->index == NULL) {
        return false;
    }
    memset(self->index, 0xFF, n_slots * sizeof *self->index);
    for (size_t row = 0; row < self->n_all_rows; row++) {
        *find_slot(self, self->keys[row]) = (uint32_t)row;
    }
    return true;
}

/* Fewest parents first, so that a row seen with more of them overwrites those backed off to. */
static bool index_directly(TwinCpt *self)
{
    self->index = g_try_new(uint32_t, self->n_configurations);
    for (size_t row = self->n_all_rows; row-- > 0 && self->index != NULL;) {
        const size_t level = (size_t)(self->keys[row] >> LEVEL_SHIFT);
        const uint64_t span = level > 0 ? self->strides[level - 1] : self->n_configurations;
        const uint64_t from = (self->keys[row] & CONFIGURATION_MASK) * span;
        for (uint64_t c = from; c < from + span; c++) {
            self->index[c] = (uint32_t)row;
        }
    }
    return self->index != NULL;
}

/* NULL where a variable has no state or over 256, or the table more cells than TWIN_MAX_CELLS. */
static TwinCpt *new_empty(const TwinFamily *family, const unsigned *n_states)
{
    bool is_fine = n_states[family->child] <= MAX_STATES &&
                   twin_family_cells(family, n_states, TWIN_MAX_CELLS) > 0;
    for (size_t p = 0; p < family->n_parents; p++) {
        is_fine = is_fine && n_states[family->parents[p]] <= MAX_STATES;
    }
    if (!is_fine) {
        return NULL;
    }
    TwinCpt *self = g_new0(TwinCpt, 1);
    self->family = *family;
    self->n_states = n_states[family->child];
    self->n_configurations = 1;
    for (size_t p = family->n_parents; p-- > 0;) {
        self->parent_states[p] = n_states[family->parents[p]];
        self->strides[p] = self->n_configurations;
        self->n_configurations *= self->parent_states[p];
    }
    return self;
}

/* The whole table stands; adds the levels below and the index. @return false: out of memory */
static bool finish(Builder *self)
{
    TwinCpt *cpt = self->cpt;
    size_t first = 0;
    cpt->n_rows = cpt->n_all_rows;
    for (size_t level = cpt->family.n_parents; level > 0; level--) {
        const size_t end = cpt->n_all_rows;
        add_level_below(self, level, first, end);
        first = end;
    }
    if (self->is_out_of_memory) {
        return false;
    }
    return cpt->n_configurations <= MAX_DIRECT ? index_directly(cpt) : index_by_hash(cpt);
}

static bool fill(TwinCpt *self, const TwinCounts *counts)
{
    Builder builder = {.cpt = self};
    uint64_t end = 0;
    for (size_t i = 0; i < counts->n_cells; i++) {
        const uint64_t cell = counts->cells[i];
        if (cell >= end) {
            const uint64_t configuration = cell / self->n_states;
            begin_row(&builder, (uint64_t)self->family.n_parents << LEVEL_SHIFT | configuration);
            end = (configuration + 1) * self->n_states;
        }
        add_state(&builder, (uint32_t)(cell + self->n_states - end), counts->counts[i]);
    }
    return finish(&builder);
}

/* Whether all levels together may hold this many entries in the whole table. */
static bool has_room(const TwinFamily *family, size_t n_entries)
{
    return n_entries <= MAX_ENTRIES / (family->n_parents + 1);
}

TwinCpt *twin_cpt_learn(const TwinCounter *counter, const TwinFamily *family, GError **error)
{
    if (counter->n_rows == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no rows to learn from");
        return NULL;
    }
    g_autoptr(TwinCpt) self = new_empty(family, counter->n_states);
    g_autoptr(TwinTally) tally = twin_tally_new();
    TwinCounts counts;
    if (self == NULL || !twin_counter_count(counter, family, tally, &counts) ||
        !has_room(family, counts.n_cells) || !fill(self, &counts)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "the table of variable %zu with %zu parents is too large; allow fewer parents",
                    family->child, family->n_parents);
        return NULL;
    }
    return g_steal_pointer(&self);
}

static bool is_empty(const uint32_t *counts, unsigned n_states)
{
    uint32_t any = 0;
    for (unsigned k = 0; k < n_states; k++) {
        any |= counts[k];
    }
    return any == 0;
}

/* What is wrong with the rows, or NULL. */
static const char *find_fault(const TwinCpt *self, const TwinCptRow *rows, size_t n_rows)
{
    uint64_t total = 0;
    if (n_rows == 0) {
        return "no configuration";
    }
    if (!has_room(&self->family, n_rows) || !has_room(&self->family, n_rows * self->n_states)) {
        return "more configurations than a table can have";
    }
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
            return "counts that exceed 32 bits";
        }
    }
    return NULL;
}

TwinCpt *twin_cpt_new(const TwinFamily *family, const unsigned *n_states, const TwinCptRow *rows,
                      size_t n_rows, GError **error)
{
    g_autoptr(TwinCpt) self = new_empty(family, n_states);
    const char *fault =
        self != NULL ? find_fault(self, rows, n_rows) : "states or parents that no table can have";
    if (fault != NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "the table of variable %zu has %s",
                    family->child, fault);
        return NULL;
    }
    Builder builder = {.cpt = self};
    const uint64_t level = (uint64_t)family->n_parents << LEVEL_SHIFT;
    for (size_t r = 0; r < n_rows; r++) {
        add_dense_row(&builder, level | rows[r].configuration, rows[r].counts);
    }
    if (!finish(&builder)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "the table of variable %zu does not fit in memory", family->child);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void twin_cpt_free(TwinCpt *self)
{
    if (self == NULL) {
        return;
    }
    g_free(self->keys);
    g_free(self->starts);
    g_free(self->entries);
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
    const uint32_t start = self->starts[index];
    memset(counts_out, 0, self->n_states * sizeof *counts_out);
    spread(self->entries + start, self->starts[index + 1] - start, counts_out);
    return self->keys[index] & CONFIGURATION_MASK;
}

static size_t find_hashed(const TwinCpt *self, uint64_t configuration)
{
    for (size_t level = self->family.n_parents;; level--) {
        const uint32_t row = *find_slot(self, (uint64_t)level << LEVEL_SHIFT | configuration);
        if (row != NO_ROW) {
            return row;
        }
        g_assert(level > 0); /* level 0 has its one row */
        configuration /= self->parent_states[level - 1];
    }
}

static inline size_t find_row(const TwinCpt *self, const uint8_t *values)
{
    uint64_t configuration = 0;
    for (size_t p = 0; p < self->family.n_parents; p++) {
        configuration += self->strides[p] * values[self->family.parents[p]];
    }
    return self->hash_bits == 0 ? self->index[configuration] : find_hashed(self, configuration);
}

unsigned twin_cpt_draw(const TwinCpt *self, const uint8_t *values, uint32_t uniform,
                       size_t *n_unseen_io)
{
    const size_t row = find_row(self, values);
    if (n_unseen_io != NULL && row >= self->n_rows) {
        (*n_unseen_io)++;
    }
    const uint32_t total = self->entries[self->starts[row + 1] - 1].sum;
    const uint32_t target = (uint32_t)((uint64_t)uniform * total >> 32);
    const Entry *entry = self->entries + self->starts[row];
    while (entry->sum <= target) {
        entry++;
    }
    return entry->state;
}

double twin_cpt_probability(const TwinCpt *self, const uint8_t *values, unsigned state)
{
    const size_t row = find_row(self, values);
    const double total = self->entries[self->starts[row + 1] - 1].sum;
    uint32_t below = 0;
    for (uint32_t e = self->starts[row]; e < self->starts[row + 1]; e++) {
        if (self->entries[e].state == state) {
            return (self->entries[e].sum - below) / total;
        }
        below = self->entries[e].sum;
    }
    return 0;
}
