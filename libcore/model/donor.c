/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/donor.h"

#include <flowtwin/error.h>

#include "base/pack.h"
#include "base/sort.h"
#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

enum {
    DEFAULT_MSS = 1460,
    TIMESTAMPS_BYTES = 12,
    FEWEST_CLOCK_READINGS = 4, /* below it, lateness is noise */
};

static const int64_t second_ns = 1000000000;

/* A least gap above it is the path's or an application's, not the capture's. */
static const int64_t most_least_gap_ns = 5000;

void twin_flow_reader_init(TwinFlowReader *self)
{
    memset(self, 0, sizeof *self);
    self->plan = (TwinExchangePlan)TWIN_EXCHANGE_PLAN_INIT;
    self->scratch = twin_inference_scratch_new();
    self->replay = twin_replay_new();
}

void twin_flow_reader_clear(TwinFlowReader *self)
{
    twin_exchange_free(&self->exchange);
    twin_exchange_plan_clear(&self->plan);
    twin_inference_scratch_free(self->scratch);
    twin_replay_free(self->replay);
}

bool twin_flow_read(TwinFlowReader *self, const TwinFlows *flows, const TwinFlow *flow,
                    TwinExchangePlan *plan_out)
{
    if (!twin_exchange_infer(&self->exchange, flows, flow, self->scratch)) {
        return false;
    }
    self->exchange.label = flow->label;
    return twin_exchange_plan(&self->exchange, plan_out);
}

/* What the path carries: the smaller MSS, less what timestamps take. */
static uint32_t path_bytes(const TwinExchange *exchange)
{
    uint32_t mss = UINT16_MAX;
    bool has_timestamps = false;
    for (unsigned side = 0; side < 2; side++) {
        const uint32_t own = exchange->sides[side].mss_bytes;
        mss = MIN(mss, own != 0 ? own : DEFAULT_MSS);
        has_timestamps |= exchange->sides[side].has_timestamps;
    }
    const uint32_t options = has_timestamps ? TIMESTAMPS_BYTES : 0;
    return mss > options ? mss - options : 1;
}

/* A side's RSTs and first number, as they stand in the capture. */
static void learn_packet(TwinHostHabits *habits, const TwinPacket *packet, bool is_first)
{
    if (is_first) {
        habits->isn_is_zero = packet->seq == 0;
    }
    if ((packet->flags & TWIN_TCP_RST) != 0 && habits->rst_ttl == 0) {
        habits->rst_ttl = packet->ttl;
        habits->rst_ip_id_is_zero = packet->ip_id == 0;
    }
}

/* How much later than its clock said, whole ticks aside, each packet of a side left, in us. */
static size_t read_lateness(const TwinFlows *flows, const TwinFlow *flow, unsigned side,
                            uint32_t ts_hz, int64_t *late_us_out)
{
    const TwinPacket *first = NULL;
    size_t n = 0;
    for (size_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if (twin_flow_side(flow, packet) != side || (packet->bits & TWIN_PACKET_TIMESTAMPS) == 0) {
            continue;
        }
        first = first != NULL ? first : packet;
        const int64_t ticks = (int32_t)(packet->ts_value - first->ts_value);
        const int64_t clock_ns = ticks * (second_ns / ts_hz);
        late_us_out[n++] = (packet->time_ns - first->time_ns - clock_ns) / 1000;
    }
    return n;
}

static void learn_lateness(TwinHostHabits *habits, const TwinFlows *flows, const TwinFlow *flow,
                           unsigned side, uint32_t ts_hz)
{
    g_autofree int64_t *late_us = g_new(int64_t, 2 * (size_t)flow->n_packets);
    const size_t n = read_lateness(flows, flow, side, ts_hz, late_us);
    habits->n_late = 1;
    habits->late_us[0] = 0;
    if (n < FEWEST_CLOCK_READINGS) {
        return;
    }
    twin_sort_int64(late_us, late_us + n, n);
    habits->n_late = (uint8_t)MIN(n, (size_t)TWIN_MAX_LATENESS);
    const int64_t tick_us = 1000000 / ts_hz;
    for (size_t i = 0; i < habits->n_late; i++) {
        const size_t at = habits->n_late > 1 ? i * (n - 1) / (habits->n_late - 1U) : 0;
        const int64_t late = late_us[at] - late_us[0] - tick_us;
        habits->late_us[i] = (int32_t)CLAMP(late, 0, INT32_MAX);
    }
}

