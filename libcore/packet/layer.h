/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PACKET_LAYER_H
#define FLOWTWIN_PACKET_LAYER_H

#include "base/cursor.h"
#include "packet/fragments.h"
#include "packet/segment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One frame on its way down to its TCP header: what is left of it, and what was found so far. */
typedef struct {
    TwinCursor bytes;         /* captured, from the next header on */
    size_t original_bytes;    /* on the wire, from the next header on; never below bytes.left */
    TwinSegment *segment;     /* filled on the way */
    TwinFragments *fragments; /* of the decoder */
    size_t frame_bytes;       /* the whole frame on the wire */
    bool is_in_ethernet;      /* segment's MACs are set */
    bool is_tunnelled;        /* a further Ethernet or IP header was met */
    TwinDecodeStatus status;  /* valid once a layer returned none */
} TwinWalk;

/**
 * The reader of one kind of header: takes its header off the walk and returns the reader of what
 * comes next, or none once walk->status is known. Rows of the tables in link.c, ip.c and tunnel.c.
 */
typedef struct TwinLayer TwinLayer;
struct TwinLayer {
    TwinLayer (*read)(TwinWalk *walk);
};

/** Ends the walk. */
static inline TwinLayer twin_walk_end(TwinWalk *walk, TwinDecodeStatus status)
{
    walk->status = status;
    return (TwinLayer){.read = NULL};
}

/** Takes the next @n_bytes off the walk; overrun, here and in walk->bytes, where they were cut. */
static inline TwinCursor twin_walk_take(TwinWalk *walk, size_t n_bytes)
{
    const TwinCursor header = twin_cursor_sub(&walk->bytes, n_bytes);
    walk->original_bytes -= header.left;
    return header;
}

/** What follows is @n_bytes long on the wire; what lies behind is padding or a trailer. */
static inline void twin_walk_limit(TwinWalk *walk, size_t n_bytes)
{
    walk->original_bytes = n_bytes;
    if (walk->bytes.left > n_bytes) {
        walk->bytes.left = n_bytes;
    }
}

#endif
