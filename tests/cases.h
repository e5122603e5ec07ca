/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_CASES_H
#define FLOWTWIN_TESTS_CASES_H

#include <flowtwin/check.h>

#include "frames.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A packet of a case, with its numbers relative to each side's first. */
typedef struct {
    int64_t gap_ns; /* after the packet before it */
    bool is_from_b;
    bool has_cookie;
    bool is_padded;
    bool has_ack_number; /* else the field is 0 as it stands */
    uint16_t flags;      /* TWIN_TCP_… */
    uint16_t window;
    uint32_t seq;
    uint32_t ack;
    uint32_t payload_bytes;
} TwinCasePacket;

/** One row of tcpaudit-cases.tsv. */
typedef struct {
    char *name;
    TwinCasePacket *packets;
    size_t n_packets;
    char *exact[TWIN_N_CHECKS]; /* "P/f": a letter a flow */
    char *literal;              /* "PPPFP/FPPPP": five letters a flow */
} TwinCase;

/** How a case is laid out as frames; all ways give the same verdicts. */
typedef struct {
    const char *name;
    bool are_sides_swapped; /* A's packets come from B's address */
    bool is_doubled;        /* every packet twice, as a SPAN port has them */
    bool is_ipv6;
    bool has_vlan;
    bool is_cut;    /* snap length 54: fixed TCP header alone */
    bool is_pcapng; /* through a file with nanoseconds */
    bool has_equal_times;
    bool has_high_numbers; /* first numbers just below 2^32 */
    uint16_t port;         /* of A; 0: 40000 */
} TwinCaseWay;

/** Longest frame of a case: an Ethernet header with a VLAN tag, IPv6 and TCP headers. */
#define TWIN_CASE_FRAME_BYTES (TWIN_TEST_FRAME_BYTES + 4)

/** The packet as a frame that borrows @bytes_out; time 0. */
TwinFrame twin_case_frame(const TwinCasePacket *packet, const TwinCaseWay *way,
                          uint8_t bytes_out[TWIN_CASE_FRAME_BYTES]);

/** The exact columns, a letter a flow each, turned into five letters a flow. (transfer full) */
char *twin_case_exact(const TwinCase *row);

/** All rows of the file; ends the test program where the notation is wrong. (transfer full) */
GPtrArray *twin_cases_load(const char *path);

#endif
