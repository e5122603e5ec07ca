/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Work shorter than this shows no progress. */
static const int64_t quiet_us = 1000000;
static const int64_t interval_us = 100000;

/* The one global: a signal handler has nothing else to write to. */
static volatile sig_atomic_t is_stopped; // NOLINT(*-avoid-non-const-global-variables)

/* What the progress line shows. */
typedef struct {
    int64_t began_us;
    int64_t shown_us;
    bool is_shown;
    bool is_wanted;
} Line;

static Line line; // NOLINT(*-avoid-non-const-global-variables)

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    is_stopped = 1;
}

static bool show_progress(const char *what, double fraction, void *data)
{
    (void)data;
    const int64_t now_us = g_get_monotonic_time();
    if (line.is_wanted && now_us - line.began_us > quiet_us &&
        now_us - line.shown_us > interval_us) {
        line.shown_us = now_us;
        line.is_shown = true;
        if (fraction >= 0) {
            g_printerr("\r\033[K%s … %.0f %%", what, 100 * fraction);
        } else {
            g_printerr("\r\033[K%s …", what);
        }
    }
    return is_stopped == 0;
}

const TwinProgress *tool_progress(const Options *options)
{
    static const TwinProgress progress = {.report = show_progress, .data = NULL};
    if (line.began_us == 0) {
        line.began_us = g_get_monotonic_time();
        line.is_wanted = !options->quiet && isatty(STDERR_FILENO) == 1;
        /* A second Ctrl-C ends the program at once, as where a read waits for a pipe. */
        struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
    }
    return &progress;
}

void tool_progress_clear(void)
{
    if (line.is_shown) {
        g_printerr("\r\033[K");
        line.is_shown = false;
    }
}

int report_error(const GError *error)
{
    tool_progress_clear();
    g_printerr("flowtwin: %s\n", error->message);
    return g_error_matches(error, TWIN_ERROR, TWIN_ERROR_CANCELLED) ? EXIT_STOPPED : EXIT_BAD;
}

void usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("flowtwin: %s\n", message);
    exit(EXIT_USAGE);
}

void say(const Options *options, const char *format, ...)
{
    if (options->quiet) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    tool_progress_clear();
    g_printerr("%s\n", message);
}

int print_result(const char *text)
{
    tool_progress_clear();
    if (fputs(text, stdout) == EOF || fflush(stdout) != 0 || ferror(stdout) != 0 ||
        fclose(stdout) != 0) {
        g_printerr("flowtwin: standard output: %s\n", g_strerror(errno));
        return EXIT_BAD;
    }
    return EXIT_GOOD;
}
