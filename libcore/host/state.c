/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/state.h"

#include "host/decades.h"
#include "host/delayed_ack.h"
#include "host/round_trip.h"
#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

enum {
    FIN = TWIN_TCP_FIN,
    SYN = TWIN_TCP_SYN,
    RST = TWIN_TCP_RST,
    PSH = TWIN_TCP_PSH,
    ACK = TWIN_TCP_ACK
};

enum { MOST_SHIFT = 14 }; /* RFC 7323, 2.3 */

/* Slow start after idle: the congestion window falls back. */
#define IDLE_NS INT64_C(250000000)

/* Entries that parents see as decades of seconds, and what is added lest it be the log of 0. */
static const struct {
    uint8_t entry;
    double least;
} times[] = {
    {TWIN_PLAN_HALF, 1e-7}, {TWIN_PLAN_PEER_HALF, 1e-7},   {TWIN_PLAN_DURATION, 1e-6},
    {TWIN_PLAN_HOLD, 1e-7}, {TWIN_PLAN_HOLD_MEDIAN, 1e-7},
};

static void fix_parents(TwinHosts *self, unsigned host)
{
    const double *plan = self->plan[host].at;
    for (size_t i = TWIN_N_COUNTS; i < TWIN_N_PLAN; i++) {
        self->fixed[host][i - TWIN_N_COUNTS] = (float)plan[i];
    }
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        const double seconds = MAX(plan[times[i].entry], 0);
        self->fixed[host][times[i].entry - TWIN_N_COUNTS] =
            (float)twin_log10(seconds + times[i].least);
    }
}

static void begin_host(TwinHostState *s, const double *plan, int64_t now_ns)
{
    *s = (TwinHostState){
        .event = {-1, -1, -1},
        .event_bytes = -1,
        .sent_bytes = -1,
        .arrived_bytes = -1,
        .start_ns = now_ns,
        .now_ns = now_ns,
        .arrival_ns = TWIN_LONG_AGO_NS,
        .send_ns = TWIN_LONG_AGO_NS,
        .data_arrival_ns = TWIN_LONG_AGO_NS,
        .data_send_ns = TWIN_LONG_AGO_NS,
        .armed_ns = TWIN_LONG_AGO_NS,
        .recent = -1,
        .window = -1,
        .last_window = -1,
        .edge = -1,
        .peer_edge = -1,
        .topped = -1,
        .congestion_window = TWIN_INITIAL_CONGESTION,
        .receive_mss = TWIN_LEAST_RECEIVE_MSS,
        .rto_ns = TWIN_FIRST_RTO_NS,
        .moves_left = plan[TWIN_PLAN_WINDOW_MOVES],
    };
    memcpy(s->left, plan, sizeof s->left);
}

void twin_hosts_begin(TwinHosts *self, const TwinHostPlan *plans, const TwinDialogue *dialogue,
                      int64_t now_ns)
{
    self->plan = plans;
    self->dialogue = dialogue;
    memset(self->arrived, 0, sizeof self->arrived);
    for (unsigned h = 0; h < 2; h++) {
        begin_host(&self->host[h], plans[h].at, now_ns);
        fix_parents(self, h);
    }
}

static void note_event(TwinHostState *s, int32_t event, uint32_t payload_bytes, int64_t now_ns)
{
    s->event[2] = s->event[1];
    s->event[1] = s->event[0];
    s->event[0] = event;
    s->event_bytes = (int32_t)payload_bytes;
    s->now_ns = now_ns;
}

static bool is_pure(const TwinHostPacket *k)
{
    return k->payload_bytes == 0 && (k->flags & (SYN | FIN | RST)) == 0 &&
           k->move != TWIN_MOVE_PROBE;
}

/* What a packet counts for at its sender and, when it arrives, at its peer: @sign −1 or 1. */
static void count_packet(double *counts, const TwinHostPacket *k, double sign)
{
    counts[TWIN_PLAN_PACKETS] += sign;
    if (k->move == TWIN_MOVE_AGAIN) {
        counts[TWIN_PLAN_AGAINS] += sign;
    } else {
        if (k->move == TWIN_MOVE_NEW && k->payload_bytes > 0) {
            counts[TWIN_PLAN_DATA] += sign;
            counts[TWIN_PLAN_BYTES] += sign * k->payload_bytes;
            counts[TWIN_PLAN_PUSHED] += (k->flags & PSH) != 0 ? sign : 0;
        }
        counts[TWIN_PLAN_SYNS] += (k->flags & SYN) != 0 ? sign : 0;
        counts[TWIN_PLAN_FINS] += (k->flags & FIN) != 0 ? sign : 0;
    }
    counts[TWIN_PLAN_RSTS] += (k->flags & RST) != 0 ? sign : 0;
    counts[TWIN_PLAN_PROBES] += k->move == TWIN_MOVE_PROBE ? sign : 0;
    counts[TWIN_PLAN_PURE] += is_pure(k) ? sign : 0;
}

