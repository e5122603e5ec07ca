/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When each packet was at the peer. Stacks acknowledge all that is there: what the peer's next
 * packets do not acknowledge had not arrived by then. */
#include "host/steps.h"
#include "packet/tcp.h"

#include <glib.h>

enum {
    MOST_LOOKED_AT = 256, /* acknowledgements that are searched for SACK ranges, for one segment */
};

static const int64_t never_acked = INT64_MIN;

/* A packet of the host at hand that acknowledges; resets aside. */
typedef struct {
    int64_t when_ns; /* it was sent */
    int64_t ack;
    uint32_t packet;
} Ack;

/* One host, and what arrives at it. */
typedef struct {
    TwinExchange *exchange;
    const TwinStamp *stamps;
    unsigned host;
    uint32_t *own; /* its packets */
    size_t n_own, next_own;
    Ack *acks;
    size_t n_acks, next_ack; /* the first that is not before the arrival at hand */
    int64_t *highest;        /* binary tree over acks, root at 1; leaves from n_leaves on */
    size_t n_leaves;         /* 0: the tree is not yet made */
    TwinAgain *agains;       /* of the peer */
    size_t n_agains;
    TwinReassembly received;
    int64_t after_ns; /* the arrival before */
} Receiver;

static void make_tree(Receiver *self)
{
    size_t n_leaves = 1;
    while (n_leaves < self->n_acks) {
        n_leaves *= 2;
    }
    self->n_leaves = n_leaves;
    for (size_t leaf = 0; leaf < n_leaves; leaf++) {
        self->highest[n_leaves + leaf] = leaf < self->n_acks ? self->acks[leaf].ack : never_acked;
    }
    for (size_t node = n_leaves - 1; node > 0; node--) {
        self->highest[node] = MAX(self->highest[2 * node], self->highest[2 * node + 1]);
    }
}

/* The first acknowledgement from @from on that is above @number; n_acks: none. */
static size_t find_above(Receiver *self, size_t from, int64_t number)
{
    if (from >= self->n_acks) {
        return self->n_acks;
    }
    if (self->n_leaves == 0) {
        make_tree(self);
    }
    size_t node = self->n_leaves + from;
    while (self->highest[node] <= number) {
        while (node % 2 == 1) { /* a right child: all below its parent was looked at */
            node /= 2;
        }
        if (node == 0) {
            return self->n_acks;
        }
        node++;
    }
    while (node < self->n_leaves) {
        node *= 2;
        node += self->highest[node] <= number ? 1 : 0;
    }
    return node - self->n_leaves;
}

static bool is_sacked(const TwinHostPacket *packet, int64_t begin, int64_t end)
{
    for (unsigned r = 0; r < packet->n_sack; r++) {
        if (packet->sack[r][0] <= begin && packet->sack[r][1] >= end) {
            return true;
        }
    }
    return false;
}

/* The first acknowledgement, not before the arrival at hand, above @number or with a SACK range
 * over the segment; n_acks: none. */
static size_t find_shown(Receiver *self, const TwinHostPacket *segment, int64_t number)
{
    const TwinHostPacket *packets = self->exchange->packets;
    size_t at = self->next_ack;
    const size_t most = MIN(self->n_acks, at + MOST_LOOKED_AT);
    for (; at < most; at++) {
        if (self->acks[at].ack > number ||
            is_sacked(&packets[self->acks[at].packet], segment->seq, twin_packet_end(segment))) {
            return at;
        }
    }
    return find_above(self, at, number);
}

/* When the segment could arrive if it was sent again. */
static int64_t retry_ns(const Receiver *self, const TwinHostPacket *segment)
{
    if (self->n_agains == 0) {
        return TWIN_NEVER_NS;
    }
    const uint32_t index = (uint32_t)(segment - self->exchange->packets);
    const size_t at = twin_again_find(self->agains, self->n_agains, segment->seq, index + 1);
    return at < self->n_agains && self->agains[at].seq == segment->seq
               ? self->exchange->packets[self->agains[at].packet].nominal_ns
               : TWIN_NEVER_NS;
}

