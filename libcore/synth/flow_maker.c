/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/flow_maker.h"

#include <flowtwin/error.h>

#include "base/parallel.h"
#include "host/script.h"
#include "synth/deal.h"
#include "synth/host_frames.h"
#include "synth/loop.h"
#include "synth/script.h"

#include <string.h>

enum {
    BATCH = 256,        /* flows drawn at once: enough for threads, little to hold */
    MAX_ATTEMPTS = 8,   /* draws of a flow whose course is one training flow's own */
    ATTEMPT_SHIFT = 40, /* random numbers of an attempt: index + attempt << this */
};

/* What `--privacy` chooses. */
static const struct {
    const char *name;
    bool borrows_sizes;
    bool deals_decks;
    bool guards;
    bool allows_natural_share; /* of copies; else none */
} privacies[] = {
    [TWIN_PRIVACY_BALANCED] = {"balanced", true, true, true, true},
    [TWIN_PRIVACY_OPEN] = {"open", false, true, false, false},
    [TWIN_PRIVACY_STRICT] = {"strict", true, false, true, false},
};

const char *twin_privacy_name(size_t index)
{
    return index < G_N_ELEMENTS(privacies) ? privacies[index].name : NULL;
}

/* A flow of the batch. */
typedef struct {
    TwinMadeFlow flow;
    uint32_t n_attempts;
    bool is_unique_copy;
} Made;

/* What a thread has. */
typedef struct {
    TwinLoop *loop;
    TwinExchange exchange;
    TwinHostFrames frames;
    TwinLoopCounts loop_counts;
    TwinScriptCounts script_counts;
} Drawer;

struct TwinFlowMaker {
    const TwinModel *model;
    const TwinDesign *design;
    TwinPlan *plan;
    uint64_t seed;
    TwinPrivacy privacy;
    TwinDonors own; /* of flows that are not the model's */
    const TwinDonors *donors;
    TwinNeighbours neighbours;
    Drawer *drawers;
    unsigned n_threads;
    Made batch[BATCH];
    size_t first; /* flow of the plan that the batch begins with */
    size_t n_batch;
    size_t to_draw[BATCH]; /* places in the batch */
    uint64_t n_accepted_copies;
    uint64_t n_redrawn;
    bool is_out_of_memory;
};

static void drop_decks(TwinExchangePlan *plan)
{
    memset(plan->n_deck, 0, sizeof plan->n_deck);
}

/* The writes of the flow, and what they say of its plan. */
static bool write_script(const TwinFlowMaker *self, Drawer *drawer, const TwinDonor *donor,
                         TwinExchangePlan *plan, TwinRandom *random)
{
    TwinExchange *exchange = &drawer->exchange;
    const double n_writes =
        plan->hosts[0].at[TWIN_PLAN_WRITES] + plan->hosts[1].at[TWIN_PLAN_WRITES];
    twin_exchange_clear(exchange);
    for (size_t w = 0; (double)w < n_writes; w++) {
        if (twin_exchange_add_write(exchange) == NULL) {
            return false;
        }
    }
    exchange->n_writes = twin_script_draw(&self->design->script, plan->hosts, donor->max_bytes,
                                          random, exchange->writes, &drawer->script_counts);
    twin_script_tell(exchange->writes, exchange->n_writes, plan->hosts);
    return true;
}

/* At least one packet must stand in the capture, or the flow would not. */
static void show_one(TwinExchange *exchange)
{
    for (size_t k = 0; k < exchange->n_packets; k++) {
        if (twin_is_captured(&exchange->packets[k])) {
            return;
        }
    }
    if (exchange->n_packets > 0) {
        exchange->packets[0].fate = TWIN_FATE_SEEN;
    }
}

static uint64_t course_of(const TwinMadeFlow *flow)
{
    uint64_t course = twin_course_begin();
    for (size_t k = 0; k < flow->n_segments; k++) {
        const TwinOutSegment *segment = &flow->segments[k];
        course = twin_course_add(course, segment->side, segment->flags, segment->payload_bytes);
    }
    return course;
}

