/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/judge.h"

#include "base/random.h"

#include <string.h>

static const char *const set_titles[TWIN_N_SETS] = {"real", "hold-out", "synthetic"};

const char *twin_set_title(TwinSet set)
{
    return set_titles[set];
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Names of all sets' labels, each once, sorted. */
static GPtrArray *collect_labels(const TwinFlows *const flows[TWIN_N_SETS])
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *labels = g_ptr_array_new_with_free_func(g_free);
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        for (size_t i = 0; i < twin_flows_n_labels(flows[s]); i++) {
            const char *name = twin_flows_label(flows[s], i);
            if (!g_hash_table_contains(seen, name)) {
                char *copy = g_strdup(name);
                g_hash_table_add(seen, copy);
                g_ptr_array_add(labels, copy);
            }
        }
    }
    g_ptr_array_sort(labels, compare_names);
    return labels;
}

static uint32_t find_label(const GPtrArray *labels, const char *name)
{
    for (uint32_t i = 0; i < labels->len; i++) {
        if (strcmp(g_ptr_array_index(labels, i), name) == 0) {
            return i;
        }
    }
    g_assert_not_reached();
}

static void shuffle(uint32_t *values, size_t n_values, uint64_t seed, TwinSet set)
{
    TwinRandom random = twin_random(seed, TWIN_RANDOM_JUDGE, set);
    for (size_t i = 0; i < n_values; i++) {
        values[i] = (uint32_t)i;
    }
    for (size_t i = n_values; i > 1; i--) {
        const uint32_t j = twin_random_below(&random, (uint32_t)i);
        const uint32_t kept = values[i - 1];
        values[i - 1] = values[j];
        values[j] = kept;
    }
}

static void fill_set(TwinJudge *self, TwinSet index, const TwinFlows *flows)
{
    TwinJudgedSet *set = &self->sets[index];
    set->flows = flows;
    set->n_flows = twin_flows_n_flows(flows);
    set->order = g_new(uint32_t, set->n_flows + 1);
    shuffle(set->order, set->n_flows, self->seed, index);
    const size_t n_labels = twin_flows_n_labels(flows);
    set->labels = g_new(uint32_t, n_labels + 1);
    for (size_t i = 0; i < n_labels; i++) {
        set->labels[i] = find_label(self->labels, twin_flows_label(flows, i));
    }
    set->n_of_label = g_new0(uint32_t, self->labels->len + 1);
    for (size_t f = 0; f < set->n_flows; f++) {
        set->n_of_label[set->labels[twin_flows_flow(flows, f)->label]]++;
    }
}

TwinJudge *twin_judge_new(const TwinFlows *const flows[TWIN_N_SETS],
                          const TwinReportOptions *options)
{
    TwinJudge *self = g_new0(TwinJudge, 1);
    self->labels = collect_labels(flows);
    self->seed = options->seed;
    self->n_threads = options->n_threads;
    self->n_repeats = options->n_repeats;
    self->most_flows = options->most_flows;
    self->progress = options->progress;
    self->stage = g_new0(TwinStage, 1);
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        fill_set(self, (TwinSet)s, flows[s]);
    }
    return self;
}

void twin_judge_free(TwinJudge *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        g_free(self->sets[s].order);
        g_free(self->sets[s].labels);
        g_free(self->sets[s].n_of_label);
    }
    g_ptr_array_unref(self->labels);
    g_free(self->stage);
    g_free(self);
}

bool twin_judge_goes_on(const TwinJudge *self, double share)
{
    TwinStage *stage = self->stage;
    const double fraction = stage->begin + share * (stage->end - stage->begin);
    if (self->progress != NULL && !stage->is_stopped) {
        stage->is_stopped = !self->progress->report(stage->what, fraction, self->progress->data);
    }
    return !stage->is_stopped;
}

const TwinFlow *twin_judge_flow(const TwinJudge *self, TwinSet set, size_t i)
{
    return twin_flows_flow(self->sets[set].flows, self->sets[set].order[i]);
}

uint32_t twin_judge_label(const TwinJudge *self, TwinSet set, const TwinFlow *flow)
{
    return self->sets[set].labels[flow->label];
}

size_t twin_judge_n_equal(const TwinJudge *self, size_t most)
{
    for (size_t s = 0; s < TWIN_N_SETS; s++) {
        most = MIN(most, self->sets[s].n_flows);
    }
    return most;
}

size_t twin_judge_n_drawn(const TwinJudge *self, TwinSet set)
{
    return MIN(self->most_flows, self->sets[set].n_flows);
}

/* Upper ends of the payload classes of n-grams; 0 is a class of its own. */
static const uint32_t payload_ends[] = {1, 64, 256, 600, 1300, 1500};

uint32_t twin_judge_symbol(const TwinFlow *flow, const TwinPacket *packet)
{
    uint32_t size = 0;
    while (size < G_N_ELEMENTS(payload_ends) && packet->payload_bytes >= payload_ends[size]) {
        size++;
    }
    return (packet->flags & 0xffU) << 4 | size << 1 | twin_flow_side(flow, packet);
}

int64_t twin_judge_gap_ns(const TwinFlows *flows, const TwinFlow *flow, size_t k)
{
    if (k == 0) {
        return 0;
    }
    const int64_t gap_ns =
        twin_flows_packet(flows, flow, k)->time_ns - twin_flows_packet(flows, flow, k - 1)->time_ns;
    return MAX(gap_ns, 0);
}
