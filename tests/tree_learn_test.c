/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/random.h"
#include "bn/tree.h"
#include "grown.h"

#include <math.h>
#include <string.h>

/* ---- the naive reference ---- */

static int64_t n_log_n(size_t n)
{
    return n == 0 ? 0 : llrint((double)n * log2((double)n) * (1 << 28));
}

static bool is_left(const Grown *data, uint32_t row, size_t feature, unsigned bin)
{
    return twin_bin_matrix_row(data->matrix, row)[feature] <= bin;
}

/* n log2 n of one side less that of each of its classes: the bits that its classes take. */
static int64_t bits_of(const Grown *data, const uint32_t *rows, size_t n_rows)
{
    size_t counts[64] = {0};
    for (size_t i = 0; i < n_rows; i++) {
        counts[data->classes[rows[i]]]++;
    }
    int64_t bits = n_log_n(n_rows);
    for (size_t c = 0; c < G_N_ELEMENTS(counts); c++) {
        bits -= n_log_n(counts[c]);
    }
    return bits;
}

static double squares_of(const Grown *data, const uint32_t *rows, size_t n_rows)
{
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < n_rows; i++) {
        sum += data->target[rows[i]];
    }
    for (size_t i = 0; i < n_rows; i++) {
        const double from_mean = data->target[rows[i]] - sum / (double)n_rows;
        squares += from_mean * from_mean;
    }
    return squares;
}

static double cost_of(const Grown *data, bool by_target, const uint32_t *rows, size_t n_rows)
{
    return by_target ? squares_of(data, rows, n_rows) : (double)bits_of(data, rows, n_rows);
}

typedef struct {
    double cost;
    size_t feature;
    unsigned bin;
} Split;

static Split naive_split(const Grown *data, bool by_target, size_t min_leaf, const uint32_t *rows,
                         size_t n_rows)
{
    const double whole = cost_of(data, by_target, rows, n_rows);
    Split best = {.cost = by_target ? whole * (1 - 1e-9) : whole - 268, .feature = SIZE_MAX};
    g_autofree uint32_t *left = g_new(uint32_t, n_rows);
    g_autofree uint32_t *right = g_new(uint32_t, n_rows);
    for (size_t f = 0; f < data->n_features; f++) {
        for (unsigned bin = 0; bin < 255; bin++) {
            size_t n[2] = {0, 0};
            for (size_t i = 0; i < n_rows; i++) {
                const bool goes_left = is_left(data, rows[i], f, bin);
                (goes_left ? left : right)[n[!goes_left]++] = rows[i];
            }
            if (n[0] < min_leaf || n[1] < min_leaf) {
                continue;
            }
            const double cost =
                cost_of(data, by_target, left, n[0]) + cost_of(data, by_target, right, n[1]);
            if (cost < best.cost) {
                best = (Split){.cost = cost, .feature = f, .bin = bin};
            }
        }
    }
    return best;
}

/* Every node splits as the reference does, or both stop. */
static void assert_splits(const Grown *data, const TwinTree *tree, bool by_target, size_t min_leaf)
{
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        const uint32_t n_rows = twin_tree_n_rows(tree, node);
        const Split split =
            naive_split(data, by_target, min_leaf, tree->rows + tree->ranges[node].first, n_rows);
        g_assert_true(twin_tree_is_leaf(tree, node) == (split.feature == SIZE_MAX));
        if (!twin_tree_is_leaf(tree, node)) {
            g_assert_cmpuint(twin_tree_feature(tree, node), ==, split.feature);
            const uint32_t left = tree->nodes[node].left;
            for (uint32_t i = 0; i < n_rows; i++) {
                g_assert_true(is_left(data, twin_tree_row_at(tree, node, i), split.feature,
                                      split.bin) == (i < twin_tree_n_rows(tree, left)));
            }
        }
    }
}

static void test_splits_are_those_of_a_naive_search(void)
{
    static const struct {
        size_t n_rows;
        size_t n_features;
        uint32_t n_classes;
        size_t min_leaf;
    } cases[] = {
        {1, 3, 2, 1}, {9, 3, 2, 1}, {60, 5, 3, 2}, {300, 6, 5, 5}, {500, 4, 40, 3}, {700, 7, 12, 5},
    };
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        g_autoptr(Grown) data =
            twin_grown_new(cases[c].n_rows, cases[c].n_features, cases[c].n_classes, c);
        for (int by_target = 0; by_target < 2; by_target++) {
            const TwinTreeOptions options = {.min_leaf = cases[c].min_leaf, .n_threads = 1};
            g_autoptr(TwinTree) tree = twin_grown_tree(data, by_target, &options);
            assert_splits(data, tree, by_target, cases[c].min_leaf);
        }
    }
}

