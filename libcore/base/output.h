/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_OUTPUT_H
#define FLOWTWIN_BASE_OUTPUT_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * A file being written that appears whole or not at all.
 *
 * A regular or missing path is written to a temporary file beside it and renamed at the end; owner
 * and mode of a file that it replaces are kept, and a symbolic link stays one (its target is
 * replaced). A FIFO, a device or "-" (standard output) is written through.
 */
typedef struct TwinOutput TwinOutput;

/**
 * Opens @path for writing.
 *
 * @param inputs     paths that must not be written to (compared by device and inode); "-" is
 * skipped
 * @param may_exist  false: an existing regular file is refused
 * @return (transfer full) NULL with TWIN_ERROR_EXISTS, _ARGUMENT (the output is an input) or
 * _OUTPUT
 */
TwinOutput *twin_output_open(const char *path, const char *const *inputs, size_t n_inputs,
                             bool may_exist, GError **error) TWIN_CHECKED;

/** The stream to write to; owned by the output. */
FILE *twin_output_stream(TwinOutput *self);

/**
 * Ends writing well: flushes, checks every write and the close, renames. Frees @self in any case.
 *
 * @return false with TWIN_ERROR_OUTPUT, nothing left behind
 */
bool twin_output_commit(TwinOutput *self, GError **error) TWIN_CHECKED;

/** Ends writing badly: removes the temporary file, frees @self; NULL is allowed. */
void twin_output_discard(TwinOutput *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinOutput, twin_output_discard)

#endif
