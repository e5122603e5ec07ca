/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/synthesise.h>

#include "base/text_file.h"
#include "packet/tcp.h"
#include "small.h"
#include "synth/plan.h"
#include "synth/sampler.h"

#include <glib/gstdio.h>
#include <string.h>

enum { MANY_FLOWS = 400 };

static TwinSeed *seed_of(TwinModel *model, size_t index)
{
    return &model->seeds.seeds[index];
}

/* All packets of one drawn flow. */
static GArray *draw_flow(const TwinSampler *sampler, const TwinSeed *seed, uint64_t random_seed,
                         uint64_t flow_index)
{
    GArray *packets = g_array_new(FALSE, TRUE, sizeof(TwinDrawnPacket));
    TwinSampling sampling;
    twin_sampler_begin(sampler, &sampling, seed, random_seed, flow_index);
    TwinDrawnPacket packet;
    do {
        memset(&packet, 0, sizeof packet);
        packet = twin_sampler_next(sampler, &sampling);
        g_array_append_val(packets, packet);
        g_assert_cmpuint(packets->len, <=, 100000);
    } while (!packet.is_last);
    return packets;
}

static bool is_same_packet(const TwinDrawnPacket *a, const TwinDrawnPacket *b)
{
    return a->iat_ns == b->iat_ns && a->payload_bytes == b->payload_bytes && a->flags == b->flags &&
           a->side == b->side && a->is_last == b->is_last;
}

static bool are_same(const GArray *a, const GArray *b)
{
    bool is_same = a->len == b->len;
    for (guint k = 0; is_same && k < a->len; k++) {
        is_same = is_same_packet(&g_array_index(a, TwinDrawnPacket, k),
                                 &g_array_index(b, TwinDrawnPacket, k));
    }
    return is_same;
}

/* Every value drawn is one that was learned from. */
static void test_values_are_training_values(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinSampler) sampler = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    static const uint16_t flags[] = {TWIN_TCP_SYN, TWIN_TCP_SYN | TWIN_TCP_ACK, TWIN_TCP_ACK,
                                     TWIN_TCP_PSH | TWIN_TCP_ACK, TWIN_TCP_FIN | TWIN_TCP_ACK};
    for (size_t f = 0; f < MANY_FLOWS; f++) {
        g_autoptr(GArray) packets = draw_flow(sampler, seed_of(model, f % 12), 1, f);
        for (guint k = 0; k < packets->len; k++) {
            const TwinDrawnPacket *packet = &g_array_index(packets, TwinDrawnPacket, k);
            bool is_known = false;
            for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
                is_known |= packet->flags == flags[i];
            }
            g_assert_true(is_known);
            g_assert_true(packet->payload_bytes == 0 || packet->payload_bytes == 100 ||
                          packet->payload_bytes == 1000);
            g_assert_cmpint(packet->iat_ns, ==, k == 0 ? 0 : 1000000);
            g_assert_cmpuint(packet->side, <=, 1);
            g_assert_cmpint(packet->is_last, ==, k + 1 == packets->len);
        }
        const TwinDrawnPacket *first = &g_array_index(packets, TwinDrawnPacket, 0);
        g_assert_cmpuint(first->flags, ==, TWIN_TCP_SYN); /* all flows began so */
        g_assert_cmpuint(first->side, ==, 0);
        g_assert_cmpuint(packets->len, <=, 18); /* the longest that was seen */
    }
}

/* A flow is a function of seed and number, whatever was drawn before. */
static void test_flows_do_not_depend_on_each_other(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinSampler) sampler = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    g_autoptr(GArray) first = draw_flow(sampler, seed_of(model, 3), 9, 1000);
    unsigned n_same = 0;
    unsigned n_same_as_first = 0;
    for (size_t f = 0; f < 50; f++) {
        g_autoptr(GArray) one = draw_flow(sampler, seed_of(model, 3), 9, f);
        g_autoptr(GArray) other = draw_flow(sampler, seed_of(model, 3), 10, f);
        n_same += are_same(one, other) ? 1 : 0;
        n_same_as_first += are_same(one, first) ? 1 : 0;
    }
    g_autoptr(GArray) again = draw_flow(sampler, seed_of(model, 3), 9, 1000);
    g_assert_true(are_same(first, again));
    g_assert_cmpuint(n_same, <, 45); /* flows of so small a model are often alike */
    g_assert_cmpuint(n_same_as_first, <, 45);
}

