/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_SOURCE_H
#define FLOWTWIN_PACKET_SOURCE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes to be read once, front to back: a descriptor's, gunzip'ed where they are gzip'ed. */
typedef struct TwinSource TwinSource;

/** What stood at the end of a source. */
typedef enum {
    TWIN_SOURCE_GOOD,    /**< its proper end, or it was not reached yet */
    TWIN_SOURCE_CUT,     /**< a gzip stream that ends before its end */
    TWIN_SOURCE_DAMAGED, /**< bytes that are no gzip stream */
    TWIN_SOURCE_FAILED,  /**< the operating system: twin_source_errno() */
} TwinSourceEnd;

/** @param descriptor (transfer full) open for reading; a file, a pipe, a terminal */
TwinSource *twin_source_new(int descriptor);

/** Bytes in memory, borrowed, as they are. */
TwinSource *twin_source_new_memory(const uint8_t *bytes, size_t n_bytes);

void twin_source_free(TwinSource *self);

/** The first @n_bytes (at most 16) of the source, without taking them; call it before reading. */
size_t twin_source_peek(TwinSource *self, uint8_t *bytes_out, size_t n_bytes);

/** Takes the next @n_bytes; fewer only at the end, see twin_source_end(). */
size_t twin_source_read(TwinSource *self, uint8_t *bytes_out, size_t n_bytes);

/** Bytes taken so far. */
uint64_t twin_source_offset(const TwinSource *self);

/** Bytes of the descriptor (still gzip'ed) that were used so far; for telling progress. */
int64_t twin_source_file_offset(const TwinSource *self);

TwinSourceEnd twin_source_end(const TwinSource *self);
int twin_source_errno(const TwinSource *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinSource, twin_source_free)

#endif
