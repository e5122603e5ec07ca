/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an application wrote at once: new data of one side up to a pushed segment; and what is sent
 * again, of which write. */
#include "host/steps.h"
#include "packet/tcp.h"

#include <glib.h>

static const uint32_t none = UINT32_MAX;

/* One side of a flow. */
typedef struct {
    uint32_t *segments; /* its new segments, rising */
    size_t n_segments;
    int32_t open;  /* its write that is not yet pushed; −1: none */
    int64_t next;  /* the number after its highest */
    bool has_next; /* it has spoken */
} Side;

/* The first of a side's segments at @seq or later. */
static size_t find_segment(const TwinExchange *self, const Side *side, int64_t seq)
{
    size_t low = 0;
    size_t high = side->n_segments;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->packets[side->segments[middle]].seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool add_to_write(TwinExchange *self, Side *side, TwinHostPacket *packet)
{
    if (side->open < 0) {
        TwinWrite *write = twin_exchange_add_write(self);
        if (write == NULL) {
            return false;
        }
        write->side = packet->side;
        side->open = (int32_t)self->n_writes - 1;
    }
    TwinWrite *write = &self->writes[side->open];
    write->n_segments++;
    write->bytes += MIN(packet->payload_bytes, UINT32_MAX - write->bytes);
    packet->write = side->open;
    if (twin_packet_is(packet, TWIN_TCP_PSH)) {
        side->open = -1;
    }
    return true;
}

/* What is sent again: the how-manyth last new segment it was, and the write of a lost one. */
static void find_original(TwinExchange *self, const Side *side, TwinHostPacket *packet)
{
    const size_t at = find_segment(self, side, packet->seq);
    const size_t back = side->n_segments - at;
    packet->back = (uint16_t)CLAMP(back, 1, UINT16_MAX);
    if (at == side->n_segments) {
        return;
    }
    TwinHostPacket *original = &self->packets[side->segments[at]];
    if (original->seq == packet->seq) {
        original->is_sent_again = true;
        if (packet->payload_bytes > 0 && original->arrived_ns == TWIN_NEVER_NS) {
            packet->write = original->write;
        }
    }
}

static bool take(TwinExchange *self, Side sides[2], uint32_t index)
{
    TwinHostPacket *packet = &self->packets[index];
    Side *side = &sides[packet->side];
    if (!side->has_next) {
        side->has_next = true;
        side->next = packet->seq;
    }
    if (packet->move == TWIN_MOVE_ODD) {
        packet->odd_by = packet->seq - side->next;
    } else if (packet->move == TWIN_MOVE_AGAIN) {
        find_original(self, side, packet);
    } else if (packet->move == TWIN_MOVE_NEW) {
        side->segments[side->n_segments++] = index;
        if (packet->payload_bytes > 0 && !add_to_write(self, side, packet)) {
            return false;
        }
    }
    if (packet->move != TWIN_MOVE_ODD) {
        side->next = MAX(side->next, twin_packet_end(packet));
    }
    if (twin_packet_is(packet, TWIN_TCP_RST) && twin_packet_is(packet, TWIN_TCP_ACK)) {
        packet->rst_by = sides[1 - packet->side].next - packet->ack;
    }
    return true;
}

/* Early: it begins before the peer's write before it has wholly arrived. @first, @last: segments of
 * each write. */
static void find_early(TwinExchange *self, const uint32_t *first, const uint32_t *last)
{
    uint32_t before[2] = {none, none};
    for (uint32_t w = 0; w < self->n_writes; w++) {
        TwinWrite *write = &self->writes[w];
        const uint32_t peer = before[1 - write->side];
        write->is_early =
            peer != none && self->packets[last[peer]].arrived_ns > self->packets[first[w]].sent_ns;
        before[write->side] = w;
    }
}

bool twin_infer_writes(TwinExchange *self, TwinInferenceScratch *scratch)
{
    const size_t n = self->n_packets;
    if (!twin_scratch_reserve(scratch, 4 * twin_scratch_bytes(n, sizeof(uint32_t)))) {
        return false;
    }
    Side sides[2] = {{.open = -1}, {.open = -1}};
    sides[0].segments = twin_scratch_take(scratch, n, sizeof(uint32_t));
    sides[1].segments = twin_scratch_take(scratch, n, sizeof(uint32_t));
    uint32_t *first = twin_scratch_take(scratch, n, sizeof *first);
    uint32_t *last = twin_scratch_take(scratch, n, sizeof *last);
    for (uint32_t i = 0; i < n; i++) {
        const size_t n_writes = self->n_writes;
        if (!take(self, sides, i)) {
            return false;
        }
        const TwinHostPacket *packet = &self->packets[i];
        if (packet->write >= 0 && packet->move == TWIN_MOVE_NEW) {
            last[packet->write] = i;
        }
        if (self->n_writes > n_writes) {
            first[n_writes] = i;
        }
    }
    find_early(self, first, last);
    return true;
}
