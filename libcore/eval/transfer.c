/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/forest.h"
#include "eval/measures.h"
#include "eval/statistics.h"

#include <string.h>

enum { N_TREES = 100 };

/* Three tests of one kind: learn to tell labels on one set, be judged on another. */
typedef enum {
    TRTR, /* train on real, test on hold-out: what can be reached */
    TSTR, /* train on synthetic, test on hold-out */
    TRTS, /* train on real, test on synthetic */
    N_TESTS,
} Test;

static const struct {
    const char *id;
    const char *title;
    TwinSet train, test;
} tests[N_TESTS] = {
    [TRTR] = {"trtr", "train on real, test on hold-out", TWIN_SET_REAL, TWIN_SET_HOLDOUT},
    [TSTR] = {"tstr", "train on synthetic, test on hold-out", TWIN_SET_SYNTHETIC, TWIN_SET_HOLDOUT},
    [TRTS] = {"trts", "train on real, test on synthetic", TWIN_SET_REAL, TWIN_SET_SYNTHETIC},
};

/* All drawn flows with a judged label, in one matrix, set after set. */
typedef struct {
    const TwinJudge *judge;
    uint32_t *class_of; /* of each of judge->labels; UINT32_MAX: not judged */
    uint32_t *label_of; /* of each class */
    size_t n_classes;
    TwinMatrix matrix;
    uint32_t *classes;         /* of each row */
    uint32_t *rows;            /* 0, 1, 2, … */
    size_t begin[TWIN_N_SETS]; /* first row of each set */
    size_t n[TWIN_N_SETS];
} Data;

/* Labels that both real sets have often enough. One that the synthetic set lacks counts: it is the
 * generator's fault. */
static void choose_classes(Data *self)
{
    const TwinJudge *judge = self->judge;
    for (size_t label = 0; label < judge->labels->len; label++) {
        const bool is_judged = judge->sets[TWIN_SET_REAL].n_of_label[label] >= TWIN_LEAST_FLOWS &&
                               judge->sets[TWIN_SET_HOLDOUT].n_of_label[label] >= TWIN_LEAST_FLOWS;
        self->class_of[label] = UINT32_MAX;
        if (is_judged && self->n_classes < UINT16_MAX) {
            self->label_of[self->n_classes] = (uint32_t)label;
            self->class_of[label] = (uint32_t)self->n_classes++;
        }
    }
}

/* The first flows of a set's draw that have a judged label, at most @most; their places. */
static GArray *choose_flows(const Data *self, TwinSet set, size_t most)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t i = 0; i < self->judge->sets[set].n_flows && places->len < most; i++) {
        const TwinFlow *flow = twin_judge_flow(self->judge, set, i);
        if (self->class_of[twin_judge_label(self->judge, set, flow)] != UINT32_MAX) {
            g_array_append_val(places, i);
        }
    }
    return places;
}

static void fill_rows(Data *self, GArray *const places[TWIN_N_SETS])
{
    size_t row = 0;
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        self->begin[s] = row;
        self->n[s] = places[s]->len;
        for (size_t i = 0; i < places[s]->len; i++, row++) {
            const TwinFlow *flow =
                twin_judge_flow(self->judge, (TwinSet)s, g_array_index(places[s], uint32_t, i));
            double values[TWIN_N_STATISTICS];
            twin_statistics(self->judge->sets[s].flows, flow, values);
            for (size_t c = 0; c < TWIN_N_STATISTICS; c++) {
                twin_matrix_row(&self->matrix, row)[c] = (float)values[c];
            }
            self->classes[row] = self->class_of[twin_judge_label(self->judge, (TwinSet)s, flow)];
            self->rows[row] = (uint32_t)row;
        }
    }
}

static void data_init(Data *self, const TwinJudge *judge)
{
    const size_t n_labels = judge->labels->len;
    *self = (Data){.judge = judge};
    self->class_of = g_new(uint32_t, n_labels + 1);
    self->label_of = g_new(uint32_t, n_labels + 1);
    choose_classes(self);
    GArray *places[TWIN_N_SETS];
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        places[s] = choose_flows(self, (TwinSet)s, judge->most_flows);
    }
    /* A larger training set would be an advantage of its own. */
    const guint n_equal = MIN(places[TWIN_SET_REAL]->len, places[TWIN_SET_SYNTHETIC]->len);
    g_array_set_size(places[TWIN_SET_SYNTHETIC], n_equal);
    if (n_equal > 0) {
        g_array_set_size(places[TWIN_SET_REAL], n_equal);
    }
    const size_t n_rows = places[0]->len + places[1]->len + places[2]->len;
    twin_matrix_init(&self->matrix, n_rows, TWIN_N_STATISTICS);
    self->classes = g_new(uint32_t, n_rows + 1);
    self->rows = g_new(uint32_t, n_rows + 1);
    fill_rows(self, places);
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        (void)g_array_free(places[s], TRUE);
    }
}

