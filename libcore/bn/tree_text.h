/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TREE_TEXT_H
#define FLOWTWIN_BN_TREE_TEXT_H

#include "bn/tree.h"

/*
 * Bins and trees as texts of numbers (base/numbers.h), for strings of a model file.
 *
 * Bins: number of parents; for each its number of edges, then the edges, each as the 32 bits of an
 * IEEE 754 float.
 *
 * A tree: features, nodes, whether rows follow (0, 1). Then the nodes, level by level, left to
 * right, so that who is whose child need not be said: the parent tested + 1 (0: a leaf); different
 * values; of an inner node the bin up to which left is taken, of a leaf its weight (rows that came
 * there) less the rows kept, and the rows kept. Then, where rows follow, the row numbers of all
 * leaves, from left to right, each as the difference to the one before it modulo 2^32.
 */

/** The bins as text. (transfer full) */
char *twin_bins_to_text(const TwinBins *bins);

/**
 * Bins from text, of which nothing is believed.
 *
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT where they are not of @n_parents, cut short
 * or as twin_bins_restore() says
 */
TwinBins *twin_bins_of_text(const char *text, size_t n_parents, GError **error) TWIN_CHECKED;

/** The tree as text; without row numbers where it is flat. (transfer full) */
char *twin_tree_to_text(const TwinTree *tree);

/**
 * A tree from text, of which nothing is believed.
 *
 * @param bins     of the parents: thresholds are their edges
 * @param n_values what rows are numbers of: all rows are below it. Of a flat tree, that has so many
 *                 rows at most
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT; else every walk ends at a leaf, and every
 *         draw is below @n_values
 */
TwinTree *twin_tree_of_text(const char *text, const TwinBins *bins, size_t n_values,
                            GError **error) TWIN_CHECKED;

#endif
