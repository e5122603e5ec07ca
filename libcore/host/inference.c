/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/inference.h"

#include "base/array.h"
#include "flow/flows.h"
#include "host/events.h"
#include "host/steps.h"
#include "packet/tcp.h"

enum {
    STEP_NS = 8,             /* between packets, however coarse the clock */
    MOST_TICK_NS = 10000000, /* coarser clocks than 10 ms are not heard of */
    MOST_PAYLOAD = 1 << 20,  /* more than any offload puts together */
    KNOWN_FLAGS = 0x3f,      /* FIN … URG */
};

static const int64_t most_time_ns = INT64_C(1) << 60; /* 36 years: sums of times never overflow */
static const int64_t most_clock_ns = INT64_MAX / 2;
static const int64_t second_ns = 1000000000;

/* One side's numbers, from those on the wire to relative ones. */
typedef struct {
    bool has_base;
    uint32_t base; /* its first number, else the first acknowledgement of it */
    int64_t high;  /* the highest so far that is within reach: what others are near to */
} Numbers;

static int64_t relative(Numbers *self, uint32_t number)
{
    if (!self->has_base) {
        self->has_base = true;
        self->base = number;
    }
    const uint32_t high = self->base + (uint32_t)self->high;
    return self->high + (int32_t)(number - high);
}

static void raise_high(Numbers *self, int64_t number)
{
    if (number > self->high && number - self->high <= TWIN_MOST_STEP) {
        self->high = number;
    }
}

/* A flow's packets on their way into an exchange. */
typedef struct {
    TwinExchange *exchange;
    TwinInferenceScratch *scratch;
    const TwinFlow *flow;
    Numbers numbers[2];
    const TwinSackRange *ranges;
    size_t n_ranges, next_range;
    int64_t start_ns; /* of the first packet */
    bool has_syn[2];
    bool has_shift[2];
} Loader;

static void load_sack(Loader *self, TwinHostPacket *packet)
{
    const uint32_t position = self->flow->first + (uint32_t)packet->record;
    Numbers *peer = &self->numbers[1 - packet->side];
    for (; self->next_range < self->n_ranges && self->ranges[self->next_range].packet <= position;
         self->next_range++) {
        const TwinSackRange *range = &self->ranges[self->next_range];
        if (range->packet == position && packet->n_sack < TWIN_MAX_SACK_RANGES && peer->has_base) {
            packet->sack[packet->n_sack][0] = relative(peer, range->begin);
            packet->sack[packet->n_sack][1] = relative(peer, range->end);
            packet->n_sack++;
        }
    }
}

static void load_numbers(Loader *self, TwinHostPacket *packet, const TwinPacket *from)
{
    Numbers *own = &self->numbers[packet->side];
    Numbers *peer = &self->numbers[1 - packet->side];
    packet->seq = relative(own, from->seq);
    raise_high(own, twin_packet_end(packet));
    if (twin_packet_is(packet, TWIN_TCP_ACK)) {
        packet->ack = relative(peer, from->ack);
        raise_high(peer, packet->ack);
    }
}

/* What a packet tells of its host. */
static void load_host(Loader *self, unsigned side, const TwinPacket *from)
{
    TwinHostSide *host = &self->exchange->sides[side];
    host->has_timestamps |= (from->bits & TWIN_PACKET_TIMESTAMPS) != 0;
    if ((from->flags & TWIN_TCP_SYN) == 0 || self->has_syn[side]) {
        return;
    }
    self->has_syn[side] = true;
    self->has_shift[side] = (from->bits & TWIN_PACKET_WINDOW_SCALE) != 0;
    host->window_shift = from->window_shift;
    host->may_sack = (from->bits & TWIN_PACKET_SACK_PERMITTED) != 0;
    host->mss_bytes = from->mss_bytes;
}

/* One after the other, however coarse the clock or backward. */
static int64_t time_of(const Loader *self, const TwinPacket *from)
{
    const int64_t clock_ns = CLAMP(from->time_ns, -most_clock_ns, most_clock_ns);
    const int64_t time_ns = MIN(clock_ns - self->start_ns, most_time_ns);
    const size_t n = self->exchange->n_packets;
    return n == 0 ? 0 : MAX(time_ns, self->exchange->packets[n - 1].captured_ns + STEP_NS);
}

static void load_tick(Loader *self, const TwinPacket *from)
{
    const int64_t clock_ns = CLAMP(from->time_ns, -most_clock_ns, most_clock_ns);
    const int64_t time_ns = clock_ns - self->start_ns / second_ns * second_ns;
    while (self->exchange->tick_ns > 1 && time_ns % self->exchange->tick_ns != 0) {
        self->exchange->tick_ns /= 10;
    }
}

