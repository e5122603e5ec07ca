/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_REASSEMBLY_H
#define FLOWTWIN_HOST_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Numbers from begin to end, the latter excluded. */
typedef struct {
    int64_t begin, end;
} TwinSpan;

/**
 * What has arrived at a host: all below next, and spans beyond a hole. Zero at first, but for
 * spans, which the caller lends.
 */
typedef struct {
    int64_t next; /* the next number in order */
    bool is_begun;
    TwinSpan *spans; /* a heap, least begin first; room for one a packet */
    size_t n_spans;
} TwinReassembly;

/** Takes a segment that arrived, begin < end. Cost: log of the spans beyond a hole. */
void twin_reassembly_take(TwinReassembly *self, int64_t begin, int64_t end);

#endif