/* Nodes above a subtree's size, with few and with many classes. */
static void test_large_nodes_split_as_a_naive_search_does(void)
{
    static const uint32_t n_classes[] = {2, 12, 60};
    for (size_t c = 0; c < G_N_ELEMENTS(n_classes); c++) {
        g_autoptr(Grown) data = twin_grown_new(6000, 3, n_classes[c], 17);
        for (int by_target = 0; by_target < 2; by_target++) {
            const TwinTreeOptions options = {.min_leaf = 900, .n_threads = 2};
            g_autoptr(TwinTree) tree = twin_grown_tree(data, by_target, &options);
            g_assert_cmpuint(tree->n_nodes, >, 4);
            assert_splits(data, tree, by_target, 900);
        }
    }
}

/* ---- structure ---- */

static void assert_is_sound(const Grown *data, const TwinTree *tree, size_t min_leaf)
{
    g_autofree bool *is_met = g_new0(bool, data->n_rows);
    for (size_t i = 0; i < tree->n_rows; i++) {
        g_assert_false(is_met[tree->rows[i]]);
        is_met[tree->rows[i]] = true;
    }
    g_assert_cmpuint(tree->ranges[0].first, ==, 0);
    g_assert_cmpuint(tree->ranges[0].last, ==, tree->n_rows);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        const TwinTreeRange *range = &tree->ranges[node];
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        for (uint32_t i = 0; i < twin_tree_n_rows(tree, node); i++) {
            const uint32_t row = twin_tree_row_at(tree, node, i);
            (void)g_hash_table_add(seen, GUINT_TO_POINTER(data->classes[row]));
        }
        g_assert_cmpuint(range->n_distinct, ==, g_hash_table_size(seen));
        g_assert_cmpuint(twin_tree_n_rows(tree, node), >=, MIN(min_leaf, data->n_rows));
        if (!twin_tree_is_leaf(tree, node)) {
            const uint32_t left = tree->nodes[node].left;
            g_assert_cmpuint(left, >, node);
            g_assert_cmpuint(left + 1, <, tree->n_nodes);
            g_assert_cmpuint(twin_tree_parent(tree, left), ==, node);
            g_assert_cmpuint(twin_tree_parent(tree, left + 1), ==, node);
            g_assert_cmpuint(tree->ranges[left].first, ==, range->first);
            g_assert_cmpuint(tree->ranges[left].last, ==, tree->ranges[left + 1].first);
            g_assert_cmpuint(tree->ranges[left + 1].last, ==, range->last);
        }
    }
}

/* By bins, by values, step by step: the leaf in whose range the row is. */
static void assert_rows_find_their_leaves(const Grown *data, const TwinTree *tree)
{
    g_autofree uint32_t *place = g_new(uint32_t, data->n_rows);
    for (uint32_t i = 0; i < tree->n_rows; i++) {
        place[tree->rows[i]] = i;
    }
    for (uint32_t row = 0; row < data->n_rows; row++) {
        const float *values = data->values + row * data->n_features;
        const uint32_t leaf = twin_tree_find(tree, twin_bin_matrix_row(data->matrix, row));
        g_assert_cmpuint(twin_tree_find_values(tree, values), ==, leaf);
        g_assert_true(twin_tree_is_leaf(tree, leaf));
        g_assert_cmpuint(place[row], >=, tree->ranges[leaf].first);
        g_assert_cmpuint(place[row], <, tree->ranges[leaf].last);
    }
}

static void test_trees_are_sound_and_the_same_on_any_threads(void)
{
    g_autoptr(Grown) data = twin_grown_new(30000, 9, 20, 4);
    static const size_t sampled[] = {0, 300, 5000};
    for (size_t s = 0; s < 2 * G_N_ELEMENTS(sampled); s++) {
        TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
        options.n_sampled = sampled[s / 2];
        options.seed = 5;
        g_autoptr(TwinTree) tree = twin_grown_tree(data, s % 2, &options);
        g_assert_cmpuint(tree->n_nodes, >, 1000);
        assert_is_sound(data, tree, options.min_leaf);
        assert_rows_find_their_leaves(data, tree);
        for (options.n_threads = 2; options.n_threads < 4; options.n_threads++) {
            g_autoptr(TwinTree) other = twin_grown_tree(data, s % 2, &options);
            twin_grown_assert_same(tree, other);
        }
    }
}

