/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

int cmd_learn(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) inputs = protected_paths(options, true);
    if (!check_outputs(options, inputs, &error)) {
        return report_error(error);
    }
    g_autoptr(TwinFlows) flows = read_flows(options, options->rest, false, &error);
    if (flows == NULL) {
        return report_error(error);
    }
    g_autoptr(TwinModel) model = learn_model(options, flows, TWIN_ADDRESSES_ANONYMOUS, &error);
    if (model == NULL ||
        !twin_model_save(model, options->output, (const char *const *)inputs->pdata, inputs->len,
                         options->force, &error)) {
        return report_error(error);
    }
    g_autofree char *name = shown_name(options->output, "standard output");
    say(options, "%s: learned from %zu flows, %zu packets", name, twin_model_n_flows(model),
        twin_model_n_packets(model));
    return EXIT_GOOD;
}
