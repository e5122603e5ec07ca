/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_PLAN_H
#define FLOWTWIN_HOST_PLAN_H

#include "host/exchange.h"

/**
 * What one host is to do in a flow: a row of numbers. First those that are counted down as it sends
 * (and, for its peer, as it arrives), then those that stand. NAME, what `show` calls it.
 */
#define TWIN_PLAN_COUNTS(X)                                                                        \
    X(PACKETS, "packets left")                                                                     \
    X(DATA, "data packets left")                                                                   \
    X(PUSHED, "pushed packets left")                                                               \
    X(SYNS, "SYNs left")                                                                           \
    X(FINS, "FINs left")                                                                           \
    X(RSTS, "RSTs left")                                                                           \
    X(PURE, "pure ACKs left")                                                                      \
    X(IDLE, "idle ACKs left")                                                                      \
    X(AGAINS, "resends left")                                                                      \
    X(PROBES, "probes left")                                                                       \
    X(BYTES, "bytes left")                                                                         \
    X(WRITES, "writes left")                                                                       \
    X(HELDS, "held arrivals left")                                                                 \
    X(LOSTS, "losses after the capture left")                                                      \
    X(HIDDENS, "losses before the capture left")                                                   \
    X(MISSED, "missed packets left")                                                               \
    X(ODDS, "odd numbers left")                                                                    \
    X(ACKS_UNMOVED, "unmoved ACKs left")                                                           \
    X(ACKS_BEHIND, "ACKs behind left")                                                             \
    X(ACKS_BACK, "ACKs moved back left")                                                           \
    X(ACKS_AHEAD, "ACKs ahead left")                                                               \
    X(THINK, "thinking time left")

