/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_grow.h"

#include "base/array.h"

#include <math.h>
#include <string.h>

/* Below these, what a split saves is what rounding makes of nothing. */
static const double least_bits = 1e-6;
static const double least_share = 1e-9;

enum { MOST_GATHERED = 1 << 20 }; /* bytes of a node's rows that are gathered at once */

/* A node that waits: its place, and where the features are that may vary in it. */
typedef struct {
    uint32_t node;
    size_t level;
} Waiting;

struct TwinGrower {
    const TwinGrowTable *table;
    TwinSplitter *splitter;
    uint32_t *numbers; /* a class each: its number among a node's; UINT32_MAX between uses */
    uint32_t *found;   /* classes that have a number */
    uint32_t *places;  /* 0, 1, 2, … */
    size_t n_places;
    /* Bins of a node's or a subtree's rows, gathered, column after column: */
    uint8_t *bytes;
    size_t n_bytes;
    const uint8_t **columns;
    size_t n_columns;
    /* Of a subtree: */
    uint16_t *global;   /* feature of each column */
    bool *varies;       /* in the node at hand, a feature each */
    uint16_t *features; /* level by level: columns that may vary in the nodes there */
    size_t n_feature_room;
    uint32_t classes[TWIN_GROW_ROWS];
    int32_t targets[TWIN_GROW_ROWS];
    uint32_t rows[TWIN_GROW_ROWS]; /* from 0, in the order of the leaves */
    uint32_t scratch[TWIN_GROW_ROWS];
    TwinGrowValues values;
    GArray *waiting;
};

TwinGrower *twin_grower_new(const TwinGrowTable *table)
{
    TwinGrower *self = g_new0(TwinGrower, 1);
    self->table = table;
    self->splitter = twin_splitter_new();
    self->numbers = g_new(uint32_t, table->n_classes);
    memset(self->numbers, 0xFF, table->n_classes * sizeof *self->numbers);
    self->found = g_new(uint32_t, table->n_classes);
    self->columns = g_new(const uint8_t *, table->stride);
    self->global = g_new(uint16_t, table->stride);
    self->varies = g_new(bool, table->stride);
    self->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
    return self;
}

void twin_grower_free(TwinGrower *self)
{
    if (self != NULL) {
        twin_splitter_free(self->splitter);
        g_free(self->numbers);
        g_free(self->found);
        g_free(self->places);
        g_free(self->bytes);
        g_free(self->columns);
        g_free(self->global);
        g_free(self->varies);
        g_free(self->features);
        twin_grow_values_clear(&self->values);
        g_array_unref(self->waiting);
        g_free(self);
    }
}

/* ---- what a node's rows are ---- */

size_t twin_grower_count_classes(TwinGrower *self, const uint32_t *rows, size_t n_rows)
{
    const uint32_t *classes = self->table->classes;
    size_t n_found = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t class = classes[rows[i]];
        if (self->numbers[class] == UINT32_MAX) {
            self->numbers[class] = 0;
            self->found[n_found++] = class;
        }
    }
    for (size_t c = 0; c < n_found; c++) {
        self->numbers[self->found[c]] = UINT32_MAX;
    }
    return n_found;
}

static void reserve(TwinGrowValues *values, size_t n_rows)
{
    if (n_rows > values->n_room) {
        twin_grow_values_clear(values);
        values->n_room = n_rows;
        values->classes = g_new(uint32_t, n_rows);
        values->counts = g_new(uint32_t, n_rows);
        values->targets = g_new(int32_t, n_rows);
    }
}

void twin_grow_values_clear(TwinGrowValues *values)
{
    g_free(values->classes);
    g_free(values->counts);
    g_free(values->targets);
    *values = (TwinGrowValues){.n_room = 0};
}

/* About the mean, so that sums stay small and their squares exact enough. */
static void describe_targets(const int32_t *targets, const uint32_t *rows, size_t n_rows,
                             TwinGrowValues *values)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n_rows; i++) {
        sum += targets[rows[i]];
    }
    const int64_t mean = sum / (int64_t)n_rows;
    values->target_sum = sum - mean * (int64_t)n_rows;
    values->squares = 0;
    values->varies = false;
    for (size_t i = 0; i < n_rows; i++) {
        const int32_t target = (int32_t)(targets[rows[i]] - mean);
        values->targets[i] = target;
        values->varies = values->varies || target != values->targets[0];
        values->squares += (double)target * target;
    }
    const double rest = (double)values->target_sum;
    values->squares -= rest * rest / (double)n_rows;
}

