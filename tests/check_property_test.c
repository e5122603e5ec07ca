/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/check.h>

#include "flow/connection.h"
#include "packet/tcp.h"

#include <string.h>

/* What holds of any sequence of packets, however mad. */

enum {
    MAX_PACKETS = 40,
    N_ROUNDS = 20000,
};

typedef struct {
    TwinPacket packets[MAX_PACKETS];
    size_t n_packets;
} Sequence;

static uint32_t pick(const uint32_t *values, size_t n_values)
{
    return values[g_test_rand_int_range(0, (gint32)n_values)];
}

/* Mostly what a host would send next, now and then something else; numbers near each other, so that
 * handshakes, ends and what comes after them do happen. */
static TwinPacket random_packet(uint32_t next[2])
{
    static const uint32_t flags[] = {
        TWIN_TCP_SYN,
        TWIN_TCP_SYN | TWIN_TCP_ACK,
        TWIN_TCP_SYN | TWIN_TCP_ACK,
        TWIN_TCP_ACK,
        TWIN_TCP_ACK,
        TWIN_TCP_ACK | TWIN_TCP_PSH,
        TWIN_TCP_ACK | TWIN_TCP_FIN,
        TWIN_TCP_ACK | TWIN_TCP_RST,
        TWIN_TCP_RST,
        TWIN_TCP_SYN | TWIN_TCP_FIN,
        0,
    };
    static const uint32_t steps[] = {0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     1,
                                     (uint32_t)-1,
                                     40,
                                     (uint32_t)-40,
                                     900000,
                                     (UINT32_C(1) << 30) + 1000};
    static const uint32_t gaps_us[] = {10, 100, 3000, 3001, 100000, 300000, 1500000};
    static const uint8_t bits[] = {
        0, 0, 0, TWIN_PACKET_WINDOW_SCALE, TWIN_PACKET_CUT_OPTIONS, TWIN_PACKET_UNSURE_PAYLOAD};
    const unsigned side = (unsigned)g_test_rand_int_range(0, 2);
    TwinPacket packet = {
        .flags = (uint16_t)pick(flags, G_N_ELEMENTS(flags)),
        .seq = next[side] + pick(steps, G_N_ELEMENTS(steps)),
        .ack = next[1 - side] + pick(steps, G_N_ELEMENTS(steps)),
        .window = (uint16_t)g_test_rand_int_range(0, UINT16_MAX),
        .window_shift = 7,
        .time_ns = (int64_t)pick(gaps_us, G_N_ELEMENTS(gaps_us)) * 1000,
        .bits = (uint8_t)(bits[g_test_rand_int_range(0, G_N_ELEMENTS(bits))] |
                          (side == 1 ? TWIN_PACKET_FROM_SECOND : 0)),
    };
    if ((packet.flags & TWIN_TCP_SYN) == 0 && g_test_rand_bit()) {
        packet.payload_bytes = (uint32_t)g_test_rand_int_range(1, 60);
    }
    const bool counts_one = (packet.flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0;
    if ((packet.flags & TWIN_TCP_RST) == 0 && g_test_rand_int_range(0, 8) > 0) {
        next[side] = packet.seq + packet.payload_bytes + (counts_one ? 1 : 0);
    }
    return packet;
}

static void fill(Sequence *sequence)
{
    uint32_t next[2] = {(uint32_t)g_test_rand_int(), (uint32_t)g_test_rand_int()};
    int64_t time_ns = 0;
    *sequence = (Sequence){.n_packets = (size_t)g_test_rand_int_range(1, MAX_PACKETS + 1)};
    for (size_t i = 0; i < sequence->n_packets; i++) {
        TwinPacket *packet = &sequence->packets[i];
        *packet = random_packet(next);
        time_ns += g_test_rand_int_range(0, 20) > 0 ? packet->time_ns : -packet->time_ns;
        packet->time_ns = time_ns;
    }
    /* Side 0 is by definition the first packet's; a flow ends where another one begins. */
    const unsigned flip = sequence->packets[0].bits & TWIN_PACKET_FROM_SECOND;
    TwinConnection connection = {.bits = 0};
    for (size_t i = 0; i < sequence->n_packets; i++) {
        TwinPacket *packet = &sequence->packets[i];
        packet->bits = (uint8_t)(packet->bits ^ flip);
        if (twin_connection_is_reopened_by(&connection, packet)) {
            sequence->n_packets = i;
        } else {
            twin_connection_update(&connection, packet);
        }
    }
}

static void audit(TwinAudit *self, const Sequence *sequence, TwinVerdict verdicts[TWIN_N_CHECKS])
{
    twin_audit_begin(self);
    for (size_t i = 0; i < sequence->n_packets; i++) {
        twin_audit_packet(self, &sequence->packets[i]);
    }
    twin_audit_verdicts(self, true, verdicts);
}

static void assert_equal(const TwinVerdict a[TWIN_N_CHECKS], const TwinVerdict b[TWIN_N_CHECKS])
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_cmpint(a[check].passes, ==, b[check].passes);
        g_assert_cmpint(a[check].is_decided, ==, b[check].is_decided);
        g_assert_cmpstr(twin_check_reason(a[check].reason), ==, twin_check_reason(b[check].reason));
        g_assert_cmpuint(a[check].packet, ==, b[check].packet);
    }
}

