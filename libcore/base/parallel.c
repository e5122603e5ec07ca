/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parallel.h"

#include <glib.h>

typedef struct {
    size_t n_tasks;
    void (*task)(size_t index, unsigned thread, void *data);
    void *data;
    size_t next; /* taken with an atomic add */
} Work;

typedef struct {
    Work *work;
    unsigned thread;
} Worker;

static void *run(void *data)
{
    const Worker *worker = data;
    Work *work = worker->work;
    for (;;) {
        const size_t index = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
        if (index >= work->n_tasks) {
            return NULL;
        }
        work->task(index, worker->thread, work->data);
    }
}

void twin_parallel_for(size_t n_tasks, unsigned n_threads,
                       void (*task)(size_t index, unsigned thread, void *data), void *data)
{
    g_return_if_fail(n_threads >= 1);
    Work work = {.n_tasks = n_tasks, .task = task, .data = data, .next = 0};
    g_autofree Worker *workers = g_new(Worker, n_threads);
    g_autofree GThread **threads = g_new0(GThread *, n_threads);
    for (unsigned t = 0; t < n_threads; t++) {
        workers[t] = (Worker){.work = &work, .thread = t};
        /* A thread that cannot be had leaves its share to the others. */
        threads[t] = t > 0 ? g_thread_try_new("flowtwin", run, &workers[t], NULL) : NULL;
    }
    (void)run(&workers[0]);
    for (unsigned t = 1; t < n_threads; t++) {
        if (threads[t] != NULL) {
            (void)g_thread_join(threads[t]);
        }
    }
}
