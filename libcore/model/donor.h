/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_DONOR_H
#define FLOWTWIN_MODEL_DONOR_H

#include <flowtwin/flows.h>

#include "host/inference.h"
#include "host/plan.h"
#include "host/replay.h"
#include "model/seed.h"

enum {
    TWIN_MAX_DONORS = 32768, /* flows whose plans a model keeps: some 2 kB each */
    TWIN_MAX_LATENESS = 16,  /* values kept of a side's lateness */
    TWIN_MAX_DECK = 512,     /* delays of a class, window moves of a side: what a plan keeps */
};

/** Habits of a side that a seed does not know, since only whole packets are drawn with them. */
typedef struct {
    uint8_t rst_ttl;                    /* 0: as of its other packets */
    bool rst_ip_id_is_zero;             /* a stack answers for a port without a connection */
    bool isn_is_zero;                   /* its numbers begin with 0: a capture made by a program */
    uint8_t n_late;                     /* at least 1 */
    int32_t late_us[TWIN_MAX_LATENESS]; /* rising: from a packet's timestamp to its send */
} TwinHostHabits;

/** The flow that a drawn one has its plan and its hosts from. Owned by TwinDonors. */
typedef struct {
    TwinExchangePlan plan;
    TwinHostHabits habits[2];
    uint32_t max_bytes[2];   /* largest payload that either side could send on this path */
    int64_t tick_ns;         /* step of the capture's clock: a power of ten */
    int64_t least_gap_ns[2]; /* between packets in the capture: one behind the other, and across */
} TwinDonor;

/** Donors, one a seed: donors[i] and seeds[i] are the same flow. */
typedef struct {
    TwinDonor *donors;
    size_t n_donors;
} TwinDonors;

/** What reading flows as exchanges needs. One a thread. */
typedef struct {
    TwinExchange exchange; /* of the flow read last */
    TwinExchangePlan plan; /* of the same */
    TwinInferenceScratch *scratch;
    TwinReplay *replay;
} TwinFlowReader;

void twin_flow_reader_init(TwinFlowReader *self);
void twin_flow_reader_clear(TwinFlowReader *self);

/** Reads @flow into self->exchange and its plan into @plan_out. @return false: memory is out */
bool twin_flow_read(TwinFlowReader *self, const TwinFlows *flows, const TwinFlow *flow,
                    TwinExchangePlan *plan_out);

/**
 * Makes a donor of a flow; the reader holds its exchange then.
 *
 * @param seed the flow's seed: its clocks
 * @return false where memory is out
 */
bool twin_donor_learn(TwinDonor *self, TwinFlowReader *reader, const TwinFlows *flows,
                      const TwinFlow *flow, const TwinSeed *seed);

/** Makes donors of the flows that @seeds were taken from. */
bool twin_donors_learn(TwinDonors *self, const TwinFlows *flows, const TwinSeeds *seeds,
                       GError **error);

void twin_donors_clear(TwinDonors *self);

#endif
