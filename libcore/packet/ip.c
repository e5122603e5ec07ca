/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/ip.h"

#include "packet/link.h"
#include "packet/tunnel.h"

#include <glib.h>
#include <string.h>

enum {
    IPV4_BYTES = 20, /* without options */
    IPV6_BYTES = 40,
    IPV4_DONT_FRAGMENT = 0x4000,
    IPV4_MORE_FRAGMENTS = 0x2000,
    IPV4_OFFSET = 0x1fff,
    OFFSET_UNIT_BYTES = 8,
    EXTENSION_UNIT_BYTES = 8,
    PROTOCOL_HOP_BY_HOP = 0,
};

static TwinLayer protocol_layer(uint8_t protocol);

static TwinLayer read_other(TwinWalk *walk)
{
    return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
}

/* A new IP header on the walk: what an outer one said is forgotten, but not that there was one. */
static void begin_ip(TwinWalk *walk, uint8_t ip_version)
{
    TwinSegment *segment = walk->segment;
    if (segment->ip_version != 0) {
        walk->is_tunnelled = true;
        memset(segment->source, 0, sizeof segment->source);
        memset(segment->destination, 0, sizeof segment->destination);
        segment->ip_id = 0;
        segment->dont_fragment = false;
    }
    segment->ip_version = ip_version;
    segment->ipv4_header = NULL;
}

/*
 * The IP header says that @n_bytes follow it. One that says more than the frame had is believed,
 * for captures exist that lost their frames' true lengths, but noted.
 */
static void limit_by_header(TwinWalk *walk, size_t n_bytes)
{
    walk->segment->is_payload_unsure |= n_bytes > walk->original_bytes;
    twin_walk_limit(walk, n_bytes);
}

/* Goes on with the datagram that this fragment makes whole, else the walk ends here. */
static TwinLayer add_fragment(TwinWalk *walk, TwinFragment *fragment, uint8_t protocol)
{
    const TwinLayer next = protocol_layer(protocol);
    if (next.read == read_other) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    if (fragment->has_more && walk->original_bytes % OFFSET_UNIT_BYTES != 0) {
        return twin_walk_end(walk, TWIN_DECODE_MALFORMED);
    }
    TwinSegment *segment = walk->segment;
    fragment->time_ns = segment->time_ns;
    fragment->key.ip_version = segment->ip_version;
    fragment->key.protocol = protocol;
    memcpy(fragment->key.source, segment->source, sizeof segment->source);
    memcpy(fragment->key.destination, segment->destination, sizeof segment->destination);
    fragment->header = (TwinDatagramHeader){.ttl = segment->ttl,
                                            .traffic_class = segment->traffic_class,
                                            .dont_fragment = segment->dont_fragment};
    fragment->n_bytes = walk->original_bytes;
    fragment->bytes = walk->bytes;

    TwinDatagram whole;
    if (!twin_fragments_add(walk->fragments, fragment, &whole)) {
        return twin_walk_end(walk, TWIN_DECODE_FRAGMENT);
    }
    segment->ipv4_header = NULL; /* one of several */
    segment->ttl = whole.header.ttl;
    segment->traffic_class = whole.header.traffic_class;
    segment->dont_fragment = whole.header.dont_fragment;
    walk->bytes = whole.bytes;
    walk->original_bytes = whole.n_bytes;
    return next;
}

TwinLayer twin_read_ipv4(TwinWalk *walk)
{
    const uint8_t *const header_at = walk->bytes.at;
    TwinCursor header = twin_walk_take(walk, IPV4_BYTES);
    TwinSegment *segment = walk->segment;
    begin_ip(walk, 4);
    const uint8_t version_and_length = twin_cursor_u8(&header);
    segment->traffic_class = twin_cursor_u8(&header);
    const size_t total_bytes = twin_cursor_u16(&header);
    segment->ip_id = twin_cursor_u16(&header);
    const uint16_t flags_and_offset = twin_cursor_u16(&header);
    segment->ttl = twin_cursor_u8(&header);
    const uint8_t protocol = twin_cursor_u8(&header);
    (void)twin_cursor_u16(&header); /* checksum: a capture before the sender's card has none */
    if (header.overrun) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    memcpy(segment->source, header.at, 4);
    memcpy(segment->destination, header.at + 4, 4);
    segment->dont_fragment = (flags_and_offset & IPV4_DONT_FRAGMENT) != 0;

    const size_t header_bytes = (version_and_length & 0x0fU) * (size_t)4;
    /* 0 is "more than fits": the sender's card makes several packets of it. The frame then tells.
     */
    const bool is_told = total_bytes != 0;
    if (version_and_length >> 4 != 4 || header_bytes < IPV4_BYTES ||
        (is_told && total_bytes < header_bytes) ||
        header_bytes - IPV4_BYTES > walk->original_bytes) {
        return twin_walk_end(walk, TWIN_DECODE_MALFORMED);
    }
    (void)twin_walk_take(walk, header_bytes - IPV4_BYTES);
    if (!walk->bytes.overrun) {
        segment->ipv4_header = header_at;
        segment->ipv4_header_bytes = (uint8_t)header_bytes;
    }
    if (is_told) {
        limit_by_header(walk, total_bytes - header_bytes);
    }
    if ((flags_and_offset & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET)) == 0) {
        return protocol_layer(protocol);
    }
    TwinFragment fragment = {
        .key.id = segment->ip_id,
        .offset = (size_t)(flags_and_offset & IPV4_OFFSET) * OFFSET_UNIT_BYTES,
        .has_more = (flags_and_offset & IPV4_MORE_FRAGMENTS) != 0,
    };
    return add_fragment(walk, &fragment, protocol);
}

