/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/version.h>

#include "eval/plot.h"
#include "eval/report.h"

#include <string.h>

/* ui/report.html, built in; the words between @ are what is filled in. */
static const char page_template[] = {
#include "report.inc"
    , 0};

static void add_row(GString *html, const TwinTableHead *head, const TwinTableRow *row)
{
    g_string_append(html, "<tr><td>");
    twin_html_text(html, row->title);
    g_string_append(html, "</td>");
    for (size_t c = 0; c < head->n_columns; c++) {
        g_autofree char *text = twin_cell_text(&row->cells[c]);
        char *spread = strstr(text, " ± ");
        g_string_append(html, "<td>");
        g_string_append_len(html, text, spread != NULL ? spread - text : (gssize)strlen(text));
        if (spread != NULL) {
            g_string_append_printf(html, " <small>%s</small>", spread + 1);
        }
        g_string_append(html, "</td>");
    }
    g_string_append(html, "</tr>\n");
    if (row->text == NULL) {
        return;
    }
    /* A line for people, then display filters. */
    g_auto(GStrv) lines = g_strsplit(row->text, "\n", -1);
    g_string_append_printf(html, "<tr><td class=\"more\" colspan=\"%zu\">", head->n_columns + 1);
    for (size_t l = 0; lines[l] != NULL; l++) {
        g_string_append(html, l > 0 ? "<code>" : "<small>");
        twin_html_text(html, lines[l]);
        g_string_append(html, l > 0 ? "</code> " : "</small> ");
    }
    g_string_append(html, "</td></tr>\n");
}

static void add_rows(GString *html, const TwinTable *table)
{
    const TwinTableHead *head = table->head;
    if (table->rows->len == 0) {
        return;
    }
    g_string_append(html, "<div class=\"scroll\"><table>\n<tr><th></th>");
    for (size_t c = 0; c < head->n_columns; c++) {
        g_string_append(html, "<th>");
        twin_html_text(html, head->columns[c].title);
        g_string_append(html, "</th>");
    }
    g_string_append(html, "</tr>\n");
    for (size_t r = 0; r < table->rows->len; r++) {
        add_row(html, head, g_ptr_array_index(table->rows, r));
    }
    g_string_append(html, "</table></div>\n");
}

static void add_table(GString *html, const TwinTable *table)
{
    const TwinTableHead *head = table->head;
    g_string_append_printf(html, "<section id=\"%s\">\n<h2>", head->id);
    twin_html_text(html, head->title);
    g_string_append(html, "</h2>\n<p class=\"about\">");
    twin_html_text(html, head->about);
    g_string_append(html, "</p>\n");
    g_string_append(html, head->is_detail ? "<details><summary>Show</summary>\n" : "");
    twin_bars_svg(html, table);
    add_rows(html, table);
    for (size_t n = 0; n < table->notes->len; n++) {
        g_string_append(html, "<p class=\"note\">");
        twin_html_text(html, g_ptr_array_index(table->notes, n));
        g_string_append(html, "</p>\n");
    }
    g_string_append(html, table->plots->len > 0 ? "<div class=\"plots\">\n" : "");
    for (size_t p = 0; p < table->plots->len; p++) {
        twin_plot_svg(html, g_ptr_array_index(table->plots, p));
    }
    g_string_append(html, table->plots->len > 0 ? "</div>\n" : "");
    g_string_append(html, head->is_detail ? "</details>\n" : "");
    g_string_append(html, "</section>\n");
}

static void add_verdict(GString *html, const TwinReport *self)
{
    for (size_t l = 0; l < self->verdict->len; l++) {
        g_string_append(html, "<p>");
        twin_html_text(html, g_ptr_array_index(self->verdict, l));
        g_string_append(html, "</p>\n");
    }
}

static void add_tables(GString *html, const TwinReport *self)
{
    for (size_t t = 0; t < self->tables->len; t++) {
        add_table(html, g_ptr_array_index(self->tables, t));
    }
}

static void add_by(GString *html, const TwinReport *self)
{
    g_string_append_printf(html, "flowtwin %s, seed %" G_GUINT64_FORMAT, TWIN_VERSION, self->seed);
}

/* What stands for the words between @ in the template. */
static const struct {
    const char *word;
    void (*add)(GString *html, const TwinReport *self);
} parts[] = {
    {"@verdict@", add_verdict},
    {"@tables@", add_tables},
    {"@by@", add_by},
};

char *twin_report_html(const TwinReport *self)
{
    GString *html = g_string_new(NULL);
    const char *at = page_template;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) { /* in the order of the template */
        const char *word = strstr(at, parts[i].word);
        g_assert(word != NULL);
        g_string_append_len(html, at, word - at);
        parts[i].add(html, self);
        at = word + strlen(parts[i].word);
    }
    g_string_append(html, at);
    return g_string_free(html, FALSE);
}
