/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcp.h"
#include "synth/loop.h"
#include "twin_case.h"

#include <glib.h>
#include <string.h>

static const TwinWrite dialogue[] = {
    {.side = 0, .n_segments = 1, .bytes = 180},    {.side = 1, .n_segments = 4, .bytes = 5000},
    {.side = 0, .n_segments = 1, .bytes = 60},     {.side = 0, .n_segments = 2, .bytes = 1700},
    {.side = 1, .n_segments = 12, .bytes = 17000}, {.side = 1, .n_segments = 1, .bytes = 9},
};

/* Draws @plan into @exchange, whose script is @writes. */
static TwinLoopCounts draw(TwinLoop *loop, const TwinExchangePlan *plan, TwinExchange *exchange,
                           uint64_t flow)
{
    TwinLoopCounts counts = {.n_flows = 0};
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, flow);
    g_assert_true(twin_loop_draw(loop, twin_case_tables(), plan, &random, exchange, &counts));
    g_assert_cmpuint(exchange->n_packets, <=, counts.n_planned + counts.n_planned / 16 + 30);
    return counts;
}

static void set_script(TwinExchange *exchange, const TwinWrite *writes, size_t n_writes)
{
    twin_exchange_clear(exchange);
    for (size_t i = 0; i < n_writes; i++) {
        *twin_exchange_add_write(exchange) = writes[i];
    }
}

typedef struct {
    unsigned n_data;
    unsigned n_syns;
    unsigned n_fins;
    int64_t bytes;
} Sent;

static Sent count_sent(const TwinExchange *exchange, unsigned side)
{
    Sent sent = {.n_data = 0};
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *const k = &exchange->packets[i];
        if (k->side == side && k->move == TWIN_MOVE_NEW) {
            sent.n_data += k->payload_bytes > 0;
            sent.n_syns += (k->flags & TWIN_TCP_SYN) != 0;
            sent.n_fins += (k->flags & TWIN_TCP_FIN) != 0;
            sent.bytes += k->payload_bytes;
        }
    }
    return sent;
}

static void test_plans_are_kept(void)
{
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    const TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    for (uint64_t flow = 0; flow < 200; flow++) {
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        (void)draw(loop, &plan, &exchange, flow);
        twin_case_assert_sound(&exchange);
        for (unsigned side = 0; side < 2; side++) {
            const Sent sent = count_sent(&exchange, side);
            const double *const own = plan.hosts[side].at;
            g_assert_cmpuint(sent.n_data, ==, (unsigned)own[TWIN_PLAN_DATA]);
            g_assert_cmpint(sent.bytes, ==, (int64_t)own[TWIN_PLAN_BYTES]);
            g_assert_cmpuint(sent.n_syns, ==, 1);
            g_assert_cmpuint(sent.n_fins, ==, 1);
            g_assert_cmpint(twin_case_arrived(&exchange, side), ==, sent.bytes + 2);
        }
    }
    twin_exchange_free(&exchange);
}

/* A write is answered when it is whole, and PSH stands at its end. */
static void assert_script(const TwinExchange *exchange)
{
    int32_t write = -1;
    int64_t left = 0;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *const k = &exchange->packets[i];
        if (k->payload_bytes == 0 || k->move != TWIN_MOVE_NEW) {
            continue;
        }
        if (k->write != write) {
            g_assert_cmpint(left, ==, 0);
            g_assert_cmpint(k->write, ==, write + 1);
            write = k->write;
            left = dialogue[write].bytes;
        }
        left -= k->payload_bytes;
        g_assert_cmpint(left, >=, 0);
        g_assert_cmpuint(k->side, ==, dialogue[write].side);
        g_assert_true(((k->flags & TWIN_TCP_PSH) != 0) == (left == 0));
    }
    g_assert_cmpint(write, ==, G_N_ELEMENTS(dialogue) - 1);
}

