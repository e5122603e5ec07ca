/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/report.h>
#include <flowtwin/synthesise.h>

#include "eval/report.h"
#include "frames.h"
#include "packet/capture.h"
#include "packet/tcp.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

/*
 * Sanity: real flows pass for real, and whatever is wrong with the others is found by the measure
 * that is there for it. The flows are those of the capture that ships with the project, dealt into
 * three parts.
 */

enum { N_PARTS = 3, ETHERNET_BYTES = 14, IPV4_TTL = 8, MOST_FRAME_BYTES = 256 };

/* A captured frame of a flow. */
typedef struct {
    TwinFrame frame;
    uint8_t bytes[MOST_FRAME_BYTES];
    uint32_t flow;
    bool is_server;
} Kept;

/* The demo's IPv4 and IPv6 frames, flow after flow. */
typedef struct {
    TwinFlows *flows;
    Kept *frames; /* in order of the capture */
    size_t n_frames;
    size_t *first; /* of a flow's frames in of_flow */
    size_t *of_flow;
} Demo;

static TwinFlows *new_flows(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    return twin_flows_new(&options);
}

static void finish(TwinFlows *flows)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_flows_finish(flows, &error));
    g_assert_no_error(error);
}

static void read_demo(Demo *demo)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "data", "demo", "demo.pcap.gz", NULL);
    const char *const paths[] = {path};
    demo->flows = new_flows();
    g_assert_true(twin_flows_read(demo->flows, paths, 1, NULL, NULL));
    finish(demo->flows);
    const size_t n_flows = twin_flows_n_flows(demo->flows);
    demo->n_frames = twin_flows_counts(demo->flows)->frames;
    demo->frames = g_new0(Kept, demo->n_frames);
    g_autoptr(TwinCapture) capture = twin_capture_open(path, NULL);
    for (size_t i = 0; i < demo->n_frames; i++) {
        TwinFrame frame;
        g_assert_cmpint((int)twin_capture_next(capture, &frame, NULL), ==, TWIN_CAPTURE_FRAME);
        Kept *kept = &demo->frames[i];
        kept->frame = frame;
        g_assert_cmpuint(frame.captured_bytes, <=, MOST_FRAME_BYTES);
        memcpy(kept->bytes, frame.bytes, frame.captured_bytes);
        kept->flow = UINT32_MAX;
    }
    demo->first = g_new0(size_t, n_flows + 1);
    demo->of_flow = g_new0(size_t, demo->n_frames);
    for (size_t f = 0; f < n_flows; f++) {
        const TwinFlow *flow = twin_flows_flow(demo->flows, f);
        demo->first[f + 1] = demo->first[f] + flow->n_packets;
        for (uint32_t k = 0; k < flow->n_packets; k++) {
            const TwinPacket *packet = twin_flows_packet(demo->flows, flow, k);
            demo->of_flow[demo->first[f] + k] = packet->frame - 1;
            demo->frames[packet->frame - 1].flow = (uint32_t)f;
            demo->frames[packet->frame - 1].is_server = twin_flow_side(flow, packet) == 1;
        }
    }
}

static void clear_demo(Demo *demo)
{
    twin_flows_free(demo->flows);
    g_free(demo->frames);
    g_free(demo->first);
    g_free(demo->of_flow);
}

static void push(TwinFlows *flows, const Kept *kept, const char *label)
{
    TwinFrame frame = kept->frame;
    frame.bytes = kept->bytes;
    g_assert_true(twin_flows_push(flows, &frame, label, NULL));
}

/* Changes the frames of one flow, in order; @frames are copies. */
typedef void (*Change)(Kept *frames, size_t n);

/* The flows of one part, changed. */
static TwinFlows *part_of(const Demo *demo, unsigned part, Change change)
{
    TwinFlows *flows = new_flows();
    for (size_t f = part; f < twin_flows_n_flows(demo->flows); f += N_PARTS) {
        const size_t n = demo->first[f + 1] - demo->first[f];
        g_autofree Kept *frames = g_new(Kept, n);
        for (size_t k = 0; k < n; k++) {
            frames[k] = demo->frames[demo->of_flow[demo->first[f] + k]];
        }
        if (change != NULL) {
            change(frames, n);
        }
        const TwinFlow *flow = twin_flows_flow(demo->flows, f);
        for (size_t k = 0; k < n; k++) {
            push(flows, &frames[k], twin_flows_label(demo->flows, flow->label));
        }
    }
    finish(flows);
    return flows;
}

