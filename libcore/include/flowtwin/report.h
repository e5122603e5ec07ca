/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_REPORT_H
#define FLOWTWIN_REPORT_H

#include <flowtwin/flows.h>

G_BEGIN_DECLS

/** How synthetic flows are judged. */
typedef struct TwinReportOptions {
    uint64_t seed;                /**< same seed, same report, whatever the threads */
    unsigned n_threads;           /**< at least 1 */
    unsigned n_repeats;           /**< forests a score is averaged over, at least 1 */
    size_t most_flows;            /**< that a classifier sees of a side, at least 2 */
    const TwinProgress *progress; /**< NULL: none */
    const char *note;             /**< said of the sets, for people; NULL: nothing */
} TwinReportOptions;

#define TWIN_REPORT_OPTIONS_INIT                                                                   \
    {                                                                                              \
        .seed = 1, .n_threads = 1, .n_repeats = 5, .most_flows = 10000, .progress = NULL,          \
        .note = NULL                                                                               \
    }

/**
 * How far synthetic flows are from real ones, by measures that know nothing of who wrote them: a
 * list of tables, with notes where something could not be judged. Immutable.
 */
typedef struct TwinReport TwinReport;

/**
 * Judges.
 *
 * Empty sets, labels without flows and the like are no errors: the report says what could not be
 * judged.
 *
 * @param real      what the generator learned from; finished, as are the others; borrowed for the
 *                  call
 * @param holdout   real flows that it did not see
 * @param synthetic what it wrote
 * @return (transfer full) NULL with TWIN_ERROR_ARGUMENT, or TWIN_ERROR_CANCELLED
 */
TWIN_API TwinReport *twin_report_new(const TwinFlows *real, const TwinFlows *holdout,
                                     const TwinFlows *synthetic, const TwinReportOptions *options,
                                     GError **error) TWIN_CHECKED;

TWIN_API void twin_report_free(TwinReport *self);

/** The report as a page of text. (transfer full) */
TWIN_API char *twin_report_text(const TwinReport *self);

/** All of it as JSON; keys are documented in the manual page. (transfer full) */
TWIN_API char *twin_report_json(const TwinReport *self);

/** The report as one HTML file that loads nothing: tables and plots, for screens, phones and print.
 *  (transfer full) */
TWIN_API char *twin_report_html(const TwinReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinReport, twin_report_free)

G_END_DECLS

#endif
