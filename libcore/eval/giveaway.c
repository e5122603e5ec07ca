/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/measures.h"
#include "eval/statistics.h"
#include "eval/views.h"
#include "flow/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_TREES = 200,
    LEAST_LEAF = 2,
    N_FEATURES = 8, /* that are named */
    N_EXAMPLES = 3, /* flows of each */
};

static const TwinView *const views[] = {&twin_view_statistics, &twin_view_wire};

/* Both views side by side: hold-out rows, then synthetic ones. */
typedef struct {
    const TwinJudge *judge;
    size_t n; /* flows a side */
    TwinMatrix matrix;
} Data;

static void fill(Data *self)
{
    const TwinViewPart parts[] = {{TWIN_SET_HOLDOUT, self->n}, {TWIN_SET_SYNTHETIC, self->n}};
    size_t n_columns = 0;
    for (size_t v = 0; v < G_N_ELEMENTS(views); v++) {
        n_columns += views[v]->n_columns;
    }
    twin_matrix_init(&self->matrix, 2 * self->n, n_columns);
    size_t first = 0;
    for (size_t v = 0; v < G_N_ELEMENTS(views); v++) {
        g_auto(TwinMatrix) one = {.values = NULL};
        twin_matrix_init(&one, 2 * self->n, views[v]->n_columns);
        views[v]->fill(self->judge, parts, G_N_ELEMENTS(parts), &one);
        for (size_t row = 0; row < one.n_rows; row++) {
            memcpy(twin_matrix_row(&self->matrix, row) + first, twin_matrix_row(&one, row),
                   one.n_columns * sizeof(float));
        }
        first += one.n_columns;
    }
}

static const char *name_of(size_t column)
{
    for (size_t v = 0; v < G_N_ELEMENTS(views); v++) {
        if (column < views[v]->n_columns) {
            return views[v]->column_name(column);
        }
        column -= views[v]->n_columns;
    }
    g_assert_not_reached();
}

/* Importance of every feature for a forest that tells one side from the other. */
static double *weigh_features(const Data *data)
{
    const size_t n_rows = data->matrix.n_rows;
    g_autoptr(TwinBinned) binned = twin_binned_new(&data->matrix, data->judge->n_threads);
    g_autofree uint32_t *classes = g_new(uint32_t, n_rows);
    g_autofree uint32_t *rows = g_new(uint32_t, n_rows);
    for (size_t row = 0; row < n_rows; row++) {
        classes[row] = row < data->n ? 0 : 1;
        rows[row] = (uint32_t)row;
    }
    const TwinForest forest = {
        .data = binned,
        .classes = classes,
        .n_classes = 2,
        .train = rows,
        .n_train = n_rows,
        .test = rows,
        .n_test = 0,
        .n_trees = N_TREES,
        .least_leaf = LEAST_LEAF,
        .seed = data->judge->seed,
        .n_threads = data->judge->n_threads,
    };
    double none = 0;
    double *importances = g_new(double, data->matrix.n_columns);
    twin_forest_vote(&forest, &none, importances);
    return importances;
}

/* A feature's values on both sides. */
typedef struct {
    double *holdout; /* sorted */
    double *synthetic;
    double low, high; /* 1 % and 99 % quantile of the hold-out */
} Values;

static Values read_values(const Data *data, size_t column)
{
    Values self = {.holdout = g_new(double, data->n), .synthetic = g_new(double, data->n)};
    for (size_t i = 0; i < data->n; i++) {
        self.holdout[i] = (double)twin_matrix_row(&data->matrix, i)[column];
        self.synthetic[i] = (double)twin_matrix_row(&data->matrix, data->n + i)[column];
    }
    self.low = twin_quantile(self.holdout, data->n, 0.01);
    self.high = twin_quantile(self.holdout, data->n, 0.99);
    return self;
}

/* How rare a value is among held-out flows: the share of them within a hundredth of it. */
static double share_near(const Values *values, size_t n, double value)
{
    const double reach = fabs(value) / 100;
    size_t n_near = 0;
    for (size_t i = 0; i < n; i++) {
        n_near += fabs(values->holdout[i] - value) <= reach ? 1 : 0;
    }
    return (double)n_near / (double)n;
}

/* The synthetic flows whose value is rarest among real ones; ties go to the earlier flow. */
static void choose_examples(const Data *data, const Values *values, size_t examples_out[N_EXAMPLES])
{
    double rarest[N_EXAMPLES];
    for (size_t e = 0; e < N_EXAMPLES; e++) {
        rarest[e] = 2; /* above every share */
    }
    for (size_t i = 0; i < data->n; i++) {
        double share = share_near(values, data->n, values->synthetic[i]);
        size_t flow = i;
        for (size_t e = 0; e < N_EXAMPLES; e++) { /* the rarer one stays, the other moves on */
            if (share < rarest[e]) {
                const double kept_share = rarest[e];
                const size_t kept_flow = examples_out[e];
                rarest[e] = share;
                examples_out[e] = flow;
                share = kept_share;
                flow = kept_flow;
            }
        }
    }
}

