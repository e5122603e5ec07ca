/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_REVISIT_H
#define FLOWTWIN_FLOW_REVISIT_H

#include <flowtwin/flows.h>

#include "packet/segment.h"

/** A frame read again. All is borrowed for the call. */
typedef struct {
    const TwinFrame *frame;
    const TwinSegment *segment; /* NULL: an IP fragment whose datagram is not whole yet */
    const TwinPacket *packet;   /* what the flows have of it; NULL with the segment */
} TwinRevisited;

/** A second reading of the captures that flows were read from. */
typedef struct {
    const TwinFlows *flows;
    const char *const *paths; /* as they were read: the same, in the same order */
    size_t n_paths;
    const char *what;             /* for progress: "splitting" */
    const TwinProgress *progress; /* NULL: none */
    bool (*visit)(const TwinRevisited *revisited, void *data, GError **error); /* false stops */
    void *data;
} TwinRevisit;

/**
 * False with TWIN_ERROR_ARGUMENT where a capture cannot be read twice: standard input, a pipe.
 */
bool twin_revisit_check(const char *const *paths, size_t n_paths, GError **error) TWIN_CHECKED;

/**
 * Reads the captures again and calls visit for each frame that is a segment of the flows, or a
 * fragment of an IP datagram.
 *
 * @return false with what reading says, TWIN_ERROR_CANCELLED, or what visit says
 */
bool twin_revisit(const TwinRevisit *self, GError **error) TWIN_CHECKED;

#endif
