/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/frame_file.h"

#include <string.h>

enum {
    PCAP_HEAD_BYTES = 24,
    PCAP_RECORD_BYTES = 16,
    SECTION_BYTES = 28,
    INTERFACE_BYTES = 32,
    PACKET_HEAD_BYTES = 28,
    SECTION_BLOCK = 0x0A0D0D0A,
    INTERFACE_BLOCK = 1,
    PACKET_BLOCK = 6,
    MAX_SNAP_BYTES = 262144, /* what readers believe at most */
};

static const int64_t second_ns = 1000000000;

struct TwinFrameFile {
    FILE *stream;
    uint32_t *link_types;
    size_t n_link_types; /* more than one: pcapng */
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

static void write_pcap_head(FILE *stream, uint32_t link_type)
{
    uint8_t head[PCAP_HEAD_BYTES] = {0}; /* time zone and accuracy stay 0 */
    put_u32(head, 0xa1b23c4d);           /* nanoseconds */
    put_u16(head + 4, 2);                /* version 2.4 */
    put_u16(head + 6, 4);
    put_u32(head + 16, MAX_SNAP_BYTES);
    put_u32(head + 20, link_type);
    (void)fwrite(head, sizeof head, 1, stream);
}

static void write_section(FILE *stream)
{
    uint8_t block[SECTION_BYTES];
    put_u32(block, SECTION_BLOCK);
    put_u32(block + 4, SECTION_BYTES);
    put_u32(block + 8, 0x1A2B3C4D); /* byte order */
    put_u16(block + 12, 1);         /* version 1.0 */
    put_u16(block + 14, 0);
    memset(block + 16, 0xff, 8); /* length of the section: not said */
    put_u32(block + 24, SECTION_BYTES);
    (void)fwrite(block, sizeof block, 1, stream);
}

static void write_interface(FILE *stream, uint32_t link_type)
{
    uint8_t block[INTERFACE_BYTES] = {0};
    put_u32(block, INTERFACE_BLOCK);
    put_u32(block + 4, INTERFACE_BYTES);
    put_u16(block + 8, (uint16_t)link_type);
    put_u32(block + 12, 0); /* no snap length */
    put_u16(block + 16, 9); /* option if_tsresol: */
    put_u16(block + 18, 1);
    block[20] = 9; /* 10^-9 s */
    put_u32(block + 28, INTERFACE_BYTES);
    (void)fwrite(block, sizeof block, 1, stream);
}

TwinFrameFile *twin_frame_file_new(FILE *stream, const uint32_t *link_types, size_t n_link_types)
{
    g_return_val_if_fail(n_link_types >= 1, NULL);
    TwinFrameFile *self = g_new0(TwinFrameFile, 1);
    self->stream = stream;
    self->link_types = g_memdup2(link_types, n_link_types * sizeof *link_types);
    self->n_link_types = n_link_types;
    if (n_link_types == 1) {
        write_pcap_head(stream, link_types[0]);
        return self;
    }
    write_section(stream);
    for (size_t i = 0; i < n_link_types; i++) {
        write_interface(stream, link_types[i]);
    }
    return self;
}

void twin_frame_file_free(TwinFrameFile *self)
{
    if (self != NULL) {
        g_free(self->link_types);
        g_free(self);
    }
}

static bool write_record(FILE *stream, const TwinFrame *frame)
{
    if (frame->time_ns / second_ns > UINT32_MAX) {
        return false;
    }
    uint8_t head[PCAP_RECORD_BYTES];
    put_u32(head, (uint32_t)(frame->time_ns / second_ns));
    put_u32(head + 4, (uint32_t)(frame->time_ns % second_ns));
    put_u32(head + 8, frame->captured_bytes);
    put_u32(head + 12, frame->original_bytes);
    (void)fwrite(head, sizeof head, 1, stream);
    (void)fwrite(frame->bytes, 1, frame->captured_bytes, stream);
    return true;
}

static void write_packet_block(FILE *stream, const TwinFrame *frame, uint32_t interface_index)
{
    static const uint8_t padding[4] = {0};
    const uint32_t n_padding = (4 - frame->captured_bytes % 4) % 4;
    const uint32_t block_bytes = PACKET_HEAD_BYTES + frame->captured_bytes + n_padding + 4;
    const uint64_t time_ns = (uint64_t)frame->time_ns;
    uint8_t head[PACKET_HEAD_BYTES];
    put_u32(head, PACKET_BLOCK);
    put_u32(head + 4, block_bytes);
    put_u32(head + 8, interface_index);
    put_u32(head + 12, (uint32_t)(time_ns >> 32));
    put_u32(head + 16, (uint32_t)time_ns);
    put_u32(head + 20, frame->captured_bytes);
    put_u32(head + 24, frame->original_bytes);
    (void)fwrite(head, sizeof head, 1, stream);
    (void)fwrite(frame->bytes, 1, frame->captured_bytes, stream);
    (void)fwrite(padding, 1, n_padding, stream);
    put_u32(head, block_bytes);
    (void)fwrite(head, 4, 1, stream);
}

bool twin_frame_file_write(TwinFrameFile *self, const TwinFrame *frame)
{
    size_t index = 0;
    while (index < self->n_link_types && self->link_types[index] != frame->link_type) {
        index++;
    }
    if (index == self->n_link_types || frame->time_ns < 0) {
        return false;
    }
    if (self->n_link_types == 1) {
        return write_record(self->stream, frame);
    }
    write_packet_block(self->stream, frame, (uint32_t)index);
    return true;
}
