/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_FIELDS_H
#define FLOWTWIN_PLUGIN_FIELDS_H

#include <flowtwin/tracker.h>

#include "compat.h"
#include "session.h"

/** Registers the protocol, its fields and its expert information; returns the protocol's number. */
int twin_fields_register(void);

/** True where a field of ours, or all, are asked for with this packet. */
bool twin_fields_are_asked(proto_tree *tree);

/**
 * Adds the flow's tree to a packet.
 *
 * @param flow   as the tracker counts it
 * @param at_end all packets have been seen: verdicts are those of the whole flow
 */
void twin_fields_add(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, TwinSession *session,
                     uint32_t flow, bool at_end);

/** A verdict in a word: "pass", "fail", "undecided", or "not yet" where a later packet decides. */
const char *twin_verdict_word(const TwinVerdict *verdict);

/** True where a check failed for certain: want of evidence is no finding. */
bool twin_verdict_is_finding(const TwinVerdict *verdict);

#endif
