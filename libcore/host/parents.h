/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_PARENTS_H
#define FLOWTWIN_HOST_PARENTS_H

#include "host/parents_table.h"
#include "host/state.h"

#define TWIN_PARENT_PLAN_ENUM(NAME, TEXT)   TWIN_PARENT_PLAN_##NAME,
#define TWIN_PARENT_ENUM(NAME, TEXT, VALUE) TWIN_PARENT_##NAME,

/*
 * Parents of what a host does next, when, and with how many bytes. Their numbers are the columns of
 * the learner's matrix and the features of its trees: own counts left (as TWIN_PLAN_COUNTS), the
 * peer's counts that have not arrived (again), the own plan's fixed entries, then what is computed.
 */
enum {
    TWIN_PARENT_OWN = 0,
    TWIN_PARENT_PEER = TWIN_N_COUNTS,
    TWIN_PARENT_PLAN = 2 * TWIN_N_COUNTS,
    TWIN_PARENT_BEFORE_PLAN = TWIN_PARENT_PLAN - 1,
    TWIN_PLAN_FIXED(TWIN_PARENT_PLAN_ENUM) TWIN_PARENT_COMPUTED,
    TWIN_PARENT_BEFORE_COMPUTED = TWIN_PARENT_COMPUTED - 1,
    TWIN_PARENTS_COMPUTED(TWIN_PARENT_ENUM) TWIN_N_PARENTS,
};

#define TWIN_WINDOW_PARENT_ENUM(NAME, TEXT, VALUE) TWIN_WINDOW_PARENT_##NAME,
/* Parents of the window of a packet. */
enum { TWIN_WINDOW_PARENTS(TWIN_WINDOW_PARENT_ENUM) TWIN_N_WINDOW_PARENTS };

#undef TWIN_PARENT_PLAN_ENUM
#undef TWIN_PARENT_ENUM
#undef TWIN_WINDOW_PARENT_ENUM

/** The nodes that have these parents; of each, those that its tree may test. */
typedef enum {
    TWIN_DRAWN_OUTCOME, /* what comes next: all before SEGMENTS_NOW */
    TWIN_DRAWN_LENGTH,  /* WRITE_SEGMENTS and WRITE_BYTES become SEGMENTS_NOW and BYTES_NOW; KIND */
    TWIN_DRAWN_DELAY,   /* as OUTCOME; KIND, PAYLOAD, DELAY_CLASS */
    TWIN_DRAWN_FATE,    /* as OUTCOME; KIND, PAYLOAD */
    TWIN_DRAWN_ACK,     /* as OUTCOME; KIND, PAYLOAD */
    TWIN_N_DRAWN,
} TwinDrawn;

/**
 * All that parents are computed from at one moment of one host, so that a walk down a tree computes
 * only what it tests. Borrows.
 */
typedef struct {
    const TwinHostState *own;
    const double *plan; /* own, TWIN_N_PLAN */
    const double *peer_plan;
    const double *arrived; /* of the peer's counts */
    const float *fixed;    /* own plan's fixed entries as parents */
    const TwinDialogue *dialogue;
    int64_t now_ns;
    /* The script, by twin_parents_look() */
    size_t next_write;      /* own; n_writes: none left */
    ptrdiff_t before_write; /* the peer's before it; −1: none */
    int64_t n_awaited;      /* segments of the peer's writes before it that have not arrived */
    bool may_begin;         /* the next write may */
    double chances;         /* twin_host_chances() */
    int64_t oldest_sent_ns; /* of what is in flight; where there is any */
    unsigned host;
    /* What is under way to it, set by the caller */
    size_t n_inbound;
    int64_t inbound_ns; /* nominal time of the first − now_ns */
    uint32_t inbound_bytes;
    bool inbound_has_size;
    /* What is known of its next packet, set by the caller: −1, 0, 0 before it is drawn */
    int32_t kind;
    int32_t payload_bytes; /* −1: of a resend, not known yet */
    uint8_t delay_class;
} TwinParents;

/** The packet that is the first under way to a host; NULL: none is. */
typedef struct {
    const TwinHostPacket *first;
    size_t n;
} TwinInbound;

/** Looks at @host at @now_ns; nothing is known of its next packet. */
void twin_parents_look(TwinParents *self, const TwinHosts *hosts, unsigned host, int64_t now_ns,
                       TwinInbound inbound);

/** The value of one parent, below TWIN_N_PARENTS. Cost: a jump and what it takes, some 5 ns. */
float twin_parent(const TwinParents *p, unsigned parent);

/** All of them, TWIN_N_PARENTS: each the value of twin_parent(). Cost: some 0.3 µs. */
void twin_parents_fill(const TwinParents *p, float *values_out);

/** All that a window depends on. Borrows. */
typedef struct {
    const TwinHostState *own;
    const double *plan;
    const double *peer_plan;
    const double *arrived;
    const TwinHostPacket *packet; /* about to be sent; its window is not read */
    int64_t now_ns;
    unsigned shift; /* of the window */
} TwinWindowParents;

void twin_window_parents_look(TwinWindowParents *self, const TwinHosts *hosts,
                              const TwinHostPacket *packet);
float twin_window_parent(const TwinWindowParents *p, unsigned parent);
void twin_window_parents_fill(const TwinWindowParents *p, float *values_out);

/** What `show` calls a parent. NULL-terminated text, lives for ever; "peer's " goes before those of
 *  the peer's counts, so it needs room: @text_out of TWIN_PARENT_NAME_ROOM bytes. */
enum { TWIN_PARENT_NAME_ROOM = 64 };
void twin_parent_name(unsigned parent, char *text_out);
const char *twin_window_parent_name(unsigned parent);

/**
 * The parents that a node's tree may test, rising.
 *
 * @param features_out room for TWIN_N_PARENTS
 * @return how many
 */
size_t twin_parents_of(TwinDrawn drawn, uint16_t *features_out);

#endif
