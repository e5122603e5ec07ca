/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_LABELS_H
#define FLOWTWIN_LABELS_H

#include <flowtwin/macros.h>

#include <glib.h>

G_BEGIN_DECLS

/** A source of flow labels (protocol or application). Immutable once opened. */
typedef struct TwinLabels TwinLabels;

/**
 * Opens a label file: tab-separated with a header that names client_ip, client_port, server_ip,
 * server_port, start_time (seconds since 1970, fraction allowed) and label, in any order; other
 * columns are ignored, and so are blank lines and those that begin with #. A flow takes the label
 * of the row with its 5-tuple, in either direction, and the nearest start time.
 *
 * @return (transfer full) NULL with TWIN_ERROR_INPUT or TWIN_ERROR_FORMAT, naming file and line
 */
TWIN_API TwinLabels *twin_labels_open(const char *path, GError **error) TWIN_CHECKED;

/**
 * Opens several label files as one table.
 *
 * @param paths may be none: then no flow has a row
 * @return as twin_labels_open()
 */
TWIN_API TwinLabels *twin_labels_open_all(const char *const *paths, size_t n_paths,
                                          GError **error) TWIN_CHECKED;

TWIN_API void twin_labels_free(TwinLabels *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinLabels, twin_labels_free)

G_END_DECLS

#endif
