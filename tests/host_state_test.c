/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/parents.h"
#include "host/state.h"
#include "packet/tcp.h"

#include <glib.h>
#include <math.h>

enum { SYN = TWIN_TCP_SYN, ACK = TWIN_TCP_ACK, PUSHED = TWIN_TCP_ACK | TWIN_TCP_PSH };

#define MS INT64_C(1000000)

/* Two hosts with a dialogue, and what they said. */
typedef struct {
    TwinHosts *hosts;
    TwinHostPlan plans[2];
    TwinDialogue dialogue;
} Case;

static void begin(Case *self, const TwinWrite *writes, size_t n_writes)
{
    *self = (Case){.hosts = g_new0(TwinHosts, 1)};
    for (unsigned h = 0; h < 2; h++) {
        self->plans[h].at[TWIN_PLAN_PACKETS] = 10;
        self->plans[h].at[TWIN_PLAN_WINDOW_SHIFT] = 2;
    }
    g_assert_true(twin_dialogue_set(&self->dialogue, writes, n_writes));
    twin_hosts_begin(self->hosts, self->plans, &self->dialogue, 0);
}

static void end(Case *self)
{
    twin_dialogue_clear(&self->dialogue);
    g_free(self->hosts);
}

/* A packet as one side sends it: numbers follow from what it has sent and what has arrived. */
static TwinHostPacket make(const Case *self, unsigned side, uint16_t flags, uint32_t payload)
{
    const TwinHostState *const s = &self->hosts->host[side];
    return (TwinHostPacket){
        .side = (uint8_t)side,
        .flags = flags,
        .payload_bytes = payload,
        .size = payload + ((flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0),
        .seq = s->next,
        .ack = (flags & ACK) != 0 ? s->received : 0,
        .window = 1000,
        .move = payload > 0 || (flags & (SYN | TWIN_TCP_FIN)) != 0 ? TWIN_MOVE_NEW : TWIN_MOVE_NONE,
        .write = -1,
    };
}

static TwinHostPacket send_at(Case *self, TwinHostPacket packet, int64_t sent_ns)
{
    packet.sent_ns = sent_ns;
    twin_host_send(self->hosts, &packet);
    return packet;
}

/* Sends and lets arrive 1 ms later. */
static void pass(Case *self, TwinHostPacket packet, int64_t sent_ns)
{
    const TwinHostPacket sent = send_at(self, packet, sent_ns);
    twin_host_arrive(self->hosts, &sent, 0, sent_ns + MS);
}

static void shake_hands(Case *self)
{
    pass(self, make(self, 0, SYN, 0), 0);
    pass(self, make(self, 1, SYN | ACK, 0), 1 * MS);
    pass(self, make(self, 0, ACK, 0), 2 * MS);
}

static void test_counts_are_counted_down(void)
{
    Case c;
    begin(&c, NULL, 0);
    shake_hands(&c);
    pass(&c, make(&c, 0, PUSHED, 100), 5 * MS);
    const double *const left = c.hosts->host[0].left;
    g_assert_cmpfloat(left[TWIN_PLAN_PACKETS], ==, 7);
    g_assert_cmpfloat(left[TWIN_PLAN_SYNS], ==, -1);
    g_assert_cmpfloat(left[TWIN_PLAN_PURE], ==, -1);
    g_assert_cmpfloat(left[TWIN_PLAN_DATA], ==, -1);
    g_assert_cmpfloat(left[TWIN_PLAN_PUSHED], ==, -1);
    g_assert_cmpfloat(left[TWIN_PLAN_BYTES], ==, -100);
    g_assert_cmpfloat(left[TWIN_PLAN_IDLE], ==, 0); /* the SYN-ACK lay unacknowledged */
    g_assert_cmpfloat(c.hosts->arrived[1][TWIN_PLAN_PACKETS], ==, 3);
    g_assert_cmpfloat(c.hosts->arrived[1][TWIN_PLAN_BYTES], ==, 100);
    end(&c);
}

static void test_numbers_follow(void)
{
    Case c;
    begin(&c, NULL, 0);
    shake_hands(&c);
    const TwinHostPacket first = send_at(&c, make(&c, 0, ACK, 100), 5 * MS);
    const TwinHostPacket second = send_at(&c, make(&c, 0, ACK, 100), 5 * MS);
    const TwinHostPacket third = send_at(&c, make(&c, 0, PUSHED, 100), 5 * MS);
    TwinHostState *const peer = &c.hosts->host[1];
    twin_host_arrive(c.hosts, &second, 4, 6 * MS);
    g_assert_cmpint(peer->received, ==, 1);
    g_assert_cmpuint(peer->n_out_of_order, ==, 1);
    twin_host_arrive(c.hosts, &third, 5, 6 * MS);
    g_assert_cmpuint(peer->n_out_of_order, ==, 1); /* joins the range before */
    g_assert_cmpint(peer->out_of_order[0][1], ==, 301);
    g_assert_cmpint(peer->recent, ==, 0); /* beyond a hole: not echoed, RFC 7323, 4.3 */
    twin_host_arrive(c.hosts, &first, 3, 6 * MS);
    g_assert_cmpint(peer->received, ==, 301);
    g_assert_cmpuint(peer->n_out_of_order, ==, 0);
    g_assert_cmpint(peer->recent, ==, 3);
    end(&c);
}

static void test_ranges_have_a_bound(void)
{
    Case c;
    begin(&c, NULL, 0);
    shake_hands(&c);
    for (int64_t i = 0; i < 20; i++) {
        TwinHostPacket packet = make(&c, 0, ACK, 10);
        packet.seq = 100 + 20 * (20 - i);
        twin_host_arrive(c.hosts, &packet, 0, 5 * MS);
    }
    g_assert_cmpuint(c.hosts->host[1].n_out_of_order, ==, TWIN_MAX_OUT_OF_ORDER);
    end(&c);
}

static void test_verdicts_on_acks(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[1];
    shake_hands(&c);
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_NOTHING);
    pass(&c, make(&c, 0, ACK, 100), 5 * MS);
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_QUICK);
    pass(&c, make(&c, 0, ACK, 600), 6 * MS);
    g_assert_cmpint(s->receive_mss, ==, 600);
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_AT_ONCE); /* over a full segment */
    pass(&c, make(&c, 1, ACK, 0), 8 * MS);
    s->quick = 0;
    pass(&c, make(&c, 0, PUSHED, 100), 9 * MS);
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_ON_READ);
    s->pingpong = 1;
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_TIMER);
    pass(&c, make(&c, 0, PUSHED, 100), 9 * MS);
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_ON_READ);
    s->n_out_of_order = 1;
    g_assert_cmpint(twin_host_verdict(s), ==, TWIN_VERDICT_AT_ONCE);
    end(&c);
}

