/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_RESEND_H
#define FLOWTWIN_SYNTH_RESEND_H

#include "host/exchange.h"

/** SYNs of a side that are kept to be sent again. */
enum { TWIN_MAX_SYNS = 8 };

/**
 * The new segments of one side in the order of sending, to be sent again: by their index in the
 * exchange. Cursors only move on, so that a flow costs its segments once. Owns its array; zeroed
 * before the first use, reused from flow to flow.
 */
typedef struct {
    uint32_t *segments; /* but SYNs */
    size_t n;
    size_t room;
    size_t first_unacked; /* all before it are acknowledged */
    size_t first_lost;    /* none before it is lost, unacknowledged and not sent again */
    uint32_t syns[TWIN_MAX_SYNS];
    uint32_t n_syns;
} TwinSegments;

/** No segment. */
#define TWIN_NO_SEGMENT UINT32_MAX

void twin_segments_begin(TwinSegments *self);
void twin_segments_free(TwinSegments *self);

/** A new segment with numbers has been sent. @return false when memory is out */
bool twin_segments_add(TwinSegments *self, const TwinExchange *exchange, uint32_t packet);

/** The first that was lost and has not been sent again, of numbers from @unacked on. */
uint32_t twin_segments_lost(TwinSegments *self, const TwinExchange *exchange, int64_t unacked);

/**
 * What is sent again: the first lost one; else the @back-th last new segment (1: the last) with or
 * without SYN as @is_syn says, the first where there are fewer; else the first not acknowledged.
 */
uint32_t twin_segments_choose(TwinSegments *self, const TwinExchange *exchange, int64_t unacked,
                              uint32_t back, bool is_syn);

#endif
