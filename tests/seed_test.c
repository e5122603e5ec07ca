/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/seed.h"
#include "packet/tcp.h"
#include "small.h"

#include <string.h>

static TwinFlows *flows_of(GArray *packets)
{
    return twin_test_flows((const TwinTestPacket *)(const void *)packets->data, packets->len, NULL);
}

static TwinSeeds seeds_of(GArray *packets)
{
    g_autoptr(TwinFlows) flows = flows_of(packets);
    TwinSeeds seeds;
    twin_seeds_learn(&seeds, flows, NULL, TWIN_MAX_SEEDS, 1);
    return seeds;
}

static void test_what_is_kept_of_a_flow(void)
{
    static const uint16_t ports[] = {80, 443, 25};
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinSeeds seeds;
    twin_seeds_learn(&seeds, flows, NULL, TWIN_MAX_SEEDS, 1);
    g_assert_cmpuint(seeds.n_seeds, ==, 12);
    g_assert_cmpuint(seeds.n_hosts, ==, 7); /* 4 clients, 3 servers */
    g_assert_cmpint(seeds.start_ns, ==, INT64_C(1700000000000000000));
    for (size_t s = 0; s < seeds.n_seeds; s++) {
        const TwinSeed *seed = &seeds.seeds[s];
        const TwinSeedSide *client = &seed->sides[0];
        const TwinSeedSide *server = &seed->sides[1];
        g_assert_cmpint(seed->start_ns, ==, (int64_t)s * 1000000000);
        g_assert_cmpuint(seed->ports[0], ==, 41000 + s);
        g_assert_cmpuint(seed->ports[1], ==, ports[s % 3]);
        g_assert_cmpuint(seed->first_side, ==, 0);
        g_assert_cmpuint(seed->first_flags, ==, TWIN_TCP_SYN);
        g_assert_cmpuint(seed->first_payload_bytes, ==, 0);
        g_assert_cmpuint(seed->ip_version, ==, s % 4 == 3 ? 6 : 4);
        g_assert_cmpuint(seeds.hosts[client->host].ip_version, ==, seed->ip_version);
        g_assert_cmpuint(client->ttl, ==, 64);
        g_assert_cmpuint(server->ttl, ==, 57);
        g_assert_cmpuint(client->mss_bytes, ==, 1460);
        g_assert_cmpuint(client->syn_window, ==, 64240);
        g_assert_cmpuint(client->windows[0], ==, 501);
        g_assert_cmpuint(server->windows[0], ==, 509);
        g_assert_cmpuint(server->n_windows, ==, MIN(1 + s % 4 + 1, TWIN_SEED_WINDOWS));
        g_assert_cmpint(client->dont_fragment, ==, seed->ip_version == 4);
        g_assert_false(client->has_timestamps); /* the SYN alone had them */
        g_assert_cmpuint(client->syn_option_bytes, ==, 20);
    }
    twin_seeds_clear(&seeds);
}

/* The moment's timestamps are not kept, their place is. */
static void test_timestamps_of_a_syn_are_zeroed(void)
{
    g_autoptr(TwinFlows) flows = twin_test_small_flows();
    TwinSeeds seeds;
    twin_seeds_learn(&seeds, flows, twin_flows_flow(flows, 2), TWIN_MAX_SEEDS, 1);
    static const uint8_t expected[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
                                       0, 0, 0, 0,   0, 0, 1, 3,  3, 7};
    g_assert_cmpuint(seeds.n_seeds, ==, 1);
    g_assert_cmpmem(seeds.seeds[0].sides[0].syn_options, seeds.seeds[0].sides[0].syn_option_bytes,
                    expected, sizeof expected);
    twin_seeds_clear(&seeds);
}

static void test_a_clock_rate_is_measured(void)
{
    static const struct {
        uint32_t hz; /* of the packets' clock */
        int64_t watched_ns;
        uint32_t learned;
    } rows[] = {
        {1000, INT64_C(2000000000), 1000},
        {250, INT64_C(2000000000), 250},
        {100, INT64_C(4000000000), 100},
        {1010, INT64_C(2000000000), 1000}, /* jitter */
        {500, INT64_C(2000000000), 500},
        {250, INT64_C(100000000), 1000}, /* too short a look */
        {1000000, INT64_C(1000000000), 1000000},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
        uint8_t options[3][12];
        for (unsigned k = 0; k < 3; k++) {
            const int64_t elapsed_ns = rows[r].watched_ns * k / 2;
            const uint32_t ticks =
                UINT32_MAX - 10 + (uint32_t)(elapsed_ns * rows[r].hz / 1000000000); /* wraps */
            const uint8_t bytes[12] = {1,
                                       1,
                                       8,
                                       10,
                                       (uint8_t)(ticks >> 24),
                                       (uint8_t)(ticks >> 16),
                                       (uint8_t)(ticks >> 8),
                                       (uint8_t)ticks};
            memcpy(options[k], bytes, sizeof bytes);
            const TwinTestPacket packet = {.time_ns = 1000000000 + elapsed_ns,
                                           .flags = TWIN_TCP_ACK,
                                           .options = options[k],
                                           .option_bytes = 12};
            g_array_append_val(packets, packet);
        }
        TwinSeeds seeds = seeds_of(packets);
        g_assert_cmpuint(seeds.seeds[0].sides[0].ts_hz, ==, rows[r].learned);
        g_assert_true(seeds.seeds[0].sides[0].has_timestamps);
        g_assert_cmpuint(seeds.seeds[0].sides[1].ts_hz, ==, 1000); /* never seen: a default */
        twin_seeds_clear(&seeds);
    }
}

