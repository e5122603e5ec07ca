/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 1 << 20 };

static const Command commands[] = {
    {"learn", COMMAND_LEARN, "CAPTURE…", "Learn a model from the TCP flows of captures.",
     "Several captures are read in time order as one; \"-\" is standard input.", 1, MANY,
     cmd_learn},
    {"generate", COMMAND_GENERATE, "MODEL", "Write look-alike flows from a model as a capture.",
     "With --labels, the flow of --like takes its label from that table.", 1, 1, cmd_generate},
    {"synthesize", COMMAND_SYNTHESIZE, "CAPTURE…",
     "Learn from captures and write look-alike flows, in one.",
     "Several captures are read in time order as one; \"-\" is standard input.", 1, MANY,
     cmd_synthesize},
    {"check", COMMAND_CHECK, "CAPTURE…", "Audit each TCP flow: five checks, a row a flow.",
     "Several captures are read in time order as one; \"-\" is standard input.", 1, MANY,
     cmd_check},
    {"show", COMMAND_SHOW, "[MODEL]",
     "Show a model (nodes, bins, edges, table sizes), or a flow's two hosts.",
     "Either a model or --flow is wanted.", 0, 1, cmd_show},
    {"evaluate", COMMAND_EVALUATE, "", "Judge how far a generator's flows are from real ones.",
     "Any generator's captures will do. All three sets are wanted; flowtwin split makes the first\n"
     "two. Prints a page; numbers that are not on it stand in the JSON.",
     0, 0, cmd_evaluate},
    {"blindtest", COMMAND_BLINDTEST, "make, or score KEY SHEET…",
     "Make and score a test in which people tell real flows from synthetic ones.",
     "blindtest make writes FOLDER/handout for annotators, and FOLDER/blindtest.key. In Wireshark\n"
     "the plugin takes their answers down; blindtest score says what they amount to.",
     1, MANY, cmd_blindtest},
    {"split", COMMAND_SPLIT, "CAPTURE…",
     "Cut captures into a training and a hold-out half, by flow and label.",
     "Several captures are read in time order as one. Frames are written as they were captured.", 1,
     MANY, cmd_split},
};

static void print_help(void)
{
    g_print("Usage: flowtwin COMMAND [OPTION…] …\n\n"
            "Learns from the TCP flows of a capture and writes look-alikes; audits TCP.\n\n"
            "Commands:\n");
    for (size_t c = 0; c < G_N_ELEMENTS(commands); c++) {
        g_print("  %-11s %s\n", commands[c].name, commands[c].summary);
    }
    g_print(
        "\n"
        "flowtwin COMMAND --help says more; flowtwin --version prints the version.\n"
        "Exit status: 0 done, 1 could not be done, 2 wrong command line, 3 check --strict found\n"
        "a failed check, 130 stopped by Ctrl-C.\n");
}

static const Command *find_command(const char *name)
{
    for (size_t c = 0; c < G_N_ELEMENTS(commands); c++) {
        if (strcmp(commands[c].name, name) == 0 ||
            (commands[c].bit == COMMAND_SYNTHESIZE && strcmp(name, "synthesise") == 0)) {
            return &commands[c];
        }
    }
    usage_error("no command is called %s; see flowtwin --help", name);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    tool_begin();
    if (argc < 2) {
        usage_error("a command is wanted; see flowtwin --help");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0) {
        g_print("flowtwin %s\n", TWIN_VERSION);
        return EXIT_GOOD;
    }
    const Command *command = find_command(argv[1]);
    Options options;
    options_parse(command, argc - 1, argv + 1, &options);
    const int status = command->run(&options);
    options_clear(&options);
    return status;
}
