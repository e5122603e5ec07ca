/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/exact.h"

#include "packet/tcp.h"

#include <glib.h>

/* Wireshark's threshold for reordering where it knows no round trip. */
static const uint64_t reordering_ns = UINT64_C(3000000);
static const uint64_t least_allowance_ns = UINT64_C(200000000);
static const uint64_t unknown_allowance_ns = UINT64_C(1000000000);
static const uint64_t idle_timeout_ns = UINT64_C(120000000000);

static bool is_established(const TwinAudit *self)
{
    return twin_connection_is_established(&self->connection);
}

static bool side_has(const TwinAudit *self, unsigned side, unsigned bits)
{
    return (self->connection.sides[side].bits & bits) == bits;
}

static bool has_data(const TwinAuditStep *step)
{
    return step->payload_bytes > 0 && (step->packet->flags & (TWIN_TCP_SYN | TWIN_TCP_RST)) == 0;
}

static TwinMoment moment(const TwinAuditStep *step)
{
    return (TwinMoment){.index = step->index, .time_ns = step->packet->time_ns};
}

static void keep_first(uint32_t *index, const TwinAuditStep *step)
{
    if (*index == TWIN_NO_PACKET) {
        *index = step->index;
    }
}

static void fail(TwinVerdict *verdict, TwinReason reason, uint32_t packet)
{
    verdict->passes = false;
    verdict->reason = (uint8_t)reason;
    verdict->packet = packet;
}

/* The SYN in force, before the handshake: a later one on the open flow is no concern of it. */
static void note_syn(TwinAuditSide *own, const TwinAuditStep *step)
{
    if ((step->events & (TWIN_CONNECTION_SYN | TWIN_CONNECTION_STRAY_SYN)) != 0) {
        own->syn = moment(step);
    } else if ((step->events & TWIN_CONNECTION_SYN_RETRY) != 0) {
        own->syn.time_ns = step->packet->time_ns;
    }
}

void twin_exact_note(TwinAudit *self, const TwinAuditStep *step)
{
    TwinAuditSide *own = &self->sides[step->side];
    const unsigned flags = step->packet->flags;
    const bool is_syn = (flags & (TWIN_TCP_SYN | TWIN_TCP_ACK)) == TWIN_TCP_SYN;
    own->has_spoken = true;
    own->has_followed |= !is_syn;
    self->handshake.has_syn_flag |= (flags & TWIN_TCP_SYN) != 0;
    if (is_syn) {
        keep_first(&self->handshake.syn, step);
    }
    if ((flags & TWIN_TCP_FIN) != 0) {
        keep_first(&own->fin, step);
    }
    if (has_data(step) && own->data == TWIN_NO_PACKET) {
        own->data = step->index;
        own->data_seq = step->packet->seq;
    }
    if ((step->events & TWIN_CONNECTION_RESET) != 0 && own->rst.index == TWIN_NO_PACKET) {
        own->rst = moment(step);
    }
    for (unsigned side = 0; side < 2; side++) {
        if (!side_has(self, side, TWIN_SIDE_RST)) {
            self->sides[side].rst.index = TWIN_NO_PACKET; /* a new try: it ended nothing */
        }
    }
    if (!is_established(self) || (step->events & TWIN_CONNECTION_ESTABLISHED) != 0) {
        note_syn(own, step);
        if ((flags & (TWIN_TCP_SYN | TWIN_TCP_RST | TWIN_TCP_ACK)) == TWIN_TCP_ACK) {
            own->ack = moment(step);
        }
    }
}

/* The handshake is complete with this packet: which one was its third leg, and what shape it had.
 */
static void complete_handshake(TwinAudit *self, const TwinAuditStep *step)
{
    const unsigned client = side_has(self, step->side, TWIN_SIDE_SYN) ? step->side : 1 - step->side;
    const TwinAuditSide *own = &self->sides[client];
    const bool is_ordinary = (step->packet->flags & TWIN_TCP_SYN) == 0;
    const bool has_two_syns = side_has(self, 0, TWIN_SIDE_SYN) && side_has(self, 1, TWIN_SIDE_SYN);
    const bool is_simultaneous =
        has_two_syns || (step->side == client && (step->packet->flags & TWIN_TCP_ACK) != 0 &&
                         !is_ordinary); /* whose other SYN was not captured */
    const bool is_last = is_ordinary || is_simultaneous || own->ack.index == TWIN_NO_PACKET;
    self->handshake.third_leg = is_last ? moment(step) : own->ack;
    self->handshake.rtt_ns = twin_elapsed_ns(self->handshake.third_leg.time_ns, own->syn.time_ns);
    if (is_simultaneous) {
        self->handshake.reason = TWIN_REASON_SIMULTANEOUS_OPEN;
    } else if (!is_last || self->handshake.synack < own->syn.index) {
        self->handshake.reason = TWIN_REASON_REORDERED;
    } else if (side_has(self, client, TWIN_SIDE_FAST_OPEN)) {
        self->handshake.reason = TWIN_REASON_FAST_OPEN;
    } else {
        self->handshake.reason = TWIN_REASON_COMPLETE;
    }
}

