/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/loop.h"

#include "base/array.h"
#include "packet/tcp.h"
#include "synth/deck.h"
#include "synth/draws.h"
#include "synth/evidence.h"
#include "synth/resend.h"

#include <string.h>

/* Bounds of what a plan may ask for, whatever wrote it. */
#define MOST_PACKETS     INT64_C(1000000000)
#define LONGEST_DELAY_NS INT64_C(10000000000000000) /* 115 days */
#define LATEST_NS        INT64_C(4000000000000000000)
#define LONGEST_HALF_NS  INT64_C(1000000000000)

enum {
    MORE_PACKETS = 30, /* than planned, at most */
    MOST_STUCK = 60,   /* and two a planned packet */
    CANCELS_NOTHING_NS = 1000000,
    LEAST_HOLD_NS = 3000,
    MOST_LATE_HOLD_NS = 20000, /* for what was sent after the decision */
};

/* What a host has decided to send. */
typedef struct {
    int64_t due_ns; /* TWIN_NEVER_NS: nothing */
    int64_t drawn_ns;
    int64_t delay_ns;
    int64_t payload_bytes;
    int64_t odd_by;
    int64_t card; /* of its class's deck, taken when it leaves */
    TwinAckRow ack;
    uint32_t fate_leaf;
    uint16_t kind;
    uint16_t back;
    uint8_t delay_class;
    bool holds;
    bool must_decide; /* anew: something happened */
} Decision;

/* What is under way to a host, first in first out: packets of the exchange. */
typedef struct {
    uint32_t first;
    uint32_t last;
    size_t n;
    int64_t last_arrival_ns;
} Inbound;

struct TwinLoop {
    TwinHosts hosts;
    TwinDialogue dialogue;
    TwinDeck decks[2][TWIN_N_DECKS];
    TwinWindowDeck windows[2];
    TwinSegments segments[2];
    uint32_t *links; /* of the decks */
    size_t links_room;
    /* The flow at hand */
    TwinDraws draws;
    const TwinExchangePlan *plan;
    TwinExchange *exchange;
    Decision decisions[2];
    Inbound inbound[2];
    int64_t half_ns[2];
    int64_t now_ns; /* of the last event of either host */
    int64_t n_planned;
    int64_t n_stuck;
    int forced; /* host that must send; −1: none */
    bool is_out_of_memory;
};

TwinLoop *twin_loop_new(void)
{
    return g_new0(TwinLoop, 1);
}

void twin_loop_free(TwinLoop *self)
{
    if (self != NULL) {
        twin_dialogue_clear(&self->dialogue);
        twin_segments_free(&self->segments[0]);
        twin_segments_free(&self->segments[1]);
        g_free(self->links);
        g_free(self);
    }
}

void twin_loop_counts_add(TwinLoopCounts *self, const TwinLoopCounts *other)
{
    self->n_flows += other->n_flows;
    self->n_packets += other->n_packets;
    self->n_planned += other->n_planned;
    self->n_decisions += other->n_decisions;
    self->n_milder[0] += other->n_milder[0];
    self->n_milder[1] += other->n_milder[1];
    self->n_undecided += other->n_undecided;
    for (size_t i = 0; i < TWIN_N_EVIDENCE; i++) {
        self->gave_way[i] += other->gave_way[i];
    }
    self->n_stuck += other->n_stuck;
    self->n_given_up += other->n_given_up;
    self->n_unmet += other->n_unmet;
    self->n_delays_clipped += other->n_delays_clipped;
    self->n_lengths_computed += other->n_lengths_computed;
    self->n_windows_kept += other->n_windows_kept;
    self->n_fates_forced += other->n_fates_forced;
}

static const double *plan_of(const TwinLoop *self, unsigned host)
{
    return self->plan->hosts[host].at;
}

static TwinHostState *state_of(TwinLoop *self, unsigned host)
{
    return &self->hosts.host[host];
}