static void test_quick_acks_have_a_budget(void)
{
    static const struct {
        uint16_t window;
        int32_t quick;
    } rows[] = {{1000, 3}, {100, 2}, {65535, 16}}; /* window × 4 / (2 × 536), 2 … 16 */
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Case c;
        begin(&c, NULL, 0);
        shake_hands(&c);
        TwinHostPacket ack = make(&c, 1, ACK, 0);
        ack.window = rows[i].window;
        c.hosts->host[1].edge = 0; /* the SYN's went further */
        pass(&c, ack, 4 * MS);
        pass(&c, make(&c, 0, ACK, 100), 5 * MS);
        g_assert_cmpint(c.hosts->host[1].quick, ==, rows[i].quick);
        g_assert_cmpint(c.hosts->host[1].ato_ns, ==, TWIN_DELAYED_ACK_NS);
        pass(&c, make(&c, 1, ACK, 0), 8 * MS);
        g_assert_cmpint(c.hosts->host[1].quick, ==, rows[i].quick - 1);
        end(&c);
    }
}

static void test_pingpong_comes_and_goes(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[1];
    shake_hands(&c);
    for (int64_t i = 0; i < 5; i++) {
        pass(&c, make(&c, 0, PUSHED, 100), (10 + 20 * i) * MS);
        pass(&c, make(&c, 1, PUSHED, 100), (15 + 20 * i) * MS);
        g_assert_cmpint(s->pingpong, ==, MIN(i + 1, 3));
    }
    pass(&c, make(&c, 0, PUSHED, 100), 200 * MS);
    TwinHostPacket late = make(&c, 1, ACK, 0); /* the timer goes off */
    late.delay_ns = 39 * MS;
    pass(&c, late, 240 * MS);
    g_assert_cmpint(s->pingpong, ==, 0);
    g_assert_cmpint(s->ato_ns, ==, TWIN_DELAYED_ACK_NS);
    pass(&c, make(&c, 0, PUSHED, 100), 300 * MS);
    late = make(&c, 1, ACK, 0);
    late.delay_ns = 79 * MS;
    pass(&c, late, 380 * MS); /* and, without pingpong, waits longer next time */
    g_assert_cmpint(s->ato_ns, >, TWIN_DELAYED_ACK_NS);
    end(&c);
}

