/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "stop.h"

#include "complain.h"

#include <signal.h>
#include <unistd.h>

enum { SIGNAL_STATUS = 128 }; /* a shell's: and the signal's number */

/* The global: a signal handler has nothing else to write to. */
static volatile sig_atomic_t stopped_by; // NOLINT(*-avoid-non-const-global-variables)

static void end_at_once(int signal_number)
{
    _exit(SIGNAL_STATUS + signal_number);
}

static void note(int signal_number)
{
    stopped_by = signal_number;
}

/* What is ignored stays ignored: nohup. */
static void handle(void (*handler)(int), int flags)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    for (size_t s = 0; s < G_N_ELEMENTS(signals) && !twin_has_window(); s++) {
        struct sigaction before;
        if (sigaction(signals[s], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(signals[s], &action, NULL);
        }
    }
}

void twin_stop_at_once(void)
{
    handle(end_at_once, 0);
}

static bool go_on(const char *what, double fraction, void *data)
{
    (void)what;
    (void)fraction;
    (void)data;
    return stopped_by == 0;
}

const TwinProgress *twin_stop_by_progress(void)
{
    static const TwinProgress progress = {.report = go_on, .data = NULL};
    handle(note, (int)SA_RESETHAND);
    return &progress;
}

int twin_stop_status(void)
{
    return stopped_by == 0 ? 0 : SIGNAL_STATUS + stopped_by;
}
