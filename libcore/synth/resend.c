/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/resend.h"

#include "base/array.h"
#include "packet/tcp.h"

#include <glib.h>

void twin_segments_begin(TwinSegments *self)
{
    self->n = 0;
    self->first_unacked = 0;
    self->first_lost = 0;
    self->n_syns = 0;
}

void twin_segments_free(TwinSegments *self)
{
    g_free(self->segments);
    *self = (TwinSegments){.segments = NULL};
}

bool twin_segments_add(TwinSegments *self, const TwinExchange *exchange, uint32_t packet)
{
    if ((exchange->packets[packet].flags & TWIN_TCP_SYN) != 0) {
        if (self->n_syns < TWIN_MAX_SYNS) {
            self->syns[self->n_syns++] = packet;
        }
        return true;
    }
    void *items = self->segments;
    const bool is_roomy =
        twin_array_reserve(&items, &self->room, self->n + 1, sizeof *self->segments);
    self->segments = items;
    if (is_roomy) {
        self->segments[self->n++] = packet;
    }
    return is_roomy;
}

static bool is_unacked(const TwinHostPacket *packet, int64_t unacked)
{
    return packet->seq + packet->size > unacked;
}

static bool is_to_mend(const TwinHostPacket *packet, int64_t unacked)
{
    return packet->arrived_ns == TWIN_NEVER_NS && !packet->is_sent_again &&
           is_unacked(packet, unacked);
}

uint32_t twin_segments_lost(TwinSegments *self, const TwinExchange *exchange, int64_t unacked)
{
    for (uint32_t i = 0; i < self->n_syns; i++) {
        if (is_to_mend(&exchange->packets[self->syns[i]], unacked)) {
            return self->syns[i];
        }
    }
    while (self->first_lost < self->n &&
           !is_to_mend(&exchange->packets[self->segments[self->first_lost]], unacked)) {
        self->first_lost++;
    }
    return self->first_lost < self->n ? self->segments[self->first_lost] : TWIN_NO_SEGMENT;
}

static uint32_t first_unacked(TwinSegments *self, const TwinExchange *exchange, int64_t unacked)
{
    for (uint32_t i = 0; i < self->n_syns; i++) {
        if (is_unacked(&exchange->packets[self->syns[i]], unacked)) {
            return self->syns[i];
        }
    }
    while (self->first_unacked < self->n &&
           !is_unacked(&exchange->packets[self->segments[self->first_unacked]], unacked)) {
        self->first_unacked++;
    }
    return self->first_unacked < self->n ? self->segments[self->first_unacked] : TWIN_NO_SEGMENT;
}

uint32_t twin_segments_choose(TwinSegments *self, const TwinExchange *exchange, int64_t unacked,
                              uint32_t back, bool is_syn)
{
    const uint32_t lost = twin_segments_lost(self, exchange, unacked);
    if (lost != TWIN_NO_SEGMENT) {
        return lost;
    }
    const uint32_t *const segments = is_syn ? self->syns : self->segments;
    const size_t n = is_syn ? self->n_syns : self->n;
    if (n == 0) {
        return first_unacked(self, exchange, unacked);
    }
    const size_t from_last = MIN(MAX(back, 1), n);
    return segments[n - from_last];
}
