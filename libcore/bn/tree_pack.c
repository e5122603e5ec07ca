/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_pack.h"

#include <string.h>

void twin_tree_pack(const TwinTree *tree, GByteArray *bytes)
{
    twin_pack_whole(bytes, tree->n_nodes);
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        const TwinTreeNode *node = &tree->nodes[n];
        if (twin_tree_is_leaf(tree, n)) {
            twin_pack_whole(bytes, 0);
            twin_pack_whole(bytes, twin_tree_n_rows(tree, n));
        } else {
            twin_pack_whole(bytes, node->left - n);
            twin_pack_whole(bytes, node->feature);
            twin_pack_whole(bytes, node->bin);
            twin_pack_float(bytes, node->threshold);
        }
        twin_pack_whole(bytes, tree->ranges[n].n_distinct);
    }
}

/* Node @n as it stands in the bytes; of a leaf, its number of rows waits in its range's last. */
static void unpack_node(TwinTree *tree, uint32_t n, TwinCursor *cursor, size_t most_rows)
{
    const uint64_t to_left = twin_unpack_whole(cursor, tree->n_nodes);
    TwinTreeNode *node = &tree->nodes[n];
    if (to_left == 0) {
        tree->ranges[n].last = (uint32_t)twin_unpack_whole(cursor, most_rows);
    } else if (to_left + 1 >= tree->n_nodes - n) {
        cursor->overrun = true;
    } else {
        node->left = n + (uint32_t)to_left;
        node->feature = (uint16_t)twin_unpack_whole(cursor, tree->n_features - 1);
        node->bin = (uint8_t)twin_unpack_whole(cursor, UINT8_MAX);
        node->threshold = twin_unpack_float(cursor);
    }
    tree->ranges[n].n_distinct = (uint32_t)twin_unpack_whole(cursor, most_rows);
}

/* Each node but the root must be one node's child. */
static bool link_parents(TwinTree *tree)
{
    g_autofree uint8_t *is_child = g_new0(uint8_t, tree->n_nodes);
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        if (twin_tree_is_leaf(tree, n)) {
            continue;
        }
        const uint32_t left = tree->nodes[n].left;
        if (is_child[left] != 0 || is_child[left + 1] != 0) {
            return false;
        }
        is_child[left] = 1;
        is_child[left + 1] = 1;
        tree->ranges[left].parent = n;
        tree->ranges[left + 1].parent = n;
    }
    return tree->n_nodes == 1 || memchr(is_child + 1, 0, tree->n_nodes - 1) == NULL;
}

/* Leaves' numbers of rows add up on the way to the root, then become places on the way down. */
static bool place_rows(TwinTree *tree, size_t most_rows)
{
    for (uint32_t n = (uint32_t)tree->n_nodes; n-- > 0;) {
        TwinTreeRange *range = &tree->ranges[n];
        if (!twin_tree_is_leaf(tree, n)) {
            const uint32_t left = tree->nodes[n].left;
            const uint64_t sum = (uint64_t)tree->ranges[left].last + tree->ranges[left + 1].last;
            if (sum > most_rows) {
                return false;
            }
            range->last = (uint32_t)sum;
        }
        if (range->last == 0 || range->n_distinct == 0 || range->n_distinct > range->last) {
            return false;
        }
    }
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        if (!twin_tree_is_leaf(tree, n)) {
            TwinTreeRange *left = &tree->ranges[tree->nodes[n].left];
            left->first = tree->ranges[n].first;
            left->last += left->first;
            left[1].first = left->last;
            left[1].last += left[1].first;
        }
    }
    tree->n_rows = tree->ranges[0].last;
    return true;
}

TwinTree *twin_tree_unpack(TwinCursor *cursor, size_t n_features, size_t most_rows)
{
    /* No node takes less than three bytes: a lie about their number costs no memory. */
    const uint64_t n_nodes = twin_unpack_whole(cursor, cursor->left / 3 + 1);
    if (cursor->overrun || n_nodes == 0 || most_rows > UINT32_MAX) {
        cursor->overrun = true;
        return NULL;
    }
    g_autoptr(TwinTree) tree = g_new0(TwinTree, 1);
    tree->n_nodes = n_nodes;
    tree->n_features = n_features;
    tree->nodes = g_try_new0(TwinTreeNode, n_nodes);
    tree->ranges = g_try_new0(TwinTreeRange, n_nodes);
    if (tree->nodes == NULL || tree->ranges == NULL) {
        cursor->overrun = true;
        return NULL;
    }
    for (uint32_t n = 0; n < n_nodes && !cursor->overrun; n++) {
        unpack_node(tree, n, cursor, most_rows);
    }
    if (cursor->overrun || !link_parents(tree) || !place_rows(tree, most_rows)) {
        cursor->overrun = true;
        return NULL;
    }
    return g_steal_pointer(&tree);
}