static void test_scripts_are_kept(void)
{
    unsigned n_broken = 0;
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    const TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    for (uint64_t flow = 0; flow < 100; flow++) {
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        const TwinLoopCounts counts = draw(loop, &plan, &exchange, flow);
        if (counts.gave_way[TWIN_EVIDENCE_SCRIPT] == 0) {
            assert_script(&exchange);
        } else {
            n_broken++; /* neither host could send otherwise */
        }
    }
    g_assert_cmpuint(n_broken, <=, 10);
    twin_exchange_free(&exchange);
}

static void test_what_is_lost_is_sent_again(void)
{
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    unsigned n_lost = 0;
    for (uint64_t flow = 0; flow < 200; flow++) {
        TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
        twin_case_lose(&plan, 1, 2, 1, 1);
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        (void)draw(loop, &plan, &exchange, flow);
        twin_case_assert_sound(&exchange);
        const Sent sent = count_sent(&exchange, 1);
        g_assert_cmpint(twin_case_arrived(&exchange, 1), ==, sent.bytes + 2);
        for (size_t i = 0; i < exchange.n_packets; i++) {
            const TwinHostPacket *const k = &exchange.packets[i];
            n_lost += k->arrived_ns == TWIN_NEVER_NS;
            /* (of a lost SYN-ACK the next packet tells, too) */
            g_assert_true(k->arrived_ns != TWIN_NEVER_NS || k->is_sent_again ||
                          (k->flags & TWIN_TCP_SYN) != 0);
        }
    }
    g_assert_cmpuint(n_lost, >, 500); /* of 600 planned */
    twin_exchange_free(&exchange);
}

static void test_decks_are_dealt_once(void)
{
    static int64_t times_ns[] = {3000000, 3100000, 900000000};
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    const int deck = twin_plan_deck(TWIN_DELAY_ANSWER);
    plan.deck_ns[1][deck] = times_ns;
    plan.n_deck[1][deck] = G_N_ELEMENTS(times_ns);
    for (uint64_t flow = 0; flow < 50; flow++) {
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        (void)draw(loop, &plan, &exchange, flow);
        unsigned n_near[3] = {0, 0, 0};
        for (size_t i = 0; i < exchange.n_packets; i++) {
            const TwinHostPacket *const k = &exchange.packets[i];
            for (unsigned j = 0; k->side == 1 && j < 3; j++) {
                const double ratio = (double)k->delay_ns / (double)times_ns[j];
                n_near[j] += k->delay_class == TWIN_DELAY_ANSWER && ratio > .999 && ratio < 1.01;
            }
        }
        g_assert_cmpuint(n_near[2], <=, 1);
    }
    twin_exchange_free(&exchange);
}

static void test_windows_never_pull_the_edge_back(void)
{
    static uint16_t windows[] = {510, 400, 0, 505, 600, 300, 520, 501, 502, 503};
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    plan.windows[0] = windows;
    plan.n_windows[0] = G_N_ELEMENTS(windows);
    unsigned n_moves = 0;
    for (uint64_t flow = 0; flow < 100; flow++) {
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        (void)draw(loop, &plan, &exchange, flow);
        int64_t edge = -1;
        uint16_t before = 0;
        for (size_t i = 0; i < exchange.n_packets; i++) {
            const TwinHostPacket *const k = &exchange.packets[i];
            if (k->side == 0 && (k->flags & TWIN_TCP_SYN) == 0) {
                g_assert_cmpint(k->edge, >=, edge);
                n_moves += edge >= 0 && k->window != before;
                edge = k->edge;
                before = k->window;
            }
        }
    }
    g_assert_cmpuint(n_moves, >, 200);
    twin_exchange_free(&exchange);
}

/* Same flow, same bytes, whatever the loop drew before. */
static void test_flows_depend_on_their_stream_alone(void)
{
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange first = {.n_packets = 0};
    TwinExchange second = {.n_packets = 0};
    const TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    set_script(&first, dialogue, G_N_ELEMENTS(dialogue));
    (void)draw(loop, &plan, &first, 7);
    set_script(&second, dialogue, G_N_ELEMENTS(dialogue));
    (void)draw(loop, &plan, &second, 8);
    set_script(&second, dialogue, G_N_ELEMENTS(dialogue));
    (void)draw(loop, &plan, &second, 7);
    g_assert_cmpuint(first.n_packets, ==, second.n_packets);
    g_assert_cmpint(memcmp(first.packets, second.packets, first.n_packets * sizeof *first.packets),
                    ==, 0);
    twin_exchange_free(&first);
    twin_exchange_free(&second);
}

