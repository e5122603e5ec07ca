/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/blindtest.h>
#include <flowtwin/error.h>

#include "base/output.h"
#include "eval/blind_disguise.h"
#include "eval/blind_draw.h"
#include "eval/blind_key.h"
#include "eval/blind_mark.h"
#include "eval/blind_sheet.h"
#include "flow/flows.h"
#include "flow/revisit.h"
#include "packet/capture_writer.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

enum {
    N_SETS = 2,
    SNAP_BYTES = 262144,
    FOLDER_MODE = 0777, /* less what the user's mask takes */
};

static const int64_t second_ns = 1000000000;
static const int64_t begin_s = 1704067200;     /* 2024-01-01 00:00:00, for every test */
static const int64_t flow_gap_s = 60;          /* between flows, beyond the full second */
static const int64_t fixed_tick_ns = 10000000; /* from packet to packet */
static const int64_t most_offset_ticks = INT64_C(1) << 46;
static const uint32_t not_drawn = UINT32_MAX;

/* A flow of the test. */
typedef struct {
    TwinBlindDrawn drawn;
    uint32_t n_packets;
    uint32_t n_taken;
    int64_t begin_ticks; /* of its first packet, since 1970 */
    TwinDisguised *packets;
} BlindFlow;

/* One test under way. */
typedef struct {
    const TwinBlindOptions *options;
    TwinBlindCounts *counts;
    TwinFlows *sets[N_SETS];
    uint32_t *places[N_SETS]; /* of each flow of a set: where it stands in the test, or not_drawn */
    BlindFlow *flows;
    size_t n_flows;
    TwinDisguised *packets; /* of all, flow after flow */
    GPtrArray *outputs;     /* TwinOutput */
} Test;

static void discard(void *output)
{
    twin_output_discard(output);
}

static void test_clear(Test *self)
{
    for (unsigned s = 0; s < N_SETS; s++) {
        twin_flows_free(self->sets[s]);
        g_free(self->places[s]);
    }
    g_free(self->flows);
    g_free(self->packets);
    g_ptr_array_unref(self->outputs);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Test, test_clear)

static const char *const *paths_of(const Test *self, unsigned set)
{
    return set == 0 ? self->options->real : self->options->synthetic;
}

static size_t n_paths_of(const Test *self, unsigned set)
{
    const char *const *paths = paths_of(self, set);
    size_t n = 0;
    while (paths != NULL && paths[n] != NULL) {
        n++;
    }
    return n;
}

static bool check_arguments(const Test *self, GError **error)
{
    if (self->options->n_flows < 2 || self->options->n_flows > TWIN_BLIND_MOST_FLOWS) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "a blind test has 2 to %d flows, half of them real", TWIN_BLIND_MOST_FLOWS);
        return false;
    }
    for (unsigned s = 0; s < N_SETS; s++) {
        if (n_paths_of(self, s) == 0) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                        "a blind test wants real and synthetic captures");
            return false;
        }
        if (!twin_revisit_check(paths_of(self, s), n_paths_of(self, s), error)) {
            return false;
        }
    }
    return true;
}

static bool read_sets(Test *self, GError **error)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    for (unsigned s = 0; s < N_SETS; s++) {
        self->sets[s] = twin_flows_new(&options);
        if (!twin_flows_read(self->sets[s], paths_of(self, s), n_paths_of(self, s),
                             self->options->progress, error) ||
            !twin_flows_finish(self->sets[s], error)) {
            return false;
        }
        self->counts->n_read[s] = twin_flows_n_flows(self->sets[s]);
        if (self->counts->n_read[s] == 0) {
            g_autofree char *name = g_filename_display_name(paths_of(self, s)[0]);
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                        "%s: no TCP flow; is this the right capture?", name);
            return false;
        }
    }
    return true;
}

/* The coarsest of these that all times of a set are whole numbers of: what its clock could tell. */
static int64_t tick_of(const TwinFlows *flows)
{
    static const int64_t ticks_ns[] = {1000000, 100000, 10000};
    const int64_t finest_ns = 1000;
    size_t n_packets = 0;
    const TwinPacket *packets = twin_flows_packets(flows, &n_packets);
    for (size_t t = 0; t < G_N_ELEMENTS(ticks_ns); t++) {
        size_t k = 0;
        while (k < n_packets && packets[k].time_ns % ticks_ns[t] == 0) {
            k++;
        }
        if (k == n_packets) {
            return ticks_ns[t];
        }
    }
    return finest_ns;
}