static int64_t as_delay_ns(double seconds)
{
    return twin_plan_whole(seconds * 1e9 + .5, LONGEST_DELAY_NS);
}

/* Decks ----------------------------------------------------------------------------------------*/

static bool begin_decks(TwinLoop *self)
{
    size_t n_links = 0;
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DECKS; c++) {
            n_links += twin_deck_n_links(self->plan->n_deck[h][c]);
        }
    }
    void *links = self->links;
    const bool is_roomy =
        twin_array_reserve(&links, &self->links_room, n_links, sizeof *self->links);
    self->links = links;
    if (!is_roomy) {
        return false;
    }
    size_t at = 0;
    for (unsigned h = 0; h < 2; h++) {
        for (unsigned c = 0; c < TWIN_N_DECKS; c++) {
            const uint32_t n = self->plan->n_deck[h][c];
            twin_deck_begin(&self->decks[h][c], self->plan->deck_ns[h][c], n, self->links + at);
            at += twin_deck_n_links(n);
        }
        twin_window_deck_begin(&self->windows[h], self->plan->windows[h], self->plan->n_windows[h]);
    }
    return true;
}

/* The donor's own delay that is nearest to the one drawn; of resends the shortest left, since
 * timers back off. */
static double deal_delay(TwinLoop *self, unsigned host, const TwinParents *parents, double seconds,
                         int64_t *card_out)
{
    const int deck_index = twin_plan_deck((TwinDelayClass)parents->delay_class);
    *card_out = TWIN_NO_CARD;
    if (deck_index < 0) {
        return seconds;
    }
    TwinDeck *const deck = &self->decks[host][deck_index];
    *card_out = parents->delay_class == TWIN_DELAY_RESEND
                    ? twin_deck_lowest(deck)
                    : twin_deck_nearest(deck, as_delay_ns(seconds));
    if (*card_out == TWIN_NO_CARD) {
        return seconds;
    }
    return twin_draw_blur(self->draws.random, (double)deck->times_ns[*card_out] * 1e-9);
}

/* Decisions ------------------------------------------------------------------------------------*/

static TwinInbound first_inbound(const TwinLoop *self, unsigned host)
{
    const Inbound *const inbound = &self->inbound[host];
    return (TwinInbound){
        .n = inbound->n,
        .first = inbound->n > 0 ? &self->exchange->packets[inbound->first] : NULL,
    };
}

/* When a packet leaves whose kind, payload and class are in @parents; seconds after now. */
static double decide_delay(TwinLoop *self, unsigned host, const TwinParents *parents,
                           Decision *decision)
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
    int64_t card = TWIN_NO_CARD;
    const double dealt = deal_delay(self, host, parents, seconds, &card);
    decision->card = n_sent < 2 ? TWIN_NO_CARD : card;
    return dealt;
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
    Decision *const decision = &self->decisions[host];
    *decision = (Decision){
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
    decision->delay_ns = as_delay_ns(decide_delay(self, host, parents, decision));
    /* A host that was forced decides in its own past, but sends in the order of the exchange. */
    const int64_t due_ns = MAX(decision->drawn_ns + decision->delay_ns, self->now_ns);
    decision->due_ns = MIN(due_ns, LATEST_NS);
}

static void decide(TwinLoop *self, unsigned host)
{
    Decision *const decision = &self->decisions[host];
    const TwinHostState *const s = state_of(self, host);
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
    const uint32_t row = twin_draw_outcome(&self->draws, &evidence);
    const TwinTables *const tables = self->draws.tables;
    if (row != TWIN_NO_ROW && tables->outcomes[row].kind < tables->n_kinds) {
        decide_packet(self, host, &parents, row);
    }
}

/* Arrivals -------------------------------------------------------------------------------------*/

