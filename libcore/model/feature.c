/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/feature.h"

#include <flowtwin/error.h>

#include "base/parallel.h"

#include <string.h>

/* One node's work: independent of every other's, so that nodes are threads' tasks. */
typedef struct {
    TwinModel *model;
    const TwinFlows *flows;
    size_t n_packets;
    uint8_t *states[TWIN_MAX_NODES]; /* per coding: of every packet, flow after flow */
    GError *errors[TWIN_MAX_NODES];
} Work;

static void fail_for_memory(size_t n_packets, GError **error)
{
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                "learning from %zu packets does not fit in memory; take a part of the capture",
                n_packets);
}

/* The node's value of every packet. Nodes that only followers have skip first packets, whose value
 * is no observation: those places are left zero and the values that count are packed before. */
static void read_values(const Work *work, const TwinNode *node, int64_t *values_out)
{
    const size_t n_flows = twin_flows_n_flows(work->flows);
    for (size_t f = 0; f < n_flows; f++) {
        const TwinFlow *flow = twin_flows_flow(work->flows, f);
        TwinPlace place = {.flow = flow};
        for (uint32_t k = 0; k < flow->n_packets; k++) {
            place.previous = place.packet;
            place.packet = twin_flows_packet(work->flows, flow, k);
            place.index = k;
            values_out[flow->first + k] = node->read(&place);
        }
    }
}

/* True where the network of first packets has no such node: its bins are those of followers. */
static bool is_of_followers(const TwinModel *model, const char *node)
{
    const TwinNetworkDesign *first = &model->preset->first;
    for (size_t n = 0; n < twin_network_design_n_nodes(first); n++) {
        if (strcmp(first->nodes[n], node) == 0) {
            return false;
        }
    }
    return true;
}

/* The values without those of first packets, in a new array; NULL when memory is out. */
static int64_t *drop_first_packets(const Work *work, const int64_t *values, size_t *n_out)
{
    int64_t *kept = g_try_new(int64_t, work->n_packets);
    *n_out = 0;
    for (size_t f = 0; kept != NULL && f < twin_flows_n_flows(work->flows); f++) {
        const TwinFlow *flow = twin_flows_flow(work->flows, f);
        memcpy(&kept[*n_out], &values[flow->first + 1], (flow->n_packets - 1) * sizeof *values);
        *n_out += flow->n_packets - 1;
    }
    return kept;
}

static bool code_quantiles(const Work *work, TwinCoding *coding, const int64_t *values,
                           uint8_t *states_out, GError **error)
{
    size_t n_values = work->n_packets;
    g_autofree int64_t *kept = NULL;
    if (is_of_followers(work->model, coding->node->name)) {
        kept = drop_first_packets(work, values, &n_values);
        if (kept == NULL) {
            fail_for_memory(work->n_packets, error);
            return false;
        }
    }
    /* Where no flow has a second packet, the first ones' value stands in for a bin. */
    const bool has_followers = kept != NULL && n_values > 0;
    coding->quantiles = twin_discretiser_new(has_followers ? kept : values,
                                             has_followers ? n_values : work->n_packets,
                                             work->model->preset->n_bins, error);
    if (coding->quantiles == NULL) {
        return false;
    }
    twin_discretiser_bin(coding->quantiles, values, work->n_packets, states_out);
    return true;
}

static bool code_categories(const Work *work, TwinCoding *coding, int64_t *values,
                            uint8_t *states_out, GError **error)
{
    uint32_t *codes = (uint32_t *)(void *)values; /* narrowed in place: half the room */
    for (size_t p = 0; p < work->n_packets; p++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): every packet is of a flow */
        const uint32_t code = (uint32_t)values[p];
        memcpy(&codes[p], &code, sizeof code);
    }
    coding->categories = twin_categories_new(codes, work->n_packets, TWIN_MAX_STATES, error);
    if (coding->categories == NULL) {
        return false;
    }
    twin_categories_map(coding->categories, codes, work->n_packets, states_out);
    return true;
}

