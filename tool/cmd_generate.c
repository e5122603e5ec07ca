/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

int cmd_generate(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) inputs = protected_paths(options, false);
    if (!check_outputs(options, inputs, &error)) {
        return report_error(error);
    }
    g_autoptr(TwinModel) model = twin_model_load(options->rest[0], &error);
    if (model == NULL) {
        return report_error(error);
    }
    return write_synthetic(options, model, NULL, inputs);
}
