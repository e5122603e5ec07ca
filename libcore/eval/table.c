/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/table.h"

#include <math.h>
#include <string.h>

static const char *const formats[] = {
    [TWIN_FORMAT_SHARE] = "%.3f", [TWIN_FORMAT_COUNT] = "%.0f", [TWIN_FORMAT_NUMBER] = "%.4g",
    [TWIN_FORMAT_BITS] = "%.4f",  [TWIN_FORMAT_RATE] = "%.2f",
};

static void row_free(void *data)
{
    TwinTableRow *row = data;
    g_free(row->id);
    g_free(row->title);
    g_free(row->text);
    g_free(row);
}

static void plot_free(void *data)
{
    TwinPlot *plot = data;
    for (size_t s = 0; s < TWIN_MAX_SERIES; s++) {
        (void)g_array_free(plot->series[s].x, TRUE);
        (void)g_array_free(plot->series[s].y, TRUE);
    }
    g_free(plot->title);
    g_free(plot->x_title);
    g_free(plot);
}

TwinTable *twin_table_new(const TwinTableHead *head)
{
    g_return_val_if_fail(head->n_columns <= TWIN_MAX_COLUMNS, NULL);
    TwinTable *self = g_new0(TwinTable, 1);
    self->head = head;
    self->rows = g_ptr_array_new_with_free_func(row_free);
    self->notes = g_ptr_array_new_with_free_func(g_free);
    self->plots = g_ptr_array_new_with_free_func(plot_free);
    return self;
}

void twin_table_free(TwinTable *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->rows);
        g_ptr_array_unref(self->notes);
        g_ptr_array_unref(self->plots);
        g_free(self);
    }
}

TwinTableRow *twin_table_add(TwinTable *self, const char *id, const char *title)
{
    TwinTableRow *row = g_new0(TwinTableRow, 1);
    row->id = g_strdup(id);
    row->title = g_strdup(title);
    for (size_t c = 0; c < TWIN_MAX_COLUMNS; c++) {
        row->cells[c].spread = -1;
    }
    g_ptr_array_add(self->rows, row);
    return row;
}

const TwinTableRow *twin_table_find(const TwinTable *self, const char *id)
{
    for (size_t r = 0; r < self->rows->len; r++) {
        const TwinTableRow *row = g_ptr_array_index(self->rows, r);
        if (strcmp(row->id, id) == 0) {
            return row;
        }
    }
    return NULL;
}

void twin_table_note(TwinTable *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(self->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

TwinPlot *twin_table_plot(TwinTable *self, const char *title, const char *x_title, bool is_log)
{
    TwinPlot *plot = g_new0(TwinPlot, 1);
    plot->title = g_strdup(title);
    plot->x_title = g_strdup(x_title);
    plot->is_log = is_log;
    for (size_t s = 0; s < TWIN_MAX_SERIES; s++) {
        plot->series[s].x = g_array_new(FALSE, FALSE, sizeof(double));
        plot->series[s].y = g_array_new(FALSE, FALSE, sizeof(double));
    }
    g_ptr_array_add(self->plots, plot);
    return plot;
}

void twin_plot_add(TwinPlot *self, size_t series, double x, double y)
{
    if (isfinite(x) && isfinite(y)) {
        g_array_append_val(self->series[series].x, x);
        g_array_append_val(self->series[series].y, y);
    }
}

TwinCell twin_cell_spread(TwinFormat format, double value, double spread)
{
    return (TwinCell){
        .value = isfinite(value) ? value : 0,
        .spread = isfinite(spread) ? spread : -1,
        .is_known = isfinite(value),
        .format = format,
    };
}

TwinCell twin_cell(TwinFormat format, double value)
{
    return twin_cell_spread(format, value, -1);
}

TwinCell twin_cell_share(size_t part, size_t whole)
{
    return twin_cell(TWIN_FORMAT_SHARE, whole > 0 ? (double)part / (double)whole : TWIN_NO_VALUE);
}

char *twin_cell_text(const TwinCell *self)
{
    if (!self->is_known) {
        return g_strdup("–");
    }
    char value[G_ASCII_DTOSTR_BUF_SIZE];
    char spread[G_ASCII_DTOSTR_BUF_SIZE];
    const char *const format = formats[self->format];
    (void)g_ascii_formatd(value, sizeof value, format, self->value);
    if (value[0] == '-' && strspn(value + 1, "0.") == strlen(value + 1)) {
        memmove(value, value + 1, strlen(value)); /* no "-0.000" */
    }
    if (self->spread < 0) {
        return g_strdup(value);
    }
    (void)g_ascii_formatd(spread, sizeof spread, format, self->spread);
    return g_strdup_printf("%s ± %s", value, spread);
}

char *twin_table_key(const char *name)
{
    GString *key = g_string_new(NULL);
    for (const char *at = name; *at != '\0'; at++) {
        if (g_ascii_isalnum(*at)) {
            g_string_append_c(key, g_ascii_tolower(*at));
        } else if (key->len > 0 && key->str[key->len - 1] != '_') {
            g_string_append_c(key, '_');
        }
    }
    return g_string_free(key, FALSE);
}
