/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Work shorter than this shows no progress. */
static const int64_t quiet_us = 1000000;
static const int64_t interval_us = 100000;

/* The globals: a signal handler has nothing else to write to. */
static volatile sig_atomic_t is_stopped;     // NOLINT(*-avoid-non-const-global-variables)
static volatile sig_atomic_t is_pipe_closed; // NOLINT(*-avoid-non-const-global-variables)

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

static void on_closed_pipe(int signal_number)
{
    (void)signal_number;
    is_pipe_closed = 1;
}

void tool_begin(void)
{
    /* A file opened later must not become a standard stream that was closed. What is open for
     * reading only refuses to be written to, as a closed one does. */
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) {
            (void)open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
    /* A write that fails is an error like others: it ends the work and removes what was begun. */
    const struct sigaction pipe_action = {.sa_handler = on_closed_pipe};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &pipe_action, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL);
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
        static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
        for (size_t s = 0; s < G_N_ELEMENTS(signals); s++) {
            struct sigaction before;
            if (sigaction(signals[s], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
                (void)sigaction(signals[s], &action, NULL); /* nohup stays what it is */
            }
        }
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

/* Whoever read our output has what it wanted: end as a program does that knows no better. */
static void end_with_pipe(void)
{
    (void)signal(SIGPIPE, SIG_DFL);
    (void)raise(SIGPIPE);
}

int report_error(const GError *error)
{
    tool_progress_clear();
    const bool is_output = g_error_matches(error, TWIN_ERROR, TWIN_ERROR_OUTPUT);
    if (is_pipe_closed != 0 && is_output) {
        end_with_pipe();
    }
    if (is_stopped != 0 && !g_error_matches(error, TWIN_ERROR, TWIN_ERROR_CANCELLED)) {
        g_printerr("flowtwin: stopped\n"); /* a read or a write was interrupted */
        return EXIT_STOPPED;
    }
    g_printerr("flowtwin: %s\n", error->message);
    return is_stopped != 0 ? EXIT_STOPPED : EXIT_BAD;
}

char *shown_name(const char *path, const char *stream)
{
    return strcmp(path, "-") == 0 ? g_strdup(stream) : g_filename_display_name(path);
}

void prefix_with_name(const char *path, GError **error)
{
    g_autofree char *name = shown_name(path, "standard input");
    g_prefix_error(error, "%s: ", name);
}

void usage_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("flowtwin: %s\n", message);
    _exit(EXIT_USAGE); /* callers never get to free what they hold: no leak to be told of */
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
        const int number = errno;
        if (is_pipe_closed != 0) {
            end_with_pipe();
        }
        g_printerr("flowtwin: standard output: %s\n", g_strerror(number));
        return EXIT_BAD;
    }
    return EXIT_GOOD;
}
