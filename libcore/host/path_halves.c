/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a host is from the place of capture: the least time from a packet of its peer to the
 * answer that shows it: an acknowledgement, an echo, or data that only its window allows. */
#include "host/steps.h"
#include "packet/tcp.h"

/* New data of the peer: where it ends, when it was seen. */
typedef struct {
    int64_t end;
    int64_t time_ns;
    bool is_again; /* a packet sent again ends there too: its acknowledgement may be of either */
} Segment;

/* Timestamps values to when they were first seen: open addressing in groups of neighbours. */
typedef struct {
    int64_t time_ns; /* −1: free */
    uint32_t value;
} Slot;

typedef struct {
    Slot *slots;     /* NULL: no timestamps */
    unsigned n_bits; /* of the number of slots */
} Stamps;

enum {
    GROUP_BITS = 3,
    MAX_PROBES = 32, /* values may be chosen to collide: what finds no place is not known */
};

static const int64_t never_ns = INT64_MAX;

static unsigned bits_for(size_t n_packets)
{
    unsigned n_bits = GROUP_BITS + 1;
    while (((size_t)1 << n_bits) < 2 * n_packets) {
        n_bits++;
    }
    return n_bits;
}

/* The slot of @value, or a free one; NULL where neither was found. */
static Slot *find_slot(const Stamps *self, uint32_t value)
{
    if (self->slots == NULL) {
        return NULL;
    }
    const uint64_t mask = ((uint64_t)1 << self->n_bits) - 1;
    const uint64_t group = ((value >> GROUP_BITS) * UINT64_C(0x9e3779b97f4a7c15)) >>
                           (64 - (self->n_bits - GROUP_BITS));
    const uint64_t start = group << GROUP_BITS | (value & ((1U << GROUP_BITS) - 1));
    for (uint64_t probe = 0; probe < MAX_PROBES; probe++) {
        Slot *slot = &self->slots[(start + probe) & mask];
        if (slot->time_ns < 0 || slot->value == value) {
            return slot;
        }
    }
    return NULL;
}

