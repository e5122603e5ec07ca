/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/checksum.h"

#include <glib.h>
#include <string.h>

static uint16_t fold(uint64_t sum)
{
    while (sum > UINT16_MAX) {
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    return (uint16_t)sum;
}

uint32_t twin_checksum_add(uint32_t sum, const uint8_t *bytes, size_t n_bytes)
{
    /*
     * The sum does not depend on the byte order it is taken in (RFC 1071, 2 B), so take the
     * machine's and swap once. No carry is lost before 2^31 words, 16 GiB.
     */
    uint64_t native = 0;
    size_t at = 0;
    for (; n_bytes - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, sizeof word);
        native += (word & UINT32_MAX) + (word >> 32);
    }
    if (at < n_bytes) {
        uint64_t word = 0; /* zeros behind the end: an odd last byte is the high one of its pair */
        memcpy(&word, bytes + at, n_bytes - at);
        native += (word & UINT32_MAX) + (word >> 32);
    }
    return twin_checksum_add_u16(sum, (uint16_t)GUINT16_FROM_BE(fold(native)));
}

uint32_t twin_checksum_add_u16(uint32_t sum, uint16_t value)
{
    return (sum & UINT16_MAX) + (sum >> 16) + value;
}

uint16_t twin_checksum_fold(uint32_t sum)
{
    return (uint16_t)~fold(sum);
}