/* From a drawn exchange to what the capture holds of it. */
static bool make_segments(TwinFlowMaker *self, Drawer *drawer, size_t index, Made *made)
{
    const TwinFlowPlan *flow = &self->plan->flows[index];
    show_one(&drawer->exchange);
    TwinOutSegment *segments = g_try_new(TwinOutSegment, drawer->exchange.n_packets + 1);
    const TwinDonor *donor = &self->donors->donors[flow->seed];
    const TwinFrameSource source = {&self->plan->seeds->seeds[flow->seed], donor};
    TwinRandom random = twin_random(self->seed, TWIN_RANDOM_SESSION, index);
    if (segments == NULL || drawer->exchange.n_packets == 0 ||
        twin_host_frames_order(&drawer->frames, &drawer->exchange, donor, &random) == NULL) {
        g_free(segments);
        return false;
    }
    g_free(made->flow.segments);
    made->flow.segments = segments;
    made->flow.n_segments =
        twin_host_frames_make(&drawer->frames, &drawer->exchange, &source,
                              twin_plan_start(self->plan, self->model, index), &random, segments);
    return true;
}

/* Draws flow @self->first + the place. */
static void draw_flow(size_t task, unsigned thread, void *data)
{
    TwinFlowMaker *self = data;
    Drawer *drawer = &self->drawers[thread];
    Made *made = &self->batch[self->to_draw[task]];
    const size_t index = self->first + self->to_draw[task];
    const uint64_t number = index + ((uint64_t)made->n_attempts++ << ATTEMPT_SHIFT);
    const size_t donor = self->plan->flows[index].seed;
    TwinRandom deal = twin_random(self->seed, TWIN_RANDOM_DEAL, number);
    TwinExchangePlan plan = twin_neighbours_deal(&self->neighbours, donor,
                                                 privacies[self->privacy].borrows_sizes, &deal);
    if (!privacies[self->privacy].deals_decks) {
        drop_decks(&plan);
    }
    TwinRandom random = twin_random(self->seed, TWIN_RANDOM_PACKETS, number);
    const bool is_drawn = write_script(self, drawer, &self->donors->donors[donor], &plan, &deal) &&
                          twin_loop_draw(drawer->loop, &self->design->tables, &plan, &random,
                                         &drawer->exchange, &drawer->loop_counts) &&
                          make_segments(self, drawer, index, made);
    if (!is_drawn) {
        __atomic_store_n(&self->is_out_of_memory, true, __ATOMIC_RELAXED);
        return;
    }
    made->is_unique_copy = twin_design_is_unique(self->design, course_of(&made->flow));
}

/* Of the batch, the flows that are to be drawn again: unique copies beyond the share allowed up to
 * each flow. Returns how many. */
static size_t reject_copies(TwinFlowMaker *self)
{
    size_t n_rejected = 0;
    uint64_t n_copies = self->n_accepted_copies;
    for (size_t i = 0; i < self->n_batch; i++) {
        const Made *made = &self->batch[i];
        const double share = privacies[self->privacy].allows_natural_share
                                 ? (double)self->design->natural_share / 4294967296.0
                                 : 0;
        const double allowed = share * (double)(self->first + i + 1);
        if (!made->is_unique_copy) {
            continue;
        }
        if ((double)(n_copies + 1) <= allowed || made->n_attempts > MAX_ATTEMPTS) {
            n_copies++;
        } else {
            self->to_draw[n_rejected++] = i;
        }
    }
    self->n_redrawn += n_rejected;
    return n_rejected;
}

static void count_copies(TwinFlowMaker *self)
{
    for (size_t i = 0; i < self->n_batch; i++) {
        self->n_accepted_copies += self->batch[i].is_unique_copy;
    }
}

