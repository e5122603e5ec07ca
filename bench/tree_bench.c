/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree_bench [ROWS] [FEATURES] [RUNS]
 *
 * Times learning of a tree CPT on made-up rows that resemble those of flows, one core and two,
 * against a peer that sorts all rows of each node by each feature, alternating; prints medians,
 * rows × features a second, and ratios. */
#include "base/random.h"
#include "bn/tree.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUNS = 99, BLOCK = 256, MIN_LEAF = 5, N_CLASSES = 40 };

typedef struct {
    size_t n_rows;
    size_t n_features;
    TwinBins *bins;
    TwinBinMatrix *matrix;
    uint8_t **columns; /* of the peer */
    uint32_t *classes;
    double *target;
    size_t plain_rows; /* the peer, which is slow, gets so many */
    double *n_log_n;
    size_t n_nodes; /* of the last tree */
    uint64_t sink;
} Bench;

/* State of a made-up flow. */
typedef struct {
    uint32_t label;
    uint32_t left;
    uint32_t index;
    uint32_t last[3];
    double sizes[2];
} Flow;

static void begin_flow(Flow *flow, TwinRandom *random)
{
    flow->label = twin_random_below(random, 20);
    flow->left = 10 + twin_random_below(random, 80);
    flow->index = 0;
    memset(flow->last, 0, sizeof flow->last);
    for (size_t s = 0; s < 2; s++) {
        flow->sizes[s] = exp(twin_random_below(random, 1000) / 100.0);
    }
}

/* A third are constant in a flow, a third count, a third are noisy. */
static float feature_of(const Flow *flow, size_t f, TwinRandom *random)
{
    const double size = flow->sizes[f % 2];
    switch (f % 6) {
    case 0:
        return (float)(flow->label * (f + 1) % 23);
    case 1:
        return (float)(size * (double)(1 + f % 5));
    case 2:
        return (float)(flow->left % (f + 2));
    case 3:
        return (float)(flow->last[f % 3] + (f % 4) * flow->index);
    case 4:
        return (float)(log(1.0 + twin_random_u32(random)) * size);
    default:
        return (float)(flow->last[f % 2] == f % 7);
    }
}

static uint32_t class_of(const Flow *flow, TwinRandom *random)
{
    const uint32_t die = twin_random_below(random, 100);
    if (flow->index < 3) {
        return flow->index;
    }
    if (die < 8) {
        return 3 + twin_random_below(random, N_CLASSES - 3);
    }
    return 3 + (flow->label * 3 + flow->last[0] + flow->left % 3) % 11 % (N_CLASSES - 3);
}

static void make_row(Bench *bench, Flow *flow, size_t row, float *values, TwinRandom *random)
{
    if (flow->left-- == 0) {
        begin_flow(flow, random);
    }
    for (size_t f = 0; f < bench->n_features; f++) {
        values[f] = feature_of(flow, f, random);
    }
    const uint32_t class = class_of(flow, random);
    bench->classes[row] = class;
    bench->target[row] = 100.0 * (class % 6) + log(1.0 + twin_random_u32(random)) / 8;
    memmove(flow->last + 1, flow->last, 2 * sizeof *flow->last);
    flow->last[0] = class;
    flow->index++;
}

/* Rows twice, as a replay makes them: a sample for the edges, then all. */
static void make_rows(Bench *bench, bool is_sample, TwinBinSample *sample)
{
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, 0);
    Flow flow = {.left = 0};
    begin_flow(&flow, &random);
    g_autofree float *block = g_new(float, BLOCK * bench->n_features);
    for (size_t first = 0; first < bench->n_rows; first += BLOCK) {
        const size_t n = MIN((size_t)BLOCK, bench->n_rows - first);
        for (size_t i = 0; i < n; i++) {
            float *values = block + i * bench->n_features;
            make_row(bench, &flow, first + i, values, &random);
            float *place = is_sample ? twin_bin_sample_next(sample, first + i) : NULL;
            if (place != NULL) {
                memcpy(place, values, bench->n_features * sizeof *values);
            }
        }
        if (!is_sample && !twin_bin_matrix_append(bench->matrix, bench->bins, block, n, NULL)) {
            exit(1);
        }
    }
}

