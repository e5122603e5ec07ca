/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/version.h>

#include <glib.h>

int main(void)
{
    g_print("flowtwin %s\n", TWIN_VERSION);
    return 0;
}
