/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_OUTPUT_H
#define FLOWTWIN_BASE_OUTPUT_H

#include <flowtwin/output.h>

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
 *                   standard input
 * @param may_exist  false: an existing regular file is refused
 * @return (transfer full) NULL with TWIN_ERROR_EXISTS, _ARGUMENT (the output is an input) or
 * _OUTPUT
 */
TwinOutput *twin_output_open(const char *path, const char *const *inputs, size_t n_inputs,
                             bool may_exist, GError **error) TWIN_CHECKED;

/** The stream to write to; owned by the output. */
FILE *twin_output_stream(TwinOutput *self);

/** True where what is written to @a and to @b ends up in one file, pipe or stream. */
bool twin_output_is_same(const TwinOutput *a, const TwinOutput *b);

/**
 * Ends writing: flushes and closes, and says whether every write went well. The file is not in
 * place yet, so that of several outputs all are whole before the first one appears.
 *
 * @return false with TWIN_ERROR_OUTPUT
 */
bool twin_output_finish(TwinOutput *self, GError **error) TWIN_CHECKED;

/**
 * Finishes where that was not done, and puts the file in place. Frees @self in any case.
 *
 * @return false with TWIN_ERROR_OUTPUT, nothing left behind
 */
bool twin_output_commit(TwinOutput *self, GError **error) TWIN_CHECKED;

/** Ends writing badly: removes the temporary file, frees @self; NULL is allowed. */
void twin_output_discard(TwinOutput *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinOutput, twin_output_discard)

#endif
