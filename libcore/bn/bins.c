/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/bins.h"

#include <flowtwin/error.h>

#include "base/array.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/sort.h"

#include <math.h>
#include <string.h>

struct TwinBinSample {
    size_t n_parents;
    size_t most;
    size_t n_rows;
    uint64_t limit;   /* rows whose hash is at most this are wanted */
    uint64_t *hashes; /* of each row kept */
    float *rows;
};

struct TwinBins {
    size_t n_parents;
    uint32_t *starts; /* of each parent's edges, and the end */
    float *edges;
};

TwinBinSample *twin_bin_sample_new(size_t n_parents, size_t most, GError **error)
{
    g_return_val_if_fail(n_parents >= 1 && n_parents <= TWIN_BINS_MAX_PARENTS, NULL);
    g_return_val_if_fail(most >= 2, NULL);
    g_autoptr(TwinBinSample) self = g_new0(TwinBinSample, 1);
    self->n_parents = n_parents;
    self->most = most;
    self->limit = UINT64_MAX;
    self->hashes = g_try_new(uint64_t, most);
    self->rows = most <= G_MAXSIZE / n_parents ? g_try_new(float, most *n_parents) : NULL;
    if (self->hashes == NULL || self->rows == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "a sample of %zu rows of %zu values does not fit in memory", most, n_parents);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void twin_bin_sample_free(TwinBinSample *self)
{
    if (self != NULL) {
        g_free(self->hashes);
        g_free(self->rows);
        g_free(self);
    }
}

static uint64_t hash_of(uint64_t row)
{
    TwinRandom random = twin_random(0, TWIN_RANDOM_SAMPLE, row);
    const uint64_t high = twin_random_u32(&random);
    return high << 32 | twin_random_u32(&random);
}

/* Lowers the limit to half of what it was, and drops what it no longer wants. */
static void halve(TwinBinSample *self)
{
    const size_t row_bytes = self->n_parents * sizeof(float);
    size_t n_kept = 0;
    self->limit /= 2;
    for (size_t r = 0; r < self->n_rows; r++) {
        if (self->hashes[r] <= self->limit) {
            self->hashes[n_kept] = self->hashes[r];
            if (n_kept != r) {
                memcpy(self->rows + n_kept * self->n_parents, self->rows + r * self->n_parents,
                       row_bytes);
            }
            n_kept++;
        }
    }
    self->n_rows = n_kept;
}

float *twin_bin_sample_next(TwinBinSample *self, uint64_t row)
{
    const uint64_t hash = hash_of(row);
    while (hash <= self->limit && self->n_rows == self->most) {
        halve(self);
    }
    if (hash > self->limit) {
        return NULL;
    }
    self->hashes[self->n_rows] = hash;
    return self->rows + self->n_parents * self->n_rows++;
}

/* Numbers that rise as floats do: NaN above all, both zeros the same. */
static int64_t rank_of(float value)
{
    const float plain = isnan(value) ? NAN : value + 0.0F;
    int32_t bits = 0;
    memcpy(&bits, &plain, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits & INT32_MAX;
}

static float value_of(int64_t rank)
{
    const int32_t bits = (int32_t)(rank < 0 ? INT32_MIN - rank : rank);
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* At least @low and below @high, half way where a float is there. */
static float edge_between(float low, float high)
{
    const float middle = (float)(((double)low + (double)high) / 2);
    return middle >= low && middle < high ? middle : low;
}

/* The different ones among sorted values, in place. */
static size_t keep_different(int64_t *sorted, size_t n)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (n_kept == 0 || sorted[i] != sorted[n_kept - 1]) {
            sorted[n_kept++] = sorted[i];
        }
    }
    return n_kept;
}

/* Whether sorted values have at most TWIN_BINS_MOST different ones. */
static bool are_few(const int64_t *sorted, size_t n)
{
    size_t n_different = 1;
    for (size_t i = 1; i < n && n_different <= TWIN_BINS_MOST; i++) {
        n_different += sorted[i] != sorted[i - 1];
    }
    return n_different <= TWIN_BINS_MOST;
}

/* Edges of sorted values, which are overwritten. */
static size_t find_edges(int64_t *sorted, size_t n, float *edges_out)
{
    if (!are_few(sorted, n)) {
        int64_t quantiles[TWIN_BINS_MOST];
        for (size_t q = 0; q < TWIN_BINS_MOST; q++) {
            const size_t steps = TWIN_BINS_MOST - 1;
            quantiles[q] = sorted[(2 * q * (n - 1) + steps) / (2 * steps)];
        }
        n = TWIN_BINS_MOST;
        memcpy(sorted, quantiles, sizeof quantiles);
    }
    n = keep_different(sorted, n);
    for (size_t i = 1; i < n; i++) {
        edges_out[i - 1] = edge_between(value_of(sorted[i - 1]), value_of(sorted[i]));
    }
    return n - 1;
}

typedef struct {
    const TwinBinSample *sample;
    int64_t **sorted; /* a thread each: twice the sample's rows */
    uint8_t *n_edges;
    float *edges; /* TWIN_BINS_MOST a parent */
} Learning;

static void learn_parent(size_t parent, unsigned thread, void *data)
{
    const Learning *learning = data;
    const TwinBinSample *sample = learning->sample;
    int64_t *sorted = learning->sorted[thread];
    for (size_t r = 0; r < sample->n_rows; r++) {
        sorted[r] = rank_of(sample->rows[r * sample->n_parents + parent]);
    }
    twin_sort_int64(sorted, sorted + sample->n_rows, sample->n_rows);
    float *edges = learning->edges + parent * TWIN_BINS_MOST;
    learning->n_edges[parent] = (uint8_t)find_edges(sorted, sample->n_rows, edges);
}

/* Edges that stand @stride apart a parent, or (0) one parent's after the other's. */
static TwinBins *new_bins(size_t n_parents, const uint8_t *n_edges, const float *edges,
                          size_t stride)
{
    TwinBins *self = g_new(TwinBins, 1);
    self->n_parents = n_parents;
    self->starts = g_new(uint32_t, n_parents + 1);
    self->starts[0] = 0;
    for (size_t p = 0; p < n_parents; p++) {
        self->starts[p + 1] = self->starts[p] + n_edges[p];
    }
    self->edges = g_new(float, (size_t)self->starts[n_parents] + 1);
    for (size_t p = 0; p < n_parents; p++) {
        if (n_edges[p] > 0) { /* without any, @edges may be NULL */
            const float *from = edges + (stride > 0 ? p * stride : self->starts[p]);
            memcpy(self->edges + self->starts[p], from, n_edges[p] * sizeof *edges);
        }
    }
    return self;
}

TwinBins *twin_bins_learn(const TwinBinSample *sample, unsigned n_threads, GError **error)
{
    if (sample->n_rows == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no rows to learn bins from");
        return NULL;
    }
    g_autoptr(GPtrArray) scratch = g_ptr_array_new_with_free_func(g_free);
    for (unsigned t = 0; t < n_threads; t++) {
        g_ptr_array_add(scratch, g_new(int64_t, MAX(2 * sample->n_rows, (size_t)TWIN_BINS_MOST)));
    }
    g_autofree uint8_t *n_edges = g_new(uint8_t, sample->n_parents);
    g_autofree float *edges = g_new(float, sample->n_parents *TWIN_BINS_MOST);
    Learning learning = {
        .sample = sample, .sorted = (int64_t **)scratch->pdata, .n_edges = n_edges, .edges = edges};
    twin_parallel_for(sample->n_parents, n_threads, learn_parent, &learning);
    return new_bins(sample->n_parents, n_edges, edges, TWIN_BINS_MOST);
}

TwinBins *twin_bins_restore(size_t n_parents, const uint8_t *n_edges, const float *edges,
                            GError **error)
{
    size_t next = 0;
    for (size_t p = 0; p < n_parents; p++) {
        bool is_rising = true;
        for (size_t e = 0; e < n_edges[p]; e++) {
            const float edge = edges[next + e];
            is_rising = is_rising && !isnan(edge) && (e == 0 || edges[next + e - 1] < edge);
        }
        if (!is_rising || n_edges[p] >= TWIN_BINS_MOST) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                        "parent %zu has edges that do not rise or are more than %d", p,
                        TWIN_BINS_MOST - 1);
            return NULL;
        }
        next += n_edges[p];
    }
    return new_bins(n_parents, n_edges, edges, 0);
}

