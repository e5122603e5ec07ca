/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plain.h"

#include "capture_file.h"

/* Fields of the dialog, all text. */
typedef enum {
    FIELD_SCOPE,
    FIELD_FLOWS,
    FIELD_SEED,
    FIELD_ADDRESSES,
    FIELD_MODEL,
    FIELD_OUTPUT,
    N_FIELDS,
} Field;

static const char *const field_titles[N_FIELDS] = {
    [FIELD_SCOPE] = "Learn from (flow, label, displayed, capture)",
    [FIELD_FLOWS] = "Flows",
    [FIELD_SEED] = "Seed",
    [FIELD_ADDRESSES] = "Addresses (keep, anonymous)",
    [FIELD_MODEL] = "Model (to generate from)",
    [FIELD_OUTPUT] = "Output",
};

static const char *const scope_words[TWIN_N_SCOPES] = {"flow", "label", "displayed", "capture"};

static struct {
    TwinForm form;
    struct progdlg *bar;
    void (*cancel)(void);
    gboolean stop; /* where Wireshark wants one; it is never set */
} plain;           // NOLINT(*-avoid-non-const-global-variables)

static const funnel_ops_t *operations(void)
{
    return funnel_get_funnel_ops();
}

/* Wireshark 4.0 has no such menu, and this no Qt to add to it: Tools has the entry. */
static void hook_packet_menu(const char *text, void (*chosen)(void))
{
    (void)text;
    (void)chosen;
}

/* Tools has these too. */
static void add_entry(const TwinEntry *entry)
{
    (void)entry;
}

static void (*file_chosen)(const char *path); // NOLINT(*-avoid-non-const-global-variables)

static void choose_path(char **fields, void *data)
{
    (void)data;
    if (fields[0] != NULL && *fields[0] != '\0') {
        file_chosen(fields[0]);
    }
}

static void choose_file(const char *title, const char *folder, void (*chosen)(const char *path))
{
    static const char *titles[] = {"File", NULL};
    static const char *values[] = {NULL, NULL};
    g_autofree char *begin = g_strconcat(folder, "/", NULL);
    values[0] = begin;
    file_chosen = chosen;
    operations()->new_dialog(operations()->ops_id, title, titles, values, choose_path, NULL, NULL);
}

static void show_text(const char *title, const char *text)
{
    funnel_text_window_t *window = operations()->new_text_window(operations()->ops_id, title);
    operations()->set_text(window, text);
}

static void show_message(TwinMessage kind, const char *title, const char *text, const char *remedy)
{
    (void)kind;
    g_autofree char *both = g_strdup_printf("%s\n\n%s", text, remedy);
    show_text(title, both);
}

static bool read_fields(char **fields, TwinRequest *request)
{
    bool is_known = false;
    for (size_t scope = 0; scope < TWIN_N_SCOPES; scope++) {
        if (g_strcmp0(fields[FIELD_SCOPE], scope_words[scope]) == 0) {
            request->scope = (TwinScope)scope;
            is_known = true;
        }
    }
    request->is_anonymous = g_strcmp0(fields[FIELD_ADDRESSES], "anonymous") == 0;
    request->model = fields[FIELD_MODEL];
    request->output = fields[FIELD_OUTPUT];
    return is_known && (request->is_anonymous || g_strcmp0(fields[FIELD_ADDRESSES], "keep") == 0) &&
           g_ascii_string_to_unsigned(fields[FIELD_FLOWS], 10, 1, G_MAXUINT32, &request->n_flows,
                                      NULL) &&
           g_ascii_string_to_unsigned(fields[FIELD_SEED], 10, 0, G_MAXUINT64, &request->seed, NULL);
}