static bool is_loss(const TwinHostPacket *k)
{
    return k->fate == TWIN_FATE_LOST && k->size > 0 && k->move == TWIN_MOVE_NEW &&
           (k->flags & RST) == 0;
}

static bool is_thought(unsigned delay_class)
{
    return delay_class == TWIN_DELAY_ANSWER || delay_class >= TWIN_DELAY_CLOSE;
}

static void count_sent(TwinHostState *s, const TwinHostPacket *k)
{
    count_packet(s->left, k, -1);
    s->left[TWIN_PLAN_LOSTS] -= is_loss(k);
    s->left[TWIN_PLAN_HIDDENS] -= k->fate == TWIN_FATE_HIDDEN;
    s->left[TWIN_PLAN_MISSED] -= k->fate == TWIN_FATE_MISSED;
    s->left[TWIN_PLAN_ODDS] -= k->move == TWIN_MOVE_ODD;
    s->left[TWIN_PLAN_IDLE] -= is_pure(k) && s->n_unacked == 0;
    if (k->ack_manner != TWIN_ACK_EXACT) {
        s->left[TWIN_PLAN_ACKS(k->ack_manner)] -= 1;
    }
    if (is_thought(k->delay_class)) {
        s->left[TWIN_PLAN_THINK] -= (double)k->delay_ns * 1e-9;
    }
}

/* A segment in flight more. */
static void fly(TwinHosts *self, unsigned host, int64_t now_ns)
{
    TwinHostState *const s = &self->host[host];
    TwinFlightEntry *const ring = self->flight[host];
    if (s->n_flown == s->oldest && now_ns - s->data_send_ns > IDLE_NS &&
        s->congestion_window > TWIN_INITIAL_CONGESTION) {
        s->congestion_window = TWIN_INITIAL_CONGESTION;
        s->most_flight = 0;
    }
    if (twin_host_n_flight(s) == TWIN_MAX_FLIGHT) {
        ring[(s->n_flown - 1) % TWIN_MAX_FLIGHT].end = s->next;
        return;
    }
    ring[s->n_flown % TWIN_MAX_FLIGHT] = (TwinFlightEntry){.end = s->next, .sent_ns = now_ns};
    s->n_flown++;
    s->most_flight = MAX(s->most_flight, (uint32_t)(s->n_flown - s->oldest));
}

static void send_numbers(TwinHosts *self, const TwinHostPacket *k)
{
    TwinHostState *const s = &self->host[k->side];
    if (k->seq + k->size > s->next && k->move != TWIN_MOVE_ODD) {
        s->next = k->seq + k->size;
        if (k->payload_bytes > 0) {
            fly(self, k->side, k->sent_ns);
        }
    }
    s->most = MAX(s->most, s->next - s->unacked);
}

static void go_on_with_write(TwinHosts *self, const TwinHostPacket *k)
{
    TwinHostState *const s = &self->host[k->side];
    if (s->write_segments <= 0) {
        const size_t next = twin_dialogue_next(self->dialogue, k->side, s->next_write);
        if (next < self->dialogue->n_writes) {
            s->write_segments = self->dialogue->writes[next].n_segments;
            s->write_bytes = self->dialogue->writes[next].bytes;
            s->write_done = 0;
            s->next_write = (uint32_t)next + 1;
            s->left[TWIN_PLAN_WRITES] -= 1;
        }
    }
    s->write_segments -= 1;
    s->write_bytes -= k->payload_bytes;
    s->write_done = s->write_segments <= 0 ? 0 : s->write_done + 1;
}

static void take_window(TwinHosts *self, const TwinHostPacket *k)
{
    TwinHostState *const s = &self->host[k->side];
    if ((k->flags & RST) != 0) {
        return;
    }
    s->window_code = (uint8_t)twin_host_window_code(self, k);
    if (s->window >= 0 && k->window != s->window) {
        s->moves_left -= 1;
        s->last_window = s->window;
        s->since_move_bytes = 0;
    }
    if ((k->flags & (SYN | ACK)) == ACK) {
        s->edge = MAX(s->edge, twin_host_edge(self, k));
    }
    s->window = k->window;
}

