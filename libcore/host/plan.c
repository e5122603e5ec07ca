/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/plan.h"

#include "base/array.h"
#include "base/sort.h"
#include "host/events.h"
#include "packet/tcp.h"

#include <math.h>

static const double seconds_per_ns = 1e-9;
static const double no_delay = -9;       /* a quantile of nothing */
static const double log_offset_s = 1e-6; /* keeps the logarithm of no time finite */

enum {
    ENDS = TWIN_TCP_SYN | TWIN_TCP_FIN | TWIN_TCP_RST,
    N_EARLY = 2, /* delays that are plan entries of their own */
    UNKNOWN_WINDOW = UINT16_MAX,
};

#define TWIN_PLAN_NAME(NAME, TEXT) TEXT,
static const char *const names[TWIN_N_PLAN] = {TWIN_PLAN_COUNTS(TWIN_PLAN_NAME)
                                                   TWIN_PLAN_FIXED(TWIN_PLAN_NAME)};

const char *twin_plan_name(size_t index)
{
    return names[index];
}

int twin_plan_deck(TwinDelayClass c)
{
    static const int8_t decks[TWIN_N_DELAYS] = {
        [TWIN_DELAY_ACK] = -1,  [TWIN_DELAY_ANSWER] = 0, [TWIN_DELAY_MORE] = -1,
        [TWIN_DELAY_CLOSE] = 1, [TWIN_DELAY_WRITE] = 2,  [TWIN_DELAY_RESEND] = 3,
    };
    return decks[c];
}

void twin_exchange_plan_clear(TwinExchangePlan *self)
{
    g_free(self->block);
    *self = (TwinExchangePlan)TWIN_EXCHANGE_PLAN_INIT;
}

/* Memory of a plan: parts of its block, each for all packets of the exchange. */
typedef struct {
    int64_t *delays;  /* by host and class, sorted: the decks are parts of it */
    int64_t *values;  /* of which a median is wanted */
    int64_t *scratch; /* for sorting */
    uint16_t *windows;
} Memory;

static bool reserve(TwinExchangePlan *plan, size_t n_packets, Memory *memory_out)
{
    const size_t packet_bytes = 3 * sizeof(int64_t) + sizeof(uint16_t);
    if (n_packets > plan->room || plan->block == NULL) {
        const size_t room = MAX(n_packets, plan->room + plan->room / 2) + 16;
        if (!twin_array_resize(&plan->block, room, packet_bytes)) {
            return false;
        }
        plan->room = room;
    }
    memory_out->delays = plan->block;
    memory_out->values = memory_out->delays + plan->room;
    memory_out->scratch = memory_out->values + plan->room;
    memory_out->windows = (uint16_t *)(void *)(memory_out->scratch + plan->room);
    return true;
}

/* ---- what events tell ---- */

/* One host as its events pass. */
typedef struct {
    int64_t acked;   /* its own numbers, by the acknowledgements that have arrived */
    int64_t sent;    /* where its new segments end */
    int64_t most_iw; /* sent − 2 × acked */
    int64_t most_flight;
    int64_t think_ns;
    uint64_t first_flight, idle;
    uint64_t packets_after_fin, data_after_fin, fins_after_fin, data_after_rst;
    size_t n_sent;
    int64_t early_ns[N_EARLY];
    size_t n_delays[TWIN_N_DELAYS];
    bool has_unacked; /* something that takes numbers has arrived since its last ACK */
    bool has_fin, has_rst;
} Passing;

static void pass_arrival(Passing *self, const TwinHostPacket *packet)
{
    if (packet->flags & TWIN_TCP_ACK) {
        self->acked = MAX(self->acked, packet->ack);
    }
    self->has_unacked |= packet->size > 0;
    const unsigned is_data = packet->payload_bytes > 0 ? 1 : 0;
    if (self->has_fin) {
        self->packets_after_fin++;
        self->data_after_fin += is_data;
        self->fins_after_fin += (packet->flags & TWIN_TCP_FIN) != 0 ? 1 : 0;
    }
    self->data_after_rst += self->has_rst ? is_data : 0;
}

