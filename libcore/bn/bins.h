/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_BINS_H
#define FLOWTWIN_BN_BINS_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The parents of tree CPTs (bn/tree.h) as bytes. Rows of floats never stand in memory all at once:
 * pass 1 gives a bounded sample of them, from which the edges come; pass 2 gives them again, block
 * by block, and only their bytes are kept.
 */

enum {
    TWIN_BINS_MOST = 255,               /* bins of a parent */
    TWIN_BINS_SAMPLE = 65536,           /* rows that edges are learned from, at most */
    TWIN_BINS_MAX_PARENTS = UINT16_MAX, /* a tree's node names its parent in 16 bits */
};

/**
 * A sample of rows: those whose hash is lowest, so that it is a function of the rows and their
 * numbers alone, whatever their order and whoever gave them.
 *
 * Memory: most rows × parents × 4 bytes (220 parents: 58 MB).
 */
typedef struct TwinBinSample TwinBinSample;

/**
 * An empty sample.
 *
 * @param n_parents 1 … TWIN_BINS_MAX_PARENTS
 * @param most      rows kept at most, at least 2; between half and all of them stand at the end
 *                  where more came. TWIN_BINS_SAMPLE is a good value
 * @return (transfer full) NULL with TWIN_ERROR_TOO_LARGE
 */
TwinBinSample *twin_bin_sample_new(size_t n_parents, size_t most, GError **error) TWIN_CHECKED;
void twin_bin_sample_free(TwinBinSample *self);

/**
 * Where row @row (any number, once each) is to be written: n_parents floats, borrowed until the
 * next call; NULL where the sample does not want it, so that it need not be computed.
 */
float *twin_bin_sample_next(TwinBinSample *self, uint64_t row);

/** Bins of parents: bin b holds edge[b − 1] < x ≤ edge[b]. Immutable, so threads may share it. */
typedef struct TwinBins TwinBins;

/**
 * Edges half way between neighbouring values of a parent: its own where the sample has at most
 * TWIN_BINS_MOST different ones, else TWIN_BINS_MOST quantiles ('nearest').
 *
 * @return (transfer full) NULL with TWIN_ERROR_EMPTY where the sample has no row
 *
 * NaN counts as larger than all numbers. Cost: a sort a parent, parents in parallel.
 */
TwinBins *twin_bins_learn(const TwinBinSample *sample, unsigned n_threads,
                          GError **error) TWIN_CHECKED;

/**
 * Puts bins together from edges.
 *
 * @param n_edges per parent, at most TWIN_BINS_MOST − 1
 * @param edges   parent by parent, n_edges[0] + n_edges[1] + … of them; copied
 * @return NULL with TWIN_ERROR_FORMAT where edges of a parent are too many, do not rise or are NaN
 */
TwinBins *twin_bins_restore(size_t n_parents, const uint8_t *n_edges, const float *edges,
                            GError **error) TWIN_CHECKED;
void twin_bins_free(TwinBins *self);

size_t twin_bins_n_parents(const TwinBins *self);

/** The edges of @parent, rising, @n_out of them (bins are one more). Borrowed. */
const float *twin_bins_edges(const TwinBins *self, size_t parent, size_t *n_out);

/** The bin of one value: the number of edges below it. Cost: O(log edges), no branch. */
uint8_t twin_bins_of(const TwinBins *self, size_t parent, float value);

/**
 * Rows as bytes, one after the other, whose memory it owns: a node of a tree looks at few rows and
 * all their parents, so what it needs stands together.
 */
typedef struct {
    size_t n_parents;
    size_t n_rows;
    size_t n_room; /* rows that there is memory for */
    uint8_t *bins;
} TwinBinMatrix;

/** An empty matrix. (transfer full) */
TwinBinMatrix *twin_bin_matrix_new(size_t n_parents);
void twin_bin_matrix_free(TwinBinMatrix *self);

/**
 * Makes it @n_rows long; rows that come to it are bin 0 until set.
 *
 * @return false with TWIN_ERROR_TOO_LARGE beyond memory or UINT32_MAX rows; it is as it was
 */
bool twin_bin_matrix_resize(TwinBinMatrix *self, size_t n_rows, GError **error) TWIN_CHECKED;

/**
 * Sets rows @first … first + n_rows − 1, which must be inside; threads may set different rows.
 *
 * @param rows row by row, n_parents floats each
 *
 * Cost: some 1 ns a value that is equal to the one before it in its column, else O(log edges);
 * blocks of some hundred rows suit the cache best.
 */
void twin_bin_matrix_set(TwinBinMatrix *self, const TwinBins *bins, size_t first, const float *rows,
                         size_t n_rows);

/** twin_bin_matrix_resize() by @n_rows (in steps of growing size), then twin_bin_matrix_set(). */
bool twin_bin_matrix_append(TwinBinMatrix *self, const TwinBins *bins, const float *rows,
                            size_t n_rows, GError **error) TWIN_CHECKED;

/** The bins of row @row, one a parent, as twin_tree_find() takes them. Borrowed. */
static inline const uint8_t *twin_bin_matrix_row(const TwinBinMatrix *self, size_t row)
{
    return self->bins + row * self->n_parents;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBinSample, twin_bin_sample_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBins, twin_bins_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBinMatrix, twin_bin_matrix_free)

#endif
