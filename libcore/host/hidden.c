/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A gap in new numbers that packets sent again fill later: what it held was lost before the
 * capture.
 */
#include "host/steps.h"
#include "packet/tcp.h"

#include <glib.h>

/* One side of a flow. */
typedef struct {
    const TwinExchange *exchange;
    TwinInferenceScratch *scratch;
    TwinAgain *agains;
    size_t n_agains;
    bool has_top;
    int64_t top;     /* where its segments end so far */
    uint32_t before; /* its packet before the one at hand; UINT32_MAX: none */
} Side;

/* Of packets of one seq, the one that is put first: the shortest. */
static bool is_shorter(const TwinHostPacket *a, const TwinHostPacket *b)
{
    if (a->size != b->size) {
        return a->size < b->size;
    }
    return a->payload_bytes != b->payload_bytes ? a->payload_bytes < b->payload_bytes
                                                : a->flags < b->flags;
}

/* The packet sent again that begins at @seq; NULL: none. */
static const TwinHostPacket *find_filling(const Side *self, int64_t seq)
{
    const TwinHostPacket *packets = self->exchange->packets;
    const TwinHostPacket *best = NULL;
    for (size_t at = twin_again_find(self->agains, self->n_agains, seq, 0);
         at < self->n_agains && self->agains[at].seq == seq; at++) {
        const TwinHostPacket *packet = &packets[self->agains[at].packet];
        if (best == NULL || is_shorter(packet, best)) {
            best = packet;
        }
    }
    return best;
}

static bool infer_hidden(Side *self, uint32_t index, const TwinHostPacket *filling)
{
    TwinInferred *inferred = twin_scratch_infer(self->scratch);
    if (inferred == NULL) {
        return false;
    }
    const TwinHostPacket *next = &self->exchange->packets[index];
    TwinHostPacket *packet = &inferred->packet;
    inferred->before = index;
    packet->sent_ns = next->sent_ns;
    packet->captured_ns = next->captured_ns;
    packet->nominal_ns = next->nominal_ns;
    packet->arrived_ns = TWIN_NEVER_NS;
    packet->seq = filling->seq;
    packet->ack = next->ack;
    packet->payload_bytes = filling->payload_bytes;
    packet->size = filling->size;
    packet->flags = filling->flags;
    packet->window =
        self->before != UINT32_MAX ? self->exchange->packets[self->before].window : next->window;
    packet->side = next->side;
    packet->move = TWIN_MOVE_NEW;
    packet->fate = TWIN_FATE_HIDDEN;
    return true;
}

static bool take(Side *self, uint32_t index)
{
    const TwinHostPacket *packet = &self->exchange->packets[index];
    const bool is_new = packet->size > 0 && packet->move == TWIN_MOVE_NEW;
    for (int64_t at = self->top; self->has_top && is_new && at < packet->seq;) {
        const TwinHostPacket *filling = find_filling(self, at);
        if (filling == NULL || twin_packet_end(filling) > packet->seq) {
            break;
        }
        if (!infer_hidden(self, index, filling)) {
            return false;
        }
        at = twin_packet_end(filling);
    }
    if (is_new || (packet->size > 0 && packet->move == TWIN_MOVE_AGAIN)) {
        self->top = MAX(self->has_top ? self->top : 0, twin_packet_end(packet));
        self->has_top = true;
    } else if (!self->has_top) {
        self->has_top = true;
        self->top = packet->seq;
    }
    self->before = index;
    return true;
}

bool twin_infer_hidden(TwinExchange *self, TwinInferenceScratch *scratch)
{
    const size_t n = self->n_packets;
    const size_t *n_agains = scratch->n_agains;
    scratch->n_inferred = 0;
    if (n_agains[0] + n_agains[1] == 0) {
        return true;
    }
    if (!twin_scratch_reserve(scratch, twin_scratch_bytes(n_agains[0], sizeof(TwinAgain)) +
                                           twin_scratch_bytes(n_agains[1], sizeof(TwinAgain)))) {
        return false;
    }
    Side sides[2];
    for (unsigned side = 0; side < 2; side++) {
        sides[side] = (Side){.exchange = self, .scratch = scratch, .before = UINT32_MAX};
        sides[side].n_agains = n_agains[side];
        sides[side].agains = twin_scratch_take(scratch, n_agains[side], sizeof(TwinAgain));
        twin_infer_agains(self, scratch, side, sides[side].agains);
    }
    for (size_t i = 0; i < n; i++) {
        if (!take(&sides[self->packets[i].side], (uint32_t)i)) {
            return false;
        }
    }
    return scratch->n_inferred == 0 || twin_exchange_insert(self, scratch);
}
