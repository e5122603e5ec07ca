/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "place.h"

#include "capture_file.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TRIES = 1000 };

static bool is_temporary(const char *capture)
{
    const capture_file *file = twin_capture_file();
    return file != NULL && file->is_tempfile && g_strcmp0(file->filename, capture) == 0;
}

/* "lab" of any/lab.pcap.gz. (transfer full) */
static char *stem_of(const char *capture)
{
    static const char *const endings[] = {".gz", ".zst", ".lz4", ".pcapng", ".pcap", ".cap"};
    char *name = g_path_get_basename(capture);
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(name, endings[i]) && strlen(name) > strlen(endings[i])) {
            name[strlen(name) - strlen(endings[i])] = '\0';
        }
    }
    return name;
}

char *twin_place_free_name(const char *capture, const char *what, const char *ending)
{
    const bool is_beside = capture != NULL && !is_temporary(capture);
    g_autofree char *stem = is_beside ? stem_of(capture) : g_strdup("capture");
    g_autofree char *beside = is_beside ? g_path_get_dirname(capture) : NULL;
    const char *folder = beside != NULL && access(beside, W_OK) == 0 ? beside : g_get_home_dir();
    for (unsigned n = 1; n < MAX_TRIES; n++) {
        g_autofree char *name = n == 1 ? g_strdup_printf("%s-%s.%s", stem, what, ending)
                                       : g_strdup_printf("%s-%s-%u.%s", stem, what, n, ending);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_canonicalize_filename(path, NULL);
        }
    }
    return g_strdup("");
}
