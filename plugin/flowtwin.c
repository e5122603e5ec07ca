/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/version.h>

#include "compat.h"
#include "fields.h"
#include "label.h"
#include "menu.h"
#include "report.h"
#include "session.h"
#include "settings.h"
#include "synthesis.h"

/* Wireshark has one capture file at a time and calls plugins without an object of theirs. */
static struct {
    int protocol;
    int tap;
    dissector_handle_t handle;
    TwinSession *session; /* NULL: no file is open */
    TwinFirstVisit visit; /* for the tap */
} plugin;                 // NOLINT(*-avoid-non-const-global-variables)

/* Once a packet, and again whenever Wireshark shows it anew. Nothing here may throw: what comes of
 * the packet has been captured. It takes none of the packet's bytes, hence 0. */
static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    (void)data;
    const bool is_first_visit = pinfo->fd->visited == 0;
    if (have_tap_listener(plugin.tap)) {
        plugin.visit.session = plugin.session;
        tap_queue_packet(plugin.tap, pinfo,
                         is_first_visit && plugin.session != NULL ? &plugin.visit : NULL);
    }
    if (plugin.session == NULL) {
        return 0;
    }
    const bool is_asked = twin_fields_are_asked(tree);
    if (is_first_visit) {
        twin_session_take(plugin.session, pinfo, tvb, is_asked);
    }
    const uint32_t flow =
        is_asked ? twin_session_flow(plugin.session, pinfo->num) : TWIN_TRACKER_NO_FLOW;
    if (flow != TWIN_TRACKER_NO_FLOW) {
        twin_fields_add(tree, pinfo, tvb, plugin.session, flow, !is_first_visit);
    }
    return 0;
}

static void begin_file(void)
{
    twin_session_free(plugin.session);
    plugin.session = twin_session_new();
}

static void end_file(void)
{
    g_clear_pointer(&plugin.session, twin_session_free);
}

static TwinSession *session_at_hand(void)
{
    return plugin.session;
}

static void register_protocol(void)
{
    plugin.protocol = twin_fields_register();
    twin_settings_register(plugin.protocol);
    plugin.tap = register_tap(TWIN_TAP);
    plugin.handle = register_dissector("flowtwin", dissect, plugin.protocol);
    register_init_routine(begin_file);
    twin_menu_register(session_at_hand); /* its cleanup comes before the session's end */
    register_cleanup_routine(end_file);
}

static void register_handoff(void)
{
    static const TwinStatKind *const stats[] = {&twin_stat_check, &twin_stat_flows,
                                                &twin_stat_synthesize, NULL};
    twin_label_init();
    twin_stats_register(stats);
    register_postdissector(plugin.handle);
}

WS_DLL_PUBLIC_DEF const char plugin_version[] = TWIN_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

TWIN_PLUGIN_DESCRIPTION

WS_DLL_PUBLIC void plugin_register(void);

void plugin_register(void)
{
    static const proto_plugin self = {
        .register_protoinfo = register_protocol,
        .register_handoff = register_handoff,
    };
    proto_register_plugin(&self);
}
