/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bn_bench [ROWS] [RUNS]
 *
 * Times the parts of learning a network of the shape of `paper` (11 columns, 6 given) on made-up
 * packets, each against a peer that does the same plainly, alternating, on one core; prints medians
 * and ratios. */
#include "base/sort.h"
#include "bn/categories.h"
#include "bn/discretiser.h"
#include "bn/network.h"
#include "bn/rows.h"
#include "bn/search.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUNS = 99, COLUMNS = 11, GIVEN = 6, DRAWS = 1000000 };

/* Which of a packet's four features each column holds, of the packet before or of this one. */
enum { LENGTH, IAT, DIRECTION, FLAGS, INDEX, LABEL, END, FEATURES };

typedef struct {
    size_t n_rows;
    int64_t *values[FEATURES]; /* a packet each; payload bytes, ns, … */
    int64_t *scratch;
    int64_t *sorted;
    uint8_t *states[COLUMNS]; /* a row each */
    unsigned n_states[COLUMNS];
    TwinColumn columns[COLUMNS];
    TwinRows *rows;
    TwinDag dag;
    TwinNetwork *network;
    uint64_t sink; /* what would else be left out by the compiler */
} Bench;

static const bool is_given[COLUMNS] = {true, true, true, true, true, true};

static int64_t length_of(int64_t index, int64_t is_full, uint32_t die, uint32_t label)
{
    if (index < 3 || (!is_full && die < 50)) {
        return 0;
    }
    return is_full ? 1448 : 20 + 7 * (int64_t)die + label;
}

static int64_t flags_of(int64_t index, bool is_last, int64_t length)
{
    if (index < 2) {
        return 2 + 16 * index;
    }
    return is_last ? 17 : length > 0 ? 24 : 16;
}

/* Dialogues: one asks, the other answers in full segments, with the label's own pace and sizes. */
static void make_packets(Bench *bench)
{
    uint32_t left = 0;
    uint32_t label = 0;
    int64_t index = 0;
    TwinRandom random = twin_random(1, TWIN_RANDOM_SAMPLE, 0);
    for (size_t i = 0; i < bench->n_rows; i++, index++) {
        if (left-- == 0) {
            left = 4 + twin_random_below(&random, 80);
            label = twin_random_below(&random, 20);
            index = 0;
        }
        const uint32_t die = twin_random_below(&random, 100);
        const int64_t is_server = (index % (2 + label % 3) > 0) | (die < 8);
        const int64_t is_full = is_server & (die % 10 < 3 + label % 5);
        const int64_t pace_ns = 300000 - 298000 * is_full;
        const uint32_t paces = twin_random_below(&random, 1 + 50 * (die % 7)) + label % 4;
        bench->values[LENGTH][i] = length_of(index, is_full, die, label);
        bench->values[IAT][i] = pace_ns * (1 + (int64_t)paces);
        bench->values[DIRECTION][i] = is_server;
        bench->values[FLAGS][i] = flags_of(index, left == 0, bench->values[LENGTH][i]);
        bench->values[INDEX][i] = index;
        bench->values[LABEL][i] = label;
        bench->values[END][i] = left == 0;
    }
}

static void *checked(void *pointer)
{
    if (pointer == NULL) {
        g_printerr("bn_bench: learning failed\n");
        exit(1);
    }
    return pointer;
}

static void set_column(Bench *bench, size_t column, unsigned n_states)
{
    bench->n_states[column] = n_states;
    bench->columns[column] = (TwinColumn){bench->states[column], n_states};
}

/* Values to states: the packet before in the columns from @last on, this one from @now on. */
static void discretise(Bench *bench)
{
    static const size_t last[FEATURES] = {0, 1, 2, 3, COLUMNS, COLUMNS, COLUMNS};
    static const size_t now[FEATURES] = {6, 7, 8, 9, 4, 5, 10};
    for (size_t f = 0; f < FEATURES; f++) {
        g_autoptr(TwinDiscretiser) bins = checked(
            twin_discretiser_new(bench->values[f], bench->n_rows, f == LABEL ? 20 : 10, NULL));
        twin_discretiser_bin(bins, bench->values[f], bench->n_rows, bench->states[now[f]]);
        set_column(bench, now[f], twin_discretiser_n_bins(bins));
        if (last[f] < COLUMNS) {
            memcpy(bench->states[last[f]] + 1, bench->states[now[f]], bench->n_rows - 1);
            bench->states[last[f]][0] = 0;
            set_column(bench, last[f], twin_discretiser_n_bins(bins));
        }
    }
}

static int compare_int64(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void sort_plainly(Bench *bench)
{
    memcpy(bench->sorted, bench->values[IAT], bench->n_rows * sizeof(int64_t));
    qsort(bench->sorted, bench->n_rows, sizeof(int64_t), compare_int64);
}

static void sort(Bench *bench)
{
    memcpy(bench->sorted, bench->values[IAT], bench->n_rows * sizeof(int64_t));
    twin_sort_int64(bench->sorted, bench->scratch, bench->n_rows);
}

static void copy_columns(Bench *bench)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        memcpy((uint8_t *)bench->scratch, bench->states[c], bench->n_rows);
        bench->sink += (uint64_t)bench->scratch[bench->n_rows / 9];
    }
}

