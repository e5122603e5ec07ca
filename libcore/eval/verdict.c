/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/verdict.h"

#include <math.h>

/* Standard errors by which a forest must beat its ceiling to be believed. */
static const double errors_apart = 3;
/* And by how much at least: on many flows the least trifle is significant. */
static const double auc_apart = 0.02;

static char *share_text(double value)
{
    const TwinCell cell = twin_cell(TWIN_FORMAT_SHARE, value);
    return twin_cell_text(&cell);
}

/* The view in which a forest beats its ceiling by most. */
static const TwinTableRow *find_worst_view(const TwinTable *table)
{
    const TwinTableRow *worst = NULL;
    for (size_t r = 0; table != NULL && r < table->rows->len; r++) {
        const TwinTableRow *row = g_ptr_array_index(table->rows, r);
        if (row->cells[0].is_known && row->cells[1].is_known &&
            (worst == NULL || row->cells[0].value - row->cells[1].value >
                                  worst->cells[0].value - worst->cells[1].value)) {
            worst = row;
        }
    }
    return worst;
}

static void judge_views(const TwinReport *report, GPtrArray *lines)
{
    const TwinTableRow *row = find_worst_view(twin_report_find(report, "two_sample"));
    if (row == NULL) {
        g_ptr_array_add(lines, g_strdup("Too few flows to say whether they can be told apart."));
        return;
    }
    const TwinCell *auc = &row->cells[0];
    const TwinCell *ceiling = &row->cells[1];
    const double error = sqrt(auc->spread * auc->spread + ceiling->spread * ceiling->spread);
    const double bound = MAX(errors_apart * error, auc_apart);
    const double excess = auc->value - ceiling->value;
    g_autofree char *value = share_text(auc->value);
    g_autofree char *best = share_text(ceiling->value);
    const char *const words =
        excess <= bound    ? "No forest tells the synthetic flows from real "
                             "ones"
        : auc->value < 0.7 ? "A forest tells some of the synthetic flows from "
                             "real ones"
        : auc->value < 0.9 ? "A forest tells many of the synthetic flows from "
                             "real ones"
                           : "A forest tells the synthetic flows from real ones";
    g_ptr_array_add(lines,
                    g_strdup_printf("%s: AUC %s in the view that tells most (%s), where real "
                                    "flows reach %s.",
                                    words, value, row->title, best));
}

static void judge_transfer(const TwinReport *report, GPtrArray *lines)
{
    const TwinTable *table = twin_report_find(report, "transfer");
    const TwinTableRow *row = table != NULL ? twin_table_find(table, "macro_f1") : NULL;
    if (row == NULL || !row->cells[0].is_known || !row->cells[1].is_known) {
        return;
    }
    g_autofree char *real = share_text(row->cells[0].value);
    g_autofree char *synthetic = share_text(row->cells[1].value);
    g_ptr_array_add(lines, g_strdup_printf("Who learns labels from them scores macro-F1 %s on real "
                                           "flows; from real ones %s.",
                                           synthetic, real));
}

/* The row of a table whose last two sets lie farthest apart. */
static const TwinTableRow *find_widest(const TwinTable *table)
{
    const TwinTableRow *widest = NULL;
    for (size_t r = 0; table != NULL && r < table->rows->len; r++) {
        const TwinTableRow *row = g_ptr_array_index(table->rows, r);
        if (row->cells[1].is_known && row->cells[2].is_known &&
            (widest == NULL || fabs(row->cells[2].value - row->cells[1].value) >
                                   fabs(widest->cells[2].value - widest->cells[1].value))) {
            widest = row;
        }
    }
    return widest;
}

static void judge_gap(const TwinReport *report, const char *table, const char *format,
                      GPtrArray *lines)
{
    const TwinTableRow *row = find_widest(twin_report_find(report, table));
    if (row == NULL) {
        return;
    }
    g_autofree char *real = share_text(row->cells[1].value);
    g_autofree char *synthetic = share_text(row->cells[2].value);
    g_ptr_array_add(lines, g_strdup_printf("%s: %s, %s where held-out real flows have %s.", format,
                                           row->title, synthetic, real));
}

static void judge_copies(const TwinReport *report, GPtrArray *lines)
{
    const TwinTable *table = twin_report_find(report, "memorisation");
    const TwinTableRow *row = table != NULL ? twin_table_find(table, "copies") : NULL;
    if (row == NULL || !row->cells[0].is_known || !row->cells[1].is_known) {
        return;
    }
    g_autofree char *real = share_text(row->cells[0].value);
    g_autofree char *synthetic = share_text(row->cells[1].value);
    g_ptr_array_add(lines, g_strdup_printf("%s of them stand packet by packet in the training set, "
                                           "as do %s of the held-out real ones.",
                                           synthetic, real));
}

GPtrArray *twin_verdict(const TwinReport *report)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    judge_views(report, lines);
    judge_transfer(report, lines);
    judge_gap(report, "checks", "Widest gap of the five checks", lines);
    judge_gap(report, "physics", "Widest gap in physics", lines);
    judge_copies(report, lines);
    return lines;
}