/* The clocks and runs that parents see. */
static void note_send(TwinHostState *s, const TwinHostPacket *k)
{
    s->sent_syn += (k->flags & SYN) != 0;
    s->sent_fin += (k->flags & FIN) != 0;
    s->sent_rst += (k->flags & RST) != 0;
    if (k->payload_bytes > 0) {
        s->sent_bytes = (int32_t)k->payload_bytes;
        s->data_send_ns = k->sent_ns;
    }
    s->send_ns = k->sent_ns;
    s->n_sends = s->n_arrivals == 0 ? s->n_sends + 1 : 1;
    s->n_arrivals = 0;
    s->n_sent++;
    s->newly_acked = 0;
    s->held_ns = 0;
    note_event(s, k->kind, k->payload_bytes, k->sent_ns);
}

void twin_host_send(TwinHosts *self, const TwinHostPacket *packet)
{
    TwinHostState *const s = &self->host[packet->side];
    count_sent(s, packet);
    twin_delayed_ack_send(s, packet);
    twin_round_trip_send(s, packet);
    if ((packet->flags & ACK) != 0) {
        s->n_unacked = 0;
        s->unacked_bytes = 0;
    }
    send_numbers(self, packet);
    if (packet->write >= 0 && packet->move == TWIN_MOVE_NEW) {
        go_on_with_write(self, packet);
    }
    if (packet->delay_class == TWIN_DELAY_ANSWER) {
        const double longest = self->plan[packet->side].at[TWIN_PLAN_DELAY(TWIN_DELAY_ANSWER) + 4];
        const double delay = twin_log10((double)MAX(packet->delay_ns, 0) + 1000) - 9;
        s->topped = MAX(s->topped, delay - longest + 10);
    }
    take_window(self, packet);
    if ((packet->flags & (ACK | RST)) == ACK) {
        s->last_ack = MAX(s->last_ack, packet->ack);
    }
    note_send(s, packet);
}

/* Takes in ranges that have become the next in order. */
static void close_holes(TwinHostState *s)
{
    for (size_t i = 0; i < s->n_out_of_order;) {
        if (s->out_of_order[i][0] > s->received) {
            i++;
            continue;
        }
        s->received = MAX(s->received, s->out_of_order[i][1]);
        s->n_out_of_order--;
        memmove(s->out_of_order[i], s->out_of_order[i + 1],
                (s->n_out_of_order - i) * sizeof s->out_of_order[0]);
        i = 0; /* an older one may go with it */
    }
}

static void keep_out_of_order(TwinHostState *s, int64_t from, int64_t to)
{
    const uint32_t n = s->n_out_of_order;
    if (n > 0 && s->out_of_order[n - 1][1] == from) {
        s->out_of_order[n - 1][1] = to;
    } else if (n < TWIN_MAX_OUT_OF_ORDER) {
        s->out_of_order[n][0] = from;
        s->out_of_order[n][1] = to;
        s->n_out_of_order++;
    }
}

static void receive_numbers(TwinHostState *s, const TwinHostPacket *k)
{
    if (k->size == 0 || ((k->flags & RST) != 0 && k->move != TWIN_MOVE_ODD)) {
        return;
    }
    s->n_unacked++;
    if (k->move == TWIN_MOVE_ODD) {
        return;
    }
    s->unacked_bytes += k->payload_bytes;
    const int64_t end = k->seq + k->size;
    if (k->seq > s->received) {
        keep_out_of_order(s, k->seq, end);
    } else if (s->received < end) {
        s->received = end;
        close_holes(s);
    }
}

static void receive_ack(TwinHosts *self, unsigned host, const TwinHostPacket *k, int64_t now_ns)
{
    TwinHostState *const s = &self->host[host];
    const TwinFlightEntry *const ring = self->flight[host];
    if (k->ack <= s->unacked) {
        s->n_duplicates += k->size == 0;
        return;
    }
    s->newly_acked = k->ack - s->unacked;
    s->unacked = k->ack;
    s->n_duplicates = 0;
    const TwinFlightEntry *const oldest =
        s->oldest < s->n_flown ? &ring[s->oldest % TWIN_MAX_FLIGHT] : NULL;
    twin_round_trip_acked(
        s, oldest != NULL && oldest->end <= k->ack ? oldest->sent_ns : TWIN_LONG_AGO_NS, now_ns);
    uint32_t n_acked = 0;
    while (s->oldest < s->n_flown && ring[s->oldest % TWIN_MAX_FLIGHT].end <= k->ack) {
        s->oldest++;
        n_acked++;
    }
    if (2 * (uint64_t)s->most_flight > s->congestion_window) {
        s->congestion_window += n_acked;
    }
}

static void receive_write(TwinHostState *s, int32_t write)
{
    if (write > s->peer_write || (s->peer_write == 0 && s->peer_done == 0)) {
        s->peer_write = write;
        s->peer_done = 0;
    }
    s->peer_done += write == s->peer_write;
}

