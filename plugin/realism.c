/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "realism.h"

#include <flowtwin/error.h>

#include "capture_file.h"
#include "job.h"
#include "judging.h"
#include "module.h"
#include "place.h"

#include <glib/gstdio.h>

#define TITLE "Realism report"

enum { LOOK_MS = 50 };

static struct {
    TwinJudging *judging; /* NULL: none goes on */
    guint source;
} realism; // NOLINT(*-avoid-non-const-global-variables)

bool twin_realism_is_running(void)
{
    return realism.judging != NULL;
}

static void say(TwinMessage kind, const char *text, const char *remedy)
{
    twin_module_window()->show_message(kind, TITLE, text, remedy);
}

/* The user's browser. */
static bool open_browser(const char *path)
{
    g_autofree char *copy = g_strdup(path);
    char *command[] = {(char[]){"xdg-open"}, copy, NULL};
    const GSpawnFlags flags =
        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    return g_spawn_async(NULL, command, NULL, flags, NULL, NULL, NULL, NULL);
}

static void show_report(const char *verdict, const char *output)
{
    g_autofree char *name = g_filename_display_name(output);
    const bool is_open = open_browser(output);
    g_autofree char *remedy =
        g_strdup_printf("%s%s", name,
                        is_open ? " opens in your browser."
                                : ": there is no xdg-open here; open it in a browser yourself.");
    say(TWIN_MESSAGE_INFORMATION, verdict, remedy);
}

static void show_end(TwinJudging *judging)
{
    g_autoptr(GError) error = NULL;
    const char *verdict = twin_judging_verdict(judging, &error);
    if (verdict != NULL) {
        show_report(verdict, twin_judging_output(judging));
    } else if (g_error_matches(error, TWIN_ERROR, TWIN_ERROR_EMPTY)) {
        g_autofree char *text = g_strdup_printf("%s.", error->message);
        say(TWIN_MESSAGE_INFORMATION, text, "Choose a capture with 100 TCP flows or more.");
    } else if (!g_error_matches(error, TWIN_ERROR, TWIN_ERROR_CANCELLED)) {
        g_autofree char *text = g_strdup_printf("There is no report: %s", error->message);
        say(TWIN_MESSAGE_ERROR, text, "");
    }
}

static gboolean watch(void *data)
{
    (void)data;
    g_autofree char *what = NULL;
    double fraction = 0;
    const bool is_done = twin_judging_look(realism.judging, &what, &fraction);
    twin_module_window()->update_progress(what, fraction);
    if (!is_done) {
        return G_SOURCE_CONTINUE;
    }
    realism.source = 0; /* ended by what is returned below */
    TwinJudging *judging = g_steal_pointer(&realism.judging);
    twin_module_window()->close_progress();
    show_end(judging);
    twin_judging_free(judging);
    return G_SOURCE_REMOVE;
}

static void cancel(void)
{
    if (realism.judging != NULL) {
        twin_judging_cancel(realism.judging);
    }
}

static void start(const TwinCase *brief)
{
    g_autoptr(GError) error = NULL;
    if (twin_job_is_running()) {
        say(TWIN_MESSAGE_INFORMATION, "Another piece of work goes on.",
            "Wait for its end, or cancel it.");
        return;
    }
    realism.judging = twin_judging_start(brief, &error);
    if (realism.judging == NULL) {
        say(TWIN_MESSAGE_ERROR, error->message, "");
        return;
    }
    twin_module_window()->open_progress(TITLE, cancel);
    realism.source = g_timeout_add(LOOK_MS, watch, NULL);
}

void twin_realism_judge_design(const TwinFlows *flows, const TwinRequest *request,
                               const char *capture)
{
    const size_t n_flows = twin_flows_n_flows(flows);
    if (n_flows < TWIN_LEAST_JUDGED) {
        g_autofree char *text = g_strdup_printf(
            "There is no report on %zu flow%s. It learns anew from 80 %% of the flows and judges "
            "against the other 20 %%; of fewer than %d flows these are too few to tell anything.",
            n_flows, n_flows == 1 ? "" : "s", TWIN_LEAST_JUDGED);
        say(TWIN_MESSAGE_INFORMATION, text, "Learn from more flows: the whole capture, perhaps.");
        return;
    }
    g_autofree char *output = twin_place_free_name(capture, "realism", "html");
    const TwinCase brief = {.flows = flows, .request = *request, .output = output};
    start(&brief);
}

static bool is_same_file(const char *one, const char *other)
{
    GStatBuf first;
    GStatBuf second;
    return g_stat(one, &first) == 0 && g_stat(other, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static void judge_against(const char *real)
{
    const capture_file *file = twin_capture_file();
    if (file == NULL || file->filename == NULL) {
        say(TWIN_MESSAGE_INFORMATION, "The capture was closed.", "Open it again.");
        return;
    }
    if (is_same_file(file->filename, real)) {
        say(TWIN_MESSAGE_INFORMATION, "This is the open capture itself.",
            "Choose the real capture that it is to be judged against.");
        return;
    }
    g_autofree char *output = twin_place_free_name(file->filename, "realism", "html");
    const TwinCase brief = {
        .real = real, .synthetic = file->filename, .request.seed = 1, .output = output};
    start(&brief);
}

void twin_realism_ask(void)
{
    const capture_file *file = twin_capture_file();
    if (file == NULL || file->filename == NULL || !twin_capture_file_is_read(file)) {
        say(TWIN_MESSAGE_INFORMATION, "There is no capture to judge, or it is still being read.",
            "Open a synthetic capture; you are then asked for a real one.");
        return;
    }
    g_autofree char *folder = g_path_get_dirname(file->filename);
    twin_module_window()->choose_file("Real capture to judge against", folder, judge_against);
}

void twin_realism_shut_down(void)
{
    if (realism.source != 0) {
        (void)g_source_remove(realism.source);
        realism.source = 0;
    }
    g_clear_pointer(&realism.judging, twin_judging_free);
}
