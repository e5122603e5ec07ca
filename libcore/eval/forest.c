/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/forest.h"

#include "base/parallel.h"
#include "base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    VOTE_UNIT = 1 << 20, /* a tree's whole vote: whole numbers add up the same in any order */
    SMALL_SORT = 24,     /* rows below which insertion beats counting */
};

/* ---- features ---- */

void twin_matrix_init(TwinMatrix *self, size_t n_rows, size_t n_columns)
{
    self->values = g_new0(float, n_rows *n_columns + 1);
    self->n_rows = n_rows;
    self->n_columns = n_columns;
}

void twin_matrix_clear(TwinMatrix *self)
{
    g_clear_pointer(&self->values, g_free);
}

struct TwinBinned {
    uint8_t *codes; /* a column after the other */
    size_t n_rows;
    size_t n_columns;
};

static int compare_floats(const void *left, const void *right)
{
    const float a = *(const float *)left;
    const float b = *(const float *)right;
    return (a > b) - (a < b);
}

/* Upper ends of the bins: every distinct value where they are few, else quantiles. */
static size_t find_ends(const float *sorted, size_t n, float ends[TWIN_FEATURE_BINS])
{
    size_t n_distinct = 1;
    for (size_t i = 1; i < n; i++) {
        n_distinct += sorted[i] > sorted[i - 1] ? 1 : 0;
    }
    const bool is_few = n_distinct <= TWIN_FEATURE_BINS;
    size_t n_ends = 0;
    for (size_t i = 0; i < (is_few ? n : TWIN_FEATURE_BINS); i++) {
        const float value = is_few ? sorted[i] : sorted[(i + 1) * n / TWIN_FEATURE_BINS - 1];
        if (n_ends == 0 || value > ends[n_ends - 1]) {
            ends[n_ends++] = value;
        }
    }
    return n_ends;
}

typedef struct {
    const TwinMatrix *matrix;
    TwinBinned *binned;
} Binning;

