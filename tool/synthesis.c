/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

#include <string.h>
#include <unistd.h>

TwinModel *learn_model(const Options *options, const TwinFlows *flows, TwinAddresses addresses,
                       GError **error)
{
    TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    learn.preset = options->preset;
    learn.addresses = options_addresses(options, addresses);
    learn.seed = options_number(options->seed, 1);
    learn.n_threads = options_threads(options);
    learn.progress = tool_progress(options);
    TwinModel *model = twin_model_learn(flows, &learn, error);
    if (model == NULL) {
        prefix_with_name(options->rest[0], error);
    }
    return model;
}

/* The flow that --like names, and the flows that it is one of. */
typedef struct {
    TwinFlows *owned; /* read for it alone; NULL: the captures at hand */
    const TwinFlows *flows;
    size_t index;
} Like;

/* ADDRESS:PORT by its looks. */
static bool is_end(const char *text)
{
    const char *colon = strrchr(text, ':');
    return colon != NULL && colon > text && colon[1] != '\0' &&
           strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
           strspn(text, "0123456789abcdefABCDEF.:[]") == strlen(text);
}

/* ADDRESS:PORT-ADDRESS:PORT by its looks; a file of such a name goes before. */
static bool are_ends(const char *text)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    g_autofree char *path = g_strndup(text, (gsize)(strrchr(text, ':') - text));
    return g_strv_length(ends) == 2 && is_end(ends[0]) && is_end(ends[1]) &&
           !g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Where the number begins in CAPTURE:NUMBER; NULL where --like says ends. Ends the program with
 * EXIT_USAGE where it says neither. */
static const char *like_number(const Options *options, bool has_captures)
{
    const char *colon = strrchr(options->like, ':');
    if (colon == NULL || colon == options->like) {
        usage_error("--like %s: CAPTURE:NUMBER or ADDRESS:PORT-ADDRESS:PORT is wanted",
                    options->like);
    }
    if (are_ends(options->like)) {
        if (!has_captures) {
            usage_error("--like %s: a model has no flows to look for ends in; CAPTURE:NUMBER is "
                        "wanted",
                        options->like);
        }
        return NULL;
    }
    if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT32, NULL, NULL)) {
        usage_error("--like %s: a flow's number from 1 on is wanted after the colon",
                    options->like);
    }
    return colon + 1;
}

/* The capture of CAPTURE:NUMBER, or NULL. (transfer full) */
static char *like_path(const Options *options, bool has_captures)
{
    const char *number = options->like != NULL ? like_number(options, has_captures) : NULL;
    return number != NULL ? g_strndup(options->like, (gsize)(number - options->like) - 1) : NULL;
}

GPtrArray *protected_paths(const Options *options, bool has_captures)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (char **operand = options->rest; *operand != NULL; operand++) {
        g_ptr_array_add(paths, g_strdup(*operand));
    }
    if (options->labels != NULL) {
        g_ptr_array_add(paths, g_strdup(options->labels));
    }
    char *like = like_path(options, has_captures);
    if (like != NULL) {
        g_ptr_array_add(paths, like);
    }
    return paths;
}

bool check_outputs(const Options *options, const GPtrArray *inputs, GError **error)
{
    const char *const *paths = (const char *const *)inputs->pdata;
    return twin_output_check(options->output, NULL, paths, inputs->len, options->force, error) &&
           (options->labels_out == NULL ||
            twin_output_check(options->labels_out, options->output, paths, inputs->len,
                              options->force, error));
}

/* CAPTURE:NUMBER; the capture may be the one at hand, or another. */
static bool find_by_number(const Options *options, const TwinFlows *flows, const char *text,
                           Like *like, GError **error)
{
    g_autofree char *path = like_path(options, flows != NULL);
    const bool is_at_hand =
        flows != NULL && g_strv_length(options->rest) == 1 && strcmp(options->rest[0], path) == 0;
    if (!is_at_hand) {
        char *paths[] = {path, NULL};
        like->owned = read_flows(options, paths, false, error);
    }
    like->flows = is_at_hand ? flows : like->owned;
    if (like->flows == NULL) {
        return false;
    }
    const uint64_t number = options_number(text, 1);
    if (number > twin_flows_n_flows(like->flows)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "has %zu flows, no number %" G_GUINT64_FORMAT "; see flowtwin check",
                    twin_flows_n_flows(like->flows), number);
        prefix_with_name(path, error);
        return false;
    }
    like->index = number - 1;
    return true;
}

