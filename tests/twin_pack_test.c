/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pack.h"
#include "model/model.h"
#include "model/twin_pack.h"
#include "small.h"

#include <glib.h>

/* A model of two hosts, of some small flows. */
static TwinModel *learn_small(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "twin";
    g_autoptr(GError) error = NULL;
    TwinModel *model = twin_model_learn(flows, &options, &error);
    g_assert_no_error(error);
    return model;
}

static TwinDesign *unpack(const GByteArray *bytes, size_t n_bytes, size_t n_donors)
{
    const char *what = NULL;
    TwinDesign *design = twin_design_unpack(bytes->data, n_bytes, n_donors, &what);
    g_assert_true((design == NULL) == (what != NULL));
    return design;
}

static void test_what_is_packed_comes_back(void)
{
    g_autoptr(TwinModel) model = learn_small();
    g_autoptr(GByteArray) bytes = twin_design_pack(model->twin);
    g_autoptr(TwinDesign) design = unpack(bytes, bytes->len, model->seeds.n_seeds);
    g_assert_nonnull(design);
    g_autoptr(GByteArray) again = twin_design_pack(design);
    g_assert_cmpmem(bytes->data, bytes->len, again->data, again->len);
}

static void test_each_part_that_is_cut_off_is_missed(void)
{
    g_autoptr(TwinModel) model = learn_small();
    g_autoptr(GByteArray) bytes = twin_design_pack(model->twin);
    for (size_t n = 0; n < bytes->len; n++) {
        g_assert_null(unpack(bytes, n, model->seeds.n_seeds));
    }
}

static void test_as_many_plans_as_seeds(void)
{
    g_autoptr(TwinModel) model = learn_small();
    g_autoptr(GByteArray) bytes = twin_design_pack(model->twin);
    g_assert_null(unpack(bytes, bytes->len, model->seeds.n_seeds + 1));
    g_assert_null(unpack(bytes, bytes->len, model->seeds.n_seeds - 1));
}

/* Whatever stands in the bytes, what is read is within its bounds. */
static void check_bounds(const TwinDesign *design)
{
    const TwinTables *tables = &design->tables;
    g_assert_cmpuint(tables->n_kinds, >=, 1);
    for (size_t r = 0; r < tables->outcome->n_rows; r++) {
        g_assert_cmpuint(tables->outcomes[r].kind, <=, tables->n_kinds);
        g_assert_true(tables->outcomes[r].odd == 0 || tables->outcomes[r].odd < tables->n_odd);
    }
    for (size_t n = 0; n < tables->outcome->n_nodes; n++) {
        g_assert_true(tables->outcome->nodes[n].left == 0 || tables->outcome->nodes[n].left > n);
        g_assert_cmpuint(tables->outcome->nodes[n].feature, <, TWIN_N_PARENTS);
    }
    for (size_t i = 0; i < design->donors.n_donors; i++) {
        const double *at = design->donors.donors[i].plan.hosts[0].at;
        g_assert_true(at[TWIN_PLAN_PACKETS] >= 0 && at[TWIN_PLAN_PACKETS] <= TWIN_MAX_PLAN_COUNT);
        g_assert_true(at[TWIN_PLAN_WRITES] <= at[TWIN_PLAN_DATA]);
    }
}

static void test_changed_bytes_stay_within_bounds(void)
{
    g_autoptr(TwinModel) model = learn_small();
    g_autoptr(GByteArray) bytes = twin_design_pack(model->twin);
    unsigned n_refused = 0;
    for (unsigned i = 0; i < 3000; i++) {
        const guint32 at = (guint32)g_test_rand_int_range(0, (gint32)bytes->len);
        const guint8 was = bytes->data[at];
        bytes->data[at] = (guint8)g_test_rand_int_range(0, 256);
        g_autoptr(TwinDesign) design = unpack(bytes, bytes->len, model->seeds.n_seeds);
        n_refused += design == NULL;
        if (design != NULL) {
            check_bounds(design);
        }
        bytes->data[at] = was;
    }
    g_assert_cmpuint(n_refused, >, 10);
}

static void test_courses(void)
{
    const uint64_t first = twin_course_add(twin_course_begin(), 0, 2, 0);
    const uint64_t other = twin_course_add(twin_course_begin(), 1, 2, 0);
    const uint64_t longer = twin_course_add(first, 1, 18, 0);
    g_assert_true(first != other && first != longer);
    const uint64_t courses[] = {first, other, first, longer};
    g_autoptr(TwinDesign) design = twin_design_new();
    twin_design_learn_courses(design, courses, G_N_ELEMENTS(courses));
    g_assert_false(twin_design_is_unique(design, first)); /* two flows went so */
    g_assert_true(twin_design_is_unique(design, other));
    g_assert_true(twin_design_is_unique(design, longer));
    g_assert_false(twin_design_is_unique(design, longer + 1));
}

static void test_numbers_keep_what_they_can(void)
{
    static const double values[] = {0, 1, -1, 63, 64, -65, 9007199254740991.0, 0.5, -9.25, 1e20};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        twin_pack_number(bytes, values[i]);
    }
    TwinCursor cursor = twin_cursor(bytes->data, bytes->len);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_assert_true(twin_unpack_number(&cursor) == twin_packed_number(values[i]));
        g_assert_true(values[i] == 1e20 || twin_packed_number(values[i]) == values[i]);
    }
    g_assert_cmpuint(cursor.left, ==, 0);
    g_assert_false(cursor.overrun);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/twin_pack/what-is-packed-comes-back", test_what_is_packed_comes_back);
    g_test_add_func("/twin_pack/each-part-that-is-cut-off-is-missed",
                    test_each_part_that_is_cut_off_is_missed);
    g_test_add_func("/twin_pack/as-many-plans-as-seeds", test_as_many_plans_as_seeds);
    g_test_add_func("/twin_pack/changed-bytes-stay-within-bounds",
                    test_changed_bytes_stay_within_bounds);
    g_test_add_func("/twin_pack/courses", test_courses);
    g_test_add_func("/twin_pack/numbers-keep-what-they-can", test_numbers_keep_what_they_can);
    return g_test_run();
}
