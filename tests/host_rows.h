/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_HOST_ROWS_H
#define FLOWTWIN_TESTS_HOST_ROWS_H

#include "frames.h"
#include "host/inference.h"
#include "packet/tcp.h"

/** Flags as a test writes them. */
enum {
    HOST_F = TWIN_TCP_FIN,
    HOST_S = TWIN_TCP_SYN,
    HOST_R = TWIN_TCP_RST,
    HOST_P = TWIN_TCP_PSH,
    HOST_A = TWIN_TCP_ACK,
};

/** A packet of a flow as a test writes it: numbers relative to 1,000 of side 0 (192.0.2.1:40000)
 *  and 5,000 of side 1 (192.0.2.2:80). */
typedef struct {
    double at_ms;
    unsigned side;
    uint16_t flags;
    int64_t seq, ack;
    uint32_t payload_bytes;
    uint32_t ts_value, ts_echo; /* both 0: no timestamps */
    int64_t sack[2];            /* equal: none */
    uint16_t window;            /* 0: 1,000; 1: 0 */
} HostRow;

/** A flow and what was inferred of it. */
typedef struct {
    TwinFlows *flows;
    TwinInferenceScratch *scratch;
    TwinExchange exchange;
} HostFlow;

/** How rows become packets. */
typedef struct {
    uint32_t isns[2]; /* 0: 1,000 and 5,000 */
    int shifts[2];    /* window scale of SYNs; -1: none. Only where has_options */
    bool has_options; /* SYNs have MSS 1460, SACK permitted and the scale */
    int64_t start_ns; /* of at_ms 0; 0: in 2023 */
} HostOptions;

/** Infers @rows, which must make one flow. */
void host_flow_init(HostFlow *self, const HostRow *rows, size_t n_rows, const HostOptions *options);
void host_flow_clear(HostFlow *self);

/** Asserts what inference promises of every exchange: @n_records captured packets in their order,
 *  times that never fall, arrivals not before their nominal time and first in first out, … */
void host_assert_promises(const TwinExchange *exchange, const TwinFlows *flows,
                          const TwinFlow *flow, size_t n_records);

#endif