static void come_under_way(TwinLoop *self, unsigned host, uint32_t packet)
{
    Inbound *const inbound = &self->inbound[host];
    if (inbound->n == 0) {
        inbound->first = packet;
    }
    inbound->last = packet;
    inbound->n++;
}

static void leave_the_way(TwinLoop *self, unsigned host)
{
    Inbound *const inbound = &self->inbound[host];
    inbound->n--;
    if (inbound->n == 0) {
        return;
    }
    const TwinHostPacket *const packets = self->exchange->packets;
    do {
        inbound->first++;
    } while (packets[inbound->first].side == host ||
             packets[inbound->first].arrived_ns == TWIN_NEVER_NS);
}

/* Whether what has come waits until @host's packet, already decided on, has left. */
static bool is_held(TwinLoop *self, unsigned host, const TwinHostPacket *packet, int64_t wait_ns)
{
    const Decision *const decision = &self->decisions[host];
    const TwinHostState *const s = state_of(self, host);
    const int64_t hold_ns = as_delay_ns(plan_of(self, host)[TWIN_PLAN_HOLD]);
    int64_t limit_ns = -1;
    if (packet->sent_ns > decision->drawn_ns) {
        limit_ns = MIN(hold_ns, MOST_LATE_HOLD_NS);
    } else if (decision->holds || decision->delay_class != TWIN_DELAY_ACK) {
        limit_ns = MAX(hold_ns, LEAST_HOLD_NS);
    }
    return wait_ns <= limit_ns && s->left[TWIN_PLAN_HELDS] > 0;
}

static void arrive(TwinLoop *self, unsigned host, int64_t now_ns)
{
    Inbound *const inbound = &self->inbound[host];
    Decision *const decision = &self->decisions[host];
    const uint32_t index = inbound->first;
    TwinHostPacket *const packet = &self->exchange->packets[index];
    if (decision->due_ns != TWIN_NEVER_NS) {
        const int64_t wait_ns = decision->due_ns - now_ns;
        if (is_held(self, host, packet, wait_ns)) {
            packet->arrived_ns = decision->due_ns + 1;
            return;
        }
        if (packet->size > 0 || wait_ns >= CANCELS_NOTHING_NS) {
            decision->due_ns = TWIN_NEVER_NS;
        }
    }
    packet->arrived_ns = now_ns;
    packet->held_ns = now_ns - packet->nominal_ns;
    leave_the_way(self, host);
    inbound->last_arrival_ns = now_ns;
    twin_host_arrive(&self->hosts, packet, (int32_t)index, now_ns);
    decision->must_decide = decision->due_ns == TWIN_NEVER_NS;
}

/* Sends ----------------------------------------------------------------------------------------*/

static void number_resend(TwinLoop *self, TwinHostPacket *packet, const Decision *decision)
{
    const unsigned host = packet->side;
    const int64_t unacked = state_of(self, host)->unacked;
    const uint32_t chosen =
        twin_segments_choose(&self->segments[host], self->exchange, unacked, decision->back,
                             (packet->flags & TWIN_TCP_SYN) != 0);
    packet->seq = unacked;
    if (chosen == TWIN_NO_SEGMENT) {
        return;
    }
    TwinHostPacket *const first = &self->exchange->packets[chosen];
    first->is_sent_again = true;
    packet->payload_bytes = first->payload_bytes;
    packet->seq = first->seq;
    packet->flags = first->flags;
    packet->write = first->arrived_ns == TWIN_NEVER_NS ? first->write : -1;
}

static int32_t write_at_hand(const TwinLoop *self, unsigned host)
{
    const TwinHostState *const s = &self->hosts.host[host];
    if (s->write_segments > 0) {
        return (int32_t)s->next_write - 1;
    }
    const size_t next = twin_dialogue_next(&self->dialogue, host, s->next_write);
    return next < self->dialogue.n_writes ? (int32_t)next : -1;
}