static void test_ip_ids_tell_the_manner(void)
{
    static const struct {
        uint16_t ids[6];
        TwinIpIdManner manner;
        uint8_t step;
    } rows[] = {
        {{0, 0, 0, 0, 0, 0}, TWIN_IP_ID_ZERO, 1},
        {{7, 8, 9, 10, 11, 12}, TWIN_IP_ID_COUNTER, 1},
        {{65534, 65535, 0, 1, 2, 3}, TWIN_IP_ID_COUNTER, 1}, /* wraps */
        {{7, 10, 13, 16, 19, 22}, TWIN_IP_ID_COUNTER, 3},
        {{7, 8, 30, 31, 32, 90}, TWIN_IP_ID_COUNTER, 1}, /* shared with other flows */
        {{40000, 123, 60000, 7, 33333, 52000}, TWIN_IP_ID_RANDOM, 255},
    };
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
        for (unsigned k = 0; k < 6; k++) {
            const TwinTestPacket packet = {
                .time_ns = k, .flags = TWIN_TCP_ACK, .ip_id = rows[r].ids[k]};
            g_array_append_val(packets, packet);
        }
        TwinSeeds seeds = seeds_of(packets);
        g_assert_cmpuint(seeds.seeds[0].sides[0].ip_id_manner, ==, rows[r].manner);
        g_assert_cmpuint(seeds.seeds[0].sides[0].ip_id_step, ==, rows[r].step);
        twin_seeds_clear(&seeds);
    }
}

/* A flow seen from the middle, the server first: the client is still side 0. */
static void test_the_client_is_side_0(void)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    const TwinTestPacket answer = {.time_ns = 5,
                                   .source = "10.0.0.9",
                                   .destination = "10.0.0.1",
                                   .source_port = 80,
                                   .destination_port = 4000,
                                   .flags = TWIN_TCP_SYN | TWIN_TCP_ACK,
                                   .payload_bytes = 3,
                                   .ttl = 50};
    g_array_append_val(packets, answer);
    TwinSeeds seeds = seeds_of(packets);
    const TwinSeed *seed = &seeds.seeds[0];
    g_assert_cmpuint(seed->ports[0], ==, 4000);
    g_assert_cmpuint(seed->ports[1], ==, 80);
    g_assert_cmpuint(seed->first_side, ==, 1);
    g_assert_cmpuint(seed->first_payload_bytes, ==, 3);
    g_assert_cmpuint(seed->sides[0].ttl, ==, 0); /* never seen */
    g_assert_cmpuint(seed->sides[1].ttl, ==, 50);
    twin_seeds_clear(&seeds);
}

static TwinFlows *many_flows(unsigned n_flows)
{
    g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
    for (unsigned n = 0; n < n_flows; n++) {
        const TwinTestPacket packet = {.time_ns = n,
                                       .source_port = (uint16_t)(1 + n % 60000),
                                       .destination_port = (uint16_t)(1 + n / 60000),
                                       .flags = TWIN_TCP_SYN};
        g_array_append_val(packets, packet);
    }
    return flows_of(packets);
}

static void test_of_many_flows_a_sample_is_kept(void)
{
    const unsigned n_flows = 3 * TWIN_MAX_SEEDS;
    g_autoptr(TwinFlows) flows = many_flows(n_flows);
    TwinSeeds first;
    TwinSeeds again;
    TwinSeeds other;
    twin_seeds_learn(&first, flows, NULL, TWIN_MAX_SEEDS, 1);
    twin_seeds_learn(&again, flows, NULL, TWIN_MAX_SEEDS, 1);
    twin_seeds_learn(&other, flows, NULL, TWIN_MAX_SEEDS, 2);
    g_assert_cmpuint(first.n_seeds, ==, TWIN_MAX_SEEDS);
    size_t n_late = 0;
    size_t n_shared = 0;
    for (size_t s = 0; s < first.n_seeds; s++) {
        g_assert_cmpint(first.seeds[s].start_ns, ==, again.seeds[s].start_ns);
        g_assert_true(s == 0 || first.seeds[s].start_ns > first.seeds[s - 1].start_ns);
        n_late += first.seeds[s].start_ns >= n_flows / 2 ? 1 : 0;
        n_shared += first.seeds[s].start_ns == other.seeds[s].start_ns ? 1 : 0;
    }
    g_assert_cmpuint(n_late, >, TWIN_MAX_SEEDS / 2 - 150); /* five standard deviations */
    g_assert_cmpuint(n_late, <, TWIN_MAX_SEEDS / 2 + 150);
    g_assert_cmpuint(n_shared, <, TWIN_MAX_SEEDS / 2);
    twin_seeds_clear(&first);
    twin_seeds_clear(&again);
    twin_seeds_clear(&other);
}

