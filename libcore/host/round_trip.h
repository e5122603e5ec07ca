/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_ROUND_TRIP_H
#define FLOWTWIN_HOST_ROUND_TRIP_H

#include "host/state.h"

/* Round trips and the retransmission timer, after RFC 6298: part of state.h's machine. */

/** RFC 6298, 2.1. */
#define TWIN_FIRST_RTO_NS INT64_C(1000000000)

/** A packet leaves. */
void twin_round_trip_send(TwinHostState *self, const TwinHostPacket *packet);

/**
 * An acknowledgement moves.
 *
 * @param sent_ns when the oldest segment in flight was sent, where it is acknowledged by it;
 *                TWIN_LONG_AGO_NS: none is
 */
void twin_round_trip_acked(TwinHostState *self, int64_t sent_ns, int64_t now_ns);

#endif
