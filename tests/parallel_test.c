/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parallel.h"

#include <glib.h>

enum { TASKS = 1000, MOST_THREADS = 7 };

typedef struct {
    unsigned n_threads;
    unsigned n_runs[TASKS];         /* each written by one task alone */
    size_t by_thread[MOST_THREADS]; /* each written by one thread alone */
} Tally;

static void tally(size_t index, unsigned thread, void *data)
{
    Tally *self = data;
    g_assert_cmpuint(thread, <, self->n_threads);
    self->n_runs[index]++;
    self->by_thread[thread]++;
}

static void test_each_index_is_taken_once(void)
{
    static const size_t n_tasks[] = {0, 1, 2, 3, TASKS};
    for (unsigned n_threads = 1; n_threads <= MOST_THREADS; n_threads++) {
        for (size_t n = 0; n < G_N_ELEMENTS(n_tasks); n++) {
            Tally self = {.n_threads = n_threads};
            twin_parallel_for(n_tasks[n], n_threads, tally, &self);
            size_t sum = 0;
            for (unsigned t = 0; t < MOST_THREADS; t++) {
                sum += self.by_thread[t];
            }
            g_assert_cmpuint(sum, ==, n_tasks[n]);
            for (size_t i = 0; i < TASKS; i++) {
                g_assert_cmpuint(self.n_runs[i], ==, i < n_tasks[n]);
            }
        }
    }
}

static void note_thread(size_t index, unsigned thread, void *data)
{
    GThread **threads = data;
    g_assert_cmpuint(thread, ==, 0);
    threads[index] = g_thread_self();
}

static void test_one_thread_is_the_caller_in_order(void)
{
    GThread *threads[10] = {NULL};
    twin_parallel_for(10, 1, note_thread, threads);
    for (size_t i = 0; i < 10; i++) {
        g_assert_true(threads[i] == g_thread_self());
    }
}

/* Waits until another thread has come: with two threads, two tasks are under way at once. */
static void meet(size_t index, unsigned thread, void *data)
{
    (void)index;
    (void)thread;
    int *n_here = data;
    g_atomic_int_inc(n_here);
    while (g_atomic_int_get(n_here) < 2) {
        g_thread_yield();
    }
}

static void test_two_threads_work_at_once(void)
{
    int n_here = 0;
    twin_parallel_for(2, 2, meet, &n_here);
    g_assert_cmpint(n_here, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parallel/each-index-is-taken-once", test_each_index_is_taken_once);
    g_test_add_func("/parallel/one-thread-is-the-caller-in-order",
                    test_one_thread_is_the_caller_in_order);
    g_test_add_func("/parallel/two-threads-work-at-once", test_two_threads_work_at_once);
    return g_test_run();
}