static void learn_coding(size_t index, unsigned thread, void *data)
{
    (void)thread;
    Work *work = data;
    TwinCoding *coding = &work->model->codings[index];
    g_autofree int64_t *values = g_try_new(int64_t, work->n_packets);
    work->states[index] = g_try_new(uint8_t, work->n_packets);
    if (values == NULL || work->states[index] == NULL) {
        fail_for_memory(work->n_packets, &work->errors[index]);
        return;
    }
    read_values(work, coding->node, values);
    switch (coding->node->kind) {
    case TWIN_NODE_QUANTILES:
        (void)code_quantiles(work, coding, values, work->states[index], &work->errors[index]);
        return;
    case TWIN_NODE_CATEGORIES:
        (void)code_categories(work, coding, values, work->states[index], &work->errors[index]);
        return;
    }
}

/* A column of the first packets' network. */
static void fill_first(const Work *work, const uint8_t *states, uint8_t *column_out)
{
    for (size_t f = 0; f < twin_flows_n_flows(work->flows); f++) {
        column_out[f] = states[twin_flows_flow(work->flows, f)->first];
    }
}

/* A column of the followers' network; a mirror takes the packet before. */
static void fill_next(const Work *work, const uint8_t *states, bool is_mirror, uint8_t *column_out)
{
    size_t n = 0;
    for (size_t f = 0; f < twin_flows_n_flows(work->flows); f++) {
        const TwinFlow *flow = twin_flows_flow(work->flows, f);
        memcpy(&column_out[n], &states[flow->first + (is_mirror ? 0 : 1)], flow->n_packets - 1);
        n += flow->n_packets - 1;
    }
}

static bool lay_out_rows(const Work *work, size_t which, TwinColumns *rows, GError **error)
{
    const TwinModelNetwork *network = &work->model->networks[which];
    const size_t n_flows = twin_flows_n_flows(work->flows);
    rows->n_columns = network->n_nodes;
    rows->n_rows = which == 0 ? n_flows : work->n_packets - n_flows;
    for (size_t n = 0; n < network->n_nodes; n++) {
        const TwinNode *node = twin_node_find(network->design->nodes[n]);
        const uint8_t *states = work->states[network->codings[n]];
        rows->owned[n] = g_try_new(uint8_t, rows->n_rows + 1);
        if (rows->owned[n] == NULL) {
            fail_for_memory(work->n_packets, error);
            return false;
        }
        if (which == 0) {
            fill_first(work, states, rows->owned[n]);
        } else {
            fill_next(work, states, node->mirrors != NULL, rows->owned[n]);
        }
        rows->columns[n] = (TwinColumn){
            .states = rows->owned[n],
            .n_states = twin_coding_n_states(&work->model->codings[network->codings[n]]),
        };
    }
    return true;
}

bool twin_features_learn(TwinModel *model, const TwinFlows *flows, unsigned n_threads,
                         TwinColumns rows_out[TWIN_N_NETWORKS], GError **error)
{
    Work work = {.model = model, .flows = flows, .n_packets = model->n_packets};
    twin_parallel_for(model->n_codings, n_threads, learn_coding, &work);
    bool is_good = true;
    for (size_t c = 0; c < model->n_codings; c++) {
        if (work.errors[c] != NULL && is_good) {
            g_propagate_error(error, g_steal_pointer(&work.errors[c]));
            is_good = false;
        }
        g_clear_error(&work.errors[c]);
    }
    for (size_t n = 0; n < TWIN_N_NETWORKS && is_good; n++) {
        is_good = lay_out_rows(&work, n, &rows_out[n], error);
    }
    for (size_t c = 0; c < model->n_codings; c++) {
        g_free(work.states[c]);
    }
    return is_good;
}

void twin_columns_clear(TwinColumns *self)
{
    for (size_t n = 0; n < self->n_columns; n++) {
        g_free(self->owned[n]);
    }
    self->n_columns = 0;
}
