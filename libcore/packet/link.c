/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/link.h"

#include "packet/ip.h"

#include <glib.h>
#include <string.h>

enum {
    MAC_BYTES = 6,
    ETHERNET_BYTES = 14,
    MAX_8023_LENGTH = 1500, /* a smaller "EtherType" is a length (IEEE 802.3, 3.2.6) */
    HDLC_ADDRESS = 0xff,    /* RFC 1662: all stations */
    HDLC_CONTROL = 0x03,
};

static TwinLayer read_nothing(TwinWalk *walk)
{
    return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
}

/* IEEE 802.2, with SNAP (RFC 1042) or with IP's own service access point. */
static TwinLayer read_llc(TwinWalk *walk)
{
    enum { LLC_BYTES = 3, SNAP = 0xaaaa, IP = 0x0606 };
    TwinCursor header = twin_walk_take(walk, LLC_BYTES);
    const uint16_t access_points = twin_cursor_u16(&header);
    if (access_points == IP) {
        return (TwinLayer){twin_read_ip};
    }
    if (access_points != SNAP) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    TwinCursor snap = twin_walk_take(walk, 5);
    const uint32_t organisation = (uint32_t)twin_cursor_u16(&snap) << 8 | twin_cursor_u8(&snap);
    const uint16_t ethertype = twin_cursor_u16(&snap);
    const bool is_ethertype = organisation == 0 || organisation == 0xf8; /* RFC 1042, 802.1H */
    return is_ethertype ? twin_ethertype_layer(ethertype) : (TwinLayer){read_nothing};
}

/* What follows an EtherType field, which is a length in IEEE 802.3. */
static TwinLayer ethertype_or_length_layer(TwinWalk *walk, uint16_t type_or_length)
{
    if (type_or_length > MAX_8023_LENGTH) {
        return twin_ethertype_layer(type_or_length);
    }
    if (type_or_length < walk->original_bytes) {
        twin_walk_limit(walk, type_or_length);
    }
    return (TwinLayer){read_llc};
}

/* The frame's own Ethernet header, whose addresses are those of the capture's network. */
static TwinLayer read_own_ethernet(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, ETHERNET_BYTES);
    const uint8_t *destination = twin_cursor_take(&header, MAC_BYTES);
    const uint8_t *source = twin_cursor_take(&header, MAC_BYTES);
    if (destination == NULL || source == NULL) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    walk->is_in_ethernet = true;
    memcpy(walk->segment->destination_mac, destination, MAC_BYTES);
    memcpy(walk->segment->source_mac, source, MAC_BYTES);
    return ethertype_or_length_layer(walk, twin_cursor_u16(&header));
}

TwinLayer twin_read_ethernet(TwinWalk *walk)
{
    walk->is_tunnelled = true;
    TwinCursor header = twin_walk_take(walk, ETHERNET_BYTES);
    (void)twin_cursor_take(&header, (size_t)2 * MAC_BYTES);
    return ethertype_or_length_layer(walk, twin_cursor_u16(&header));
}

/* A tag of @tag_bytes, then the EtherType of what follows. */
static TwinLayer read_tag(TwinWalk *walk, size_t tag_bytes)
{
    (void)twin_walk_take(walk, tag_bytes);
    TwinCursor header = twin_walk_take(walk, 2);
    return ethertype_or_length_layer(walk, twin_cursor_u16(&header));
}

/* IEEE 802.1Q. */
static TwinLayer read_vlan(TwinWalk *walk)
{
    return read_tag(walk, 2);
}

/* IEEE 802.1BR. */
static TwinLayer read_port_extender(TwinWalk *walk)
{
    return read_tag(walk, 6);
}

/* Cisco's VN-Tag. */
static TwinLayer read_network_interface_tag(TwinWalk *walk)
{
    return read_tag(walk, 4);
}

/* IEEE 802.1ah: the service tag of a backbone, then the customer's Ethernet header. */
static TwinLayer read_backbone(TwinWalk *walk)
{
    (void)twin_walk_take(walk, 4);
    return (TwinLayer){twin_read_ethernet};
}

/* The 4-byte control word of an Ethernet pseudo-wire (RFC 4448, 4.6). */
static TwinLayer read_pseudo_wire(TwinWalk *walk)
{
    (void)twin_walk_take(walk, 4);
    return (TwinLayer){twin_read_ethernet};
}

TwinLayer twin_read_mpls(TwinWalk *walk)
{
    uint32_t entry = 0;
    do {
        TwinCursor header = twin_walk_take(walk, 4);
        entry = twin_cursor_u32(&header);
    } while ((entry & 0x100) == 0 && !walk->bytes.overrun);
    TwinCursor ahead = walk->bytes;
    return twin_cursor_u8(&ahead) >> 4 == 0 ? (TwinLayer){read_pseudo_wire}
                                            : (TwinLayer){twin_read_ip};
}

/* RFC 2516: version and type, code (0 for data), session, length, then PPP. */
static TwinLayer read_pppoe(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 6);
    const uint16_t version_and_code = twin_cursor_u16(&header);
    (void)twin_cursor_u16(&header);
    const uint16_t n_bytes = twin_cursor_u16(&header);
    if (version_and_code != 0x1100) {
        return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
    }
    if (n_bytes < walk->original_bytes) {
        twin_walk_limit(walk, n_bytes);
    }
    return (TwinLayer){twin_read_ppp};
}