/* The last segment that ends at @end or before; their number where there is none. */
static size_t find_end(const Segment *segments, size_t n_segments, int64_t end)
{
    size_t low = 0;
    size_t high = n_segments;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (segments[middle].end <= end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : n_segments;
}

/* A window that the peer offered, wider than all before. */
typedef struct {
    int64_t edge;
    int64_t time_ns;
} Opening;

/* What is looked for, of one host. */
typedef struct {
    Segment *segments;       /* of the peer */
    size_t n_segments, next; /* the first that is not acknowledged */
    Stamps stamps;           /* of the peer */
    int64_t high;            /* highest number acknowledged */
    int64_t best_ns;
} Search;

/* @searches: by host. A side's segments are looked for by its peer. */
static void find_segments(const TwinExchange *self, Search searches[2])
{
    for (size_t i = 0; i < self->n_packets; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        Search *search = &searches[1 - packet->side];
        const int64_t end = twin_packet_end(packet);
        if (packet->move == TWIN_MOVE_NEW) {
            search->segments[search->n_segments++] = (Segment){end, packet->captured_ns, false};
        } else if (packet->move == TWIN_MOVE_AGAIN) {
            const size_t at = find_end(search->segments, search->n_segments, end);
            if (at < search->n_segments && search->segments[at].end == end) {
                search->segments[at].is_again = true;
            }
        }
    }
}

static void take_ack(Search *self, const TwinHostPacket *packet)
{
    if (packet->ack <= self->high) {
        return;
    }
    self->high = packet->ack;
    size_t next = self->next;
    /* Only what was captured before: new segments are in order of time and of number. */
    while (next < self->n_segments && self->segments[next].end <= packet->ack &&
           self->segments[next].time_ns < packet->captured_ns) {
        next++;
    }
    if (next > self->next && !self->segments[next - 1].is_again) {
        self->best_ns = MIN(self->best_ns, packet->captured_ns - self->segments[next - 1].time_ns);
    }
    self->next = next;
}

static void take_echo(Search *self, const TwinStamp *stamp, int64_t time_ns)
{
    const Slot *slot = find_slot(&self->stamps, stamp->echo);
    if (slot != NULL && slot->time_ns >= 0) {
        self->best_ns = MIN(self->best_ns, time_ns - slot->time_ns);
    }
}

static void note_value(const Stamps *stamps, uint32_t value, int64_t time_ns)
{
    Slot *slot = find_slot(stamps, value);
    if (slot != NULL && slot->time_ns < 0) {
        *slot = (Slot){time_ns, value};
    }
}

static void find_answers(const TwinExchange *self, const TwinStamp *stamps, Search searches[2])
{
    for (size_t i = 0; i < self->n_packets; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        const TwinStamp *stamp = &stamps[packet->record];
        Search *search = &searches[packet->side];
        const bool answers =
            twin_packet_is(packet, TWIN_TCP_ACK) && !twin_packet_is(packet, TWIN_TCP_RST);
        if (answers) {
            take_ack(search, packet);
        }
        if (stamp->is_there) {
            if (answers) {
                take_echo(search, stamp, packet->captured_ns);
            }
            note_value(&searches[1 - packet->side].stamps, stamp->value, packet->captured_ns);
        }
    }
}

/* The scale of windows is known where both SYNs were seen. */
static bool are_windows_known(const TwinExchange *self)
{
    bool has_syn[2] = {false, false};
    for (size_t i = 0; i < self->n_packets && !(has_syn[0] && has_syn[1]); i++) {
        has_syn[self->packets[i].side] |= twin_packet_is(&self->packets[i], TWIN_TCP_SYN);
    }
    return has_syn[0] && has_syn[1];
}

static int64_t offered_edge(const TwinExchange *self, const TwinHostPacket *packet)
{
    const unsigned shift =
        twin_packet_is(packet, TWIN_TCP_SYN) ? 0 : self->sides[packet->side].window_shift;
    return packet->ack + ((int64_t)packet->window << shift);
}

/* Windows that the peer of a host has opened, and which of them its newest data needs. */
typedef struct {
    Opening *openings; /* rising */
    size_t n;
    size_t needed; /* n: none yet allows it */
} Openings;

static void take_window(Openings *self, int64_t edge, int64_t time_ns)
{
    if (self->n == 0 || edge > self->openings[self->n - 1].edge) {
        self->openings[self->n++] = (Opening){edge, time_ns};
    }
}

/* How long before new data the window was opened that it needed; the first one was there anyway. */
static int64_t opened_before(Openings *self, const TwinHostPacket *data)
{
    while (self->needed < self->n && self->openings[self->needed].edge < twin_packet_end(data)) {
        self->needed++;
    }
    return self->needed > 0 && self->needed < self->n
               ? data->captured_ns - self->openings[self->needed].time_ns
               : never_ns;
}

/* The least time from the packet that opened the window to data of @host that went beyond the one
 * before. */
static int64_t least_opening(const TwinExchange *self, unsigned host, Opening *room)
{
    Openings openings = {.openings = room};
    int64_t best_ns = never_ns;
    for (size_t i = 0; i < self->n_packets; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        const bool is_own = packet->side == host;
        if (is_own && packet->move == TWIN_MOVE_NEW && packet->payload_bytes > 0) {
            best_ns = MIN(best_ns, opened_before(&openings, packet));
        } else if (!is_own && twin_packet_is(packet, TWIN_TCP_ACK) &&
                   !twin_packet_is(packet, TWIN_TCP_RST)) {
            take_window(&openings, offered_edge(self, packet), packet->captured_ns);
        }
    }
    return best_ns;
}

/* A hair less than the half: the fastest answer still comes after its cause. */
static int64_t half_of(int64_t best_ns)
{
    if (best_ns == never_ns) {
        return 0;
    }
    const int64_t half_ns = MAX(best_ns - best_ns / 2000 - 3, 0) / 2;
    return half_ns < TWIN_MOST_HALF_NS ? half_ns : 0;
}

bool twin_infer_halves(TwinExchange *self, TwinInferenceScratch *scratch)
{
    const size_t n = self->n_packets;
    const unsigned n_bits = bits_for(n);
    const bool has_stamps = self->sides[0].has_timestamps && self->sides[1].has_timestamps;
    const size_t n_slots = has_stamps ? (size_t)1 << n_bits : 0;
    if (!twin_scratch_reserve(scratch, 2 * twin_scratch_bytes(n, sizeof(Segment)) +
                                           twin_scratch_bytes(n, sizeof(Opening)) +
                                           2 * twin_scratch_bytes(n_slots, sizeof(Slot)))) {
        return false;
    }
    Search searches[2];
    for (unsigned host = 0; host < 2; host++) {
        Segment *segments = twin_scratch_take(scratch, n, sizeof *segments);
        Slot *slots = n_slots > 0 ? twin_scratch_take(scratch, n_slots, sizeof *slots) : NULL;
        searches[host] = (Search){.segments = segments,
                                  .stamps = {slots, n_bits},
                                  .high = INT64_MIN,
                                  .best_ns = never_ns};
        if (slots != NULL) {
            memset(slots, 0xff, n_slots * sizeof *slots);
        }
    }
    find_segments(self, searches);
    find_answers(self, scratch->stamps, searches);
    const bool has_windows = are_windows_known(self);
    Opening *openings = twin_scratch_take(scratch, n, sizeof *openings);
    for (unsigned host = 0; host < 2; host++) {
        const int64_t opened_ns = has_windows ? least_opening(self, host, openings) : never_ns;
        self->sides[host].half_ns = half_of(MIN(searches[host].best_ns, opened_ns));
    }
    return true;
}
