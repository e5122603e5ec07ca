/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_SESSION_H
#define FLOWTWIN_SYNTH_SESSION_H

#include "base/random.h"
#include "model/seed.h"

/** One end of a generated flow. */
typedef struct {
    TwinAddress address;
    uint8_t mac[6];
    uint16_t port;
} TwinEnd;

/** One TCP host of a session: what it has sent and what has reached it. */
typedef struct {
    const TwinSeedSide *habits; /* borrowed from the model's seed */
    uint32_t isn;
    uint32_t snd_nxt; /* RFC 9293, 3.3.1: the next number to send */
    uint32_t rcv_nxt; /* the next number expected, by what has arrived */
    uint32_t fin_seq; /* its FIN's number, with has_fin */
    uint32_t ts_offset;
    uint32_t ts_phase_ns; /* of its clock below one tick */
    uint32_t ts_recent;   /* RFC 7323: what it echoes */
    uint32_t n_sent;      /* packets without SYN and RST */
    uint32_t right_edge;  /* of the widest window offered, with has_right_edge */
    uint8_t window_shift; /* RFC 7323: both SYNs offered one, else 0 */
    bool has_right_edge;
    uint16_t ip_id;
    bool has_fin;
} TwinTcpHost;

/** Two hosts that exchange segments. */
typedef struct {
    TwinTcpHost hosts[2]; /* 0: client */
    int64_t start_ns;     /* when both clocks show their offset */
} TwinSession;

/** A segment as a host sends it: everything of its headers that is not an address. */
typedef struct {
    int64_t time_ns;
    uint32_t seq;
    uint32_t ack;
    uint32_t ts_value;
    uint32_t ts_echo;
    uint32_t payload_bytes;
    uint16_t flags;
    uint16_t window;
    uint16_t ip_id;
    uint8_t side; /* sender */
    bool has_timestamps;
    uint8_t ttl;    /* 0: that of the sender's habits */
    uint8_t n_sack; /* ranges, at most 3 (4 without timestamps would fit: nobody draws them) */
    uint32_t sack[3][2];
} TwinOutSegment;

/** Begins a session on @seed's hosts at @start_ns; first numbers and clocks come from @random. */
void twin_session_begin(TwinSession *self, const TwinSeed *seed, int64_t start_ns,
                        TwinRandom *random);

/**
 * Host @side sends a segment now. Numbers follow from what it has sent and what has reached it:
 * a SYN has its first number, a second FIN without payload repeats the first one's, everything else
 * goes on where it stopped. The peer knows nothing of it before twin_session_arrive().
 */
TwinOutSegment twin_session_send(TwinSession *self, unsigned side, uint16_t flags,
                                 uint32_t payload_bytes, int64_t time_ns, TwinRandom *random);

/** @segment reaches the peer of its sender. */
void twin_session_arrive(TwinSession *self, const TwinOutSegment *segment);

#endif
