/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/random.h"
#include "bn/reservoir.h"
#include "bn/tree_text.h"
#include "grown.h"

#include <math.h>
#include <string.h>

enum { ROWS = 20000, MOST = 40 };

/* Rows kept, by slot; and where they went. */
typedef struct {
    TwinReservoirs *reservoirs;
    uint32_t *row_of_slot;
    const uint32_t *others;
} Kept;

static void take(uint32_t from, uint32_t to, void *data)
{
    Kept *kept = data;
    kept->row_of_slot[to] = kept->others[from];
}

static Kept begin(const TwinTree *tree)
{
    return (Kept){.reservoirs = twin_reservoirs_new(tree->n_nodes, MOST),
                  .row_of_slot = g_new(uint32_t, ROWS)};
}

static void end(Kept *kept)
{
    twin_reservoirs_free(kept->reservoirs);
    g_free(kept->row_of_slot);
}

/* Offers each row of [first, last) that leaves @rest modulo @step, from either end. */
static void stream(Kept *kept, const Grown *grown, const TwinTree *tree, uint32_t step,
                   uint32_t rest)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        const uint32_t row = rest % 2 == 0 ? i : ROWS - 1 - i;
        if (row % step == rest) {
            const uint32_t leaf = twin_tree_find(tree, twin_bin_matrix_row(grown->matrix, row));
            const uint64_t priority = twin_reservoir_priority(7, row / 10, row % 10);
            const uint32_t slot = twin_reservoirs_offer(kept->reservoirs, leaf, priority);
            if (slot != TWIN_RESERVOIR_NONE) {
                kept->row_of_slot[slot] = row;
            }
        }
    }
}

static void merge(Kept *into, const Kept *from)
{
    into->others = from->row_of_slot;
    twin_reservoirs_merge(into->reservoirs, from->reservoirs, take, into);
}

/* The tree, its rows those of the data. */
static TwinTree *finish(const Kept *kept, const Grown *grown, const TwinTree *shape)
{
    g_autofree uint32_t *classes = g_new(uint32_t, ROWS);
    for (uint32_t s = 0; s < twin_reservoirs_n_slots(kept->reservoirs); s++) {
        classes[s] = grown->classes[kept->row_of_slot[s]];
    }
    GError *error = NULL;
    TwinTree *tree = twin_reservoirs_tree(kept->reservoirs, shape, classes, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < tree->n_rows; i++) {
        tree->rows[i] = kept->row_of_slot[tree->rows[i]];
    }
    return tree;
}

static TwinTree *shape_of(const Grown *grown)
{
    const TwinTreeOptions options = {.min_leaf = 5, .penalty = 30, .n_threads = 1};
    return twin_grown_tree(grown, false, &options);
}

static void test_any_grouping_gives_the_same_tree(void)
{
    g_autoptr(Grown) grown = twin_grown_new(ROWS, 5, 6, 3);
    g_autoptr(TwinTree) shape = shape_of(grown);
    Kept whole = begin(shape);
    stream(&whole, grown, shape, 1, 0);
    Kept parts[3] = {begin(shape), begin(shape), begin(shape)};
    for (uint32_t p = 0; p < 3; p++) {
        stream(&parts[p], grown, shape, 3, p);
    }
    merge(&parts[2], &parts[0]); /* (2 + 0) + 1, and 1 + (2 + 0) */
    Kept again = begin(shape);
    merge(&again, &parts[1]);
    merge(&again, &parts[2]);
    merge(&parts[2], &parts[1]);
    g_autoptr(TwinTree) of_whole = finish(&whole, grown, shape);
    g_autoptr(TwinTree) of_parts = finish(&parts[2], grown, shape);
    g_autoptr(TwinTree) of_again = finish(&again, grown, shape);
    g_assert_nonnull(of_whole->weights);
    g_assert_cmpuint(of_whole->n_nodes, ==, shape->n_nodes);
    g_assert_cmpuint(of_whole->n_rows, ==, twin_reservoirs_n_slots(whole.reservoirs));
    twin_grown_assert_same(of_whole, of_parts);
    twin_grown_assert_same(of_whole, of_again);
    g_assert_false(twin_reservoirs_have_failed(again.reservoirs));
    for (uint32_t node = 0; node < shape->n_nodes; node++) {
        g_assert_cmpuint(twin_tree_weight(of_parts, node), ==, twin_tree_n_rows(shape, node));
        if (twin_tree_is_leaf(shape, node)) {
            g_assert_cmpuint(twin_tree_n_rows(of_parts, node), ==,
                             MIN(twin_tree_n_rows(shape, node), (uint32_t)MOST));
            g_assert_cmpuint(twin_reservoirs_n_seen(again.reservoirs, node), ==,
                             twin_tree_n_rows(shape, node));
        }
    }
    end(&whole);
    end(&again);
    for (uint32_t p = 0; p < 3; p++) {
        end(&parts[p]);
    }
}