static void number(TwinLoop *self, TwinHostPacket *packet, const Decision *decision)
{
    const TwinHostState *const s = state_of(self, packet->side);
    packet->seq = s->next;
    packet->payload_bytes = (uint32_t)CLAMP(decision->payload_bytes, 0, INT32_MAX);
    switch ((TwinMove)packet->move) {
    case TWIN_MOVE_AGAIN:
        packet->payload_bytes = 0;
        number_resend(self, packet, decision);
        break;
    case TWIN_MOVE_PROBE:
        packet->seq = s->next - 1;
        break;
    case TWIN_MOVE_ODD:
        packet->seq = s->next + decision->odd_by;
        packet->odd_by = decision->odd_by;
        break;
    case TWIN_MOVE_NEW:
        if (packet->payload_bytes > 0) {
            packet->write = write_at_hand(self, packet->side);
        }
        break;
    case TWIN_MOVE_NONE:
    case TWIN_N_MOVES:
        break;
    }
    packet->size = packet->payload_bytes + ((packet->flags & TWIN_TCP_SYN) != 0) +
                   ((packet->flags & TWIN_TCP_FIN) != 0);
}

/* An acknowledgement as the drawn manner has it, as far as what has happened allows. */
static int64_t odd_ack(const TwinLoop *self, unsigned host, const TwinAckRow *row)
{
    const TwinHostState *const s = &self->hosts.host[host];
    const int64_t received = s->received;
    const int64_t last = s->last_ack;
    const int64_t by = CLAMP(row->by, -(INT64_C(1) << 32), INT64_C(1) << 32);
    const int64_t sent = self->hosts.host[1 - host].next;
    int64_t ack = MAX(received, last);
    switch ((TwinAckManner)row->manner) {
    case TWIN_ACK_UNMOVED:
        ack = last < received ? last : ack;
        break;
    case TWIN_ACK_BEHIND:
        ack = last + 1 < received ? received - by : ack;
        ack = MAX(ack, last + 1 < received ? last + 1 : last);
        break;
    case TWIN_ACK_BACK:
        ack = last > 0 ? MIN(last - 1, received - by) : ack;
        return MAX(ack, 0);
    case TWIN_ACK_AHEAD:
        ack = by < 0 ? received - by : MIN(received + by, sent);
        break;
    case TWIN_ACK_EXACT:
    case TWIN_N_ACKS:
        break;
    }
    return MAX(ack, last);
}

static void acknowledge(TwinLoop *self, TwinHostPacket *packet, const Decision *decision)
{
    const TwinHostState *const s = state_of(self, packet->side);
    packet->echo = -1;
    if ((packet->flags & TWIN_TCP_ACK) == 0) {
        return;
    }
    packet->ack = MAX(s->received, s->last_ack);
    packet->echo = s->recent;
    if (decision->ack.manner != TWIN_ACK_EXACT) {
        packet->ack = odd_ack(self, packet->side, &decision->ack);
        if (packet->ack != s->received) {
            packet->ack_manner = decision->ack.manner;
            packet->ack_by = s->received - packet->ack;
        }
    }
    packet->n_sack = (uint8_t)MIN(s->n_out_of_order, TWIN_MAX_SACK_RANGES);
    for (unsigned i = 0; i < packet->n_sack; i++) {
        memcpy(packet->sack[i], s->out_of_order[s->n_out_of_order - 1 - i], sizeof packet->sack[i]);
    }
}

/* Where it is when: seen by the capture, at the peer after what is under way already. */
static void time_packet(TwinLoop *self, TwinHostPacket *packet, int64_t now_ns)
{
    const unsigned peer = 1 - packet->side;
    const Inbound *const inbound = &self->inbound[peer];
    packet->sent_ns = now_ns;
    packet->captured_ns = now_ns + self->half_ns[packet->side];
    packet->nominal_ns = packet->captured_ns + self->half_ns[peer];
    int64_t after_ns = inbound->last_arrival_ns;
    if (inbound->n > 0) {
        after_ns = MAX(after_ns, self->exchange->packets[inbound->last].arrived_ns);
    }
    packet->arrived_ns = MAX(packet->nominal_ns, after_ns + 1);
}