static void test_a_sample_depends_on_the_seed_alone(void)
{
    g_autoptr(Grown) data = twin_grown_new(20000, 9, 20, 4);
    TwinTreeOptions options = {.min_leaf = 5, .n_sampled = 500, .n_threads = 1};
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    options.seed = 1;
    g_autoptr(TwinTree) other = twin_grown_tree(data, false, &options);
    g_assert_true(tree->n_nodes != other->n_nodes ||
                  memcmp(tree->rows, other->rows, tree->n_rows * sizeof *tree->rows) != 0);
}

/* One row in 10,000 is another: a sample of 100 shows none, the tree finds it all the same. */
static void test_what_a_sample_misses_is_found_on_more_rows(void)
{
    g_autoptr(Grown) data = twin_grown_new(20000, 3, 2, 4);
    for (size_t r = 0; r < data->n_rows; r++) {
        data->classes[r] = r % 10000 == 77;
        data->matrix->bins[r * data->n_features] = (uint8_t)data->classes[r];
    }
    const TwinTreeOptions options = {.min_leaf = 1, .n_sampled = 100, .n_threads = 1};
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    g_assert_cmpuint(tree->n_nodes, ==, 3);
    g_assert_cmpuint(twin_tree_n_rows(tree, 2), ==, 2);
    g_assert_cmpuint(twin_tree_row_at(tree, 2, 0) % 10000, ==, 77);
}

/* What does not vary in the sample of one node may be what its children need. */
static void test_children_test_what_a_sample_did_not_show(void)
{
    g_autoptr(Grown) data = twin_grown_new(20000, 2, 2, 4);
    for (size_t r = 0; r < data->n_rows; r++) {
        const uint8_t is_odd = r % 2 == 1;
        const uint8_t is_rare = r % 2000 == 77;
        data->matrix->bins[2 * r] = is_rare;
        data->matrix->bins[2 * r + 1] = is_odd;
        data->classes[r] = is_odd ^ is_rare;
    }
    const TwinTreeOptions options = {.min_leaf = 1, .n_sampled = 100, .n_threads = 1};
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        g_assert_true(!twin_tree_is_leaf(tree, node) || tree->ranges[node].n_distinct == 1);
    }
}

/* What a sample of 500 rows saves is 500 bits at most, what its node saves forty times that. */
static void test_a_penalty_is_that_of_all_rows(void)
{
    g_autoptr(Grown) data = twin_grown_new(20000, 1, 2, 4);
    for (size_t r = 0; r < data->n_rows; r++) {
        data->classes[r] = r % 2;
        data->target[r] = (double)(r % 2);
        data->matrix->bins[r] = r % 2;
    }
    TwinTreeOptions options = {.min_leaf = 1, .penalty = 15000, .n_sampled = 500, .n_threads = 1};
    g_autoptr(TwinTree) split = twin_grown_tree(data, false, &options);
    g_assert_cmpuint(split->n_nodes, ==, 3);
    options.penalty = 25000;
    g_autoptr(TwinTree) whole = twin_grown_tree(data, false, &options);
    g_assert_cmpuint(whole->n_nodes, ==, 1);
}

static void test_a_penalty_stops_splits_that_save_less(void)
{
    g_autoptr(Grown) data = twin_grown_new(3000, 6, 4, 9);
    for (int by_target = 0; by_target < 2; by_target++) {
        size_t n_nodes[3];
        static const double penalties[] = {0, 30, 1e9};
        for (size_t p = 0; p < G_N_ELEMENTS(penalties); p++) {
            const TwinTreeOptions options = {
                .min_leaf = 5, .penalty = penalties[p], .n_threads = 1};
            g_autoptr(TwinTree) tree = twin_grown_tree(data, by_target, &options);
            n_nodes[p] = tree->n_nodes;
        }
        g_assert_cmpuint(n_nodes[0], >, 2 * n_nodes[1]);
        g_assert_cmpuint(n_nodes[1], >, 3);
        g_assert_cmpuint(n_nodes[2], ==, 1);
    }
}

