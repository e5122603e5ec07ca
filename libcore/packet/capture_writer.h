/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_CAPTURE_WRITER_H
#define FLOWTWIN_PACKET_CAPTURE_WRITER_H

#include <flowtwin/frame.h>
#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * Writes a classic pcap file of Ethernet frames with nanoseconds, little-endian on every machine,
 * so that the same frames are the same bytes.
 *
 * Not through pcap_dump(): libpcap would close the stream, which belongs to base/output. Source:
 * draft-ietf-opsawg-pcap-04.
 */
typedef struct TwinCaptureWriter TwinCaptureWriter;

/**
 * Writes the file header.
 *
 * @param stream     borrowed; flushed, looked at and closed by its owner
 * @param snap_bytes most that is written of a frame, 1 … 262,144
 * @return (transfer full) NULL with TWIN_ERROR_OUTPUT
 */
TwinCaptureWriter *twin_capture_writer_new(FILE *stream, uint32_t snap_bytes,
                                           GError **error) TWIN_CHECKED;
void twin_capture_writer_free(TwinCaptureWriter *self);

/**
 * Writes one Ethernet frame, up to the snap length.
 *
 * @return false where the stream takes no more (errno says why), or where the time lies outside
 *         1970 … 2106, which the format cannot hold; then nothing was written
 */
bool twin_capture_writer_write(TwinCaptureWriter *self, const TwinFrame *frame) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCaptureWriter, twin_capture_writer_free)

#endif
