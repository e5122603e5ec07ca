/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_CAPTURE_H
#define FLOWTWIN_PACKET_CAPTURE_H

#include <flowtwin/frame.h>
#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>

/** A capture being read: pcap (µs, ns) or pcapng, gzip'ed or not, a file or standard input. */
typedef struct TwinCapture TwinCapture;

/** How reading a frame ended. */
typedef enum {
    TWIN_CAPTURE_FRAME,
    TWIN_CAPTURE_END,   /**< no more frames; twin_capture_warning() says whether it was cut short */
    TWIN_CAPTURE_ERROR, /**< the GError says what */
} TwinCaptureStatus;

/**
 * Opens a capture; the format is told from its first bytes, never from its name.
 *
 * @param path a GLib file name, or "-" for standard input
 * @return (transfer full) NULL with TWIN_ERROR_INPUT (missing, a folder, not readable),
 *         TWIN_ERROR_EMPTY (no byte in it), TWIN_ERROR_FORMAT (not a capture) or
 *         TWIN_ERROR_UNSUPPORTED; the message begins with the file's display name
 */
TwinCapture *twin_capture_open(const char *path, GError **error) TWIN_CHECKED;
void twin_capture_free(TwinCapture *self);

/**
 * The next frame. Its bytes are valid until the next call.
 *
 * A file that ends in mid-packet, or whose gzip stream does, ends there with
 * twin_capture_warning(); so does one whose next record cannot be a record (a length beyond
 * 256 MiB), since what follows cannot be found again. An error is what the operating system says.
 */
TwinCaptureStatus twin_capture_next(TwinCapture *self, TwinFrame *frame_out, GError **error);

/** One line about where and how the capture was cut short, or NULL; borrowed. */
const char *twin_capture_warning(const TwinCapture *self);

/** Frames given so far: the number of the last one, from 1. */
uint64_t twin_capture_n_frames(const TwinCapture *self);

/** Share of the file that has been read, 0 … 1; negative where its size is not known. */
double twin_capture_fraction(const TwinCapture *self);

/** The display name of the path, for messages; borrowed. */
const char *twin_capture_name(const TwinCapture *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCapture, twin_capture_free)

#endif