/* A segment that continues what has arrived: it is there before the first packet that acknowledges
 * it, and not before one that does not. @return when; TWIN_NEVER_NS: lost. */
static int64_t arrive_in_order(Receiver *self, const TwinHostPacket *segment, int64_t at_ns)
{
    const int64_t earliest_ns = at_ns;
    const int64_t retry = retry_ns(self, segment);
    const int64_t end = twin_packet_end(segment);
    const size_t shown = find_shown(self, segment, segment->seq);
    const bool is_shown = shown < self->n_acks;
    if (is_shown && (self->acks[shown].when_ns > retry ||
                     (self->acks[shown].when_ns == retry && self->acks[shown].ack < end))) {
        return TWIN_NEVER_NS;
    }
    if (shown > self->next_ack) { /* the last that does not show it */
        const int64_t without_ns = self->acks[shown - 1].when_ns;
        if (without_ns >= retry) {
            return TWIN_NEVER_NS;
        }
        at_ns = MAX(at_ns, without_ns + 1);
    }
    const bool is_late = at_ns - segment->nominal_ns > TWIN_MOST_HELD_NS;
    if (!is_shown && (retry != TWIN_NEVER_NS || (is_late && shown > self->next_ack))) {
        return TWIN_NEVER_NS;
    }
    return is_late ? earliest_ns : at_ns; /* no path holds that long: its ACKs are odd */
}

/* A segment beyond a hole: there unless it is neither in a SACK range nor acknowledged before it
 * comes again. */
static bool arrives_beyond_hole(Receiver *self, const TwinHostPacket *segment)
{
    const int64_t retry = retry_ns(self, segment);
    if (retry == TWIN_NEVER_NS) {
        return true;
    }
    const size_t shown = find_shown(self, segment, twin_packet_end(segment) - 1);
    return shown < self->n_acks && self->acks[shown].when_ns < retry;
}

/* A pure ACK's timestamp would have been echoed, had it been there. */
static int64_t arrive_with_stamp(const Receiver *self, const TwinHostPacket *packet, int64_t at_ns)
{
    const TwinHostPacket *packets = self->exchange->packets;
    const uint32_t value = self->stamps[packet->record].value;
    for (size_t k = self->next_own; k < self->n_own; k++) {
        const TwinHostPacket *own = &packets[self->own[k]];
        const TwinStamp *stamp = own->record >= 0 ? &self->stamps[own->record] : NULL;
        if (stamp == NULL || !stamp->is_there ||
            own->sent_ns >= packet->nominal_ns + TWIN_MOST_HELD_NS) {
            break;
        }
        const uint32_t ahead = value - stamp->echo;
        if (ahead == 0 || ahead >= TWIN_MOST_STEP) {
            break;
        }
        at_ns = MAX(at_ns, own->sent_ns + 1);
    }
    return at_ns;
}

/* @return when the packet arrives, not before @at_ns; TWIN_NEVER_NS: lost. */
static int64_t arrive(Receiver *self, const TwinHostPacket *packet, int64_t at_ns)
{
    const int64_t end = twin_packet_end(packet);
    const bool is_segment =
        packet->size > 0 && (packet->move == TWIN_MOVE_NEW || packet->move == TWIN_MOVE_AGAIN);
    if (is_segment && end > self->received.next) {
        const bool is_next = packet->seq <= self->received.next;
        if (is_next) {
            at_ns = arrive_in_order(self, packet, at_ns);
        } else if (!arrives_beyond_hole(self, packet)) {
            at_ns = TWIN_NEVER_NS;
        }
        if (at_ns != TWIN_NEVER_NS) {
            twin_reassembly_take(&self->received, packet->seq, end);
        }
        return at_ns;
    }
    const bool has_stamp = packet->record >= 0 && self->stamps[packet->record].is_there;
    if (!is_segment && has_stamp && packet->size == 0 && !twin_packet_is(packet, TWIN_TCP_RST) &&
        packet->seq <= self->received.next) {
        return arrive_with_stamp(self, packet, at_ns);
    }
    return at_ns;
}