/* No two packets stand closer in the capture than its machine takes for one. */
static void learn_least_gaps(TwinDonor *self, const TwinFlows *flows, const TwinFlow *flow)
{
    int64_t least_ns[2] = {INT64_MAX, INT64_MAX};
    for (size_t k = 1; k < flow->n_packets; k++) {
        const TwinPacket *before = twin_flows_packet(flows, flow, k - 1);
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const bool is_across = twin_flow_side(flow, before) != twin_flow_side(flow, packet);
        const int64_t gap_ns = packet->time_ns - before->time_ns;
        least_ns[is_across ? 1 : 0] = MIN(least_ns[is_across ? 1 : 0], gap_ns);
    }
    for (size_t i = 0; i < 2; i++) { /* where there is none, the other says something */
        const int64_t own_ns = least_ns[i] != INT64_MAX ? least_ns[i] : least_ns[1 - i];
        self->least_gap_ns[i] = own_ns != INT64_MAX ? CLAMP(own_ns, 0, most_least_gap_ns) : 0;
    }
}

static void learn_habits(TwinDonor *self, const TwinFlows *flows, const TwinFlow *flow,
                         const TwinSeed *seed)
{
    bool is_first[2] = {true, true};
    for (size_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const unsigned side = twin_flow_side(flow, packet);
        learn_packet(&self->habits[side], packet, is_first[side]);
        is_first[side] = false;
    }
    for (unsigned side = 0; side < 2; side++) {
        learn_lateness(&self->habits[side], flows, flow, side, seed->sides[side].ts_hz);
    }
}

/* As a model file gives them back, so that a model draws the same before and after. */
static void round_plan(TwinExchangePlan *plan)
{
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < TWIN_N_PLAN; i++) {
            plan->hosts[side].at[i] = twin_packed_number(plan->hosts[side].at[i]);
        }
    }
}

/* A deck keeps evenly spaced ones of what is more than it holds. */
static void thin_decks(TwinExchangePlan *plan)
{
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned d = 0; d < TWIN_N_DECKS; d++) {
            const uint32_t n = plan->n_deck[side][d];
            for (uint32_t i = 0; n > TWIN_MAX_DECK && i < TWIN_MAX_DECK; i++) {
                plan->deck_ns[side][d][i] = plan->deck_ns[side][d][(uint64_t)i * n / TWIN_MAX_DECK];
            }
            plan->n_deck[side][d] = MIN(n, (uint32_t)TWIN_MAX_DECK);
        }
        plan->n_windows[side] = MIN(plan->n_windows[side], (uint32_t)TWIN_MAX_DECK);
    }
}

bool twin_donor_learn(TwinDonor *self, TwinFlowReader *reader, const TwinFlows *flows,
                      const TwinFlow *flow, const TwinSeed *seed)
{
    static const TwinReplaySink nobody = {.user = NULL};
    self->plan = (TwinExchangePlan)TWIN_EXCHANGE_PLAN_INIT;
    if (!twin_flow_read(reader, flows, flow, &self->plan) ||
        !twin_replay_run(reader->replay, &reader->exchange, &self->plan, &nobody)) {
        return false;
    }
    thin_decks(&self->plan);
    round_plan(&self->plan);
    self->tick_ns = reader->exchange.tick_ns;
    const uint32_t path = path_bytes(&reader->exchange);
    for (unsigned side = 0; side < 2; side++) {
        const double largest = self->plan.hosts[side].at[TWIN_PLAN_MAX_PAYLOAD];
        self->max_bytes[side] = MAX(path, (uint32_t)CLAMP(largest, 0, UINT32_MAX));
    }
    learn_habits(self, flows, flow, seed);
    learn_least_gaps(self, flows, flow);
    return true;
}

bool twin_donors_learn(TwinDonors *self, const TwinFlows *flows, const TwinSeeds *seeds,
                       GError **error)
{
    TwinFlowReader reader;
    twin_flow_reader_init(&reader);
    self->donors = g_new0(TwinDonor, seeds->n_seeds);
    self->n_donors = seeds->n_seeds;
    bool is_good = true;
    for (size_t i = 0; i < seeds->n_seeds && is_good; i++) {
        const TwinSeed *seed = &seeds->seeds[i];
        is_good = twin_donor_learn(&self->donors[i], &reader, flows,
                                   twin_flows_flow(flows, seed->flow), seed);
    }
    twin_flow_reader_clear(&reader);
    if (!is_good) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                            "the flows' plans do not fit in memory");
    }
    return is_good;
}

void twin_donors_clear(TwinDonors *self)
{
    for (size_t i = 0; i < self->n_donors; i++) {
        twin_exchange_plan_clear(&self->donors[i].plan);
    }
    g_clear_pointer(&self->donors, g_free);
    self->n_donors = 0;
}
