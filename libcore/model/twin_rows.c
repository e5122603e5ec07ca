/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_rows.h"

#include <flowtwin/error.h>

#include "base/array.h"
#include "base/parallel.h"
#include "base/random.h"
#include "host/script.h"
#include "model/twin_kind.h"
#include "packet/tcp.h"

#include <string.h>

enum {
    BLOCK_ROWS = 64, /* rows put into the matrix at once: they share the cache with its edges */
};

/* What a flow has of each kind of row; later: where its rows begin. */
typedef struct {
    size_t rows;
    size_t sends;
    size_t windows;
    size_t writes;
} Places;

/* Rows of floats on their way into a matrix. */
typedef struct {
    const TwinBins *bins;
    TwinBinMatrix *matrix;
    size_t first; /* row of the matrix where the block begins */
    size_t n;
    size_t n_parents;
    float *values; /* BLOCK_ROWS × n_parents */
} Block;

typedef struct {
    const TwinFlows *flows;
    const uint32_t *chosen; /* flows to learn from, rising */
    size_t n_chosen;
    TwinKindTable kind_of;
    Places *places; /* one a chosen flow, and their sum */
    GMutex lock;    /* of the samples */
    TwinBinSample *row_sample;
    TwinBinSample *window_sample;
    TwinBinSample *write_sample;
    TwinRowsOfFlows *out;
    struct Reader *readers; /* one a thread */
    bool is_out_of_memory;
} Work;

/* One thread's reading of one flow. */
typedef struct Reader {
    Work *work;
    TwinFlowReader flow;
    uint64_t number; /* of the flow's rows, for samples: unique among all */
    Places *counted; /* in the first pass */
    Places at;       /* in the second pass: where the next row of each kind goes */
    Block rows;
    Block windows;
    Block writes;
} Reader;

static void block_flush(Block *block)
{
    if (block->n > 0) {
        twin_bin_matrix_set(block->matrix, block->bins, block->first, block->values, block->n);
    }
    block->first += block->n;
    block->n = 0;
}

/* Where the next row's values go. */
static float *block_next(Block *block)
{
    if (block->n == BLOCK_ROWS) {
        block_flush(block);
    }
    return &block->values[block->n++ * block->n_parents];
}

static void survey_row(void *user, const TwinReplayRow *row)
{
    Reader *reader = user;
    Work *work = reader->work;
    g_mutex_lock(&work->lock);
    float *values = twin_bin_sample_next(work->row_sample, reader->number + reader->counted->rows);
    if (values != NULL) {
        twin_parents_fill(row->parents, values);
    }
    g_mutex_unlock(&work->lock);
    reader->counted->rows++;
    reader->counted->sends += row->packet != NULL;
}

static void survey_window(void *user, const TwinReplayWindow *window)
{
    Reader *reader = user;
    Work *work = reader->work;
    if (!window->is_learned) {
        return;
    }
    g_mutex_lock(&work->lock);
    float *values =
        twin_bin_sample_next(work->window_sample, reader->number + reader->counted->windows);
    if (values != NULL) {
        twin_window_parents_fill(window->parents, values);
    }
    g_mutex_unlock(&work->lock);
    reader->counted->windows++;
}

static void put_write(const TwinScript *script, const TwinWrite *write, float *values)
{
    twin_script_parents(script, values);
    values[TWIN_SCRIPT_SIDE] = write->side;
    values[TWIN_SCRIPT_SEGMENTS] = (float)write->n_segments;
    values[TWIN_SCRIPT_BYTES] = (float)write->bytes;
}

static void survey_writes(Reader *reader)
{
    Work *work = reader->work;
    const TwinExchange *exchange = &reader->flow.exchange;
    TwinScript script;
    twin_script_begin(&script, reader->flow.plan.hosts);
    g_mutex_lock(&work->lock);
    for (size_t w = 0; w < exchange->n_writes; w++) {
        float *values = twin_bin_sample_next(work->write_sample, reader->number + w);
        if (values != NULL) {
            put_write(&script, &exchange->writes[w], values);
        }
        twin_script_step(&script, &exchange->writes[w]);
    }
    g_mutex_unlock(&work->lock);
    reader->counted->writes = exchange->n_writes;
}

static double sum_of(const double *plan, size_t first, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += plan[first + i];
    }
    return sum;
}