/* What a verdict may look like. */
static void assert_sane(const TwinVerdict verdicts[TWIN_N_CHECKS], size_t n_packets)
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinVerdict *verdict = &verdicts[check];
        g_assert_true(verdict->packet == UINT32_MAX ||
                      (!verdict->passes && verdict->packet < n_packets));
        g_assert_true(verdict->passes || verdict->is_decided || check == TWIN_CHECK_HANDSHAKE);
    }
    g_assert_true(verdicts[TWIN_CHECK_TERMINATION].is_decided);
    /* Without a handshake there is no second one. */
    g_assert_true(verdicts[TWIN_CHECK_HANDSHAKE].passes ||
                  verdicts[TWIN_CHECK_DUPLICATE_HANDSHAKE].passes);
}

/* What is final after some packets stands at the end; a late or second handshake is final at once.
 */
static void assert_final_stands(TwinAudit *self, const Sequence *sequence)
{
    TwinVerdict final[TWIN_N_CHECKS] = {{.is_final = false}};
    TwinVerdict now[TWIN_N_CHECKS];
    twin_audit_begin(self);
    for (size_t i = 0; i < sequence->n_packets; i++) {
        twin_audit_packet(self, &sequence->packets[i]);
        twin_audit_verdicts(self, false, now);
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            if (final[check].is_final) {
                g_assert_cmpmem(&now[check], sizeof now[check], &final[check], sizeof now[check]);
            }
            final[check] = now[check];
        }
    }
    twin_audit_verdicts(self, true, now);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_true(now[check].is_final);
        if (final[check].is_final) {
            g_assert_cmpmem(&now[check], sizeof now[check], &final[check], sizeof now[check]);
        }
    }
    for (unsigned check = TWIN_CHECK_DUPLICATE_HANDSHAKE; check < TWIN_N_CHECKS; check++) {
        if (check != TWIN_CHECK_TERMINATION && !now[check].passes) {
            Sequence part = *sequence;
            part.n_packets = now[check].packet + 1;
            TwinVerdict then[TWIN_N_CHECKS];
            audit(self, &part, then);
            g_assert_false(then[check].passes);
            part.n_packets--;
            audit(self, &part, then);
            g_assert_true(then[check].passes);
        }
    }
}

static void test_any_sequence(const void *data)
{
    const TwinReading reading = *(const TwinReading *)data;
    g_autoptr(TwinAudit) first = twin_audit_new(reading);
    g_autoptr(TwinAudit) second = twin_audit_new(reading);
    Sequence sequence;
    for (int round = 0; round < N_ROUNDS; round++) {
        fill(&sequence);
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit(first, &sequence, verdicts);
        assert_sane(verdicts, sequence.n_packets);
        assert_final_stands(second, &sequence);
        TwinVerdict again[TWIN_N_CHECKS];
        twin_audit_verdicts(first, true, again);
        assert_equal(verdicts, again); /* asking changes nothing */
        audit(second, &sequence, again);
        assert_equal(verdicts, again); /* nor does the flow before */
        g_assert_cmpuint(strlen(twin_audit_history(first)), <=, 20);
    }
}