static bool is_documentation(const TwinAddress *address)
{
    const uint8_t *b = address->bytes;
    return (b[0] == 192 && b[1] == 0 && b[2] == 2) || (b[0] == 198 && b[1] == 51 && b[2] == 100) ||
           (b[0] == 203 && b[1] == 0 && b[2] == 113) || (b[0] == 198 && (b[1] & 0xfe) == 18);
}

static void test_anonymous_addresses_are_each_their_own(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    for (uint32_t n = 0; n < 131832; n++) {
        const TwinAddress address = twin_anonymous_address(4, n);
        const uint8_t *b = address.bytes;
        g_assert_true(is_documentation(&address));
        const uint32_t number =
            (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        g_assert_true(b[0] == 198 && (b[1] & 0xfe) == 18
                          ? (number & 0x1ffff) != 0x1ffff && (number & 0x1ffff) != 0
                          : b[3] != 0 && b[3] != 255);
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(number)));
    }
    for (uint32_t n = 0; n < 1000; n++) {
        const TwinAddress address = twin_anonymous_address(6, n * 4000000U);
        g_assert_cmpmem(address.bytes, 4, "\x20\x01\x0d\xb8", 4);
    }
    const TwinAddress first = twin_anonymous_address(4, 0);
    g_assert_cmpmem(first.bytes, 4, "\xc0\0\2\1", 4);
}

/* Two hosts behind one router have its MAC, before and after. */
static void test_anonymous_macs_follow_macs(void)
{
    TwinHost hosts[4] = {
        {.ip_version = 4, .mac = {0, 1, 2, 3, 4, 5}},
        {.ip_version = 6, .mac = {0, 1, 2, 3, 4, 6}},
        {.ip_version = 4, .mac = {0, 1, 2, 3, 4, 5}},
        {.ip_version = 6, .mac = {0}},
    };
    twin_hosts_anonymise(hosts, G_N_ELEMENTS(hosts));
    g_assert_cmpmem(hosts[0].mac, 6, hosts[2].mac, 6);
    g_assert_cmpint(memcmp(hosts[0].mac, hosts[1].mac, 6), !=, 0);
    g_assert_cmpint(memcmp(hosts[1].mac, hosts[3].mac, 6), !=, 0);
    g_assert_cmpint(memcmp(&hosts[0].address, &hosts[2].address, 16), !=, 0);
    for (size_t h = 0; h < G_N_ELEMENTS(hosts); h++) {
        g_assert_cmpuint(hosts[h].mac[0], ==, 2);
    }
}

/* A clock that is wrong by decades makes no capture of decades. */
static void test_times_are_bounded(void)
{
    static const int64_t times_ns[] = {INT64_MIN, -1, 0, INT64_C(4102444800000000000), INT64_MAX};
    for (size_t a = 0; a < G_N_ELEMENTS(times_ns); a++) {
        for (size_t b = 0; b < G_N_ELEMENTS(times_ns); b++) {
            g_autoptr(GArray) packets = g_array_new(FALSE, FALSE, sizeof(TwinTestPacket));
            const TwinTestPacket first = {.time_ns = times_ns[a], .flags = TWIN_TCP_SYN};
            const TwinTestPacket second = {
                .time_ns = times_ns[b], .source_port = 9, .flags = TWIN_TCP_SYN};
            g_array_append_val(packets, first);
            g_array_append_val(packets, second);
            TwinSeeds seeds = seeds_of(packets);
            g_assert_cmpint(seeds.start_ns, >=, 0);
            g_assert_cmpint(seeds.start_ns, <=, TWIN_LATEST_START_NS);
            for (size_t s = 0; s < 2; s++) {
                g_assert_cmpint(seeds.seeds[s].start_ns, >=, 0);
                g_assert_cmpint(seeds.seeds[s].start_ns, <=, TWIN_LONGEST_CAPTURE_NS);
            }
            twin_seeds_clear(&seeds);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seed/what-is-kept-of-a-flow", test_what_is_kept_of_a_flow);
    g_test_add_func("/seed/timestamps-of-a-syn-are-zeroed", test_timestamps_of_a_syn_are_zeroed);
    g_test_add_func("/seed/a-clock-rate-is-measured", test_a_clock_rate_is_measured);
    g_test_add_func("/seed/ip-ids-tell-the-manner", test_ip_ids_tell_the_manner);
    g_test_add_func("/seed/the-client-is-side-0", test_the_client_is_side_0);
    g_test_add_func("/seed/of-many-flows-a-sample-is-kept", test_of_many_flows_a_sample_is_kept);
    g_test_add_func("/seed/anonymous-addresses-are-each-their-own",
                    test_anonymous_addresses_are_each_their_own);
    g_test_add_func("/seed/anonymous-macs-follow-macs", test_anonymous_macs_follow_macs);
    g_test_add_func("/seed/times-are-bounded", test_times_are_bounded);
    return g_test_run();
}
