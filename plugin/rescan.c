/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rescan.h"

#include "capture_file.h"
#include "complain.h"

enum { LOOK_MS = 100 };

static struct {
    guint source;
    bool is_live;
} watch; // NOLINT(*-avoid-non-const-global-variables)

/* Wireshark holds a read lock while it reads a file, but not between a live capture's packets. */
static bool is_live(const capture_file *file)
{
    return file->state == FILE_READ_IN_PROGRESS && !file->read_lock;
}

static bool is_filtered(const capture_file *file)
{
    return file->dfilter != NULL && strstr(file->dfilter, "flowtwin") != NULL;
}

static gboolean look(void *data)
{
    (void)data;
    if (!twin_has_window()) {
        watch.source = 0;
        return G_SOURCE_REMOVE;
    }
    const capture_file *file = twin_capture_file();
    if (file == NULL) {
        return G_SOURCE_CONTINUE; /* not told yet */
    }
    watch.is_live |= is_live(file);
    if (file->state != FILE_READ_DONE || file->read_lock) {
        return G_SOURCE_CONTINUE;
    }
    watch.source = 0;
    if (watch.is_live || is_filtered(file)) {
        /* With the very filter that is set Wireshark sees nothing to do: a space more. */
        g_autofree char *filter =
            g_strconcat(file->dfilter != NULL ? file->dfilter : "", " ", NULL);
        plugin_if_apply_filter(filter, TRUE);
    }
    return G_SOURCE_REMOVE;
}

void twin_rescan_begin_file(void)
{
    twin_rescan_end_file();
    watch.is_live = false;
    watch.source = g_timeout_add(LOOK_MS, look, NULL);
}

void twin_rescan_end_file(void)
{
    if (watch.source != 0) {
        (void)g_source_remove(watch.source);
        watch.source = 0;
    }
}
