/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "model/feature.h"
#include "model/model_file.h"
#include "packet/tcp.h"
#include "small.h"

#include <string.h>

/* The column of that node's in one of the model's networks. */
static const TwinColumn *column_of(const TwinModelNetwork *network, const TwinColumns *rows,
                                   const char *node)
{
    for (size_t n = 0; n < network->n_nodes; n++) {
        if (strcmp(network->design->nodes[n], node) == 0) {
            return &rows->columns[n];
        }
    }
    g_assert_not_reached();
}

static uint8_t state_of(const TwinModel *model, const char *node, int64_t value)
{
    return twin_coding_state(&model->codings[twin_model_coding(model, node)], value);
}

/* What a row of the followers' network must say of packet @k of its flow. */
static void assert_row(const TwinModel *model, const TwinColumns *rows, size_t row,
                       const TwinFlows *flows, const TwinFlow *flow, uint32_t k)
{
    const TwinPacket *packet = twin_flows_packet(flows, flow, k);
    const TwinPacket *before = twin_flows_packet(flows, flow, k - 1);
    const int64_t before_iat_ns =
        k > 1 ? before->time_ns - twin_flows_packet(flows, flow, k - 2)->time_ns : 0;
    const struct {
        const char *node;
        const char *coded;
        int64_t value;
    } expected[] = {
        {"payload", "payload", packet->payload_bytes},
        {"iat", "iat", packet->time_ns - before->time_ns},
        {"direction", "direction", twin_flow_side(flow, packet)},
        {"flags", "flags", packet->flags},
        {"end", "end", k + 1 == flow->n_packets},
        {"previous_payload", "payload", before->payload_bytes},
        {"previous_iat", "iat", before_iat_ns},
        {"previous_direction", "direction", twin_flow_side(flow, before)},
        {"previous_flags", "flags", before->flags},
        {"index", "index", k},
        {"label", "label", flow->label},
    };
    for (size_t e = 0; e < G_N_ELEMENTS(expected); e++) {
        const TwinColumn *column = column_of(&model->networks[1], rows, expected[e].node);
        g_assert_cmpuint(column->states[row], ==,
                         state_of(model, expected[e].coded, expected[e].value));
    }
}

static void test_rows_say_what_the_packets_say(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    for (unsigned n_threads = 1; n_threads <= 3; n_threads++) {
        g_autoptr(TwinModel) model = twin_model_new(twin_preset_find("paper"));
        for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
            model->n_packets += twin_flows_flow(flows, f)->n_packets;
        }
        TwinColumns rows[TWIN_N_NETWORKS] = {{.n_columns = 0}};
        g_assert_true(twin_features_learn(model, flows, n_threads, rows, NULL));
        g_assert_cmpuint(rows[0].n_rows, ==, 12);
        g_assert_cmpuint(rows[1].n_rows, ==, model->n_packets - 12);
        size_t row = 0;
        for (size_t f = 0; f < 12; f++) {
            const TwinFlow *flow = twin_flows_flow(flows, f);
            const TwinColumn *label = column_of(&model->networks[0], &rows[0], "label");
            const TwinColumn *flags = column_of(&model->networks[0], &rows[0], "flags");
            g_assert_cmpuint(label->states[f], ==, state_of(model, "label", flow->label));
            g_assert_cmpuint(flags->states[f], ==, state_of(model, "flags", TWIN_TCP_SYN));
            for (uint32_t k = 1; k < flow->n_packets; k++) {
                assert_row(model, &rows[1], row++, flows, flow, k);
            }
        }
        for (size_t n = 0; n < TWIN_N_NETWORKS; n++) {
            twin_columns_clear(&rows[n]);
        }
    }
}

static TwinModel *learn(const TwinFlows *flows, unsigned n_threads)
{
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "paper";
    options.n_threads = n_threads;
    g_autoptr(GError) error = NULL;
    TwinModel *model = twin_model_learn(flows, &options, &error);
    g_assert_no_error(error);
    return model;
}

static TwinFlows *flows_of(GArray *packets)
{
    return twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
}

/* Flows of one packet each: first packets alone are learned. */
static void test_no_flow_has_a_second_packet(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    for (unsigned n = 0; n < 5; n++) {
        const TwinTestPacket packet = {
            .time_ns = n, .source_port = (uint16_t)(100 + n), .flags = TWIN_TCP_SYN};
        g_array_append_val(packets, packet);
    }
    g_autoptr(TwinFlows) flows = flows_of(packets);
    g_autoptr(TwinModel) model = learn(flows, 2);
    g_assert_nonnull(model->networks[0].network);
    g_assert_null(model->networks[1].network);
}

/* One flow with a second packet is enough for the other network. */
static void test_one_follower(void)
{
    const TwinTestPacket packets[] = {
        {.time_ns = 1, .flags = TWIN_TCP_SYN},
        {.time_ns = 2, .source_port = 99, .flags = TWIN_TCP_SYN},
        {.time_ns = 3, .flags = TWIN_TCP_SYN},
    };
    g_autoptr(TwinFlows) flows = twin_test_flows(packets, G_N_ELEMENTS(packets), NULL);
    g_autoptr(TwinModel) model = learn(flows, 1);
    g_assert_nonnull(model->networks[1].network);
}