static TwinReport *judge(const TwinFlows *real, const TwinFlows *holdout,
                         const TwinFlows *synthetic, unsigned n_threads)
{
    TwinReportOptions options = TWIN_REPORT_OPTIONS_INIT;
    options.n_repeats = 1;
    options.n_threads = n_threads;
    g_autoptr(GError) error = NULL;
    TwinReport *report = twin_report_new(real, holdout, synthetic, &options, &error);
    g_assert_no_error(error);
    return report;
}

static TwinReport *judge_changed(const Demo *demo, Change change)
{
    g_autoptr(TwinFlows) real = part_of(demo, 0, NULL);
    g_autoptr(TwinFlows) holdout = part_of(demo, 1, NULL);
    g_autoptr(TwinFlows) synthetic = part_of(demo, 2, change);
    return judge(real, holdout, synthetic, 2);
}

/* A number of the report; it is there. */
static double value_of(const TwinReport *report, const char *table, const char *row,
                       const char *column)
{
    const TwinTable *found = twin_report_find(report, table);
    g_assert_nonnull(found);
    const TwinTableRow *line = twin_table_find(found, row);
    g_assert_nonnull(line);
    for (size_t c = 0; c < found->head->n_columns; c++) {
        if (strcmp(found->head->columns[c].id, column) == 0) {
            g_assert_true(line->cells[c].is_known);
            g_test_message("%s/%s/%s %.4f", table, row, column, line->cells[c].value);
            return line->cells[c].value;
        }
    }
    g_error("no column %s", column);
}

static const char *const views[] = {"statistics", "first_packets", "n_grams", "wire"};

static void test_real_flows_pass_for_real(const void *data)
{
    g_autoptr(TwinReport) report = judge_changed(data, NULL);
    for (size_t v = 0; v < G_N_ELEMENTS(views); v++) {
        g_assert_cmpfloat(value_of(report, "two_sample", views[v], "auc"), <, 0.58);
    }
    g_assert_true(g_str_has_prefix(g_ptr_array_index(report->verdict, 0), "No forest tells"));
    g_assert_cmpfloat(value_of(report, "transfer", "ratio", "tstr"), >, 0.95);
    g_assert_cmpfloat(value_of(report, "divergence", "gap", "excess"), <, 0.01);
    g_assert_cmpfloat(value_of(report, "checks", "termination", "gap"), <, 0.03);
    g_assert_cmpfloat(value_of(report, "memorisation", "membership_advantage", "synthetic"), <,
                      0.15);
    const double chance = value_of(report, "memorisation", "copies", "holdout");
    g_assert_cmpfloat(value_of(report, "memorisation", "copies", "synthetic"), <, chance + 0.06);
}

/* Gaps of a flow in another order: the distribution stays, their places do not. */
static void shuffle_times(Kept *frames, size_t n)
{
    g_autofree int64_t *gaps_ns = g_new(int64_t, n);
    for (size_t k = 1; k < n; k++) {
        gaps_ns[k] = frames[k].frame.time_ns - frames[k - 1].frame.time_ns;
    }
    for (size_t k = n - 1; k > 1; k--) {
        const size_t other = 1 + (k * 7919 + n) % k;
        const int64_t kept = gaps_ns[k];
        gaps_ns[k] = gaps_ns[other];
        gaps_ns[other] = kept;
    }
    for (size_t k = 1; k < n; k++) {
        frames[k].frame.time_ns = frames[k - 1].frame.time_ns + gaps_ns[k];
    }
}