static void bin_column(size_t column, unsigned thread, void *data)
{
    (void)thread;
    const Binning *binning = data;
    const TwinMatrix *matrix = binning->matrix;
    const size_t n = matrix->n_rows;
    g_autofree float *sorted = g_new(float, n);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = twin_matrix_row(matrix, i)[column];
    }
    qsort(sorted, n, sizeof *sorted, compare_floats);
    float ends[TWIN_FEATURE_BINS];
    const size_t n_ends = find_ends(sorted, n, ends);
    uint8_t *codes = &binning->binned->codes[column * n];
    for (size_t i = 0; i < n; i++) {
        const float value = twin_matrix_row(matrix, i)[column];
        size_t low = 0;
        for (size_t high = n_ends - 1; low < high;) {
            const size_t middle = (low + high) / 2;
            if (ends[middle] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        codes[i] = (uint8_t)low;
    }
}

TwinBinned *twin_binned_new(const TwinMatrix *matrix, unsigned n_threads)
{
    TwinBinned *self = g_new0(TwinBinned, 1);
    self->n_rows = matrix->n_rows;
    self->n_columns = matrix->n_columns;
    self->codes = g_new(uint8_t, matrix->n_rows * matrix->n_columns + 1);
    Binning binning = {.matrix = matrix, .binned = self};
    twin_parallel_for(matrix->n_rows > 0 ? matrix->n_columns : 0, n_threads, bin_column, &binning);
    return self;
}

void twin_binned_free(TwinBinned *self)
{
    if (self != NULL) {
        g_free(self->codes);
        g_free(self);
    }
}

/* ---- a tree ---- */

/* A node; inner ones send a row left where its code is at most @code. */
typedef struct {
    uint32_t column;
    uint32_t child; /* the left one; the right one follows. 0: a leaf */
    uint32_t begin; /* its rows, while it is being built */
    uint32_t end;
    uint8_t code;
} Node;

/* What a thread works with; one tree after the other. */
typedef struct {
    uint32_t *rows; /* the bootstrap, parted node by node */
    uint32_t *keys; /* code above, class below */
    uint32_t *sorted;
    uint32_t *columns; /* a permutation of all */
    Node *nodes;
    size_t n_nodes;
    uint32_t *left; /* rows of each class, left and right of a split */
    uint32_t *right;
    uint32_t *of_node; /* of each class: rows of the node at hand */
    uint16_t *classes; /* of each row of the node at hand, in its order */
    uint32_t *counts;  /* of each bin and class */
    uint64_t *votes;   /* n_test × n_classes, in VOTE_UNIT */
} Scratch;

typedef struct {
    const TwinForest *forest;
    Scratch *scratch;    /* one a thread */
    double *importances; /* n_trees × n_columns; NULL: not wanted */
} Growth;

/* The best split found so far. */
typedef struct {
    double purity; /* sum of squared class counts over size, both sides */
    uint32_t column;
    uint8_t code;
    bool is_found;
} Split;

static uint32_t bin_of(uint32_t key)
{
    return key >> 16;
}

/* Sorts keys by bin; @low and @high are the bins that occur. */
static void sort_keys(Scratch *scratch, size_t n, uint32_t low, uint32_t high)
{
    uint32_t *keys = scratch->keys;
    if (n < SMALL_SORT) {
        for (size_t i = 1; i < n; i++) {
            const uint32_t key = keys[i];
            size_t at = i;
            for (; at > 0 && keys[at - 1] > key; at--) {
                keys[at] = keys[at - 1];
            }
            keys[at] = key;
        }
        return;
    }
    uint32_t places[TWIN_FEATURE_BINS + 1];
    memset(places, 0, (high - low + 2) * sizeof *places);
    for (size_t i = 0; i < n; i++) {
        places[bin_of(keys[i]) - low + 1]++;
    }
    for (uint32_t b = 1; b <= high - low; b++) {
        places[b] += places[b - 1];
    }
    for (size_t i = 0; i < n; i++) {
        scratch->sorted[places[bin_of(keys[i]) - low]++] = keys[i];
    }
    scratch->keys = scratch->sorted;
    scratch->sorted = keys;
}

/* A split under consideration: rows pass from its right side to its left. */
typedef struct {
    double n_left, n_right;
    double left_squares, right_squares;
} Sides;

static Sides begin_sides(const TwinForest *forest, Scratch *scratch, const Node *node)
{
    Sides sides = {.n_right = (double)(node->end - node->begin)};
    memset(scratch->left, 0, forest->n_classes * sizeof *scratch->left);
    memcpy(scratch->right, scratch->of_node, forest->n_classes * sizeof *scratch->right);
    for (size_t c = 0; c < forest->n_classes; c++) {
        sides.right_squares += (double)scratch->right[c] * scratch->right[c];
    }
    return sides;
}

/* @n rows of one class pass to the left. */
static void move_rows(Sides *sides, Scratch *scratch, uint32_t class, uint32_t n)
{
    sides->left_squares += (double)n * (2.0 * scratch->left[class] + n);
    sides->right_squares -= (double)n * (2.0 * scratch->right[class] - n);
    scratch->left[class] += n;
    scratch->right[class] -= n;
    sides->n_left += n;
    sides->n_right -= n;
}

/* Keeps the split between two bins where it is the best so far. */
static void weigh(const TwinForest *forest, const Sides *sides, Split *best, uint32_t column,
                  const uint32_t bins[2])
{
    const double least = (double)forest->least_leaf;
    if (sides->n_left < least || sides->n_right < least) {
        return;
    }
    const double purity =
        sides->left_squares / sides->n_left + sides->right_squares / sides->n_right;
    if (!best->is_found || purity > best->purity) {
        *best = (Split){
            .purity = purity,
            .column = column,
            .code = (uint8_t)((bins[0] + bins[1]) / 2),
            .is_found = true,
        };
    }
}

/* Walks the sorted keys row by row. */
static void sweep_keys(const TwinForest *forest, Scratch *scratch, const Node *node,
                       uint32_t column, Split *best)
{
    const uint32_t *keys = scratch->keys;
    Sides sides = begin_sides(forest, scratch, node);
    for (size_t i = 1; i < node->end - node->begin; i++) {
        move_rows(&sides, scratch, keys[i - 1] & 0xffff, 1);
        if (bin_of(keys[i]) != bin_of(keys[i - 1])) {
            weigh(forest, &sides, best, column,
                  (const uint32_t[]){bin_of(keys[i - 1]), bin_of(keys[i])});
        }
    }
}

/* Counts the node's rows by bin and class; false where all are in one bin. */
static bool count_bins(const TwinForest *forest, Scratch *scratch, const Node *node,
                       const uint8_t *codes)
{
    const size_t n = node->end - node->begin;
    const size_t n_classes = forest->n_classes;
    const uint32_t *rows = &scratch->rows[node->begin];
    uint32_t *counts =
        memset(scratch->counts, 0, TWIN_FEATURE_BINS * n_classes * sizeof *scratch->counts);
    const uint8_t first = codes[rows[0]];
    unsigned differs = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t code = codes[rows[i]];
        differs |= code ^ first;
        counts[code * n_classes + scratch->classes[i]]++;
    }
    return differs != 0;
}

