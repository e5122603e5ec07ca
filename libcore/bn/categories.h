/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_CATEGORIES_H
#define FLOWTWIN_BN_CATEGORIES_H

#include <flowtwin/macros.h>

#include "bn/kept.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** States are stored in one byte. */
#define TWIN_MAX_CATEGORIES 256U

/**
 * Maps codes that have no order (TCP flags, labels) to states and back. The most frequent code is
 * state 0, and so on, each its own; where there are more codes than states, the last state is that
 * of all the rare ones. Immutable once made, so threads may share it.
 */
typedef struct TwinCategories TwinCategories;

/** Codes of a state. Borrowed. */
typedef struct {
    const uint32_t *codes;
    size_t n_codes; /* 1, and 2 … TWIN_MAX_KEPT for the rare state */
} TwinCategoryCodes;

/**
 * Learns states from what occurred.
 *
 * Frequencies that are equal go by the lower code. The rare state keeps its codes as often as they
 * occurred, in order: all where there are at most TWIN_MAX_KEPT, else that many in the middle of
 * equal shares.
 *
 * @param codes      at least one; any order; not kept
 * @param max_states 1 … TWIN_MAX_CATEGORIES
 * @param error      set to TWIN_ERROR_EMPTY, TWIN_ERROR_ARGUMENT or TWIN_ERROR_TOO_LARGE on NULL
 *
 * Cost: O(n_codes) time (radix sort), 16 temporary bytes a code.
 */
TwinCategories *twin_categories_new(const uint32_t *codes, size_t n_codes, unsigned max_states,
                                    GError **error) TWIN_CHECKED;

/**
 * Puts categories together, as they come from a model file.
 *
 * @param states n_states of them, one code each; the last may have more: it is the rare state
 * @return NULL with TWIN_ERROR_FORMAT where states are none or too many, have no code or too many,
 *         or share one
 */
TwinCategories *twin_categories_restore(const TwinCategoryCodes *states, size_t n_states,
                                        GError **error) TWIN_CHECKED;

/** Frees @self; NULL is allowed. */
void twin_categories_free(TwinCategories *self);

/** 1 … what was asked for. */
unsigned twin_categories_n_states(const TwinCategories *self);

/** Whether the last state stands for several codes. */
bool twin_categories_has_rare(const TwinCategories *self);

/** What @state is undone with. */
TwinCategoryCodes twin_categories_codes(const TwinCategories *self, unsigned state);

/**
 * Sets states_out[i] to the state of codes[i]. A code never seen is rare; where nothing is rare, it
 * counts as the most frequent one, so the result is always valid.
 *
 * Cost: a look-up for codes below 4,096, else O(log n_states); no allocation.
 */
void twin_categories_map(const TwinCategories *self, const uint32_t *codes, size_t n_codes,
                         uint8_t *states_out);

/** Undoes @state: one of its codes, as often as kept. @param uniform 32 random bits */
uint32_t twin_categories_draw(const TwinCategories *self, unsigned state, uint32_t uniform);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCategories, twin_categories_free)

#endif
