/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/report.h"

#include <flowtwin/error.h>

#include "eval/measures.h"
#include "eval/verdict.h"

/* A measure: what the progress line calls it, and what judges. */
typedef struct {
    const char *what;
    void (*measure)(const TwinJudge *judge, TwinReport *report);
} Row;

static const Row rows[] = {
    {"checking", twin_measure_checks},
    {"training and testing", twin_measure_transfer},
    {"telling apart", twin_measure_two_sample},
    {"comparing distributions", twin_measure_divergence},
    {"doing sums", twin_measure_arithmetic},
    {"timing causes and effects", twin_measure_physics},
    {"looking for copies", twin_measure_memorisation},
    {"looking for give-aways", twin_measure_giveaways},
};

static void free_table(void *table)
{
    twin_table_free(table);
}

TwinReport *twin_report_new_empty(void)
{
    TwinReport *self = g_new0(TwinReport, 1);
    self->tables = g_ptr_array_new_with_free_func(free_table);
    return self;
}

TwinTable *twin_report_add(TwinReport *self, const TwinTableHead *head)
{
    TwinTable *table = twin_table_new(head);
    g_ptr_array_add(self->tables, table);
    return table;
}

const TwinTable *twin_report_find(const TwinReport *self, const char *id)
{
    for (size_t t = 0; t < self->tables->len; t++) {
        const TwinTable *table = g_ptr_array_index(self->tables, t);
        if (g_str_equal(table->head->id, id)) {
            return table;
        }
    }
    return NULL;
}

static const TwinColumnHead set_columns[] = {
    {"real", "real"},
    {"holdout", "hold-out"},
    {"synthetic", "synthetic"},
};

static const TwinTableHead set_head = {
    .id = "sets",
    .title = "What was judged",
    .about = "Real: what the generator learned from. Hold-out: real flows that it never saw.",
    .columns = set_columns,
    .n_columns = G_N_ELEMENTS(set_columns),
};

/* Labels that one set has and another lacks are said, whatever a measure makes of them. */
static void note_labels(const TwinJudge *judge, TwinTable *table)
{
    for (size_t label = 0; label < judge->labels->len; label++) {
        g_autoptr(GString) missing = g_string_new(NULL);
        for (size_t s = 0; s < TWIN_N_SETS; s++) {
            const uint32_t n = judge->sets[s].n_of_label[label];
            if (n < TWIN_LEAST_FLOWS) {
                g_string_append_printf(missing, "%s%u in %s", missing->len > 0 ? ", " : "", n,
                                       twin_set_title((TwinSet)s));
            }
        }
        if (missing->len > 0) {
            twin_table_note(table, "Label %s: %s",
                            (const char *)g_ptr_array_index(judge->labels, label), missing->str);
        }
    }
}

static void describe_sets(const TwinJudge *judge, const char *note, TwinReport *self)
{
    TwinTable *table = twin_report_add(self, &set_head);
    if (note != NULL) {
        twin_table_note(table, "%s", note);
    }
    TwinTableRow *rows_of[] = {
        twin_table_add(table, "flows", "Flows"),
        twin_table_add(table, "packets", "Packets"),
        twin_table_add(table, "labels", "Labels"),
    };
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        size_t n_labels = 0;
        for (size_t label = 0; label < judge->labels->len; label++) {
            n_labels += judge->sets[s].n_of_label[label] > 0 ? 1 : 0;
        }
        const double numbers[] = {
            (double)judge->sets[s].n_flows,
            (double)twin_flows_counts(judge->sets[s].flows)->tcp,
            (double)n_labels,
        };
        for (size_t r = 0; r < G_N_ELEMENTS(numbers); r++) {
            rows_of[r]->cells[s] = twin_cell(TWIN_FORMAT_COUNT, numbers[r]);
        }
        if (judge->sets[s].n_flows == 0) {
            twin_table_note(table, "The %s set has no TCP flow: nothing can be said of it.",
                            twin_set_title((TwinSet)s));
        }
    }
    note_labels(judge, table);
}

static bool check_arguments(const TwinReportOptions *options, GError **error)
{
    if (options->n_threads < 1 || options->n_repeats < 1 || options->most_flows < 2) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "a judgement takes at least one thread, one repeat and two flows a side");
        return false;
    }
    return true;
}

TwinReport *twin_report_new(const TwinFlows *real, const TwinFlows *holdout,
                            const TwinFlows *synthetic, const TwinReportOptions *options,
                            GError **error)
{
    if (!check_arguments(options, error)) {
        return NULL;
    }
    const TwinFlows *const flows[TWIN_N_SETS] = {real, holdout, synthetic};
    g_autoptr(TwinJudge) judge = twin_judge_new(flows, options);
    g_autoptr(TwinReport) self = twin_report_new_empty();
    self->seed = options->seed;
    describe_sets(judge, options->note, self);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        judge->stage->what = rows[r].what;
        judge->stage->begin = (double)r / G_N_ELEMENTS(rows);
        judge->stage->end = (double)(r + 1) / G_N_ELEMENTS(rows);
        if (twin_judge_goes_on(judge, 0)) {
            rows[r].measure(judge, self);
        }
        if (judge->stage->is_stopped) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "judging was stopped");
            return NULL;
        }
    }
    self->verdict = twin_verdict(self);
    return g_steal_pointer(&self);
}

void twin_report_free(TwinReport *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->tables);
        g_clear_pointer(&self->verdict, g_ptr_array_unref);
        g_free(self->study);
        g_free(self);
    }
}
