/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/blindtest.h>
#include <flowtwin/error.h>

#include "base/text_file.h"
#include "eval/blind_agree.h"
#include "eval/blind_key.h"
#include "eval/blind_mark.h"
#include "eval/measures.h"
#include "eval/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MAX_KEY_BYTES = 32 << 20,
    N_GRADES = TWIN_GRADE_NONE,
    N_KINDS = 2, /* real, generated */
    MOST_SHEETS = 1000,
};

static const char *const kind_titles[N_KINDS] = {"Real flows", "Generated flows"};
static const char *const kind_ids[N_KINDS] = {"real", "generated"};

/* One annotator. */
typedef struct {
    char *name;
    char *id; /* JSON key */
    TwinBlindSheet *sheet;
    size_t counts[N_KINDS][N_GRADES + 1]; /* flows of a kind by answer, none last */
    size_t n_answers[N_KINDS];
    size_t n_wrong[N_KINDS];
} Annotator;

typedef struct {
    TwinBlindKey *key;
    Annotator *annotators;
    size_t n_annotators;
} Study;

struct TwinBlindScore {
    TwinReport *report;
};

static void study_clear(Study *self)
{
    for (size_t a = 0; a < self->n_annotators; a++) {
        g_free(self->annotators[a].name);
        g_free(self->annotators[a].id);
        twin_blind_sheet_free(self->annotators[a].sheet);
    }
    g_free(self->annotators);
    twin_blind_key_free(self->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Study, study_clear)

/* ---- reading ---- */

static bool read_key(Study *self, const char *path, const char *passphrase, GError **error)
{
    g_autofree char *text = NULL;
    size_t n_bytes = 0;
    if (!twin_text_file_read(path, MAX_KEY_BYTES, &text, &n_bytes, error)) {
        return false;
    }
    self->key = twin_blind_key_open(text, passphrase, error);
    if (self->key == NULL) {
        g_autofree char *name = twin_text_file_name(path);
        g_prefix_error(error, "%s: ", name);
        return false;
    }
    return true;
}

static void count_answers(Annotator *self, const TwinBlindKey *key)
{
    for (size_t f = 0; f < key->n_flows; f++) {
        const TwinGrade grade = twin_blind_sheet_grade(self->sheet, f + 1);
        const bool is_generated = key->truths[f].is_generated;
        const unsigned kind = is_generated ? 1 : 0;
        self->counts[kind][grade]++;
        if (grade != TWIN_GRADE_NONE) {
            self->n_answers[kind]++;
            self->n_wrong[kind] += twin_grade_says_generated(grade) != is_generated ? 1 : 0;
        }
    }
}

static bool read_sheet(Study *self, Annotator *annotator, const char *path, GError **error)
{
    annotator->sheet = twin_blind_sheet_read(path, error);
    if (annotator->sheet == NULL) {
        return false;
    }
    const char *study = twin_blind_sheet_study(annotator->sheet);
    if (strcmp(study, self->key->study) != 0 ||
        twin_blind_sheet_n_flows(annotator->sheet) != self->key->n_flows) {
        g_autofree char *name = twin_text_file_name(path);
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "%s: is of study %s with %zu flows, the key of %s with %zu; take the key that "
                    "was made with it",
                    name, study, twin_blind_sheet_n_flows(annotator->sheet), self->key->study,
                    self->key->n_flows);
        return false;
    }
    count_answers(annotator, self->key);
    return true;
}

/* What the file is called without its ending; its whole path where two are called alike. */
static void name_annotators(Study *self, const char *const *sheets, bool by_path)
{
    bool is_double = false;
    for (size_t a = 0; a < self->n_annotators; a++) {
        Annotator *annotator = &self->annotators[a];
        g_autofree char *shown =
            by_path ? twin_text_file_name(sheets[a]) : g_filename_display_basename(sheets[a]);
        g_free(annotator->name);
        annotator->name = g_str_has_suffix(shown, ".tsv") && strlen(shown) > 4
                              ? g_strndup(shown, strlen(shown) - 4)
                              : g_strdup(shown);
        g_free(annotator->id);
        annotator->id = twin_table_key(annotator->name);
        for (size_t b = 0; b < a; b++) {
            is_double = is_double || strcmp(self->annotators[b].name, annotator->name) == 0;
        }
    }
    if (is_double && !by_path) {
        name_annotators(self, sheets, true);
    }
}

