/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tunnel.h"

#include "packet/ip.h"
#include "packet/link.h"

#include <glib.h>

static TwinLayer read_nothing(TwinWalk *walk)
{
    return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
}

/* Type II: eight bytes, then Ethernet (draft-foschiano-erspan-03). */
static TwinLayer read_erspan_2(TwinWalk *walk)
{
    (void)twin_walk_take(walk, 8);
    return (TwinLayer){twin_read_ethernet};
}

/* Type III: twelve bytes, eight more where the last bit says so. */
static TwinLayer read_erspan_3(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 12);
    (void)twin_cursor_take(&header, 11);
    if ((twin_cursor_u8(&header) & 1) != 0) {
        (void)twin_walk_take(walk, 8);
    }
    return (TwinLayer){twin_read_ethernet};
}

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* PPTP's */
    GRE_FIELD_BYTES = 4,
    GRE_ERSPAN_2 = 0x88be,
    GRE_ERSPAN_3 = 0x22eb,
};

TwinLayer twin_read_gre(TwinWalk *walk)
{
    /* A field of four bytes for each bit that is set, in this order. */
    static const uint16_t fields[] = {GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE, GRE_ACK};
    TwinCursor header = twin_walk_take(walk, 4);
    const uint16_t flags = twin_cursor_u16(&header);
    const uint16_t protocol = twin_cursor_u16(&header);
    if ((flags & GRE_ROUTING) != 0) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP); /* source routes: RFC 2784 dropped them */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        if ((flags & fields[i]) != 0) {
            (void)twin_walk_take(walk, GRE_FIELD_BYTES);
        }
    }
    if (protocol == GRE_ERSPAN_2) { /* type I has no sequence number and no header */
        return (flags & GRE_SEQUENCE) != 0 ? (TwinLayer){read_erspan_2}
                                           : (TwinLayer){twin_read_ethernet};
    }
    return protocol == GRE_ERSPAN_3 ? (TwinLayer){read_erspan_3} : twin_ethertype_layer(protocol);
}

/* RFC 7348: flags, of which the fifth says that there is a network number; then Ethernet. */
static TwinLayer read_vxlan(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 8);
    const bool has_network = (twin_cursor_u8(&header) & 0x08) != 0;
    return has_network ? (TwinLayer){twin_read_ethernet} : (TwinLayer){read_nothing};
}

/* RFC 8926: version and length of options in 4-byte units, flags, EtherType, network number. */
static TwinLayer read_geneve(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 8);
    const uint8_t version_and_length = twin_cursor_u8(&header);
    (void)twin_cursor_u8(&header);
    const uint16_t protocol = twin_cursor_u16(&header);
    (void)twin_walk_take(walk, (version_and_length & 0x3fU) * (size_t)4);
    return version_and_length >> 6 == 0 ? twin_ethertype_layer(protocol)
                                        : (TwinLayer){read_nothing};
}

/* 3GPP TS 29.281, 5.1: version 1 with a user's packet, and its optional fields. */
static TwinLayer read_gtp_user(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 8);
    const uint8_t version_and_flags = twin_cursor_u8(&header);
    const uint8_t message_type = twin_cursor_u8(&header);
    if (version_and_flags >> 4 != 3 || message_type != 0xff) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    if ((version_and_flags & 7) == 0) {
        return (TwinLayer){twin_read_ip};
    }
    TwinCursor optional = twin_walk_take(walk, 4); /* all of them are there when any flag is set */
    (void)twin_cursor_take(&optional, 3);
    uint8_t extension = (version_and_flags & 4) != 0 ? twin_cursor_u8(&optional) : 0;
    while (extension != 0 && !walk->bytes.overrun) {
        TwinCursor length =
            twin_walk_take(walk, 1); /* in 4-byte units, the next type in the last */
        const size_t n_bytes = twin_cursor_u8(&length) * (size_t)4;
        if (n_bytes == 0) {
            return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
        }
        TwinCursor content = twin_walk_take(walk, n_bytes - 1);
        (void)twin_cursor_take(&content, n_bytes - 2);
        extension = twin_cursor_u8(&content);
    }
    return (TwinLayer){twin_read_ip};
}

/* RFC 2661, 3.1: optional length, tunnel, session, optional numbers and offset; then PPP. */
static TwinLayer read_l2tp(TwinWalk *walk)
{
    enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, VERSION = 0x0f };
    TwinCursor header = twin_walk_take(walk, 2);
    const uint16_t flags = twin_cursor_u16(&header);
    if ((flags & CONTROL) != 0 || (flags & VERSION) != 2) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    const size_t length_bytes = (flags & LENGTH) != 0 ? 2 : 0;
    const size_t sequence_bytes = (flags & SEQUENCE) != 0 ? 4 : 0;
    (void)twin_walk_take(walk, length_bytes + 4 + sequence_bytes);
    if ((flags & OFFSET) != 0) {
        TwinCursor offset = twin_walk_take(walk, 2);
        (void)twin_walk_take(walk, twin_cursor_u16(&offset));
    }
    return (TwinLayer){twin_read_ppp};
}

/* A new tunnel over UDP is a row. */
static const struct {
    uint16_t port;
    TwinLayer layer;
} udp_table[] = {
    {4789, {read_vxlan}},  {8472, {read_vxlan}}, /* Linux before it had a number */
    {6081, {read_geneve}}, {2152, {read_gtp_user}}, {1701, {read_l2tp}},
};

TwinLayer twin_read_udp(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 8);
    const uint16_t source_port = twin_cursor_u16(&header);
    const uint16_t destination_port = twin_cursor_u16(&header);
    for (size_t i = 0; i < G_N_ELEMENTS(udp_table); i++) {
        if (udp_table[i].port == source_port || udp_table[i].port == destination_port) {
            return udp_table[i].layer;
        }
    }
    return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
}
