/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_PARALLEL_H
#define FLOWTWIN_BASE_PARALLEL_H

#include <stddef.h>

/**
 * Calls @task(index, thread, data) once for each index 0 … n_tasks − 1, on @n_threads threads (the
 * caller's own is one of them), and returns when all are done.
 *
 * Which thread takes which index is not defined, so a task writes only what belongs to its index,
 * or to scratch that belongs to @thread (0 … n_threads − 1).
 *
 * @param n_threads at least 1; 1 starts no thread
 */
void twin_parallel_for(size_t n_tasks, unsigned n_threads,
                       void (*task)(size_t index, unsigned thread, void *data), void *data);

#endif
