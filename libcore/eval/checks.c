/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/check.h>

#include "base/parallel.h"
#include "eval/measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int64_t idle_timeout_ns = INT64_C(120) * 1000000000;

/* What passed, of how many flows. */
typedef struct {
    size_t n_flows;
    size_t n_passing[TWIN_N_CHECKS];
} Totals;

static void add_verdicts(Totals *totals, const TwinAudit *audit)
{
    TwinVerdict verdicts[TWIN_N_CHECKS];
    twin_audit_verdicts(audit, true, verdicts);
    totals->n_flows++;
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        totals->n_passing[check] += verdicts[check].passes ? 1 : 0;
    }
}

static void audit_packets(TwinAudit *audit, const TwinFlows *flows, const TwinFlow *flow,
                          bool is_swapped)
{
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        TwinPacket packet = *twin_flows_packet(flows, flow, k);
        packet.bits ^= is_swapped ? TWIN_PACKET_FROM_SECOND : 0;
        twin_audit_packet(audit, &packet);
    }
}

static void total_exact(const TwinFlows *flows, Totals *totals)
{
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    twin_audit_set_capture_end(audit, twin_flows_last_ns(flows));
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        twin_audit_begin(audit);
        audit_packets(audit, flows, twin_flows_flow(flows, f), false);
        add_verdicts(totals, audit);
    }
}

static int compare_side(const TwinFlow *a, unsigned a_side, const TwinFlow *b, unsigned b_side)
{
    const int order = memcmp(&a->addresses[a_side], &b->addresses[b_side], sizeof(TwinAddress));
    return order != 0
               ? order
               : (a->ports[a_side] > b->ports[b_side]) - (a->ports[a_side] < b->ports[b_side]);
}

/* The side with the lower end. */
static unsigned low_side(const TwinFlow *flow)
{
    return compare_side(flow, 0, flow, 1) <= 0 ? 0 : 1;
}

/* Flows between the same two ends stand together, in order of the capture. */
static int compare_flows(const void *left, const void *right)
{
    const TwinFlow *a = *(const TwinFlow *const *)left;
    const TwinFlow *b = *(const TwinFlow *const *)right;
    if (a->ip_version != b->ip_version) {
        return a->ip_version < b->ip_version ? -1 : 1;
    }
    int order = compare_side(a, low_side(a), b, low_side(b));
    order = order != 0 ? order : compare_side(a, 1 - low_side(a), b, 1 - low_side(b));
    return order != 0 ? order : (a->first > b->first) - (a->first < b->first);
}

static bool has_same_ends(const TwinFlow *a, const TwinFlow *b)
{
    return a->ip_version == b->ip_version && compare_side(a, low_side(a), b, low_side(b)) == 0 &&
           compare_side(a, 1 - low_side(a), b, 1 - low_side(b)) == 0;
}

/* True where @next, cut off at its SYN, belongs to @flow by 5-tuple and timeout alone. */
static bool goes_on(const TwinFlows *flows, const TwinFlow *flow, const TwinFlow *next)
{
    const TwinPacket *last = twin_flows_packet(flows, flow, flow->n_packets - 1);
    return has_same_ends(flow, next) && next->start_ns - last->time_ns <= idle_timeout_ns;
}

/* The literal reading cuts flows by 5-tuple and timeout alone: what we cut at a SYN is joined. */
static void total_literal(const TwinFlows *flows, Totals *totals)
{
    const size_t n_flows = twin_flows_n_flows(flows);
    g_autofree const TwinFlow **sorted = g_new(const TwinFlow *, n_flows + 1);
    for (size_t f = 0; f < n_flows; f++) {
        sorted[f] = twin_flows_flow(flows, f);
    }
    if (n_flows > 0) {
        qsort(sorted, n_flows, sizeof(const TwinFlow *), compare_flows);
    }
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_LITERAL);
    const TwinFlow *first = NULL;
    for (size_t f = 0; f < n_flows; f++) {
        if (first == NULL) {
            first = sorted[f];
            twin_audit_begin(audit);
        }
        audit_packets(audit, flows, sorted[f], compare_side(first, 0, sorted[f], 0) != 0);
        if (f + 1 == n_flows || !goes_on(flows, sorted[f], sorted[f + 1])) {
            add_verdicts(totals, audit);
            first = NULL;
        }
    }
}

static const TwinColumnHead columns[] = {
    {"real", "real"},
    {"holdout", "hold-out"},
    {"synthetic", "synthetic"},
    {"gap", "gap to hold-out"},
};

static const TwinTableHead heads[] = {
    [TWIN_READING_EXACT] =
        {
            .id = "checks",
            .title = "Five domain checks",
            .about =
                "Share of flows that pass. Sequence numbers decide; what TCP's standards, loss "
                "and reordering explain passes.",
            .columns = columns,
            .n_columns = G_N_ELEMENTS(columns),
            .n_bars = 3,
        },
    [TWIN_READING_LITERAL] =
        {
            .id = "checks_literal",
            .title = "The same checks, literal reading",
            .about = "Flags and order in the file alone, flows by 5-tuple and timeout: what other "
                     "papers' figures can be set beside.",
            .columns = columns,
            .n_columns = G_N_ELEMENTS(columns),
        },
};

/* Both readings of all sets. */
typedef struct {
    const TwinJudge *judge;
    Totals totals[TWIN_READING_LITERAL + 1][TWIN_N_SETS];
} Work;

static void total_set(size_t index, unsigned thread, void *data)
{
    static void (*const total[])(const TwinFlows *, Totals *) = {total_exact, total_literal};
    (void)thread;
    Work *work = data;
    const size_t reading = index / TWIN_N_SETS;
    const size_t set = index % TWIN_N_SETS;
    total[reading](work->judge->sets[set].flows, &work->totals[reading][set]);
}

static void tabulate(TwinReport *report, TwinReading reading, const Totals totals[TWIN_N_SETS])
{
    TwinTable *table = twin_report_add(report, &heads[reading]);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        const TwinCheckInfo *info = twin_check_info((TwinCheck)check);
        TwinTableRow *row = twin_table_add(table, info->id, info->title);
        for (size_t s = 0; s < TWIN_N_SETS; s++) {
            row->cells[s] = twin_cell_share(totals[s].n_passing[check], totals[s].n_flows);
        }
        const TwinCell *cells = row->cells;
        if (cells[TWIN_SET_HOLDOUT].is_known && cells[TWIN_SET_SYNTHETIC].is_known) {
            row->cells[TWIN_N_SETS] =
                twin_cell(TWIN_FORMAT_SHARE,
                          fabs(cells[TWIN_SET_SYNTHETIC].value - cells[TWIN_SET_HOLDOUT].value));
        }
    }
}

void twin_measure_checks(const TwinJudge *judge, TwinReport *report)
{
    Work work = {.judge = judge};
    twin_parallel_for(G_N_ELEMENTS(work.totals) * TWIN_N_SETS, judge->n_threads, total_set, &work);
    for (unsigned reading = 0; reading < G_N_ELEMENTS(work.totals); reading++) {
        tabulate(report, (TwinReading)reading, work.totals[reading]);
    }
}
