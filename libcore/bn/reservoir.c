/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/reservoir.h"

#include <flowtwin/error.h>

#include "base/array.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t priority;
    uint32_t slot;
} Kept;

/* A heap: the highest priority, which goes next, is kept[0]. */
typedef struct {
    void *kept;
    size_t n_room;
    uint64_t n_seen;
    uint32_t n_kept;
} Reservoir;

struct TwinReservoirs {
    size_t n;
    uint32_t most;
    uint32_t n_slots;
    bool has_failed;
    Reservoir *reservoirs;
};

TwinReservoirs *twin_reservoirs_new(size_t n, uint32_t most)
{
    g_return_val_if_fail(most >= 1, NULL);
    TwinReservoirs *self = g_new0(TwinReservoirs, 1);
    self->n = n;
    self->most = most;
    self->reservoirs = g_new0(Reservoir, n);
    return self;
}

void twin_reservoirs_free(TwinReservoirs *self)
{
    if (self != NULL) {
        for (size_t r = 0; r < self->n; r++) {
            g_free(self->reservoirs[r].kept);
        }
        g_free(self->reservoirs);
        g_free(self);
    }
}

uint64_t twin_reservoir_priority(uint64_t seed, uint64_t flow, uint32_t row)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {row, TWIN_RANDOM_KEEP, (uint32_t)flow, (uint32_t)(flow >> 32)};
    uint32_t block[4];
    twin_philox(counter, key, block);
    return (uint64_t)block[0] << 32 | block[1];
}

static void sink(Kept *kept, uint32_t n, Kept item)
{
    uint32_t at = 0;
    for (uint32_t child = 1; child < n; child = 2 * at + 1) {
        child += child + 1 < n && kept[child + 1].priority > kept[child].priority;
        if (kept[child].priority <= item.priority) {
            break;
        }
        kept[at] = kept[child];
        at = child;
    }
    kept[at] = item;
}

