/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _XOPEN_SOURCE 700
#include <flowtwin/error.h>

#include "base/output.h"
#include "base/text_file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's own, and a path in it. */
typedef struct {
    char *folder;
    char *path;
} Box;

static void box_open(Box *box, const void *data)
{
    (void)data;
    box->folder = g_dir_make_tmp("flowtwin-output-XXXXXX", NULL);
    g_assert_nonnull(box->folder);
    box->path = g_build_filename(box->folder, "out", NULL);
}

static size_t count_files(const Box *box)
{
    g_autoptr(GDir) dir = g_dir_open(box->folder, 0, NULL);
    size_t n = 0;
    while (g_dir_read_name(dir) != NULL) {
        n++;
    }
    return n;
}

static void box_close(Box *box, const void *data)
{
    (void)data;
    g_autoptr(GDir) dir = g_dir_open(box->folder, 0, NULL);
    const char *name = NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(box->folder, name, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(box->folder), ==, 0);
    g_free(box->folder);
    g_free(box->path);
}

static TwinOutput *open_and_say(const char *path, bool may_exist, const char *text)
{
    g_autoptr(GError) error = NULL;
    TwinOutput *output = twin_output_open(path, NULL, 0, may_exist, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fputs(text, twin_output_stream(output)), >=, 0);
    return output;
}

static void assert_holds(const char *path, const char *text)
{
    g_autofree char *read = NULL;
    size_t n_bytes = 0;
    g_assert_true(twin_text_file_read(path, 1000, &read, &n_bytes, NULL));
    g_assert_cmpstr(read, ==, text);
}

static void test_a_file_appears_when_committed(Box *box, const void *data)
{
    (void)data;
    TwinOutput *output = open_and_say(box->path, false, "new");
    g_assert_false(g_file_test(box->path, G_FILE_TEST_EXISTS));
    g_assert_true(twin_output_finish(output, NULL));
    g_assert_false(g_file_test(box->path, G_FILE_TEST_EXISTS));
    g_assert_true(twin_output_commit(output, NULL));
    assert_holds(box->path, "new");
    g_assert_cmpuint(count_files(box), ==, 1);
}

static void test_a_commit_finishes(Box *box, const void *data)
{
    (void)data;
    g_assert_true(twin_output_commit(open_and_say(box->path, false, "new"), NULL));
    assert_holds(box->path, "new");
}

static void test_what_is_discarded_was_never_there(Box *box, const void *data)
{
    (void)data;
    twin_output_discard(open_and_say(box->path, false, "new"));
    TwinOutput *finished = open_and_say(box->path, false, "new");
    g_assert_true(twin_output_finish(finished, NULL));
    twin_output_discard(finished);
    twin_output_discard(NULL);
    g_assert_cmpuint(count_files(box), ==, 0);
}

