/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/deal.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEAR = 2,            /* neighbours on either side that lend their sizes */
    FULL_SEGMENT = 1200, /* from here on, the largest payload says what the path carries */
    N_KEYS = 7,          /* the last one is the bytes: neighbours differ in it */
};

/* What a donor's side is sorted by. */
typedef struct {
    double keys[N_KEYS];
    uint32_t donor;
} Card;

static Card card_of(const TwinDonor *donor, unsigned side, uint32_t number)
{
    const double *at = donor->plan.hosts[side].at;
    const double largest = at[TWIN_PLAN_MAX_PAYLOAD];
    return (Card){
        .keys = {at[TWIN_PLAN_LABEL], at[TWIN_PLAN_DATA], at[TWIN_PLAN_WRITES],
                 at[TWIN_PLAN_MAX_SEGMENTS], at[TWIN_PLAN_FIRST_WRITER],
                 largest >= FULL_SEGMENT ? largest : 0, at[TWIN_PLAN_BYTES]},
        .donor = number,
    };
}

static int compare_keys(const Card *a, const Card *b, size_t n_keys)
{
    for (size_t k = 0; k < n_keys; k++) {
        if (a->keys[k] != b->keys[k]) {
            return a->keys[k] < b->keys[k] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_cards(const void *left, const void *right)
{
    const Card *a = left;
    const Card *b = right;
    const int keys = compare_keys(a, b, N_KEYS);
    /* Equal ones in an order that says nothing of when they were captured. */
    const uint32_t mixed_a = a->donor * 2654435761U;
    const uint32_t mixed_b = b->donor * 2654435761U;
    return keys != 0 ? keys : (mixed_a > mixed_b) - (mixed_a < mixed_b);
}

static void sort_side(TwinNeighbours *self, unsigned side)
{
    const size_t n = self->n_pool;
    g_autofree Card *cards = g_new(Card, n);
    for (size_t i = 0; i < n; i++) {
        cards[i] = card_of(self->pool[i], side, (uint32_t)i);
    }
    qsort(cards, n, sizeof *cards, compare_cards);
    self->order[side] = g_new(uint32_t, n);
    self->place[side] = g_new(uint32_t, n);
    self->first[side] = g_new(uint32_t, n);
    self->end[side] = g_new(uint32_t, n);
    for (size_t first = 0, end = 0; first < n; first = end) {
        while (end < n && compare_keys(&cards[first], &cards[end], N_KEYS - 1) == 0) {
            self->order[side][end] = cards[end].donor;
            self->place[side][cards[end].donor] = (uint32_t)end;
            end++;
        }
        for (size_t i = first; i < end; i++) {
            self->first[side][i] = (uint32_t)first;
            self->end[side][i] = (uint32_t)end;
        }
    }
}

void twin_neighbours_init(TwinNeighbours *self, const TwinDonors *dealt, const TwinDonors *further)
{
    const size_t n_further = further != NULL ? further->n_donors : 0;
    *self = (TwinNeighbours){.n_pool = dealt->n_donors + n_further};
    self->pool = g_new(const TwinDonor *, self->n_pool + 1);
    for (size_t i = 0; i < dealt->n_donors; i++) {
        self->pool[i] = &dealt->donors[i];
    }
    for (size_t i = 0; i < n_further; i++) {
        self->pool[dealt->n_donors + i] = &further->donors[i];
    }
    sort_side(self, 0);
    sort_side(self, 1);
}

void twin_neighbours_clear(TwinNeighbours *self)
{
    g_free(self->pool);
    for (unsigned side = 0; side < 2; side++) {
        g_free(self->order[side]);
        g_free(self->place[side]);
        g_free(self->first[side]);
        g_free(self->end[side]);
    }
}

/* One of the neighbours of @donor, never itself where there is another. */
static const TwinDonor *neighbour(const TwinNeighbours *self, size_t donor, unsigned side,
                                  TwinRandom *random)
{
    const uint32_t at = self->place[side][donor];
    const uint32_t before = MIN(at - self->first[side][at], (uint32_t)NEAR);
    const uint32_t after = MIN(self->end[side][at] - 1 - at, (uint32_t)NEAR);
    const uint32_t uniform = twin_random_u32(random); /* taken in any case: one a side */
    if (before + after == 0) {
        return self->pool[donor];
    }
    const uint32_t k = (uint32_t)((uint64_t)uniform * (before + after) >> 32);
    const uint32_t place = at - before + k;
    return self->pool[self->order[side][place >= at ? place + 1 : place]];
}

TwinExchangePlan twin_neighbours_deal(const TwinNeighbours *self, size_t donor, bool borrows_sizes,
                                      TwinRandom *random)
{
    static const uint16_t sizes[] = {
        TWIN_PLAN_BYTES,          TWIN_PLAN_MAX_PAYLOAD,  TWIN_PLAN_FIRST_PAYLOAD,
        TWIN_PLAN_MEDIAN_PAYLOAD, TWIN_PLAN_MEDIAN_WRITE, TWIN_PLAN_MAX_WRITE,
    };
    TwinExchangePlan plan = self->pool[donor]->plan;
    for (unsigned side = 0; side < 2 && borrows_sizes; side++) {
        const TwinDonor *lender = neighbour(self, donor, side, random);
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            plan.hosts[side].at[sizes[i]] = lender->plan.hosts[side].at[sizes[i]];
        }
    }
    return plan;
}
