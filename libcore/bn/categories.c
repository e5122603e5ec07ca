/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/categories.h"

#include <flowtwin/error.h>

#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

/* TCP's flags, and most labels' numbers, are below this. */
enum { DIRECT_CODES = 4096 };

typedef struct {
    uint32_t code;
    uint8_t state;
} Own;

struct TwinCategories {
    unsigned n_states;
    unsigned n_own;               /* states 0 … n_own − 1 have one code each; others: rare */
    uint8_t other;                /* the state of any other code */
    uint8_t direct[DIRECT_CODES]; /* state by code */
    Own by_code[TWIN_MAX_CATEGORIES]; /* n_own of them, rising */
    size_t n_codes;
    uint32_t codes[TWIN_MAX_CATEGORIES + TWIN_MAX_KEPT]; /* by state; the rare ones' at the end */
};

/* A distinct code, and where in the sorted codes its run ends. */
typedef struct {
    uint32_t code;
    size_t n_rows;
} Run;

static int by_falling_count(const void *left, const void *right)
{
    const Run *a = left;
    const Run *b = right;
    if (a->n_rows != b->n_rows) {
        return a->n_rows < b->n_rows ? 1 : -1;
    }
    return (a->code > b->code) - (a->code < b->code);
}

static int by_code(const void *left, const void *right)
{
    const Own *a = left;
    const Own *b = right;
    return (a->code > b->code) - (a->code < b->code);
}

static const Own *find_own(const TwinCategories *self, uint32_t code)
{
    const Own key = {.code = code};
    return bsearch(&key, self->by_code, self->n_own, sizeof key, by_code);
}

/* From codes[0 … n_codes − 1], of which the first n_own have their own states. */
static void index_codes(TwinCategories *self)
{
    const bool has_rare = self->n_codes > self->n_own;
    self->n_states = self->n_own + has_rare;
    self->other = (uint8_t)(has_rare ? self->n_own : 0);
    memset(self->direct, self->other, sizeof self->direct);
    for (unsigned state = 0; state < self->n_own; state++) {
        const uint32_t code = self->codes[state];
        self->by_code[state] = (Own){.code = code, .state = (uint8_t)state};
        if (code < DIRECT_CODES) {
            self->direct[code] = (uint8_t)state;
        }
    }
    qsort(self->by_code, self->n_own, sizeof self->by_code[0], by_code);
}

static GArray *find_runs(const int64_t *sorted, size_t n_codes)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(Run));
    for (size_t start = 0, end = 0; start < n_codes; start = end) {
        while (end < n_codes && sorted[end] == sorted[start]) {
            end++;
        }
        const Run run = {.code = (uint32_t)sorted[start], .n_rows = end - start};
        g_array_append_val(runs, run);
    }
    return runs;
}

/* Moves what has no state of its own to the front of @sorted; returns how many there are. */
static size_t gather_rare(const TwinCategories *self, int64_t *sorted, size_t n_codes)
{
    size_t n_rare = 0;
    for (size_t start = 0, end = 0; start < n_codes; start = end) {
        const int64_t code = sorted[start];
        while (end < n_codes && sorted[end] == code) {
            end++;
        }
        const bool is_rare = find_own(self, (uint32_t)code) == NULL;
        for (size_t i = start; is_rare && i < end; i++) {
            sorted[n_rare++] = code;
        }
    }
    return n_rare;
}

static TwinCategories *learn(int64_t *sorted, size_t n_codes, unsigned max_states)
{
    TwinCategories *self = g_new0(TwinCategories, 1);
    g_autoptr(GArray) runs = find_runs(sorted, n_codes);
    const bool has_rare = runs->len > max_states;
    self->n_own = has_rare ? max_states - 1 : runs->len;
    g_array_sort(runs, by_falling_count);
    for (unsigned state = 0; state < self->n_own; state++) {
        self->codes[self->n_codes++] = g_array_index(runs, Run, state).code;
    }
    index_codes(self);
    if (has_rare) {
        const size_t n_rare = gather_rare(self, sorted, n_codes);
        for (size_t i = 0; i < twin_n_kept(n_rare); i++) {
            self->codes[self->n_codes++] = (uint32_t)sorted[twin_kept_place(i, n_rare)];
        }
        index_codes(self);
    }
    return self;
}

