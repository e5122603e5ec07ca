/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/labels.h"
#include "host/flow_show.h"

static const char *const sides[2] = {"client", "server"};

enum {
    CELL_BYTES = 32,
    NS_A_US = 1000,
    US_A_MS = 1000,
};

/* Milliseconds to the microsecond, in no locale. */
static const char *ms_of(int64_t time_ns, char cell_out[CELL_BYTES])
{
    const int64_t half_us_ns = NS_A_US / 2;
    const int64_t size_us = (time_ns < 0 ? half_us_ns - time_ns : time_ns + half_us_ns) / NS_A_US;
    (void)g_snprintf(cell_out, CELL_BYTES, "%s%" G_GINT64_FORMAT ".%03d",
                     time_ns < 0 && size_us > 0 ? "-" : "", size_us / US_A_MS,
                     (int)(size_us % US_A_MS));
    return cell_out;
}

static void append_end(const TwinFlowView *view, unsigned side, GString *out)
{
    const TwinFlow *flow = view->flow;
    const unsigned sender = side == 0 ? flow->client : 1U - flow->client;
    char address[TWIN_ADDRESS_CHARS];
    const char *text = twin_address_text(&flow->addresses[sender], flow->ip_version, address);
    g_string_append_printf(out, flow->ip_version == 6 ? "[%s]:%u" : "%s:%u", text,
                           flow->ports[sender]);
}

static void append_heading(const TwinFlowView *view, GString *out)
{
    const TwinInferenceCounts *counts = &view->counts;
    const int64_t second_ns = 1000000000;
    g_string_append_printf(out, "Flow %zu: ", view->flow_index + 1);
    append_end(view, 0, out);
    g_string_append(out, " (client) to ");
    append_end(view, 1, out);
    g_string_append_printf(out, " (server), %s\n",
                           twin_flows_label(view->flows, view->flow->label));
    g_string_append_printf(
        out, "Begins at %" G_GINT64_FORMAT ".%09d; clock steps of %" G_GINT64_FORMAT " ns%s\n",
        view->flow->start_ns / second_ns, (int)ABS(view->flow->start_ns % second_ns),
        view->exchange->tick_ns,
        view->exchange->is_plain ? "; path unknown: halves of 0 explain more" : "");
    g_string_append_printf(out,
                           "%" G_GUINT64_FORMAT " packets captured, %" G_GUINT64_FORMAT
                           " hidden, %" G_GUINT64_FORMAT " missed; %" G_GUINT64_FORMAT
                           " lost, %" G_GUINT64_FORMAT " held; %zu writes; %u gaps "
                           "squeezed\n",
                           counts->n_packets, counts->n_hidden, counts->n_missed, counts->n_lost,
                           counts->n_held, view->exchange->n_writes, view->exchange->n_squeezed);
    g_string_append_printf(out,
                           "Acknowledgements exact: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                           "; timestamp echoes as RFC 7323 has them: %" G_GUINT64_FORMAT
                           " of %" G_GUINT64_FORMAT "\n\n",
                           counts->n_exact, counts->n_acks, counts->n_following, counts->n_echoes);
}

static void append_sides(const TwinFlowView *view, GString *out)
{
    g_string_append(out, "        half path ms  least round trip ms  window scale  SACK  timestamps"
                         "   MSS\n");
    for (unsigned side = 0; side < 2; side++) {
        const TwinHostSide *host = &view->exchange->sides[side];
        char half[CELL_BYTES];
        char whole[CELL_BYTES];
        g_string_append_printf(out, "%-6s  %12s  %19s  %12u  %-4s  %-10s  %4u\n", sides[side],
                               ms_of(host->half_ns, half), ms_of(2 * host->half_ns, whole),
                               host->window_shift, host->may_sack ? "yes" : "no",
                               host->has_timestamps ? "yes" : "no", host->mss_bytes);
    }
    g_string_append_c(out, '\n');
}

