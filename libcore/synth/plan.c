/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/plan.h"

#include <flowtwin/error.h>

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_EPHEMERAL = 32768, /* Linux's ip_local_port_range */
    N_EPHEMERAL = 28232,
    PORT_STRIDE = 7919, /* coprime to N_EPHEMERAL: neighbours in time are no neighbours in ports */
    N_PORTS = 1 << 16,
    FIRST_EXTRA_HOST = 100000, /* far beyond what an anonymous mapping of seeds uses */
    MAX_EXTRA_CLIENTS = 30000,
};

/* Flows of a model with one start only come at this mean distance. */
static const int64_t lone_spacing_ns = 1000000000;

/* A pair of hosts, whichever is the client. */
typedef struct {
    uint32_t hosts[2];
} Pair;

/* How many client ports a pair has used. */
typedef struct {
    uint32_t n_ports;
    uint16_t extra_client;
} PairUse;

typedef struct {
    TwinPlan *plan;
    const TwinModel *model;
    const TwinSynthesiseOptions *options;
    uint32_t *deck; /* indices of the seeds to be dealt, in order of their start */
    size_t n_deck;
    int64_t *starts; /* rising; where generated flows start near */
    size_t n_starts;
    uint8_t *is_server_port; /* N_PORTS of them */
    GHashTable *pairs;       /* Pair → PairUse, both owned */
    uint16_t n_extra_clients;
} Planner;

static guint hash_pair(const void *key)
{
    const Pair *pair = key;
    return pair->hosts[0] * 31 + pair->hosts[1];
}

static gboolean is_same_pair(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(Pair)) == 0;
}

/* The label's index in the model, or n_labels. Another program may write its labels in other
 * letters: a model of TLS knows tls. */
static size_t find_label(const TwinModel *model, const char *name)
{
    for (size_t label = 0; label < model->n_labels; label++) {
        if (strcmp(model->labels[label].name, name) == 0) {
            return label;
        }
    }
    for (size_t label = 0; label < model->n_labels; label++) {
        if (g_ascii_strcasecmp(model->labels[label].name, name) == 0) {
            return label;
        }
    }
    return model->n_labels;
}

static bool check_label(const TwinModel *model, const char *name, size_t *label_out, GError **error)
{
    *label_out = find_label(model, name);
    if (*label_out < model->n_labels) {
        return true;
    }
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t l = 0; l < model->n_labels && l < 30; l++) {
        g_string_append_printf(known, " %s", model->labels[l].name);
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                "no flow labelled %s was learned from; there are:%s", name, known->str);
    return false;
}

/* Seeds of flows that are not the model's: their labels become the model's. */
static bool learn_like(Planner *planner, size_t label, GError **error)
{
    const TwinSynthesiseOptions *options = planner->options;
    const TwinFlows *flows = options->like_flows;
    TwinSeeds *like = &planner->plan->like;
    const bool is_one = options->like_flow != TWIN_ALL_FLOWS;
    twin_seeds_learn(like, flows, is_one ? twin_flows_flow(flows, options->like_flow) : NULL,
                     TWIN_MAX_SEEDS, options->seed);
    planner->plan->seeds = like;
    for (size_t s = 0; s < like->n_seeds; s++) {
        size_t own = label;
        const char *name = twin_flows_label(flows, like->seeds[s].label);
        if (options->label == NULL && !check_label(planner->model, name, &own, error)) {
            return false;
        }
        like->seeds[s].label = (uint32_t)own;
    }
    return true;
}

/* The seeds to choose from: given flows', a label's, or all. */
static bool choose_seeds(Planner *planner, GError **error)
{
    const TwinSynthesiseOptions *options = planner->options;
    TwinPlan *plan = planner->plan;
    size_t label = SIZE_MAX;
    if (options->label != NULL && !check_label(planner->model, options->label, &label, error)) {
        return false;
    }
    plan->seeds = &planner->model->seeds;
    if (options->like_flows != NULL && !learn_like(planner, label, error)) {
        return false;
    }
    planner->deck = g_new(uint32_t, plan->seeds->n_seeds);
    for (size_t s = 0; s < plan->seeds->n_seeds; s++) {
        if (label == SIZE_MAX || plan->seeds->seeds[s].label == label) {
            planner->deck[planner->n_deck++] = (uint32_t)s;
        }
    }
    if (planner->n_deck == 0) { /* a rare label whose flows the bounded sample of seeds missed */
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "the model keeps no seed flow labelled %s; learn from a smaller capture",
                    options->label);
        return false;
    }
    return true;
}

/* Generated flows start like the seeds of the deck; look-alikes of one flow like all of the
 * model's. Starts count from the model's first flow. */
