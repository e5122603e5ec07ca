/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/discretiser.h"

#include <flowtwin/error.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct TwinDiscretiser {
    size_t n_cuts;
    int64_t cuts[]; /* strictly increasing; bin b ends with cuts[b], the last bin has no end */
};

static int compare_int64(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* ceil(k * n_values / n_bins) without the product, which could overflow. */
static size_t quantile_rank(size_t k, size_t n_values, size_t n_bins)
{
    const size_t rest = k * (n_values % n_bins);
    return k * (n_values / n_bins) + (rest + n_bins - 1) / n_bins;
}

/* A cut at the largest value would leave the last bin empty, so cuts stay below it. */
static size_t find_cuts(const int64_t *sorted, size_t n_values, size_t n_bins, int64_t *cuts_out)
{
    size_t n_cuts = 0;
    for (size_t k = 1; k < n_bins; k++) {
        const size_t rank = quantile_rank(k, n_values, n_bins);
        const int64_t cut = sorted[rank - 1];
        const bool is_new = n_cuts == 0 || cut > cuts_out[n_cuts - 1];
        if (is_new && cut < sorted[n_values - 1]) {
            cuts_out[n_cuts++] = cut;
        }
    }
    return n_cuts;
}

TwinDiscretiser *twin_discretiser_new(const int64_t *values, size_t n_values, unsigned n_bins,
                                      GError **error)
{
    if (n_bins < 1 || n_bins > TWIN_MAX_BINS) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%u bins asked for; 1 to %u are possible", n_bins, TWIN_MAX_BINS);
        return NULL;
    }
    if (n_values == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no values to learn bins from");
        return NULL;
    }
    g_autofree int64_t *sorted = g_try_new(int64_t, n_values);
    if (sorted == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%zu values do not fit in memory; learn from fewer flows", n_values);
        return NULL;
    }
    memcpy(sorted, values, n_values * sizeof *sorted);
    qsort(sorted, n_values, sizeof *sorted, compare_int64);

    int64_t cuts[TWIN_MAX_BINS];
    const size_t n_cuts = find_cuts(sorted, n_values, n_bins, cuts);
    TwinDiscretiser *self = g_malloc(sizeof *self + n_cuts * sizeof *cuts);
    self->n_cuts = n_cuts;
    memcpy(self->cuts, cuts, n_cuts * sizeof *cuts);
    return self;
}

void twin_discretiser_free(TwinDiscretiser *self)
{
    g_free(self);
}

unsigned twin_discretiser_n_bins(const TwinDiscretiser *self)
{
    return (unsigned)self->n_cuts + 1;
}

/* The number of cuts below @value, by halving; the comparison compiles to a conditional move. */
static size_t count_cuts_below(const TwinDiscretiser *self, int64_t value)
{
    const int64_t *base = self->cuts;
    size_t left = self->n_cuts;
    while (left > 0) {
        const size_t half = left / 2;
        const bool above = base[half] < value;
        base = above ? base + half + 1 : base;
        left = above ? left - half - 1 : half;
    }
    return (size_t)(base - self->cuts);
}

void twin_discretiser_bin(const TwinDiscretiser *self, const int64_t *values, size_t n_values,
                          uint8_t *bins_out)
{
    for (size_t i = 0; i < n_values; i++) {
        bins_out[i] = (uint8_t)count_cuts_below(self, values[i]);
    }
}
