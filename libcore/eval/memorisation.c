/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parallel.h"
#include "base/sort.h"
#include "eval/measures.h"
#include "eval/statistics.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { FLOWS_A_TASK = 64 };

/* ---- whole sequences ---- */

/* What makes two flows copies of each other. */
typedef enum {
    BY_PACKETS, /* direction, flags and payload length of every packet */
    BY_TIMES,   /* and every inter-packet time, to the microsecond */
    N_KINDS,
} Kind;

/* A chain of 64-bit mixes (Stafford's variant 13 of MurmurHash3's finaliser): two different
 * sequences among 10^5 meet by chance once in 10^9 runs. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

static int64_t sequence_key(const TwinFlows *flows, const TwinFlow *flow, Kind kind)
{
    uint64_t key = mix(flow->n_packets);
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const uint64_t word = (uint64_t)packet->payload_bytes << 17 | (uint64_t)packet->flags << 1 |
                              twin_flow_side(flow, packet);
        key = mix(key + UINT64_C(0x9E3779B97F4A7C15)) ^ mix(word + 1);
        if (kind == BY_TIMES) {
            key = mix(key ^ (uint64_t)((twin_judge_gap_ns(flows, flow, k) + 500) / 1000));
        }
    }
    return (int64_t)(key >> 1); /* positive, as the sort likes it */
}

/* Keys of the first @n flows of a set's draw, sorted. */
static int64_t *sorted_keys(const TwinJudge *judge, TwinSet set, size_t n, Kind kind)
{
    int64_t *keys = g_new(int64_t, n + 1);
    g_autofree int64_t *scratch = g_new(int64_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        keys[i] = sequence_key(judge->sets[set].flows, twin_judge_flow(judge, set, i), kind);
    }
    twin_sort_int64(keys, scratch, n);
    return keys;
}

/* How many of @keys stand @least to @most times among @known; both sorted. */
static size_t count_known(const int64_t *keys, size_t n_keys, const int64_t *known, size_t n_known,
                          bool is_once)
{
    size_t n = 0;
    size_t at = 0;
    for (size_t i = 0; i < n_keys; i++) {
        while (at < n_known && known[at] < keys[i]) {
            at++;
        }
        const bool stands = at < n_known && known[at] == keys[i];
        const bool twice = stands && at + 1 < n_known && known[at + 1] == keys[i];
        n += stands && !(is_once && twice) ? 1 : 0;
    }
    return n;
}

/* How many of @keys stand more than once among themselves. */
static size_t count_repeats(const int64_t *keys, size_t n_keys)
{
    size_t n = 0;
    for (size_t i = 0; i < n_keys; i++) {
        n += (i > 0 && keys[i] == keys[i - 1]) || (i + 1 < n_keys && keys[i] == keys[i + 1]);
    }
    return n;
}

static void add_sequences(const TwinJudge *judge, TwinTable *table, Kind kind)
{
    static const char *const rows[N_KINDS][3][2] = {
        [BY_PACKETS] = {{"copies", "Whole sequence stands in training"},
                        {"unique_copies", "… in exactly one flow of it"},
                        {"repeats", "Sequence repeated within its own set"}},
        [BY_TIMES] = {{"timed_copies", "Timed sequence stands in training"},
                      {"timed_unique_copies", "… in exactly one flow of it"},
                      {"timed_repeats", "Timed sequence repeated within its own set"}},
    };
    const size_t n_train = judge->sets[TWIN_SET_REAL].n_flows;
    const size_t n_equal = twin_judge_n_equal(judge, SIZE_MAX);
    g_autofree int64_t *known = sorted_keys(judge, TWIN_SET_REAL, n_train, kind);
    TwinTableRow *added[3];
    for (size_t r = 0; r < 3; r++) {
        added[r] = twin_table_add(table, rows[kind][r][0], rows[kind][r][1]);
    }
    for (size_t s = TWIN_SET_HOLDOUT; s < TWIN_N_SETS; s++) {
        const size_t n = judge->sets[s].n_flows;
        const size_t column = s - TWIN_SET_HOLDOUT;
        g_autofree int64_t *keys = sorted_keys(judge, (TwinSet)s, n, kind);
        g_autofree int64_t *equal = sorted_keys(judge, (TwinSet)s, n_equal, kind);
        for (size_t r = 0; r < 2 && n_train > 0; r++) {
            added[r]->cells[column] =
                twin_cell_share(count_known(keys, n, known, n_train, r == 1), n);
        }
        added[2]->cells[column] = twin_cell_share(count_repeats(equal, n_equal), n_equal);
    }
}

