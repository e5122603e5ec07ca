/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_split.h"

#include "base/array.h"

#include <math.h>
#include <string.h>

/* Loops over words and lanes are unrolled where their number is a constant: where inlined. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
    BINS = 256,
    LANES = 4,                /* counts of 16 bits in one word */
    MAX_WORDS = 4,            /* words a bin: up to 16 classes are counted in packed words */
    MAX_COUNTED = UINT16_MAX, /* rows, so that no count runs over into its neighbour */
    FEW_ROWS = 48,            /* below, marking the bins that occur beats looking at all */
    MAX_SHIFT = 6,            /* log2 of the classes that are counted in a table */
};

struct TwinSplitter {
    /* Tables of bins, all 0 between uses. Of packed words there are two, side by side: rows take
     * turns, so that one that falls into the bin of the one before need not wait for it. */
    uint64_t words[2 * BINS * MAX_WORDS];
    uint16_t cells[BINS << MAX_SHIFT];
    uint64_t whole[MAX_WORDS]; /* all rows of the node */
    uint64_t marks[BINS / 64]; /* bins that occur */
    uint32_t bin_rows[BINS + 1];
    int64_t bin_sums[BINS];
    uint8_t used[BINS]; /* bins that occur, in order */
    size_t n_room;      /* of the arrays a row */
    uint32_t *ordered;  /* classes of the rows, by bin */
    uint8_t *bins;      /* of the rows */
    uint8_t *word_of;   /* of the row's class: its word, and one in its lane */
    uint64_t *step_of;
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
        g_free(self->word_of);
        g_free(self->step_of);
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
        g_free(self->word_of);
        g_free(self->step_of);
        self->ordered = g_new(uint32_t, self->n_room);
        self->bins = g_new(uint8_t, self->n_room);
        self->word_of = g_new(uint8_t, self->n_room);
        self->step_of = g_new(uint64_t, self->n_room);
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

/* ---- few classes: packed words, whose sums are sums of four counts ---- */

static void begin_packed(TwinSplitter *self, const TwinSplitNode *node)
{
    for (size_t i = 0; i < node->n_rows; i++) {
        self->word_of[i] = (uint8_t)(node->classes[i] / LANES);
        self->step_of[i] = (uint64_t)1 << node->classes[i] % LANES * 16;
    }
    memset(self->whole, 0, sizeof self->whole);
    for (size_t c = 0; c < node->n_classes; c++) {
        self->whole[c / LANES] += (uint64_t)node->counts[c] << c % LANES * 16;
    }
}

/* Counts a few rows; @used_out are the bins that occur. */
ALWAYS_INLINE size_t count_few(TwinSplitter *self, const TwinSplitNode *node, const uint8_t *column,
                               size_t n_words)
{
    uint64_t *words = self->words;
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        self->marks[bin / 64] |= (uint64_t)1 << bin % 64;
        words[2 * (bin * n_words + (n_words > 1 ? self->word_of[i] : 0))] += self->step_of[i];
    }
    size_t n_used = 0;
    for (size_t m = 0; m < BINS / 64; m++) {
        for (uint64_t marks = self->marks[m]; marks != 0; marks &= marks - 1) {
            self->used[n_used++] = (uint8_t)(64 * m + (size_t)__builtin_ctzll(marks));
        }
        self->marks[m] = 0;
    }
    return n_used;
}

ALWAYS_INLINE size_t count_many(TwinSplitter *self, const TwinSplitNode *node,
                                const uint8_t *column, size_t n_words)
{
    uint64_t *words = self->words;
    size_t low = BINS;
    size_t high = 0;
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        low = bin < low ? bin : low;
        high = bin > high ? bin : high;
        words[2 * (bin * n_words + (n_words > 1 ? self->word_of[i] : 0)) + i % 2] +=
            self->step_of[i];
    }
    size_t n_used = 0;
    for (size_t bin = low; bin <= high; bin++) {
        uint64_t any = 0;
        for (size_t w = 0; w < 2 * n_words; w++) {
            any |= words[2 * bin * n_words + w];
        }
        self->used[n_used] = (uint8_t)bin; /* written over by the next, where none occurred */
        n_used += any != 0;
    }
    return n_used;
}

/* All lanes are evaluated, whichever have changed: there is no branch that cannot be foretold.
 * @n_words and @n_lanes are constants where this is inlined. */
ALWAYS_INLINE bool scan_packed(TwinSplitter *self, Scan *scan, uint16_t feature, size_t n_words,
                               size_t n_lanes)
{
    const TwinSplitNode *node = scan->node;
    const int64_t *n_log_n = node->n_log_n;
    const uint8_t *column = node->columns[feature];
    const size_t n_used = node->n_rows <= FEW_ROWS ? count_few(self, node, column, n_words)
                                                   : count_many(self, node, column, n_words);
    uint64_t left[MAX_WORDS] = {0};
    uint64_t right[MAX_WORDS];
    memcpy(right, self->whole, sizeof right);
    scan->n_left = 0;
    for (size_t u = 0; u < n_used; u++) {
        uint64_t *words = self->words + 2 * n_words * self->used[u];
        int64_t after = 0;
        for (size_t w = 0; w < n_words; w++) {
            const uint64_t word = words[2 * w] + words[2 * w + 1];
            words[2 * w] = 0;
            words[2 * w + 1] = 0;
            left[w] += word;
            right[w] -= word;
            scan->n_left += word * 0x0001000100010001U >> 48; /* the sum of its lanes */
            for (size_t lane = 0; lane < n_lanes; lane++) {
                after -= n_log_n[left[w] >> 16 * lane & UINT16_MAX];
                after -= n_log_n[right[w] >> 16 * lane & UINT16_MAX];
            }
        }
        after += n_log_n[scan->n_left] + n_log_n[node->n_rows - scan->n_left];
        if ((double)after < scan->least && may_split(scan)) {
            consider(scan, feature, self->used[u], (double)after);
        }
    }
    return n_used > 1;
}