static void pass_new(Passing *self, const TwinHostPacket *packet)
{
    self->sent = MAX(self->sent, packet->seq + packet->size);
    if (packet->payload_bytes > 0) {
        self->first_flight += self->acked <= 1 ? 1 : 0;
        self->most_iw = MAX(self->most_iw, self->sent - 2 * self->acked);
        self->most_flight = MAX(self->most_flight, self->sent - self->acked);
    }
}

static void pass_send(Passing *self, const TwinHostPacket *packet)
{
    if (packet->move == TWIN_MOVE_NEW) {
        pass_new(self, packet);
    }
    if (self->n_sent < N_EARLY) {
        self->early_ns[self->n_sent] = packet->delay_ns;
    } else {
        self->n_delays[packet->delay_class]++;
    }
    self->n_sent++;
    const bool is_thought =
        packet->delay_class == TWIN_DELAY_ANSWER || packet->delay_class >= TWIN_DELAY_CLOSE;
    self->think_ns += is_thought ? packet->delay_ns : 0;
    const bool is_idle = packet->payload_bytes == 0 && (packet->flags & ENDS) == 0 &&
                         packet->move == TWIN_MOVE_NONE && !self->has_unacked;
    self->idle += is_idle ? 1 : 0;
    self->has_unacked &= (packet->flags & TWIN_TCP_ACK) == 0;
    self->has_fin |= (packet->flags & TWIN_TCP_FIN) != 0;
    self->has_rst |= (packet->flags & TWIN_TCP_RST) != 0;
}

static void pass_events(const TwinExchange *exchange, Passing hosts[2])
{
    TwinEvents events;
    twin_events_init(&events, exchange);
    for (TwinEvent event; twin_events_next(&events, &event);) {
        if (event.kind == TWIN_EVENT_SEND) {
            pass_send(&hosts[event.host], &exchange->packets[event.packet]);
        } else if (event.kind == TWIN_EVENT_ARRIVAL) {
            pass_arrival(&hosts[event.host], &exchange->packets[event.packet]);
        }
    }
}

static void plan_passing(TwinHostPlan *plan, const Passing *host)
{
    double *at = plan->at;
    at[TWIN_PLAN_IDLE] = (double)host->idle;
    at[TWIN_PLAN_THINK] = (double)host->think_ns * seconds_per_ns;
    at[TWIN_PLAN_INITIAL_WINDOW] = (double)host->most_iw;
    at[TWIN_PLAN_MAX_FLIGHT] = (double)host->most_flight;
    at[TWIN_PLAN_FIRST_FLIGHT] = (double)host->first_flight;
    at[TWIN_PLAN_PACKETS_AFTER_FIN] = (double)host->packets_after_fin;
    at[TWIN_PLAN_DATA_AFTER_FIN] = (double)host->data_after_fin;
    at[TWIN_PLAN_FINS_AFTER_FIN] = (double)host->fins_after_fin;
    at[TWIN_PLAN_DATA_AFTER_RST] = (double)host->data_after_rst;
    for (size_t k = 0; k < N_EARLY; k++) {
        at[TWIN_PLAN_FIRST_DELAY + k] =
            k < host->n_sent ? (double)host->early_ns[k] * seconds_per_ns : -1;
    }
}

/* ---- delays ---- */

/* Five quantiles of sorted delays; -9 where there is none. */
static void plan_quantiles(double *at, const int64_t *delays_ns, size_t n_delays)
{
    for (size_t q = 0; q < 5; q++) {
        at[q] = n_delays == 0
                    ? no_delay
                    : log10((double)MAX(delays_ns[q * (n_delays - 1) / 4], 0) * seconds_per_ns +
                            log_offset_s);
    }
}

