/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <fcntl.h>
#include <sys/stat.h>

static void add_input(GPtrArray *paths, const char *folder, const char *name)
{
    guint64 descriptor = 0;
    if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXINT, &descriptor, NULL)) {
        return;
    }
    const int flags = fcntl((int)descriptor, F_GETFL);
    struct stat status;
    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || fstat((int)descriptor, &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        return;
    }
    g_autofree char *link = g_build_filename(folder, name, NULL);
    char *path = g_file_read_link(link, NULL);
    if (path != NULL) {
        g_ptr_array_add(paths, path);
    }
}

GPtrArray *twin_open_inputs(void)
{
    static const char folder[] = "/proc/self/fd";
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) descriptors = g_dir_open(folder, 0, NULL);
    if (descriptors != NULL) {
        for (const char *name = g_dir_read_name(descriptors); name != NULL;
             name = g_dir_read_name(descriptors)) {
            add_input(paths, folder, name);
        }
    }
    return paths;
}