/* Wireshark frees nothing of ours and closes the dialog before this. */
static void filled_in(char **fields, void *data)
{
    (void)data;
    TwinForm *form = &plain.form;
    TwinRequest request = form->initial;
    char *said = NULL;
    if (!read_fields(fields, &request)) {
        show_message(TWIN_MESSAGE_ERROR, form->title, "A field cannot be read.",
                     "Use the words in its title, and whole numbers.");
    } else {
        switch (form->judge(&request, &said, form->data)) {
        case TWIN_JUDGEMENT_GOOD:
            form->accept(&request, form->data);
            break;
        case TWIN_JUDGEMENT_EXISTS:
            show_message(TWIN_MESSAGE_ERROR, form->title, "The output exists.",
                         "Choose another name.");
            break;
        case TWIN_JUDGEMENT_WRONG:
            show_message(TWIN_MESSAGE_ERROR, form->title, said, "");
            break;
        }
    }
    g_free(said);
}

static void closed(void *data)
{
    (void)data;
    if (plain.form.close != NULL) {
        plain.form.close(plain.form.data);
        plain.form.close = NULL;
    }
}

static void open_form(const TwinForm *form)
{
    static const char *titles[N_FIELDS + 1];
    static const char *values[N_FIELDS + 1];
    closed(NULL);
    plain.form = *form;
    g_autofree char *flows = g_strdup_printf("%" G_GUINT64_FORMAT, form->initial.n_flows);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, form->initial.seed);
    for (size_t i = 0; i < N_FIELDS; i++) {
        titles[i] = field_titles[i];
    }
    values[FIELD_SCOPE] = scope_words[form->initial.scope];
    values[FIELD_FLOWS] = flows;
    values[FIELD_SEED] = seed;
    values[FIELD_ADDRESSES] = "keep";
    values[FIELD_MODEL] = form->initial.model;
    values[FIELD_OUTPUT] = form->initial.output;
    operations()->new_dialog(operations()->ops_id, form->title, titles, values, filled_in, NULL,
                             closed);
}

static void close_progress(void)
{
    if (plain.bar != NULL) {
        operations()->destroy_progress_window(g_steal_pointer(&plain.bar));
    }
}

static void open_progress(const char *title, void (*cancel)(void))
{
    close_progress();
    plain.cancel = cancel;
    plain.bar = operations()->new_progress_window(operations()->ops_id, title, "", TRUE,
                                                  (void *)&plain.stop);
}

static void update_progress(const char *what, double fraction)
{
    if (plain.bar == NULL) {
        return;
    }
    operations()->update_progress(plain.bar, (float)fraction, what);
    /* Its stop button marks the capture, not the flag that it was given. */
    capture_file *file = twin_capture_file();
    if (plain.stop || (file != NULL && file->stop_flag)) {
        plain.cancel();
    }
    if (file != NULL) {
        file->stop_flag = FALSE;
    }
}

static void add_table(GString *text, const TwinTable *table, void *data)
{
    size_t n_columns = 0;
    for (; table->columns[n_columns] != NULL; n_columns++) {
        g_string_append_printf(text, "%s%s", n_columns > 0 ? "\t" : "\n",
                               table->columns[n_columns]);
    }
    for (size_t row = 0; row < table->n_rows; row++) {
        for (size_t column = 0; column < n_columns; column++) {
            g_autofree char *cell = table->cell(row, column, data);
            g_string_append_printf(text, "%s%s", column > 0 ? "\t" : "\n", cell);
        }
    }
    g_string_append_c(text, '\n');
}

static void show_sheet(const TwinSheet *sheet)
{
    g_autoptr(GString) text = g_string_new(sheet->text);
    for (size_t t = 0; t < sheet->n_tables; t++) {
        add_table(text, &sheet->tables[t], sheet->data);
    }
    show_text(sheet->title, text->str);
    sheet->close(sheet->data);
}

const TwinWindow *twin_plain_window(void)
{
    static const TwinWindow window = {
        .interface = TWIN_WINDOW_INTERFACE,
        .hook_packet_menu = hook_packet_menu,
        .open_form = open_form,
        .open_progress = open_progress,
        .update_progress = update_progress,
        .close_progress = close_progress,
        .show_message = show_message,
        .show_sheet = show_sheet,
        .add_entry = add_entry,
        .choose_file = choose_file,
    };
    return &window;
}
