/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_SESSION_H
#define FLOWTWIN_PLUGIN_SESSION_H

#include <flowtwin/tracker.h>

#include "blind.h"
#include "compat.h"

/**
 * What is gathered of a capture file while Wireshark shows its packets for the first time, for
 * whoever asks for fields then or later. Starts anew with each file.
 *
 * Memory: that of a TwinTracker, 4 bytes a packet and, in captures of ours, one a flow.
 */
typedef struct TwinSession TwinSession;

TwinSession *twin_session_new(void);
void twin_session_free(TwinSession *self);

/**
 * Takes a packet that is seen for the first time, unless it is certain that nobody will ask.
 *
 * @param is_asked a field of ours is asked for with this packet
 */
void twin_session_take(TwinSession *self, packet_info *pinfo, tvbuff_t *tvb, bool is_asked);

/**
 * A statistic is given a packet at its first visit. tshark does that in a single pass alone, so
 * that nobody can ask later who does not ask now.
 */
void twin_session_has_statistics(TwinSession *self);

/** The flow of a packet that was taken; TWIN_TRACKER_NO_FLOW: none. */
uint32_t twin_session_flow(const TwinSession *self, uint32_t frame);

/** True where a comment at a packet of the flow says that flowtwin made it. */
bool twin_session_is_synthetic(const TwinSession *self, uint32_t flow);

/** The flows; borrowed. */
TwinTracker *twin_session_tracker(const TwinSession *self);

/** The blind test that the capture is, or is not. Borrowed. */
TwinBlind *twin_session_blind(const TwinSession *self);

#endif
