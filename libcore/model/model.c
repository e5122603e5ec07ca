/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/model.h"

#include <string.h>

unsigned twin_coding_n_states(const TwinCoding *coding)
{
    return coding->quantiles != NULL ? twin_discretiser_n_bins(coding->quantiles)
                                     : twin_categories_n_states(coding->categories);
}

uint8_t twin_coding_state(const TwinCoding *coding, int64_t value)
{
    uint8_t state = 0;
    if (coding->quantiles != NULL) {
        twin_discretiser_bin(coding->quantiles, &value, 1, &state);
    } else {
        const uint32_t code = (uint32_t)value;
        twin_categories_map(coding->categories, &code, 1, &state);
    }
    return state;
}

int64_t twin_coding_draw(const TwinCoding *coding, unsigned state, uint32_t uniform)
{
    return coding->quantiles != NULL ? twin_discretiser_draw(coding->quantiles, state, uniform)
                                     : twin_categories_draw(coding->categories, state, uniform);
}

/* The name under which a node is coded. */
static const char *coded_name(const char *node)
{
    const TwinNode *row = twin_node_find(node);
    return row->mirrors != NULL ? row->mirrors : row->name;
}

size_t twin_model_coding(const TwinModel *self, const char *node)
{
    const char *name = coded_name(node);
    size_t c = 0;
    while (c < self->n_codings && strcmp(self->codings[c].node->name, name) != 0) {
        c++;
    }
    return c;
}

static void prepare_network(TwinModel *self, TwinModelNetwork *network,
                            const TwinNetworkDesign *design)
{
    network->design = design;
    network->n_nodes = twin_network_design_n_nodes(design);
    for (size_t n = 0; n < network->n_nodes; n++) {
        const size_t coding = twin_model_coding(self, design->nodes[n]);
        if (coding == self->n_codings) {
            self->codings[self->n_codings++].node = twin_node_find(coded_name(design->nodes[n]));
        }
        network->codings[n] = coding;
    }
}

TwinModel *twin_model_new(const TwinPreset *preset)
{
    TwinModel *self = g_new0(TwinModel, 1);
    self->preset = preset;
    if (preset->kind == TWIN_PRESET_NETWORKS) {
        prepare_network(self, &self->networks[0], &preset->first);
        prepare_network(self, &self->networks[1], &preset->next);
    }
    return self;
}

void twin_model_free(TwinModel *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t c = 0; c < self->n_codings; c++) {
        twin_discretiser_free(self->codings[c].quantiles);
        twin_categories_free(self->codings[c].categories);
    }
    for (size_t n = 0; n < TWIN_N_NETWORKS; n++) {
        twin_network_free(self->networks[n].network);
    }
    for (size_t l = 0; l < self->n_labels; l++) {
        g_free(self->labels[l].name);
    }
    g_free(self->labels);
    g_free(self->source);
    twin_seeds_clear(&self->seeds);
    twin_design_free(self->twin);
    g_free(self);
}

const char *twin_model_preset(const TwinModel *self)
{
    return self->preset->name;
}

size_t twin_model_n_flows(const TwinModel *self)
{
    return self->n_flows;
}

const char *twin_model_source(const TwinModel *self)
{
    return self->source;
}

size_t twin_model_n_packets(const TwinModel *self)
{
    return self->n_packets;
}

const char *twin_addresses_name(size_t index)
{
    static const char *const names[] = {
        [TWIN_ADDRESSES_KEEP] = "keep",
        [TWIN_ADDRESSES_ANONYMOUS] = "anonymous",
    };
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}
