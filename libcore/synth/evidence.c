/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/evidence.h"

#include "packet/tcp.h"

#include <glib.h>

enum { FIN = TWIN_TCP_FIN, SYN = TWIN_TCP_SYN, RST = TWIN_TCP_RST, PSH = TWIN_TCP_PSH };

#define TWIN_EVIDENCE_TEXT(NAME, STRICTNESS, TEXT) TEXT,
static const char *const texts[] = {TWIN_EVIDENCE(TWIN_EVIDENCE_TEXT)};
#undef TWIN_EVIDENCE_TEXT

const char *twin_evidence_text(TwinEvidence rule)
{
    return (size_t)rule < G_N_ELEMENTS(texts) ? texts[rule] : "";
}

void twin_evidence_look(TwinEvidenceCase *self, const TwinParents *p, const TwinTables *tables,
                        bool must_send)
{
    const TwinHostState *const s = p->own;
    const TwinDialogue *const d = p->dialogue;
    const bool is_open = s->write_segments > 0;
    const bool has_next = p->next_write < d->n_writes;
    const int64_t segments = is_open    ? s->write_segments
                             : has_next ? (int64_t)d->writes[p->next_write].n_segments
                                        : 0;
    const double bytes = is_open    ? (double)s->write_bytes
                         : has_next ? MAX(d->writes[p->next_write].bytes, 1)
                                    : 1;
    *self = (TwinEvidenceCase){
        .parents = p,
        .kinds = tables->kinds,
        .n_kinds = tables->n_kinds,
        .least_size = MIN(p->plan[TWIN_PLAN_MAX_PAYLOAD], bytes),
        .must_send = must_send,
        .ends_write = segments == 1,
    };
}

/* Pure ACKs that the plan has between the peer's data and the own FIN: each needs a chance. */
static bool takes_last_chance(const TwinParents *p)
{
    const TwinHostState *const s = p->own;
    const bool has_tail = s->sent_fin == 0 && p->plan[TWIN_PLAN_FINS] > 0;
    const double pure = s->left[TWIN_PLAN_PURE] - s->left[TWIN_PLAN_IDLE] -
                        (has_tail ? p->plan[TWIN_PLAN_TAIL_PURE] : 0);
    return s->n_unacked > 0 && pure > 0 && pure > p->chances - 1;
}

static TwinEvidence against_waiting(const TwinEvidenceCase *self, unsigned strictness)
{
    const TwinParents *const p = self->parents;
    if (self->must_send) {
        return TWIN_EVIDENCE_FORCED;
    }
    if (strictness > 1 && takes_last_chance(p)) {
        return TWIN_EVIDENCE_ACK_CHANCE;
    }
    const double to_come = p->peer_plan[TWIN_PLAN_PACKETS] - p->peer_plan[TWIN_PLAN_LOSTS] -
                           p->peer_plan[TWIN_PLAN_HIDDENS] - p->arrived[TWIN_PLAN_PACKETS];
    const bool may_wait = to_come > 0 || twin_host_duties(p->own) <= 0;
    return may_wait ? TWIN_EVIDENCE_NONE : TWIN_EVIDENCE_ENDLESS;
}

static TwinEvidence against_resend(const TwinEvidenceCase *self, unsigned strictness)
{
    const TwinParents *const p = self->parents;
    const TwinHostState *const s = p->own;
    if (s->left[TWIN_PLAN_AGAINS] <= 0 || s->next <= 0) {
        return TWIN_EVIDENCE_RESENDS;
    }
    if (strictness > 0 && !self->has_lost &&
        s->left[TWIN_PLAN_AGAINS] <= s->left[TWIN_PLAN_LOSTS] + s->left[TWIN_PLAN_HIDDENS]) {
        return TWIN_EVIDENCE_RESEND_KEPT;
    }
    const bool mends_more =
        p->plan[TWIN_PLAN_AGAINS] > p->plan[TWIN_PLAN_LOSTS] + p->plan[TWIN_PLAN_HIDDENS];
    const bool may = strictness < 2 || s->next > s->unacked || mends_more;
    return may ? TWIN_EVIDENCE_NONE : TWIN_EVIDENCE_RESEND_NOTHING;
}

/* Whether more of the peer's data is due than the plan has after the own FIN or RST. */
static bool is_early_end(const TwinParents *p, unsigned entry, unsigned strictness)
{
    const double to_come = p->peer_plan[TWIN_PLAN_DATA] - p->arrived[TWIN_PLAN_DATA];
    return strictness > 0 && to_come > p->plan[entry];
}

