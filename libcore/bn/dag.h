/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_DAG_H
#define FLOWTWIN_BN_DAG_H

#include "bn/data.h"

/**
 * A directed acyclic graph over at most TWIN_MAX_VARIABLES variables. Parents stand in the order in
 * which they were added: the first told most. A plain value.
 */
typedef struct {
    size_t n_variables;
    TwinFamily families[TWIN_MAX_VARIABLES]; /* families[v].child == v */
} TwinDag;

void twin_dag_init(TwinDag *self, size_t n_variables);

/** The parents of @child as a set: bit v stands for variable v. */
uint64_t twin_dag_parents(const TwinDag *self, size_t child);

/** @variable itself and all that have a path to it, as a set. */
uint64_t twin_dag_ancestors(const TwinDag *self, size_t variable);

bool twin_dag_has_edge(const TwinDag *self, size_t parent, size_t child);

/** True when there is a path from @from to @to along the arrows (every variable reaches itself). */
bool twin_dag_reaches(const TwinDag *self, size_t from, size_t to);

/** Adds an arrow that is not there and closes no cycle (the caller has looked). */
void twin_dag_add(TwinDag *self, size_t parent, size_t child);
void twin_dag_remove(TwinDag *self, size_t parent, size_t child);

/** Writes the variables so that parents stand before children; ties by lower index. */
void twin_dag_order(const TwinDag *self, size_t order_out[]);

#endif
