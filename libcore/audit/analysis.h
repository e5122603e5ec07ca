/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_ANALYSIS_H
#define FLOWTWIN_AUDIT_ANALYSIS_H

#include <flowtwin/flows.h>

#include <stdbool.h>
#include <stdint.h>

/** What a packet looks like to an analyst who sees the capture up to it. */
typedef enum TwinAnalysisKind {
    TWIN_ANALYSIS_RETRANSMISSION,          /**< octets that its sender had sent */
    TWIN_ANALYSIS_FAST_RETRANSMISSION,     /**< likewise, right after two duplicate ACKs for them */
    TWIN_ANALYSIS_SPURIOUS_RETRANSMISSION, /**< likewise, though they had been acknowledged */
    TWIN_ANALYSIS_OUT_OF_ORDER,            /**< overtaken, less than a round trip ago */
    TWIN_ANALYSIS_LOST_SEGMENT,            /**< begins beyond what its sender had reached */
    TWIN_ANALYSIS_DUPLICATE_ACK,           /**< the same acknowledgement and window again */
    TWIN_ANALYSIS_KEEP_ALIVE,              /**< one octet, or none, below what was reached */
    TWIN_ANALYSIS_KEEP_ALIVE_ACK,
    TWIN_ANALYSIS_WINDOW_UPDATE, /**< the same acknowledgement, another window */
    TWIN_ANALYSIS_ZERO_WINDOW,
    TWIN_ANALYSIS_ZERO_WINDOW_PROBE,
    TWIN_ANALYSIS_ZERO_WINDOW_PROBE_ACK,
    TWIN_ANALYSIS_ACK_UNSEEN, /**< acknowledges octets that the capture has not seen */
    TWIN_N_ANALYSES,
} TwinAnalysisKind;

/** The names of a kind: JSON key, title, and Wireshark's filter for what it calls the same. */
typedef struct {
    const char *id;
    const char *title;
    const char *filter;
} TwinAnalysisInfo;

const TwinAnalysisInfo *twin_analysis_info(TwinAnalysisKind kind);

/** One side of a flow under analysis. */
typedef struct {
    bool has_spoken;
    bool has_acked;
    uint32_t next;          /* one past the highest octet that it has sent */
    uint32_t contiguous;    /* one past the highest octet that follows without a hole */
    uint32_t ack;           /* last acknowledgement */
    uint16_t window;        /* last window field */
    unsigned last_kinds;    /* of its last packet */
    unsigned n_duplicates;  /* duplicate ACKs since the acknowledgement moved */
    int64_t next_time_ns;   /* when next moved */
    int64_t packet_time_ns; /* of its last packet */
} TwinAnalysisSide;

/**
 * A flow under analysis, packet by packet; a plain value, zero at first.
 *
 * The kinds are Wireshark's tcp.analysis, decided by rules of our own.
 */
typedef struct {
    TwinAnalysisSide sides[2];
    int64_t syn_time_ns;
    int64_t first_rtt_ns; /* SYN to the third leg; 0: not known */
    bool has_syn;
} TwinAnalysis;

/** Takes the flow's next packet. @return what it looks like: a bit (1 << kind) each. Constant
 *  time. */
unsigned twin_analysis_packet(TwinAnalysis *self, const TwinPacket *packet);

#endif