/* More labels than a byte tells apart: the rare ones share a state, each keeps its name. */
static void test_more_labels_than_states(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    for (unsigned n = 0; n < 400; n++) {
        const TwinTestPacket packet = {
            .time_ns = n, .source_port = (uint16_t)(100 + n), .flags = TWIN_TCP_SYN};
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packet, bytes);
        g_autofree char *label = g_strdup_printf("L%u", n);
        g_assert_true(twin_flows_push(flows, &frame, label, NULL));
    }
    g_assert_true(twin_flows_finish(flows, NULL));
    g_autoptr(TwinModel) model = learn(flows, 1);
    g_assert_cmpuint(model->n_labels, ==, 400);
    g_assert_cmpuint(twin_coding_n_states(&model->codings[twin_model_coding(model, "label")]), ==,
                     TWIN_MAX_STATES);
    g_autofree char *text = twin_model_to_json(model);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) again = twin_model_of_json(text, strlen(text), "x", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(again->n_labels, ==, 400);
}

/* A fuzzer's flags: more values than a byte tells apart. */
static void test_any_flags(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    for (unsigned n = 0; n < 4096; n++) {
        const TwinTestPacket packet = {
            .time_ns = n, .seq = n, .flags = (uint16_t)n, .source_port = (uint16_t)(100 + n % 50)};
        g_array_append_val(packets, packet);
    }
    g_autoptr(TwinFlows) flows = flows_of(packets);
    g_autoptr(TwinModel) one = learn(flows, 1);
    g_autoptr(TwinModel) three = learn(flows, 3);
    const TwinCoding *flags = &one->codings[twin_model_coding(one, "flags")];
    g_assert_cmpuint(twin_coding_n_states(flags), ==, TWIN_MAX_STATES);
    g_autofree char *text = twin_model_to_json(one);
    g_autofree char *other = twin_model_to_json(three);
    g_assert_cmpstr(text, ==, other);
}

static void test_labels_are_counted(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_ANONYMOUS);
    static const char *const names[] = {"HTTP", "TLS", "SMTP"};
    g_assert_cmpuint(model->n_labels, ==, 3);
    for (size_t l = 0; l < 3; l++) {
        g_assert_cmpstr(model->labels[l].name, ==, names[l]);
        g_assert_cmpuint(model->labels[l].n_flows, ==, 4);
        g_assert_cmpuint(model->labels[l].longest, ==, 6 + 3 * 4); /* four requests */
    }
    g_assert_cmpuint(model->n_flows, ==, 12);
    g_assert_cmpuint(model->n_packets, ==, 12 * 6 + 3 * 30);
}

static void test_real_addresses_stay_where_asked_for(void)
{
    g_autoptr(TwinModel) kept = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinModel) anonymous = twin_test_small_model(TWIN_ADDRESSES_ANONYMOUS);
    g_autofree char *kept_text = twin_model_to_json(kept);
    g_autofree char *text = twin_model_to_json(anonymous);
    static const char *const real[] = {"10.0.0.", "10.9.0.", "fd00::", "\"02000000000"};
    for (size_t r = 0; r < 3; r++) {
        g_assert_nonnull(strstr(kept_text, real[r]));
        g_assert_null(strstr(text, real[r]));
    }
}

static void test_nothing_to_learn_from(void)
{
    const TwinFlowsOptions flow_options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) flows = twin_flows_new(&flow_options);
    g_assert_true(twin_flows_finish(flows, NULL));
    const TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_model_learn(flows, &options, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY);
}

static void test_an_unknown_preset(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "oracle";
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_model_learn(flows, &options, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT);
}

/* Says stop at the call that is counted down to. */
static bool stop_after(const char *what, double fraction, void *data)
{
    g_assert_nonnull(what);
    g_assert_cmpfloat(fraction, <=, 1);
    unsigned *n_left = data;
    return (*n_left)-- > 0;
}

static void test_learning_can_be_stopped_wherever_it_tells(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    bool is_done = false;
    unsigned n_stopped = 0;
    for (; !is_done && n_stopped < 10000; n_stopped += is_done ? 0 : 1) {
        unsigned n_left = n_stopped;
        const TwinProgress progress = {.report = stop_after, .data = &n_left};
        TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
        options.preset = "paper";
        options.progress = &progress;
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinModel) model = twin_model_learn(flows, &options, &error);
        is_done = model != NULL;
        g_assert_true(is_done || g_error_matches(error, TWIN_ERROR, TWIN_ERROR_CANCELLED));
    }
    g_assert_true(is_done);
    g_assert_cmpuint(n_stopped, >=, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/learn/rows-say-what-the-packets-say", test_rows_say_what_the_packets_say);
    g_test_add_func("/learn/no-flow-has-a-second-packet", test_no_flow_has_a_second_packet);
    g_test_add_func("/learn/one-follower", test_one_follower);
    g_test_add_func("/learn/more-labels-than-states", test_more_labels_than_states);
    g_test_add_func("/learn/any-flags", test_any_flags);
    g_test_add_func("/learn/labels-are-counted", test_labels_are_counted);
    g_test_add_func("/learn/real-addresses-stay-where-asked-for",
                    test_real_addresses_stay_where_asked_for);
    g_test_add_func("/learn/nothing-to-learn-from", test_nothing_to_learn_from);
    g_test_add_func("/learn/an-unknown-preset", test_an_unknown_preset);
    g_test_add_func("/learn/learning-can-be-stopped-wherever-it-tells",
                    test_learning_can_be_stopped_wherever_it_tells);
    return g_test_run();
}
