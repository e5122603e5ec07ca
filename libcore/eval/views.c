/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/views.h"

#include "base/parallel.h"
#include "base/sort.h"
#include "eval/statistics.h"

#include <math.h>
#include <string.h>

enum {
    FLOWS_A_TASK = 64,
    N_FIRST = 20,    /* packets of the first-packets view */
    N_OF_PACKET = 4, /* what it shows of each */
    N_FIRST_COLUMNS = N_FIRST * N_OF_PACKET,
    N_GRAMS = 300,    /* commonest n-grams */
    MAX_GRAM = 3,     /* packets of the longest */
    SYMBOL_BITS = 13, /* of a symbol + 1; 0 stands for no packet */
};

_Static_assert(TWIN_SYMBOLS < 1 << SYMBOL_BITS, "a symbol and a sign for none");

/* ---- views that look at one flow at a time ---- */

typedef struct {
    const TwinJudge *judge;
    TwinViewPart part;
    size_t first_row;
    TwinMatrix *matrix;
    void (*fill_row)(const TwinFlows *flows, const TwinFlow *flow, float *values_out);
} Filling;

static void fill_block(size_t index, unsigned thread, void *data)
{
    (void)thread;
    const Filling *filling = data;
    const size_t end = MIN((index + 1) * FLOWS_A_TASK, filling->part.n);
    for (size_t i = index * FLOWS_A_TASK; i < end; i++) {
        filling->fill_row(filling->judge->sets[filling->part.set].flows,
                          twin_judge_flow(filling->judge, filling->part.set, i),
                          twin_matrix_row(filling->matrix, filling->first_row + i));
    }
}

void twin_view_fill_rows(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                         TwinMatrix *matrix,
                         void (*fill_row)(const TwinFlows *flows, const TwinFlow *flow,
                                          float *values_out))
{
    size_t first_row = 0;
    for (size_t p = 0; p < n_parts; p++) {
        Filling filling = {.judge = judge,
                           .part = parts[p],
                           .first_row = first_row,
                           .matrix = matrix,
                           .fill_row = fill_row};
        twin_parallel_for((parts[p].n + FLOWS_A_TASK - 1) / FLOWS_A_TASK, judge->n_threads,
                          fill_block, &filling);
        first_row += parts[p].n;
    }
}

static void fill_statistics_row(const TwinFlows *flows, const TwinFlow *flow, float *values_out)
{
    double values[TWIN_N_STATISTICS];
    twin_statistics(flows, flow, values);
    for (size_t i = 0; i < TWIN_N_STATISTICS; i++) {
        values_out[i] = (float)values[i];
    }
}

static void fill_statistics(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                            TwinMatrix *matrix)
{
    twin_view_fill_rows(judge, parts, n_parts, matrix, fill_statistics_row);
}

static const char *statistics_name(size_t column)
{
    return twin_statistic_names[column];
}

const TwinView twin_view_statistics = {"statistics", "Flow statistics", TWIN_N_STATISTICS,
                                       statistics_name, fill_statistics};

static void fill_first_row(const TwinFlows *flows, const TwinFlow *flow, float *values_out)
{
    for (size_t k = 0; k < N_FIRST; k++) {
        float *values = &values_out[k * N_OF_PACKET];
        if (k >= flow->n_packets) {
            for (size_t i = 0; i < N_OF_PACKET; i++) {
                values[i] = -10; /* no packet: outside of what any has */
            }
            continue;
        }
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        values[0] = (float)twin_flow_side(flow, packet);
        values[1] = (float)packet->payload_bytes;
        values[2] = (float)packet->flags;
        values[3] = (float)log10((double)twin_judge_gap_ns(flows, flow, k) / 1e9 + 1e-6);
    }
}

static void fill_first(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                       TwinMatrix *matrix)
{
    twin_view_fill_rows(judge, parts, n_parts, matrix, fill_first_row);
}

const TwinView twin_view_first_packets = {"first_packets", "First 20 packets", N_FIRST_COLUMNS,
                                          NULL, fill_first};

