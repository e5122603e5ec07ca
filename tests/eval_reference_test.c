/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/divergence.h"
#include "eval/forest.h"

#include <math.h>
#include <string.h>

/* Of tests/reference/eval_sklearn.py. */
enum { ROWS = 1000, TRAIN = 700, CLASSES = 5, COLUMNS = 8, FOLDS = 5, SEEDS = 10, SCORED = 200 };

typedef struct {
    TwinMatrix matrix;
    uint32_t classes[ROWS];
    double scores[SCORED];
    uint32_t decided[SCORED];
} Rows;

static char **read_lines(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "reference", name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    g_assert_no_error(error);
    return g_strsplit(g_strchomp(text), "\n", -1);
}

static double reference(const char *name)
{
    g_auto(GStrv) lines = read_lines("eval_sklearn.tsv");
    for (size_t l = 0; lines[l] != NULL; l++) {
        g_auto(GStrv) fields = g_strsplit(lines[l], "\t", 2);
        if (strcmp(fields[0], name) == 0) {
            return g_ascii_strtod(fields[1], NULL);
        }
    }
    g_error("no reference %s", name);
}

static void read_rows(Rows *rows)
{
    g_auto(GStrv) lines = read_lines("eval_rows.tsv");
    g_assert_cmpuint(g_strv_length(lines), ==, ROWS);
    twin_matrix_init(&rows->matrix, ROWS, COLUMNS);
    for (size_t r = 0; r < ROWS; r++) {
        g_auto(GStrv) fields = g_strsplit(lines[r], "\t", -1);
        rows->classes[r] = (uint32_t)g_ascii_strtoull(fields[0], NULL, 10);
        for (size_t c = 0; c < COLUMNS; c++) {
            twin_matrix_row(&rows->matrix, r)[c] = (float)g_ascii_strtod(fields[1 + c], NULL);
        }
        if (r < SCORED) {
            rows->scores[r] = g_ascii_strtod(fields[1 + COLUMNS], NULL);
            rows->decided[r] = (uint32_t)g_ascii_strtoull(fields[2 + COLUMNS], NULL, 10);
        }
    }
}

static void test_a_forest_tells_labels_as_well_as_scikit_learns(void)
{
    Rows rows;
    read_rows(&rows);
    g_autoptr(TwinBinned) binned = twin_binned_new(&rows.matrix, 2);
    uint32_t order[ROWS];
    for (uint32_t r = 0; r < ROWS; r++) {
        order[r] = r;
    }
    double sum = 0;
    double mean_importances[COLUMNS] = {0};
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        const TwinForest forest = {.data = binned,
                                   .classes = rows.classes,
                                   .n_classes = CLASSES,
                                   .train = order,
                                   .n_train = TRAIN,
                                   .test = order + TRAIN,
                                   .n_test = ROWS - TRAIN,
                                   .n_trees = 100,
                                   .least_leaf = 1,
                                   .seed = seed,
                                   .n_threads = 2};
        double votes[(ROWS - TRAIN) * CLASSES];
        uint32_t decided[ROWS - TRAIN];
        double f1[CLASSES];
        double importances[COLUMNS];
        twin_forest_vote(&forest, votes, importances);
        for (size_t c = 0; c < COLUMNS; c++) {
            mean_importances[c] += importances[c] / SEEDS;
        }
        twin_forest_decide(&forest, votes, decided);
        twin_f1(rows.classes + TRAIN, decided, ROWS - TRAIN, CLASSES, f1);
        for (size_t c = 0; c < CLASSES; c++) {
            sum += f1[c] / CLASSES / SEEDS;
        }
    }
    g_test_message("macro-F1 %.4f, scikit-learn's %.4f", sum, reference("forest_macro_f1"));
    g_assert_cmpfloat(fabs(sum - reference("forest_macro_f1")), <, 0.02);
    for (size_t c = 0; c < COLUMNS; c++) {
        g_autofree char *name = g_strdup_printf("forest_importance_%zu", c);
        g_test_message("%s %.4f, scikit-learn's %.4f", name, mean_importances[c], reference(name));
        g_assert_cmpfloat(fabs(mean_importances[c] - reference(name)), <, 0.01);
    }
    twin_matrix_clear(&rows.matrix);
}

/* Mean AUC over folds and seeds for telling class @one from class 0. */
static double cross_validate(const Rows *rows, const TwinBinned *binned, uint32_t one)
{
    uint32_t classes[ROWS];
    uint32_t chosen[ROWS];
    size_t n = 0;
    for (uint32_t r = 0; r < ROWS; r++) {
        classes[r] = rows->classes[r] == one ? 1 : 0;
        if (rows->classes[r] == 0 || rows->classes[r] == one) {
            chosen[n++] = r;
        }
    }
    double sum = 0;
    for (unsigned run = 0; run < SEEDS * FOLDS; run++) {
        uint32_t parts[2][ROWS]; /* train, test */
        size_t n_of[2] = {0, 0};
        for (size_t i = 0; i < n; i++) {
            const size_t part = i % FOLDS == run % FOLDS ? 1 : 0;
            parts[part][n_of[part]++] = chosen[i];
        }
        const TwinForest forest = {.data = binned,
                                   .classes = classes,
                                   .n_classes = 2,
                                   .train = parts[0],
                                   .n_train = n_of[0],
                                   .test = parts[1],
                                   .n_test = n_of[1],
                                   .n_trees = 100,
                                   .least_leaf = 2,
                                   .seed = run,
                                   .n_threads = 2};
        double votes[2 * ROWS];
        double scores[ROWS];
        uint32_t wanted[ROWS];
        twin_forest_vote(&forest, votes, NULL);
        for (size_t i = 0; i < n_of[1]; i++) {
            scores[i] = votes[2 * i + 1];
            wanted[i] = classes[parts[1][i]];
        }
        sum += twin_auc(scores, wanted, n_of[1]) / (SEEDS * FOLDS);
    }
    return sum;
}

