/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/draws.h"

#include "host/decades.h"
#include "host/replay.h"

#include <glib.h>
#include <math.h>

enum {
    TRIES = 6, /* in a node before the one above is asked */
    TRIES_AT_ROOT = 200,
    DELAY_TRIES_AT_ROOT = 50,
    LENGTH_TRIES_AT_ROOT = 100,
    ACK_TRIES = 4,
    FATE_TRIES = 4,
    FATE_TRIES_IF_TIGHT = 12,
    ASKED = 30,
};

#define ESCAPE              .1
#define ESCAPE_WHERE_STRICT .02 /* evidence sends up the tree often enough */

uint32_t twin_draw_leaf(const TwinTree *tree, const TwinParents *parents)
{
    uint32_t node = 0;
    while (!twin_tree_is_leaf(tree, node)) {
        node = twin_tree_step(tree, node, twin_parent(parents, twin_tree_feature(tree, node)));
    }
    return node;
}

static uint32_t back_off(const TwinDraws *self, const TwinTree *tree, uint32_t leaf, double escape)
{
    return twin_tree_back_off(tree, leaf, escape, twin_random_u32(self->random));
}

static uint32_t any_row(const TwinDraws *self, const TwinTree *tree, uint32_t node)
{
    return twin_tree_row(tree, node, twin_random_u32(self->random));
}

/* A row that agrees with the evidence, from @node or the nodes above it. */
static uint32_t agreeing_row(const TwinDraws *self, const TwinEvidenceCase *evidence, uint32_t node,
                             unsigned strictness)
{
    const TwinTree *const tree = self->tables->outcome;
    const TwinOutcomeRow *const rows = self->tables->outcomes;
    for (;; node = twin_tree_parent(tree, node)) {
        const unsigned n_tries = node == 0 ? TRIES_AT_ROOT : TRIES;
        for (unsigned i = 0; i < n_tries; i++) {
            const uint32_t row = any_row(self, tree, node);
            if (twin_evidence_against(evidence, rows[row].kind, strictness) == TWIN_EVIDENCE_NONE) {
                return row;
            }
        }
        if (node == 0) {
            return TWIN_NO_ROW;
        }
    }
}

uint32_t twin_draw_outcome(const TwinDraws *self, const TwinEvidenceCase *evidence)
{
    const TwinTree *const tree = self->tables->outcome;
    const uint32_t leaf = twin_draw_leaf(tree, evidence->parents);
    self->counts->n_decisions++;
    uint32_t row = TWIN_NO_ROW;
    for (unsigned strictness = 3; strictness-- > 0 && row == TWIN_NO_ROW;) {
        const double escape = strictness == 2 ? ESCAPE_WHERE_STRICT : ESCAPE;
        row = agreeing_row(self, evidence, back_off(self, tree, leaf, escape), strictness);
        if (strictness < 2) {
            self->counts->n_milder[1 - strictness]++;
        }
        if (strictness < 2 && row != TWIN_NO_ROW) {
            const uint16_t kind = self->tables->outcomes[row].kind;
            self->counts->gave_way[twin_evidence_against(evidence, kind, 2)]++;
        }
    }
    self->counts->n_undecided += row == TWIN_NO_ROW;
    return row;
}

double twin_draw_inclination(const TwinDraws *self, const TwinEvidenceCase *evidence)
{
    const TwinTree *const tree = self->tables->outcome;
    const uint32_t leaf = twin_draw_leaf(tree, evidence->parents);
    double n_agree = 0;
    for (unsigned i = 0; i < ASKED; i++) {
        const uint16_t kind = self->tables->outcomes[any_row(self, tree, leaf)].kind;
        if (twin_evidence_against(evidence, kind, 1) == TWIN_EVIDENCE_NONE) {
            n_agree += 1;
        } else if (twin_evidence_against(evidence, kind, 0) == TWIN_EVIDENCE_NONE) {
            n_agree += TWIN_INCLINATION_REST;
        }
    }
    return n_agree / ASKED;
}

