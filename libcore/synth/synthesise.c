/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/synthesise.h>
#include <flowtwin/version.h>

#include "base/output.h"
#include "flow/connection.h"
#include "packet/capture_writer.h"
#include "packet/tcp.h"
#include "synth/flow_maker.h"
#include "synth/frame_builder.h"
#include "synth/labels_writer.h"
#include "synth/plan.h"
#include "synth/sampler.h"

#include <errno.h>
#include <string.h>

enum {
    PACKETS_A_REPORT = 1 << 14,
    HEADER_SNAP_BYTES = 128, /* said in the file's header: no header of ours is longer */
    WHOLE_SNAP_BYTES = 262144,
};

/* A flow with packets still to come. */
typedef struct {
    TwinSession session;
    TwinFrameMaker maker;
    TwinSampling sampling;
    TwinRandom session_random;
    TwinRandom payload_random;
    TwinDrawnPacket packet;    /* the next one */
    TwinConnection connection; /* what a reader of the capture knows of it */
    uint8_t first_side;        /* sender of its first packet */
    const TwinSeed *seed;
    TwinMadeFlow made; /* of a design that draws flows whole */
    size_t n_written;  /* packets so far */
} OpenFlow;

/* Whose packet comes when. */
typedef struct {
    int64_t time_ns;
    uint32_t flow;
    uint32_t slot; /* index into Writer.open */
} Turn;

typedef struct {
    const TwinModel *model;
    const TwinSynthesiseOptions *options;
    TwinPlan plan;
    const struct FlowSource *source;
    TwinSampler *sampler; /* of designs that draw packet after packet */
    TwinFlowMaker *maker; /* of designs that draw flows whole */
    TwinCaptureWriter *capture;
    uint8_t *bytes;     /* of the frame being written */
    char **comments;    /* on first packets, one a label of the model */
    GPtrArray *open;    /* OpenFlow, in slots that are used again */
    GArray *free_slots; /* uint32_t */
    GArray *turns;      /* Turn: a heap, the next one first */
    size_t n_begun;
    TwinSynthesiseResult *result;
} Writer;

/* How a design's packets come to be. */
typedef struct FlowSource {
    /* The flow's first packet waits; when it comes, or INT64_MAX where memory is out. */
    int64_t (*begin)(Writer *writer, OpenFlow *flow, size_t index);
    /* The packet that waits, as a reader would see it, for twin_connection_is_reopened_by(). */
    TwinOutSegment (*look)(const OpenFlow *flow);
    /* The packet that waits leaves now. */
    TwinOutSegment (*send)(Writer *writer, OpenFlow *flow, int64_t time_ns);
    /* Goes on to the next packet; false where there is none. */
    bool (*advance)(Writer *writer, OpenFlow *flow, int64_t *time_ns);
} FlowSource;

static bool is_before(const Turn *a, const Turn *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->flow < b->flow;
}

