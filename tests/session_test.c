/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/tcp.h"
#include "synth/session.h"

#include <glib.h>

static const int64_t start_ns = INT64_C(1700000000000000000);
static const uint16_t data_flags = TWIN_TCP_ACK | TWIN_TCP_PSH;

static TwinSeed plain_seed(void)
{
    TwinSeed seed = {.ip_version = 4};
    for (unsigned side = 0; side < 2; side++) {
        seed.sides[side] = (TwinSeedSide){
            .ts_hz = 1000,
            .mss_bytes = 1460,
            .syn_window = (uint16_t)(64240 + side),
            .syn_option_bytes = 3,
            .syn_options = {3, 3, 7}, /* window scale */
            .windows = {501, 502, 503},
            .n_windows = 3,
            .ip_id_manner = TWIN_IP_ID_COUNTER,
            .ip_id_step = 1,
            .max_payload_bytes = TWIN_NO_MAX_PAYLOAD,
            .has_timestamps = true,
        };
    }
    return seed;
}

/* A session whose numbers begin at @isn on both sides. */
static TwinSession session_at(const TwinSeed *seed, uint32_t isn, TwinRandom *random)
{
    TwinSession session;
    twin_session_begin(&session, seed, start_ns, random);
    for (unsigned side = 0; side < 2; side++) {
        session.hosts[side].isn = isn;
        session.hosts[side].snd_nxt = isn + 1;
        session.hosts[side].rcv_nxt = isn + 1;
    }
    return session;
}

/* Sends and delivers at once. */
static TwinOutSegment pass(TwinSession *session, unsigned side, uint16_t flags,
                           uint32_t payload_bytes, TwinRandom *random)
{
    const TwinOutSegment segment =
        twin_session_send(session, side, flags, payload_bytes, start_ns, random);
    twin_session_arrive(session, &segment);
    return segment;
}

static void test_numbers_of_a_whole_flow(void)
{
    static const struct {
        unsigned side;
        uint16_t flags;
        uint32_t payload_bytes, seq, ack; /* from each side's first number */
    } rows[] = {
        {0, TWIN_TCP_SYN, 0, 0, 0},
        {1, TWIN_TCP_SYN | TWIN_TCP_ACK, 0, 0, 1},
        {0, TWIN_TCP_ACK, 0, 1, 1},
        {0, TWIN_TCP_ACK | TWIN_TCP_PSH, 100, 1, 1},
        {1, TWIN_TCP_ACK, 0, 1, 101},
        {1, TWIN_TCP_ACK, 1448, 1, 101},
        {1, TWIN_TCP_ACK | TWIN_TCP_PSH, 5, 1449, 101},
        {0, TWIN_TCP_ACK, 0, 101, 1454},
        {0, TWIN_TCP_ACK | TWIN_TCP_FIN, 7, 101, 1454}, /* with its last octets */
        {1, TWIN_TCP_ACK, 0, 1454, 109},
        {1, TWIN_TCP_ACK | TWIN_TCP_FIN, 0, 1454, 109},
        {0, TWIN_TCP_ACK, 0, 109, 1455},
        {1, TWIN_TCP_RST, 0, 1455, 0}, /* no ACK, no number */
    };
    const uint32_t isns[] = {0, 1, 1000, UINT32_MAX, UINT32_MAX - 50, UINT32_MAX - 1453};
    const TwinSeed seed = plain_seed();
    for (size_t i = 0; i < G_N_ELEMENTS(isns); i++) {
        TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, i);
        TwinSession session = session_at(&seed, isns[i], &random);
        for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
            const TwinOutSegment segment =
                pass(&session, rows[r].side, rows[r].flags, rows[r].payload_bytes, &random);
            const bool has_ack = (rows[r].flags & TWIN_TCP_ACK) != 0;
            g_assert_cmpuint(segment.seq, ==, (uint32_t)(isns[i] + rows[r].seq));
            g_assert_cmpuint(segment.ack, ==, has_ack ? (uint32_t)(isns[i] + rows[r].ack) : 0);
            g_assert_cmpuint(segment.side, ==, rows[r].side);
            g_assert_cmpuint(segment.payload_bytes, ==, rows[r].payload_bytes);
        }
    }
}