void twin_bins_free(TwinBins *self)
{
    if (self != NULL) {
        g_free(self->starts);
        g_free(self->edges);
        g_free(self);
    }
}

size_t twin_bins_n_parents(const TwinBins *self)
{
    return self->n_parents;
}

const float *twin_bins_edges(const TwinBins *self, size_t parent, size_t *n_out)
{
    *n_out = self->starts[parent + 1] - self->starts[parent];
    return self->edges + self->starts[parent];
}

/*
 * How many edges are below @value (all, where it is NaN), by halving: as many steps for each value,
 * and no branch on the outcome, since neighbours' bins cannot be foretold.
 */
static inline uint8_t count_below(const float *edges, size_t n_edges, float value)
{
    size_t n_below = 0;
    for (size_t left = n_edges; left > 0;) {
        const size_t half = (left + 1) / 2;
        n_below += half & -(size_t) !(value <= edges[n_below + half - 1]);
        left -= half;
    }
    return (uint8_t)n_below;
}

uint8_t twin_bins_of(const TwinBins *self, size_t parent, float value)
{
    const uint32_t start = self->starts[parent];
    return count_below(self->edges + start, self->starts[parent + 1] - start, value);
}

TwinBinMatrix *twin_bin_matrix_new(size_t n_parents)
{
    TwinBinMatrix *self = g_new0(TwinBinMatrix, 1);
    self->n_parents = n_parents;
    return self;
}