static void test_shuffled_times_are_found(const void *data)
{
    g_autoptr(TwinReport) report = judge_changed(data, shuffle_times);
    const double real = value_of(report, "physics", "fast_ack", "holdout");
    g_assert_cmpfloat(value_of(report, "physics", "fast_ack", "synthetic"), >, real + 0.3);
    g_assert_cmpfloat(value_of(report, "two_sample", "first_packets", "auc"), >, 0.8);
    g_assert_cmpfloat(value_of(report, "two_sample", "n_grams", "auc"), <, 0.6); /* untouched */
    g_assert_cmpfloat(value_of(report, "divergence", "gap", "excess"), <, 0.01); /* blind to it */
}

/* Whatever answers is seen just after what it answers, whichever host is the far one. */
static void move_answers_ahead(Kept *frames, size_t n)
{
    int64_t moved_ns = 0;
    for (size_t k = 1; k < n; k++) {
        frames[k].frame.time_ns -= moved_ns;
        const int64_t early_ns = frames[k - 1].frame.time_ns + 20000;
        if (frames[k].is_server != frames[k - 1].is_server && k > 2 &&
            frames[k].frame.time_ns > early_ns) {
            moved_ns += frames[k].frame.time_ns - early_ns;
            frames[k].frame.time_ns = early_ns;
        }
    }
}

static void test_answers_ahead_of_their_cause_are_found(const void *data)
{
    g_autoptr(TwinReport) report = judge_changed(data, move_answers_ahead);
    g_assert_cmpfloat(value_of(report, "physics", "fast_ack", "synthetic"), >, 0.8);
    g_assert_cmpfloat(value_of(report, "physics", "fast_ack", "holdout"), <, 0.2);
    g_assert_cmpfloat(value_of(report, "physics", "fast_echo", "synthetic"), >, 0.8);
    g_assert_cmpfloat(value_of(report, "two_sample", "first_packets", "auc"), >, 0.8);
}

/* A hundred copies of a training flow, as connections of their own. */
static void test_a_flow_copied_is_found(const void *data)
{
    const Demo *demo = data;
    g_autoptr(TwinFlows) real = part_of(demo, 0, NULL);
    g_autoptr(TwinFlows) holdout = part_of(demo, 1, NULL);
    g_autoptr(TwinFlows) synthetic = new_flows();
    size_t longest = 0; /* of the training part: its sequence is nobody else's */
    for (size_t f = 0; f < twin_flows_n_flows(demo->flows); f += N_PARTS) {
        const TwinFlow *flow = twin_flows_flow(demo->flows, f);
        longest = flow->ip_version == 4 &&
                          flow->n_packets > twin_flows_flow(demo->flows, longest)->n_packets
                      ? f
                      : longest;
    }
    for (uint16_t copy = 0; copy < 100; copy++) {
        for (size_t i = demo->first[longest]; i < demo->first[longest + 1]; i++) {
            Kept kept = demo->frames[demo->of_flow[i]];
            kept.bytes[ETHERNET_BYTES + 14] = 100; /* 10.9.x.y becomes 10.9.100.copy, */
            kept.bytes[ETHERNET_BYTES + 18] = 101; /* the other end 10.9.101.copy */
            kept.bytes[ETHERNET_BYTES + 15] = (uint8_t)(kept.is_server ? 0 : copy);
            kept.bytes[ETHERNET_BYTES + 19] = (uint8_t)(kept.is_server ? copy : 0);
            if (kept.is_server) {
                kept.bytes[ETHERNET_BYTES + 14] = 101;
                kept.bytes[ETHERNET_BYTES + 18] = 100;
            }
            push(synthetic, &kept, "HTTP");
        }
    }
    finish(synthetic);
    g_assert_cmpuint(twin_flows_n_flows(synthetic), ==, 100);
    g_autoptr(TwinReport) report = judge(real, holdout, synthetic, 2);
    g_assert_cmpfloat(value_of(report, "memorisation", "copies", "synthetic"), ==, 1);
    g_assert_cmpfloat(value_of(report, "memorisation", "unique_copies", "synthetic"), ==, 1);
    g_assert_cmpfloat(value_of(report, "memorisation", "timed_repeats", "synthetic"), ==, 1);
    g_assert_cmpfloat(value_of(report, "memorisation", "timed_copies", "holdout"), <, 0.2);
    g_assert_cmpfloat(value_of(report, "two_sample", "statistics", "auc"), >, 0.95);
}

