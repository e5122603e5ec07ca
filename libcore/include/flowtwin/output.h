/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_OUTPUT_H
#define FLOWTWIN_OUTPUT_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

G_BEGIN_DECLS

/**
 * Says whether @path would be refused as an output, before work is done for it. Whoever writes asks
 * again.
 *
 * @param other     another output of the same work, which must not be the same; NULL: none
 * @param inputs    paths that must not be written to (compared by device and inode); "-" is
 *                  standard input
 * @param may_exist true: an existing file may be replaced
 * @return false with TWIN_ERROR_EXISTS, _ARGUMENT (an input, or @other) or _OUTPUT (a folder that
 *         is not there or not writable)
 */
TWIN_API bool twin_output_check(const char *path, const char *other, const char *const *inputs,
                                size_t n_inputs, bool may_exist, GError **error) TWIN_CHECKED;

G_END_DECLS

#endif
