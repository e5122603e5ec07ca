/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "check_output.h"

#include <arpa/inet.h>
#include <string.h>

/* P and F are decided by what was seen, p and f stand for want of evidence. */
static char letter_of(const TwinVerdict *verdict)
{
    static const char letters[] = {'f', 'F', 'p', 'P'};
    return letters[(verdict->passes ? 2 : 0) + (verdict->is_decided ? 1 : 0)];
}

static void add_address(GString *text, const TwinFlow *flow, unsigned side)
{
    char address[INET6_ADDRSTRLEN] = "";
    const int family = flow->ip_version == 6 ? AF_INET6 : AF_INET;
    (void)inet_ntop(family, flow->addresses[side].bytes, address, sizeof address);
    g_string_append(text, address);
}

/* Seconds since 1970 with all their digits; no locale. */
static void add_time(GString *text, int64_t time_ns)
{
    const int64_t second_ns = 1000000000;
    int64_t seconds = time_ns / second_ns;
    int64_t rest_ns = time_ns % second_ns;
    if (rest_ns < 0) {
        seconds--;
        rest_ns += second_ns;
    }
    g_string_append_printf(text, "%" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT, seconds, rest_ns);
}

/* A share of 0 … 1 with four digits; no locale. */
static void add_share(GString *text, size_t part, size_t whole)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    const double share = whole > 0 ? (double)part / (double)whole : 0;
    g_string_append(text, g_ascii_formatd(digits, sizeof digits, "%.4f", share));
}

/* ---- text ---- */

static void begin_text(GString *text, TwinReading reading)
{
    g_string_append_printf(text, "%6s  %-21s  %-21s  %-10s %7s %10s  %-7s  %-12s  %s%s\n", "flow",
                           "client", "server", "label", "packets", "bytes", "verdict", "history",
                           "reasons, first frame to blame",
                           reading == TWIN_READING_LITERAL ? " (literal reading)" : "");
}

static void add_end(GString *text, const TwinFlow *flow, unsigned side)
{
    const gsize start = text->len;
    g_string_append(text, flow->ip_version == 6 ? "[" : "");
    add_address(text, flow, side);
    g_string_append_printf(text, "%s:%u", flow->ip_version == 6 ? "]" : "", flow->ports[side]);
    g_string_append_printf(text, "%*s  ", MAX(0, 21 - (int)(text->len - start)), "");
}

/* What is not plain: the checks that do not pass by what was seen, and why. */
static void add_reasons(GString *text, const CheckRow *row)
{
    uint32_t first_frame = 0;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &row->verdicts[check];
        const char *reason = twin_check_reason(verdict->reason);
        if (letter_of(verdict) != 'P') {
            g_string_append_printf(text, "  %s%s%s", twin_check_info(check)->id,
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

static void row_text(GString *text, const CheckRow *row)
{
    g_string_append_printf(text, "%6zu  ", row->number);
    add_end(text, row->flow, row->flow->client);
    add_end(text, row->flow, 1 - row->flow->client);
    g_string_append_printf(text, "%-10s %7u %10" G_GUINT64_FORMAT "  ", row->label,
                           row->flow->n_packets, row->payload_bytes);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_c(text, letter_of(&row->verdicts[check]));
    }
    g_string_append_printf(text, "    %-12s", row->history);
    add_reasons(text, row);
    g_string_append_c(text, '\n');
}

static void totals_text(GString *text, const char *title, const CheckTotals *totals)
{
    g_string_append_printf(text, "\n%-30s %9s %9s %9s  %s\n", title, "passing", "failing",
                           "undecided", "share");
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(text, "%-30s %9zu %9zu %9zu  ", twin_check_info(check)->title,
                               totals->n_passing[check], totals->n_flows - totals->n_passing[check],
                               totals->n_undecided[check]);
        add_share(text, totals->n_passing[check], totals->n_flows);
        g_string_append_c(text, '\n');
    }
}

static void end_text(GString *text, const CheckTotals *all, const CheckTotals *without_midway)
{
    g_autofree char *title = g_strdup_printf("%zu flows", all->n_flows);
    totals_text(text, title, all);
    if (without_midway->n_flows < all->n_flows) {
        g_autofree char *rest =
            g_strdup_printf("%zu flows not begun midway", without_midway->n_flows);
        totals_text(text, rest, without_midway);
    }
}

const CheckFormat check_format_text = {begin_text, row_text, end_text};

/* ---- JSON ---- */

/* A label comes from a file: any bytes. */
static void add_json_string(GString *text, const char *string)
{
    g_autofree char *valid = g_utf8_make_valid(string, -1);
    g_string_append_c(text, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            g_string_append_c(text, '\\');
            g_string_append_c(text, *at);
        } else if ((unsigned char)*at < 0x20) {
            g_string_append_printf(text, "\\u%04x", (unsigned)*at);
        } else {
            g_string_append_c(text, *at);
        }
    }
    g_string_append_c(text, '"');
}

static void begin_json(GString *text, TwinReading reading)
{
    g_string_append_printf(text, "{\n\"reading\": \"%s\",\n\"flows\": [",
                           reading == TWIN_READING_LITERAL ? "literal" : "exact");
}