static TwinSendRow send_row(const Reader *reader, const TwinReplayRow *row)
{
    const TwinHostPacket *packet = row->packet;
    const double *plan = row->parents->plan;
    const double n_lost = plan[TWIN_PLAN_LOSTS] + plan[TWIN_PLAN_HIDDENS] + plan[TWIN_PLAN_MISSED];
    const bool is_new = packet->move == TWIN_MOVE_NEW && packet->size > 0;
    const bool is_seen_ack = (packet->flags & TWIN_TCP_ACK) != 0 && packet->record >= 0;
    return (TwinSendRow){
        .time_ns = row->time_ns,
        .odd_by = packet->odd_by,
        .ack_by = packet->ack_by,
        .position = row->position,
        .row = (uint32_t)reader->at.rows,
        .payload_bytes = packet->payload_bytes,
        .length = row->length,
        .kind = packet->kind,
        .back = packet->back,
        .move = packet->move,
        .fate = packet->fate,
        .ack_manner = packet->ack_manner,
        .delay_class = packet->delay_class,
        .held = row->held,
        .is_timer = row->is_timer,
        .is_learned_delay = row->parents->own->n_sent >= 2,
        .has_length = row->has_length,
        .may_be_lost = is_new && n_lost > 0,
        .may_be_odd = is_seen_ack && sum_of(plan, TWIN_PLAN_ACKS_UNMOVED, TWIN_N_ACKS - 1) > 0,
    };
}

static void keep_row(void *user, const TwinReplayRow *row)
{
    Reader *reader = user;
    TwinRowsOfFlows *out = reader->work->out;
    twin_parents_fill(row->parents, block_next(&reader->rows));
    if (row->packet != NULL) {
        out->sends[reader->at.sends++] = send_row(reader, row);
        out->kinds[reader->at.rows] = row->packet->kind;
    } else {
        out->kinds[reader->at.rows] = (uint16_t)reader->work->kind_of.n_kinds;
    }
    reader->at.rows++;
}

static void keep_window(void *user, const TwinReplayWindow *window)
{
    Reader *reader = user;
    if (!window->is_learned) {
        return;
    }
    twin_window_parents_fill(window->parents, block_next(&reader->windows));
    reader->work->out->windows[reader->at.windows++] =
        (TwinSentWindow){.step = window->step, .code = window->code};
}

static void keep_writes(Reader *reader)
{
    const TwinExchange *exchange = &reader->flow.exchange;
    const TwinHostPlan *hosts = reader->flow.plan.hosts;
    TwinScript script;
    twin_script_begin(&script, hosts);
    for (size_t w = 0; w < exchange->n_writes; w++) {
        const TwinWrite *write = &exchange->writes[w];
        put_write(&script, write, block_next(&reader->writes));
        const double largest = hosts[write->side].at[TWIN_PLAN_MAX_PAYLOAD];
        reader->work->out->writes[reader->at.writes++] =
            (TwinWriteRow){.write = *write, .code = twin_script_code(write, (uint32_t)largest)};
        twin_script_step(&script, write);
    }
}

static void fail(Work *work)
{
    __atomic_store_n(&work->is_out_of_memory, true, __ATOMIC_RELAXED);
}

/* Reads a flow and runs it through @sink. */
static bool replay_flow(Reader *reader, size_t index, const TwinReplaySink *sink)
{
    Work *work = reader->work;
    const TwinFlow *flow = twin_flows_flow(work->flows, work->chosen[index]);
    TwinFlowReader *of_flow = &reader->flow;
    reader->number = (uint64_t)work->chosen[index] << 32;
    if (!twin_flow_read(of_flow, work->flows, flow, &of_flow->plan)) {
        return false;
    }
    twin_kind_table_set(&work->kind_of, &of_flow->exchange);
    return twin_replay_run(of_flow->replay, &of_flow->exchange, &of_flow->plan, sink);
}

static void survey_flow(size_t index, unsigned thread, void *data)
{
    Work *work = data;
    Reader *reader = &work->readers[thread];
    const TwinReplaySink sink = {survey_row, survey_window, reader};
    reader->counted = &work->places[index];
    if (replay_flow(reader, index, &sink)) {
        survey_writes(reader);
    } else {
        fail(work);
    }
}