static bool take_drawn(Test *self, const GArray *drawn, GError **error)
{
    self->n_flows = drawn->len;
    self->flows = g_new0(BlindFlow, self->n_flows);
    size_t n_packets = 0;
    for (unsigned s = 0; s < N_SETS; s++) {
        self->places[s] = g_new(uint32_t, self->counts->n_read[s]);
        memset(self->places[s], 0xff, self->counts->n_read[s] * sizeof *self->places[s]);
    }
    for (size_t f = 0; f < self->n_flows; f++) {
        BlindFlow *flow = &self->flows[f];
        flow->drawn = g_array_index(drawn, TwinBlindDrawn, f);
        flow->n_packets = twin_flows_flow(self->sets[flow->drawn.set], flow->drawn.flow)->n_packets;
        self->places[flow->drawn.set][flow->drawn.flow] = (uint32_t)f;
        n_packets += flow->n_packets;
    }
    self->packets = g_try_new(TwinDisguised, n_packets);
    if (self->packets == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "memory is full: %zu packets were drawn; ask for fewer flows", n_packets);
        return false;
    }
    TwinDisguised *next = self->packets;
    for (size_t f = 0; f < self->n_flows; f++) {
        self->flows[f].packets = next;
        next += self->flows[f].n_packets;
    }
    return true;
}

static bool draw(Test *self, GError **error)
{
    TwinBlindDraw draw = {
        .sets = {self->sets[0], self->sets[1]},
        .seed = self->options->seed,
        .n_pairs = self->options->n_flows / 2,
    };
    g_autoptr(GArray) drawn = g_array_new(FALSE, FALSE, sizeof(TwinBlindDrawn));
    draw.drawn = drawn;
    twin_blind_draw(&draw);
    memcpy(self->counts->n_unfit, draw.n_unfit, sizeof draw.n_unfit);
    self->counts->n_flows = drawn->len;
    self->counts->tick_ns = MAX(tick_of(self->sets[0]), tick_of(self->sets[1]));
    if (drawn->len == 0) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "no service and IP version has both real and synthetic flows: every flow "
                    "would tell by its port; look at the captures with flowtwin check");
        return false;
    }
    return take_drawn(self, drawn, error);
}

/* ---- the second reading ---- */

typedef struct {
    Test *test;
    unsigned set;
} Visit;

/* Times are taken down to ticks, and never run backwards: that is the capture's doing. */
static int64_t ticks_of(const Test *self, BlindFlow *flow, int64_t time_ns)
{
    if (self->options->has_fixed_times) {
        return flow->n_taken;
    }
    const int64_t ticks = time_ns / self->counts->tick_ns - (time_ns % self->counts->tick_ns < 0);
    if (flow->n_taken == 0) {
        flow->begin_ticks = ticks;
        return 0;
    }
    const int64_t since = ticks - flow->begin_ticks;
    const int64_t before = flow->packets[flow->n_taken - 1].ticks;
    return CLAMP(since, before, MAX(before, most_offset_ticks));
}

static bool take(const TwinRevisited *revisited, void *data, GError **error)
{
    const Visit *visit = data;
    Test *self = visit->test;
    const TwinPacket *packet = revisited->packet;
    const uint32_t place = packet != NULL ? self->places[visit->set][packet->flow] : not_drawn;
    if (place == not_drawn) {
        return true;
    }
    BlindFlow *flow = &self->flows[place];
    TwinDisguised disguised;
    if (flow->n_taken == flow->n_packets || !twin_disguised_take(revisited->segment, &disguised)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT,
                    "a capture changed while it was read; try again");
        return false;
    }
    disguised.ticks = ticks_of(self, flow, packet->time_ns);
    disguised.is_from_client =
        twin_flow_side(twin_flows_flow(self->sets[visit->set], packet->flow), packet) == 0;
    flow->packets[flow->n_taken++] = disguised;
    return true;
}