static bool read_sheets(Study *self, const char *const *sheets, GError **error)
{
    size_t n = 0;
    while (sheets[n] != NULL && n <= MOST_SHEETS) {
        n++;
    }
    if (n < 1 || n > MOST_SHEETS) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT, "1 to %d sheets are wanted",
                    MOST_SHEETS);
        return false;
    }
    self->annotators = g_new0(Annotator, n);
    self->n_annotators = n;
    size_t n_answers = 0;
    for (size_t a = 0; a < n; a++) {
        if (!read_sheet(self, &self->annotators[a], sheets[a], error)) {
            return false;
        }
        n_answers += twin_blind_sheet_n_answers(self->annotators[a].sheet);
    }
    if (n_answers == 0) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                            "no sheet has an answer yet; nothing to score");
        return false;
    }
    name_annotators(self, sheets, false);
    return true;
}

/* ---- figures ---- */

typedef struct {
    double n, sum, squares;
} Moments;

static void add_value(Moments *moments, double value)
{
    moments->n += 1;
    moments->sum += value;
    moments->squares += value * value;
}

/* Mean and standard deviation over annotators (n - 1), which one alone does not have. */
static TwinCell moments_cell(const Moments *moments, TwinFormat format)
{
    const double n = moments->n;
    const double mean = moments->sum / n;
    const double variance = (moments->squares - n * mean * mean) / (n - 1);
    return twin_cell_spread(format, n > 0 ? mean : TWIN_NO_VALUE,
                            n > 1 ? sqrt(MAX(variance, 0)) : TWIN_NO_VALUE);
}

static double share_of(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : TWIN_NO_VALUE;
}

static const TwinColumnHead grade_columns[] = {
    {"real", "real"},
    {"likely_real", "likely real"},
    {"likely_generated", "likely generated"},
    {"generated", "generated"},
    {"unanswered", "no answer"},
};

static const TwinTableHead grades_head = {
    .id = "table_1",
    .title = "Answers, per cent",
    .about = "Of each kind of flow, how many per cent got which answer: mean and standard "
             "deviation over annotators.",
    .columns = grade_columns,
    .n_columns = N_GRADES,
};

static void add_grades(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &grades_head);
    for (unsigned kind = 0; kind < N_KINDS; kind++) {
        TwinTableRow *row = twin_table_add(table, kind_ids[kind], kind_titles[kind]);
        for (unsigned grade = 0; grade < N_GRADES; grade++) {
            Moments moments = {0, 0, 0};
            for (size_t a = 0; a < study->n_annotators; a++) {
                const Annotator *annotator = &study->annotators[a];
                if (annotator->n_answers[kind] > 0) {
                    add_value(&moments, 100 * share_of(annotator->counts[kind][grade],
                                                       annotator->n_answers[kind]));
                }
            }
            row->cells[grade] = moments_cell(&moments, TWIN_FORMAT_RATE);
        }
    }
    if (study->n_annotators == 1) {
        twin_table_note(table, "One annotator: there is no deviation over annotators.");
    }
}

static const TwinColumnHead error_columns[] = {
    {"error_rate", "error rate"}, {"low", "95 % from"}, {"high", "to"},
    {"mean", "mean ± sd"},        {"wrong", "wrong"},   {"answers", "answers"},
};

static const TwinTableHead errors_head = {
    .id = "errors",
    .title = "Taken for what they are not",
    .about = "A real flow that was called generated or likely so, and the other way round. 0.5 is "
             "what guessing gives. Wilson's interval over all answers; mean and standard deviation "
             "over annotators.",
    .columns = error_columns,
    .n_columns = G_N_ELEMENTS(error_columns),
};

/* Bits of kinds that an error rate is over. */
static const struct {
    const char *id;
    const char *title;
    bool has[N_KINDS];
} error_rows[] = {
    {"all", "All flows", {true, true}},
    {"real", "Real flows called generated", {true, false}},
    {"generated", "Generated flows called real", {false, true}},
};

static void add_interval(TwinTableRow *row, size_t wrong, size_t answers, size_t column)
{
    double low = 0;
    double high = 0;
    twin_wilson(wrong, answers, &low, &high);
    row->cells[column] = twin_cell_share(wrong, answers);
    row->cells[column + 1] = twin_cell(TWIN_FORMAT_SHARE, low);
    row->cells[column + 2] = twin_cell(TWIN_FORMAT_SHARE, high);
}

