/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/rows.h"

#include <flowtwin/error.h>

#include "base/array.h"

#include <string.h>

enum { BLOCK_ROWS = 1024, LEAST_ROOM = 1024 };

/* Columns whose states, side by side, fill a 64-bit word of a row's key. */
typedef struct {
    size_t first_column;
    size_t end_column;
} Word;

struct TwinRows {
    size_t n_columns;
    TwinColumn columns[TWIN_MAX_VARIABLES]; /* of distinct rows, into states */
    uint8_t *states[TWIN_MAX_VARIABLES];    /* n_room each */
    uint32_t *weights;                      /* n_room */
    uint64_t *keys;                         /* n_room × n_words */
    uint32_t *slots;                        /* hash table of 2 n_room: distinct row + 1, or 0 */
    size_t n_words;
    Word words[TWIN_MAX_VARIABLES];
    size_t n_distinct;
    size_t n_room; /* a power of two, or 0 */
    size_t n_rows;
};

static unsigned bits_of(unsigned n_states)
{
    unsigned n_bits = 0;
    while (1U << n_bits < n_states) {
        n_bits++;
    }
    return n_bits;
}

static void divide_into_words(TwinRows *self)
{
    unsigned n_bits = 0;
    self->n_words = 1;
    for (size_t v = 0; v < self->n_columns; v++) {
        n_bits += bits_of(self->columns[v].n_states);
        if (n_bits > 64) {
            n_bits = bits_of(self->columns[v].n_states);
            self->words[self->n_words++].first_column = v;
        }
        self->words[self->n_words - 1].end_column = v + 1;
    }
}

TwinRows *twin_rows_new(const unsigned *n_states, size_t n_columns)
{
    g_assert(n_columns >= 1 && n_columns <= TWIN_MAX_VARIABLES);
    TwinRows *self = g_new0(TwinRows, 1);
    self->n_columns = n_columns;
    for (size_t v = 0; v < n_columns; v++) {
        g_assert(n_states[v] >= 1 && n_states[v] <= 256);
        self->columns[v].n_states = n_states[v];
    }
    divide_into_words(self);
    return self;
}

void twin_rows_free(TwinRows *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t v = 0; v < self->n_columns; v++) {
        g_free(self->states[v]);
    }
    g_free(self->weights);
    g_free(self->keys);
    g_free(self->slots);
    g_free(self);
}

