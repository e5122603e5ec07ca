/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_grow.h"

#include "model/twin_trees.h"

#include <stdlib.h>
#include <string.h>

enum {
    COMMON = 5, /* how often a code occurs that is a class of its own */
    RARE_CLASSES = 20,
};

static int compare_codes(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Of rising @codes, those that occur less than COMMON times go to @rare_out. */
static size_t find_rare(const int64_t *codes, size_t n, int64_t *rare_out)
{
    size_t n_rare = 0;
    for (size_t first = 0, last = 0; first < n; first = last) {
        while (last < n && codes[last] == codes[first]) {
            last++;
        }
        for (size_t i = first; i < last && last - first < COMMON; i++) {
            rare_out[n_rare++] = codes[i];
        }
    }
    return n_rare;
}

/* How many of rising @edges are at or below @code. */
static int64_t rare_class(const double *edges, int64_t code)
{
    int64_t n = 0;
    while (n < RARE_CLASSES - 1 && edges[n] <= (double)code) {
        n++;
    }
    return n;
}

void twin_codes_join_rare(int64_t *codes, size_t n)
{
    g_autofree int64_t *sorted = g_memdup2(codes, n * sizeof *codes);
    g_autofree int64_t *rare = g_new(int64_t, n + 1);
    qsort(sorted, n, sizeof *sorted, compare_codes);
    const size_t n_rare = find_rare(sorted, n, rare);
    if (n_rare == 0) {
        return;
    }
    double edges[RARE_CLASSES - 1];
    for (size_t e = 0; e < RARE_CLASSES - 1; e++) {
        const double at = (double)(e + 1) / RARE_CLASSES * (double)(n_rare - 1);
        const size_t low = (size_t)at;
        const size_t high = MIN(low + 1, n_rare - 1);
        edges[e] = (double)rare[low] + (at - (double)low) * (double)(rare[high] - rare[low]);
    }
    const int64_t above = sorted[n - 1] + 1;
    for (size_t i = 0; i < n; i++) {
        if (bsearch(&codes[i], rare, n_rare, sizeof *rare, compare_codes) != NULL) {
            codes[i] = above + rare_class(edges, codes[i]);
        }
    }
}

/* Flattens @tree; says which row came to which place. */
static TwinTree *flatten(TwinTree *tree, uint32_t **order_out)
{
    if (tree == NULL) {
        return NULL;
    }
    *order_out = twin_tree_flatten(tree);
    if (*order_out == NULL) { /* as they were */
        *order_out = g_new(uint32_t, tree->n_rows);
        for (size_t r = 0; r < tree->n_rows; r++) {
            (*order_out)[r] = (uint32_t)r;
        }
    }
    return tree;
}

static TwinTreeOptions tree_options(const TwinLearnOptions *options, size_t min_leaf)
{
    TwinTreeOptions tree = TWIN_TREE_OPTIONS_INIT;
    tree.min_leaf = min_leaf;
    tree.seed = options->seed;
    tree.n_threads = options->n_threads;
    return tree;
}

TwinTree *twin_grow_classes(const TwinGrowthOf *of, const int64_t *codes, size_t min_leaf,
                            const TwinLearnOptions *options, uint32_t **order_out, GError **error)
{
    g_autofree uint32_t *classes = g_new(uint32_t, of->matrix->n_rows);
    (void)twin_tree_classes(codes, of->matrix->n_rows, classes);
    const TwinTreeData data = {
        .matrix = of->matrix,
        .bins = of->bins,
        .n_features = of->n_features,
        .classes = classes,
    };
    const TwinTreeOptions tree = tree_options(options, min_leaf);
    return flatten(twin_tree_learn(&data, &tree, error), order_out);
}

void twin_tree_maker_init(TwinTreeMaker *self, const TwinRowsOfFlows *rows,
                          const TwinLearnOptions *options)
{
    const size_t n = rows->matrix->n_rows;
    *self = (TwinTreeMaker){
        .rows = rows,
        .options = options,
        .send_of_row = g_new(uint32_t, n),
        .classes = g_new0(uint32_t, n),
        .target = g_new0(double, n),
    };
    memset(self->send_of_row, 0xff, n * sizeof *self->send_of_row);
    for (size_t s = 0; s < rows->n_sends; s++) {
        self->send_of_row[rows->sends[s].row] = (uint32_t)s;
    }
}

void twin_tree_maker_clear(TwinTreeMaker *self)
{
    g_free(self->send_of_row);
    g_free(self->classes);
    g_free(self->target);
}

TwinTree *twin_tree_maker_make(TwinTreeMaker *self, const TwinGrowth *growth, uint32_t **order_out,
                               GError **error)
{
    uint16_t features[TWIN_N_PARENTS];
    const size_t n_features = twin_parents_of(growth->drawn, features);
    g_autofree uint32_t *classes = g_new(uint32_t, growth->n_rows);
    (void)twin_tree_classes(growth->codes, growth->n_rows, classes);
    for (size_t i = 0; i < growth->n_rows; i++) {
        self->classes[growth->rows != NULL ? growth->rows[i] : i] = classes[i];
    }
    const TwinTreeData data = {
        .matrix = self->rows->matrix,
        .bins = self->rows->bins,
        .features = features,
        .n_features = n_features,
        .rows = growth->rows,
        .n_rows = growth->n_rows,
        .classes = self->classes,
        .target = growth->has_target ? self->target : NULL,
    };
    const TwinTreeOptions options = tree_options(self->options, TWIN_LEAST_LEAF);
    return flatten(twin_tree_learn(&data, &options, error), order_out);
}