TwinCategories *twin_categories_new(const uint32_t *codes, size_t n_codes, unsigned max_states,
                                    GError **error)
{
    if (max_states < 1 || max_states > TWIN_MAX_CATEGORIES) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%u states asked for; 1 to %u are possible", max_states, TWIN_MAX_CATEGORIES);
        return NULL;
    }
    if (n_codes == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no codes to learn states from");
        return NULL;
    }
    g_autofree int64_t *sorted = g_try_new(int64_t, n_codes);
    g_autofree int64_t *scratch = g_try_new(int64_t, n_codes);
    if (sorted == NULL || scratch == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%zu codes do not fit in memory; learn from fewer flows", n_codes);
        return NULL;
    }
    for (size_t i = 0; i < n_codes; i++) {
        sorted[i] = codes[i];
    }
    twin_sort_int64(sorted, scratch, n_codes);
    return learn(sorted, n_codes, max_states);
}

/* Whether the last state may be taken over; it is the only one with several codes. */
static bool is_fine(const TwinCategories *self, const TwinCategoryCodes *state, bool is_last)
{
    const size_t most = is_last ? TWIN_MAX_KEPT : 1;
    if (state->n_codes < 1 || state->n_codes > most) {
        return false;
    }
    for (size_t own = 0; own < self->n_codes; own++) {
        for (size_t i = 0; i < state->n_codes; i++) {
            if (state->codes[i] == self->codes[own]) {
                return false;
            }
        }
    }
    return true;
}

TwinCategories *twin_categories_restore(const TwinCategoryCodes *states, size_t n_states,
                                        GError **error)
{
    if (n_states < 1 || n_states > TWIN_MAX_CATEGORIES) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%zu states; 1 to %u are possible",
                    n_states, TWIN_MAX_CATEGORIES);
        return NULL;
    }
    g_autoptr(TwinCategories) self = g_new0(TwinCategories, 1);
    for (size_t state = 0; state < n_states; state++) {
        if (!is_fine(self, &states[state], state + 1 == n_states)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                        "state %zu has no code, too many, or one of another state", state);
            return NULL;
        }
        self->n_own += states[state].n_codes == 1;
        memcpy(self->codes + self->n_codes, states[state].codes,
               states[state].n_codes * sizeof(uint32_t));
        self->n_codes += states[state].n_codes;
    }
    index_codes(self);
    return g_steal_pointer(&self);
}

void twin_categories_free(TwinCategories *self)
{
    g_free(self);
}

unsigned twin_categories_n_states(const TwinCategories *self)
{
    return self->n_states;
}

bool twin_categories_has_rare(const TwinCategories *self)
{
    return self->n_states > self->n_own;
}

TwinCategoryCodes twin_categories_codes(const TwinCategories *self, unsigned state)
{
    g_assert(state < self->n_states);
    const size_t n_codes = state < self->n_own ? 1 : self->n_codes - self->n_own;
    return (TwinCategoryCodes){.codes = self->codes + state, .n_codes = n_codes};
}

void twin_categories_map(const TwinCategories *self, const uint32_t *codes, size_t n_codes,
                         uint8_t *states_out)
{
    for (size_t i = 0; i < n_codes; i++) {
        if (G_LIKELY(codes[i] < DIRECT_CODES)) {
            states_out[i] = self->direct[codes[i]];
        } else {
            const Own *own = find_own(self, codes[i]);
            states_out[i] = own != NULL ? own->state : self->other;
        }
    }
}

uint32_t twin_categories_draw(const TwinCategories *self, unsigned state, uint32_t uniform)
{
    const TwinCategoryCodes codes = twin_categories_codes(self, state);
    return codes.codes[twin_kept_draw(codes.n_codes, uniform)];
}
