/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/loop.h"

#include "base/array.h"
#include "synth/loop_parts.h"

/* Bounds of what a plan may ask for, whatever wrote it. */
#define MOST_PACKETS    INT64_C(1000000000)
#define LONGEST_HALF_NS INT64_C(1000000000000)

/* More packets than planned, at most: some, and one in so many. */
enum { MORE_PACKETS = 30, ONE_MORE_IN = 16 };

TwinLoop *twin_loop_new(void)
{
    return g_new0(TwinLoop, 1);
}

void twin_loop_free(TwinLoop *self)
{
    if (self != NULL) {
        twin_dialogue_clear(&self->dialogue);
        twin_segments_free(&self->segments[0]);
        twin_segments_free(&self->segments[1]);
        g_free(self->links);
        g_free(self);
    }
}

void twin_loop_counts_add(TwinLoopCounts *self, const TwinLoopCounts *other)
{
    self->n_flows += other->n_flows;
    self->n_packets += other->n_packets;
    self->n_planned += other->n_planned;
    self->n_decisions += other->n_decisions;
    self->n_milder[0] += other->n_milder[0];
    self->n_milder[1] += other->n_milder[1];
    self->n_undecided += other->n_undecided;
    for (size_t i = 0; i < TWIN_N_EVIDENCE; i++) {
        self->gave_way[i] += other->gave_way[i];
    }
    self->n_stuck += other->n_stuck;
    self->n_relieved += other->n_relieved;
    self->n_given_up += other->n_given_up;
    self->n_unmet += other->n_unmet;
    self->n_delays_clipped += other->n_delays_clipped;
    self->n_lengths_computed += other->n_lengths_computed;
    self->n_windows_kept += other->n_windows_kept;
    self->n_fates_forced += other->n_fates_forced;
}

static bool begin_decks(TwinLoop *self)
{
    size_t n_links = 0;
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DECKS; c++) {
            n_links += twin_deck_n_links(self->plan->n_deck[h][c]);
        }
    }
    void *links = self->links;
    const bool is_roomy =
        twin_array_reserve(&links, &self->links_room, n_links, sizeof *self->links);
    self->links = links;
    if (!is_roomy) {
        return false;
    }
    size_t at = 0;
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DECKS; c++) {
            const uint32_t n = self->plan->n_deck[h][c];
            twin_deck_begin(&self->decks[h][c], self->plan->deck_ns[h][c], n, self->links + at);
            at += twin_deck_n_links(n);
        }
        const double shrinks = self->plan->hosts[h].at[TWIN_PLAN_WINDOW_SHRINKS];
        twin_window_deck_begin(&self->windows[h], self->plan->windows[h], self->plan->n_windows[h],
                               twin_plan_whole(shrinks, MOST_PACKETS));
    }
    return true;
}

typedef enum { NOTHING, ARRIVAL, SEND } Next;

/* The next event; ties: arrivals first, host 0 first. */
static Next next_event(TwinLoop *self, unsigned *host_out, int64_t *time_ns_out)
{
    Next next = NOTHING;
    *time_ns_out = TWIN_NEVER_NS;
    for (unsigned h = 0; h < 2; h++) {
        const TwinUnderWay *const inbound = &self->inbound[h];
        if (inbound->n > 0) {
            const int64_t earliest = self->hosts.host[h].now_ns + 1;
            const int64_t at = MAX(self->exchange->packets[inbound->first].arrived_ns, earliest);
            if (at < *time_ns_out) {
                next = ARRIVAL;
                *time_ns_out = at;
                *host_out = h;
            }
        }
    }
    for (unsigned h = 0; h < 2; h++) {
        if (self->decisions[h].due_ns < *time_ns_out) {
            next = SEND;
            *time_ns_out = self->decisions[h].due_ns;
            *host_out = h;
        }
    }
    return next;
}

