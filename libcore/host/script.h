/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_SCRIPT_H
#define FLOWTWIN_HOST_SCRIPT_H

#include "host/plan.h"

/*
 * The script of a flow: its writes in the order of their first segments. Learning walks through a
 * captured script, drawing through one that grows; both by the functions here.
 */

/* The last write, the one before, …: side, segments and bytes; −1 where there was none. */
#define TWIN_SCRIPT_LAST(X, K, TEXT)                                                               \
    X(SIDE_##K, "side of " TEXT)                                                                   \
    X(SEGMENTS_##K, "segments of " TEXT)                                                           \
    X(BYTES_##K, "bytes of " TEXT)

#define TWIN_SCRIPT_BOTH(X, NAME, TEXT)                                                            \
    X(NAME##_CLIENT, "client's " TEXT)                                                             \
    X(NAME##_SERVER, "server's " TEXT)

/**
 * Parents of a write: NAME, what `show` calls it. The last three are drawn in this order, so that
 * each is a parent of those behind it: the side given all before SIDE, and so on.
 */
#define TWIN_SCRIPT_PARENTS(X)                                                                     \
    X(LABEL, "label")                                                                              \
    X(INDEX, "writes before")                                                                      \
    TWIN_SCRIPT_BOTH(X, WRITES, "writes left")                                                     \
    TWIN_SCRIPT_BOTH(X, DATA, "data packets left")                                                 \
    X(TURNS, "turns left")                                                                         \
    TWIN_SCRIPT_BOTH(X, MAX_PAYLOAD, "largest payload")                                            \
    TWIN_SCRIPT_BOTH(X, FIRST_PAYLOAD, "first payload")                                            \
    TWIN_SCRIPT_BOTH(X, MEDIAN_PAYLOAD, "median payload")                                          \
    TWIN_SCRIPT_BOTH(X, MEDIAN_WRITE, "median write")                                              \
    TWIN_SCRIPT_BOTH(X, MAX_WRITE, "largest write")                                                \
    TWIN_SCRIPT_BOTH(X, MAX_SEGMENTS, "most segments of a write")                                  \
    TWIN_SCRIPT_LAST(X, 1, "the last write")                                                       \
    TWIN_SCRIPT_LAST(X, 2, "the write before the last")                                            \
    TWIN_SCRIPT_LAST(X, 3, "the third last write")                                                 \
    TWIN_SCRIPT_LAST(X, 4, "the fourth last write")                                                \
    TWIN_SCRIPT_BOTH(X, LAST, "last write")                                                        \
    TWIN_SCRIPT_BOTH(X, SECOND_LAST, "write before its last")                                      \
    X(RUN, "writes of this side in a row")                                                         \
    TWIN_SCRIPT_BOTH(X, ALL_WRITES, "writes")                                                      \
    TWIN_SCRIPT_BOTH(X, ALL_DATA, "data packets")                                                  \
    X(ALL_TURNS, "turns")                                                                          \
    X(CLIENT_IS_FAR, "client far from the capture")                                                \
    X(HALF, "longer half of the path")                                                             \
    X(SIDE, "side")                                                                                \
    X(SEGMENTS, "segments")                                                                        \
    X(BYTES, "bytes")

#define TWIN_SCRIPT_ENUM(NAME, TEXT) TWIN_SCRIPT_##NAME,
enum {
    TWIN_SCRIPT_PARENTS(TWIN_SCRIPT_ENUM) TWIN_N_SCRIPT_PARENTS,
    TWIN_SCRIPT_MEMORY = 4, /* writes remembered exactly */
};
#undef TWIN_SCRIPT_ENUM

/** Where a script stands: before its next write. */
typedef struct {
    const TwinHostPlan *hosts; /* two of them, borrowed: the flow's plan */
    double writes_left[2];
    double data_left[2];
    double turns_left;
    unsigned index;                     /* writes so far */
    unsigned run;                       /* … of the last one's side in a row */
    double last[TWIN_SCRIPT_MEMORY][3]; /* side, segments, bytes; −1: none */
    double last_bytes[2][2];            /* of the last two writes of either side; −1: none */
} TwinScript;

/** Begins the script of a flow with the plan @hosts (two of them). */
void twin_script_begin(TwinScript *self, const TwinHostPlan *hosts);

/** The side of the last write, −1 before the first. */
int twin_script_side(const TwinScript *self);

/**
 * The parents of the next write; SIDE, SEGMENTS and BYTES are left at −1.
 *
 * @param parents_out TWIN_N_SCRIPT_PARENTS of them
 */
void twin_script_parents(const TwinScript *self, float *parents_out);

/** The script goes on by @write. */
void twin_script_step(TwinScript *self, const TwinWrite *write);

/**
 * What the bytes of a write are learned as: their number, or, where several segments are full but
 * for the last, minus the last one's bytes (TWIN_SCRIPT_FULL where it is full too), so that writes
 * of one kind are one class whatever their segments and the path's size.
 *
 * @param max_payload largest payload of the write's side
 */
int32_t twin_script_code(const TwinWrite *write, uint32_t max_payload);

/** The bytes that @code means for a write of @n_segments on a path of @max_payload. */
uint32_t twin_script_bytes(int32_t code, uint32_t n_segments, uint32_t max_payload);

/** The last segment of a write of full segments is full as well. */
enum { TWIN_SCRIPT_FULL = 65000 };

/**
 * Writes what a drawn script says into the plan @hosts (two of them): bytes, largest and first
 * payload, median and largest write, most segments; and the least that its windows must hold.
 *
 * @param writes n_writes of them
 */
void twin_script_tell(const TwinWrite *writes, size_t n_writes, TwinHostPlan *hosts);

/** The name of script parent @index, as `show` has it. */
const char *twin_script_parent_name(size_t index);

#endif
