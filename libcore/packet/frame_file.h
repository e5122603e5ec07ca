/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_FRAME_FILE_H
#define FLOWTWIN_PACKET_FRAME_FILE_H

#include <flowtwin/frame.h>
#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * Writes frames of any link type as they were captured: a classic pcap file with nanoseconds where
 * all are of one type, else a pcapng section with one interface a type. Little-endian on every
 * machine.
 *
 * Source: draft-ietf-opsawg-pcap-04, draft-ietf-opsawg-pcapng-02.
 */
typedef struct TwinFrameFile TwinFrameFile;

/**
 * Writes the file's head.
 *
 * @param stream       borrowed; flushed, looked at and closed by its owner
 * @param link_types   all that will be written, each once; copied
 * @param n_link_types at least 1
 * @return (transfer full); write errors stay with the stream (ferror)
 */
TwinFrameFile *twin_frame_file_new(FILE *stream, const uint32_t *link_types, size_t n_link_types);
void twin_frame_file_free(TwinFrameFile *self);

/**
 * Writes one frame with both of its lengths.
 *
 * @return false where the time lies outside 1970 … 2106, which classic pcap cannot hold (pcapng:
 *         before 1970), or the link type is none of those named; then nothing was written
 */
bool twin_frame_file_write(TwinFrameFile *self, const TwinFrame *frame) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinFrameFile, twin_frame_file_free)

#endif
