/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_LOOP_H
#define FLOWTWIN_SYNTH_LOOP_H

#include "base/random.h"
#include "host/exchange.h"
#include "host/plan.h"
#include "model/twin_tables.h"

#include <glib.h>

/*
 * Evidence: what a drawn outcome must agree with. NAME, how strict draws are (2: at first, 1, 0:
 * never dropped) when it is dropped, text.
 */
#define TWIN_EVIDENCE(X)                                                                           \
    X(NONE, 0, "none")                                                                             \
    X(FORCED, 0, "waits though it must send")                                                      \
    X(ACK_CHANCE, 2, "a chance for a pure ACK passes that the plan needs")                         \
    X(ENDLESS, 0, "waits though nothing can come")                                                 \
    X(SYN_FIRST, 0, "something before the SYN")                                                    \
    X(RESENDS, 0, "more resends than planned")                                                     \
    X(RESEND_NOTHING, 2, "a resend of what is acknowledged")                                       \
    X(RESEND_KEPT, 1, "a resend that the plan needs for a loss to come")                           \
    X(PROBES, 0, "more probes than planned")                                                       \
    X(ODDS, 0, "more odd numbers than planned")                                                    \
    X(OPENER, 1, "a SYN of the side that does not open")                                           \
    X(SYNS, 0, "more SYNs than planned, or SYN-ACK before the SYN")                                \
    X(RESETS, 0, "RST before the own data, FIN and SYN, or one too many")                          \
    X(CLOSE_EARLY, 1, "FIN or RST before the peer's data that the plan has before it")             \
    X(AFTER_RESET, 0, "something after the RST")                                                   \
    X(DATA, 0, "more data than planned")                                                           \
    X(SCRIPT, 1, "a write that may not begin")                                                     \
    X(EARLY_DATA, 1, "data before the SYN is acknowledged")                                        \
    X(PEER_WINDOW, 1, "data beyond the peer's window")                                             \
    X(FIRST_FLIGHT, 1, "more segments than the initial window")                                    \
    X(FLIGHT, 1, "more in flight than planned")                                                    \
    X(PUSH, 0, "PSH not at the end of a write")                                                    \
    X(FINS, 0, "FIN before the own data, or one too many")                                         \
    X(FIN_DATA, 0, "the FIN's data without it")                                                    \
    X(IDLE, 0, "more idle ACKs than planned")                                                      \
    X(PURE, 1, "more pure ACKs than planned")

#define TWIN_EVIDENCE_ENUM(NAME, STRICTNESS, TEXT) TWIN_EVIDENCE_##NAME,
typedef enum { TWIN_EVIDENCE(TWIN_EVIDENCE_ENUM) TWIN_N_EVIDENCE } TwinEvidence;
#undef TWIN_EVIDENCE_ENUM

const char *twin_evidence_text(TwinEvidence rule);

/** How often what cannot be met gave way: sums over flows; twin_loop_counts_add() adds them. */
typedef struct {
    uint64_t n_flows;
    uint64_t n_packets; /* drawn, hidden and missed ones too */
    uint64_t n_planned;
    uint64_t n_decisions;               /* outcomes drawn */
    uint64_t n_milder[2];               /* of them with strictness 1, 0 */
    uint64_t n_undecided;               /* not even so: the host waits */
    uint64_t gave_way[TWIN_N_EVIDENCE]; /* what the outcome taken then broke */
    uint64_t n_stuck;          /* nobody was to send, nothing under way: a host was forced to */
    uint64_t n_relieved;       /* … of them by an ACK or a window that was not planned */
    uint64_t n_given_up;       /* flows that ended before their plan, stuck too often */
    uint64_t n_unmet;          /* packets that flows ended without */
    uint64_t n_delays_clipped; /* no delay of any row agreed */
    uint64_t n_lengths_computed;
    uint64_t n_windows_kept;
    uint64_t n_fates_forced;
} TwinLoopCounts;

void twin_loop_counts_add(TwinLoopCounts *self, const TwinLoopCounts *other);

/** Memory that drawing reuses from flow to flow. One a thread. */
typedef struct TwinLoop TwinLoop;
TwinLoop *twin_loop_new(void); /* (transfer full) */
void twin_loop_free(TwinLoop *self);

/**
 * Draws the packets of a flow: two hosts, each with what is due at it, and what is under way
 * between them.
 *
 * @param tables   borrowed; shared by threads
 * @param plan     whose counts, sizes, delays and windows are kept; borrowed, as it was
 * @param random   of this flow; advanced
 * @param exchange its writes are the script (set by the caller: each side's number and segments as
 *                 the plan counts them); its packets are replaced, in the order of sending:
 *                 captured_ns orders them as the capture does (hidden and missed ones are not in
 *                 it). Set of each: times, seq, ack, edge, sack, payload_bytes, size, write, echo
 *                 (index of a packet before it, −1: none), flags, window, kind, side, move, fate,
 *                 ack_manner, delay_class; record is −1. sides[].half_ns, window_shift, may_sack
 * and has_timestamps are set from the plan
 * @param counts   added to
 * @return false when memory is out; the packets so far stand
 *
 * Ends always: after at most 17/16 of the planned packets + 30, and at most 60 + twice as many
 * forced ones.
 * Cost: some 1–2 µs a packet; no allocation but growth. log n a packet on long flows.
 * Source: docs/model.md, "The loop".
 */
bool twin_loop_draw(TwinLoop *self, const TwinTables *tables, const TwinExchangePlan *plan,
                    TwinRandom *random, TwinExchange *exchange, TwinLoopCounts *counts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinLoop, twin_loop_free)

#endif
