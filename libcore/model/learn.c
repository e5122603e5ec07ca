/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "bn/rows.h"
#include "bn/search.h"
#include "flow/labels.h"
#include "model/feature.h"
#include "model/twin_learn.h"

#include <string.h>

static bool report(const TwinLearnOptions *options, const char *what, double fraction,
                   GError **error)
{
    if (options->progress == NULL ||
        options->progress->report(what, fraction, options->progress->data)) {
        return true;
    }
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "learning was stopped");
    return false;
}

static size_t count_packets(const TwinFlows *flows)
{
    size_t n_packets = 0;
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        n_packets += twin_flows_flow(flows, f)->n_packets;
    }
    return n_packets;
}

/* What tells whether two models come from the same flows. No address goes in: with few flows a
 * guess at one could be tried against the digest. */
static char *digest_of(const TwinFlows *flows)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        uint64_t octets = 0;
        for (size_t k = 0; k < flow->n_packets; k++) {
            octets += twin_flows_packet(flows, flow, k)->payload_bytes;
        }
        g_autofree char *line =
            g_strdup_printf("%" G_GINT64_FORMAT " %u %u %u %" G_GUINT64_FORMAT "\n", flow->start_ns,
                            flow->ports[0], flow->ports[1], flow->n_packets, octets);
        g_checksum_update(checksum, (const guchar *)line, -1);
    }
    return g_strdup(g_checksum_get_string(checksum));
}

static void learn_labels(TwinModel *model, const TwinFlows *flows)
{
    model->n_labels = twin_flows_n_labels(flows);
    model->labels = g_new0(TwinModelLabel, model->n_labels);
    for (size_t l = 0; l < model->n_labels; l++) {
        model->labels[l].name = g_strdup(twin_flows_label(flows, l));
    }
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        TwinModelLabel *label = &model->labels[flow->label];
        label->n_flows++;
        label->longest = MAX(label->longest, flow->n_packets);
    }
}

/* Structure, then tables, of one network. Given nodes get no parents: what they depend on among
 * themselves is never drawn, and arrows from drawn to given ones are what the design forbids. */
static TwinNetwork *learn_from_counts(const TwinModelNetwork *network, const TwinCounter *counter,
                                      const TwinScore *score, const TwinLearnOptions *options,
                                      GError **error)
{
    bool is_given[TWIN_MAX_NODES];
    for (size_t n = 0; n < network->n_nodes; n++) {
        is_given[n] = twin_node_find(network->design->nodes[n])->is_given;
    }
    const TwinSearchOptions search = {
        .score = score,
        .is_given = is_given,
        .n_threads = options->n_threads,
        .progress = options->progress,
    };
    TwinDag dag;
    if (!twin_hill_climb(counter, &search, &dag, error)) {
        return NULL;
    }
    return twin_network_learn(counter, &dag, is_given, options->n_threads, error);
}

/* Packets repeat: what is counted again and again are the distinct rows, each with its weight. */
static TwinNetwork *learn_network(const TwinModelNetwork *network, TwinColumns *columns,
                                  const char *score, const TwinLearnOptions *options,
                                  GError **error)
{
    unsigned n_states[TWIN_MAX_NODES];
    const uint8_t *states[TWIN_MAX_NODES];
    for (size_t n = 0; n < columns->n_columns; n++) {
        n_states[n] = columns->columns[n].n_states;
        states[n] = columns->columns[n].states;
    }
    g_autoptr(TwinRows) rows = twin_rows_new(n_states, columns->n_columns);
    if (!twin_rows_add(rows, states, columns->n_rows, error)) {
        return NULL;
    }
    twin_columns_clear(columns);
    const TwinCounter counter = twin_rows_counter(rows);
    return learn_from_counts(network, &counter, twin_score_find(score), options, error);
}

static bool learn_networks(TwinModel *model, const TwinFlows *flows,
                           const TwinLearnOptions *options, GError **error)
{
    TwinColumns columns[TWIN_N_NETWORKS] = {{.n_columns = 0}};
    bool is_good = report(options, "learning bins", 0, error) &&
                   twin_features_learn(model, flows, options->n_threads, columns, error);
    for (size_t n = 0; n < TWIN_N_NETWORKS && is_good; n++) {
        TwinModelNetwork *network = &model->networks[n];
        if (columns[n].n_rows > 0) {
            network->network =
                learn_network(network, &columns[n], model->preset->score, options, error);
            is_good = network->network != NULL;
        }
    }
    for (size_t n = 0; n < TWIN_N_NETWORKS; n++) {
        twin_columns_clear(&columns[n]);
    }
    return is_good;
}

TwinModel *twin_model_learn(const TwinFlows *flows, const TwinLearnOptions *options, GError **error)
{
    const TwinPreset *preset = twin_preset_find(options->preset);
    if (preset == NULL) {
        g_autoptr(GString) known = g_string_new(NULL);
        for (size_t p = 0; twin_preset_name(p) != NULL; p++) {
            g_string_append_printf(known, "%s%s", p > 0 ? ", " : "", twin_preset_name(p));
        }
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT, "no preset is called %s; there are: %s",
                    options->preset, known->str);
        return NULL;
    }
    if (twin_flows_n_flows(flows) == 0) {
        const TwinFlowsCounts *counts = twin_flows_counts(flows);
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "no TCP flow in %" G_GUINT64_FORMAT " packets; is this the right capture?",
                    counts->frames);
        return NULL;
    }
    g_autoptr(TwinModel) model = twin_model_new(preset);
    model->n_flows = twin_flows_n_flows(flows);
    model->n_packets = count_packets(flows);
    model->addresses = options->addresses;
    model->source = digest_of(flows);
    learn_labels(model, flows);
    const bool is_twin = preset->kind == TWIN_PRESET_HOSTS;
    twin_seeds_learn(&model->seeds, flows, NULL, is_twin ? TWIN_MAX_DONORS : TWIN_MAX_SEEDS,
                     options->seed);
    if (model->addresses == TWIN_ADDRESSES_ANONYMOUS) {
        twin_hosts_anonymise(model->seeds.hosts, model->seeds.n_hosts);
    }
    if (is_twin) {
        model->twin = twin_design_learn(flows, &model->seeds, options, error);
        return model->twin != NULL ? g_steal_pointer(&model) : NULL;
    }
    return learn_networks(model, flows, options, error) ? g_steal_pointer(&model) : NULL;
}
