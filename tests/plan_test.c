/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "small.h"
#include "synth/plan.h"

#include <string.h>

enum { FIRST_EPHEMERAL = 32768, LAST_EPHEMERAL = 60999 };

static TwinSynthesiseOptions options_of(uint64_t n_flows)
{
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.n_flows = n_flows;
    return options;
}

/* A plan may point into itself, so it is made where it stays. */
static void make_plan(TwinPlan *plan, const TwinModel *model, const TwinSynthesiseOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(twin_plan_make(plan, model, options, &error));
    g_assert_no_error(error);
}

static void test_seeds_are_dealt_like_cards(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    static const struct {
        uint64_t asked;
        size_t made;
    } rows[] = {{0, 12}, {1, 1}, {12, 12}, {24, 24}, {31, 31}};
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const TwinSynthesiseOptions options = options_of(rows[r].asked);
        TwinPlan plan;
        make_plan(&plan, model, &options);
        unsigned n_dealt[12] = {0};
        g_assert_cmpuint(plan.n_flows, ==, rows[r].made);
        for (size_t f = 0; f < plan.n_flows; f++) {
            n_dealt[plan.flows[f].seed]++;
        }
        for (size_t s = 0; s < 12; s++) {
            g_assert_cmpuint(n_dealt[s], >=, rows[r].made / 12);
            g_assert_cmpuint(n_dealt[s], <=, (rows[r].made + 11) / 12);
        }
        twin_plan_clear(&plan);
    }
}

static void test_starts_are_spread_like_the_seeds(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    const TwinSynthesiseOptions options = options_of(12000);
    TwinPlan plan;
    make_plan(&plan, model, &options);
    size_t n_in_second[12] = {0}; /* seeds start on the second, 0 … 11 s */
    for (size_t f = 0; f < plan.n_flows; f++) {
        const int64_t start_ns = plan.flows[f].start_ns;
        g_assert_cmpint(start_ns, >=, f > 0 ? plan.flows[f - 1].start_ns : 0);
        g_assert_cmpint(start_ns, <=, INT64_C(11000000001));
        n_in_second[(start_ns + 500000000) / 1000000000]++;
    }
    for (size_t s = 0; s < 12; s++) { /* a thousand flows around each seed's start */
        g_assert_cmpuint(n_in_second[s], >=, 990);
        g_assert_cmpuint(n_in_second[s], <=, 1010);
    }
    twin_plan_clear(&plan);
}

/* Every flow is one to any tool: no two have the same ends. */
static void assert_ends_differ(const TwinPlan *plan)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    for (size_t f = 0; f < plan->n_flows; f++) {
        TwinEnd ends[2];
        twin_plan_ends(plan, f, ends);
        const bool is_turned = memcmp(&ends[0].address, &ends[1].address, 16) > 0;
        struct {
            uint8_t hosts[2][16];
            uint16_t client_port; /* whatever the server's port is */
        } key;
        memset(&key, 0, sizeof key);
        memcpy(key.hosts[0], &ends[is_turned ? 1 : 0].address, 16);
        memcpy(key.hosts[1], &ends[is_turned ? 0 : 1].address, 16);
        key.client_port = ends[0].port;
        g_assert_cmpuint(ends[0].port, >=, FIRST_EPHEMERAL);
        g_assert_cmpuint(ends[0].port, <=, LAST_EPHEMERAL);
        g_assert_true(g_hash_table_add(seen, g_bytes_new(&key, sizeof key)));
    }
}

static void test_client_ports_are_each_their_own(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    const TwinSynthesiseOptions options = options_of(40000);
    TwinPlan plan;
    make_plan(&plan, model, &options);
    assert_ends_differ(&plan);
    twin_plan_clear(&plan);
}

/* More flows than one pair of hosts has ports: further clients, documentation addresses. */
static void test_ports_that_run_out(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    for (size_t like = 0; like < 4; like += 3) { /* IPv4, IPv6 */
        TwinSynthesiseOptions options = options_of(100000);
        options.like_flows = flows;
        options.like_flow = like;
        TwinPlan plan;
        make_plan(&plan, model, &options);
        assert_ends_differ(&plan);
        size_t n_extra = 0;
        for (size_t f = 0; f < plan.n_flows; f++) {
            n_extra += plan.flows[f].extra_client != 0 ? 1 : 0;
        }
        g_assert_cmpuint(n_extra, ==, 100000 - 28232);
        twin_plan_clear(&plan);
    }
}

/* A port above 32,768 that a server has is no client's. */
static void test_a_servers_port_is_no_clients(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    const TwinTestPacket opening = {
        .time_ns = 1000000000, .source_port = 50000, .destination_port = 40128};
    twin_test_add_conversation(packets, &opening, 1);
    g_autoptr(TwinFlows) flows =
        twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
    const TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    g_autoptr(TwinModel) model = twin_model_learn(flows, &learn, NULL);
    const TwinSynthesiseOptions options = options_of(28231);
    TwinPlan plan;
    make_plan(&plan, model, &options);
    for (size_t f = 0; f < plan.n_flows; f++) {
        g_assert_cmpuint(plan.flows[f].client_port, !=, 40128);
        g_assert_cmpuint(plan.flows[f].extra_client, ==, 0);
    }
    assert_ends_differ(&plan);
    twin_plan_clear(&plan);
}

