/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_AUDIT_H
#define FLOWTWIN_AUDIT_AUDIT_H

#include <flowtwin/check.h>

#include "audit/reason.h"
#include "flow/connection.h"

#include <stdbool.h>
#include <stdint.h>

/** No packet: indices within a flow stay below it. */
#define TWIN_NO_PACKET UINT32_MAX

/** Kinds of packet that the history tells apart: S H D A F R. */
#define TWIN_HISTORY_KINDS 6

/** A packet that a check remembers: where in the flow, and when. */
typedef struct {
    uint32_t index; /* TWIN_NO_PACKET: there was none */
    int64_t time_ns;
} TwinMoment;

/** What the exact checks share of one side, beside its TwinConnectionSide. */
typedef struct {
    TwinMoment syn;    /* of the SYN in force: index of its first copy, time of its last */
    TwinMoment ack;    /* newest segment before the handshake that may be its third leg */
    TwinMoment rst;    /* of its acceptable RST in force */
    uint32_t fin;      /* its first FIN */
    uint32_t data;     /* its first payload outside a SYN or RST */
    uint32_t data_seq; /* and that one's number */
    uint8_t history;   /* kinds that it has shown, a bit each */
    bool has_spoken;   /* sent anything at all */
    bool has_followed; /* sent anything but SYNs */
} TwinAuditSide;

/** One packet as the checks see it. */
typedef struct {
    const TwinPacket *packet;
    uint32_t index;         /* within the flow */
    unsigned side;          /* 0: that of the flow's first packet */
    unsigned events;        /* TWIN_CONNECTION_… */
    uint32_t payload_bytes; /* 0 where it is unsure */
} TwinAuditStep;

/**
 * A flow under audit. Each check writes its own part; all may read the others'. A plain value
 * without pointers: packed.c keeps it in few bytes.
 */
struct TwinAudit {
    TwinReading reading;
    int64_t capture_end_ns; /* INT64_MAX: not known */
    uint32_t n_packets;
    int64_t last_ns;
    TwinConnection connection;
    TwinAuditSide sides[2];
    struct {
        uint32_t syn;        /* first SYN without ACK, whatever else it carries */
        uint32_t synack;     /* newest that contradicts no SYN */
        uint32_t bad_synack; /* first that does */
        uint32_t reset;      /* first acceptable RST */
        bool has_syn_flag;   /* SYN or SYN/ACK: the begin of the flow was captured */
        TwinReason reason;   /* of a handshake that was observed */
        TwinMoment third_leg;
        uint64_t rtt_ns; /* SYN to third leg */
    } handshake;
    struct {
        TwinMoment suspect; /* earliest payload before the third leg */
        unsigned suspect_side;
        uint32_t unanswered; /* first payload that a SYN's sender numbers after its SYN */
        unsigned unanswered_side;
        bool is_fast_open; /* Fast Open let payload through */
        bool fails;        /* once the handshake is complete: for good */
        TwinReason reason;
    } early;
    struct {
        uint32_t packet; /* the SYN/ACK that opens the flow again */
        bool has_retried;
    } duplicate;
    struct {
        TwinReason reason; /* of the first end; TWIN_REASON_NONE: not finished */
    } termination;
    struct {
        uint32_t packet;
        TwinReason reason; /* of the fail, else what explains the payload that passed */
    } late;
    struct {
        uint8_t stage[2]; /* of a triple that side 0, 1 begins: 1 SYN, 2 SYN/ACK too */
        uint32_t n_handshakes;
        uint32_t data;      /* first payload outside a SYN before the first handshake */
        uint32_t duplicate; /* third leg of the second triple */
        uint32_t end;       /* first FIN or RST */
        uint32_t late;      /* first payload after it */
    } literal;
    uint8_t history_order[2 * TWIN_HISTORY_KINDS]; /* 2 × kind + side, as they appeared */
    uint32_t n_history;
    char history[2 * TWIN_HISTORY_KINDS + 1]; /* the last member: its text follows from the order */
};

/**
 * Takes the flow's next packet under another number than its index in the flow; verdicts then blame
 * that. Numbers must not fall from packet to packet.
 */
void twin_audit_take(TwinAudit *self, const TwinPacket *packet, uint32_t number);

/** Writes the history's text, by its order and by what is known of the client. */
void twin_audit_spell_history(TwinAudit *self);

/** Time from @earlier to @later in ns, none where the clock ran backwards. */
static inline uint64_t twin_elapsed_ns(int64_t later, int64_t earlier)
{
    return later > earlier ? (uint64_t)later - (uint64_t)earlier : 0;
}

#endif
