/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long each host took from its last local event to each of its packets. */
#include "host/events.h"
#include "host/steps.h"
#include "packet/tcp.h"

/* 1: opens a write after the peer's; 2: one after a write of its own side; 0: neither. @begun: the
 * last write that each side has begun. */
static unsigned first_of(const TwinExchange *self, const TwinHostPacket *packet, int32_t begun[2])
{
    const int32_t write = packet->write;
    if (write <= begun[packet->side]) { /* none, or it goes on */
        return 0;
    }
    begun[packet->side] = write;
    if (packet->move == TWIN_MOVE_AGAIN) {
        return 0;
    }
    return write > 0 && self->writes[write - 1].side == packet->side ? 2 : 1;
}

/* The right edge of the window that a packet offers. */
static int64_t edge_of(const TwinExchange *self, const TwinHostPacket *packet)
{
    if (!twin_packet_is(packet, TWIN_TCP_ACK) || twin_packet_is(packet, TWIN_TCP_RST)) {
        return 0;
    }
    const unsigned shift =
        twin_packet_is(packet, TWIN_TCP_SYN) ? 0 : self->sides[packet->side].window_shift;
    return packet->ack + ((int64_t)packet->window << shift);
}

void twin_delays_take(TwinDelays *self, TwinExchange *exchange, const TwinEvent *event)
{
    if (event->kind == TWIN_EVENT_SEND) {
        TwinHostPacket *packet = &exchange->packets[event->packet];
        packet->delay_ns = event->time_ns - self->last_ns[event->host];
        packet->delay_class =
            (uint8_t)twin_delay_class(packet, first_of(exchange, packet, self->begun));
        packet->edge = edge_of(exchange, packet);
    }
    self->last_ns[event->host] = event->time_ns;
}