static void test_a_forest_tells_sides_as_well_as_scikit_learns(void)
{
    static const struct {
        const char *name;
        uint32_t class;
    } pairs[] = {{"forest_auc_0_1", 1}, {"forest_auc_0_3", 3}};
    Rows rows;
    read_rows(&rows);
    g_autoptr(TwinBinned) binned = twin_binned_new(&rows.matrix, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        const double auc = cross_validate(&rows, binned, pairs[i].class);
        g_test_message("AUC %.4f, scikit-learn's %.4f", auc, reference(pairs[i].name));
        g_assert_cmpfloat(fabs(auc - reference(pairs[i].name)), <, 0.02);
    }
    twin_matrix_clear(&rows.matrix);
}

static void test_scores_are_those_of_scikit_learn(void)
{
    Rows rows;
    read_rows(&rows);
    uint32_t is_one[SCORED];
    for (size_t i = 0; i < SCORED; i++) {
        is_one[i] = rows.classes[i] == 1 ? 1 : 0;
    }
    g_assert_cmpfloat(fabs(twin_auc(rows.scores, is_one, SCORED) - reference("scores_auc")), <,
                      1e-12);
    double f1[CLASSES];
    twin_f1(rows.classes, rows.decided, SCORED, CLASSES, f1);
    for (size_t c = 0; c < CLASSES; c++) {
        g_autofree char *name = g_strdup_printf("scores_f1_%zu", c);
        g_assert_cmpfloat(fabs(f1[c] - reference(name)), <, 1e-12);
    }
    twin_matrix_clear(&rows.matrix);
}

static size_t read_counts(const char *line, uint64_t counts_out[ROWS])
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
    size_t n = 0;
    for (; fields[n] != NULL; n++) {
        counts_out[n] = g_ascii_strtoull(fields[n], NULL, 10);
    }
    return n;
}

static void test_divergences_are_those_of_scipy(void)
{
    g_auto(GStrv) lines = read_lines("eval_counts.tsv");
    size_t n_pairs = 0;
    for (; lines[2 * n_pairs] != NULL; n_pairs++) {
        uint64_t a[ROWS];
        uint64_t b[ROWS];
        const size_t n_states = read_counts(lines[2 * n_pairs], a);
        g_assert_cmpuint(read_counts(lines[2 * n_pairs + 1], b), ==, n_states);
        g_autofree char *name = g_strdup_printf("divergence_%zu", n_pairs);
        g_assert_cmpfloat(fabs(twin_divergence(a, b, n_states) - reference(name)), <, 1e-9);
    }
    g_assert_cmpuint(n_pairs, >=, 10);
}

static void test_votes_do_not_know_how_many_threads_there_were(void)
{
    Rows rows;
    read_rows(&rows);
    g_autoptr(TwinBinned) binned = twin_binned_new(&rows.matrix, 3);
    uint32_t order[ROWS];
    for (uint32_t r = 0; r < ROWS; r++) {
        order[r] = r;
    }
    static double votes[3][ROWS * CLASSES];
    double importances[3][COLUMNS];
    static const unsigned n_threads[3] = {1, 2, 5};
    for (size_t t = 0; t < 3; t++) {
        const TwinForest forest = {.data = binned,
                                   .classes = rows.classes,
                                   .n_classes = CLASSES,
                                   .train = order,
                                   .n_train = TRAIN,
                                   .test = order,
                                   .n_test = ROWS,
                                   .n_trees = 30,
                                   .least_leaf = 1,
                                   .seed = 3,
                                   .n_threads = n_threads[t]};
        twin_forest_vote(&forest, votes[t], importances[t]);
        g_assert_cmpmem(votes[t], (int)sizeof votes[t], votes[0], (int)sizeof votes[0]);
        g_assert_cmpmem(importances[t], (int)sizeof importances[t], importances[0],
                        (int)sizeof importances[0]);
    }
    g_assert_cmpfloat(importances[0][4], ==, 0); /* the constant */
    g_assert_cmpfloat(importances[0][0], >, importances[0][5]);
    twin_matrix_clear(&rows.matrix);
}

static void test_what_cannot_be_scored_has_no_value(void)
{
    const double scores[2] = {0.1, 0.9};
    const uint32_t same[2] = {1, 1};
    const uint64_t some[2] = {1, 2};
    const uint64_t none[2] = {0, 0};
    g_assert_true(isnan(twin_auc(scores, same, 2)));
    g_assert_true(isnan(twin_auc(scores, same, 0)));
    g_assert_true(isnan(twin_divergence(some, none, 2)));
    g_assert_true(isnan(twin_divergence(some, some, 0)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eval/a-forest-tells-labels-as-well-as-scikit-learn's",
                    test_a_forest_tells_labels_as_well_as_scikit_learns);
    g_test_add_func("/eval/a-forest-tells-sides-as-well-as-scikit-learn's",
                    test_a_forest_tells_sides_as_well_as_scikit_learns);
    g_test_add_func("/eval/scores-are-those-of-scikit-learn",
                    test_scores_are_those_of_scikit_learn);
    g_test_add_func("/eval/divergences-are-those-of-scipy", test_divergences_are_those_of_scipy);
    g_test_add_func("/eval/votes-do-not-know-how-many-threads-there-were",
                    test_votes_do_not_know_how_many_threads_there_were);
    g_test_add_func("/eval/what-cannot-be-scored-has-no-value",
                    test_what_cannot_be_scored_has_no_value);
    return g_test_run();
}