/* Sorts delays by host and class into memory; fills quantiles and decks. */
static void plan_delays(const TwinExchange *exchange, const Passing hosts[2], const Memory *memory,
                        TwinExchangePlan *plan)
{
    int64_t *groups[2][TWIN_N_DELAYS];
    int64_t *at = memory->delays;
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DELAYS; c++) {
            groups[h][c] = at;
            at += hosts[h].n_delays[c];
        }
    }
    size_t n_sent[2] = {0, 0};
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        if (n_sent[packet->side]++ >= N_EARLY) {
            *groups[packet->side][packet->delay_class]++ = packet->delay_ns;
        }
    }
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DELAYS; c++) {
            const size_t n = hosts[h].n_delays[c];
            int64_t *delays = groups[h][c] - n;
            twin_sort_int64(delays, memory->scratch, n);
            plan_quantiles(&plan->hosts[h].at[TWIN_PLAN_DELAY(c)], delays, n);
            const int deck = twin_plan_deck((TwinDelayClass)c);
            if (deck >= 0) {
                plan->deck_ns[h][deck] = delays;
                plan->n_deck[h][deck] = (uint32_t)n;
            }
        }
    }
}

/* ---- what packets tell ---- */

/* The median of @n > 0 values, which are sorted. */
static double median(int64_t *values, size_t n, const Memory *memory)
{
    twin_sort_int64(values, memory->scratch, n);
    const size_t below = (n - 1) / 2;
    const size_t above = n / 2;
    return ((double)values[below] + (double)values[above]) / 2;
}

static bool is_pure(const TwinHostPacket *packet)
{
    return packet->payload_bytes == 0 && (packet->flags & ENDS) == 0 &&
           packet->move != TWIN_MOVE_PROBE;
}

/* What is counted of a host's packets, by what they are. */
typedef struct {
    uint32_t moves[TWIN_N_MOVES];
    uint32_t fates[TWIN_N_FATES];
    uint32_t manners[TWIN_N_ACKS];
    uint32_t data, pushed, syns, fins, rsts, pure, losts, with_payload;
    uint32_t tail_packets, tail_pure; /* after its first FIN */
    uint64_t bytes;
    bool is_tail;
} Counts;

static void count_fin(Counts *counts, const TwinHostPacket *packet, double *at)
{
    counts->fins += packet->move != TWIN_MOVE_AGAIN ? 1 : 0;
    if (!counts->is_tail) {
        counts->is_tail = true;
        at[TWIN_PLAN_FIN_HAS_DATA] = packet->payload_bytes > 0;
    }
}

static void count_packet(Counts *counts, const TwinHostPacket *packet, double *at)
{
    const unsigned flags = packet->flags;
    const bool is_new = packet->move == TWIN_MOVE_NEW;
    const unsigned new_data = is_new && packet->payload_bytes > 0 ? 1 : 0;
    const unsigned pure = is_pure(packet) ? 1 : 0;
    counts->moves[packet->move]++;
    counts->fates[packet->fate]++;
    counts->manners[packet->ack_manner]++;
    counts->data += new_data;
    counts->pushed += (flags & TWIN_TCP_PSH) != 0 ? new_data : 0;
    counts->bytes += new_data != 0 ? packet->payload_bytes : 0;
    counts->with_payload += packet->payload_bytes > 0 ? 1 : 0;
    counts->pure += pure;
    counts->tail_packets += counts->is_tail ? 1 : 0;
    counts->tail_pure += counts->is_tail ? pure : 0;
    if ((flags & ENDS) != 0) {
        counts->syns += (flags & TWIN_TCP_SYN) != 0 && packet->move != TWIN_MOVE_AGAIN ? 1 : 0;
        counts->rsts += (flags & TWIN_TCP_RST) != 0 ? 1 : 0;
        if ((flags & TWIN_TCP_FIN) != 0) {
            count_fin(counts, packet, at);
        }
    }
    counts->losts +=
        packet->fate == TWIN_FATE_LOST && is_new && (flags & TWIN_TCP_RST) == 0 ? 1 : 0;
}

