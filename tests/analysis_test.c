/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/analysis.h"
#include "packet/tcp.h"

#include <glib.h>

#define KIND(name) (1U << TWIN_ANALYSIS_##name)

enum {
    MAX_PACKETS = 12,
    S = TWIN_TCP_SYN,
    A = TWIN_TCP_ACK,
    F = TWIN_TCP_FIN | TWIN_TCP_ACK,
    R = TWIN_TCP_RST,
};

/* One packet of a case: numbers relative to each side's first, times in ms. */
typedef struct {
    char from; /* '>' the first side, '<' the other; 0: the end of the case */
    uint16_t flags;
    uint32_t time_ms;
    uint32_t seq, payload_bytes, ack;
    uint16_t window;
    unsigned kinds; /* expected */
} Packet;

/* A handshake with a round trip of 10 ms, then data of the first side up to 201. */
#define HANDSHAKE                                                                                  \
    {'>', S, 0, 0, 0, 0, 500, 0}, {'<', S | A, 10, 0, 0, 1, 600, 0},                               \
    {                                                                                              \
        '>', A, 10, 1, 0, 1, 500, 0                                                                \
    }
#define OPENING                                                                                    \
    HANDSHAKE, {'>', A, 20, 1, 100, 1, 500, 0},                                                    \
    {                                                                                              \
        '>', A, 20, 101, 100, 1, 500, 0                                                            \
    }

static const struct {
    const char *name;
    Packet packets[MAX_PACKETS];
} cases[] = {
    {"plain", {OPENING, {'<', A, 30, 1, 0, 201, 600, 0}, {'>', F, 40, 201, 0, 1, 500, 0}}},
    {"timeout", {OPENING, {'>', A, 300, 1, 100, 1, 500, KIND(RETRANSMISSION)}}},
    {"spurious",
     {OPENING,
      {'<', A, 30, 1, 0, 201, 600, 0},
      {'>', A, 300, 1, 100, 1, 500, KIND(RETRANSMISSION) | KIND(SPURIOUS_RETRANSMISSION)}}},
    {"fast",
     {OPENING,
      {'<', A, 30, 1, 0, 101, 600, 0},
      {'<', A, 31, 1, 0, 101, 600, KIND(DUPLICATE_ACK)},
      {'<', A, 32, 1, 0, 101, 600, KIND(DUPLICATE_ACK)},
      {'>', A, 40, 101, 100, 1, 500, KIND(RETRANSMISSION) | KIND(FAST_RETRANSMISSION)}}},
    {"one-duplicate-is-not-fast",
     {OPENING,
      {'<', A, 30, 1, 0, 101, 600, 0},
      {'<', A, 31, 1, 0, 101, 600, KIND(DUPLICATE_ACK)},
      {'>', A, 40, 101, 100, 1, 500, KIND(RETRANSMISSION)}}},
    {"overtaken-within-the-round-trip",
     {HANDSHAKE,
      {'>', A, 20, 101, 100, 1, 500, KIND(LOST_SEGMENT)},
      {'>', A, 29, 1, 100, 1, 500, KIND(OUT_OF_ORDER)}}},
    {"too-late-for-fast",
     {OPENING,
      {'<', A, 30, 1, 0, 101, 600, 0},
      {'<', A, 31, 1, 0, 101, 600, KIND(DUPLICATE_ACK)},
      {'<', A, 32, 1, 0, 101, 600, KIND(DUPLICATE_ACK)},
      {'>', A, 53, 101, 100, 1, 500, KIND(RETRANSMISSION)}}},
    {"lost-then-overtaken",
     {HANDSHAKE,
      {'>', A, 20, 101, 100, 1, 500, KIND(LOST_SEGMENT)},
      {'>', A, 22, 1, 100, 1, 500, KIND(OUT_OF_ORDER)}}},
    {"lost-then-sent-again",
     {HANDSHAKE,
      {'>', A, 20, 101, 100, 1, 500, KIND(LOST_SEGMENT)},
      {'>', A, 40, 1, 100, 1, 500, KIND(RETRANSMISSION)}}},
    {"keep-alive",
     {OPENING,
      {'<', A, 30, 1, 0, 201, 600, 0},
      {'>', A, 900, 200, 1, 1, 500, KIND(KEEP_ALIVE)},
      {'<', A, 910, 1, 0, 201, 600, KIND(KEEP_ALIVE_ACK)},
      {'>', A, 1900, 200, 0, 1, 500, KIND(KEEP_ALIVE)}}},
    {"window",
     {OPENING,
      {'<', A, 30, 1, 0, 201, 0, KIND(ZERO_WINDOW)},
      {'>', A, 300, 201, 1, 1, 500, KIND(ZERO_WINDOW_PROBE)},
      {'<', A, 310, 1, 0, 201, 0, KIND(ZERO_WINDOW) | KIND(ZERO_WINDOW_PROBE_ACK)},
      {'<', A, 400, 1, 0, 201, 600, KIND(WINDOW_UPDATE)},
      {'>', A, 410, 201, 100, 1, 500, 0}}},
    {"no-zero-window-in-a-reset", {OPENING, {'<', R | A, 30, 1, 0, 201, 0, 0}}},
    {"unseen",
     {HANDSHAKE,
      {'<', A, 20, 1, 0, 51, 600, KIND(ACK_UNSEEN)},
      {'<', A, 30, 1, 0, 51, 600, KIND(DUPLICATE_ACK)},
      {'>', A, 40, 51, 10, 1, 500, KIND(LOST_SEGMENT)}}},
    {"syn-again",
     {{'>', S, 0, 0, 0, 0, 500, 0}, {'>', S, 1000, 0, 0, 0, 500, KIND(RETRANSMISSION)}}},
    {"midway", {{'<', A, 0, 77, 10, 5, 600, 0}, {'>', A, 1, 5, 0, 87, 500, 0}}},
};

