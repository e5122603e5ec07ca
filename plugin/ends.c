/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "ends.h"

#include <arpa/inet.h>

char *twin_ends_text(const TwinTrackedFlow *flow, unsigned side)
{
    char text[INET6_ADDRSTRLEN] = "";
    const bool is_six = flow->ip_version == 6;
    (void)inet_ntop(is_six ? AF_INET6 : AF_INET, flow->addresses[side].bytes, text, sizeof text);
    return g_strdup_printf("%s%s%s:%u", is_six ? "[" : "", text, is_six ? "]" : "",
                           flow->ports[side]);
}
