/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outcome.h"

#include "capture_file.h"
#include "module.h"
#include "realism.h"

static const char *const titles[] = {
    [TWIN_TASK_SYNTHESIZE] = "Synthesize similar flows",
    [TWIN_TASK_LEARN] = "Learn model",
    [TWIN_TASK_GENERATE] = "Generate from model",
};

/* What is done about an error beside what its own line says. */
static const struct {
    TwinError code;
    const char *remedy;
} remedy_table[] = {
    {TWIN_ERROR_EMPTY, "Choose more flows to learn from; the whole capture, for example."},
    {TWIN_ERROR_TOO_LARGE, "Ask for fewer flows, or learn from fewer."},
    {TWIN_ERROR_FORMAT, "Choose a file that flowtwin wrote."},
    {TWIN_ERROR_UNSUPPORTED, "Learn the model again with this version."},
    {TWIN_ERROR_INPUT, "Reload the capture, then try again."},
    {TWIN_ERROR_OUTPUT, "Choose another folder for the output, or make room there."},
    {TWIN_ERROR_EXISTS, "Choose another name for the output."},
};

const char *twin_outcome_title(const TwinRequest *request)
{
    return titles[request->task];
}

void twin_outcome_failed(const TwinRequest *request, const GError *error)
{
    if (g_error_matches(error, TWIN_ERROR, TWIN_ERROR_CANCELLED)) {
        return;
    }
    const char *remedy = "";
    for (size_t i = 0; i < G_N_ELEMENTS(remedy_table); i++) {
        if (g_error_matches(error, TWIN_ERROR, (gint)remedy_table[i].code)) {
            remedy = remedy_table[i].remedy;
        }
    }
    g_autofree char *text = g_strdup_printf("Nothing was written: %s", error->message);
    twin_module_window()->show_message(TWIN_MESSAGE_ERROR, titles[request->task], text, remedy);
}

/* ---- the summary ---- */

typedef struct {
    TwinWorkResult result;
    TwinRequest request; /* without its strings */
    char *output;
    TwinFlows *imitated; /* NULL: none are known */
} Summary;

static void free_summary(void *data)
{
    Summary *summary = data;
    twin_flows_free(summary->imitated);
    g_free(summary->output);
    g_free(summary);
}

static void report_on_summary(void *data)
{
    const Summary *summary = data;
    twin_realism_judge_design(summary->imitated, &summary->request, summary->output);
}

static const char *const summary_columns[] = {"Check", "Real", "Synthetic", NULL};

/* The first row says of how many flows; a check's share follows. */
static char *share(const TwinWorkTotals *totals, size_t row)
{
    if (totals->n_flows == 0) {
        return g_strdup("–");
    }
    if (row == 0) {
        return g_strdup_printf("%" G_GUINT64_FORMAT, totals->n_flows);
    }
    const size_t check = row - 1;
    return g_strdup_printf("%.1f %%",
                           100.0 * (double)totals->n_passing[check] / (double)totals->n_flows);
}

static char *summary_cell(size_t row, size_t column, void *data)
{
    const Summary *summary = data;
    if (column == 0) {
        return g_strdup(row == 0 ? "Flows" : twin_check_info((TwinCheck)(row - 1))->title);
    }
    return share(column == 1 ? &summary->result.real : &summary->result.synthetic, row);
}

static char *summary_text(const TwinRequest *request, const TwinWorkResult *result, double seconds,
                          bool is_elsewhere)
{
    g_autofree char *name = g_filename_display_name(request->output);
    g_autofree char *size = g_format_size(result->made.n_bytes);
    g_autofree char *source =
        g_strdup_printf("Learned from %zu flows, %zu packets, design %s.", result->n_learned_flows,
                        result->n_learned_packets, twin_preset_name(request->design));
    return g_strdup_printf("%s\n\n%" G_GUINT64_FORMAT " flows, %" G_GUINT64_FORMAT
                           " packets, %s on the wire, %.1f s of traffic, seed %" G_GUINT64_FORMAT
                           ".\n%s\nDone in %.1f s.%s",
                           name, result->made.n_flows, result->made.n_packets, size,
                           (double)(result->made.last_ns - result->made.first_ns) / 1e9,
                           request->seed, request->task == TWIN_TASK_SYNTHESIZE ? source : "",
                           seconds,
                           is_elsewhere ? "\nIt opens in a window of its own: the capture in this "
                                          "one is not saved."
                                        : "");
}