static bool take_packets(Test *self, GError **error)
{
    for (unsigned s = 0; s < N_SETS; s++) {
        Visit visit = {self, s};
        const TwinRevisit revisit = {
            .flows = self->sets[s],
            .paths = paths_of(self, s),
            .n_paths = n_paths_of(self, s),
            .what = "making the blind test",
            .progress = self->options->progress,
            .visit = take,
            .data = &visit,
        };
        if (!twin_revisit(&revisit, error)) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static FILE *open_output(Test *self, const char *folder, const char *name, GError **error)
{
    const size_t n_inputs = n_paths_of(self, 0) + n_paths_of(self, 1);
    g_autofree const char **inputs = g_new(const char *, n_inputs);
    size_t n = 0;
    for (unsigned s = 0; s < N_SETS; s++) {
        for (size_t i = 0; i < n_paths_of(self, s); i++) {
            inputs[n++] = paths_of(self, s)[i];
        }
    }
    g_autofree char *path = g_build_filename(folder, name, NULL);
    TwinOutput *output =
        twin_output_open(path, inputs, n_inputs, self->options->may_replace, error);
    if (output == NULL) {
        return NULL;
    }
    g_ptr_array_add(self->outputs, output);
    return twin_output_stream(output);
}

static TwinCaptureWriter *open_capture(Test *self, const char *folder, const char *name,
                                       GError **error)
{
    static const TwinProvenance provenance = {"flowtwin blindtest", NULL};
    FILE *stream = open_output(self, folder, name, error);
    return stream != NULL ? twin_capture_writer_new(stream, SNAP_BYTES, TWIN_CAPTURE_PCAPNG,
                                                    &provenance, error)
                          : NULL;
}

static bool write_flow(const Test *self, size_t f, int64_t begin_ns, TwinCaptureWriter *writer,
                       GError **error)
{
    const BlindFlow *flow = &self->flows[f];
    const int64_t tick_ns = self->options->has_fixed_times ? fixed_tick_ns : self->counts->tick_ns;
    const TwinDisguise disguise = {(uint32_t)f + 1, flow->drawn.server_port};
    TwinBlindMark mark = {.flow = (uint32_t)f + 1, .n_flows = (uint32_t)self->n_flows};
    memcpy(mark.study, self->counts->study, sizeof mark.study);
    g_autofree char *comment = twin_blind_mark_text(&mark);
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        uint8_t bytes[TWIN_DISGUISED_BYTES];
        TwinFrame frame = twin_disguised_write(&flow->packets[k], &disguise, bytes);
        frame.time_ns = begin_ns + flow->packets[k].ticks * tick_ns;
        if (!twin_capture_writer_write(writer, &frame, k == 0 ? comment : NULL)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "the blind test: %s",
                        g_strerror(errno));
            return false;
        }
    }
    return true;
}

/* When the flow behind begins: on a full second, long after this one's end. */
static int64_t next_begin(const Test *self, size_t f, int64_t begin_ns)
{
    const BlindFlow *flow = &self->flows[f];
    const int64_t tick_ns = self->options->has_fixed_times ? fixed_tick_ns : self->counts->tick_ns;
    const int64_t seconds = flow->packets[flow->n_packets - 1].ticks * tick_ns / second_ns;
    return begin_ns + (seconds + 1 + flow_gap_s) * second_ns;
}

static bool write_capture(Test *self, const char *folder, TwinBlindSheet *sheet, GError **error)
{
    g_autoptr(TwinCaptureWriter) writer = open_capture(self, folder, "blindtest.pcapng", error);
    int64_t begin_ns = begin_s * second_ns;
    uint32_t frame = 1;
    for (size_t f = 0; f < self->n_flows && writer != NULL; f++) {
        twin_blind_sheet_set_frame(sheet, f + 1, frame);
        if (!write_flow(self, f, begin_ns, writer, error)) {
            return false;
        }
        frame += self->flows[f].n_packets;
        begin_ns = next_begin(self, f, begin_ns);
    }
    return writer != NULL;
}