/* ---- n-grams ---- */

/* Keys of all n-grams that end at packet @k, shortest first; how many. The later packets stand in
 * the lower bits. */
static size_t grams_at(const TwinFlows *flows, const TwinFlow *flow, size_t k,
                       int64_t keys_out[MAX_GRAM])
{
    int64_t key = 0;
    size_t n = 0;
    for (; n < MAX_GRAM && n <= k; n++) {
        const int64_t symbol =
            1 + (int64_t)twin_judge_symbol(flow, twin_flows_packet(flows, flow, k - n));
        key |= symbol << (n * SYMBOL_BITS);
        keys_out[n] = key;
    }
    return n;
}

/* Every n-gram of the parts' flows, as often as it occurs. */
static GArray *collect_grams(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts)
{
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (size_t p = 0; p < n_parts; p++) {
        for (size_t i = 0; i < parts[p].n; i++) {
            const TwinFlow *flow = twin_judge_flow(judge, parts[p].set, i);
            for (uint32_t k = 0; k < flow->n_packets; k++) {
                int64_t of_packet[MAX_GRAM];
                const size_t n = grams_at(judge->sets[parts[p].set].flows, flow, k, of_packet);
                g_array_append_vals(keys, of_packet, (guint)n);
            }
        }
    }
    return keys;
}

typedef struct {
    int64_t key;
    size_t n;
} Gram;

/* The commonest first, then the lower key. */
static int compare_counts(const void *left, const void *right)
{
    const Gram *a = left;
    const Gram *b = right;
    if (a->n != b->n) {
        return a->n > b->n ? -1 : 1;
    }
    return (a->key > b->key) - (a->key < b->key);
}

static int compare_keys(const void *left, const void *right)
{
    const Gram *a = left;
    const Gram *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

/* The commonest n-grams, at most N_GRAMS, in order of their keys. */
static GArray *choose_grams(GArray *keys)
{
    int64_t *sorted = (int64_t *)(void *)keys->data;
    g_autofree int64_t *scratch = g_new(int64_t, keys->len + 1);
    twin_sort_int64(sorted, scratch, keys->len);
    GArray *grams = g_array_new(FALSE, FALSE, sizeof(Gram));
    for (size_t i = 0; i < keys->len;) {
        Gram gram = {.key = sorted[i]};
        for (; i < keys->len && sorted[i] == gram.key; i++) {
            gram.n++;
        }
        g_array_append_val(grams, gram);
    }
    g_array_sort(grams, compare_counts);
    g_array_set_size(grams, MIN(grams->len, N_GRAMS));
    g_array_sort(grams, compare_keys);
    return grams;
}

static void count_grams(const TwinFlows *flows, const TwinFlow *flow, const GArray *grams,
                        float *counts_out)
{
    const Gram *known = (const Gram *)(const void *)grams->data;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        int64_t keys[MAX_GRAM];
        const size_t n = grams_at(flows, flow, k, keys);
        for (size_t i = 0; i < n; i++) {
            size_t low = 0;
            for (size_t high = grams->len; low < high;) {
                const size_t middle = (low + high) / 2;
                if (known[middle].key < keys[i]) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            if (low < grams->len && known[low].key == keys[i]) {
                counts_out[low]++;
            }
        }
    }
}

static void fill_grams(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                       TwinMatrix *matrix)
{
    g_autoptr(GArray) keys = collect_grams(judge, parts, n_parts);
    g_autoptr(GArray) grams = choose_grams(keys);
    size_t row = 0;
    for (size_t p = 0; p < n_parts; p++) {
        for (size_t i = 0; i < parts[p].n; i++, row++) {
            count_grams(judge->sets[parts[p].set].flows, twin_judge_flow(judge, parts[p].set, i),
                        grams, twin_matrix_row(matrix, row));
        }
    }
}

const TwinView twin_view_grams = {"n_grams", "Uni-, bi- and trigrams of packets", N_GRAMS, NULL,
                                  fill_grams};
