/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/parallel.h"
#include "base/random.h"
#include "bn/tree_grow.h"

#include <math.h>
#include <string.h>

enum {
    CHUNKS = 8,     /* shares of the features, each looked at by one thread */
    ESCALATION = 4, /* a node that finds no split is given so many times the rows */
    MAX_TARGET = INT32_MAX - 1,
};

/* A node of the top whose split is being looked for. */
typedef struct {
    uint32_t node;
    size_t n_chosen;    /* rows that it is chosen on; 0 where there is nothing to split by */
    uint16_t *features; /* owned: those that may vary */
    size_t n_features;
    bool *varies;          /* owned: those that do, where all rows were looked at */
    uint32_t *sample;      /* owned: the rows chosen; NULL: all */
    TwinGrowValues values; /* of those */
    TwinSplit best[CHUNKS];
    bool is_split;
} Item;

typedef struct {
    const TwinTreeOptions *options;
    TwinGrowTable table;
    size_t n_rows;
    uint32_t *rows;
    uint32_t *scratch; /* as long; a task uses its node's part */
    uint32_t *own_classes;
    int32_t *targets;
    int64_t *n_log_n;
    size_t subtree_rows;
    TwinGrower **growers; /* a thread each */
    TwinGrowNodes nodes;  /* the top; its leaves are roots of subtrees, or stay leaves */
    GArray *round;        /* of Item: being looked at */
    GArray *subtrees;     /* of Item: only node and features */
    TwinGrowNodes *grown; /* a subtree each */
} Learner;

static void clear_item(void *data)
{
    Item *item = data;
    g_free(item->features);
    g_free(item->varies);
    g_free(item->sample);
    twin_grow_values_clear(&item->values);
}

static GArray *new_items(void)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));
    g_array_set_clear_func(items, clear_item);
    return items;
}

/* ---- the top, in rounds ---- */

static uint32_t *item_rows(const Learner *learner, const Item *item, size_t *n_out)
{
    const TwinTreeRange *range = &learner->nodes.ranges[item->node];
    *n_out = range->last - range->first;
    return learner->rows + range->first;
}

/* One row of each of n_chosen equal shares, so that flows, which stand together, are all met. */
static void take_sample(const Learner *learner, Item *item, const uint32_t *rows, size_t n_rows)
{
    const uint64_t index = (uint64_t)item->n_chosen << 32 | item->node;
    TwinRandom random = twin_random(learner->options->seed, TWIN_RANDOM_CPT, index);
    item->sample = g_new(uint32_t, item->n_chosen);
    for (size_t i = 0; i < item->n_chosen; i++) {
        const size_t from = i * n_rows / item->n_chosen;
        const size_t end = (i + 1) * n_rows / item->n_chosen;
        item->sample[i] = rows[from + twin_random_below(&random, (uint32_t)(end - from))];
    }
}

/* What is to be known of an item's rows before a split is chosen. */
static void prepare(size_t index, unsigned thread, void *data)
{
    Learner *learner = data;
    Item *item = &g_array_index(learner->round, Item, index);
    TwinGrower *grower = learner->growers[thread];
    size_t n_rows = 0;
    const uint32_t *rows = item_rows(learner, item, &n_rows);
    TwinTreeRange *range = &learner->nodes.ranges[item->node];
    if (range->n_distinct == 0) {
        range->n_distinct = (uint32_t)twin_grower_count_classes(grower, rows, n_rows);
    }
    if (range->n_distinct == 1 && learner->table.targets == NULL) {
        item->n_chosen = 0;
        return;
    }
    if (item->n_chosen < n_rows) {
        take_sample(learner, item, rows, n_rows);
        rows = item->sample;
    }
    twin_grower_describe(grower, rows, item->n_chosen, &item->values);
}

static void choose(size_t index, unsigned thread, void *data)
{
    Learner *learner = data;
    Item *item = &g_array_index(learner->round, Item, index / CHUNKS);
    const size_t chunk = index % CHUNKS;
    const size_t first = item->n_features * chunk / CHUNKS;
    const size_t end = item->n_features * (chunk + 1) / CHUNKS;
    item->best[chunk] = (TwinSplit){.gain = 0};
    if (item->n_chosen == 0 || !item->values.varies || first == end) {
        return;
    }
    size_t n_rows = 0;
    const uint32_t *rows = item_rows(learner, item, &n_rows);
    const TwinGrowFeatures features = {.features = item->features + first,
                                       .n_features = end - first,
                                       .varies_out = item->varies + first};
    item->best[chunk] =
        twin_grower_choose(learner->growers[thread], item->sample != NULL ? item->sample : rows,
                           item->n_chosen, &item->values, &features);
}

