/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_FLOWS_H
#define FLOWTWIN_FLOW_FLOWS_H

#include <flowtwin/flows.h>

#include "flow/sacks.h"

/**
 * All packets in the order in which their frames were pushed or read: the k-th frame that decodes
 * to a segment is packet k. Borrowed; after finishing.
 */
const TwinPacket *twin_flows_packets(const TwinFlows *self, size_t *n_packets_out);

/**
 * The SACK ranges of a flow's packets: in the order of the packets, those of one as they stood in
 * it. Borrowed; after finishing.
 *
 * Cost: two binary searches.
 */
const TwinSackRange *twin_flows_sack(const TwinFlows *self, const TwinFlow *flow,
                                     size_t *n_ranges_out);

#endif
