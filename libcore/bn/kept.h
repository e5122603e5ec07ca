/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_KEPT_H
#define FLOWTWIN_BN_KEPT_H

#include <stddef.h>
#include <stdint.h>

/** A state is undone with at most so many of its training values: a model's size is bounded. */
#define TWIN_MAX_KEPT 1024U

/** How many of @n_values are kept. */
static inline size_t twin_n_kept(size_t n_values)
{
    return n_values < TWIN_MAX_KEPT ? n_values : TWIN_MAX_KEPT;
}

/**
 * The place, among @n_values in order, of the one kept as number @index: the middle of the
 * index-th of equal shares, so that each stands for as many (⌊(index + ½) · n_values / n_kept⌋;
 * memory ends long before 2,048 · n_values overflows).
 */
static inline size_t twin_kept_place(size_t index, size_t n_values)
{
    return (2 * index + 1) * n_values / (2 * twin_n_kept(n_values));
}

/** One of @n_values, each as likely as the other, by 32 random bits. */
static inline size_t twin_kept_draw(size_t n_values, uint32_t uniform)
{
    return (size_t)((uint64_t)uniform * n_values >> 32);
}

#endif
