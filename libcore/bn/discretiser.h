/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_DISCRETISER_H
#define FLOWTWIN_BN_DISCRETISER_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** Bins are stored in one byte. */
#define TWIN_MAX_BINS 256U

/**
 * Maps a numeric feature (payload bytes, inter-packet ns) to quantile bins. Immutable once made, so
 * threads may share it.
 */
typedef struct TwinDiscretiser TwinDiscretiser;

/**
 * Learns bins that hold as nearly equal numbers of @values as ties allow.
 *
 * Cut k is the smallest value with at least k/n_bins of all values at or below it; equal cuts are
 * merged, so a feature with few distinct values gets fewer bins than asked for.
 *
 * @param values   at least one; any order; the feature's own unit; copied, not kept
 * @param n_values how many
 * @param n_bins   bins wanted, 1 … TWIN_MAX_BINS
 * @param error    set to TWIN_ERROR_EMPTY, TWIN_ERROR_ARGUMENT or TWIN_ERROR_TOO_LARGE on NULL
 * @return (transfer full) the discretiser, freed with twin_discretiser_free(); NULL on error
 *
 * Cost: O(n log n) time, one temporary copy of @values.
 * Source: Falk et al., MaLeNe 2026 (n = 10); inverse empirical CDF, type 1 of Hyndman & Fan, 1996.
 */
TwinDiscretiser *twin_discretiser_new(const int64_t *values, size_t n_values, unsigned n_bins,
                                      GError **error) TWIN_CHECKED;

/** Frees @self; NULL is allowed. */
void twin_discretiser_free(TwinDiscretiser *self);

/** The number of bins, 1 … what was asked for. */
unsigned twin_discretiser_n_bins(const TwinDiscretiser *self);

/**
 * Sets bins_out[i] to the bin of values[i], 0 … n_bins − 1; values never seen fall into the bin
 * whose range they lie in, so the result is always valid.
 *
 * Cost: O(log n_bins) a value, no allocation.
 */
void twin_discretiser_bin(const TwinDiscretiser *self, const int64_t *values, size_t n_values,
                          uint8_t *bins_out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinDiscretiser, twin_discretiser_free)

#endif
