/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/split.h>

#include "frames.h"
#include "packet/capture.h"
#include "packet/frame_file.h"
#include "packet/tcp.h"

#include <glib/gstdio.h>
#include <string.h>

enum { N_HTTP = 10, N_SSH = 5, N_LONELY = 1, PACKETS_A_FLOW = 2 };

/* Flows of two packets: ten of HTTP, five of SSH, one of IRC. */
static char *write_flows(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, TRUE, sizeof(TwinTestPacket));
    for (unsigned f = 0; f < N_HTTP + N_SSH + N_LONELY; f++) {
        const uint16_t port = f < N_HTTP ? 80 : f < N_HTTP + N_SSH ? 22 : 6667;
        for (unsigned k = 0; k < PACKETS_A_FLOW; k++) {
            const TwinTestPacket packet = {
                .time_ns = (int64_t)(1000 * f + k + 1) * 1000000,
                .source_port = (uint16_t)(40000 + f),
                .destination_port = port,
                .flags = k == 0 ? TWIN_TCP_SYN : TWIN_TCP_ACK,
                .seq = 1 + k,
            };
            g_array_append_val(packets, packet);
        }
    }
    return twin_test_capture((const TwinTestPacket *)(const void *)packets->data, packets->len);
}

/* A prefix in a folder of its own; freed with remove_outputs(). */
static char *make_prefix(void)
{
    g_autofree char *folder = g_dir_make_tmp("flowtwin-split-XXXXXX", NULL);
    g_assert_nonnull(folder);
    return g_build_filename(folder, "x", NULL);
}

static void remove_outputs(char *prefix)
{
    static const char *const endings[] = {"train.pcap",  "holdout.pcap", "train.tsv",
                                          "holdout.tsv", "train.pcapng", "holdout.pcapng"};
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *path = g_strdup_printf("%s-%s", prefix, endings[i]);
        (void)g_remove(path);
    }
    g_autofree char *folder = g_path_get_dirname(prefix);
    g_assert_cmpint(g_rmdir(folder), ==, 0); /* and nothing else was left there */
    g_free(prefix);
}

static TwinFlows *read_half(const char *prefix, const char *half, bool with_labels)
{
    g_autofree char *capture = g_strdup_printf("%s-%s.pcap", prefix, half);
    g_autofree char *table = g_strdup_printf("%s-%s.tsv", prefix, half);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinLabels) labels = with_labels ? twin_labels_open(table, &error) : NULL;
    g_assert_no_error(error);
    const TwinFlowsOptions options = {.labels = labels};
    TwinFlows *flows = twin_flows_new(&options);
    const char *const paths[] = {capture};
    g_assert_true(twin_flows_read(flows, paths, 1, NULL, &error));
    g_assert_true(twin_flows_finish(flows, &error));
    g_assert_null(twin_flows_warnings(flows)[0]);
    return flows;
}

static size_t count_label(const TwinFlows *flows, const char *label)
{
    size_t n = 0;
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        n += strcmp(twin_flows_label(flows, twin_flows_flow(flows, f)->label), label) == 0;
    }
    return n;
}

static void test_every_label_is_split_by_its_share(void)
{
    char *capture = write_flows();
    char *prefix = make_prefix();
    TwinSplitOptions options = TWIN_SPLIT_OPTIONS_INIT;
    TwinSplitCounts counts;
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_split((const char *const *)&capture, 1, prefix, &options, &counts, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(counts.n_flows[0], ==, 8 + 4 + 1);
    g_assert_cmpuint(counts.n_flows[1], ==, 2 + 1);
    g_assert_cmpuint(counts.n_packets[1], ==, (size_t)(2 + 1) * PACKETS_A_FLOW);
    g_assert_cmpuint(counts.n_lonely, ==, 1);
    g_autoptr(TwinFlows) train = read_half(prefix, "train", true);
    g_autoptr(TwinFlows) holdout = read_half(prefix, "holdout", true);
    g_assert_cmpuint(count_label(train, "HTTP"), ==, 8);
    g_assert_cmpuint(count_label(train, "SSH"), ==, 4);
    g_assert_cmpuint(count_label(holdout, "HTTP"), ==, 2);
    g_assert_cmpuint(count_label(holdout, "SSH"), ==, 1);
    g_assert_cmpuint(twin_flows_n_flows(train), ==, 13);
    g_assert_cmpuint(twin_flows_n_flows(holdout), ==, 3);
    remove_outputs(prefix);
    twin_test_remove(capture);
}

static void test_shares_are_rounded_and_leave_something_on_both_sides(void)
{
    static const struct {
        double holdout;
        size_t n_out; /* of 10, 5 and 1 flows */
    } rows[] = {{0.25, 3 + 1}, {0.24, 2 + 1}, {0.01, 1 + 1}, {0.5, 5 + 3}, {0.99, 9 + 4}};
    char *capture = write_flows();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *prefix = make_prefix();
        TwinSplitOptions options = TWIN_SPLIT_OPTIONS_INIT;
        options.holdout = rows[i].holdout;
        TwinSplitCounts counts;
        g_assert_true(
            twin_split((const char *const *)&capture, 1, prefix, &options, &counts, NULL));
        g_assert_cmpuint(counts.n_flows[1], ==, rows[i].n_out);
        g_assert_cmpuint(counts.n_flows[0], ==, N_HTTP + N_SSH + N_LONELY - rows[i].n_out);
        remove_outputs(prefix);
    }
    twin_test_remove(capture);
}