/* The rows of a leaf are those of lowest priority, and lie in that leaf. */
static void test_the_lowest_priorities_are_kept(void)
{
    g_autoptr(Grown) grown = twin_grown_new(ROWS, 5, 6, 3);
    g_autoptr(TwinTree) shape = shape_of(grown);
    Kept kept = begin(shape);
    stream(&kept, grown, shape, 1, 0);
    g_autoptr(TwinTree) tree = finish(&kept, grown, shape);
    g_autofree uint64_t *highest = g_new0(uint64_t, tree->n_nodes);
    g_autofree bool *is_kept = g_new0(bool, ROWS);
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        for (uint32_t i = 0; i < twin_tree_n_rows(tree, node) && twin_tree_is_leaf(tree, node);
             i++) {
            const uint32_t row = twin_tree_row_at(tree, node, i);
            const uint64_t priority = twin_reservoir_priority(7, row / 10, row % 10);
            g_assert_cmpuint(twin_tree_find(tree, twin_bin_matrix_row(grown->matrix, row)), ==,
                             node);
            g_assert_true(priority > highest[node]); /* rising */
            highest[node] = priority;
            is_kept[row] = true;
        }
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        const uint32_t leaf = twin_tree_find(tree, twin_bin_matrix_row(grown->matrix, row));
        g_assert_true(is_kept[row] ||
                      twin_reservoir_priority(7, row / 10, row % 10) > highest[leaf]);
    }
    end(&kept);
}

/* From the root, leaves are reached as often as rows came to them, however few are kept. */
static void test_draws_heed_weights(void)
{
    g_autoptr(Grown) grown = twin_grown_new(ROWS, 5, 6, 3);
    g_autoptr(TwinTree) shape = shape_of(grown);
    Kept kept = begin(shape);
    stream(&kept, grown, shape, 1, 0);
    g_autoptr(TwinTree) tree = finish(&kept, grown, shape);
    g_autofree uint32_t *n_drawn = g_new0(uint32_t, tree->n_nodes);
    enum { DRAWS = 200000 };
    for (uint32_t d = 0; d < DRAWS; d++) {
        const uint32_t row = twin_tree_row(tree, 0, (uint32_t)(((uint64_t)d << 32) / DRAWS));
        n_drawn[twin_tree_find(tree, twin_bin_matrix_row(grown->matrix, row))]++;
    }
    for (uint32_t node = 0; node < tree->n_nodes; node++) {
        if (twin_tree_is_leaf(tree, node)) {
            const double expected = (double)DRAWS * twin_tree_weight(tree, node) / ROWS;
            g_assert_cmpfloat(fabs(n_drawn[node] - expected), <, 3);
        }
    }
    const uint32_t last = twin_tree_row(tree, 0, UINT32_MAX);
    g_assert_cmpuint(last, ==, twin_tree_row_at(tree, 0, (uint32_t)tree->n_rows - 1));
    end(&kept);
}