static void keep_flow(size_t index, unsigned thread, void *data)
{
    Work *work = data;
    Reader *reader = &work->readers[thread];
    const TwinReplaySink sink = {keep_row, keep_window, reader};
    reader->at = work->places[index];
    reader->rows.first = reader->at.rows;
    reader->windows.first = reader->at.windows;
    reader->writes.first = reader->at.writes;
    if (replay_flow(reader, index, &sink)) {
        keep_writes(reader);
    } else {
        fail(work);
    }
    block_flush(&reader->rows);
    block_flush(&reader->windows);
    block_flush(&reader->writes);
}

/* Counts become places where rows begin; the sum of all stands behind the last. */
static void place_flows(Work *work)
{
    Places sum = {.rows = 0};
    for (size_t f = 0; f <= work->n_chosen; f++) {
        const Places own = work->places[f];
        work->places[f] = sum;
        sum.rows += own.rows;
        sum.sends += own.sends;
        sum.windows += own.windows;
        sum.writes += own.writes;
    }
}

/* Flows at random until they have rows enough; all where that is never so. */
static uint32_t *choose_flows(const TwinFlows *flows, uint64_t seed, size_t *n_out)
{
    const size_t n_flows = twin_flows_n_flows(flows);
    g_autofree uint32_t *order = g_new(uint32_t, n_flows);
    g_autofree uint8_t *is_chosen = g_new0(uint8_t, n_flows);
    for (size_t f = 0; f < n_flows; f++) {
        order[f] = (uint32_t)f;
    }
    TwinRandom random = twin_random(seed, TWIN_RANDOM_SAMPLE, 1);
    uint64_t n_rows = 0;
    for (size_t f = 0; f < n_flows && n_rows < TWIN_MOST_ROWS; f++) {
        const size_t k = f + twin_random_below(&random, (uint32_t)(n_flows - f));
        const uint32_t flow = order[k];
        order[k] = order[f];
        is_chosen[flow] = 1;
        n_rows += 2 + 2 * (uint64_t)twin_flows_flow(flows, flow)->n_packets;
    }
    uint32_t *chosen = g_new(uint32_t, n_flows);
    *n_out = 0;
    for (size_t f = 0; f < n_flows; f++) {
        if (is_chosen[f] != 0) {
            chosen[(*n_out)++] = (uint32_t)f;
        }
    }
    return chosen;
}

static void set_block(Block *block, const TwinBins *bins, TwinBinMatrix *matrix, size_t n_parents)
{
    *block = (Block){.bins = bins, .matrix = matrix, .n_parents = n_parents};
    block->values = g_new(float, BLOCK_ROWS *n_parents);
}

/* Edges from a sample, a matrix with room for @n_rows; both NULL where there is no row. */
static bool prepare(const TwinBinSample *sample, size_t n_rows, unsigned n_threads,
                    TwinBins **bins_out, TwinBinMatrix **matrix_out, GError **error)
{
    if (n_rows == 0) {
        return true;
    }
    *bins_out = twin_bins_learn(sample, n_threads, error);
    if (*bins_out == NULL) {
        return false;
    }
    *matrix_out = twin_bin_matrix_new(twin_bins_n_parents(*bins_out));
    return twin_bin_matrix_resize(*matrix_out, n_rows, error);
}

static bool prepare_all(Work *work, unsigned n_threads, GError **error)
{
    TwinRowsOfFlows *out = work->out;
    const Places *all = &work->places[work->n_chosen];
    if (!prepare(work->row_sample, all->rows, n_threads, &out->bins, &out->matrix, error) ||
        !prepare(work->window_sample, all->windows, n_threads, &out->window_bins,
                 &out->window_matrix, error) ||
        !prepare(work->write_sample, all->writes, n_threads, &out->script_bins, &out->script_matrix,
                 error)) {
        return false;
    }
    out->n_sends = all->sends;
    if (!twin_array_resize(&out->kinds, all->rows + 1, sizeof *out->kinds) ||
        !twin_array_resize(&out->sends, all->sends + 1, sizeof *out->sends) ||
        !twin_array_resize(&out->windows, all->windows + 1, sizeof *out->windows) ||
        !twin_array_resize(&out->writes, all->writes + 1, sizeof *out->writes)) {
        fail(work);
        return true; /* said by the caller */
    }
    for (unsigned t = 0; t < n_threads; t++) {
        Reader *reader = &work->readers[t];
        set_block(&reader->rows, out->bins, out->matrix, TWIN_N_PARENTS);
        set_block(&reader->windows, out->window_bins, out->window_matrix, TWIN_N_WINDOW_PARENTS);
        set_block(&reader->writes, out->script_bins, out->script_matrix, TWIN_N_SCRIPT_PARENTS);
    }
    return true;
}