static void rise(Kept *kept, uint32_t at, Kept item)
{
    while (at > 0 && kept[(at - 1) / 2].priority < item.priority) {
        kept[at] = kept[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    kept[at] = item;
}

static uint32_t keep(TwinReservoirs *self, Reservoir *reservoir, uint64_t priority)
{
    if (reservoir->n_kept == self->most) {
        Kept *kept = reservoir->kept;
        const uint32_t slot = kept[0].slot;
        if (priority >= kept[0].priority) {
            return TWIN_RESERVOIR_NONE;
        }
        sink(kept, reservoir->n_kept, (Kept){priority, slot});
        return slot;
    }
    const size_t n_needed = (size_t)reservoir->n_kept + 1;
    if (self->n_slots == TWIN_RESERVOIR_NONE ||
        !twin_array_reserve(&reservoir->kept, &reservoir->n_room, n_needed, sizeof(Kept))) {
        self->has_failed = true;
        return TWIN_RESERVOIR_NONE;
    }
    rise(reservoir->kept, reservoir->n_kept++, (Kept){priority, self->n_slots});
    return self->n_slots++;
}

uint32_t twin_reservoirs_offer(TwinReservoirs *self, size_t reservoir, uint64_t priority)
{
    self->reservoirs[reservoir].n_seen++;
    return keep(self, &self->reservoirs[reservoir], priority);
}

uint32_t twin_reservoirs_n_slots(const TwinReservoirs *self)
{
    return self->n_slots;
}

uint64_t twin_reservoirs_n_seen(const TwinReservoirs *self, size_t reservoir)
{
    return self->reservoirs[reservoir].n_seen;
}

bool twin_reservoirs_have_failed(const TwinReservoirs *self)
{
    return self->has_failed;
}

void twin_reservoirs_merge(TwinReservoirs *self, const TwinReservoirs *other,
                           void (*take)(uint32_t from, uint32_t to, void *data), void *data)
{
    g_return_if_fail(self->n == other->n && self->most == other->most);
    for (size_t r = 0; r < self->n; r++) {
        const Kept *kept = other->reservoirs[r].kept;
        self->reservoirs[r].n_seen += other->reservoirs[r].n_seen;
        for (uint32_t k = 0; k < other->reservoirs[r].n_kept; k++) {
            const uint32_t slot = keep(self, &self->reservoirs[r], kept[k].priority);
            if (slot != TWIN_RESERVOIR_NONE) {
                take(kept[k].slot, slot, data);
            }
        }
    }
    self->has_failed = self->has_failed || other->has_failed;
}

/* ---- back to a tree ---- */

/* Rows that came to each node of the shape, and how many of them there are slots for. */
static uint64_t *count_seen(const TwinReservoirs *self, const TwinTree *shape)
{
    uint64_t *seen = g_new(uint64_t, shape->n_nodes);
    for (size_t n = shape->n_nodes; n > 0; n--) {
        const uint32_t left = shape->nodes[n - 1].left;
        seen[n - 1] = left > 0 ? seen[left] + seen[left + 1] : self->reservoirs[n - 1].n_seen;
    }
    return seen;
}

/* Past nodes of which one side saw nothing: what is left of them is the other. */
static uint32_t skip_empty(const TwinTree *shape, const uint64_t *seen, uint32_t node)
{
    uint32_t left = 0;
    while ((left = shape->nodes[node].left) > 0 && (seen[left] == 0 || seen[left + 1] == 0)) {
        node = seen[left] == 0 ? left + 1 : left;
    }
    return node;
}

/* What a leaf weighs: as many as came, all of them together at most UINT32_MAX. */
static uint32_t weight_of(const TwinReservoirs *self, const Reservoir *reservoir, uint64_t all)
{
    if (all <= UINT32_MAX) {
        return (uint32_t)reservoir->n_seen;
    }
    const double share = (double)(UINT32_MAX - self->n_slots) / (double)all;
    const uint32_t weight = (uint32_t)((double)reservoir->n_seen * share);
    return MAX(weight, reservoir->n_kept);
}

/* The nodes that are left, level by level; @origins_out: what they were in the shape. */
static TwinTree *new_tree(const TwinReservoirs *self, const TwinTree *shape, const uint64_t *seen,
                          uint32_t *origins_out)
{
    TwinTree *tree = g_new0(TwinTree, 1);
    tree->n_features = shape->n_features;
    tree->nodes = g_new0(TwinTreeNode, shape->n_nodes);
    tree->ranges = g_new0(TwinTreeRange, shape->n_nodes);
    tree->weights = g_new0(uint32_t, shape->n_nodes);
    origins_out[0] = skip_empty(shape, seen, 0);
    tree->n_nodes = 1;
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        const uint32_t left = shape->nodes[origins_out[n]].left;
        tree->nodes[n] = shape->nodes[origins_out[n]];
        if (left == 0) {
            const Reservoir *reservoir = &self->reservoirs[origins_out[n]];
            tree->ranges[n].last = reservoir->n_kept;
            tree->weights[n] = weight_of(self, reservoir, seen[0]);
            continue;
        }
        tree->nodes[n].left = (uint32_t)tree->n_nodes;
        for (uint32_t child = 0; child < 2; child++) {
            origins_out[tree->n_nodes] = skip_empty(shape, seen, left + child);
            tree->ranges[tree->n_nodes++].parent = n;
        }
    }
    return tree;
}

static int compare_kept(const void *left, const void *right)
{
    const Kept *a = left;
    const Kept *b = right;
    if (a->priority != b->priority) {
        return a->priority > b->priority ? 1 : -1;
    }
    return (a->slot > b->slot) - (a->slot < b->slot);
}

static void put_rows(const TwinReservoirs *self, TwinTree *tree, const uint32_t *origins)
{
    tree->rows = g_new(uint32_t, tree->n_rows);
    g_autofree Kept *sorted = g_new(Kept, self->most);
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        const uint32_t n_rows = twin_tree_n_rows(tree, n);
        if (twin_tree_is_leaf(tree, n)) {
            memcpy(sorted, self->reservoirs[origins[n]].kept, n_rows * sizeof *sorted);
            qsort(sorted, n_rows, sizeof *sorted, compare_kept);
        }
        for (uint32_t i = 0; i < n_rows && twin_tree_is_leaf(tree, n); i++) {
            tree->rows[tree->ranges[n].first + i] = sorted[i].slot;
        }
    }
}

static void count_distinct(TwinTree *tree, const uint32_t *classes)
{
    uint32_t n_classes = 0;
    for (size_t i = 0; i < tree->n_rows; i++) {
        n_classes = MAX(n_classes, classes[tree->rows[i]]);
    }
    g_autofree uint32_t *met = g_new0(uint32_t, (size_t)n_classes + 1); /* node + 1 */
    for (uint32_t n = 0; n < tree->n_nodes; n++) {
        for (uint32_t i = 0; i < twin_tree_n_rows(tree, n); i++) {
            uint32_t *last = &met[classes[twin_tree_row_at(tree, n, i)]];
            tree->ranges[n].n_distinct += *last != n + 1;
            *last = n + 1;
        }
    }
}

TwinTree *twin_reservoirs_tree(const TwinReservoirs *self, const TwinTree *shape,
                               const uint32_t *classes, GError **error)
{
    g_return_val_if_fail(self->n >= shape->n_nodes, NULL);
    g_autofree uint64_t *seen = count_seen(self, shape);
    if (seen[0] == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY, "no row came to the tree");
        return NULL;
    }
    g_autofree uint32_t *origins = g_new(uint32_t, shape->n_nodes);
    TwinTree *tree = new_tree(self, shape, seen, origins);
    const bool is_settled = twin_tree_settle(tree);
    g_assert(is_settled); /* weights were made to fit */
    put_rows(self, tree, origins);
    count_distinct(tree, classes);
    return tree;
}