static void test_timer_follows_gaps(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[1];
    shake_hands(&c);
    pass(&c, make(&c, 0, ACK, 100), 10 * MS);
    pass(&c, make(&c, 0, ACK, 100), 40 * MS); /* 30 ms: half of 40 and the gap */
    g_assert_cmpint(s->ato_ns, ==, 50 * MS);
    g_assert_cmpint(twin_host_ack_timer_ns(s), ==, 40 * MS); /* a round trip of 2 ms bounds it */
    s->srtt_ns = 0;
    g_assert_cmpint(twin_host_ack_timer_ns(s), ==, 50 * MS);
    pass(&c, make(&c, 0, ACK, 100), 41 * MS);
    g_assert_cmpint(s->ato_ns, ==, 45 * MS);
    s->quick = 0;
    pass(&c, make(&c, 0, ACK, 100), 4000 * MS); /* longer than the RTO: quick again */
    g_assert_cmpint(s->quick, >, 0);
    s->ato_ns = 900 * MS;
    g_assert_cmpint(twin_host_ack_timer_ns(s), ==, 500 * MS);
    s->pingpong = 1;
    g_assert_cmpint(twin_host_ack_timer_ns(s), ==, 200 * MS);
    end(&c);
}

static void test_congestion_window_grows_and_falls_back(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[0];
    shake_hands(&c);
    for (int64_t i = 0; i < 8; i++) {
        pass(&c, make(&c, 0, ACK, 100), 10 * MS);
    }
    g_assert_cmpuint(twin_host_n_flight(s), ==, 8);
    pass(&c, make(&c, 1, ACK, 0), 12 * MS);
    g_assert_cmpuint(twin_host_n_flight(s), ==, 0);
    g_assert_cmpuint(s->congestion_window, ==, 18); /* over half of 10 was in use */
    pass(&c, make(&c, 0, ACK, 100), 15 * MS);
    pass(&c, make(&c, 1, ACK, 0), 17 * MS);
    g_assert_cmpuint(s->congestion_window, ==, 18); /* 8 of 18 is not over half */
    pass(&c, make(&c, 0, ACK, 100), 300 * MS);
    g_assert_cmpuint(s->congestion_window, ==, 10);
    end(&c);
}

static void test_flight_has_a_bound(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[0];
    shake_hands(&c);
    for (int64_t i = 0; i < TWIN_MAX_FLIGHT + 100; i++) {
        (void)send_at(&c, make(&c, 0, ACK, 10), 10 * MS + i);
    }
    g_assert_cmpuint(twin_host_n_flight(s), ==, TWIN_MAX_FLIGHT);
    TwinHostPacket ack = make(&c, 1, ACK, 0);
    ack.ack = s->next;
    twin_host_arrive(c.hosts, &ack, 0, 20 * MS);
    g_assert_cmpuint(twin_host_n_flight(s), ==, 0);
    g_assert_cmpint(s->unacked, ==, s->next);
    end(&c);
}

