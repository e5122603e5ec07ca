/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

int cmd_check(const Options *options)
{
    (void)options;
    return EXIT_BAD;
}