void twin_exact_take_handshake(TwinAudit *self, const TwinAuditStep *step)
{
    if ((step->events & TWIN_CONNECTION_SYNACK) != 0) {
        self->handshake.synack = step->index;
    }
    if ((step->events & TWIN_CONNECTION_BAD_SYNACK) != 0) {
        keep_first(&self->handshake.bad_synack, step);
    }
    if ((step->events & TWIN_CONNECTION_RESET) != 0) {
        keep_first(&self->handshake.reset, step);
    }
    if ((step->events & TWIN_CONNECTION_ESTABLISHED) != 0) {
        complete_handshake(self, step);
    }
}

/* The server's ordinary segments acknowledge the SYN: the capture missed the SYN/ACK. */
static bool has_missed_synack(const TwinAudit *self, unsigned client)
{
    return side_has(self, client, TWIN_SIDE_SYN | TWIN_SIDE_SYN_ACKED) &&
           (self->connection.sides[1 - client].bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) == 0;
}

/* Why there is no handshake; *@packet is the one that shows it. */
static TwinReason explain_no_handshake(const TwinAudit *self, uint32_t *packet)
{
    const unsigned client = twin_connection_client(&self->connection);
    *packet = TWIN_NO_PACKET;
    if (twin_audit_is_midway(self)) {
        return TWIN_REASON_MIDWAY;
    }
    if (has_missed_synack(self, 0) || has_missed_synack(self, 1)) {
        return TWIN_REASON_SYNACK_MISSED;
    }
    if (!self->sides[1 - client].has_spoken && self->sides[client].has_followed) {
        return TWIN_REASON_ONE_WAY;
    }
    if (self->handshake.reset < self->handshake.synack) {
        *packet = self->handshake.reset;
        return TWIN_REASON_REFUSED;
    }
    if (self->handshake.synack != TWIN_NO_PACKET) {
        *packet = self->handshake.synack;
        return TWIN_REASON_NO_THIRD_LEG;
    }
    if (self->handshake.bad_synack != TWIN_NO_PACKET) {
        *packet = self->handshake.bad_synack;
        return TWIN_REASON_BAD_ACK;
    }
    *packet = self->handshake.syn;
    return side_has(self, 1 - client, TWIN_SIDE_ACK) ? TWIN_REASON_BAD_ACK : TWIN_REASON_UNANSWERED;
}

/* Not the flow's fault: the capture cannot show a handshake. */
static bool is_for_want_of_evidence(TwinReason reason)
{
    return reason == TWIN_REASON_MIDWAY || reason == TWIN_REASON_ONE_WAY ||
           reason == TWIN_REASON_SYNACK_MISSED;
}

void twin_exact_decide_handshake(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end; /* complete is complete; else any packet may still complete it */
    if (is_established(self)) {
        verdict->reason = (uint8_t)self->handshake.reason;
        verdict->is_final = true;
        return;
    }
    uint32_t packet = TWIN_NO_PACKET;
    const TwinReason reason = explain_no_handshake(self, &packet);
    fail(verdict, reason, packet);
    verdict->is_decided = !is_for_want_of_evidence(reason);
}

static void suspect_data(TwinAudit *self, const TwinAuditStep *step)
{
    if (side_has(self, 1 - step->side, TWIN_SIDE_FAST_OPEN)) {
        self->early.is_fast_open = true; /* RFC 7413: the server need not wait for the third leg */
        return;
    }
    if (self->early.suspect.index == TWIN_NO_PACKET ||
        step->packet->time_ns < self->early.suspect.time_ns) {
        self->early.suspect = moment(step);
        self->early.suspect_side = step->side;
    }
}

