/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

#include <flowtwin/error.h>
#include <flowtwin/output.h>
#include <flowtwin/synthesise.h>

#include "complain.h"
#include "frame.h"
#include "inputs.h"
#include "label.h"
#include "settings.h"
#include "stop.h"

#include <stdlib.h>

static const char argument[] = "flowtwin,synthesize";

/* There is one set of preferences, hence one output. */
static bool is_under_way; // NOLINT(*-avoid-non-const-global-variables)

typedef struct {
    TwinSettings settings;
    char *filter;      /* NULL: none */
    GPtrArray *inputs; /* paths that must not be written to */
    TwinModel *model;  /* that was named; NULL: one is learned */
    TwinFlows *flows;
    GByteArray *ranks; /* of each flow's label */
} Synthesis;

static void synthesis_free(void *data)
{
    Synthesis *self = data;
    g_free(self->filter);
    g_ptr_array_unref(self->inputs);
    twin_model_free(self->model);
    twin_flows_free(self->flows);
    g_byte_array_unref(self->ranks);
    g_free(self);
    is_under_way = false;
}

static TwinFlows *new_flows(void)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    return twin_flows_new(&options);
}

static void synthesis_reset(void *data)
{
    Synthesis *self = data;
    twin_flows_free(self->flows);
    self->flows = new_flows();
    g_byte_array_set_size(self->ranks, 0);
}

/* The library knows a command line's options, not preferences. */
static void complain(const GError *error)
{
    if (g_error_matches(error, TWIN_ERROR, TWIN_ERROR_EXISTS)) {
        g_autofree char *name = g_strdup(error->message);
        char *end = g_strstr_len(name, -1, ": exists;");
        if (end != NULL) {
            *end = '\0';
        }
        twin_complain("-z %s: %s: exists; -o flowtwin.overwrite:TRUE replaces it, or name another "
                      "output",
                      argument, name);
        return;
    }
    twin_complain("-z %s: %s", argument, error->message);
}

/* All that can be refused is refused before the first packet is read. */
static bool prepare(Synthesis *self, GError **error)
{
    TwinSettings *settings = &self->settings;
    if (!twin_settings_read(settings, error)) {
        return false;
    }
    if (settings->model != NULL) {
        g_ptr_array_add(self->inputs, g_strdup(settings->model));
        self->model = twin_model_load(settings->model, error);
        if (self->model == NULL) {
            return false;
        }
    }
    const char *const *inputs = (const char *const *)self->inputs->pdata;
    return twin_output_check(settings->output, NULL, inputs, self->inputs->len, settings->may_exist,
                             error) &&
           (settings->labels == NULL ||
            twin_output_check(settings->labels, settings->output, inputs, self->inputs->len,
                              settings->may_exist, error));
}

static void *synthesis_begin(const char *filter)
{
    if (is_under_way) {
        twin_complain("-z %s: asked for twice, and there is one output; ask for it once", argument);
        return NULL;
    }
    is_under_way = true;
    Synthesis *self = g_new0(Synthesis, 1);
    self->filter = g_strdup(filter);
    self->inputs = twin_open_inputs();
    self->flows = new_flows();
    self->ranks = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    if (!prepare(self, &error)) {
        synthesis_free(self);
        complain(error);
        return NULL;
    }
    return self;
}

static void label_flow(Synthesis *self, uint32_t flow, const packet_info *pinfo)
{
    static const uint8_t none = 0;
    while (self->ranks->len <= flow) {
        g_byte_array_append(self->ranks, &none, 1);
    }
    const TwinLabel label = twin_label_of(pinfo);
    if (label.rank > self->ranks->data[flow]) {
        self->ranks->data[flow] = label.rank;
        twin_flows_set_label(self->flows, flow, label.name);
    }
}

static uint32_t synthesis_take(void *data, packet_info *pinfo, tvbuff_t *tvb)
{
    Synthesis *self = data;
    TwinFrame frame;
    if (twin_flows_counts(self->flows)->frames == 0) {
        twin_stop_at_once();
    }
    if (!twin_frame_of(pinfo, tvb, &frame)) {
        return UINT32_MAX;
    }
    g_autoptr(GError) error = NULL;
    if (!twin_flows_push(self->flows, &frame, NULL, &error)) {
        complain(error);
        return UINT32_MAX;
    }
    const uint32_t flow = twin_flows_pushed(self->flows);
    if (flow != UINT32_MAX) {
        label_flow(self, flow, pinfo);
    }
    return flow;
}

