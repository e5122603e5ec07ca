/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_INFERENCE_H
#define FLOWTWIN_HOST_INFERENCE_H

#include <flowtwin/flows.h>

#include "host/exchange.h"

/** Memory that inference reuses from flow to flow. One a thread. */
typedef struct TwinInferenceScratch TwinInferenceScratch;

/** @return (transfer full) empty; grows to the longest flow that it serves. */
TwinInferenceScratch *twin_inference_scratch_new(void);

void twin_inference_scratch_free(TwinInferenceScratch *self);

/**
 * What a captured flow was at its two hosts: when each packet was sent and arrived, which ones were
 * held, lost, or missed by the capture, what was written at once, how acknowledgements stand to
 * what had arrived (docs/model.md, "Inference").
 *
 * @param self    overwritten; its memory is reused. Packets stand in the order of the capture,
 *                inferred ones (record −1) where they belong; sent_ns and captured_ns never fall,
 *                a side's arrivals neither
 * @param flows   finished
 * @param flow    of @flows
 * @param scratch of this thread
 * @return false where memory is out; @self is then empty
 *
 * Cost: n log n of the flow's packets at worst, some 100 ns a packet; no allocation but growth.
 */
bool twin_exchange_infer(TwinExchange *self, const TwinFlows *flows, const TwinFlow *flow,
                         TwinInferenceScratch *scratch);

/** The same of the flow's first @n_packets packets only (all where it has fewer). */
bool twin_exchange_infer_first(TwinExchange *self, const TwinFlows *flows, const TwinFlow *flow,
                               size_t n_packets, TwinInferenceScratch *scratch);

/** How well flows are understood: sums over flows. */
typedef struct {
    uint64_t n_flows;
    uint64_t n_plain;     /* flows in which both halves of 0 explain more */
    uint64_t n_packets;   /* captured */
    uint64_t n_acks;      /* captured packets with ACK */
    uint64_t n_exact;     /* … that acknowledge what had arrived in order at their host */
    uint64_t n_echoes;    /* captured packets with ACK and a timestamp, whose host had seen one */
    uint64_t n_following; /* … that echo what RFC 7323, 4.3 says */
    uint64_t n_held;
    uint64_t n_lost; /* after the capture */
    uint64_t n_hidden;
    uint64_t n_missed;
    uint64_t n_squeezed; /* gaps too long to be filled packet by packet */
} TwinInferenceCounts;

/** Adds what was inferred of a flow. Cost: a pass over its events. */
void twin_inference_count(TwinInferenceCounts *self, const TwinExchange *exchange,
                          const TwinFlows *flows, const TwinFlow *flow);

#endif