static bool make_samples(Work *work, GError **error)
{
    work->row_sample = twin_bin_sample_new(TWIN_N_PARENTS, TWIN_BINS_SAMPLE, error);
    work->window_sample = work->row_sample != NULL
                              ? twin_bin_sample_new(TWIN_N_WINDOW_PARENTS, TWIN_BINS_SAMPLE, error)
                              : NULL;
    work->write_sample = work->window_sample != NULL
                             ? twin_bin_sample_new(TWIN_N_SCRIPT_PARENTS, TWIN_BINS_SAMPLE, error)
                             : NULL;
    return work->write_sample != NULL;
}

static bool is_memory_enough(const Work *work, GError **error)
{
    if (work->is_out_of_memory) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "learning from %zu flows does not fit in memory; take a part of the capture",
                    work->n_chosen);
    }
    return !work->is_out_of_memory;
}

/* Where no host sent a third packet, delays are learned from the first two after all. */
static void learn_first_delays(TwinRowsOfFlows *rows)
{
    bool any = false;
    for (size_t s = 0; s < rows->n_sends; s++) {
        any |= rows->sends[s].is_learned_delay;
    }
    for (size_t s = 0; s < rows->n_sends && !any; s++) {
        rows->sends[s].is_learned_delay = true;
    }
}

/* Twice through the flows: what values parents have, then rows. */
static bool learn_rows(Work *work, const TwinLearnOptions *options, GError **error)
{
    const unsigned n_threads = options->n_threads;
    if (!make_samples(work, error) ||
        !twin_learn_report(options, "learning what parents are like", 0.05, error)) {
        return false;
    }
    twin_parallel_for(work->n_chosen, n_threads, survey_flow, work);
    place_flows(work);
    if (!is_memory_enough(work, error) || !prepare_all(work, n_threads, error) ||
        !is_memory_enough(work, error) ||
        !twin_learn_report(options, "replaying flows", 0.15, error)) {
        return false;
    }
    twin_parallel_for(work->n_chosen, n_threads, keep_flow, work);
    learn_first_delays(work->out);
    return is_memory_enough(work, error);
}

static void clear_reader(Reader *reader)
{
    twin_flow_reader_clear(&reader->flow);
    g_free(reader->rows.values);
    g_free(reader->windows.values);
    g_free(reader->writes.values);
}

bool twin_rows_of_flows_learn(TwinRowsOfFlows *self, const TwinFlows *flows,
                              const TwinFlowFacts *facts, const TwinLearnOptions *options,
                              GError **error)
{
    *self = (TwinRowsOfFlows){.n_sends = 0};
    Work work = {
        .flows = flows,
        .out = self,
        .readers = g_new0(Reader, options->n_threads),
    };
    g_autofree uint32_t *chosen = choose_flows(flows, options->seed, &work.n_chosen);
    work.chosen = chosen;
    work.places = g_new0(Places, work.n_chosen + 1);
    twin_kind_table_init(&work.kind_of, facts->kinds, facts->n_kinds);
    g_mutex_init(&work.lock);
    for (unsigned t = 0; t < options->n_threads; t++) {
        work.readers[t].work = &work;
        twin_flow_reader_init(&work.readers[t].flow);
    }
    const bool is_good = learn_rows(&work, options, error);
    for (unsigned t = 0; t < options->n_threads; t++) {
        clear_reader(&work.readers[t]);
    }
    g_free(work.readers);
    g_free(work.places);
    twin_kind_table_clear(&work.kind_of);
    twin_bin_sample_free(work.row_sample);
    twin_bin_sample_free(work.window_sample);
    twin_bin_sample_free(work.write_sample);
    g_mutex_clear(&work.lock);
    return is_good;
}

void twin_rows_of_flows_clear(TwinRowsOfFlows *self)
{
    twin_bins_free(self->bins);
    twin_bin_matrix_free(self->matrix);
    g_free(self->kinds);
    g_free(self->sends);
    twin_bins_free(self->window_bins);
    twin_bin_matrix_free(self->window_matrix);
    g_free(self->windows);
    twin_bins_free(self->script_bins);
    twin_bin_matrix_free(self->script_matrix);
    g_free(self->writes);
}
