/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_LOOP_PARTS_H
#define FLOWTWIN_SYNTH_LOOP_PARTS_H

#include "synth/deck.h"
#include "synth/draws.h"
#include "synth/loop.h"
#include "synth/resend.h"

/* The loop's own parts: what a host decides, what is under way, what is sent. */

/* Bounds of what a plan may ask for, whatever wrote it. */
#define TWIN_LONGEST_DELAY_NS INT64_C(10000000000000000) /* 115 days */
#define TWIN_LATEST_NS        INT64_C(4000000000000000000)

/* What a host has decided to send. */
typedef struct {
    int64_t due_ns; /* TWIN_NEVER_NS: nothing */
    int64_t drawn_ns;
    int64_t delay_ns;
    int64_t payload_bytes;
    int64_t odd_by;
    int64_t card; /* of its class's deck, taken when it leaves */
    TwinAckRow ack;
    uint32_t fate_leaf;
    uint16_t kind;
    uint16_t back;
    uint8_t delay_class;
    bool holds;
    bool must_decide;  /* anew: something happened */
    bool opens_window; /* for the peer, which has been kept waiting by it */
} TwinDecision;

/* What is under way to a host, first in first out: packets of the exchange. */
typedef struct {
    uint32_t first;
    uint32_t last;
    size_t n;
    int64_t last_arrival_ns;
} TwinUnderWay;

struct TwinLoop {
    TwinHosts hosts;
    TwinDialogue dialogue;
    TwinDeck decks[2][TWIN_N_DECKS];
    TwinWindowDeck windows[2];
    TwinSegments segments[2];
    uint32_t *links; /* of the decks */
    size_t links_room;
    /* The flow at hand */
    TwinDraws draws;
    const TwinExchangePlan *plan;
    TwinExchange *exchange;
    TwinDecision decisions[2];
    TwinUnderWay inbound[2];
    int64_t half_ns[2];
    int64_t now_ns; /* of the last event of either host */
    int64_t n_planned;
    int64_t n_stuck;
    int forced; /* host that must send; −1: none */
    bool is_out_of_memory;
};

static inline const double *twin_loop_plan(const TwinLoop *self, unsigned host)
{
    return self->plan->hosts[host].at;
}

static inline int64_t twin_delay_of_seconds(double seconds)
{
    return twin_plan_whole(seconds * 1e9 + .5, TWIN_LONGEST_DELAY_NS);
}

/** Decides anew what @host does next: sets its decision. */
void twin_loop_decide(TwinLoop *self, unsigned host);

/** What was decided leaves @host at @now_ns. @return false when memory is out */
bool twin_loop_send(TwinLoop *self, unsigned host, int64_t now_ns);

/** What is under way to @host arrives at @now_ns, or is held until its own packet has left. */
void twin_loop_arrive(TwinLoop *self, unsigned host, int64_t now_ns);

/** What is still under way to @host at the flow's end arrives, too, one after the other. */
void twin_loop_let_arrive(TwinLoop *self, unsigned host);

/** Nobody is to send and nothing is under way: forces a host to; false at the flow's end. */
bool twin_loop_get_unstuck(TwinLoop *self);

#endif
