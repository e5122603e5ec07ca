/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_ARRAY_H
#define FLOWTWIN_BASE_ARRAY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * Gives an array room for @n_items: for several arrays with one capacity, which the caller keeps.
 *
 * @param items the address of a pointer that is g_malloc'ed or NULL; replaced
 * @return false when memory is out; the array is as it was
 */
static inline bool twin_array_resize(void *items, size_t n_items, size_t item_bytes)
{
    void *old = NULL;
    memcpy(&old, items, sizeof old); /* a pointer of another type must not be read as a void * */
    void *const resized = g_try_realloc_n(old, n_items, item_bytes);
    if (resized == NULL) {
        return false;
    }
    memcpy(items, &resized, sizeof resized);
    return true;
}

/**
 * Makes room for @needed items where the capacity is below it, by half as much again at least.
 *
 * GArray aborts when memory is out, which in a plugin ends the user's Wireshark; this says no.
 *
 * @param items     g_malloc'ed or NULL; replaced
 * @param capacity  items that there is room for; updated
 * @return false when memory is out; @items is as it was
 */
static inline bool twin_array_reserve(void **items, size_t *capacity, size_t needed,
                                      size_t item_bytes)
{
    if (needed <= *capacity) {
        return true;
    }
    const size_t wanted = *capacity + *capacity / 2;
    const size_t n_items = wanted > needed ? wanted : needed + 16;
    if (n_items > G_MAXSIZE / item_bytes) {
        return false;
    }
    void *const grown = g_try_realloc(*items, n_items * item_bytes);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    *capacity = n_items;
    return true;
}

#endif
