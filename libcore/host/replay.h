/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_REPLAY_H
#define FLOWTWIN_HOST_REPLAY_H

#include "host/parents.h"

#include <glib.h>

/** Whether what is under way to a host arrived before a packet of its own left. */
typedef enum {
    TWIN_HELD_NOTHING, /* nothing was under way */
    TWIN_HELD_NO,      /* the packet left before it would have arrived */
    TWIN_HELD_YES,     /* it would have arrived, but the packet left first */
} TwinHeld;

/** A length that fills the segment, as code. */
enum { TWIN_LENGTH_FULL = -1 };

/**
 * What a host did after one of its local events (start, arrival, own send). All borrowed for the
 * call.
 */
typedef struct {
    const TwinParents *parents;   /* kind, payload, delay class are those of packet */
    const TwinHostPacket *packet; /* its next, when that is its next event; NULL: it waits */
    /* Of packet, where it is not NULL: */
    int64_t time_ns; /* delay; with is_timer: since data lay unacknowledged */
    float position; /* of the delay among the plan's quantiles of its class, 0 … 4; with is_timer:
                       10 + time over 40 ms */
    int32_t length; /* payload, or TWIN_LENGTH_FULL */
    uint8_t held;   /* TwinHeld */
    bool is_timer;  /* a pure ACK that the delayed-ACK timer sent */
    bool has_length; /* not the last segment of its write: a row of the length's node */
} TwinReplayRow;

/** How a window moved. Borrowed for the call. */
typedef struct {
    const TwinWindowParents *parents;
    const TwinHostPacket *packet;
    int32_t step;    /* of TWIN_WINDOW_STEP: to the one before */
    uint8_t code;    /* TwinWindowCode */
    bool is_learned; /* neither of the first two of its side nor of a RST */
} TwinReplayWindow;

/** Who gets the rows; either function may be NULL. */
typedef struct {
    void (*row)(void *user, const TwinReplayRow *row);
    void (*window)(void *user, const TwinReplayWindow *window);
    void *user;
} TwinReplaySink;

/** Memory that replaying reuses from flow to flow; some 135 kB and the longest dialogue's index.
 *  One a thread. */
typedef struct TwinReplay TwinReplay;
TwinReplay *twin_replay_new(void); /* (transfer full) */
void twin_replay_free(TwinReplay *self);

/**
 * Runs both hosts through what they did and gives a row after each local event, and one for each
 * window. Before that it finds what exceptions the flow makes: TWIN_PLAN_BREAKS_WINDOW and
 * TWIN_PLAN_EARLY_DATA of the plan are set.
 *
 * @param exchange inferred, its packets' kind, delay_ns, delay_class and edge set
 * @param plan     of @exchange; those two entries are set
 * @return false when memory is out
 *
 * Cost: some 0.1 µs an event and what the sink takes; no allocation but growth.
 */
bool twin_replay_run(TwinReplay *self, const TwinExchange *exchange, TwinExchangePlan *plan,
                     const TwinReplaySink *sink);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinReplay, twin_replay_free)

#endif
