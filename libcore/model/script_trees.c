/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/script_trees.h"

#include <glib.h>

static const struct {
    const char *name;
    size_t n_parents;
} nodes[TWIN_N_SCRIPT_NODES] = {
    [TWIN_SCRIPT_NODE_SIDE] = {"write_side", TWIN_SCRIPT_SIDE},
    [TWIN_SCRIPT_NODE_SEGMENTS] = {"write_segments", TWIN_SCRIPT_SEGMENTS},
    [TWIN_SCRIPT_NODE_BYTES] = {"write_bytes", TWIN_SCRIPT_BYTES},
    [TWIN_SCRIPT_NODE_EARLY] = {"write_early", TWIN_N_SCRIPT_PARENTS},
};

const char *twin_script_node_name(TwinScriptNode node)
{
    return nodes[node].name;
}

size_t twin_script_node_n_parents(TwinScriptNode node)
{
    return nodes[node].n_parents;
}

void twin_script_trees_clear(TwinScriptTrees *self)
{
    for (size_t n = 0; n < TWIN_N_SCRIPT_NODES; n++) {
        g_clear_pointer(&self->trees[n], twin_tree_free);
        g_clear_pointer(&self->rows[n], g_free);
    }
}