double twin_draw_blur(TwinRandom *random, double seconds)
{
    const double uniform = twin_draw_uniform(random);
    if (seconds < .03) {
        const double noisy = seconds + (uniform * 2 - 1) * (.02 * seconds + 1e-7);
        return MAX(noisy, 0);
    }
    return seconds * (1 + .005 * uniform);
}

/* A place exactly on a quantile becomes one beside it, where the next quantile is near. */
static double beside(TwinRandom *random, double position, const double *knots, double half)
{
    const double on = floor(position + 1e-6);
    if (fabs(position - on) >= 1e-6) {
        return position;
    }
    const double near = position + (twin_draw_uniform(random) - .5) * .6;
    if (near < 0 || near > 4) {
        return position;
    }
    const unsigned low = MIN((unsigned)near, 3U);
    const bool is_near = knots[low + 1] - knots[low] < .3 || twin_exp10(knots[low + 1]) < half;
    return is_near ? near : position;
}

/* The delay of a row, carried from its donor's quantiles to those of the plan. */
static double carried(const TwinDraws *self, const TwinParents *p, const TwinDelayRow *row)
{
    const double *const knots = &p->plan[TWIN_PLAN_DELAY(p->delay_class)];
    if (!(knots[0] >= -8)) {
        return (double)row->time_ns * 1e-9;
    }
    const double half = p->plan[TWIN_PLAN_HALF];
    const double place = row->position > 0 ? MIN((double)row->position, 4) : 0;
    const double position = beside(self->random, place, knots, half);
    const unsigned low = MIN((unsigned)position, 3U);
    const double decades = knots[low] + (knots[low + 1] - knots[low]) * (position - low);
    const double seconds = twin_exp10(decades) - 1e-6;
    return MAX(seconds, 0);
}

/* Seconds; below 0: the row's timer has gone off already, or nothing waits for it. */
static double delay_of_row(const TwinDraws *self, const TwinParents *p, const TwinDelayRow *row)
{
    if (!row->is_timer) {
        return twin_draw_blur(self->random, carried(self, p, row));
    }
    const int64_t waited_ns = twin_host_waited_ns(p->own, p->now_ns);
    if (waited_ns < 0 || row->time_ns < waited_ns) {
        return -1;
    }
    const double seconds = (double)row->time_ns * 1e-9;
    return seconds * (1 + .002 * twin_draw_uniform(self->random)) - (double)waited_ns * 1e-9;
}

/* What does not use up thinking time, or no more than is left of it. */
static bool is_affordable(const TwinParents *p, double seconds)
{
    const bool is_thought =
        p->delay_class == TWIN_DELAY_ANSWER || p->delay_class >= TWIN_DELAY_CLOSE;
    return !is_thought || seconds <= p->own->left[TWIN_PLAN_THINK] * 1.02 + 1e-5;
}

double twin_draw_delay(const TwinDraws *self, const TwinParents *p, bool *holds_out)
{
    const TwinTree *const tree = self->tables->delay;
    const uint32_t start = back_off(self, tree, twin_draw_leaf(tree, p), ESCAPE);
    const double inbound = (double)p->inbound_ns * 1e-9;
    double last = 0;
    *holds_out = false;
    for (uint32_t node = start;; node = twin_tree_parent(tree, node)) {
        const unsigned n_tries = node == 0 ? DELAY_TRIES_AT_ROOT : TRIES;
        for (unsigned i = 0; i < n_tries; i++) {
            const TwinDelayRow *const row = &self->tables->delays[any_row(self, tree, node)];
            const double seconds = delay_of_row(self, p, row);
            if (seconds < 0) {
                continue;
            }
            last = seconds;
            const bool holds = p->n_inbound > 0 && seconds > inbound;
            const bool may_hold =
                node == start && row->held == TWIN_HELD_YES && p->own->left[TWIN_PLAN_HELDS] > 0;
            if ((!holds || may_hold) && is_affordable(p, seconds)) {
                *holds_out = holds;
                return seconds;
            }
        }
        if (node == 0) {
            self->counts->n_delays_clipped++;
            return last;
        }
    }
}

static int64_t length_of(int32_t code, int64_t largest)
{
    return code == TWIN_LENGTH_FULL ? largest : code;
}

