/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complain.h"

#include "compat.h"

#include <stdio.h>
#include <stdlib.h>
#include <wsutil/report_message.h>

bool twin_has_window(void)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    return window != NULL && window->new_dialog != NULL;
}

void twin_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (twin_has_window()) {
        report_failure("%s", message);
        return;
    }
    (void)fflush(stdout);
    g_printerr("flowtwin: %s\n", message);
    exit(EXIT_FAILURE);
}

void twin_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (twin_has_window()) {
        report_warning("%s", message);
    } else {
        g_printerr("flowtwin: %s\n", message);
    }
}
