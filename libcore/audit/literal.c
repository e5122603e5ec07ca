/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/literal.h"

#include "packet/tcp.h"

enum {
    STAGE_SYN = 1,
    STAGE_SYNACK = 2,
};

/* A triple that @client begins: SYN, then SYN/ACK from the other side, then its ACK. True when this
 * packet is the last of the three. */
static bool advance(uint8_t *stage, bool is_client, unsigned flags)
{
    const bool has_syn = (flags & TWIN_TCP_SYN) != 0;
    const bool has_ack = (flags & TWIN_TCP_ACK) != 0;
    if (is_client && has_syn && !has_ack && *stage == 0) {
        *stage = STAGE_SYN;
    } else if (!is_client && has_syn && has_ack && *stage == STAGE_SYN) {
        *stage = STAGE_SYNACK;
    }
    return is_client && *stage == STAGE_SYNACK && has_ack && !has_syn &&
           (flags & TWIN_TCP_RST) == 0;
}

void twin_literal_take_handshake(TwinAudit *self, const TwinAuditStep *step)
{
    for (unsigned client = 0; client < 2; client++) {
        if (advance(&self->literal.stage[client], step->side == client, step->packet->flags)) {
            self->literal.n_handshakes++;
            self->literal.stage[0] = 0;
            self->literal.stage[1] = 0;
        }
    }
}

void twin_literal_take_early(TwinAudit *self, const TwinAuditStep *step)
{
    if (self->literal.n_handshakes == 0 && self->literal.data == TWIN_NO_PACKET &&
        step->payload_bytes > 0 && (step->packet->flags & TWIN_TCP_SYN) == 0) {
        self->literal.data = step->index;
    }
}

void twin_literal_take_duplicate(TwinAudit *self, const TwinAuditStep *step)
{
    if (self->literal.n_handshakes >= 2 && self->literal.duplicate == TWIN_NO_PACKET) {
        self->literal.duplicate = step->index;
    }
}

void twin_literal_take_termination(TwinAudit *self, const TwinAuditStep *step)
{
    if (self->literal.end == TWIN_NO_PACKET &&
        (step->packet->flags & (TWIN_TCP_FIN | TWIN_TCP_RST)) != 0) {
        self->literal.end = step->index;
    }
}

void twin_literal_take_late(TwinAudit *self, const TwinAuditStep *step)
{
    if (self->literal.late == TWIN_NO_PACKET && step->payload_bytes > 0 &&
        self->literal.end < step->index) {
        self->literal.late = step->index;
    }
}

void twin_literal_decide_handshake(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    verdict->passes = self->literal.n_handshakes > 0;
    verdict->is_final = verdict->passes;
}

void twin_literal_decide_early(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    verdict->is_final = self->literal.n_handshakes > 0;
    verdict->passes = !verdict->is_final || self->literal.data == TWIN_NO_PACKET;
    verdict->packet = verdict->passes ? TWIN_NO_PACKET : self->literal.data;
}

void twin_literal_decide_duplicate(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    verdict->packet = self->literal.duplicate;
    verdict->passes = verdict->packet == TWIN_NO_PACKET;
    verdict->is_final = !verdict->passes;
}

void twin_literal_decide_termination(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    verdict->passes = self->literal.end != TWIN_NO_PACKET;
    verdict->is_final = verdict->passes;
}

void twin_literal_decide_late(const TwinAudit *self, bool at_end, TwinVerdict *verdict)
{
    (void)at_end;
    verdict->packet = self->literal.late;
    verdict->passes = verdict->packet == TWIN_NO_PACKET;
    verdict->is_final = !verdict->passes;
}