static void choose_starts(Planner *planner)
{
    const TwinSeeds *all = &planner->model->seeds;
    const TwinSeeds *dealt = planner->plan->seeds;
    const bool is_lone = planner->n_deck < 2;
    planner->n_starts = is_lone ? all->n_seeds : planner->n_deck;
    planner->starts = g_new(int64_t, planner->n_starts);
    for (size_t i = 0; i < planner->n_starts; i++) {
        planner->starts[i] =
            is_lone ? all->seeds[i].start_ns
                    : dealt->seeds[planner->deck[i]].start_ns + (dealt->start_ns - all->start_ns);
    }
}

/* A place around start @rank: between the middles of the gaps on either side of it. */
static int64_t draw_start(const Planner *planner, size_t rank, TwinRandom *random)
{
    const int64_t *starts = planner->starts;
    const size_t last = planner->n_starts - 1;
    if (starts[0] == starts[last]) {
        const double span_ns = (double)lone_spacing_ns * (double)planner->plan->n_flows;
        return starts[0] + (int64_t)(span_ns * (twin_random_u32(random) / 4294967296.0));
    }
    const int64_t low_ns = rank > 0 ? starts[rank - 1] / 2 + starts[rank] / 2 : starts[0];
    const int64_t high_ns =
        rank < last ? starts[rank] / 2 + starts[rank + 1] / 2 : starts[last] + 1;
    return low_ns +
           (int64_t)((double)(high_ns - low_ns) * (twin_random_u32(random) / 4294967296.0));
}

/* Fisher and Yates, a fresh order for each round. */
static void shuffle(uint32_t *ranks, size_t n, uint64_t seed, uint64_t round)
{
    TwinRandom random = twin_random(seed, TWIN_RANDOM_ORDER, round);
    for (size_t i = 0; i < n; i++) {
        ranks[i] = (uint32_t)i;
    }
    for (size_t i = n - 1; i > 0; i--) {
        const size_t k = twin_random_below(&random, (uint32_t)i + 1);
        const uint32_t moved = ranks[i];
        ranks[i] = ranks[k];
        ranks[k] = moved;
    }
}

static void deal(Planner *planner)
{
    TwinPlan *plan = planner->plan;
    g_autofree uint32_t *ranks = g_new(uint32_t, planner->n_deck);
    for (size_t i = 0; i < plan->n_flows; i++) {
        if (i % planner->n_deck == 0) {
            shuffle(ranks, planner->n_deck, planner->options->seed, i / planner->n_deck);
        }
        const uint32_t rank = ranks[i % planner->n_deck];
        TwinRandom random = twin_random(planner->options->seed, TWIN_RANDOM_START, i);
        const size_t start_rank = planner->n_deck == planner->n_starts
                                      ? rank
                                      : twin_random_below(&random, (uint32_t)planner->n_starts);
        plan->flows[i] = (TwinFlowPlan){
            .start_ns = draw_start(planner, start_rank, &random),
            .seed = planner->deck[rank],
        };
    }
}

static int compare_flow_starts(const void *left, const void *right)
{
    const TwinFlowPlan *a = left;
    const TwinFlowPlan *b = right;
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    return (a->seed > b->seed) - (a->seed < b->seed);
}

static Pair pair_of(const TwinSeed *seed)
{
    const uint32_t client = seed->sides[0].host;
    const uint32_t server = seed->sides[1].host;
    return (Pair){{MIN(client, server), MAX(client, server)}};
}

static PairUse *use_of(Planner *planner, const TwinSeed *seed)
{
    const Pair pair = pair_of(seed);
    PairUse *use = g_hash_table_lookup(planner->pairs, &pair);
    if (use == NULL) {
        use = g_new0(PairUse, 1);
        g_hash_table_insert(planner->pairs, g_memdup2(&pair, sizeof pair), use);
    }
    return use;
}

/* A client port that no other flow of the same two hosts has, and that is nobody's server port. */
static bool give_port(Planner *planner, TwinFlowPlan *flow, GError **error)
{
    const TwinSeed *seed = &planner->plan->seeds->seeds[flow->seed];
    PairUse *use = use_of(planner, seed);
    const Pair pair = pair_of(seed); /* not who is the client: both ways share the ports */
    const uint32_t offset = pair.hosts[0] * 7U + pair.hosts[1] * 131U;
    do {
        if (use->n_ports == N_EPHEMERAL) {
            if (planner->n_extra_clients == MAX_EXTRA_CLIENTS) {
                g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                                    "more flows than there are client ports; ask for fewer");
                return false;
            }
            use->n_ports = 0;
            use->extra_client = ++planner->n_extra_clients;
        }
        const uint64_t step = (uint64_t)use->n_ports++ * PORT_STRIDE;
        flow->client_port = (uint16_t)(FIRST_EPHEMERAL + (offset + step) % N_EPHEMERAL);
    } while (planner->is_server_port[flow->client_port] != 0);
    flow->extra_client = use->extra_client;
    return true;
}