static void add_errors(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &errors_head);
    for (size_t r = 0; r < G_N_ELEMENTS(error_rows); r++) {
        TwinTableRow *row = twin_table_add(table, error_rows[r].id, error_rows[r].title);
        Moments moments = {0, 0, 0};
        size_t wrong = 0;
        size_t answers = 0;
        for (size_t a = 0; a < study->n_annotators; a++) {
            size_t own_wrong = 0;
            size_t own_answers = 0;
            for (unsigned kind = 0; kind < N_KINDS; kind++) {
                const Annotator *annotator = &study->annotators[a];
                own_wrong += error_rows[r].has[kind] ? annotator->n_wrong[kind] : 0;
                own_answers += error_rows[r].has[kind] ? annotator->n_answers[kind] : 0;
            }
            if (own_answers > 0) {
                add_value(&moments, share_of(own_wrong, own_answers));
            }
            wrong += own_wrong;
            answers += own_answers;
        }
        add_interval(row, wrong, answers, 0);
        row->cells[3] = moments_cell(&moments, TWIN_FORMAT_SHARE);
        row->cells[4] = twin_cell(TWIN_FORMAT_COUNT, (double)wrong);
        row->cells[5] = twin_cell(TWIN_FORMAT_COUNT, (double)answers);
    }
    if (study->n_annotators > 1) {
        twin_table_note(table, "The interval takes answers for independent, which those of several "
                               "annotators on one flow are not: it is rather too narrow.");
    }
}

static const TwinColumnHead annotator_columns[] = {
    {"error_rate", "error rate"}, {"low", "95 % from"},       {"high", "to"},
    {"real", "on real"},          {"generated", "on gener."}, {"kappa_truth", "kappa to truth"},
    {"answers", "answers"},
};

static const TwinTableHead annotators_head = {
    .id = "annotators",
    .title = "Annotators",
    .about = "Each annotator's error rate with Wilson's 95 % interval, that on real and on "
             "generated flows, and Cohen's kappa between answer and truth (0: chance, 1: all "
             "right).",
    .columns = annotator_columns,
    .n_columns = G_N_ELEMENTS(annotator_columns),
};

static void add_annotators(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &annotators_head);
    for (size_t a = 0; a < study->n_annotators; a++) {
        const Annotator *annotator = &study->annotators[a];
        const size_t *answers = annotator->n_answers;
        const size_t *wrong = annotator->n_wrong;
        const uint32_t sides[] = {
            (uint32_t)(answers[0] - wrong[0]),
            (uint32_t)wrong[0],
            (uint32_t)wrong[1],
            (uint32_t)(answers[1] - wrong[1]),
        };
        TwinTableRow *row = twin_table_add(table, annotator->id, annotator->name);
        add_interval(row, wrong[0] + wrong[1], answers[0] + answers[1], 0);
        row->cells[3] = twin_cell_share(wrong[0], answers[0]);
        row->cells[4] = twin_cell_share(wrong[1], answers[1]);
        row->cells[5] = twin_cell(TWIN_FORMAT_SHARE, twin_kappa_cohen(sides, N_KINDS));
        row->cells[6] = twin_cell(TWIN_FORMAT_COUNT, (double)(answers[0] + answers[1]));
    }
}

static const TwinTableHead confusion_head = {
    .id = "confusion",
    .title = "What each said, flows",
    .about = "Each annotator's confusion table: what flows were, and what they were called.",
    .columns = grade_columns,
    .n_columns = N_GRADES + 1,
};

static void add_confusion(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &confusion_head);
    for (size_t a = 0; a < study->n_annotators; a++) {
        const Annotator *annotator = &study->annotators[a];
        for (unsigned kind = 0; kind < N_KINDS; kind++) {
            g_autofree char *id = g_strdup_printf("%s_%s", annotator->id, kind_ids[kind]);
            g_autofree char *title = g_strdup_printf("%s: %s", annotator->name, kind_ids[kind]);
            TwinTableRow *row = twin_table_add(table, id, title);
            for (unsigned grade = 0; grade <= N_GRADES; grade++) {
                row->cells[grade] =
                    twin_cell(TWIN_FORMAT_COUNT, (double)annotator->counts[kind][grade]);
            }
        }
    }
}

/* ---- agreement ---- */

static const TwinColumnHead agreement_columns[] = {
    {"four_grades", "four grades"},
    {"two_sides", "real or generated"},
    {"flows", "flows"},
};

