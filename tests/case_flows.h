/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_CASE_FLOWS_H
#define FLOWTWIN_TESTS_CASE_FLOWS_H

#include "cases.h"
#include "frames.h"

/** How a case is laid out as frames; all ways but the last give the same verdicts. */
typedef struct {
    const char *name;
    bool are_sides_swapped; /* A's packets come from B's address */
    bool is_doubled;        /* every packet twice, as a SPAN port has them */
    bool is_ipv6;
    bool has_vlan;
    bool is_cut;           /* snap length 54: fixed TCP header alone */
    bool is_pcapng;        /* through a file with nanoseconds */
    bool has_high_numbers; /* first numbers just below 2^32 */
    bool has_equal_times;
    uint16_t port; /* of A; 0: 40000 */
} TwinCaseWay;

/** Longest frame of a case: an Ethernet header with a VLAN tag, IPv6 and TCP headers. */
#define TWIN_CASE_FRAME_BYTES (TWIN_TEST_FRAME_BYTES + 4)

/** A packet as a frame that borrows @bytes_out; time 0. */
TwinFrame twin_case_frame(const TwinCasePacket *packet, const TwinCaseWay *way,
                          uint8_t bytes_out[TWIN_CASE_FRAME_BYTES]);

/** The frames of a case, or of a part of it. */
typedef struct {
    const TwinCase *row;
    const TwinCaseWay *way;
    size_t first, end; /* packets of the case, end excluded */
} TwinCaseLayout;

/** All packets of a case. */
TwinCaseLayout twin_case_whole(const TwinCase *row, const TwinCaseWay *way);

/** The case through decoder and flow table, as @reading cuts flows. (transfer full) */
TwinFlows *twin_case_flows(const TwinCaseLayout *layout, TwinReading reading);

/** When the first packet of every case would be, less its own gap. */
#define TWIN_CASE_START_NS (INT64_C(1700000000) * 1000000000)

#endif