static void test_first_packets_by_the_seed_are_the_seeds(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    TwinSeed *seed = seed_of(model, 0);
    seed->first_payload_bytes = 777;
    seed->first_flags = TWIN_TCP_RST;
    seed->first_side = 1;
    g_autoptr(TwinSampler) by_seed = twin_sampler_new(model, TWIN_FIRST_PACKET_SEED);
    g_autoptr(TwinSampler) by_network = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    g_autoptr(GArray) first = draw_flow(by_seed, seed, 1, 0);
    g_autoptr(GArray) second = draw_flow(by_network, seed, 1, 0);
    const TwinDrawnPacket *packet = &g_array_index(first, TwinDrawnPacket, 0);
    g_assert_cmpuint(packet->payload_bytes, ==, 777);
    g_assert_cmpuint(packet->flags, ==, TWIN_TCP_RST);
    g_assert_cmpuint(packet->side, ==, 1);
    g_assert_cmpuint(g_array_index(second, TwinDrawnPacket, 0).flags, ==, TWIN_TCP_SYN);
}

static void test_a_flow_is_no_longer_than_its_labels_longest(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    model->labels[0].longest = 4;
    model->labels[1].longest = 0; /* as a file may say */
    g_autoptr(TwinSampler) sampler = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    unsigned n_bounded = 0;
    for (size_t f = 0; f < MANY_FLOWS; f++) {
        const TwinSeed *seed = seed_of(model, f % 12);
        g_autoptr(GArray) packets = draw_flow(sampler, seed, 1, f);
        const TwinDrawnPacket *last = &g_array_index(packets, TwinDrawnPacket, packets->len - 1);
        n_bounded += last->is_bounded ? 1 : 0;
        g_assert_cmpuint(packets->len, <=, seed->label == 0 ? 4 : seed->label == 1 ? 1 : 18);
    }
    g_assert_cmpuint(n_bounded, >, MANY_FLOWS / 3);
}

/* No network of followers: flows of one packet. */
static void test_flows_of_one_packet(void)
{
    const TwinTestPacket packet = {.flags = TWIN_TCP_SYN, .time_ns = 5};
    g_autoptr(TwinFlows) flows = twin_test_flows(&packet, 1, NULL);
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "paper";
    g_autoptr(TwinModel) model = twin_model_learn(flows, &options, NULL);
    g_autoptr(TwinSampler) sampler = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    g_autoptr(GArray) packets = draw_flow(sampler, seed_of(model, 0), 1, 0);
    g_assert_cmpuint(packets->len, ==, 1);
}

/* ---- whole captures ---- */

/* An output of the test's own; removed with what it names. */
typedef struct {
    char *folder;
    char *path;
} Box;

static void box_open(Box *box, const void *data)
{
    (void)data;
    box->folder = g_dir_make_tmp("flowtwin-synth-XXXXXX", NULL);
    box->path = g_build_filename(box->folder, "out.pcap", NULL);
}

static void box_close(Box *box, const void *data)
{
    (void)data;
    (void)g_unlink(box->path);
    g_assert_cmpint(g_rmdir(box->folder), ==, 0); /* nothing else was left */
    g_free(box->folder);
    g_free(box->path);
}

static void write_capture(const Box *box, const TwinModel *model, TwinSynthesiseOptions *options,
                          TwinSynthesiseResult *result)
{
    options->output = box->path;
    options->may_exist = true;
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_synthesise(model, options, result, &error));
    g_assert_no_error(error);
}

static TwinFlows *read_capture(const Box *box)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    TwinFlows *flows = twin_flows_new(&options);
    const char *const paths[] = {box->path};
    g_assert_true(twin_flows_read(flows, paths, 1, NULL, NULL));
    g_assert_true(twin_flows_finish(flows, NULL));
    return flows;
}

static void test_what_is_told_was_made(Box *box, const void *data)
{
    (void)data;
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    for (int payload = TWIN_PAYLOAD_NONE; payload <= TWIN_PAYLOAD_RANDOM; payload++) {
        TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
        TwinSynthesiseResult result;
        options.n_flows = MANY_FLOWS;
        options.payload = (TwinPayload)payload;
        write_capture(box, model, &options, &result);
        g_autoptr(TwinFlows) flows = read_capture(box);
        g_assert_cmpuint(result.n_flows, ==, MANY_FLOWS);
        g_assert_cmpuint(twin_flows_n_flows(flows), ==, MANY_FLOWS);
        g_assert_cmpuint(twin_flows_counts(flows)->frames, ==, result.n_packets);
        g_assert_cmpuint(twin_flows_counts(flows)->tcp, ==, result.n_packets);
        g_assert_cmpint(twin_flows_flow(flows, 0)->start_ns, ==, result.first_ns);
        g_assert_cmpint(twin_flows_last_ns(flows), ==, result.last_ns);
        g_assert_null(twin_flows_warnings(flows)[0]);
    }
}

