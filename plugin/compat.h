/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_COMPAT_H
#define FLOWTWIN_PLUGIN_COMPAT_H

/*
 * What differs between Wireshark 4.0, 4.4 and 4.6, as far as this plugin meets it. No other file
 * asks for the version.
 */

#define WS_BUILD_DLL
#include <epan/epan_dissect.h>
#include <epan/expert.h>
#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <glib.h>
#include <stdbool.h>
#include <wiretap/wtap.h>
#include <ws_symbol_export.h>
#include <ws_version.h>

#define TWIN_WIRESHARK (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)

#if TWIN_WIRESHARK < 400
#error "Wireshark 4.0 or later is wanted"
#endif

/* A plugin says what it does since 4.2. */
#if TWIN_WIRESHARK >= 402
#include <wsutil/plugins.h>
#define TWIN_PLUGIN_DESCRIPTION                                                                    \
    WS_DLL_PUBLIC uint32_t plugin_describe(void);                                                  \
    WS_DLL_PUBLIC_DEF uint32_t plugin_describe(void)                                               \
    {                                                                                              \
        return WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER;                             \
    }
#else
#define TWIN_PLUGIN_DESCRIPTION
#endif

/* What the function that "-z" calls returns: nothing, since 4.6 whether it went well. */
#if TWIN_WIRESHARK >= 406
typedef bool TwinStatInit;
#define TWIN_STAT_INIT_GOOD true
#else
typedef void TwinStatInit;
#define TWIN_STAT_INIT_GOOD
#endif

#endif
