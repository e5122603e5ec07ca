/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_text.h"

#include <flowtwin/error.h>

#include "base/numbers.h"

#include <string.h>

/* ---- bins ---- */

char *twin_bins_to_text(const TwinBins *bins)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const size_t n_parents = twin_bins_n_parents(bins);
    twin_numbers_put(bytes, n_parents);
    for (size_t p = 0; p < n_parents; p++) {
        size_t n_edges = 0;
        const float *edges = twin_bins_edges(bins, p, &n_edges);
        twin_numbers_put(bytes, n_edges);
        for (size_t e = 0; e < n_edges; e++) {
            uint32_t bits = 0;
            memcpy(&bits, &edges[e], sizeof bits);
            twin_numbers_put(bytes, bits);
        }
    }
    return twin_numbers_to_text(bytes);
}

TwinBins *twin_bins_of_text(const char *text, size_t n_parents, GError **error)
{
    g_auto(TwinNumbers) numbers = twin_numbers_of_text(text);
    g_autofree uint8_t *n_edges = g_new0(uint8_t, n_parents);
    g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(float));
    (void)twin_numbers_get(&numbers, n_parents, n_parents);
    for (size_t p = 0; p < n_parents; p++) {
        n_edges[p] = (uint8_t)twin_numbers_get(&numbers, 0, TWIN_BINS_MOST - 1);
        for (size_t e = 0; e < n_edges[p]; e++) {
            const uint32_t bits = (uint32_t)twin_numbers_get(&numbers, 0, UINT32_MAX);
            float edge = 0;
            memcpy(&edge, &bits, sizeof edge);
            g_array_append_val(edges, edge);
        }
    }
    if (!twin_numbers_are_done(&numbers)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "bins are not those of %zu parents",
                    n_parents);
        return NULL;
    }
    return twin_bins_restore(n_parents, n_edges, (const float *)(void *)edges->data, error);
}

/* ---- trees ---- */

static void put_node(GByteArray *bytes, const TwinTree *tree, uint32_t node)
{
    const bool is_leaf = twin_tree_is_leaf(tree, node);
    twin_numbers_put(bytes, is_leaf ? 0 : (uint64_t)twin_tree_feature(tree, node) + 1);
    twin_numbers_put(bytes, tree->ranges[node].n_distinct);
    if (is_leaf) {
        const uint32_t n_rows = twin_tree_n_rows(tree, node);
        twin_numbers_put(bytes, twin_tree_weight(tree, node) - n_rows);
        twin_numbers_put(bytes, n_rows);
    } else {
        twin_numbers_put(bytes, tree->nodes[node].bin);
    }
}

char *twin_tree_to_text(const TwinTree *tree)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    twin_numbers_put(bytes, tree->n_features);
    twin_numbers_put(bytes, tree->n_nodes);
    twin_numbers_put(bytes, tree->rows != NULL);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        put_node(bytes, tree, node);
    }
    for (size_t i = 0; i < tree->n_rows && tree->rows != NULL; i++) {
        twin_numbers_put(bytes, tree->rows[i] - (i > 0 ? tree->rows[i - 1] : 0));
    }
    return twin_numbers_to_text(bytes);
}

/* Reads @node; @next is the first node that is nobody's child yet. */
static void get_node(TwinNumbers *numbers, TwinTree *tree, uint32_t node, uint32_t *next,
                     const TwinBins *bins)
{
    TwinTreeRange *range = &tree->ranges[node];
    const size_t tested = twin_numbers_get(numbers, 0, tree->n_features);
    range->n_distinct = (uint32_t)twin_numbers_get(numbers, 1, UINT32_MAX);
    if (tested == 0) {
        const uint32_t cut = (uint32_t)twin_numbers_get(numbers, 0, UINT32_MAX - 1);
        range->last = (uint32_t)twin_numbers_get(numbers, 1, UINT32_MAX - cut);
        tree->weights[node] = cut + range->last;
        return;
    }
    size_t n_edges = 0;
    const float *edges = twin_bins_edges(bins, tested - 1, &n_edges);
    const size_t bin = twin_numbers_get(numbers, 0, TWIN_BINS_MOST - 1);
    if (bin >= n_edges || *next + 2 > tree->n_nodes) {
        numbers->has_failed = true;
        return;
    }
    tree->nodes[node] = (TwinTreeNode){.threshold = edges[bin],
                                       .left = *next,
                                       .feature = (uint16_t)(tested - 1),
                                       .bin = (uint8_t)bin};
    tree->ranges[*next].parent = node;
    tree->ranges[*next + 1].parent = node;
    *next += 2;
}

static bool are_sound(const TwinTree *tree)
{
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        if (tree->ranges[n].n_distinct > twin_tree_n_rows(tree, n)) {
            return false;
        }
    }
    return true;
}

static void get_rows(TwinNumbers *numbers, TwinTree *tree, size_t n_values)
{
    if (tree->n_rows > twin_numbers_left(numbers)) {
        numbers->has_failed = true;
        return;
    }
    tree->rows = g_new(uint32_t, tree->n_rows);
    uint32_t row = 0;
    for (size_t i = 0; i < tree->n_rows && !numbers->has_failed; i++) {
        row += (uint32_t)twin_numbers_get(numbers, 0, UINT32_MAX);
        tree->rows[i] = row;
        numbers->has_failed = numbers->has_failed || row >= n_values;
    }
}

static bool read_tree(TwinNumbers *numbers, TwinTree *tree, const TwinBins *bins, size_t n_values)
{
    tree->n_features = twin_numbers_get(numbers, 0, twin_bins_n_parents(bins));
    tree->n_nodes = twin_numbers_get(numbers, 1, twin_numbers_left(numbers));
    const bool has_rows = twin_numbers_get(numbers, 0, 1) > 0;
    if (numbers->has_failed || tree->n_nodes > UINT32_MAX - 2) {
        return false;
    }
    tree->nodes = g_new0(TwinTreeNode, tree->n_nodes);
    tree->ranges = g_new0(TwinTreeRange, tree->n_nodes);
    tree->weights = g_new0(uint32_t, tree->n_nodes);
    uint32_t next = 1;
    for (uint32_t node = 0; node < tree->n_nodes && !numbers->has_failed; node++) {
        get_node(numbers, tree, node, &next, bins);
        /* Nobody's child is reached by nobody. */
        numbers->has_failed = numbers->has_failed || (next <= node + 1 && next < tree->n_nodes);
    }
    if (numbers->has_failed || !twin_tree_settle(tree) || !are_sound(tree)) {
        return false;
    }
    if (has_rows) {
        get_rows(numbers, tree, n_values);
    }
    return twin_numbers_are_done(numbers) && (has_rows || tree->n_rows <= n_values);
}

TwinTree *twin_tree_of_text(const char *text, const TwinBins *bins, size_t n_values, GError **error)
{
    g_auto(TwinNumbers) numbers = twin_numbers_of_text(text);
    g_autoptr(TwinTree) tree = g_new0(TwinTree, 1);
    if (!read_tree(&numbers, tree, bins, n_values)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "a tree is cut short or not over %zu parents and %zu rows",
                    twin_bins_n_parents(bins), n_values);
        return NULL;
    }
    return g_steal_pointer(&tree);
}