static void test_round_trips(void)
{
    Case c;
    begin(&c, NULL, 0);
    TwinHostState *const s = &c.hosts->host[0];
    shake_hands(&c);
    g_assert_cmpint(s->srtt_ns, ==, 2 * MS); /* of the SYN */
    g_assert_cmpint(s->rto_ns, ==, 202 * MS);
    pass(&c, make(&c, 0, ACK, 100), 10 * MS);
    pass(&c, make(&c, 1, ACK, 0), 19 * MS);
    g_assert_cmpint(s->srtt_ns, ==, 3 * MS); /* 2 + (10 − 2) / 8 */
    TwinHostPacket again = make(&c, 0, ACK, 100);
    pass(&c, again, 30 * MS);
    again.move = TWIN_MOVE_AGAIN;
    pass(&c, again, 40 * MS);
    pass(&c, make(&c, 1, ACK, 0), 50 * MS);
    g_assert_cmpint(s->srtt_ns, ==, 3 * MS); /* Karn: none of what was sent again */
    end(&c);
}

static void test_windows_and_edges(void)
{
    Case c;
    begin(&c, NULL, 0);
    const TwinHostState *const s = &c.hosts->host[1];
    shake_hands(&c); /* windows of 1000, scaled by 4 but the SYNs' */
    g_assert_cmpint(c.hosts->host[1].peer_edge, ==, 4001);
    pass(&c, make(&c, 1, ACK, 0), 4 * MS);
    g_assert_cmpint(s->edge, ==, 4001);
    pass(&c, make(&c, 0, ACK, 101), 5 * MS);
    TwinHostPacket ack = make(&c, 1, ACK, 0);
    g_assert_cmpint(twin_host_window_code(c.hosts, &ack), ==, TWIN_WINDOW_STILL);
    g_assert_cmpint(twin_host_edge_window(c.hosts, 1, ack.ack), ==, 975); /* (4001 − 102) / 4 up */
    ack.window = 975;
    g_assert_cmpint(twin_host_window_code(c.hosts, &ack), ==, TWIN_WINDOW_EDGE);
    ack.window = 0;
    g_assert_cmpint(twin_host_window_code(c.hosts, &ack), ==, TWIN_WINDOW_ZERO);
    ack.window = 2000;
    g_assert_cmpint(twin_host_window_code(c.hosts, &ack), ==, TWIN_WINDOW_STEP);
    pass(&c, ack, 7 * MS);
    g_assert_cmpint(s->edge, ==, 8102);
    g_assert_cmpint(s->last_window, ==, 1000);
    g_assert_cmpint(c.hosts->host[0].peer_edge, ==, 8102);
    end(&c);
}

static void test_script_goes_on(void)
{
    static const TwinWrite writes[] = {
        {.side = 0, .n_segments = 2, .bytes = 200},
        {.side = 0, .n_segments = 1, .bytes = 50},
        {.side = 1, .n_segments = 3, .bytes = 300},
        {.side = 0, .n_segments = 1, .bytes = 10},
    };
    Case c;
    begin(&c, writes, G_N_ELEMENTS(writes));
    shake_hands(&c);
    TwinParents p;
    twin_parents_look(&p, c.hosts, 1, 5 * MS, (TwinInbound){.n = 0});
    g_assert_cmpuint(p.next_write, ==, 2);
    g_assert_cmpint(p.before_write, ==, 1);
    g_assert_cmpint(p.n_awaited, ==, 3);
    g_assert_false(p.may_begin);
    static const int32_t own[] = {0, 0, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        TwinHostPacket packet = make(&c, 0, ACK, 50);
        packet.write = own[i];
        pass(&c, packet, 6 * MS);
        twin_parents_look(&p, c.hosts, 1, 7 * MS, (TwinInbound){.n = 0});
        g_assert_cmpint(p.n_awaited, ==, 2 - (int64_t)i);
    }
    g_assert_true(p.may_begin);
    g_assert_cmpfloat(twin_parent(&p, TWIN_PARENT_NEXT_SEGMENTS), ==, 3);
    twin_parents_look(&p, c.hosts, 0, 7 * MS, (TwinInbound){.n = 0});
    g_assert_cmpuint(p.next_write, ==, 3);
    g_assert_cmpfloat(twin_parent(&p, TWIN_PARENT_AWAITED_BYTES), ==, 300);
    end(&c);
}

