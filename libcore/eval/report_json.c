/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/version.h>

#include "eval/report.h"

/* Labels and flow ends come from files: any bytes. */
static void add_string(GString *json, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_append_c(json, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            g_string_append_c(json, '\\');
            g_string_append_c(json, *at);
        } else if ((unsigned char)*at < 0x20) {
            g_string_append_printf(json, "\\u%04x", (unsigned)*at);
        } else {
            g_string_append_c(json, *at);
        }
    }
    g_string_append_c(json, '"');
}

static void add_number(GString *json, bool is_known, double value)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(json,
                    is_known ? g_ascii_formatd(digits, sizeof digits, "%.12g", value) : "null");
}

static void add_row(GString *json, const TwinTableHead *head, const TwinTableRow *row)
{
    g_string_append(json, "{\"id\": ");
    add_string(json, row->id);
    g_string_append(json, ", \"title\": ");
    add_string(json, row->title);
    for (size_t c = 0; c < head->n_columns; c++) {
        const TwinCell *cell = &row->cells[c];
        g_string_append_printf(json, ", \"%s\": ", head->columns[c].id);
        add_number(json, cell->is_known, cell->value);
        if (cell->is_known && cell->spread >= 0) {
            g_string_append_printf(json, ", \"%s_spread\": ", head->columns[c].id);
            add_number(json, true, cell->spread);
        }
    }
    if (row->text != NULL) {
        g_string_append(json, ", \"text\": ");
        add_string(json, row->text);
    }
    g_string_append_c(json, '}');
}

static void add_table(GString *json, const TwinTable *table)
{
    g_string_append(json, "\n{\"id\": ");
    add_string(json, table->head->id);
    g_string_append(json, ", \"title\": ");
    add_string(json, table->head->title);
    g_string_append(json, ", \"about\": ");
    add_string(json, table->head->about);
    g_string_append(json, ",\n \"rows\": [");
    for (size_t r = 0; r < table->rows->len; r++) {
        g_string_append(json, r > 0 ? ",\n  " : "\n  ");
        add_row(json, table->head, g_ptr_array_index(table->rows, r));
    }
    g_string_append(json, "],\n \"notes\": [");
    for (size_t n = 0; n < table->notes->len; n++) {
        g_string_append(json, n > 0 ? ", " : "");
        add_string(json, g_ptr_array_index(table->notes, n));
    }
    g_string_append(json, "]}");
}

char *twin_report_json(const TwinReport *self)
{
    GString *json = g_string_new(NULL);
    g_string_append_printf(json, "{\"flowtwin\": \"%s\", ", TWIN_VERSION);
    if (self->study != NULL) {
        g_string_append_printf(json, "\"study\": \"%s\"", self->study);
    } else {
        g_string_append_printf(json, "\"seed\": %" G_GUINT64_FORMAT, self->seed);
    }
    g_string_append(json, ",\n\"verdict\": [");
    for (size_t l = 0; l < self->verdict->len; l++) {
        g_string_append(json, l > 0 ? ",\n " : "\n ");
        add_string(json, g_ptr_array_index(self->verdict, l));
    }
    g_string_append(json, "],\n\"tables\": [");
    for (size_t t = 0; t < self->tables->len; t++) {
        g_string_append(json, t > 0 ? "," : "");
        add_table(json, g_ptr_array_index(self->tables, t));
    }
    g_string_append(json, "\n]}\n");
    return g_string_free(json, FALSE);
}
