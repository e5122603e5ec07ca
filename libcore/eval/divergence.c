/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/divergence.h"

#include "base/parallel.h"
#include "base/sort.h"
#include "eval/measures.h"
#include "eval/statistics.h"

#include <math.h>
#include <string.h>

enum {
    CODE_BITS = 40,     /* of a key; the label stands above them */
    CURVE_POINTS = 120, /* of a plot's line */
    BINS_AN_OCTAVE = 8,
};

double twin_divergence(const uint64_t *a, const uint64_t *b, size_t n_states)
{
    double n_a = 0;
    double n_b = 0;
    for (size_t i = 0; i < n_states; i++) {
        n_a += (double)a[i];
        n_b += (double)b[i];
    }
    if (n_a == 0 || n_b == 0) {
        return TWIN_NO_VALUE;
    }
    double sum = 0;
    for (size_t i = 0; i < n_states; i++) {
        const double p = (double)a[i] / n_a;
        const double q = (double)b[i] / n_b;
        const double middle = (p + q) / 2;
        sum += p > 0 ? p * log2(p / middle) : 0;
        sum += q > 0 ? q * log2(q / middle) : 0;
    }
    return CLAMP(sum / 2, 0, 1);
}

/* What a quantity is read from. */
typedef struct {
    const TwinFlows *flows;
    const TwinFlow *flow;
    const TwinPacket *packet; /* NULL for what is of a flow as a whole */
    size_t k;
} Place;

/* One distribution that is compared. */
typedef struct {
    const char *id;
    const char *title;
    double (*read)(const Place *place);
    bool is_of_flow;  /* one value a flow, else one a packet */
    bool is_binned;   /* by octaves, else every value is a state of its own */
    const char *axis; /* of its plot; NULL: none */
} Quantity;

static double payload_of(const Place *place)
{
    return (double)place->packet->payload_bytes;
}

static double gap_of(const Place *place)
{
    return (double)twin_judge_gap_ns(place->flows, place->flow, place->k) / 1000;
}

static double flags_of(const Place *place)
{
    return place->packet->flags;
}

static double direction_of(const Place *place)
{
    return twin_flow_side(place->flow, place->packet);
}

static double window_of(const Place *place)
{
    return place->packet->window;
}

static double ttl_of(const Place *place)
{
    return place->packet->ttl;
}

static double packets_of(const Place *place)
{
    return place->flow->n_packets;
}

static double bytes_of(const Place *place)
{
    double bytes = 0;
    for (uint32_t k = 0; k < place->flow->n_packets; k++) {
        bytes += (double)twin_flows_packet(place->flows, place->flow, k)->payload_bytes;
    }
    return bytes;
}

static double duration_of(const Place *place)
{
    const TwinFlow *flow = place->flow;
    const int64_t end_ns = twin_flows_packet(place->flows, flow, flow->n_packets - 1)->time_ns;
    return end_ns > flow->start_ns ? (double)(end_ns - flow->start_ns) / 1000 : 0;
}

/* A packet and the one before it; the first has TWIN_SYMBOLS before it. */
static double bigram_of(const Place *place)
{
    uint32_t before = TWIN_SYMBOLS;
    if (place->k > 0) {
        before = twin_judge_symbol(place->flow,
                                   twin_flows_packet(place->flows, place->flow, place->k - 1));
    }
    return (double)(before * TWIN_SYMBOLS + twin_judge_symbol(place->flow, place->packet));
}

static const Quantity quantities[] = {
    {"payload_bytes", "Payload length", payload_of, false, false, "payload bytes of a packet"},
    {"gap", "Inter-packet time", gap_of, false, true, "µs between packets of a flow"},
    {"flags", "Flags", flags_of, false, false, NULL},
    {"direction", "Direction", direction_of, false, false, NULL},
    {"flow_packets", "Packets per flow", packets_of, true, true, "packets of a flow"},
    {"flow_bytes", "Payload bytes per flow", bytes_of, true, true, "payload bytes of a flow"},
    {"flow_duration", "Duration of a flow", duration_of, true, true,
     "µs from first to last packet"},
    {"window", "Window", window_of, false, true, "window field"},
    {"ttl", "TTL", ttl_of, false, false, NULL},
    {"bigrams", "Bigrams of packets", bigram_of, false, false, NULL},
};

