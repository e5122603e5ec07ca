/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synthesis.h"

int cmd_generate(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = twin_model_load(options->rest[0], &error);
    if (model == NULL) {
        return report_error(error);
    }
    return write_synthetic(options, model, NULL, options->rest);
}