/* What is special of a packet, in words; nothing of most. */
static void append_remarks(const TwinHostPacket *packet, GString *out)
{
    if (packet->fate != TWIN_FATE_SEEN) {
        g_string_append_printf(out, " %s", twin_fate_name(packet->fate));
    }
    if (packet->move == TWIN_MOVE_AGAIN) {
        g_string_append_printf(out, " again(%u)", packet->back);
    } else if (packet->move == TWIN_MOVE_PROBE) {
        g_string_append(out, " probe");
    } else if (packet->move == TWIN_MOVE_ODD) {
        g_string_append_printf(out, " odd(%+" G_GINT64_FORMAT ")", packet->odd_by);
    }
    if (packet->ack_manner != TWIN_ACK_EXACT) {
        g_string_append_printf(out, " ack-%s(%" G_GINT64_FORMAT ")",
                               twin_ack_manner_name(packet->ack_manner), ABS(packet->ack_by));
    }
    for (unsigned r = 0; r < packet->n_sack; r++) {
        g_string_append_printf(out, " sack(%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT ")",
                               packet->sack[r][0], packet->sack[r][1]);
    }
}

static void append_packet(const TwinFlowView *view, const TwinHostPacket *packet, GString *out)
{
    char flags[8];
    char cells[5][CELL_BYTES];
    char frame[CELL_BYTES] = "-";
    char write[CELL_BYTES] = "";
    char ack[CELL_BYTES] = "";
    const bool has_arrived = packet->arrived_ns != TWIN_NEVER_NS;
    twin_flow_flags(flags, packet->flags);
    if (packet->record >= 0) {
        const TwinPacket *from = twin_flows_packet(view->flows, view->flow, (size_t)packet->record);
        (void)g_snprintf(frame, sizeof frame, "%u", from->frame);
    }
    if (packet->write >= 0) {
        (void)g_snprintf(write, sizeof write, "%d%s", packet->write + 1,
                         view->exchange->writes[packet->write].is_early ? "e" : "");
    }
    if ((packet->flags & 0x10) != 0) {
        (void)g_snprintf(ack, sizeof ack, "%" G_GINT64_FORMAT, packet->ack);
    }
    g_string_append_printf(
        out, "%7s %12s %2s %-5s %10" G_GINT64_FORMAT " %10s %6u %6u %12s %12s %9s %5s %10s %-6s",
        frame, ms_of(packet->captured_ns, cells[0]), packet->side == 0 ? "->" : "<-", flags,
        packet->seq, ack, packet->payload_bytes, packet->window, ms_of(packet->sent_ns, cells[1]),
        has_arrived ? ms_of(packet->arrived_ns, cells[2]) : "never",
        packet->held_ns > TWIN_LEAST_HOLD_NS ? ms_of(packet->held_ns, cells[3]) : "", write,
        ms_of(packet->delay_ns, cells[4]), twin_delay_class_name(packet->delay_class));
    append_remarks(packet, out);
    while (out->str[out->len - 1] == ' ') {
        g_string_truncate(out, out->len - 1);
    }
    g_string_append_c(out, '\n');
}

static const char legend[] =
    "\n"
    "frame     number in the capture; -: inferred, not captured\n"
    "captured, sent, arrived   milliseconds since the first packet; sent: captured less the\n"
    "          sender's half of the path; arrived: at the peer, by what the peer acknowledged\n"
    "->        from the client; <- from the server\n"
    "flags     F FIN, S SYN, R RST, P PSH, A ACK, U URG\n"
    "seq, ack  from the first number of their side on\n"
    "held      arrived later than the path needs: jitter, queues, a busy host\n"
    "write     data up to a pushed segment is one write; e: begun before the peer's last had "
    "arrived\n"
    "delay     since the sender's last local event (a packet sent or arrived), and of what class:\n"
    "          ack, answer to the peer, more of a write, close, another write, resend\n"
    "lost      captured, then lost; hidden: lost before the capture; missed: not captured, "
    "arrived\n"
    "again(k)  sent again: the k-th last new segment; probe: keep-alive; odd: not the next number\n"
    "ack-…(n)  not what had arrived in order, by n bytes: unmoved, behind, back, or ahead of it\n";

void twin_flow_text(const TwinFlowView *view, GString *out)
{
    append_heading(view, out);
    append_sides(view, out);
    g_string_append_printf(out, "%7s %12s %2s %-5s %10s %10s %6s %6s %12s %12s %9s %5s %10s %s\n",
                           "frame", "captured ms", "", "flags", "seq", "ack", "len", "window",
                           "sent ms", "arrived ms", "held ms", "write", "delay ms",
                           "class  remarks");
    for (size_t i = 0; i < view->exchange->n_packets; i++) {
        append_packet(view, &view->exchange->packets[i], out);
    }
    g_string_append(out, legend);
}