/* Five quantiles (0, .25, .5, .75, 1) of log10(seconds + 1e-6), or −9 where there is no delay. */
#define TWIN_PLAN_QUANTILES(X, NAME, TEXT)                                                         \
    X(NAME##_0, "least " TEXT)                                                                     \
    X(NAME##_1, "lower quartile of " TEXT)                                                         \
    X(NAME##_2, "median " TEXT)                                                                    \
    X(NAME##_3, "upper quartile of " TEXT)                                                         \
    X(NAME##_4, "longest " TEXT)

/* In the order of TwinDelayClass. */
#define TWIN_PLAN_DELAYS(X)                                                                        \
    TWIN_PLAN_QUANTILES(X, DELAY_ACK, "delay of an ACK")                                           \
    TWIN_PLAN_QUANTILES(X, DELAY_ANSWER, "delay of an answer")                                     \
    TWIN_PLAN_QUANTILES(X, DELAY_MORE, "delay of a later segment")                                 \
    TWIN_PLAN_QUANTILES(X, DELAY_CLOSE, "delay of FIN or RST")                                     \
    TWIN_PLAN_QUANTILES(X, DELAY_WRITE, "delay of a next write")                                   \
    TWIN_PLAN_QUANTILES(X, DELAY_RESEND, "delay of a resend")

#define TWIN_PLAN_FIXED(X)                                                                         \
    X(LABEL, "label")                                                                              \
    X(FIRST_WRITER, "first writer") /* side of the first write; −1: none */                      \
    X(HALF, "own half of the path") /* seconds */                                                  \
    X(PEER_HALF, "peer's half of the path")                                                        \
    X(IS_FAR, "far from the capture")                                                              \
    X(DURATION, "duration") /* seconds */                                                          \
    X(HOLD, "longest hold") /* seconds */                                                          \
    X(HOLD_MEDIAN, "median hold")                                                                  \
    X(MAX_PAYLOAD, "largest payload")                                                              \
    X(FIRST_PAYLOAD, "first payload")                                                              \
    X(MEDIAN_PAYLOAD, "median payload")                                                            \
    X(MEDIAN_WRITE, "median write")                                                                \
    X(MAX_WRITE, "largest write")                                                                  \
    X(MAX_SEGMENTS, "most segments of a write")                                                    \
    X(FIN_HAS_DATA, "FIN carries data") /* 1, 0; −1: no FIN */                                   \
    X(DATA_AFTER_FIN, "data after own FIN")                                                        \
    X(FINS_AFTER_FIN, "FINs after own FIN")                                                        \
    X(PACKETS_AFTER_FIN, "arrivals after own FIN")                                                 \
    X(DATA_AFTER_RST, "data after own RST")                                                        \
    X(TAIL_PURE, "pure ACKs after own FIN")                                                        \
    X(TAIL_PACKETS, "packets after own FIN")                                                       \
    TWIN_PLAN_DELAYS(X)                                                                            \
    X(FIRST_DELAY, "delay of the first packet") /* seconds; −1: none */                          \
    X(SECOND_DELAY, "delay of the second packet")                                                  \
    X(TURNS, "turns")                                                                              \
    X(WINDOW_SYN, "first window")                                                                  \
    X(WINDOW_FIRST, "second window")                                                               \
    X(WINDOW_LEAST, "least window")                                                                \
    X(WINDOW_MEDIAN, "median window")                                                              \
    X(WINDOW_MOST, "largest window")                                                               \
    X(WINDOW_SHIFT, "window scale")                                                                \
    X(TIMESTAMPS, "timestamps")                                                                    \
    X(SACK, "SACK permitted")                                                                      \
    X(WINDOW_MOVES, "window moves")                                                                \
    X(ACK_SHARE, "pure ACKs a data packet")                                                        \
    X(WINDOW_SHRINKS, "right edge moves back")                                                     \
    X(OPENS, "opens the flow")                                                                     \
    X(INITIAL_WINDOW, "initial window") /* bytes: largest sent − 2 × acknowledged */            \
    X(MAX_FLIGHT, "most in flight")     /* bytes */                                                \
    X(FIRST_FLIGHT, "segments before an ACK")                                                      \
    X(ZERO_WINDOWS, "zero windows")                                                                \
    X(BREAKS_WINDOW, "sends beyond the window")                                                    \
    X(RST_WINDOW, "window of a RST") /* −1: the one before */                                    \
    X(WINDOW_ROUNDS_DOWN, "right edge rounded down")                                               \
    X(EARLY_DATA, "data before its SYN is acknowledged")

#define TWIN_PLAN_ENUM(NAME, TEXT) TWIN_PLAN_##NAME,
enum {
    TWIN_PLAN_COUNTS(TWIN_PLAN_ENUM) TWIN_N_COUNTS,
    TWIN_PLAN_COUNTS_END = TWIN_N_COUNTS - 1,
    TWIN_PLAN_FIXED(TWIN_PLAN_ENUM) TWIN_N_PLAN,
};
#undef TWIN_PLAN_ENUM

/** The first of the five quantiles of delay class @c. */
#define TWIN_PLAN_DELAY(c) (TWIN_PLAN_DELAY_ACK_0 + 5 * (c))

/** The count of ACKs of manner @m, which is not TWIN_ACK_EXACT. */
#define TWIN_PLAN_ACKS(m) (TWIN_PLAN_ACKS_UNMOVED + (m)-TWIN_ACK_UNMOVED)

/** Delays that are dealt from the donor's own, like cards. */
enum { TWIN_N_DECKS = 4 }; /* ANSWER, CLOSE, WRITE, RESEND */

/** The deck of delay class @c, or −1. */
int twin_plan_deck(TwinDelayClass c);

/** What one host of a flow is to do. */
typedef struct {
    double at[TWIN_N_PLAN];
} TwinHostPlan;

/** A flow's plan with what is dealt from its donor: think times, window moves. Arrays are owned by
 *  whoever holds the plan. */
typedef struct {
    TwinHostPlan hosts[2];
    int64_t *deck_ns[2][TWIN_N_DECKS]; /* rising */
    uint32_t n_deck[2][TWIN_N_DECKS];
    uint16_t *windows[2]; /* that differ from the one before, from the third packet on, in order */
    uint32_t n_windows[2];
    size_t room; /* packets that the arrays above, which are parts of one block, have room for */
    void *block; /* owned by the plan */
} TwinExchangePlan;

/** The name of plan entry @index, as `show` has it. */
const char *twin_plan_name(size_t index);

/** An empty plan; what twin_exchange_plan() fills again and again. */
#define TWIN_EXCHANGE_PLAN_INIT                                                                    \
    {                                                                                              \
        .deck_ns = { {NULL} }                                                                      \
    }

/**
 * What the two hosts of an inferred exchange did, as what two hosts are to do.
 *
 * TWIN_PLAN_BREAKS_WINDOW and TWIN_PLAN_EARLY_DATA are 0 here: replaying the exchange finds them.
 *
 * @param exchange inferred
 * @param plan_out TWIN_EXCHANGE_PLAN_INIT at first; its arrays stay its own and are reused. Free
 *                 with twin_exchange_plan_clear()
 * @return false where memory is out
 *
 * Cost: a few passes over the packets; sorting of delays, windows and sizes is linear where there
 * are many. No allocation but growth.
 */
bool twin_exchange_plan(const TwinExchange *exchange, TwinExchangePlan *plan_out);

/** Frees the arrays of a plan. */
void twin_exchange_plan_clear(TwinExchangePlan *self);

#endif
