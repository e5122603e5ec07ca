/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/sacks.h"

#include "base/array.h"
#include "base/cursor.h"

static bool add(TwinSacks *self, TwinSackRange range)
{
    if (!twin_array_reserve((void **)&self->ranges, &self->capacity, self->n_ranges + 1,
                            sizeof range)) {
        return false;
    }
    self->ranges[self->n_ranges++] = range;
    return true;
}

bool twin_sacks_add(TwinSacks *self, uint32_t packet, const TwinTcp *tcp)
{
    TwinCursor cursor = twin_cursor(tcp->sack, 8 * (size_t)tcp->n_sack);
    for (unsigned r = 0; r < tcp->n_sack; r++) {
        TwinSackRange range = {.packet = packet};
        range.begin = twin_cursor_u32(&cursor);
        range.end = twin_cursor_u32(&cursor);
        if (!add(self, range)) {
            return false;
        }
    }
    return true;
}

/* A counting sort; ranges of one flow keep their order. */
static bool sort_by_flow(TwinSacks *self, const TwinPacket *packets, size_t n_flows)
{
    g_autofree size_t *next = g_try_new0(size_t, n_flows + 1);
    TwinSackRange *sorted = g_try_new0(TwinSackRange, self->n_ranges);
    if (next == NULL || sorted == NULL) {
        g_free(sorted);
        return false;
    }
    for (size_t r = 0; r < self->n_ranges; r++) {
        next[packets[self->ranges[r].packet].flow + 1]++;
    }
    for (size_t f = 1; f < n_flows; f++) {
        next[f] += next[f - 1];
    }
    for (size_t r = 0; r < self->n_ranges; r++) {
        sorted[next[packets[self->ranges[r].packet].flow]++] = self->ranges[r];
    }
    g_free(self->ranges);
    self->ranges = sorted;
    self->capacity = self->n_ranges;
    return true;
}

bool twin_sacks_finish(TwinSacks *self, const TwinPacket *packets, const uint32_t *order,
                       const TwinFlow *flows, size_t n_flows)
{
    if (self->n_ranges == 0) {
        return true;
    }
    if (!sort_by_flow(self, packets, n_flows)) {
        return false;
    }
    const TwinFlow *flow = NULL;
    uint32_t at = 0;
    for (size_t r = 0; r < self->n_ranges; r++) {
        const uint32_t packet = self->ranges[r].packet;
        if (flow != &flows[packets[packet].flow]) {
            flow = &flows[packets[packet].flow];
            at = flow->first;
        }
        while (order[at] != packet) {
            at++;
        }
        self->ranges[r].packet = at;
    }
    return true;
}

/* The first range of a packet at @packet or later. */
static size_t lower_bound(const TwinSacks *self, uint32_t packet)
{
    size_t low = 0;
    size_t high = self->n_ranges;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->ranges[middle].packet < packet) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const TwinSackRange *twin_sacks_of(const TwinSacks *self, const TwinFlow *flow,
                                   size_t *n_ranges_out)
{
    const size_t first = lower_bound(self, flow->first);
    *n_ranges_out = lower_bound(self, flow->first + flow->n_packets) - first;
    return self->ranges == NULL ? NULL : self->ranges + first;
}

bool twin_sacks_append(TwinSacks *self, const TwinSacks *from, const TwinFlow *flow,
                       const TwinFlow *copy)
{
    size_t n_ranges = 0;
    const TwinSackRange *ranges = twin_sacks_of(from, flow, &n_ranges);
    for (size_t r = 0; r < n_ranges; r++) {
        TwinSackRange range = ranges[r];
        range.packet = copy->first + (range.packet - flow->first);
        if (!add(self, range)) {
            return false;
        }
    }
    return true;
}

void twin_sacks_clear(TwinSacks *self)
{
    g_free(self->ranges);
    *self = (TwinSacks){.ranges = NULL};
}