/* Walks counts bin by bin: cheaper where rows are many. */
static void sweep_counts(const TwinForest *forest, Scratch *scratch, const Node *node,
                         uint32_t column, Split *best)
{
    const size_t n_classes = forest->n_classes;
    Sides sides = begin_sides(forest, scratch, node);
    uint32_t before = 0;
    for (uint32_t b = 0; b < TWIN_FEATURE_BINS; b++) {
        uint32_t sum = 0;
        for (uint32_t c = 0; c < n_classes; c++) {
            sum += scratch->counts[b * n_classes + c];
        }
        if (sum == 0) {
            continue;
        }
        weigh(forest, &sides, best, column, (const uint32_t[]){before, b});
        for (uint32_t c = 0; c < n_classes; c++) {
            move_rows(&sides, scratch, c, scratch->counts[b * n_classes + c]);
        }
        before = b;
    }
}

/* Makes and sorts the node's keys; false where all are in one bin. */
static bool order_keys(Scratch *scratch, const Node *node, const uint8_t *codes)
{
    const size_t n = node->end - node->begin;
    const uint32_t *rows = &scratch->rows[node->begin];
    uint32_t low = UINT32_MAX;
    uint32_t high = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = codes[rows[i]];
        low = MIN(low, code);
        high = MAX(high, code);
        scratch->keys[i] = code << 16 | scratch->classes[i];
    }
    if (low == high) {
        return false;
    }
    sort_keys(scratch, n, low, high);
    return true;
}

/* Looks at one feature; false where it is the same for all rows of the node. */
static bool try_column(const TwinForest *forest, Scratch *scratch, const Node *node,
                       uint32_t column, Split *best)
{
    const uint8_t *codes = &forest->data->codes[column * forest->data->n_rows];
    const size_t n = node->end - node->begin;
    const bool is_large = n >= (size_t)TWIN_FEATURE_BINS * forest->n_classes / 4;
    const bool varies =
        is_large ? count_bins(forest, scratch, node, codes) : order_keys(scratch, node, codes);
    if (varies) {
        (is_large ? sweep_counts : sweep_keys)(forest, scratch, node, column, best);
    }
    return varies;
}

/* √n features at random, and more until one of them varies, as scikit-learn does. */
static Split find_split(const TwinForest *forest, Scratch *scratch, const Node *node,
                        TwinRandom *random)
{
    Split best = {.is_found = false};
    const size_t n_columns = forest->data->n_columns;
    const size_t n_wanted = MAX(1, (size_t)sqrt((double)n_columns));
    bool varies = false;
    for (size_t tried = 0; tried < n_columns && (tried < n_wanted || !varies); tried++) {
        const size_t other = tried + twin_random_below(random, (uint32_t)(n_columns - tried));
        const uint32_t column = scratch->columns[other];
        scratch->columns[other] = scratch->columns[tried];
        scratch->columns[tried] = column;
        varies |= try_column(forest, scratch, node, column, &best);
    }
    return best;
}

/* Counts the node's rows by class, and notes each row's; the sum of the counts' squares. */
static double count_node(const TwinForest *forest, Scratch *scratch, const Node *node)
{
    memset(scratch->of_node, 0, forest->n_classes * sizeof *scratch->of_node);
    for (uint32_t i = node->begin; i < node->end; i++) {
        const uint32_t class = forest->classes[scratch->rows[i]];
        scratch->classes[i - node->begin] = (uint16_t) class;
        scratch->of_node[class]++;
    }
    double squares = 0;
    for (size_t c = 0; c < forest->n_classes; c++) {
        squares += (double)scratch->of_node[c] * scratch->of_node[c];
    }
    return squares;
}

/* Parts the node's rows; where the right ones begin. */
static uint32_t part_rows(const TwinForest *forest, Scratch *scratch, const Node *node,
                          const Split *split)
{
    const uint8_t *codes = &forest->data->codes[split->column * forest->data->n_rows];
    uint32_t middle = node->begin;
    for (uint32_t i = node->begin; i < node->end; i++) {
        const uint32_t row = scratch->rows[i];
        if (codes[row] <= split->code) {
            scratch->rows[i] = scratch->rows[middle];
            scratch->rows[middle++] = row;
        }
    }
    return middle;
}