/* 16 rows, 8 of each class, told apart by one feature: 16 bits are saved. */
static void test_a_penalty_is_in_bits(void)
{
    g_autoptr(Grown) data = twin_grown_new(16, 1, 2, 1);
    for (size_t r = 0; r < 16; r++) {
        data->classes[r] = r < 8;
        data->matrix->bins[r] = r < 8;
    }
    TwinTreeOptions options = {.min_leaf = 1, .penalty = 15.9, .n_threads = 1};
    g_autoptr(TwinTree) split = twin_grown_tree(data, false, &options);
    g_assert_cmpuint(split->n_nodes, ==, 3);
    options.penalty = 16.1;
    g_autoptr(TwinTree) whole = twin_grown_tree(data, false, &options);
    g_assert_cmpuint(whole->n_nodes, ==, 1);
}

static void test_only_given_rows_and_features_are_used(void)
{
    g_autoptr(Grown) data = twin_grown_new(4000, 8, 6, 3);
    static const uint16_t features[] = {2, 5, 7};
    g_autofree uint32_t *rows = g_new(uint32_t, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        rows[i] = 3999 - 3 * i;
    }
    const TwinTreeData from = {.matrix = data->matrix,
                               .bins = data->bins,
                               .features = features,
                               .n_features = G_N_ELEMENTS(features),
                               .rows = rows,
                               .n_rows = 1000,
                               .target = data->target};
    const TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    g_autoptr(TwinTree) tree = twin_tree_learn(&from, &options, NULL);
    g_assert_cmpuint(tree->n_rows, ==, 1000);
    for (size_t i = 0; i < tree->n_rows; i++) {
        g_assert_cmpuint((3999 - tree->rows[i]) % 3, ==, 0);
        g_assert_cmpuint(tree->rows[i], >, 999);
    }
    size_t n_parents = 0;
    g_autofree TwinTreeParent *parents = twin_tree_parents(tree, &n_parents);
    g_assert_cmpuint(n_parents, ==, 3);
    uint32_t n_splits = 0;
    for (size_t p = 0; p < n_parents; p++) {
        const uint16_t feature = parents[p].feature;
        g_assert_true(feature == 2 || feature == 5 || feature == 7);
        g_assert_true(p == 0 || parents[p].n_rows <= parents[p - 1].n_rows);
        n_splits += parents[p].n_splits;
    }
    g_assert_cmpuint(2 * n_splits + 1, ==, tree->n_nodes);
    g_assert_cmpuint(parents[0].n_rows, >=, 1000);
}

static void test_equal_values_are_one_leaf(void)
{
    g_autoptr(Grown) data = twin_grown_new(3000, 4, 1, 3);
    for (size_t r = 0; r < data->n_rows; r++) {
        data->target[r] = -7.25;
    }
    const TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    for (int by_target = 0; by_target < 2; by_target++) {
        g_autoptr(TwinTree) tree = twin_grown_tree(data, by_target, &options);
        g_assert_cmpuint(tree->n_nodes, ==, 1);
        g_assert_cmpuint(tree->ranges[0].n_distinct, ==, 1);
        size_t n_parents = 9;
        g_assert_null(twin_tree_parents(tree, &n_parents));
        g_assert_cmpuint(n_parents, ==, 0);
    }
}

static void test_no_rows_are_an_error(void)
{
    g_autoptr(Grown) data = twin_grown_new(10, 2, 2, 3);
    const uint32_t none = 0;
    const TwinTreeData from = {
        .matrix = data->matrix, .bins = data->bins, .rows = &none, .classes = data->classes};
    const TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_tree_learn(&from, &options, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
}

/* ---- drawing ---- */

static void test_draws_are_rows_of_the_leaf_each_as_often(void)
{
    g_autoptr(Grown) data = twin_grown_new(500, 4, 3, 8);
    const TwinTreeOptions options = {.min_leaf = 20, .n_threads = 1};
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    TwinRandom random = twin_random(3, TWIN_RANDOM_PACKETS, 0);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        const uint32_t n_rows = twin_tree_n_rows(tree, node);
        g_autofree uint32_t *n_draws = g_new0(uint32_t, data->n_rows);
        for (uint32_t d = 0; d < 400 * n_rows; d++) {
            n_draws[twin_tree_row(tree, node, twin_random_u32(&random))]++;
        }
        for (uint32_t i = 0; i < n_rows; i++) {
            const uint32_t n = n_draws[twin_tree_row_at(tree, node, i)];
            g_assert_cmpuint(n, >, 280); /* 400 ± 6 standard deviations */
            g_assert_cmpuint(n, <, 520);
        }
        g_assert_cmpuint(twin_tree_row(tree, node, 0), ==, twin_tree_row_at(tree, node, 0));
        g_assert_cmpuint(twin_tree_row(tree, node, UINT32_MAX), ==,
                         twin_tree_row_at(tree, node, n_rows - 1));
    }
}

