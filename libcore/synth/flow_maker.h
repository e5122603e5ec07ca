/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_FLOW_MAKER_H
#define FLOWTWIN_SYNTH_FLOW_MAKER_H

#include <flowtwin/synthesise.h>

#include "model/model.h"
#include "synth/plan.h"
#include "synth/session.h"

/**
 * Draws whole flows of a model of two hosts, some ahead of those that are wanted, in threads. The
 * same flows whatever the number of threads.
 */
typedef struct TwinFlowMaker TwinFlowMaker;

/** A drawn flow, in the order of the capture. */
typedef struct {
    TwinOutSegment *segments; /* at least one; owned by whoever took the flow */
    size_t n_segments;
} TwinMadeFlow;

/**
 * @param model of TWIN_PRESET_HOSTS, borrowed
 * @param plan  says which donor each flow has and when it starts; borrowed. A flow's start is
 *              corrected to that of its first packet once it is drawn
 * @return (transfer full) NULL with TWIN_ERROR_TOO_LARGE
 */
TwinFlowMaker *twin_flow_maker_new(const TwinModel *model, TwinPlan *plan,
                                   const TwinSynthesiseOptions *options,
                                   GError **error) TWIN_CHECKED;
void twin_flow_maker_free(TwinFlowMaker *self);

/**
 * Flow @index of the plan: each is to be taken once, in rising order.
 *
 * @return false when memory is out
 */
bool twin_flow_maker_take(TwinFlowMaker *self, size_t index, TwinMadeFlow *flow_out);

/** Adds what gave way, and how many flows are copies, to @result. */
void twin_flow_maker_tell(const TwinFlowMaker *self, TwinSynthesiseResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinFlowMaker, twin_flow_maker_free)

#endif