static const TwinTableHead agreement_head = {
    .id = "agreement",
    .title = "Agreement: kappa",
    .about = "Fleiss' kappa over the flows that all have graded, Cohen's of two annotators over "
             "those that both have; by the four grades, and by the side that they are on.",
    .columns = agreement_columns,
    .n_columns = G_N_ELEMENTS(agreement_columns),
};

static unsigned side_of(TwinGrade grade)
{
    return twin_grade_says_generated(grade) ? 1 : 0;
}

static void add_cohen(const Study *study, size_t a, size_t b, TwinTable *table)
{
    uint32_t grades[N_GRADES * N_GRADES] = {0};
    uint32_t sides[N_KINDS * N_KINDS] = {0};
    size_t n_flows = 0;
    for (size_t f = 1; f <= study->key->n_flows; f++) {
        const TwinGrade first = twin_blind_sheet_grade(study->annotators[a].sheet, f);
        const TwinGrade second = twin_blind_sheet_grade(study->annotators[b].sheet, f);
        if (first != TWIN_GRADE_NONE && second != TWIN_GRADE_NONE) {
            grades[(unsigned)first * N_GRADES + (unsigned)second]++;
            sides[side_of(first) * N_KINDS + side_of(second)]++;
            n_flows++;
        }
    }
    const Annotator *annotators = study->annotators;
    g_autofree char *id = g_strdup_printf("%s_%s", annotators[a].id, annotators[b].id);
    g_autofree char *title =
        g_strdup_printf("Cohen: %s, %s", annotators[a].name, annotators[b].name);
    TwinTableRow *row = twin_table_add(table, id, title);
    row->cells[0] = twin_cell(TWIN_FORMAT_SHARE, twin_kappa_cohen(grades, N_GRADES));
    row->cells[1] = twin_cell(TWIN_FORMAT_SHARE, twin_kappa_cohen(sides, N_KINDS));
    row->cells[2] = twin_cell(TWIN_FORMAT_COUNT, (double)n_flows);
}

/* False where somebody has not graded the flow. */
static bool count_flow(const Study *study, size_t flow, uint32_t grades[N_GRADES],
                       uint32_t sides[N_KINDS])
{
    memset(grades, 0, N_GRADES * sizeof *grades);
    memset(sides, 0, N_KINDS * sizeof *sides);
    for (size_t a = 0; a < study->n_annotators; a++) {
        const TwinGrade grade = twin_blind_sheet_grade(study->annotators[a].sheet, flow);
        if (grade == TWIN_GRADE_NONE) {
            return false;
        }
        grades[grade]++;
        sides[side_of(grade)]++;
    }
    return true;
}

static void add_fleiss(const Study *study, TwinTable *table)
{
    g_autofree uint32_t *grades = g_new(uint32_t, study->key->n_flows * N_GRADES);
    g_autofree uint32_t *sides = g_new(uint32_t, study->key->n_flows * N_KINDS);
    size_t n_flows = 0;
    for (size_t f = 1; f <= study->key->n_flows; f++) {
        if (count_flow(study, f, &grades[n_flows * N_GRADES], &sides[n_flows * N_KINDS])) {
            n_flows++;
        }
    }
    TwinTableRow *row = twin_table_add(table, "fleiss", "Fleiss: all");
    row->cells[0] = twin_cell(TWIN_FORMAT_SHARE, twin_kappa_fleiss(grades, n_flows, N_GRADES));
    row->cells[1] = twin_cell(TWIN_FORMAT_SHARE, twin_kappa_fleiss(sides, n_flows, N_KINDS));
    row->cells[2] = twin_cell(TWIN_FORMAT_COUNT, (double)n_flows);
}

static void add_agreement(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &agreement_head);
    if (study->n_annotators < 2) {
        twin_table_note(table, "One annotator: nobody to agree with.");
        return;
    }
    add_fleiss(study, table);
    for (size_t a = 0; a < study->n_annotators; a++) {
        for (size_t b = a + 1; b < study->n_annotators; b++) {
            add_cohen(study, a, b, table);
        }
    }
}

/* ---- flow by flow, for programs ---- */

static const TwinColumnHead flow_columns[] = {
    {"is_generated", "generated"},
    {"source_flow", "source flow"},
    {"answers", "answers"},
    {"wrong", "wrong"},
};

static const TwinTableHead flows_head = {
    .id = "flows",
    .title = "Flow by flow",
    .about = "What each flow was, its number in the captures that it comes from, its service, and "
             "what annotators said.",
    .columns = flow_columns,
    .n_columns = G_N_ELEMENTS(flow_columns),
    .is_detail = true,
};