static void data_clear(Data *self)
{
    g_free(self->class_of);
    g_free(self->label_of);
    g_free(self->classes);
    g_free(self->rows);
    twin_matrix_clear(&self->matrix);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Data, data_clear)

/* The scores of one test, a repeat after the other. */
typedef struct {
    double *macro;    /* n_repeats */
    double *by_class; /* n_repeats × n_classes */
} Scores;

/* F1 of every class, and their mean over the classes that the test set has. */
static void score(const Data *data, TwinSet judged, const uint32_t *decided, double *f1_out,
                  double *macro_out)
{
    const uint32_t *wanted = &data->classes[data->begin[judged]];
    g_autofree uint32_t *n_wanted = g_new0(uint32_t, data->n_classes + 1);
    for (size_t i = 0; i < data->n[judged]; i++) {
        n_wanted[wanted[i]]++;
    }
    twin_f1(wanted, decided, data->n[judged], data->n_classes, f1_out);
    double sum = 0;
    size_t n = 0;
    for (size_t c = 0; c < data->n_classes; c++) {
        if (n_wanted[c] > 0) {
            sum += f1_out[c];
            n++;
        } else {
            f1_out[c] = TWIN_NO_VALUE;
        }
    }
    *macro_out = n > 0 ? sum / (double)n : TWIN_NO_VALUE;
}

/* One forest, learned on @train, for all tests that ask for it; a row of scores each. */
static void run_tests(const Data *data, const TwinBinned *binned, TwinSet train, unsigned repeat,
                      Scores scores[N_TESTS])
{
    const size_t n_rows = data->matrix.n_rows;
    const TwinForest forest = {
        .data = binned,
        .classes = data->classes,
        .n_classes = data->n_classes,
        .train = &data->rows[data->begin[train]],
        .n_train = data->n[train],
        .test = data->rows,
        .n_test = n_rows,
        .n_trees = N_TREES,
        .least_leaf = 1,
        .seed = data->judge->seed + repeat,
        .n_threads = data->judge->n_threads,
    };
    g_autofree double *votes = g_new(double, n_rows * data->n_classes + 1);
    g_autofree uint32_t *decided = g_new(uint32_t, n_rows + 1);
    twin_forest_vote(&forest, votes, NULL);
    twin_forest_decide(&forest, votes, decided);
    for (Test test = 0; test < N_TESTS; test++) {
        if (tests[test].train == train) {
            score(data, tests[test].test, decided + data->begin[tests[test].test],
                  &scores[test].by_class[repeat * data->n_classes], &scores[test].macro[repeat]);
        }
    }
}

static const TwinColumnHead columns[] = {
    {"trtr", "real → hold-out"},
    {"tstr", "synth → hold-out"},
    {"trts", "real → synth"},
};

static const TwinTableHead head = {
    .id = "transfer",
    .title = "Train on one, test on the other",
    .about = "F1 of a random forest that learns to tell labels by 22 flow statistics on one set "
             "and is judged on another; mean and standard deviation over seeds.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
};

static const TwinTableHead label_head = {
    .id = "transfer_by_label",
    .title = "Train on one, test on the other, label by label",
    .about = "F1 of each label; a label that the synthetic set lacks scores 0 where it was to be "
             "learned from it.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
    .n_bars = 2,
    .is_detail = true,
};

static TwinCell cell_of(const double *values, size_t n)
{
    double mean = 0;
    double sd = 0;
    twin_mean_sd(values, n, &mean, &sd);
    return twin_cell_spread(TWIN_FORMAT_SHARE, mean, sd);
}