/* Long flows cost their packets once: twice as long takes twice as long, not four times. */
static void test_long_flows_end(void)
{
    enum { N_WRITES = 20000 };
    g_autofree TwinWrite *writes = g_new0(TwinWrite, N_WRITES);
    for (unsigned i = 0; i < N_WRITES; i++) {
        writes[i] = (TwinWrite){.side = i % 3 == 0, .n_segments = 2, .bytes = 2000};
    }
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    TwinExchangePlan plan = twin_case_plan(writes, N_WRITES);
    twin_case_lose(&plan, 0, 300, 100, 100);
    set_script(&exchange, writes, N_WRITES);
    const TwinLoopCounts counts = draw(loop, &plan, &exchange, 0);
    g_assert_cmpuint(counts.n_given_up, ==, 0);
    g_assert_cmpint(twin_case_arrived(&exchange, 1), ==,
                    (int64_t)plan.hosts[1].at[TWIN_PLAN_BYTES] + 2);
    twin_exchange_free(&exchange);
}

/* Whatever a plan and its script say, and however they contradict each other. */
static void test_any_plan_ends(void)
{
    static const double odd_values[] = {-1, 0, 1, 3, 1e9, 1e300, -1e300, G_MAXDOUBLE, 0. / 1};
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    for (uint64_t flow = 0; flow < 500; flow++) {
        TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
        for (unsigned i = 0; i < 40; i++) {
            const int entry = g_test_rand_int_range(1, TWIN_N_PLAN);
            const int value = g_test_rand_int_range(0, G_N_ELEMENTS(odd_values));
            plan.hosts[i % 2].at[entry] = odd_values[value];
        }
        for (unsigned h = 0; h < 2; h++) {
            double *const packets = &plan.hosts[h].at[TWIN_PLAN_PACKETS];
            *packets = MIN(*packets, 300);
        }
        const size_t n_writes = (size_t)g_test_rand_int_range(0, G_N_ELEMENTS(dialogue) + 1);
        set_script(&exchange, dialogue, n_writes);
        (void)draw(loop, &plan, &exchange, flow);
    }
    twin_exchange_free(&exchange);
}

static void test_counts_add_up(void)
{
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinExchange exchange = {.n_packets = 0};
    const TwinExchangePlan plan = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    TwinLoopCounts sum = {.n_flows = 0};
    size_t n_packets = 0;
    for (uint64_t flow = 0; flow < 10; flow++) {
        set_script(&exchange, dialogue, G_N_ELEMENTS(dialogue));
        const TwinLoopCounts counts = draw(loop, &plan, &exchange, flow);
        twin_loop_counts_add(&sum, &counts);
        n_packets += exchange.n_packets;
    }
    g_assert_cmpuint(sum.n_flows, ==, 10);
    g_assert_cmpuint(sum.n_packets, ==, n_packets);
    g_assert_cmpuint(sum.n_decisions, >, n_packets);
    g_assert_cmpstr(twin_evidence_text(TWIN_EVIDENCE_PUSH), ==, "PSH not at the end of a write");
    twin_exchange_free(&exchange);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loop/plans-are-kept", test_plans_are_kept);
    g_test_add_func("/loop/scripts-are-kept", test_scripts_are_kept);
    g_test_add_func("/loop/what-is-lost-is-sent-again", test_what_is_lost_is_sent_again);
    g_test_add_func("/loop/decks-are-dealt-once", test_decks_are_dealt_once);
    g_test_add_func("/loop/windows-never-pull-the-edge-back",
                    test_windows_never_pull_the_edge_back);
    g_test_add_func("/loop/flows-depend-on-their-stream", test_flows_depend_on_their_stream_alone);
    g_test_add_func("/loop/long-flows-end", test_long_flows_end);
    g_test_add_func("/loop/any-plan-ends", test_any_plan_ends);
    g_test_add_func("/loop/counts-add-up", test_counts_add_up);
    return g_test_run();
}