static TwinPacket packet_of(const Packet *row, uint32_t first)
{
    return (TwinPacket){
        .time_ns = (int64_t)row->time_ms * 1000000,
        .seq = row->seq + (row->from == '>' ? first : ~first),
        .ack = (row->flags & A) != 0 ? row->ack + (row->from == '>' ? ~first : first) : 0,
        .payload_bytes = row->payload_bytes,
        .window = row->window,
        .flags = row->flags,
        .bits = row->from == '<' ? TWIN_PACKET_FROM_SECOND : 0,
    };
}

/* Every case, wherever the numbers begin: they wrap in some. */
static void test_every_packet_is_what_it_looks_like(void)
{
    static const uint32_t firsts[] = {0, 1000, UINT32_MAX, UINT32_MAX - 150, INT32_MAX};
    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        for (size_t f = 0; f < G_N_ELEMENTS(firsts); f++) {
            TwinAnalysis analysis = {.has_syn = false};
            for (size_t p = 0; p < MAX_PACKETS && cases[c].packets[p].from != 0; p++) {
                const Packet *row = &cases[c].packets[p];
                const TwinPacket packet = packet_of(row, firsts[f]);
                g_test_message("%s, packet %zu, first number %u", cases[c].name, p, firsts[f]);
                g_assert_cmphex(twin_analysis_packet(&analysis, &packet), ==, row->kinds);
            }
        }
    }
}

static void test_every_kind_has_names_of_its_own(void)
{
    for (unsigned kind = 0; kind < TWIN_N_ANALYSES; kind++) {
        const TwinAnalysisInfo *info = twin_analysis_info((TwinAnalysisKind)kind);
        g_assert_true(g_str_has_prefix(info->filter, "tcp.analysis."));
        for (unsigned other = 0; other < kind; other++) {
            g_assert_cmpstr(info->id, !=, twin_analysis_info((TwinAnalysisKind)other)->id);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/analysis/every-packet-is-what-it-looks-like",
                    test_every_packet_is_what_it_looks_like);
    g_test_add_func("/analysis/every-kind-has-names-of-its-own",
                    test_every_kind_has_names_of_its_own);
    return g_test_run();
}
