/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/network.h"

#include <flowtwin/error.h>

#include "base/parallel.h"

#include <math.h>
#include <string.h>

struct TwinNetwork {
    TwinDag dag;
    unsigned n_states[TWIN_MAX_VARIABLES];
    TwinCpt *cpts[TWIN_MAX_VARIABLES]; /* NULL: given */
    size_t n_drawn;
    size_t drawn[TWIN_MAX_VARIABLES]; /* parents before children */
};

static void list_drawn(TwinNetwork *self)
{
    size_t order[TWIN_MAX_VARIABLES];
    twin_dag_order(&self->dag, order);
    for (size_t i = 0; i < self->dag.n_variables; i++) {
        if (self->cpts[order[i]] != NULL) {
            self->drawn[self->n_drawn++] = order[i];
        }
    }
}

typedef struct {
    TwinNetwork *network;
    const TwinCounter *counter;
    const bool *is_given;
    GError *errors[TWIN_MAX_VARIABLES];
} Learning;

static void learn_variable(size_t variable, unsigned thread, void *data)
{
    (void)thread;
    Learning *learning = data;
    if (learning->is_given == NULL || !learning->is_given[variable]) {
        learning->network->cpts[variable] =
            twin_cpt_learn(learning->counter, &learning->network->dag.families[variable],
                           &learning->errors[variable]);
    }
}

/* Hands the first error on; the others told the same. */
static bool hand_on(GError **errors, size_t n_errors, GError **error)
{
    bool is_fine = true;
    for (size_t i = 0; i < n_errors; i++) {
        if (errors[i] != NULL && is_fine) {
            g_propagate_error(error, errors[i]);
            is_fine = false;
        } else {
            g_clear_error(&errors[i]);
        }
    }
    return is_fine;
}

TwinNetwork *twin_network_learn(const TwinCounter *counter, const TwinDag *dag,
                                const bool *is_given, unsigned n_threads, GError **error)
{
    g_autoptr(TwinNetwork) self = g_new0(TwinNetwork, 1);
    self->dag = *dag;
    memcpy(self->n_states, counter->n_states, sizeof self->n_states);
    Learning learning = {.network = self, .counter = counter, .is_given = is_given};
    twin_parallel_for(dag->n_variables, n_threads, learn_variable, &learning);
    if (!hand_on(learning.errors, dag->n_variables, error)) {
        return NULL;
    }
    list_drawn(self);
    return g_steal_pointer(&self);
}

/* Whether the table of @variable fits in, where those taken over so far stand already. */
static bool add_family(TwinNetwork *self, size_t variable)
{
    const TwinFamily *family = twin_cpt_family(self->cpts[variable]);
    if (family->child != variable) {
        return false;
    }
    for (size_t p = 0; p < family->n_parents; p++) {
        const size_t parent = family->parents[p];
        if (parent >= self->dag.n_variables || twin_dag_has_edge(&self->dag, parent, variable) ||
            twin_dag_reaches(&self->dag, variable, parent)) {
            return false;
        }
        twin_dag_add(&self->dag, parent, variable);
    }
    return true;
}

TwinNetwork *twin_network_new(size_t n_variables, const unsigned *n_states, TwinCpt **cpts,
                              GError **error)
{
    if (n_variables > TWIN_MAX_VARIABLES) {
        for (size_t v = 0; v < n_variables; v++) {
            twin_cpt_free(cpts[v]);
        }
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE, "%zu variables; %u are possible",
                    n_variables, TWIN_MAX_VARIABLES);
        return NULL;
    }
    g_autoptr(TwinNetwork) self = g_new0(TwinNetwork, 1);
    twin_dag_init(&self->dag, n_variables);
    memcpy(self->n_states, n_states, n_variables * sizeof *n_states);
    memcpy(self->cpts, cpts, n_variables * sizeof(TwinCpt *));
    for (size_t v = 0; v < n_variables; v++) {
        if (self->cpts[v] != NULL && !add_family(self, v)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                        "the table of variable %zu does not fit into a network of %zu", v,
                        n_variables);
            return NULL;
        }
    }
    list_drawn(self);
    return g_steal_pointer(&self);
}

void twin_network_free(TwinNetwork *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t v = 0; v < TWIN_MAX_VARIABLES; v++) {
        twin_cpt_free(self->cpts[v]);
    }
    g_free(self);
}

size_t twin_network_n_variables(const TwinNetwork *self)
{
    return self->dag.n_variables;
}

unsigned twin_network_n_states(const TwinNetwork *self, size_t variable)
{
    return self->n_states[variable];
}

const TwinDag *twin_network_dag(const TwinNetwork *self)
{
    return &self->dag;
}

const TwinCpt *twin_network_cpt(const TwinNetwork *self, size_t variable)
{
    return self->cpts[variable];
}

size_t twin_network_n_drawn(const TwinNetwork *self)
{
    return self->n_drawn;
}

size_t twin_network_draw(const TwinNetwork *self, uint8_t *values, TwinRandom *random)
{
    size_t n_unseen = 0;
    for (size_t i = 0; i < self->n_drawn; i++) {
        const size_t v = self->drawn[i];
        values[v] =
            (uint8_t)twin_cpt_draw(self->cpts[v], values, twin_random_u32(random), &n_unseen);
    }
    return n_unseen;
}

double twin_network_log_likelihood(const TwinNetwork *self, const uint8_t *values)
{
    double sum = 0;
    for (size_t i = 0; i < self->n_drawn; i++) {
        const size_t v = self->drawn[i];
        sum += log(twin_cpt_probability(self->cpts[v], values, values[v]));
    }
    return sum;
}