static void plan_counts(const Counts *own, const Counts *peer, size_t n_packets, double *at)
{
    at[TWIN_PLAN_PACKETS] = (double)n_packets;
    at[TWIN_PLAN_DATA] = own->data;
    at[TWIN_PLAN_PUSHED] = own->pushed;
    at[TWIN_PLAN_SYNS] = own->syns;
    at[TWIN_PLAN_FINS] = own->fins;
    at[TWIN_PLAN_RSTS] = own->rsts;
    at[TWIN_PLAN_PURE] = own->pure;
    at[TWIN_PLAN_AGAINS] = own->moves[TWIN_MOVE_AGAIN];
    at[TWIN_PLAN_PROBES] = own->moves[TWIN_MOVE_PROBE];
    at[TWIN_PLAN_BYTES] = (double)own->bytes;
    at[TWIN_PLAN_LOSTS] = own->losts;
    at[TWIN_PLAN_HIDDENS] = own->fates[TWIN_FATE_HIDDEN];
    at[TWIN_PLAN_MISSED] = own->fates[TWIN_FATE_MISSED];
    at[TWIN_PLAN_ODDS] = own->moves[TWIN_MOVE_ODD];
    for (unsigned manner = TWIN_ACK_UNMOVED; manner < TWIN_N_ACKS; manner++) {
        at[TWIN_PLAN_ACKS(manner)] = own->manners[manner];
    }
    at[TWIN_PLAN_TAIL_PACKETS] = own->tail_packets;
    at[TWIN_PLAN_TAIL_PURE] = own->tail_pure;
    at[TWIN_PLAN_ACK_SHARE] = own->pure / (double)MAX(peer->with_payload, 1);
}

/* The right edge of a host's window: how often it moves back, by more than the scale rounds away,
 * and by less. */
typedef struct {
    bool is_known;
    int64_t edge;
    int64_t ack; /* highest */
} Edge;

static void take_edge(Edge *self, const TwinHostPacket *packet, unsigned shift, double *at)
{
    if ((packet->flags & (TWIN_TCP_ACK | TWIN_TCP_SYN | TWIN_TCP_RST)) != TWIN_TCP_ACK) {
        return;
    }
    const int64_t own = packet->edge;
    if (self->is_known && packet->ack < self->ack) {
        return; /* came late: its edge is an old one */
    }
    self->ack = packet->ack;
    if (self->is_known && own < self->edge) {
        const bool shrinks = own < self->edge - (INT64_C(2) << shift);
        at[TWIN_PLAN_WINDOW_SHRINKS] += shrinks ? 1 : 0;
        at[TWIN_PLAN_WINDOW_ROUNDS_DOWN] += !shrinks && shift > 0 ? 1 : 0;
    }
    self->edge = self->is_known ? MAX(self->edge, own) : own;
    self->is_known = true;
}

/* All that a pass over the packets tells of both hosts; payloads are left in memory's values, those
 * of the client first. */
static void plan_packets(const TwinExchange *exchange, const Memory *memory, const size_t n_sent[2],
                         size_t n_payloads_out[2], TwinHostPlan plans[2])
{
    Counts counts[2] = {{.data = 0}, {.data = 0}};
    Edge edges[2] = {{.is_known = false}, {.is_known = false}};
    int64_t *payloads[2] = {memory->values, memory->values + n_sent[0]};
    plans[0].at[TWIN_PLAN_FIN_HAS_DATA] = plans[1].at[TWIN_PLAN_FIN_HAS_DATA] = -1;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        const unsigned side = packet->side;
        count_packet(&counts[side], packet, plans[side].at);
        take_edge(&edges[side], packet, exchange->sides[side].window_shift, plans[side].at);
        *payloads[side] = packet->payload_bytes; /* kept if there are any */
        payloads[side] += packet->payload_bytes > 0 ? 1 : 0;
    }
    n_payloads_out[0] = (size_t)(payloads[0] - memory->values);
    n_payloads_out[1] = (size_t)(payloads[1] - memory->values) - n_sent[0];
    for (unsigned h = 0; h < 2; h++) {
        plan_counts(&counts[h], &counts[1 - h], n_sent[h], plans[h].at);
    }
}

static void plan_payloads(int64_t *payloads, size_t n_payloads, const Memory *memory, double *at)
{
    if (n_payloads > 0) {
        at[TWIN_PLAN_FIRST_PAYLOAD] = (double)payloads[0];
        at[TWIN_PLAN_MEDIAN_PAYLOAD] = median(payloads, n_payloads, memory);
        at[TWIN_PLAN_MAX_PAYLOAD] = (double)payloads[n_payloads - 1];
    }
}

