/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_DECK_H
#define FLOWTWIN_SYNTH_DECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No card. */
enum { TWIN_NO_CARD = -1 };

/**
 * Times of a donor, each dealt once: cards that are found by nearness. Borrows the times and its
 * links from a table of links (below).
 */
typedef struct {
    const int64_t *times_ns; /* rising */
    uint32_t *above; /* n + 1: a card at or above this one, on the way to one left; n: none */
    uint32_t *below; /* n + 1: of card i − 1, on the way to one left at or below it; 0: none */
    uint32_t n;
} TwinDeck;

/** How many links a deck of @n cards needs. */
static inline size_t twin_deck_n_links(uint32_t n)
{
    return 2 * ((size_t)n + 1);
}

/** All cards are in. @param links room for twin_deck_n_links(n) */
void twin_deck_begin(TwinDeck *self, const int64_t *times_ns, uint32_t n, uint32_t *links);

/** The card left whose time is nearest to @time_ns by ratio; ties: the lower; TWIN_NO_CARD where
 *  none is left. Cost: log n. */
int64_t twin_deck_nearest(TwinDeck *self, int64_t time_ns);

/** The lowest card left. */
int64_t twin_deck_lowest(TwinDeck *self);

/** Takes a card out. */
void twin_deck_take(TwinDeck *self, int64_t card);

#endif