enum { N_QUANTITIES = G_N_ELEMENTS(quantities) };

/* States: small whole numbers are their own, larger ones share an eighth of an octave. */
static int64_t code_of(const Quantity *quantity, double value)
{
    if (!quantity->is_binned || value < BINS_AN_OCTAVE) {
        return (int64_t)value;
    }
    return (int64_t)(log2(value) * BINS_AN_OCTAVE);
}

/* Sorted keys of one set: label above, state below. */
typedef struct {
    int64_t *keys;
    size_t n_keys;
} Keys;

static size_t count_values(const TwinJudge *judge, TwinSet set, size_t n_flows,
                           const Quantity *quantity)
{
    size_t n = 0;
    for (size_t i = 0; i < n_flows; i++) {
        n += quantity->is_of_flow ? 1 : twin_judge_flow(judge, set, i)->n_packets;
    }
    return n;
}

static Keys read_keys(const TwinJudge *judge, TwinSet set, size_t n_flows, const Quantity *quantity)
{
    Keys self = {.n_keys = 0};
    const size_t n_values = count_values(judge, set, n_flows, quantity);
    self.keys = g_try_new(int64_t, n_values + 1);
    g_autofree int64_t *scratch = g_try_new(int64_t, n_values + 1);
    if (self.keys == NULL || scratch == NULL) {
        g_clear_pointer(&self.keys, g_free);
        return self;
    }
    for (size_t i = 0; i < n_flows; i++) {
        Place place = {.flows = judge->sets[set].flows, .flow = twin_judge_flow(judge, set, i)};
        const int64_t label = (int64_t)twin_judge_label(judge, set, place.flow) << CODE_BITS;
        const size_t n = quantity->is_of_flow ? 1 : place.flow->n_packets;
        for (place.k = 0; place.k < n; place.k++) {
            place.packet = twin_flows_packet(place.flows, place.flow, place.k);
            self.keys[self.n_keys++] = label | code_of(quantity, quantity->read(&place));
        }
    }
    twin_sort_int64(self.keys, scratch, self.n_keys);
    return self;
}

/* Divergence of two sorted runs of keys. */
static double compare_runs(const int64_t *a, size_t n_a, const int64_t *b, size_t n_b)
{
    if (n_a == 0 || n_b == 0) {
        return TWIN_NO_VALUE;
    }
    g_autoptr(GArray) counts_a = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GArray) counts_b = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    size_t i = 0;
    size_t j = 0;
    while (i < n_a || j < n_b) {
        const int64_t state = j == n_b || (i < n_a && a[i] < b[j]) ? a[i] : b[j];
        uint64_t in_a = 0;
        uint64_t in_b = 0;
        for (; i < n_a && a[i] == state; i++) {
            in_a++;
        }
        for (; j < n_b && b[j] == state; j++) {
            in_b++;
        }
        g_array_append_val(counts_a, in_a);
        g_array_append_val(counts_b, in_b);
    }
    return twin_divergence((const uint64_t *)(const void *)counts_a->data,
                           (const uint64_t *)(const void *)counts_b->data, counts_a->len);
}