/* The flows that passed the filter, in a collection of their own; NULL where none did. */
static TwinFlows *choose_flows(Synthesis *self, const uint8_t *chosen, size_t n_chosen,
                               GError **error)
{
    TwinFlows *flows = twin_flows_choose(self->flows, chosen, n_chosen, error);
    if (flows != NULL && twin_flows_n_flows(flows) == 0) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "none of %zu TCP flows has a packet that passes %s; is this the right filter?",
                    twin_flows_n_flows(self->flows), self->filter);
        g_clear_pointer(&flows, twin_flows_free);
    }
    return flows;
}

/* What a model is learned from, where a filter says which flows are to be imitated. */
static const TwinFlows *lesson_of(const Synthesis *self, const TwinFlows *imitated)
{
    const size_t n_flows = twin_flows_n_flows(imitated);
    const bool are_few = n_flows < TWIN_ENOUGH_FLOWS;
    const bool is_whole = self->settings.learn_from == TWIN_LEARN_CAPTURE ||
                          (self->settings.learn_from == TWIN_LEARN_AUTO && are_few);
    if (self->settings.learn_from == TWIN_LEARN_AUTO) {
        twin_say("%zu flows pass the filter: learning from %s (flowtwin.learn:%s would take %s)",
                 n_flows, is_whole ? "all flows of the capture" : "these alone",
                 is_whole ? "filter" : "capture", is_whole ? "these alone" : "all");
    }
    return is_whole ? self->flows : imitated;
}

static TwinModel *learn(const Synthesis *self, const TwinFlows *lesson,
                        const TwinProgress *progress, GError **error)
{
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = self->settings.preset;
    options.addresses = TWIN_ADDRESSES_KEEP; /* the model never leaves this process */
    options.seed = self->settings.seed;
    options.n_threads = g_get_num_processors();
    options.progress = progress;
    return twin_model_learn(lesson, &options, error);
}

static bool write_twins(const Synthesis *self, const TwinModel *model, const TwinFlows *imitated,
                        const TwinProgress *progress, GError **error)
{
    const TwinSettings *settings = &self->settings;
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.n_flows = settings->n_flows;
    options.seed = settings->seed;
    options.like_flows = imitated;
    options.like_flow = TWIN_ALL_FLOWS;
    options.addresses = settings->addresses;
    options.payload = settings->payload;
    options.first_packet = settings->first_packet;
    options.n_threads = g_get_num_processors();
    options.output = settings->output;
    options.labels_output = settings->labels;
    options.inputs = (const char *const *)self->inputs->pdata;
    options.n_inputs = self->inputs->len;
    options.may_exist = settings->may_exist;
    options.progress = progress;
    TwinSynthesiseResult result;
    if (!twin_synthesise(model, &options, &result, error)) {
        return false;
    }
    g_autofree char *name = g_filename_display_name(settings->output);
    twin_say("%s: %" G_GUINT64_FORMAT " flows, %" G_GUINT64_FORMAT
             " packets, seed %" G_GUINT64_FORMAT,
             name, result.n_flows, result.n_packets, settings->seed);
    return true;
}

/* Flows are finished, imitated ones chosen, a model learned from one or the other, twins drawn. */
static bool synthesise(Synthesis *self, const uint8_t *chosen, size_t n_chosen,
                       const TwinProgress *progress, GError **error)
{
    if (!twin_flows_finish(self->flows, error)) {
        return false;
    }
    if (twin_flows_n_flows(self->flows) == 0) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "no TCP flow in %" G_GUINT64_FORMAT " packets; is this the right capture?",
                    twin_flows_counts(self->flows)->frames);
        return false;
    }
    g_autoptr(TwinFlows) picked = NULL;
    if (chosen != NULL) {
        picked = choose_flows(self, chosen, n_chosen, error);
        if (picked == NULL) {
            return false;
        }
    }
    const TwinFlows *imitated = picked != NULL ? picked : self->flows;
    if (self->model != NULL) {
        return write_twins(self, self->model, imitated, progress, error);
    }
    const TwinFlows *lesson = picked != NULL ? lesson_of(self, picked) : self->flows;
    g_autoptr(TwinModel) model = learn(self, lesson, progress, error);
    return model != NULL && write_twins(self, model, imitated, progress, error);
}

static void synthesis_draw(void *data, const uint8_t *chosen, size_t n_chosen)
{
    Synthesis *self = data;
    g_autoptr(GError) error = NULL;
    const bool is_good = synthesise(self, chosen, n_chosen, twin_stop_by_progress(), &error);
    if (twin_stop_status() != 0) {
        g_printerr("flowtwin: stopped; no output was left\n");
        exit(twin_stop_status());
    }
    if (!is_good) {
        complain(error);
    }
}

const TwinStatKind twin_stat_synthesize = {
    .argument = argument,
    .summary = "Look-alikes of TCP flows, written as a new capture",
    .begin = synthesis_begin,
    .take = synthesis_take,
    .draw = synthesis_draw,
    .reset = synthesis_reset,
    .free = synthesis_free,
};
