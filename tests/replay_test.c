/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/events.h"
#include "host/replay.h"
#include "host/steps.h"
#include "packet/tcp.h"
#include "synth/loop.h"
#include "twin_case.h"

#include <glib.h>
#include <string.h>

static const TwinWrite dialogue[] = {
    {.side = 0, .n_segments = 1, .bytes = 180},
    {.side = 1, .n_segments = 5, .bytes = 6000},
    {.side = 0, .n_segments = 2, .bytes = 1700},
    {.side = 1, .n_segments = 1, .bytes = 9},
};

/* From the last event to each packet, whatever was drawn; and right edges. */
static void find_delays(TwinExchange *exchange)
{
    TwinDelays delays = {.begun = {-1, -1}};
    TwinEvents events;
    twin_events_init(&events, exchange);
    for (TwinEvent event; twin_events_next(&events, &event);) {
        twin_delays_take(&delays, exchange, &event);
    }
}

/* What was drawn, as the capture of it: an exchange to be replayed, with its own plan. */
typedef struct {
    TwinExchange exchange;
    TwinExchangePlan plan;
    TwinReplay *replay;
} Case;

static void begin(Case *self, uint64_t flow)
{
    *self = (Case){.plan = TWIN_EXCHANGE_PLAN_INIT, .replay = twin_replay_new()};
    for (size_t i = 0; i < G_N_ELEMENTS(dialogue); i++) {
        *twin_exchange_add_write(&self->exchange) = dialogue[i];
    }
    TwinExchangePlan wanted = twin_case_plan(dialogue, G_N_ELEMENTS(dialogue));
    twin_case_lose(&wanted, 1, (unsigned)(flow % 3), (unsigned)(flow % 2), 0);
    g_autoptr(TwinLoop) loop = twin_loop_new();
    TwinLoopCounts counts = {.n_flows = 0};
    TwinRandom random = twin_random(3, TWIN_RANDOM_PACKETS, flow);
    g_assert_true(
        twin_loop_draw(loop, twin_case_tables(), &wanted, &random, &self->exchange, &counts));
    find_delays(&self->exchange);
    g_assert_true(twin_exchange_plan(&self->exchange, &self->plan));
}

static void end(Case *self)
{
    twin_exchange_plan_clear(&self->plan);
    twin_exchange_free(&self->exchange);
    twin_replay_free(self->replay);
}

typedef struct {
    const TwinExchange *exchange;
    size_t n_rows;
    size_t n_sends;
    size_t n_windows;
    size_t n_lengths;
    double left[2][TWIN_N_COUNTS]; /* at the last row of a host */
    bool is_last_wait[2];
} Seen;

static void see_row(void *user, const TwinReplayRow *row)
{
    Seen *const seen = user;
    const TwinParents *const p = row->parents;
    seen->n_rows++;
    memcpy(seen->left[p->host], p->own->left, sizeof seen->left[0]);
    seen->is_last_wait[p->host] = row->packet == NULL;
    if (row->packet == NULL) {
        g_assert_cmpint(p->kind, ==, -1);
        return;
    }
    seen->n_sends++;
    seen->n_lengths += row->has_length;
    g_assert_cmpuint(row->packet->side, ==, p->host);
    g_assert_cmpint(p->kind, ==, row->packet->kind);
    if (p->own->n_sent > 0) {
        g_assert_cmpint(p->now_ns + row->packet->delay_ns, ==, row->packet->sent_ns);
    }
    const bool is_place = row->position >= 0 && row->position <= 4;
    g_assert_true(is_place || (row->is_timer && row->position >= 10));
    g_assert_true((row->held == TWIN_HELD_NOTHING) == (p->n_inbound == 0));
}

static void see_window(void *user, const TwinReplayWindow *window)
{
    Seen *const seen = user;
    seen->n_windows++;
    const TwinHostState *const s = window->parents->own;
    if (window->code == TWIN_WINDOW_STILL) {
        g_assert_cmpint(window->packet->window, ==, s->window);
    }
    if (window->code == TWIN_WINDOW_STEP && s->window >= 0) {
        g_assert_cmpint(s->window + window->step, ==, window->packet->window);
    }
}

static Seen replay(Case *self)
{
    Seen seen = {.exchange = &self->exchange};
    const TwinReplaySink sink = {.row = see_row, .window = see_window, .user = &seen};
    g_assert_true(twin_replay_run(self->replay, &self->exchange, &self->plan, &sink));
    return seen;
}

static void test_counts_go_down_to_nothing(void)
{
    static const unsigned counts[] = {
        TWIN_PLAN_PACKETS, TWIN_PLAN_DATA,   TWIN_PLAN_PUSHED, TWIN_PLAN_SYNS,   TWIN_PLAN_FINS,
        TWIN_PLAN_PURE,    TWIN_PLAN_AGAINS, TWIN_PLAN_BYTES,  TWIN_PLAN_WRITES, TWIN_PLAN_LOSTS,
        TWIN_PLAN_HIDDENS, TWIN_PLAN_MISSED, TWIN_PLAN_IDLE,   TWIN_PLAN_HELDS,
    };
    for (uint64_t flow = 0; flow < 60; flow++) {
        Case c;
        begin(&c, flow);
        const Seen seen = replay(&c);
        for (unsigned h = 0; h < 2; h++) {
            for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                g_assert_cmpfloat(seen.left[h][counts[i]], ==, 0);
            }
            g_assert_cmpfloat_with_epsilon(seen.left[h][TWIN_PLAN_THINK], 0, 1e-6);
            g_assert_true(seen.is_last_wait[h]);
        }
        end(&c);
    }
}

