/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "frames.h"
#include "packet/capture_merge.h"

enum { MAX_CAPTURES = 3 };

/* Where a frame comes from, and when. */
typedef struct {
    size_t capture;
    int64_t time_ns;
} Step;

/* A capture with packets at these times (negative: no more). */
static char *capture_at(const int64_t *times_ns, size_t n_times)
{
    TwinTestPacket packets[8] = {0};
    size_t n_packets = 0;
    while (n_packets < n_times && times_ns[n_packets] >= 0) {
        packets[n_packets].time_ns = times_ns[n_packets];
        n_packets++;
    }
    return twin_test_capture(packets, n_packets);
}

static void assert_steps(const char *const *paths, size_t n_paths, const Step *steps,
                         size_t n_steps)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinCaptureMerge) merge = twin_capture_merge_open(paths, n_paths, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_capture_merge_n(merge), ==, n_paths);
    TwinFrame frame;
    const TwinCapture *capture = NULL;
    uint64_t n_given[MAX_CAPTURES] = {0};
    for (size_t i = 0; i < n_steps; i++) {
        g_assert_cmpint(twin_capture_merge_next(merge, &frame, &capture, &error), ==,
                        TWIN_CAPTURE_FRAME);
        g_assert_true(capture == twin_capture_merge_get(merge, steps[i].capture));
        g_assert_cmpint(frame.time_ns, ==, steps[i].time_ns);
        g_assert_cmpuint(twin_capture_n_frames(capture), ==, ++n_given[steps[i].capture]);
        g_assert_cmpuint(frame.bytes[12], ==, 8); /* still there: EtherType of IPv4 */
    }
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpint(twin_capture_merge_next(merge, &frame, &capture, &error), ==,
                        TWIN_CAPTURE_END);
    }
}

static void test_in_time_order(void)
{
    static const int64_t times[MAX_CAPTURES][5] = {
        {10, 20, 50, 50, -1}, /* equal times go to the capture named first */
        {5, 20, 30, 4, 60},   /* one whose clock was set back: what is behind comes at once */
        {20, 50, -1},
    };
    static const Step steps[] = {
        {1, 5}, {0, 10}, {0, 20}, {1, 20}, {2, 20}, {1, 30},
        {1, 4}, {0, 50}, {0, 50}, {2, 50}, {1, 60},
    };
    char *paths[MAX_CAPTURES];
    for (size_t i = 0; i < MAX_CAPTURES; i++) {
        paths[i] = capture_at(times[i], 5);
    }
    assert_steps((const char *const *)paths, MAX_CAPTURES, steps, G_N_ELEMENTS(steps));
    for (size_t i = 0; i < MAX_CAPTURES; i++) {
        twin_test_remove(paths[i]);
    }
}

static void test_one_alone_keeps_its_order(void)
{
    static const int64_t times[] = {30, 10, 20};
    static const Step steps[] = {{0, 30}, {0, 10}, {0, 20}};
    char *path = capture_at(times, G_N_ELEMENTS(times));
    assert_steps((const char *const *)&path, 1, steps, G_N_ELEMENTS(steps));
    twin_test_remove(path);
}

static void test_empty_captures(void)
{
    static const int64_t times[] = {30};
    static const Step steps[] = {{1, 30}};
    char *paths[] = {twin_test_capture(NULL, 0), capture_at(times, 1), twin_test_capture(NULL, 0)};
    assert_steps((const char *const *)paths, 3, steps, 1);
    assert_steps((const char *const *)paths, 1, NULL, 0);
    assert_steps(NULL, 0, NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        twin_test_remove(paths[i]);
    }
}

static void test_the_first_that_cannot_be_opened(void)
{
    char *path = twin_test_capture(NULL, 0);
    const char *const paths[] = {path, "/nowhere/a.pcap", "/nowhere/b.pcap"};
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_capture_merge_open(paths, G_N_ELEMENTS(paths), &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "/nowhere/a.pcap: "));
    twin_test_remove(path);
}

/* Many at once, against an obvious way: all times sorted. */
static void test_many(void)
{
    enum { N_CAPTURES = 40, N_PACKETS = 8 };
    char *paths[N_CAPTURES];
    for (size_t i = 0; i < N_CAPTURES; i++) {
        int64_t times[N_PACKETS];
        for (size_t k = 0; k < N_PACKETS; k++) {
            times[k] = (k > 0 ? times[k - 1] : 0) + g_test_rand_int_range(0, 4);
        }
        paths[i] = capture_at(times, N_PACKETS);
    }
    g_autoptr(TwinCaptureMerge) merge =
        twin_capture_merge_open((const char *const *)paths, N_CAPTURES, NULL);
    int64_t last_ns = 0;
    size_t last_capture = 0;
    for (size_t i = 0; i < (size_t)N_CAPTURES * N_PACKETS; i++) {
        TwinFrame frame;
        const TwinCapture *capture = NULL;
        g_assert_cmpint(twin_capture_merge_next(merge, &frame, &capture, NULL), ==,
                        TWIN_CAPTURE_FRAME);
        size_t from = 0;
        while (twin_capture_merge_get(merge, from) != capture) {
            from++;
        }
        g_assert_cmpint(frame.time_ns, >=, last_ns);
        g_assert_true(frame.time_ns > last_ns || from >= last_capture);
        last_ns = frame.time_ns;
        last_capture = from;
    }
    for (size_t i = 0; i < N_CAPTURES; i++) {
        g_assert_cmpuint(twin_capture_n_frames(twin_capture_merge_get(merge, i)), ==, N_PACKETS);
        twin_test_remove(paths[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture-merge/in-time-order", test_in_time_order);
    g_test_add_func("/capture-merge/one-alone-keeps-its-order", test_one_alone_keeps_its_order);
    g_test_add_func("/capture-merge/empty-captures", test_empty_captures);
    g_test_add_func("/capture-merge/the-first-that-cannot-be-opened",
                    test_the_first_that_cannot_be_opened);
    g_test_add_func("/capture-merge/many", test_many);
    return g_test_run();
}
