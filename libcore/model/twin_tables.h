/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_TABLES_H
#define FLOWTWIN_MODEL_TWIN_TABLES_H

#include "bn/tree.h"
#include "host/parents.h"

/*
 * What the drawing loop (synth/loop.h) draws from: the trees of preset `twin` and, beside each,
 * what its training rows hold. Trees are flattened (twin_tree_flatten()): row r of a tree is row r
 * of its table. Features are TWIN_PARENT_… (TWIN_WINDOW_PARENT_… of the window's tree). Immutable,
 * so threads share them; owned by the model.
 */

/** Flags × move × payload or not: what TwinHostPacket.kind numbers. */
typedef struct {
    uint16_t flags;
    uint8_t move; /* TwinMove */
    bool has_payload;
} TwinPacketKind;

/** What a host did after a local event. 8 bytes. */
typedef struct {
    uint16_t kind; /* of its next packet; n_kinds: it waited */
    uint16_t back; /* of TWIN_MOVE_AGAIN: TwinHostPacket.back */
    uint32_t odd;  /* of TWIN_MOVE_ODD: index in TwinTables.odd */
} TwinOutcomeRow;

/** A packet in another number space. */
typedef struct {
    int64_t by; /* TwinHostPacket.odd_by */
    uint32_t payload_bytes;
} TwinOddRow;

/** When a packet left. 16 bytes. From TwinReplayRow. */
typedef struct {
    int64_t time_ns;
    float position;
    uint8_t held; /* TwinHeld */
    bool is_timer;
} TwinDelayRow;

/** From TwinReplayWindow. */
typedef struct {
    int32_t step;
    uint8_t code; /* TwinWindowCode */
} TwinWindowRow;

/** How an acknowledgement was odd. */
typedef struct {
    int64_t by;     /* TwinHostPacket.ack_by */
    uint8_t manner; /* TwinAckManner */
} TwinAckRow;

typedef struct {
    TwinPacketKind *kinds;
    size_t n_kinds; /* below UINT16_MAX */
    /* A tree that has no row is NULL, and so is its table. The first two are needed. */
    TwinTree *outcome;
    TwinOutcomeRow *outcomes;
    TwinTree *delay; /* packets from the third of their side on */
    TwinDelayRow *delays;
    TwinTree *length; /* segments that are not the last of their write */
    int32_t *lengths; /* payload, or TWIN_LENGTH_FULL */
    TwinTree *window; /* as TwinReplayWindow.is_learned */
    TwinWindowRow *windows;
    TwinTree *fate; /* new packets with numbers of sides whose plan has losses or missed ones */
    uint8_t *fates; /* TwinFate */
    TwinTree *ack;  /* packets with ACK of sides whose plan has odd acknowledgements */
    TwinAckRow *acks;
    TwinOddRow *odd;
    size_t n_odd;
} TwinTables;

#endif
