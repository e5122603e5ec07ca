/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_DRAWS_H
#define FLOWTWIN_SYNTH_DRAWS_H

#include "base/random.h"
#include "host/parents.h"
#include "synth/evidence.h"

/** What all draws of a flow share. Borrows. */
typedef struct {
    const TwinTables *tables;
    const TwinHosts *hosts;
    TwinRandom *random;
    TwinLoopCounts *counts;
} TwinDraws;

/** Uniform on [0, 1). */
static inline double twin_draw_uniform(TwinRandom *random)
{
    return (double)twin_random_u32(random) / 4294967296.0;
}

/** The leaf of what @parents stand for: computes only what the tree tests. */
uint32_t twin_draw_leaf(const TwinTree *tree, const TwinParents *parents);

/** No row. */
#define TWIN_NO_ROW UINT32_MAX

/**
 * Draws what a host does after an event.
 *
 * @return a row of tables->outcome; TWIN_NO_ROW where none agrees even with the mildest evidence
 */
uint32_t twin_draw_outcome(const TwinDraws *self, const TwinEvidenceCase *evidence);

/** How many of 30 rows of the leaf let the host send, 0 … 1; those that only the mildest evidence
 *  lets count little, so that they alone are at most TWIN_INCLINATION_REST. */
#define TWIN_INCLINATION_REST .01
double twin_draw_inclination(const TwinDraws *self, const TwinEvidenceCase *evidence);

/** A delay with noise: times hardly repeat, timers go off late, never early. Seconds. */
double twin_draw_blur(TwinRandom *random, double seconds);

/**
 * Draws the delay of a packet whose kind, payload and class are set in @parents.
 *
 * @param holds_out whether what is under way arrives before it leaves, and waits until then
 * @return seconds
 */
double twin_draw_delay(const TwinDraws *self, const TwinParents *parents, bool *holds_out);

/** What is left of a write. */
typedef struct {
    int64_t bytes;
    int64_t later;   /* segments after this one, at least 1 */
    int64_t largest; /* payload of a segment */
} TwinWriteRest;

/** Draws a segment's payload that leaves at least one byte and at most the largest for each later
 *  one; its kind is set in @parents. */
int64_t twin_draw_length(const TwinDraws *self, const TwinParents *parents,
                         const TwinWriteRest *rest);

/** Draws how an acknowledgement is odd, where the plan has such left; else EXACT. */
TwinAckRow twin_draw_ack(const TwinDraws *self, const TwinParents *parents);

/** Draws what becomes of a new packet with numbers. @param leaf of tables->fate when it was
 *  decided on (there is a tree only where some plan has losses; 0 else). */
TwinFate twin_draw_fate(const TwinDraws *self, unsigned host, uint32_t leaf);

enum { TWIN_WINDOWS_NEAR = 4 };

/** A donor's windows, dealt nearly in order: of the next four, the nearest to what is drawn. */
typedef struct {
    const uint16_t *windows;
    uint32_t n;
    uint32_t next; /* first that has not come near */
    uint32_t n_near;
    uint16_t near[TWIN_WINDOWS_NEAR];
    int64_t shrinks_left; /* times that the right edge may still move back */
} TwinWindowDeck;

void twin_window_deck_begin(TwinWindowDeck *self, const uint16_t *windows, uint32_t n,
                            int64_t n_shrinks);

/** Draws the window of @packet, about to be sent, but for it complete. */
uint16_t twin_draw_window(const TwinDraws *self, const TwinHostPacket *packet,
                          TwinWindowDeck *deck);

#endif
