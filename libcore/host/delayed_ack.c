/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/delayed_ack.h"

#include "packet/tcp.h"

#include <glib.h>

enum {
    MOST_RECEIVE_MSS = 1460,
    LEAST_QUICK = 2,
    MOST_QUICK = 16, /* TCP_MAX_QUICKACKS */
    MOST_PINGPONG = 3,
};

#define LONGEST_ATO_NS       INT64_C(500000000) /* TCP_DELACK_MAX's neighbour: HZ / 2 */
#define PINGPONG_ATO_NS      INT64_C(200000000) /* TCP_DELACK_MAX */
#define LEAST_TIMER_DELAY_NS INT64_C(15000000)

int64_t twin_host_ack_timer_ns(const TwinHostState *self)
{
    if (self->ato_ns <= TWIN_DELAYED_ACK_NS) {
        return TWIN_DELAYED_ACK_NS;
    }
    int64_t most = self->pingpong > 0 || self->n_pushed > 0 ? PINGPONG_ATO_NS : LONGEST_ATO_NS;
    if (self->srtt_ns > 0) {
        const int64_t round_trip = MAX(self->srtt_ns, TWIN_DELAYED_ACK_NS);
        most = MIN(most, round_trip);
    }
    return MIN(self->ato_ns, most);
}

TwinVerdict twin_host_verdict(const TwinHostState *self)
{
    if (self->n_unacked == 0) {
        return TWIN_VERDICT_NOTHING;
    }
    if (self->n_out_of_order > 0 || self->unacked_bytes > self->receive_mss ||
        self->unacked_bytes == 0) {
        return TWIN_VERDICT_AT_ONCE;
    }
    if (self->quick > 0 && self->pingpong == 0) {
        return TWIN_VERDICT_QUICK;
    }
    if (self->n_pushed > 1 || (self->n_pushed > 0 && self->pingpong == 0)) {
        return TWIN_VERDICT_ON_READ;
    }
    return TWIN_VERDICT_TIMER;
}

/* tcp_incr_quickack() */
static void give_quick(TwinHostState *s)
{
    const int64_t window = s->edge > 0 ? s->edge - s->last_ack : MAX(s->window, 0);
    const int64_t wanted = window / (2 * s->receive_mss);
    const int32_t budget = (int32_t)CLAMP(wanted, LEAST_QUICK, MOST_QUICK);
    s->quick = MAX(s->quick, budget);
}

/* tcp_event_data_recv(): the delayed-ACK time follows the gaps between arrivals. */
static void follow_gap(TwinHostState *s, int64_t gap_ns)
{
    if (gap_ns <= TWIN_DELAYED_ACK_NS / 2) {
        s->ato_ns = s->ato_ns / 2 + TWIN_DELAYED_ACK_NS / 2;
    } else if (gap_ns < s->ato_ns) {
        const int64_t wanted = s->ato_ns / 2 + gap_ns;
        s->ato_ns = MIN(wanted, s->rto_ns);
    } else if (gap_ns > s->rto_ns) {
        give_quick(s);
    }
}

void twin_delayed_ack_receive(TwinHostState *s, const TwinHostPacket *packet, int64_t now_ns)
{
    const int64_t payload = packet->payload_bytes;
    if (payload >= s->receive_mss) {
        s->receive_mss = MIN(payload, MOST_RECEIVE_MSS);
    }
    if (s->n_unacked == 0) {
        s->first_unacked_ns = now_ns;
    }
    s->n_pushed += (packet->flags & TWIN_TCP_PSH) != 0;
    if (packet->seq + packet->size <= s->received) { /* a duplicate */
        s->pingpong = 0;
        s->ato_ns = TWIN_DELAYED_ACK_NS;
        give_quick(s);
    } else if (s->ato_ns <= 0) {
        give_quick(s);
        s->ato_ns = TWIN_DELAYED_ACK_NS;
    } else {
        follow_gap(s, now_ns - s->data_arrival_ns);
    }
    s->since_move_bytes += payload;
    s->last_was_full = payload >= s->receive_mss;
}

/* tcp_delack_timer_handler(), seen from the ACK that it sends. */
static void go_off(TwinHostState *s)
{
    if (s->pingpong > 0) {
        s->pingpong = 0;
        s->ato_ns = TWIN_DELAYED_ACK_NS;
    } else {
        s->ato_ns = MIN(2 * s->ato_ns, s->rto_ns);
    }
}

static bool is_timers(const TwinHostState *s, const TwinHostPacket *packet)
{
    const int64_t waited_ns = packet->sent_ns - s->first_unacked_ns;
    return packet->payload_bytes == 0 && twin_host_has_unacked_data(s) &&
           packet->delay_ns > LEAST_TIMER_DELAY_NS &&
           (double)waited_ns > .85 * (double)twin_host_ack_timer_ns(s);
}

void twin_delayed_ack_send(TwinHostState *s, const TwinHostPacket *packet)
{
    if ((packet->flags & (TWIN_TCP_ACK | TWIN_TCP_RST)) == TWIN_TCP_ACK) {
        if (s->n_unacked > 0 && s->quick > 0) {
            s->quick--;
            if (s->quick == 0) {
                s->ato_ns = TWIN_DELAYED_ACK_NS;
            }
        }
        if (is_timers(s, packet)) {
            go_off(s);
        }
        s->n_pushed = 0;
    }
    if (packet->payload_bytes > 0 && packet->sent_ns - s->data_arrival_ns < s->ato_ns &&
        s->pingpong < MOST_PINGPONG) {
        s->pingpong++;
    }
}
