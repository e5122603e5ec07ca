/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree.h"

#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

void twin_tree_free(TwinTree *self)
{
    if (self != NULL) {
        g_free(self->nodes);
        g_free(self->ranges);
        g_free(self->rows);
        g_free(self->weights);
        g_free(self);
    }
}

static int compare_parents(const void *left, const void *right)
{
    const TwinTreeParent *a = left;
    const TwinTreeParent *b = right;
    if (a->n_rows != b->n_rows) {
        return a->n_rows > b->n_rows ? -1 : 1;
    }
    return (a->feature > b->feature) - (a->feature < b->feature);
}

TwinTreeParent *twin_tree_parents(const TwinTree *self, size_t *n_out)
{
    g_autofree TwinTreeParent *parents = g_new0(TwinTreeParent, self->n_features + 1);
    for (uint32_t n = 0; n < self->n_nodes; n++) {
        if (!twin_tree_is_leaf(self, n)) {
            TwinTreeParent *parent = &parents[twin_tree_feature(self, n)];
            parent->n_splits++;
            parent->n_rows += twin_tree_n_rows(self, n);
        }
    }
    size_t n_parents = 0;
    for (size_t f = 0; f < self->n_features; f++) {
        if (parents[f].n_splits > 0) {
            parents[n_parents] = parents[f];
            parents[n_parents++].feature = (uint16_t)f;
        }
    }
    *n_out = n_parents;
    if (n_parents == 0) {
        return NULL;
    }
    qsort(parents, n_parents, sizeof *parents, compare_parents);
    return g_steal_pointer(&parents);
}

uint32_t *twin_tree_flatten(TwinTree *self)
{
    return g_steal_pointer(&self->rows);
}

bool twin_tree_settle(TwinTree *self)
{
    for (size_t n = self->n_nodes; n > 0; n--) {
        const uint32_t left = self->nodes[n - 1].left;
        if (left > 0) {
            const uint64_t weight = (uint64_t)self->weights[left] + self->weights[left + 1];
            if (weight > UINT32_MAX) { /* a node's rows are no more than its weight */
                return false;
            }
            self->weights[n - 1] = (uint32_t)weight;
            self->ranges[n - 1].last = self->ranges[left].last + self->ranges[left + 1].last;
        }
    }
    self->n_rows = self->ranges[0].last;
    for (size_t n = 0; n < self->n_nodes; n++) {
        const uint32_t left = self->nodes[n].left;
        if (left > 0) {
            TwinTreeRange *children = &self->ranges[left];
            children[0].first = self->ranges[n].first;
            children[0].last += children[0].first;
            children[1].first = children[0].last;
            children[1].last += children[1].first;
        }
    }
    if (self->weights[0] == self->n_rows) {
        g_clear_pointer(&self->weights, g_free);
    }
    return true;
}

static uint32_t place_of(const int64_t *sorted, size_t n, int64_t code)
{
    size_t low = 0;
    for (size_t left = n; left > 1;) {
        const size_t half = left / 2;
        low += sorted[low + half] <= code ? half : 0;
        left -= half;
    }
    return (uint32_t)low;
}

uint32_t twin_tree_classes(const int64_t *codes, size_t n, uint32_t *classes_out)
{
    g_return_val_if_fail(n < UINT32_MAX, 0);
    g_autofree int64_t *sorted = g_new(int64_t, 2 * n);
    size_t n_different = 0;
    if (n > 0) {
        memcpy(sorted, codes, n * sizeof *codes);
        twin_sort_int64(sorted, sorted + n, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || sorted[i] != sorted[n_different - 1]) {
            sorted[n_different++] = sorted[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        classes_out[i] = place_of(sorted, n_different, codes[i]);
    }
    return (uint32_t)n_different;
}
