/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_PLOT_H
#define FLOWTWIN_EVAL_PLOT_H

#include "eval/table.h"

/** Appends a plot of cumulative shares as an SVG element; nothing without points. */
void twin_plot_svg(GString *html, const TwinPlot *plot);

/** Appends bars for the first head->n_bars columns of each row as an SVG element. */
void twin_bars_svg(GString *html, const TwinTable *table);

/** Appends text with &, <, > and quotes escaped, and made valid UTF-8. */
void twin_html_text(GString *html, const char *text);

#endif