/* ---- nearest neighbours ---- */

/* Flows as points: logarithms of the statistics, in units of the training set's spread. */
typedef struct {
    float *values; /* TWIN_N_STATISTICS a flow */
    size_t n;
} Points;

static Points read_points(const TwinJudge *judge, TwinSet set, size_t n)
{
    Points self = {.values = g_new(float, n *TWIN_N_STATISTICS + 1), .n = n};
    for (size_t i = 0; i < n; i++) {
        double values[TWIN_N_STATISTICS];
        twin_statistics(judge->sets[set].flows, twin_judge_flow(judge, set, i), values);
        for (size_t c = 0; c < TWIN_N_STATISTICS; c++) {
            /* Times in µs, so that the logarithm tells them apart. */
            const bool is_time = g_str_has_suffix(twin_statistic_names[c], "_s");
            self.values[i * TWIN_N_STATISTICS + c] =
                (float)log1p(is_time ? values[c] * 1e6 : values[c]);
        }
    }
    return self;
}

static void standardise(Points *points, const Points *train)
{
    for (size_t c = 0; c < TWIN_N_STATISTICS; c++) {
        double mean = 0;
        double squares = 0;
        for (size_t i = 0; i < train->n; i++) {
            mean += (double)train->values[i * TWIN_N_STATISTICS + c] / (double)train->n;
        }
        for (size_t i = 0; i < train->n; i++) {
            const double off = (double)train->values[i * TWIN_N_STATISTICS + c] - mean;
            squares += off * off / (double)train->n;
        }
        const double unit = squares > 0 ? sqrt(squares) : 1;
        for (size_t i = 0; i < points->n; i++) {
            float *value = &points->values[i * TWIN_N_STATISTICS + c];
            *value = (float)(((double)*value - mean) / unit);
        }
    }
}

/* A search for the two nearest points of @among to each of @points. */
typedef struct {
    const Points *points;
    const Points *among;
    double *nearest; /* two distances a point */
} Search;

static float square_distance(const float *a, const float *b)
{
    float sum = 0;
    for (size_t c = 0; c < TWIN_N_STATISTICS; c++) {
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    }
    return sum;
}

static void search_block(size_t index, unsigned thread, void *data)
{
    (void)thread;
    const Search *search = data;
    const size_t end = MIN((index + 1) * FLOWS_A_TASK, search->points->n);
    for (size_t i = index * FLOWS_A_TASK; i < end; i++) {
        float best[2] = {FLT_MAX, FLT_MAX};
        for (size_t j = 0; j < search->among->n; j++) {
            const float square = square_distance(&search->points->values[i * TWIN_N_STATISTICS],
                                                 &search->among->values[j * TWIN_N_STATISTICS]);
            if (square < best[0]) {
                best[1] = best[0];
                best[0] = square;
            } else if (square < best[1]) {
                best[1] = square;
            }
        }
        search->nearest[2 * i] = sqrt((double)best[0]);
        search->nearest[2 * i + 1] = sqrt((double)best[1]);
    }
}

/* (transfer full) two distances a point. */
static double *search_nearest(const TwinJudge *judge, const Points *points, const Points *among)
{
    Search search = {.points = points, .among = among, .nearest = g_new(double, 2 * points->n + 1)};
    twin_parallel_for((points->n + FLOWS_A_TASK - 1) / FLOWS_A_TASK, judge->n_threads, search_block,
                      &search);
    return search.nearest;
}

/* Nearest over second nearest: small where a flow hugs one training flow. 0 / 0 counts as 1: it
 * stands there at least twice. */