static void meet_fate(TwinLoop *self, TwinHostPacket *packet, const Decision *decision)
{
    if (packet->size > 0 && packet->move == TWIN_MOVE_NEW) {
        packet->fate = (uint8_t)twin_draw_fate(&self->draws, packet->side, decision->fate_leaf);
    }
    if (packet->fate == TWIN_FATE_LOST || packet->fate == TWIN_FATE_HIDDEN) {
        packet->arrived_ns = TWIN_NEVER_NS;
    }
}

static void offer_window(TwinLoop *self, TwinHostPacket *packet)
{
    const unsigned host = packet->side;
    const TwinHostState *const s = state_of(self, host);
    const double reset = plan_of(self, host)[TWIN_PLAN_RST_WINDOW];
    if (packet->fate == TWIN_FATE_MISSED && s->window >= 0) {
        packet->window = (uint16_t)s->window;
    } else if ((packet->flags & TWIN_TCP_RST) != 0) {
        packet->window =
            (uint16_t)(reset >= 0 ? twin_plan_whole(reset, UINT16_MAX) : MAX(s->window, 0));
    } else {
        packet->window = twin_draw_window(&self->draws, packet, &self->windows[host]);
    }
    packet->edge = twin_host_edge(&self->hosts, packet);
}

static bool send(TwinLoop *self, unsigned host, int64_t now_ns)
{
    Decision *const decision = &self->decisions[host];
    const int deck = twin_plan_deck((TwinDelayClass)decision->delay_class);
    if (deck >= 0) {
        twin_deck_take(&self->decks[host][deck], decision->card);
    }
    const uint32_t index = (uint32_t)self->exchange->n_packets;
    TwinHostPacket *const packet = twin_exchange_add_packet(self->exchange);
    if (packet == NULL) {
        return false;
    }
    const TwinPacketKind *const kind = &self->draws.tables->kinds[decision->kind];
    packet->side = (uint8_t)host;
    packet->kind = decision->kind;
    packet->flags = kind->flags;
    packet->move = kind->move;
    packet->back = kind->move == TWIN_MOVE_AGAIN ? decision->back : 0;
    packet->write = -1;
    packet->record = -1;
    packet->delay_ns = decision->delay_ns;
    packet->delay_class = decision->delay_class;
    number(self, packet, decision);
    acknowledge(self, packet, decision);
    time_packet(self, packet, now_ns);
    meet_fate(self, packet, decision);
    offer_window(self, packet);
    twin_host_send(&self->hosts, packet);
    if (packet->arrived_ns != TWIN_NEVER_NS) {
        come_under_way(self, 1 - host, index);
    }
    decision->must_decide = true;
    decision->due_ns = TWIN_NEVER_NS;
    return packet->move != TWIN_MOVE_NEW || packet->size == 0 ||
           twin_segments_add(&self->segments[host], self->exchange, index);
}

/* Nobody is to send and nothing is under way ----------------------------------------------------*/

/* Whether a host has lost a segment that its plan lets it send again. */
static bool has_to_mend(TwinLoop *self, unsigned host)
{
    const double *const plan = plan_of(self, host);
    const TwinHostState *const s = state_of(self, host);
    const bool may = s->left[TWIN_PLAN_AGAINS] > 0 ||
                     plan[TWIN_PLAN_AGAINS] >= plan[TWIN_PLAN_LOSTS] + plan[TWIN_PLAN_HIDDENS];
    return may &&
           twin_segments_lost(&self->segments[host], self->exchange, s->unacked) != TWIN_NO_SEGMENT;
}