static void sift_up(GArray *heap, size_t at)
{
    Turn *turns = (Turn *)(void *)heap->data;
    const Turn turn = turns[at];
    while (at > 0 && is_before(&turn, &turns[(at - 1) / 2])) {
        turns[at] = turns[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    turns[at] = turn;
}

static void sift_down(GArray *heap, size_t at)
{
    Turn *turns = (Turn *)(void *)heap->data;
    const Turn turn = turns[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->len) {
            break;
        }
        if (child + 1 < heap->len && is_before(&turns[child + 1], &turns[child])) {
            child++;
        }
        if (!is_before(&turns[child], &turn)) {
            break;
        }
        turns[at] = turns[child];
        at = child;
    }
    turns[at] = turn;
}

static uint32_t take_slot(Writer *writer)
{
    if (writer->free_slots->len > 0) {
        const uint32_t slot =
            g_array_index(writer->free_slots, uint32_t, writer->free_slots->len - 1);
        g_array_set_size(writer->free_slots, writer->free_slots->len - 1);
        return slot;
    }
    g_ptr_array_add(writer->open, g_new(OpenFlow, 1));
    return writer->open->len - 1;
}

/* Opens the next flow of the plan: its first packet is drawn and waits for its turn. */
static bool begin_flow(Writer *writer)
{
    const size_t index = writer->n_begun++;
    const TwinFlowPlan *plan = &writer->plan.flows[index];
    Turn turn = {.flow = (uint32_t)index, .slot = take_slot(writer)};
    OpenFlow *flow = g_ptr_array_index(writer->open, turn.slot);
    TwinEnd ends[2];
    twin_plan_ends(&writer->plan, index, ends);
    memset(&flow->connection, 0, sizeof flow->connection);
    memset(&flow->made, 0, sizeof flow->made);
    flow->n_written = 0;
    flow->seed = &writer->plan.seeds->seeds[plan->seed];
    flow->session_random = twin_random(writer->options->seed, TWIN_RANDOM_SESSION, index);
    flow->payload_random = twin_random(writer->options->seed, TWIN_RANDOM_PAYLOAD, index);
    turn.time_ns = writer->source->begin(writer, flow, index);
    if (turn.time_ns == INT64_MAX) {
        return false;
    }
    twin_frame_maker_begin(&flow->maker, flow->seed, ends, &flow->session_random);
    g_array_append_val(writer->turns, turn);
    sift_up(writer->turns, writer->turns->len - 1);
    return true;
}

static void count_packet(TwinSynthesiseResult *result, const TwinFrame *frame)
{
    if (result->n_packets == 0) {
        result->first_ns = frame->time_ns;
    }
    result->last_ns = frame->time_ns;
    result->n_packets++;
    result->n_bytes += frame->original_bytes;
}

/* @segment as a reader of the capture sees it. */
static TwinPacket seen_packet(const OpenFlow *flow, const TwinOutSegment *segment)
{
    const bool is_syn = (segment->flags & TWIN_TCP_SYN) != 0;
    const uint8_t shift = flow->session.hosts[segment->side].window_shift;
    return (TwinPacket){
        .time_ns = segment->time_ns,
        .seq = segment->seq,
        .ack = segment->ack,
        .payload_bytes = segment->payload_bytes,
        .window = segment->window,
        .flags = segment->flags,
        .window_shift = shift,
        .bits = (uint8_t)((segment->side != flow->first_side ? TWIN_PACKET_FROM_SECOND : 0U) |
                          (is_syn ? TWIN_PACKET_WINDOW_SCALE : 0U)),
    };
}

static void note_segment(OpenFlow *flow, const TwinOutSegment *segment)
{
    const TwinPacket packet = seen_packet(flow, segment);
    (void)twin_connection_update(&flow->connection, &packet);
}

/* A SYN on a finished flow would begin another one under its numbers: whoever asked for n flows
 * gets n, so this one is over before it. */
static bool would_reopen(const Writer *writer, const OpenFlow *flow)
{
    const TwinOutSegment next = writer->source->look(flow);
    if ((next.flags & (TWIN_TCP_SYN | TWIN_TCP_ACK)) != TWIN_TCP_SYN) {
        return false;
    }
    const TwinPacket packet = seen_packet(flow, &next);
    return twin_connection_is_reopened_by(&flow->connection, &packet);
}

/* Packet after packet: the networks draw each one given the one before. */
static int64_t begin_sampling(Writer *writer, OpenFlow *flow, size_t index)
{
    const int64_t start_ns = twin_plan_start(&writer->plan, writer->model, index);
    twin_session_begin(&flow->session, flow->seed, start_ns, &flow->session_random);
    twin_sampler_begin(writer->sampler, &flow->sampling, flow->seed, writer->options->seed, index);
    flow->packet = twin_sampler_next(writer->sampler, &flow->sampling);
    flow->first_side = flow->packet.side;
    return start_ns;
}

static TwinOutSegment look_at_sampled(const OpenFlow *flow)
{
    return (TwinOutSegment){
        .seq = flow->session.hosts[flow->packet.side].isn,
        .payload_bytes = flow->packet.payload_bytes,
        .flags = flow->packet.flags,
        .side = flow->packet.side,
    };
}

static TwinOutSegment send_sampled(Writer *writer, OpenFlow *flow, int64_t time_ns)
{
    const TwinDrawnPacket *packet = &flow->packet;
    const uint32_t most = twin_frame_max_payload(&flow->maker, packet->side, packet->flags);
    const TwinOutSegment segment =
        twin_session_send(&flow->session, packet->side, packet->flags,
                          MIN(packet->payload_bytes, most), time_ns, &flow->session_random);
    writer->result->n_draws += packet->n_draws;
    writer->result->n_unseen += packet->n_unseen;
    twin_session_arrive(&flow->session, &segment); /* this design knows no path: at once */
    return segment;
}

static bool advance_sampling(Writer *writer, OpenFlow *flow, int64_t *time_ns)
{
    if (flow->packet.is_last) {
        return false;
    }
    flow->packet = twin_sampler_next(writer->sampler, &flow->sampling);
    *time_ns = MIN(*time_ns + flow->packet.iat_ns, TWIN_LATEST_NS);
    return true;
}

/* Whole flows, drawn before. */
static int64_t begin_made(Writer *writer, OpenFlow *flow, size_t index)
{
    memset(&flow->session, 0, sizeof flow->session);
    if (!twin_flow_maker_take(writer->maker, index, &flow->made)) {
        return INT64_MAX;
    }
    flow->first_side = flow->made.segments[0].side;
    return flow->made.segments[0].time_ns;
}

static TwinOutSegment look_at_made(const OpenFlow *flow)
{
    return flow->made.segments[flow->n_written];
}

static TwinOutSegment send_made(Writer *writer, OpenFlow *flow, int64_t time_ns)
{
    (void)writer;
    (void)time_ns;
    return look_at_made(flow);
}

static bool advance_made(Writer *writer, OpenFlow *flow, int64_t *time_ns)
{
    (void)writer;
    if (flow->n_written == flow->made.n_segments) {
        return false;
    }
    *time_ns = look_at_made(flow).time_ns;
    return true;
}

static const FlowSource sources[] = {
    [TWIN_PRESET_NETWORKS] = {begin_sampling, look_at_sampled, send_sampled, advance_sampling},
    [TWIN_PRESET_HOSTS] = {begin_made, look_at_made, send_made, advance_made},
};

static bool write_packet(Writer *writer, OpenFlow *flow, int64_t time_ns)
{
    const TwinOutSegment segment = writer->source->send(writer, flow, time_ns);
    note_segment(flow, &segment);
    const TwinFrame frame = twin_frame_make(&flow->maker, &segment, writer->options->payload,
                                            &flow->payload_random, writer->bytes);
    count_packet(writer->result, &frame);
    const char *comment = flow->n_written == 0 ? writer->comments[flow->seed->label] : NULL;
    flow->n_written++;
    return twin_capture_writer_write(writer->capture, &frame, comment);
}

static void end_flow(Writer *writer, OpenFlow *flow)
{
    writer->result->n_bounded += writer->sampler != NULL && flow->packet.is_bounded;
    g_clear_pointer(&flow->made.segments, g_free);
}

/* The earliest packet of all open flows: written, and the flow's next one drawn. */
static bool take_turn(Writer *writer)
{
    Turn *turn = &g_array_index(writer->turns, Turn, 0);
    OpenFlow *flow = g_ptr_array_index(writer->open, turn->slot);
    const bool is_over = would_reopen(writer, flow);
    if (!is_over && !write_packet(writer, flow, turn->time_ns)) {
        return false;
    }
    if (is_over || !writer->source->advance(writer, flow, &turn->time_ns)) {
        end_flow(writer, flow);
        g_array_append_val(writer->free_slots, turn->slot);
        *turn = g_array_index(writer->turns, Turn, writer->turns->len - 1);
        g_array_set_size(writer->turns, writer->turns->len - 1);
        if (writer->turns->len == 0) {
            return true;
        }
    }
    sift_down(writer->turns, 0);
    return true;
}

/* True while the plan's next flow starts before any open one has its next packet. */
static bool is_flow_due(const Writer *writer)
{
    if (writer->n_begun == writer->plan.n_flows) {
        return false;
    }
    const int64_t start_ns = twin_plan_start(&writer->plan, writer->model, writer->n_begun);
    return writer->turns->len == 0 || start_ns <= g_array_index(writer->turns, Turn, 0).time_ns;
}

static bool report(const Writer *writer, GError **error)
{
    const TwinProgress *progress = writer->options->progress;
    const double fraction = (double)writer->n_begun / (double)writer->plan.n_flows;
    if (progress == NULL || progress->report("writing flows", fraction, progress->data)) {
        return true;
    }
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_CANCELLED,
                        "writing was stopped; no output was left");
    return false;
}

