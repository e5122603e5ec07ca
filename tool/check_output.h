/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TOOL_CHECK_OUTPUT_H
#define FLOWTWIN_TOOL_CHECK_OUTPUT_H

#include <flowtwin/flowtwin.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One flow as check prints it. */
typedef struct {
    const TwinFlow *flow;
    size_t number; /* from 1 */
    const char *label;
    uint64_t payload_bytes;
    TwinVerdict verdicts[TWIN_N_CHECKS];
    uint32_t frames[TWIN_N_CHECKS]; /* number in its capture of the packet to blame; 0: none */
    bool is_midway;
    const char *history;
} CheckRow;

/** Sums over flows. */
typedef struct {
    size_t n_flows;
    size_t n_passing[TWIN_N_CHECKS];   /* undecided ones are counted as their verdict says */
    size_t n_undecided[TWIN_N_CHECKS]; /* of all, passing or not */
} CheckTotals;

/** A way to print: each function adds to the text. */
typedef struct {
    void (*begin)(GString *text, TwinReading reading);
    void (*row)(GString *text, const CheckRow *row);
    void (*end)(GString *text, const CheckTotals *all, const CheckTotals *without_midway);
} CheckFormat;

extern const CheckFormat check_format_text;
extern const CheckFormat check_format_json;
extern const CheckFormat check_format_csv;

#endif