/* Whether a split was found that is worth it; then it is best[0]. */
static bool take_best(const Learner *learner, Item *item)
{
    for (size_t c = 1; c < CHUNKS; c++) {
        if (item->best[c].gain > item->best[0].gain) {
            item->best[0] = item->best[c];
        }
    }
    size_t n_rows = 0;
    (void)item_rows(learner, item, &n_rows);
    return item->n_chosen > 0 && item->values.varies &&
           twin_grow_is_worth(&learner->table, &item->values, &item->best[0], item->n_chosen,
                              n_rows);
}

static void divide(size_t index, unsigned thread, void *data)
{
    Learner *learner = data;
    Item *item = &g_array_index(learner->round, Item, index);
    if (item->is_split) {
        size_t n_rows = 0;
        uint32_t *rows = item_rows(learner, item, &n_rows);
        uint32_t *scratch = learner->scratch + (rows - learner->rows);
        item->n_chosen =
            twin_grower_divide(learner->growers[thread], &item->best[0], rows, n_rows, scratch);
    }
}

/* So many rows of @n_rows is a split chosen on that was to be chosen on @wanted (0: all). */
static size_t n_chosen_of(size_t wanted, size_t n_rows)
{
    const size_t most = MIN(n_rows, (size_t)TWIN_SPLIT_ROWS);
    return wanted == 0 ? most : MIN(wanted, most);
}

/* Has @node looked at: as a subtree, or in round @next. */
static void enter(Learner *learner, uint32_t node, const uint16_t *features, size_t n_features,
                  GArray *next)
{
    const TwinTreeRange *range = &learner->nodes.ranges[node];
    const size_t n_rows = range->last - range->first;
    Item item = {.node = node,
                 .n_chosen = n_chosen_of(learner->options->n_sampled, n_rows),
                 .features = g_memdup2(features, n_features * sizeof *features),
                 .n_features = n_features};
    if (n_rows <= learner->subtree_rows) {
        g_array_append_val(learner->subtrees, item);
    } else {
        item.varies = g_new0(bool, n_features + 1);
        g_array_append_val(next, item);
    }
}

/* The features that are left to an item's children. */
static size_t keep_varying(Item *item)
{
    size_t n_kept = 0;
    for (size_t f = 0; f < item->n_features; f++) {
        if (item->sample != NULL || item->varies[f]) {
            item->features[n_kept++] = item->features[f];
        }
    }
    return n_kept;
}

/* After a round: children of what was split, and what is tried again on more rows. */
static GArray *next_round(Learner *learner)
{
    GArray *next = new_items();
    for (size_t i = 0; i < learner->round->len; i++) {
        Item *item = &g_array_index(learner->round, Item, i);
        if (item->is_split) {
            const TwinSplit *split = &item->best[0];
            const size_t n_features = keep_varying(item);
            twin_grow_nodes_split(&learner->nodes, item->node, split,
                                  twin_grow_threshold(learner->table.edges, split), item->n_chosen);
            const uint32_t left = learner->nodes.nodes[item->node].left;
            enter(learner, left, item->features, n_features, next);
            enter(learner, left + 1, item->features, n_features, next);
        } else if (item->sample != NULL && item->n_chosen < TWIN_SPLIT_ROWS) {
            size_t n_rows = 0;
            (void)item_rows(learner, item, &n_rows);
            Item again = {.node = item->node,
                          .n_chosen = n_chosen_of(ESCALATION * item->n_chosen, n_rows),
                          .features = g_steal_pointer(&item->features),
                          .n_features = item->n_features,
                          .varies = g_steal_pointer(&item->varies)};
            g_array_append_val(next, again);
        }
    }
    return next;
}

static void grow_top(Learner *learner, const uint16_t *features, size_t n_features)
{
    const unsigned n_threads = learner->options->n_threads;
    (void)twin_grow_nodes_add(&learner->nodes, (TwinTreeRange){.last = (uint32_t)learner->n_rows});
    enter(learner, 0, features, n_features, learner->round);
    while (learner->round->len > 0) {
        const size_t n_items = learner->round->len;
        twin_parallel_for(n_items, n_threads, prepare, learner);
        twin_parallel_for(n_items * CHUNKS, n_threads, choose, learner);
        for (size_t i = 0; i < n_items; i++) {
            Item *item = &g_array_index(learner->round, Item, i);
            item->is_split = take_best(learner, item);
        }
        twin_parallel_for(n_items, n_threads, divide, learner);
        GArray *next = next_round(learner);
        g_array_unref(learner->round);
        learner->round = next;
    }
}

/* ---- subtrees ---- */

