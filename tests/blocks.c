/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blocks.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OBSOLETE = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    OPTION_COMMENT = 1,
    OPTION_RESOLUTION = 9,
    OPTION_OFFSET = 14,
};

void twin_test_bytes(TwinTestBlocks *self, const void *bytes, size_t n_bytes)
{
    g_byte_array_append(self->bytes, bytes, (guint)n_bytes);
}

void twin_test_u16(TwinTestBlocks *self, uint16_t value)
{
    const uint16_t stored =
        (uint16_t)(self->is_big_endian ? GUINT16_TO_BE(value) : GUINT16_TO_LE(value));
    twin_test_bytes(self, &stored, sizeof stored);
}

void twin_test_u32(TwinTestBlocks *self, uint32_t value)
{
    const uint32_t stored = self->is_big_endian ? GUINT32_TO_BE(value) : GUINT32_TO_LE(value);
    twin_test_bytes(self, &stored, sizeof stored);
}

static void pad(TwinTestBlocks *self, size_t n_bytes)
{
    static const uint8_t zeros[3] = {0};
    twin_test_bytes(self, zeros, -n_bytes % 4);
}

size_t twin_test_begin_block(TwinTestBlocks *self, uint32_t type)
{
    const size_t block = self->bytes->len;
    twin_test_u32(self, type);
    twin_test_u32(self, 0); /* the length, once it is known */
    return block;
}

void twin_test_end_block(TwinTestBlocks *self, size_t block)
{
    pad(self, self->bytes->len - block);
    const uint32_t n_bytes = (uint32_t)(self->bytes->len - block + sizeof(uint32_t));
    twin_test_u32(self, n_bytes);
    memcpy(self->bytes->data + block + 4, self->bytes->data + self->bytes->len - 4, 4);
}

void twin_test_section(TwinTestBlocks *self, bool is_big_endian)
{
    self->is_big_endian = is_big_endian;
    const size_t block = twin_test_begin_block(self, BLOCK_SECTION);
    twin_test_u32(self, 0x1a2b3c4d);
    twin_test_u16(self, 1); /* version 1.0 */
    twin_test_u16(self, 0);
    twin_test_u32(self, UINT32_MAX); /* section length: not said */
    twin_test_u32(self, UINT32_MAX);
    twin_test_end_block(self, block);
}

static size_t begin_interface(TwinTestBlocks *self, uint16_t link_type, uint32_t snap_bytes)
{
    const size_t block = twin_test_begin_block(self, BLOCK_INTERFACE);
    twin_test_u16(self, link_type);
    twin_test_u16(self, 0);
    twin_test_u32(self, snap_bytes);
    return block;
}

void twin_test_interface(TwinTestBlocks *self, uint16_t link_type, uint32_t snap_bytes)
{
    twin_test_end_block(self, begin_interface(self, link_type, snap_bytes));
}

void twin_test_interface_with_clock(TwinTestBlocks *self, uint16_t link_type, uint8_t resolution,
                                    int64_t offset_s)
{
    const size_t block = begin_interface(self, link_type, 0);
    twin_test_u16(self, OPTION_COMMENT); /* one to be passed over, with padding */
    twin_test_u16(self, 5);
    twin_test_bytes(self, "clock\0\0", 8);
    twin_test_u16(self, OPTION_RESOLUTION);
    twin_test_u16(self, 1);
    twin_test_bytes(self, (const uint8_t[]){resolution, 0, 0, 0}, 4);
    twin_test_u16(self, OPTION_OFFSET);
    twin_test_u16(self, 8);
    const uint32_t high = (uint32_t)((uint64_t)offset_s >> 32);
    twin_test_u32(self, self->is_big_endian ? high : (uint32_t)offset_s);
    twin_test_u32(self, self->is_big_endian ? (uint32_t)offset_s : high);
    twin_test_u32(self, 0); /* end of options; what follows is none */
    twin_test_u16(self, OPTION_RESOLUTION);
    twin_test_u16(self, 1);
    twin_test_u32(self, 0);
    twin_test_end_block(self, block);
}

/* From the time on. */
static void put_packet(TwinTestBlocks *self, uint64_t ticks, const char *packet)
{
    const size_t n_bytes = strlen(packet);
    twin_test_u32(self, (uint32_t)(ticks >> 32));
    twin_test_u32(self, (uint32_t)ticks);
    twin_test_u32(self, (uint32_t)n_bytes);
    twin_test_u32(self, (uint32_t)n_bytes);
    twin_test_bytes(self, packet, n_bytes);
    pad(self, n_bytes);
}

void twin_test_enhanced(TwinTestBlocks *self, uint32_t interface, uint64_t ticks,
                        const char *packet)
{
    const size_t block = twin_test_begin_block(self, BLOCK_ENHANCED);
    twin_test_u32(self, interface);
    put_packet(self, ticks, packet);
    twin_test_u16(self, OPTION_COMMENT);
    twin_test_u16(self, 2);
    twin_test_bytes(self, "hi\0", 4);
    twin_test_u32(self, 0);
    twin_test_end_block(self, block);
}

void twin_test_obsolete(TwinTestBlocks *self, uint16_t interface, uint64_t ticks,
                        const char *packet)
{
    const size_t block = twin_test_begin_block(self, BLOCK_OBSOLETE);
    twin_test_u16(self, interface);
    twin_test_u16(self, 3); /* drops */
    put_packet(self, ticks, packet);
    twin_test_end_block(self, block);
}

void twin_test_simple(TwinTestBlocks *self, const char *packet, size_t captured_bytes)
{
    const size_t block = twin_test_begin_block(self, BLOCK_SIMPLE);
    twin_test_u32(self, (uint32_t)strlen(packet));
    twin_test_bytes(self, packet, captured_bytes);
    twin_test_end_block(self, block);
}

void twin_test_block(TwinTestBlocks *self, uint32_t type, size_t n_bytes)
{
    const size_t block = twin_test_begin_block(self, type);
    g_autofree uint8_t *zeros = g_malloc0(n_bytes);
    twin_test_bytes(self, zeros, n_bytes);
    twin_test_end_block(self, block);
}
