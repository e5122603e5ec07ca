/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

int cmd_learn(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinFlows) flows = read_flows(options, options->rest, false, &error);
    if (flows == NULL) {
        return report_error(error);
    }
    g_autoptr(TwinModel) model = learn_model(options, flows, TWIN_ADDRESSES_ANONYMOUS, &error);
    if (model == NULL) {
        g_prefix_error(&error, "%s: ", options->rest[0]);
        return report_error(error);
    }
    if (!twin_model_save(model, options->output, (const char *const *)options->rest,
                         g_strv_length(options->rest), options->force, &error)) {
        return report_error(error);
    }
    say(options, "%s: learned from %zu flows, %zu packets", options->output,
        twin_model_n_flows(model), twin_model_n_packets(model));
    return EXIT_GOOD;
}
