/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcp.h"
#include "synth/evidence.h"
#include "synth/loop_parts.h"

/* The donor's own delay that is nearest to the one drawn; of resends the shortest left, since
 * timers back off. */
static double deal_delay(TwinLoop *self, unsigned host, const TwinParents *parents, double seconds,
                         int64_t *card_out)
{
    const int deck_index = twin_plan_deck((TwinDelayClass)parents->delay_class);
    if (deck_index < 0) {
        return seconds;
    }
    TwinDeck *const deck = &self->decks[host][deck_index];
    *card_out = parents->delay_class == TWIN_DELAY_RESEND
                    ? twin_deck_lowest(deck)
                    : twin_deck_nearest(deck, twin_delay_of_seconds(seconds));
    /* A duplicate ACK on its way would stop a resend that is dealt a later time than was drawn. */
    const bool is_late = *card_out != TWIN_NO_CARD && parents->n_inbound > 0 &&
                         parents->delay_class == TWIN_DELAY_RESEND &&
                         deck->times_ns[*card_out] > parents->inbound_ns;
    if (*card_out == TWIN_NO_CARD || is_late) {
        *card_out = TWIN_NO_CARD;
        return seconds;
    }
    return twin_draw_blur(self->draws.random, (double)deck->times_ns[*card_out] * 1e-9);
}

static TwinInbound first_inbound(const TwinLoop *self, unsigned host)
{
    const TwinUnderWay *const inbound = &self->inbound[host];
    return (TwinInbound){
        .n = inbound->n,
        .first = inbound->n > 0 ? &self->exchange->packets[inbound->first] : NULL,
    };
}

/* When a packet leaves whose kind, payload and class are in @parents; seconds after now. */
static double decide_delay(TwinLoop *self, unsigned host, const TwinParents *parents,
                           TwinDecision *decision)
{
    const uint32_t n_sent = parents->own->n_sent;
    const double *const first = &parents->plan[TWIN_PLAN_FIRST_DELAY];
    if (self->exchange->n_packets == 0) {
        return 0;
    }
    if (n_sent < 2 && first[n_sent] >= 0) {
        return twin_draw_blur(self->draws.random, first[n_sent]);
    }
    const double seconds = twin_draw_delay(&self->draws, parents, &decision->holds);
    return n_sent < 2 ? seconds : deal_delay(self, host, parents, seconds, &decision->card);
}

/* Whether a new data segment begins a write: 0 no, 1 after the peer's, 2 after one of its own. */
static unsigned begins_write(const TwinParents *p)
{
    if (p->own->write_segments > 0) {
        return 0;
    }
    const TwinDialogue *const d = p->dialogue;
    const bool is_after_own = p->next_write > 0 && p->next_write <= d->n_writes &&
                              d->writes[p->next_write - 1].side == p->host;
    return is_after_own ? 2 : 1;
}

static int64_t decide_new_length(TwinLoop *self, const TwinParents *p)
{
    const TwinHostState *const s = p->own;
    const TwinDialogue *const d = p->dialogue;
    int64_t segments = s->write_segments;
    int64_t bytes = s->write_bytes;
    if (segments <= 0) {
        if (p->next_write >= d->n_writes) { /* a script that is short of segments */
            return 1;
        }
        segments = d->writes[p->next_write].n_segments;
        bytes = d->writes[p->next_write].bytes;
    }
    if (segments <= 1) {
        return MAX(bytes, 1);
    }
    const TwinWriteRest rest = {
        .bytes = bytes,
        .later = segments - 1,
        .largest = MAX(twin_plan_whole(p->plan[TWIN_PLAN_MAX_PAYLOAD], UINT16_MAX), 1),
    };
    return twin_draw_length(&self->draws, p, &rest);
}

