/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/packed.h"

#include <glib.h>
#include <string.h>

enum { WORD_BYTES = sizeof(uint32_t), BITMAP_BYTES = (TWIN_PACKED_WORDS + 7) / 8 };

_Static_assert(offsetof(TwinAudit, history) % sizeof(uint32_t) == 0, "packed word by word");

/* Once the handshake stands, no check looks at how it came about any more. */
static void forget_opening(TwinAudit *self)
{
    const TwinMoment none = {.index = TWIN_NO_PACKET};
    for (unsigned side = 0; side < 2; side++) {
        self->sides[side].syn = self->sides[side].ack = none;
        self->sides[side].data = TWIN_NO_PACKET;
        self->sides[side].data_seq = 0;
    }
    self->handshake.syn = self->handshake.syn == TWIN_NO_PACKET ? TWIN_NO_PACKET : 0;
    self->handshake.synack = self->handshake.bad_synack = TWIN_NO_PACKET;
    self->handshake.reset = TWIN_NO_PACKET;
    self->handshake.third_leg = none;
    self->early.suspect.time_ns = 0;
    if (!self->early.fails) {
        self->early.suspect.index = TWIN_NO_PACKET;
    }
    self->early.unanswered = TWIN_NO_PACKET;
    self->early.unanswered_side = 0;
}

void twin_audit_begin_packing(TwinAudit *begun)
{
    memset(begun, 0, sizeof *begun);
    begun->reading = TWIN_READING_EXACT;
    begun->capture_end_ns = INT64_MAX;
    twin_audit_begin(begun);
}

/* Sets *@number to its distance from @base, or back: a number of the connection is never far from
 * another one. */
static void swap_distance(uint32_t *number, uint32_t base)
{
    *number = base - *number;
}

/* Numbers that a side is known to have, as distances from others, or back. */
static void relate_side(TwinConnectionSide *own, uint32_t next, bool is_back)
{
    uint32_t *acks = own->acks;
    if ((own->bits & TWIN_SIDE_ACK) != 0) {
        if (is_back) {
            swap_distance(&acks[0], next);
            own->limit += acks[0];
        }
        for (size_t i = 1; i < TWIN_CONNECTION_ACKS; i++) {
            const size_t a = is_back ? i : TWIN_CONNECTION_ACKS - i;
            swap_distance(&acks[a], acks[a - 1]);
        }
        if (!is_back) {
            own->limit -= acks[0];
            swap_distance(&acks[0], next);
        }
    }
    if ((own->bits & TWIN_SIDE_FIN_KNOWN) != 0) {
        swap_distance(&own->fin, own->next);
    }
    if ((own->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) != 0) {
        swap_distance(&own->isn, own->next);
    }
}

static void relate(TwinConnection *connection, bool is_back)
{
    for (unsigned side = 0; side < 2; side++) {
        relate_side(&connection->sides[side], connection->sides[1 - side].next, is_back);
    }
}

/* A word's bytes, lowest first, but for the zeros at its upper end. */
static size_t pack_word(uint32_t word, uint8_t *bytes_out)
{
    size_t n_bytes = 0;
    for (; word != 0; word >>= 8) {
        bytes_out[n_bytes++] = (uint8_t)word;
    }
    return n_bytes;
}

/*
 * Differences to the audit of a flow that has not begun: small for indices, since none is the
 * largest. First a bit a word says which differ; then two bits each say how long these are, then
 * these.
 */
size_t twin_audit_pack(const TwinAudit *self, const TwinAudit *begun,
                       uint8_t bytes_out[TWIN_PACKED_MAX_BYTES])
{
    TwinAudit audit;
    memcpy(&audit, self, sizeof audit);
    audit.capture_end_ns = INT64_MAX;
    if (twin_connection_is_established(&audit.connection)) {
        forget_opening(&audit);
    }
    relate(&audit.connection, false);
    uint8_t lengths[TWIN_PACKED_WORDS];
    uint8_t values[TWIN_PACKED_WORDS * WORD_BYTES];
    size_t n_words = 0;
    size_t n_bytes = 0;
    memset(bytes_out, 0, BITMAP_BYTES);
    for (size_t w = 0; w < TWIN_PACKED_WORDS; w++) {
        uint32_t word;
        uint32_t first;
        memcpy(&word, (const char *)&audit + w * WORD_BYTES, sizeof word);
        memcpy(&first, (const char *)begun + w * WORD_BYTES, sizeof first);
        if (word != first) {
            bytes_out[w / 8] = (uint8_t)(bytes_out[w / 8] | 1U << w % 8);
            const size_t length = pack_word(word - first, &values[n_bytes]);
            lengths[n_words++] = (uint8_t)(length - 1);
            n_bytes += length;
        }
    }
    uint8_t *at = bytes_out + BITMAP_BYTES;
    memset(at, 0, (n_words + 3) / 4);
    for (size_t n = 0; n < n_words; n++) {
        at[n / 4] = (uint8_t)(at[n / 4] | lengths[n] << 2 * (n % 4));
    }
    memcpy(at + (n_words + 3) / 4, values, n_bytes);
    return BITMAP_BYTES + (n_words + 3) / 4 + n_bytes;
}

void twin_audit_unpack(TwinAudit *self, const TwinAudit *begun, const uint8_t *bytes)
{
    memcpy(self, begun, sizeof *self); /* padding too: differences are those of whole words */
    size_t n_words = 0;
    for (size_t b = 0; b < BITMAP_BYTES; b++) {
        n_words += (size_t)__builtin_popcount(bytes[b]);
    }
    const uint8_t *lengths = bytes + BITMAP_BYTES;
    const uint8_t *at = lengths + (n_words + 3) / 4;
    size_t n = 0;
    for (size_t w = 0; w < TWIN_PACKED_WORDS; w++) {
        if ((bytes[w / 8] & 1U << w % 8) == 0) {
            continue;
        }
        uint32_t word;
        memcpy(&word, (const char *)self + w * WORD_BYTES, sizeof word);
        const size_t length = 1U + ((unsigned)lengths[n / 4] >> 2 * (n % 4) & 3U);
        for (size_t b = 0; b < length; b++) {
            word += (uint32_t)at[b] << 8 * b;
        }
        memcpy((char *)self + w * WORD_BYTES, &word, sizeof word);
        at += length;
        n++;
    }
    relate(&self->connection, true);
    twin_audit_spell_history(self);
}
