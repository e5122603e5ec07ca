/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_VERIFY_H
#define FLOWTWIN_PACKET_VERIFY_H

#include "packet/segment.h"

/** What a segment's checksums say. */
typedef enum {
    TWIN_CHECKSUM_UNKNOWN, /**< nothing that has one was captured whole */
    TWIN_CHECKSUM_GOOD,    /**< what was captured whole is right */
    TWIN_CHECKSUM_BAD,     /**< the IPv4 header's or TCP's is wrong */
} TwinChecksumStatus;

/** Sums up a segment that came right out of the decoder. Cost: a pass over its bytes. */
TwinChecksumStatus twin_segment_verify(const TwinSegment *segment);

#endif
