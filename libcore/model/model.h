/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_MODEL_H
#define FLOWTWIN_MODEL_MODEL_H

#include <flowtwin/model.h>

#include "bn/categories.h"
#include "bn/discretiser.h"
#include "bn/network.h"
#include "model/node.h"
#include "model/preset.h"
#include "model/seed.h"
#include "model/twin_design.h"

enum {
    TWIN_N_NETWORKS = 2,           /* first, next */
    TWIN_MAX_TABLE_ROWS = 1 << 26, /* of one table, that a model file may have */
    TWIN_MAX_LABELS = 1 << 16,     /* that a model file may name */
    TWIN_MAX_STATES = 256,         /* of a node: one byte a row */
};

/** How one node's values become states and states values. One of the two is set, by node->kind. */
typedef struct {
    const TwinNode *node;
    TwinDiscretiser *quantiles;
    TwinCategories *categories;
} TwinCoding;

/** A network over the nodes of a design; variable v is node design->nodes[v]. */
typedef struct {
    const TwinNetworkDesign *design;
    size_t n_nodes;
    size_t codings[TWIN_MAX_NODES]; /* index into TwinModel.codings: a mirror shares its node's */
    TwinNetwork *network;           /* NULL: no row to learn from (no flow has a second packet) */
} TwinModelNetwork;

/** A label and what was learned from. */
typedef struct {
    char *name;
    uint32_t n_flows;
    uint32_t longest; /* packets of its longest flow: the bound on generated ones */
} TwinModelLabel;

struct TwinModel {
    const TwinPreset *preset;
    TwinAddresses addresses; /* what seeds.hosts hold */
    size_t n_flows;
    size_t n_packets;
    char *source; /* digest of the flows that it was learned from */
    TwinCoding codings[TWIN_MAX_NODES];
    size_t n_codings;
    TwinModelNetwork networks[TWIN_N_NETWORKS];
    TwinModelLabel *labels;
    size_t n_labels;
    TwinSeeds seeds;
    TwinDesign *twin; /* of TWIN_PRESET_HOSTS, once learned; then no networks and codings */
};

/** States of a coding. */
unsigned twin_coding_n_states(const TwinCoding *coding);

/** The state of one value. */
uint8_t twin_coding_state(const TwinCoding *coding, int64_t value);

/** One of the training values of @state. */
int64_t twin_coding_draw(const TwinCoding *coding, unsigned state, uint32_t uniform);

/** An empty model of @preset: networks and codings know their nodes, nothing is learned. */
TwinModel *twin_model_new(const TwinPreset *preset);

/** The coding of that node's name (a mirror's is its node's), or n_codings. */
size_t twin_model_coding(const TwinModel *self, const char *node);

#endif