/* Two hosts that are each other's servers share the ports between them. */
static void test_hosts_that_serve_each_other(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    const TwinTestPacket one = {
        .time_ns = 1000000000, .source = "10.0.0.1", .destination = "10.0.0.2"};
    const TwinTestPacket back = {
        .time_ns = 2000000000, .source = "10.0.0.2", .destination = "10.0.0.1"};
    twin_test_add_conversation(packets, &one, 1);
    twin_test_add_conversation(packets, &back, 1);
    g_autoptr(TwinFlows) flows =
        twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
    const TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    g_autoptr(TwinModel) model = twin_model_learn(flows, &learn, NULL);
    const TwinSynthesiseOptions options = options_of(20000);
    TwinPlan plan;
    make_plan(&plan, model, &options);
    assert_ends_differ(&plan);
    twin_plan_clear(&plan);
}

static void test_a_label_alone(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    TwinSynthesiseOptions options = options_of(0);
    options.label = "TLS";
    TwinPlan plan;
    make_plan(&plan, model, &options);
    g_assert_cmpuint(plan.n_flows, ==, 4);
    for (size_t f = 0; f < plan.n_flows; f++) {
        TwinEnd ends[2];
        twin_plan_ends(&plan, f, ends);
        g_assert_cmpuint(ends[1].port, ==, 443);
        g_assert_cmpstr(model->labels[plan.seeds->seeds[plan.flows[f].seed].label].name, ==, "TLS");
    }
    twin_plan_clear(&plan);
}

static void test_an_unknown_label(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    TwinSynthesiseOptions options = options_of(0);
    options.label = "GOPHER";
    TwinPlan plan;
    g_autoptr(GError) error = NULL;
    g_assert_false(twin_plan_make(&plan, model, &options, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT);
    g_assert_cmpstr(error->message, ==,
                    "no flow labelled GOPHER was learned from; there are: HTTP TLS SMTP");
}

static void test_look_alikes_of_one_flow(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinSynthesiseOptions options = options_of(0);
    options.like_flows = flows;
    options.like_flow = 4; /* of 10.0.0.1, TLS */
    TwinPlan plan;
    make_plan(&plan, model, &options);
    g_assert_cmpuint(plan.n_flows, ==, 4); /* as many as have its label */
    int64_t last_ns = 0;
    for (size_t f = 0; f < plan.n_flows; f++) {
        TwinEnd ends[2];
        twin_plan_ends(&plan, f, ends);
        g_assert_cmpmem(&ends[0].address, 4, "\x0a\0\0\1", 4);
        g_assert_cmpmem(&ends[1].address, 4, "\x0a\x09\0\1", 4);
        g_assert_cmpuint(ends[1].port, ==, 443);
        last_ns = plan.flows[f].start_ns;
    }
    g_assert_cmpint(last_ns, >, 0); /* spread like all the model's */
    twin_plan_clear(&plan);
}

/* Several flows to be like, another program's labels: each is dealt before any comes twice, and
 * starts around its own start. */
static void test_look_alikes_of_several_flows(void)
{
    static const uint8_t is_chosen[12] = {0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1}; /* all TLS */
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    g_autoptr(TwinFlows) chosen =
        twin_flows_choose(flows, is_chosen, G_N_ELEMENTS(is_chosen), NULL);
    TwinSynthesiseOptions options = options_of(0);
    options.like_flows = chosen;
    options.like_flow = TWIN_ALL_FLOWS;
    TwinPlan plan;
    make_plan(&plan, model, &options);
    g_assert_cmpuint(plan.n_flows, ==, 3);
    for (size_t f = 0; f < plan.n_flows; f++) {
        const TwinSeed *seed = &plan.seeds->seeds[plan.flows[f].seed];
        TwinEnd ends[2];
        twin_plan_ends(&plan, f, ends);
        g_assert_cmpuint(ends[1].port, ==, 443);
        g_assert_cmpstr(model->labels[seed->label].name, ==, "TLS");
        g_assert_cmpint(plan.flows[f].start_ns, >=, INT64_C(4000000000)); /* of the capture's */
        g_assert_cmpint(plan.flows[f].start_ns, <=, INT64_C(10000000001));
        for (size_t other = 0; other < f; other++) {
            g_assert_cmpuint(plan.flows[f].seed, !=, plan.flows[other].seed);
        }
    }
    twin_plan_clear(&plan);
    options.n_flows = 30;
    make_plan(&plan, model, &options);
    g_assert_cmpuint(plan.n_flows, ==, 30);
    twin_plan_clear(&plan);
}

/* Labels that differ in letters' case alone are the same; others are not known. */
static void test_labels_of_another_program(void)
{
    static const struct {
        const char *label;
        bool is_known;
    } rows[] = {{"tls", true}, {"Http", true}, {"http2", false}};
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    const TwinTestPacket opening = {.time_ns = 1000000000};
    twin_test_add_conversation(packets, &opening, 1);
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(TwinFlows) flows = twin_test_flows(
            (const TwinTestPacket *)(const void *)packets->data, packets->len, rows[r].label);
        TwinSynthesiseOptions options = options_of(0);
        options.like_flows = flows;
        options.like_flow = TWIN_ALL_FLOWS;
        TwinPlan plan;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(twin_plan_make(&plan, model, &options, &error), ==, rows[r].is_known);
        if (rows[r].is_known) {
            g_assert_cmpuint(plan.n_flows, ==, 1);
            twin_plan_clear(&plan);
        } else {
            g_assert_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT);
        }
    }
}

