/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PROGRESS_H
#define FLOWTWIN_PROGRESS_H

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * How long work tells how far it is, and learns whether to go on. Called from the thread that
 * called the library, a few hundred times a second at most.
 */
typedef struct TwinProgress {
    /**
     * @param what     a few words for people, such as "reading lab.pcap"; borrowed
     * @param fraction 0 … 1, or negative where the end is not known (standard input)
     * @param data     the field below
     * @return false to stop: the call under way ends with TWIN_ERROR_CANCELLED and leaves nothing
     */
    bool (*report)(const char *what, double fraction, void *data);
    void *data;
} TwinProgress;

G_END_DECLS

#endif