static void add_flow(const Study *study, size_t flow, TwinTable *table)
{
    const TwinBlindTruth *truth = &study->key->truths[flow - 1];
    g_autoptr(GString) text = g_string_new(truth->service);
    size_t n_answers = 0;
    size_t n_wrong = 0;
    for (size_t a = 0; a < study->n_annotators; a++) {
        const TwinGrade grade = twin_blind_sheet_grade(study->annotators[a].sheet, flow);
        if (grade != TWIN_GRADE_NONE) {
            n_answers++;
            n_wrong += twin_grade_says_generated(grade) != truth->is_generated ? 1 : 0;
            g_string_append_printf(text, "; %s: %s", study->annotators[a].name,
                                   twin_grade_name(grade));
        }
    }
    g_autofree char *id = g_strdup_printf("%zu", flow);
    TwinTableRow *row = twin_table_add(table, id, kind_ids[truth->is_generated ? 1 : 0]);
    row->cells[0] = twin_cell(TWIN_FORMAT_COUNT, truth->is_generated ? 1 : 0);
    row->cells[1] = twin_cell(TWIN_FORMAT_COUNT, truth->source_flow);
    row->cells[2] = twin_cell(TWIN_FORMAT_COUNT, (double)n_answers);
    row->cells[3] = twin_cell(TWIN_FORMAT_COUNT, (double)n_wrong);
    row->text = g_strdup(text->str);
}

static void add_flows(const Study *study, TwinReport *report)
{
    TwinTable *table = twin_report_add(report, &flows_head);
    for (size_t f = 1; f <= study->key->n_flows; f++) {
        add_flow(study, f, table);
    }
}

/* ---- all of it ---- */

static const char *telling(const TwinTableRow *row)
{
    if (row->cells[1].value > 0.5) {
        return "worse than guessing";
    }
    return row->cells[2].value < 0.5 ? "better than guessing" : "not to be told from guessing";
}

static void add_verdict(const Study *study, TwinReport *report)
{
    const TwinTable *errors = twin_report_find(report, errors_head.id);
    report->verdict = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(report->verdict,
                    g_strdup_printf("Study %s: %zu flows, %zu %s.", study->key->study,
                                    study->key->n_flows, study->n_annotators,
                                    study->n_annotators == 1 ? "annotator" : "annotators"));
    const TwinTableRow *all = twin_table_find(errors, "all");
    g_autofree char *rate = twin_cell_text(&all->cells[0]);
    g_autofree char *low = twin_cell_text(&all->cells[1]);
    g_autofree char *high = twin_cell_text(&all->cells[2]);
    g_ptr_array_add(report->verdict,
                    g_strdup_printf("%s of %.0f answers are wrong (95 %%: %s to %s): %s.", rate,
                                    all->cells[5].value, low, high, telling(all)));
    g_autofree char *fooled = twin_cell_text(&twin_table_find(errors, "generated")->cells[0]);
    g_autofree char *doubted = twin_cell_text(&twin_table_find(errors, "real")->cells[0]);
    g_ptr_array_add(report->verdict,
                    g_strdup_printf("Of generated flows %s were called real, of real ones %s "
                                    "generated.",
                                    fooled, doubted));
}

TwinBlindScore *twin_blind_score_new(const char *key, const char *passphrase,
                                     const char *const *sheets, GError **error)
{
    static void (*const parts[])(const Study *, TwinReport *) = {
        add_grades, add_errors, add_annotators, add_agreement, add_confusion, add_flows,
    };
    g_auto(Study) study = {.n_annotators = 0};
    if (!read_key(&study, key, passphrase, error) || !read_sheets(&study, sheets, error)) {
        return NULL;
    }
    TwinBlindScore *self = g_new0(TwinBlindScore, 1);
    self->report = twin_report_new_empty();
    self->report->study = g_strdup(study.key->study);
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        parts[p](&study, self->report);
    }
    add_verdict(&study, self->report);
    return self;
}

void twin_blind_score_free(TwinBlindScore *self)
{
    if (self != NULL) {
        twin_report_free(self->report);
        g_free(self);
    }
}

char *twin_blind_score_text(const TwinBlindScore *self)
{
    return twin_report_text(self->report);
}

char *twin_blind_score_json(const TwinBlindScore *self)
{
    return twin_report_json(self->report);
}
