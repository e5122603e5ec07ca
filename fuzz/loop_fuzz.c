/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cursor.h"
#include "fuzz.h"
#include "synth/loop.h"
#include "twin_case.h"

#include <glib.h>
#include <math.h>

/*
 * A stream of random numbers, a script, and entries of both plans set to anything; drawn from a
 * model in which all can happen. Byte 0: the stream; 1: writes, of three bytes each (side and
 * early, segments, bytes in 16s); then three bytes an entry: side and entry, of 256 values one.
 */
enum { MOST_WRITES = 12, MOST_PACKETS = 120 };

static const double values[] = {
    0,    1,    -1,    2,     3,     10,    100, 1e9,         -1e9,      1e300, -1e300, .001,
    1e-9, 1460, 65535, 65536, .0005, 14,    15,  INFINITY,    -INFINITY, NAN,   -9,     -6,
    -3,   0.5,  1e18,  64240, 502,   1.5e5, 7,   4294967296., 5e-324,    -.5,
};

static size_t read_script(TwinCursor *cursor, TwinWrite *writes)
{
    const size_t n_writes = twin_cursor_u8(cursor) % (MOST_WRITES + 1);
    for (size_t i = 0; i < n_writes; i++) {
        const uint8_t bits = twin_cursor_u8(cursor);
        writes[i] = (TwinWrite){
            .side = bits & 1,
            .is_early = (bits & 2) != 0,
            .n_segments = twin_cursor_u8(cursor) & 31,
            .bytes = 16U * twin_cursor_u8(cursor),
        };
    }
    return n_writes;
}

static void read_entries(TwinCursor *cursor, TwinExchangePlan *plan)
{
    while (cursor->left >= 3) {
        const unsigned side = twin_cursor_u8(cursor) & 1;
        const unsigned entry = twin_cursor_u8(cursor) % TWIN_N_PLAN;
        const unsigned value = twin_cursor_u8(cursor) % G_N_ELEMENTS(values);
        plan->hosts[side].at[entry] = values[value];
    }
    for (unsigned side = 0; side < 2; side++) {
        double *const packets = &plan->hosts[side].at[TWIN_PLAN_PACKETS];
        *packets =
            *packets < MOST_PACKETS ? *packets : MOST_PACKETS; /* what is too slow to check */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static uint16_t windows[] = {501, 0, 65535, 400, 502, 503, 100, 501};
    static int64_t times_ns[] = {0, 1000, 1000, 5000000, 300000000};
    TwinCursor cursor = twin_cursor(bytes, n_bytes);
    const uint8_t flow = twin_cursor_u8(&cursor);
    TwinWrite writes[MOST_WRITES] = {{.side = 0}};
    const size_t n_writes = read_script(&cursor, writes);
    TwinExchangePlan plan = twin_case_plan(writes, n_writes);
    for (unsigned side = 0; side < 2; side++) {
        plan.windows[side] = windows;
        plan.n_windows[side] = G_N_ELEMENTS(windows);
        for (unsigned deck = 0; deck < TWIN_N_DECKS; deck++) {
            plan.deck_ns[side][deck] = times_ns;
            plan.n_deck[side][deck] = G_N_ELEMENTS(times_ns);
        }
    }
    read_entries(&cursor, &plan);
    TwinExchange exchange = {.n_packets = 0};
    for (size_t i = 0; i < n_writes; i++) {
        *twin_exchange_add_write(&exchange) = writes[i];
    }
    TwinLoop *const loop = twin_loop_new();
    TwinLoopCounts counts = {.n_flows = 0};
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, flow);
    g_assert_true(twin_loop_draw(loop, twin_case_tables(), &plan, &random, &exchange, &counts));
    g_assert_cmpuint(exchange.n_packets, <=, counts.n_planned * 17 / 16 + 30);
    twin_case_assert_causal(&exchange);
    twin_loop_free(loop);
    twin_exchange_free(&exchange);
    return 0;
}
