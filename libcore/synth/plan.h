/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_PLAN_H
#define FLOWTWIN_SYNTH_PLAN_H

#include <flowtwin/synthesise.h>

#include "model/model.h"
#include "synth/session.h"

/** The last second that a classic pcap can hold, in 2106. */
#define TWIN_LATEST_NS (INT64_C(4294967295) * 1000000000)

/** What is decided of a flow before its packets. 16 bytes. */
typedef struct {
    int64_t start_ns; /* since the capture's first flow */
    uint32_t seed;    /* index into TwinPlan.seeds.seeds */
    uint16_t client_port;
    uint16_t extra_client; /* 0: the seed's own client; n: a further one, since its ports ran out */
} TwinFlowPlan;

_Static_assert(sizeof(TwinFlowPlan) == 16, "memory a flow");

/** All flows to come, in order of their start. */
typedef struct {
    TwinFlowPlan *flows;
    size_t n_flows;
    const TwinSeeds *seeds; /* the model's, or the one of the flow to imitate */
    TwinSeeds like;         /* owned; empty unless a flow is imitated */
    const TwinHost *hosts;  /* that the seeds name */
    TwinHost *own_hosts;    /* owned: the same under other addresses; NULL where theirs are kept */
} TwinPlan;

/**
 * Deals seeds like cards (each once before any comes twice), places starts among the seeds' starts,
 * gives every flow a client port of its own.
 *
 * @return false with TWIN_ERROR_ARGUMENT (no flow of that label) or _TOO_LARGE
 */
bool twin_plan_make(TwinPlan *self, const TwinModel *model, const TwinSynthesiseOptions *options,
                    GError **error);

void twin_plan_clear(TwinPlan *self);

/** When flow @index of @model starts, since 1970: 2106 at the latest, where a pcap file ends. */
int64_t twin_plan_start(const TwinPlan *self, const TwinModel *model, size_t index);

/** Both ends of flow @index. */
void twin_plan_ends(const TwinPlan *self, size_t index, TwinEnd ends_out[2]);

#endif
