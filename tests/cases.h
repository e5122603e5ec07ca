/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_CASES_H
#define FLOWTWIN_TESTS_CASES_H

#include <flowtwin/check.h>

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

/** All rows of the file; ends the test program where the notation is wrong. (transfer full) */
GPtrArray *twin_cases_load(const char *path);

#endif
