/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/labels.h"
#include "host/flow_show.h"

static const char *const sides[2] = {"client", "server"};

/* Numbers of a packet, each a member of its object. */
#define NUMBERS(X)                                                                                 \
    X(captured_ns) X(sent_ns) X(nominal_ns) X(held_ns) X(delay_ns) X(seq) X(payload_bytes) X(window)

static void append_string(GString *out, const char *string)
{
    g_autofree char *valid = g_utf8_make_valid(string, -1); /* a label comes from a file */
    g_string_append_c(out, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20) {
            g_string_append_printf(out, "\\u%04x", (unsigned)*at);
            continue;
        }
        if (*at == '"' || *at == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *at);
    }
    g_string_append_c(out, '"');
}

static void append_bool(GString *out, const char *name, bool holds)
{
    g_string_append_printf(out, ", \"%s\": %s", name, holds ? "true" : "false");
}

static void append_number(GString *out, const char *name, int64_t number)
{
    g_string_append_printf(out, ", \"%s\": %" G_GINT64_FORMAT, name, number);
}

static void append_plan(const TwinHostPlan *plan, GString *out)
{
    g_string_append(out, ",\n \"plan\": {");
    for (size_t e = 0; e < TWIN_N_PLAN; e++) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_string_append_printf(out, "%s\"%s\": %s", e > 0 ? ", " : "", twin_plan_name(e),
                               g_ascii_dtostr(number, sizeof number, plan->at[e]));
    }
    g_string_append_c(out, '}');
}

static void append_side(const TwinFlowView *view, unsigned side, GString *out)
{
    const TwinFlow *flow = view->flow;
    const unsigned sender = side == 0 ? flow->client : 1U - flow->client;
    const TwinHostSide *host = &view->exchange->sides[side];
    char address[TWIN_ADDRESS_CHARS];
    g_string_append_printf(out, ",\n\"%s\": {\"address\": \"%s\"", sides[side],
                           twin_address_text(&flow->addresses[sender], flow->ip_version, address));
    append_number(out, "port", flow->ports[sender]);
    append_number(out, "half_ns", host->half_ns);
    append_number(out, "window_shift", host->window_shift);
    append_number(out, "mss_bytes", host->mss_bytes);
    append_bool(out, "may_sack", host->may_sack);
    append_bool(out, "has_timestamps", host->has_timestamps);
    append_plan(&view->plan->hosts[side], out);
    g_string_append_c(out, '}');
}

static void append_counts(const TwinInferenceCounts *counts, GString *out)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"packets", counts->n_packets},     {"acks", counts->n_acks},
        {"exact", counts->n_exact},         {"echoes", counts->n_echoes},
        {"following", counts->n_following}, {"held", counts->n_held},
        {"lost", counts->n_lost},           {"hidden", counts->n_hidden},
        {"missed", counts->n_missed},       {"squeezed", counts->n_squeezed},
    };
    g_string_append(out, ",\n\"counts\": {");
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_string_append_printf(out, "%s\"%s\": %" G_GUINT64_FORMAT, r > 0 ? ", " : "", rows[r].name,
                               rows[r].count);
    }
    g_string_append_c(out, '}');
}

/* null where there is none. */
static void append_optional(GString *out, const char *name, bool is_there, int64_t number)
{
    if (is_there) {
        append_number(out, name, number);
    } else {
        g_string_append_printf(out, ", \"%s\": null", name);
    }
}

static void append_packet(const TwinFlowView *view, const TwinHostPacket *packet, GString *out)
{
    char flags[8];
    const bool is_captured = packet->record >= 0;
    const uint32_t frame =
        is_captured ? twin_flows_packet(view->flows, view->flow, (size_t)packet->record)->frame : 0;
    twin_flow_flags(flags, packet->flags);
    g_string_append_printf(out, "{\"from\": \"%s\", \"flags\": \"%s\"", sides[packet->side], flags);
#define APPEND(member) append_number(out, #member, packet->member);
    NUMBERS(APPEND)
#undef APPEND
    append_optional(out, "frame", is_captured, frame);
    append_optional(out, "ack", (packet->flags & 0x10) != 0, packet->ack);
    append_optional(out, "arrived_ns", packet->arrived_ns != TWIN_NEVER_NS, packet->arrived_ns);
    append_optional(out, "write", packet->write >= 0, packet->write + 1);
    append_optional(out, "back", packet->move == TWIN_MOVE_AGAIN, packet->back);
    append_number(out, "odd_by", packet->odd_by);
    append_number(out, "ack_by", packet->ack_by);
    g_string_append_printf(out, ", \"fate\": \"%s\", \"move\": \"%s\"",
                           twin_fate_name(packet->fate), twin_move_name(packet->move));
    g_string_append_printf(out, ", \"ack_manner\": \"%s\", \"delay_class\": \"%s\", \"sack\": [",
                           twin_ack_manner_name(packet->ack_manner),
                           twin_delay_class_name(packet->delay_class));
    for (unsigned r = 0; r < packet->n_sack; r++) {
        g_string_append_printf(out, "%s[%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT "]",
                               r > 0 ? ", " : "", packet->sack[r][0], packet->sack[r][1]);
    }
    g_string_append(out, "]}");
}

static void append_writes(const TwinExchange *exchange, GString *out)
{
    g_string_append(out, ",\n\"writes\": [");
    for (size_t w = 0; w < exchange->n_writes; w++) {
        const TwinWrite *write = &exchange->writes[w];
        g_string_append_printf(out,
                               "%s\n{\"from\": \"%s\", \"segments\": %u, \"bytes\": %u, "
                               "\"early\": %s}",
                               w > 0 ? "," : "", sides[write->side], write->n_segments,
                               write->bytes, write->is_early ? "true" : "false");
    }
    g_string_append_c(out, ']');
}

void twin_flow_json(const TwinFlowView *view, GString *out)
{
    g_string_append_printf(out, "{\"flow\": %zu", view->flow_index + 1);
    g_string_append(out, ", \"label\": ");
    append_string(out, twin_flows_label(view->flows, view->flow->label));
    append_number(out, "start_ns", view->flow->start_ns);
    append_number(out, "tick_ns", view->exchange->tick_ns);
    append_bool(out, "plain", view->exchange->is_plain);
    append_counts(&view->counts, out);
    append_side(view, 0, out);
    append_side(view, 1, out);
    append_writes(view->exchange, out);
    g_string_append(out, ",\n\"packets\": [");
    for (size_t i = 0; i < view->exchange->n_packets; i++) {
        g_string_append(out, i > 0 ? ",\n" : "\n");
        append_packet(view, &view->exchange->packets[i], out);
    }
    g_string_append(out, "]}\n");
}
