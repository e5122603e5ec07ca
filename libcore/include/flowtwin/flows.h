/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOWS_H
#define FLOWTWIN_FLOWS_H

#include <flowtwin/frame.h>
#include <flowtwin/labels.h>
#include <flowtwin/macros.h>
#include <flowtwin/progress.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/** An IPv6 address, or an IPv4 address in the first four bytes with zeros behind it. */
typedef struct TwinAddress {
    uint8_t bytes[16];
} TwinAddress;

/** What TwinPacket.bits can hold. */
enum {
    TWIN_PACKET_FROM_SECOND = 0x01,    /**< sent by the side that did not send the flow's first */
    TWIN_PACKET_TIMESTAMPS = 0x02,     /**< ts_value and ts_echo were there */
    TWIN_PACKET_DONT_FRAGMENT = 0x04,  /**< IPv4's DF bit */
    TWIN_PACKET_SACK_PERMITTED = 0x08, /**< option of RFC 2018 */
    TWIN_PACKET_FAST_OPEN = 0x10,      /**< option of RFC 7413 (kind 34, or 254 with its magic) */
    TWIN_PACKET_CUT_OPTIONS = 0x20,    /**< the snap length cut the options; those read stand */
    TWIN_PACKET_UNSURE_PAYLOAD = 0x40, /**< payload_bytes is a guess: leave it out of judgements */
    TWIN_PACKET_WINDOW_SCALE = 0x80,   /**< window_shift was there */
};

/**
 * What is kept of one TCP packet: 48 bytes, headers only, never payload. Host byte order.
 */
typedef struct TwinPacket {
    int64_t time_ns;
    uint32_t seq;
    uint32_t ack;
    uint32_t ts_value;
    uint32_t ts_echo;
    uint32_t payload_bytes; /* from the IP header, not what the snap length left */
    uint32_t flow;          /* index of its flow */
    uint32_t frame;         /* number in its capture, from 1 */
    uint16_t window;        /* as sent, not scaled */
    uint16_t ip_id;         /* IPv4; 0 for IPv6 */
    uint16_t mss_bytes;     /* 0: no such option */
    uint16_t flags;         /* RFC 9293's control bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, … */
    uint8_t ttl;            /* or hop limit */
    uint8_t window_shift;   /* 0 … 14 with TWIN_PACKET_WINDOW_SCALE */
    uint8_t bits;           /* TWIN_PACKET_… */
    uint8_t traffic_class;  /* DSCP and ECN */
} TwinPacket;

/* One record a packet: bounded memory rests on it. */
G_STATIC_ASSERT(sizeof(TwinPacket) == 48);

/** What is kept of one flow. Side 0 sent its first packet. */
typedef struct TwinFlow {
    TwinAddress addresses[2];
    uint16_t ports[2];
    uint8_t ip_version; /* 4 or 6 */
    uint8_t client;     /* side 0 or 1: sender of the first SYN, else receiver of the first SYN/ACK,
                           else sender of the first packet */
    bool has_macs;      /* macs[] hold what an Ethernet header said */
    uint8_t macs[2][6];
    uint8_t syn_option_bytes[2]; /* of each side's first SYN; 0: none seen */
    uint8_t syn_options[2][40];  /* as they stood on the wire */
    uint32_t label;              /* index for twin_flows_label() */
    uint32_t first;              /* of its packets, in the order of twin_flows_packet() */
    uint32_t n_packets;          /* at least 1 */
    int64_t start_ns;            /* time of the first packet */
} TwinFlow;

/** How many frames went where; what was left out is said, not hidden. */
typedef struct TwinFlowsCounts {
    uint64_t frames;        /**< all that were read or pushed */
    uint64_t tcp;           /**< kept as packets of flows */
    uint64_t not_tcp;       /**< another protocol */
    uint64_t cut;           /**< TCP whose fixed header was not captured whole */
    uint64_t malformed;     /**< lengths that contradict each other */
    uint64_t fragments;     /**< IP fragments that never made a whole datagram */
    uint64_t unknown_links; /**< link types that are not read */
    uint64_t checksums;     /**< packets whose checksums could be verified; 0 unless asked for */
    uint64_t bad_checksums; /**< … and were wrong */
    uint32_t unknown_link;  /**< the first of these link types */
} TwinFlowsCounts;

/**
 * TCP flows of one or several captures: bidirectional 5-tuples, 120 s idle timeout, and a new flow
 * at a SYN on a finished one. Filled by pushing frames or reading files, then finished, then only
 * read.
 */