void twin_bin_matrix_free(TwinBinMatrix *self)
{
    if (self != NULL) {
        g_free(self->bins);
        g_free(self);
    }
}

static bool make_room(TwinBinMatrix *self, size_t n_room, GError **error)
{
    if (n_room > UINT32_MAX || !twin_array_resize(&self->bins, n_room, self->n_parents)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%zu rows of %zu parents do not fit in memory; learn from fewer flows", n_room,
                    self->n_parents);
        return false;
    }
    self->n_room = n_room;
    return true;
}

bool twin_bin_matrix_resize(TwinBinMatrix *self, size_t n_rows, GError **error)
{
    if (n_rows > self->n_room && !make_room(self, n_rows, error)) {
        return false;
    }
    if (n_rows > self->n_rows) {
        memset(self->bins + self->n_rows * self->n_parents, 0,
               (n_rows - self->n_rows) * self->n_parents);
    }
    self->n_rows = n_rows;
    return true;
}

/* Many parents are properties of the flow, so the value before often comes again. @stride is that
 * of the values and of the bins. */
static void set_parent(const float *edges, size_t n_edges, const float *values, size_t stride,
                       uint8_t *bins, size_t n_rows)
{
    float last = values[0];
    uint8_t bin = count_below(edges, n_edges, last);
    for (size_t r = 0; r < n_rows; r++) {
        const float value = values[r * stride];
        if (value != last) {
            last = value;
            bin = count_below(edges, n_edges, value);
        }
        bins[r * stride] = bin;
    }
}

void twin_bin_matrix_set(TwinBinMatrix *self, const TwinBins *bins, size_t first, const float *rows,
                         size_t n_rows)
{
    g_return_if_fail(bins->n_parents == self->n_parents);
    g_return_if_fail(first <= self->n_rows && n_rows <= self->n_rows - first);
    uint8_t *bytes = self->bins + first * self->n_parents;
    for (size_t p = 0; p < self->n_parents && n_rows > 0; p++) {
        size_t n_edges = 0;
        const float *edges = twin_bins_edges(bins, p, &n_edges);
        set_parent(edges, n_edges, rows + p, self->n_parents, bytes + p, n_rows);
    }
}

bool twin_bin_matrix_append(TwinBinMatrix *self, const TwinBins *bins, const float *rows,
                            size_t n_rows, GError **error)
{
    const size_t first = self->n_rows;
    if (n_rows > UINT32_MAX - first) {
        return make_room(self, G_MAXSIZE, error);
    }
    if (first + n_rows > self->n_room) {
        const size_t n_room = MIN(first + first / 2 + 1024, (size_t)UINT32_MAX);
        if (!make_room(self, MAX(n_room, first + n_rows), error)) {
            return false;
        }
    }
    self->n_rows += n_rows;
    twin_bin_matrix_set(self, bins, first, rows, n_rows);
    return true;
}