static void note_arrival(TwinHostState *s, const TwinHostPacket *k, int64_t now_ns)
{
    s->got_syn += (k->flags & SYN) != 0;
    s->got_fin += (k->flags & FIN) != 0;
    s->got_rst += (k->flags & RST) != 0;
    if (k->payload_bytes > 0) {
        s->arrived_bytes = (int32_t)k->payload_bytes;
        s->data_arrival_ns = now_ns;
    }
    s->arrival_ns = now_ns;
    s->n_arrivals = s->n_sends == 0 ? s->n_arrivals + 1 : 1;
    s->n_sends = 0;
    s->held_ns = k->held_ns;
    s->left[TWIN_PLAN_HELDS] -= k->held_ns > TWIN_LEAST_HOLD_NS;
    note_event(s, TWIN_ARRIVAL_EVENT + k->kind, k->payload_bytes, now_ns);
}

/* Numbers before the first packet that arrives are not missing: the flow was joined midway. */
static void join_midway(TwinHostState *s, const TwinHostPacket *k)
{
    if (s->got_syn + s->got_fin == 0 && s->received_bytes == 0 && s->received == 0 &&
        (k->flags & (SYN | RST)) == 0 && k->move != TWIN_MOVE_ODD) {
        s->received = MAX(s->received, k->seq);
    }
}

void twin_host_arrive(TwinHosts *self, const TwinHostPacket *packet, int32_t index, int64_t now_ns)
{
    const unsigned host = 1U - packet->side;
    TwinHostState *const s = &self->host[host];
    join_midway(s, packet);
    if (packet->payload_bytes > 0 && (packet->flags & RST) == 0 && packet->move != TWIN_MOVE_ODD) {
        twin_delayed_ack_receive(s, packet, now_ns);
    }
    receive_numbers(s, packet);
    s->received_bytes += packet->payload_bytes;
    if ((s->recent < 0 || packet->seq <= s->last_ack) && (packet->flags & RST) == 0) {
        s->recent = index;
    }
    s->peer_edge = MAX(s->peer_edge, twin_host_edge(self, packet));
    s->newly_acked = 0;
    if ((packet->flags & ACK) != 0) {
        receive_ack(self, host, packet, now_ns);
    }
    if (packet->write >= 0) {
        receive_write(s, packet->write);
    }
    note_arrival(s, packet, now_ns);
    count_packet(self->arrived[host], packet, 1);
}

unsigned twin_host_shift(const TwinHosts *self, unsigned host, uint16_t flags)
{
    const double shift = self->plan[host].at[TWIN_PLAN_WINDOW_SHIFT];
    return (flags & SYN) != 0 ? 0 : (unsigned)twin_plan_whole(shift, MOST_SHIFT);
}

int64_t twin_host_edge(const TwinHosts *self, const TwinHostPacket *packet)
{
    if ((packet->flags & (ACK | RST)) != ACK) {
        return 0;
    }
    const unsigned shift = twin_host_shift(self, packet->side, packet->flags);
    return packet->ack + ((int64_t)packet->window << shift);
}

int64_t twin_host_edge_window(const TwinHosts *self, unsigned host, int64_t ack)
{
    const int64_t unit = INT64_C(1) << twin_host_shift(self, host, 0);
    const int64_t room = self->host[host].edge - ack;
    return room > 0 ? (room + unit - 1) / unit : room / unit;
}

TwinWindowCode twin_host_window_code(const TwinHosts *self, const TwinHostPacket *packet)
{
    const TwinHostState *const s = &self->host[packet->side];
    if (s->window < 0) {
        return TWIN_WINDOW_STEP;
    }
    if (packet->window == s->window) {
        return TWIN_WINDOW_STILL;
    }
    if (packet->window == 0) {
        return TWIN_WINDOW_ZERO;
    }
    const int64_t keeps = twin_host_edge_window(self, packet->side, packet->ack);
    return packet->window == keeps ? TWIN_WINDOW_EDGE : TWIN_WINDOW_STEP;
}

double twin_host_chances(const TwinHosts *self, unsigned host)
{
    const TwinHostState *const s = &self->host[host];
    const double *const peer = self->plan[1 - host].at;
    const double *const own = self->plan[host].at;
    const double *const arrived = self->arrived[host];
    double n = peer[TWIN_PLAN_DATA] - arrived[TWIN_PLAN_DATA] + peer[TWIN_PLAN_SYNS] -
               arrived[TWIN_PLAN_SYNS] + peer[TWIN_PLAN_FINS] - arrived[TWIN_PLAN_FINS];
    if (s->sent_fin == 0 && own[TWIN_PLAN_FINS] > 0) {
        n -= own[TWIN_PLAN_DATA_AFTER_FIN] + own[TWIN_PLAN_FINS_AFTER_FIN];
    }
    return n + (s->n_unacked > 0);
}
