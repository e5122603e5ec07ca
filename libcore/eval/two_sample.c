/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/measures.h"
#include "eval/statistics.h"
#include "eval/views.h"

#include <math.h>

enum {
    N_FOLDS = 5,
    N_TREES = 100,
    LEAST_LEAF = 2,
    SYNTHETIC = 0, /* columns' two halves */
    CEILING = 1,
};

static const TwinView *const views[] = {
    &twin_view_statistics,
    &twin_view_first_packets,
    &twin_view_grams,
    &twin_view_wire,
};

/* Scores of the folds. */
typedef struct {
    double auc[N_FOLDS];
    double accuracy[N_FOLDS];
} Scores;

/* Rows that belong to a fold, or to all others. Rows are in random order already. */
static size_t choose_rows(size_t n_rows, size_t fold, bool is_test, uint32_t *rows_out)
{
    size_t n = 0;
    for (size_t row = 0; row < n_rows; row++) {
        if ((row % N_FOLDS == fold) == is_test) {
            rows_out[n++] = (uint32_t)row;
        }
    }
    return n;
}

static void score_fold(const TwinForest *forest, const double *votes, size_t fold, Scores *scores)
{
    g_autofree double *second = g_new(double, forest->n_test + 1);
    g_autofree uint32_t *wanted = g_new(uint32_t, forest->n_test + 1);
    size_t n_right = 0;
    for (size_t i = 0; i < forest->n_test; i++) {
        second[i] = votes[2 * i + 1];
        wanted[i] = forest->classes[forest->test[i]];
        n_right += (second[i] > 0.5 ? 1U : 0U) == wanted[i] ? 1 : 0;
    }
    scores->auc[fold] = twin_auc(second, wanted, forest->n_test);
    scores->accuracy[fold] = (double)n_right / (double)forest->n_test;
}

/* Tells @n flows of the hold-out (class 0) from @n of @other (class 1), five times on four fifths
 * of them. */
static Scores test_view(const TwinJudge *judge, const TwinView *view, TwinSet other, size_t n)
{
    const TwinViewPart parts[] = {{TWIN_SET_HOLDOUT, n}, {other, n}};
    g_auto(TwinMatrix) matrix = {.values = NULL};
    twin_matrix_init(&matrix, 2 * n, view->n_columns);
    view->fill(judge, parts, G_N_ELEMENTS(parts), &matrix);
    g_autoptr(TwinBinned) binned = twin_binned_new(&matrix, judge->n_threads);
    g_autofree uint32_t *classes = g_new(uint32_t, 2 * n);
    g_autofree uint32_t *train = g_new(uint32_t, 2 * n);
    g_autofree uint32_t *test = g_new(uint32_t, 2 * n);
    g_autofree double *votes = g_new(double, 4 * n);
    for (size_t row = 0; row < 2 * n; row++) {
        classes[row] = row < n ? 0 : 1;
    }
    Scores scores = {.auc = {0}};
    for (size_t fold = 0; fold < N_FOLDS; fold++) {
        const TwinForest forest = {
            .data = binned,
            .classes = classes,
            .n_classes = 2,
            .train = train,
            .n_train = choose_rows(2 * n, fold, false, train),
            .test = test,
            .n_test = choose_rows(2 * n, fold, true, test),
            .n_trees = N_TREES,
            .least_leaf = LEAST_LEAF,
            .seed = judge->seed * N_FOLDS + fold,
            .n_threads = judge->n_threads,
        };
        twin_forest_vote(&forest, votes, NULL);
        score_fold(&forest, votes, fold, &scores);
    }
    return scores;
}

static double mean_of(const double values[N_FOLDS])
{
    double mean = 0;
    double sd = 0;
    twin_mean_sd(values, N_FOLDS, &mean, &sd);
    return mean;
}

/* Standard error of an AUC over @n rows of each class. Five folds would estimate their own spread
 * badly. Source: Hanley & McNeil, Radiology 143 (1982), formula 2. */
static double auc_error(double auc, double n)
{
    const double q1 = auc / (2 - auc);
    const double q2 = 2 * auc * auc / (1 + auc);
    const double variance =
        (auc * (1 - auc) + (n - 1) * (q1 - auc * auc) + (n - 1) * (q2 - auc * auc)) / (n * n);
    return sqrt(MAX(variance, 0));
}

static TwinCell auc_cell(const Scores *scores, double n)
{
    const double auc = mean_of(scores->auc);
    return twin_cell_spread(TWIN_FORMAT_SHARE, auc, auc_error(auc, n));
}

static TwinCell accuracy_cell(const Scores *scores, double n)
{
    const double accuracy = mean_of(scores->accuracy);
    return twin_cell_spread(TWIN_FORMAT_SHARE, accuracy, sqrt(accuracy * (1 - accuracy) / (2 * n)));
}

static const TwinColumnHead columns[] = {
    {"auc", "AUC"},
    {"auc_ceiling", "ceiling: real"},
    {"accuracy", "accuracy"},
    {"accuracy_ceiling", "ceiling: real"},
};

static const TwinTableHead head = {
    .id = "two_sample",
    .title = "Can a forest tell them apart?",
    .about = "Synthetic flows from held-out real ones, five-fold cross-validated: 0.5 is guessing, "
             "1 is every flow. The ceiling is the same test with real training flows in place of "
             "the synthetic ones; values stand with their standard error.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
    .n_bars = 2,
};

void twin_measure_two_sample(const TwinJudge *judge, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &head);
    const size_t n = twin_judge_n_equal(judge, judge->most_flows);
    if (n < (size_t)N_FOLDS * TWIN_LEAST_FLOWS) {
        twin_table_note(table, "Not judged: %zu flows in the smallest set, %d are wanted.", n,
                        N_FOLDS * TWIN_LEAST_FLOWS);
        return;
    }
    static const TwinSet others[] = {[SYNTHETIC] = TWIN_SET_SYNTHETIC, [CEILING] = TWIN_SET_REAL};
    for (size_t v = 0; v < G_N_ELEMENTS(views); v++) {
        TwinTableRow *row = twin_table_add(table, views[v]->id, views[v]->title);
        for (size_t o = 0; o < G_N_ELEMENTS(others); o++) {
            if (!twin_judge_goes_on(judge, (double)(2 * v + o) / (2 * G_N_ELEMENTS(views)))) {
                return;
            }
            const Scores scores = test_view(judge, views[v], others[o], n);
            row->cells[o] = auc_cell(&scores, (double)n);
            row->cells[2 + o] = accuracy_cell(&scores, (double)n);
        }
    }
    twin_table_note(table,
                    "%zu flows a side, drawn by seed; forests of %d trees, leaves of at "
                    "least %d flows.",
                    n, N_TREES, LEAST_LEAF);
}