/* What a walk computes is what the learner is given. */
static void test_parents_are_the_same_one_by_one(void)
{
    static const TwinWrite writes[] = {{.side = 1, .n_segments = 1, .bytes = 7}};
    Case c;
    begin(&c, writes, 1);
    shake_hands(&c);
    pass(&c, make(&c, 0, PUSHED, 100), 5 * MS);
    TwinHostPacket coming = make(&c, 0, PUSHED, 20);
    coming.nominal_ns = 9 * MS;
    TwinParents p;
    twin_parents_look(&p, c.hosts, 1, 6 * MS, (TwinInbound){.first = &coming, .n = 1});
    p.kind = 5;
    float values[TWIN_N_PARENTS];
    twin_parents_fill(&p, values);
    for (unsigned i = 0; i < TWIN_N_PARENTS; i++) {
        g_assert_cmpfloat(twin_parent(&p, i), ==, values[i]);
    }
    g_assert_cmpfloat(values[TWIN_PARENT_KIND], ==, 5);
    g_assert_cmpfloat_with_epsilon(values[TWIN_PARENT_NEXT_ARRIVAL], log10(3e-3 + 1e-6), 1e-6);
    const TwinHostPacket ack = make(&c, 1, ACK, 0);
    TwinWindowParents w;
    twin_window_parents_look(&w, c.hosts, &ack);
    float window_values[TWIN_N_WINDOW_PARENTS];
    twin_window_parents_fill(&w, window_values);
    for (unsigned i = 0; i < TWIN_N_WINDOW_PARENTS; i++) {
        g_assert_cmpfloat(twin_window_parent(&w, i), ==, window_values[i]);
    }
    g_assert_cmpfloat(window_values[TWIN_WINDOW_PARENT_ACKED_BYTES], ==, 100);
    end(&c);
}

static void test_parents_have_names_and_nodes(void)
{
    char name[TWIN_PARENT_NAME_ROOM];
    for (unsigned i = 0; i < TWIN_N_PARENTS; i++) {
        twin_parent_name(i, name);
        g_assert_cmpuint(strlen(name), >, 0);
    }
    twin_parent_name(TWIN_PARENT_PEER + TWIN_PLAN_DATA, name);
    g_assert_cmpstr(name, ==, "peer's data packets left");
    uint16_t features[TWIN_N_PARENTS];
    for (unsigned drawn = 0; drawn < TWIN_N_DRAWN; drawn++) {
        const size_t n = twin_parents_of((TwinDrawn)drawn, features);
        for (size_t i = 1; i < n; i++) {
            g_assert_cmpuint(features[i - 1], <, features[i]);
        }
    }
    g_assert_cmpuint(twin_parents_of(TWIN_DRAWN_OUTCOME, features), ==, TWIN_PARENT_SEGMENTS_NOW);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-state/counts-are-counted-down", test_counts_are_counted_down);
    g_test_add_func("/host-state/numbers-follow", test_numbers_follow);
    g_test_add_func("/host-state/ranges-have-a-bound", test_ranges_have_a_bound);
    g_test_add_func("/host-state/verdicts-on-acks", test_verdicts_on_acks);
    g_test_add_func("/host-state/quick-acks-have-a-budget", test_quick_acks_have_a_budget);
    g_test_add_func("/host-state/pingpong-comes-and-goes", test_pingpong_comes_and_goes);
    g_test_add_func("/host-state/timer-follows-gaps", test_timer_follows_gaps);
    g_test_add_func("/host-state/congestion-window", test_congestion_window_grows_and_falls_back);
    g_test_add_func("/host-state/flight-has-a-bound", test_flight_has_a_bound);
    g_test_add_func("/host-state/round-trips", test_round_trips);
    g_test_add_func("/host-state/windows-and-edges", test_windows_and_edges);
    g_test_add_func("/host-state/script-goes-on", test_script_goes_on);
    g_test_add_func("/host-state/parents-one-by-one", test_parents_are_the_same_one_by_one);
    g_test_add_func("/host-state/parents-have-names", test_parents_have_names_and_nodes);
    return g_test_run();
}
