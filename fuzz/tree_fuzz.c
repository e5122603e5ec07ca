/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/numbers.h"
#include "bn/tree_text.h"
#include "fuzz.h"

#include <string.h>

enum { PARENTS = 3, VALUES = 1000 };

static char *text_of(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes > 0 ? g_base64_encode(bytes, n_bytes) : g_strdup("");
}

/* The first parent has five bins, the second 201, the third one. */
static TwinBins *parents(void)
{
    static const uint8_t n_edges[PARENTS] = {4, 200, 0};
    float edges[204];
    for (size_t e = 0; e < G_N_ELEMENTS(edges); e++) {
        edges[e] = (float)(e * e);
    }
    return twin_bins_restore(PARENTS, n_edges, edges, NULL);
}

/* From each node a draw is a value, and the way up ends at the root. */
static void draw(const TwinTree *tree)
{
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        const TwinTreeRange *range = &tree->ranges[node];
        g_assert_cmpuint(range->first, <, range->last);
        g_assert_cmpuint(range->last, <=, tree->n_rows);
        g_assert_cmpuint(twin_tree_weight(tree, node), >=, twin_tree_n_rows(tree, node));
        g_assert_true(node == 0 || range->parent < node);
        for (uint32_t uniform = 0; uniform < 0xF0000000U; uniform += 0x0FFFFFFFU) {
            g_assert_cmpuint(twin_tree_row(tree, node, uniform), <, VALUES);
            const uint32_t other = twin_tree_back_off(tree, node, 0.1, uniform);
            g_assert_true(other == node || other == range->parent);
        }
        g_assert_cmpuint(twin_tree_row(tree, node, UINT32_MAX), <, VALUES);
    }
}

static void walk(const TwinTree *tree, const TwinBins *bins)
{
    for (unsigned step = 0; step < 60; step++) {
        const float values[PARENTS] = {(float)(step % 7), (float)(step * step * 12), 1};
        uint8_t row[PARENTS];
        for (size_t p = 0; p < PARENTS; p++) {
            row[p] = twin_bins_of(bins, p, values[p]);
        }
        const uint32_t leaf = twin_tree_find(tree, row);
        g_assert_cmpuint(leaf, <, tree->n_nodes);
        g_assert_true(twin_tree_is_leaf(tree, leaf));
        g_assert_cmpuint(leaf, ==, twin_tree_find_values(tree, values));
    }
}

static void read_tree(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBins) bins = parents();
    g_autoptr(TwinTree) tree = twin_tree_of_text(text, bins, VALUES, &error);
    g_assert_true((tree == NULL) == (error != NULL));
    if (tree == NULL) {
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        return;
    }
    draw(tree);
    walk(tree, bins);
    size_t n_parents = 0;
    g_autofree TwinTreeParent *tested = twin_tree_parents(tree, &n_parents);
    g_assert_true((tested == NULL) == (tree->n_nodes == 1));
    g_autofree char *written = twin_tree_to_text(tree);
    g_autoptr(TwinTree) again = twin_tree_of_text(written, bins, VALUES, NULL);
    g_autofree char *written_again = twin_tree_to_text(again);
    g_assert_cmpstr(written, ==, written_again);
    g_assert_cmpuint(again->n_nodes, ==, tree->n_nodes);
    g_assert_cmpint(memcmp(again->ranges, tree->ranges, tree->n_nodes * sizeof *tree->ranges), ==,
                    0);
}

static void read_bins(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBins) bins = twin_bins_of_text(text, PARENTS, &error);
    g_assert_true((bins == NULL) == (error != NULL));
    for (size_t p = 0; p < PARENTS && bins != NULL; p++) {
        size_t n_edges = 0;
        const float *edges = twin_bins_edges(bins, p, &n_edges);
        for (size_t e = 0; e < n_edges; e++) {
            g_assert_cmpuint(twin_bins_of(bins, p, edges[e]), ==, e);
        }
    }
}

/* The first byte says what follows: 0 a tree, 1 bins, as bytes; else a text as it stands. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    if (n_bytes == 0) {
        return 0;
    }
    const uint8_t kind = bytes[0];
    g_autofree char *text = kind < 2 ? text_of(bytes + 1, n_bytes - 1)
                                     : g_strndup((const char *)bytes + 1, n_bytes - 1);
    if (kind != 1) {
        read_tree(text);
    }
    if (kind != 0) {
        read_bins(text);
    }
    return 0;
}