static void grow_tree(const TwinForest *forest, Scratch *scratch, TwinRandom *random,
                      double *importances)
{
    for (size_t i = 0; i < forest->n_train; i++) {
        scratch->rows[i] = forest->train[twin_random_below(random, (uint32_t)forest->n_train)];
    }
    scratch->nodes[0] = (Node){.end = (uint32_t)forest->n_train};
    scratch->n_nodes = 1;
    for (size_t at = 0; at < scratch->n_nodes; at++) {
        Node *node = &scratch->nodes[at];
        const double n = (double)(node->end - node->begin);
        const double squares = count_node(forest, scratch, node);
        if (squares == n * n || n < 2 * (double)forest->least_leaf) {
            continue; /* of one class, or too small */
        }
        const Split split = find_split(forest, scratch, node, random);
        if (!split.is_found) {
            continue;
        }
        const uint32_t middle = part_rows(forest, scratch, node, &split);
        node->column = split.column;
        node->code = split.code;
        node->child = (uint32_t)scratch->n_nodes;
        scratch->nodes[scratch->n_nodes++] = (Node){.begin = node->begin, .end = middle};
        scratch->nodes[scratch->n_nodes++] = (Node){.begin = middle, .end = node->end};
        if (importances != NULL) {
            importances[split.column] += split.purity - squares / n;
        }
    }
}

static void vote(const TwinForest *forest, Scratch *scratch)
{
    const TwinBinned *data = forest->data;
    for (size_t i = 0; i < forest->n_test; i++) {
        const Node *node = &scratch->nodes[0];
        while (node->child != 0) {
            const uint8_t code = data->codes[node->column * data->n_rows + forest->test[i]];
            node = &scratch->nodes[node->child + (code > node->code ? 1 : 0)];
        }
        uint64_t *votes = &scratch->votes[i * forest->n_classes];
        const uint32_t share = VOTE_UNIT / (node->end - node->begin);
        for (uint32_t r = node->begin; r < node->end; r++) {
            votes[forest->classes[scratch->rows[r]]] += share;
        }
    }
}

static void run_tree(size_t index, unsigned thread, void *data)
{
    const Growth *growth = data;
    const TwinForest *forest = growth->forest;
    Scratch *scratch = &growth->scratch[thread];
    const size_t n_columns = forest->data->n_columns;
    TwinRandom random = twin_random(forest->seed, TWIN_RANDOM_TREE, index);
    for (size_t c = 0; c < n_columns; c++) {
        scratch->columns[c] = (uint32_t)c;
    }
    grow_tree(forest, scratch, &random,
              growth->importances != NULL ? &growth->importances[index * n_columns] : NULL);
    vote(forest, scratch);
}

/* ---- the forest ---- */

static void scratch_init(Scratch *self, const TwinForest *forest)
{
    const size_t n = forest->n_train;
    self->rows = g_new(uint32_t, n + 1);
    self->keys = g_new(uint32_t, n + 1);
    self->sorted = g_new(uint32_t, n + 1);
    self->columns = g_new(uint32_t, forest->data->n_columns + 1);
    self->nodes = g_new(Node, 2 * n + 1);
    self->left = g_new(uint32_t, forest->n_classes + 1);
    self->right = g_new(uint32_t, forest->n_classes + 1);
    self->of_node = g_new(uint32_t, forest->n_classes + 1);
    self->classes = g_new(uint16_t, n + 1);
    self->counts = g_new(uint32_t, TWIN_FEATURE_BINS * forest->n_classes + 1);
    self->votes = g_new0(uint64_t, forest->n_test * forest->n_classes + 1);
}

static void scratch_clear(Scratch *self)
{
    g_free(self->rows);
    g_free(self->keys);
    g_free(self->sorted);
    g_free(self->columns);
    g_free(self->nodes);
    g_free(self->left);
    g_free(self->right);
    g_free(self->of_node);
    g_free(self->classes);
    g_free(self->counts);
    g_free(self->votes);
}

