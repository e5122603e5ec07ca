/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/split.h>

#include "base/output.h"
#include "base/random.h"
#include "flow/labels.h"
#include "flow/revisit.h"
#include "packet/frame_file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    N_HALVES = 2,
    BOTH = N_HALVES, /* where a fragment goes: whether its datagram is wanted is not known yet */
};

static const char *const half_names[N_HALVES] = {"train", "holdout"};

/* One split under way. */
typedef struct {
    const char *const *paths;
    size_t n_paths;
    const TwinSplitOptions *options;
    TwinFlows *flows;
    uint8_t *halves;    /* of each flow: 0 training, 1 hold-out */
    GArray *link_types; /* uint32_t, of frames that are written, in order of appearance */
    TwinOutput *outputs[2 * N_HALVES]; /* captures, then label tables */
    TwinSplitCounts *counts;
} Split;

static void split_clear(Split *self)
{
    twin_flows_free(self->flows);
    g_free(self->halves);
    if (self->link_types != NULL) {
        (void)g_array_free(self->link_types, TRUE);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(self->outputs); i++) {
        twin_output_discard(self->outputs[i]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Split, split_clear)

static bool check_arguments(const Split *self, GError **error)
{
    if (!(self->options->holdout > 0 && self->options->holdout < 1)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "the share to hold out lies above 0 and below 1, such as 0.2");
        return false;
    }
    return twin_revisit_check(self->paths, self->n_paths, error);
}

static bool read_flows(Split *self, GError **error)
{
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.labels = self->options->labels;
    self->flows = twin_flows_new(&options);
    if (!twin_flows_read(self->flows, self->paths, self->n_paths, self->options->progress, error) ||
        !twin_flows_finish(self->flows, error)) {
        return false;
    }
    if (twin_flows_n_flows(self->flows) == 0) {
        g_autofree char *name = g_filename_display_name(self->paths[0]);
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "%s: no TCP flow in %" PRIu64 " packets; is this the right capture?", name,
                    twin_flows_counts(self->flows)->frames);
        return false;
    }
    self->counts->left_out = twin_flows_counts(self->flows)->not_tcp;
    return true;
}

/* How many of a label's flows are held out. */
static size_t n_held_out(size_t n_flows, double share)
{
    if (n_flows < 2) {
        return 0;
    }
    const size_t wanted = (size_t)floor((double)n_flows * share + 0.5);
    return CLAMP(wanted, 1, n_flows - 1);
}

/* One dealing of flows under way. */
typedef struct {
    const TwinSplitOptions *options;
    uint8_t *halves;
    TwinSplitCounts *counts;
} Deal;

/* Shuffles the flows of one label and holds the first ones out. */
static void deal_label(const Deal *self, uint32_t label, uint32_t *flows, size_t n_flows)
{
    TwinRandom random = twin_random(self->options->seed, TWIN_RANDOM_SPLIT, label);
    for (size_t i = n_flows; i > 1; i--) {
        const uint32_t j = twin_random_below(&random, (uint32_t)i);
        const uint32_t kept = flows[i - 1];
        flows[i - 1] = flows[j];
        flows[j] = kept;
    }
    const size_t n_out = n_held_out(n_flows, self->options->holdout);
    for (size_t i = 0; i < n_flows; i++) {
        self->halves[flows[i]] = i < n_out ? 1 : 0;
    }
    self->counts->n_flows[1] += n_out;
    self->counts->n_flows[0] += n_flows - n_out;
    self->counts->n_lonely += n_flows == 1 ? 1 : 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is, through the dealing */
void twin_split_deal(const TwinFlows *flows, const TwinSplitOptions *options, uint8_t *halves_out,
                     TwinSplitCounts *counts_out)
{
    const Deal deal = {options, halves_out, counts_out};
    const size_t n_flows = twin_flows_n_flows(flows);
    const size_t n_labels = twin_flows_n_labels(flows);
    g_autofree uint32_t *members = g_new(uint32_t, n_flows);
    *counts_out = (TwinSplitCounts){.n_lonely = 0};
    for (size_t label = 0; label < n_labels; label++) {
        size_t n_members = 0;
        for (size_t f = 0; f < n_flows; f++) {
            if (twin_flows_flow(flows, f)->label == label) {
                members[n_members++] = (uint32_t)f;
            }
        }
        deal_label(&deal, (uint32_t)label, members, n_members);
    }
}

/* Called for each frame that belongs to a half, or to both; false stops. */
typedef bool (*Visit)(const TwinFrame *frame, unsigned half, void *data, GError **error);

/* Where a frame goes is the visitor's @data's to know. */
typedef struct {
    const Split *split;
    Visit visit;
    void *data;
} Visitor;

static bool visit_one(const TwinRevisited *revisited, void *data, GError **error)
{
    const Visitor *visitor = data;
    const TwinPacket *packet = revisited->packet;
    const unsigned half = packet != NULL ? visitor->split->halves[packet->flow] : BOTH;
    return visitor->visit(revisited->frame, half, visitor->data, error);
}

static bool visit_frames(const Split *self, Visit visit, void *data, GError **error)
{
    Visitor visitor = {self, visit, data};
    const TwinRevisit revisit = {
        .flows = self->flows,
        .paths = self->paths,
        .n_paths = self->n_paths,
        .what = "splitting",
        .progress = self->options->progress,
        .visit = visit_one,
        .data = &visitor,
    };
    return twin_revisit(&revisit, error);
}

static bool note_link_type(const TwinFrame *frame, unsigned half, void *data, GError **error)
{
    (void)half;
    (void)error;
    GArray *link_types = data;
    for (size_t i = 0; i < link_types->len; i++) {
        if (g_array_index(link_types, uint32_t, i) == frame->link_type) {
            return true;
        }
    }
    g_array_append_val(link_types, frame->link_type);
    return true;
}

static bool open_outputs(Split *self, const char *prefix, GError **error)
{
    const char *const capture_ending = self->link_types->len > 1 ? "pcapng" : "pcap";
    for (unsigned i = 0; i < 2 * N_HALVES; i++) {
        g_autofree char *path = g_strdup_printf("%s-%s.%s", prefix, half_names[i % N_HALVES],
                                                i < N_HALVES ? capture_ending : "tsv");
        self->outputs[i] =
            twin_output_open(path, self->paths, self->n_paths, self->options->may_replace, error);
        if (self->outputs[i] == NULL) {
            return false;
        }
    }
    return true;
}

typedef struct {
    TwinFrameFile *files[N_HALVES];
    TwinSplitCounts *counts;
} Writers;

static bool write_frame(const TwinFrame *frame, unsigned half, void *data, GError **error)
{
    Writers *writers = data;
    for (unsigned h = 0; h < N_HALVES; h++) {
        if (half != BOTH && half != h) {
            continue;
        }
        if (!twin_frame_file_write(writers->files[h], frame)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_UNSUPPORTED,
                        "a frame's time (%" PRId64 " ns) lies outside 1970 … 2106, which a pcap "
                        "file cannot hold; mend it (editcap -t)",
                        frame->time_ns);
            return false;
        }
        writers->counts->n_packets[h] += half == BOTH ? 0 : 1;
    }
    return true;
}