static TwinEvidence against_reset(const TwinParents *p, unsigned strictness)
{
    const double *const left = p->own->left;
    if (left[TWIN_PLAN_RSTS] <= 0 || left[TWIN_PLAN_DATA] > 0 || left[TWIN_PLAN_FINS] > 0 ||
        left[TWIN_PLAN_SYNS] > 0) {
        return TWIN_EVIDENCE_RESETS;
    }
    return is_early_end(p, TWIN_PLAN_DATA_AFTER_RST, strictness) ? TWIN_EVIDENCE_CLOSE_EARLY
                                                                 : TWIN_EVIDENCE_NONE;
}

/* The peer's window as known here, the initial window, the most in flight. */
static TwinEvidence against_flight(const TwinEvidenceCase *self)
{
    const TwinParents *const p = self->parents;
    const TwinHostState *const s = p->own;
    const double flight = (double)(s->next - s->unacked);
    const double size = self->least_size;
    if (s->sent_syn > 0 && s->unacked <= 0 && p->plan[TWIN_PLAN_EARLY_DATA] == 0) {
        return TWIN_EVIDENCE_EARLY_DATA;
    }
    if (s->peer_edge > 0 && (double)s->next + size > (double)s->peer_edge &&
        p->plan[TWIN_PLAN_BREAKS_WINDOW] == 0) {
        return TWIN_EVIDENCE_PEER_WINDOW;
    }
    const double first = MAX(p->plan[TWIN_PLAN_FIRST_FLIGHT], TWIN_INITIAL_CONGESTION);
    if (s->oldest == 0 && (double)s->n_flown >= first) {
        return TWIN_EVIDENCE_FIRST_FLIGHT;
    }
    const bool is_beyond =
        flight > 0 && (flight + size > p->plan[TWIN_PLAN_MAX_FLIGHT] ||
                       flight + size - (double)s->unacked > p->plan[TWIN_PLAN_INITIAL_WINDOW]);
    return is_beyond ? TWIN_EVIDENCE_FLIGHT : TWIN_EVIDENCE_NONE;
}

TwinEvidence twin_evidence_against_going_on(const TwinEvidenceCase *self)
{
    const TwinParents *const p = self->parents;
    const bool has_data =
        p->own->left[TWIN_PLAN_DATA] > 0 && (p->may_begin || p->own->write_segments > 0);
    return has_data ? against_flight(self) : TWIN_EVIDENCE_NONE;
}

/* Of the flags of a data segment: PSH at ends of writes, FIN on the last where the plan has it. */
static TwinEvidence against_data_flags(const TwinEvidenceCase *self, uint16_t flags,
                                       unsigned strictness)
{
    const TwinParents *const p = self->parents;
    const double *const left = p->own->left;
    const bool is_pushed = (flags & PSH) != 0;
    if (is_pushed ? !self->ends_write : self->ends_write && left[TWIN_PLAN_PUSHED] > 0) {
        return TWIN_EVIDENCE_PUSH;
    }
    if ((flags & FIN) != 0) {
        if (left[TWIN_PLAN_FINS] <= 0 || left[TWIN_PLAN_DATA] > 1) {
            return TWIN_EVIDENCE_FINS;
        }
        return is_early_end(p, TWIN_PLAN_DATA_AFTER_FIN, strictness) ? TWIN_EVIDENCE_CLOSE_EARLY
                                                                     : TWIN_EVIDENCE_NONE;
    }
    const bool wants_fin = left[TWIN_PLAN_FINS] > 0 && left[TWIN_PLAN_DATA] <= 1 &&
                           p->plan[TWIN_PLAN_FIN_HAS_DATA] > 0;
    if (wants_fin || (left[TWIN_PLAN_FINS] <= 0 && p->plan[TWIN_PLAN_FINS] > 0)) {
        return TWIN_EVIDENCE_FIN_DATA;
    }
    return TWIN_EVIDENCE_NONE;
}

static TwinEvidence against_data(const TwinEvidenceCase *self, uint16_t flags, unsigned strictness)
{
    const TwinParents *const p = self->parents;
    if (p->own->left[TWIN_PLAN_DATA] <= 0) {
        return TWIN_EVIDENCE_DATA;
    }
    if (strictness > 0) {
        if (!p->may_begin && p->own->write_segments <= 0) {
            return TWIN_EVIDENCE_SCRIPT;
        }
        const TwinEvidence rule = against_flight(self);
        if (rule != TWIN_EVIDENCE_NONE) {
            return rule;
        }
    }
    return against_data_flags(self, flags, strictness);
}