static void fill_ratios(const double *nearest, size_t n, TwinTableRow *rows[2], size_t column)
{
    g_autofree double *ratios = g_new(double, n + 1);
    for (size_t i = 0; i < n; i++) {
        ratios[i] = nearest[2 * i + 1] > 0 ? nearest[2 * i] / nearest[2 * i + 1] : 1;
    }
    rows[0]->cells[column] = twin_cell(TWIN_FORMAT_SHARE, twin_quantile(ratios, n, 0.5));
    rows[1]->cells[column] = twin_cell(TWIN_FORMAT_SHARE, twin_quantile(ratios, n, 0.05));
}

/* How much oftener a training flow than a hold-out flow lies nearer to the synthetic ones than the
 * median of both: what an attacker who guesses membership by distance gains. */
static double membership_advantage(const double *members, const double *others, size_t n)
{
    g_autofree double *pooled = g_new(double, 2 * n + 1);
    for (size_t i = 0; i < n; i++) {
        pooled[i] = members[2 * i];
        pooled[n + i] = others[2 * i];
    }
    const double bound = twin_quantile(pooled, 2 * n, 0.5);
    double advantage = 0;
    for (size_t i = 0; i < n; i++) {
        advantage += (members[2 * i] < bound ? 1 : 0) - (others[2 * i] < bound ? 1 : 0);
    }
    return n > 0 ? advantage / (double)n : TWIN_NO_VALUE;
}

static void add_neighbours(const TwinJudge *judge, TwinTable *table)
{
    TwinTableRow *ratios[2];
    ratios[0] =
        twin_table_add(table, "distance_ratio_median", "Nearest-neighbour distance ratio, median");
    ratios[1] = twin_table_add(table, "distance_ratio_p5", "… 5 % quantile");
    TwinTableRow *member =
        twin_table_add(table, "membership_advantage", "Membership-inference advantage");
    const size_t n = twin_judge_n_equal(judge, judge->most_flows);
    if (n < 2) {
        twin_table_note(table, "Nearest neighbours need two flows in each set.");
        return;
    }
    Points points[TWIN_N_SETS];
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        points[s] = read_points(judge, (TwinSet)s, n);
    }
    standardise(&points[TWIN_SET_HOLDOUT], &points[TWIN_SET_REAL]);
    standardise(&points[TWIN_SET_SYNTHETIC], &points[TWIN_SET_REAL]);
    const Points raw = points[TWIN_SET_REAL];
    const Points kept = {.values = g_memdup2(raw.values, n * TWIN_N_STATISTICS * sizeof(float)),
                         .n = n};
    standardise(&points[TWIN_SET_REAL], &kept);
    g_free(kept.values);
    for (size_t s = TWIN_SET_HOLDOUT; s < TWIN_N_SETS; s++) {
        g_autofree double *nearest = search_nearest(judge, &points[s], &points[TWIN_SET_REAL]);
        fill_ratios(nearest, n, ratios, s - TWIN_SET_HOLDOUT);
    }
    g_autofree double *members =
        search_nearest(judge, &points[TWIN_SET_REAL], &points[TWIN_SET_SYNTHETIC]);
    g_autofree double *others =
        search_nearest(judge, &points[TWIN_SET_HOLDOUT], &points[TWIN_SET_SYNTHETIC]);
    /* Of a difference of two shares near one half of n flows each. */
    const double error = sqrt(0.5 / (double)n);
    member->cells[1] =
        twin_cell_spread(TWIN_FORMAT_SHARE, membership_advantage(members, others, n), error);
    twin_table_note(table,
                    "Neighbours among %zu flows a set, drawn by seed; the advantage stands "
                    "with its standard error (0: none, 1: every flow is recognised).",
                    n);
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        g_free(points[s].values);
    }
}

static const TwinColumnHead columns[] = {
    {"holdout", "hold-out"},
    {"synthetic", "synthetic"},
};

static const TwinTableHead head = {
    .id = "memorisation",
    .title = "Memorisation",
    .about = "Shares of flows. A sequence is direction, flags and payload length of every packet; "
             "what the hold-out shares with the training set is chance.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
};

void twin_measure_memorisation(const TwinJudge *judge, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &head);
    for (Kind kind = 0; kind < N_KINDS; kind++) {
        add_sequences(judge, table, kind);
    }
    add_neighbours(judge, table);
}