/* A FIN that arrived is acknowledged, planned or not. */
static void grant_last_ack(TwinLoop *self, unsigned host)
{
    TwinHostState *const s = state_of(self, host);
    const bool is_reset = s->sent_rst + s->got_rst > 0 ||
                          plan_of(self, 0)[TWIN_PLAN_RSTS] + plan_of(self, 1)[TWIN_PLAN_RSTS] > 0;
    if (s->n_unacked > 0 && s->got_fin > 0 && !is_reset) {
        s->left[TWIN_PLAN_PURE] = MAX(s->left[TWIN_PLAN_PURE], 1);
    }
}

static bool owes_ack(const TwinHostState *s)
{
    return s->n_unacked > 0 && s->left[TWIN_PLAN_PURE] > 0;
}

static bool may_force(const TwinHostState *s)
{
    return twin_host_duties(s) > 0 || owes_ack(s) ||
           (s->left[TWIN_PLAN_AGAINS] > 0 && s->next > s->unacked);
}

/* The host whose leaf sends more often; −1: neither has anything to send. */
static int more_inclined(TwinLoop *self)
{
    double most = -1;
    int best = -1;
    for (unsigned h = 0; h < 2; h++) {
        const TwinHostState *const s = state_of(self, h);
        if (!may_force(s)) {
            continue;
        }
        TwinParents parents;
        twin_parents_look(&parents, &self->hosts, h, s->now_ns, (TwinInbound){.n = 0});
        TwinEvidenceCase evidence;
        twin_evidence_look(&evidence, &parents, self->draws.tables, true);
        evidence.least_size = 1;
        const double share = twin_draw_inclination(&self->draws, &evidence) +
                             twin_draw_uniform(self->draws.random) * .01 +
                             (parents.may_begin ? .005 : 0);
        if (share > most) {
            most = share;
            best = (int)h;
        }
    }
    return best;
}

/* Forces a host to send; false where the flow is at its end. */
static bool get_unstuck(TwinLoop *self)
{
    bool has_lost = false;
    for (unsigned h = 0; h < 2; h++) {
        grant_last_ack(self, h);
        if (has_to_mend(self, h)) {
            has_lost = true;
            TwinHostState *const s = state_of(self, h);
            s->left[TWIN_PLAN_AGAINS] = MAX(s->left[TWIN_PLAN_AGAINS], 1);
        }
    }
    const TwinHostState *const a = state_of(self, 0);
    const TwinHostState *const b = state_of(self, 1);
    if (!has_lost && twin_host_duties(a) <= 0 && twin_host_duties(b) <= 0 && !owes_ack(a) &&
        !owes_ack(b)) {
        return false;
    }
    self->n_stuck++;
    self->draws.counts->n_stuck++;
    if (self->n_stuck > MOST_STUCK + 2 * self->n_planned) {
        self->draws.counts->n_given_up++;
        return false;
    }
    self->forced = more_inclined(self);
    if (self->forced < 0) {
        return false;
    }
    self->decisions[self->forced].must_decide = true;
    return true;
}

/* The loop -------------------------------------------------------------------------------------*/

typedef enum { NOTHING, ARRIVAL, SEND } Next;

/* The next event; ties: arrivals first, host 0 first. */
static Next next_event(TwinLoop *self, unsigned *host_out, int64_t *time_ns_out)
{
    Next next = NOTHING;
    *time_ns_out = TWIN_NEVER_NS;
    for (unsigned h = 0; h < 2; h++) {
        const Inbound *const inbound = &self->inbound[h];
        if (inbound->n > 0) {
            const int64_t earliest = state_of(self, h)->now_ns + 1;
            const int64_t at = MAX(self->exchange->packets[inbound->first].arrived_ns, earliest);
            if (at < *time_ns_out) {
                next = ARRIVAL;
                *time_ns_out = at;
                *host_out = h;
            }
        }
    }
    for (unsigned h = 0; h < 2; h++) {
        if (self->decisions[h].due_ns < *time_ns_out) {
            next = SEND;
            *time_ns_out = self->decisions[h].due_ns;
            *host_out = h;
        }
    }
    return next;
}