/* The part of sorted keys that has a label. */
static const int64_t *find_label(const Keys *keys, size_t label, size_t *n_out)
{
    const int64_t bounds[2] = {(int64_t)label << CODE_BITS, (int64_t)(label + 1) << CODE_BITS};
    size_t places[2];
    for (size_t b = 0; b < 2; b++) {
        size_t low = 0;
        for (size_t high = keys->n_keys; low < high;) {
            const size_t middle = low + (high - low) / 2;
            if (keys->keys[middle] < bounds[b]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        places[b] = low;
    }
    *n_out = places[1] - places[0];
    return keys->keys + places[0];
}

static void drop_labels(Keys *keys)
{
    g_autofree int64_t *scratch = g_try_new(int64_t, keys->n_keys + 1);
    for (size_t i = 0; i < keys->n_keys; i++) {
        keys->keys[i] &= (INT64_C(1) << CODE_BITS) - 1;
    }
    if (scratch == NULL) {
        keys->n_keys = 0;
        return;
    }
    twin_sort_int64(keys->keys, scratch, keys->n_keys);
}

/* Everything of one quantity: overall, then by label. */
typedef struct {
    double overall[2]; /* synthetic, ceiling */
    double *by_label;  /* two a label */
    GArray *curves[TWIN_N_SETS];
} Result;

typedef struct {
    const TwinJudge *judge;
    size_t n_flows[TWIN_N_SETS];
    Result results[N_QUANTITIES];
} Work;

static void keep_curve(Result *result, TwinSet set, const TwinJudge *judge,
                       const Quantity *quantity)
{
    /* Enough for a line on a screen; the numbers beside it rest on all values. */
    const size_t n_flows = MIN(judge->sets[set].n_flows, 2000);
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    for (size_t i = 0; i < n_flows; i++) {
        Place place = {.flows = judge->sets[set].flows, .flow = twin_judge_flow(judge, set, i)};
        const size_t n = quantity->is_of_flow ? 1 : MIN(place.flow->n_packets, 500);
        for (place.k = 0; place.k < n; place.k++) {
            place.packet = twin_flows_packet(place.flows, place.flow, place.k);
            const double value = quantity->read(&place);
            g_array_append_val(values, value);
        }
    }
    result->curves[set] = g_array_new(FALSE, FALSE, sizeof(double));
    double *all = (double *)(void *)values->data;
    (void)twin_quantile(all, values->len, 0); /* sorts */
    for (size_t p = 0; p <= CURVE_POINTS && values->len > 0; p++) {
        g_array_append_val(result->curves[set], all[p * (values->len - 1) / CURVE_POINTS]);
    }
}

static void compare_quantity(size_t index, unsigned thread, void *data)
{
    (void)thread;
    Work *work = data;
    const TwinJudge *judge = work->judge;
    Result *result = &work->results[index];
    Keys keys[TWIN_N_SETS];
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        keys[s] = read_keys(judge, (TwinSet)s, work->n_flows[s], &quantities[index]);
        if (quantities[index].axis != NULL) {
            keep_curve(result, (TwinSet)s, judge, &quantities[index]);
        }
    }
    static const TwinSet against[2] = {TWIN_SET_SYNTHETIC, TWIN_SET_REAL};
    result->by_label = g_new(double, 2 * judge->labels->len + 1);
    for (size_t label = 0; label < judge->labels->len; label++) {
        size_t n[TWIN_N_SETS];
        const int64_t *part[TWIN_N_SETS];
        for (size_t s = 0; s < TWIN_N_SETS; s++) {
            part[s] = find_label(&keys[s], label, &n[s]);
        }
        for (size_t i = 0; i < 2; i++) {
            result->by_label[2 * label + i] = compare_runs(
                part[TWIN_SET_HOLDOUT], n[TWIN_SET_HOLDOUT], part[against[i]], n[against[i]]);
        }
    }
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        drop_labels(&keys[s]);
    }
    const Keys *holdout = &keys[TWIN_SET_HOLDOUT];
    for (size_t i = 0; i < 2; i++) {
        const Keys *other = &keys[against[i]];
        result->overall[i] =
            compare_runs(holdout->keys, holdout->n_keys, other->keys, other->n_keys);
    }
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        g_free(keys[s].keys);
    }
}

static const TwinColumnHead columns[] = {
    {"synthetic", "synthetic"},
    {"ceiling", "ceiling: real"},
    {"excess", "excess"},
};

