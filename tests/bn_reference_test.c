/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What numpy and Weka say of small data sets (reference/bn_*.py made the files) against ours. */
#include "bn/rows.h"
#include "bn/scorer.h"
#include "bn/search.h"

#include <math.h>
#include <string.h>

/* A set of reference/bn_<name>.tsv. */
typedef struct {
    size_t n_variables;
    unsigned n_states[TWIN_MAX_VARIABLES];
    bool is_given[TWIN_MAX_VARIABLES];
    uint8_t tiers[TWIN_MAX_VARIABLES];
    TwinRows *rows;
} Set;

static void set_free(Set *self)
{
    twin_rows_free(self->rows);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Set, set_free)

static char **read_lines(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "reference", name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    return g_strsplit(g_strchomp(text), "\n", 0);
}

/* fields[0] says what the numbers after it are; nothing: a row. */
static void take_line(Set *self, char **fields)
{
    const uint8_t *pointers[TWIN_MAX_VARIABLES];
    uint8_t states[TWIN_MAX_VARIABLES];
    for (size_t v = 0; fields[v + 1] != NULL; v++) {
        const uint8_t number = (uint8_t)g_ascii_strtoull(fields[v + 1], NULL, 10);
        if (g_str_equal(fields[0], "states")) {
            self->n_states[v] = number;
            self->n_variables = v + 1;
        } else if (g_str_equal(fields[0], "given")) {
            self->is_given[v] = number == 1;
        } else if (g_str_equal(fields[0], "tiers")) {
            self->tiers[v] = number;
        } else {
            states[v] = number;
            pointers[v] = &states[v];
        }
    }
    if (fields[0][0] == '\0') {
        if (self->rows == NULL) {
            self->rows = twin_rows_new(self->n_states, self->n_variables);
        }
        g_assert_true(twin_rows_add(self->rows, pointers, 1, NULL));
    }
}

static Set *read_set(const char *name)
{
    g_autofree char *file_name = g_strdup_printf("bn_%s.tsv", name);
    g_auto(GStrv) lines = read_lines(file_name);
    Set *self = g_new0(Set, 1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", 0);
        take_line(self, fields);
    }
    g_assert_nonnull(self->rows);
    return self;
}

/* child<parent,parent;child<… */
static size_t read_graph(const char *text, TwinFamily *families_out)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", TWIN_MAX_VARIABLES);
    size_t n_families = 0;
    for (; parts[n_families] != NULL; n_families++) {
        TwinFamily *family = &families_out[n_families];
        char *next = NULL;
        *family = (TwinFamily){.child = g_ascii_strtoull(parts[n_families], &next, 10)};
        while (next[0] != '\0' && next[1] != '\0') {
            family->parents[family->n_parents++] = g_ascii_strtoull(next + 1, &next, 10);
        }
    }
    return n_families;
}

static double score_of(const TwinCounter *counter, const TwinFamily *families, size_t n_families)
{
    g_autoptr(TwinScorer) scorer = twin_scorer_new(counter, twin_score_find("k2"), 0, 1);
    double sum = 0;
    for (size_t f = 0; f < n_families; f++) {
        TwinFamilySet set = {.child = families[f].child};
        for (size_t p = 0; p < families[f].n_parents; p++) {
            set.parents |= UINT64_C(1) << families[f].parents[p];
        }
        g_assert_true(twin_scorer_prepare(scorer, &set, 1, NULL));
        sum += twin_scorer_get(scorer, set.child, set.parents);
    }
    return sum;
}

/* @is_ordered: parents as they were added; else as sets. */
static void assert_same_network(const TwinDag *dag, const TwinFamily *families, size_t n_families,
                                bool is_ordered)
{
    g_assert_cmpuint(n_families, ==, dag->n_variables);
    for (size_t v = 0; v < n_families; v++) {
        g_assert_cmpuint(families[v].child, ==, v);
        g_assert_cmpuint(dag->families[v].n_parents, ==, families[v].n_parents);
        for (size_t p = 0; p < families[v].n_parents; p++) {
            g_assert_true(twin_dag_has_edge(dag, families[v].parents[p], v));
            g_assert_true(!is_ordered || dag->families[v].parents[p] == families[v].parents[p]);
        }
    }
}

static TwinDag learn(const Set *set, const char *kind)
{
    const TwinCounter counter = twin_rows_counter(set->rows);
    const char *most = strchr(kind, '-');
    const TwinSearchOptions options = {
        .score = twin_score_find("k2"),
        .tiers = set->tiers,
        .is_given = set->is_given,
        .max_parents = most != NULL ? (unsigned)g_ascii_strtoull(most + 1, NULL, 10) : 0,
        .n_threads = 1};
    TwinDag dag;
    g_assert_true(twin_hill_climb(&counter, &options, &dag, NULL));
    return dag;
}

/* Rows: set, kind, graph, score. */
static void check_file(const char *name, bool is_ordered)
{
    g_auto(GStrv) lines = read_lines(name);
    g_autofree char *last_set = NULL;
    g_autoptr(Set) set = g_new0(Set, 1);
    size_t n_checked = 0;
    for (size_t i = 1; lines[i] != NULL; i++, n_checked++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", 0);
        g_assert_cmpuint(g_strv_length(fields), ==, 4);
        if (g_strcmp0(last_set, fields[0]) != 0) {
            g_clear_pointer(&set, set_free);
            g_free(last_set);
            last_set = g_strdup(fields[0]);
            set = read_set(fields[0]);
        }
        TwinFamily families[TWIN_MAX_VARIABLES];
        const size_t n_families = read_graph(fields[2], families);
        const TwinCounter counter = twin_rows_counter(set->rows);
        const double expected = g_ascii_strtod(fields[3], NULL);
        g_assert_cmpfloat_with_epsilon(score_of(&counter, families, n_families), expected,
                                       1e-9 * fabs(expected) + 1e-12);
        if (g_str_has_prefix(fields[1], "network")) {
            const TwinDag dag = learn(set, fields[1]);
            assert_same_network(&dag, families, n_families, is_ordered);
        }
    }
    g_assert_cmpuint(n_checked, >=, 10);
}

static void test_numpy_scores_and_learns_the_same(void)
{
    check_file("bn_numpy.tsv", true);
}

static void test_weka_scores_and_learns_the_same(void)
{
    check_file("bn_weka.tsv", false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bn-reference/numpy-scores-and-learns-the-same",
                    test_numpy_scores_and_learns_the_same);
    g_test_add_func("/bn-reference/weka-scores-and-learns-the-same",
                    test_weka_scores_and_learns_the_same);
    return g_test_run();
}
