/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/dag.h"

#include <glib.h>

void twin_dag_init(TwinDag *self, size_t n_variables)
{
    g_assert(n_variables <= TWIN_MAX_VARIABLES);
    *self = (TwinDag){.n_variables = n_variables};
    for (size_t v = 0; v < n_variables; v++) {
        self->families[v].child = v;
    }
}

uint64_t twin_dag_parents(const TwinDag *self, size_t child)
{
    const TwinFamily *family = &self->families[child];
    uint64_t parents = 0;
    for (size_t p = 0; p < family->n_parents; p++) {
        parents |= UINT64_C(1) << family->parents[p];
    }
    return parents;
}

bool twin_dag_has_edge(const TwinDag *self, size_t parent, size_t child)
{
    return (twin_dag_parents(self, child) >> parent & 1) != 0;
}

uint64_t twin_dag_ancestors(const TwinDag *self, size_t variable)
{
    uint64_t ancestors = UINT64_C(1) << variable;
    uint64_t unvisited = ancestors;
    while (unvisited != 0) {
        const size_t v = (size_t)__builtin_ctzll(unvisited);
        unvisited &= unvisited - 1;
        const uint64_t parents = twin_dag_parents(self, v);
        unvisited |= parents & ~ancestors;
        ancestors |= parents;
    }
    return ancestors;
}

bool twin_dag_reaches(const TwinDag *self, size_t from, size_t to)
{
    return (twin_dag_ancestors(self, to) >> from & 1) != 0;
}

void twin_dag_add(TwinDag *self, size_t parent, size_t child)
{
    TwinFamily *family = &self->families[child];
    g_assert(family->n_parents < TWIN_MAX_VARIABLES);
    family->parents[family->n_parents++] = parent;
}

void twin_dag_remove(TwinDag *self, size_t parent, size_t child)
{
    TwinFamily *family = &self->families[child];
    size_t kept = 0;
    for (size_t p = 0; p < family->n_parents; p++) {
        if (family->parents[p] != parent) {
            family->parents[kept++] = family->parents[p];
        }
    }
    family->n_parents = kept;
}

void twin_dag_order(const TwinDag *self, size_t order_out[])
{
    uint64_t done = 0;
    for (size_t n = 0; n < self->n_variables; n++) {
        size_t v = 0;
        while ((done >> v & 1) != 0 || (twin_dag_parents(self, v) & ~done) != 0) {
            v++;
            g_assert(v < self->n_variables); /* else there is a cycle */
        }
        done |= UINT64_C(1) << v;
        order_out[n] = v;
    }
}
