/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/analysis.h"
#include "eval/views.h"
#include "flow/connection.h"
#include "packet/tcp.h"

#include <math.h>
#include <string.h>

enum { N_SIDES = 2 };

/* What is seen of one side, in the order of its columns. */
typedef enum {
    FIRST_WINDOW,
    SECOND_WINDOW,
    LAST_WINDOW,
    LEAST_WINDOW,
    MOST_WINDOW,
    STILL_WINDOWS, /* share of packets whose window is that of the one before */
    WINDOW_SHIFT,
    MSS,
    SACK_PERMITTED,
    TIMESTAMPS, /* share of packets */
    STILL_STAMPS,
    STAMP_RATE, /* ticks a second */
    STILL_ACKS, /* share of packets whose acknowledgement is that of the one before */
    MEAN_ACK_MOVE,
    UNACKED, /* mean number of octets that the acknowledgement leaves open */
    SEQ_BACK,
    LEAST_TTL,
    MOST_TTL,
    ZERO_IDS,
    NEXT_IDS, /* share of packets whose IP-ID is one more than the one before */
    DONT_FRAGMENT,
    SYN_OPTION_BYTES,
    N_OF_SIDE,
} Feature;

static const char *const feature_names[N_OF_SIDE] = {
    [FIRST_WINDOW] = "first window",
    [SECOND_WINDOW] = "second window",
    [LAST_WINDOW] = "last window",
    [LEAST_WINDOW] = "smallest window",
    [MOST_WINDOW] = "largest window",
    [STILL_WINDOWS] = "share of unmoved windows",
    [WINDOW_SHIFT] = "window scale",
    [MSS] = "MSS",
    [SACK_PERMITTED] = "SACK permitted",
    [TIMESTAMPS] = "share with timestamps",
    [STILL_STAMPS] = "share of unmoved timestamps",
    [STAMP_RATE] = "timestamp ticks per second",
    [STILL_ACKS] = "share of unmoved acknowledgements",
    [MEAN_ACK_MOVE] = "mean step of acknowledgements",
    [UNACKED] = "mean octets left unacknowledged",
    [SEQ_BACK] = "share of sequence numbers that go back",
    [LEAST_TTL] = "smallest TTL",
    [MOST_TTL] = "largest TTL",
    [ZERO_IDS] = "share of IP-IDs that are 0",
    [NEXT_IDS] = "share of IP-IDs that count up by one",
    [DONT_FRAGMENT] = "share with Don't Fragment",
    [SYN_OPTION_BYTES] = "bytes of SYN options",
};

enum { N_WIRE = N_SIDES * N_OF_SIDE + TWIN_N_ANALYSES };

/* One side while its packets go by. */
typedef struct {
    double n, n_acks, n_stamps;
    double sums[N_OF_SIDE];
    double acked;           /* octets that its acknowledgements moved by */
    const TwinPacket *last; /* NULL: none yet */
    const TwinPacket *first_stamp, *last_stamp;
    uint32_t next; /* one past the highest octet that it has sent */
    bool has_next;
} Side;

static void take_window(Side *self, const TwinPacket *packet)
{
    const double window = packet->window;
    double *sums = self->sums;
    if (self->n == 0) {
        sums[FIRST_WINDOW] = window;
        sums[LEAST_WINDOW] = window;
    }
    if (self->n == 1) {
        sums[SECOND_WINDOW] = window;
    }
    sums[LAST_WINDOW] = window;
    sums[LEAST_WINDOW] = MIN(sums[LEAST_WINDOW], window);
    sums[MOST_WINDOW] = MAX(sums[MOST_WINDOW], window);
    sums[STILL_WINDOWS] += self->last != NULL && self->last->window == packet->window ? 1 : 0;
}

static void take_options(Side *self, const TwinPacket *packet)
{
    double *sums = self->sums;
    if (packet->mss_bytes > 0) {
        sums[MSS] = packet->mss_bytes;
    }
    if ((packet->bits & TWIN_PACKET_WINDOW_SCALE) != 0) {
        sums[WINDOW_SHIFT] = packet->window_shift + 1.0; /* 0: none */
    }
    if ((packet->bits & TWIN_PACKET_SACK_PERMITTED) != 0) {
        sums[SACK_PERMITTED] = 1;
    }
    if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0) {
        sums[STILL_STAMPS] +=
            self->last_stamp != NULL && self->last_stamp->ts_value == packet->ts_value ? 1 : 0;
        self->first_stamp = self->first_stamp != NULL ? self->first_stamp : packet;
        self->last_stamp = packet;
        self->n_stamps++;
    }
}

