/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that no captured packet holds: what was acknowledged had arrived, the capture missed it;
 * the rest was lost before the capture. */
#include "host/steps.h"
#include "packet/tcp.h"

#include <glib.h>
#include <stdlib.h>

enum {
    MOST_PIECES = 8, /* a longer gap is squeezed into that many segments */
    LEAST_MSS = 200, /* a side whose segments are all shorter tells nothing of its MSS */
    USUAL_MSS = 1460,
};

static const int64_t never = INT64_MAX;

/* A packet of the side at hand, ODD ones aside. */
typedef struct {
    int64_t seq, end;
    uint32_t packet;
    uint32_t least_packet; /* of those with the same seq or a higher one */
    bool is_reset;
} Segment;

/* An acknowledgement that is higher than all before it. */
typedef struct {
    int64_t ack;
    uint32_t packet;
} Point;

/* Numbers that are taken out, and how many were before them. */
typedef struct {
    int64_t begin, end;
    int64_t before;
} Squeeze;

/* One side of a flow. */
typedef struct {
    TwinExchange *exchange;
    TwinInferenceScratch *scratch;
    unsigned side;
    bool has_peer; /* the peer acknowledged anything */
    bool has_gaps; /* there may be gaps: no more than a suspicion */
    int64_t low;   /* where it begins */
    int64_t top;   /* where its packets end, resets aside */
    int64_t high;  /* highest number acknowledged */
    int64_t mss_bytes;
    Segment *segments; /* in order of seq */
    size_t n_segments, next_segment;
    Point *points; /* rising */
    size_t n_points, next_point;
    uint32_t *before; /* of each packet, the last one of this side before it that is no reset */
    Squeeze *squeezes;
    size_t n_squeezes;
} Side;

static bool is_own(const Side *self, const TwinHostPacket *packet)
{
    return packet->side == self->side && packet->move != TWIN_MOVE_ODD;
}

static bool is_acking(const Side *self, const TwinHostPacket *packet)
{
    return packet->side != self->side && twin_packet_is(packet, TWIN_TCP_ACK) &&
           !twin_packet_is(packet, TWIN_TCP_RST);
}

/* Where the side begins: its first packet, else what of it is acknowledged. */
static void find_low(Side *self)
{
    bool has_own = false;
    int64_t least_ack = never;
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        const TwinHostPacket *packet = &self->exchange->packets[i];
        if (is_own(self, packet) && !has_own) {
            has_own = true;
            self->low = packet->seq;
        } else if (is_acking(self, packet)) {
            self->has_peer = true;
            least_ack = MIN(least_ack, packet->ack);
        }
    }
    if (!has_own) {
        self->low = least_ack;
    }
}

/* A pass over the flow that tells most sides to have no gap. @return the highest end. */
static int64_t look_for_gaps(Side *self)
{
    self->top = self->low;
    int64_t most_end = self->low;
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        const TwinHostPacket *packet = &self->exchange->packets[i];
        if (!is_own(self, packet)) {
            continue;
        }
        const int64_t end = twin_packet_end(packet);
        most_end = MAX(most_end, end);
        self->mss_bytes = MAX(self->mss_bytes, (int64_t)packet->payload_bytes);
        if (!twin_packet_is(packet, TWIN_TCP_RST)) {
            self->has_gaps |= packet->seq > self->top;
            self->top = MAX(self->top, end);
        }
    }
    self->mss_bytes = self->mss_bytes >= LEAST_MSS ? self->mss_bytes : USUAL_MSS;
    return most_end;
}

/* Acknowledgements that rise, of what is within reach of what the side sent. */
static void find_points(Side *self, int64_t most_end)
{
    self->high = self->low;
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        const TwinHostPacket *packet = &self->exchange->packets[i];
        if (is_acking(self, packet) && packet->ack > self->high &&
            packet->ack - MAX(self->high, most_end) < TWIN_MOST_STEP) {
            self->high = packet->ack;
            self->points[self->n_points++] = (Point){packet->ack, (uint32_t)i};
        }
    }
    self->has_gaps |= self->high > self->top;
}

