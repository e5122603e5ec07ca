/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TOOL_TOOL_H
#define FLOWTWIN_TOOL_TOOL_H

#include <flowtwin/flowtwin.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What scripts can tell apart. */
enum {
    EXIT_GOOD = 0,
    EXIT_BAD = 1,       /* the job could not be done; one line on stderr says why */
    EXIT_USAGE = 2,     /* the command line is wrong */
    EXIT_FINDINGS = 3,  /* check --strict: a check failed */
    EXIT_STOPPED = 130, /* Ctrl-C */
};

/** Every option of every subcommand; which of them takes which stands in options.c's table. */
typedef struct {
    char *output;
    char *labels;
    char *labels_out;
    char *label;
    char *like;
    char *flow;
    char *preset;
    char *addresses;
    char *payload;
    char *first_packet;
    char *privacy;
    char *format;
    char *flows;
    char *seed;
    char *threads;
    char *holdout_share;
    char *json_out;
    char *html_out;
    char *repeats;
    char *passphrase;
    char **real;
    char **holdout;
    char **synthetic;
    char **label_files;
    gboolean quiet;
    gboolean force;
    gboolean json;
    gboolean csv;
    gboolean literal;
    gboolean strict;
    gboolean fixed_times;
    gboolean apart;
    char **rest; /* what is no option: captures or a model */
} Options;

/** The subcommands, as bits: a row of the option table says which take it. */
typedef enum {
    COMMAND_LEARN = 1,
    COMMAND_GENERATE = 2,
    COMMAND_SYNTHESIZE = 4,
    COMMAND_CHECK = 8,
    COMMAND_SHOW = 16,
    COMMAND_SPLIT = 32,
    COMMAND_EVALUATE = 64,
    COMMAND_BLINDTEST = 128,
} CommandBit;

/** A subcommand: a row of main.c's table. */
typedef struct {
    const char *name;
    CommandBit bit;
    const char *operands; /* "CAPTURE…" */
    const char *summary;  /* one line */
    const char *details;  /* for --help */
    size_t least_operands, most_operands;
    int (*run)(const Options *options);
} Command;

int cmd_learn(const Options *options);
int cmd_generate(const Options *options);
int cmd_synthesize(const Options *options);
int cmd_check(const Options *options);
int cmd_show(const Options *options);
int cmd_split(const Options *options);
int cmd_evaluate(const Options *options);
int cmd_blindtest(const Options *options);

/**
 * Reads a command's options from @argv, the command's name being argv[0]; ends the program with
 * EXIT_USAGE and a line on stderr where they are wrong, with EXIT_GOOD after --help.
 */
void options_parse(const Command *command, int argc, char **argv, Options *options_out);
void options_clear(Options *options);

/** The number that an option's text says, @fallback without one; it was looked at in parsing. */
uint64_t options_number(const char *text, uint64_t fallback);

/** A number above 0 and below 1 from an option's text, @fallback without one; or ends with
 *  EXIT_USAGE. */
double options_share(const char *name, const char *text, double fallback);

/** Threads to use: --threads, else as many as there are processors. */
unsigned options_threads(const Options *options);

/** What the words of these options say; without one the default. */
TwinAddresses options_addresses(const Options *options, TwinAddresses fallback);
TwinPayload options_payload(const Options *options);
TwinPrivacy options_privacy(const Options *options);
TwinFirstPacket options_first_packet(const Options *options);

/** Prints "flowtwin: " and @error on stderr; the exit status that belongs to it. */
int report_error(const GError *error);

/** The path as it is shown to people; @stream for "-". (transfer full) */
char *shown_name(const char *path, const char *stream);

/** Puts the name of an input before @error. */
void prefix_with_name(const char *path, GError **error);

/** Prints a line about @option on stderr and ends with EXIT_USAGE. */
G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN void usage_error(const char *format, ...);

/** A line on stderr unless --quiet. */
G_GNUC_PRINTF(2, 3) void say(const Options *options, const char *format, ...);

/** Progress for terminals, and Ctrl-C: NULL data; stops work when Ctrl-C was pressed. */
const TwinProgress *tool_progress(const Options *options);

/** Takes the progress line away before something else is printed. */
void tool_progress_clear(void);

/** Before anything else: closed standard streams, and signals that would leave files behind. */
void tool_begin(void);

/**
 * Reads @paths as flows with --labels, says on stderr what was read and what was left out.
 *
 * @return (transfer full) NULL with an error, where there is no TCP flow too
 */
TwinFlows *read_flows(const Options *options, char **paths, bool by_timeout_only, GError **error);

/** Says on stderr what was read and what was left out. */
void say_what_was_read(const Options *options, const TwinFlows *flows);

/** The same for @paths with labels that the caller opened (NULL: by port), and without a flow. */
TwinFlows *read_labelled_flows(const Options *options, char **paths, const TwinLabels *labels,
                               bool by_timeout_only, bool verify_checksums, GError **error);

/** Writes @text to standard output and closes it: a full disk is an error. */
int print_result(const char *text);

#endif
