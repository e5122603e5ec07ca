/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

enum {
    WRITERS = COMMAND_GENERATE | COMMAND_SYNTHESIZE,
    READERS = COMMAND_LEARN | COMMAND_SYNTHESIZE | COMMAND_CHECK,
    OUTPUTS = WRITERS | COMMAND_LEARN | COMMAND_SPLIT, /* they want -o */
    ALL = WRITERS | READERS | COMMAND_SHOW | COMMAND_SPLIT | COMMAND_EVALUATE | COMMAND_BLINDTEST,
};

/* Words that an option's value is one of, in the order of the library's enum; NULL at the end. */
typedef const char *(*Words)(size_t index);

/* One row an option: who takes it, how it is called, where its value goes, what it may be. Help,
 * manual page and completion follow. */
typedef struct {
    unsigned commands;
    const char *name;
    char letter;
    GOptionArg kind;
    size_t offset;
    const char *help;
    const char *value;
    Words words;          /* NULL: any text */
    uint64_t least, most; /* of a whole number; most 0: it is none */
} Row;

/* Bytes as the shell gives them: labels and paths are in whatever encoding their file is. */
#define TEXT(member)   G_OPTION_ARG_FILENAME, offsetof(Options, member)
#define LIST(member)   G_OPTION_ARG_FILENAME_ARRAY, offsetof(Options, member)
#define SWITCH(member) G_OPTION_ARG_NONE, offsetof(Options, member)

static const Row rows[] = {
    {COMMAND_LEARN | WRITERS, "output", 'o', TEXT(output), "Write here; \"-\" is standard output",
     "FILE", NULL, 0, 0},
    {COMMAND_SPLIT, "output", 'o', TEXT(output),
     "Write PREFIX-train.pcap and PREFIX-holdout.pcap, and label tables beside them", "PREFIX",
     NULL, 0, 0},
    {COMMAND_LEARN | WRITERS | COMMAND_CHECK | COMMAND_SPLIT, "labels", 'l', TEXT(labels),
     "Label flows from this table instead of by server port", "FILE", NULL, 0, 0},
    {WRITERS, "labels-out", 0, TEXT(labels_out), "Write a table of the generated flows", "FILE",
     NULL, 0, 0},
    {WRITERS, "flows", 'n', TEXT(flows), "How many flows (default: as many as were learned from)",
     "N", NULL, 1, G_MAXUINT32 - 1},
    {COMMAND_SPLIT, "holdout", 0, TEXT(holdout_share),
     "Share of each label's flows to hold out (default: 0.2)", "SHARE", NULL, 0, 0},
    {COMMAND_BLINDTEST, "output", 'o', TEXT(output), "make: write here", "FOLDER", NULL, 0, 0},
    {COMMAND_EVALUATE, "real", 'r', LIST(real),
     "A capture of what the generator learned from; may be repeated", "CAPTURE", NULL, 0, 0},
    {COMMAND_BLINDTEST, "real", 'r', LIST(real),
     "make: a capture of real flows, best of a hold-out; may be repeated", "CAPTURE", NULL, 0, 0},
    {COMMAND_EVALUATE, "holdout", 't', LIST(holdout),
     "A capture of real flows that it never saw (see flowtwin split); may be repeated", "CAPTURE",
     NULL, 0, 0},
    {COMMAND_EVALUATE, "synthetic", 'S', LIST(synthetic),
     "A capture that it wrote; may be repeated", "CAPTURE", NULL, 0, 0},
    {COMMAND_BLINDTEST, "synthetic", 'S', LIST(synthetic),
     "make: a capture that a generator wrote; may be repeated", "CAPTURE", NULL, 0, 0},
    {COMMAND_BLINDTEST, "flows", 'n', TEXT(flows),
     "make: how many flows, half of them real (default: 200)", "N", NULL, 2, TWIN_BLIND_MOST_FLOWS},
    {COMMAND_BLINDTEST, "fixed-times", 0, SWITCH(fixed_times),
     "make: a packet every 10 ms, whatever its time was", NULL, NULL, 0, 0},
    {COMMAND_BLINDTEST, "apart", 0, SWITCH(apart), "make: also one file a flow", NULL, NULL, 0, 0},
    {COMMAND_BLINDTEST, "passphrase", 0, TEXT(passphrase),
     "Lock the key with, or open it by, this file's first line", "FILE", NULL, 0, 0},
    {COMMAND_BLINDTEST, "json", 0, SWITCH(json), "score: print JSON", NULL, NULL, 0, 0},
    {COMMAND_EVALUATE, "labels", 'l', LIST(label_files),
     "Label flows of all sets from this table instead of by server port; may be repeated", "FILE",
     NULL, 0, 0},
    {COMMAND_EVALUATE, "repeats", 0, TEXT(repeats),
     "Forests that a score is averaged over (default: 5)", "N", NULL, 1, 100},
    {COMMAND_EVALUATE, "json", 0, TEXT(json_out), "Write all numbers as JSON", "FILE", NULL, 0, 0},
    {COMMAND_EVALUATE, "html", 0, TEXT(html_out), "Write the report as one HTML file", "FILE", NULL,
     0, 0},
    {COMMAND_LEARN | WRITERS | COMMAND_SPLIT | COMMAND_EVALUATE | COMMAND_BLINDTEST, "seed", 's',
     TEXT(seed), "Same seed, same bytes (default: 1)", "S", NULL, 0, G_MAXUINT64},
    {WRITERS, "label", 'L', TEXT(label), "Only flows of this label", "LABEL", NULL, 0, 0},
    {WRITERS, "like", 0, TEXT(like),
     "Look-alikes of one flow: CAPTURE:NUMBER, its number as check prints it, or its ends, "
     "ADDRESS:PORT-ADDRESS:PORT, in the capture at hand",
     "FLOW", NULL, 0, 0},
    {COMMAND_SHOW, "flow", 0, TEXT(flow),
     "Show one flow of a capture instead of a model, packet by packet with what was inferred: "
     "CAPTURE:NUMBER, its number as check prints it, or CAPTURE:ADDRESS:PORT-ADDRESS:PORT",
     "FLOW", NULL, 0, 0},
    {COMMAND_LEARN | COMMAND_SYNTHESIZE, "preset", 'p', TEXT(preset),
     "Design of the model: twin (default) or paper", "PRESET", twin_preset_name, 0, 0},
    {COMMAND_LEARN | WRITERS, "addresses", 'a', TEXT(addresses),
     "keep, or anonymous: mapped one to one to documentation addresses (default: keep; a model "
     "file holds real ones only with keep, its default is anonymous)",
     "HOW", twin_addresses_name, 0, 0},
    {WRITERS, "payload", 0, TEXT(payload),
     "none (default: packets end with their TCP header), zero or random", "WHAT", twin_payload_name,
     0, 0},
    {WRITERS, "first-packet", 0, TEXT(first_packet),
     "network (default), or seed: the first packet of the flow imitated", "HOW",
     twin_first_packet_name, 0, 0},
    {WRITERS, "privacy", 0, TEXT(privacy),
     "balanced (default), open or strict: how near flows of preset twin may come to single ones "
     "that were learned from",
     "HOW", twin_privacy_name, 0, 0},
    {COMMAND_LEARN | WRITERS | COMMAND_EVALUATE, "threads", 'j', TEXT(threads),
     "Threads to work with; the result is the same (default: one a processor)", "N", NULL, 1, 1024},
    {COMMAND_CHECK, "json", 0, SWITCH(json), "Print JSON", NULL, NULL, 0, 0},
    {COMMAND_CHECK, "csv", 0, SWITCH(csv), "Print CSV, a row a flow", NULL, NULL, 0, 0},
    {COMMAND_CHECK, "literal", 0, SWITCH(literal),
     "Decide by flags and file order alone, as other papers do", NULL, NULL, 0, 0},
    {COMMAND_CHECK, "strict", 0, SWITCH(strict), "Exit with 3 when a check fails", NULL, NULL, 0,
     0},
    {COMMAND_SHOW, "format", 'f', TEXT(format),
     "text (default), dot, json or xmlbif; a flow: text or json", "FORMAT", twin_model_show_format,
     0, 0},
    {OUTPUTS | COMMAND_EVALUATE | COMMAND_BLINDTEST, "force", 'F', SWITCH(force),
     "Replace an existing output", NULL, NULL, 0, 0},
    {ALL, "quiet", 'q', SWITCH(quiet), "Say nothing but results and errors", NULL, NULL, 0, 0},
};