static bool write_frames(const Split *self, GError **error)
{
    Writers writers = {.counts = self->counts};
    for (unsigned h = 0; h < N_HALVES; h++) {
        writers.files[h] = twin_frame_file_new(
            twin_output_stream(self->outputs[h]),
            (const uint32_t *)(const void *)self->link_types->data, self->link_types->len);
    }
    const bool is_good = visit_frames(self, write_frame, &writers, error);
    for (unsigned h = 0; h < N_HALVES; h++) {
        twin_frame_file_free(writers.files[h]);
    }
    return is_good;
}

static void write_labels(const Split *self, unsigned half)
{
    const int64_t second_ns = 1000000000;
    FILE *stream = twin_output_stream(self->outputs[N_HALVES + half]);
    (void)fputs("client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\n", stream);
    for (size_t f = 0; f < twin_flows_n_flows(self->flows); f++) {
        if (self->halves[f] != half) {
            continue;
        }
        const TwinFlow *flow = twin_flows_flow(self->flows, f);
        const unsigned client = flow->client;
        char text[2][TWIN_ADDRESS_CHARS];
        (void)fprintf(stream, "%s\t%u\t%s\t%u\t%" PRId64 ".%09" PRId64 "\t%s\n",
                      twin_address_text(&flow->addresses[client], flow->ip_version, text[0]),
                      flow->ports[client],
                      twin_address_text(&flow->addresses[1 - client], flow->ip_version, text[1]),
                      flow->ports[1 - client], flow->start_ns / second_ns,
                      flow->start_ns % second_ns, twin_flows_label(self->flows, flow->label));
    }
}

static bool commit_outputs(Split *self, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(self->outputs); i++) {
        if (!twin_output_commit(g_steal_pointer(&self->outputs[i]), error)) {
            return false;
        }
    }
    return true;
}

bool twin_split(const char *const *paths, size_t n_paths, const char *prefix,
                const TwinSplitOptions *options, TwinSplitCounts *counts_out, GError **error)
{
    *counts_out = (TwinSplitCounts){.n_lonely = 0};
    g_auto(Split) split = {
        .paths = paths,
        .n_paths = n_paths,
        .options = options,
        .link_types = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .counts = counts_out,
    };
    if (!check_arguments(&split, error) || !read_flows(&split, error)) {
        return false;
    }
    split.halves = g_new0(uint8_t, twin_flows_n_flows(split.flows));
    twin_split_deal(split.flows, options, split.halves, counts_out);
    if (!visit_frames(&split, note_link_type, split.link_types, error) ||
        !open_outputs(&split, prefix, error) || !write_frames(&split, error)) {
        return false;
    }
    for (unsigned h = 0; h < N_HALVES; h++) {
        write_labels(&split, h);
    }
    return commit_outputs(&split, error);
}