static void make_rows(Bench *bench)
{
    twin_rows_free(bench->rows);
    bench->rows = twin_rows_new(bench->n_states, COLUMNS);
    if (!twin_rows_add(bench->rows, (const uint8_t *const *)bench->states, bench->n_rows, NULL)) {
        (void)checked(NULL);
    }
}

/* The plain way: one cell a row, of all rows. */
static void count_plainly(const TwinCounter *counter, const TwinFamily *family, TwinTally *tally)
{
    const TwinColumn *columns = counter->data;
    for (size_t row = 0; row < counter->n_rows; row++) {
        uint64_t cell = 0;
        for (size_t p = 0; p <= family->n_parents; p++) {
            const TwinColumn *column =
                &columns[p < family->n_parents ? family->parents[p] : family->child];
            cell = cell * column->n_states + column->states[row];
        }
        const uint32_t narrow = (uint32_t)cell;
        if (cell == narrow) {
            twin_tally_add32(tally, &narrow, NULL, 1);
        } else {
            twin_tally_add64(tally, &cell, NULL, 1);
        }
    }
}

static void climb(Bench *bench, const TwinCounter *counter)
{
    const TwinSearchOptions options = {.score = twin_score_find("k2"),
                                       .is_given = is_given,
                                       .max_cells = UINT32_MAX, /* as the plain way asks */
                                       .n_threads = 1};
    if (!twin_hill_climb(counter, &options, &bench->dag, NULL)) {
        (void)checked(NULL);
    }
}

static void climb_plainly(Bench *bench)
{
    TwinCounter counter = twin_counter_of_columns(bench->columns, COLUMNS, bench->n_rows);
    counter.count = count_plainly;
    climb(bench, &counter);
}

static void climb_rows(Bench *bench)
{
    const TwinCounter counter = twin_rows_counter(bench->rows);
    climb(bench, &counter);
}

static void learn_all(Bench *bench)
{
    discretise(bench);
    make_rows(bench);
    climb_rows(bench);
    const TwinCounter counter = twin_rows_counter(bench->rows);
    twin_network_free(bench->network);
    bench->network = checked(twin_network_learn(&counter, &bench->dag, is_given, 1, NULL));
}

static void draw_numbers(Bench *bench)
{
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, 0);
    for (size_t i = 0; i < (size_t)DRAWS * (COLUMNS - GIVEN); i++) {
        bench->sink += twin_random_u32(&random);
    }
}

static void draw(Bench *bench)
{
    TwinRandom random = twin_random(1, TWIN_RANDOM_PACKETS, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        uint8_t values[COLUMNS];
        for (size_t c = 0; c < GIVEN; c++) {
            values[c] = bench->states[c][i % bench->n_rows];
        }
        (void)twin_network_draw(bench->network, values, &random);
        bench->sink += values[GIVEN];
    }
}

/* What is timed, in order: each before what needs its result. */
static const struct {
    const char *name;
    void (*ours)(Bench *bench);
    const char *peer_name;
    void (*peer)(Bench *bench);
} table[] = {
    {"sort inter-packet times", sort, "qsort", sort_plainly},
    {"all of learning", learn_all, "memcpy of the columns", copy_columns},
    {"find distinct rows", make_rows, "memcpy of the columns", copy_columns},
    {"climb over distinct rows", climb_rows, "counting every row plainly", climb_plainly},
    {"draw 1,000,000 packets", draw, "their random numbers", draw_numbers},
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
        for (unsigned r = 0; r < n_runs; r++) {
            ours[r] = time_once(table[t].ours, bench);
            peer[r] = time_once(table[t].peer, bench);
        }
        const double ours_s = median(ours, n_runs);
        const double peer_s = median(peer, n_runs);
        g_print("%-26s %9.4f s %9.3f × %s\n", table[t].name, ours_s, ours_s / peer_s,
                table[t].peer_name);
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
    Bench bench = {.n_rows = argc > 1 ? number(argv[1], 1000, UINT32_MAX) : 1000000};
    const unsigned n_runs = argc > 2 ? (unsigned)number(argv[2], 1, MAX_RUNS) : 5;
    for (size_t f = 0; f < FEATURES; f++) {
        bench.values[f] = g_new(int64_t, bench.n_rows);
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        bench.states[c] = g_new0(uint8_t, bench.n_rows);
    }
    bench.sorted = g_new(int64_t, bench.n_rows);
    bench.scratch = g_new(int64_t, bench.n_rows);
    make_packets(&bench);
    discretise(&bench);
    run(&bench, n_runs);
    g_print("%zu rows, %zu of them distinct\n", bench.n_rows, twin_rows_n_distinct(bench.rows));
    for (size_t f = 0; f < FEATURES; f++) {
        g_free(bench.values[f]);
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        g_free(bench.states[c]);
    }
    g_free(bench.sorted);
    g_free(bench.scratch);
    twin_rows_free(bench.rows);
    twin_network_free(bench.network);
    return bench.sink == 1;
}