/* Arrivals that were held, of the peer's packets. */
static void plan_holds(const TwinExchange *exchange, const Memory *memory, const size_t n_sent[2],
                       TwinHostPlan plans[2])
{
    int64_t *const held[2] = {memory->values, memory->values + n_sent[0]};
    size_t n_held[2] = {0, 0};
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        const unsigned side = packet->side;
        held[side][n_held[side]] = packet->held_ns;
        n_held[side] += packet->held_ns > TWIN_LEAST_HOLD_NS ? 1 : 0;
    }
    for (unsigned h = 0; h < 2; h++) {
        double *at = plans[1 - h].at;
        at[TWIN_PLAN_HELDS] = (double)n_held[h];
        if (n_held[h] > 0) {
            at[TWIN_PLAN_HOLD_MEDIAN] = median(held[h], n_held[h], memory) * seconds_per_ns;
            at[TWIN_PLAN_HOLD] = (double)held[h][n_held[h] - 1] * seconds_per_ns;
        }
    }
}

static void plan_writes(const TwinExchange *exchange, unsigned host, const Memory *memory,
                        double *at)
{
    size_t n = 0;
    for (size_t w = 0; w < exchange->n_writes; w++) {
        const TwinWrite *write = &exchange->writes[w];
        at[TWIN_PLAN_TURNS] += w > 0 && write->side != exchange->writes[w - 1].side;
        if (write->side == host) {
            memory->values[n++] = write->bytes;
            at[TWIN_PLAN_MAX_SEGMENTS] = MAX(at[TWIN_PLAN_MAX_SEGMENTS], write->n_segments);
        }
    }
    at[TWIN_PLAN_FIRST_WRITER] = exchange->n_writes > 0 ? exchange->writes[0].side : -1;
    at[TWIN_PLAN_WRITES] = (double)n;
    if (n > 0) {
        at[TWIN_PLAN_MEDIAN_WRITE] = median(memory->values, n, memory);
        at[TWIN_PLAN_MAX_WRITE] = (double)memory->values[n - 1];
    }
}

/* ---- windows ---- */

/* Windows that the host offered, in order: of captured packets, resets aside. */
static size_t find_windows(const TwinExchange *exchange, unsigned host, uint16_t *windows_out,
                           double *at)
{
    size_t n = 0;
    bool has_reset = false;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        const bool is_seen = packet->fate == TWIN_FATE_SEEN || packet->fate == TWIN_FATE_LOST;
        if (packet->side != host) {
            continue;
        }
        if ((packet->flags & TWIN_TCP_RST) == 0) {
            if (is_seen) {
                windows_out[n++] = packet->window;
                at[TWIN_PLAN_ZERO_WINDOWS] +=
                    packet->window == 0 && (packet->flags & TWIN_TCP_SYN) == 0;
            }
        } else if (!has_reset) {
            has_reset = true;
            const bool is_same = n > 0 && windows_out[n - 1] == packet->window;
            at[TWIN_PLAN_RST_WINDOW] = is_same ? -1 : packet->window;
        }
    }
    return n;
}

/* Least, median, largest of windows after the first that are not zero; of all if there is none. */
static void plan_later_windows(const uint16_t *windows, size_t n_windows, const Memory *memory,
                               double *at)
{
    size_t n = 0;
    for (size_t w = 1; w < n_windows; w++) {
        memory->values[n] = windows[w];
        n += windows[w] > 0 ? 1 : 0;
    }
    if (n == 0) {
        for (; n < n_windows; n++) {
            memory->values[n] = windows[n];
        }
    }
    at[TWIN_PLAN_WINDOW_MEDIAN] = median(memory->values, n, memory);
    at[TWIN_PLAN_WINDOW_LEAST] = (double)memory->values[0];
    at[TWIN_PLAN_WINDOW_MOST] = (double)memory->values[n - 1];
}