static void learn(Bench *bench, bool by_target, unsigned n_threads, size_t n_rows)
{
    g_autofree uint32_t *rows = g_new(uint32_t, n_rows);
    for (size_t r = 0; r < n_rows; r++) {
        rows[r] = (uint32_t)r;
    }
    const TwinTreeData data = {.matrix = bench->matrix,
                               .bins = bench->bins,
                               .rows = rows,
                               .n_rows = n_rows,
                               .classes = bench->classes,
                               .target = by_target ? bench->target : NULL};
    TwinTreeOptions options = TWIN_TREE_OPTIONS_INIT;
    options.n_threads = n_threads;
    const char *sampled = g_getenv("TREE_BENCH_SAMPLED");
    if (sampled != NULL) {
        options.n_sampled = (size_t)g_ascii_strtoull(sampled, NULL, 10);
    }
    g_autoptr(TwinTree) tree = twin_tree_learn(&data, &options, NULL);
    if (tree == NULL) {
        exit(1);
    }
    bench->n_nodes = tree->n_nodes;
}

/* ---- the peer ---- */

typedef struct {
    double cost;
    size_t feature;
    uint8_t bin;
} Split;

static void scan_plainly(const Bench *bench, const uint32_t *rows, size_t n_rows, size_t feature,
                         Split *best)
{
    const uint8_t *column = bench->columns[feature];
    size_t starts[257] = {0};
    g_autofree uint32_t *ordered = g_new(uint32_t, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        starts[column[rows[i]] + 1]++;
    }
    for (size_t b = 1; b <= 256; b++) {
        starts[b] += starts[b - 1];
    }
    size_t n_right[N_CLASSES] = {0};
    size_t n_left[N_CLASSES] = {0};
    for (size_t i = 0; i < n_rows; i++) {
        ordered[starts[column[rows[i]]]++] = rows[i];
        n_right[bench->classes[rows[i]]]++;
    }
    double left = 0;
    double right = 0;
    for (size_t c = 0; c < N_CLASSES; c++) {
        right += bench->n_log_n[n_right[c]];
    }
    for (size_t i = 0; i + MIN_LEAF < n_rows; i++) {
        const uint32_t class = bench->classes[ordered[i]];
        left += bench->n_log_n[n_left[class] + 1] - bench->n_log_n[n_left[class]];
        right += bench->n_log_n[n_right[class] - 1] - bench->n_log_n[n_right[class]];
        n_left[class]++;
        n_right[class]--;
        const double cost = bench->n_log_n[i + 1] - left + bench->n_log_n[n_rows - i - 1] - right;
        if (i + 1 >= MIN_LEAF && column[ordered[i]] != column[ordered[i + 1]] &&
            cost < best->cost) {
            *best = (Split){cost, feature, column[ordered[i]]};
        }
    }
}

static double entropy_plainly(const Bench *bench, const uint32_t *rows, size_t n_rows)
{
    size_t counts[N_CLASSES] = {0};
    double bits = bench->n_log_n[n_rows];
    for (size_t i = 0; i < n_rows; i++) {
        counts[bench->classes[rows[i]]]++;
    }
    for (size_t c = 0; c < N_CLASSES; c++) {
        bits -= bench->n_log_n[counts[c]];
    }
    return bits;
}

/* The peer's depth is that of the tree: some dozens. */
static void grow_plainly(Bench *bench, uint32_t *rows, size_t n_rows)
{
    bench->n_nodes++;
    if (n_rows < 2 * (size_t)MIN_LEAF) {
        return;
    }
    const double whole = entropy_plainly(bench, rows, n_rows) - 1e-6;
    Split best = {.cost = whole};
    for (size_t f = 0; f < bench->n_features && whole > 0; f++) {
        scan_plainly(bench, rows, n_rows, f, &best);
    }
    if (best.cost >= whole) {
        return;
    }
    size_t n_left = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (bench->columns[best.feature][rows[i]] <= best.bin) {
            const uint32_t row = rows[i];
            rows[i] = rows[n_left];
            rows[n_left++] = row;
        }
    }
    grow_plainly(bench, rows, n_left);
    grow_plainly(bench, rows + n_left, n_rows - n_left);
}

static void learn_plainly(Bench *bench)
{
    g_autofree uint32_t *rows = g_new(uint32_t, bench->plain_rows);
    for (size_t r = 0; r < bench->plain_rows; r++) {
        rows[r] = (uint32_t)r;
    }
    bench->n_nodes = 0;
    grow_plainly(bench, rows, bench->plain_rows);
}

/* ---- what is timed ---- */

