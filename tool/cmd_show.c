/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

int cmd_show(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = twin_model_load(options->rest[0], &error);
    g_autofree char *text = model != NULL ? twin_model_show(model, options->format, &error) : NULL;
    return text != NULL ? print_result(text) : report_error(error);
}
