/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <flowtwin/check_report.h>

#include "flow/labels.h"

enum { END_CHARS = 21 }; /* an IPv4 address and a port */

char twin_check_letter(const TwinVerdict *verdict)
{
    static const char letters[] = {'f', 'F', 'p', 'P'};
    return letters[(verdict->passes ? 2 : 0) + (verdict->is_decided ? 1 : 0)];
}

void twin_check_row_address(GString *text, const TwinCheckRow *row, unsigned side)
{
    char address[TWIN_ADDRESS_CHARS];
    g_string_append(text, twin_address_text(&row->addresses[side], row->ip_version, address));
}

void twin_check_share(GString *text, size_t part, size_t whole)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    const double share = whole > 0 ? (double)part / (double)whole : 0;
    g_string_append(text, g_ascii_formatd(digits, sizeof digits, "%.4f", share));
}

void twin_check_totals_add(TwinCheckTotals *totals, const TwinCheckRow *row)
{
    totals->n_flows++;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        totals->n_passing[check] += row->verdicts[check].passes ? 1 : 0;
        totals->n_undecided[check] += row->verdicts[check].is_decided ? 0 : 1;
    }
}

void twin_check_header_text(GString *text, TwinReading reading, const char *stream)
{
    g_string_append_printf(text, "%6s  ", "flow");
    if (stream != NULL) {
        g_string_append_printf(text, "%6s  ", stream);
    }
    g_string_append_printf(text, "%-21s  %-21s  %-10s %7s %10s  %-7s  %-12s  %s%s\n", "client",
                           "server", "label", "packets", "bytes", "verdict", "history",
                           "reasons, first frame to blame",
                           reading == TWIN_READING_LITERAL ? " (literal reading)" : "");
}

static void add_end(GString *text, const TwinCheckRow *row, unsigned side)
{
    const gsize start = text->len;
    g_string_append(text, row->ip_version == 6 ? "[" : "");
    twin_check_row_address(text, row, side);
    g_string_append_printf(text, "%s:%u", row->ip_version == 6 ? "]" : "", row->ports[side]);
    g_string_append_printf(text, "%*s  ", MAX(0, END_CHARS - (int)(text->len - start)), "");
}

/* What is not plain: the checks that do not pass by what was seen, and why. */
static void add_reasons(GString *text, const TwinCheckRow *row)
{
    uint32_t first_frame = 0;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &row->verdicts[check];
        const char *reason = twin_check_reason(verdict->reason);
        if (!verdict->passes || !verdict->is_decided) {
            g_string_append_printf(text, "  %s%s%s", twin_check_info((TwinCheck)check)->id,
                                   *reason != '\0' ? ":" : "", reason);
        }
        if (!verdict->passes && row->frames[check] != 0 &&
            (first_frame == 0 || row->frames[check] < first_frame)) {
            first_frame = row->frames[check];
        }
    }
    if (first_frame != 0) {
        g_string_append_printf(text, "  #%u", first_frame);
    }
}

void twin_check_row_text(GString *text, const TwinCheckRow *row, bool has_stream)
{
    g_string_append_printf(text, "%6u  ", row->number);
    if (has_stream && row->stream != TWIN_CHECK_NO_STREAM) {
        g_string_append_printf(text, "%6u  ", row->stream);
    } else if (has_stream) {
        g_string_append_printf(text, "%6s  ", "-");
    }
    add_end(text, row, row->client);
    add_end(text, row, 1U - row->client);
    g_string_append_printf(text, "%-10s %7u %10" G_GUINT64_FORMAT "  ", row->label, row->n_packets,
                           row->payload_bytes);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_c(text, twin_check_letter(&row->verdicts[check]));
    }
    g_string_append_printf(text, "    %-12s", row->history);
    add_reasons(text, row);
    g_string_append_c(text, '\n');
}

static void add_totals(GString *text, const char *title, const TwinCheckTotals *totals)
{
    g_string_append_printf(text, "\n%-30s %9s %9s %9s  %s\n", title, "passing", "failing",
                           "undecided", "share");
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(text, "%-30s %9zu %9zu %9zu  ",
                               twin_check_info((TwinCheck)check)->title, totals->n_passing[check],
                               totals->n_flows - totals->n_passing[check],
                               totals->n_undecided[check]);
        twin_check_share(text, totals->n_passing[check], totals->n_flows);
        g_string_append_c(text, '\n');
    }
}

void twin_check_totals_text(GString *text, const TwinCheckTotals *all,
                            const TwinCheckTotals *without_midway)
{
    g_autofree char *title = g_strdup_printf("%zu flows", all->n_flows);
    add_totals(text, title, all);
    if (without_midway->n_flows < all->n_flows) {
        g_autofree char *rest =
            g_strdup_printf("%zu flows not begun midway", without_midway->n_flows);
        add_totals(text, rest, without_midway);
    }
}
