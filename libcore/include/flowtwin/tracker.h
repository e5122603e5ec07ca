/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TRACKER_H
#define FLOWTWIN_TRACKER_H

#include <flowtwin/check.h>

G_BEGIN_DECLS

/** No flow: the frame was none of TCP's, or cannot be read. */
#define TWIN_TRACKER_NO_FLOW UINT32_MAX

/**
 * Flows under audit that keep no packets: for a host program that shows each frame as it comes, may
 * ask for any flow at any time, and has little memory to give. Cuts and numbers the same flows as
 * TwinFlows, and its verdicts are the same.
 *
 * About 170 bytes a flow, nothing a packet.
 */
typedef struct TwinTracker TwinTracker;

/** What is known of a flow by now. Side 0 sent its first packet. */
typedef struct TwinTrackedFlow {
    TwinAddress addresses[2];
    uint16_t ports[2];
    uint8_t ip_version;     /**< 4 or 6 */
    uint8_t client;         /**< side 0 or 1, as TwinFlow has it */
    bool is_midway;         /**< twin_audit_is_midway() */
    uint32_t n_packets;     /**< at least 1 */
    uint64_t payload_bytes; /**< sum over its packets, as the IP headers have it */
    const char *label;      /**< borrowed; NULL: none was said */
    const char *history;    /**< twin_audit_history(); borrowed until the next call */
} TwinTrackedFlow;

/** @return (transfer full) a tracker without flows, of the exact reading. */
TWIN_API TwinTracker *twin_tracker_new(void);

TWIN_API void twin_tracker_free(TwinTracker *self);

/**
 * Takes one frame.
 *
 * @param number of the frame, for TwinVerdict.packet; must not fall from frame to frame
 * @return its flow, counted from 0 in order of their first packets; TWIN_TRACKER_NO_FLOW where it
 *         is no TCP segment, or memory is out (twin_tracker_is_full())
 *
 * Cost: a decode, one hash look-up, an audit step; no allocation but for flows that come back after
 * thousands of others.
 */
TWIN_API uint32_t twin_tracker_push(TwinTracker *self, const TwinFrame *frame, uint32_t number);

/** True once memory, or the numbers of flows, were out: later frames were left out. */
TWIN_API bool twin_tracker_is_full(const TwinTracker *self);

/**
 * Labels a flow.
 *
 * @param label copied; at most 65,535 different ones are kept
 * @param rank  1 … 255: the label stays unless the flow has one of this rank or a higher one
 */
TWIN_API void twin_tracker_set_label(TwinTracker *self, uint32_t flow, const char *label,
                                     uint8_t rank);

/** The rank of the flow's label; 0: it has none. */
TWIN_API uint8_t twin_tracker_label_rank(const TwinTracker *self, uint32_t flow);

TWIN_API size_t twin_tracker_n_flows(const TwinTracker *self);

/** What is known of @flow. */
TWIN_API void twin_tracker_flow(TwinTracker *self, uint32_t flow, TwinTrackedFlow *flow_out);

/**
 * The flow's verdicts, by the frames pushed so far.
 *
 * @param at_end       true when no frame is to come: verdicts become those of the whole flow
 * @param verdicts_out .packet is the number of the frame to blame; UINT32_MAX: none
 */
TWIN_API void twin_tracker_verdicts(TwinTracker *self, uint32_t flow, bool at_end,
                                    TwinVerdict verdicts_out[TWIN_N_CHECKS]);

/** How many frames went where. */
TWIN_API const TwinFlowsCounts *twin_tracker_counts(const TwinTracker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinTracker, twin_tracker_free)

G_END_DECLS

#endif