static void test_a_flow_may_begin_midway(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 5000, &random);
    const TwinOutSegment first = pass(&session, 1, data_flags, 10, &random);
    g_assert_cmpuint(first.seq, ==, 5001);
    g_assert_cmpuint(first.ack, ==, 5001);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).ack, ==, 5011);
}

static void test_what_is_sent_again_has_its_number_again(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    const uint16_t fin = TWIN_TCP_FIN | TWIN_TCP_ACK;
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 0, &random).seq, ==, 0);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 0, &random).seq, ==, 0);
    g_assert_cmpuint(pass(&session, 0, data_flags, 10, &random).seq, ==, 1);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 0, &random).seq, ==, 0); /* a late one */
    g_assert_cmpuint(pass(&session, 0, fin, 0, &random).seq, ==, 11);
    g_assert_cmpuint(pass(&session, 0, fin, 0, &random).seq, ==, 11);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_ACK, 0, &random).ack, ==, 12);
    g_assert_cmpuint(pass(&session, 0, data_flags, 5, &random).seq, ==, 12); /* after its FIN */
    g_assert_cmpuint(pass(&session, 0, fin, 0, &random).seq, ==, 17);        /* another one */
    g_assert_cmpuint(pass(&session, 0, fin, 0, &random).seq, ==, 17);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_ACK, 0, &random).ack, ==, 18);
}

/* A SYN that carries payload (RFC 7413): the first one's octets count, once. */
static void test_payload_of_a_syn(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 20, &random).seq, ==, 0);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_SYN | TWIN_TCP_ACK, 0, &random).ack, ==, 21);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 20, &random).seq, ==, 0);
    g_assert_cmpuint(pass(&session, 0, data_flags, 1, &random).seq, ==, 21);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_ACK, 0, &random).ack, ==, 22);
}

/* What has not arrived is not acknowledged, and its clock not echoed. */
static void test_a_host_knows_only_what_arrived(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    (void)pass(&session, 0, TWIN_TCP_SYN, 0, &random);
    const TwinOutSegment first =
        twin_session_send(&session, 0, data_flags, 10, start_ns + 5000000, &random);
    const TwinOutSegment second =
        twin_session_send(&session, 0, data_flags, 10, start_ns + 9000000, &random);
    TwinOutSegment back = twin_session_send(&session, 1, data_flags, 0, start_ns, &random);
    g_assert_cmpuint(back.ack, ==, 1);
    g_assert_cmpuint(back.ts_echo, !=, first.ts_value);
    twin_session_arrive(&session, &second); /* out of order: a hole is not passed over */
    back = twin_session_send(&session, 1, data_flags, 0, start_ns, &random);
    g_assert_cmpuint(back.ack, ==, 1);
    g_assert_cmpuint(back.ts_echo, !=, second.ts_value);
    twin_session_arrive(&session, &first);
    back = twin_session_send(&session, 1, data_flags, 0, start_ns, &random);
    g_assert_cmpuint(back.ack, ==, 11);
    g_assert_cmpuint(back.ts_echo, ==, first.ts_value);
}

/* Plain counters of 64 bits, which never wrap, beside a session's numbers. */
typedef struct {
    uint64_t sent[2];
    uint64_t fin[2];
} Counters;

static void pass_and_count(TwinSession *session, Counters *counters, uint16_t flags,
                           TwinRandom *random)
{
    const unsigned side = (unsigned)g_test_rand_bit();
    const bool has_payload = (flags & TWIN_TCP_RST) == 0 && g_test_rand_bit();
    const uint32_t payload_bytes = has_payload ? (uint32_t)g_test_rand_int_range(1, 65000) : 0;
    const bool is_fin = (flags & TWIN_TCP_FIN) != 0;
    const bool repeats =
        is_fin && payload_bytes == 0 && counters->fin[side] + 1 == counters->sent[side];
    const uint64_t seq = repeats ? counters->fin[side] : counters->sent[side];
    const TwinOutSegment segment = pass(session, side, flags, payload_bytes, random);
    g_assert_cmpuint(segment.seq, ==, (uint32_t)seq);
    const bool has_ack = (flags & TWIN_TCP_ACK) != 0;
    g_assert_cmpuint(segment.ack, ==, has_ack ? (uint32_t)counters->sent[1 - side] : 0);
    if (is_fin && !repeats) {
        counters->fin[side] = counters->sent[side] + payload_bytes;
    }
    if (!repeats) {
        counters->sent[side] += payload_bytes + (is_fin ? 1 : 0);
    }
}

