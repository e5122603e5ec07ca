/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_WINDOW_H
#define FLOWTWIN_PLUGIN_WINDOW_H

/*
 * What the plugin (C, no Qt) asks of the module that draws (C++, Qt), and nothing else: plain
 * structs and functions. The module is loaded inside Wireshark's window only. All calls are of the
 * thread that runs the window, all strings UTF-8.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Raised with every change of this file: plugin and module must be of one build. */
enum { TWIN_WINDOW_INTERFACE = 2 };

/** What is imitated. */
typedef enum TwinScope {
    TWIN_SCOPE_FLOW,      /**< the selected packet's flow */
    TWIN_SCOPE_LABEL,     /**< the flows of its label */
    TWIN_SCOPE_DISPLAYED, /**< the flows that have a packet displayed */
    TWIN_SCOPE_CAPTURE,   /**< all */
    TWIN_N_SCOPES,
} TwinScope;

/** What is to be done. */
typedef enum TwinTask {
    TWIN_TASK_SYNTHESIZE, /**< learn from the capture and write look-alikes */
    TWIN_TASK_LEARN,      /**< learn from the capture and save the model */
    TWIN_TASK_GENERATE,   /**< write look-alikes by a saved model */
} TwinTask;

/** What becomes of the new capture. */
typedef enum TwinOpening {
    TWIN_OPENING_HERE,
    TWIN_OPENING_NEW_WINDOW,
    TWIN_OPENING_NONE,
    TWIN_N_OPENINGS,
} TwinOpening;

/** One piece of work as the user filled it in. Strings are borrowed. */
typedef struct TwinRequest {
    TwinTask task;
    TwinScope scope;
    uint64_t n_flows;
    uint64_t seed;
    size_t design;         /**< a row of the preset table */
    unsigned payload;      /**< TwinPayload; a preference, not in the dialog */
    unsigned first_packet; /**< TwinFirstPacket, likewise */
    bool is_anonymous;
    bool may_exist; /**< the user agreed that the output is replaced */
    TwinOpening opening;
    const char *model;  /**< file; TWIN_TASK_GENERATE */
    const char *output; /**< file */
} TwinRequest;

/** What the plugin says of a request while it is filled in. */
typedef enum TwinJudgement {
    TWIN_JUDGEMENT_GOOD,
    TWIN_JUDGEMENT_EXISTS, /**< good, if the user agrees that the output is replaced */
    TWIN_JUDGEMENT_WRONG,
} TwinJudgement;

/** A dialog to be filled in. All is borrowed for the call, but @data, which @close ends. */
typedef struct TwinForm {
    const char *title;
    const char *action; /**< on the button that accepts */
    TwinRequest initial;
    const char *scopes[TWIN_N_SCOPES];      /**< NULL: cannot be chosen */
    uint64_t scope_flows[TWIN_N_SCOPES];    /**< how many flows are offered with it */
    const char *scope_hints[TWIN_N_SCOPES]; /**< what is worth knowing, or "" */
    const char *const *designs;             /**< NULL-terminated */
    const char *output_kinds;               /**< of the file dialog, as Qt writes them */

    /** Judges; @text_out is given to the caller, who frees it with free(). */
    TwinJudgement (*judge)(const TwinRequest *request, char **text_out, void *data);
    void (*accept)(const TwinRequest *request, void *data);
    void (*close)(void *data); /**< always the last call */
    void *data;
} TwinForm;

/** A table whose cells are asked for when they are drawn. */
typedef struct TwinTable {
    const char *name;           /**< for those who cannot see it */
    const char *const *columns; /**< titles, NULL-terminated; static */
    const char *alignment;      /**< a letter a column: l text, r number; static */
    size_t n_rows;
    char *(*cell)(size_t row, size_t column, void *data); /**< freed with free() */
    bool (*is_bad)(size_t row, void *data);
    void (*activate)(size_t row, void *data); /**< double-click, Enter; NULL: nothing happens */
} TwinTable;

enum { TWIN_MAX_TABLES = 2 };

/** A window of text and tables. */
typedef struct TwinSheet {
    const char *title;
    const char *text; /**< above the tables; plain */
    const char *hint; /**< below them; "": none */
    TwinTable tables[TWIN_MAX_TABLES];
    size_t n_tables;
    const char *action;        /**< on a button more; NULL: none */
    void (*act)(void *data);   /**< it was pressed */
    void (*close)(void *data); /**< always the last call */
    void *data;
} TwinSheet;

/** How grave a message is. */
typedef enum TwinMessage {
    TWIN_MESSAGE_ABOUT,
    TWIN_MESSAGE_INFORMATION,
    TWIN_MESSAGE_ERROR,
} TwinMessage;

/** An entry of the packet list's menu that is there for some packets only. Strings are static. */
typedef struct TwinEntry {
    const char *text;
    const char *key; /**< as Qt writes it, "Alt+1"; NULL: none */
    void (*chosen)(void);
    bool (*is_wanted)(void); /**< with the selected packet */
    bool is_in_packet_menu;  /**< false: Wireshark has put it there itself; the key alone */
} TwinEntry;

/** What the module offers. Nothing here waits for the user. */
typedef struct TwinWindow {
    int interface; /**< TWIN_WINDOW_INTERFACE */

    /** Adds an entry to the packet list's menu, where Wireshark cannot; @text is static. */
    void (*hook_packet_menu)(const char *text, void (*chosen)(void));

    void (*open_form)(const TwinForm *form);

    /** One at a time; @cancel may be called until it is closed. */
    void (*open_progress)(const char *title, void (*cancel)(void));
    void (*update_progress)(const char *what, double fraction);
    void (*close_progress)(void);

    void (*show_message)(TwinMessage kind, const char *title, const char *text, const char *remedy);
    void (*show_sheet)(const TwinSheet *sheet);
    void (*add_entry)(const TwinEntry *entry);

    /** Asks for a file to read; nothing comes of it where the user thinks better of it. */
    void (*choose_file)(const char *title, const char *folder, void (*chosen)(const char *path));
} TwinWindow;

/** Name and type of the one function that the module exports. */
#define TWIN_WINDOW_SYMBOL "twin_window_module"
typedef const TwinWindow *(*TwinWindowModule)(void);

#ifdef __cplusplus
}
#endif

#endif
