/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcp.h"
#include "synth/loop_parts.h"

#include <string.h>

static void number_resend(TwinLoop *self, TwinHostPacket *packet, const TwinDecision *decision)
{
    const unsigned host = packet->side;
    const int64_t unacked = self->hosts.host[host].unacked;
    const uint32_t chosen =
        twin_segments_choose(&self->segments[host], self->exchange, unacked, decision->back,
                             (packet->flags & TWIN_TCP_SYN) != 0);
    packet->seq = unacked;
    if (chosen == TWIN_NO_SEGMENT) {
        return;
    }
    TwinHostPacket *const first = &self->exchange->packets[chosen];
    first->is_sent_again = true;
    packet->payload_bytes = first->payload_bytes;
    packet->seq = first->seq;
    packet->flags = first->flags;
    packet->write = first->arrived_ns == TWIN_NEVER_NS ? first->write : -1;
}

static int32_t write_at_hand(const TwinLoop *self, unsigned host)
{
    const TwinHostState *const s = &self->hosts.host[host];
    if (s->write_segments > 0) {
        return (int32_t)s->next_write - 1;
    }
    const size_t next = twin_dialogue_next(&self->dialogue, host, s->next_write);
    return next < self->dialogue.n_writes ? (int32_t)next : -1;
}

static void number(TwinLoop *self, TwinHostPacket *packet, const TwinDecision *decision)
{
    const TwinHostState *const s = &self->hosts.host[packet->side];
    packet->seq = s->next;
    packet->payload_bytes = (uint32_t)CLAMP(decision->payload_bytes, 0, INT32_MAX);
    switch ((TwinMove)packet->move) {
    case TWIN_MOVE_AGAIN:
        packet->payload_bytes = 0;
        number_resend(self, packet, decision);
        break;
    case TWIN_MOVE_PROBE:
        packet->seq = s->next - 1;
        break;
    case TWIN_MOVE_ODD:
        packet->seq = s->next + decision->odd_by;
        packet->odd_by = decision->odd_by;
        break;
    case TWIN_MOVE_NEW:
        if (packet->payload_bytes > 0) {
            packet->write = write_at_hand(self, packet->side);
        }
        break;
    case TWIN_MOVE_NONE:
    case TWIN_N_MOVES:
        break;
    }
    packet->size = packet->payload_bytes + ((packet->flags & TWIN_TCP_SYN) != 0) +
                   ((packet->flags & TWIN_TCP_FIN) != 0);
}

/* An acknowledgement as the drawn manner has it, as far as what has happened allows. */
static int64_t odd_ack(const TwinLoop *self, unsigned host, const TwinAckRow *row)
{
    const TwinHostState *const s = &self->hosts.host[host];
    const int64_t received = s->received;
    const int64_t last = s->last_ack;
    const int64_t by = CLAMP(row->by, -(INT64_C(1) << 32), INT64_C(1) << 32);
    const int64_t sent = self->hosts.host[1 - host].next;
    int64_t ack = MAX(received, last);
    switch ((TwinAckManner)row->manner) {
    case TWIN_ACK_UNMOVED:
        ack = last < received ? last : ack;
        break;
    case TWIN_ACK_BEHIND:
        ack = last + 1 < received ? received - by : ack;
        ack = MAX(ack, last + 1 < received ? last + 1 : last);
        break;
    case TWIN_ACK_BACK:
        ack = last > 0 ? MIN(last - 1, received - by) : ack;
        return MAX(ack, 0);
    case TWIN_ACK_AHEAD:
        ack = by < 0 ? received - by : MIN(received + by, sent);
        break;
    case TWIN_ACK_EXACT:
    case TWIN_N_ACKS:
        break;
    }
    return MAX(ack, last);
}

static void acknowledge(TwinLoop *self, TwinHostPacket *packet, const TwinDecision *decision)
{
    const TwinHostState *const s = &self->hosts.host[packet->side];
    packet->echo = -1;
    if ((packet->flags & TWIN_TCP_ACK) == 0) {
        return;
    }
    packet->ack = MAX(s->received, s->last_ack);
    packet->echo = s->recent;
    if (decision->ack.manner != TWIN_ACK_EXACT) {
        packet->ack = odd_ack(self, packet->side, &decision->ack);
        if (packet->ack != s->received) {
            packet->ack_manner = decision->ack.manner;
            packet->ack_by = s->received - packet->ack;
        }
    }
    packet->n_sack = (uint8_t)MIN(s->n_out_of_order, TWIN_MAX_SACK_RANGES);
    for (unsigned i = 0; i < packet->n_sack; i++) {
        memcpy(packet->sack[i], s->out_of_order[s->n_out_of_order - 1 - i], sizeof packet->sack[i]);
    }
}

