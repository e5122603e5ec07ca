/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_DELAYED_ACK_H
#define FLOWTWIN_HOST_DELAYED_ACK_H

#include "host/state.h"

/* When a host acknowledges, kept as Linux keeps it (tcp_input.c, tcp_output.c): part of state.h's
 * machine. */

/** Linux's TCP_MIN_RCVMSS: the peer's segment size as assumed at first. */
enum { TWIN_LEAST_RECEIVE_MSS = 536 };

/** Data arrives that is neither a RST's nor in another number space; before its numbers are taken
 *  in. */
void twin_delayed_ack_receive(TwinHostState *self, const TwinHostPacket *packet, int64_t now_ns);

/** A packet leaves; before what it acknowledges is no longer unacknowledged. */
void twin_delayed_ack_send(TwinHostState *self, const TwinHostPacket *packet);

#endif