/* Payload numbered after its sender's SYN, and not acknowledging an answer to it: so far nobody has
 * asked for it. */
static void note_unanswered(TwinAudit *self, const TwinAuditStep *step)
{
    const TwinConnectionSide *own = &self->connection.sides[step->side];
    if (self->early.unanswered != TWIN_NO_PACKET || !side_has(self, step->side, TWIN_SIDE_SYN) ||
        side_has(self, 1 - step->side, TWIN_SIDE_SYN_ACKED)) {
        return;
    }
    const bool is_syn = (step->events & TWIN_CONNECTION_SYN) != 0;
    const uint32_t index = is_syn ? self->sides[step->side].data : step->index;
    const uint32_t seq = is_syn ? self->sides[step->side].data_seq : step->packet->seq;
    if (index != TWIN_NO_PACKET && (is_syn || has_data(step)) &&
        twin_seq_is_in(seq, own->isn, own->isn + TWIN_CONNECTION_REACH)) {
        self->early.unanswered = index;
        self->early.unanswered_side = step->side;
    }
}

/* The third leg is known: payload before it stands or falls for good. */
static void judge_early(TwinAudit *self, const TwinAuditStep *step)
{
    const TwinMoment third_leg = self->handshake.third_leg;
    const TwinMoment suspect = self->early.suspect;
    const unsigned client = side_has(self, step->side, TWIN_SIDE_SYN) ? step->side : 1 - step->side;
    if (suspect.index >= third_leg.index) {
        self->early.reason = self->early.is_fast_open ? TWIN_REASON_FAST_OPEN : TWIN_REASON_NONE;
        return;
    }
    self->early.fails = twin_elapsed_ns(third_leg.time_ns, suspect.time_ns) > reordering_ns;
    if (!self->early.fails) {
        self->early.reason = TWIN_REASON_REORDERED;
    } else if (suspect.index < self->sides[client].syn.index) {
        self->early.reason = TWIN_REASON_BEFORE_SYN;
    } else if (self->early.suspect_side == client) {
        self->early.reason = TWIN_REASON_BEFORE_SYNACK;
    } else {
        self->early.reason = TWIN_REASON_SERVER_FIRST;
    }
}

void twin_exact_take_early(TwinAudit *self, const TwinAuditStep *step)
{
    if ((step->events & TWIN_CONNECTION_ESTABLISHED) != 0) {
        judge_early(self, step);
    } else if (!is_established(self)) {
        if (has_data(step)) {
            suspect_data(self, step);
        }
        note_unanswered(self, step);
    }
}

void twin_exact_decide_early(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    if (is_established(self)) {
        verdict->is_final = true;
        verdict->reason = (uint8_t)self->early.reason;
        if (self->early.fails) {
            fail(verdict, self->early.reason, self->early.suspect.index);
        }
        return;
    }
    const unsigned client = self->early.unanswered_side;
    if (self->early.unanswered != TWIN_NO_PACKET && self->sides[1 - client].has_spoken &&
        !has_missed_synack(self, client)) {
        fail(verdict, TWIN_REASON_BEFORE_SYNACK, self->early.unanswered);
        return;
    }
    uint32_t packet = TWIN_NO_PACKET;
    verdict->is_decided = false;
    verdict->reason = (uint8_t)explain_no_handshake(self, &packet);
}

void twin_exact_take_duplicate(TwinAudit *self, const TwinAuditStep *step)
{
    if ((step->events & TWIN_CONNECTION_REOPENED) != 0) {
        keep_first(&self->duplicate.packet, step);
    }
    self->duplicate.has_retried |= (step->events & TWIN_CONNECTION_SYN_RETRY) != 0;
}

void twin_exact_decide_duplicate(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    if (self->duplicate.packet != TWIN_NO_PACKET) {
        fail(verdict, TWIN_REASON_REOPENED, self->duplicate.packet);
        verdict->is_final = true;
        return;
    }
    verdict->is_decided = self->handshake.has_syn_flag;
    verdict->reason = !verdict->is_decided          ? TWIN_REASON_MIDWAY
                      : self->duplicate.has_retried ? TWIN_REASON_RETRY
                                                    : TWIN_REASON_NONE;
}

