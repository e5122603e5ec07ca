/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every rule of inference on a flow small enough to work out by hand. */
#include "host_rows.h"

enum { F = HOST_F, S = HOST_S, R = HOST_R, P = HOST_P, A = HOST_A };

static const int64_t ms = 1000000;

/* A packet; of ROW_WITH, the rest as .member = value. */
#define ROW_WITH(ms, from, bits, number, acked, bytes, ...)                                        \
    {                                                                                              \
        .at_ms = (ms), .side = (from), .flags = (bits), .seq = (number), .ack = (acked),           \
        .payload_bytes = (bytes), __VA_ARGS__                                                      \
    }
#define ROW(ms, from, bits, number, acked, bytes)                                                  \
    ROW_WITH(ms, from, bits, number, acked, bytes, .window = 0)

#define INFER(self, rows)                                                                          \
    HostFlow self;                                                                                 \
    host_flow_init(&(self), rows, G_N_ELEMENTS(rows), NULL)

static const TwinHostPacket *at(const HostFlow *self, size_t index)
{
    g_assert_cmpuint(index, <, self->exchange.n_packets);
    return &self->exchange.packets[index];
}

static size_t count_fate(const HostFlow *self, TwinFate fate)
{
    size_t n = 0;
    for (size_t i = 0; i < self->exchange.n_packets; i++) {
        n += self->exchange.packets[i].fate == fate ? 1 : 0;
    }
    return n;
}

static size_t count_odd_acks(const HostFlow *self)
{
    size_t n = 0;
    for (size_t i = 0; i < self->exchange.n_packets; i++) {
        n += self->exchange.packets[i].ack_manner != TWIN_ACK_EXACT ? 1 : 0;
    }
    return n;
}

/* Nothing is odd: client 2 ms away, server 20 ms. */
#define HANDSHAKE ROW(0, 0, S, 0, 0, 0), ROW(20, 1, S | A, 0, 1, 0), ROW(22, 0, A, 1, 1, 0)

static void test_halves_and_arrivals(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(55, 1, P | A, 1, 101, 200),
        ROW(58, 0, A, 101, 201, 0),
    };
    INFER(flow, rows);
    const int64_t client = flow.exchange.sides[0].half_ns;
    const int64_t server = flow.exchange.sides[1].half_ns;
    g_assert_cmpint(client, <=, ms);
    g_assert_cmpint(client, >, ms * 999 / 1000);
    g_assert_cmpint(server, <=, 10 * ms);
    g_assert_cmpint(server, >, 10 * ms * 999 / 1000);
    g_assert_cmpuint(flow.exchange.n_packets, ==, 6);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    g_assert_cmpint(at(&flow, 3)->sent_ns, ==, 30 * ms - client);
    g_assert_cmpint(at(&flow, 3)->arrived_ns, ==, 30 * ms + server);
    g_assert_cmpint(at(&flow, 3)->held_ns, ==, 0);
    g_assert_cmpint(at(&flow, 4)->delay_ns, ==, 25 * ms - 2 * server);
    g_assert_cmpint(at(&flow, 4)->delay_class, ==, TWIN_DELAY_ANSWER);
    g_assert_cmpint(at(&flow, 5)->delay_ns, ==, 3 * ms - 2 * client);
    g_assert_cmpint(at(&flow, 5)->delay_class, ==, TWIN_DELAY_ACK);
    g_assert_cmpint(at(&flow, 1)->delay_class, ==, TWIN_DELAY_ANSWER);
    g_assert_cmpint(at(&flow, 4)->edge, ==, 101 + 1000);
    g_assert_cmpuint(flow.exchange.n_writes, ==, 2);
    g_assert_false(flow.exchange.is_plain);
    host_flow_clear(&flow);
}

/* Data that only a window allowed answers what opened it: 1 ms, where the ACK of the handshake took
 * 2. Where a SYN was missed nobody knows how windows are scaled. */
static void test_a_window_that_opens(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 1000),
        ROW(60, 1, A, 1, 1001, 0),
        ROW(61, 0, P | A, 1001, 1, 500),
    };
    INFER(flow, rows);
    g_assert_cmpint(flow.exchange.sides[0].half_ns, <, ms / 2);
    g_assert_cmpint(flow.exchange.sides[0].half_ns, >, ms / 2 * 999 / 1000);
    host_flow_clear(&flow);
    static const HostRow midway[] = {
        ROW(20, 1, S | A, 0, 1, 0), ROW(22, 0, A, 1, 1, 0),          ROW(30, 0, P | A, 1, 1, 1000),
        ROW(60, 1, A, 1, 1001, 0),  ROW(61, 0, P | A, 1001, 1, 500),
    };
    INFER(other, midway);
    g_assert_cmpint(other.exchange.sides[0].half_ns, >, ms * 999 / 1000);
    host_flow_clear(&other);
}

