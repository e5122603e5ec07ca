/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

/* The three captures of a judgement, in this order. */
enum { N_SETS = 3 };

typedef struct {
    const char *name;
    char **paths;
    TwinFlows *flows;
} Set;

static bool read_sets(const Options *options, Set sets[N_SETS], GError **error)
{
    g_autoptr(TwinLabels) labels = NULL;
    if (options->label_files != NULL) {
        labels = twin_labels_open_all((const char *const *)options->label_files,
                                      g_strv_length(options->label_files), error);
        if (labels == NULL) {
            return false;
        }
    }
    for (size_t s = 0; s < N_SETS; s++) {
        say(options, "%s:", sets[s].name);
        sets[s].flows = read_labelled_flows(options, sets[s].paths, labels, false, true, error);
        if (sets[s].flows == NULL) {
            return false;
        }
        say_what_was_read(options, sets[s].flows);
    }
    return true;
}

/* Writes @text to @path, which is not there yet unless --force. */
static bool write_text(const Options *options, const char *path, const char *text, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);
    if (!options->force && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EXISTS,
                    "%s: exists; --force replaces it, or name another output", name);
        return false;
    }
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(path, text, -1, &cause)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: %s", name, cause->message);
        return false;
    }
    return true;
}

static bool write_files(const Options *options, const TwinReport *report, GError **error)
{
    const struct {
        const char *path;
        char *(*make)(const TwinReport *);
    } files[] = {
        {options->json_out, twin_report_json},
        {options->html_out, twin_report_html},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i].path != NULL) {
            g_autofree char *text = files[i].make(report);
            if (!write_text(options, files[i].path, text, error)) {
                return false;
            }
        }
    }
    return true;
}

static int judge(const Options *options, const Set sets[N_SETS])
{
    TwinReportOptions report_options = TWIN_REPORT_OPTIONS_INIT;
    report_options.seed = options_number(options->seed, 1);
    report_options.n_repeats = (unsigned)options_number(options->repeats, report_options.n_repeats);
    report_options.n_threads = options_threads(options);
    report_options.progress = tool_progress(options);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinReport) report =
        twin_report_new(sets[0].flows, sets[1].flows, sets[2].flows, &report_options, &error);
    if (report == NULL || !write_files(options, report, &error)) {
        return report_error(error);
    }
    g_autofree char *text = twin_report_text(report);
    return print_result(text);
}

int cmd_evaluate(const Options *options)
{
    Set sets[N_SETS] = {
        {"real", options->real, NULL},
        {"holdout", options->holdout, NULL},
        {"synthetic", options->synthetic, NULL},
    };
    for (size_t s = 0; s < N_SETS; s++) {
        if (sets[s].paths == NULL) {
            usage_error("evaluate wants --%s CAPTURE; see flowtwin evaluate --help", sets[s].name);
        }
    }
    g_autoptr(GError) error = NULL;
    const int status =
        read_sets(options, sets, &error) ? judge(options, sets) : report_error(error);
    for (size_t s = 0; s < N_SETS; s++) {
        twin_flows_free(sets[s].flows);
    }
    return status;
}
