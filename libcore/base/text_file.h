/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_TEXT_FILE_H
#define FLOWTWIN_BASE_TEXT_FILE_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * Reads a file whole, as it is; "-" is standard input.
 *
 * @param most        bytes that are read at the most; more are TWIN_ERROR_TOO_LARGE
 * @param text_out    (transfer full) the bytes, and a 0 behind them
 * @param n_bytes_out how many there are without the 0
 * @return false with TWIN_ERROR_INPUT (missing, a folder, not readable) or _TOO_LARGE; the message
 *         begins with the file's display name
 *
 * Cost: memory for the file, for a moment half as much again.
 */
bool twin_text_file_read(const char *path, size_t most, char **text_out, size_t *n_bytes_out,
                         GError **error) TWIN_CHECKED;

/** What messages call the file: its display name, "standard input" for "-". (transfer full) */
char *twin_text_file_name(const char *path);

/**
 * How deep brackets stand in brackets in JSON text. json-glib reads them by recursion without a
 * bound, so that a file of brackets alone would end the program (its release 1.10 has a bound).
 */
size_t twin_text_depth(const char *text, size_t n_bytes);

#endif
