/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_CAPTURE_MERGE_H
#define FLOWTWIN_PACKET_CAPTURE_MERGE_H

#include "packet/capture.h"

/** Several captures read as one: always the frame whose capture is behind in time comes next. */
typedef struct TwinCaptureMerge TwinCaptureMerge;

/**
 * Opens all of @paths; one alone is read in file order, whatever its clock does.
 *
 * @return (transfer full) NULL on the first that cannot be opened, with twin_capture_open()'s error
 */
TwinCaptureMerge *twin_capture_merge_open(const char *const *paths, size_t n_paths,
                                          GError **error) TWIN_CHECKED;
void twin_capture_merge_free(TwinCaptureMerge *self);

/**
 * The next frame; equal times go to the capture named first.
 *
 * @param capture_out the capture that it comes from, for its name and frame number
 */
TwinCaptureStatus twin_capture_merge_next(TwinCaptureMerge *self, TwinFrame *frame_out,
                                          const TwinCapture **capture_out, GError **error);

size_t twin_capture_merge_n(const TwinCaptureMerge *self);
const TwinCapture *twin_capture_merge_get(const TwinCaptureMerge *self, size_t index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCaptureMerge, twin_capture_merge_free)

#endif
