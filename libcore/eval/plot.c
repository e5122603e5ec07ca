/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/plot.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 340, /* of a plot of curves, in SVG's units */
    HEIGHT = 190,
    LEFT = 34,
    RIGHT = 12,
    TOP = 8,
    BOTTOM = 36,
    LABEL_HEIGHT = 15, /* of a row of bars; its name stands above it, so that a phone has room */
    BAR_HEIGHT = 6,
    ROW_GAP = 7,
};

void twin_html_text(GString *html, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);
    g_string_append(html, escaped);
}

static void add_number(GString *html, const char *format, double value)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(html, g_ascii_formatd(digits, sizeof digits, format, value));
}

static void add_text(GString *svg, double x, double y, const char *anchor, const char *text)
{
    g_string_append(svg, "<text x=\"");
    add_number(svg, "%.1f", x);
    g_string_append(svg, "\" y=\"");
    add_number(svg, "%.1f", y);
    g_string_append_printf(svg, "\" text-anchor=\"%s\">", anchor);
    twin_html_text(svg, text);
    g_string_append(svg, "</text>");
}

/* ---- curves ---- */

/* The x axis: how values become places. */
typedef struct {
    bool is_log;
    double low, high; /* after the logarithm */
} Axis;

static double scaled(const Axis *axis, double value)
{
    return axis->is_log ? log10(value + 1) : value;
}

static double place_of(const Axis *axis, double value)
{
    const double part = (scaled(axis, value) - axis->low) / (axis->high - axis->low);
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double height_of(double share)
{
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
}

static bool find_axis(const TwinPlot *plot, Axis *axis)
{
    *axis = (Axis){.is_log = plot->is_log};
    bool has_points = false;
    for (size_t s = 0; s < TWIN_MAX_SERIES; s++) {
        const GArray *x = plot->series[s].x;
        for (size_t i = 0; i < x->len; i++) {
            const double value = scaled(axis, g_array_index(x, double, i));
            axis->low = has_points ? MIN(axis->low, value) : value;
            axis->high = has_points ? MAX(axis->high, value) : value;
            has_points = true;
        }
    }
    axis->high = axis->high > axis->low ? axis->high : axis->low + 1;
    return has_points;
}

static void add_axes(GString *svg, const Axis *axis, const TwinPlot *plot)
{
    g_string_append_printf(svg, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>", LEFT, TOP,
                           HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (int i = 0; i <= 2; i++) {
        char share[G_ASCII_DTOSTR_BUF_SIZE];
        (void)g_ascii_formatd(share, sizeof share, "%.1f", i / 2.0);
        add_text(svg, LEFT - 5, height_of(i / 2.0) + 4, "end", share);
    }
    for (int i = 0; i <= 3; i++) {
        const double at = axis->low + (axis->high - axis->low) * i / 3;
        const double value = axis->is_log ? pow(10, at) - 1 : at;
        char digits[G_ASCII_DTOSTR_BUF_SIZE];
        (void)g_ascii_formatd(digits, sizeof digits, fabs(value) < 100 ? "%.2g" : "%.0f", value);
        if (value >= 100000) {
            (void)g_ascii_formatd(digits, sizeof digits, "%.1e", value);
        }
        add_text(svg, LEFT + (WIDTH - LEFT - RIGHT) * i / 3.0, HEIGHT - BOTTOM + 14,
                 i == 0   ? "start"
                 : i == 3 ? "end"
                          : "middle",
                 digits);
    }
    add_text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", plot->x_title);
}

/* Steps, as cumulative shares of samples go. */
static void add_curve(GString *svg, const Axis *axis, const TwinSeries *series, size_t index)
{
    if (series->x->len == 0) {
        return;
    }
    g_string_append_printf(svg, "<path class=\"curve s%zu\" d=\"M", index);
    for (size_t i = 0; i < series->x->len; i++) {
        if (i > 0) {
            g_string_append_c(svg, 'H');
            add_number(svg, "%.1f", place_of(axis, g_array_index(series->x, double, i)));
            g_string_append_c(svg, 'V');
        } else {
            add_number(svg, "%.1f", place_of(axis, g_array_index(series->x, double, i)));
            g_string_append_c(svg, ' ');
        }
        add_number(svg, "%.1f", height_of(g_array_index(series->y, double, i)));
    }
    g_string_append(svg, "\"/>");
}

void twin_plot_svg(GString *html, const TwinPlot *plot)
{
    Axis axis;
    if (!find_axis(plot, &axis)) {
        return;
    }
    g_string_append(html, "<figure style=\"margin:0\"><h3>");
    twin_html_text(html, plot->title);
    g_string_append_printf(html, "</h3><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                           WIDTH, HEIGHT);
    twin_html_text(html, plot->title);
    g_string_append(html, ": cumulative shares\">");
    add_axes(html, &axis, plot);
    for (size_t s = 0; s < TWIN_MAX_SERIES; s++) {
        add_curve(html, &axis, &plot->series[s], s);
    }
    g_string_append(html, "</svg></figure>\n");
}

/* ---- bars ---- */

/* The colour of a column: the set that it speaks of. */
static unsigned colour_of(const TwinColumnHead *column)
{
    static const char *const synthetic[] = {"synthetic", "auc", "tstr"};
    static const char *const holdout[] = {"holdout", "trts"};
    for (size_t i = 0; i < G_N_ELEMENTS(synthetic); i++) {
        if (strcmp(column->id, synthetic[i]) == 0) {
            return 2;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(holdout); i++) {
        if (strcmp(column->id, holdout[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static double largest_bar(const TwinTable *table)
{
    double largest = 0;
    for (size_t r = 0; r < table->rows->len; r++) {
        const TwinTableRow *row = g_ptr_array_index(table->rows, r);
        for (size_t c = 0; c < table->head->n_bars; c++) {
            largest = row->cells[c].is_known ? MAX(largest, row->cells[c].value) : largest;
        }
    }
    return largest;
}

static void add_bar(GString *svg, double y, double length, unsigned colour)
{
    g_string_append_printf(svg, "<rect class=\"s%u\" stroke=\"none\" x=\"0\" height=\"%d\" y=\"",
                           colour, BAR_HEIGHT - 1);
    add_number(svg, "%.1f", y);
    g_string_append(svg, "\" width=\"");
    add_number(svg, "%.1f", MAX(length, 0.5));
    g_string_append(svg, "\"/>");
}

void twin_bars_svg(GString *html, const TwinTable *table)
{
    const size_t n_bars = table->head->n_bars;
    const double largest = largest_bar(table);
    if (largest <= 0 || n_bars == 0) {
        return;
    }
    const double row_height = LABEL_HEIGHT + (double)n_bars * BAR_HEIGHT + ROW_GAP;
    g_string_append_printf(html, "<svg class=\"bars\" viewBox=\"0 0 %d ", WIDTH);
    add_number(html, "%.0f", row_height * (double)table->rows->len);
    g_string_append(html, "\" role=\"img\" aria-label=\"");
    twin_html_text(html, table->head->title);
    g_string_append(html, "\">");
    for (size_t r = 0; r < table->rows->len; r++) {
        const TwinTableRow *row = g_ptr_array_index(table->rows, r);
        const double top = row_height * (double)r + LABEL_HEIGHT;
        add_text(html, 0, top - 4, "start", row->title);
        for (size_t c = 0; c < n_bars; c++) {
            if (row->cells[c].is_known) {
                add_bar(html, top + (double)(c * BAR_HEIGHT), row->cells[c].value / largest * WIDTH,
                        colour_of(&table->head->columns[c]));
            }
        }
    }
    g_string_append(html, "</svg>\n");
}
