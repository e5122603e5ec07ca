/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>

enum {
    BUFFER_BYTES = 1 << 17,
    HEAD_BYTES = 16,
};

struct TwinSource {
    gzFile gz;             /* NULL: in memory */
    const uint8_t *memory; /* what is left of it */
    size_t memory_bytes;
    uint8_t head[HEAD_BYTES]; /* peeked at, not taken yet */
    size_t head_bytes;
    uint64_t offset;
    TwinSourceEnd end;
    int error_number;
};

TwinSource *twin_source_new(int descriptor)
{
    TwinSource *self = g_new0(TwinSource, 1);
    self->gz = gzdopen(descriptor, "rb");
    if (self->gz == NULL) {
        g_error("zlib: out of memory"); /* as GLib does; the descriptor was open */
    }
    (void)gzbuffer(self->gz, BUFFER_BYTES);
    return self;
}

TwinSource *twin_source_new_memory(const uint8_t *bytes, size_t n_bytes)
{
    TwinSource *self = g_new0(TwinSource, 1);
    self->memory = bytes;
    self->memory_bytes = n_bytes;
    return self;
}

void twin_source_free(TwinSource *self)
{
    if (self != NULL) {
        if (self->gz != NULL) {
            (void)gzclose_r(self->gz);
        }
        g_free(self);
    }
}

static void note_end(TwinSource *self)
{
    int status = Z_OK;
    (void)gzerror(self->gz, &status);
    if (status == Z_ERRNO) {
        self->end = TWIN_SOURCE_FAILED;
        self->error_number = errno;
    } else if (status == Z_BUF_ERROR) {
        self->end = TWIN_SOURCE_CUT;
    } else if (status != Z_OK && status != Z_STREAM_END) {
        self->end = TWIN_SOURCE_DAMAGED;
    }
}

static size_t read_gz(TwinSource *self, uint8_t *bytes_out, size_t n_bytes)
{
    size_t n_read = 0;
    while (n_read < n_bytes && self->end == TWIN_SOURCE_GOOD) {
        const size_t n_left = n_bytes - n_read;
        const int n = gzread(self->gz, bytes_out + n_read,
                             n_left < INT_MAX ? (unsigned)n_left : (unsigned)INT_MAX);
        if (n <= 0) {
            note_end(self);
            break;
        }
        n_read += (size_t)n;
    }
    return n_read;
}

static size_t read_memory(TwinSource *self, uint8_t *bytes_out, size_t n_bytes)
{
    const size_t n_read = MIN(n_bytes, self->memory_bytes);
    if (n_read > 0) {
        memcpy(bytes_out, self->memory, n_read);
        self->memory += n_read;
        self->memory_bytes -= n_read;
    }
    return n_read;
}

static size_t read_fresh(TwinSource *self, uint8_t *bytes_out, size_t n_bytes)
{
    return self->gz != NULL ? read_gz(self, bytes_out, n_bytes)
                            : read_memory(self, bytes_out, n_bytes);
}

size_t twin_source_peek(TwinSource *self, uint8_t *bytes_out, size_t n_bytes)
{
    g_return_val_if_fail(n_bytes <= HEAD_BYTES && self->offset == 0, 0);
    if (self->head_bytes < n_bytes) {
        self->head_bytes +=
            read_fresh(self, self->head + self->head_bytes, n_bytes - self->head_bytes);
    }
    const size_t n_peeked = MIN(self->head_bytes, n_bytes);
    memcpy(bytes_out, self->head, n_peeked);
    return n_peeked;
}

size_t twin_source_read(TwinSource *self, uint8_t *bytes_out, size_t n_bytes)
{
    const size_t n_head = MIN(n_bytes, self->head_bytes);
    if (n_head > 0) {
        memcpy(bytes_out, self->head, n_head);
        memmove(self->head, self->head + n_head, self->head_bytes - n_head);
        self->head_bytes -= n_head;
    }
    const size_t n_read = n_head + read_fresh(self, bytes_out + n_head, n_bytes - n_head);
    self->offset += n_read;
    return n_read;
}

uint64_t twin_source_offset(const TwinSource *self)
{
    return self->offset;
}

int64_t twin_source_file_offset(const TwinSource *self)
{
    return self->gz != NULL ? (int64_t)gzoffset(self->gz) : (int64_t)self->offset;
}

TwinSourceEnd twin_source_end(const TwinSource *self)
{
    return self->end;
}

int twin_source_errno(const TwinSource *self)
{
    return self->error_number;
}
