/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_output.h"

#include <string.h>

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

/* ---- text ---- */

static void begin_text(GString *text, TwinReading reading)
{
    twin_check_header_text(text, reading, NULL);
}

static void row_text(GString *text, const TwinCheckRow *row)
{
    twin_check_row_text(text, row, false);
}

const CheckFormat check_format_text = {begin_text, row_text, twin_check_totals_text};

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

static void add_json_verdict(GString *text, const TwinCheckRow *row, unsigned check)
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

static void row_json(GString *text, const TwinCheckRow *row)
{
    static const char *const ends[] = {"client", "server"};
    g_string_append_printf(text, "%s\n{\"flow\": %u, ", row->number > 1 ? "," : "", row->number);
    for (unsigned end = 0; end < 2; end++) {
        const unsigned side = end == 0 ? row->client : 1U - row->client;
        g_string_append_printf(text, "\"%s_ip\": \"", ends[end]);
        twin_check_row_address(text, row, side);
        g_string_append_printf(text, "\", \"%s_port\": %u, ", ends[end], row->ports[side]);
    }
    g_string_append(text, "\"start_time\": ");
    add_time(text, row->start_ns);
    g_string_append(text, ", \"label\": ");
    add_json_string(text, row->label);
    g_string_append_printf(text,
                           ", \"packets\": %u, \"payload_bytes\": %" G_GUINT64_FORMAT
                           ", \"midway\": %s, \"history\": \"%s\", \"checks\": {",
                           row->n_packets, row->payload_bytes, row->is_midway ? "true" : "false",
                           row->history);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        add_json_verdict(text, row, check);
    }
    g_string_append(text, "}}");
}

static void totals_json(GString *text, const char *name, const TwinCheckTotals *totals)
{
    g_string_append_printf(text, ",\n\"%s\": {\"flows\": %zu, \"checks\": {", name,
                           totals->n_flows);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(
            text,
            "%s\n\"%s\": {\"passing\": %zu, \"failing\": %zu, \"undecided\": %zu, \"share\": ",
            check > 0 ? "," : "", twin_check_info(check)->id, totals->n_passing[check],
            totals->n_flows - totals->n_passing[check], totals->n_undecided[check]);
        twin_check_share(text, totals->n_passing[check], totals->n_flows);
        g_string_append_c(text, '}');
    }
    g_string_append(text, "}}");
}

static void end_json(GString *text, const TwinCheckTotals *all,
                     const TwinCheckTotals *without_midway)
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

static void row_csv(GString *text, const TwinCheckRow *row)
{
    g_string_append_printf(text, "%u,", row->number);
    for (unsigned end = 0; end < 2; end++) {
        const unsigned side = end == 0 ? row->client : 1U - row->client;
        twin_check_row_address(text, row, side);
        g_string_append_printf(text, ",%u,", row->ports[side]);
    }
    add_time(text, row->start_ns);
    g_string_append_c(text, ',');
    add_csv_string(text, row->label);
    g_string_append_printf(text, ",%u,%" G_GUINT64_FORMAT ",%d,%s", row->n_packets,
                           row->payload_bytes, row->is_midway ? 1 : 0, row->history);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_string_append_printf(text, ",%c,%s,", twin_check_letter(&row->verdicts[check]),
                               twin_check_reason(row->verdicts[check].reason));
        if (row->frames[check] != 0) {
            g_string_append_printf(text, "%u", row->frames[check]);
        }
    }
    g_string_append(text, "\r\n");
}

static void end_csv(GString *text, const TwinCheckTotals *all,
                    const TwinCheckTotals *without_midway)
{
    (void)text;
    (void)all;
    (void)without_midway;
}

const CheckFormat check_format_csv = {begin_csv, row_csv, end_csv};