static void add_json_verdict(GString *text, const CheckRow *row, unsigned check)
{
    const TwinVerdict *verdict = &row->verdicts[check];
    g_string_append_printf(
        text, "%s\"%s\": {\"passes\": %s, \"decided\": %s, \"reason\": \"%s\", \"frame\": ",
        check > 0 ? ", " : "", twin_check_info(check)->id, verdict->passes ? "true" : "false",
        verdict->is_decided ? "true" : "false", twin_check_reason(verdict->reason));
    if (row->frames[check] != 0) {
        g_string_append_printf(text, "%u}", row->frames[check]);
    } else {
        g_string_append(text, "null}");
    }
}

static void row_json(GString *text, const CheckRow *row)
{
    static const char *const ends[] = {"client", "server"};
    g_string_append_printf(text, "%s\n{\"flow\": %zu, ", row->number > 1 ? "," : "", row->number);
    for (unsigned end = 0; end < 2; end++) {
        const unsigned side = end == 0 ? row->flow->client : 1U - row->flow->client;
        g_string_append_printf(text, "\"%s_ip\": \"", ends[end]);
        add_address(text, row->flow, side);
        g_string_append_printf(text, "\", \"%s_port\": %u, ", ends[end], row->flow->ports[side]);
    }
    g_string_append(text, "\"start_time\": ");
    add_time(text, row->flow->start_ns);
    g_string_append(text, ", \"label\": ");
    add_json_string(text, row->label);
    g_string_append_printf(text,
                           ", \"packets\": %u, \"payload_bytes\": %" G_GUINT64_FORMAT
                           ", \"midway\": %s, \"history\": \"%s\", \"checks\": {",
                           row->flow->n_packets, row->payload_bytes,
                           row->is_midway ? "true" : "false", row->history);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        add_json_verdict(text, row, check);
    }
    g_string_append(text, "}}");
}

static void totals_json(GString *text, const char *name, const CheckTotals *totals)
{
    g_string_append_printf(text, ",\n\"%s\": {\"flows\": %zu, \"checks\": {", name,
                           totals->n_flows);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(
            text,
            "%s\n\"%s\": {\"passing\": %zu, \"failing\": %zu, \"undecided\": %zu, \"share\": ",
            check > 0 ? "," : "", twin_check_info(check)->id, totals->n_passing[check],
            totals->n_flows - totals->n_passing[check], totals->n_undecided[check]);
        add_share(text, totals->n_passing[check], totals->n_flows);
        g_string_append_c(text, '}');
    }
    g_string_append(text, "}}");
}

static void end_json(GString *text, const CheckTotals *all, const CheckTotals *without_midway)
{
    g_string_append(text, "\n]");
    totals_json(text, "totals", all);
    totals_json(text, "totals_without_midway", without_midway);
    g_string_append(text, "\n}\n");
}

const CheckFormat check_format_json = {begin_json, row_json, end_json};

/* ---- CSV (RFC 4180) ---- */

static void begin_csv(GString *text, TwinReading reading)
{
    (void)reading;
    g_string_append(text, "flow,client_ip,client_port,server_ip,server_port,start_time,label,"
                          "packets,payload_bytes,midway,history");
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const char *id = twin_check_info(check)->id;
        g_string_append_printf(text, ",%s,%s_reason,%s_frame", id, id, id);
    }
    g_string_append(text, "\r\n");
}

static void add_csv_string(GString *text, const char *string)
{
    if (strpbrk(string, ",\"\r\n") == NULL) {
        g_string_append(text, string);
        return;
    }
    g_string_append_c(text, '"');
    for (const char *at = string; *at != '\0'; at++) {
        if (*at == '"') {
            g_string_append_c(text, '"');
        }
        g_string_append_c(text, *at);
    }
    g_string_append_c(text, '"');
}

static void row_csv(GString *text, const CheckRow *row)
{
    g_string_append_printf(text, "%zu,", row->number);
    for (unsigned end = 0; end < 2; end++) {
        const unsigned side = end == 0 ? row->flow->client : 1U - row->flow->client;
        add_address(text, row->flow, side);
        g_string_append_printf(text, ",%u,", row->flow->ports[side]);
    }
    add_time(text, row->flow->start_ns);
    g_string_append_c(text, ',');
    add_csv_string(text, row->label);
    g_string_append_printf(text, ",%u,%" G_GUINT64_FORMAT ",%d,%s", row->flow->n_packets,
                           row->payload_bytes, row->is_midway ? 1 : 0, row->history);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(text, ",%c,%s,", letter_of(&row->verdicts[check]),
                               twin_check_reason(row->verdicts[check].reason));
        if (row->frames[check] != 0) {
            g_string_append_printf(text, "%u", row->frames[check]);
        }
    }
    g_string_append(text, "\r\n");
}

static void end_csv(GString *text, const CheckTotals *all, const CheckTotals *without_midway)
{
    (void)text;
    (void)all;
    (void)without_midway;
}

const CheckFormat check_format_csv = {begin_csv, row_csv, end_csv};
