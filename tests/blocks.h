/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_BLOCKS_H
#define FLOWTWIN_TESTS_BLOCKS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A pcapng file that a test composes block by block. Plain; bytes is unref'ed by its owner. */
typedef struct {
    GByteArray *bytes;
    bool is_big_endian; /* of the section at hand */
} TwinTestBlocks;

/** Each appends a block, padded and with both lengths. */
void twin_test_section(TwinTestBlocks *self, bool is_big_endian);
void twin_test_interface(TwinTestBlocks *self, uint16_t link_type, uint32_t snap_bytes);

/** @param resolution if_tsresol; @param offset_s if_tsoffset */
void twin_test_interface_with_clock(TwinTestBlocks *self, uint16_t link_type, uint8_t resolution,
                                    int64_t offset_s);

/** An enhanced packet block with a comment, captured whole. */
void twin_test_enhanced(TwinTestBlocks *self, uint32_t interface, uint64_t ticks,
                        const char *packet);
void twin_test_obsolete(TwinTestBlocks *self, uint16_t interface, uint64_t ticks,
                        const char *packet);

/** @param captured_bytes how many of the packet's bytes are in the block */
void twin_test_simple(TwinTestBlocks *self, const char *packet, size_t captured_bytes);

/** A block of any type, with @n_bytes of zeros. */
void twin_test_block(TwinTestBlocks *self, uint32_t type, size_t n_bytes);

/** For blocks that no function above makes: begins one; fields are appended; it ends. */
size_t twin_test_begin_block(TwinTestBlocks *self, uint32_t type);
void twin_test_u16(TwinTestBlocks *self, uint16_t value);
void twin_test_u32(TwinTestBlocks *self, uint32_t value);
void twin_test_bytes(TwinTestBlocks *self, const void *bytes, size_t n_bytes);
void twin_test_end_block(TwinTestBlocks *self, size_t block);

#endif
