/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/verify.h"

#include "packet/checksum.h"

enum { PROTOCOL_TCP = 6 };

/* RFC 9293, 3.1: over addresses, protocol and length, then header and payload. */
static bool is_tcp_right(const TwinSegment *segment)
{
    const size_t n_address = segment->ip_version == 6 ? 16 : 4;
    uint32_t sum = twin_checksum_add(0, segment->source, n_address);
    sum = twin_checksum_add(sum, segment->destination, n_address);
    sum = twin_checksum_add_u16(sum, PROTOCOL_TCP);
    sum = twin_checksum_add_u16(sum, (uint16_t)segment->wire_bytes);
    sum = twin_checksum_add(sum, segment->header, segment->wire_bytes);
    return twin_checksum_fold(sum) == 0;
}

TwinChecksumStatus twin_segment_verify(const TwinSegment *segment)
{
    TwinChecksumStatus status = TWIN_CHECKSUM_UNKNOWN;
    if (segment->ipv4_header != NULL) {
        const uint32_t sum = twin_checksum_add(0, segment->ipv4_header, segment->ipv4_header_bytes);
        if (twin_checksum_fold(sum) != 0) {
            return TWIN_CHECKSUM_BAD;
        }
        status = TWIN_CHECKSUM_GOOD;
    }
    const bool is_whole = segment->captured_bytes >= segment->wire_bytes &&
                          segment->wire_bytes <= UINT16_MAX && !segment->is_payload_unsure;
    if (is_whole) {
        status = is_tcp_right(segment) ? TWIN_CHECKSUM_GOOD : TWIN_CHECKSUM_BAD;
    }
    return status;
}
