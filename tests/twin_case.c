/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "twin_case.h"

#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

enum { FIN = TWIN_TCP_FIN, SYN = TWIN_TCP_SYN, PSH = TWIN_TCP_PSH, ACK = TWIN_TCP_ACK };

static TwinPacketKind kinds[] = {
    {SYN, TWIN_MOVE_NEW, false},
    {SYN | ACK, TWIN_MOVE_NEW, false},
    {ACK, TWIN_MOVE_NONE, false},
    {ACK, TWIN_MOVE_NEW, true},
    {PSH | ACK, TWIN_MOVE_NEW, true},
    {FIN | ACK, TWIN_MOVE_NEW, false},
    {ACK, TWIN_MOVE_AGAIN, true},
    {TWIN_TCP_RST | ACK, TWIN_MOVE_NONE, false},
    {ACK, TWIN_MOVE_PROBE, true},
    {ACK, TWIN_MOVE_ODD, true},
    {FIN | PSH | ACK, TWIN_MOVE_NEW, true},
};

enum { N_KINDS = G_N_ELEMENTS(kinds) };

#define MS INT64_C(1000000)

static TwinOutcomeRow outcomes[] = {
    {.kind = 0},
    {.kind = 1},
    {.kind = 2},
    {.kind = 2},
    {.kind = 3},
    {.kind = 3},
    {.kind = 4},
    {.kind = 4},
    {.kind = 5},
    {.kind = 6, .back = 1},
    {.kind = 6, .back = 2},
    {.kind = 7},
    {.kind = 8},
    {.kind = 9},
    {.kind = 10},
    {.kind = N_KINDS},
    {.kind = N_KINDS},
};

static TwinDelayRow delays[] = {
    {.time_ns = MS, .held = 1},      {.time_ns = 5 * MS, .held = 2, .position = .5F},
    {.time_ns = 20 * MS, .held = 2}, {.time_ns = 41 * MS, .is_timer = true, .position = 11},
    {.time_ns = MS / 100},           {.time_ns = 250 * MS, .position = 4},
};

static int32_t lengths[] = {-1, -1, 100, 500, 1460};

static TwinWindowRow windows[] = {
    {.code = TWIN_WINDOW_STILL},
    {.code = TWIN_WINDOW_EDGE},
    {.code = TWIN_WINDOW_STEP, .step = 10},
    {.code = TWIN_WINDOW_ZERO},
};

static uint8_t fates[] = {0, 0, 0, 0, 1, 1, 2, 3};
static TwinAckRow acks[] = {{.manner = 0}, {.manner = 1}, {2, 2}, {10, 3}, {-20, 4}, {20, 4}};
static TwinOddRow odd[] = {{.by = 1 << 26, .payload_bytes = 10}};

static TwinTreeNode leaf = {.left = 0};

#define RANGE(rows, n)                                                                             \
    static TwinTreeRange rows##_range = {.last = G_N_ELEMENTS(rows), .n_distinct = (n)};           \
    static TwinTree rows##_tree = {.n_nodes = 1,                                                   \
                                   .n_rows = G_N_ELEMENTS(rows),                                   \
                                   .n_features = 1,                                                \
                                   .nodes = &leaf,                                                 \
                                   .ranges = &rows##_range}
RANGE(outcomes, 12);
RANGE(delays, 6);
RANGE(lengths, 4);
RANGE(windows, 4);
RANGE(fates, 4);
RANGE(acks, 6);
#undef RANGE

const TwinTables *twin_case_tables(void)
{
    static const TwinTables tables = {
        .kinds = kinds,
        .n_kinds = N_KINDS,
        .outcome = &outcomes_tree,
        .outcomes = outcomes,
        .delay = &delays_tree,
        .delays = delays,
        .length = &lengths_tree,
        .lengths = lengths,
        .window = &windows_tree,
        .windows = windows,
        .fate = &fates_tree,
        .fates = fates,
        .ack = &acks_tree,
        .acks = acks,
        .odd = odd,
        .n_odd = G_N_ELEMENTS(odd),
    };
    return &tables;
}

static void plan_write(TwinHostPlan *plans, const TwinWrite *write)
{
    double *const own = plans[write->side].at;
    own[TWIN_PLAN_PACKETS] += write->n_segments;
    own[TWIN_PLAN_DATA] += write->n_segments;
    own[TWIN_PLAN_BYTES] += write->bytes;
    own[TWIN_PLAN_PUSHED] += 1;
    own[TWIN_PLAN_WRITES] += 1;
}

