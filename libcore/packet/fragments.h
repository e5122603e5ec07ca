/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_FRAGMENTS_H
#define FLOWTWIN_PACKET_FRAGMENTS_H

#include "base/cursor.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TWIN_MAX_DATAGRAMS = 64,        /* unfinished ones at a time; the oldest gives way */
    TWIN_DATAGRAM_HEAD_BYTES = 256, /* kept of a datagram: tunnel headers and the innermost TCP's */
};

/** What the fragments of one datagram share. No padding: compared as bytes. */
typedef struct {
    uint8_t source[16];
    uint8_t destination[16];
    uint32_t id;
    uint16_t ip_version;
    uint16_t protocol;
} TwinDatagramKey;

_Static_assert(sizeof(TwinDatagramKey) == 40, "keys are compared with memcmp");

/** Fields of the first fragment's IP header that the whole datagram takes over. */
typedef struct {
    uint8_t ttl;
    uint8_t traffic_class;
    bool dont_fragment;
} TwinDatagramHeader;

/** One fragment as its IP header tells. Borrowed. */
typedef struct {
    int64_t time_ns;
    TwinDatagramKey key;
    TwinDatagramHeader header;
    size_t offset;    /* bytes, a multiple of 8 below 65,536 */
    size_t n_bytes;   /* of payload on the wire */
    bool has_more;    /* not the last one */
    TwinCursor bytes; /* those captured, at most n_bytes */
} TwinFragment;

/** A whole datagram: its length, and its first bytes as far as they were captured. */
typedef struct {
    TwinDatagramHeader header;
    size_t n_bytes;   /* on the wire */
    TwinCursor bytes; /* borrowed until the next call */
} TwinDatagram;

/** Lengths and first bytes of datagrams that came in fragments; 90 kB once there are any. */
typedef struct TwinFragments TwinFragments;

TwinFragments *twin_fragments_new(void);
void twin_fragments_free(TwinFragments *self);

/**
 * Takes a fragment.
 *
 * Where fragments overlap, the bytes that came first stand. A datagram that is not whole 30 s (by
 * packet time) after its first fragment is given up, as Linux does.
 *
 * @param whole_out written when the result is true
 * @return true when this fragment makes its datagram whole
 *
 * Cost: a comparison with at most TWIN_MAX_DATAGRAMS keys, one bit an 8 bytes. Source: RFC 815.
 */
bool twin_fragments_add(TwinFragments *self, const TwinFragment *fragment, TwinDatagram *whole_out);

/** Fragments of datagrams that were given up or are not whole yet. */
uint64_t twin_fragments_n_lost(const TwinFragments *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinFragments, twin_fragments_free)

#endif
