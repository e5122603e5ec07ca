/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two hosts did, as a plan, worked out by hand; and the order of their events. */
#include "host/events.h"
#include "host/plan.h"
#include "host_rows.h"

#include <math.h>

enum { F = HOST_F, S = HOST_S, R = HOST_R, P = HOST_P, A = HOST_A };

static const int64_t ms = 1000000;

#define ROW(ms, from, bits, number, acked, bytes, offered)                                         \
    {                                                                                              \
        .at_ms = (ms), .side = (from), .flags = (bits), .seq = (number), .ack = (acked),           \
        .payload_bytes = (bytes), .window = (offered)                                              \
    }

/* A request that is lost once, an answer of two writes, a keep-alive, both FINs, a RST. */
static const HostRow rows[] = {
    ROW(0, 0, S, 0, 0, 0, 64000),
    ROW(20, 1, S | A, 0, 1, 0, 60000),
    ROW(22, 0, A, 1, 1, 0, 500),
    ROW(30, 0, P | A, 1, 1, 100, 500),      /* 3: lost: the next one does not acknowledge it */
    ROW(60, 1, A, 1, 1, 0, 400),            /* 4: idle */
    ROW(330, 0, P | A, 1, 1, 100, 500),     /* 5: again */
    ROW(351, 1, A, 1, 101, 700, 410),       /* 6 */
    ROW(352, 1, P | A, 701, 101, 300, 420), /* 7 */
    ROW(354, 0, A, 101, 1001, 0, 490),      /* 8 */
    ROW(400, 1, P | A, 1001, 101, 50, 420), /* 9 */
    ROW(402, 0, A, 101, 1051, 0, 1),        /* 10: window 0 */
    ROW(5000, 1, A, 1050, 101, 0, 420),     /* 11: keep-alive */
    ROW(5002, 0, A, 101, 1051, 0, 500),     /* 12 */
    ROW(6000, 1, F | A, 1051, 101, 0, 420), /* 13 */
    ROW(6003, 0, F | A, 101, 1052, 0, 500), /* 14 */
    ROW(6023, 1, A, 1052, 102, 0, 420),     /* 15 */
    ROW(6024, 0, R | A, 102, 1052, 0, 77),  /* 16 */
};

static const struct {
    unsigned entry;
    double wanted[2];
} count_cases[] = {
    {TWIN_PLAN_PACKETS, {9, 8}},
    {TWIN_PLAN_DATA, {1, 3}},
    {TWIN_PLAN_PUSHED, {1, 2}},
    {TWIN_PLAN_SYNS, {1, 1}},
    {TWIN_PLAN_FINS, {1, 1}},
    {TWIN_PLAN_RSTS, {1, 0}},
    {TWIN_PLAN_PURE, {4, 2}},
    {TWIN_PLAN_IDLE, {1, 1}}, /* of the client, the answer to the keep-alive */
    {TWIN_PLAN_AGAINS, {1, 0}},
    {TWIN_PLAN_PROBES, {0, 1}},
    {TWIN_PLAN_BYTES, {100, 1050}},
    {TWIN_PLAN_WRITES, {1, 2}},
    {TWIN_PLAN_LOSTS, {1, 0}},
    {TWIN_PLAN_HIDDENS, {0, 0}},
    {TWIN_PLAN_MISSED, {0, 0}},
    {TWIN_PLAN_ODDS, {0, 0}},
    {TWIN_PLAN_ACKS_UNMOVED, {0, 0}},
    {TWIN_PLAN_FIRST_WRITER, {0, 0}},
    {TWIN_PLAN_IS_FAR, {0, 1}},
    {TWIN_PLAN_MAX_PAYLOAD, {100, 700}},
    {TWIN_PLAN_FIRST_PAYLOAD, {100, 700}},
    {TWIN_PLAN_MEDIAN_PAYLOAD, {100, 300}},
    {TWIN_PLAN_MEDIAN_WRITE, {100, 525}},
    {TWIN_PLAN_MAX_WRITE, {100, 1000}},
    {TWIN_PLAN_MAX_SEGMENTS, {1, 2}},
    {TWIN_PLAN_FIN_HAS_DATA, {0, 0}},
    {TWIN_PLAN_DATA_AFTER_FIN, {0, 0}},
    {TWIN_PLAN_FINS_AFTER_FIN, {0, 1}},
    {TWIN_PLAN_PACKETS_AFTER_FIN, {1, 2}},
    {TWIN_PLAN_DATA_AFTER_RST, {0, 0}},
    {TWIN_PLAN_TAIL_PURE, {0, 1}},
    {TWIN_PLAN_TAIL_PACKETS, {1, 1}},
    {TWIN_PLAN_TURNS, {1, 1}},
    {TWIN_PLAN_WINDOW_SYN, {64000, 60000}},
    {TWIN_PLAN_WINDOW_FIRST, {500, 400}},
    {TWIN_PLAN_WINDOW_LEAST, {490, 400}},
    {TWIN_PLAN_WINDOW_MEDIAN, {500, 420}},
    {TWIN_PLAN_WINDOW_MOST, {500, 420}},
    {TWIN_PLAN_WINDOW_SHIFT, {0, 0}},
    {TWIN_PLAN_TIMESTAMPS, {0, 0}},
    {TWIN_PLAN_SACK, {0, 0}},
    {TWIN_PLAN_WINDOW_MOVES, {4, 3}},
    {TWIN_PLAN_ACK_SHARE, {4.0 / 3, 1}},
    {TWIN_PLAN_WINDOW_SHRINKS, {1, 0}},
    {TWIN_PLAN_WINDOW_ROUNDS_DOWN, {0, 0}},
    {TWIN_PLAN_OPENS, {1, 0}},
    {TWIN_PLAN_INITIAL_WINDOW, {99, 1001 - 2}},
    {TWIN_PLAN_MAX_FLIGHT, {100, 1000}},
    {TWIN_PLAN_FIRST_FLIGHT, {1, 2}},
    {TWIN_PLAN_ZERO_WINDOWS, {1, 0}},
    {TWIN_PLAN_RST_WINDOW, {77, 0}},
};

