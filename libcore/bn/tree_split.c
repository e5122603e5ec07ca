/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_split.h"

#include "base/array.h"

#include <math.h>
#include <string.h>

enum {
    BINS = 256,
    WORD_CELLS = 4, /* counters of 16 bits in one word */
    MAX_SHIFT = 6,  /* log2 of the classes that are counted in a table */
    MOST_COUNTED = UINT16_MAX,
    FEW_ROWS = 192, /* below, marking the bins that occur beats looking at all */
};

struct TwinSplitter {
    union { /* rows of a bin and class, all 0 between uses */
        uint16_t cells[BINS << MAX_SHIFT];
        uint64_t words[(BINS << MAX_SHIFT) / WORD_CELLS];
    };
    uint64_t marks[BINS / 64]; /* bins that occur, likewise */
    uint32_t bin_rows[BINS + 1];
    int64_t bin_sums[BINS];
    size_t n_room;     /* of the arrays a row */
    uint32_t *ordered; /* classes of the rows, by bin */
    uint8_t *bins;     /* of the rows */
    size_t n_class_room;
    uint32_t *left; /* rows of a class on either side of the split */
    uint32_t *right;
};

/* What a scan over the bins of one feature has found. */
typedef struct {
    const TwinSplitNode *node;
    double least; /* the best split so far: what the entropy is after it, negative squares */
    TwinSplit best;
    size_t n_left;
    int64_t sum_left;
    int64_t sum_right;
} Scan;

TwinSplitter *twin_splitter_new(void)
{
    return g_new0(TwinSplitter, 1);
}

void twin_splitter_free(TwinSplitter *self)
{
    if (self != NULL) {
        g_free(self->ordered);
        g_free(self->bins);
        g_free(self->left);
        g_free(self->right);
        g_free(self);
    }
}

int64_t *twin_split_n_log_n(size_t most)
{
    int64_t *table = g_try_new(int64_t, most + 1);
    if (table != NULL) {
        table[0] = 0;
        for (size_t n = 1; n <= most; n++) {
            const double bits = (double)n * log2((double)n);
            table[n] = (int64_t)llrint(ldexp(bits, TWIN_SPLIT_BITS));
        }
    }
    return table;
}

static void reserve(TwinSplitter *self, const TwinSplitNode *node)
{
    if (node->n_rows > self->n_room) {
        self->n_room = node->n_rows;
        g_free(self->ordered);
        g_free(self->bins);
        self->ordered = g_new(uint32_t, self->n_room);
        self->bins = g_new(uint8_t, self->n_room);
    }
    if (node->n_classes > self->n_class_room) {
        self->n_class_room = node->n_classes;
        g_free(self->left);
        g_free(self->right);
        self->left = g_new(uint32_t, self->n_class_room);
        self->right = g_new(uint32_t, self->n_class_room);
    }
}

static inline bool may_split(const Scan *scan)
{
    const size_t min_leaf = scan->node->min_leaf;
    return scan->n_left >= min_leaf && scan->node->n_rows - scan->n_left >= min_leaf;
}

static inline void consider(Scan *scan, uint16_t feature, size_t bin, double after)
{
    if (after < scan->least) {
        scan->least = after;
        scan->best.feature = feature;
        scan->best.bin = (uint8_t)bin;
    }
}

/* ---- classes ---- */

static void begin_classes(TwinSplitter *self, Scan *scan)
{
    const TwinSplitNode *node = scan->node;
    scan->n_left = 0;
    scan->sum_left = 0;
    scan->sum_right = 0;
    for (size_t c = 0; c < node->n_classes; c++) {
        self->left[c] = 0;
        self->right[c] = node->counts[c];
        scan->sum_right += node->n_log_n[node->counts[c]];
    }
}

/* @n rows of class @class go from the right to the left. */
static inline void move(TwinSplitter *self, Scan *scan, size_t class, uint32_t n)
{
    const int64_t *n_log_n = scan->node->n_log_n;
    const uint32_t left = self->left[class];
    const uint32_t right = self->right[class];
    scan->sum_left += n_log_n[left + n] - n_log_n[left];
    scan->sum_right += n_log_n[right - n] - n_log_n[right];
    self->left[class] = left + n;
    self->right[class] = right - n;
    scan->n_left += n;
}

static inline void consider_classes(Scan *scan, uint16_t feature, size_t bin)
{
    if (may_split(scan)) {
        const int64_t *n_log_n = scan->node->n_log_n;
        const int64_t sides = n_log_n[scan->n_left] + n_log_n[scan->node->n_rows - scan->n_left];
        consider(scan, feature, bin, (double)(sides - scan->sum_left - scan->sum_right));
    }
}

/* Moves a bin's rows, and leaves its counters 0. */
static inline void move_bin(TwinSplitter *self, Scan *scan, size_t bin, unsigned shift)
{
    const size_t n_words = ((size_t)1 << shift) / WORD_CELLS;
    for (size_t w = 0; w < n_words; w++) {
        if (self->words[bin * n_words + w] == 0) {
            continue;
        }
        const uint16_t *cells = &self->cells[(bin << shift) + w * WORD_CELLS];
        for (size_t c = 0; c < WORD_CELLS; c++) {
            if (cells[c] != 0) {
                move(self, scan, w * WORD_CELLS + c, cells[c]);
            }
        }
        self->words[bin * n_words + w] = 0;
    }
}