static void tabulate(const Data *data, const Scores scores[N_TESTS], TwinTable *table,
                     TwinTable *by_label)
{
    const unsigned n_repeats = data->judge->n_repeats;
    TwinTableRow *macro = twin_table_add(table, "macro_f1", "Macro-F1");
    g_autofree double *values = g_new(double, n_repeats);
    for (Test test = 0; test < N_TESTS; test++) {
        macro->cells[test] = cell_of(scores[test].macro, n_repeats);
    }
    if (macro->cells[TRTR].is_known && macro->cells[TSTR].is_known &&
        macro->cells[TRTR].value > 0) {
        TwinTableRow *ratio = twin_table_add(table, "ratio", "TSTR / TRTR");
        ratio->cells[TSTR] =
            twin_cell(TWIN_FORMAT_SHARE, macro->cells[TSTR].value / macro->cells[TRTR].value);
    }
    for (size_t c = 0; c < data->n_classes; c++) {
        const char *name = g_ptr_array_index(data->judge->labels, data->label_of[c]);
        TwinTableRow *row = twin_table_add(by_label, name, name);
        for (Test test = 0; test < N_TESTS; test++) {
            for (unsigned repeat = 0; repeat < n_repeats; repeat++) {
                values[repeat] = scores[test].by_class[repeat * data->n_classes + c];
            }
            row->cells[test] = cell_of(values, n_repeats);
        }
    }
}

/* Labels that were not judged, and why nothing was where nothing was. */
static bool note_classes(const Data *data, TwinTable *table)
{
    const TwinJudge *judge = data->judge;
    g_autoptr(GString) left_out = g_string_new(NULL);
    for (size_t label = 0; label < judge->labels->len; label++) {
        if (data->class_of[label] == UINT32_MAX) {
            g_string_append_printf(left_out, "%s%s", left_out->len > 0 ? ", " : "",
                                   (const char *)g_ptr_array_index(judge->labels, label));
        }
    }
    if (left_out->len > 0) {
        twin_table_note(table, "Left out, fewer than %d flows in real or hold-out: %s.",
                        TWIN_LEAST_FLOWS, left_out->str);
    }
    if (data->n_classes < 2) {
        twin_table_note(table,
                        "Not judged: %s. Give labels (--labels) or captures of more than "
                        "one protocol.",
                        data->n_classes == 0 ? "no label stands in both real sets often enough"
                                             : "there is one label only");
        return false;
    }
    if (data->n[TWIN_SET_SYNTHETIC] == 0) {
        twin_table_note(table, "No synthetic flow has a label that the real sets have.");
    }
    return true;
}

void twin_measure_transfer(const TwinJudge *judge, TwinReport *report)
{
    g_auto(Data) data = {.judge = judge};
    data_init(&data, judge);
    TwinTable *table = twin_report_add(report, &head);
    if (!note_classes(&data, table)) {
        return;
    }
    TwinTable *by_label = twin_report_add(report, &label_head);
    g_autoptr(TwinBinned) binned = twin_binned_new(&data.matrix, judge->n_threads);
    Scores scores[N_TESTS];
    const size_t n_scores = judge->n_repeats * data.n_classes;
    for (Test test = 0; test < N_TESTS; test++) {
        scores[test].macro = g_new(double, n_scores);
        scores[test].by_class = g_new(double, n_scores);
        for (size_t i = 0; i < n_scores; i++) {
            scores[test].macro[i] = TWIN_NO_VALUE;
            scores[test].by_class[i] = TWIN_NO_VALUE;
        }
    }
    static const TwinSet trains[] = {TWIN_SET_REAL, TWIN_SET_SYNTHETIC};
    for (unsigned i = 0; i < G_N_ELEMENTS(trains) * judge->n_repeats; i++) {
        const TwinSet train = trains[i % G_N_ELEMENTS(trains)];
        if (data.n[train] > 0 && twin_judge_goes_on(judge, (double)i / (2.0 * judge->n_repeats))) {
            run_tests(&data, binned, train, i / G_N_ELEMENTS(trains), scores);
        }
    }
    tabulate(&data, scores, table, by_label);
    twin_table_note(table,
                    "%zu labels; %zu flows to learn from, %zu to be judged on, drawn by seed;"
                    " %u forests of %d trees.",
                    data.n_classes, data.n[TWIN_SET_REAL], data.n[TWIN_SET_HOLDOUT],
                    judge->n_repeats, N_TREES);
    for (Test test = 0; test < N_TESTS; test++) {
        g_free(scores[test].macro);
        g_free(scores[test].by_class);
    }
}