/* One event; false at the end, or when memory is out. */
static bool go_on(TwinLoop *self)
{
    for (unsigned h = 0; h < 2; h++) {
        if (self->decisions[h].must_decide) {
            twin_loop_decide(self, h);
        }
    }
    self->forced = -1;
    unsigned host = 0;
    int64_t now_ns = 0;
    switch (next_event(self, &host, &now_ns)) {
    case NOTHING:
        return twin_loop_get_unstuck(self);
    case ARRIVAL:
        self->now_ns = now_ns;
        twin_loop_arrive(self, host, now_ns);
        return true;
    case SEND:
        self->now_ns = now_ns;
        self->is_out_of_memory = !twin_loop_send(self, host, now_ns);
        return !self->is_out_of_memory;
    }
    return false;
}

static void begin_exchange(TwinLoop *self)
{
    self->exchange->n_packets = 0;
    for (unsigned h = 0; h < 2; h++) {
        const double *const plan = twin_loop_plan(self, h);
        TwinHostSide *const side = &self->exchange->sides[h];
        const int64_t half_ns = twin_delay_of_seconds(plan[TWIN_PLAN_HALF]);
        self->half_ns[h] = MIN(half_ns, LONGEST_HALF_NS);
        side->half_ns = self->half_ns[h];
        side->window_shift = (uint8_t)twin_host_shift(&self->hosts, h, 0);
        side->may_sack = plan[TWIN_PLAN_SACK] > 0;
        side->has_timestamps = plan[TWIN_PLAN_TIMESTAMPS] > 0;
    }
}

static bool begin(TwinLoop *self)
{
    if (!twin_dialogue_set(&self->dialogue, self->exchange->writes, self->exchange->n_writes) ||
        !begin_decks(self)) {
        return false;
    }
    const unsigned opener = twin_loop_plan(self, 0)[TWIN_PLAN_OPENS] > 0 ? 0 : 1;
    self->hosts.plan = self->plan->hosts;
    begin_exchange(self);
    twin_hosts_begin(&self->hosts, self->plan->hosts, &self->dialogue, -self->half_ns[opener]);
    for (unsigned h = 0; h < 2; h++) {
        self->decisions[h] = (TwinDecision){.due_ns = TWIN_NEVER_NS, .must_decide = true};
        self->inbound[h] = (TwinUnderWay){.last_arrival_ns = TWIN_LONG_AGO_NS};
        twin_segments_begin(&self->segments[h]);
    }
    self->n_planned = twin_plan_whole(twin_loop_plan(self, 0)[TWIN_PLAN_PACKETS] +
                                          twin_loop_plan(self, 1)[TWIN_PLAN_PACKETS],
                                      MOST_PACKETS);
    self->now_ns = -self->half_ns[opener];
    self->n_stuck = 0;
    self->forced = (int)opener; /* there is no flow without a packet */
    self->is_out_of_memory = false;
    return true;
}

bool twin_loop_draw(TwinLoop *self, const TwinTables *tables, const TwinExchangePlan *plan,
                    TwinRandom *random, TwinExchange *exchange, TwinLoopCounts *counts)
{
    self->draws = (TwinDraws){
        .tables = tables,
        .hosts = &self->hosts,
        .random = random,
        .counts = counts,
    };
    self->plan = plan;
    self->exchange = exchange;
    if (!begin(self)) {
        return false;
    }
    const int64_t most = self->n_planned + self->n_planned / ONE_MORE_IN + MORE_PACKETS;
    while ((int64_t)exchange->n_packets < most && go_on(self)) {
    }
    counts->n_flows++;
    counts->n_packets += exchange->n_packets;
    counts->n_planned += (uint64_t)self->n_planned;
    for (unsigned h = 0; h < 2; h++) {
        twin_loop_let_arrive(self, h);
        counts->n_unmet +=
            (uint64_t)twin_plan_whole(self->hosts.host[h].left[TWIN_PLAN_PACKETS], MOST_PACKETS);
    }
    return !self->is_out_of_memory;
}