/* ---- more classes, fewer than rows ---- */

/* Moves a bin's rows, and leaves its counters 0. */
static inline void move_bin(TwinSplitter *self, Scan *scan, size_t bin, unsigned shift)
{
    uint16_t *cells = &self->cells[bin << shift];
    for (size_t c = 0; c < scan->node->n_classes; c++) {
        if (cells[c] != 0) {
            move(self, scan, c, cells[c]);
            cells[c] = 0;
        }
    }
}

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

/* ---- any number of classes ---- */

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

static bool is_packed(const TwinSplitNode *node)
{
    return node->n_classes <= (size_t)LANES * MAX_WORDS && node->n_rows <= MAX_COUNTED;
}

static bool scan_few_classes(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    switch ((scan->node->n_classes + LANES - 1) / LANES) {
    case 1:
        return scan->node->n_classes == 2 ? scan_packed(self, scan, feature, 1, 2)
                                          : scan_packed(self, scan, feature, 1, LANES);
    case 2:
        return scan_packed(self, scan, feature, 2, LANES);
    case 3:
        return scan_packed(self, scan, feature, 3, LANES);
    default:
        return scan_packed(self, scan, feature, MAX_WORDS, LANES);
    }
}

static bool scan_classes(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    if (is_packed(node)) {
        return scan_few_classes(self, scan, feature);
    }
    begin_classes(self, scan);
    unsigned shift = 0;
    while ((size_t)1 << shift < node->n_classes && shift <= MAX_SHIFT) {
        shift++;
    }
    const bool is_table = shift <= MAX_SHIFT && node->n_rows <= MAX_COUNTED &&
                          ((size_t)BINS << shift) <= 8 * node->n_rows;
    return is_table ? scan_table(self, scan, feature, shift) : scan_sorted(self, scan, feature);
}

/* ---- targets ---- */

/* A word has the number of rows in its low 16 bits and the sum of their targets above: at most
 * 2^16 targets of 32 bits. */
static void begin_summed(TwinSplitter *self, const TwinSplitNode *node)
{
    for (size_t i = 0; i < node->n_rows; i++) {
        self->step_of[i] = ((uint64_t)(int64_t)node->targets[i] << 16) + 1;
    }
}

static inline void consider_sums(Scan *scan, uint16_t feature, size_t bin)
{
    if (may_split(scan)) {
        const double left = (double)scan->sum_left;
        const double right = (double)(scan->node->target_sum - scan->sum_left);
        const double n_right = (double)(scan->node->n_rows - scan->n_left);
        consider(scan, feature, bin,
                 -(left * left / (double)scan->n_left + right * right / n_right));
    }
}

static bool scan_summed(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    const uint8_t *column = node->columns[feature];
    const size_t n_used = node->n_rows <= FEW_ROWS ? count_few(self, node, column, 1)
                                                   : count_many(self, node, column, 1);
    uint64_t left = 0;
    for (size_t u = 0; u < n_used; u++) {
        uint64_t *words = self->words + 2 * (size_t)self->used[u];
        left += words[0] + words[1];
        words[0] = 0;
        words[1] = 0;
        scan->n_left = left & UINT16_MAX;
        scan->sum_left = (int64_t)left >> 16;
        consider_sums(scan, feature, self->used[u]);
    }
    return n_used > 1;
}

/* Any number of rows. */
static bool scan_targets(TwinSplitter *self, Scan *scan, uint16_t feature)
{
    const TwinSplitNode *node = scan->node;
    const uint8_t *column = node->columns[feature];
    memset(self->bin_rows, 0, sizeof self->bin_rows);
    memset(self->bin_sums, 0, sizeof self->bin_sums);
    for (size_t i = 0; i < node->n_rows; i++) {
        const size_t bin = column[node->rows[i]];
        self->bin_rows[bin]++;
        self->bin_sums[bin] += node->targets[i];
    }
    scan->n_left = 0;
    scan->sum_left = 0;
    size_t n_bins = 0;
    for (size_t bin = 0; bin < BINS; bin++) {
        if (self->bin_rows[bin] > 0) {
            scan->n_left += self->bin_rows[bin];
            scan->sum_left += self->bin_sums[bin];
            consider_sums(scan, feature, bin);
            n_bins++;
        }
    }
    return n_bins > 1;
}

/* ---- all ---- */

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
    const bool is_summed = node->classes == NULL && node->n_rows <= MAX_COUNTED;
    if (is_summed) {
        begin_summed(self, node);
    } else if (node->classes != NULL && is_packed(node)) {
        begin_packed(self, node);
    }
    for (size_t f = 0; f < node->n_features; f++) {
        const uint16_t feature = node->features[f];
        const bool varies = is_summed               ? scan_summed(self, &scan, feature)
                            : node->classes == NULL ? scan_targets(self, &scan, feature)
                                                    : scan_classes(self, &scan, feature);
        if (varies_out != NULL) {
            varies_out[f] = varies;
        }
    }
    scan.best.gain = whole - scan.least;
    return scan.best;
}
