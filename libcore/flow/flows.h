/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_FLOWS_H
#define FLOWTWIN_FLOW_FLOWS_H

#include <flowtwin/flows.h>

/**
 * All packets in the order in which their frames were pushed or read: the k-th frame that decodes
 * to a segment is packet k. Borrowed; after finishing.
 */
const TwinPacket *twin_flows_packets(const TwinFlows *self, size_t *n_packets_out);

#endif
