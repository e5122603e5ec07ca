/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

void say_what_was_read(const Options *options, const TwinFlows *flows)
{
    const TwinFlowsCounts *counts = twin_flows_counts(flows);
    say(options,
        "read %" G_GUINT64_FORMAT " packets: %zu TCP flows, %zu labels; %" G_GUINT64_FORMAT
        " packets that are not TCP were left out",
        counts->frames, twin_flows_n_flows(flows), twin_flows_n_labels(flows), counts->not_tcp);
    for (const char *const *warning = twin_flows_warnings(flows); *warning != NULL; warning++) {
        say(options, "warning: %s", *warning);
    }
}

/* What was left out says why there is no flow. */
static void fail_without_flows(const TwinFlows *flows, const char *path, GError **error)
{
    g_autoptr(GString) reasons = g_string_new(NULL);
    for (const char *const *warning = twin_flows_warnings(flows); *warning != NULL; warning++) {
        g_string_append_printf(reasons, "%s%s", reasons->len == 0 ? " (" : "; ", *warning);
    }
    g_string_append(reasons, reasons->len > 0 ? ")" : "");
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                "no TCP flow in %" G_GUINT64_FORMAT " packets%s; is this the right capture?",
                twin_flows_counts(flows)->frames, reasons->str);
    prefix_with_name(path, error);
}

TwinFlows *read_labelled_flows(const Options *options, char **paths, const TwinLabels *labels,
                               bool by_timeout_only, bool verify_checksums, GError **error)
{
    TwinFlowsOptions flows_options = TWIN_FLOWS_OPTIONS_INIT;
    flows_options.by_timeout_only = by_timeout_only;
    flows_options.labels = labels;
    flows_options.verify_checksums = verify_checksums;
    g_autoptr(TwinFlows) flows = twin_flows_new(&flows_options);
    const size_t n_paths = g_strv_length(paths);
    if (!twin_flows_read(flows, (const char *const *)paths, n_paths, tool_progress(options),
                         error) ||
        !twin_flows_finish(flows, error)) {
        return NULL;
    }
    return g_steal_pointer(&flows);
}

TwinFlows *read_flows(const Options *options, char **paths, bool by_timeout_only, GError **error)
{
    g_autoptr(TwinLabels) labels = NULL;
    if (options->labels != NULL) {
        labels = twin_labels_open(options->labels, error);
        if (labels == NULL) {
            return NULL;
        }
    }
    g_autoptr(TwinFlows) flows =
        read_labelled_flows(options, paths, labels, by_timeout_only, false, error);
    if (flows == NULL) {
        return NULL;
    }
    if (twin_flows_n_flows(flows) == 0) {
        fail_without_flows(flows, paths[0], error);
        return NULL;
    }
    say_what_was_read(options, flows);
    return g_steal_pointer(&flows);
}
