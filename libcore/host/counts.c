/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test of inference: what follows from it, counted. */
#include "host/events.h"
#include "host/inference.h"
#include "packet/tcp.h"

/* What RFC 7323, 4.3 has a host remember. */
typedef struct {
    bool has_recent;
    uint32_t recent;     /* TS.Recent: what it is to echo */
    bool has_acked;      /* it has sent an acknowledgement */
    uint32_t last_acked; /* Last.ACK.sent, as on the wire */
} Echo;

static void take_arrival(Echo *self, const TwinPacket *packet)
{
    const bool is_next = !self->has_acked || (int32_t)(packet->seq - self->last_acked) <= 0;
    if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0 && is_next &&
        (!self->has_recent || (int32_t)(packet->ts_value - self->recent) >= 0)) {
        self->has_recent = true;
        self->recent = packet->ts_value;
    }
}

static void take_send(Echo *self, const TwinPacket *packet, TwinInferenceCounts *counts)
{
    if ((packet->flags & TWIN_TCP_ACK) == 0 || (packet->flags & TWIN_TCP_RST) != 0) {
        return;
    }
    if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0 && self->has_recent) {
        counts->n_echoes++;
        counts->n_following += packet->ts_echo == self->recent ? 1 : 0;
    }
    self->has_acked = true;
    self->last_acked = packet->ack;
}

static void count_echoes(TwinInferenceCounts *self, const TwinExchange *exchange,
                         const TwinFlows *flows, const TwinFlow *flow)
{
    Echo hosts[2] = {{.has_recent = false}, {.has_recent = false}};
    TwinEvents events;
    twin_events_init(&events, exchange);
    for (TwinEvent event; twin_events_next(&events, &event);) {
        const TwinHostPacket *inferred =
            event.kind != TWIN_EVENT_START ? &exchange->packets[event.packet] : NULL;
        if (inferred == NULL || inferred->record < 0) {
            continue;
        }
        const TwinPacket *packet = twin_flows_packet(flows, flow, (size_t)inferred->record);
        if (event.kind == TWIN_EVENT_ARRIVAL) {
            take_arrival(&hosts[event.host], packet);
        } else {
            take_send(&hosts[event.host], packet, self);
        }
    }
}

static void count_packet(TwinInferenceCounts *self, const TwinHostPacket *packet)
{
    const bool is_ack = packet->record >= 0 && (packet->flags & TWIN_TCP_ACK) != 0;
    self->n_packets += packet->record >= 0 ? 1 : 0;
    self->n_acks += is_ack ? 1 : 0;
    self->n_exact += is_ack && packet->ack_manner == TWIN_ACK_EXACT ? 1 : 0;
    self->n_held += packet->held_ns > TWIN_LEAST_HOLD_NS ? 1 : 0;
    self->n_lost += packet->fate == TWIN_FATE_LOST ? 1 : 0;
    self->n_hidden += packet->fate == TWIN_FATE_HIDDEN ? 1 : 0;
    self->n_missed += packet->fate == TWIN_FATE_MISSED ? 1 : 0;
}

void twin_inference_count(TwinInferenceCounts *self, const TwinExchange *exchange,
                          const TwinFlows *flows, const TwinFlow *flow)
{
    self->n_flows++;
    self->n_plain += exchange->is_plain ? 1 : 0;
    self->n_squeezed += exchange->n_squeezed;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        count_packet(self, &exchange->packets[i]);
    }
    count_echoes(self, exchange, flows, flow);
}