TwinLayer twin_read_ipv6(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, IPV6_BYTES);
    TwinSegment *segment = walk->segment;
    begin_ip(walk, 6);
    const uint32_t version_class_flow = twin_cursor_u32(&header);
    const size_t payload_bytes = twin_cursor_u16(&header);
    const uint8_t next_header = twin_cursor_u8(&header);
    segment->ttl = twin_cursor_u8(&header);
    segment->traffic_class = (uint8_t)(version_class_flow >> 20);
    if (header.overrun) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    memcpy(segment->source, header.at, 16);
    memcpy(segment->destination, header.at + 16, 16);
    if (version_class_flow >> 28 != 6) {
        return twin_walk_end(walk, TWIN_DECODE_MALFORMED);
    }
    if (payload_bytes != 0) { /* else a jumbogram, or again more than fits */
        limit_by_header(walk, payload_bytes);
    }
    return protocol_layer(next_header);
}

TwinLayer twin_read_ip(TwinWalk *walk)
{
    TwinCursor ahead = walk->bytes;
    switch (twin_cursor_u8(&ahead) >> 4) {
    case 4:
        return (TwinLayer){twin_read_ipv4};
    case 6:
        return (TwinLayer){twin_read_ipv6};
    default:
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
}

/* RFC 8200, section 4: next header, length in 8-byte units beyond the first. */
static TwinLayer read_extension(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 2);
    const uint8_t next_header = twin_cursor_u8(&header);
    const size_t n_bytes = (twin_cursor_u8(&header) + (size_t)1) * EXTENSION_UNIT_BYTES;
    (void)twin_walk_take(walk, n_bytes - 2);
    return protocol_layer(next_header);
}

/* RFC 4302: as an extension header, but the length in 4-byte units less 2; in IPv4 as well. */
static TwinLayer read_authentication(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 2);
    const uint8_t next_header = twin_cursor_u8(&header);
    const size_t n_bytes = (twin_cursor_u8(&header) + (size_t)2) * 4;
    (void)twin_walk_take(walk, n_bytes - 2);
    return protocol_layer(next_header);
}

/* RFC 8200, 4.5. */
static TwinLayer read_fragment(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 8);
    const uint8_t next_header = twin_cursor_u8(&header);
    (void)twin_cursor_u8(&header);
    const uint16_t offset_and_more = twin_cursor_u16(&header);
    TwinFragment fragment = {
        .key.id = twin_cursor_u32(&header),
        .offset = offset_and_more & 0xfff8U,
        .has_more = (offset_and_more & 1) != 0,
    };
    if (header.overrun) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    if (fragment.offset == 0 && !fragment.has_more) {
        return protocol_layer(next_header); /* an atomic fragment (RFC 6946): nothing to wait for */
    }
    return add_fragment(walk, &fragment, next_header);
}

/* IANA's protocol numbers, the commonest first. ICMP has no row: what it quotes is no packet. */
static const struct {
    uint8_t protocol;
    TwinLayer layer;
} protocol_table[] = {
    {6, {twin_read_tcp}},    {17, {twin_read_udp}},       {47, {twin_read_gre}},
    {4, {twin_read_ipv4}},   {41, {twin_read_ipv6}},      {PROTOCOL_HOP_BY_HOP, {read_extension}},
    {43, {read_extension}},  /* routing */
    {60, {read_extension}},  /* destination options */
    {135, {read_extension}}, /* mobility */
    {44, {read_fragment}},   {51, {read_authentication}}, {137, {twin_read_mpls}},
};

static TwinLayer protocol_layer(uint8_t protocol)
{
    for (size_t i = 0; i < G_N_ELEMENTS(protocol_table); i++) {
        if (protocol_table[i].protocol == protocol) {
            return protocol_table[i].layer;
        }
    }
    return (TwinLayer){read_other};
}