/* −1: of a resend, which is known when it leaves. */
static int64_t decide_length(TwinLoop *self, const TwinParents *p, const TwinPacketKind *kind,
                             const TwinOutcomeRow *row)
{
    const TwinTables *const tables = self->draws.tables;
    if (!kind->has_payload) {
        return 0;
    }
    switch ((TwinMove)kind->move) {
    case TWIN_MOVE_NEW:
        return decide_new_length(self, p);
    case TWIN_MOVE_PROBE:
        return 1;
    case TWIN_MOVE_ODD:
        return row->odd < tables->n_odd ? tables->odd[row->odd].payload_bytes : 1;
    case TWIN_MOVE_AGAIN:
    case TWIN_MOVE_NONE:
    case TWIN_N_MOVES:
        break;
    }
    return -1;
}

/* The packet of outcome @row: its length, class, time and what goes with it. */
static void decide_packet(TwinLoop *self, unsigned host, TwinParents *parents, uint32_t row_number)
{
    const TwinTables *const tables = self->draws.tables;
    const TwinOutcomeRow *const row = &tables->outcomes[row_number];
    const TwinPacketKind *const kind = &tables->kinds[row->kind];
    TwinDecision *const decision = &self->decisions[host];
    *decision = (TwinDecision){
        .opens_window = decision->opens_window,
        .drawn_ns = parents->now_ns,
        .kind = row->kind,
        .back = row->back,
        .card = TWIN_NO_CARD,
        .odd_by =
            kind->move == TWIN_MOVE_ODD && row->odd < tables->n_odd ? tables->odd[row->odd].by : 0,
    };
    parents->kind = row->kind;
    decision->payload_bytes = decide_length(self, parents, kind, row);
    parents->payload_bytes = (int32_t)MIN(decision->payload_bytes, INT32_MAX);
    const bool is_write = kind->has_payload && kind->move == TWIN_MOVE_NEW;
    const TwinHostPacket sketch = {
        .flags = kind->flags,
        .move = kind->move,
        .payload_bytes = (uint32_t)MAX(parents->payload_bytes, 0),
    };
    decision->delay_class =
        (uint8_t)twin_delay_class(&sketch, is_write ? begins_write(parents) : 0);
    parents->delay_class = decision->delay_class;
    if ((kind->flags & TWIN_TCP_ACK) != 0) {
        decision->ack = twin_draw_ack(&self->draws, parents);
    }
    if (tables->fate != NULL && kind->move == TWIN_MOVE_NEW) {
        decision->fate_leaf = twin_draw_leaf(tables->fate, parents);
    }
    decision->delay_ns = twin_delay_of_seconds(decide_delay(self, host, parents, decision));
    /* A host that was forced decides in its own past, but sends in the order of the exchange. */
    const int64_t due_ns = MAX(decision->drawn_ns + decision->delay_ns, self->now_ns);
    decision->due_ns = MIN(due_ns, TWIN_LATEST_NS);
}

void twin_loop_decide(TwinLoop *self, unsigned host)
{
    TwinDecision *const decision = &self->decisions[host];
    const TwinHostState *const s = &self->hosts.host[host];
    decision->must_decide = false;
    decision->due_ns = TWIN_NEVER_NS;
    if (s->left[TWIN_PLAN_PACKETS] <= 0 && twin_host_duties(s) <= 0 && s->n_unacked == 0 &&
        s->left[TWIN_PLAN_AGAINS] <= 0) {
        return;
    }
    TwinParents parents;
    twin_parents_look(&parents, &self->hosts, host, s->now_ns, first_inbound(self, host));
    TwinEvidenceCase evidence;
    twin_evidence_look(&evidence, &parents, self->draws.tables, self->forced == (int)host);
    evidence.has_lost =
        twin_segments_lost(&self->segments[host], self->exchange, s->unacked) != TWIN_NO_SEGMENT;
    const uint32_t row = twin_draw_outcome(&self->draws, &evidence);
    const TwinTables *const tables = self->draws.tables;
    if (row != TWIN_NO_ROW && tables->outcomes[row].kind < tables->n_kinds) {
        decide_packet(self, host, &parents, row);
    }
}
