/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_CHECK_REPORT_H
#define FLOWTWIN_CHECK_REPORT_H

#include <flowtwin/check.h>

G_BEGIN_DECLS

/** No stream number: its column stays empty. */
#define TWIN_CHECK_NO_STREAM UINT32_MAX

/** One audited flow as a report shows it. Strings are borrowed. */
typedef struct TwinCheckRow {
    uint32_t number; /**< from 1, in order of the flows' first packets */
    uint32_t stream; /**< another program's number for the flow; TWIN_CHECK_NO_STREAM: none */
    TwinAddress addresses[2];
    uint16_t ports[2];
    uint8_t ip_version; /**< 4 or 6 */
    uint8_t client;     /**< side 0 or 1 */
    bool is_midway;
    uint32_t n_packets;
    uint64_t payload_bytes;
    int64_t start_ns;
    const char *label;
    const char *history;
    TwinVerdict verdicts[TWIN_N_CHECKS];
    uint32_t frames[TWIN_N_CHECKS]; /**< number in its capture of the packet to blame; 0: none */
} TwinCheckRow;

/** Sums over flows; zero at first. */
typedef struct TwinCheckTotals {
    size_t n_flows;
    size_t n_passing[TWIN_N_CHECKS];   /**< undecided ones are counted as their verdict says */
    size_t n_undecided[TWIN_N_CHECKS]; /**< of all, passing or not */
} TwinCheckTotals;

/** P and F where a verdict was decided by what was seen, p and f where evidence is wanting. */
TWIN_API char twin_check_letter(const TwinVerdict *verdict);

/** Adds the address of @side (0 or 1) to @text. */
TWIN_API void twin_check_row_address(GString *text, const TwinCheckRow *row, unsigned side);

/** Adds a share of 0 … 1 with four digits, in no locale; 0 where @whole is. */
TWIN_API void twin_check_share(GString *text, size_t part, size_t whole);

/** Adds a flow to the sums. */
TWIN_API void twin_check_totals_add(TwinCheckTotals *totals, const TwinCheckRow *row);

/**
 * Adds the line above the rows.
 *
 * @param stream title of the column of stream numbers; NULL: the rows have none
 */
TWIN_API void twin_check_header_text(GString *text, TwinReading reading, const char *stream);

/** Adds a flow's line: ends, sizes, a letter a check, history, reasons, first frame to blame. */
TWIN_API void twin_check_row_text(GString *text, const TwinCheckRow *row, bool has_stream);

/** Adds the sums of all flows and, where they are fewer, of those not begun midway. */
TWIN_API void twin_check_totals_text(GString *text, const TwinCheckTotals *all,
                                     const TwinCheckTotals *without_midway);

G_END_DECLS

#endif