static void describe(TwinGrower *self, const TwinGrowTable *table, const uint32_t *rows,
                     size_t n_rows, TwinGrowValues *values)
{
    reserve(values, n_rows);
    size_t n_found = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t class = table->classes[rows[i]];
        if (self->numbers[class] == UINT32_MAX) {
            values->counts[n_found] = 0;
            self->numbers[class] = (uint32_t)n_found;
            self->found[n_found++] = class;
        }
        const uint32_t number = self->numbers[class];
        values->classes[i] = number;
        values->counts[number]++;
    }
    for (size_t c = 0; c < n_found; c++) {
        self->numbers[self->found[c]] = UINT32_MAX;
    }
    values->n_classes = n_found;
    values->varies = n_found > 1;
    if (table->targets != NULL) {
        describe_targets(table->targets, rows, n_rows, values);
    }
}

void twin_grower_describe(TwinGrower *self, const uint32_t *rows, size_t n_rows,
                          TwinGrowValues *values)
{
    describe(self, self->table, rows, n_rows, values);
}

/* ---- one split ---- */

/* Columns of so many rows that those of neighbouring features do not fall into one set of the
 * cache. */
static size_t pitch_of(size_t n_rows)
{
    return (n_rows / 128 * 2 + 3) * 64;
}

/* Copies the rows' bins, so that all that follows is near. */
static void gather(TwinGrower *self, const uint32_t *rows, size_t n_rows, const uint16_t *features,
                   size_t n_features)
{
    enum { AHEAD = 6, LINE = 64 };
    const size_t pitch = pitch_of(n_rows);
    if (n_features * pitch > self->n_bytes) {
        self->n_bytes = n_features * pitch;
        g_free(self->bytes);
        self->bytes = g_new(uint8_t, self->n_bytes);
    }
    const size_t stride = self->table->stride;
    const uint8_t *bins = self->table->bins;
    for (size_t i = 0; i < n_rows; i++) {
        const uint8_t *ahead = bins + rows[i + AHEAD < n_rows ? i + AHEAD : i] * stride;
        for (size_t at = features[0]; at <= features[n_features - 1]; at += LINE) {
            __builtin_prefetch(ahead + at);
        }
        const uint8_t *from = bins + rows[i] * stride;
        uint8_t *to = self->bytes + i;
        for (size_t f = 0; f < n_features; f++) {
            *to = from[features[f]];
            to += pitch;
        }
    }
    for (size_t f = 0; f < n_features; f++) {
        self->columns[f] = self->bytes + f * pitch;
    }
    self->n_columns = n_features;
}

static const uint32_t *get_places(TwinGrower *self, size_t n)
{
    if (n > self->n_places) {
        self->n_places = n;
        g_free(self->places);
        self->places = g_new(uint32_t, n);
        for (size_t i = 0; i < n; i++) {
            self->places[i] = (uint32_t)i;
        }
    }
    return self->places;
}

/* @node: what rows and features there are; the rest is filled in. */
static TwinSplit choose(TwinGrower *self, const TwinGrowValues *values, TwinSplitNode *node,
                        bool *varies_out)
{
    node->columns = self->columns;
    node->min_leaf = self->table->min_leaf;
    if (self->table->targets != NULL) {
        node->targets = values->targets;
        node->target_sum = values->target_sum;
    } else {
        node->classes = values->classes;
        node->counts = values->counts;
        node->n_classes = values->n_classes;
        node->n_log_n = self->table->n_log_n;
    }
    return twin_splitter_choose(self->splitter, node, varies_out);
}

TwinSplit twin_grower_choose(TwinGrower *self, const uint32_t *rows, size_t n_rows,
                             const TwinGrowValues *values, const TwinGrowFeatures *features)
{
    TwinSplit best = {.gain = 0};
    const size_t share = MAX(MOST_GATHERED / pitch_of(n_rows), (size_t)1);
    for (size_t f = 0; f < features->n_features; f += share) {
        const size_t n_features = MIN(share, features->n_features - f);
        gather(self, rows, n_rows, features->features + f, n_features);
        for (size_t c = 0; c < n_features; c++) {
            self->global[c] = (uint16_t)c;
        }
        TwinSplitNode node = {.features = self->global,
                              .n_features = n_features,
                              .rows = get_places(self, n_rows),
                              .n_rows = n_rows};
        TwinSplit split = choose(self, values, &node, features->varies_out + f);
        split.feature = features->features[f + split.feature];
        best = split.gain > best.gain ? split : best;
    }
    return best;
}

