/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/evidence.h"
#include "synth/loop_parts.h"

enum { MOST_STUCK = 60 }; /* and two a planned packet */

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

/* The host whose leaf sends more often; −1: neither has anything to send. */
static int more_inclined(TwinLoop *self)
{
    double most = -1;
    int best = -1;
    for (unsigned h = 0; h < 2; h++) {
        const TwinHostState *const s = &self->hosts.host[h];
        if (!may_force(s)) {
            continue;
        }
        TwinParents parents;
        twin_parents_look(&parents, &self->hosts, h, s->now_ns, (TwinInbound){.n = 0});
        TwinEvidenceCase evidence;
        twin_evidence_look(&evidence, &parents, self->draws.tables, true);
        evidence.least_size = 1;
        evidence.has_lost = has_to_mend(self, h);
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
    self->forced = more_inclined(self);
    if (self->forced < 0) {
        return false;
    }
    self->decisions[self->forced].must_decide = true;
    return true;
}