/* Rows of one class only: leaves that see nothing go, and tests of them with them. */
static void test_empty_leaves_are_left_out(void)
{
    g_autoptr(Grown) grown = twin_grown_new(ROWS, 5, 6, 3);
    g_autoptr(TwinTree) shape = shape_of(grown);
    Kept kept = begin(shape);
    stream(&kept, grown, shape, ROWS, 4);
    g_autoptr(TwinTree) one = finish(&kept, grown, shape);
    g_assert_cmpuint(one->n_nodes, ==, 1);
    g_assert_cmpuint(one->rows[0], ==, 4);
    stream(&kept, grown, shape, 900, 2);
    g_autoptr(TwinTree) few = finish(&kept, grown, shape);
    g_assert_cmpuint(few->n_nodes, >, 3);
    g_assert_cmpuint(few->n_nodes, <, shape->n_nodes);
    for (uint32_t node = 0; node < few->n_nodes; node++) {
        g_assert_cmpuint(twin_tree_n_rows(few, node), >, 0);
    }
    for (uint32_t row = 2; row < ROWS; row += 900) {
        const uint32_t leaf = twin_tree_find(few, twin_bin_matrix_row(grown->matrix, row));
        bool is_there = false;
        for (uint32_t i = 0; i < twin_tree_n_rows(few, leaf); i++) {
            is_there = is_there || twin_tree_row_at(few, leaf, i) == row;
        }
        g_assert_true(is_there);
    }
    g_autofree char *text = twin_tree_to_text(few);
    g_autoptr(TwinTree) again = twin_tree_of_text(text, grown->bins, ROWS, NULL);
    twin_grown_assert_same(few, again);
    end(&kept);
}

static void test_no_row_is_an_error(void)
{
    g_autoptr(Grown) grown = twin_grown_new(200, 5, 6, 3);
    g_autoptr(TwinTree) shape = shape_of(grown);
    g_autoptr(TwinReservoirs) none = twin_reservoirs_new(shape->n_nodes, 1);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_reservoirs_tree(none, shape, NULL, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
}

/* 4,000 samples of 20 of 100 rows: each row is in a fifth of them. */
static void test_rows_are_kept_each_as_often(void)
{
    uint32_t n_kept[100] = {0};
    for (uint64_t seed = 0; seed < 4000; seed++) {
        g_autoptr(TwinReservoirs) reservoirs = twin_reservoirs_new(1, 20);
        uint32_t row_of_slot[20];
        for (uint32_t row = 0; row < 100; row++) {
            const uint32_t slot = twin_reservoirs_offer(
                reservoirs, 0, twin_reservoir_priority(seed, row % 9, row / 9));
            if (slot != TWIN_RESERVOIR_NONE) {
                g_assert_cmpuint(slot, <, 20);
                row_of_slot[slot] = row;
            }
        }
        for (uint32_t slot = 0; slot < 20; slot++) {
            n_kept[row_of_slot[slot]]++;
        }
    }
    for (uint32_t row = 0; row < 100; row++) {
        g_assert_cmpuint(n_kept[row], >, 675); /* 800 ± 5 standard deviations */
        g_assert_cmpuint(n_kept[row], <, 925);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reservoir/any-grouping-gives-the-same-tree",
                    test_any_grouping_gives_the_same_tree);
    g_test_add_func("/reservoir/the-lowest-priorities-are-kept",
                    test_the_lowest_priorities_are_kept);
    g_test_add_func("/reservoir/draws-heed-weights", test_draws_heed_weights);
    g_test_add_func("/reservoir/empty-leaves-are-left-out", test_empty_leaves_are_left_out);
    g_test_add_func("/reservoir/no-row-is-an-error", test_no_row_is_an_error);
    g_test_add_func("/reservoir/rows-are-kept-each-as-often", test_rows_are_kept_each_as_often);
    return g_test_run();
}
