/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

#include <string.h>
#include <unistd.h>

static const char *const payload_words[] = {"none", "zero", "random", NULL};
static const char *const first_packet_words[] = {"network", "seed", NULL};

static TwinAddresses addresses_of(const Options *options, TwinAddresses fallback)
{
    return options->addresses == NULL
               ? fallback
               : (TwinAddresses)options_word("addresses", options->addresses, address_words);
}

TwinModel *learn_model(const Options *options, const TwinFlows *flows, TwinAddresses addresses,
                       GError **error)
{
    TwinLearnOptions learn = TWIN_LEARN_OPTIONS_INIT;
    learn.preset = options->preset;
    learn.addresses = addresses_of(options, addresses);
    learn.seed = options_number("seed", options->seed, 0, G_MAXUINT64, 1);
    learn.n_threads = options_threads(options);
    learn.progress = tool_progress(options);
    return twin_model_learn(flows, &learn, error);
}

/* The flow that --like names, and the flows that it is one of. */
typedef struct {
    TwinFlows *owned; /* read for it alone; NULL: the captures at hand */
    const TwinFlows *flows;
    size_t index;
    char *path; /* of the capture named; NULL: none */
} Like;

static void like_clear(Like *like)
{
    twin_flows_free(like->owned);
    g_free(like->path);
}

/* CAPTURE:NUMBER; the capture may be one of those at hand, or another. */
static bool find_by_number(const Options *options, const TwinFlows *flows, char **inputs,
                           Like *like, GError **error)
{
    const char *colon = strrchr(options->like, ':');
    const uint64_t number = options_number("like", colon + 1, 1, G_MAXUINT32, 1);
    like->path = g_strndup(options->like, (gsize)(colon - options->like));
    const bool is_at_hand =
        flows != NULL && g_strv_length(inputs) == 1 && strcmp(inputs[0], like->path) == 0;
    if (is_at_hand) {
        like->flows = flows;
    } else {
        char *paths[] = {like->path, NULL};
        like->owned = read_flows(options, paths, false, error);
        like->flows = like->owned;
    }
    if (like->flows == NULL) {
        return false;
    }
    if (number > twin_flows_n_flows(like->flows)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "%s: has %zu flows, no number %" G_GUINT64_FORMAT "; see flowtwin check",
                    like->path, twin_flows_n_flows(like->flows), number);
        return false;
    }
    like->index = number - 1;
    return true;
}

static bool find_like(const Options *options, const TwinFlows *flows, char **inputs, Like *like,
                      GError **error)
{
    size_t index = 0;
    if (flows != NULL && twin_flows_find(flows, options->like, &index)) {
        like->flows = flows;
        like->index = index;
        return true;
    }
    const char *colon = strrchr(options->like, ':');
    if (colon == NULL || strspn(colon + 1, "0123456789") != strlen(colon + 1) || colon[1] == '\0' ||
        strchr(options->like, '-') > colon) {
        usage_error("--like %s: CAPTURE:NUMBER or ADDRESS:PORT-ADDRESS:PORT is wanted",
                    options->like);
    }
    return find_by_number(options, flows, inputs, like, error);
}

static const char *open_hint(const Options *options)
{
    return strcmp(options->output, "-") == 0 ? "" : "; open it with: wireshark ";
}

static void say_what_was_made(const Options *options, const TwinSynthesiseResult *result,
                              uint64_t seed)
{
    const bool is_stream = strcmp(options->output, "-") == 0;
    g_autofree char *size = g_format_size(result->n_bytes);
    say(options,
        "%s: %" G_GUINT64_FORMAT " flows, %" G_GUINT64_FORMAT
        " packets, %s on the wire, %.1f s of traffic, seed %" G_GUINT64_FORMAT "%s%s",
        is_stream ? "standard output" : options->output, result->n_flows, result->n_packets, size,
        (double)(result->last_ns - result->first_ns) / 1e9, seed, open_hint(options),
        is_stream ? "" : options->output);
}

int write_synthetic(const Options *options, const TwinModel *model, const TwinFlows *flows,
                    char **inputs)
{
    g_autoptr(GError) error = NULL;
    Like like = {.flows = NULL};
    g_autoptr(GPtrArray) protected = g_ptr_array_new();
    for (char **input = inputs; *input != NULL; input++) {
        g_ptr_array_add(protected, *input);
    }
    TwinSynthesiseOptions make = TWIN_SYNTHESISE_OPTIONS_INIT;
    make.n_flows = options_number("flows", options->flows, 1, G_MAXUINT32 - 1, 0);
    make.seed = options_number("seed", options->seed, 0, G_MAXUINT64, 1);
    make.label = options->label;
    make.addresses = addresses_of(options, TWIN_ADDRESSES_KEEP);
    make.payload = (TwinPayload)options_word("payload", options->payload, payload_words);
    make.first_packet =
        (TwinFirstPacket)options_word("first-packet", options->first_packet, first_packet_words);
    make.output = options->output;
    make.labels_output = options->labels_out;
    make.may_exist = options->force;
    make.progress = tool_progress(options);
    bool is_good = true;
    if (options->like != NULL) {
        is_good = find_like(options, flows, inputs, &like, &error);
        make.like_flows = like.flows;
        make.like_flow = like.index;
    }
    if (like.path != NULL) {
        g_ptr_array_add(protected, like.path);
    }
    if (options->labels != NULL) {
        g_ptr_array_add(protected, options->labels);
    }
    make.inputs = (const char *const *)protected->pdata;
    make.n_inputs = protected->len;
    TwinSynthesiseResult result;
    is_good = is_good && twin_synthesise(model, &make, &result, &error);
    if (is_good) {
        say_what_was_made(options, &result, make.seed);
    }
    like_clear(&like);
    return is_good ? EXIT_GOOD : report_error(error);
}