/* Each flow of the capture is what the sampler draws for its number, through one session. */
static void test_packets_are_those_that_were_drawn(Box *box, const void *data)
{
    (void)data;
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    TwinSynthesiseResult result;
    options.n_flows = MANY_FLOWS;
    options.seed = 77;
    write_capture(box, model, &options, &result);
    g_autoptr(TwinFlows) flows = read_capture(box);
    g_autoptr(TwinSampler) sampler = twin_sampler_new(model, TWIN_FIRST_PACKET_NETWORK);
    TwinPlan plan;
    g_assert_true(twin_plan_make(&plan, model, &options, NULL));
    for (size_t f = 0; f < MANY_FLOWS; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        const TwinSeed *seed = &plan.seeds->seeds[plan.flows[f].seed];
        g_autoptr(GArray) drawn = draw_flow(sampler, seed, 77, f);
        g_assert_cmpuint(flow->n_packets, ==, drawn->len);
        int64_t time_ns = plan.flows[f].start_ns + model->seeds.start_ns;
        for (guint k = 0; k < drawn->len; k++) {
            const TwinDrawnPacket *packet = &g_array_index(drawn, TwinDrawnPacket, k);
            const TwinPacket *read = twin_flows_packet(flows, flow, k);
            time_ns += packet->iat_ns;
            g_assert_cmpint(read->time_ns, ==, time_ns);
            g_assert_cmpuint(read->flags, ==, packet->flags);
            g_assert_cmpuint(read->payload_bytes, ==, packet->payload_bytes);
            g_assert_cmpuint(read->ttl, ==, packet->side == 0 ? 64 : 57);
        }
    }
    twin_plan_clear(&plan);
}

static bool stop_at(const char *what, double fraction, void *data)
{
    (void)what;
    (void)fraction;
    unsigned *n_left = data;
    return (*n_left)-- > 0;
}

static void test_writing_can_be_stopped(Box *box, const void *data)
{
    (void)data;
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    for (unsigned n = 0; n < 3; n++) {
        unsigned n_left = n;
        const TwinProgress progress = {.report = stop_at, .data = &n_left};
        TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
        options.n_flows = 10000;
        options.output = box->path;
        options.progress = &progress;
        TwinSynthesiseResult result;
        g_autoptr(GError) error = NULL;
        g_assert_false(twin_synthesise(model, &options, &result, &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED);
        g_assert_false(g_file_test(box->path, G_FILE_TEST_EXISTS));
    }
}

/* Flows that start at the end of what a pcap file can say. */
static void test_times_end_where_the_format_ends(Box *box, const void *data)
{
    (void)data;
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    model->seeds.start_ns = TWIN_LATEST_START_NS;
    for (size_t s = 0; s < model->seeds.n_seeds; s++) {
        model->seeds.seeds[s].start_ns = TWIN_LONGEST_CAPTURE_NS;
    }
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    TwinSynthesiseResult result;
    options.n_flows = 1000;
    write_capture(box, model, &options, &result);
    g_assert_cmpint(result.last_ns, <=, INT64_C(4294967296) * 1000000000);
    g_autoptr(TwinFlows) flows = read_capture(box);
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 1000);
}

/* Labels may be of any length; what a comment cannot hold it does not. */
static void test_a_long_label(Box *box, const void *data)
{
    (void)data;
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_free(model->labels[0].name);
    model->labels[0].name = g_strnfill(200000, 'L');
    g_autofree char *path = g_strdup_printf("%sng", box->path);
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    TwinSynthesiseResult result;
    options.output = path;
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_synthesise(model, &options, &result, &error));
    const Box inner = {.folder = box->folder, .path = path};
    g_autoptr(TwinFlows) flows = read_capture(&inner);
    g_assert_cmpuint(twin_flows_n_flows(flows), ==, 12);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void add(const char *name, void (*test)(Box *box, const void *data))
{
    g_test_add(name, Box, NULL, box_open, test, box_close);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sampler/values-are-training-values", test_values_are_training_values);
    g_test_add_func("/sampler/flows-do-not-depend-on-each-other",
                    test_flows_do_not_depend_on_each_other);
    g_test_add_func("/sampler/first-packets-by-the-seed-are-the-seeds",
                    test_first_packets_by_the_seed_are_the_seeds);
    g_test_add_func("/sampler/a-flow-is-no-longer-than-its-labels-longest",
                    test_a_flow_is_no_longer_than_its_labels_longest);
    g_test_add_func("/sampler/flows-of-one-packet", test_flows_of_one_packet);
    add("/synthesise/what-is-told-was-made", test_what_is_told_was_made);
    add("/synthesise/packets-are-those-that-were-drawn", test_packets_are_those_that_were_drawn);
    add("/synthesise/writing-can-be-stopped", test_writing_can_be_stopped);
    add("/synthesise/times-end-where-the-format-ends", test_times_end_where_the_format_ends);
    add("/synthesise/a-long-label", test_a_long_label);
    return g_test_run();
}