static int compare_segments(const void *a, const void *b)
{
    const Segment *first = a;
    const Segment *second = b;
    if (first->seq != second->seq) {
        return first->seq < second->seq ? -1 : 1;
    }
    return first->packet < second->packet ? -1 : first->packet > second->packet;
}

static void sort_segments(Side *self)
{
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        const TwinHostPacket *packet = &self->exchange->packets[i];
        self->before[i] = last;
        if (is_own(self, packet)) {
            const bool is_reset = twin_packet_is(packet, TWIN_TCP_RST);
            self->segments[self->n_segments++] =
                (Segment){packet->seq, twin_packet_end(packet), (uint32_t)i, 0, is_reset};
            last = is_reset ? last : (uint32_t)i;
        }
    }
    self->before[self->exchange->n_packets] = last;
    if (self->n_segments > 0) {
        qsort(self->segments, self->n_segments, sizeof *self->segments, compare_segments);
    }
    uint32_t least = UINT32_MAX;
    for (size_t s = self->n_segments; s > 0; s--) {
        least = MIN(least, self->segments[s - 1].packet);
        self->segments[s - 1].least_packet = least;
    }
}

/* When the bytes of a piece passed the capture: before what shows them, after what precedes them.
 */
static bool time_of(const Side *self, int64_t begin, int64_t *when_out)
{
    const TwinHostPacket *packets = self->exchange->packets;
    const bool has_next = self->next_segment < self->n_segments;
    const size_t next =
        has_next ? self->segments[self->next_segment].least_packet : self->exchange->n_packets;
    int64_t when = has_next ? packets[next].captured_ns - 2 : never;
    if (self->next_point < self->n_points) {
        const int64_t path_ns = 2 * self->exchange->sides[1 - self->side].half_ns;
        const int64_t shown = packets[self->points[self->next_point].packet].captured_ns;
        when = MIN(when, shown - path_ns - 3);
    }
    if (when == never) {
        return false;
    }
    const uint32_t before = self->before[next];
    if (before != UINT32_MAX && packets[before].seq <= begin &&
        twin_packet_end(&packets[before]) <= begin) {
        when = MAX(when, packets[before].captured_ns);
    }
    *when_out = when;
    return true;
}

/* Segments from @begin to @end, all at one time. */
static bool infer_segments(Side *self, int64_t when, TwinSpan piece, bool is_fin)
{
    const bool is_lost = self->next_point == self->n_points && self->has_peer;
    for (int64_t at = piece.begin; at < piece.end; at += self->mss_bytes) {
        TwinInferred *inferred = twin_scratch_infer(self->scratch);
        if (inferred == NULL) {
            return false;
        }
        const int64_t size = MIN(self->mss_bytes, piece.end - at);
        const bool is_last = at + size == piece.end;
        TwinHostPacket *packet = &inferred->packet;
        packet->side = (uint8_t)self->side;
        packet->captured_ns = when;
        packet->seq = at;
        packet->size = (uint32_t)size;
        packet->payload_bytes = (uint32_t)size - (is_fin ? 1 : 0);
        packet->flags = (uint16_t)(TWIN_TCP_ACK | (is_fin    ? TWIN_TCP_FIN
                                                   : is_last ? TWIN_TCP_PSH
                                                             : 0));
        packet->fate = is_lost ? TWIN_FATE_HIDDEN : TWIN_FATE_MISSED;
    }
    return true;
}

static bool fill_piece(Side *self, TwinSpan piece, bool is_last)
{
    while (self->next_segment < self->n_segments &&
           self->segments[self->next_segment].seq < piece.end) {
        self->next_segment++;
    }
    int64_t when = 0;
    const int64_t most = MOST_PIECES * self->mss_bytes;
    TwinSpan kept = piece;
    if (piece.end - piece.begin > most) {
        kept.end = piece.begin + most;
        self->squeezes[self->n_squeezes++] = (Squeeze){kept.end, piece.end, 0};
    }
    const bool is_fin = is_last && piece.end - piece.begin == 1 && piece.end == self->high;
    return !time_of(self, piece.begin, &when) || infer_segments(self, when, kept, is_fin);
}

