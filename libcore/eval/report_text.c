/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/report.h"

#include <string.h>

enum {
    TITLE_CHARS = 46,
    CELL_CHARS = 17,
    LINE_CHARS = 100,
};

/* Text padded to @width characters, which are not bytes. */
static void add_padded(GString *page, const char *text, int width, bool is_right)
{
    const int n_chars = (int)g_utf8_strlen(text, -1);
    const int n_blanks = MAX(0, width - n_chars);
    g_string_append_printf(page, "%*s%s%*s", is_right ? n_blanks : 0, "", text,
                           is_right ? 0 : n_blanks, "");
}

/* Text broken into lines at blanks, each after @indent. */
static void add_wrapped(GString *page, const char *text, const char *indent)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    glong n_chars = 0;
    for (size_t w = 0; words[w] != NULL; w++) {
        const glong length = g_utf8_strlen(words[w], -1);
        if (n_chars == 0 || n_chars + 1 + length > LINE_CHARS) {
            g_string_append_printf(page, "%s%s", n_chars > 0 ? "\n" : "", indent);
            n_chars = g_utf8_strlen(indent, -1);
        } else {
            g_string_append_c(page, ' ');
            n_chars++;
        }
        g_string_append(page, words[w]);
        n_chars += length;
    }
    g_string_append_c(page, '\n');
}

static void add_row(GString *page, const TwinTableHead *head, const TwinTableRow *row)
{
    g_string_append(page, "  ");
    add_padded(page, row->title, TITLE_CHARS, false);
    for (size_t c = 0; c < head->n_columns; c++) {
        g_autofree char *cell = twin_cell_text(&row->cells[c]);
        add_padded(page, cell, CELL_CHARS, true);
    }
    g_string_append_c(page, '\n');
    if (row->text != NULL) { /* its filters stand in JSON and HTML */
        g_autofree char *line = g_strndup(row->text, strcspn(row->text, "\n"));
        add_wrapped(page, line, "      ");
    }
}

static void add_table(GString *page, const TwinTable *table)
{
    const TwinTableHead *head = table->head;
    g_string_append_c(page, '\n');
    add_padded(page, head->title, TITLE_CHARS + 2, false);
    for (size_t c = 0; c < head->n_columns; c++) {
        add_padded(page, head->columns[c].title, CELL_CHARS, true);
    }
    g_string_append_c(page, '\n');
    for (size_t r = 0; r < table->rows->len; r++) {
        add_row(page, head, g_ptr_array_index(table->rows, r));
    }
    for (size_t n = 0; n < table->notes->len; n++) {
        add_wrapped(page, g_ptr_array_index(table->notes, n), "  ");
    }
}

char *twin_report_text(const TwinReport *self)
{
    GString *page = g_string_new(NULL);
    for (size_t l = 0; l < self->verdict->len; l++) {
        add_wrapped(page, g_ptr_array_index(self->verdict, l), "");
    }
    for (size_t t = 0; t < self->tables->len; t++) {
        const TwinTable *table = g_ptr_array_index(self->tables, t);
        if (!table->head->is_detail) {
            add_table(page, table);
        }
    }
    return g_string_free(page, FALSE);
}
