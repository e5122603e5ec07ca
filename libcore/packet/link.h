/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_LINK_H
#define FLOWTWIN_PACKET_LINK_H

#include "packet/layer.h"

/** The layer of a link type (LINKTYPE_… or the DLT_… that libpcap gives for it); none: no row. */
TwinLayer twin_link_layer(uint32_t link_type);

/** The layer of an EtherType; one that ends the walk where it is not read. */
TwinLayer twin_ethertype_layer(uint16_t ethertype);

/** The layer of a PPP protocol number, likewise. */
TwinLayer twin_ppp_protocol_layer(uint16_t protocol);

/** An Ethernet header within a tunnel. */
TwinLayer twin_read_ethernet(TwinWalk *walk);

/** A PPP header, with HDLC's address and control bytes or without. Source: RFC 1661, RFC 1662. */
TwinLayer twin_read_ppp(TwinWalk *walk);

/** An MPLS label stack. Source: RFC 3032; what follows is told from its first nibble (RFC 4928). */
TwinLayer twin_read_mpls(TwinWalk *walk);

#endif