/* The flows of the plan from @first on. */
static void draw_batch(TwinFlowMaker *self, size_t first)
{
    self->first = first;
    self->n_batch = MIN(self->plan->n_flows - first, (size_t)BATCH);
    memset(self->batch, 0, sizeof self->batch);
    for (size_t i = 0; i < self->n_batch; i++) {
        self->to_draw[i] = i;
    }
    twin_parallel_for(self->n_batch, self->n_threads, draw_flow, self);
    while (privacies[self->privacy].guards && !self->is_out_of_memory) {
        const size_t n_rejected = reject_copies(self);
        if (n_rejected == 0) {
            break;
        }
        twin_parallel_for(n_rejected, self->n_threads, draw_flow, self);
    }
    count_copies(self);
}

bool twin_flow_maker_take(TwinFlowMaker *self, size_t index, TwinMadeFlow *flow_out)
{
    if (index >= self->first + self->n_batch) {
        draw_batch(self, index);
    }
    if (self->is_out_of_memory) {
        return false;
    }
    TwinMadeFlow *made = &self->batch[index - self->first].flow;
    *flow_out = *made;
    made->segments = NULL;
    self->plan->flows[index].start_ns +=
        flow_out->segments[0].time_ns - twin_plan_start(self->plan, self->model, index);
    return true;
}

/* Flows that are not the model's become donors of their own. */
static bool choose_donors(TwinFlowMaker *self, const TwinFlows *like_flows, GError **error)
{
    const TwinDonors *of_model = &self->design->donors;
    if (self->plan->seeds == &self->model->seeds) {
        self->donors = of_model;
        twin_neighbours_init(&self->neighbours, of_model, NULL);
        return true;
    }
    if (!twin_donors_learn(&self->own, like_flows, self->plan->seeds, error)) {
        return false;
    }
    for (size_t i = 0; i < self->own.n_donors; i++) {
        const double label = self->plan->seeds->seeds[i].label;
        self->own.donors[i].plan.hosts[0].at[TWIN_PLAN_LABEL] = label;
        self->own.donors[i].plan.hosts[1].at[TWIN_PLAN_LABEL] = label;
    }
    self->donors = &self->own;
    twin_neighbours_init(&self->neighbours, &self->own, of_model);
    return true;
}

TwinFlowMaker *twin_flow_maker_new(const TwinModel *model, TwinPlan *plan,
                                   const TwinSynthesiseOptions *options, GError **error)
{
    g_autoptr(TwinFlowMaker) self = g_new0(TwinFlowMaker, 1);
    self->model = model;
    self->design = model->twin;
    self->plan = plan;
    self->seed = options->seed;
    self->privacy = options->privacy;
    self->n_threads = MAX(options->n_threads, 1);
    self->drawers = g_new0(Drawer, self->n_threads);
    for (unsigned t = 0; t < self->n_threads; t++) {
        self->drawers[t].loop = twin_loop_new();
    }
    return choose_donors(self, options->like_flows, error) ? g_steal_pointer(&self) : NULL;
}

void twin_flow_maker_free(TwinFlowMaker *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned t = 0; t < self->n_threads; t++) {
        twin_loop_free(self->drawers[t].loop);
        twin_exchange_free(&self->drawers[t].exchange);
        twin_host_frames_clear(&self->drawers[t].frames);
    }
    g_free(self->drawers);
    for (size_t i = 0; i < self->n_batch; i++) {
        g_free(self->batch[i].flow.segments);
    }
    twin_neighbours_clear(&self->neighbours);
    twin_donors_clear(&self->own);
    g_free(self);
}

void twin_flow_maker_tell(const TwinFlowMaker *self, TwinSynthesiseResult *result)
{
    TwinLoopCounts loop = {.n_flows = 0};
    for (unsigned t = 0; t < self->n_threads; t++) {
        twin_loop_counts_add(&loop, &self->drawers[t].loop_counts);
    }
    result->n_draws += loop.n_decisions;
    result->n_milder += loop.n_milder[0] + loop.n_milder[1] + loop.n_undecided;
    result->n_forced += loop.n_stuck;
    result->n_given_up += loop.n_given_up;
    result->n_unique_copies += self->n_accepted_copies;
    result->n_redrawn += self->n_redrawn;
}
