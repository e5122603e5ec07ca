/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_COLUMNS_H
#define FLOWTWIN_TESTS_COLUMNS_H

#include "bn/data.h"

#include <glib.h>

/** Byte columns for tests: variable v copies v − 1, v − 2 or noise, so that arrows are to be found.
 */
typedef struct {
    uint8_t *states;
    TwinColumn columns[TWIN_MAX_VARIABLES];
    TwinCounter counter;
} TwinTestColumns;

static inline void twin_test_columns_clear(TwinTestColumns *self)
{
    g_free(self->states);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinTestColumns, twin_test_columns_clear)

/* Repeatable whatever the test's seed: learned graphs are compared between runs. */
static inline TwinTestColumns *twin_test_columns(const unsigned *n_states, size_t n_variables,
                                                 size_t n_rows, uint32_t seed)
{
    TwinTestColumns *self = g_new0(TwinTestColumns, 1);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    self->states = g_new(uint8_t, n_variables * n_rows);
    for (size_t v = 0; v < n_variables; v++) {
        uint8_t *states = self->states + v * n_rows;
        self->columns[v] = (TwinColumn){.states = states, .n_states = n_states[v]};
        for (size_t i = 0; i < n_rows; i++) {
            const unsigned die = g_rand_int(random) % 8;
            const unsigned noise = g_rand_int(random) % n_states[v];
            const unsigned near = v >= 1 ? self->columns[v - 1].states[i] : noise;
            const unsigned far = v >= 2 ? self->columns[v - 2].states[i] : near;
            states[i] = (uint8_t)((die < 4 ? near + far : die < 6 ? near : noise) % n_states[v]);
        }
    }
    self->counter = twin_counter_of_columns(self->columns, n_variables, n_rows);
    return self;
}

#endif