/* There is room for it. */
static void load_packet(Loader *self, const TwinPacket *from)
{
    TwinExchange *exchange = self->exchange;
    const size_t n = exchange->n_packets;
    TwinHostPacket *packet = &exchange->packets[n];
    const uint32_t payload_bytes = from->payload_bytes;
    *packet = (TwinHostPacket){
        .captured_ns = time_of(self, from),
        .payload_bytes = MIN(payload_bytes, MOST_PAYLOAD),
        .write = -1,
        .record = (int32_t)n,
        .echo = -1,
        .flags = from->flags & KNOWN_FLAGS,
        .window = from->window,
        .side = (uint8_t)twin_flow_side(self->flow, from),
    };
    packet->size = packet->payload_bytes + (twin_packet_is(packet, TWIN_TCP_SYN) ? 1 : 0) +
                   (twin_packet_is(packet, TWIN_TCP_FIN) ? 1 : 0);
    load_numbers(self, packet, from);
    if (self->next_range < self->n_ranges) {
        load_sack(self, packet);
    }
    load_host(self, packet->side, from);
    load_tick(self, from);
    self->scratch->stamps[n] = (TwinStamp){.value = from->ts_value,
                                           .echo = from->ts_echo,
                                           .is_there = (from->bits & TWIN_PACKET_TIMESTAMPS) != 0};
    exchange->n_packets++;
}

static bool load(Loader *self, const TwinFlows *flows, size_t n_packets)
{
    TwinExchange *exchange = self->exchange;
    twin_exchange_clear(exchange);
    if (n_packets >= INT32_MAX || !twin_exchange_reserve(exchange, n_packets) ||
        !twin_array_reserve((void **)&self->scratch->stamps, &self->scratch->stamps_room, n_packets,
                            sizeof *self->scratch->stamps)) {
        return false;
    }
    exchange->label = self->flow->label;
    exchange->tick_ns = MOST_TICK_NS;
    const int64_t first_ns = twin_flows_packet(flows, self->flow, 0)->time_ns;
    self->start_ns = CLAMP(first_ns, -most_clock_ns, most_clock_ns);
    self->ranges = twin_flows_sack(flows, self->flow, &self->n_ranges);
    for (size_t k = 0; k < n_packets; k++) {
        load_packet(self, twin_flows_packet(flows, self->flow, k));
    }
    if (!self->has_shift[0] || !self->has_shift[1]) {
        exchange->sides[0].window_shift = exchange->sides[1].window_shift = 0;
    }
    return true;
}

/* From packets and halves to accounts. */
static bool work_out(TwinExchange *self, TwinInferenceScratch *scratch, TwinAccounts *accounts_out)
{
    if (!twin_infer_missed(self, scratch)) {
        return false;
    }
    twin_infer_moves(self, scratch, true);
    return twin_infer_arrivals(self, scratch) && twin_infer_hidden(self, scratch) &&
           twin_infer_writes(self, scratch) && twin_infer_accounts(self, scratch, accounts_out);
}

/* Takes halves of 0, the order of the capture, where that explains more. */
static bool try_plain(Loader *loader, const TwinFlows *flows, size_t n_packets,
                      const TwinAccounts *accounts)
{
    TwinExchange *self = loader->exchange;
    TwinInferenceScratch *scratch = loader->scratch;
    const bool are_odd = accounts->n_odd > 1 && 20 * accounts->n_odd > accounts->n_acks;
    if (!are_odd || (self->sides[0].half_ns == 0 && self->sides[1].half_ns == 0)) {
        return true;
    }
    Loader again = {.exchange = &scratch->other, .scratch = scratch, .flow = loader->flow};
    TwinAccounts plain;
    if (!load(&again, flows, n_packets)) {
        return false;
    }
    twin_infer_moves(&scratch->other, scratch, false);
    if (!work_out(&scratch->other, scratch, &plain)) {
        return false;
    }
    if (10 * plain.n_odd < 7 * accounts->n_odd) {
        const TwinExchange better = scratch->other;
        scratch->other = *self;
        *self = better;
        self->is_plain = true;
    }
    return true;
}

static bool infer(Loader *loader, const TwinFlows *flows, size_t n_packets)
{
    TwinExchange *self = loader->exchange;
    TwinAccounts accounts;
    if (!load(loader, flows, n_packets)) {
        return false;
    }
    twin_infer_moves(self, loader->scratch, false);
    return twin_infer_halves(self, loader->scratch) && work_out(self, loader->scratch, &accounts) &&
           try_plain(loader, flows, n_packets, &accounts);
}

bool twin_exchange_infer_first(TwinExchange *self, const TwinFlows *flows, const TwinFlow *flow,
                               size_t n_packets, TwinInferenceScratch *scratch)
{
    Loader loader = {.exchange = self, .scratch = scratch, .flow = flow};
    if (!infer(&loader, flows, MIN(n_packets, (size_t)flow->n_packets))) {
        twin_exchange_clear(self);
        return false;
    }
    return true;
}

bool twin_exchange_infer(TwinExchange *self, const TwinFlows *flows, const TwinFlow *flow,
                         TwinInferenceScratch *scratch)
{
    return twin_exchange_infer_first(self, flows, flow, flow->n_packets, scratch);
}
