/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BLINDTEST_H
#define FLOWTWIN_BLINDTEST_H

#include <flowtwin/macros.h>
#include <flowtwin/progress.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

/*
 * The blind test: people who look at flows and cannot know which of them are real. It is made of
 * captures, played in Wireshark, and scored; docs/blind-test.md tells how a study is run.
 */

/** What an annotator says of a flow, in the order of the scale. */
typedef enum {
    TWIN_GRADE_REAL,
    TWIN_GRADE_LIKELY_REAL,
    TWIN_GRADE_LIKELY_GENERATED,
    TWIN_GRADE_GENERATED,
    TWIN_GRADE_NONE, /**< nothing yet; also how many there are */
} TwinGrade;

/** A grade in words, as it stands in sheets; "" for none, NULL beyond. */
TWIN_API const char *twin_grade_name(TwinGrade grade);

/** Hexadecimal digits of a study's name, and a 0. */
#define TWIN_STUDY_CHARS 17

/** What the comment on the first packet of each flow of a blind test says. */
typedef struct TwinBlindMark {
    char study[TWIN_STUDY_CHARS];
    uint32_t flow;    /* from 1 */
    uint32_t n_flows; /* of the study */
} TwinBlindMark;

/** Reads a packet's comment; false where it is none of a blind test. No allocation. */
TWIN_API bool twin_blind_mark_parse(const char *comment, size_t n_bytes, TwinBlindMark *mark_out);

/** What a blind test is made of. Everything is borrowed. */
typedef struct TwinBlindOptions {
    const char *const *real;      /**< captures, NULL-terminated; read twice, so no pipes */
    const char *const *synthetic; /**< likewise */
    size_t n_flows;               /**< at least 2; half of them real, an odd one is dropped */
    uint64_t seed;                /**< same seed, same bytes; knowing it helps to cheat */
    bool has_fixed_times;         /**< a packet every 10 ms, whatever it was */
    bool writes_flows;            /**< also one file a flow */
    bool may_replace;             /**< whether existing outputs are replaced */
    const char *passphrase;       /**< that opens the key; NULL: the key keeps eyes away, no more */
    const TwinProgress *progress; /**< NULL: none */
} TwinBlindOptions;

#define TWIN_BLIND_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .real = NULL, .synthetic = NULL, .n_flows = 200, .seed = 1, .has_fixed_times = false,      \
        .writes_flows = false, .may_replace = false, .passphrase = NULL, .progress = NULL          \
    }

/** What became of it; set 0 is real, 1 synthetic. */
typedef struct TwinBlindCounts {
    char study[TWIN_STUDY_CHARS];
    size_t n_flows;   /**< written; fewer than asked for where pairs ran out */
    size_t n_read[2]; /**< flows in the captures */
    size_t n_unfit[2]; /**< … that cannot be disguised: options cut off, lengths unsure or too large
                        */
    int64_t tick_ns;   /**< what times are rounded down to in both */
} TwinBlindCounts;

/**
 * Writes a blind test into @folder, made where it is missing: handout/blindtest.pcapng and
 * handout/blindtest.tsv (and handout/flows/flow-001.pcapng …) for annotators, blindtest.key for
 * whoever scores.
 *
 * Flows are drawn in pairs, a real and a synthetic one of the same service (port of data/ports.tsv)
 * and IP version, so that neither tells. Nothing of a flow is kept but what TCP and IP headers say
 * of its packets and their times; all else is written anew, the same for both.
 *
 * @return false with TWIN_ERROR_ARGUMENT, _EMPTY (no pair), _EXISTS, _OUTPUT, _TOO_LARGE, or what
 *         twin_flows_read() says; nothing is left behind but folders
 *
 * Cost: two readings of the captures; about 100 bytes a packet written.
 */
TWIN_API bool twin_blind_make(const char *folder, const TwinBlindOptions *options,
                              TwinBlindCounts *counts_out, GError **error) TWIN_CHECKED;

/** An annotator's answers. */
typedef struct TwinBlindSheet TwinBlindSheet;

/** A sheet without an answer. @n_flows at most TWIN_BLIND_MOST_FLOWS. (transfer full) */
#define TWIN_BLIND_MOST_FLOWS 100000
TWIN_API TwinBlindSheet *twin_blind_sheet_new(const char *study, size_t n_flows);
TWIN_API void twin_blind_sheet_free(TwinBlindSheet *self);

/**
 * Reads a sheet: a line "# study NAME, N flows", then tab-separated columns with a header that
 * names flow and answer; other columns are kept as far as they are frame, filter and note.
 *
 * @return (transfer full) NULL with TWIN_ERROR_INPUT, _TOO_LARGE, or _FORMAT, naming file and line
 */
TWIN_API TwinBlindSheet *twin_blind_sheet_read(const char *path, GError **error) TWIN_CHECKED;

/** Writes it, in the place of what was there. */
TWIN_API bool twin_blind_sheet_write(const TwinBlindSheet *self, const char *path,
                                     GError **error) TWIN_CHECKED;

TWIN_API const char *twin_blind_sheet_study(const TwinBlindSheet *self);
TWIN_API size_t twin_blind_sheet_n_flows(const TwinBlindSheet *self);
TWIN_API size_t twin_blind_sheet_n_answers(const TwinBlindSheet *self);

/** @param flow 1 … twin_blind_sheet_n_flows(); others have no grade */
TWIN_API TwinGrade twin_blind_sheet_grade(const TwinBlindSheet *self, size_t flow);
TWIN_API void twin_blind_sheet_set(TwinBlindSheet *self, size_t flow, TwinGrade grade);

/** What annotators' answers amount to. Immutable. */
typedef struct TwinBlindScore TwinBlindScore;

/**
 * Opens a key, looks at its seal, and scores sheets by it.
 *
 * @param sheets     NULL-terminated paths, at least one; an annotator is called as the file is
 * @param passphrase as in making; NULL: none
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT (a key that was changed, a sheet of another
 *         study, a bad line), _ARGUMENT (a passphrase that is wrong or missing), _INPUT, _EMPTY (no
 *         answer in any sheet)
 */
TWIN_API TwinBlindScore *twin_blind_score_new(const char *key, const char *passphrase,
                                              const char *const *sheets,
                                              GError **error) TWIN_CHECKED;
TWIN_API void twin_blind_score_free(TwinBlindScore *self);

/** As a page of text; as JSON, with every flow's truth and answers. (transfer full) */
TWIN_API char *twin_blind_score_text(const TwinBlindScore *self);
TWIN_API char *twin_blind_score_json(const TwinBlindScore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBlindSheet, twin_blind_sheet_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBlindScore, twin_blind_score_free)

G_END_DECLS

#endif