/* Another network: more hops away. */
static void move_away(Kept *frames, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (frames[k].bytes[12] == 0x08) {
            frames[k].bytes[ETHERNET_BYTES + IPV4_TTL] -= 9;
        }
    }
}

static void test_paper_from_another_network_is_found(const void *data)
{
    const Demo *demo = data;
    g_autoptr(TwinFlows) real = part_of(demo, 0, NULL);
    g_autoptr(TwinFlows) holdout = part_of(demo, 1, NULL);
    g_autoptr(TwinFlows) other = part_of(demo, 2, move_away);
    TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    learn.preset = "paper";
    g_autoptr(TwinModel) model = twin_model_learn(other, &learn, NULL);
    char *path = twin_test_file("", 0);
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.output = path;
    options.may_exist = true;
    TwinSynthesiseResult result;
    g_assert_true(twin_synthesise(model, &options, &result, NULL));
    g_autoptr(TwinFlows) synthetic = new_flows();
    g_assert_true(twin_flows_read(synthetic, (const char *const *)&path, 1, NULL, NULL));
    finish(synthetic);
    g_autoptr(TwinReport) report = judge(real, holdout, synthetic, 2);
    g_assert_cmpfloat(value_of(report, "divergence", "ttl", "excess"), >, 0.5);
    g_assert_cmpfloat(value_of(report, "two_sample", "wire", "auc"), >, 0.95);
    g_assert_cmpfloat(value_of(report, "two_sample", "n_grams", "auc"), >, 0.8);
    g_assert_cmpfloat(value_of(report, "physics", "fast_ack", "synthetic"), >, 0.5);
    g_assert_true(g_str_has_prefix(g_ptr_array_index(report->verdict, 0), "A forest tells"));
    twin_test_remove(path);
}

static void test_the_report_does_not_know_how_many_threads_there_were(const void *data)
{
    const Demo *demo = data;
    g_autoptr(TwinFlows) real = part_of(demo, 0, NULL);
    g_autoptr(TwinFlows) holdout = part_of(demo, 1, NULL);
    g_autoptr(TwinFlows) synthetic = part_of(demo, 2, shuffle_times);
    g_autofree char *first = NULL;
    static const unsigned n_threads[] = {1, 2, 5};
    for (size_t i = 0; i < G_N_ELEMENTS(n_threads); i++) {
        g_autoptr(TwinReport) report = judge(real, holdout, synthetic, n_threads[i]);
        g_autofree char *json = twin_report_json(report);
        if (first == NULL) {
            first = g_steal_pointer(&json);
        } else {
            g_assert_cmpstr(json, ==, first);
        }
    }
}

/* ---- bad input ---- */

/* The first @n flows of a part, all of one label where it is given. */
static TwinFlows *few_of(const Demo *demo, unsigned part, size_t n, const char *label)
{
    TwinFlows *flows = new_flows();
    for (size_t i = 0; i < n; i++) {
        const size_t f = part + i * N_PARTS;
        for (size_t k = demo->first[f]; k < demo->first[f + 1]; k++) {
            push(flows, &demo->frames[demo->of_flow[k]], label);
        }
    }
    finish(flows);
    return flows;
}

/* No NaN, no infinity, all of it readable; and the HTML loads and runs nothing. */
static void check_texts(const TwinReport *report)
{
    g_autofree char *text = twin_report_text(report);
    g_autofree char *json = twin_report_json(report);
    g_autofree char *html = twin_report_html(report);
    const char *const texts[] = {text, json, html};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_true(g_utf8_validate(texts[i], -1, NULL));
        g_assert_false(g_regex_match_simple("\\b(nan|inf)\\b", texts[i], G_REGEX_CASELESS, 0));
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, json, -1, &error));
    g_assert_no_error(error);
    static const char *const forbidden[] = {
        "<script", "http:", "https:", "src=", "url(", "@import"};
    for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        g_assert_null(strstr(html, forbidden[i]));
    }
}