/* Where it is when: seen by the capture, at the peer after what is under way already. */
static void time_packet(TwinLoop *self, TwinHostPacket *packet, int64_t now_ns)
{
    const unsigned peer = 1 - packet->side;
    const TwinUnderWay *const inbound = &self->inbound[peer];
    packet->sent_ns = now_ns;
    packet->captured_ns = now_ns + self->half_ns[packet->side];
    packet->nominal_ns = packet->captured_ns + self->half_ns[peer];
    int64_t after_ns = inbound->last_arrival_ns;
    if (inbound->n > 0) {
        after_ns = MAX(after_ns, self->exchange->packets[inbound->last].arrived_ns);
    }
    packet->arrived_ns = MAX(packet->nominal_ns, after_ns + 1);
}

static void meet_fate(TwinLoop *self, TwinHostPacket *packet, const TwinDecision *decision)
{
    if (packet->size > 0 && packet->move == TWIN_MOVE_NEW) {
        packet->fate = (uint8_t)twin_draw_fate(&self->draws, packet->side, decision->fate_leaf);
    }
    if (packet->fate == TWIN_FATE_LOST || packet->fate == TWIN_FATE_HIDDEN) {
        packet->arrived_ns = TWIN_NEVER_NS;
    }
}

static uint16_t most_window(const TwinLoop *self, unsigned host)
{
    return (uint16_t)twin_plan_whole(twin_loop_plan(self, host)[TWIN_PLAN_WINDOW_MOST], UINT16_MAX);
}

static void offer_window(TwinLoop *self, TwinHostPacket *packet)
{
    const unsigned host = packet->side;
    const TwinHostState *const s = &self->hosts.host[host];
    const double reset = twin_loop_plan(self, host)[TWIN_PLAN_RST_WINDOW];
    if (packet->fate == TWIN_FATE_MISSED && s->window >= 0) {
        packet->window = (uint16_t)s->window;
    } else if ((packet->flags & TWIN_TCP_RST) != 0) {
        packet->window =
            (uint16_t)(reset >= 0 ? twin_plan_whole(reset, UINT16_MAX) : MAX(s->window, 0));
    } else {
        packet->window = twin_draw_window(&self->draws, packet, &self->windows[host]);
        if (self->decisions[host].opens_window) {
            packet->window = MAX(packet->window, most_window(self, host));
        }
    }
    packet->edge = twin_host_edge(&self->hosts, packet);
}

static void come_under_way(TwinLoop *self, unsigned host, uint32_t packet)
{
    TwinUnderWay *const inbound = &self->inbound[host];
    if (inbound->n == 0) {
        inbound->first = packet;
    }
    inbound->last = packet;
    inbound->n++;
}

bool twin_loop_send(TwinLoop *self, unsigned host, int64_t now_ns)
{
    TwinDecision *const decision = &self->decisions[host];
    const int deck = twin_plan_deck((TwinDelayClass)decision->delay_class);
    if (deck >= 0) {
        twin_deck_take(&self->decks[host][deck], decision->card);
    }
    const uint32_t index = (uint32_t)self->exchange->n_packets;
    TwinHostPacket *const packet = twin_exchange_add_packet(self->exchange);
    if (packet == NULL) {
        return false;
    }
    const TwinPacketKind *const kind = &self->draws.tables->kinds[decision->kind];
    packet->side = (uint8_t)host;
    packet->kind = decision->kind;
    packet->flags = kind->flags;
    packet->move = kind->move;
    packet->back = kind->move == TWIN_MOVE_AGAIN ? decision->back : 0;
    packet->write = -1;
    packet->record = -1;
    packet->delay_ns = decision->delay_ns;
    packet->delay_class = decision->delay_class;
    number(self, packet, decision);
    acknowledge(self, packet, decision);
    time_packet(self, packet, now_ns);
    meet_fate(self, packet, decision);
    offer_window(self, packet);
    twin_host_send(&self->hosts, packet);
    if (packet->arrived_ns != TWIN_NEVER_NS) {
        come_under_way(self, 1 - host, index);
    }
    decision->must_decide = true;
    decision->opens_window = false;
    decision->due_ns = TWIN_NEVER_NS;
    return packet->move != TWIN_MOVE_NEW || packet->size == 0 ||
           twin_segments_add(&self->segments[host], self->exchange, index);
}
