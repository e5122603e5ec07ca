/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/score.h"

#include <math.h>

/* Beyond this the series is exact to the last bit, and the table stays in the second-level cache.
 */
#define TABLE_SIZE ((size_t)1 << 16)

struct TwinLogFactorials {
    size_t n_values;
    double values[];
};

/* Kahan's sum: 65,535 logarithms leave no more than a unit in the last place. */
TwinLogFactorials *twin_log_factorials_new(size_t largest)
{
    const size_t n_values = MIN(largest, TABLE_SIZE - 1) + 1;
    TwinLogFactorials *self = g_malloc(sizeof *self + n_values * sizeof self->values[0]);
    self->n_values = n_values;
    double sum = 0;
    double lost = 0;
    self->values[0] = 0;
    for (size_t n = 1; n < n_values; n++) {
        const double term = log((double)n) - lost;
        const double next = sum + term;
        lost = (next - sum) - term;
        sum = next;
        self->values[n] = sum;
    }
    return self;
}

void twin_log_factorials_free(TwinLogFactorials *self)
{
    g_free(self);
}

/* Stirling's series; the first term left out is below 1e-27 from 65,536 on. */
static double stirling(size_t n)
{
    const double half_log_2pi = 0.918938533204672741780329736406;
    const double x = (double)n;
    return (x + 0.5) * log(x) - x + half_log_2pi + 1 / (12 * x) - 1 / (360 * x * x * x);
}

static inline double log_factorial(const TwinLogFactorials *self, size_t n)
{
    return G_LIKELY(n < self->n_values) ? self->values[n] : stirling(n);
}

double twin_log_factorial(const TwinLogFactorials *self, size_t n)
{
    return log_factorial(self, n);
}

/*
 * Σ_j [ln (r − 1)! − ln (N_ij + r − 1)! + Σ_k ln N_ijk!], formula 12 of Cooper & Herskovits. A
 * configuration that never occurred adds nothing, nor does a cell.
 */
static double k2_of_counts(const TwinLogFactorials *log_factorials, const TwinCounts *counts,
                           unsigned n_states, uint64_t n_possible)
{
    (void)n_possible;
    const double of_no_row = log_factorial(log_factorials, n_states - 1);
    double score = 0;
    for (size_t i = 0; i < counts->n_cells;) {
        const uint64_t end = (counts->cells[i] / n_states + 1) * n_states;
        double of_cells = 0;
        size_t n_ij = 0;
        for (; i < counts->n_cells && counts->cells[i] < end; i++) {
            n_ij += counts->counts[i];
            of_cells += log_factorial(log_factorials, counts->counts[i]);
        }
        score += of_no_row - log_factorial(log_factorials, n_ij + n_states - 1) + of_cells;
    }
    return score;
}

static const TwinScore score_table[] = {
    {"k2", k2_of_counts},
};

const TwinScore *twin_score_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(score_table); i++) {
        if (g_str_equal(score_table[i].name, name)) {
            return &score_table[i];
        }
    }
    return NULL;
}
