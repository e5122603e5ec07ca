/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_design.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEFT_OUT = 5, /* one flow in so many */
    SPLITS = 3,
};

/* Of the share that chance gives: a model knows more of its training flows than a split does. */
static const double caution = 0.8;

TwinDesign *twin_design_new(void)
{
    return g_new0(TwinDesign, 1);
}

static void clear_tables(TwinTables *tables)
{
    g_free(tables->kinds);
    twin_tree_free(tables->outcome);
    g_free(tables->outcomes);
    twin_tree_free(tables->delay);
    g_free(tables->delays);
    twin_tree_free(tables->length);
    g_free(tables->lengths);
    twin_tree_free(tables->window);
    g_free(tables->windows);
    twin_tree_free(tables->fate);
    g_free(tables->fates);
    twin_tree_free(tables->ack);
    g_free(tables->acks);
    g_free(tables->odd);
}

void twin_design_free(TwinDesign *self)
{
    if (self == NULL) {
        return;
    }
    clear_tables(&self->tables);
    twin_script_trees_clear(&self->script);
    twin_donors_clear(&self->donors);
    g_free(self->unique_courses);
    g_free(self);
}

uint64_t twin_course_begin(void)
{
    return UINT64_C(0x9e3779b97f4a7c15);
}

/* The finaliser of splitmix64 over what came before and the packet. */
uint64_t twin_course_add(uint64_t course, unsigned side, uint16_t flags, uint32_t payload_bytes)
{
    uint64_t x = course ^ ((uint64_t)payload_bytes << 17 | (uint64_t)flags << 1 | side);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) + UINT64_C(0x9e3779b97f4a7c15);
}

static int compare_courses(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Keeps of rising @courses those that stand there once; returns how many. */
static size_t keep_unique(uint64_t *courses, size_t n)
{
    size_t n_unique = 0;
    for (size_t i = 0; i < n; i++) {
        const bool is_first = i == 0 || courses[i - 1] != courses[i];
        const bool is_last = i + 1 == n || courses[i + 1] != courses[i];
        if (is_first && is_last) {
            courses[n_unique++] = courses[i]; /* never beyond i, whose left neighbour is settled */
        }
    }
    return n_unique;
}

static bool has_course(const uint64_t *courses, size_t n, uint64_t course)
{
    return n > 0 && bsearch(&course, courses, n, sizeof course, compare_courses) != NULL;
}

bool twin_design_is_unique(const TwinDesign *self, uint64_t course)
{
    return has_course(self->unique_courses, self->n_unique_courses, course);
}

/* Of flows left out at random, the share that took a course of exactly one of the others. */
static double share_of_split(const uint64_t *courses, size_t n, unsigned split)
{
    TwinRandom random = twin_random(split, TWIN_RANDOM_SPLIT, 0);
    g_autofree uint64_t *mixed = g_memdup2(courses, n * sizeof *courses);
    for (size_t i = n - 1; i > 0; i--) {
        const size_t k = twin_random_below(&random, (uint32_t)i + 1);
        const uint64_t moved = mixed[i];
        mixed[i] = mixed[k];
        mixed[k] = moved;
    }
    const size_t n_out = n / LEFT_OUT;
    uint64_t *rest = mixed + n_out;
    qsort(rest, n - n_out, sizeof *rest, compare_courses);
    const size_t n_unique = keep_unique(rest, n - n_out);
    size_t n_copies = 0;
    for (size_t i = 0; i < n_out; i++) {
        n_copies += has_course(rest, n_unique, mixed[i]);
    }
    return n_out > 0 ? (double)n_copies / (double)n_out : 0;
}

void twin_design_learn_courses(TwinDesign *self, const uint64_t *courses, size_t n_courses)
{
    double share = 0;
    for (unsigned s = 0; s < SPLITS && n_courses > 1; s++) {
        share += share_of_split(courses, n_courses, s) / SPLITS;
    }
    self->natural_share = (uint32_t)(caution * share * 4294967295.0);
    self->unique_courses = g_memdup2(courses, n_courses * sizeof *courses);
    qsort(self->unique_courses, n_courses, sizeof *courses, compare_courses);
    self->n_unique_courses = keep_unique(self->unique_courses, n_courses);
}
