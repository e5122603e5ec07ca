/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_LABEL_H
#define FLOWTWIN_PLUGIN_LABEL_H

#include "compat.h"

/** What a packet says of its flow's protocol. */
typedef struct {
    const char *name; /* Wireshark's filter name; NULL: the packet has no TCP layer */
    uint8_t rank;     /* the higher, the more specific: 1 is TCP itself */
} TwinLabel;

/** Looks up the protocols that are named in the source; once, when all are registered. */
void twin_label_init(void);

/**
 * The most specific protocol that Wireshark saw in the packet: the one above the innermost TCP, or
 * the one that it carries where it is known as a carrier (TLS, for example).
 *
 * Cost: the number of layers, each looked up among a dozen.
 */
TwinLabel twin_label_of(const packet_info *pinfo);

#endif