/* A gap is cut at the acknowledgements that show parts of it. */
static bool fill_gap(Side *self, TwinSpan gap, bool is_last)
{
    int64_t at = gap.begin;
    while (at < gap.end) {
        while (self->next_point < self->n_points && self->points[self->next_point].ack <= at) {
            self->next_point++;
        }
        const int64_t shown =
            self->next_point < self->n_points ? self->points[self->next_point].ack : never;
        const int64_t end = MIN(gap.end, shown);
        if (!fill_piece(self, (TwinSpan){at, end}, is_last && end == gap.end)) {
            return false;
        }
        at = end;
    }
    return true;
}

static bool fill_gaps(Side *self)
{
    int64_t at = self->low;
    for (size_t s = 0; s < self->n_segments; s++) {
        const Segment *segment = &self->segments[s];
        if (segment->is_reset) {
            continue;
        }
        if (segment->seq > at) {
            /* Filling looks at segments beyond the gap only: its place in them may run ahead. */
            const TwinSpan gap = {at, segment->seq};
            const bool is_last = self->high <= self->top && segment->seq == self->top;
            if (!fill_gap(self, gap, is_last)) {
                return false;
            }
        }
        at = MAX(at, segment->end);
    }
    return self->high <= at || fill_gap(self, (TwinSpan){at, self->high}, true);
}

/* Where @number is once the squeezed numbers are taken out. */
static int64_t squeezed(const Side *self, int64_t number)
{
    size_t low = 0; /* the squeezes that begin below it */
    size_t high = self->n_squeezes;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->squeezes[middle].begin < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return number;
    }
    const Squeeze *last = &self->squeezes[low - 1];
    return number - last->before - (MIN(number, last->end) - last->begin);
}

static void squeeze(Side *self, size_t first_inferred)
{
    if (self->n_squeezes == 0) {
        return;
    }
    for (size_t s = 1; s < self->n_squeezes; s++) {
        const Squeeze *last = &self->squeezes[s - 1];
        self->squeezes[s].before = last->before + last->end - last->begin;
    }
    for (size_t i = 0; i < self->exchange->n_packets; i++) {
        TwinHostPacket *packet = &self->exchange->packets[i];
        if (packet->side == self->side) {
            packet->seq = squeezed(self, packet->seq);
            continue;
        }
        packet->ack =
            twin_packet_is(packet, TWIN_TCP_ACK) ? squeezed(self, packet->ack) : packet->ack;
        for (unsigned r = 0; r < packet->n_sack; r++) {
            packet->sack[r][0] = squeezed(self, packet->sack[r][0]);
            packet->sack[r][1] = squeezed(self, packet->sack[r][1]);
        }
    }
    for (size_t g = first_inferred; g < self->scratch->n_inferred; g++) {
        TwinHostPacket *packet = &self->scratch->inferred[g].packet;
        packet->seq = squeezed(self, packet->seq);
    }
    self->exchange->n_squeezed += (uint32_t)self->n_squeezes;
}

static bool fill_side(TwinExchange *exchange, TwinInferenceScratch *scratch, unsigned side)
{
    const size_t n = exchange->n_packets;
    if (!twin_scratch_reserve(scratch, twin_scratch_bytes(n, sizeof(Segment)) +
                                           twin_scratch_bytes(n, sizeof(Point)) +
                                           twin_scratch_bytes(n + 1, sizeof(uint32_t)) +
                                           twin_scratch_bytes(2 * n + 1, sizeof(Squeeze)))) {
        return false;
    }
    Side self = {.exchange = exchange, .scratch = scratch, .side = side, .low = never};
    self.segments = twin_scratch_take(scratch, n, sizeof *self.segments);
    self.points = twin_scratch_take(scratch, n, sizeof *self.points);
    self.before = twin_scratch_take(scratch, n + 1, sizeof *self.before);
    self.squeezes = twin_scratch_take(scratch, 2 * n + 1, sizeof *self.squeezes);
    find_low(&self);
    if (self.low == never) {
        return true;
    }
    find_points(&self, look_for_gaps(&self));
    if (!self.has_gaps) {
        return true;
    }
    sort_segments(&self);
    const size_t first_inferred = scratch->n_inferred;
    if (!fill_gaps(&self)) {
        return false;
    }
    squeeze(&self, first_inferred);
    return true;
}

