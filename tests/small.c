/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small.h"

#include "packet/tcp.h"

enum {
    CLIENT_ISN = 1000,
    SERVER_ISN = 5000,
    REQUEST_BYTES = 100,
    ANSWER_BYTES = 1000,
};

/* MSS 1460, SACK permitted, timestamps, NOP, window scale 7: as Linux has them. */
static const uint8_t syn_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                                      0, 9, 0, 0,   0, 0, 1, 3,  3, 7};

/* Where a conversation stands. */
typedef struct {
    GArray *packets;
    TwinTestPacket opening; /* the client's view: ends, start */
    uint32_t next[2];
} Conversation;

static void say(Conversation *self, unsigned side, uint16_t flags, uint32_t payload_bytes)
{
    const TwinTestPacket *opening = &self->opening;
    const bool is_client = side == 0;
    const bool is_syn = (flags & TWIN_TCP_SYN) != 0;
    const TwinTestPacket packet = {
        .time_ns = opening->time_ns,
        .source = is_client ? opening->source : opening->destination,
        .destination = is_client ? opening->destination : opening->source,
        .source_port = is_client ? opening->source_port : opening->destination_port,
        .destination_port = is_client ? opening->destination_port : opening->source_port,
        .flags = flags,
        .window = is_syn      ? 64240
                  : is_client ? 501
                              : 509,
        .seq = self->next[side],
        .ack = (flags & TWIN_TCP_ACK) != 0 ? self->next[1 - side] : 0,
        .payload_bytes = payload_bytes,
        .ip_id = (uint16_t)(self->packets->len + 1),
        .ttl = is_client ? 64 : 57,
        .options = is_syn ? syn_options : NULL,
        .option_bytes = is_syn ? sizeof syn_options : 0,
    };
    g_array_append_val(self->packets, packet);
    self->next[side] += payload_bytes + ((flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0 ? 1 : 0);
    self->opening.time_ns += 1000000;
}

void twin_test_add_conversation(GArray *packets, const TwinTestPacket *opening, unsigned n_requests)
{
    Conversation conversation = {
        .packets = packets, .opening = *opening, .next = {CLIENT_ISN, SERVER_ISN}};
    TwinTestPacket *view = &conversation.opening; /* what is not said stays so in both directions */
    view->source = view->source != NULL ? view->source : "192.0.2.1";
    view->destination = view->destination != NULL ? view->destination : "192.0.2.2";
    view->source_port = view->source_port != 0 ? view->source_port : 40000;
    view->destination_port = view->destination_port != 0 ? view->destination_port : 80;
    say(&conversation, 0, TWIN_TCP_SYN, 0);
    say(&conversation, 1, TWIN_TCP_SYN | TWIN_TCP_ACK, 0);
    say(&conversation, 0, TWIN_TCP_ACK, 0);
    for (unsigned r = 0; r < n_requests; r++) {
        say(&conversation, 0, TWIN_TCP_ACK | TWIN_TCP_PSH, REQUEST_BYTES);
        say(&conversation, 1, TWIN_TCP_ACK | TWIN_TCP_PSH, ANSWER_BYTES);
        say(&conversation, 0, TWIN_TCP_ACK, 0);
    }
    say(&conversation, 0, TWIN_TCP_ACK | TWIN_TCP_FIN, 0);
    say(&conversation, 1, TWIN_TCP_ACK | TWIN_TCP_FIN, 0);
    say(&conversation, 0, TWIN_TCP_ACK, 0);
}

TwinFlows *twin_test_flows(const TwinTestPacket *packets, size_t n_packets, const char *label)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(GError) error = NULL;
    TwinFlows *flows = twin_flows_new(&options);
    for (size_t p = 0; p < n_packets; p++) {
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packets[p], bytes);
        g_assert_true(twin_flows_push(flows, &frame, label, &error));
    }
    g_assert_true(twin_flows_finish(flows, &error));
    g_assert_no_error(error);
    return flows;
}

TwinFlows *twin_test_small_flows(void)
{
    static const char *const clients[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"};
    static const char *const servers[2][2] = {{"10.9.0.1", "10.9.0.2"}, {"fd00::91", "fd00::92"}};
    static const uint16_t ports[] = {80, 443, 25};
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    for (unsigned n = 0; n < 12; n++) {
        const unsigned client = n % G_N_ELEMENTS(clients);
        const TwinTestPacket opening = {
            .time_ns = INT64_C(1700000000000000000) + n * INT64_C(1000000000),
            .source = clients[client],
            .destination = servers[client == 3 ? 1 : 0][n % 2],
            .source_port = (uint16_t)(41000 + n),
            .destination_port = ports[n % G_N_ELEMENTS(ports)],
        };
        twin_test_add_conversation(packets, &opening, 1 + n % 4);
    }
    return twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
}

TwinModel *twin_test_small_model(TwinAddresses addresses)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "paper";
    options.addresses = addresses;
    g_autoptr(GError) error = NULL;
    TwinModel *model = twin_model_learn(flows, &options, &error);
    g_assert_no_error(error);
    return model;
}
