/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "base/text_file.h"

#include <flowtwin/error.h>

#include "base/array.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 16 };

char *twin_text_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? g_strdup("standard input") : g_filename_display_name(path);
}

static bool fail(int number, GError **error)
{
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_INPUT,
                        number == ENOENT ? "no such file; check the path" : g_strerror(number));
    return false;
}

/* The whole of @descriptor. */
static bool read_all(int descriptor, size_t most, char **text_out, size_t *n_bytes_out,
                     GError **error)
{
    g_autofree char *text = NULL;
    size_t capacity = 0;
    size_t n_bytes = 0;
    for (;;) {
        if (n_bytes > most ||
            !twin_array_reserve((void **)&text, &capacity, n_bytes + PIECE_BYTES + 1, 1)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                        "has more than %zu bytes; is this the right file?", MIN(n_bytes, most));
            return false;
        }
        const ssize_t n = read(descriptor, text + n_bytes, PIECE_BYTES);
        if (n < 0) {
            return fail(errno, error);
        }
        if (n == 0) {
            break;
        }
        n_bytes += (size_t)n;
    }
    text[n_bytes] = '\0';
    *n_bytes_out = n_bytes;
    *text_out = g_steal_pointer(&text);
    return true;
}

static bool read_descriptor(int descriptor, size_t most, char **text_out, size_t *n_bytes_out,
                            GError **error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return fail(errno, error);
    }
    if (S_ISDIR(status.st_mode)) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_INPUT, "a folder; name a file in it");
        return false;
    }
    return read_all(descriptor, most, text_out, n_bytes_out, error);
}

bool twin_text_file_read(const char *path, size_t most, char **text_out, size_t *n_bytes_out,
                         GError **error)
{
    const int descriptor = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                                  : open(path, O_RDONLY | O_CLOEXEC);
    const bool is_read = descriptor >= 0
                             ? read_descriptor(descriptor, most, text_out, n_bytes_out, error)
                             : fail(errno, error);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    if (!is_read) {
        g_autofree char *name = twin_text_file_name(path);
        g_prefix_error(error, "%s: ", name);
    }
    return is_read;
}

size_t twin_text_depth(const char *text, size_t n_bytes)
{
    size_t depth = 0;
    size_t deepest = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < n_bytes; i++) {
        if (text[i] == '"') {
            is_quoted = !is_quoted;
        } else if (is_quoted) {
            i += text[i] == '\\' ? 1 : 0;
        } else if (text[i] == '[' || text[i] == '{') {
            depth++;
            deepest = MAX(deepest, depth);
        } else if ((text[i] == ']' || text[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}