bool twin_grow_is_worth(const TwinGrowTable *table, const TwinGrowValues *values,
                        const TwinSplit *split, size_t n_chosen, size_t n_rows)
{
    if (table->targets == NULL) {
        const double bits = ldexp(split->gain, -TWIN_SPLIT_BITS);
        return bits > least_bits && bits * ((double)n_rows / (double)n_chosen) > table->penalty;
    }
    const double rest = values->squares - split->gain;
    if (!(split->gain > least_share * values->squares)) {
        return false;
    }
    return table->penalty <= 0 || rest <= 0 ||
           (double)n_rows / 2 * log2(values->squares / rest) > table->penalty;
}

static size_t divide(const uint8_t *column, size_t stride, uint8_t bin, uint32_t *rows,
                     size_t n_rows, uint32_t *scratch)
{
    size_t n_left = 0;
    size_t n_right = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t row = rows[i];
        const bool is_right = column[row * stride] > bin;
        rows[n_left] = row; /* both are written, one stays: no branch that cannot be foretold */
        scratch[n_right] = row;
        n_left += !is_right;
        n_right += is_right;
    }
    memcpy(rows + n_left, scratch, n_right * sizeof *rows);
    return n_left;
}

size_t twin_grower_divide(const TwinGrower *self, const TwinSplit *split, uint32_t *rows,
                          size_t n_rows, uint32_t *scratch)
{
    const TwinGrowTable *table = self->table;
    return divide(table->bins + split->feature, table->stride, split->bin, rows, n_rows, scratch);
}

float twin_grow_threshold(const TwinBins *bins, const TwinSplit *split)
{
    size_t n_edges = 0;
    const float *edges = twin_bins_edges(bins, split->feature, &n_edges);
    g_assert(split->bin < n_edges); /* else the matrix was made with other bins */
    return edges[split->bin];
}

/* ---- nodes ---- */

void twin_grow_nodes_clear(TwinGrowNodes *self)
{
    g_free(self->nodes);
    g_free(self->ranges);
    *self = (TwinGrowNodes){.n_nodes = 0};
}

uint32_t twin_grow_nodes_add(TwinGrowNodes *self, TwinTreeRange range)
{
    if (self->n_nodes == self->n_room) {
        self->n_room = self->n_room + self->n_room / 2 + 8;
        self->nodes = g_renew(TwinTreeNode, self->nodes, self->n_room);
        self->ranges = g_renew(TwinTreeRange, self->ranges, self->n_room);
    }
    self->nodes[self->n_nodes] = (TwinTreeNode){.left = 0};
    self->ranges[self->n_nodes] = range;
    return (uint32_t)self->n_nodes++;
}

void twin_grow_nodes_split(TwinGrowNodes *self, uint32_t node, const TwinSplit *split,
                           float threshold, size_t n_left)
{
    TwinTreeRange range = self->ranges[node];
    const uint32_t middle = range.first + (uint32_t)n_left;
    const uint32_t last = range.last;
    range = (TwinTreeRange){.first = range.first, .last = middle, .parent = node};
    const uint32_t left = twin_grow_nodes_add(self, range);
    range = (TwinTreeRange){.first = middle, .last = last, .parent = node};
    (void)twin_grow_nodes_add(self, range);
    self->nodes[node] = (TwinTreeNode){
        .threshold = threshold, .left = left, .feature = split->feature, .bin = split->bin};
}

/* ---- a subtree ---- */

/* Gathers all that varies among the rows; the rest is never looked at. */
static void begin_subtree(TwinGrower *self, const uint32_t *rows, size_t n_rows,
                          const uint16_t *features, size_t n_features)
{
    gather(self, rows, n_rows, features, n_features);
    self->n_columns = 0;
    for (size_t f = 0; f < n_features; f++) {
        const uint8_t *column = self->columns[f];
        if (memcmp(column, column + 1, n_rows - 1) != 0) {
            self->columns[self->n_columns] = column;
            self->global[self->n_columns++] = features[f];
        }
    }
    for (size_t i = 0; i < n_rows; i++) {
        self->rows[i] = (uint32_t)i;
        self->classes[i] = self->table->classes[rows[i]];
        self->targets[i] = self->table->targets != NULL ? self->table->targets[rows[i]] : 0;
    }
}

