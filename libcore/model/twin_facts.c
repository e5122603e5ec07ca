/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/parallel.h"
#include "model/twin_design.h"
#include "model/twin_kind.h"
#include "model/twin_rows.h"

#include <string.h>

enum {
    LONGEST_COURSE_PAYLOAD = 65535,
};

/* What one thread finds out. */
typedef struct {
    TwinFlowReader reader;
    TwinInferenceCounts inference;
    uint8_t has_code[TWIN_N_KIND_CODES];
} Finder;

typedef struct {
    const TwinFlows *flows;
    const TwinSeeds *seeds;
    const uint32_t *seed_of; /* of each flow; UINT32_MAX: none */
    TwinDonors *donors;
    uint64_t *courses;
    Finder *finders; /* one a thread */
    bool is_out_of_memory;
} Work;

static uint64_t course_of(const TwinFlows *flows, const TwinFlow *flow)
{
    uint64_t course = twin_course_begin();
    for (size_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const uint32_t bytes = MIN(packet->payload_bytes, (uint32_t)LONGEST_COURSE_PAYLOAD);
        course = twin_course_add(course, twin_flow_side(flow, packet), packet->flags, bytes);
    }
    return course;
}

static void find_in_flow(size_t index, unsigned thread, void *data)
{
    Work *work = data;
    Finder *finder = &work->finders[thread];
    const TwinFlow *flow = twin_flows_flow(work->flows, index);
    const uint32_t seed = work->seed_of[index];
    const bool is_read =
        seed != UINT32_MAX
            ? twin_donor_learn(&work->donors->donors[seed], &finder->reader, work->flows, flow,
                               &work->seeds->seeds[seed])
            : twin_flow_read(&finder->reader, work->flows, flow, &finder->reader.plan);
    if (!is_read) {
        __atomic_store_n(&work->is_out_of_memory, true, __ATOMIC_RELAXED);
        return;
    }
    const TwinExchange *exchange = &finder->reader.exchange;
    for (size_t k = 0; k < exchange->n_packets; k++) {
        finder->has_code[twin_kind_code(&exchange->packets[k])] = 1;
    }
    twin_inference_count(&finder->inference, exchange, work->flows, flow);
    work->courses[index] = course_of(work->flows, flow);
}

static void add_counts(TwinInferenceCounts *sum, const TwinInferenceCounts *other)
{
    sum->n_flows += other->n_flows;
    sum->n_plain += other->n_plain;
    sum->n_packets += other->n_packets;
    sum->n_acks += other->n_acks;
    sum->n_exact += other->n_exact;
    sum->n_echoes += other->n_echoes;
    sum->n_following += other->n_following;
    sum->n_held += other->n_held;
    sum->n_lost += other->n_lost;
    sum->n_hidden += other->n_hidden;
    sum->n_missed += other->n_missed;
    sum->n_squeezed += other->n_squeezed;
}

static void gather(TwinFlowFacts *facts, const Work *work, unsigned n_threads)
{
    g_autofree uint8_t *has_code = g_new0(uint8_t, TWIN_N_KIND_CODES);
    size_t n = 0;
    for (unsigned t = 0; t < n_threads; t++) {
        add_counts(&facts->inference, &work->finders[t].inference);
        for (size_t c = 0; c < TWIN_N_KIND_CODES; c++) {
            n += work->finders[t].has_code[c] > has_code[c];
            has_code[c] |= work->finders[t].has_code[c];
        }
    }
    facts->kinds = g_new0(TwinPacketKind, n + 1);
    for (size_t c = 0; c < TWIN_N_KIND_CODES; c++) {
        if (has_code[c] != 0) {
            facts->kinds[facts->n_kinds++] = twin_kind_of_code((uint32_t)c);
        }
    }
}

bool twin_learn_report(const TwinLearnOptions *options, const char *what, double fraction,
                       GError **error)
{
    if (options->progress == NULL ||
        options->progress->report(what, fraction, options->progress->data)) {
        return true;
    }
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "learning was stopped");
    return false;
}

bool twin_flow_facts_learn(TwinFlowFacts *facts_out, TwinDonors *donors_out, const TwinFlows *flows,
                           const TwinSeeds *seeds, const TwinLearnOptions *options, GError **error)
{
    const size_t n_flows = twin_flows_n_flows(flows);
    g_autofree uint32_t *seed_of = g_new(uint32_t, n_flows);
    memset(seed_of, 0xff, n_flows * sizeof *seed_of);
    for (size_t s = 0; s < seeds->n_seeds; s++) {
        seed_of[seeds->seeds[s].flow] = (uint32_t)s;
    }
    *facts_out = (TwinFlowFacts){.courses = g_new0(uint64_t, n_flows)};
    *donors_out = (TwinDonors){g_new0(TwinDonor, seeds->n_seeds), seeds->n_seeds};
    Work work = {
        .flows = flows,
        .seeds = seeds,
        .seed_of = seed_of,
        .donors = donors_out,
        .courses = facts_out->courses,
        .finders = g_new0(Finder, options->n_threads),
    };
    for (unsigned t = 0; t < options->n_threads; t++) {
        twin_flow_reader_init(&work.finders[t].reader);
    }
    const bool may_begin = twin_learn_report(options, "reading flows", 0, error);
    if (may_begin) {
        twin_parallel_for(n_flows, options->n_threads, find_in_flow, &work);
        gather(facts_out, &work, options->n_threads);
    }
    for (unsigned t = 0; t < options->n_threads; t++) {
        twin_flow_reader_clear(&work.finders[t].reader);
    }
    g_free(work.finders);
    if (may_begin && work.is_out_of_memory) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                            "the flows do not fit in memory; take a part of the capture");
    }
    return may_begin && !work.is_out_of_memory;
}

void twin_flow_facts_clear(TwinFlowFacts *self)
{
    g_clear_pointer(&self->kinds, g_free);
    g_clear_pointer(&self->courses, g_free);
}
