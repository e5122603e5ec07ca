/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_CAPTURE_WRITER_H
#define FLOWTWIN_PACKET_CAPTURE_WRITER_H

#include <flowtwin/frame.h>
#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/** What captures are written as: a row of the table in capture_writer.c each. */
typedef enum {
    TWIN_CAPTURE_PCAP,   /**< classic pcap, nanoseconds: every tool reads it */
    TWIN_CAPTURE_PCAPNG, /**< tells where it comes from, and of packets what a comment says */
} TwinCaptureFormat;

/** What a pcapng file says of itself. Borrowed UTF-8, at most 65,535 bytes each. */
typedef struct {
    const char *application; /* that wrote it */
    const char *comment;     /* on the whole section */
} TwinProvenance;

/** The format that @path's ending asks for: .pcapng and .ntar are pcapng, all else is pcap. */
TwinCaptureFormat twin_capture_format_of(const char *path);

/**
 * Writes Ethernet frames with nanoseconds as a capture file, little-endian on every machine, so
 * that the same frames are the same bytes.
 *
 * Not through pcap_dump(): libpcap would close the stream, which belongs to base/output, and writes
 * no pcapng. Source: draft-ietf-opsawg-pcap-04, draft-ietf-opsawg-pcapng-02.
 */
typedef struct TwinCaptureWriter TwinCaptureWriter;

/**
 * Writes what stands before the first packet.
 *
 * @param stream     borrowed; flushed, looked at and closed by its owner
 * @param snap_bytes most that is written of a frame, 1 … 262,144
 * @param provenance what pcapng says of itself; NULL: nothing; classic pcap has no place for it
 * @return (transfer full) NULL with TWIN_ERROR_OUTPUT
 */
TwinCaptureWriter *twin_capture_writer_new(FILE *stream, uint32_t snap_bytes,
                                           TwinCaptureFormat format,
                                           const TwinProvenance *provenance,
                                           GError **error) TWIN_CHECKED;
void twin_capture_writer_free(TwinCaptureWriter *self);

/**
 * Writes one Ethernet frame, up to the snap length.
 *
 * @param comment on the packet, UTF-8, at most 65,535 bytes; NULL: none; classic pcap drops it
 * @return false where the stream takes no more (errno says why), or where the time lies outside
 *         1970 … 2106, which the format cannot hold; then nothing was written
 */
bool twin_capture_writer_write(TwinCaptureWriter *self, const TwinFrame *frame,
                               const char *comment) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinCaptureWriter, twin_capture_writer_free)

#endif
