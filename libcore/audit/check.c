/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/audit.h"
#include "audit/exact.h"
#include "audit/literal.h"
#include "packet/tcp.h"

#include <glib.h>

enum { N_READINGS = TWIN_READING_LITERAL + 1 };

/* One check in both readings. The packet goes through the rows in this order: a later check may
 * rest on what an earlier one has seen. */
typedef struct {
    TwinCheckInfo info;
    void (*take[N_READINGS])(TwinAudit *self, const TwinAuditStep *step);
    void (*decide[N_READINGS])(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
} Row;

static const Row rows[TWIN_N_CHECKS] = {
    [TWIN_CHECK_HANDSHAKE] =
        {
            {"handshake", "flowtwin.handshake", "Handshake observed",
             "No TCP handshake whose three packets acknowledge each other was captured."},
            {twin_exact_take_handshake, twin_literal_take_handshake},
            {twin_exact_decide_handshake, twin_literal_decide_handshake},
        },
    [TWIN_CHECK_EARLY_DATA] =
        {
            {"early_data", "flowtwin.early_data", "No data before the handshake",
             "Payload was sent before the handshake was complete."},
            {twin_exact_take_early, twin_literal_take_early},
            {twin_exact_decide_early, twin_literal_decide_early},
        },
    [TWIN_CHECK_DUPLICATE_HANDSHAKE] =
        {
            {"duplicate_handshake", "flowtwin.duplicate_handshake", "No second handshake",
             "The connection was opened again although it had not ended."},
            {twin_exact_take_duplicate, twin_literal_take_duplicate},
            {twin_exact_decide_duplicate, twin_literal_decide_duplicate},
        },
    [TWIN_CHECK_TERMINATION] =
        {
            {"termination", "flowtwin.termination", "Termination observed",
             "Neither a reset nor a FIN of each side was captured."},
            {twin_exact_take_termination, twin_literal_take_termination},
            {twin_exact_decide_termination, twin_literal_decide_termination},
        },
    [TWIN_CHECK_LATE_DATA] =
        {
            {"late_data", "flowtwin.late_data", "No data after the end",
             "New payload was sent after the sender's FIN or after a reset."},
            {twin_exact_take_late, twin_literal_take_late},
            {twin_exact_decide_late, twin_literal_decide_late},
        },
};

const TwinCheckInfo *twin_check_info(TwinCheck check)
{
    g_return_val_if_fail(check < TWIN_N_CHECKS, NULL);
    return &rows[check].info;
}

TwinAudit *twin_audit_new(TwinReading reading)
{
    TwinAudit *self = g_new0(TwinAudit, 1);
    self->reading = reading;
    self->capture_end_ns = INT64_MAX;
    twin_audit_begin(self);
    return self;
}

void twin_audit_free(TwinAudit *self)
{
    g_free(self);
}

void twin_audit_begin(TwinAudit *self)
{
    const TwinMoment none = {.index = TWIN_NO_PACKET};
    const TwinAuditSide side = {
        .syn = none, .ack = none, .rst = none, .fin = TWIN_NO_PACKET, .data = TWIN_NO_PACKET};
    *self = (TwinAudit){
        .reading = self->reading,
        .capture_end_ns = self->capture_end_ns,
        .sides = {side, side},
        .handshake = {.syn = TWIN_NO_PACKET,
                      .synack = TWIN_NO_PACKET,
                      .bad_synack = TWIN_NO_PACKET,
                      .reset = TWIN_NO_PACKET,
                      .third_leg = none},
        .early = {.suspect = none, .unanswered = TWIN_NO_PACKET},
        .duplicate = {.packet = TWIN_NO_PACKET},
        .late = {.packet = TWIN_NO_PACKET},
        .literal = {.data = TWIN_NO_PACKET,
                    .duplicate = TWIN_NO_PACKET,
                    .end = TWIN_NO_PACKET,
                    .late = TWIN_NO_PACKET},
    };
}

void twin_audit_set_capture_end(TwinAudit *self, int64_t time_ns)
{
    self->capture_end_ns = time_ns;
}

bool twin_audit_is_midway(const TwinAudit *self)
{
    const unsigned bits = self->connection.sides[0].bits | self->connection.sides[1].bits;
    const bool is_stray = self->connection.stray_octets > 0 && (bits & TWIN_SIDE_SYN) == 0;
    return self->handshake.syn == TWIN_NO_PACKET || is_stray;
}

static const char history_letters[2][TWIN_HISTORY_KINDS + 1] = {"SHDAFR", "shdafr"};

/* Which of history_letters the packet shows, a bit each. */
static unsigned history_kinds(const TwinAuditStep *step)
{
    const unsigned flags = step->packet->flags;
    const bool has_syn = (flags & TWIN_TCP_SYN) != 0;
    const bool has_ack = (flags & TWIN_TCP_ACK) != 0;
    const bool has_fin = (flags & TWIN_TCP_FIN) != 0;
    const bool has_rst = (flags & TWIN_TCP_RST) != 0;
    const bool has_data = step->payload_bytes > 0;
    const bool is_pure_ack = has_ack && !has_syn && !has_fin && !has_rst && !has_data;
    const bool shows[TWIN_HISTORY_KINDS] = {
        has_syn && !has_ack, has_syn && has_ack, has_data, is_pure_ack, has_fin, has_rst,
    };
    unsigned kinds = 0;
    for (unsigned kind = 0; kind < TWIN_HISTORY_KINDS; kind++) {
        kinds |= shows[kind] ? 1U << kind : 0U;
    }
    return kinds;
}

/* Written anew at each letter, since a SYN may show only later whose letters are capital. */
void twin_audit_spell_history(TwinAudit *self)
{
    const unsigned client = twin_connection_client(&self->connection);
    for (size_t i = 0; i < self->n_history; i++) {
        const unsigned side = self->history_order[i] % 2;
        self->history[i] = history_letters[side == client ? 0 : 1][self->history_order[i] / 2];
    }
}

static void take_history(TwinAudit *self, const TwinAuditStep *step)
{
    TwinAuditSide *own = &self->sides[step->side];
    const unsigned added = history_kinds(step) & ~(unsigned)own->history;
    if (added == 0) {
        return;
    }
    own->history = (uint8_t)(own->history | added);
    for (unsigned kind = 0; kind < TWIN_HISTORY_KINDS; kind++) {
        if ((added & 1U << kind) != 0) {
            self->history_order[self->n_history++] = (uint8_t)(2 * kind + step->side);
        }
    }
    twin_audit_spell_history(self);
}

void twin_audit_take(TwinAudit *self, const TwinPacket *packet, uint32_t number)
{
    const TwinAuditStep step = {
        .packet = packet,
        .index = number,
        .side = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0,
        .events = twin_connection_update(&self->connection, packet),
        .payload_bytes = twin_packet_sure_payload(packet),
    };
    take_history(self, &step);
    twin_exact_note(self, &step);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        rows[check].take[self->reading](self, &step);
    }
    self->n_packets++;
    self->last_ns = packet->time_ns;
}

void twin_audit_packet(TwinAudit *self, const TwinPacket *packet)
{
    twin_audit_take(self, packet, self->n_packets);
}

void twin_audit_verdicts(const TwinAudit *self, bool at_end,
                         TwinVerdict verdicts_out[TWIN_N_CHECKS])
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        TwinVerdict *verdict = &verdicts_out[check];
        *verdict = (TwinVerdict){.passes = true, .is_decided = true, .packet = TWIN_NO_PACKET};
        rows[check].decide[self->reading](self, at_end, verdict);
        verdict->is_final |= at_end;
    }
}

const char *twin_audit_history(const TwinAudit *self)
{
    return self->history;
}

void twin_check_flow(TwinAudit *audit, const TwinFlows *flows, const TwinFlow *flow,
                     TwinVerdict verdicts_out[TWIN_N_CHECKS])
{
    twin_audit_begin(audit);
    twin_audit_set_capture_end(audit, twin_flows_last_ns(flows));
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        twin_audit_packet(audit, twin_flows_packet(flows, flow, k));
    }
    twin_audit_verdicts(audit, true, verdicts_out);
}
