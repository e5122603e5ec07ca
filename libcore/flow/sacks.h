/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_SACKS_H
#define FLOWTWIN_FLOW_SACKS_H

#include <flowtwin/flows.h>

#include "packet/tcp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a packet acknowledged selectively: numbers from begin to end, the latter excluded, as on the
 * wire (RFC 2018). 12 bytes, and only for packets that say so.
 */
typedef struct {
    uint32_t packet; /* its flow's first + k, for packet k of the flow */
    uint32_t begin, end;
} TwinSackRange;

/** The SACK ranges of a collection of flows; zero at first. */
typedef struct {
    TwinSackRange *ranges; /* by flow once finished, before that in the order of the capture */
    size_t n_ranges, capacity;
} TwinSacks;

/** Adds what packet @packet (in the order of the capture) says. False when memory is out. */
bool twin_sacks_add(TwinSacks *self, uint32_t packet, const TwinTcp *tcp);

/**
 * Puts flow after flow, and names packets by their place there.
 *
 * @param packets in the order of the capture
 * @param order   indices of @packets, flow after flow
 * @return false when memory is out
 *
 * Cost: linear in ranges and flows, and in packets of flows that have ranges; nothing without.
 */
bool twin_sacks_finish(TwinSacks *self, const TwinPacket *packets, const uint32_t *order,
                       const TwinFlow *flows, size_t n_flows);

/** The ranges of a flow; after finishing. */
const TwinSackRange *twin_sacks_of(const TwinSacks *self, const TwinFlow *flow,
                                   size_t *n_ranges_out);

/** Adds those of @flow of another collection, for its @copy in this one. False when memory is out.
 */
bool twin_sacks_append(TwinSacks *self, const TwinSacks *from, const TwinFlow *flow,
                       const TwinFlow *copy);

void twin_sacks_clear(TwinSacks *self);

#endif
