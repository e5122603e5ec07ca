/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_DISGUISE_H
#define FLOWTWIN_EVAL_BLIND_DISGUISE_H

#include "packet/segment.h"

/** What is kept of a packet of a blind test: what its IP and TCP headers say, no more. 96 bytes. */
typedef struct {
    int64_t ticks; /* since the flow's first packet */
    uint32_t payload_bytes;
    uint16_t ip_id;
    uint8_t ip_version;
    uint8_t ttl;
    uint8_t traffic_class;
    uint8_t header_bytes; /* of TCP, 20 … 60 */
    bool dont_fragment;
    bool is_from_client;
    uint8_t header[60]; /* ports and checksum are written over */
} TwinDisguised;

_Static_assert(sizeof(TwinDisguised) <= 96, "what a packet costs while a test is made");

/** Longest frame that twin_disguised_write() makes. */
#define TWIN_DISGUISED_BYTES (14 + 40 + 60)

/** Whose flow it is: ends that say nothing but the number and the service. */
typedef struct {
    uint32_t flow;        /* from 1 */
    uint16_t server_port; /* 0: a service without a name */
} TwinDisguise;

/** Takes what is kept; .ticks and .is_from_client are the caller's. False where it was cut. */
bool twin_disguised_take(const TwinSegment *segment, TwinDisguised *packet_out);

/**
 * The packet as an Ethernet frame that ends with its TCP header: the same MAC addresses in every
 * flow, IP addresses by the flow's number, one client port, IP headers without options, checksums
 * as if the payload were zeros.
 *
 * @return a frame that borrows @bytes_out; its time is 0
 */
TwinFrame twin_disguised_write(const TwinDisguised *packet, const TwinDisguise *disguise,
                               uint8_t bytes_out[TWIN_DISGUISED_BYTES]);

#endif
