/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "annotate.h"

#include "blind.h"
#include "capture_file.h"
#include "module.h"

#define TITLE "Blind test"

static struct {
    TwinSession *(*session)(void);
    bool is_in_packet_menu;
} annotate; // NOLINT(*-avoid-non-const-global-variables)

/* The selected packet's flow, TWIN_TRACKER_NO_FLOW where it is of no blind test. */
static uint32_t selected_flow(TwinBlind **blind_out)
{
    TwinSession *session = annotate.session();
    const capture_file *file = twin_capture_file();
    if (session == NULL || file == NULL || file->current_frame == NULL) {
        return TWIN_TRACKER_NO_FLOW;
    }
    *blind_out = twin_session_blind(session);
    const uint32_t flow = twin_session_flow(session, file->current_frame->num);
    return flow != TWIN_TRACKER_NO_FLOW && twin_blind_number(*blind_out, flow) != 0
               ? flow
               : TWIN_TRACKER_NO_FLOW;
}

/* Wireshark keeps the text of rows that it has drawn. With the very filter that is set it sees
 * nothing to do: a blank more, or one less. */
static void draw_anew(void)
{
    const capture_file *file = twin_capture_file();
    const char *set = file->dfilter != NULL ? file->dfilter : "";
    g_autofree char *filter =
        g_str_has_suffix(set, " ") ? g_strndup(set, strlen(set) - 1) : g_strconcat(set, " ", NULL);
    plugin_if_apply_filter(filter, TRUE);
}

static void answer(TwinGrade grade)
{
    TwinBlind *blind = NULL;
    const uint32_t flow = selected_flow(&blind);
    g_autoptr(GError) error = NULL;
    if (flow == TWIN_TRACKER_NO_FLOW) {
        twin_module_window()->show_message(
            TWIN_MESSAGE_INFORMATION, TITLE, "No flow of a blind test is selected.",
            "Open a capture that flowtwin blindtest make wrote, and select a packet.");
        return;
    }
    if (!twin_blind_answer(blind, flow, grade, &error)) {
        twin_module_window()->show_message(TWIN_MESSAGE_ERROR, TITLE, error->message, "");
        return;
    }
    draw_anew();
}

static void answer_real(void)
{
    answer(TWIN_GRADE_REAL);
}

static void answer_likely_real(void)
{
    answer(TWIN_GRADE_LIKELY_REAL);
}

static void answer_likely_generated(void)
{
    answer(TWIN_GRADE_LIKELY_GENERATED);
}

static void answer_generated(void)
{
    answer(TWIN_GRADE_GENERATED);
}

static void answer_nothing(void)
{
    answer(TWIN_GRADE_NONE);
}

/* Wireshark 4.0 has Ctrl with a digit for colours, and Alt with one for nothing. */
static const struct {
    const char *entry; /* in Tools */
    const char *text;  /* in the packet menu */
    const char *key;
    void (*chosen)(void);
} answer_table[] = {
    {"flowtwin/Blind test: real", "Blind test: real", "Alt+1", answer_real},
    {"flowtwin/Blind test: likely real", "Blind test: likely real", "Alt+2", answer_likely_real},
    {"flowtwin/Blind test: likely generated", "Blind test: likely generated", "Alt+3",
     answer_likely_generated},
    {"flowtwin/Blind test: generated", "Blind test: generated", "Alt+4", answer_generated},
    {"flowtwin/Blind test: no answer", "Blind test: no answer", "Alt+0", answer_nothing},
};

/* The menu is closed and its events are done when this comes. */
static gboolean choose(void *data)
{
    if (twin_module_window() != NULL) {
        answer_table[GPOINTER_TO_SIZE(data)].chosen();
    }
    return G_SOURCE_REMOVE;
}

static void choose_later(void *data)
{
    (void)g_idle_add(choose, data);
}

/* Wireshark frees the data of these when it ends, so that they have none. */
#define CHOOSE_IN_MENU(index)                                                                      \
    static void choose_in_menu_##index(void *data, GPtrArray *fields)                              \
    {                                                                                              \
        (void)data;                                                                                \
        (void)fields;                                                                              \
        choose_later(GSIZE_TO_POINTER(index));                                                     \
    }
CHOOSE_IN_MENU(0)
CHOOSE_IN_MENU(1)
CHOOSE_IN_MENU(2)
CHOOSE_IN_MENU(3)
CHOOSE_IN_MENU(4)

void twin_annotate_register(TwinSession *(*session)(void))
{
    static void (*const in_menu[])(void *, GPtrArray *) = {
        choose_in_menu_0, choose_in_menu_1, choose_in_menu_2, choose_in_menu_3, choose_in_menu_4,
    };
    annotate.session = session;
    for (size_t i = 0; i < G_N_ELEMENTS(answer_table); i++) {
        funnel_register_menu(answer_table[i].entry, REGISTER_TOOLS_GROUP_UNSORTED, choose_later,
                             GSIZE_TO_POINTER(i), NULL, FALSE);
        annotate.is_in_packet_menu =
            twin_register_packet_menu(answer_table[i].text, "flowtwin.blind_flow", in_menu[i]);
    }
}

static bool is_wanted(void)
{
    TwinBlind *blind = NULL;
    return selected_flow(&blind) != TWIN_TRACKER_NO_FLOW;
}

void twin_annotate_hook(const TwinWindow *window)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answer_table); i++) {
        const TwinEntry entry = {
            .text = answer_table[i].text,
            .key = answer_table[i].key,
            .chosen = answer_table[i].chosen,
            .is_wanted = is_wanted,
            .is_in_packet_menu = !annotate.is_in_packet_menu,
        };
        window->add_entry(&entry);
    }
}
