/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_RESERVOIR_H
#define FLOWTWIN_BN_RESERVOIR_H

#include "bn/tree.h"

/*
 * Bounded samples of rows, one a leaf: structure from a sample of flows, parameters from all. Each
 * keeps the rows of lowest priority, which is a hash of who the row is, so any grouping and order
 * of rows, threads, captures and machines gives the same sample (priority sampling).
 */

enum { TWIN_RESERVOIR_ROWS = 1024 }; /* rows that are kept a leaf, where nothing else is said */

#define TWIN_RESERVOIR_NONE UINT32_MAX

/**
 * Reservoirs 0 … n − 1: those of a tree's leaves have the numbers of their nodes. What belongs to a
 * row is kept by the caller, at the slot that is given out here. Belongs to one thread; threads
 * have some each, which are merged.
 *
 * Memory: 32 bytes a reservoir, 16 a row kept.
 */
typedef struct TwinReservoirs TwinReservoirs;

/** @param most rows kept of each, at least 1 @return (transfer full) */
TwinReservoirs *twin_reservoirs_new(size_t n, uint32_t most);
void twin_reservoirs_free(TwinReservoirs *self);

/**
 * A row's priority: the same wherever it is met.
 *
 * @param seed of the model
 * @param flow a hash of what makes the flow itself, not its number in one capture
 * @param row  of the flow
 */
uint64_t twin_reservoir_priority(uint64_t seed, uint64_t flow, uint32_t row);

/**
 * Counts a row and keeps it where its priority is low enough.
 *
 * @return the slot where the caller puts what belongs to it, over what stood there; slots are given
 *         out from 0 on. TWIN_RESERVOIR_NONE: it is not kept
 *
 * Cost: O(1) for what is not kept, else O(log most); grows by half as much again at most.
 */
uint32_t twin_reservoirs_offer(TwinReservoirs *self, size_t reservoir, uint64_t priority);

/** How many slots were given out: as many rows are kept. */
uint32_t twin_reservoirs_n_slots(const TwinReservoirs *self);

/** How many rows were offered to @reservoir. */
uint64_t twin_reservoirs_n_seen(const TwinReservoirs *self, size_t reservoir);

/** Whether a row was dropped as memory or slots ran out: the sample is not what it should be. */
bool twin_reservoirs_have_failed(const TwinReservoirs *self);

/**
 * Takes over what @other, of as many reservoirs, has seen and kept.
 *
 * @param take called for each row that is kept: what belongs to slot @from of @other goes to slot
 *             @to, over what stood there
 */
void twin_reservoirs_merge(TwinReservoirs *self, const TwinReservoirs *other,
                           void (*take)(uint32_t from, uint32_t to, void *data), void *data);

/**
 * The tree with the rows that are kept in its leaves, and weights for those that came.
 *
 * Its rows are slots, a leaf's by rising priority: the same rows in the same order however they
 * were gathered. Leaves that no row came to are left out.
 *
 * @param shape   where reservoirs have the numbers of the nodes
 * @param classes of each slot, for n_distinct
 * @return (transfer full) NULL with TWIN_ERROR_EMPTY where no row came
 */
TwinTree *twin_reservoirs_tree(const TwinReservoirs *self, const TwinTree *shape,
                               const uint32_t *classes, GError **error) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinReservoirs, twin_reservoirs_free)

#endif
