/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/search.h"

#include <flowtwin/error.h>

#include "bn/scorer.h"

#include <math.h>

/*
 * In nats. Sums of 10^8 differ by less than this when they are added up in another order, so equal
 * changes count as equal, and the lower index decides, whatever the rounding.
 */
static const double least_gain = 1e-6;

typedef enum { ADD, REMOVE, REVERSE } Kind;

/* What one step could do to one arrow. */
typedef struct {
    Kind kind;
    size_t child; /* of the arrow as it stands, or would stand */
    size_t parent;
} Move;

typedef struct {
    const TwinSearchOptions *options;
    TwinScorer *scorer;
    TwinDag *dag;
    uint64_t parents[TWIN_MAX_VARIABLES];   /* of dag, as sets */
    uint64_t ancestors[TWIN_MAX_VARIABLES]; /* of dag, each itself too */
    GArray *moves;                          /* of Move: all that are legal now */
    GArray *families;                       /* of TwinFamilySet: what they need scored */
} Search;

static inline bool has(uint64_t set, size_t variable)
{
    return (set >> variable & 1) != 0;
}

static inline uint64_t toggled(uint64_t set, size_t variable)
{
    return set ^ UINT64_C(1) << variable;
}

/* What the options allow, whatever the graph. */
static bool may_point(const TwinSearchOptions *options, size_t parent, size_t child)
{
    const bool falls = options->tiers != NULL && options->tiers[parent] > options->tiers[child];
    const bool into_given = options->is_given != NULL && options->is_given[child];
    return parent != child && !falls && !into_given;
}

static bool has_room(const Search *self, size_t child)
{
    const unsigned most = self->options->max_parents;
    return most == 0 || self->dag->families[child].n_parents < most;
}

/* Turned round, the arrow closes a cycle when there is another way from parent to child. */
static bool can_reverse(const Search *self, size_t child, size_t parent)
{
    if (!may_point(self->options, child, parent) || !has_room(self, parent)) {
        return false;
    }
    for (uint64_t rest = toggled(self->parents[child], parent); rest != 0; rest &= rest - 1) {
        if (has(self->ancestors[__builtin_ctzll(rest)], parent)) {
            return false;
        }
    }
    return true;
}

static void propose(Search *self, Kind kind, size_t child, size_t parent)
{
    const Move move = {.kind = kind, .child = child, .parent = parent};
    const TwinFamilySet of_child = {child, toggled(self->parents[child], parent)};
    g_array_append_val(self->moves, move);
    g_array_append_val(self->families, of_child);
    if (kind == REVERSE) {
        const TwinFamilySet of_parent = {parent, toggled(self->parents[parent], child)};
        g_array_append_val(self->families, of_parent);
    }
}

static void propose_all(Search *self)
{
    const size_t n = self->dag->n_variables;
    g_array_set_size(self->moves, 0);
    g_array_set_size(self->families, 0);
    for (size_t v = 0; v < n; v++) {
        self->parents[v] = twin_dag_parents(self->dag, v);
        self->ancestors[v] = twin_dag_ancestors(self->dag, v);
    }
    for (size_t child = 0; child < n; child++) {
        for (size_t parent = 0; parent < n; parent++) {
            if (has(self->parents[child], parent)) {
                propose(self, REMOVE, child, parent);
                if (can_reverse(self, child, parent)) {
                    propose(self, REVERSE, child, parent);
                }
            } else if (may_point(self->options, parent, child) && has_room(self, child) &&
                       !has(self->ancestors[parent], child)) {
                propose(self, ADD, child, parent);
            }
        }
    }
}

/* What toggling the arrow parent → child changes in the score of the child's family. */
static double gain_of_toggle(const Search *self, size_t child, size_t parent)
{
    const uint64_t parents = self->parents[child];
    return twin_scorer_get(self->scorer, child, toggled(parents, parent)) -
           twin_scorer_get(self->scorer, child, parents);
}

static double gain_of(const Search *self, const Move *move)
{
    double gain = gain_of_toggle(self, move->child, move->parent);
    if (move->kind == REVERSE) {
        gain += gain_of_toggle(self, move->parent, move->child);
    }
    return gain;
}

/* The first of the best moves, or NULL where none helps. */
static const Move *best_move(const Search *self)
{
    const Move *best = NULL;
    double best_gain = 0;
    for (size_t i = 0; i < self->moves->len; i++) {
        const Move *move = &g_array_index(self->moves, Move, i);
        const double gain = gain_of(self, move);
        if (gain > best_gain + least_gain) {
            best_gain = gain;
            best = move;
        }
    }
    return best;
}

static void apply(TwinDag *dag, const Move *move)
{
    if (move->kind == ADD) {
        twin_dag_add(dag, move->parent, move->child);
    } else {
        twin_dag_remove(dag, move->parent, move->child);
    }
    if (move->kind == REVERSE) {
        twin_dag_add(dag, move->child, move->parent);
    }
}

static bool go_on(const TwinProgress *progress, GError **error)
{
    if (progress == NULL || progress->report("learning the structure", -1, progress->data)) {
        return true;
    }
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "learning was cancelled");
    return false;
}

static bool climb(Search *self, GError **error)
{
    for (;;) {
        propose_all(self);
        const TwinFamilySet *families = (const TwinFamilySet *)(void *)self->families->data;
        if (!go_on(self->options->progress, error) ||
            !twin_scorer_prepare(self->scorer, families, self->families->len, error)) {
            return false;
        }
        const Move *move = best_move(self);
        if (move == NULL) {
            return true;
        }
        apply(self->dag, move);
    }
}

bool twin_hill_climb(const TwinCounter *counter, const TwinSearchOptions *options, TwinDag *dag_out,
                     GError **error)
{
    g_autoptr(TwinScorer) scorer =
        twin_scorer_new(counter, options->score, options->max_cells, options->n_threads);
    g_autoptr(GArray) moves = g_array_new(FALSE, FALSE, sizeof(Move));
    g_autoptr(GArray) families = g_array_new(FALSE, FALSE, sizeof(TwinFamilySet));
    twin_dag_init(dag_out, counter->n_variables);
    for (size_t v = 0; v < counter->n_variables; v++) {
        const TwinFamilySet alone = {.child = v};
        g_array_append_val(families, alone);
    }
    const TwinFamilySet *alone = (const TwinFamilySet *)(void *)families->data;
    Search search = {
        .options = options, .scorer = scorer, .dag = dag_out, .moves = moves, .families = families};
    return twin_scorer_prepare(scorer, alone, families->len, error) && climb(&search, error);
}
