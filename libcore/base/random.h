/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_RANDOM_H
#define FLOWTWIN_BASE_RANDOM_H

#include <stdint.h>

/** What a stream of random numbers is for; a new purpose goes at the end, or seeds change meaning.
 */
typedef enum {
    TWIN_RANDOM_START,   /* where a flow starts; index: place in the deal */
    TWIN_RANDOM_SESSION, /* first numbers, clocks, IP-IDs; index: flow */
    TWIN_RANDOM_PACKETS, /* what the network draws; index: flow */
    TWIN_RANDOM_PAYLOAD, /* payload bytes; index: flow */
    TWIN_RANDOM_ORDER,   /* the order in which seeds are dealt; index: round */
    TWIN_RANDOM_SAMPLE,  /* what a bounded sample keeps; index: place */
    TWIN_RANDOM_SPLIT,   /* which flows are held out; index: label */
    TWIN_RANDOM_JUDGE,   /* which flows a judgement looks at; index: judgement */
    TWIN_RANDOM_TREE,    /* rows and features of a forest's tree; index: tree */
    TWIN_RANDOM_BLIND,   /* flows of a blind test; index: 0 real, 1 synthetic, 2 their order */
    TWIN_RANDOM_CPT,     /* rows that a tree CPT's node chooses its split on; index: node */
    TWIN_RANDOM_DEAL,    /* a plan's sizes and its script; index: flow, attempt */
    TWIN_RANDOM_KEEP,    /* which rows a bounded leaf keeps; index: flow */
} TwinRandomPurpose;

/**
 * A stream of random numbers, each a function of (seed, purpose, index, draw number) alone, so that
 * threads and order of work cannot change them.
 *
 * Source: Philox4x32-10 of Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).
 */
typedef struct {
    uint32_t key[2];
    uint32_t counter[4]; /* draw block, purpose, index low, index high */
    uint32_t block[4];
    unsigned n_left; /* numbers of block not yet given out */
} TwinRandom;

TwinRandom twin_random(uint64_t seed, TwinRandomPurpose purpose, uint64_t index);

/** One block of Philox4x32-10: ten rounds of @counter under @key. */
void twin_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t block_out[4]);

/** Refills the block; twin_random_u32() calls it one time in four. */
void twin_random_refill(TwinRandom *self);

static inline uint32_t twin_random_u32(TwinRandom *self)
{
    if (self->n_left == 0) {
        twin_random_refill(self);
    }
    return self->block[--self->n_left];
}

/** Uniform on 0 … n − 1, @n at least 1; the bias is below n / 2^32 (multiply-shift, no rejection,
 *  so that every draw takes one number). */
static inline uint32_t twin_random_below(TwinRandom *self, uint32_t n)
{
    return (uint32_t)((uint64_t)twin_random_u32(self) * n >> 32);
}

#endif