/* The features of a level, of which there are at most n_columns, ended by UINT16_MAX. */
static uint16_t *level(TwinGrower *self, size_t number)
{
    const size_t stride = self->n_columns + 1;
    const size_t needed = (number + 1) * stride;
    if (needed > self->n_feature_room) {
        self->n_feature_room = needed + needed / 2;
        self->features = g_renew(uint16_t, self->features, self->n_feature_room);
    }
    return self->features + number * stride;
}

static void begin_levels(TwinGrower *self)
{
    uint16_t *features = level(self, 0);
    for (size_t c = 0; c < self->n_columns; c++) {
        features[c] = (uint16_t)c;
    }
    features[self->n_columns] = UINT16_MAX;
}

static size_t length(const uint16_t *features)
{
    size_t n = 0;
    while (features[n] != UINT16_MAX) {
        n++;
    }
    return n;
}

/* The next level's features: those of @number that vary. */
static void descend(TwinGrower *self, size_t number, size_t n_features)
{
    uint16_t *next = level(self, number + 1);
    const uint16_t *features = level(self, number);
    for (size_t f = 0; f < n_features; f++) {
        if (self->varies[f]) {
            *next++ = features[f];
        }
    }
    *next = UINT16_MAX;
}

/* Splits the node where that is worth it. */
static bool grow_node(TwinGrower *self, const TwinGrowTable *near, TwinGrowNodes *nodes, Waiting at)
{
    TwinTreeRange *range = &nodes->ranges[at.node];
    uint32_t *rows = self->rows + range->first;
    const size_t n_rows = range->last - range->first;
    describe(self, near, rows, n_rows, &self->values);
    range->n_distinct = (uint32_t)self->values.n_classes;
    if (!self->values.varies || n_rows / 2 < near->min_leaf) {
        return false;
    }
    const uint16_t *features = level(self, at.level);
    TwinSplitNode node = {
        .features = features, .n_features = length(features), .rows = rows, .n_rows = n_rows};
    TwinSplit split = choose(self, &self->values, &node, self->varies);
    if (!twin_grow_is_worth(near, &self->values, &split, n_rows, n_rows)) {
        return false;
    }
    descend(self, at.level, node.n_features);
    const size_t n_left =
        divide(self->columns[split.feature], 1, split.bin, rows, n_rows, self->scratch);
    split.feature = self->global[split.feature];
    twin_grow_nodes_split(nodes, at.node, &split, twin_grow_threshold(near->edges, &split), n_left);
    return true;
}

void twin_grower_grow(TwinGrower *self, uint32_t *rows, size_t n_rows, const uint16_t *features,
                      size_t n_features, TwinGrowNodes *nodes)
{
    begin_subtree(self, rows, n_rows, features, n_features);
    TwinGrowTable near = *self->table;
    near.classes = self->classes;
    near.targets = self->table->targets != NULL ? self->targets : NULL;
    begin_levels(self);
    g_array_set_size(self->waiting, 0);
    (void)twin_grow_nodes_add(nodes, (TwinTreeRange){.last = (uint32_t)n_rows});
    Waiting at = {.node = 0};
    g_array_append_val(self->waiting, at);
    while (self->waiting->len > 0) {
        at = g_array_index(self->waiting, Waiting, self->waiting->len - 1);
        g_array_set_size(self->waiting, self->waiting->len - 1);
        if (grow_node(self, &near, nodes, at)) {
            /* The left one first: the level's features stand until the right one had its turn. */
            Waiting child = {.node = nodes->nodes[at.node].left + 1, .level = at.level + 1};
            g_array_append_val(self->waiting, child);
            child.node--;
            g_array_append_val(self->waiting, child);
        }
    }
    for (size_t i = 0; i < n_rows; i++) {
        self->scratch[i] = rows[self->rows[i]];
    }
    memcpy(rows, self->scratch, n_rows * sizeof *rows);
}