static void take_numbers(Side *self, const Side *peer, const TwinPacket *packet)
{
    double *sums = self->sums;
    const uint32_t end = packet->seq + packet->payload_bytes +
                         ((packet->flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0 ? 1 : 0);
    sums[SEQ_BACK] += self->has_next && twin_seq_diff(packet->seq, self->next) < 0 ? 1 : 0;
    if (!self->has_next || twin_seq_diff(end, self->next) > 0) {
        self->next = end;
        self->has_next = true;
    }
    if ((packet->flags & TWIN_TCP_ACK) == 0) {
        return;
    }
    if (peer->has_next) {
        sums[UNACKED] += (double)twin_seq_diff(peer->next, packet->ack);
    }
    if (self->last != NULL && (self->last->flags & TWIN_TCP_ACK) != 0) {
        const int32_t step = twin_seq_diff(packet->ack, self->last->ack);
        sums[STILL_ACKS] += step == 0 ? 1 : 0;
        self->acked += (double)step;
    }
    self->n_acks++;
}

static void take_ip(Side *self, const TwinPacket *packet)
{
    double *sums = self->sums;
    if (self->n == 0) {
        sums[LEAST_TTL] = packet->ttl;
    }
    sums[LEAST_TTL] = MIN(sums[LEAST_TTL], (double)packet->ttl);
    sums[MOST_TTL] = MAX(sums[MOST_TTL], (double)packet->ttl);
    sums[ZERO_IDS] += packet->ip_id == 0 ? 1 : 0;
    sums[NEXT_IDS] +=
        self->last != NULL && (uint16_t)(self->last->ip_id + 1) == packet->ip_id ? 1 : 0;
    sums[DONT_FRAGMENT] += (packet->bits & TWIN_PACKET_DONT_FRAGMENT) != 0 ? 1 : 0;
}

static double per(double sum, double n)
{
    return n > 0 ? sum / n : 0;
}

/* Counts to shares. A side that never spoke has -1 everywhere. */
static void write_side(const Side *self, double syn_option_bytes, float *values_out)
{
    static const Feature shares[] = {STILL_WINDOWS, SEQ_BACK, ZERO_IDS, NEXT_IDS, DONT_FRAGMENT};
    double values[N_OF_SIDE];
    memcpy(values, self->sums, sizeof values);
    for (size_t i = 0; i < G_N_ELEMENTS(shares); i++) {
        values[shares[i]] = per(values[shares[i]], self->n);
    }
    values[TIMESTAMPS] = per(self->n_stamps, self->n);
    values[STILL_STAMPS] = per(values[STILL_STAMPS], self->n_stamps);
    values[STILL_ACKS] = per(values[STILL_ACKS], self->n_acks);
    values[MEAN_ACK_MOVE] = per(self->acked, self->n_acks);
    values[UNACKED] = per(values[UNACKED], self->n_acks);
    values[SYN_OPTION_BYTES] = syn_option_bytes;
    if (self->n_stamps > 1) {
        const int64_t time_ns = self->last_stamp->time_ns - self->first_stamp->time_ns;
        const int32_t ticks =
            twin_seq_diff(self->last_stamp->ts_value, self->first_stamp->ts_value);
        values[STAMP_RATE] = time_ns > 0 ? (double)ticks / ((double)time_ns / 1e9) : 0;
    }
    for (size_t i = 0; i < N_OF_SIDE; i++) {
        values_out[i] = self->n > 0 ? (float)values[i] : -1;
    }
}

static void fill_wire_row(const TwinFlows *flows, const TwinFlow *flow, float *values_out)
{
    Side sides[N_SIDES] = {{.n = 0}};
    TwinAnalysis analysis = {.has_syn = false};
    double kinds[TWIN_N_ANALYSES] = {0};
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const unsigned side = twin_flow_side(flow, packet);
        Side *own = &sides[side];
        take_window(own, packet);
        take_options(own, packet);
        take_numbers(own, &sides[1 - side], packet);
        take_ip(own, packet);
        own->last = packet;
        own->n++;
        const unsigned found = twin_analysis_packet(&analysis, packet);
        for (size_t i = 0; i < TWIN_N_ANALYSES; i++) {
            kinds[i] += (found >> i & 1) != 0 ? 1 : 0;
        }
    }
    for (size_t s = 0; s < N_SIDES; s++) {
        const size_t side = s == 0 ? flow->client : 1U - flow->client;
        write_side(&sides[s], flow->syn_option_bytes[side], &values_out[s * N_OF_SIDE]);
    }
    for (size_t i = 0; i < TWIN_N_ANALYSES; i++) {
        values_out[(size_t)N_SIDES * N_OF_SIDE + i] = (float)(kinds[i] / (double)flow->n_packets);
    }
}

static void fill_wire(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                      TwinMatrix *matrix)
{
    twin_view_fill_rows(judge, parts, n_parts, matrix, fill_wire_row);
}

/* "client: first window"; the analyses are of both. Made once, since a view is static. */
static const char *wire_name(size_t column)
{
    const size_t n_of_sides = (size_t)N_SIDES * N_OF_SIDE;
    if (column >= n_of_sides) {
        return twin_analysis_info((TwinAnalysisKind)(column - n_of_sides))->title;
    }
    g_autofree char *name = g_strdup_printf("%s: %s", column < N_OF_SIDE ? "client" : "server",
                                            feature_names[column % N_OF_SIDE]);
    return g_intern_string(name);
}

const TwinView twin_view_wire = {"wire", "Wire: numbers, windows, options, TTL, IP-ID", N_WIRE,
                                 wire_name, fill_wire};