static void test_numbers_follow_from_what_was_sent(void)
{
    static const uint16_t kinds[] = {
        TWIN_TCP_ACK,
        TWIN_TCP_ACK | TWIN_TCP_PSH,
        TWIN_TCP_ACK | TWIN_TCP_PSH,
        TWIN_TCP_ACK | TWIN_TCP_FIN,
        TWIN_TCP_RST,
        TWIN_TCP_RST | TWIN_TCP_ACK,
        0,
    };
    const TwinSeed seed = plain_seed();
    for (unsigned n = 0; n < 300; n++) {
        TwinRandom random = twin_random(n, TWIN_RANDOM_SESSION, n);
        const uint32_t isn = (uint32_t)g_test_rand_int();
        TwinSession session = session_at(&seed, isn, &random);
        Counters counters = {.sent = {isn + UINT64_C(1), isn + UINT64_C(1)}};
        for (unsigned k = 0; k < 60; k++) {
            const uint16_t flags = kinds[g_test_rand_int_range(0, G_N_ELEMENTS(kinds))];
            pass_and_count(&session, &counters, flags, &random);
        }
    }
}

static void test_clocks_tick_at_their_rate(void)
{
    static const uint32_t rates[] = {1, 10, 100, 250, 300, 1000, 1024, 999999, 1000000};
    for (size_t r = 0; r < G_N_ELEMENTS(rates); r++) {
        TwinSeed seed = plain_seed();
        seed.sides[0].ts_hz = rates[r];
        TwinRandom random = twin_random(3, TWIN_RANDOM_SESSION, r);
        TwinSession session;
        twin_session_begin(&session, &seed, start_ns, &random);
        const TwinTcpHost *host = &session.hosts[0];
        g_assert_cmpuint(host->ts_phase_ns, <, 1000000000 / rates[r]);
        int64_t time_ns = start_ns;
        for (unsigned k = 0; k < 200; k++) {
            const TwinOutSegment segment =
                twin_session_send(&session, 0, TWIN_TCP_ACK, 0, time_ns, &random);
            const uint64_t elapsed_ns = (uint64_t)(time_ns - start_ns) + host->ts_phase_ns;
            const uint32_t ticks = (uint32_t)(elapsed_ns * rates[r] / 1000000000);
            g_assert_cmpuint(segment.ts_value, ==, host->ts_offset + ticks);
            time_ns +=
                g_test_rand_int_range(0, INT32_MAX) * INT64_C(18); /* up to 38 s: 64 bits do */
        }
    }
}

/* Hosts are as unlike as two of them are. */
static void test_each_host_has_its_own_begin(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session;
    twin_session_begin(&session, &seed, start_ns, &random);
    g_assert_cmpuint(session.hosts[0].isn, !=, session.hosts[1].isn);
    g_assert_cmpuint(session.hosts[0].ts_offset, !=, session.hosts[1].ts_offset);
    g_assert_cmpuint(session.hosts[0].rcv_nxt, ==, session.hosts[1].isn + 1);
    g_assert_cmpuint(session.hosts[1].rcv_nxt, ==, session.hosts[0].isn + 1);
}

static void test_timestamps_stand_where_the_seed_had_them(void)
{
    for (unsigned bits = 0; bits < 4; bits++) {
        TwinSeed seed = plain_seed();
        seed.sides[0].has_timestamps = (bits & 1) != 0;
        seed.sides[0].rst_has_timestamps = (bits & 2) != 0;
        TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
        TwinSession session = session_at(&seed, 0, &random);
        g_assert_cmpint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).has_timestamps, ==,
                        (bits & 1) != 0);
        g_assert_cmpint(pass(&session, 0, TWIN_TCP_RST, 0, &random).has_timestamps, ==,
                        (bits & 2) != 0);
    }
}

