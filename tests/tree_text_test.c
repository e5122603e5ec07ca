/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/numbers.h"
#include "bn/tree_text.h"
#include "grown.h"

#include <string.h>

static void test_bins_come_back(void)
{
    g_autoptr(Grown) grown = twin_grown_new(2000, 8, 4, 1);
    g_autofree char *text = twin_bins_to_text(grown->bins);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBins) again = twin_bins_of_text(text, 8, &error);
    g_assert_no_error(error);
    for (size_t p = 0; p < 8; p++) {
        size_t n[2] = {0, 0};
        const float *edges = twin_bins_edges(grown->bins, p, &n[0]);
        const float *read = twin_bins_edges(again, p, &n[1]);
        g_assert_cmpuint(n[0], ==, n[1]);
        for (size_t e = 0; e < n[0]; e++) {
            g_assert_cmpfloat(edges[e], ==, read[e]);
        }
    }
    g_autofree char *cut = g_strndup(text, strlen(text) / 8 * 4);
    g_assert_null(twin_bins_of_text(cut, 8, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    g_clear_error(&error);
    g_assert_null(twin_bins_of_text(text, 7, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
}

static void test_trees_come_back(void)
{
    g_autoptr(Grown) grown = twin_grown_new(5000, 8, 9, 1);
    const TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    for (int by_target = 0; by_target < 2; by_target++) {
        g_autoptr(TwinTree) tree = twin_grown_tree(grown, by_target, &options);
        for (int is_flat = 0; is_flat < 2; is_flat++) {
            g_autofree char *text = twin_tree_to_text(tree);
            GError *error = NULL;
            g_autoptr(TwinTree) again = twin_tree_of_text(text, grown->bins, 5000, &error);
            g_assert_no_error(error);
            g_assert_null(again->weights);
            g_assert_cmpuint(again->n_features, ==, tree->n_features);
            twin_grown_assert_same(tree, again);
            g_assert_null(twin_tree_of_text(text, grown->bins, 4999, &error));
            g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
            g_error_free(error);
            g_autofree uint32_t *order = twin_tree_flatten(tree);
            g_assert_true((order == NULL) == (is_flat > 0));
        }
    }
}

/* Two parents; the first has three bins, the second one. */
static TwinBins *two_parents(void)
{
    static const float edges[] = {1, 2};
    static const uint8_t n_edges[] = {2, 0};
    return twin_bins_restore(2, n_edges, edges, NULL);
}

typedef struct {
    const char *what;
    uint8_t numbers[24];
    size_t n;
    bool is_good;
} Case;

/* features, nodes, rows follow; nodes: tested + 1, distinct, then bin or cut and rows; rows */
static const Case cases[] = {
    {"a leaf", {1, 1, 0, /**/ 0, 2, 0, 3}, 7, true},
    {"a split", {1, 3, 0, /**/ 1, 2, 0, /**/ 0, 1, 0, 1, /**/ 0, 1, 5, 3}, 14, true},
    {"with rows", {1, 1, 1, /**/ 0, 1, 0, 2, /**/ 9, 0}, 9, true},
    {"a parent too many", {3, 1, 0, /**/ 0, 1, 0, 3}, 7, false},
    {"no node", {1, 0, 0}, 3, false},
    {"fewer nodes than said", {1, 2, 0, /**/ 0, 1, 0, 3}, 7, false},
    {"a node that is nobody's child", {1, 2, 0, /**/ 0, 1, 0, 3, /**/ 0, 1, 0, 3}, 11, false},
    {"more children than nodes", {1, 2, 0, /**/ 1, 2, 0, /**/ 0, 1, 0, 1}, 10, false},
    {"a test of a feature beyond", {1, 3, 0, 2, 2, 0, 0, 1, 0, 1, 0, 1, 0, 3}, 14, false},
    {"a bin beyond", {1, 3, 0, /**/ 1, 2, 2, /**/ 0, 1, 0, 1, /**/ 0, 1, 5, 3}, 14, false},
    {"a parent of one bin", {2, 3, 0, /**/ 2, 2, 0, 0, 1, 0, 1, 0, 1, 5, 3}, 14, false},
    {"an empty leaf", {1, 1, 0, /**/ 0, 1, 0, 0}, 7, false},
    {"no value at all", {1, 1, 0, /**/ 0, 0, 0, 3}, 7, false},
    {"more values than rows", {1, 1, 0, /**/ 0, 4, 0, 3}, 7, false},
    {"a row beyond", {1, 1, 1, /**/ 0, 1, 0, 2, /**/ 9, 1}, 9, false},
    {"rows that are missing", {1, 1, 1, /**/ 0, 1, 0, 2, /**/ 9}, 8, false},
    {"more places than values", {1, 1, 0, /**/ 0, 1, 0, 11}, 7, false},
    {"something after the end", {1, 1, 0, /**/ 0, 2, 0, 3, /**/ 0}, 8, false},
    {"a third kind of rows", {1, 1, 2, /**/ 0, 2, 0, 3}, 7, false},
};

static void test_what_is_read_is_not_believed(void)
{
    g_autoptr(TwinBins) bins = two_parents();
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        g_test_message("%s", cases[c].what);
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_byte_array_append(bytes, cases[c].numbers, (guint)cases[c].n);
        g_autofree char *text = twin_numbers_to_text(bytes);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinTree) tree = twin_tree_of_text(text, bins, 10, &error);
        g_assert_true((tree != NULL) == cases[c].is_good);
        if (tree == NULL) {
            g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        } else {
            g_autofree char *again = twin_tree_to_text(tree);
            g_assert_cmpstr(again, ==, text);
        }
    }
}

/* Weights that exceed 32 bits together. */
static void test_weights_are_added_up_safely(void)
{
    g_autoptr(TwinBins) bins = two_parents();
    static const uint64_t numbers[] = {1, 3, 0, 1, 2, 0, 0, 1, UINT32_MAX - 1, 1, 0, 1, 5, 3};
    for (uint64_t excess = 0; excess < 2; excess++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
            twin_numbers_put(bytes, numbers[i] - (i == 8 && excess == 0 ? 8 : 0));
        }
        g_autofree char *text = twin_numbers_to_text(bytes);
        g_autoptr(TwinTree) tree = twin_tree_of_text(text, bins, 10, NULL);
        g_assert_true((tree != NULL) == (excess == 0));
        if (tree != NULL) {
            g_assert_cmpuint(twin_tree_weight(tree, 0), ==, UINT32_MAX);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree-text/bins-come-back", test_bins_come_back);
    g_test_add_func("/tree-text/trees-come-back", test_trees_come_back);
    g_test_add_func("/tree-text/what-is-read-is-not-believed", test_what_is_read_is_not_believed);
    g_test_add_func("/tree-text/weights-are-added-up-safely", test_weights_are_added_up_safely);
    return g_test_run();
}