/* The option's value is a text of its own: not a switch, nor a list. */
static bool is_text(const Row *row)
{
    return row->kind == G_OPTION_ARG_FILENAME;
}

static char **text_at(Options *options, const Row *row)
{
    return (char **)(void *)((char *)options + row->offset);
}

/* The index of @text among @words, or how many there are. */
static size_t find_word(Words words, const char *text)
{
    size_t w = 0;
    while (words(w) != NULL && strcmp(words(w), text) != 0) {
        w++;
    }
    return w;
}

static void check_word(const Row *row, const char *text)
{
    if (row->words(find_word(row->words, text)) != NULL) {
        return;
    }
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t w = 0; row->words(w) != NULL; w++) {
        g_string_append_printf(known, "%s%s", w > 0 ? ", " : "", row->words(w));
    }
    usage_error("--%s %s: one of %s is wanted", row->name, text, known->str);
}

/* Ends the program where the value of an option cannot be: before any work is done. */
static void check_values(const Command *command, Options *options)
{
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        const Row *row = &rows[r];
        const bool is_taken = (row->commands & (unsigned)command->bit) != 0;
        const char *text = is_taken && is_text(row) ? *text_at(options, row) : NULL;
        if (text != NULL && row->words != NULL) {
            check_word(row, text);
        }
        if (text != NULL && row->most > 0 &&
            !g_ascii_string_to_unsigned(text, 10, row->least, row->most, NULL, NULL)) {
            usage_error("--%s %s: a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                        " is wanted",
                        row->name, text, row->least, row->most);
        }
    }
    if (options->output != NULL && options->output[0] == '\0') {
        usage_error("an output has no name; -o FILE, or -o - for standard output");
    }
}

