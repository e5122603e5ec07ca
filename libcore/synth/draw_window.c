/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcp.h"
#include "synth/draws.h"

#include <glib.h>
#include <math.h>

enum { TRIES = 6, TRIES_AT_ROOT = 50 };

#define ESCAPE .1

void twin_window_deck_begin(TwinWindowDeck *self, const uint16_t *windows, uint32_t n,
                            int64_t n_shrinks)
{
    *self = (TwinWindowDeck){.windows = windows, .n = n, .shrinks_left = n_shrinks};
    while (self->n_near < TWIN_WINDOWS_NEAR && self->next < n) {
        self->near[self->n_near++] = windows[self->next++];
    }
}

/* Takes out one of those near; the next one comes. */
static void take(TwinWindowDeck *self, uint32_t card)
{
    for (uint32_t i = card; i + 1 < self->n_near; i++) {
        self->near[i] = self->near[i + 1];
    }
    self->n_near--;
    if (self->next < self->n) {
        self->near[self->n_near++] = self->windows[self->next++];
    }
}

/* What bounds a window. */
typedef struct {
    int64_t before; /* the window before */
    int64_t keeps;  /* the least window that does not move the right edge back */
    int64_t most;
    bool may_shrink;
    bool must_move; /* a pure ACK that acknowledges nothing: it is there to say a window */
} Bounds;

/* The card nearest by ratio to @wanted that moves the window; n_near where there is none. */
static uint32_t nearest(const TwinWindowDeck *deck, const Bounds *bounds, int64_t wanted,
                        int64_t *value_out)
{
    uint32_t best = deck->n_near;
    double least = INFINITY;
    for (uint32_t i = 0; i < deck->n_near; i++) {
        int64_t value = deck->near[i];
        if (!bounds->may_shrink) {
            value = MAX(value, bounds->keeps);
            value = MIN(value, bounds->most);
        }
        if (value == bounds->before || (deck->near[i] == 0 && bounds->keeps > 0)) {
            continue; /* a zero window comes when the window is full */
        }
        const double a = (double)MAX(value, 0) + 1;
        const double b = (double)MAX(wanted, 0) + 1;
        const double ratio = a > b ? a / b : b / a;
        if (ratio < least) {
            least = ratio;
            best = i;
            *value_out = value;
        }
    }
    return best;
}

/* Deals the window of a row; false where the row's cannot be. */
static bool deal(const TwinWindowRow *row, const Bounds *bounds, TwinWindowDeck *deck,
                 int64_t *value_out)
{
    if (row->code == TWIN_WINDOW_STILL) {
        *value_out = bounds->before;
        return !bounds->must_move && (bounds->before >= bounds->keeps || bounds->may_shrink);
    }
    const int64_t wanted = row->code == TWIN_WINDOW_ZERO   ? 0
                           : row->code == TWIN_WINDOW_EDGE ? bounds->keeps
                                                           : bounds->before + row->step;
    const uint32_t card = nearest(deck, bounds, wanted, value_out);
    if (card == deck->n_near) {
        *value_out = MIN(wanted, bounds->most);
        return bounds->must_move && *value_out > bounds->before && *value_out >= bounds->keeps;
    }
    take(deck, card);
    if (row->code == TWIN_WINDOW_EDGE && wanted != bounds->before && wanted >= 0 &&
        wanted <= bounds->most) {
        *value_out = wanted;
    }
    return true;
}

static uint16_t as_window(int64_t value)
{
    return (uint16_t)CLAMP(value, 0, UINT16_MAX);
}

/* A window that moves nothing, where no row can be dealt. */
static int64_t stay(const TwinDraws *self, const Bounds *bounds)
{
    self->counts->n_windows_kept++;
    const int64_t least = bounds->may_shrink ? 0 : bounds->keeps;
    const int64_t most = MAX(bounds->most, bounds->before);
    const int64_t value = MAX(bounds->before, least);
    return MIN(value, most);
}

