/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_TUNNEL_H
#define FLOWTWIN_PACKET_TUNNEL_H

#include "packet/layer.h"

/** GRE (RFC 2784, RFC 2890), PPTP's (RFC 2637), and ERSPAN within it. */
TwinLayer twin_read_gre(TwinWalk *walk);

/** UDP, followed further only where one of its ports is a tunnel's: VXLAN, Geneve, GTP-U,
 * L2TP. */
TwinLayer twin_read_udp(TwinWalk *walk);

#endif