/* Adds up what the threads counted, and makes shares of it. */
static void add_votes(const TwinForest *forest, const Scratch *scratch, double *votes_out)
{
    for (size_t i = 0; i < forest->n_test; i++) {
        uint64_t sum = 0;
        for (size_t c = 0; c < forest->n_classes; c++) {
            uint64_t votes = 0;
            for (unsigned t = 0; t < forest->n_threads; t++) {
                votes += scratch[t].votes[i * forest->n_classes + c];
            }
            votes_out[i * forest->n_classes + c] = (double)votes;
            sum += votes;
        }
        for (size_t c = 0; c < forest->n_classes && sum > 0; c++) {
            votes_out[i * forest->n_classes + c] /= (double)sum;
        }
    }
}

/* Sums in the order of the trees. */
static void add_importances(const TwinForest *forest, const double *by_tree,
                            double *importances_out)
{
    const size_t n_columns = forest->data->n_columns;
    double sum = 0;
    memset(importances_out, 0, n_columns * sizeof *importances_out);
    for (size_t i = 0; i < forest->n_trees * n_columns; i++) {
        importances_out[i % n_columns] += by_tree[i];
        sum += by_tree[i];
    }
    for (size_t c = 0; c < n_columns && sum > 0; c++) {
        importances_out[c] /= sum;
    }
}

void twin_forest_vote(const TwinForest *forest, double *votes_out, double *importances_out)
{
    g_return_if_fail(forest->n_classes <= UINT16_MAX && forest->least_leaf >= 1);
    g_autofree Scratch *scratch = g_new0(Scratch, forest->n_threads);
    for (unsigned t = 0; t < forest->n_threads; t++) {
        scratch_init(&scratch[t], forest);
    }
    g_autofree double *importances =
        importances_out != NULL ? g_new0(double, forest->n_trees * forest->data->n_columns + 1)
                                : NULL;
    Growth growth = {.forest = forest, .scratch = scratch, .importances = importances};
    const bool has_rows = forest->n_train > 0 && forest->data->n_columns > 0;
    twin_parallel_for(has_rows ? forest->n_trees : 0, forest->n_threads, run_tree, &growth);
    add_votes(forest, scratch, votes_out);
    if (importances_out != NULL) {
        add_importances(forest, importances, importances_out);
    }
    for (unsigned t = 0; t < forest->n_threads; t++) {
        scratch_clear(&scratch[t]);
    }
}

void twin_forest_decide(const TwinForest *forest, const double *votes, uint32_t *classes_out)
{
    for (size_t i = 0; i < forest->n_test; i++) {
        const double *row = &votes[i * forest->n_classes];
        uint32_t best = 0;
        for (uint32_t c = 1; c < forest->n_classes; c++) {
            best = row[c] > row[best] ? c : best;
        }
        classes_out[i] = best;
    }
}

/* ---- scores ---- */

typedef struct {
    double score;
    uint32_t class;
} Scored;

static int compare_scored(const void *left, const void *right)
{
    const double a = ((const Scored *)left)->score;
    const double b = ((const Scored *)right)->score;
    return (a > b) - (a < b);
}

double twin_auc(const double *scores, const uint32_t *classes, size_t n)
{
    g_autofree Scored *sorted = g_new(Scored, n + 1);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = (Scored){.score = scores[i], .class = classes[i]};
    }
    if (n > 0) {
        qsort(sorted, n, sizeof *sorted, compare_scored);
    }
    double n_of[2] = {0, 0}; /* passed so far */
    double wins = 0;
    for (size_t i = 0; i < n;) {
        double tied[2] = {0, 0};
        const double score = sorted[i].score;
        for (; i < n && sorted[i].score == score; i++) {
            tied[sorted[i].class == 1 ? 1 : 0]++;
        }
        wins += tied[1] * (n_of[0] + tied[0] / 2);
        n_of[0] += tied[0];
        n_of[1] += tied[1];
    }
    return n_of[0] > 0 && n_of[1] > 0 ? wins / (n_of[0] * n_of[1]) : (double)NAN;
}

void twin_f1(const uint32_t *wanted, const uint32_t *decided, size_t n, size_t n_classes,
             double *f1_out)
{
    for (uint32_t c = 0; c < n_classes; c++) {
        size_t n_right = 0;
        size_t n_wrong = 0; /* false positives and false negatives */
        for (size_t i = 0; i < n; i++) {
            n_right += wanted[i] == c && decided[i] == c ? 1 : 0;
            n_wrong += (wanted[i] == c) != (decided[i] == c) ? 1 : 0;
        }
        const size_t whole = 2 * n_right + n_wrong;
        f1_out[c] = whole > 0 ? 2 * (double)n_right / (double)whole : 0;
    }
}