typedef struct TwinFlows TwinFlows;

/** How flows are cut. */
typedef struct TwinFlowsOptions {
    bool by_timeout_only;     /**< 5-tuple and timeout alone: the literal reading of other papers */
    const TwinLabels *labels; /**< label source for frames pushed without one; NULL: by port */
    bool verify_checksums;    /**< count bad checksums; costs a pass over what was captured */
} TwinFlowsOptions;

#define TWIN_FLOWS_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .by_timeout_only = false, .labels = NULL, .verify_checksums = false                        \
    }

/** @return (transfer full) an empty collection; @options are borrowed until it is finished. */
TWIN_API TwinFlows *twin_flows_new(const TwinFlowsOptions *options);

TWIN_API void twin_flows_free(TwinFlows *self);

/**
 * Adds one frame; what is not TCP is counted and left out.
 *
 * @param label the flow's label if the host program knows it, else NULL; the last one said wins
 * @return false with TWIN_ERROR_TOO_LARGE when 2^32 packets or memory are reached
 *
 * Cost: a decode, one hash look-up, 48 bytes.
 */
TWIN_API bool twin_flows_push(TwinFlows *self, const TwinFrame *frame, const char *label,
                              GError **error) TWIN_CHECKED;

/** The flow of the frame that was pushed last; UINT32_MAX where that was no TCP segment. */
TWIN_API uint32_t twin_flows_pushed(const TwinFlows *self);

/** Labels a flow, whatever was said of it before; before finishing. */
TWIN_API void twin_flows_set_label(TwinFlows *self, uint32_t flow_index, const char *label);

/**
 * Reads captures, in time order as one where there are several, and pushes every frame.
 *
 * @param paths    pcap or pcapng, gzip'ed or not; "-" is standard input
 * @param progress NULL for none
 * @return false on an input that cannot be read (TWIN_ERROR_INPUT, _FORMAT, _UNSUPPORTED), with the
 *         file named; a capture that ends in mid-packet is used up to there, see
 *         twin_flows_warnings()
 */
TWIN_API bool twin_flows_read(TwinFlows *self, const char *const *paths, size_t n_paths,
                              const TwinProgress *progress, GError **error) TWIN_CHECKED;

/** Ends pushing: puts flows in order of their first packet, looks up labels. Call it once. */
TWIN_API bool twin_flows_finish(TwinFlows *self, GError **error) TWIN_CHECKED;

/**
 * Some flows of a finished collection, as one of their own.
 *
 * @param is_chosen one for each flow: 0 leaves it out
 * @param n_chosen  how many are said; flows beyond are left out
 * @return (transfer full) finished; NULL with TWIN_ERROR_TOO_LARGE
 *
 * Cost: a copy of the flows' packets.
 */
TWIN_API TwinFlows *twin_flows_choose(const TwinFlows *self, const uint8_t *is_chosen,
                                      size_t n_chosen, GError **error) TWIN_CHECKED;

TWIN_API size_t twin_flows_n_flows(const TwinFlows *self);
TWIN_API const TwinFlow *twin_flows_flow(const TwinFlows *self, size_t flow_index);

/** Packet @k (0 … n_packets − 1, in order of the capture) of a flow; borrowed. After finishing. */
TWIN_API const TwinPacket *twin_flows_packet(const TwinFlows *self, const TwinFlow *flow, size_t k);

/** 1 where the flow's packet was sent by its server, 0 where by its client. */
TWIN_API unsigned twin_flow_side(const TwinFlow *flow, const TwinPacket *packet);

/**
 * The first flow between two ends, named as ADDRESS:PORT-ADDRESS:PORT in either direction (IPv6 may
 * stand in brackets).
 *
 * @return false where @ends is not of this form or no flow has them
 *
 * Cost: linear in flows.
 */
TWIN_API bool twin_flows_find(const TwinFlows *self, const char *ends, size_t *flow_index_out);

/** Time of the latest packet; INT64_MIN without one. */
TWIN_API int64_t twin_flows_last_ns(const TwinFlows *self);

TWIN_API size_t twin_flows_n_labels(const TwinFlows *self);
TWIN_API const char *twin_flows_label(const TwinFlows *self, size_t label_index);
TWIN_API const TwinFlowsCounts *twin_flows_counts(const TwinFlows *self);

/** Lines for people about what was cut short or left out; NULL-terminated, borrowed. */
TWIN_API const char *const *twin_flows_warnings(const TwinFlows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinFlows, twin_flows_free)

G_END_DECLS

#endif