static void show_summary(TwinWork *work, const TwinWorkResult *result, double seconds,
                         bool is_elsewhere)
{
    const TwinRequest *request = twin_work_request(work);
    Summary *summary = g_new0(Summary, 1);
    summary->result = *result;
    summary->request = *request;
    summary->request.model = summary->request.output = NULL;
    summary->output = g_strdup(request->output);
    summary->imitated = twin_work_steal_imitated(work);
    g_autofree char *text = summary_text(request, result, seconds, is_elsewhere);
    const TwinSheet sheet = {
        .title = "Synthetic flows",
        .text = text,
        .hint = "Shares of flows that pass each check of TCP.",
        .tables = {{
            .name = "Checks",
            .columns = summary_columns,
            .alignment = "lrr",
            .n_rows = 1 + TWIN_N_CHECKS,
            .cell = summary_cell,
        }},
        .n_tables = 1,
        .action = summary->imitated != NULL ? "Report…" : NULL,
        .act = report_on_summary,
        .close = free_summary,
        .data = summary,
    };
    twin_module_window()->show_sheet(&sheet);
}

static void show_model(const TwinRequest *request, const TwinWorkResult *result, double seconds)
{
    g_autofree char *name = g_filename_display_name(request->output);
    g_autofree char *text =
        g_strdup_printf("The model was written to %s: learned from %zu flows, %zu packets in "
                        "%.1f s.",
                        name, result->n_learned_flows, result->n_learned_packets, seconds);
    twin_module_window()->show_message(TWIN_MESSAGE_INFORMATION, titles[TWIN_TASK_LEARN], text,
                                       "Tools → flowtwin → Generate from model… uses it.");
}

/* ---- the new capture ---- */

/* The same program, with the same profile. */
static bool open_window(const char *path)
{
    g_auto(GStrv) command = g_new0(char *, 5);
    char *program = g_file_read_link("/proc/self/exe", NULL);
    command[0] = program != NULL ? program : g_strdup("wireshark");
    command[1] = g_strdup("-C");
    command[2] = g_strdup(get_profile_name());
    command[3] = g_strdup(path);
    return g_spawn_async(NULL, command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL);
}

static void open_here(const char *path)
{
    const funnel_ops_t *operations = funnel_get_funnel_ops();
    char *error = NULL;
    (void)operations->open_file(operations->ops_id, path, "", &error);
    g_free(error);
}

/* True where it goes to another window although this one was asked for. */
static bool open_capture(const TwinRequest *request)
{
    const capture_file *file = twin_capture_file();
    const bool is_unsaved = file != NULL && twin_capture_file_is_unsaved(file);
    switch (request->opening) {
    case TWIN_OPENING_HERE:
        if (!is_unsaved) {
            open_here(request->output);
            return false;
        }
        return open_window(request->output);
    case TWIN_OPENING_NEW_WINDOW:
        (void)open_window(request->output);
        break;
    case TWIN_OPENING_NONE:
    case TWIN_N_OPENINGS:
        break;
    }
    return false;
}

typedef struct {
    TwinWork *work;
    double seconds;
} Ended;

/* From the event loop itself: opening a file runs one of its own. */
static gboolean show(void *data)
{
    g_autofree Ended *ended = data;
    g_autoptr(GError) error = NULL;
    const TwinRequest *request = twin_work_request(ended->work);
    const TwinWorkResult *result = twin_work_result(ended->work, &error);
    if (result == NULL) {
        twin_outcome_failed(request, error);
    } else if (request->task == TWIN_TASK_LEARN) {
        show_model(request, result, ended->seconds);
    } else {
        const bool is_elsewhere = open_capture(request);
        show_summary(ended->work, result, ended->seconds, is_elsewhere);
    }
    twin_work_free(ended->work);
    return G_SOURCE_REMOVE;
}

void twin_outcome_show(TwinWork *work, double seconds)
{
    Ended *ended = g_new0(Ended, 1);
    ended->work = work;
    ended->seconds = seconds;
    (void)g_idle_add(show, ended);
}
