/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* fopencookie(), realpath() */
#include "base/output.h"

#include <flowtwin/error.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18 };

struct TwinOutput {
    FILE *stream; /* over descriptor; NULL: not open yet, or finished */
    int descriptor;
    int write_number; /* errno of the first write or close that failed; 0: none did */
    char *name;       /* for messages */
    char *target;     /* what is replaced at the end; NULL: written through */
    char *temporary;  /* beside target; NULL: written through, or not open yet */
    bool is_standard_output;
    bool had_target; /* the rest is of the file that is there */
    struct stat replaced;
};

static void output_free(TwinOutput *self)
{
    g_free(self->name);
    g_free(self->target);
    g_free(self->temporary);
    g_free(self);
}

static bool fail(const TwinOutput *self, const char *what, int number, GError **error)
{
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: %s: %s", self->name, what,
                g_strerror(number));
    return false;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* One of @inputs is the file that is there, whatever it is called. A terminal may be both. */
static bool is_input(const TwinOutput *self, const char *const *inputs, size_t n_inputs)
{
    for (size_t i = 0; i < n_inputs && !S_ISCHR(self->replaced.st_mode); i++) {
        struct stat input;
        const int status =
            strcmp(inputs[i], "-") == 0 ? fstat(STDIN_FILENO, &input) : stat(inputs[i], &input);
        if (status == 0 && is_same_file(&input, &self->replaced)) {
            return true;
        }
    }
    return false;
}

/* The file that a chain of symbolic links ends at, even where it does not exist yet. */
static char *resolve_links(const char *path)
{
    char *at = g_strdup(path);
    for (unsigned n = 0; n < 40; n++) { /* as many as the kernel follows */
        g_autofree char *link = g_file_read_link(at, NULL);
        if (link == NULL) {
            break;
        }
        g_autofree char *folder = g_path_get_dirname(at);
        g_free(at);
        at = g_path_is_absolute(link) ? g_steal_pointer(&link)
                                      : g_build_filename(folder, link, NULL);
    }
    return at;
}

/* Where the file will stand: one name for it, by whatever path it was named. */
static bool find_target(TwinOutput *self, const char *path, GError **error)
{
    g_autofree char *resolved = resolve_links(path);
    g_autofree char *folder = g_path_get_dirname(resolved);
    g_autofree char *base = g_path_get_basename(resolved);
    char *real = realpath(folder, NULL);
    if (real == NULL || access(real, W_OK | X_OK) != 0) {
        const int number = errno;
        free(real);
        return fail(self, "cannot be made there", number, error);
    }
    self->target = g_build_filename(real, base, NULL);
    free(real);
    return true;
}

static bool find_what_is_there(TwinOutput *self, const char *path, GError **error)
{
    self->is_standard_output = strcmp(path, "-") == 0;
    const int status = self->is_standard_output ? fstat(STDOUT_FILENO, &self->replaced)
                                                : stat(path, &self->replaced);
    self->had_target = status == 0;
    if (status != 0 && (self->is_standard_output || errno != ENOENT)) {
        return fail(self, "cannot be written", errno, error);
    }
    if (self->had_target && S_ISDIR(self->replaced.st_mode)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: is a folder; name a file in it",
                    self->name);
        return false;
    }
    return true;
}

/* An output that may be written, not open yet; NULL with the reason. */
static TwinOutput *output_new(const char *path, const char *const *inputs, size_t n_inputs,
                              bool may_exist, GError **error)
{
    if (path[0] == '\0') {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "an output has no name; name a file, or - for standard output");
        return NULL;
    }
    g_autoptr(TwinOutput) self = g_new0(TwinOutput, 1);
    self->name =
        strcmp(path, "-") == 0 ? g_strdup("standard output") : g_filename_display_name(path);
    if (!find_what_is_there(self, path, error)) {
        return NULL;
    }
    if (self->had_target && is_input(self, inputs, n_inputs)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%s: is an input too; name another output", self->name);
        return NULL;
    }
    const bool is_regular = self->had_target && S_ISREG(self->replaced.st_mode);
    if (self->is_standard_output || (self->had_target && !is_regular)) {
        return g_steal_pointer(&self);
    }
    if (is_regular && !may_exist) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EXISTS,
                    "%s: exists; --force replaces it, or name another output", self->name);
        return NULL;
    }
    return find_target(self, path, error) ? g_steal_pointer(&self) : NULL;
}