TwinExchangePlan twin_case_plan(const TwinWrite *writes, size_t n_writes)
{
    TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
    for (size_t i = 0; i < n_writes; i++) {
        plan_write(plan.hosts, &writes[i]);
    }
    for (unsigned h = 0; h < 2; h++) {
        double *const own = plan.hosts[h].at;
        const double *const peer = plan.hosts[1 - h].at;
        own[TWIN_PLAN_PURE] = 1 + (double)(int)(peer[TWIN_PLAN_DATA] / 2);
        own[TWIN_PLAN_PACKETS] += 2 + own[TWIN_PLAN_PURE];
        own[TWIN_PLAN_SYNS] = 1;
        own[TWIN_PLAN_FINS] = 1;
        own[TWIN_PLAN_THINK] = 10;
        own[TWIN_PLAN_HELDS] = 3;
        own[TWIN_PLAN_HOLD] = .01;
        own[TWIN_PLAN_HALF] = h == 0 ? .0001 : .012;
        own[TWIN_PLAN_DURATION] = 1;
        own[TWIN_PLAN_OPENS] = h == 0;
        own[TWIN_PLAN_FIRST_DELAY] = -1;
        own[TWIN_PLAN_SECOND_DELAY] = -1;
        own[TWIN_PLAN_MAX_PAYLOAD] = 1460;
        own[TWIN_PLAN_MAX_FLIGHT] = 1e6;
        own[TWIN_PLAN_INITIAL_WINDOW] = 1e6;
        own[TWIN_PLAN_FIRST_FLIGHT] = 40;
        own[TWIN_PLAN_WINDOW_SYN] = 64240;
        own[TWIN_PLAN_WINDOW_FIRST] = 502;
        own[TWIN_PLAN_WINDOW_MOST] = 600;
        own[TWIN_PLAN_WINDOW_SHIFT] = 7;
        own[TWIN_PLAN_RST_WINDOW] = -1;
        for (unsigned c = 0; c < TWIN_N_DELAYS; c++) {
            for (unsigned q = 0; q < 5; q++) {
                own[TWIN_PLAN_DELAY(c) + q] = -9;
            }
        }
    }
    return plan;
}

void twin_case_lose(TwinExchangePlan *plan, unsigned side, unsigned n_lost, unsigned n_hidden,
                    unsigned n_missed)
{
    double *const own = plan->hosts[side].at;
    own[TWIN_PLAN_LOSTS] += n_lost;
    own[TWIN_PLAN_HIDDENS] += n_hidden;
    own[TWIN_PLAN_MISSED] += n_missed;
    own[TWIN_PLAN_AGAINS] += n_lost + n_hidden;
    own[TWIN_PLAN_PACKETS] += n_lost + n_hidden;
}

/* Takes in what arrives, by a slow and obvious rule: again and again over all that has. */
static int64_t in_order(const TwinExchange *exchange, unsigned side, int64_t by_ns)
{
    int64_t next = -1;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < exchange->n_packets; i++) {
            const TwinHostPacket *const k = &exchange->packets[i];
            if (k->side != side || k->arrived_ns > by_ns || k->move == TWIN_MOVE_ODD ||
                (k->flags & TWIN_TCP_RST) != 0) {
                continue;
            }
            if (next < 0) {
                next = k->seq;
                moved = true;
            }
            if (k->seq <= next && k->seq + k->size > next) {
                next = k->seq + k->size;
                moved = true;
            }
        }
    }
    return MAX(next, 0);
}

int64_t twin_case_arrived(const TwinExchange *exchange, unsigned side)
{
    return in_order(exchange, side, TWIN_NEVER_NS - 1);
}

static void assert_timely(const TwinExchange *exchange, size_t index)
{
    const TwinHostPacket *const k = &exchange->packets[index];
    const TwinHostSide *const sides = exchange->sides;
    g_assert_cmpint(k->captured_ns, ==, k->sent_ns + sides[k->side].half_ns);
    g_assert_cmpint(k->nominal_ns, ==, k->captured_ns + sides[1 - k->side].half_ns);
    g_assert_cmpint(k->arrived_ns, >=, k->nominal_ns);
    g_assert_true((k->arrived_ns == TWIN_NEVER_NS) ==
                  (k->fate == TWIN_FATE_LOST || k->fate == TWIN_FATE_HIDDEN));
    for (size_t i = index; i-- > 0;) {
        const TwinHostPacket *const before = &exchange->packets[i];
        g_assert_cmpint(before->sent_ns, <=, k->sent_ns);
        if (before->side == k->side && before->arrived_ns != TWIN_NEVER_NS) {
            g_assert_cmpint(before->arrived_ns, <, k->arrived_ns);
        }
    }
}

static void assert_caused(const TwinExchange *exchange, size_t index)
{
    const TwinHostPacket *const k = &exchange->packets[index];
    const uint32_t one = (k->flags & SYN) != 0 ? 1 : 0;
    g_assert_cmpuint(k->size, ==, k->payload_bytes + one + ((k->flags & FIN) != 0));
    g_assert_cmpint(k->write, >=, -1);
    g_assert_cmpint(k->write, <, (int64_t)exchange->n_writes);
    if (k->echo >= 0) {
        g_assert_cmpuint((size_t)k->echo, <, index);
        const TwinHostPacket *const echoed = &exchange->packets[k->echo];
        g_assert_cmpuint(echoed->side, !=, k->side);
        g_assert_cmpint(echoed->arrived_ns, <=, k->sent_ns);
    }
}

static void assert_acknowledges(const TwinExchange *exchange, size_t index)
{
    const TwinHostPacket *const k = &exchange->packets[index];
    if ((k->flags & ACK) != 0 && k->ack_manner == TWIN_ACK_EXACT) {
        g_assert_cmpint(k->ack, ==, in_order(exchange, 1 - k->side, k->sent_ns));
    }
}

void twin_case_assert_causal(const TwinExchange *exchange)
{
    for (size_t i = 0; i < exchange->n_packets; i++) {
        assert_timely(exchange, i);
        assert_caused(exchange, i);
    }
}

void twin_case_assert_sound(const TwinExchange *exchange)
{
    twin_case_assert_causal(exchange);
    for (size_t i = 0; i < exchange->n_packets; i++) {
        assert_acknowledges(exchange, i);
    }
}
