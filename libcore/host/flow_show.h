/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_FLOW_SHOW_H
#define FLOWTWIN_HOST_FLOW_SHOW_H

#include <flowtwin/flow_show.h>

#include "host/inference.h"
#include "host/plan.h"

#include <glib.h>

/** What there is to show of a flow. Borrowed. */
typedef struct {
    const TwinFlows *flows;
    const TwinFlow *flow;
    size_t flow_index;
    const TwinExchange *exchange;
    const TwinExchangePlan *plan;
    TwinInferenceCounts counts; /* of this flow */
} TwinFlowView;

/** Appends it for people; the last lines explain the symbols. */
void twin_flow_text(const TwinFlowView *view, GString *out);

/** Appends one JSON object; times in nanoseconds. */
void twin_flow_json(const TwinFlowView *view, GString *out);

/** What is said of a packet: words of both formats. */
const char *twin_fate_name(unsigned fate);
const char *twin_move_name(unsigned move);
const char *twin_ack_manner_name(unsigned manner);
const char *twin_delay_class_name(unsigned delay_class);

/** Control bits as letters: "SA"; "-" for none. */
void twin_flow_flags(char letters_out[8], unsigned flags);

#endif
