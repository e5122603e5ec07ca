/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_JUDGE_H
#define FLOWTWIN_EVAL_JUDGE_H

#include <flowtwin/report.h>

#include "eval/table.h"

#include <stdint.h>

/** Fewest flows of a label that a judgement of that label rests on. */
#define TWIN_LEAST_FLOWS 5

/** What is judged. The order is that of every table's columns. */
typedef enum {
    TWIN_SET_REAL,      /**< what the generator learned from */
    TWIN_SET_HOLDOUT,   /**< real flows that it never saw */
    TWIN_SET_SYNTHETIC, /**< what it wrote */
    TWIN_N_SETS,
} TwinSet;

/** One of the sets. */
typedef struct {
    const TwinFlows *flows; /* borrowed */
    size_t n_flows;
    uint32_t *order;      /* all flows, shuffled by the seed: the first n are a draw of n */
    uint32_t *labels;     /* of each of flows' own labels: index into TwinJudge.labels */
    uint32_t *n_of_label; /* flows of each of TwinJudge.labels */
} TwinJudgedSet;

/** Where the judgement is: what the progress line says, and whether it is to stop. */
typedef struct {
    const char *what;
    double begin, end; /* shares of the whole, of this stage */
    bool is_stopped;
} TwinStage;

/** What every measure works on. Immutable while they do. */
typedef struct TwinJudge {
    TwinJudgedSet sets[TWIN_N_SETS];
    GPtrArray *labels; /* char *, of all sets, sorted */
    uint64_t seed;
    unsigned n_threads;
    unsigned n_repeats;
    size_t most_flows; /* that a classifier sees of a side */
    const TwinProgress *progress;
    TwinStage *stage;
} TwinJudge;

TwinJudge *twin_judge_new(const TwinFlows *const flows[TWIN_N_SETS],
                          const TwinReportOptions *options);
void twin_judge_free(TwinJudge *self);

/**
 * Tells how far the stage at hand is, from the thread that judges.
 *
 * @param share of the stage, 0 … 1
 * @return false where the judgement is to stop: the measure returns, its tables as they are
 */
bool twin_judge_goes_on(const TwinJudge *self, double share);

/** The @i-th flow of a set in its shuffled order. */
const TwinFlow *twin_judge_flow(const TwinJudge *self, TwinSet set, size_t i);

/** The label of a flow of @set, as an index into TwinJudge.labels. */
uint32_t twin_judge_label(const TwinJudge *self, TwinSet set, const TwinFlow *flow);

/** How many flows of each set are drawn where all must be equally many: the smallest set, at most
 *  @most. */
size_t twin_judge_n_equal(const TwinJudge *self, size_t most);

/** Where a set's classifiers see at most most_flows: that many of it. */
size_t twin_judge_n_drawn(const TwinJudge *self, TwinSet set);

const char *twin_set_title(TwinSet set);

/** Payload bytes, direction and the like of one packet in one number: the alphabet of n-grams.
 *  Below TWIN_SYMBOLS. */
#define TWIN_SYMBOLS (1U << 12)
uint32_t twin_judge_symbol(const TwinFlow *flow, const TwinPacket *packet);

/** Time since the flow's packet before, ns; 0 for the first and where the clock ran backwards. */
int64_t twin_judge_gap_ns(const TwinFlows *flows, const TwinFlow *flow, size_t k);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinJudge, twin_judge_free)

#endif