/* Without an answer nothing is known; a half of over .75 s is somebody thinking. */
static void test_halves_that_are_none(void)
{
    static const HostRow slow[] = {ROW(0, 0, S, 0, 0, 0), ROW(1600, 1, S | A, 0, 1, 0)};
    INFER(flow, slow);
    g_assert_cmpint(flow.exchange.sides[0].half_ns, ==, 0);
    g_assert_cmpint(flow.exchange.sides[1].half_ns, ==, 0);
    host_flow_clear(&flow);
    static const HostRow fast[] = {ROW(0, 0, S, 0, 0, 0), ROW(1400, 1, S | A, 0, 1, 0)};
    INFER(other, fast);
    g_assert_cmpint(other.exchange.sides[1].half_ns, >, 699 * ms);
    host_flow_clear(&other);
}

/* The answer to a segment that was sent again may be to either: it tells no path. */
static void test_answers_to_resends_tell_nothing(void)
{
    static const HostRow rows[] = {
        ROW(0, 0, P | A, 0, 0, 10),
        ROW(50, 0, P | A, 0, 0, 10),
        ROW(51, 1, A, 0, 10, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(flow.exchange.sides[1].half_ns, ==, 0);
    host_flow_clear(&flow);
}

/* A timestamp's first echo is an answer, too: 6 ms, where the ACK of data takes 30. */
static void test_halves_by_echoes(void)
{
    static const HostRow rows[] = {
        ROW_WITH(0, 0, P | A, 0, 0, 10, .ts_value = 700, .ts_echo = 300),
        ROW_WITH(10, 0, A, 10, 0, 0, .ts_value = 710, .ts_echo = 300),
        ROW_WITH(16, 1, A, 0, 0, 0, .ts_value = 310, .ts_echo = 710),
        ROW_WITH(30, 1, A, 0, 10, 0, .ts_value = 320, .ts_echo = 710),
    };
    INFER(flow, rows);
    const int64_t server = flow.exchange.sides[1].half_ns;
    g_assert_cmpint(server, <=, 3 * ms);
    g_assert_cmpint(server, >, 3 * ms * 999 / 1000);
    host_flow_clear(&flow);
}

/* A segment that the next packet of the peer does not acknowledge was not there yet. */
static void test_held_until_it_is_acknowledged(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(60, 1, P | A, 1, 1, 50), /* 10 ms after it could have been there, and without it */
        ROW(61, 1, A, 51, 101, 0),
    };
    INFER(flow, rows);
    const TwinHostPacket *held = at(&flow, 3);
    g_assert_cmpint(held->fate, ==, TWIN_FATE_SEEN);
    g_assert_cmpint(held->arrived_ns, ==, at(&flow, 4)->sent_ns + 1);
    g_assert_cmpint(held->held_ns, >, 9 * ms);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* No path holds for over a second: the acknowledgement is odd instead. */
static void test_acknowledgements_that_are_odd(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(1500, 1, P | A, 1, 1, 50),
        ROW(1600, 1, A, 51, 101, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 3)->held_ns, ==, 0);
    g_assert_cmpint(at(&flow, 4)->ack_manner, ==, TWIN_ACK_UNMOVED);
    g_assert_cmpint(at(&flow, 4)->ack_by, ==, 100);
    g_assert_cmpint(at(&flow, 5)->ack_manner, ==, TWIN_ACK_EXACT);
    host_flow_clear(&flow);
}

static void test_manners_of_acknowledgements(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(31, 0, P | A, 101, 1, 100),
        ROW(60, 1, A, 1, 201, 0),
        ROW(2000, 1, A, 1, 101, 0), /* back */
        ROW(3000, 0, P | A, 201, 1, 100),
        ROW(5000, 1, P | A, 1, 251, 5), /* moved, not up to what had arrived */
        ROW(5100, 1, A, 6, 301, 0),
        ROW(6000, 1, A, 6, 301, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 5)->ack_manner, ==, TWIN_ACK_EXACT);
    g_assert_cmpint(at(&flow, 6)->ack_manner, ==, TWIN_ACK_BACK);
    g_assert_cmpint(at(&flow, 6)->ack_by, ==, 100);
    g_assert_cmpint(at(&flow, 8)->ack_manner, ==, TWIN_ACK_BEHIND);
    g_assert_cmpint(at(&flow, 8)->ack_by, ==, 50);
    g_assert_cmpint(at(&flow, 10)->ack_manner, ==, TWIN_ACK_EXACT);
    host_flow_clear(&flow);
}

