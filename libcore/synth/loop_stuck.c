/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/evidence.h"
#include "synth/loop_parts.h"

enum { MOST_STUCK = 60 }; /* and two a planned packet */

#define NOISE .01 /* between hosts that are equally inclined */

/* Whether a host has lost a segment that its plan lets it send again. */
static bool has_to_mend(TwinLoop *self, unsigned host)
{
    const double *const plan = twin_loop_plan(self, host);
    const TwinHostState *const s = &self->hosts.host[host];
    const bool may = s->left[TWIN_PLAN_AGAINS] > 0 ||
                     plan[TWIN_PLAN_AGAINS] >= plan[TWIN_PLAN_LOSTS] + plan[TWIN_PLAN_HIDDENS];
    return may &&
           twin_segments_lost(&self->segments[host], self->exchange, s->unacked) != TWIN_NO_SEGMENT;
}

/* A FIN that arrived is acknowledged, planned or not. */
static void grant_last_ack(TwinLoop *self, unsigned host)
{
    TwinHostState *const s = &self->hosts.host[host];
    const bool is_reset =
        s->sent_rst + s->got_rst > 0 ||
        twin_loop_plan(self, 0)[TWIN_PLAN_RSTS] + twin_loop_plan(self, 1)[TWIN_PLAN_RSTS] > 0;
    if (s->n_unacked > 0 && s->got_fin > 0 && !is_reset) {
        s->left[TWIN_PLAN_PURE] = MAX(s->left[TWIN_PLAN_PURE], 1);
    }
}

/* After its RST a host owes nothing. */
static bool owes_ack(const TwinHostState *s)
{
    return s->n_unacked > 0 && s->left[TWIN_PLAN_PURE] > 0 && s->sent_rst == 0;
}

static bool may_force(const TwinHostState *s)
{
    return twin_host_duties(s) > 0 || owes_ack(s) ||
           (s->left[TWIN_PLAN_AGAINS] > 0 && s->next > s->unacked);
}

static void look(TwinLoop *self, unsigned host, TwinParents *parents, TwinEvidenceCase *evidence)
{
    const int64_t now_ns = self->hosts.host[host].now_ns;
    twin_parents_look(parents, &self->hosts, host, now_ns, (TwinInbound){.n = 0});
    twin_evidence_look(evidence, parents, self->draws.tables, true);
    evidence->has_lost = has_to_mend(self, host);
}

/* The host whose leaf sends more often; −1: neither has anything to send. @share_out: how often */
static int more_inclined(TwinLoop *self, double *share_out)
{
    int best = -1;
    *share_out = -1;
    for (unsigned h = 0; h < 2; h++) {
        if (!may_force(&self->hosts.host[h])) {
            continue;
        }
        TwinParents parents;
        TwinEvidenceCase evidence;
        look(self, h, &parents, &evidence);
        evidence.least_size = 1;
        const double share = twin_draw_inclination(&self->draws, &evidence) +
                             twin_draw_uniform(self->draws.random) * NOISE +
                             (parents.may_begin ? NOISE / 2 : 0);
        if (share > *share_out) {
            *share_out = share;
            best = (int)h;
        }
    }
    return best;
}

/* Whether @host, offering its largest window, would let its peer go on. */
static bool may_open(const TwinLoop *self, unsigned host)
{
    const TwinHostState *const s = &self->hosts.host[host];
    const double most = twin_loop_plan(self, host)[TWIN_PLAN_WINDOW_MOST];
    const int64_t window = twin_plan_whole(most, UINT16_MAX)
                           << twin_host_shift(&self->hosts, host, 0);
    return s->sent_rst == 0 && s->n_sent > 1 && s->received + window > s->edge;
}

/*
 * A host that is kept from going on by what its peer has not said is answered, planned or not: one
 * ACK more shows less than data beyond a window. The peer; −1 where it would not help.
 */
static int relieve(TwinLoop *self)
{
    for (unsigned h = 0; h < 2; h++) {
        TwinParents parents;
        TwinEvidenceCase evidence;
        look(self, h, &parents, &evidence);
        const TwinEvidence rule = twin_evidence_against_going_on(&evidence);
        const unsigned peer = 1 - h;
        TwinHostState *const s = &self->hosts.host[peer];
        const bool opens = rule == TWIN_EVIDENCE_PEER_WINDOW && may_open(self, peer);
        if (rule == TWIN_EVIDENCE_NONE || s->sent_rst > 0 || (s->n_unacked == 0 && !opens)) {
            continue;
        }
        s->left[TWIN_PLAN_PURE] = MAX(s->left[TWIN_PLAN_PURE], 1);
        s->left[TWIN_PLAN_IDLE] = MAX(s->left[TWIN_PLAN_IDLE], s->n_unacked == 0);
        self->decisions[peer].opens_window = opens;
        self->draws.counts->n_relieved++;
        return (int)peer;
    }
    return -1;
}

/* Forces a host to send; false where the flow is at its end. */
bool twin_loop_get_unstuck(TwinLoop *self)
{
    bool has_lost = false;
    for (unsigned h = 0; h < 2; h++) {
        grant_last_ack(self, h);
        if (has_to_mend(self, h)) {
            has_lost = true;
            TwinHostState *const s = &self->hosts.host[h];
            s->left[TWIN_PLAN_AGAINS] = MAX(s->left[TWIN_PLAN_AGAINS], 1);
        }
    }
    const TwinHostState *const a = &self->hosts.host[0];
    const TwinHostState *const b = &self->hosts.host[1];
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
    double share = 0;
    self->forced = more_inclined(self, &share);
    const int answers = share <= 2 * NOISE + TWIN_INCLINATION_REST ? relieve(self) : -1;
    self->forced = answers >= 0 ? answers : self->forced;
    if (self->forced < 0) {
        return false;
    }
    self->decisions[self->forced].must_decide = true;
    return true;
}