static char *half_bytes(const char *capture, uint64_t seed, gsize *n_bytes)
{
    char *prefix = make_prefix();
    TwinSplitOptions options = TWIN_SPLIT_OPTIONS_INIT;
    options.seed = seed;
    options.holdout = 0.5;
    TwinSplitCounts counts;
    g_assert_true(twin_split(&capture, 1, prefix, &options, &counts, NULL));
    g_autofree char *path = g_strdup_printf("%s-holdout.pcap", prefix);
    char *bytes = NULL;
    g_assert_true(g_file_get_contents(path, &bytes, n_bytes, NULL));
    remove_outputs(prefix);
    return bytes;
}

static void test_the_seed_alone_says_which(void)
{
    char *capture = write_flows();
    gsize n_bytes[3];
    g_autofree char *first = half_bytes(capture, 7, &n_bytes[0]);
    g_autofree char *again = half_bytes(capture, 7, &n_bytes[1]);
    g_autofree char *other = half_bytes(capture, 8, &n_bytes[2]);
    g_assert_cmpmem(first, (int)n_bytes[0], again, (int)n_bytes[1]);
    g_assert_true(n_bytes[0] == n_bytes[2] && memcmp(first, other, n_bytes[0]) != 0);
    twin_test_remove(capture);
}

static void test_what_cannot_be_split_is_refused(void)
{
    static const struct {
        const char *path; /* NULL: a good capture */
        double holdout;
        TwinError code;
    } rows[] = {
        {NULL, 0, TWIN_ERROR_ARGUMENT},      {NULL, 1, TWIN_ERROR_ARGUMENT},
        {"-", 0.2, TWIN_ERROR_ARGUMENT},     {"/dev/null", 0.2, TWIN_ERROR_ARGUMENT},
        {"/nowhere", 0.2, TWIN_ERROR_INPUT},
    };
    char *capture = write_flows();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *prefix = make_prefix();
        const char *path = rows[i].path != NULL ? rows[i].path : capture;
        TwinSplitOptions options = TWIN_SPLIT_OPTIONS_INIT;
        options.holdout = rows[i].holdout;
        TwinSplitCounts counts;
        g_autoptr(GError) error = NULL;
        g_assert_false(twin_split(&path, 1, prefix, &options, &counts, &error));
        g_assert_error(error, TWIN_ERROR, (int)rows[i].code);
        remove_outputs(prefix);
    }
    twin_test_remove(capture);
}

static void test_frames_of_several_links_come_back(void)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5};
    static const uint32_t links[] = {101, 1, 113};
    char *path = twin_test_file("", 0);
    FILE *stream = g_fopen(path, "wb");
    TwinFrameFile *file = twin_frame_file_new(stream, links, G_N_ELEMENTS(links));
    for (uint32_t i = 0; i < 3; i++) {
        TwinFrame frame = twin_test_raw_frame(links[i], bytes, 3 + i);
        frame.time_ns = INT64_C(1234567890123456789) + i;
        frame.original_bytes = 1000 + i;
        g_assert_true(twin_frame_file_write(file, &frame));
    }
    TwinFrame foreign = twin_test_raw_frame(276, bytes, 3);
    g_assert_false(twin_frame_file_write(file, &foreign));
    twin_frame_file_free(file);
    g_assert_cmpint(fclose(stream), ==, 0);
    g_autoptr(TwinCapture) capture = twin_capture_open(path, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        TwinFrame frame;
        g_assert_cmpint((int)twin_capture_next(capture, &frame, NULL), ==, TWIN_CAPTURE_FRAME);
        g_assert_cmpuint(frame.link_type, ==, links[i]);
        g_assert_cmpint(frame.time_ns, ==, INT64_C(1234567890123456789) + i);
        g_assert_cmpuint(frame.original_bytes, ==, 1000 + i);
        g_assert_cmpmem(frame.bytes, (int)frame.captured_bytes, bytes, (int)(3 + i));
    }
    TwinFrame frame;
    g_assert_cmpint((int)twin_capture_next(capture, &frame, NULL), ==, TWIN_CAPTURE_END);
    g_assert_null(twin_capture_warning(capture));
    twin_test_remove(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/split/every-label-is-split-by-its-share",
                    test_every_label_is_split_by_its_share);
    g_test_add_func("/split/shares-are-rounded-and-leave-something-on-both-sides",
                    test_shares_are_rounded_and_leave_something_on_both_sides);
    g_test_add_func("/split/the-seed-alone-says-which", test_the_seed_alone_says_which);
    g_test_add_func("/split/what-cannot-be-split-is-refused", test_what_cannot_be_split_is_refused);
    g_test_add_func("/split/frames-of-several-links-come-back",
                    test_frames_of_several_links_come_back);
    return g_test_run();
}
