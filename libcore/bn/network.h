/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_NETWORK_H
#define FLOWTWIN_BN_NETWORK_H

#include <flowtwin/macros.h>

#include "base/random.h"
#include "bn/cpt.h"
#include "bn/dag.h"
#include "bn/data.h"

#include <glib.h>

/**
 * A Bayesian network: a graph, and a table for each variable that is drawn. Given variables have
 * no parents and no table; whoever draws sets them first. Immutable once made, so threads may share
 * it.
 */
typedef struct TwinNetwork TwinNetwork;

/**
 * Learns the tables of a graph.
 *
 * @param dag       copied
 * @param is_given  per variable, without parents; NULL: none is
 * @param n_threads at least 1; tables are learned in parallel, the result does not depend on it
 * @return (transfer full) NULL with an error of twin_cpt_learn()
 */
TwinNetwork *twin_network_learn(const TwinCounter *counter, const TwinDag *dag,
                                const bool *is_given, unsigned n_threads,
                                GError **error) TWIN_CHECKED;

/**
 * Puts a network together, as it comes from a model file; the graph follows from the tables.
 *
 * @param n_states per variable, @n_variables of them, as the tables were made with
 * @param cpts     (transfer full) per variable, NULL for a given one; taken over even on error
 * @return NULL with TWIN_ERROR_FORMAT where a table is that of another variable, has a parent
 *         beyond @n_variables, or the arrows close a cycle; TWIN_ERROR_TOO_LARGE where there are
 *         more than TWIN_MAX_VARIABLES
 */
TwinNetwork *twin_network_new(size_t n_variables, const unsigned *n_states, TwinCpt **cpts,
                              GError **error) TWIN_CHECKED;
void twin_network_free(TwinNetwork *self);

size_t twin_network_n_variables(const TwinNetwork *self);
unsigned twin_network_n_states(const TwinNetwork *self, size_t variable);
const TwinDag *twin_network_dag(const TwinNetwork *self);

/** The variable's table, NULL for a given one. Borrowed. */
const TwinCpt *twin_network_cpt(const TwinNetwork *self, size_t variable);

/**
 * Draws all that is not given, parents before children.
 *
 * @param values one state a variable; those of given ones are read, the others written
 * @param random gives one number a drawn variable, in the order of the graph
 * @return for how many of them the parents' configuration never occurred, so that they backed off
 */
size_t twin_network_draw(const TwinNetwork *self, uint8_t *values, TwinRandom *random);

/** How many variables are drawn. */
size_t twin_network_n_drawn(const TwinNetwork *self);

/** ln of the probability of a row's drawn variables under its given ones; −∞ if never seen. */
double twin_network_log_likelihood(const TwinNetwork *self, const uint8_t *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinNetwork, twin_network_free)

#endif