static void receive(Receiver *self, TwinHostPacket *packet)
{
    const TwinHostPacket *packets = self->exchange->packets;
    const int64_t earliest_ns = MAX(packet->nominal_ns, self->after_ns);
    if (!self->received.is_begun) {
        self->received.is_begun = true;
        self->received.next = packet->seq;
    }
    while (self->next_own < self->n_own &&
           packets[self->own[self->next_own]].sent_ns < earliest_ns) {
        self->next_own++;
    }
    while (self->next_ack < self->n_acks && self->acks[self->next_ack].when_ns < earliest_ns) {
        self->next_ack++;
    }
    packet->arrived_ns =
        packet->fate == TWIN_FATE_HIDDEN ? TWIN_NEVER_NS : arrive(self, packet, earliest_ns);
    if (packet->arrived_ns != TWIN_NEVER_NS) {
        packet->held_ns = packet->arrived_ns - packet->nominal_ns;
        self->after_ns = packet->arrived_ns;
    } else { /* one that the capture missed, too, may prove to have been lost */
        packet->fate = packet->record >= 0 ? TWIN_FATE_LOST : TWIN_FATE_HIDDEN;
    }
}

static void find_own(Receiver *self)
{
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        const TwinHostPacket *packet = &self->exchange->packets[i];
        if (packet->side != self->host) {
            continue;
        }
        self->own[self->n_own++] = (uint32_t)i;
        if (twin_packet_is(packet, TWIN_TCP_ACK) && !twin_packet_is(packet, TWIN_TCP_RST)) {
            self->acks[self->n_acks++] = (Ack){packet->sent_ns, packet->ack, (uint32_t)i};
        }
    }
}

static bool infer_host(TwinExchange *exchange, TwinInferenceScratch *scratch, unsigned host)
{
    const size_t n = exchange->n_packets;
    if (!twin_scratch_reserve(
            scratch, twin_scratch_bytes(n, sizeof(uint32_t)) + twin_scratch_bytes(n, sizeof(Ack)) +
                         twin_scratch_bytes(4 * n + 2, sizeof(int64_t)) +
                         twin_scratch_bytes(scratch->n_agains[1 - host], sizeof(TwinAgain)) +
                         twin_scratch_bytes(n, sizeof(TwinSpan)))) {
        return false;
    }
    Receiver self = {
        .exchange = exchange, .stamps = scratch->stamps, .host = host, .after_ns = INT64_MIN};
    self.own = twin_scratch_take(scratch, n, sizeof *self.own);
    self.acks = twin_scratch_take(scratch, n, sizeof *self.acks);
    self.highest = twin_scratch_take(scratch, 4 * n + 2, sizeof *self.highest);
    self.agains = twin_scratch_take(scratch, scratch->n_agains[1 - host], sizeof *self.agains);
    self.received.spans = twin_scratch_take(scratch, n, sizeof *self.received.spans);
    find_own(&self);
    self.n_agains = scratch->n_agains[1 - host];
    twin_infer_agains(exchange, scratch, 1 - host, self.agains);
    for (size_t i = 0; i < n; i++) {
        if (exchange->packets[i].side != host) {
            receive(&self, &exchange->packets[i]);
        }
    }
    return true;
}

bool twin_infer_arrivals(TwinExchange *self, TwinInferenceScratch *scratch)
{
    for (size_t i = 0; i < self->n_packets; i++) {
        TwinHostPacket *packet = &self->packets[i];
        packet->sent_ns = packet->captured_ns - self->sides[packet->side].half_ns;
        packet->nominal_ns = packet->captured_ns + self->sides[1 - packet->side].half_ns;
    }
    return infer_host(self, scratch, 0) && infer_host(self, scratch, 1);
}
