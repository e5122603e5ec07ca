/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_STATE_H
#define FLOWTWIN_HOST_STATE_H

#include "host/dialogue.h"
#include "host/exchange.h"
#include "host/plan.h"

/*
 * One state machine of a TCP host, for what was captured (host/replay.h learns from it) and for
 * what is drawn (synth/loop.h): what is run to draw is what was run to learn.
 */

enum {
    TWIN_ARRIVAL_EVENT = 65536,   /* events: kind of a packet sent; this + kind of one arrived */
    TWIN_MAX_OUT_OF_ORDER = 7,    /* ranges that a host keeps beyond a hole */
    TWIN_MAX_FLIGHT = 4096,       /* segments in flight whose times are kept one by one */
    TWIN_INITIAL_CONGESTION = 10, /* segments: RFC 6928 */
};

/** Before anything of that kind has happened: 10^9 s ago. */
#define TWIN_LONG_AGO_NS INT64_C(-1000000000000000000)

/** Linux's least delayed-ACK time, TCP_DELACK_MIN. */
#define TWIN_DELAYED_ACK_NS INT64_C(40000000)

/** What a host would do, by Linux's rules, with what lies unacknowledged at it. */
typedef enum {
    TWIN_VERDICT_NOTHING, /* nothing lies there */
    TWIN_VERDICT_AT_ONCE, /* out of order, more than a full segment, SYN or FIN */
    TWIN_VERDICT_QUICK,   /* quick-ACK budget left and not in pingpong */
    TWIN_VERDICT_ON_READ, /* pushed: when the application reads it */
    TWIN_VERDICT_TIMER,   /* after the delayed-ACK time */
} TwinVerdict;

/** How a window stands to the one before it of its side. */
typedef enum {
    TWIN_WINDOW_STILL, /* the same */
    TWIN_WINDOW_EDGE,  /* smaller or larger by what keeps the right edge */
    TWIN_WINDOW_ZERO,
    TWIN_WINDOW_STEP, /* any other */
    TWIN_N_WINDOWS,
} TwinWindowCode;

/**
 * What a host knows and has done. Times are nanoseconds of the flow's clock, numbers relative to
 * their side's first; −1 where there is none yet unless said otherwise.
 */
typedef struct {
    double left[TWIN_N_COUNTS]; /* of the plan's counts: what is still to be sent; seconds of
                                   THINK; HELDS: of arrivals */
    /* The last three local events, last first, and their payloads */
    int32_t event[3]; /* kind of packet, + TWIN_ARRIVAL_EVENT for arrivals */
    int32_t event_bytes;
    int32_t sent_bytes; /* payload of the last data sent */
    int32_t arrived_bytes;
    int64_t start_ns;
    int64_t now_ns;     /* of the last event */
    int64_t arrival_ns; /* the last … ; TWIN_LONG_AGO_NS: none */
    int64_t send_ns;
    int64_t data_arrival_ns;
    int64_t data_send_ns;
    uint32_t n_arrivals; /* in a row */
    uint32_t n_sends;    /* in a row */
    uint32_t n_sent;     /* in all */
    /* Receiving */
    uint32_t n_unacked; /* arrived packets with numbers since the last ACK */
    uint32_t n_out_of_order;
    int64_t unacked_bytes;
    int64_t out_of_order[TWIN_MAX_OUT_OF_ORDER][2]; /* ranges, newest last */
    int64_t received; /* next number expected: all before it is here in order */
    int64_t last_ack; /* highest sent */
    int64_t held_ns;  /* by how much the last arrival was late; 0 after a send */
    int64_t received_bytes;
    int32_t recent; /* packet whose TSval it echoes, RFC 7323, 4.3 */
    /* Sending */
    int64_t next;               /* SND.NXT */
    int64_t unacked;            /* SND.UNA */
    int64_t newly_acked;        /* bytes, by the last event */
    int64_t most;               /* in flight so far */
    int64_t peer_edge;          /* right edge of the peer's window */
    uint32_t n_duplicates;      /* pure ACKs since the last that moved */
    uint32_t congestion_window; /* segments, as Linux keeps it */
    uint32_t most_flight;       /* segments, since the window was last set back */
    uint32_t got_syn, got_fin, got_rst, sent_syn, sent_fin, sent_rst; /* how many */
    /* The script at hand */
    int64_t write_segments; /* left of the write that is open; 0: none is */
    int64_t write_bytes;
    int64_t write_done;  /* segments */
    uint32_t next_write; /* where to look for the next own one */
    int32_t peer_write;  /* the peer's that arrives */
    int64_t peer_done;   /* segments of it that did */
    double topped;       /* largest answer's delay against the longest planned, decades + 10 */
    /* Window offered */
    int32_t window;
    int32_t last_window;      /* before its last move */
    int64_t edge;             /* right edge offered so far */
    int64_t since_move_bytes; /* received since it moved */
    double moves_left;        /* of the plan's */
    uint8_t window_code;      /* TwinWindowCode of the last packet */
    bool last_was_full;       /* the last data was a full segment */
    /* Delayed ACKs, after Linux */
    uint8_t pingpong; /* 0 … 3; above 0: answers carry ACKs */
    int32_t quick;    /* ACKs left that are sent at once */
    int64_t ato_ns;   /* 0: no data yet */
    int64_t receive_mss;
    int64_t first_unacked_ns; /* arrival of the first data since the last ACK */
    uint32_t n_pushed;        /* pushed arrivals since then */
    /* Round trips, after RFC 6298 */
    int64_t srtt_ns; /* 0: none yet */
    int64_t rttvar_ns;
    int64_t rto_ns;
    int64_t syn_ns;
    int64_t armed_ns;   /* when the retransmission timer was last set */
    uint32_t n_backoff; /* resends since the last ACK that moved */
    /* Segments in flight: entries oldest … n_flown − 1 of its ring */
    uint64_t oldest;
    uint64_t n_flown;
} TwinHostState;

