/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_FRAME_BUILDER_H
#define FLOWTWIN_SYNTH_FRAME_BUILDER_H

#include <flowtwin/frame.h>
#include <flowtwin/synthesise.h>

#include "synth/session.h"

enum {
    TWIN_MAX_HEADER_BYTES = 14 + 40 + 60, /* Ethernet, IPv6, TCP with options */
    TWIN_MAX_FRAME_BYTES = 14 + 40 + 65535,
};

/** The frames of one flow: its addresses, and what both hosts put into every header. */
typedef struct {
    const TwinSeed *seed;    /* borrowed */
    TwinEnd ends[2];         /* 0: client */
    uint32_t flow_labels[2]; /* IPv6, 20 bits */
    uint32_t address_sum;    /* of both addresses and ports, for checksums */
} TwinFrameMaker;

void twin_frame_maker_begin(TwinFrameMaker *self, const TwinSeed *seed, const TwinEnd ends[2],
                            TwinRandom *random);

/**
 * The largest payload that a segment of @side with these @flags can carry: what fits in a datagram,
 * and what its peer takes, where the seed's side kept to that.
 */
uint32_t twin_frame_max_payload(const TwinFrameMaker *self, unsigned side, uint16_t flags);

/**
 * Writes @segment as an Ethernet frame into @bytes (TWIN_MAX_FRAME_BYTES long), with right lengths
 * and checksums, those over the payload as if it were what @payload says (none: zeros).
 *
 * @param random for random payload; unused otherwise
 * @return the frame; its bytes are @bytes
 *
 * Source: RFC 791, RFC 8200, RFC 9293 section 3.1, RFC 7323 (timestamps as NOP NOP TS).
 */
TwinFrame twin_frame_make(const TwinFrameMaker *self, const TwinOutSegment *segment,
                          TwinPayload payload, TwinRandom *random, uint8_t *bytes);

#endif