/* Deals a zero window where there is one near and the peer has filled the window. */
static bool deal_zero(const Bounds *bounds, TwinWindowDeck *deck)
{
    for (uint32_t i = 0; bounds->keeps <= 0 && bounds->before > 0 && i < deck->n_near; i++) {
        if (deck->near[i] == 0) {
            take(deck, i);
            return true;
        }
    }
    return false;
}

static int64_t draw(const TwinDraws *self, const TwinHostPacket *packet, const Bounds *bounds,
                    TwinWindowDeck *deck)
{
    if (deal_zero(bounds, deck)) {
        return 0;
    }
    const TwinTree *const tree = self->tables->window;
    if (tree == NULL) {
        return stay(self, bounds);
    }
    TwinWindowParents parents;
    twin_window_parents_look(&parents, self->hosts, packet);
    uint32_t node = 0;
    while (!twin_tree_is_leaf(tree, node)) {
        const uint16_t feature = twin_tree_feature(tree, node);
        node = twin_tree_step(tree, node, twin_window_parent(&parents, feature));
    }
    node = twin_tree_back_off(tree, node, ESCAPE, twin_random_u32(self->random));
    for (;; node = twin_tree_parent(tree, node)) {
        const unsigned n_tries = node == 0 ? TRIES_AT_ROOT : TRIES;
        for (unsigned i = 0; i < n_tries; i++) {
            const uint32_t row = twin_tree_row(tree, node, twin_random_u32(self->random));
            int64_t value = 0;
            if (deal(&self->tables->windows[row], bounds, deck, &value)) {
                return value;
            }
        }
        if (node == 0) {
            return stay(self, bounds);
        }
    }
}

/* Whether @packet has nothing to tell but a window, while its side has moves left. */
static bool updates_window(const TwinHostState *s, const TwinHostPacket *packet)
{
    return packet->flags == TWIN_TCP_ACK && packet->move == TWIN_MOVE_NONE && s->n_unacked == 0 &&
           s->n_out_of_order == 0 && s->got_fin == 0 && s->moves_left > 0;
}

/* The first window that is scaled: no right edge behind the SYN-ACK's, whose window was not. */
static uint16_t second_window(const TwinDraws *self, const TwinHostPacket *packet)
{
    const unsigned host = packet->side;
    const TwinHostState *const s = &self->hosts->host[host];
    const double *const plan = self->hosts->plan[host].at;
    const int64_t planned = twin_plan_whole(plan[TWIN_PLAN_WINDOW_FIRST], UINT16_MAX);
    if (s->sent_syn == 0 || s->last_ack == 0 || plan[TWIN_PLAN_WINDOW_SHRINKS] > 0) {
        return (uint16_t)planned;
    }
    const int64_t unit = INT64_C(1) << twin_host_shift(self->hosts, host, 0);
    const int64_t keeps = (s->last_ack + s->window - packet->ack + unit - 1) / unit;
    return as_window(MAX(planned, keeps));
}

uint16_t twin_draw_window(const TwinDraws *self, const TwinHostPacket *packet, TwinWindowDeck *deck)
{
    const unsigned host = packet->side;
    const TwinHostState *const s = &self->hosts->host[host];
    const double *const plan = self->hosts->plan[host].at;
    if (s->window < 0) {
        return (uint16_t)twin_plan_whole(plan[TWIN_PLAN_WINDOW_SYN], UINT16_MAX);
    }
    if (s->n_sent == 1) {
        return second_window(self, packet);
    }
    if (packet->ack < s->last_ack) { /* as if it came late */
        return as_window(s->window);
    }
    const int64_t rounds_down = plan[TWIN_PLAN_WINDOW_ROUNDS_DOWN] > 0;
    const Bounds bounds = {
        .before = s->window,
        .keeps = twin_host_edge_window(self->hosts, host, packet->ack) - rounds_down,
        .most = twin_plan_whole(plan[TWIN_PLAN_WINDOW_MOST], UINT16_MAX),
        .may_shrink = deck->shrinks_left > 0,
        .must_move = updates_window(s, packet),
    };
    const int64_t window = draw(self, packet, &bounds, deck);
    deck->shrinks_left -= window < bounds.keeps;
    return as_window(window);
}