/* An acknowledgement of what nobody sent: ahead, and the capture had not seen it. */
static void test_acknowledgements_ahead(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(60, 1, A, 1, 101, 0),
        ROW(70, 1, A, 1, 1 << 26, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 5)->ack_manner, ==, TWIN_ACK_AHEAD);
    g_assert_cmpint(at(&flow, 5)->ack_by, ==, 101 - (1 << 26));
    host_flow_clear(&flow);
}

/* Captured, lost behind the capture, sent again: duplicate ACKs show that it was not there. */
static void test_lost_after_the_capture(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 100),
        ROW(31, 0, A, 101, 1, 100),
        ROW(32, 0, P | A, 201, 1, 100),
        ROW(52, 1, A, 1, 1, 0),
        ROW(53, 1, A, 1, 1, 0),
        ROW(300, 0, A, 1, 1, 100),
        ROW(321, 1, A, 1, 301, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 3)->fate, ==, TWIN_FATE_LOST);
    g_assert_true(at(&flow, 3)->is_sent_again);
    g_assert_cmpint(at(&flow, 4)->fate, ==, TWIN_FATE_SEEN);
    g_assert_cmpint(at(&flow, 8)->move, ==, TWIN_MOVE_AGAIN);
    g_assert_cmpint(at(&flow, 8)->back, ==, 3);
    g_assert_cmpint(at(&flow, 8)->write, ==, 0); /* of the one that was lost */
    g_assert_cmpint(at(&flow, 8)->delay_class, ==, TWIN_DELAY_RESEND);
    g_assert_cmpuint(count_fate(&flow, TWIN_FATE_LOST), ==, 1);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    g_assert_cmpuint(flow.exchange.n_writes, ==, 1);
    g_assert_cmpuint(flow.exchange.writes[0].n_segments, ==, 3);
    g_assert_cmpuint(flow.exchange.writes[0].bytes, ==, 300);
    host_flow_clear(&flow);
}

/* Sent again for nothing: it had arrived, and the first packet after says so. */
static void test_a_spurious_resend(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(50, 1, A, 1, 101, 0),
        ROW(60, 0, P | A, 1, 1, 100),
        ROW(81, 1, A, 1, 101, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 3)->fate, ==, TWIN_FATE_SEEN);
    g_assert_cmpint(at(&flow, 5)->move, ==, TWIN_MOVE_AGAIN);
    g_assert_cmpint(at(&flow, 5)->write, ==, -1);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* Nothing of the peer ever covers it, and over a second of packets says so. */
static void test_lost_for_good(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(500, 1, P | A, 1, 1, 50),
        ROW(2000, 1, F | A, 51, 1, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 3)->fate, ==, TWIN_FATE_LOST);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* Of two segments behind a hole the SACK shows one; the other was lost as well. */
static void test_selective_acknowledgements(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 100),   /* lost */
        ROW(31, 0, A, 101, 1, 100), /* lost */
        ROW(32, 0, P | A, 201, 1, 100),
        ROW_WITH(52, 1, A, 1, 1, 0, .sack = {201, 301}),
        ROW(100, 0, A, 1, 1, 100),
        ROW_WITH(120, 1, A, 1, 101, 0, .sack = {201, 301}),
        ROW(130, 0, A, 101, 1, 100),
        ROW(151, 1, A, 1, 301, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 6)->n_sack, ==, 1);
    g_assert_cmpint(at(&flow, 6)->sack[0][0], ==, 201);
    g_assert_cmpint(at(&flow, 6)->sack[0][1], ==, 301);
    g_assert_cmpint(at(&flow, 3)->fate, ==, TWIN_FATE_LOST);
    g_assert_cmpint(at(&flow, 4)->fate, ==, TWIN_FATE_LOST);
    g_assert_cmpint(at(&flow, 5)->fate, ==, TWIN_FATE_SEEN);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* A gap that packets sent again fill later: lost before the capture. */
