/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_CONNECTION_H
#define FLOWTWIN_FLOW_CONNECTION_H

#include <flowtwin/flows.h>

#include <stdbool.h>
#include <stdint.h>

/**
 * Numbers further ahead than the largest window (RFC 7323, 2.3) belong to another number space: the
 * same 5-tuple captured on both sides of a middlebox that rewrites them. They are not judged.
 */
#define TWIN_CONNECTION_REACH (INT32_C(1) << 30)

/** Acknowledgement numbers that are remembered of a side: a RST may carry any of them. */
#define TWIN_CONNECTION_ACKS 4

/** What TwinConnectionSide.bits can hold. */
enum {
    TWIN_SIDE_NUMBERS = 0x001,   /**< next is known: the side has spoken */
    TWIN_SIDE_ACK = 0x002,       /**< acks and limit are known */
    TWIN_SIDE_SYN = 0x004,       /**< isn is that of a SYN without ACK */
    TWIN_SIDE_SYNACK = 0x008,    /**< isn is that of a SYN/ACK; no seen SYN contradicts it */
    TWIN_SIDE_OLD_SYN = 0x010,   /**< old_isn is known */
    TWIN_SIDE_SYN_ACKED = 0x020, /**< the peer has rightly acknowledged isn */
    TWIN_SIDE_FIN = 0x040,       /**< has sent a FIN */
    TWIN_SIDE_FIN_KNOWN = 0x080, /**< fin is the number of its FIN in the opening in force */
    TWIN_SIDE_RST = 0x100,       /**< has sent an acceptable RST */
    TWIN_SIDE_SHIFT = 0x200,     /**< shift is known from its SYN */
    TWIN_SIDE_FAST_OPEN = 0x400, /**< the peer's SYN/ACK covers the payload of its SYN */
};

/** What one host's packets have shown; 44 bytes. Numbers as on the wire. */
typedef struct TwinConnectionSide {
    uint32_t isn;     /* number of its SYN or SYN/ACK in force */
    uint32_t old_isn; /* that of the one before it */
    uint32_t next;    /* one past the highest octet that it has sent; SYN and FIN count one */
    uint32_t fin;     /* number of its first FIN */
    uint32_t limit;   /* right edge of the widest window that it has offered */
    uint32_t acks[TWIN_CONNECTION_ACKS]; /* last different ones that it has sent, highest first */
    uint16_t syn_octets;                 /* 1 + payload of its SYN */
    uint16_t bits;                       /* TWIN_SIDE_… */
    uint8_t shift;                       /* window scale of its SYN */
} TwinConnectionSide;

/**
 * What the numbers of one flow's packets have shown so far of its two hosts: enough to say whether
 * it is finished and whether a SYN opens another flow, and what the audit rests on. Side 0 sent the
 * first packet.
 *
 * A plain value, zero at first; it stands in every entry of the flow table, so it is kept small.
 */
typedef struct TwinConnection {
    TwinConnectionSide sides[2];
    uint32_t stray_isn;    /* of a SYN with another number while its sender was talking */
    uint16_t stray_octets; /* 1 + its payload; 0: there was none */
    uint8_t stray_side;
    uint8_t bits; /* private to connection.c */
} TwinConnection;

_Static_assert(sizeof(TwinConnection) == 96, "one in every entry of the flow table");

/** What a packet turned out to do; several may hold. */
enum {
    TWIN_CONNECTION_SYN = 0x001,         /**< a SYN (no ACK, FIN, RST) with a new number */
    TWIN_CONNECTION_SYN_RETRY = 0x002,   /**< a SYN whose number its side has used before */
    TWIN_CONNECTION_SYNACK = 0x004,      /**< a SYN/ACK that contradicts no SYN seen */
    TWIN_CONNECTION_BAD_SYNACK = 0x008,  /**< a SYN/ACK that acknowledges something else */
    TWIN_CONNECTION_ESTABLISHED = 0x010, /**< completes the flow's first handshake */
    TWIN_CONNECTION_REOPENED = 0x020,    /**< answers another SYN on the open connection */
    TWIN_CONNECTION_RESET = 0x040,       /**< an acceptable RST */
    TWIN_CONNECTION_NEW_OCTETS = 0x080,  /**< payload beyond what its sender had reached */
    TWIN_CONNECTION_AFTER_FIN = 0x100,   /**< payload beyond its sender's FIN, no keep-alive */
    TWIN_CONNECTION_FIN_MOVED = 0x200,   /**< a FIN at another number than before */
    TWIN_CONNECTION_FOREIGN = 0x400,     /**< numbers of another space; they change nothing */
    TWIN_CONNECTION_STRAY_SYN = 0x800, /**< a SYN with a new number while its sender was talking */
};

/**
 * Takes the flow's next packet.
 *
 * @return what it did: TWIN_CONNECTION_… bits
 *
 * Constant time, no allocation. Source: RFC 9293, 3.10.7, seen from the side.
 */
unsigned twin_connection_update(TwinConnection *self, const TwinPacket *packet);

/**
 * An acceptable RST was seen, or a FIN of each side. A refusal before a handshake that completes
 * later ends nothing.
 */
bool twin_connection_is_finished(const TwinConnection *self);

/** A handshake was seen whole: each side's SYN acknowledged by the other. */
bool twin_connection_is_established(const TwinConnection *self);

/**
 * True when @syn (SYN without ACK) begins a flow of its own: the connection is finished, and the
 * SYN is no retry of this flow's own (a SYN with the number of the flow's handshake, or where none
 * completed, with that of an earlier SYN). The caller has looked at the idle timeout before.
 */
bool twin_connection_is_reopened_by(const TwinConnection *self, const TwinPacket *syn);

/**
 * The client's side, 0 or 1: sender of the first SYN, else receiver of the first SYN/ACK, else
 * sender of the first packet.
 */
unsigned twin_connection_client(const TwinConnection *self);

/** Distance from @b to @a, modulo 2^32: positive when @a is ahead. The one place for it. */
static inline int32_t twin_seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/** True where @number is in (@after, @upto], modulo 2^32. */
static inline bool twin_seq_is_in(uint32_t number, uint32_t after, uint32_t upto)
{
    return twin_seq_diff(number, after) > 0 && twin_seq_diff(number, upto) <= 0;
}

/** Payload that judgements may rest on: none where its length is a guess. */
static inline uint32_t twin_packet_sure_payload(const TwinPacket *packet)
{
    return (packet->bits & TWIN_PACKET_UNSURE_PAYLOAD) != 0 ? 0 : packet->payload_bytes;
}

#endif
