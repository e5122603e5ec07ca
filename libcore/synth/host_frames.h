/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_HOST_FRAMES_H
#define FLOWTWIN_SYNTH_HOST_FRAMES_H

#include "base/random.h"
#include "host/exchange.h"
#include "model/donor.h"
#include "synth/session.h"

/** Flows are cut by 120 s without a packet: no drawn one may pause that long. */
#define TWIN_LONGEST_PAUSE_NS (INT64_C(119) * 1000000000)

/** Memory that is reused from flow to flow. One a thread. */
typedef struct {
    uint32_t *stamps; /* TSval of each packet of the exchange */
    size_t stamps_room;
    struct TwinCapturedPlace *order; /* packets as the capture sees them */
    size_t order_room;
} TwinHostFrames;

void twin_host_frames_clear(TwinHostFrames *self);

/** Where a packet stands in the capture. */
typedef struct TwinCapturedPlace {
    int64_t captured_ns;
    uint32_t packet;
} TwinCapturedPlace;

/**
 * Puts a drawn exchange's packets in the order of the capture, pauses cut at
 * TWIN_LONGEST_PAUSE_NS, packets no closer to each other than the donor's.
 *
 * @return borrowed until the next call, exchange->n_packets of them, hidden and missed ones too;
 *         NULL when memory is out
 */
const TwinCapturedPlace *twin_host_frames_order(TwinHostFrames *self, TwinExchange *exchange,
                                                const TwinDonor *donor, TwinRandom *random);

/** Whose packets they are. Borrows. */
typedef struct {
    const TwinSeed *seed; /* the hosts' habits */
    const TwinDonor *donor;
} TwinFrameSource;

/** Whether a packet stands in the capture. */
bool twin_is_captured(const TwinHostPacket *packet);

/**
 * The segments that the capture of a drawn exchange holds, after twin_host_frames_order(): numbers
 * from first numbers drawn here; TSval = floor(rate × (sent − lateness) + phase), never falling;
 * TSecr that of the packet echoed; IP-IDs in the sender's manner; times on the donor's clock step,
 * the first at @start_ns rounded up to it.
 *
 * @param segments_out room for exchange->n_packets
 * @return how many there are
 */
size_t twin_host_frames_make(TwinHostFrames *self, const TwinExchange *exchange,
                             const TwinFrameSource *source, int64_t start_ns, TwinRandom *random,
                             TwinOutSegment *segments_out);

#endif