TwinLayer twin_read_ppp(TwinWalk *walk)
{
    TwinCursor ahead = walk->bytes;
    const uint8_t address = twin_cursor_u8(&ahead);
    if (address == HDLC_ADDRESS && twin_cursor_u8(&ahead) == HDLC_CONTROL) {
        (void)twin_walk_take(walk, 2);
        ahead = walk->bytes;
        (void)twin_cursor_u8(&ahead);
    }
    TwinCursor header = twin_walk_take(walk, 1);
    uint16_t protocol = twin_cursor_u8(&header);
    if ((protocol & 1) == 0) { /* RFC 1661, 6.5: an odd first byte is a compressed protocol field */
        header = twin_walk_take(walk, 1);
        protocol = (uint16_t)(protocol << 8 | twin_cursor_u8(&header));
    }
    return twin_ppp_protocol_layer(protocol);
}

/* Cisco HDLC: address, control, EtherType. */
static TwinLayer read_cisco_hdlc(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 4);
    (void)twin_cursor_u16(&header);
    return twin_ethertype_layer(twin_cursor_u16(&header));
}

/* A serial line: PPP or Cisco HDLC, told by the address byte (RFC 1547, 4.3.1). */
static TwinLayer read_serial(TwinWalk *walk)
{
    TwinCursor ahead = walk->bytes;
    const uint8_t address = twin_cursor_u8(&ahead);
    return address == 0x0f || address == 0x8f ? (TwinLayer){read_cisco_hdlc}
                                              : (TwinLayer){twin_read_ppp};
}

/* One byte that says which way, then PPP. */
static TwinLayer read_ppp_with_direction(TwinWalk *walk)
{
    (void)twin_walk_take(walk, 1);
    return (TwinLayer){twin_read_ppp};
}

/* Linux cooked capture, version 1: type, device type, address, protocol. */
static TwinLayer read_cooked(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 16);
    (void)twin_cursor_take(&header, 14);
    const uint16_t protocol = twin_cursor_u16(&header);
    return protocol == 4 ? (TwinLayer){read_llc} : twin_ethertype_layer(protocol);
}

/* Version 2: protocol first, then the interface and the rest. */
static TwinLayer read_cooked_2(TwinWalk *walk)
{
    TwinCursor header = twin_walk_take(walk, 20);
    const uint16_t protocol = twin_cursor_u16(&header);
    return protocol == 4 ? (TwinLayer){read_llc} : twin_ethertype_layer(protocol);
}

/* BSD loopback: an address family in the byte order of the host that captured. */
static TwinLayer read_loopback(TwinWalk *walk)
{
    /* IPv4; IPv6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin */
    static const uint32_t families[] = {2, 10, 23, 24, 28, 30};
    TwinCursor header = twin_walk_take(walk, 4);
    const uint32_t family = twin_cursor_u32(&header);
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
        if (family == families[i] || family == GUINT32_SWAP_LE_BE(families[i])) {
            return (TwinLayer){twin_read_ip};
        }
    }
    return twin_walk_end(walk, TWIN_DECODE_NOT_TCP);
}

/* A new link type is a row; numbers of www.tcpdump.org/linktypes.html, the commonest first. */
static const struct {
    uint32_t link_type;
    TwinLayer layer;
} link_table[] = {
    {1, {read_own_ethernet}},
    {113, {read_cooked}},
    {276, {read_cooked_2}},
    {101, {twin_read_ip}}, /* raw IP, and what libpcap calls it on this and on other systems */
    {12, {twin_read_ip}},
    {14, {twin_read_ip}},
    {228, {twin_read_ip}}, /* IPv4 alone */
    {229, {twin_read_ip}}, /* IPv6 alone */
    {0, {read_loopback}},
    {108, {read_loopback}}, /* OpenBSD's, always in network order */
    {9, {read_serial}},     /* PPP */
    {50, {read_serial}},    /* in HDLC framing */
    {166, {read_ppp_with_direction}},
    {204, {read_ppp_with_direction}},
    {51, {read_pppoe}},
    {104, {read_cisco_hdlc}},
    {219, {twin_read_mpls}},
};

TwinLayer twin_link_layer(uint32_t link_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(link_table); i++) {
        if (link_table[i].link_type == link_type) {
            return link_table[i].layer;
        }
    }
    return (TwinLayer){.read = NULL};
}

/* IEEE's EtherTypes, the commonest first. */
static const struct {
    uint16_t ethertype;
    TwinLayer layer;
} ethertype_table[] = {
    {0x0800, {twin_read_ipv4}},
    {0x86dd, {twin_read_ipv6}},
    {0x8100, {read_vlan}}, /* 802.1Q, and its outer tags: 802.1ad and two that were before it */
    {0x88a8, {read_vlan}},
    {0x9100, {read_vlan}},
    {0x9200, {read_vlan}},
    {0x893f, {read_port_extender}},
    {0x8926, {read_network_interface_tag}},
    {0x88e7, {read_backbone}},
    {0x8847, {twin_read_mpls}},
    {0x8848, {twin_read_mpls}},
    {0x8864, {read_pppoe}},
    {0x880b, {twin_read_ppp}},
    {0x6558, {twin_read_ethernet}}, /* transparent bridging (RFC 1701) */
};

TwinLayer twin_ethertype_layer(uint16_t ethertype)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ethertype_table); i++) {
        if (ethertype_table[i].ethertype == ethertype) {
            return ethertype_table[i].layer;
        }
    }
    return (TwinLayer){read_nothing};
}

/* IANA's PPP protocol numbers. */
static const struct {
    uint16_t protocol;
    TwinLayer layer;
} ppp_table[] = {
    {0x0021, {twin_read_ipv4}},
    {0x0057, {twin_read_ipv6}},
    {0x0281, {twin_read_mpls}},
    {0x0283, {twin_read_mpls}},
};

TwinLayer twin_ppp_protocol_layer(uint16_t protocol)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ppp_table); i++) {
        if (ppp_table[i].protocol == protocol) {
            return ppp_table[i].layer;
        }
    }
    return (TwinLayer){read_nothing};
}