/* stdio forgets why a write failed that it met on the way; this does not. */
static ssize_t write_cookie(void *cookie, const char *bytes, size_t n_bytes)
{
    TwinOutput *self = cookie;
    size_t n_written = 0;
    while (n_written < n_bytes) {
        const ssize_t n = write(self->descriptor, bytes + n_written, n_bytes - n_written);
        if (n < 0) {
            self->write_number = self->write_number != 0 ? self->write_number : errno;
            return 0;
        }
        n_written += (size_t)n;
    }
    return (ssize_t)n_bytes;
}

static int close_cookie(void *cookie)
{
    TwinOutput *self = cookie;
    const int status = close(self->descriptor);
    if (status != 0 && self->write_number == 0) {
        self->write_number = errno;
    }
    return status;
}

/* The stream over @descriptor, which it owns from now on; false where there is none. */
static bool open_stream(TwinOutput *self, int descriptor)
{
    const cookie_io_functions_t functions = {.write = write_cookie, .close = close_cookie};
    self->descriptor = descriptor;
    self->stream = descriptor >= 0 ? fopencookie(self, "wb", functions) : NULL;
    return self->stream != NULL;
}

static bool open_temporary(TwinOutput *self, GError **error)
{
    self->temporary = g_strdup_printf("%s.XXXXXX", self->target);
    const int descriptor = g_mkstemp_full(self->temporary, O_WRONLY | O_CLOEXEC, 0666);
    if (!open_stream(self, descriptor)) {
        const int number = errno;
        g_clear_pointer(&self->temporary, g_free);
        return fail(self, "cannot be made there", number, error);
    }
    if (self->had_target) {
        /* The owner may not be ours to give; the mode then must not widen what a group may do. */
        const bool is_owned = fchown(descriptor, self->replaced.st_uid, self->replaced.st_gid) == 0;
        const mode_t mode = self->replaced.st_mode & 07777;
        (void)fchmod(descriptor, is_owned ? mode : mode & (mode_t)~07077);
    }
    return true;
}

static bool open_through(TwinOutput *self, const char *path, GError **error)
{
    const int descriptor = self->is_standard_output
                               ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                               : g_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return open_stream(self, descriptor) ||
           fail(self, "cannot be opened for writing", errno, error);
}

TwinOutput *twin_output_open(const char *path, const char *const *inputs, size_t n_inputs,
                             bool may_exist, GError **error)
{
    g_autoptr(TwinOutput) self = output_new(path, inputs, n_inputs, may_exist, error);
    if (self == NULL ||
        !(self->target != NULL ? open_temporary(self, error) : open_through(self, path, error))) {
        return NULL;
    }
    (void)setvbuf(self->stream, NULL, _IOFBF, BUFFER_BYTES);
    return g_steal_pointer(&self);
}

bool twin_output_is_same(const TwinOutput *a, const TwinOutput *b)
{
    if (a->target != NULL || b->target != NULL) {
        return g_strcmp0(a->target, b->target) == 0;
    }
    return (a->is_standard_output && b->is_standard_output) ||
           (!S_ISCHR(a->replaced.st_mode) && is_same_file(&a->replaced, &b->replaced));
}

bool twin_output_check(const char *path, const char *other, const char *const *inputs,
                       size_t n_inputs, bool may_exist, GError **error)
{
    g_autoptr(TwinOutput) self = output_new(path, inputs, n_inputs, may_exist, error);
    if (self == NULL) {
        return false;
    }
    g_autoptr(TwinOutput) peer =
        other != NULL ? output_new(other, inputs, n_inputs, may_exist, NULL) : NULL;
    if (peer != NULL && twin_output_is_same(self, peer)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%s: is the other output too; name another", self->name);
        return false;
    }
    return true;
}

FILE *twin_output_stream(TwinOutput *self)
{
    return self->stream;
}

bool twin_output_finish(TwinOutput *self, GError **error)
{
    const bool had_error = ferror(self->stream) != 0;
    const bool is_closed = fclose(self->stream) == 0;
    self->stream = NULL;
    return (is_closed && !had_error && self->write_number == 0) ||
           fail(self, "not written", self->write_number != 0 ? self->write_number : EIO, error);
}

bool twin_output_commit(TwinOutput *self, GError **error)
{
    g_autoptr(TwinOutput) owned = self;
    if (self->stream != NULL && !twin_output_finish(self, error)) {
        return false;
    }
    if (self->temporary != NULL && g_rename(self->temporary, self->target) != 0) {
        return fail(self, "could not be put in place", errno, error);
    }
    g_clear_pointer(&self->temporary, g_free);
    return true;
}

void twin_output_discard(TwinOutput *self)
{
    if (self == NULL) {
        return;
    }
    if (self->stream != NULL) {
        (void)fclose(self->stream);
    }
    if (self->temporary != NULL) {
        (void)g_unlink(self->temporary);
    }
    output_free(self);
}