/* -n5 becomes -n 5, as most tools take it and GOption does not. (transfer container) */
static char **split_letters(const Command *command, int argc, char **argv, GPtrArray *owned)
{
    GPtrArray *split = g_ptr_array_new();
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i];
        bool takes_value = false;
        for (size_t r = 0; r < G_N_ELEMENTS(rows) && text[0] == '-' && text[1] != '\0'; r++) {
            takes_value |= rows[r].letter == text[1] && rows[r].kind != G_OPTION_ARG_NONE &&
                           (rows[r].commands & (unsigned)command->bit) != 0;
        }
        if (!takes_value || text[2] == '\0') {
            g_ptr_array_add(split, argv[i]);
            continue;
        }
        char *letter = g_strndup(text, 2);
        g_ptr_array_add(owned, letter);
        g_ptr_array_add(split, letter);
        g_ptr_array_add(split, argv[i] + 2);
    }
    g_ptr_array_add(split, NULL);
    return (char **)g_ptr_array_free(split, FALSE);
}

/* GOption's own table of what @command takes, and what is no option at its end. */
static GOptionEntry *entries_of(const Command *command, Options *options)
{
    GOptionEntry *entries = g_new0(GOptionEntry, G_N_ELEMENTS(rows) + 2);
    size_t n = 0;
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        if ((rows[r].commands & (unsigned)command->bit) != 0) {
            entries[n++] = (GOptionEntry){
                .long_name = rows[r].name,
                .short_name = rows[r].letter,
                .arg = rows[r].kind,
                .arg_data = (char *)options + rows[r].offset,
                .description = rows[r].help,
                .arg_description = rows[r].value,
            };
        }
    }
    entries[n] = (GOptionEntry){
        .long_name = G_OPTION_REMAINING,
        .arg = G_OPTION_ARG_FILENAME_ARRAY,
        .arg_data = &options->rest,
        .arg_description = command->operands,
    };
    return entries;
}

void options_parse(const Command *command, int argc, char **argv, Options *options_out)
{
    memset(options_out, 0, sizeof *options_out);
    g_autofree GOptionEntry *entries = entries_of(command, options_out);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, command->summary);
    g_option_context_set_description(context, command->details);
    g_autofree char *name = g_strdup_printf("flowtwin %s", command->name);
    g_set_prgname(name);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_autofree char **split = split_letters(command, argc, argv, owned);
    int n_split = (int)g_strv_length(split);
    char **rest = split;
    if (!g_option_context_parse(context, &n_split, &rest, &error)) {
        usage_error("%s; see flowtwin %s --help", error->message, command->name);
    }
    const size_t n_operands = options_out->rest != NULL ? g_strv_length(options_out->rest) : 0;
    if (n_operands < command->least_operands || n_operands > command->most_operands) {
        usage_error("%s wants %s; see flowtwin %s --help", command->name, command->operands,
                    command->name);
    }
    if (options_out->output == NULL && ((unsigned)command->bit & OUTPUTS) != 0) {
        usage_error("%s wants an output: -o FILE", command->name);
    }
    check_values(command, options_out);
}

void options_clear(Options *options)
{
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++) {
        if (rows[r].kind == G_OPTION_ARG_FILENAME_ARRAY) {
            char ***list = (char ***)(void *)((char *)options + rows[r].offset);
            g_clear_pointer(list, g_strfreev);
        } else if (is_text(&rows[r])) {
            g_clear_pointer(text_at(options, &rows[r]), g_free);
        }
    }
    g_clear_pointer(&options->rest, g_strfreev);
}

uint64_t options_number(const char *text, uint64_t fallback)
{
    return text != NULL ? g_ascii_strtoull(text, NULL, 10) : fallback;
}

double options_share(const char *name, const char *text, double fallback)
{
    char *end = NULL;
    const double share = text != NULL ? g_ascii_strtod(text, &end) : fallback;
    if (text != NULL && (end == text || *end != '\0' || !(share > 0 && share < 1))) {
        usage_error("--%s %s: a number above 0 and below 1 is wanted", name, text);
    }
    return share;
}

unsigned options_threads(const Options *options)
{
    return (unsigned)options_number(options->threads, g_get_num_processors());
}

TwinAddresses options_addresses(const Options *options, TwinAddresses fallback)
{
    return options->addresses != NULL
               ? (TwinAddresses)find_word(twin_addresses_name, options->addresses)
               : fallback;
}

TwinPayload options_payload(const Options *options)
{
    return options->payload != NULL ? (TwinPayload)find_word(twin_payload_name, options->payload)
                                    : TWIN_PAYLOAD_NONE;
}

TwinPrivacy options_privacy(const Options *options)
{
    return options->privacy != NULL ? (TwinPrivacy)find_word(twin_privacy_name, options->privacy)
                                    : TWIN_PRIVACY_BALANCED;
}

TwinFirstPacket options_first_packet(const Options *options)
{
    return options->first_packet != NULL
               ? (TwinFirstPacket)find_word(twin_first_packet_name, options->first_packet)
               : TWIN_FIRST_PACKET_NETWORK;
}
