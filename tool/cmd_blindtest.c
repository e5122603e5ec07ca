/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <string.h>

/* The first line of the file that --passphrase names; NULL with an error where there is none.
 * (transfer full) */
static char *read_passphrase(const char *path, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "%s", cause->message);
        return NULL;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (*text == '\0') {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%s: the first line is empty", name);
        return NULL;
    }
    return g_steal_pointer(&text);
}

static void say_what_was_made(const Options *options, const TwinBlindCounts *counts)
{
    const size_t n_wanted = options_number(options->flows, 200) / 2 * 2;
    static const char *const kinds[] = {"real", "synthetic"};
    say(options, "study %s: %zu flows in %s/handout, the key beside it", counts->study,
        counts->n_flows, options->output);
    for (size_t s = 0; s < G_N_ELEMENTS(kinds); s++) {
        if (counts->n_unfit[s] > 0) {
            say(options,
                "%zu of %zu %s flows were not drawn from: headers cut by the snap length, "
                "or lengths that no IP header can say",
                counts->n_unfit[s], counts->n_read[s], kinds[s]);
        }
    }
    if (counts->tick_ns > 1000) {
        say(options,
            "times are whole %" G_GINT64_FORMAT " µs in one of the captures, so in the "
            "test",
            counts->tick_ns / 1000);
    }
    if (counts->n_flows < n_wanted) {
        say(options, "warning: no more pairs of a real and a synthetic flow share a service and an "
                     "IP version");
    }
}

static int make(const Options *options)
{
    if (options->rest[1] != NULL) {
        usage_error("blindtest make takes captures by --real and --synthetic");
    }
    if (options->real == NULL || options->synthetic == NULL || options->output == NULL) {
        usage_error("blindtest make wants --real CAPTURE, --synthetic CAPTURE and -o FOLDER; see "
                    "flowtwin blindtest --help");
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *passphrase = NULL;
    if (options->passphrase != NULL) {
        passphrase = read_passphrase(options->passphrase, &error);
        if (passphrase == NULL) {
            return report_error(error);
        }
    }
    TwinBlindOptions blind = TWIN_BLIND_OPTIONS_INIT;
    blind.real = (const char *const *)options->real;
    blind.synthetic = (const char *const *)options->synthetic;
    blind.n_flows = options_number(options->flows, blind.n_flows);
    blind.seed = options_number(options->seed, blind.seed);
    blind.has_fixed_times = options->fixed_times;
    blind.writes_flows = options->apart;
    blind.may_replace = options->force;
    blind.passphrase = passphrase;
    blind.progress = tool_progress(options);
    TwinBlindCounts counts;
    if (!twin_blind_make(options->output, &blind, &counts, &error)) {
        return report_error(error);
    }
    tool_progress_clear();
    say_what_was_made(options, &counts);
    return EXIT_GOOD;
}

static int score(const Options *options)
{
    char **const rest = options->rest;
    if (rest[1] == NULL || rest[2] == NULL) {
        usage_error("blindtest score wants KEY SHEET…; see flowtwin blindtest --help");
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *passphrase = NULL;
    if (options->passphrase != NULL) {
        passphrase = read_passphrase(options->passphrase, &error);
        if (passphrase == NULL) {
            return report_error(error);
        }
    }
    g_autoptr(TwinBlindScore) scored =
        twin_blind_score_new(rest[1], passphrase, (const char *const *)(rest + 2), &error);
    if (scored == NULL) {
        return report_error(error);
    }
    g_autofree char *text =
        options->json ? twin_blind_score_json(scored) : twin_blind_score_text(scored);
    return print_result(text);
}

int cmd_blindtest(const Options *options)
{
    static const struct {
        const char *name;
        int (*run)(const Options *options);
    } parts[] = {{"make", make}, {"score", score}};
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        if (strcmp(options->rest[0], parts[p].name) == 0) {
            return parts[p].run(options);
        }
    }
    usage_error("blindtest make or blindtest score is wanted, not blindtest %s", options->rest[0]);
}