static TwinEvidence against_fin(const TwinParents *p, unsigned strictness)
{
    if (p->own->left[TWIN_PLAN_FINS] <= 0 || p->own->left[TWIN_PLAN_DATA] > 0) {
        return TWIN_EVIDENCE_FINS;
    }
    return is_early_end(p, TWIN_PLAN_DATA_AFTER_FIN, strictness) ? TWIN_EVIDENCE_CLOSE_EARLY
                                                                 : TWIN_EVIDENCE_NONE;
}

static TwinEvidence against_pure(const TwinParents *p, unsigned strictness)
{
    const TwinHostState *const s = p->own;
    if (s->n_unacked == 0) {
        const bool may = s->left[TWIN_PLAN_IDLE] > 0 && s->left[TWIN_PLAN_PURE] > 0;
        return may ? TWIN_EVIDENCE_NONE : TWIN_EVIDENCE_IDLE;
    }
    const bool has_tail = s->sent_fin == 0 && p->plan[TWIN_PLAN_FINS] > 0;
    const double room = s->left[TWIN_PLAN_PURE] - (has_tail ? p->plan[TWIN_PLAN_TAIL_PURE] : 0);
    return room > 0 || strictness == 0 ? TWIN_EVIDENCE_NONE : TWIN_EVIDENCE_PURE;
}

/* Whether the peer's SYN opens the flow, and has not come yet. */
static bool is_beside_opener(const TwinParents *p)
{
    return p->plan[TWIN_PLAN_OPENS] == 0 && p->peer_plan[TWIN_PLAN_SYNS] > 0 &&
           p->arrived[TWIN_PLAN_PACKETS] == 0;
}

/* SYN, RST, data, FIN, pure ACK. */
static TwinEvidence against_segment(const TwinEvidenceCase *self, const TwinPacketKind *kind,
                                    unsigned strictness)
{
    const TwinParents *const p = self->parents;
    const TwinHostState *const s = p->own;
    if ((kind->flags & SYN) != 0 &&
        (s->left[TWIN_PLAN_SYNS] <= 0 || ((kind->flags & TWIN_TCP_ACK) != 0 && s->got_syn == 0))) {
        return TWIN_EVIDENCE_SYNS;
    }
    if (strictness > 0 && (kind->flags & SYN) != 0 && is_beside_opener(p)) {
        return TWIN_EVIDENCE_OPENER;
    }
    if ((kind->flags & RST) != 0) {
        return against_reset(p, strictness);
    }
    if (s->left[TWIN_PLAN_RSTS] < p->plan[TWIN_PLAN_RSTS]) {
        return TWIN_EVIDENCE_AFTER_RESET;
    }
    const bool carries_ack = kind->has_payload || (kind->flags & FIN) != 0;
    if (carries_ack && strictness > 1 && takes_last_chance(p)) {
        return TWIN_EVIDENCE_ACK_CHANCE;
    }
    if (kind->has_payload) {
        return against_data(self, kind->flags, strictness);
    }
    if ((kind->flags & FIN) != 0) {
        return against_fin(p, strictness);
    }
    return (kind->flags & SYN) != 0 ? TWIN_EVIDENCE_NONE : against_pure(p, strictness);
}

TwinEvidence twin_evidence_against(const TwinEvidenceCase *self, size_t kind_number,
                                   unsigned strictness)
{
    if (kind_number >= self->n_kinds) {
        return against_waiting(self, strictness);
    }
    const TwinParents *const p = self->parents;
    const TwinHostState *const s = p->own;
    const TwinPacketKind *const kind = &self->kinds[kind_number];
    if (s->sent_syn == 0 && p->plan[TWIN_PLAN_SYNS] > 0 && (kind->flags & SYN) == 0) {
        return TWIN_EVIDENCE_SYN_FIRST;
    }
    if (kind->move == TWIN_MOVE_AGAIN) {
        return against_resend(self, strictness);
    }
    if (kind->move == TWIN_MOVE_PROBE) {
        const bool may = s->left[TWIN_PLAN_PROBES] > 0 && s->n_sent > 1;
        return may ? TWIN_EVIDENCE_NONE : TWIN_EVIDENCE_PROBES;
    }
    if (kind->move == TWIN_MOVE_ODD) {
        if (s->left[TWIN_PLAN_ODDS] <= 0) {
            return TWIN_EVIDENCE_ODDS;
        }
        if ((kind->flags & (RST | SYN | FIN)) == 0 && kind->has_payload) {
            return TWIN_EVIDENCE_NONE;
        }
    }
    return against_segment(self, kind, strictness);
}