/* @windows: room for what the host offers; left with those that are dealt. @return how many. */
static size_t plan_windows(const TwinExchange *exchange, unsigned host, const Memory *memory,
                           uint16_t *windows, double *at)
{
    const size_t n = find_windows(exchange, host, windows, at);
    if (n == 0) {
        at[TWIN_PLAN_WINDOW_SYN] = at[TWIN_PLAN_WINDOW_FIRST] = at[TWIN_PLAN_WINDOW_LEAST] =
            at[TWIN_PLAN_WINDOW_MEDIAN] = at[TWIN_PLAN_WINDOW_MOST] = UNKNOWN_WINDOW;
        return 0;
    }
    at[TWIN_PLAN_WINDOW_SYN] = windows[0];
    at[TWIN_PLAN_WINDOW_FIRST] = windows[n > 1 ? 1 : 0];
    plan_later_windows(windows, n, memory, at);
    size_t n_dealt = 0;
    uint16_t before = windows[0];
    for (size_t w = 1; w < n; w++) {
        const uint16_t window = windows[w];
        const bool has_moved = window != before;
        before = window;
        at[TWIN_PLAN_WINDOW_MOVES] += has_moved;
        if (has_moved && w > 1) {
            windows[n_dealt++] = window;
        }
    }
    return n_dealt;
}

/* ---- all of it ---- */

static void plan_path(const TwinExchange *exchange, unsigned host, double *at)
{
    const TwinHostSide *own = &exchange->sides[host];
    const TwinHostSide *peer = &exchange->sides[1 - host];
    at[TWIN_PLAN_LABEL] = exchange->label;
    at[TWIN_PLAN_HALF] = (double)own->half_ns * seconds_per_ns;
    at[TWIN_PLAN_PEER_HALF] = (double)peer->half_ns * seconds_per_ns;
    at[TWIN_PLAN_IS_FAR] = own->half_ns > peer->half_ns;
    at[TWIN_PLAN_DURATION] =
        (double)exchange->packets[exchange->n_packets - 1].captured_ns * seconds_per_ns;
    at[TWIN_PLAN_OPENS] = exchange->packets[0].side == host;
    at[TWIN_PLAN_WINDOW_SHIFT] = own->window_shift;
    at[TWIN_PLAN_TIMESTAMPS] = own->has_timestamps;
    at[TWIN_PLAN_SACK] = own->may_sack;
}

bool twin_exchange_plan(const TwinExchange *exchange, TwinExchangePlan *plan_out)
{
    Memory memory;
    if (!reserve(plan_out, exchange->n_packets, &memory)) {
        return false;
    }
    memset(plan_out->hosts, 0, sizeof plan_out->hosts);
    memset(plan_out->n_deck, 0, sizeof plan_out->n_deck);
    memset(plan_out->n_windows, 0, sizeof plan_out->n_windows);
    if (exchange->n_packets == 0) {
        return true;
    }
    Passing hosts[2] = {{.acked = 0}, {.acked = 0}};
    pass_events(exchange, hosts);
    plan_delays(exchange, hosts, &memory, plan_out);
    const size_t n_sent[2] = {hosts[0].n_sent, hosts[1].n_sent};
    size_t n_payloads[2];
    plan_packets(exchange, &memory, n_sent, n_payloads, plan_out->hosts);
    plan_payloads(memory.values, n_payloads[0], &memory, plan_out->hosts[0].at);
    plan_payloads(memory.values + n_sent[0], n_payloads[1], &memory, plan_out->hosts[1].at);
    plan_holds(exchange, &memory, n_sent, plan_out->hosts);
    uint16_t *windows = memory.windows;
    for (unsigned h = 0; h < 2; h++) {
        double *at = plan_out->hosts[h].at;
        plan_passing(&plan_out->hosts[h], &hosts[h]);
        plan_writes(exchange, h, &memory, at);
        plan_path(exchange, h, at);
        plan_out->windows[h] = windows;
        plan_out->n_windows[h] = (uint32_t)plan_windows(exchange, h, &memory, windows, at);
        windows += plan_out->n_windows[h];
    }
    return true;
}