static bool find_like(const Options *options, const TwinFlows *flows, Like *like, GError **error)
{
    const char *number = like_number(options, flows != NULL);
    if (number != NULL) {
        return find_by_number(options, flows, number, like, error);
    }
    like->flows = flows;
    if (!twin_flows_find(flows, options->like, &like->index)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "no flow between %s; see flowtwin check", options->like);
        prefix_with_name(options->rest[0], error);
        return false;
    }
    return true;
}

static void say_what_was_made(const Options *options, const TwinSynthesiseResult *result,
                              uint64_t seed)
{
    const bool is_stream = strcmp(options->output, "-") == 0;
    g_autofree char *name = shown_name(options->output, "standard output");
    g_autofree char *size = g_format_size(result->n_bytes);
    say(options,
        "%s: %" G_GUINT64_FORMAT " flows, %" G_GUINT64_FORMAT
        " packets, %s on the wire, %.1f s of traffic, seed %" G_GUINT64_FORMAT "%s%s",
        name, result->n_flows, result->n_packets, size,
        (double)(result->last_ns - result->first_ns) / 1e9, seed,
        is_stream ? "" : "; open it with: wireshark ", is_stream ? "" : name);
    if (result->n_unseen > 0 || result->n_bounded > 0) {
        say(options,
            "%.2f %% of the decisions had parents never seen together and went by fewer of them; "
            "%" G_GUINT64_FORMAT " flows ended at the length of their label's longest",
            100.0 * (double)result->n_unseen / (double)MAX(result->n_draws, 1), result->n_bounded);
    }
}

/* What gave way, and whether there was enough to learn from. */
static void say_how_twins_were_made(const Options *options, const TwinModel *model,
                                    const TwinSynthesiseResult *result)
{
    enum { ENOUGH_FLOWS = 400 }; /* below it, what lacks is dialogues: docs/model.md */
    say(options,
        "%.2f %% of the decisions kept less than the plan asks; %" G_GUINT64_FORMAT
        " flows ended before their plan did; %" G_GUINT64_FORMAT
        " go packet by packet like exactly one learned flow, %" G_GUINT64_FORMAT
        " more did and were drawn again",
        100.0 * (double)result->n_milder / (double)MAX(result->n_draws, 1), result->n_given_up,
        result->n_unique_copies, result->n_redrawn);
    if (twin_model_n_flows(model) < ENOUGH_FLOWS) {
        say(options,
            "learned from %zu flows: their dialogues come again and again; from some %d on, "
            "look-alikes are as different as real flows",
            twin_model_n_flows(model), ENOUGH_FLOWS);
    }
}

static TwinSynthesiseOptions make_options(const Options *options)
{
    TwinSynthesiseOptions make = TWIN_SYNTHESISE_OPTIONS_INIT;
    make.n_flows = options_number(options->flows, 0);
    make.seed = options_number(options->seed, 1);
    make.label = options->label;
    make.addresses = options_addresses(options, TWIN_ADDRESSES_KEEP);
    make.payload = options_payload(options);
    make.first_packet = options_first_packet(options);
    make.privacy = options_privacy(options);
    make.n_threads = options_threads(options);
    make.output = options->output;
    make.labels_output = options->labels_out;
    make.may_exist = options->force;
    make.progress = tool_progress(options);
    return make;
}

int write_synthetic(const Options *options, const TwinModel *model, const TwinFlows *flows,
                    const GPtrArray *inputs)
{
    g_autoptr(GError) error = NULL;
    Like like = {.flows = NULL};
    TwinSynthesiseOptions make = make_options(options);
    make.inputs = (const char *const *)inputs->pdata;
    make.n_inputs = inputs->len;
    bool is_good = true;
    if (options->like != NULL) {
        is_good = find_like(options, flows, &like, &error);
        make.like_flows = like.flows;
        make.like_flow = like.index;
    }
    TwinSynthesiseResult result;
    if (is_good && !twin_synthesise(model, &make, &result, &error)) {
        is_good = false;
        if (g_error_matches(error, TWIN_ERROR,
                            TWIN_ERROR_ARGUMENT)) { /* of what was learned from */
            prefix_with_name(options->rest[0], &error);
        }
    }
    twin_flows_free(like.owned);
    if (!is_good) {
        return report_error(error);
    }
    say_what_was_made(options, &result, make.seed);
    if (strcmp(twin_model_preset(model), "twin") == 0) {
        say_how_twins_were_made(options, model, &result);
    }
    return EXIT_GOOD;
}