static void few_by_classes(Bench *bench)
{
    learn(bench, false, 1, bench->plain_rows);
}

static void by_classes(Bench *bench)
{
    learn(bench, false, 1, bench->n_rows);
}

static void by_target(Bench *bench)
{
    learn(bench, true, 1, bench->n_rows);
}

static void by_classes_on_two(Bench *bench)
{
    learn(bench, false, 2, bench->n_rows);
}

static const struct {
    const char *name;
    void (*work)(Bench *bench);
    bool is_few;
    const char *peer_name;
    void (*peer)(Bench *bench);
} table[] = {
    {"classes, few rows", few_by_classes, true, "sorting all rows of each node", learn_plainly},
    {"classes", by_classes, false, NULL, NULL},
    {"targets", by_target, false, "classes", by_classes},
    {"classes, two threads", by_classes_on_two, false, "one thread", by_classes},
};

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *seconds, unsigned n_runs)
{
    qsort(seconds, n_runs, sizeof *seconds, compare_doubles);
    return seconds[n_runs / 2];
}

static double time_once(void (*work)(Bench *bench), Bench *bench)
{
    const int64_t began_us = g_get_monotonic_time();
    work(bench);
    return (double)(g_get_monotonic_time() - began_us) / 1e6;
}

static void run(Bench *bench, unsigned n_runs)
{
    for (size_t t = 0; t < G_N_ELEMENTS(table); t++) {
        double ours[MAX_RUNS];
        double peer[MAX_RUNS];
        size_t n_nodes = 0;
        for (unsigned r = 0; r < n_runs; r++) {
            ours[r] = time_once(table[t].work, bench);
            n_nodes = bench->n_nodes;
            peer[r] = table[t].peer != NULL ? time_once(table[t].peer, bench) : ours[r];
        }
        const double ours_s = median(ours, n_runs);
        const double cells = (double)(table[t].is_few ? bench->plain_rows : bench->n_rows) *
                             (double)bench->n_features;
        g_print("%-22s %8.4f s %8.1f M rows × features/s %7zu nodes", table[t].name, ours_s,
                cells / ours_s / 1e6, n_nodes);
        if (table[t].peer != NULL) {
            g_print(" %8.3f × %s", ours_s / median(peer, n_runs), table[t].peer_name);
        }
        g_print("\n");
    }
}

static size_t number(const char *text, size_t least, size_t most)
{
    const size_t value = (size_t)g_ascii_strtoull(text, NULL, 10);
    return CLAMP(value, least, most);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    Bench bench = {.n_rows = argc > 1 ? number(argv[1], 1000, 1U << 28) : 300000,
                   .n_features = argc > 2 ? number(argv[2], 1, 10000) : 220};
    const unsigned n_runs = argc > 3 ? (unsigned)number(argv[3], 1, MAX_RUNS) : 5;
    bench.plain_rows = MIN(bench.n_rows, (size_t)20000);
    bench.classes = g_new(uint32_t, bench.n_rows);
    bench.target = g_new(double, bench.n_rows);
    bench.n_log_n = g_new0(double, bench.plain_rows + 1);
    for (size_t n = 1; n <= bench.plain_rows; n++) {
        bench.n_log_n[n] = (double)n * log2((double)n);
    }
    g_autoptr(TwinBinSample) sample = twin_bin_sample_new(bench.n_features, TWIN_BINS_SAMPLE, NULL);
    make_rows(&bench, true, sample);
    bench.bins = twin_bins_learn(sample, 1, NULL);
    bench.matrix = twin_bin_matrix_new(bench.n_features);
    make_rows(&bench, false, NULL);
    bench.columns = g_new(uint8_t *, bench.n_features);
    for (size_t f = 0; f < bench.n_features; f++) {
        bench.columns[f] = g_new(uint8_t, bench.plain_rows);
        for (size_t r = 0; r < bench.plain_rows; r++) {
            bench.columns[f][r] = twin_bin_matrix_row(bench.matrix, r)[f];
        }
    }
    run(&bench, n_runs);
    for (size_t f = 0; f < bench.n_features; f++) {
        g_free(bench.columns[f]);
    }
    g_free(bench.columns);
    twin_bins_free(bench.bins);
    twin_bin_matrix_free(bench.matrix);
    g_free(bench.classes);
    g_free(bench.target);
    g_free(bench.n_log_n);
    return bench.sink == 1;
}
