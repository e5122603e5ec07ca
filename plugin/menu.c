/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "menu.h"

#include <flowtwin/version.h>

#include "annotate.h"
#include "ask.h"
#include "compat.h"
#include "compliance.h"
#include "job.h"
#include "module.h"
#include "realism.h"
#include "rescan.h"

static const char synthesize[] = "Synthesize similar flows…";

static struct {
    TwinSession *(*session)(void);
    bool is_in_packet_menu;
} menu; // NOLINT(*-avoid-non-const-global-variables)

static void ask_synthesis(void)
{
    twin_ask(TWIN_TASK_SYNTHESIZE, TWIN_SCOPE_FLOW, menu.session());
}

static void ask_displayed(void)
{
    twin_ask(TWIN_TASK_SYNTHESIZE, TWIN_SCOPE_DISPLAYED, menu.session());
}

static void show_compliance(void)
{
    twin_compliance_show(menu.session());
}

static void ask_learning(void)
{
    twin_ask(TWIN_TASK_LEARN, TWIN_SCOPE_CAPTURE, menu.session());
}

static void ask_generation(void)
{
    twin_ask(TWIN_TASK_GENERATE, TWIN_SCOPE_CAPTURE, menu.session());
}

static void show_about(void)
{
    twin_module_window()->show_message(
        TWIN_MESSAGE_ABOUT, "About flowtwin", "flowtwin " TWIN_VERSION,
        "Learns from the TCP flows of a capture, writes flows like them, and checks whether TCP "
        "kept to its rules.\n\nGPL-2.0-or-later");
}

/* Wireshark sorts the entries of a submenu by their names. */
static const struct {
    const char *name;
    register_stat_group_t group;
    void (*chosen)(void);
} entry_table[] = {
    {"flowtwin/Synthesize similar flows…", REGISTER_TOOLS_GROUP_UNSORTED, ask_synthesis},
    {"flowtwin/Synthesize from displayed flows…", REGISTER_TOOLS_GROUP_UNSORTED, ask_displayed},
    {"flowtwin/TCP compliance", REGISTER_TOOLS_GROUP_UNSORTED, show_compliance},
    {"flowtwin/Learn model…", REGISTER_TOOLS_GROUP_UNSORTED, ask_learning},
    {"flowtwin/Generate from model…", REGISTER_TOOLS_GROUP_UNSORTED, ask_generation},
    {"flowtwin/Realism report…", REGISTER_TOOLS_GROUP_UNSORTED, twin_realism_ask},
    {"flowtwin/About flowtwin", REGISTER_TOOLS_GROUP_UNSORTED, show_about},
    {"TCP compliance", REGISTER_PACKET_STAT_GROUP_UNSORTED, show_compliance},
};

/* The menu is closed and its events are done when this comes. */
static gboolean choose(void *data)
{
    const size_t entry = GPOINTER_TO_SIZE(data);
    if (twin_module_window() != NULL) {
        entry_table[entry].chosen();
    }
    return G_SOURCE_REMOVE;
}

static void choose_later(void *data)
{
    (void)g_idle_add(choose, data);
}

static void choose_packet(void *data, GPtrArray *fields)
{
    (void)data;
    (void)fields; /* the packet is the selected one */
    choose_later(GSIZE_TO_POINTER(0));
}

static void choose_hooked(void)
{
    ask_synthesis();
}

static void begin_file(void)
{
    twin_rescan_begin_file();
}

static void end_file(void)
{
    twin_rescan_end_file();
    twin_ask_capture_closed();
    twin_job_capture_closed();
}

void twin_menu_register(TwinSession *(*session)(void))
{
    menu.session = session;
    for (size_t i = 0; i < G_N_ELEMENTS(entry_table); i++) {
        funnel_register_menu(entry_table[i].name, entry_table[i].group, choose_later,
                             GSIZE_TO_POINTER(i), NULL, FALSE);
    }
    menu.is_in_packet_menu = twin_register_packet_menu(synthesize, "tcp", choose_packet);
    twin_annotate_register(session);
    register_init_routine(begin_file);
    register_cleanup_routine(end_file);
    register_shutdown_routine(twin_job_shut_down);
    register_shutdown_routine(twin_realism_shut_down);
    twin_module_start();
}

void twin_menu_hook(const TwinWindow *window)
{
    if (!menu.is_in_packet_menu) {
        window->hook_packet_menu(synthesize, choose_hooked);
    }
    twin_annotate_hook(window);
}
