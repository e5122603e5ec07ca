/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_CHECKSUM_H
#define FLOWTWIN_PACKET_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/**
 * Adds bytes to a running Internet checksum, which begins at 0.
 *
 * @param sum   what the bytes before gave; every piece but the last is of even length
 * @param bytes any alignment; may be NULL when @n_bytes is 0
 * @return the new running sum; never overflows, however many pieces there are
 *
 * Cost: an addition an 8 bytes. Source: RFC 1071, sections 1 and 2.
 */
uint32_t twin_checksum_add(uint32_t sum, const uint8_t *bytes, size_t n_bytes);

/** Adds one 16-bit field, host byte order: pseudo-headers are made of them. */
uint32_t twin_checksum_add_u16(uint32_t sum, uint16_t value);

/**
 * The checksum of all that was added, host byte order: what belongs into the header, whose own
 * field was added as 0; or 0 where that field was added as it stood and is right.
 */
uint16_t twin_checksum_fold(uint32_t sum);

#endif