static void test_hidden_packets(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 100),
        ROW_WITH(31, 0, A, 301, 1, 100, .window = 900),
        ROW(32, 0, P | A, 401, 1, 100),
        ROW(50, 1, A, 1, 101, 0),
        ROW(200, 0, A, 101, 1, 150),
        ROW(201, 0, A, 251, 1, 50),
        ROW(222, 1, A, 1, 501, 0),
    };
    INFER(flow, rows);
    g_assert_cmpuint(flow.exchange.n_packets, ==, G_N_ELEMENTS(rows) + 2);
    const TwinHostPacket *first = at(&flow, 4);
    const TwinHostPacket *second = at(&flow, 5);
    g_assert_cmpint(first->fate, ==, TWIN_FATE_HIDDEN);
    g_assert_cmpint(first->seq, ==, 101);
    g_assert_cmpint(first->payload_bytes, ==, 150);
    g_assert_cmpint(first->window, ==, 1000); /* of the packet before, not of the one behind */
    g_assert_cmpint(first->captured_ns, ==, at(&flow, 6)->captured_ns);
    g_assert_true(first->is_sent_again);
    g_assert_cmpint(second->fate, ==, TWIN_FATE_HIDDEN);
    g_assert_cmpint(second->seq, ==, 251);
    g_assert_cmpint(at(&flow, 6)->record, ==, 4);
    g_assert_cmpint(at(&flow, 9)->move, ==, TWIN_MOVE_AGAIN);
    g_assert_cmpint(at(&flow, 9)->back, ==, 4);
    g_assert_cmpint(at(&flow, 9)->write, ==, 0);
    g_assert_cmpuint(flow.exchange.writes[0].n_segments, ==, 5);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* Bytes acknowledged but never captured had arrived: cut at the acknowledgements that show them. */
static void test_missed_segments(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 300),
        ROW(60, 1, A, 1, 501, 0),
        ROW(70, 1, A, 1, 701, 0),
        ROW(75, 0, P | A, 701, 1, 300),
        ROW(96, 1, A, 1, 1001, 0),
    };
    INFER(flow, rows);
    g_assert_cmpuint(count_fate(&flow, TWIN_FATE_MISSED), ==, 2);
    const TwinHostPacket *first = at(&flow, 4);
    g_assert_cmpint(first->fate, ==, TWIN_FATE_MISSED);
    g_assert_cmpint(first->seq, ==, 301);
    g_assert_cmpint(first->payload_bytes, ==, 200);
    g_assert_cmpint(first->ack, ==, 1);
    g_assert_cmpint(at(&flow, 5)->seq + at(&flow, 6)->seq, >, 0);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    g_assert_cmpuint(flow.exchange.n_squeezed, ==, 0);
    host_flow_clear(&flow);
}

/* It passed just before the packet behind it, which was acknowledged later. */
static void test_when_missed_segments_passed(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 300),
        ROW(40, 0, P | A, 401, 1, 100),
        ROW(80, 1, A, 1, 501, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 4)->fate, ==, TWIN_FATE_MISSED);
    g_assert_cmpint(at(&flow, 4)->captured_ns, ==, 40 * ms - 2);
    g_assert_cmpint(at(&flow, 4)->record, ==, -1);
    host_flow_clear(&flow);
}

/* What fills more than the gap is not what was lost in it. */
static void test_fillings_that_are_too_long(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 100),
        ROW(31, 0, P | A, 201, 1, 100),
        ROW(50, 1, A, 1, 101, 0),
        ROW(200, 0, A, 101, 1, 150),
        ROW(222, 1, A, 1, 301, 0),
    };
    INFER(flow, rows);
    g_assert_cmpuint(flow.exchange.n_packets, ==, G_N_ELEMENTS(rows));
    host_flow_clear(&flow);
}

/* A FIN that was missed is one. */
static void test_a_missed_fin(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 300),
        ROW(60, 1, F | A, 1, 302, 0),
        ROW(61, 0, A, 302, 2, 0),
    };
    INFER(flow, rows);
    const TwinHostPacket *fin = at(&flow, 4);
    g_assert_cmpint(fin->fate, ==, TWIN_FATE_MISSED);
    g_assert_cmpint(fin->flags, ==, F | A);
    g_assert_cmpint(fin->size, ==, 1);
    g_assert_cmpint(fin->payload_bytes, ==, 0);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* Over eight segments: the numbers between are taken out, of both sides' packets. */
static void test_squeezed_gaps(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 1000),
        ROW(60, 1, A, 1, 100001, 0),
        ROW(70, 0, P | A, 100001, 1, 500),
        ROW(91, 1, A, 1, 100501, 0),
    };
    INFER(flow, rows);
    g_assert_cmpuint(flow.exchange.n_squeezed, ==, 1);
    g_assert_cmpuint(count_fate(&flow, TWIN_FATE_MISSED), ==, 8);
    g_assert_cmpint(at(&flow, 13)->seq, ==, 1001 + 8 * 1000);
    g_assert_cmpint(at(&flow, 13)->payload_bytes, ==, 500);
    g_assert_cmpint(at(&flow, 14)->ack, ==, 1001 + 8 * 1000 + 500);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