static inline uint64_t mix(uint64_t hash)
{
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static inline uint64_t hash_of(const uint64_t *key, size_t n_words)
{
    uint64_t hash = mix(key[0]);
    for (size_t w = 1; w < n_words; w++) {
        hash = mix(hash ^ key[w]);
    }
    return hash;
}

/* The slot of the row with this key, or the free one where it belongs. */
static inline uint32_t *find_slot(const TwinRows *self, const uint64_t *key)
{
    const size_t n_words = self->n_words;
    const size_t mask = 2 * self->n_room - 1;
    size_t at = (size_t)hash_of(key, n_words) & mask;
    for (;; at = (at + 1) & mask) {
        const uint32_t row = self->slots[at];
        if (row == 0) {
            return &self->slots[at];
        }
        const uint64_t *other = self->keys + (size_t)(row - 1) * n_words;
        if (other[0] == key[0] &&
            (n_words == 1 || memcmp(other, key, n_words * sizeof *key) == 0)) {
            return &self->slots[at];
        }
    }
}

static bool grow(TwinRows *self)
{
    const size_t n_room = MAX(2 * self->n_room, (size_t)LEAST_ROOM);
    uint32_t *slots = g_try_new0(uint32_t, 2 * n_room);
    bool is_fine = slots != NULL &&
                   twin_array_resize(&self->weights, n_room, sizeof *self->weights) &&
                   twin_array_resize(&self->keys, n_room, self->n_words * sizeof *self->keys);
    for (size_t v = 0; v < self->n_columns && is_fine; v++) {
        is_fine = twin_array_resize(&self->states[v], n_room, 1);
        self->columns[v].states = self->states[v];
    }
    if (!is_fine) {
        g_free(slots);
        return false;
    }
    g_free(self->slots);
    self->slots = slots;
    self->n_room = n_room;
    for (size_t row = 0; row < self->n_distinct; row++) {
        *find_slot(self, self->keys + row * self->n_words) = (uint32_t)row + 1;
    }
    return true;
}

static void keys_of(const TwinRows *self, const uint8_t *const *states, size_t start, size_t n_rows,
                    uint64_t *keys_out)
{
    for (size_t w = 0; w < self->n_words; w++) {
        uint64_t digits[BLOCK_ROWS] = {0};
        for (size_t v = self->words[w].first_column; v < self->words[w].end_column; v++) {
            const unsigned n_bits = bits_of(self->columns[v].n_states);
            const uint8_t *column = states[v] + start;
            for (size_t i = 0; i < n_rows; i++) {
                digits[i] = digits[i] << n_bits | column[i];
            }
        }
        for (size_t i = 0; i < n_rows; i++) {
            keys_out[i * self->n_words + w] = digits[i];
        }
    }
}

/* The first of its kind. */
static bool append(TwinRows *self, const uint64_t *key, const uint8_t *const *states, size_t at)
{
    if (self->n_distinct == self->n_room && !grow(self)) {
        return false;
    }
    const size_t row = self->n_distinct++;
    *find_slot(self, key) = (uint32_t)row + 1;
    memcpy(self->keys + row * self->n_words, key, self->n_words * sizeof *key);
    self->weights[row] = 1;
    for (size_t v = 0; v < self->n_columns; v++) {
        self->states[v][row] = states[v][at];
    }
    return true;
}

static bool add_block(TwinRows *self, const uint8_t *const *states, size_t start, size_t n_rows)
{
    uint64_t one_word[BLOCK_ROWS] = {0};
    g_autofree uint64_t *several =
        self->n_words > 1 ? g_new(uint64_t, BLOCK_ROWS * self->n_words) : NULL;
    uint64_t *keys = several != NULL ? several : one_word;
    keys_of(self, states, start, n_rows, keys);
    for (size_t i = 0; i < n_rows; i++) {
        const uint64_t *key = keys + i * self->n_words;
        const uint32_t row = *find_slot(self, key);
        if (G_LIKELY(row != 0)) {
            self->weights[row - 1]++;
        } else if (!append(self, key, states, start + i)) {
            return false;
        }
    }
    self->n_rows += n_rows;
    return true;
}

bool twin_rows_add(TwinRows *self, const uint8_t *const *states, size_t n_rows, GError **error)
{
    if (n_rows > UINT32_MAX - self->n_rows) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "more than %u rows; learn from fewer flows", UINT32_MAX);
        return false;
    }
    bool is_fine = self->n_room > 0 || grow(self);
    for (size_t start = 0; start < n_rows && is_fine; start += BLOCK_ROWS) {
        is_fine = add_block(self, states, start, MIN(n_rows - start, (size_t)BLOCK_ROWS));
    }
    if (!is_fine) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%zu distinct rows fill the memory; learn from fewer flows", self->n_distinct);
    }
    return is_fine;
}

size_t twin_rows_n_distinct(const TwinRows *self)
{
    return self->n_distinct;
}

static void count_weighted(const TwinCounter *counter, const TwinFamily *family, TwinTally *tally)
{
    const TwinRows *self = counter->data;
    twin_count_columns(self->columns, self->weights, self->n_distinct, family, tally);
}

TwinCounter twin_rows_counter(const TwinRows *self)
{
    TwinCounter counter = {.n_variables = self->n_columns,
                           .n_rows = self->n_rows,
                           .count = count_weighted,
                           .data = self};
    for (size_t v = 0; v < self->n_columns; v++) {
        counter.n_states[v] = self->columns[v].n_states;
    }
    return counter;
}
