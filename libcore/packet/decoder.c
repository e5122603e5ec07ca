/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _DEFAULT_SOURCE /* u_int, for pcap.h */
#include "packet/fragments.h"
#include "packet/ip.h"
#include "packet/layer.h"
#include "packet/link.h"
#include "packet/segment.h"

#include <pcap/pcap.h>

enum {
    MAX_LAYERS = 40, /* headers of a frame; more are no network that anybody built */
    TCP_FIXED_BYTES = 20,
    PADDED_FRAME_BYTES = 60, /* what Ethernet fills a frame up to, without its checksum */
    MIN_PADDING_BYTES = 2,
    MAX_PADDING_BYTES = 6, /* behind an Ethernet, an IPv4 and a TCP header */
};

struct TwinDecoder {
    TwinFragments *fragments;
};

TwinDecoder *twin_decoder_new(void)
{
    TwinDecoder *self = g_new0(TwinDecoder, 1);
    self->fragments = twin_fragments_new();
    return self;
}

void twin_decoder_free(TwinDecoder *self)
{
    if (self != NULL) {
        twin_fragments_free(self->fragments);
        g_free(self);
    }
}

/*
 * Some senders count Ethernet's padding in the IP length: a few zeros that nobody pushes. A single
 * one is a keep-alive's, which Windows sends.
 */
static bool is_padding(const TwinWalk *walk, size_t payload_bytes)
{
    const uint16_t speaking = TWIN_TCP_SYN | TWIN_TCP_RST | TWIN_TCP_PSH;
    const TwinTcp *tcp = &walk->segment->tcp;
    if (payload_bytes < MIN_PADDING_BYTES || payload_bytes > MAX_PADDING_BYTES ||
        walk->frame_bytes > PADDED_FRAME_BYTES || !walk->is_in_ethernet ||
        (tcp->flags & speaking) != 0) {
        return false;
    }
    for (size_t i = tcp->header_bytes; i < walk->bytes.left; i++) {
        if (walk->bytes.at[i] != 0) {
            return false;
        }
    }
    return true;
}

TwinLayer twin_read_tcp(TwinWalk *walk)
{
    TwinSegment *segment = walk->segment;
    TwinTcp *tcp = &segment->tcp;
    if (walk->original_bytes < TCP_FIXED_BYTES) {
        return twin_walk_end(walk, TWIN_DECODE_MALFORMED);
    }
    const TwinTcpStatus status = twin_tcp_decode(walk->bytes.at, walk->bytes.left, tcp);
    if (status == TWIN_TCP_CUT_HEADER) {
        return twin_walk_end(walk, TWIN_DECODE_CUT);
    }
    if (status == TWIN_TCP_BAD_LENGTH || tcp->header_bytes > walk->original_bytes) {
        return twin_walk_end(walk, TWIN_DECODE_MALFORMED);
    }
    segment->are_options_cut = status == TWIN_TCP_CUT_OPTIONS;
    segment->options = walk->bytes.at + TCP_FIXED_BYTES;
    segment->header = walk->bytes.at;
    segment->captured_bytes = walk->bytes.left;
    segment->wire_bytes = walk->original_bytes;
    const size_t captured_bytes = MIN(walk->bytes.left, tcp->header_bytes);
    segment->option_bytes = (uint8_t)(captured_bytes - TCP_FIXED_BYTES); /* 0 … 40 */
    const size_t payload_bytes = walk->original_bytes - tcp->header_bytes;
    segment->payload_bytes = is_padding(walk, payload_bytes) ? 0 : (uint32_t)payload_bytes;
    segment->has_macs = walk->is_in_ethernet && !walk->is_tunnelled;
    return twin_walk_end(walk, TWIN_DECODE_SEGMENT);
}

TwinDecodeStatus twin_decoder_decode(TwinDecoder *self, const TwinFrame *frame,
                                     TwinSegment *segment_out)
{
    TwinLayer layer = twin_link_layer(frame->link_type);
    if (layer.read == NULL) {
        return TWIN_DECODE_UNKNOWN_LINK;
    }
    *segment_out = (TwinSegment){.time_ns = frame->time_ns};
    TwinWalk walk = {
        .bytes = twin_cursor(frame->bytes, frame->captured_bytes),
        .original_bytes = MAX(frame->original_bytes, frame->captured_bytes),
        .segment = segment_out,
        .fragments = self->fragments,
        .frame_bytes = MAX(frame->original_bytes, frame->captured_bytes),
    };
    for (unsigned n = 0; layer.read != NULL; n++) {
        if (walk.bytes.overrun) { /* a header was cut; whose, the next layer tells */
            return layer.read == twin_read_tcp ? TWIN_DECODE_CUT : TWIN_DECODE_NOT_TCP;
        }
        if (n == MAX_LAYERS) {
            return TWIN_DECODE_NOT_TCP;
        }
        layer = layer.read(&walk);
    }
    return walk.status;
}

uint64_t twin_decoder_lost_fragments(const TwinDecoder *self)
{
    return twin_fragments_n_lost(self->fragments);
}

const char *twin_decoder_link_name(uint32_t link_type)
{
    return link_type <= UINT16_MAX ? pcap_datalink_val_to_name((int)link_type) : NULL;
}

bool twin_decoder_knows_link(uint32_t link_type)
{
    return twin_link_layer(link_type).read != NULL;
}