static void test_counts(void)
{
    HostFlow flow;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), NULL);
    TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
    g_assert_true(twin_exchange_plan(&flow.exchange, &plan));
    for (size_t c = 0; c < G_N_ELEMENTS(count_cases); c++) {
        for (unsigned h = 0; h < 2; h++) {
            const double got = plan.hosts[h].at[count_cases[c].entry];
            if (fabs(got - count_cases[c].wanted[h]) > 1e-9) {
                g_error("host %u: %s is %g, not %g", h, twin_plan_name(count_cases[c].entry), got,
                        count_cases[c].wanted[h]);
            }
        }
    }
    twin_exchange_plan_clear(&plan);
    host_flow_clear(&flow);
}

static double log_of(double seconds)
{
    return log10(seconds + 1e-6);
}

static void test_delays_and_decks(void)
{
    HostFlow flow;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), NULL);
    TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
    g_assert_true(twin_exchange_plan(&flow.exchange, &plan));
    const double client = 2e-9 * (double)flow.exchange.sides[0].half_ns;
    const double server = 2e-9 * (double)flow.exchange.sides[1].half_ns;
    const double *at = plan.hosts[1].at;
    /* The server's third packet and on: 6 (answer), 7 (more), 9 (write), 11, 13 (close), 15. */
    g_assert_cmpfloat_with_epsilon(at[TWIN_PLAN_FIRST_DELAY], 0.02 - server, 2e-9);
    g_assert_cmpfloat_with_epsilon(at[TWIN_PLAN_DELAY(TWIN_DELAY_MORE)], log_of(0.001), 1e-6);
    g_assert_cmpfloat(at[TWIN_PLAN_DELAY(TWIN_DELAY_RESEND)], ==, -9);
    g_assert_cmpfloat_with_epsilon(plan.hosts[0].at[TWIN_PLAN_HALF], client / 2, 1e-12);
    g_assert_cmpfloat_with_epsilon(plan.hosts[0].at[TWIN_PLAN_PEER_HALF], server / 2, 1e-12);
    g_assert_cmpfloat_with_epsilon(plan.hosts[0].at[TWIN_PLAN_DURATION], 6.024, 1e-12);
    const int deck = twin_plan_deck(TWIN_DELAY_RESEND);
    g_assert_cmpuint(plan.n_deck[0][deck], ==, 1);
    g_assert_cmpint(plan.deck_ns[0][deck][0], >, 250 * ms);
    const double resend = 1e-9 * (double)plan.deck_ns[0][deck][0];
    for (unsigned q = 0; q < 5; q++) {
        g_assert_cmpfloat_with_epsilon(plan.hosts[0].at[TWIN_PLAN_DELAY(TWIN_DELAY_RESEND) + q],
                                       log_of(resend), 1e-9);
    }
    g_assert_cmpint(twin_plan_deck(TWIN_DELAY_ACK), ==, -1);
    g_assert_cmpint(twin_plan_deck(TWIN_DELAY_MORE), ==, -1);
    /* Windows from the third packet on that differ from the one before. */
    static const uint16_t dealt[] = {490, 0, 500};
    g_assert_cmpuint(plan.n_windows[0], ==, G_N_ELEMENTS(dealt));
    for (size_t w = 0; w < G_N_ELEMENTS(dealt); w++) {
        g_assert_cmpuint(plan.windows[0][w], ==, dealt[w]);
    }
    g_assert_cmpuint(plan.n_windows[1], ==, 2);
    g_assert_cmpuint(plan.windows[1][0], ==, 410);
    twin_exchange_plan_clear(&plan);
    host_flow_clear(&flow);
}

