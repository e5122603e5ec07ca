/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_SEGMENT_H
#define FLOWTWIN_PACKET_SEGMENT_H

#include <flowtwin/frame.h>

#include "packet/tcp.h"

#include <glib.h>
#include <stdbool.h>

/** One TCP segment with what its IP and Ethernet headers said. Pointers are borrowed. */
typedef struct {
    int64_t time_ns;
    uint8_t source[16]; /* IPv4 in the first four bytes, zeros behind */
    uint8_t destination[16];
    uint8_t ip_version; /* 4 or 6 */
    uint8_t ttl;
    uint8_t traffic_class;
    bool dont_fragment;
    bool has_macs;          /* the frame's own Ethernet header, not a tunnelled one */
    bool is_payload_unsure; /* the IP header contradicts the frame */
    bool are_options_cut;   /* the capture ends inside the TCP options */
    uint16_t ip_id;         /* IPv4 only */
    uint8_t source_mac[6];
    uint8_t destination_mac[6];
    uint32_t payload_bytes;
    TwinTcp tcp;
    const uint8_t *options; /* TCP options as captured, option_bytes long */
    uint8_t option_bytes;   /* 0 … 40 */
    const uint8_t *header;  /* TCP header and what was captured behind it, captured_bytes long */
    size_t captured_bytes;
    size_t wire_bytes;          /* TCP header and payload as they were sent */
    const uint8_t *ipv4_header; /* NULL: none, cut, or of a datagram in fragments */
    uint8_t ipv4_header_bytes;
} TwinSegment;

/** What a frame turned out to be. All but the first are counted by the caller and left out. */
typedef enum {
    TWIN_DECODE_SEGMENT,
    TWIN_DECODE_NOT_TCP,
    TWIN_DECODE_CUT,          /**< TCP, but fewer than 20 bytes of its header were captured */
    TWIN_DECODE_MALFORMED,    /**< lengths that contradict each other */
    TWIN_DECODE_FRAGMENT,     /**< kept until its datagram is whole; then that frame is a segment */
    TWIN_DECODE_UNKNOWN_LINK, /**< a link type without a row in packet/link.c */
} TwinDecodeStatus;

/** Frames to segments; remembers IP fragments of unfinished datagrams, else stateless. */
typedef struct TwinDecoder TwinDecoder;

TwinDecoder *twin_decoder_new(void);
void twin_decoder_free(TwinDecoder *self);

/**
 * Decodes one frame down to the innermost TCP header.
 *
 * A datagram in fragments becomes one segment at the frame that makes it whole, as Wireshark shows
 * it, with the first fragment's header and the whole payload's length.
 *
 * @param segment_out written when the result is TWIN_DECODE_SEGMENT; points into frame->bytes or
 *                    into the decoder until the next call
 * @return what the frame was; reads never beyond captured_bytes; no allocation but for fragments,
 *         whose number is bounded
 */
TwinDecodeStatus twin_decoder_decode(TwinDecoder *self, const TwinFrame *frame,
                                     TwinSegment *segment_out);

/** Fragments that were given up or still wait for the rest of their datagram. */
uint64_t twin_decoder_lost_fragments(const TwinDecoder *self);

/** True where link type @link_type has a row in packet/link.c. */
bool twin_decoder_knows_link(uint32_t link_type);

/** What libpcap calls a link type, such as "IEEE802_11"; NULL where it knows none. */
const char *twin_decoder_link_name(uint32_t link_type);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinDecoder, twin_decoder_free)

#endif