static void test_a_row_after_each_event(void)
{
    for (uint64_t flow = 0; flow < 20; flow++) {
        Case c;
        begin(&c, flow);
        size_t n_arrivals = 0;
        for (size_t i = 0; i < c.exchange.n_packets; i++) {
            n_arrivals += c.exchange.packets[i].arrived_ns != TWIN_NEVER_NS;
        }
        const Seen seen = replay(&c);
        g_assert_cmpuint(seen.n_rows, ==, 2 + c.exchange.n_packets + n_arrivals);
        g_assert_cmpuint(seen.n_sends, ==, c.exchange.n_packets);
        g_assert_cmpuint(seen.n_windows, ==, c.exchange.n_packets);
        g_assert_cmpuint(seen.n_lengths, ==, 4 + 1); /* but the last of each write */
        end(&c);
    }
}

static void test_replaying_twice_gives_the_same(void)
{
    Case c;
    begin(&c, 5);
    const Seen first = replay(&c);
    const Seen second = replay(&c);
    g_assert_cmpuint(first.n_rows, ==, second.n_rows);
    g_assert_cmpuint(first.n_sends, ==, second.n_sends);
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned i = 0; i < TWIN_N_COUNTS; i++) {
            g_assert_cmpfloat(first.left[h][i], ==, second.left[h][i]);
        }
    }
    end(&c);
}

static void test_exceptions_are_found(void)
{
    Case c;
    begin(&c, 0);
    (void)replay(&c);
    g_assert_cmpfloat(c.plan.hosts[1].at[TWIN_PLAN_BREAKS_WINDOW], ==, 0);
    g_assert_cmpfloat(c.plan.hosts[1].at[TWIN_PLAN_EARLY_DATA], ==, 0);
    for (size_t i = 0; i < c.exchange.n_packets; i++) { /* scaled by 128 */
        if (c.exchange.packets[i].side == 0) {
            c.exchange.packets[i].window =
                (c.exchange.packets[i].flags & TWIN_TCP_SYN) != 0 ? 1 : 0;
        }
    }
    find_delays(&c.exchange);
    (void)replay(&c);
    g_assert_cmpfloat(c.plan.hosts[1].at[TWIN_PLAN_BREAKS_WINDOW], ==, 1);
    g_assert_cmpfloat(c.plan.hosts[0].at[TWIN_PLAN_BREAKS_WINDOW], ==, 0);
    end(&c);
}

/* One packet with data, and a pure ACK @wait_ns later. */
static void answer_after(TwinExchange *exchange, int64_t wait_ns)
{
    *twin_exchange_add_write(exchange) = (TwinWrite){.n_segments = 1, .bytes = 10};
    *twin_exchange_add_packet(exchange) = (TwinHostPacket){
        .flags = TWIN_TCP_ACK | TWIN_TCP_PSH,
        .payload_bytes = 10,
        .size = 10,
        .move = TWIN_MOVE_NEW,
    };
    *twin_exchange_add_packet(exchange) = (TwinHostPacket){
        .side = 1,
        .flags = TWIN_TCP_ACK,
        .ack = 10,
        .write = -1,
        .sent_ns = wait_ns,
        .captured_ns = wait_ns,
        .nominal_ns = wait_ns,
        .arrived_ns = wait_ns,
    };
    find_delays(exchange);
}

static void count_timers(void *user, const TwinReplayRow *row)
{
    *(unsigned *)user += row->packet != NULL && row->is_timer;
}

static void test_timers_are_told(void)
{
    static const struct {
        int64_t wait_ns;
        unsigned n_timers;
    } rows[] = {
        {20000000, 0}, {33000000, 0}, {34100000, 1},  {40000000, 1},  {45900000, 1},
        {60000000, 0}, {81000000, 1}, {200000000, 1}, {240000000, 0},
    };
    TwinReplay *const replay = twin_replay_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TwinExchange exchange = {.n_packets = 0};
        TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
        answer_after(&exchange, rows[i].wait_ns);
        g_assert_true(twin_exchange_plan(&exchange, &plan));
        unsigned n_timers = 0;
        const TwinReplaySink sink = {.row = count_timers, .user = &n_timers};
        g_assert_true(twin_replay_run(replay, &exchange, &plan, &sink));
        g_assert_cmpuint(n_timers, ==, rows[i].n_timers);
        twin_exchange_plan_clear(&plan);
        twin_exchange_free(&exchange);
    }
    twin_replay_free(replay);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay/counts-go-down-to-nothing", test_counts_go_down_to_nothing);
    g_test_add_func("/replay/a-row-after-each-event", test_a_row_after_each_event);
    g_test_add_func("/replay/twice-the-same", test_replaying_twice_gives_the_same);
    g_test_add_func("/replay/exceptions-are-found", test_exceptions_are_found);
    g_test_add_func("/replay/timers-are-told", test_timers_are_told);
    return g_test_run();
}
