/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_DISCRETISER_H
#define FLOWTWIN_BN_DISCRETISER_H

#include <flowtwin/macros.h>

#include "bn/kept.h"

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Bins are stored in one byte. */
#define TWIN_MAX_BINS 256U

/**
 * Maps a numeric feature (payload bytes, inter-packet ns) to quantile bins and back. Immutable once
 * made, so threads may share it.
 *
 * Memory: at most 2 MiB; 8 KiB a full bin.
 */
typedef struct TwinDiscretiser TwinDiscretiser;

/** Values of a bin. Borrowed. */
typedef struct {
    const int64_t *values;
    size_t n_values; /* 1 … TWIN_MAX_KEPT */
} TwinBinValues;

/**
 * Learns bins that hold as nearly equal numbers of @values as ties allow.
 *
 * Cut k is the smallest value with at least k/n_bins of all values at or below it; equal cuts are
 * merged, so a feature with few distinct values gets fewer bins than asked for.
 *
 * Of each bin its values are kept, in order: all where there are at most TWIN_MAX_KEPT, else
 * that many in the middle of equal shares.
 *
 * @param values   at least one; any order; the feature's own unit; copied, not kept
 * @param n_values how many
 * @param n_bins   bins wanted, 1 … TWIN_MAX_BINS
 * @param error    set to TWIN_ERROR_EMPTY, TWIN_ERROR_ARGUMENT or TWIN_ERROR_TOO_LARGE on NULL
 * @return (transfer full) the discretiser, freed with twin_discretiser_free(); NULL on error
 *
 * Cost: O(n) time (radix sort), two temporary copies of @values.
 * Source: Falk et al., MaLeNe 2026 (n = 10); inverse empirical CDF, type 1 of Hyndman & Fan, 1996.
 */
TwinDiscretiser *twin_discretiser_new(const int64_t *values, size_t n_values, unsigned n_bins,
                                      GError **error) TWIN_CHECKED;

/**
 * Puts a discretiser together, as it comes from a model file.
 *
 * @param cuts   n_cuts of them, strictly rising; bin b ends with cuts[b], the last has no end
 * @param n_cuts 0 … TWIN_MAX_BINS − 1
 * @param bins   n_cuts + 1 of them; copied
 * @return NULL with TWIN_ERROR_FORMAT where cuts do not rise or are too many, a bin has no value
 *         or too many, or a value lies in another bin
 */
TwinDiscretiser *twin_discretiser_restore(const int64_t *cuts, size_t n_cuts,
                                          const TwinBinValues *bins, GError **error) TWIN_CHECKED;

/** Frees @self; NULL is allowed. */
void twin_discretiser_free(TwinDiscretiser *self);

/** The number of bins, 1 … what was asked for. */
unsigned twin_discretiser_n_bins(const TwinDiscretiser *self);

/** The n_bins − 1 cuts, borrowed. */
const int64_t *twin_discretiser_cuts(const TwinDiscretiser *self);

/** What @bin is undone with, rising unless it was restored in another order. */
TwinBinValues twin_discretiser_values(const TwinDiscretiser *self, unsigned bin);

/**
 * Sets bins_out[i] to the bin of values[i], 0 … n_bins − 1; values never seen fall into the bin
 * whose range they lie in, so the result is always valid.
 *
 * Cost: O(log n_bins) a value, no branch, no allocation.
 */
void twin_discretiser_bin(const TwinDiscretiser *self, const int64_t *values, size_t n_values,
                          uint8_t *bins_out);

/** Undoes @bin: one of its values, each as likely as the other. @param uniform 32 random bits */
int64_t twin_discretiser_draw(const TwinDiscretiser *self, unsigned bin, uint32_t uniform);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinDiscretiser, twin_discretiser_free)

#endif