static void test_windows_are_the_seeds_in_turn(void)
{
    const TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_SYN | TWIN_TCP_ACK, 0, &random).window, ==, 64241);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).window, ==, 501);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_RST, 0, &random).window, ==, 0);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).window, ==, 502);
    g_assert_cmpuint(pass(&session, 1, TWIN_TCP_ACK, 0, &random).window, ==, 501);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).window, ==, 503);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).window, ==, 503);
}

/* The seed's window shrinks while nothing arrives: what was offered stays offered. */
static void test_windows_take_nothing_back(void)
{
    TwinSeed seed = plain_seed();
    seed.sides[0].windows[0] = 500;
    seed.sides[0].windows[1] = 300;
    seed.sides[0].windows[2] = 300;
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session;
    twin_session_begin(&session, &seed, 0, &random);
    const uint16_t flags = TWIN_TCP_ACK;
    g_assert_cmpuint(twin_session_send(&session, 0, flags, 0, 1, &random).window, ==, 500);
    g_assert_cmpuint(twin_session_send(&session, 0, flags, 0, 2, &random).window, ==, 500);
    /* 1,300 octets arrive: 10.16 units of 128 less are wanted, rounded up. */
    const TwinOutSegment data = twin_session_send(&session, 1, flags, 1300, 3, &random);
    twin_session_arrive(&session, &data);
    g_assert_cmpuint(twin_session_send(&session, 0, flags, 0, 4, &random).window, ==, 490);
}

static void test_windows_where_the_seed_had_none(void)
{
    TwinSeed seed = plain_seed();
    seed.sides[0].n_windows = 0;
    seed.sides[0].syn_window = 0;
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 0, &random).window, >, 0);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).window, >, 0);
}

static void test_ip_ids_by_the_hosts_manner(void)
{
    TwinSeed seed = plain_seed();
    TwinRandom random = twin_random(1, TWIN_RANDOM_SESSION, 0);
    TwinSession session = session_at(&seed, 0, &random);
    seed.sides[0].ip_id_step = 3;
    session.hosts[0].ip_id = 65533;
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id, ==, 0);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id, ==, 3);
    seed.sides[0].syn_ip_id_is_zero = true;
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_SYN, 0, &random).ip_id, ==, 0);
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id, ==, 6);
    seed.sides[0].ip_id_manner = TWIN_IP_ID_ZERO;
    g_assert_cmpuint(pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id, ==, 0);
    seed.sides[0].ip_id_manner = TWIN_IP_ID_RANDOM;
    const uint16_t first = pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id;
    const uint16_t second = pass(&session, 0, TWIN_TCP_ACK, 0, &random).ip_id;
    g_assert_cmpuint(first, !=, second);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/numbers-of-a-whole-flow", test_numbers_of_a_whole_flow);
    g_test_add_func("/session/a-flow-may-begin-midway", test_a_flow_may_begin_midway);
    g_test_add_func("/session/what-is-sent-again-has-its-number-again",
                    test_what_is_sent_again_has_its_number_again);
    g_test_add_func("/session/payload-of-a-syn", test_payload_of_a_syn);
    g_test_add_func("/session/a-host-knows-only-what-arrived", test_a_host_knows_only_what_arrived);
    g_test_add_func("/session/numbers-follow-from-what-was-sent",
                    test_numbers_follow_from_what_was_sent);
    g_test_add_func("/session/clocks-tick-at-their-rate", test_clocks_tick_at_their_rate);
    g_test_add_func("/session/each-host-has-its-own-begin", test_each_host_has_its_own_begin);
    g_test_add_func("/session/timestamps-stand-where-the-seed-had-them",
                    test_timestamps_stand_where_the_seed_had_them);
    g_test_add_func("/session/windows-are-the-seeds-in-turn", test_windows_are_the_seeds_in_turn);
    g_test_add_func("/session/windows-take-nothing-back", test_windows_take_nothing_back);
    g_test_add_func("/session/windows-where-the-seed-had-none",
                    test_windows_where_the_seed_had_none);
    g_test_add_func("/session/ip-ids-by-the-hosts-manner", test_ip_ids_by_the_hosts_manner);
    return g_test_run();
}
