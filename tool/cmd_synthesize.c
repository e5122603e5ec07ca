/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

int cmd_synthesize(const Options *options)
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
    /* The model never leaves this process, so it may know the addresses that are to be written. */
    g_autoptr(TwinModel) model = learn_model(options, flows, TWIN_ADDRESSES_KEEP, &error);
    if (model == NULL) {
        return report_error(error);
    }
    return write_synthetic(options, model, flows, inputs);
}