/* A few rows: only bins that occur are looked at. False where there is but one. */
static bool scan_few(TwinSplitter *self, Scan *scan, uint16_t feature, unsigned shift)
{
    const TwinSplitNode *node = scan->node;
    const uint8_t *column = node->columns[feature];
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        self->marks[bin / 64] |= (uint64_t)1 << bin % 64;
        self->cells[(bin << shift) + node->classes[i]]++;
    }
    unsigned n_bins = 0;
    for (size_t m = 0; m < BINS / 64; m++) {
        for (uint64_t marks = self->marks[m]; marks != 0; marks &= marks - 1) {
            const size_t bin = 64 * m + (size_t)__builtin_ctzll(marks);
            move_bin(self, scan, bin, shift);
            consider_classes(scan, feature, bin);
            n_bins++;
        }
        self->marks[m] = 0;
    }
    return n_bins > 1;
}

/* Up to 65,535 rows of few classes: a table of bins × classes. */
static bool scan_table(TwinSplitter *self, Scan *scan, uint16_t feature, unsigned shift)
{
    const TwinSplitNode *node = scan->node;
    const uint8_t *column = node->columns[feature];
    size_t low = BINS;
    size_t high = 0;
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        low = bin < low ? bin : low;
        high = bin > high ? bin : high;
        self->cells[(bin << shift) + node->classes[i]]++;
    }
    for (size_t bin = low; bin <= high; bin++) {
        const size_t before = scan->n_left;
        move_bin(self, scan, bin, shift);
        if (scan->n_left > before) {
            consider_classes(scan, feature, bin);
        }
    }
    return low < high;
}

/* Rows of @feature's bins: bin_rows[b] of them are below bin b. False where there is but one. */
static bool count_bins(TwinSplitter *self, const TwinSplitNode *node, uint16_t feature)
{
    const uint8_t *column = node->columns[feature];
    memset(self->bin_rows, 0, sizeof self->bin_rows);
    for (size_t i = 0; i < node->n_rows; i++) {
        self->bins[i] = column[node->rows[i]];
        self->bin_rows[self->bins[i] + 1]++;
    }
    const bool varies = self->bin_rows[self->bins[0] + 1] < node->n_rows;
    for (size_t bin = 1; bin <= BINS; bin++) {
        self->bin_rows[bin] += self->bin_rows[bin - 1];
    }
    return varies;
}

/* Any rows, any classes: rows sorted by bin, moved one by one. */
static bool scan_sorted(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    if (!count_bins(self, node, feature)) {
        return false;
    }
    for (size_t i = 0; i < node->n_rows; i++) {
        self->ordered[self->bin_rows[self->bins[i]]++] = node->classes[i];
    }
    size_t next = 0; /* bin_rows[b] is where bin b ends by now */
    for (size_t bin = 0; bin < BINS; bin++) {
        const size_t end = self->bin_rows[bin];
        if (next == end) {
            continue;
        }
        for (; next < end; next++) {
            move(self, scan, self->ordered[next], 1);
        }
        consider_classes(scan, feature, bin);
    }
    return true;
}

static bool scan_classes(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    unsigned shift = 2;
    while ((size_t)1 << shift < node->n_classes && shift <= MAX_SHIFT) {
        shift++;
    }
    begin_classes(self, scan);
    if (shift <= MAX_SHIFT && node->n_rows <= FEW_ROWS) {
        return scan_few(self, scan, feature, shift);
    }
    const size_t n_words = ((size_t)BINS << shift) / WORD_CELLS;
    if (shift <= MAX_SHIFT && node->n_rows <= MOST_COUNTED && n_words <= 2 * node->n_rows) {
        return scan_table(self, scan, feature, shift);
    }
    return scan_sorted(self, scan, feature);
}

/* ---- targets ---- */

static bool scan_targets(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    const uint8_t *column = node->columns[feature];
    size_t low = BINS;
    size_t high = 0;
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        low = bin < low ? bin : low;
        high = bin > high ? bin : high;
        self->bin_rows[bin]++;
        self->bin_sums[bin] += node->targets[i];
    }
    scan->n_left = 0;
    scan->sum_left = 0;
    for (size_t bin = low; bin <= high; bin++) {
        const uint32_t n = self->bin_rows[bin];
        scan->n_left += n;
        scan->sum_left += self->bin_sums[bin];
        self->bin_rows[bin] = 0;
        self->bin_sums[bin] = 0;
        if (n > 0 && may_split(scan)) {
            const double left = (double)scan->sum_left;
            const double right = (double)(node->target_sum - scan->sum_left);
            const double n_right = (double)(node->n_rows - scan->n_left);
            consider(scan, feature, bin,
                     -(left * left / (double)scan->n_left + right * right / n_right));
        }
    }
    return low < high;
}

/* What a scan's "after" would be without a split. */
static double now(const TwinSplitNode *node)
{
    if (node->classes == NULL) {
        const double sum = (double)node->target_sum;
        return -(sum * sum / (double)node->n_rows);
    }
    int64_t sum = node->n_log_n[node->n_rows];
    for (size_t c = 0; c < node->n_classes; c++) {
        sum -= node->n_log_n[node->counts[c]];
    }
    return (double)sum;
}

TwinSplit twin_splitter_choose(TwinSplitter *self, const TwinSplitNode *node, bool *varies_out)
{
    Scan scan = {.node = node, .least = now(node)};
    const double whole = scan.least;
    reserve(self, node);
    memset(self->bin_rows, 0, sizeof self->bin_rows);
    for (size_t f = 0; f < node->n_features; f++) {
        const uint16_t feature = node->features[f];
        const bool varies = node->classes != NULL ? scan_classes(self, &scan, feature)
                                                  : scan_targets(self, &scan, feature);
        if (varies_out != NULL) {
            varies_out[f] = varies;
        }
    }
    scan.best.gain = whole - scan.least;
    return scan.best;
}
