/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_PACK_H
#define FLOWTWIN_BASE_PACK_H

#include "base/cursor.h"

#include <glib.h>

/*
 * Numbers as few bytes, and back. Whole numbers are in groups of seven bits, lowest first, the
 * eighth bit saying that more follow; signed ones fold the sign into the lowest bit.
 */

void twin_pack_whole(GByteArray *bytes, uint64_t value);
void twin_pack_signed(GByteArray *bytes, int64_t value);

/** IEEE 754, 32 bits, network byte order. */
void twin_pack_float(GByteArray *bytes, float value);

/**
 * A number that is whole (below 2^53) or fits in 32-bit floating point; others are rounded to it.
 * Twice the zigzag of a whole one, or 1 and a float.
 */
void twin_pack_number(GByteArray *bytes, double value);

/** @value as twin_unpack_number() will give it back. */
double twin_packed_number(double value);

/** Bytes as text: base64, of a zlib stream where @is_compressed. (transfer full) */
char *twin_pack_text(const GByteArray *bytes, bool is_compressed);

/** What was packed, from untrusted bytes: beyond the end or out of bounds gives @least and sets
 *  overrun, which stays. */
uint64_t twin_unpack_whole(TwinCursor *cursor, uint64_t most);
int64_t twin_unpack_signed(TwinCursor *cursor, int64_t least, int64_t most);
float twin_unpack_float(TwinCursor *cursor); /* never NaN nor infinite */
double twin_unpack_number(TwinCursor *cursor);

/**
 * The bytes of twin_pack_text(), compressed.
 *
 * @param n_bytes how many they must be
 * @return (transfer full) NULL where they are not, or memory is out
 */
uint8_t *twin_unpack_text(const char *text, size_t n_bytes);

#endif
