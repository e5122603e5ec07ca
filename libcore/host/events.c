/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/events.h"

enum { ARRIVALS = 2 }; /* the first of the two streams of arrivals */

static inline bool belongs(const TwinHostPacket *packet, unsigned stream)
{
    return packet->side == stream % ARRIVALS &&
           (stream < ARRIVALS || packet->arrived_ns != TWIN_NEVER_NS);
}

/* The first packet of a stream from @packet on. */
static inline uint32_t find(const TwinExchange *exchange, unsigned stream, uint32_t packet)
{
    const uint32_t n_packets = (uint32_t)exchange->n_packets;
    while (packet < n_packets && !belongs(&exchange->packets[packet], stream)) {
        packet++;
    }
    return packet;
}

static inline int64_t time_of(const TwinExchange *exchange, unsigned stream, uint32_t packet)
{
    return stream < ARRIVALS ? exchange->packets[packet].sent_ns
                             : exchange->packets[packet].arrived_ns;
}

void twin_events_init(TwinEvents *self, const TwinExchange *exchange)
{
    self->exchange = exchange;
    self->n_starts = exchange->n_packets > 0 ? 2 : 0;
    for (unsigned stream = 0; stream < 2 * ARRIVALS; stream++) {
        self->next[stream] = find(exchange, stream, 0);
        self->time_ns[stream] = self->next[stream] < exchange->n_packets
                                    ? time_of(exchange, stream, self->next[stream])
                                    : TWIN_NEVER_NS;
    }
}

static void start(TwinEvents *self, TwinEvent *event_out)
{
    const TwinHostPacket *first = &self->exchange->packets[0];
    *event_out = (TwinEvent){
        .time_ns = -self->exchange->sides[first->side].half_ns - 1,
        .packet = UINT32_MAX,
        .host = (uint8_t)(self->n_starts == 2 ? first->side : 1 - first->side),
        .kind = TWIN_EVENT_START,
    };
    self->n_starts--;
}

/* The stream whose next event comes first; ties: the earlier packet, its send before its arrival.
 */
static inline unsigned earliest(const TwinEvents *self)
{
    unsigned best = 0;
    for (unsigned stream = 1; stream < 2 * ARRIVALS; stream++) {
        if (self->time_ns[stream] < self->time_ns[best] ||
            (self->time_ns[stream] == self->time_ns[best] &&
             self->next[stream] < self->next[best])) {
            best = stream;
        }
    }
    return best;
}

bool twin_events_next(TwinEvents *self, TwinEvent *event_out)
{
    if (self->n_starts > 0) {
        start(self, event_out);
        return true;
    }
    const TwinExchange *exchange = self->exchange;
    const unsigned stream = earliest(self);
    const uint32_t packet = self->next[stream];
    if (packet >= exchange->n_packets) {
        return false;
    }
    *event_out = (TwinEvent){
        .time_ns = self->time_ns[stream],
        .packet = packet,
        .host = (uint8_t)(stream < ARRIVALS ? stream : 1 - stream % ARRIVALS),
        .kind = stream < ARRIVALS ? TWIN_EVENT_SEND : TWIN_EVENT_ARRIVAL,
    };
    const uint32_t next = find(exchange, stream, packet + 1);
    self->next[stream] = next;
    self->time_ns[stream] =
        next < exchange->n_packets ? time_of(exchange, stream, next) : TWIN_NEVER_NS;
    return true;
}