static bool write_flows(Writer *writer, GError **error)
{
    for (size_t n = 0; writer->turns->len > 0 || writer->n_begun < writer->plan.n_flows; n++) {
        while (is_flow_due(writer)) {
            if (!begin_flow(writer)) {
                g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                                    "the flows do not fit in memory; ask for fewer");
                return false;
            }
        }
        if (!take_turn(writer)) {
            const int number = errno;
            const char *path = writer->options->output;
            g_autofree char *name = strcmp(path, "-") == 0 ? g_strdup("standard output")
                                                           : g_filename_display_name(path);
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: not written: %s", name,
                        g_strerror(number));
            return false;
        }
        if (n % PACKETS_A_REPORT == 0 && !report(writer, error)) {
            return false;
        }
    }
    return true;
}

static bool writer_init(Writer *writer, GError **error)
{
    const TwinSynthesiseOptions *options = writer->options;
    const TwinPresetKind kind = writer->model->preset->kind;
    writer->source = &sources[kind];
    writer->bytes = g_malloc(TWIN_MAX_FRAME_BYTES);
    writer->open = g_ptr_array_new_with_free_func(g_free);
    writer->free_slots = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    writer->turns = g_array_new(FALSE, FALSE, sizeof(Turn));
    writer->comments = g_new0(char *, writer->model->n_labels + 1);
    for (size_t l = 0; l < writer->model->n_labels; l++) {
        writer->comments[l] =
            g_strdup_printf(TWIN_SYNTHETIC_MARK " label=%s", writer->model->labels[l].name);
    }
    if (kind == TWIN_PRESET_NETWORKS) {
        writer->sampler = twin_sampler_new(writer->model, options->first_packet);
        return true;
    }
    writer->maker = twin_flow_maker_new(writer->model, &writer->plan, options, error);
    return writer->maker != NULL;
}