static const TwinTableHead head = {
    .id = "divergence",
    .title = "Divergence of distributions",
    .about = "Jensen-Shannon divergence from the hold-out in bits (0 alike, 1 nothing in common); "
             "the ceiling is that of as many real training flows.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
    .n_bars = 2,
};

static const TwinTableHead label_head = {
    .id = "divergence_by_label",
    .title = "Divergence of distributions, label by label",
    .about = "As above, among the flows of one label.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
    .is_detail = true,
};

static void fill_row(TwinTableRow *row, const double pair[2])
{
    row->cells[0] = twin_cell(TWIN_FORMAT_BITS, pair[0]);
    row->cells[1] = twin_cell(TWIN_FORMAT_BITS, pair[1]);
    row->cells[2] = twin_cell(TWIN_FORMAT_BITS, pair[0] - pair[1]);
}

static void draw_curves(TwinTable *table, const Quantity *quantity, const Result *result)
{
    TwinPlot *plot = twin_table_plot(table, quantity->title, quantity->axis, quantity->is_binned);
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        for (size_t p = 0; p < result->curves[s]->len; p++) {
            twin_plot_add(plot, s, g_array_index(result->curves[s], double, p),
                          (double)p / CURVE_POINTS);
        }
    }
}

/* Labels that at least TWIN_LEAST_FLOWS flows of each set have. */
static bool is_judged(const TwinJudge *judge, size_t label)
{
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        if (judge->sets[s].n_of_label[label] < TWIN_LEAST_FLOWS) {
            return false;
        }
    }
    return true;
}

static void tabulate_labels(const TwinJudge *judge, TwinTable *table, const Work *work)
{
    for (size_t label = 0; label < judge->labels->len; label++) {
        const char *name = g_ptr_array_index(judge->labels, label);
        if (!is_judged(judge, label)) {
            twin_table_note(table, "%s: fewer than %d flows in one of the sets; left out", name,
                            TWIN_LEAST_FLOWS);
            continue;
        }
        for (size_t q = 0; q < N_QUANTITIES; q++) {
            g_autofree char *title = g_strdup_printf("%s: %s", name, quantities[q].title);
            g_autofree char *id = g_strdup_printf("%s/%s", name, quantities[q].id);
            fill_row(twin_table_add(table, id, title), &work->results[q].by_label[2 * label]);
        }
    }
}

void twin_measure_divergence(const TwinJudge *judge, TwinReport *report)
{
    const TwinJudgedSet *sets = judge->sets;
    const size_t n_equal = MIN(sets[TWIN_SET_REAL].n_flows, sets[TWIN_SET_SYNTHETIC].n_flows);
    Work work = {.judge = judge, .n_flows = {n_equal, sets[TWIN_SET_HOLDOUT].n_flows, n_equal}};
    twin_parallel_for(N_QUANTITIES, judge->n_threads, compare_quantity, &work);
    TwinTable *table = twin_report_add(report, &head);
    for (size_t q = 0; q < N_QUANTITIES; q++) {
        fill_row(twin_table_add(table, quantities[q].id, quantities[q].title),
                 work.results[q].overall);
        if (quantities[q].axis != NULL) {
            draw_curves(table, &quantities[q], &work.results[q]);
        }
    }
    twin_table_note(table,
                    "%zu flows of the synthetic and of the training set each, drawn by "
                    "seed, against %zu of the hold-out.",
                    n_equal, work.n_flows[TWIN_SET_HOLDOUT]);
    tabulate_labels(judge, twin_report_add(report, &label_head), &work);
    for (size_t q = 0; q < N_QUANTITIES; q++) {
        g_free(work.results[q].by_label);
        for (size_t s = 0; s < TWIN_N_SETS && quantities[q].axis != NULL; s++) {
            (void)g_array_free(work.results[q].curves[s], TRUE);
        }
    }
}