int64_t twin_draw_length(const TwinDraws *self, const TwinParents *parents,
                         const TwinWriteRest *rest)
{
    const TwinTree *const tree = self->tables->length;
    if (tree != NULL) {
        uint32_t node = back_off(self, tree, twin_draw_leaf(tree, parents), ESCAPE);
        for (;; node = twin_tree_parent(tree, node)) {
            const unsigned n_tries = node == 0 ? LENGTH_TRIES_AT_ROOT : TRIES;
            for (unsigned i = 0; i < n_tries; i++) {
                const int32_t code = self->tables->lengths[any_row(self, tree, node)];
                const int64_t bytes = length_of(code, rest->largest);
                const int64_t later = rest->bytes - bytes;
                if (bytes > 0 && bytes <= rest->largest && later >= rest->later &&
                    later <= rest->later * rest->largest) {
                    return bytes;
                }
            }
            if (node == 0) {
                break;
            }
        }
    }
    self->counts->n_lengths_computed++;
    const int64_t mean = rest->bytes / (rest->later + 1);
    return MAX(mean, 1);
}

static bool has_odd_acks(const double *left)
{
    return left[TWIN_PLAN_ACKS_UNMOVED] + left[TWIN_PLAN_ACKS_BEHIND] + left[TWIN_PLAN_ACKS_BACK] +
               left[TWIN_PLAN_ACKS_AHEAD] >
           0;
}

TwinAckRow twin_draw_ack(const TwinDraws *self, const TwinParents *parents)
{
    const TwinTree *const tree = self->tables->ack;
    const double *const left = parents->own->left;
    const TwinAckRow exact = {.manner = TWIN_ACK_EXACT};
    if (tree == NULL || !has_odd_acks(left)) {
        return exact;
    }
    const uint32_t leaf = twin_draw_leaf(tree, parents);
    for (unsigned i = 0; i < ACK_TRIES; i++) {
        const uint32_t node = back_off(self, tree, leaf, ESCAPE_WHERE_STRICT);
        const TwinAckRow row = self->tables->acks[any_row(self, tree, node)];
        if (row.manner == TWIN_ACK_EXACT ||
            (row.manner < TWIN_N_ACKS && left[TWIN_PLAN_ACKS(row.manner)] > 0)) {
            return row;
        }
    }
    return exact;
}

static bool may_become(const double *left, unsigned fate, bool is_tight)
{
    switch ((TwinFate)fate) {
    case TWIN_FATE_SEEN:
        return !is_tight;
    case TWIN_FATE_LOST:
        return left[TWIN_PLAN_LOSTS] > 0;
    case TWIN_FATE_HIDDEN:
        return left[TWIN_PLAN_HIDDENS] > 0;
    case TWIN_FATE_MISSED:
        return left[TWIN_PLAN_MISSED] > 0;
    case TWIN_N_FATES:
        break;
    }
    return false;
}

TwinFate twin_draw_fate(const TwinDraws *self, unsigned host, uint32_t leaf)
{
    const double *const left = self->hosts->host[host].left;
    const TwinTree *const tree = self->tables->fate;
    const double planned = left[TWIN_PLAN_LOSTS] + left[TWIN_PLAN_HIDDENS] + left[TWIN_PLAN_MISSED];
    if (!(planned > 0)) {
        return TWIN_FATE_SEEN;
    }
    const bool is_tight =
        left[TWIN_PLAN_DATA] + left[TWIN_PLAN_FINS] + left[TWIN_PLAN_SYNS] <= planned;
    const unsigned n_tries = tree == NULL ? 0 : is_tight ? FATE_TRIES_IF_TIGHT : FATE_TRIES;
    for (unsigned i = 0; i < n_tries; i++) {
        const uint8_t fate = self->tables->fates[any_row(self, tree, leaf)];
        if (may_become(left, fate, is_tight)) {
            return (TwinFate)fate;
        }
    }
    if (!is_tight) {
        return TWIN_FATE_SEEN;
    }
    self->counts->n_fates_forced++;
    return left[TWIN_PLAN_MISSED] > 0  ? TWIN_FATE_MISSED
           : left[TWIN_PLAN_LOSTS] > 0 ? TWIN_FATE_LOST
                                       : TWIN_FATE_HIDDEN;
}
