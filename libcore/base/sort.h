/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_SORT_H
#define FLOWTWIN_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Sorts @values, smallest first.
 *
 * @param scratch n_values more, overwritten
 *
 * Cost: one pass, and one for each 11 bits in which values differ; linear.
 */
void twin_sort_int64(int64_t *values, int64_t *scratch, size_t n_values);

#endif