/* One file a flow, all from the same second on. */
static bool write_flows(Test *self, const char *folder, GError **error)
{
    for (size_t f = 0; f < self->n_flows; f++) {
        g_autofree char *name = g_strdup_printf("flow-%03zu.pcapng", f + 1);
        g_autoptr(TwinCaptureWriter) writer = open_capture(self, folder, name, error);
        TwinOutput *output = NULL;
        if (writer == NULL || !write_flow(self, f, begin_s * second_ns, writer, error)) {
            return false;
        }
        output = g_ptr_array_index(self->outputs, self->outputs->len - 1);
        if (!twin_output_finish(output, error)) { /* so that not all are open at one time */
            return false;
        }
    }
    return true;
}

/* (transfer full) the key file's text; names the study. */
static char *seal(Test *self)
{
    g_autoptr(TwinBlindKey) key = twin_blind_key_new(self->n_flows);
    for (size_t f = 0; f < self->n_flows; f++) {
        const TwinBlindDrawn *drawn = &self->flows[f].drawn;
        key->truths[f] = (TwinBlindTruth){
            .is_generated = drawn->set != 0,
            .source_flow = drawn->flow + 1,
            .service = g_strdup(twin_blind_service(drawn->server_port)),
        };
    }
    char *text = twin_blind_key_seal(key, self->options->seed, self->options->passphrase);
    memcpy(self->counts->study, key->study, sizeof key->study);
    return text;
}

static bool make_folder(const char *folder, GError **error)
{
    if (g_mkdir_with_parents(folder, FOLDER_MODE) == 0) {
        return true;
    }
    g_autofree char *name = g_filename_display_name(folder);
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_OUTPUT, "%s: %s", name, g_strerror(errno));
    return false;
}

static bool write_all(Test *self, const char *folder, GError **error)
{
    g_autofree char *handout = g_build_filename(folder, "handout", NULL);
    g_autofree char *flows = g_build_filename(handout, "flows", NULL);
    if (!make_folder(self->options->writes_flows ? flows : handout, error)) {
        return false;
    }
    g_autofree char *key = seal(self);
    g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_new(self->counts->study, self->n_flows);
    FILE *key_stream = open_output(self, folder, "blindtest.key", error);
    if (key_stream == NULL || !write_capture(self, handout, sheet, error)) {
        return false;
    }
    FILE *sheet_stream = open_output(self, handout, "blindtest.tsv", error);
    if (sheet_stream == NULL) {
        return false;
    }
    g_autofree char *text = twin_blind_sheet_text(sheet);
    (void)fputs(key, key_stream);
    (void)fputs(text, sheet_stream);
    return !self->options->writes_flows || write_flows(self, flows, error);
}

static bool commit(Test *self, GError **error)
{
    for (guint i = 0; i < self->outputs->len; i++) {
        TwinOutput *output = g_ptr_array_index(self->outputs, i);
        if (twin_output_stream(output) != NULL && !twin_output_finish(output, error)) {
            return false;
        }
    }
    while (self->outputs->len > 0) {
        if (!twin_output_commit(g_ptr_array_steal_index(self->outputs, 0), error)) {
            return false;
        }
    }
    return true;
}

/* Before hours of reading: an older test in the folder is not lost by accident. */
static bool check_outputs(const Test *self, const char *folder, GError **error)
{
    static const char *const names[] = {"blindtest.key", "handout/blindtest.pcapng",
                                        "handout/blindtest.tsv"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS) &&
            !twin_output_check(path, NULL, NULL, 0, self->options->may_replace, error)) {
            return false;
        }
    }
    return true;
}

bool twin_blind_make(const char *folder, const TwinBlindOptions *options,
                     TwinBlindCounts *counts_out, GError **error)
{
    *counts_out = (TwinBlindCounts){.n_flows = 0};
    g_auto(Test) test = {
        .options = options,
        .counts = counts_out,
        .outputs = g_ptr_array_new_with_free_func(discard),
    };
    return check_arguments(&test, error) && check_outputs(&test, folder, error) &&
           read_sets(&test, error) && draw(&test, error) && take_packets(&test, error) &&
           write_all(&test, folder, error) && commit(&test, error);
}