/* A display filter that shows one flow's packets in Wireshark. */
static char *filter_of(const TwinFlow *flow)
{
    char text[2][TWIN_ADDRESS_CHARS];
    const char *const field = flow->ip_version == 6 ? "ipv6.addr" : "ip.addr";
    return g_strdup_printf("%s == %s && %s == %s && tcp.port == %u && tcp.port == %u", field,
                           twin_address_text(&flow->addresses[0], flow->ip_version, text[0]), field,
                           twin_address_text(&flow->addresses[1], flow->ip_version, text[1]),
                           flow->ports[0], flow->ports[1]);
}

/* "flows 17, 4, 9", then a filter a line. */
static char *describe_examples(const Data *data, const size_t examples[N_EXAMPLES])
{
    const TwinJudgedSet *set = &data->judge->sets[TWIN_SET_SYNTHETIC];
    GString *text = g_string_new("flows ");
    g_autoptr(GString) filters = g_string_new(NULL);
    for (size_t e = 0; e < N_EXAMPLES; e++) {
        const uint32_t index = set->order[examples[e]];
        g_autofree char *filter = filter_of(twin_flows_flow(set->flows, index));
        g_string_append_printf(text, "%s%u", e > 0 ? ", " : "", index + 1);
        g_string_append_printf(filters, "\n%s", filter);
    }
    g_string_append(text, filters->str);
    return g_string_free(text, FALSE);
}

static void add_feature(const Data *data, TwinTable *table, size_t column, double importance)
{
    const char *name = name_of(column);
    g_autofree char *id = twin_table_key(name);
    Values values = read_values(data, column);
    size_t n_outside = 0;
    for (size_t i = 0; i < data->n; i++) {
        n_outside += values.synthetic[i] < values.low || values.synthetic[i] > values.high ? 1 : 0;
    }
    size_t examples[N_EXAMPLES] = {0};
    choose_examples(data, &values, examples);
    TwinTableRow *row = twin_table_add(table, id, name);
    row->text = describe_examples(data, examples);
    row->cells[0] = twin_cell(TWIN_FORMAT_SHARE, importance);
    row->cells[1] = twin_cell(TWIN_FORMAT_NUMBER, twin_quantile(values.holdout, data->n, 0.5));
    row->cells[2] = twin_cell(TWIN_FORMAT_NUMBER, twin_quantile(values.synthetic, data->n, 0.5));
    row->cells[3] = twin_cell_share(n_outside, data->n);
    g_free(values.holdout);
    g_free(values.synthetic);
}

static const TwinColumnHead columns[] = {
    {"importance", "importance"},
    {"holdout_median", "hold-out median"},
    {"synthetic_median", "synth median"},
    {"outside", "outside 1-99 %"},
};

static const TwinTableHead head = {
    .id = "giveaways",
    .title = "What gives the synthetic flows away",
    .about = "The features by which a forest tells the sides apart, by the share of its decisions "
             "that rest on them; how far the sides lie from each other; and synthetic flows whose "
             "value is rarest among real ones, with their numbers as flowtwin check prints them.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
};

void twin_measure_giveaways(const TwinJudge *judge, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &head);
    Data data = {.judge = judge, .n = twin_judge_n_equal(judge, judge->most_flows)};
    data.n = MIN(data.n, MIN(judge->sets[TWIN_SET_HOLDOUT].n_flows,
                             judge->sets[TWIN_SET_SYNTHETIC].n_flows));
    if (data.n < TWIN_LEAST_FLOWS) {
        twin_table_note(table, "Not judged: %zu flows in the smallest set, %d are wanted.", data.n,
                        TWIN_LEAST_FLOWS);
        return;
    }
    fill(&data);
    g_autofree double *importances = weigh_features(&data);
    for (size_t f = 0; f < N_FEATURES; f++) {
        size_t best = 0;
        for (size_t c = 1; c < data.matrix.n_columns; c++) {
            best = importances[c] > importances[best] ? c : best;
        }
        if (importances[best] <= 0) {
            break; /* nothing else tells them apart */
        }
        add_feature(&data, table, best, importances[best]);
        importances[best] = 0;
    }
    if (table->rows->len == 0) {
        twin_table_note(table, "No feature tells the two sides apart.");
    }
    twin_matrix_clear(&data.matrix);
}
