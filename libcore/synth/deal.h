/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_DEAL_H
#define FLOWTWIN_SYNTH_DEAL_H

#include "base/random.h"
#include "model/donor.h"

/**
 * Donors by likeness: for each side, those of the same label, numbers of data packets and writes,
 * most segments, first writer and path lie together, by rising bytes. Immutable, shared by threads.
 */
typedef struct {
    const TwinDonor **pool; /* those dealt, then further ones that may be neighbours */
    size_t n_pool;
    uint32_t *order[2]; /* of each side: places in pool */
    uint32_t *place[2]; /* where each of pool stands in order */
    uint32_t *first[2]; /* of each place: where its like begin and end */
    uint32_t *end[2];
} TwinNeighbours;

/**
 * @param dealt   donors that plans are dealt of; their number in @dealt is theirs in the pool
 * @param further others that may lend sizes; NULL: none. Both are borrowed
 */
void twin_neighbours_init(TwinNeighbours *self, const TwinDonors *dealt, const TwinDonors *further);
void twin_neighbours_clear(TwinNeighbours *self);

/**
 * A plan after donor @donor of the pool. Its decks are borrowed.
 *
 * @param borrows_sizes each side's bytes and sizes are those of one of the two neighbours on either
 *                      side, where it has any
 */
TwinExchangePlan twin_neighbours_deal(const TwinNeighbours *self, size_t donor, bool borrows_sizes,
                                      TwinRandom *random);

#endif