static bool give_ports(Planner *planner, GError **error)
{
    TwinPlan *plan = planner->plan;
    planner->is_server_port = g_new0(uint8_t, N_PORTS);
    for (size_t s = 0; s < plan->seeds->n_seeds; s++) {
        planner->is_server_port[plan->seeds->seeds[s].ports[1]] = 1;
    }
    planner->pairs = g_hash_table_new_full(hash_pair, is_same_pair, g_free, g_free);
    for (size_t f = 0; f < plan->n_flows; f++) {
        if (!give_port(planner, &plan->flows[f], error)) {
            return false;
        }
    }
    return true;
}

/* As many flows as asked for, else as many as were learned from. */
static uint64_t count_flows(const Planner *planner)
{
    const TwinSynthesiseOptions *options = planner->options;
    const TwinModel *model = planner->model;
    if (options->n_flows > 0) {
        return options->n_flows;
    }
    if (options->like_flows != NULL && options->like_flow == TWIN_ALL_FLOWS) {
        return twin_flows_n_flows(options->like_flows);
    }
    const bool is_part = options->like_flows != NULL || options->label != NULL;
    const uint32_t label = planner->plan->seeds->seeds[planner->deck[0]].label;
    return is_part ? model->labels[label].n_flows : model->n_flows;
}

static bool plan_flows(Planner *planner, GError **error)
{
    TwinPlan *plan = planner->plan;
    if (!choose_seeds(planner, error)) {
        return false;
    }
    choose_starts(planner);
    const uint64_t n_flows = count_flows(planner);
    plan->flows = n_flows < UINT32_MAX ? g_try_new(TwinFlowPlan, n_flows) : NULL;
    if (plan->flows == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "%" G_GUINT64_FORMAT " flows do not fit in memory; ask for fewer", n_flows);
        return false;
    }
    plan->n_flows = n_flows;
    deal(planner);
    qsort(plan->flows, plan->n_flows, sizeof *plan->flows, compare_flow_starts);
    return give_ports(planner, error);
}

/* The seeds' hosts as they are, unless they hold real addresses and none are wanted. */
static void choose_hosts(Planner *planner)
{
    TwinPlan *plan = planner->plan;
    const bool are_real =
        plan->seeds == &plan->like || planner->model->addresses == TWIN_ADDRESSES_KEEP;
    plan->hosts = plan->seeds->hosts;
    if (are_real && planner->options->addresses == TWIN_ADDRESSES_ANONYMOUS) {
        plan->own_hosts =
            g_memdup2(plan->seeds->hosts, plan->seeds->n_hosts * sizeof *plan->seeds->hosts);
        twin_hosts_anonymise(plan->own_hosts, plan->seeds->n_hosts);
        plan->hosts = plan->own_hosts;
    }
}

bool twin_plan_make(TwinPlan *self, const TwinModel *model, const TwinSynthesiseOptions *options,
                    GError **error)
{
    memset(self, 0, sizeof *self);
    Planner planner = {.plan = self, .model = model, .options = options};
    const bool is_made = plan_flows(&planner, error);
    if (is_made) {
        choose_hosts(&planner);
    }
    g_free(planner.deck);
    g_free(planner.starts);
    g_free(planner.is_server_port);
    g_clear_pointer(&planner.pairs, g_hash_table_unref);
    if (!is_made) {
        twin_plan_clear(self);
    }
    return is_made;
}

void twin_plan_clear(TwinPlan *self)
{
    g_clear_pointer(&self->flows, g_free);
    g_clear_pointer(&self->own_hosts, g_free);
    twin_seeds_clear(&self->like);
}

int64_t twin_plan_start(const TwinPlan *self, const TwinModel *model, size_t index)
{
    const int64_t start_ns = model->seeds.start_ns + self->flows[index].start_ns;
    return MIN(start_ns, TWIN_LATEST_NS);
}

void twin_plan_ends(const TwinPlan *self, size_t index, TwinEnd ends_out[2])
{
    const TwinFlowPlan *flow = &self->flows[index];
    const TwinSeed *seed = &self->seeds->seeds[flow->seed];
    for (unsigned side = 0; side < 2; side++) {
        const TwinHost *host = &self->hosts[seed->sides[side].host];
        ends_out[side].address = host->address;
        ends_out[side].port = seed->ports[side];
        memcpy(ends_out[side].mac, host->mac, sizeof host->mac);
    }
    ends_out[0].port = flow->client_port;
    if (flow->extra_client > 0) {
        ends_out[0].address = twin_anonymous_address(
            seed->ip_version, FIRST_EXTRA_HOST + (uint32_t)flow->extra_client);
    }
}