/* One pass that tells most flows to have no gap: nothing begins beyond what its side has sent, and
 * nothing beyond is acknowledged. */
static bool may_have_gaps(const TwinExchange *self)
{
    int64_t top[2] = {INT64_MIN, INT64_MIN};
    int64_t high[2] = {INT64_MIN, INT64_MIN};
    bool is_first[2] = {true, true};
    bool has_gaps = false;
    for (size_t i = 0; i < self->n_packets; i++) {
        const TwinHostPacket *packet = &self->packets[i];
        const unsigned side = packet->side;
        const bool is_reset = twin_packet_is(packet, TWIN_TCP_RST);
        if (!is_reset && packet->move != TWIN_MOVE_ODD) {
            has_gaps |= !is_first[side] && packet->seq > top[side];
            top[side] = MAX(top[side], twin_packet_end(packet));
            is_first[side] = false;
        } else {
            has_gaps |= is_first[side]; /* looked at with more care */
        }
        if (!is_reset && twin_packet_is(packet, TWIN_TCP_ACK)) {
            high[1 - side] = MAX(high[1 - side], packet->ack);
        }
    }
    return has_gaps || high[0] > top[0] || high[1] > top[1];
}

static int compare_inferred(const void *a, const void *b)
{
    const TwinInferred *first = a;
    const TwinInferred *second = b;
    if (first->packet.captured_ns != second->packet.captured_ns) {
        return first->packet.captured_ns < second->packet.captured_ns ? -1 : 1;
    }
    return first->order < second->order ? -1 : first->order > second->order;
}

/* Each before whatever was captured at its time or later, with the acknowledgement and the window
 * that its side had last. */
static void place(const TwinExchange *self, TwinInferenceScratch *scratch)
{
    qsort(scratch->inferred, scratch->n_inferred, sizeof *scratch->inferred, compare_inferred);
    int64_t acks[2] = {0, 0};
    uint16_t windows[2] = {UINT16_MAX, UINT16_MAX};
    for (size_t i = self->n_packets; i > 0; i--) { /* the first of each side that is no reset */
        const TwinHostPacket *packet = &self->packets[i - 1];
        windows[packet->side] =
            twin_packet_is(packet, TWIN_TCP_RST) ? windows[packet->side] : packet->window;
    }
    size_t next = 0;
    for (size_t g = 0; g < scratch->n_inferred; g++) {
        TwinInferred *inferred = &scratch->inferred[g];
        for (; next < self->n_packets &&
               self->packets[next].captured_ns < inferred->packet.captured_ns;
             next++) {
            const TwinHostPacket *packet = &self->packets[next];
            if (twin_packet_is(packet, TWIN_TCP_ACK) && !twin_packet_is(packet, TWIN_TCP_RST)) {
                acks[packet->side] = packet->ack;
            }
            windows[packet->side] = packet->window;
        }
        inferred->before = (uint32_t)next;
        inferred->packet.ack = acks[inferred->packet.side];
        inferred->packet.window = windows[inferred->packet.side];
    }
}

bool twin_infer_missed(TwinExchange *self, TwinInferenceScratch *scratch)
{
    scratch->n_inferred = 0;
    if (!may_have_gaps(self)) {
        return true;
    }
    if (!fill_side(self, scratch, 0) || !fill_side(self, scratch, 1)) {
        return false;
    }
    if (scratch->n_inferred == 0) {
        return true;
    }
    place(self, scratch);
    if (!twin_exchange_insert(self, scratch)) {
        return false;
    }
    for (size_t i = 1; i < self->n_packets; i++) {
        self->packets[i].captured_ns =
            MAX(self->packets[i].captured_ns, self->packets[i - 1].captured_ns);
    }
    return true;
}
