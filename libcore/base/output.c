/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
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
    FILE *stream;
    char *name;      /* for messages */
    char *target;    /* what is replaced at the end; NULL: written through */
    char *temporary; /* beside target; NULL: written through */
    bool had_target; /* mode and owner below are those of the file to replace */
    struct stat replaced;
};

static void output_free(TwinOutput *self)
{
    g_free(self->name);
    g_free(self->target);
    g_free(self->temporary);
    g_free(self);
}

static void fail(const TwinOutput *self, const char *what, int number, GError **error)
{
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: %s: %s", self->name, what,
                g_strerror(number));
}

/* One of @inputs is the file behind @output, whatever it is called. */
static const char *find_same_file(const struct stat *output, const char *const *inputs,
                                  size_t n_inputs)
{
    for (size_t i = 0; i < n_inputs; i++) {
        struct stat input;
        if (strcmp(inputs[i], "-") != 0 && stat(inputs[i], &input) == 0 &&
            input.st_dev == output->st_dev && input.st_ino == output->st_ino) {
            return inputs[i];
        }
    }
    return NULL;
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

static bool open_temporary(TwinOutput *self, GError **error)
{
    self->temporary = g_strdup_printf("%s.XXXXXX", self->target);
    const int descriptor = g_mkstemp_full(self->temporary, O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        const int number = errno;
        g_clear_pointer(&self->temporary, g_free);
        fail(self, "cannot be made there", number, error);
        return false;
    }
    self->stream = fdopen(descriptor, "wb");
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
    self->stream = strcmp(path, "-") == 0 ? fdopen(dup(STDOUT_FILENO), "wb") : g_fopen(path, "wb");
    if (self->stream == NULL) {
        fail(self, "cannot be opened for writing", errno, error);
        return false;
    }
    return true;
}

static bool open_either_way(TwinOutput *self, const char *path, const char *const *inputs,
                            size_t n_inputs, bool may_exist, GError **error)
{
    if (strcmp(path, "-") == 0) {
        return open_through(self, path, error);
    }
    self->had_target = stat(path, &self->replaced) == 0;
    if (self->had_target && S_ISDIR(self->replaced.st_mode)) {
        fail(self, "cannot be written", EISDIR, error);
        return false;
    }
    const char *input = self->had_target ? find_same_file(&self->replaced, inputs, n_inputs) : NULL;
    if (input != NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%s: is an input too; name another output", self->name);
        return false;
    }
    if (self->had_target && !S_ISREG(self->replaced.st_mode)) {
        return open_through(self, path, error);
    }
    if (self->had_target && !may_exist) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EXISTS,
                    "%s: exists; --force replaces it, or name another output", self->name);
        return false;
    }
    self->target = resolve_links(path);
    return open_temporary(self, error);
}

TwinOutput *twin_output_open(const char *path, const char *const *inputs, size_t n_inputs,
                             bool may_exist, GError **error)
{
    TwinOutput *self = g_new0(TwinOutput, 1);
    self->name =
        strcmp(path, "-") == 0 ? g_strdup("standard output") : g_filename_display_name(path);
    if (!open_either_way(self, path, inputs, n_inputs, may_exist, error)) {
        output_free(self);
        return NULL;
    }
    (void)setvbuf(self->stream, NULL, _IOFBF, BUFFER_BYTES);
    return self;
}

FILE *twin_output_stream(TwinOutput *self)
{
    return self->stream;
}

bool twin_output_commit(TwinOutput *self, GError **error)
{
    const bool had_error = ferror(self->stream) != 0;
    const bool is_flushed = fflush(self->stream) == 0 && !had_error;
    const int number = errno;
    const bool is_closed = fclose(self->stream) == 0;
    self->stream = NULL;
    if (!is_flushed || !is_closed) {
        fail(self, "not written", is_flushed ? errno : number, error);
        twin_output_discard(self);
        return false;
    }
    if (self->temporary != NULL && g_rename(self->temporary, self->target) != 0) {
        fail(self, "could not be put in place", errno, error);
        twin_output_discard(self);
        return false;
    }
    output_free(self);
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
