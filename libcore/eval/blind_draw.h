/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_DRAW_H
#define FLOWTWIN_EVAL_BLIND_DRAW_H

#include <flowtwin/flows.h>

/** A flow that was drawn. */
typedef struct {
    uint32_t flow;        /* index in its set */
    uint16_t server_port; /* of a known service; 0: of another */
    uint8_t set;          /* 0 real, 1 synthetic */
} TwinBlindDrawn;

/** What flows are drawn from. */
typedef struct {
    const TwinFlows *sets[2]; /* real, synthetic */
    uint64_t seed;
    size_t n_pairs;    /* that are wanted */
    size_t n_unfit[2]; /* set: flows that cannot be disguised */
    GArray *drawn;     /* TwinBlindDrawn, in the order of the test */
} TwinBlindDraw;

/**
 * Draws pairs of a real and a synthetic flow with the same service and IP version, as real flows
 * have them, and shuffles. Fewer than wanted where partners run out.
 *
 * Cost: linear in packets, since each is looked at for whether it can be disguised.
 */
void twin_blind_draw(TwinBlindDraw *self);

/** What a flow's server port is called; "other" where data/ports.tsv does not know it. */
const char *twin_blind_service(uint16_t server_port);

#endif
