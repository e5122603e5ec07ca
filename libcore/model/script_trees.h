/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_SCRIPT_TREES_H
#define FLOWTWIN_MODEL_SCRIPT_TREES_H

#include "bn/tree.h"
#include "host/script.h"

/** The nodes of a write, in the order in which they are drawn. */
typedef enum {
    TWIN_SCRIPT_NODE_SIDE,
    TWIN_SCRIPT_NODE_SEGMENTS,
    TWIN_SCRIPT_NODE_BYTES,
    TWIN_SCRIPT_NODE_EARLY,
    TWIN_N_SCRIPT_NODES,
} TwinScriptNode;

/** A training write as the node's leaves hold it: 8 bytes. */
typedef struct {
    int32_t value;            /* side, segments, code of the bytes (twin_script_code()), early */
    uint32_t n_segments : 31; /* of the write */
    uint32_t side : 1;
} TwinScriptRow;

/**
 * How writes are drawn: a tree CPT a node, whose training rows stand in the order of the tree's
 * leaves. Owned by the model; immutable once learned. All NULL where no flow wrote anything.
 */
typedef struct {
    TwinTree *trees[TWIN_N_SCRIPT_NODES];
    TwinScriptRow *rows[TWIN_N_SCRIPT_NODES]; /* trees[n]->n_rows each */
} TwinScriptTrees;

/** What a node is called. */
const char *twin_script_node_name(TwinScriptNode node);

/** How many of TWIN_SCRIPT_PARENTS, from the first on, a node may have. */
size_t twin_script_node_n_parents(TwinScriptNode node);

void twin_script_trees_clear(TwinScriptTrees *self);

#endif
