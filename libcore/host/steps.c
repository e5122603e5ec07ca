/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/steps.h"

#include "base/array.h"
#include "packet/tcp.h"

#include <stdlib.h>

TwinInferenceScratch *twin_inference_scratch_new(void)
{
    return g_new0(TwinInferenceScratch, 1);
}

void twin_inference_scratch_free(TwinInferenceScratch *self)
{
    if (self == NULL) {
        return;
    }
    twin_exchange_free(&self->other);
    g_free(self->stamps);
    g_free(self->inferred);
    g_free(self->block);
    g_free(self);
}

bool twin_scratch_reserve(TwinInferenceScratch *self, size_t bytes)
{
    self->block_used = 0;
    return twin_array_reserve((void **)&self->block, &self->block_room, bytes, 1);
}

void *twin_scratch_take(TwinInferenceScratch *self, size_t n, size_t item_bytes)
{
    void *const taken = self->block + self->block_used;
    self->block_used += twin_scratch_bytes(n, item_bytes);
    g_assert(self->block_used <= self->block_room);
    return taken;
}

TwinInferred *twin_scratch_infer(TwinInferenceScratch *self)
{
    if (!twin_array_reserve((void **)&self->inferred, &self->inferred_room, self->n_inferred + 1,
                            sizeof *self->inferred)) {
        return NULL;
    }
    TwinInferred *inferred = &self->inferred[self->n_inferred];
    memset(inferred, 0, sizeof *inferred);
    inferred->order = (uint32_t)self->n_inferred++;
    inferred->packet.record = -1;
    inferred->packet.write = -1;
    inferred->packet.echo = -1;
    return inferred;
}

bool twin_exchange_insert(TwinExchange *self, TwinInferenceScratch *scratch)
{
    const size_t n_packets = self->n_packets + scratch->n_inferred;
    if (n_packets >= INT32_MAX || !twin_exchange_reserve(self, n_packets)) {
        return false;
    }
    size_t end = self->n_packets; /* of what has not yet moved */
    for (size_t g = scratch->n_inferred; g > 0; g--) {
        const TwinInferred *inferred = &scratch->inferred[g - 1];
        memmove(&self->packets[inferred->before + g], &self->packets[inferred->before],
                (end - inferred->before) * sizeof *self->packets);
        self->packets[inferred->before + g - 1] = inferred->packet;
        end = inferred->before;
    }
    self->n_packets = n_packets;
    scratch->n_inferred = 0;
    return true;
}

static TwinMove move_of(const TwinHostPacket *packet, int64_t next, bool is_strict)
{
    if (packet->seq - next > TWIN_MOST_STEP || next - packet->seq > TWIN_MOST_STEP) {
        return TWIN_MOVE_ODD;
    }
    const bool is_one_below = packet->seq == next - 1;
    if (packet->size == 0) {
        return is_one_below && twin_packet_is(packet, TWIN_TCP_ACK) &&
                       !twin_packet_is(packet, TWIN_TCP_RST)
                   ? TWIN_MOVE_PROBE
               : is_strict && packet->seq != next ? TWIN_MOVE_ODD
                                                  : TWIN_MOVE_NONE;
    }
    if (packet->seq >= next) {
        return TWIN_MOVE_NEW;
    }
    return is_one_below && packet->size == 1 && packet->payload_bytes == 1 ? TWIN_MOVE_PROBE
                                                                           : TWIN_MOVE_AGAIN;
}

void twin_infer_moves(TwinExchange *self, TwinInferenceScratch *scratch, bool is_strict)
{
    scratch->n_agains[0] = scratch->n_agains[1] = 0;
    int64_t next[2] = {0, 0};
    bool has_next[2] = {false, false};
    for (size_t i = 0; i < self->n_packets; i++) {
        TwinHostPacket *packet = &self->packets[i];
        const unsigned side = packet->side;
        if (!has_next[side]) {
            has_next[side] = true;
            next[side] = packet->seq;
        }
        const TwinMove move = move_of(packet, next[side], is_strict);
        packet->move = (uint8_t)move;
        scratch->n_agains[side] += move == TWIN_MOVE_AGAIN ? 1 : 0;
        if (move != TWIN_MOVE_ODD && !(is_strict && packet->size == 0)) {
            next[side] = MAX(next[side], twin_packet_end(packet));
        }
    }
}

static int compare_agains(const void *a, const void *b)
{
    const TwinAgain *first = a;
    const TwinAgain *second = b;
    if (first->seq != second->seq) {
        return first->seq < second->seq ? -1 : 1;
    }
    return first->packet < second->packet ? -1 : first->packet > second->packet;
}

void twin_infer_agains(const TwinExchange *self, const TwinInferenceScratch *scratch, unsigned side,
                       TwinAgain *agains_out)
{
    size_t n = 0;
    for (size_t i = 0; n < scratch->n_agains[side]; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        if (packet->side == side && packet->move == TWIN_MOVE_AGAIN) {
            agains_out[n++] = (TwinAgain){packet->seq, (uint32_t)i};
        }
    }
    if (n > 1) {
        qsort(agains_out, n, sizeof *agains_out, compare_agains);
    }
}

size_t twin_again_find(const TwinAgain *agains, size_t n_agains, int64_t seq, uint32_t packet)
{
    const TwinAgain wanted = {seq, packet};
    size_t low = 0;
    size_t high = n_agains;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_agains(&agains[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