static void test_what_cannot_be_judged_is_said(const void *data)
{
    static const struct {
        size_t n[N_PARTS];
        const char *labels[N_PARTS]; /* NULL: by port */
        const char *said;            /* in the text */
    } rows[] = {
        {{0, 0, 0}, {NULL}, "The synthetic set has no TCP flow"},
        {{0, 100, 100}, {NULL}, "The real set has no TCP flow"},
        {{100, 0, 100}, {NULL}, "The hold-out set has no TCP flow"},
        {{100, 100, 0}, {NULL}, "The synthetic set has no TCP flow"},
        {{1, 1, 1}, {NULL}, "Not judged"},
        {{4, 100, 100}, {NULL}, "Not judged"},
        {{100, 100, 100}, {"A", "A", "A"}, "there is one label only"},
        {{100, 100, 100}, {"A", "B", "C"}, "no label stands in both real sets"},
        {{100, 100, 100}, {NULL, NULL, "<b>&\"x"}, "No synthetic flow has a label that the real"},
        {{100, 100, 3}, {NULL}, "in synthetic"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TwinFlows *sets[N_PARTS];
        for (unsigned s = 0; s < N_PARTS; s++) {
            sets[s] = few_of(data, s, rows[i].n[s], rows[i].labels[s]);
        }
        g_autoptr(TwinReport) report = judge(sets[0], sets[1], sets[2], 2);
        check_texts(report);
        g_autofree char *text = twin_report_text(report);
        g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
        g_autofree char *one_line = g_strjoinv(" ", words);
        g_autofree char *single = g_strdup(one_line);
        g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);
        g_autofree char *plain = g_regex_replace_literal(blanks, single, -1, 0, " ", 0, NULL);
        g_test_message("row %zu: %s", i, rows[i].said);
        g_assert_nonnull(strstr(plain, rows[i].said));
        for (unsigned s = 0; s < N_PARTS; s++) {
            twin_flows_free(sets[s]);
        }
    }
}

static void test_the_texts_of_a_whole_report_can_be_read(const void *data)
{
    g_autoptr(TwinReport) report = judge_changed(data, NULL);
    check_texts(report);
    g_autofree char *html = twin_report_html(report);
    g_assert_nonnull(strstr(html, "<svg"));
    static const char *const words[] = {"@verdict@", "@tables@", "@by@"}; /* of the template */
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_assert_null(strstr(html, words[i]));
    }
}

static bool stop(const char *what, double fraction, void *data)
{
    (void)what;
    (void)fraction;
    return --*(int *)data > 0;
}

static void test_cancelling_ends_it(const void *data)
{
    const Demo *demo = data;
    g_autoptr(TwinFlows) flows = part_of(demo, 0, NULL);
    int n_reports = 2;
    const TwinProgress progress = {.report = stop, .data = &n_reports};
    TwinReportOptions options = TWIN_REPORT_OPTIONS_INIT;
    options.progress = &progress;
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_report_new(flows, flows, flows, &options, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    Demo demo = {.n_frames = 0};
    read_demo(&demo);
    static const struct {
        const char *path;
        void (*test)(const void *data);
    } tests[] = {
        {"/report/real-flows-pass-for-real", test_real_flows_pass_for_real},
        {"/report/shuffled-times-are-found", test_shuffled_times_are_found},
        {"/report/answers-ahead-of-their-cause-are-found",
         test_answers_ahead_of_their_cause_are_found},
        {"/report/a-flow-copied-is-found", test_a_flow_copied_is_found},
        {"/report/paper-from-another-network-is-found", test_paper_from_another_network_is_found},
        {"/report/it-does-not-know-how-many-threads-there-were",
         test_the_report_does_not_know_how_many_threads_there_were},
        {"/report/what-cannot-be-judged-is-said", test_what_cannot_be_judged_is_said},
        {"/report/its-texts-can-be-read", test_the_texts_of_a_whole_report_can_be_read},
        {"/report/cancelling-ends-it", test_cancelling_ends_it},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add_data_func(tests[i].path, &demo, tests[i].test);
    }
    const int status = g_test_run();
    clear_demo(&demo);
    return status;
}