static void writer_clear(Writer *writer)
{
    twin_plan_clear(&writer->plan);
    twin_sampler_free(writer->sampler);
    twin_flow_maker_free(writer->maker);
    for (size_t i = 0; i < writer->turns->len; i++) { /* flows that an error left open */
        OpenFlow *flow =
            g_ptr_array_index(writer->open, g_array_index(writer->turns, Turn, i).slot);
        g_free(flow->made.segments);
    }
    twin_capture_writer_free(writer->capture);
    g_free(writer->bytes);
    g_strfreev(writer->comments);
    g_ptr_array_unref(writer->open);
    g_array_unref(writer->free_slots);
    g_array_unref(writer->turns);
}

static bool are_two(const TwinOutput *output, const TwinOutput *labels, GError **error)
{
    if (twin_output_is_same(output, labels)) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "capture and label table are one output; name two");
        return false;
    }
    return true;
}

/* Who made the capture, from what and how: enough to make it again. */
static char *describe_origin(const Writer *writer)
{
    const TwinSynthesiseOptions *options = writer->options;
    g_autofree char *digest = twin_model_digest(writer->model);
    return g_strdup_printf("synthetic: seed=%" G_GUINT64_FORMAT
                           " preset=%s flows=%zu model=sha256:%s source=sha256:%s",
                           options->seed, writer->model->preset->name, writer->plan.n_flows, digest,
                           twin_model_source(writer->model));
}

static TwinCaptureWriter *open_capture(const Writer *writer, FILE *stream, GError **error)
{
    const TwinSynthesiseOptions *options = writer->options;
    const TwinCaptureFormat format = twin_capture_format_of(options->output);
    g_autofree char *origin = format == TWIN_CAPTURE_PCAPNG ? describe_origin(writer) : NULL;
    const TwinProvenance provenance = {.application = "flowtwin " TWIN_VERSION, .comment = origin};
    return twin_capture_writer_new(
        stream, options->payload == TWIN_PAYLOAD_NONE ? HEADER_SNAP_BYTES : WHOLE_SNAP_BYTES,
        format, &provenance, error);
}

/* Both outputs are opened before the work, so that a refusal comes at once. */
static bool write_outputs(Writer *writer, GError **error)
{
    const TwinSynthesiseOptions *options = writer->options;
    g_autoptr(TwinOutput) output = twin_output_open(options->output, options->inputs,
                                                    options->n_inputs, options->may_exist, error);
    if (output == NULL) {
        return false;
    }
    g_autoptr(TwinOutput) labels =
        options->labels_output != NULL
            ? twin_output_open(options->labels_output, options->inputs, options->n_inputs,
                               options->may_exist, error)
            : NULL;
    if (options->labels_output != NULL && (labels == NULL || !are_two(output, labels, error))) {
        return false;
    }
    writer->capture = open_capture(writer, twin_output_stream(output), error);
    if (writer->capture == NULL || !write_flows(writer, error)) {
        return false;
    }
    if (labels != NULL) {
        twin_labels_write(twin_output_stream(labels), writer->model, &writer->plan);
    }
    /* Both are whole before the first appears. */
    if (!twin_output_finish(output, error) ||
        (labels != NULL && !twin_output_finish(labels, error))) {
        return false;
    }
    return twin_output_commit(g_steal_pointer(&output), error) &&
           (labels == NULL || twin_output_commit(g_steal_pointer(&labels), error));
}

bool twin_synthesise(const TwinModel *model, const TwinSynthesiseOptions *options,
                     TwinSynthesiseResult *result_out, GError **error)
{
    memset(result_out, 0, sizeof *result_out);
    Writer writer = {.model = model, .options = options, .result = result_out};
    if (!twin_plan_make(&writer.plan, model, options, error)) {
        return false;
    }
    result_out->n_flows = writer.plan.n_flows;
    const bool is_good = writer_init(&writer, error) && write_outputs(&writer, error);
    if (is_good && writer.maker != NULL) {
        twin_flow_maker_tell(writer.maker, result_out);
    }
    writer_clear(&writer);
    return is_good;
}

const char *twin_payload_name(size_t index)
{
    static const char *const names[] = {
        [TWIN_PAYLOAD_NONE] = "none",
        [TWIN_PAYLOAD_ZERO] = "zero",
        [TWIN_PAYLOAD_RANDOM] = "random",
    };
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}

const char *twin_first_packet_name(size_t index)
{
    static const char *const names[] = {
        [TWIN_FIRST_PACKET_NETWORK] = "network",
        [TWIN_FIRST_PACKET_SEED] = "seed",
    };
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}
