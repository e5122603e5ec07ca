/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

int cmd_split(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinLabels) labels = NULL;
    if (options->labels != NULL) {
        labels = twin_labels_open(options->labels, &error);
        if (labels == NULL) {
            return report_error(error);
        }
    }
    TwinSplitOptions split = TWIN_SPLIT_OPTIONS_INIT;
    split.seed = options_number(options->seed, split.seed);
    split.holdout = options_share("holdout", options->holdout_share, split.holdout);
    split.labels = labels;
    split.may_replace = options->force;
    split.progress = tool_progress(options);
    TwinSplitCounts counts;
    if (!twin_split((const char *const *)options->rest, g_strv_length(options->rest),
                    options->output, &split, &counts, &error)) {
        return report_error(error);
    }
    say(options,
        "%zu flows (%" G_GUINT64_FORMAT " packets) to %s-train, %zu (%" G_GUINT64_FORMAT
        ") to %s-holdout; %" G_GUINT64_FORMAT " packets that are not TCP were left out",
        counts.n_flows[0], counts.n_packets[0], options->output, counts.n_flows[1],
        counts.n_packets[1], options->output, counts.left_out);
    if (counts.n_lonely > 0) {
        say(options, "warning: %zu labels have one flow alone; it is in the training half",
            counts.n_lonely);
    }
    tool_progress_clear();
    return EXIT_GOOD;
}
