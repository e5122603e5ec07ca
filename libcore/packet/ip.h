/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_IP_H
#define FLOWTWIN_PACKET_IP_H

#include "packet/layer.h"

/** An IPv4 header with its options; its fragments are put together. Source: RFC 791. */
TwinLayer twin_read_ipv4(TwinWalk *walk);

/** An IPv6 header; extension headers are layers of their own. Source: RFC 8200. */
TwinLayer twin_read_ipv6(TwinWalk *walk);

/** One of both, told by the version in its first nibble. */
TwinLayer twin_read_ip(TwinWalk *walk);

/** The innermost header that is asked for; ends the walk. In packet/decoder.c. */
TwinLayer twin_read_tcp(TwinWalk *walk);

#endif
