/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each acknowledgement stands to what had arrived in order at its host when it left. */
#include "host/events.h"
#include "host/steps.h"
#include "packet/tcp.h"

#include <glib.h>

/* One host. */
typedef struct {
    TwinReassembly received;
    bool has_acked;
    int64_t last_ack; /* the highest that it has sent */
} Host;

static TwinAckManner manner_of(const Host *host, int64_t ack)
{
    const int64_t gap = host->received.next - ack;
    if (gap == 0) {
        return TWIN_ACK_EXACT;
    }
    if (gap < 0) {
        return TWIN_ACK_AHEAD;
    }
    if (!host->has_acked) {
        return TWIN_ACK_BEHIND;
    }
    return ack == host->last_ack  ? TWIN_ACK_UNMOVED
           : ack < host->last_ack ? TWIN_ACK_BACK
                                  : TWIN_ACK_BEHIND;
}

static void take_arrival(Host *host, const TwinHostPacket *packet)
{
    if (twin_packet_is(packet, TWIN_TCP_RST)) {
        return;
    }
    if (!host->received.is_begun) {
        host->received.is_begun = true;
        host->received.next = packet->seq;
    }
    if (packet->size > 0 && packet->move != TWIN_MOVE_ODD) {
        twin_reassembly_take(&host->received, packet->seq, twin_packet_end(packet));
    }
}

/* @seen: where the peer's packets that were captured before end. */
static void take_ack(Host *host, TwinHostPacket *packet, int64_t seen)
{
    if (!host->received.is_begun) {
        host->received.is_begun = true;
        host->received.next = packet->ack;
    }
    const TwinAckManner manner = manner_of(host, packet->ack);
    const int64_t gap = host->received.next - packet->ack;
    packet->ack_manner = (uint8_t)manner;
    packet->ack_by = manner == TWIN_ACK_AHEAD && packet->ack <= seen ? -gap : gap;
    if (!twin_packet_is(packet, TWIN_TCP_RST)) {
        host->last_ack = host->has_acked ? MAX(host->last_ack, packet->ack) : packet->ack;
        host->has_acked = true;
    }
}

/* What the capture had seen of the peer's numbers before each packet. */
static void find_seen(const TwinExchange *self, int64_t *seen_out)
{
    int64_t high[2] = {INT64_MIN, INT64_MIN};
    for (size_t i = 0; i < self->n_packets; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        seen_out[i] = high[1 - packet->side];
        if (packet->record >= 0 && packet->move != TWIN_MOVE_ODD) {
            high[packet->side] = MAX(high[packet->side], twin_packet_end(packet));
        }
    }
}

bool twin_infer_accounts(TwinExchange *self, TwinInferenceScratch *scratch,
                         TwinAccounts *accounts_out)
{
    const size_t n = self->n_packets;
    if (!twin_scratch_reserve(scratch, 2 * twin_scratch_bytes(n, sizeof(TwinSpan)) +
                                           twin_scratch_bytes(n, sizeof(int64_t)))) {
        return false;
    }
    Host hosts[2] = {{.has_acked = false}, {.has_acked = false}};
    hosts[0].received.spans = twin_scratch_take(scratch, n, sizeof(TwinSpan));
    hosts[1].received.spans = twin_scratch_take(scratch, n, sizeof(TwinSpan));
    int64_t *seen = twin_scratch_take(scratch, n, sizeof *seen);
    find_seen(self, seen);
    *accounts_out = (TwinAccounts){0, 0};
    TwinDelays delays = {.begun = {-1, -1}};
    TwinEvents events;
    twin_events_init(&events, self);
    for (TwinEvent event; twin_events_next(&events, &event);) {
        twin_delays_take(&delays, self, &event);
        if (event.kind == TWIN_EVENT_START) {
            continue;
        }
        TwinHostPacket *packet = &self->packets[event.packet];
        if (event.kind == TWIN_EVENT_ARRIVAL) {
            take_arrival(&hosts[event.host], packet);
        } else if (packet->record >= 0 && twin_packet_is(packet, TWIN_TCP_ACK)) {
            take_ack(&hosts[event.host], packet, seen[event.packet]);
            accounts_out->n_acks++;
            accounts_out->n_odd += packet->ack_manner != TWIN_ACK_EXACT ? 1 : 0;
        }
    }
    return true;
}