static void grow_subtree(size_t index, unsigned thread, void *data)
{
    Learner *learner = data;
    const Item *item = &g_array_index(learner->subtrees, Item, index);
    size_t n_rows = 0;
    uint32_t *rows = item_rows(learner, item, &n_rows);
    twin_grower_grow(learner->growers[thread], rows, n_rows, item->features, item->n_features,
                     &learner->grown[index]);
}

/* Puts a subtree in the place of the leaf that is its root; its other nodes are from @base on.
 * Who is whose parent is said once nodes are in order. */
static void graft(TwinTree *tree, const TwinGrowNodes *grown, uint32_t root, uint32_t base)
{
    const TwinTreeRange whole = tree->ranges[root];
    for (uint32_t n = 0; n < grown->n_nodes; n++) {
        TwinTreeNode node = grown->nodes[n];
        TwinTreeRange range = grown->ranges[n];
        node.left += node.left > 0 ? base - 1 : 0;
        range.first += whole.first;
        range.last += whole.first;
        tree->nodes[n == 0 ? root : base + n - 1] = node;
        tree->ranges[n == 0 ? root : base + n - 1] = range;
    }
}

/* Level by level, left to right: siblings stay together, and the order says who is whose child. */
static void order_nodes(TwinTree *tree)
{
    TwinTreeNode *nodes = g_new(TwinTreeNode, tree->n_nodes);
    TwinTreeRange *ranges = g_new(TwinTreeRange, tree->n_nodes);
    uint32_t next = 1;
    nodes[0] = tree->nodes[0];
    ranges[0] = tree->ranges[0];
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        const uint32_t left = nodes[n].left;
        if (left > 0) {
            for (uint32_t child = 0; child < 2; child++) {
                nodes[next + child] = tree->nodes[left + child];
                ranges[next + child] = tree->ranges[left + child];
                ranges[next + child].parent = n;
            }
            nodes[n].left = next;
            next += 2;
        }
    }
    g_free(tree->nodes);
    g_free(tree->ranges);
    tree->nodes = nodes;
    tree->ranges = ranges;
}

static TwinTree *put_together(Learner *learner, size_t n_features)
{
    size_t n_nodes = learner->nodes.n_nodes;
    for (size_t s = 0; s < learner->subtrees->len; s++) {
        n_nodes += learner->grown[s].n_nodes - 1;
    }
    TwinTree *tree = g_new0(TwinTree, 1);
    tree->n_nodes = n_nodes;
    tree->n_rows = learner->n_rows;
    tree->n_features = n_features;
    tree->nodes = g_renew(TwinTreeNode, g_steal_pointer(&learner->nodes.nodes), n_nodes);
    tree->ranges = g_renew(TwinTreeRange, g_steal_pointer(&learner->nodes.ranges), n_nodes);
    tree->rows = g_steal_pointer(&learner->rows);
    size_t base = learner->nodes.n_nodes;
    for (size_t s = 0; s < learner->subtrees->len; s++) {
        const uint32_t root = g_array_index(learner->subtrees, Item, s).node;
        graft(tree, &learner->grown[s], root, (uint32_t)base);
        base += learner->grown[s].n_nodes - 1;
    }
    order_nodes(tree);
    return tree;
}

static TwinTree *grow(Learner *learner, const uint16_t *features, size_t n_features)
{
    const unsigned n_threads = learner->options->n_threads;
    const size_t room = features[n_features - 1] + (size_t)1;
    g_autoptr(GPtrArray) growers = g_ptr_array_new_with_free_func((GDestroyNotify)twin_grower_free);
    for (unsigned t = 0; t < n_threads; t++) {
        g_ptr_array_add(growers, twin_grower_new(&learner->table));
    }
    learner->growers = (TwinGrower **)growers->pdata;
    learner->subtree_rows = TWIN_GROW_ROWS;
    if (learner->options->n_sampled > 0) {
        learner->subtree_rows = MIN(learner->subtree_rows, learner->options->n_sampled);
    }
    grow_top(learner, features, n_features);
    const size_t n_subtrees = learner->subtrees->len;
    learner->grown = g_new0(TwinGrowNodes, n_subtrees + 1);
    twin_parallel_for(n_subtrees, n_threads, grow_subtree, learner);
    TwinTree *tree = put_together(learner, room);
    for (size_t s = 0; s < n_subtrees; s++) {
        twin_grow_nodes_clear(&learner->grown[s]);
    }
    return tree;
}

/* ---- what is learned from ---- */