/** A segment in flight. */
typedef struct {
    int64_t end;     /* the number after it */
    int64_t sent_ns; /* first */
} TwinFlightEntry;

/**
 * Two hosts with their plans and their script: some 135 kB, one a thread. Plans, dialogue and
 * packets are borrowed.
 */
typedef struct {
    TwinHostState host[2];
    double arrived[2][TWIN_N_COUNTS]; /* at host h, of its peer's counts */
    const TwinHostPlan *plan;         /* two */
    const TwinDialogue *dialogue;
    float fixed[2][TWIN_N_PLAN - TWIN_N_COUNTS]; /* plan entries that stand, as parents are */
    TwinFlightEntry flight[2][TWIN_MAX_FLIGHT];  /* rings; a segment more joins the newest */
} TwinHosts;

/**
 * Both hosts before anything has happened.
 *
 * @param plans    two, borrowed
 * @param dialogue of the same flow, borrowed
 *
 * Cost: half a microsecond (the rings are not cleared).
 */
void twin_hosts_begin(TwinHosts *self, const TwinHostPlan *plans, const TwinDialogue *dialogue,
                      int64_t now_ns);

/**
 * Host packet->side sends @packet at packet->sent_ns. Read of it: flags, move, fate, arrived_ns
 * (TWIN_NEVER_NS: lost), payload, size, seq, ack, ack_manner, window, write, kind, delay_ns,
 * delay_class. The window is taken, too.
 */
void twin_host_send(TwinHosts *self, const TwinHostPacket *packet);

/** @packet arrives at the peer of its side at @now_ns. @param index what is echoed is known by it
 */
void twin_host_arrive(TwinHosts *self, const TwinHostPacket *packet, int32_t index, int64_t now_ns);

/** The right window edge that a packet offers; 0 without ACK and of a RST. */
int64_t twin_host_edge(const TwinHosts *self, const TwinHostPacket *packet);

/** How the window of @packet, which its host is about to send, stands to the one before. */
TwinWindowCode twin_host_window_code(const TwinHosts *self, const TwinHostPacket *packet);

/** By how many bits the window of a packet of @host with @flags is to be shifted. */
unsigned twin_host_shift(const TwinHosts *self, unsigned host, uint16_t flags);

/** The window of a packet with acknowledgement @ack that keeps the right edge; rounded up. */
int64_t twin_host_edge_window(const TwinHosts *self, unsigned host, int64_t ack);

/** Linux's delayed-ACK time as it would be set now (tcp_send_delayed_ack). */
int64_t twin_host_ack_timer_ns(const TwinHostState *self);

/** What Linux would do with what lies unacknowledged. */
TwinVerdict twin_host_verdict(const TwinHostState *self);

/** Whether data (not only a SYN or FIN) lies unacknowledged. */
static inline bool twin_host_has_unacked_data(const TwinHostState *self)
{
    return self->n_unacked > 0 && self->unacked_bytes > 0;
}

/** How long data has lain unacknowledged; −1: none does. */
static inline int64_t twin_host_waited_ns(const TwinHostState *self, int64_t now_ns)
{
    return twin_host_has_unacked_data(self) ? now_ns - self->first_unacked_ns : -1;
}

/** Segments in flight. */
static inline uint64_t twin_host_n_flight(const TwinHostState *self)
{
    return self->n_flown - self->oldest;
}

/** A plan's entry, or a difference of them, as a whole number from 0 to @most, whatever it is. */
static inline int64_t twin_plan_whole(double value, int64_t most)
{
    if (!(value > 0)) { /* nor a number */
        return 0;
    }
    return value < (double)most ? (int64_t)value : most;
}

/** What a host must still send: SYNs, data, FINs, RSTs. */
static inline double twin_host_duties(const TwinHostState *self)
{
    return self->left[TWIN_PLAN_SYNS] + self->left[TWIN_PLAN_DATA] + self->left[TWIN_PLAN_FINS] +
           self->left[TWIN_PLAN_RSTS];
}

/** How often something will lie unacknowledged at @host up to its FIN, if that is still to come. */
double twin_host_chances(const TwinHosts *self, unsigned host);

#endif
