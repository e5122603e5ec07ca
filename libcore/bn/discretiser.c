/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/discretiser.h"

#include <flowtwin/error.h>

#include "base/sort.h"

#include <stdbool.h>
#include <string.h>

struct TwinDiscretiser {
    size_t n_cuts;
    int64_t cuts[TWIN_MAX_BINS];        /* strictly rising; bin b ends with cuts[b] */
    uint32_t starts[TWIN_MAX_BINS + 1]; /* of each bin in values, and the end */
    int64_t values[];
};

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

/* How many of sorted[0 … n_values − 1] are at most @cut. */
static size_t count_up_to(const int64_t *sorted, size_t n_values, int64_t cut)
{
    size_t low = 0;
    size_t high = n_values;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= cut) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static TwinDiscretiser *new_with_room(const int64_t *cuts, size_t n_cuts, size_t n_values)
{
    TwinDiscretiser *self = g_malloc(sizeof *self + n_values * sizeof self->values[0]);
    self->n_cuts = n_cuts;
    self->starts[0] = 0;
    memcpy(self->cuts, cuts, n_cuts * sizeof *cuts);
    return self;
}

static TwinDiscretiser *learn(const int64_t *sorted, size_t n_values, size_t n_bins)
{
    int64_t cuts[TWIN_MAX_BINS];
    size_t ends[TWIN_MAX_BINS];
    size_t n_kept = 0;
    const size_t n_cuts = find_cuts(sorted, n_values, n_bins, cuts);
    for (size_t bin = 0; bin <= n_cuts; bin++) {
        const size_t start = bin > 0 ? ends[bin - 1] : 0;
        ends[bin] = bin < n_cuts ? count_up_to(sorted, n_values, cuts[bin]) : n_values;
        n_kept += twin_n_kept(ends[bin] - start);
    }
    TwinDiscretiser *self = new_with_room(cuts, n_cuts, n_kept);
    uint32_t next = 0;
    for (size_t bin = 0; bin <= n_cuts; bin++) {
        const size_t start = bin > 0 ? ends[bin - 1] : 0;
        const size_t n = ends[bin] - start;
        for (size_t i = 0; i < twin_n_kept(n); i++) {
            self->values[next++] = sorted[start + twin_kept_place(i, n)];
        }
        self->starts[bin + 1] = next;
    }
    return self;
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
    g_autofree int64_t *scratch = g_try_new(int64_t, n_values);
    if (sorted == NULL || scratch == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%zu values do not fit in memory; learn from fewer flows", n_values);
        return NULL;
    }
    memcpy(sorted, values, n_values * sizeof *sorted);
    twin_sort_int64(sorted, scratch, n_values);
    return learn(sorted, n_values, n_bins);
}

static bool is_inside(int64_t value, size_t bin, const int64_t *cuts, size_t n_cuts)
{
    const bool is_above = bin == 0 || value > cuts[bin - 1];
    const bool is_below = bin == n_cuts || value <= cuts[bin];
    return is_above && is_below;
}

/* What is wrong with bin @bin and the cut that ends it, or NULL. */
static const char *find_fault(const int64_t *cuts, size_t n_cuts, const TwinBinValues *values,
                              size_t bin)
{
    if (bin > 0 && bin < n_cuts && cuts[bin] <= cuts[bin - 1]) {
        return "a cut that does not rise";
    }
    if (values->n_values < 1 || values->n_values > TWIN_MAX_KEPT) {
        return "no values or too many";
    }
    for (size_t i = 0; i < values->n_values; i++) {
        if (!is_inside(values->values[i], bin, cuts, n_cuts)) {
            return "a value of another bin";
        }
    }
    return NULL;
}

TwinDiscretiser *twin_discretiser_restore(const int64_t *cuts, size_t n_cuts,
                                          const TwinBinValues *bins, GError **error)
{
    if (n_cuts >= TWIN_MAX_BINS) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%zu cuts; up to %u are possible", n_cuts,
                    TWIN_MAX_BINS - 1);
        return NULL;
    }
    size_t n_values = 0;
    for (size_t bin = 0; bin <= n_cuts; bin++) {
        const char *fault = find_fault(cuts, n_cuts, &bins[bin], bin);
        if (fault != NULL) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "bin %zu has %s", bin, fault);
            return NULL;
        }
        n_values += bins[bin].n_values;
    }
    TwinDiscretiser *self = new_with_room(cuts, n_cuts, n_values);
    for (size_t bin = 0; bin <= n_cuts; bin++) {
        const uint32_t start = self->starts[bin];
        memcpy(self->values + start, bins[bin].values, bins[bin].n_values * sizeof(int64_t));
        self->starts[bin + 1] = start + (uint32_t)bins[bin].n_values;
    }
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

const int64_t *twin_discretiser_cuts(const TwinDiscretiser *self)
{
    return self->cuts;
}

TwinBinValues twin_discretiser_values(const TwinDiscretiser *self, unsigned bin)
{
    g_assert(bin <= self->n_cuts);
    return (TwinBinValues){.values = self->values + self->starts[bin],
                           .n_values = self->starts[bin + 1] - self->starts[bin]};
}

/*
 * The number of cuts below @value, by halving: as many steps for each value, and no branch on the
 * outcome, since neighbours' bins cannot be foretold.
 */
static inline size_t count_cuts_below(const int64_t *cuts, size_t n_cuts, int64_t value)
{
    size_t n_below = 0;
    for (size_t left = n_cuts; left > 0;) {
        const size_t half = (left + 1) / 2;
        n_below += half & -(size_t)(cuts[n_below + half - 1] < value);
        left -= half;
    }
    return n_below;
}

void twin_discretiser_bin(const TwinDiscretiser *self, const int64_t *values, size_t n_values,
                          uint8_t *bins_out)
{
    const size_t n_cuts = self->n_cuts;
    for (size_t i = 0; i < n_values; i++) {
        bins_out[i] = (uint8_t)count_cuts_below(self->cuts, n_cuts, values[i]);
    }
}

int64_t twin_discretiser_draw(const TwinDiscretiser *self, unsigned bin, uint32_t uniform)
{
    const uint32_t start = self->starts[bin];
    return self->values[start + twin_kept_draw(self->starts[bin + 1] - start, uniform)];
}