/* Nothing of what a longer flow left shows in a shorter one's plan. */
static void test_a_plan_that_is_used_again(void)
{
    HostFlow flow;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), NULL);
    TwinExchangePlan used = TWIN_EXCHANGE_PLAN_INIT;
    g_assert_true(twin_exchange_plan(&flow.exchange, &used));
    const TwinFlow *one = twin_flows_flow(flow.flows, 0);
    g_assert_true(twin_exchange_infer_first(&flow.exchange, flow.flows, one, 4, flow.scratch));
    g_assert_true(twin_exchange_plan(&flow.exchange, &used));
    TwinExchangePlan fresh = TWIN_EXCHANGE_PLAN_INIT;
    g_assert_true(twin_exchange_plan(&flow.exchange, &fresh));
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned e = 0; e < TWIN_N_PLAN; e++) {
            g_assert_cmpfloat(used.hosts[h].at[e], ==, fresh.hosts[h].at[e]);
        }
        g_assert_cmpuint(used.n_windows[h], ==, fresh.n_windows[h]);
    }
    g_assert_cmpuint(used.n_deck[0][3], ==, 0);
    twin_exchange_plan_clear(&used);
    twin_exchange_plan_clear(&fresh);
    host_flow_clear(&flow);
}

static TwinHostPacket *add(TwinExchange *exchange, uint8_t side, int64_t sent_ns,
                           int64_t arrived_ns)
{
    TwinHostPacket *packet = twin_exchange_add_packet(exchange);
    packet->side = side;
    packet->sent_ns = sent_ns;
    packet->arrived_ns = arrived_ns;
    return packet;
}

/* In order of time; ties: the earlier packet, its send before its arrival. */
static void test_events(void)
{
    TwinExchange exchange = {.n_packets = 0};
    exchange.sides[1].half_ns = 7;
    add(&exchange, 1, -7, 10);
    add(&exchange, 0, 10, 20);
    add(&exchange, 1, 10, TWIN_NEVER_NS);
    add(&exchange, 0, 15, 20);
    add(&exchange, 1, 20, 20);
    static const TwinEvent wanted[] = {
        {-8, UINT32_MAX, 1, TWIN_EVENT_START}, {-8, UINT32_MAX, 0, TWIN_EVENT_START},
        {-7, 0, 1, TWIN_EVENT_SEND},           {10, 0, 0, TWIN_EVENT_ARRIVAL},
        {10, 1, 0, TWIN_EVENT_SEND},           {10, 2, 1, TWIN_EVENT_SEND},
        {15, 3, 0, TWIN_EVENT_SEND},           {20, 1, 1, TWIN_EVENT_ARRIVAL},
        {20, 3, 1, TWIN_EVENT_ARRIVAL},        {20, 4, 1, TWIN_EVENT_SEND},
        {20, 4, 0, TWIN_EVENT_ARRIVAL},
    };
    TwinEvents events;
    TwinEvent event;
    twin_events_init(&events, &exchange);
    for (size_t e = 0; e < G_N_ELEMENTS(wanted); e++) {
        g_assert_true(twin_events_next(&events, &event));
        g_assert_cmpint(event.time_ns, ==, wanted[e].time_ns);
        g_assert_cmpuint(event.packet, ==, wanted[e].packet);
        g_assert_cmpuint(event.host, ==, wanted[e].host);
        g_assert_cmpuint(event.kind, ==, wanted[e].kind);
    }
    g_assert_false(twin_events_next(&events, &event));
    twin_exchange_clear(&exchange);
    twin_events_init(&events, &exchange);
    g_assert_false(twin_events_next(&events, &event));
    twin_exchange_free(&exchange);
}

static void test_names(void)
{
    for (size_t e = 0; e < TWIN_N_PLAN; e++) {
        g_assert_nonnull(twin_plan_name(e));
        for (size_t other = 0; other < e; other++) {
            g_assert_cmpstr(twin_plan_name(other), !=, twin_plan_name(e));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-plan/counts", test_counts);
    g_test_add_func("/host-plan/delays", test_delays_and_decks);
    g_test_add_func("/host-plan/used-again", test_a_plan_that_is_used_again);
    g_test_add_func("/host-plan/events", test_events);
    g_test_add_func("/host-plan/names", test_names);
    return g_test_run();
}
