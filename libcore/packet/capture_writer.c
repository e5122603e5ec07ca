/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/capture_writer.h"

#include <flowtwin/error.h>

#include <errno.h>

enum {
    FILE_HEADER_BYTES = 24,
    RECORD_HEADER_BYTES = 16,
    LINKTYPE_ETHERNET = 1,
    MAX_SNAP_BYTES = 262144, /* what readers believe at most */
};

struct TwinCaptureWriter {
    FILE *stream;
    uint32_t snap_bytes;
};

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, (uint16_t)value);
    put_u16(at + 2, (uint16_t)(value >> 16));
}

TwinCaptureWriter *twin_capture_writer_new(FILE *stream, uint32_t snap_bytes, GError **error)
{
    g_return_val_if_fail(snap_bytes >= 1 && snap_bytes <= MAX_SNAP_BYTES, NULL);
    uint8_t header[FILE_HEADER_BYTES] = {0}; /* time zone and accuracy stay 0 */
    put_u32(header, 0xa1b23c4d);             /* nanoseconds */
    put_u16(header + 4, 2);                  /* version 2.4 */
    put_u16(header + 6, 4);
    put_u32(header + 16, snap_bytes);
    put_u32(header + 20, LINKTYPE_ETHERNET);
    if (fwrite(header, sizeof header, 1, stream) != 1) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "the capture's header: %s",
                    g_strerror(errno));
        return NULL;
    }
    TwinCaptureWriter *self = g_new0(TwinCaptureWriter, 1);
    self->stream = stream;
    self->snap_bytes = snap_bytes;
    return self;
}

void twin_capture_writer_free(TwinCaptureWriter *self)
{
    g_free(self);
}

bool twin_capture_writer_write(TwinCaptureWriter *self, const TwinFrame *frame)
{
    const int64_t ns_per_second = 1000000000;
    const int64_t seconds = frame->time_ns / ns_per_second;
    if (frame->time_ns < 0 || seconds > UINT32_MAX) {
        errno = ERANGE;
        return false;
    }
    const uint32_t captured_bytes = MIN(frame->captured_bytes, self->snap_bytes);
    uint8_t header[RECORD_HEADER_BYTES];
    put_u32(header, (uint32_t)seconds);
    put_u32(header + 4, (uint32_t)(frame->time_ns % ns_per_second));
    put_u32(header + 8, captured_bytes);
    put_u32(header + 12, frame->original_bytes);
    return fwrite(header, sizeof header, 1, self->stream) == 1 &&
           fwrite(frame->bytes, 1, captured_bytes, self->stream) == captured_bytes;
}
