/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pack.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

static const double whole_limit = 9007199254740992.0; /* 2^53: all below are exact */

void twin_pack_whole(GByteArray *bytes, uint64_t value)
{
    uint8_t groups[10];
    guint n = 0;
    do {
        groups[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80U : 0U));
        value >>= 7;
    } while (value > 0);
    (void)g_byte_array_append(bytes, groups, n);
}

void twin_pack_signed(GByteArray *bytes, int64_t value)
{
    const uint64_t folded = (uint64_t)value << 1;
    twin_pack_whole(bytes, value < 0 ? ~folded : folded);
}

void twin_pack_float(GByteArray *bytes, float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    bits = GUINT32_TO_BE(bits);
    (void)g_byte_array_append(bytes, (const guint8 *)&bits, sizeof bits);
}

static bool is_whole(double value)
{
    return fabs(value) < whole_limit && value == floor(value);
}

void twin_pack_number(GByteArray *bytes, double value)
{
    if (is_whole(value)) {
        const int64_t whole = (int64_t)value;
        const uint64_t folded = (uint64_t)whole << 1;
        twin_pack_whole(bytes, (whole < 0 ? ~folded : folded) << 1);
        return;
    }
    twin_pack_whole(bytes, 1);
    twin_pack_float(bytes, (float)value);
}

double twin_packed_number(double value)
{
    return is_whole(value) ? value : (double)(float)value;
}

char *twin_pack_text(const GByteArray *bytes, bool is_compressed)
{
    if (!is_compressed) {
        return g_base64_encode(bytes->data, bytes->len);
    }
    uLongf n_packed = compressBound(bytes->len);
    g_autofree uint8_t *packed = g_malloc(n_packed);
    const int status = compress2(packed, &n_packed, bytes->data, bytes->len, Z_BEST_SPEED);
    g_assert(status == Z_OK); /* the room is what compressBound() asks for */
    return g_base64_encode(packed, n_packed);
}

uint64_t twin_unpack_whole(TwinCursor *cursor, uint64_t most)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t group = 0x80;
    while ((group & 0x80) != 0 && shift < 64 && !cursor->overrun) {
        group = twin_cursor_u8(cursor);
        const uint64_t part = group & 0x7f;
        if (shift == 63 && part > 1) {
            cursor->overrun = true;
        }
        value |= part << shift;
        shift += 7;
    }
    if ((group & 0x80) != 0 || value > most) {
        cursor->overrun = true;
    }
    return cursor->overrun ? 0 : value;
}

static int64_t unfold(uint64_t folded)
{
    const int64_t half = (int64_t)(folded >> 1);
    return (folded & 1) != 0 ? -half - 1 : half;
}

int64_t twin_unpack_signed(TwinCursor *cursor, int64_t least, int64_t most)
{
    const int64_t value = unfold(twin_unpack_whole(cursor, UINT64_MAX));
    if (value < least || value > most) {
        cursor->overrun = true;
    }
    return cursor->overrun ? least : value;
}

float twin_unpack_float(TwinCursor *cursor)
{
    const uint32_t bits = twin_cursor_u32(cursor);
    float value = 0;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) {
        cursor->overrun = true;
    }
    return cursor->overrun ? 0 : value;
}

double twin_unpack_number(TwinCursor *cursor)
{
    const uint64_t folded = twin_unpack_whole(cursor, UINT64_MAX);
    if ((folded & 1) == 0) {
        return (double)unfold(folded >> 1);
    }
    return (double)twin_unpack_float(cursor);
}

uint8_t *twin_unpack_text(const char *text, size_t n_bytes)
{
    gsize n_packed = 0;
    g_autofree guchar *packed = g_base64_decode(text, &n_packed);
    uint8_t *bytes = g_try_malloc(n_bytes + 1);
    uLongf n_unpacked = n_bytes;
    if (bytes == NULL || packed == NULL ||
        uncompress(bytes, &n_unpacked, packed, n_packed) != Z_OK || n_unpacked != n_bytes) {
        g_free(bytes);
        return NULL;
    }
    return bytes;
}
