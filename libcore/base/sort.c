/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sort.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Six digits hold 64 bits; their counters (96 KiB) stay in the second-level cache. */
enum { DIGIT_BITS = 11, DIGIT_VALUES = 1 << DIGIT_BITS, DIGITS = 6 };

/* Below this, clearing the counters costs more than sorting. */
enum { FEW_VALUES = 256 };

typedef size_t Counters[DIGIT_VALUES];

/* With the sign turned round, the order of the bits is that of the numbers. */
static inline unsigned digit_of(int64_t value, unsigned digit)
{
    const uint64_t bits = (uint64_t)value ^ (uint64_t)1 << 63;
    return (unsigned)(bits >> digit * DIGIT_BITS) & (DIGIT_VALUES - 1);
}

static void count_digits(const int64_t *values, size_t n_values, Counters counters[DIGITS])
{
    for (size_t i = 0; i < n_values; i++) {
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            counters[digit][digit_of(values[i], digit)]++;
        }
    }
}

static void scatter(const int64_t *from, int64_t *to, size_t n_values, unsigned digit,
                    Counters counters)
{
    size_t start = 0;
    for (size_t d = 0; d < DIGIT_VALUES; d++) {
        const size_t n = counters[d];
        counters[d] = start;
        start += n;
    }
    for (size_t i = 0; i < n_values; i++) {
        to[counters[digit_of(from[i], digit)]++] = from[i];
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

void twin_sort_int64(int64_t *values, int64_t *scratch, size_t n_values)
{
    if (n_values <= FEW_VALUES) {
        sort_few(values, n_values);
        return;
    }
    g_autofree Counters *counters = g_new0(Counters, DIGITS);
    count_digits(values, n_values, counters);
    int64_t *from = values;
    int64_t *to = scratch;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        const bool is_same = counters[digit][digit_of(values[0], digit)] == n_values;
        if (!is_same) {
            scatter(from, to, n_values, digit, counters[digit]);
            int64_t *const sorted = to;
            to = from;
            from = sorted;
        }
    }
    if (from != values) {
        memcpy(values, from, n_values * sizeof *values);
    }
}
