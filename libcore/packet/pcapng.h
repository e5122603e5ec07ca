/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_PCAPNG_H
#define FLOWTWIN_PACKET_PCAPNG_H

#include <flowtwin/frame.h>
#include <flowtwin/macros.h>

#include "packet/source.h"

#include <glib.h>
#include <stdbool.h>

/**
 * A reader of pcapng: several sections, each in its own byte order, several interfaces, each with
 * its own link type and clock. Source: draft-ietf-opsawg-pcapng-02.
 */
typedef struct TwinPcapng TwinPcapng;

/** Longest block that is believed. */
#define TWIN_PCAPNG_MAX_BLOCK_BYTES (UINT32_C(256) << 20)

/**
 * Reads the first section's header.
 *
 * @param source borrowed; outlives the reader
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT; the message lacks the file's name
 */
TwinPcapng *twin_pcapng_new(TwinSource *source, GError **error) TWIN_CHECKED;
void twin_pcapng_free(TwinPcapng *self);

/**
 * The next frame; its bytes are valid until the next call. A simple packet block, which has no
 * time, takes the one of the frame before it.
 *
 * @return false at the end, which may have come early: twin_pcapng_problem()
 *
 * Memory grows with the bytes that really arrive, not with what a block says of itself.
 */
bool twin_pcapng_next(TwinPcapng *self, TwinFrame *frame_out);

/** A few words on the block that ended the reading before the file's end, or NULL; borrowed. */
const char *twin_pcapng_problem(const TwinPcapng *self);

/** Where in the (gunzip'ed) file the last block began, that of the problem if there is one. */
uint64_t twin_pcapng_offset(const TwinPcapng *self);

/**
 * Turns an interface's ticks into nanoseconds since 1970; what int64_t cannot hold is clamped to
 * its ends.
 *
 * @param resolution if_tsresol: a tick is 10^-n s, or 2^-n s with the highest bit set
 * @param offset_s   if_tsoffset: seconds to add
 */
int64_t twin_pcapng_time_ns(uint64_t ticks, uint8_t resolution, int64_t offset_s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinPcapng, twin_pcapng_free)

#endif