static void test_addresses(void)
{
    g_autoptr(TwinModel) kept = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(TwinModel) anonymous = twin_test_small_model(TWIN_ADDRESSES_ANONYMOUS);
    const struct {
        const TwinModel *model;
        TwinAddresses addresses;
        bool are_real;
    } rows[] = {
        {kept, TWIN_ADDRESSES_KEEP, true},
        {kept, TWIN_ADDRESSES_ANONYMOUS, false},
        {anonymous, TWIN_ADDRESSES_KEEP, false},
        {anonymous, TWIN_ADDRESSES_ANONYMOUS, false},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        TwinSynthesiseOptions options = options_of(12);
        options.addresses = rows[r].addresses;
        TwinPlan plan;
        make_plan(&plan, rows[r].model, &options);
        for (size_t f = 0; f < plan.n_flows; f++) {
            TwinEnd ends[2];
            twin_plan_ends(&plan, f, ends);
            const bool is_ten = ends[0].address.bytes[0] == 10;
            const bool is_fd = ends[0].address.bytes[0] == 0xfd;
            g_assert_cmpint(is_ten || is_fd, ==, rows[r].are_real);
        }
        twin_plan_clear(&plan);
    }
}

static void test_the_same_seed_plans_the_same(void)
{
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    TwinSynthesiseOptions options = options_of(500);
    TwinPlan first;
    make_plan(&first, model, &options);
    TwinPlan second;
    make_plan(&second, model, &options);
    options.seed = 2;
    TwinPlan other;
    make_plan(&other, model, &options);
    const size_t n_bytes = first.n_flows * sizeof *first.flows;
    g_assert_cmpint(memcmp(first.flows, second.flows, n_bytes), ==, 0);
    g_assert_cmpint(memcmp(first.flows, other.flows, n_bytes), !=, 0);
    twin_plan_clear(&first);
    twin_plan_clear(&second);
    twin_plan_clear(&other);
}

/* One start only: flows come a second apart on the mean. */
static void test_flows_of_one_start_are_spread(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    const TwinTestPacket opening = {.time_ns = 1000000000};
    twin_test_add_conversation(packets, &opening, 1);
    g_autoptr(TwinFlows) flows =
        twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
    const TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    g_autoptr(TwinModel) model = twin_model_learn(flows, &learn, NULL);
    const TwinSynthesiseOptions options = options_of(1000);
    TwinPlan plan;
    make_plan(&plan, model, &options);
    const int64_t span_ns = plan.flows[999].start_ns - plan.flows[0].start_ns;
    g_assert_cmpint(span_ns, >, INT64_C(980) * 1000000000);
    g_assert_cmpint(span_ns, <, INT64_C(1000) * 1000000000);
    twin_plan_clear(&plan);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/seeds-are-dealt-like-cards", test_seeds_are_dealt_like_cards);
    g_test_add_func("/plan/starts-are-spread-like-the-seeds",
                    test_starts_are_spread_like_the_seeds);
    g_test_add_func("/plan/client-ports-are-each-their-own", test_client_ports_are_each_their_own);
    g_test_add_func("/plan/ports-that-run-out", test_ports_that_run_out);
    g_test_add_func("/plan/a-servers-port-is-no-clients", test_a_servers_port_is_no_clients);
    g_test_add_func("/plan/hosts-that-serve-each-other", test_hosts_that_serve_each_other);
    g_test_add_func("/plan/a-label-alone", test_a_label_alone);
    g_test_add_func("/plan/an-unknown-label", test_an_unknown_label);
    g_test_add_func("/plan/look-alikes-of-one-flow", test_look_alikes_of_one_flow);
    g_test_add_func("/plan/look-alikes-of-several-flows", test_look_alikes_of_several_flows);
    g_test_add_func("/plan/labels-of-another-program", test_labels_of_another_program);
    g_test_add_func("/plan/addresses", test_addresses);
    g_test_add_func("/plan/the-same-seed-plans-the-same", test_the_same_seed_plans_the_same);
    g_test_add_func("/plan/flows-of-one-start-are-spread", test_flows_of_one_start_are_spread);
    return g_test_run();
}
