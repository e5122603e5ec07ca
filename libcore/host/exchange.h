/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_EXCHANGE_H
#define FLOWTWIN_HOST_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A time that never comes: when a lost packet arrives. */
#define TWIN_NEVER_NS INT64_MAX

/** What is held for no longer was not held: rounding. */
#define TWIN_LEAST_HOLD_NS 2

/** What a packet does to its side's sequence space. */
typedef enum {
    TWIN_MOVE_NONE,  /* nothing: no payload, SYN or FIN */
    TWIN_MOVE_NEW,   /* new numbers */
    TWIN_MOVE_AGAIN, /* begins below what its side had sent */
    TWIN_MOVE_PROBE, /* keep-alive: one below the next number, at most one octet */
    TWIN_MOVE_ODD,   /* more than 2^24 away: another number space */
    TWIN_N_MOVES,
} TwinMove;

/** What became of a packet between its host, the capture and the peer. */
typedef enum {
    TWIN_FATE_SEEN,   /* captured, and it arrived */
    TWIN_FATE_LOST,   /* captured, then lost */
    TWIN_FATE_HIDDEN, /* lost before the capture */
    TWIN_FATE_MISSED, /* arrived, but the capture missed it */
    TWIN_N_FATES,
} TwinFate;

/** How an acknowledgement stands to what had arrived in order at its host when it left. */
typedef enum {
    TWIN_ACK_EXACT,   /* as RFC 9293 has it */
    TWIN_ACK_UNMOVED, /* still the one before */
    TWIN_ACK_BEHIND,  /* moved, but not up to what had arrived */
    TWIN_ACK_BACK,    /* below the one before */
    TWIN_ACK_AHEAD,   /* of bytes that had not arrived */
    TWIN_N_ACKS,
} TwinAckManner;

/** When a host sends, seen from its last local event. Delays of one class are alike. */
typedef enum {
    TWIN_DELAY_ACK,    /* a pure ACK */
    TWIN_DELAY_ANSWER, /* SYN, or the first segment of a write after the peer's */
    TWIN_DELAY_MORE,   /* a later segment of a write */
    TWIN_DELAY_CLOSE,  /* FIN, RST */
    TWIN_DELAY_WRITE,  /* the first segment of a write after a write of its own */
    TWIN_DELAY_RESEND, /* sent again */
    TWIN_N_DELAYS,
} TwinDelayClass;

enum { TWIN_MAX_SACK_RANGES = 3 };

/**
 * One packet between two hosts, captured, inferred or drawn. Times are nanoseconds since the
 * capture saw the flow's first packet; numbers are relative to the first one of their side, which
 * is 0 for a SYN.
 */
typedef struct {
    int64_t sent_ns;     /* by the sender's own place: captured − half of the sender's path */
    int64_t captured_ns; /* at the place of capture (of a hidden or missed one: would have been) */
    int64_t nominal_ns;  /* at the peer, were nothing in the way */
    int64_t arrived_ns;  /* at the peer; TWIN_NEVER_NS where it was lost */
    int64_t held_ns;     /* arrived − nominal; 0 where it never arrived */
    int64_t delay_ns;    /* sent − the sender's last local event */
    int64_t seq;
    int64_t ack;    /* 0 without ACK */
    int64_t edge;   /* right window edge that it offers; 0 without ACK, and of a RST */
    int64_t odd_by; /* of TWIN_MOVE_ODD: seq − the next number of its side */
    int64_t ack_by; /* of a manner other than EXACT: arrived in order − ack; but ack − arrived in
                       order, so above 0, of AHEAD that the capture had seen */
    int64_t rst_by; /* of a RST with ACK: highest number of the peer seen − ack */
    int64_t sack[TWIN_MAX_SACK_RANGES][2]; /* ranges reported, newest first */
    uint32_t payload_bytes;
    uint32_t size;   /* payload, SYN and FIN: numbers that it takes */
    int32_t write;   /* index of the write that it belongs to; −1: none */
    int32_t record;  /* its number in the flow's captured packets; −1: inferred or drawn */
    int32_t echo;    /* drawn: packet of the exchange whose TSval it echoes; −1: none */
    uint16_t flags;  /* RFC 9293's control bits */
    uint16_t window; /* as sent, not scaled */
    uint16_t kind;   /* flags × move × payload or not, by a model's table of kinds */
    uint16_t back;   /* of TWIN_MOVE_AGAIN: the k-th last new segment of its side; 1: the last */
    uint8_t side;    /* its sender: 0 sent the exchange's first packet … as TwinExchange says */
    uint8_t move;    /* TwinMove */
    uint8_t fate;    /* TwinFate */
    uint8_t ack_manner;  /* TwinAckManner */
    uint8_t delay_class; /* TwinDelayClass */
    uint8_t n_sack;
    bool is_sent_again; /* a later packet repeats it */
} TwinHostPacket;

/** New data of one side up to a pushed segment: what an application wrote at once. */
typedef struct {
    uint32_t n_segments;
    uint32_t bytes;
    uint8_t side;
    bool is_early; /* begins before the peer's write before it has wholly arrived */
} TwinWrite;

/** What is known of one side's host and of its half of the path. */
typedef struct {
    int64_t half_ns;      /* from the host to the place of capture, one way; 0: at it, or unknown */
    uint8_t window_shift; /* RFC 7323: 0 unless both SYNs offered one */
    bool may_sack;        /* its SYN had SACK-permitted */
    bool has_timestamps;  /* on any of its packets */
    uint16_t mss_bytes;   /* of its SYN; 0: none seen */
} TwinHostSide;

/**
 * A flow as two hosts, a path and a place of capture. Side 0 is the client (TwinFlow.client), as
 * everywhere in flowtwin. Owned by whoever made it; twin_exchange_clear() keeps the memory for the
 * next flow.
 */
typedef struct {
    TwinHostPacket *packets; /* in the order of the capture, inferred ones where they belong */
    size_t n_packets;
    size_t packets_room;
    TwinWrite *writes; /* in the order of their first segments */
    size_t n_writes;
    size_t writes_room;
    TwinHostSide sides[2];
    uint32_t label;
    uint32_t n_squeezed; /* gaps of more segments than are drawn one by one */
    bool is_plain;       /* both halves 0 explain more: in the order of the capture */
    int64_t tick_ns;     /* step of the capture's clock: a power of ten */
} TwinExchange;

/** Forgets packets and writes, keeps the memory. */
void twin_exchange_clear(TwinExchange *self);

/** Frees what it owns. */
void twin_exchange_free(TwinExchange *self);

/** Room for @n_packets; false when memory is out, nothing changed. */
bool twin_exchange_reserve(TwinExchange *self, size_t n_packets);

/** A packet more at the end, zeroed; grows as needed. NULL when memory is out. */
TwinHostPacket *twin_exchange_add_packet(TwinExchange *self);

/** A write more at the end, zeroed. NULL when memory is out. */
TwinWrite *twin_exchange_add_write(TwinExchange *self);

/** The class of the delay before a packet. @first 1: opens a write after the peer's; 2: one after
 *  a write of its own side; 0: neither. */
TwinDelayClass twin_delay_class(const TwinHostPacket *packet, unsigned first);

#endif