/* Numbers mean nothing but by their distance, times likewise: moved all alike, nothing changes. */
static void test_numbers_are_relative(void)
{
    g_autoptr(TwinAudit) self = twin_audit_new(TWIN_READING_EXACT);
    Sequence sequence;
    for (int round = 0; round < N_ROUNDS; round++) {
        fill(&sequence);
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit(self, &sequence, verdicts);
        const uint32_t moves[2] = {(uint32_t)g_test_rand_int(), (uint32_t)g_test_rand_int()};
        for (size_t i = 0; i < sequence.n_packets; i++) {
            TwinPacket *packet = &sequence.packets[i];
            const unsigned side = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
            packet->seq += moves[side];
            packet->ack += moves[1 - side];
            packet->time_ns += INT64_C(1700000000123456789);
        }
        TwinVerdict moved[TWIN_N_CHECKS];
        audit(self, &sequence, moved);
        assert_equal(verdicts, moved);
    }
}

/* A copy beside each packet changes no exact verdict: a SPAN port makes no fault. */
static void test_copies_change_nothing(void)
{
    g_autoptr(TwinAudit) self = twin_audit_new(TWIN_READING_EXACT);
    Sequence sequence;
    Sequence doubled;
    for (int round = 0; round < N_ROUNDS; round++) {
        fill(&sequence);
        sequence.n_packets = MIN(sequence.n_packets, MAX_PACKETS / 2);
        for (size_t i = 0; i < sequence.n_packets; i++) {
            doubled.packets[2 * i] = doubled.packets[2 * i + 1] = sequence.packets[i];
        }
        doubled.n_packets = 2 * sequence.n_packets;
        TwinVerdict once[TWIN_N_CHECKS];
        TwinVerdict twice[TWIN_N_CHECKS];
        audit(self, &sequence, once);
        audit(self, &doubled, twice);
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            g_assert_cmpint(once[check].passes, ==, twice[check].passes);
            g_assert_cmpint(once[check].is_decided, ==, twice[check].is_decided);
        }
    }
}

/* Times at the ends of what an int64_t holds; the sanitizer watches. */
static void test_extreme_times(void)
{
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, INT64_MIN + 1, INT64_MAX - 1};
    g_autoptr(TwinAudit) self = twin_audit_new(TWIN_READING_EXACT);
    twin_audit_set_capture_end(self, INT64_MAX - 1);
    Sequence sequence;
    for (int round = 0; round < N_ROUNDS / 10; round++) {
        fill(&sequence);
        for (size_t i = 0; i < sequence.n_packets; i++) {
            sequence.packets[i].time_ns = times[g_test_rand_int_range(0, G_N_ELEMENTS(times))];
        }
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit(self, &sequence, verdicts);
        assert_sane(verdicts, sequence.n_packets);
    }
}

/* The flow table's question never stands against the audit's answer. */
static void test_finished_is_terminated(void)
{
    g_autoptr(TwinAudit) self = twin_audit_new(TWIN_READING_EXACT);
    Sequence sequence;
    for (int round = 0; round < N_ROUNDS; round++) {
        fill(&sequence);
        TwinConnection connection = {.bits = 0};
        for (size_t i = 0; i < sequence.n_packets; i++) {
            twin_connection_update(&connection, &sequence.packets[i]);
        }
        TwinVerdict verdicts[TWIN_N_CHECKS];
        audit(self, &sequence, verdicts);
        g_assert_cmpint(verdicts[TWIN_CHECK_TERMINATION].passes, ==,
                        twin_connection_is_finished(&connection));
        g_assert_cmpint(verdicts[TWIN_CHECK_HANDSHAKE].passes, ==,
                        twin_connection_is_established(&connection));
    }
}

int main(int argc, char **argv)
{
    static const TwinReading exact = TWIN_READING_EXACT;
    static const TwinReading literal = TWIN_READING_LITERAL;
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/check/any-sequence/exact", &exact, test_any_sequence);
    g_test_add_data_func("/check/any-sequence/literal", &literal, test_any_sequence);
    g_test_add_func("/check/numbers-are-relative", test_numbers_are_relative);
    g_test_add_func("/check/copies-change-nothing", test_copies_change_nothing);
    g_test_add_func("/check/extreme-times", test_extreme_times);
    g_test_add_func("/check/finished-is-terminated", test_finished_is_terminated);
    return g_test_run();
}