static void test_back_off_is_as_frequent_as_it_says(void)
{
    g_autoptr(Grown) data = twin_grown_new(500, 4, 5, 8);
    const TwinTreeOptions options = {.min_leaf = 20, .n_threads = 1};
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        const double odds = 0.5 * tree->ranges[node].n_distinct;
        const double chance = odds / (twin_tree_n_rows(tree, node) + odds);
        const bool may = tree->ranges[node].n_distinct > 1;
        uint32_t n_above = 0;
        for (uint32_t d = 0; d < 10000; d++) {
            const uint32_t drawn = twin_tree_back_off(tree, node, 0.5, d * (UINT32_MAX / 10000));
            g_assert_true(drawn == node || drawn == twin_tree_parent(tree, node));
            n_above += drawn != node;
        }
        const double expected = may && node > 0 ? chance * 10000 : 0;
        g_assert_cmpfloat(fabs(n_above - expected), <, 2);
        g_assert_cmpuint(twin_tree_back_off(tree, node, 0, 0), ==, node);
    }
}

static void test_a_flat_tree_draws_places(void)
{
    g_autoptr(Grown) data = twin_grown_new(800, 4, 5, 8);
    const TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    g_autoptr(TwinTree) tree = twin_grown_tree(data, false, &options);
    g_autoptr(TwinTree) flat = twin_grown_tree(data, false, &options);
    g_autofree uint32_t *order = twin_tree_flatten(flat);
    g_assert_nonnull(order);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        for (uint32_t d = 0; d < 50; d++) {
            const uint32_t uniform = d * (UINT32_MAX / 50);
            g_assert_cmpuint(order[twin_tree_row(flat, node, uniform)], ==,
                             twin_tree_row(tree, node, uniform));
        }
    }
    g_assert_null(twin_tree_flatten(flat));
}

static void test_classes_are_numbered_in_order(void)
{
    const int64_t codes[] = {7, INT64_MIN, 7, -3, INT64_MAX, 0, -3};
    const uint32_t expected[] = {3, 0, 3, 1, 4, 2, 1};
    uint32_t got[G_N_ELEMENTS(codes)];
    g_assert_cmpuint(twin_tree_classes(codes, G_N_ELEMENTS(codes), got), ==, 5);
    g_assert_cmpmem(got, sizeof got, expected, sizeof expected);
    g_assert_cmpuint(twin_tree_classes(codes, 0, got), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/splits-are-those-of-a-naive-search",
                    test_splits_are_those_of_a_naive_search);
    g_test_add_func("/tree/large-nodes-split-as-a-naive-search-does",
                    test_large_nodes_split_as_a_naive_search_does);
    g_test_add_func("/tree/sound-and-the-same-on-any-threads",
                    test_trees_are_sound_and_the_same_on_any_threads);
    g_test_add_func("/tree/a-sample-depends-on-the-seed-alone",
                    test_a_sample_depends_on_the_seed_alone);
    g_test_add_func("/tree/what-a-sample-misses-is-found-on-more-rows",
                    test_what_a_sample_misses_is_found_on_more_rows);
    g_test_add_func("/tree/children-test-what-a-sample-did-not-show",
                    test_children_test_what_a_sample_did_not_show);
    g_test_add_func("/tree/a-penalty-is-that-of-all-rows", test_a_penalty_is_that_of_all_rows);
    g_test_add_func("/tree/a-penalty-stops-splits-that-save-less",
                    test_a_penalty_stops_splits_that_save_less);
    g_test_add_func("/tree/a-penalty-is-in-bits", test_a_penalty_is_in_bits);
    g_test_add_func("/tree/only-given-rows-and-features-are-used",
                    test_only_given_rows_and_features_are_used);
    g_test_add_func("/tree/equal-values-are-one-leaf", test_equal_values_are_one_leaf);
    g_test_add_func("/tree/no-rows-are-an-error", test_no_rows_are_an_error);
    g_test_add_func("/tree/draws-are-rows-of-the-leaf-each-as-often",
                    test_draws_are_rows_of_the_leaf_each_as_often);
    g_test_add_func("/tree/back-off-is-as-frequent-as-it-says",
                    test_back_off_is_as_frequent_as_it_says);
    g_test_add_func("/tree/a-flat-tree-draws-places", test_a_flat_tree_draws_places);
    g_test_add_func("/tree/classes-are-numbered-in-order", test_classes_are_numbered_in_order);
    return g_test_run();
}