void twin_exact_take_termination(TwinAudit *self, const TwinAuditStep *step)
{
    (void)step;
    const bool first_fin = side_has(self, 0, TWIN_SIDE_FIN);
    const bool second_fin = side_has(self, 1, TWIN_SIDE_FIN);
    if (!twin_connection_is_finished(&self->connection)) {
        self->termination.reason = TWIN_REASON_NONE; /* a refusal before the handshake: no end */
    } else if (self->termination.reason == TWIN_REASON_NONE) {
        self->termination.reason = first_fin && second_fin   ? TWIN_REASON_FIN_BOTH
                                   : first_fin || second_fin ? TWIN_REASON_RESET_AFTER_FIN
                                                             : TWIN_REASON_RESET;
    }
}

void twin_exact_decide_termination(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    const bool first_fin = side_has(self, 0, TWIN_SIDE_FIN);
    const bool second_fin = side_has(self, 1, TWIN_SIDE_FIN);
    if (self->termination.reason != TWIN_REASON_NONE) {
        verdict->reason = (uint8_t)self->termination.reason;
        verdict->is_final = is_established(self) || (first_fin && second_fin);
        return;
    }
    const uint32_t packet = first_fin    ? self->sides[0].fin
                            : second_fin ? self->sides[1].fin
                                         : TWIN_NO_PACKET;
    const bool is_at_end = at_end && self->capture_end_ns != INT64_MAX &&
                           twin_elapsed_ns(self->capture_end_ns, self->last_ns) <= idle_timeout_ns;
    fail(verdict,
         is_at_end                  ? TWIN_REASON_OPEN_AT_END
         : packet != TWIN_NO_PACKET ? TWIN_REASON_HALF_CLOSED
                                    : TWIN_REASON_OPEN,
         packet);
}

/* How long after a RST its peer's segments may still arrive: twice the initial round trip. */
static uint64_t allowance_ns(const TwinAudit *self)
{
    if (!is_established(self)) {
        return unknown_allowance_ns;
    }
    const uint64_t rtt_ns = self->handshake.rtt_ns;
    return MAX(rtt_ns, least_allowance_ns / 2) * 2;
}

/* TWIN_REASON_NONE: the payload is no concern. */
static TwinReason judge_late(const TwinAudit *self, const TwinAuditStep *step, bool *fails)
{
    const TwinMoment *own_rst = &self->sides[step->side].rst;
    const TwinMoment *peer_rst = &self->sides[1 - step->side].rst;
    const bool is_new = (step->events & TWIN_CONNECTION_NEW_OCTETS) != 0;
    *fails = true;
    if ((step->events & TWIN_CONNECTION_AFTER_FIN) != 0) {
        return TWIN_REASON_AFTER_OWN_FIN;
    }
    if (is_new && own_rst->index != TWIN_NO_PACKET) {
        return TWIN_REASON_AFTER_OWN_RESET;
    }
    if (is_new && peer_rst->index != TWIN_NO_PACKET) {
        *fails = twin_elapsed_ns(step->packet->time_ns, peer_rst->time_ns) > allowance_ns(self);
        return *fails ? TWIN_REASON_AFTER_PEER_RESET : TWIN_REASON_IN_FLIGHT;
    }
    *fails = false;
    return (step->events & TWIN_CONNECTION_FOREIGN) != 0     ? TWIN_REASON_FOREIGN_NUMBERS
           : (step->events & TWIN_CONNECTION_FIN_MOVED) != 0 ? TWIN_REASON_FIN_MOVED
                                                             : TWIN_REASON_NONE;
}

void twin_exact_take_late(TwinAudit *self, const TwinAuditStep *step)
{
    if (self->late.packet != TWIN_NO_PACKET) {
        return;
    }
    bool fails = false;
    const TwinReason reason = judge_late(self, step, &fails);
    if (fails) {
        self->late.packet = step->index;
    }
    if (fails || self->late.reason == TWIN_REASON_NONE) {
        self->late.reason = reason;
    }
}

void twin_exact_decide_late(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    if (self->late.packet != TWIN_NO_PACKET) {
        fail(verdict, self->late.reason, self->late.packet);
        verdict->is_final = true;
        return;
    }
    verdict->is_decided = side_has(self, 0, TWIN_SIDE_FIN) || side_has(self, 1, TWIN_SIDE_FIN) ||
                          self->termination.reason != TWIN_REASON_NONE;
    verdict->reason = (uint8_t)(verdict->is_decided ? self->late.reason : TWIN_REASON_OPEN);
}