static void test_keep_alives(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(50, 1, A, 1, 101, 0),
        ROW(9000, 0, A, 100, 1, 0), /* without and with the octet */
        ROW(9021, 1, A, 1, 101, 0),
        ROW(18000, 0, A, 100, 1, 1),
        ROW(18021, 1, A, 1, 101, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 5)->move, ==, TWIN_MOVE_PROBE);
    g_assert_cmpint(at(&flow, 7)->move, ==, TWIN_MOVE_PROBE);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    g_assert_cmpuint(flow.exchange.n_writes, ==, 1);
    host_flow_clear(&flow);
}

static void test_odd_numbers(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(40, 0, P | A, 1 << 25, 1, 100), /* another number space */
        ROW(50, 1, A, 1, 101, 0),
        ROW(60, 0, A, 50, 1, 0), /* takes no number, and has not the next one */
        ROW(70, 0, P | A, 101, 1, 100),
        ROW(91, 1, A, 1, 201, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 4)->move, ==, TWIN_MOVE_ODD);
    g_assert_cmpint(at(&flow, 4)->odd_by, ==, (1 << 25) - 101);
    g_assert_cmpint(at(&flow, 6)->move, ==, TWIN_MOVE_ODD);
    g_assert_cmpint(at(&flow, 6)->odd_by, ==, -51);
    g_assert_cmpint(at(&flow, 7)->move, ==, TWIN_MOVE_NEW);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* Numbers that wrap, on both sides, also twice around; times before 1970. */
static void test_numbers_that_wrap(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW_WITH(55, 1, P | A, 1, 101, 200, .sack = {1, 101}),
        ROW(58, 0, A, 101, 201, 0),
    };
    const HostOptions options = {.isns = {UINT32_MAX - 50, UINT32_MAX}, .start_ns = -5000000000};
    HostFlow flow;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), &options);
    g_assert_cmpint(at(&flow, 4)->ack, ==, 101);
    g_assert_cmpint(at(&flow, 4)->sack[0][0], ==, 1);
    g_assert_cmpint(at(&flow, 5)->seq, ==, 101);
    g_assert_cmpint(at(&flow, 5)->ack, ==, 201);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* More than 2^31 bytes one way: numbers go on rising. */
static void test_more_bytes_than_half_the_numbers(void)
{
    enum { BLOCK = 1 << 20, N = 2100 };
    g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(HostRow));
    for (int64_t k = 0; k < N; k++) {
        /* What is between is missed; 2^23 a step. */
        const HostRow row = ROW((double)k, 0, P | A, k << 22, 0, 100);
        g_array_append_val(rows, row);
    }
    HostFlow flow;
    host_flow_init(&flow, (const HostRow *)(const void *)rows->data, rows->len, NULL);
    for (size_t i = 0; i < flow.exchange.n_packets; i++) {
        g_assert_cmpint(flow.exchange.packets[i].move, ==, TWIN_MOVE_NEW);
    }
    g_assert_cmpuint(flow.exchange.n_squeezed, ==, N - 1);
    host_flow_clear(&flow);
}

