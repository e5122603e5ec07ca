/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sort.h"

#include <glib.h>
#include <string.h>

/* A digit's counters, and the places that a pass writes to, stay in the second-level cache. */
enum { MAX_DIGIT_BITS = 11 };

/* Below this, clearing the counters costs more than sorting. */
enum { FEW_VALUES = 128 };

/* What is sorted by: (value − least) >> shift & mask. */
typedef struct {
    uint64_t least;
    unsigned shift;
    unsigned n_bits;
} Digit;

static inline size_t digit_of(const Digit *self, int64_t value)
{
    return (size_t)(((uint64_t)value - self->least) >> self->shift) &
           (((size_t)1 << self->n_bits) - 1);
}

static void pass(const Digit *digit, const int64_t *from, int64_t *to, size_t n_values)
{
    /* Neighbours are often equal; with two sets of counters they do not wait for each other. */
    size_t counters[2][1 << MAX_DIGIT_BITS];
    const size_t n_digits = (size_t)1 << digit->n_bits;
    memset(counters[0], 0, n_digits * sizeof counters[0][0]);
    memset(counters[1], 0, n_digits * sizeof counters[1][0]);
    for (size_t i = 0; i + 1 < n_values; i += 2) {
        counters[0][digit_of(digit, from[i])]++;
        counters[1][digit_of(digit, from[i + 1])]++;
    }
    if (n_values % 2 != 0) {
        counters[0][digit_of(digit, from[n_values - 1])]++;
    }
    size_t start = 0;
    for (size_t d = 0; d < n_digits; d++) {
        const size_t n = counters[0][d] + counters[1][d];
        counters[0][d] = start;
        start += n;
    }
    for (size_t i = 0; i < n_values; i++) {
        to[counters[0][digit_of(digit, from[i])]++] = from[i];
    }
}

static void sort_few(int64_t *values, size_t n_values)
{
    for (size_t i = 1; i < n_values; i++) {
        const int64_t value = values[i];
        size_t at = i;
        for (; at > 0 && values[at - 1] > value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
}

/* How many low bits tell the values apart, once the least is taken away. */
static unsigned significant_bits(const int64_t *values, size_t n_values, uint64_t *least_out)
{
    int64_t least = values[0];
    int64_t most = values[0];
    for (size_t i = 1; i < n_values; i++) {
        least = MIN(least, values[i]);
        most = MAX(most, values[i]);
    }
    *least_out = (uint64_t)least;
    unsigned n_bits = 0;
    for (uint64_t span = (uint64_t)most - (uint64_t)least; span > 0; span >>= 1) {
        n_bits++;
    }
    return n_bits;
}

void twin_sort_int64(int64_t *values, int64_t *scratch, size_t n_values)
{
    if (n_values <= FEW_VALUES) {
        sort_few(values, n_values);
        return;
    }
    Digit digit = {0};
    const unsigned n_bits = significant_bits(values, n_values, &digit.least);
    const unsigned n_passes = (n_bits + MAX_DIGIT_BITS - 1) / MAX_DIGIT_BITS;
    int64_t *from = values;
    int64_t *to = scratch;
    for (unsigned p = 0; p < n_passes; p++) {
        digit.n_bits = (n_bits - digit.shift + n_passes - p - 1) / (n_passes - p);
        pass(&digit, from, to, n_values);
        digit.shift += digit.n_bits;
        int64_t *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != values) {
        memcpy(values, from, n_values * sizeof *values);
    }
}
