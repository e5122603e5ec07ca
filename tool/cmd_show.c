/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

int cmd_show(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = twin_model_load(options->rest[0], &error);
    if (model == NULL) {
        return report_error(error);
    }
    g_autofree char *text = twin_model_show(model, options->format, &error);
    if (text == NULL) {
        prefix_with_name(options->rest[0], &error);
        return report_error(error);
    }
    return print_result(text);
}