static void test_a_file_is_replaced_only_where_it_may_be(Box *box, const void *data)
{
    (void)data;
    g_assert_true(g_file_set_contents(box->path, "old", -1, NULL));
    g_assert_cmpint(g_chmod(box->path, 0604), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_output_open(box->path, NULL, 0, false, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EXISTS);
    twin_output_discard(open_and_say(box->path, true, "new"));
    assert_holds(box->path, "old");
    g_assert_true(twin_output_commit(open_and_say(box->path, true, "new"), NULL));
    assert_holds(box->path, "new");
    struct stat status;
    g_assert_cmpint(stat(box->path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 07777, ==, 0604);
    g_assert_cmpuint(count_files(box), ==, 1);
}

static void test_a_link_stays_a_link(Box *box, const void *data)
{
    (void)data;
    g_autofree char *link = g_build_filename(box->folder, "link", NULL);
    g_assert_cmpint(symlink("out", link), ==, 0);
    g_assert_true(twin_output_commit(open_and_say(link, false, "one"), NULL)); /* to nothing yet */
    assert_holds(box->path, "one");
    g_assert_true(twin_output_commit(open_and_say(link, true, "two"), NULL));
    assert_holds(box->path, "two");
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpuint(count_files(box), ==, 2);
}

/* One file by whatever names. */
static void test_the_same_output_is_told(Box *box, const void *data)
{
    (void)data;
    g_autofree char *dotted = g_strdup_printf("%s/./out", box->folder);
    g_autofree char *link = g_build_filename(box->folder, "link", NULL);
    g_autofree char *other = g_build_filename(box->folder, "other", NULL);
    g_assert_cmpint(symlink("out", link), ==, 0);
    const struct {
        const char *path;
        bool is_same;
    } rows[] = {
        {box->path, true}, {dotted, true},       {link, true},
        {other, false},    {"/dev/null", false}, {"-", false},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(TwinOutput) first = open_and_say(box->path, false, "");
        g_autoptr(TwinOutput) second = open_and_say(rows[r].path, false, "");
        g_assert_cmpint(twin_output_is_same(first, second), ==, rows[r].is_same);
        g_assert_cmpint(twin_output_is_same(second, first), ==, rows[r].is_same);
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(twin_output_check(rows[r].path, box->path, NULL, 0, false, &error), ==,
                        !rows[r].is_same);
    }
    g_autoptr(TwinOutput) null = open_and_say("/dev/null", false, "");
    g_autoptr(TwinOutput) null_again = open_and_say("/dev/null", false, "");
    g_assert_false(twin_output_is_same(null, null_again)); /* a device takes anything */
}

static void test_an_input_is_no_output(Box *box, const void *data)
{
    (void)data;
    g_assert_true(g_file_set_contents(box->path, "old", -1, NULL));
    g_autofree char *hard = g_build_filename(box->folder, "hard", NULL);
    g_assert_cmpint(link(box->path, hard), ==, 0);
    const char *const inputs[] = {"/nonexistent", hard};
    for (unsigned n_inputs = 1; n_inputs <= 2; n_inputs++) {
        g_autoptr(GError) error = NULL;
        const bool is_good = twin_output_check(box->path, NULL, inputs, n_inputs, true, &error);
        g_assert_true(is_good == (n_inputs == 1));
        g_assert_true(g_error_matches(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT) != is_good);
    }
    assert_holds(box->path, "old");
}

/* /dev/full takes nothing: told at the end, whatever was written when. */
static void test_a_full_device(Box *box, const void *data)
{
    (void)data;
    for (size_t n_bytes = 1; n_bytes <= 1000000; n_bytes *= 10) {
        g_autofree char *text = g_strnfill((gsize)n_bytes, 'x');
        TwinOutput *output = twin_output_open("/dev/full", NULL, 0, false, NULL);
        (void)fputs(text, twin_output_stream(output));
        g_autoptr(GError) error = NULL;
        g_assert_false(twin_output_commit(output, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT);
        g_assert_cmpstr(error->message, ==, "/dev/full: not written: No space left on device");
    }
    g_assert_cmpuint(count_files(box), ==, 0);
}

static void test_paths_that_cannot_be(Box *box, const void *data)
{
    (void)data;
    g_autofree char *in_nothing = g_build_filename(box->folder, "none", "x", NULL);
    g_autofree char *loop = g_build_filename(box->folder, "loop", NULL);
    g_autofree char *long_name = g_strnfill(5000, 'x');
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    const char *const paths[] = {"", in_nothing, loop, long_name, box->folder, "/dev/null/x"};
    for (size_t p = 0; p < G_N_ELEMENTS(paths); p++) {
        g_autoptr(GError) checked = NULL;
        g_autoptr(GError) opened = NULL;
        g_assert_false(twin_output_check(paths[p], NULL, NULL, 0, true, &checked));
        g_assert_null(twin_output_open(paths[p], NULL, 0, true, &opened));
        g_assert_cmpstr(checked->message, ==, opened->message);
    }
}

static void test_texts_are_read_whole_up_to_a_bound(Box *box, const void *data)
{
    (void)data;
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autofree char *text = g_strnfill(sizes[s], 'y');
        g_assert_true(g_file_set_contents(box->path, text, -1, NULL));
        g_autofree char *read = NULL;
        size_t n_bytes = 0;
        g_assert_true(twin_text_file_read(box->path, sizes[s], &read, &n_bytes, NULL));
        g_assert_cmpuint(n_bytes, ==, sizes[s]);
        g_assert_cmpint(memcmp(read, text, n_bytes), ==, 0);
        g_assert_cmpint(read[n_bytes], ==, '\0');
        if (sizes[s] > 0) {
            g_autoptr(GError) error = NULL;
            g_autofree char *none = NULL;
            g_assert_false(twin_text_file_read(box->path, sizes[s] - 1, &none, &n_bytes, &error));
            g_assert_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE);
        }
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *none = NULL;
    size_t n_bytes = 0;
    g_assert_false(twin_text_file_read("/dev/zero", 100000, &none, &n_bytes, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE);
}

static void add(const char *name, void (*test)(Box *box, const void *data))
{
    g_test_add(name, Box, NULL, box_open, test, box_close);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/output/a-file-appears-when-committed", test_a_file_appears_when_committed);
    add("/output/a-commit-finishes", test_a_commit_finishes);
    add("/output/what-is-discarded-was-never-there", test_what_is_discarded_was_never_there);
    add("/output/a-file-is-replaced-only-where-it-may-be",
        test_a_file_is_replaced_only_where_it_may_be);
    add("/output/a-link-stays-a-link", test_a_link_stays_a_link);
    add("/output/the-same-output-is-told", test_the_same_output_is_told);
    add("/output/an-input-is-no-output", test_an_input_is_no_output);
    add("/output/a-full-device", test_a_full_device);
    add("/output/paths-that-cannot-be", test_paths_that_cannot_be);
    add("/text-file/texts-are-read-whole-up-to-a-bound", test_texts_are_read_whole_up_to_a_bound);
    return g_test_run();
}
