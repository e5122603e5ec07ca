/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_ROWS_H
#define FLOWTWIN_MODEL_TWIN_ROWS_H

#include <flowtwin/model.h>

#include "bn/bins.h"
#include "model/donor.h"
#include "model/twin_tables.h"

/** Rows that the trees' structure is learned from at most; of more, flows are drawn. */
#define TWIN_MOST_ROWS ((uint64_t)1 << 19)

/** A packet that was sent, as learners of the trees want it. 64 bytes. */
typedef struct {
    int64_t time_ns; /* as TwinReplayRow.time_ns */
    int64_t odd_by;
    int64_t ack_by;
    float position;
    uint32_t row; /* of the matrix: what its host knew before */
    uint32_t payload_bytes;
    int32_t length; /* as TwinReplayRow.length */
    uint16_t kind;
    uint16_t back;
    uint8_t move;
    uint8_t fate;
    uint8_t ack_manner;
    uint8_t delay_class;
    uint8_t held;
    bool is_timer;
    bool is_learned_delay; /* not of its side's first two */
    bool has_length;
    bool may_be_lost; /* the plan has losses of that side */
    bool may_be_odd;  /* the plan has odd acknowledgements of that side */
} TwinSendRow;

/** A window that was sent. */
typedef struct {
    int32_t step;
    uint8_t code;
} TwinSentWindow;

/** A write. */
typedef struct {
    TwinWrite write;
    int32_t code; /* twin_script_code() */
} TwinWriteRow;

/** All that trees are learned from. Owned; flow after flow, the same for any number of threads. */
typedef struct {
    TwinBins *bins; /* of TWIN_PARENT_… */
    TwinBinMatrix *matrix;
    uint16_t *kinds; /* of the next packet after each row of the matrix; n_kinds: it waited */
    TwinSendRow *sends;
    size_t n_sends;
    TwinBins *window_bins; /* of TWIN_WINDOW_PARENT_… */
    TwinBinMatrix *window_matrix;
    TwinSentWindow *windows; /* one a row of window_matrix */
    TwinBins *script_bins;   /* of TWIN_SCRIPT_… */
    TwinBinMatrix *script_matrix;
    TwinWriteRow *writes; /* one a row of script_matrix */
} TwinRowsOfFlows;

/** What is found out of all flows on the way. */
typedef struct {
    TwinPacketKind *kinds; /* rising; owned */
    size_t n_kinds;
    uint64_t *courses; /* one a flow; owned */
    TwinInferenceCounts inference;
} TwinFlowFacts;

/**
 * Reads all flows once: facts, and the donors that @seeds name.
 *
 * @param donors_out filled, one a seed
 * @return false with TWIN_ERROR_TOO_LARGE or _CANCELLED
 */
bool twin_flow_facts_learn(TwinFlowFacts *facts_out, TwinDonors *donors_out, const TwinFlows *flows,
                           const TwinSeeds *seeds, const TwinLearnOptions *options,
                           GError **error) TWIN_CHECKED;
void twin_flow_facts_clear(TwinFlowFacts *self);

/**
 * Replays flows into rows: all, or as many drawn ones as have TWIN_MOST_ROWS.
 *
 * Memory: TWIN_N_PARENTS bytes a local event (two a packet), 64 a packet, TWIN_N_WINDOW_PARENTS a
 * packet.
 */
bool twin_rows_of_flows_learn(TwinRowsOfFlows *self, const TwinFlows *flows,
                              const TwinFlowFacts *facts, const TwinLearnOptions *options,
                              GError **error) TWIN_CHECKED;
void twin_rows_of_flows_clear(TwinRowsOfFlows *self);

/** Whether the progress lets learning go on; false with TWIN_ERROR_CANCELLED. */
bool twin_learn_report(const TwinLearnOptions *options, const char *what, double fraction,
                       GError **error) TWIN_CHECKED;

#endif