/* One event; false at the end, or when memory is out. */
static bool go_on(TwinLoop *self)
{
    for (unsigned h = 0; h < 2; h++) {
        if (self->decisions[h].must_decide) {
            decide(self, h);
        }
    }
    self->forced = -1;
    unsigned host = 0;
    int64_t now_ns = 0;
    switch (next_event(self, &host, &now_ns)) {
    case NOTHING:
        return get_unstuck(self);
    case ARRIVAL:
        self->now_ns = now_ns;
        arrive(self, host, now_ns);
        return true;
    case SEND:
        self->now_ns = now_ns;
        self->is_out_of_memory = !send(self, host, now_ns);
        return !self->is_out_of_memory;
    }
    return false;
}

static void begin_exchange(TwinLoop *self)
{
    self->exchange->n_packets = 0;
    for (unsigned h = 0; h < 2; h++) {
        const double *const plan = plan_of(self, h);
        TwinHostSide *const side = &self->exchange->sides[h];
        const int64_t half_ns = as_delay_ns(plan[TWIN_PLAN_HALF]);
        self->half_ns[h] = MIN(half_ns, LONGEST_HALF_NS);
        side->half_ns = self->half_ns[h];
        side->window_shift = (uint8_t)twin_host_shift(&self->hosts, h, 0);
        side->may_sack = plan[TWIN_PLAN_SACK] > 0;
        side->has_timestamps = plan[TWIN_PLAN_TIMESTAMPS] > 0;
    }
}

static bool begin(TwinLoop *self)
{
    if (!twin_dialogue_set(&self->dialogue, self->exchange->writes, self->exchange->n_writes) ||
        !begin_decks(self)) {
        return false;
    }
    const unsigned opener = plan_of(self, 0)[TWIN_PLAN_OPENS] > 0 ? 0 : 1;
    self->hosts.plan = self->plan->hosts;
    begin_exchange(self);
    twin_hosts_begin(&self->hosts, self->plan->hosts, &self->dialogue, -self->half_ns[opener]);
    for (unsigned h = 0; h < 2; h++) {
        self->decisions[h] = (Decision){.due_ns = TWIN_NEVER_NS, .must_decide = true};
        self->inbound[h] = (Inbound){.last_arrival_ns = TWIN_LONG_AGO_NS};
        twin_segments_begin(&self->segments[h]);
    }
    self->n_planned = twin_plan_whole(
        plan_of(self, 0)[TWIN_PLAN_PACKETS] + plan_of(self, 1)[TWIN_PLAN_PACKETS], MOST_PACKETS);
    self->now_ns = -self->half_ns[opener];
    self->n_stuck = 0;
    self->forced = -1;
    self->is_out_of_memory = false;
    return true;
}

bool twin_loop_draw(TwinLoop *self, const TwinTables *tables, const TwinExchangePlan *plan,
                    TwinRandom *random, TwinExchange *exchange, TwinLoopCounts *counts)
{
    self->draws = (TwinDraws){
        .tables = tables,
        .hosts = &self->hosts,
        .random = random,
        .counts = counts,
    };
    self->plan = plan;
    self->exchange = exchange;
    if (!begin(self)) {
        return false;
    }
    while ((int64_t)exchange->n_packets < self->n_planned + MORE_PACKETS && go_on(self)) {
    }
    counts->n_flows++;
    counts->n_packets += exchange->n_packets;
    counts->n_planned += (uint64_t)self->n_planned;
    for (unsigned h = 0; h < 2; h++) {
        counts->n_unmet +=
            (uint64_t)twin_plan_whole(state_of(self, h)->left[TWIN_PLAN_PACKETS], MOST_PACKETS);
    }
    return !self->is_out_of_memory;
}