/* Steps of 10 ms: one packet after the other all the same. */
static void test_a_coarse_clock(void)
{
    static const HostRow rows[] = {
        ROW(0, 0, S, 0, 0, 0),        ROW(0, 1, S | A, 0, 1, 0),     ROW(0, 0, A, 1, 1, 0),
        ROW(10, 0, P | A, 1, 1, 100), ROW(10, 1, P | A, 1, 101, 50), ROW(20, 0, A, 101, 51, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(flow.exchange.tick_ns, ==, 10 * ms);
    g_assert_cmpint(at(&flow, 1)->captured_ns, ==, 8);
    g_assert_cmpint(at(&flow, 2)->captured_ns, ==, 16);
    g_assert_cmpint(at(&flow, 3)->captured_ns, ==, 10 * ms);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

static void test_a_backward_clock(void)
{
    static const HostRow rows[] = {
        ROW(0, 0, S, 0, 0, 0),          ROW(20.123, 1, S | A, 0, 1, 0), ROW(-500, 0, A, 1, 1, 0),
        ROW(-490, 0, P | A, 1, 1, 100), ROW(-460, 1, A, 1, 101, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(flow.exchange.tick_ns, ==, 1000);
    g_assert_cmpint(at(&flow, 2)->captured_ns, ==, 20123000 + 8);
    g_assert_cmpint(at(&flow, 4)->captured_ns, ==, 20123000 + 24);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* One direction alone: what it acknowledges was missed. */
static void test_a_one_sided_flow(void)
{
    static const HostRow rows[] = {
        ROW(0, 1, P | A, 0, 0, 1000),
        ROW(10, 1, A, 1000, 500, 0),
        ROW(20, 1, A, 1000, 900, 0),
        ROW(30, 1, P | A, 1000, 900, 100),
    };
    INFER(flow, rows);
    g_assert_cmpuint(count_fate(&flow, TWIN_FATE_MISSED), ==, 2);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    g_assert_cmpuint(flow.exchange.n_packets, ==, 6);
    host_flow_clear(&flow);
}

/* From the middle on: the peer's first acknowledgement stands in for a start not seen. */
static void test_a_capture_that_begins_midway(void)
{
    static const HostRow rows[] = {
        ROW(0, 0, P | A, 77777, 88888, 100),
        ROW(20, 1, P | A, 88888, 77877, 200),
        ROW(22, 0, A, 77877, 89088, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 0)->seq, ==, 0);
    g_assert_cmpint(at(&flow, 0)->ack, ==, 0);
    g_assert_cmpint(at(&flow, 1)->seq, ==, 0);
    g_assert_cmpint(at(&flow, 1)->ack, ==, 100);
    g_assert_cmpuint(flow.exchange.n_packets, ==, 3);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

static void test_offloaded_segments(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 60000),
        ROW(31, 0, P | A, 60001, 1, 30000),
        ROW(51, 1, A, 1, 90001, 0),
    };
    INFER(flow, rows);
    g_assert_cmpuint(flow.exchange.n_writes, ==, 1);
    g_assert_cmpuint(flow.exchange.writes[0].bytes, ==, 90000);
    g_assert_cmpuint(flow.exchange.writes[0].n_segments, ==, 2);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

static void test_resets(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, P | A, 1, 1, 100),
        ROW(50, 1, R | A, 1, 51, 0),
        ROW(51, 0, R, 101, 0, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 4)->rst_by, ==, 50);
    g_assert_cmpint(at(&flow, 4)->edge, ==, 0);
    g_assert_cmpint(at(&flow, 4)->delay_class, ==, TWIN_DELAY_CLOSE);
    g_assert_cmpint(at(&flow, 5)->rst_by, ==, 0);
    g_assert_cmpint(at(&flow, 5)->ack, ==, 0);
    g_assert_cmpuint(flow.exchange.n_packets, ==, 6);
    host_flow_clear(&flow);
}

static void test_a_simultaneous_open(void)
{
    static const HostRow rows[] = {
        ROW(0, 0, S, 0, 0, 0),      ROW(1, 1, S, 0, 0, 0),       ROW(20, 0, S | A, 0, 1, 0),
        ROW(21, 1, S | A, 0, 1, 0), ROW(40, 0, P | A, 1, 1, 10), ROW(70, 1, A, 1, 11, 0),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 2)->move, ==, TWIN_MOVE_AGAIN);
    g_assert_cmpint(at(&flow, 3)->move, ==, TWIN_MOVE_AGAIN);
    g_assert_cmpint(at(&flow, 4)->move, ==, TWIN_MOVE_NEW);
    g_assert_cmpuint(flow.exchange.n_packets, ==, 6);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

/* A pure ACK would have been echoed: the data behind it comes 1 ns after what does not echo it. */
static void test_pure_acks_held_by_their_stamps(void)
{
    static const HostRow rows[] = {
        ROW_WITH(0, 0, S, 0, 0, 0, .ts_value = 100, .ts_echo = 0),
        ROW_WITH(20, 1, S | A, 0, 1, 0, .ts_value = 900, .ts_echo = 100),
        ROW_WITH(22, 0, A, 1, 1, 0, .ts_value = 122, .ts_echo = 900),
        ROW_WITH(30, 1, P | A, 1, 1, 50, .ts_value = 910,
                 .ts_echo = 100), /* sent at 20 ms; the ACK could be there at 32 */
        ROW_WITH(60, 1, P | A, 51, 1, 50, .ts_value = 940,
                 .ts_echo = 100), /* not with that echo at 50 */
        ROW_WITH(61, 0, A, 1, 101, 0, .ts_value = 161, .ts_echo = 940),
    };
    INFER(flow, rows);
    g_assert_cmpint(at(&flow, 2)->arrived_ns, ==, at(&flow, 4)->sent_ns + 1);
    host_flow_clear(&flow);
}

/* Writes: up to a pushed segment, of one side. The second of the server begins before the client's
 * has arrived. */
static void test_writes(void)
{
    static const HostRow rows[] = {
        HANDSHAKE,
        ROW(30, 0, A, 1, 1, 1000),
        ROW(30.1, 0, P | A, 1001, 1, 10),
        ROW(51, 1, P | A, 1, 1011, 20),
        ROW(52, 1, A, 21, 1011, 30),
        ROW(53, 0, P | A, 1011, 21, 40),
        ROW(54, 1, P | A, 51, 1011, 5),
        ROW(74, 1, P | A, 56, 1051, 6),
    };
    INFER(flow, rows);
    static const TwinWrite wanted[] = {
        {2, 1010, 0, false}, {1, 20, 1, false}, {2, 35, 1, false},
        {1, 40, 0, true},    {1, 6, 1, false},
    };
    g_assert_cmpuint(flow.exchange.n_writes, ==, G_N_ELEMENTS(wanted));
    for (size_t w = 0; w < G_N_ELEMENTS(wanted); w++) {
        const TwinWrite *write = &flow.exchange.writes[w];
        g_assert_cmpuint(write->side, ==, wanted[w].side);
        g_assert_cmpuint(write->n_segments, ==, wanted[w].n_segments);
        g_assert_cmpuint(write->bytes, ==, wanted[w].bytes);
        g_assert_cmpint(write->is_early, ==, wanted[w].is_early);
    }
    g_assert_cmpint(at(&flow, 4)->delay_class, ==, TWIN_DELAY_MORE);
    g_assert_cmpint(at(&flow, 5)->delay_class, ==, TWIN_DELAY_ANSWER);
    g_assert_cmpint(at(&flow, 6)->delay_class, ==, TWIN_DELAY_WRITE);
    g_assert_cmpint(at(&flow, 8)->write, ==, 2);
    host_flow_clear(&flow);
}

/* RFC 7323, 2.2: the scale holds where both SYNs offer one, and not on the SYN itself. */
static void test_what_syns_say(void)
{
    static const HostRow rows[] = {HANDSHAKE};
    HostOptions options = {.has_options = true, .shifts = {7, 2}};
    HostFlow flow;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), &options);
    g_assert_cmpint(flow.exchange.sides[0].window_shift, ==, 7);
    g_assert_cmpint(flow.exchange.sides[1].window_shift, ==, 2);
    g_assert_cmpint(flow.exchange.sides[1].mss_bytes, ==, 1460);
    g_assert_true(flow.exchange.sides[0].may_sack);
    g_assert_false(flow.exchange.sides[0].has_timestamps);
    g_assert_cmpint(at(&flow, 1)->edge, ==, 1 + 1000);
    g_assert_cmpint(at(&flow, 2)->edge, ==, 1 + 128000);
    host_flow_clear(&flow);
    options.shifts[1] = -1;
    host_flow_init(&flow, rows, G_N_ELEMENTS(rows), &options);
    g_assert_cmpint(flow.exchange.sides[0].window_shift, ==, 0);
    host_flow_clear(&flow);
}

/* Of the segments that are not sent again one is answered, slowly: that half contradicts all other
 * acknowledgements, and the order of the capture none. */
static void test_plain_where_halves_explain_less(void)
{
    enum { N_AGAIN = 20 };
    g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(HostRow));
    const HostRow slow[] = {ROW(0, 0, P | A, 0, 0, 10), ROW(500, 1, A, 0, 10, 0)};
    g_array_append_vals(rows, slow, G_N_ELEMENTS(slow));
    for (int64_t k = 1; k <= N_AGAIN; k++) {
        const double ms_at = 1000.0 + 10.0 * (double)k;
        const HostRow twice[] = {
            ROW(ms_at, 0, P | A, 10 * k, 0, 10),
            ROW(ms_at + 1, 0, P | A, 10 * k, 0, 10),
            ROW(ms_at + 2, 1, A, 0, 10 * k + 10, 0),
        };
        g_array_append_vals(rows, twice, G_N_ELEMENTS(twice));
    }
    HostFlow flow;
    host_flow_init(&flow, (const HostRow *)(const void *)rows->data, rows->len, NULL);
    g_assert_true(flow.exchange.is_plain);
    g_assert_cmpint(flow.exchange.sides[1].half_ns, ==, 0);
    g_assert_cmpuint(count_odd_acks(&flow), ==, 0);
    host_flow_clear(&flow);
}

static void test_counts_of_what_follows(void)
{
    static const HostRow rows[] = {
        ROW_WITH(0, 0, S, 0, 0, 0, .ts_value = 100, .ts_echo = 0),
        ROW_WITH(20, 1, S | A, 0, 1, 0, .ts_value = 900, .ts_echo = 100),
        ROW_WITH(22, 0, A, 1, 1, 0, .ts_value = 122, .ts_echo = 900),
        ROW_WITH(30, 0, P | A, 1, 1, 100, .ts_value = 130, .ts_echo = 900),
        ROW_WITH(55, 1, P | A, 1, 101, 200, .ts_value = 935, .ts_echo = 130),
        ROW_WITH(58, 0, A, 101, 201, 0, .ts_value = 158, .ts_echo = 934), /* an echo of nothing */
    };
    INFER(flow, rows);
    TwinInferenceCounts counts = {.n_flows = 0};
    const TwinFlow *one = twin_flows_flow(flow.flows, 0);
    twin_inference_count(&counts, &flow.exchange, flow.flows, one);
    g_assert_cmpuint(counts.n_flows, ==, 1);
    g_assert_cmpuint(counts.n_packets, ==, 6);
    g_assert_cmpuint(counts.n_acks, ==, 5);
    g_assert_cmpuint(counts.n_exact, ==, 5);
    g_assert_cmpuint(counts.n_echoes, ==, 5);
    g_assert_cmpuint(counts.n_following, ==, 4);
    g_assert_cmpuint(counts.n_lost + counts.n_hidden + counts.n_missed, ==, 0);
    host_flow_clear(&flow);
}

/* The first packets alone; and the memory of a longer flow serves a shorter one. */
static void test_a_flow_that_is_cut(void)
{
    static const HostRow rows[] = {HANDSHAKE, ROW(30, 0, P | A, 1, 1, 100),
                                   ROW(55, 1, A, 1, 101, 0)};
    INFER(flow, rows);
    const TwinFlow *one = twin_flows_flow(flow.flows, 0);
    for (size_t n = 1; n <= G_N_ELEMENTS(rows) + 1; n++) {
        const size_t n_wanted = MIN(n, G_N_ELEMENTS(rows));
        g_assert_true(twin_exchange_infer_first(&flow.exchange, flow.flows, one, n, flow.scratch));
        host_assert_promises(&flow.exchange, flow.flows, one, n_wanted);
        g_assert_cmpuint(flow.exchange.n_writes, ==, n_wanted > 3 ? 1 : 0);
    }
    host_flow_clear(&flow);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"/inference/halves", test_halves_and_arrivals},
        {"/inference/no-halves", test_halves_that_are_none},
        {"/inference/window-opens", test_a_window_that_opens},
        {"/inference/resends-tell-nothing", test_answers_to_resends_tell_nothing},
        {"/inference/echoes", test_halves_by_echoes},
        {"/inference/held", test_held_until_it_is_acknowledged},
        {"/inference/odd-acks", test_acknowledgements_that_are_odd},
        {"/inference/manners", test_manners_of_acknowledgements},
        {"/inference/ahead", test_acknowledgements_ahead},
        {"/inference/lost", test_lost_after_the_capture},
        {"/inference/spurious", test_a_spurious_resend},
        {"/inference/lost-for-good", test_lost_for_good},
        {"/inference/sack", test_selective_acknowledgements},
        {"/inference/hidden", test_hidden_packets},
        {"/inference/missed", test_missed_segments},
        {"/inference/missed-time", test_when_missed_segments_passed},
        {"/inference/too-long", test_fillings_that_are_too_long},
        {"/inference/missed-fin", test_a_missed_fin},
        {"/inference/squeezed", test_squeezed_gaps},
        {"/inference/keep-alive", test_keep_alives},
        {"/inference/odd-numbers", test_odd_numbers},
        {"/inference/wrap", test_numbers_that_wrap},
        {"/inference/many-bytes", test_more_bytes_than_half_the_numbers},
        {"/inference/coarse-clock", test_a_coarse_clock},
        {"/inference/backward-clock", test_a_backward_clock},
        {"/inference/one-sided", test_a_one_sided_flow},
        {"/inference/midway", test_a_capture_that_begins_midway},
        {"/inference/offload", test_offloaded_segments},
        {"/inference/reset", test_resets},
        {"/inference/simultaneous-open", test_a_simultaneous_open},
        {"/inference/stamps", test_pure_acks_held_by_their_stamps},
        {"/inference/writes", test_writes},
        {"/inference/syn", test_what_syns_say},
        {"/inference/plain", test_plain_where_halves_explain_less},
        {"/inference/counts", test_counts_of_what_follows},
        {"/inference/cut", test_a_flow_that_is_cut},
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t t = 0; t < G_N_ELEMENTS(tests); t++) {
        g_test_add_func(tests[t].name, tests[t].run);
    }
    return g_test_run();
}
