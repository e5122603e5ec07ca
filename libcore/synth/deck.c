/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/deck.h"

/* So that times of 0 have ratios: 100 ns. */
#define BESIDE_NS 100.

/* NOLINTNEXTLINE(readability-non-const-parameter): written through the members */
void twin_deck_begin(TwinDeck *self, const int64_t *times_ns, uint32_t n, uint32_t *links)
{
    *self = (TwinDeck){
        .times_ns = times_ns,
        .above = links,
        .below = links + n + 1,
        .n = n,
    };
    for (uint32_t i = 0; i <= n; i++) {
        self->above[i] = i;
        self->below[i] = i;
    }
}

/* The end of a chain of links, which becomes shorter on the way. */
static uint32_t follow(uint32_t *links, uint32_t at)
{
    while (links[at] != at) {
        links[at] = links[links[at]];
        at = links[at];
    }
    return at;
}

/* The first card whose time is at least @time_ns. */
static uint32_t first_at_least(const TwinDeck *self, int64_t time_ns)
{
    uint32_t low = 0;
    uint32_t high = self->n;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (self->times_ns[middle] < time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t twin_deck_nearest(TwinDeck *self, int64_t time_ns)
{
    const uint32_t place = first_at_least(self, time_ns);
    const uint32_t above = follow(self->above, place);
    const uint32_t below = follow(self->below, place); /* 1 + the card */
    if (above == self->n || below == 0) {
        return below > 0 ? (int64_t)below - 1 : above < self->n ? (int64_t)above : TWIN_NO_CARD;
    }
    const double wanted = (double)time_ns + BESIDE_NS;
    const double low = (double)self->times_ns[below - 1] + BESIDE_NS;
    const double high = (double)self->times_ns[above] + BESIDE_NS;
    return wanted * wanted <= low * high ? (int64_t)below - 1 : (int64_t)above;
}

int64_t twin_deck_lowest(TwinDeck *self)
{
    const uint32_t card = follow(self->above, 0);
    return card < self->n ? (int64_t)card : TWIN_NO_CARD;
}

void twin_deck_take(TwinDeck *self, int64_t card)
{
    if (card < 0 || card >= self->n) {
        return;
    }
    self->above[card] = (uint32_t)card + 1;
    self->below[card + 1] = (uint32_t)card;
}
