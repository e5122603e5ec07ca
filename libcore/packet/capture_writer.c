/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/capture_writer.h"

#include <flowtwin/error.h>

#include <errno.h>
#include <string.h>

enum {
    LINKTYPE_ETHERNET = 1,
    MAX_SNAP_BYTES = 262144, /* what readers believe at most */
    PCAP_HEADER_BYTES = 24,
    PCAP_RECORD_BYTES = 16,
    SECTION_HEADER = 0x0a0d0d0a, /* pcapng's block types */
    INTERFACE_DESCRIPTION = 1,
    ENHANCED_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    BLOCK_BYTES = 12, /* type and both lengths */
    OPTION_COMMENT = 1,
    OPTION_USER_APPLICATION = 4,
    OPTION_TIME_RESOLUTION = 9,
    NANOSECONDS = 9,
};

struct TwinCaptureWriter {
    FILE *stream;
    uint32_t snap_bytes;
    bool (*write)(TwinCaptureWriter *self, const TwinFrame *frame, const char *comment);
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

static bool put_bytes(TwinCaptureWriter *self, const void *bytes, size_t n_bytes)
{
    return n_bytes == 0 || fwrite(bytes, n_bytes, 1, self->stream) == 1;
}

static bool begin_pcap(TwinCaptureWriter *self, const TwinProvenance *provenance)
{
    (void)provenance;
    uint8_t header[PCAP_HEADER_BYTES] = {0}; /* time zone and accuracy stay 0 */
    put_u32(header, 0xa1b23c4d);             /* nanoseconds */
    put_u16(header + 4, 2);                  /* version 2.4 */
    put_u16(header + 6, 4);
    put_u32(header + 16, self->snap_bytes);
    put_u32(header + 20, LINKTYPE_ETHERNET);
    return put_bytes(self, header, sizeof header);
}

static bool write_pcap(TwinCaptureWriter *self, const TwinFrame *frame, const char *comment)
{
    (void)comment;
    const int64_t ns_per_second = 1000000000;
    const int64_t seconds = frame->time_ns / ns_per_second;
    if (frame->time_ns < 0 || seconds > UINT32_MAX) {
        errno = ERANGE;
        return false;
    }
    const uint32_t captured_bytes = MIN(frame->captured_bytes, self->snap_bytes);
    uint8_t header[PCAP_RECORD_BYTES];
    put_u32(header, (uint32_t)seconds);
    put_u32(header + 4, (uint32_t)(frame->time_ns % ns_per_second));
    put_u32(header + 8, captured_bytes);
    put_u32(header + 12, frame->original_bytes);
    return put_bytes(self, header, sizeof header) && put_bytes(self, frame->bytes, captured_bytes);
}

static size_t padded(size_t n_bytes)
{
    return (n_bytes + 3) / 4 * 4;
}

/* Bytes that a text takes as an option; none where there is no text. */
static size_t option_bytes(const char *text)
{
    return text != NULL ? 4 + padded(MIN(strlen(text), (size_t)UINT16_MAX)) : 0;
}

static bool put_padded(TwinCaptureWriter *self, const void *bytes, size_t n_bytes)
{
    static const uint8_t zeros[4] = {0};
    return put_bytes(self, bytes, n_bytes) && put_bytes(self, zeros, padded(n_bytes) - n_bytes);
}

static bool put_option(TwinCaptureWriter *self, uint16_t code, const char *text)
{
    if (text == NULL) {
        return true;
    }
    const uint16_t n_bytes = (uint16_t)MIN(strlen(text), (size_t)UINT16_MAX);
    uint8_t header[4];
    put_u16(header, code);
    put_u16(header + 2, n_bytes);
    return put_bytes(self, header, sizeof header) && put_padded(self, text, n_bytes);
}

/* End of options and the block's length once more. */
static bool end_block(TwinCaptureWriter *self, bool has_options, uint32_t block_bytes)
{
    uint8_t end[8] = {0};
    put_u32(end + 4, block_bytes);
    return has_options ? put_bytes(self, end, 8) : put_bytes(self, end + 4, 4);
}

static bool write_section_header(TwinCaptureWriter *self, const TwinProvenance *provenance)
{
    const size_t n_options =
        option_bytes(provenance->comment) + option_bytes(provenance->application);
    const uint32_t block_bytes = (uint32_t)(BLOCK_BYTES + 16 + n_options + (n_options > 0 ? 4 : 0));
    uint8_t header[24];
    put_u32(header, SECTION_HEADER);
    put_u32(header + 4, block_bytes);
    put_u32(header + 8, BYTE_ORDER_MAGIC);
    put_u16(header + 12, 1); /* version 1.0 */
    put_u16(header + 14, 0);
    put_u32(header + 16, UINT32_MAX); /* section length: not said */
    put_u32(header + 20, UINT32_MAX);
    return put_bytes(self, header, sizeof header) &&
           put_option(self, OPTION_COMMENT, provenance->comment) &&
           put_option(self, OPTION_USER_APPLICATION, provenance->application) &&
           end_block(self, n_options > 0, block_bytes);
}

static bool begin_pcapng(TwinCaptureWriter *self, const TwinProvenance *provenance)
{
    static const TwinProvenance none = {NULL, NULL};
    enum { INTERFACE_BYTES = BLOCK_BYTES + 8 + 8 + 4 };
    uint8_t block[INTERFACE_BYTES] = {0};
    put_u32(block, INTERFACE_DESCRIPTION);
    put_u32(block + 4, INTERFACE_BYTES);
    put_u16(block + 8, LINKTYPE_ETHERNET);
    put_u32(block + 12, self->snap_bytes);
    put_u16(block + 16, OPTION_TIME_RESOLUTION);
    put_u16(block + 18, 1);
    block[20] = NANOSECONDS;
    put_u32(block + 28, INTERFACE_BYTES); /* after the end of options, which is zero */
    return write_section_header(self, provenance != NULL ? provenance : &none) &&
           put_bytes(self, block, sizeof block);
}

static bool write_pcapng(TwinCaptureWriter *self, const TwinFrame *frame, const char *comment)
{
    if (frame->time_ns < 0) {
        errno = ERANGE;
        return false;
    }
    const uint32_t captured_bytes = MIN(frame->captured_bytes, self->snap_bytes);
    const size_t n_options = option_bytes(comment);
    const uint32_t block_bytes =
        (uint32_t)(BLOCK_BYTES + 20 + padded(captured_bytes) + n_options + (n_options > 0 ? 4 : 0));
    uint8_t header[28];
    put_u32(header, ENHANCED_PACKET);
    put_u32(header + 4, block_bytes);
    put_u32(header + 8, 0); /* interface */
    put_u32(header + 12, (uint32_t)(frame->time_ns >> 32));
    put_u32(header + 16, (uint32_t)frame->time_ns);
    put_u32(header + 20, captured_bytes);
    put_u32(header + 24, frame->original_bytes);
    return put_bytes(self, header, sizeof header) &&
           put_padded(self, frame->bytes, captured_bytes) &&
           put_option(self, OPTION_COMMENT, comment) && end_block(self, n_options > 0, block_bytes);
}

static const struct {
    const char *endings[2];
    bool (*begin)(TwinCaptureWriter *self, const TwinProvenance *provenance);
    bool (*write)(TwinCaptureWriter *self, const TwinFrame *frame, const char *comment);
} formats[] = {
    [TWIN_CAPTURE_PCAP] = {{".pcap", ".cap"}, begin_pcap, write_pcap},
    [TWIN_CAPTURE_PCAPNG] = {{".pcapng", ".ntar"}, begin_pcapng, write_pcapng},
};

TwinCaptureFormat twin_capture_format_of(const char *path)
{
    for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
        for (size_t e = 0; e < G_N_ELEMENTS(formats[f].endings); e++) {
            if (g_str_has_suffix(path, formats[f].endings[e])) {
                return (TwinCaptureFormat)f;
            }
        }
    }
    return TWIN_CAPTURE_PCAP;
}

TwinCaptureWriter *twin_capture_writer_new(FILE *stream, uint32_t snap_bytes,
                                           TwinCaptureFormat format,
                                           const TwinProvenance *provenance, GError **error)
{
    g_return_val_if_fail(snap_bytes >= 1 && snap_bytes <= MAX_SNAP_BYTES, NULL);
    TwinCaptureWriter *self = g_new0(TwinCaptureWriter, 1);
    self->stream = stream;
    self->snap_bytes = snap_bytes;
    self->write = formats[format].write;
    if (!formats[format].begin(self, provenance)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "the capture's header: %s",
                    g_strerror(errno));
        g_free(self);
        return NULL;
    }
    return self;
}

void twin_capture_writer_free(TwinCaptureWriter *self)
{
    g_free(self);
}

bool twin_capture_writer_write(TwinCaptureWriter *self, const TwinFrame *frame, const char *comment)
{
    return self->write(self, frame, comment);
}
