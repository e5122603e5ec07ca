/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/analysis.h"
#include "base/parallel.h"
#include "eval/measures.h"
#include "flow/connection.h"
#include "packet/tcp.h"

#include <string.h>

enum { MAX_HOLES = 32 }; /* of a side that are watched at a time; more are never filled */

/* What is counted beside the kinds of the analysis. */
typedef enum {
    ACK_NEVER_SENT, /* acknowledges octets that the peer sends nowhere in the flow */
    OPEN_GAP,       /* octets left out that no later packet of the flow fills */
    OVERLAP,        /* old octets and new ones in one segment */
    NO_FLAGS,
    N_EXTRAS,
} Extra;

static const struct {
    const char *id;
    const char *title;
} extras[N_EXTRAS] = {
    [ACK_NEVER_SENT] = {"ack_never_sent", "Acknowledges octets never sent"},
    [OPEN_GAP] = {"open_gap", "Sequence gap never filled"},
    [OVERLAP] = {"overlap", "Old and new octets in one segment"},
    [NO_FLAGS] = {"no_flags", "Packet without flags"},
};

typedef struct {
    double n_packets;
    double kinds[TWIN_N_ANALYSES];
    double extras[N_EXTRAS];
} Counts;

/* Octets between two segments of a side. */
typedef struct {
    uint32_t begin, end;
} Hole;

typedef struct {
    bool has_spoken;
    uint32_t next;
    Hole holes[MAX_HOLES];
    size_t n_holes;
} Side;

static unsigned side_of(const TwinPacket *packet)
{
    return (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
}

static uint32_t end_of(const TwinPacket *packet)
{
    const bool is_marked = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0;
    return packet->seq + packet->payload_bytes + (is_marked ? 1 : 0);
}

/* A packet below what was reached fills holes from their beginning. */
static void fill_holes(Side *side, const TwinPacket *packet)
{
    const uint32_t end = end_of(packet);
    for (size_t h = 0; h < side->n_holes;) {
        Hole *hole = &side->holes[h];
        if (twin_seq_diff(packet->seq, hole->begin) <= 0 && twin_seq_diff(end, hole->begin) > 0) {
            hole->begin = end;
        }
        if (twin_seq_diff(hole->begin, hole->end) >= 0) {
            *hole = side->holes[--side->n_holes];
        } else {
            h++;
        }
    }
}

static void take_numbers(Side *side, const TwinPacket *packet, Counts *counts)
{
    const uint32_t end = end_of(packet);
    const bool is_moving = end != packet->seq && (packet->flags & TWIN_TCP_RST) == 0;
    if (!is_moving) {
        return;
    }
    if (!side->has_spoken) {
        side->has_spoken = true;
        side->next = end;
        return;
    }
    const int32_t ahead = twin_seq_diff(packet->seq, side->next);
    if (ahead > 0) {
        if (side->n_holes < MAX_HOLES) {
            side->holes[side->n_holes++] = (Hole){.begin = side->next, .end = packet->seq};
        } else {
            counts->extras[OPEN_GAP]++;
        }
    } else if (ahead < 0) {
        counts->extras[OVERLAP] += twin_seq_diff(end, side->next) > 0 ? 1 : 0;
        fill_holes(side, packet);
    }
    if (twin_seq_diff(end, side->next) > 0) {
        side->next = end;
    }
}

static void count_flow(const TwinFlows *flows, const TwinFlow *flow, Counts *counts)
{
    TwinAnalysis analysis = {.has_syn = false};
    Side sides[2] = {{.n_holes = 0}};
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const unsigned kinds = twin_analysis_packet(&analysis, packet);
        for (size_t i = 0; i < TWIN_N_ANALYSES; i++) {
            counts->kinds[i] += (kinds >> i & 1) != 0 ? 1 : 0;
        }
        take_numbers(&sides[side_of(packet)], packet, counts);
        counts->extras[NO_FLAGS] += (packet->flags & 0xffU) == 0 ? 1 : 0;
    }
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const Side *peer = &sides[1 - side_of(packet)];
        counts->extras[ACK_NEVER_SENT] += (packet->flags & TWIN_TCP_ACK) != 0 && peer->has_spoken &&
                                                  twin_seq_diff(packet->ack, peer->next) > 0
                                              ? 1
                                              : 0;
    }
    counts->extras[OPEN_GAP] += (double)(sides[0].n_holes + sides[1].n_holes);
    counts->n_packets += flow->n_packets;
}

typedef struct {
    const TwinJudge *judge;
    Counts counts[TWIN_N_SETS];
} Work;

static void count_set(size_t index, unsigned thread, void *data)
{
    (void)thread;
    Work *work = data;
    const TwinFlows *flows = work->judge->sets[index].flows;
    for (size_t f = 0; f < work->judge->sets[index].n_flows; f++) {
        count_flow(flows, twin_flows_flow(flows, f), &work->counts[index]);
    }
}

static const TwinColumnHead columns[] = {
    {"real", "real"},
    {"holdout", "hold-out"},
    {"synthetic", "synthetic"},
};

static const TwinTableHead head = {
    .id = "arithmetic",
    .title = "TCP arithmetic, per 1,000 packets",
    .about =
        "What an analyst's tool finds in the numbers: Wireshark's tcp.analysis by rules of our "
        "own, and what no real stack does.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
};

/* Checksums that were captured whole: bad ones per 1,000 of those that could be judged. */
static void add_checksums(const TwinJudge *judge, TwinTable *table)
{
    TwinTableRow *row =
        twin_table_add(table, "bad_checksum", "Bad checksum (of those captured whole)");
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        const TwinFlowsCounts *counts = twin_flows_counts(judge->sets[s].flows);
        if (counts->checksums > 0) {
            row->cells[s] = twin_cell(TWIN_FORMAT_RATE, 1000 * (double)counts->bad_checksums /
                                                            (double)counts->checksums);
        }
    }
}

void twin_measure_arithmetic(const TwinJudge *judge, TwinReport *report)
{
    Work work = {.judge = judge};
    twin_parallel_for(TWIN_N_SETS, judge->n_threads, count_set, &work);
    TwinTable *table = twin_report_add(report, &head);
    for (size_t i = 0; i < TWIN_N_ANALYSES + N_EXTRAS; i++) {
        const bool is_kind = i < TWIN_N_ANALYSES;
        const TwinAnalysisInfo *info = is_kind ? twin_analysis_info((TwinAnalysisKind)i) : NULL;
        const size_t extra = is_kind ? 0 : i - TWIN_N_ANALYSES;
        TwinTableRow *row = twin_table_add(table, is_kind ? info->id : extras[extra].id,
                                           is_kind ? info->title : extras[extra].title);
        for (size_t s = 0; s < TWIN_N_SETS; s++) {
            const Counts *counts = &work.counts[s];
            const double n = is_kind ? counts->kinds[i] : counts->extras[extra];
            if (counts->n_packets > 0) {
                row->cells[s] = twin_cell(TWIN_FORMAT_RATE, 1000 * n / counts->n_packets);
            }
        }
    }
    add_checksums(judge, table);
}
