/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_CONNECTION_H
#define FLOWTWIN_FLOW_CONNECTION_H

#include <flowtwin/flows.h>

#include <stdbool.h>
#include <stdint.h>

/**
 * What the numbers of one flow's packets have shown so far of its two hosts: enough to say whether
 * it is finished and whether a SYN opens another flow. Side 0 sent the first packet.
 *
 * A plain value, zero at first; it stands in every entry of the flow table, so keep it small.
 */
typedef struct TwinConnection TwinConnection;

struct TwinConnection {
    int todo;
};

/** Takes the flow's next packet. Constant time, no allocation. */
void twin_connection_update(TwinConnection *self, const TwinPacket *packet);

/** An acceptable RST was seen, or a FIN of each side. */
bool twin_connection_is_finished(const TwinConnection *self);

/**
 * True when @syn (SYN without ACK) begins a flow of its own: the connection is finished, and the
 * SYN is no retry of this flow's own. The caller has looked at the idle timeout before.
 */
bool twin_connection_is_reopened_by(const TwinConnection *self, const TwinPacket *syn);

/** Distance from @b to @a, modulo 2^32: positive when @a is ahead. The one place for it. */
static inline int32_t twin_seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

#endif