static bool take_rows(Learner *learner, const TwinTreeData *data)
{
    learner->rows = g_try_new(uint32_t, learner->n_rows);
    learner->scratch = g_try_new(uint32_t, learner->n_rows);
    learner->n_log_n = twin_split_n_log_n(MIN(learner->n_rows, (size_t)TWIN_SPLIT_ROWS));
    if (learner->rows == NULL || learner->scratch == NULL || learner->n_log_n == NULL) {
        return false;
    }
    for (size_t i = 0; i < learner->n_rows; i++) {
        learner->rows[i] = data->rows != NULL ? data->rows[i] : (uint32_t)i;
    }
    learner->table.n_log_n = learner->n_log_n;
    return true;
}

/* Targets as whole numbers, from 0 (the least) to MAX_TARGET (the largest). */
static bool take_targets(Learner *learner, const TwinTreeData *data)
{
    learner->targets = g_try_new(int32_t, data->matrix->n_rows);
    if (learner->targets == NULL) {
        return false;
    }
    double least = data->target[learner->rows[0]];
    double most = least;
    for (size_t i = 0; i < learner->n_rows; i++) {
        least = fmin(least, data->target[learner->rows[i]]);
        most = fmax(most, data->target[learner->rows[i]]);
    }
    const double scale = most > least ? MAX_TARGET / (most - least) : 0;
    for (size_t i = 0; i < learner->n_rows; i++) {
        const uint32_t row = learner->rows[i];
        learner->targets[row] = (int32_t)lrint((data->target[row] - least) * scale);
    }
    learner->table.targets = learner->targets;
    return true;
}

/* Without classes, equal targets are one. */
static bool take_classes(Learner *learner, const TwinTreeData *data)
{
    learner->table.classes = data->classes;
    if (data->classes == NULL) {
        const size_t n_rows = data->matrix->n_rows;
        g_autofree int64_t *codes = g_try_new0(int64_t, n_rows);
        learner->own_classes = g_try_new(uint32_t, n_rows);
        if (codes == NULL || learner->own_classes == NULL) {
            return false;
        }
        for (size_t i = 0; i < learner->n_rows; i++) {
            const double target = data->target[learner->rows[i]] + 0.0; /* one zero */
            memcpy(&codes[learner->rows[i]], &target, sizeof target);
        }
        (void)twin_tree_classes(codes, n_rows, learner->own_classes);
        learner->table.classes = learner->own_classes;
    }
    for (size_t i = 0; i < learner->n_rows; i++) {
        const size_t class = learner->table.classes[learner->rows[i]];
        learner->table.n_classes = MAX(learner->table.n_classes, class + 1);
    }
    return true;
}

static void clear_learner(Learner *learner)
{
    g_free(learner->rows);
    g_free(learner->scratch);
    g_free(learner->own_classes);
    g_free(learner->targets);
    g_free(learner->n_log_n);
    g_free(learner->grown);
    twin_grow_nodes_clear(&learner->nodes);
    g_array_unref(learner->round);
    g_array_unref(learner->subtrees);
}

static uint16_t *take_features(const TwinTreeData *data, size_t *n_out)
{
    const bool are_all = data->features == NULL && data->n_features == 0;
    *n_out = are_all ? data->matrix->n_parents : data->n_features;
    uint16_t *features = g_new(uint16_t, *n_out);
    for (size_t f = 0; f < *n_out; f++) {
        features[f] = data->features != NULL ? data->features[f] : (uint16_t)f;
    }
    return features;
}

TwinTree *twin_tree_learn(const TwinTreeData *data, const TwinTreeOptions *options, GError **error)
{
    g_return_val_if_fail(options->min_leaf >= 1 && options->n_threads >= 1, NULL);
    g_return_val_if_fail(data->classes != NULL || data->target != NULL, NULL);
    g_return_val_if_fail(twin_bins_n_parents(data->bins) == data->matrix->n_parents, NULL);
    size_t n_features = 0;
    g_autofree uint16_t *features = take_features(data, &n_features);
    Learner learner = {.options = options,
                       .table = {.bins = data->matrix->bins,
                                 .stride = data->matrix->n_parents,
                                 .edges = data->bins,
                                 .min_leaf = options->min_leaf,
                                 .penalty = options->penalty},
                       .n_rows = data->rows != NULL ? data->n_rows : data->matrix->n_rows,
                       .round = new_items(),
                       .subtrees = new_items()};
    TwinTree *tree = NULL;
    if (learner.n_rows == 0 || n_features == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no rows to learn a tree from");
    } else if (!take_rows(&learner, data) || !take_classes(&learner, data) ||
               (data->target != NULL && !take_targets(&learner, data))) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "a tree over %zu rows does not fit in memory; learn from fewer flows",
                    learner.n_rows);
    } else {
        tree = grow(&learner, features, n_features);
    }
    clear_learner(&learner);
    return tree;
}
