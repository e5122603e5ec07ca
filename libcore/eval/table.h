/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_TABLE_H
#define FLOWTWIN_EVAL_TABLE_H

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define TWIN_MAX_COLUMNS 12
#define TWIN_MAX_SERIES  3

/** What a measure gives where there is nothing to measure; a cell of it is none. */
#define TWIN_NO_VALUE ((double)NAN)

/** How a number is shown; in JSON it always stands with all its digits. */
typedef enum {
    TWIN_FORMAT_SHARE,  /**< 0.123 */
    TWIN_FORMAT_COUNT,  /**< 1234 */
    TWIN_FORMAT_NUMBER, /**< four significant digits */
    TWIN_FORMAT_BITS,   /**< 0.1234 */
    TWIN_FORMAT_RATE,   /**< 12.34 */
} TwinFormat;

/** A number in a table, or the lack of one: what cannot be judged is said so, never made up. */
typedef struct {
    double value;
    double spread; /* standard deviation or error, as the column says; negative: none */
    bool is_known; /* false: "–", null in JSON */
    TwinFormat format;
} TwinCell;

/** A column: its JSON key and its head. */
typedef struct {
    const char *id;
    const char *title;
} TwinColumnHead;

/** A row; its cells are as many as the table's columns. */
typedef struct {
    char *id;    /* JSON key, once in its table */
    char *title; /* for people */
    char *text;  /* a line more for people, then display filters, a line each; NULL: none */
    TwinCell cells[TWIN_MAX_COLUMNS];
} TwinTableRow;

/** One line of a plot: how @y goes with @x. */
typedef struct {
    GArray *x; /* double */
    GArray *y;
} TwinSeries;

/** A plot of cumulative shares, a line a set, in the order of TwinSet. */
typedef struct {
    char *title;
    char *x_title;
    bool is_log;
    TwinSeries series[TWIN_MAX_SERIES];
} TwinPlot;

/** What a table says of itself; static. */
typedef struct {
    const char *id;    /* JSON key */
    const char *title; /* one line */
    const char *about; /* how to read it: a sentence or two */
    const TwinColumnHead *columns;
    size_t n_columns;
    size_t n_bars;  /* leading columns that are drawn as bars in the HTML; 0: none */
    bool is_detail; /* left out of the one printed page */
} TwinTableHead;

/** A part of the report. */
typedef struct {
    const TwinTableHead *head;
    GPtrArray *rows;  /* TwinTableRow */
    GPtrArray *notes; /* char *: what could not be judged, and why */
    GPtrArray *plots; /* TwinPlot */
} TwinTable;

TwinTable *twin_table_new(const TwinTableHead *head);
void twin_table_free(TwinTable *self);

/** A new row without numbers; borrowed. @id and @title are copied. */
TwinTableRow *twin_table_add(TwinTable *self, const char *id, const char *title);

/** The row called @id, or NULL; borrowed. */
const TwinTableRow *twin_table_find(const TwinTable *self, const char *id);

/** A line for people under the table. */
G_GNUC_PRINTF(2, 3) void twin_table_note(TwinTable *self, const char *format, ...);

/** A plot without points; borrowed. Titles are copied. */
TwinPlot *twin_table_plot(TwinTable *self, const char *title, const char *x_title, bool is_log);

void twin_plot_add(TwinPlot *self, size_t series, double x, double y);

/** A number; one that is not finite becomes none. */
TwinCell twin_cell(TwinFormat format, double value);

/** A number with its standard deviation or error. */
TwinCell twin_cell_spread(TwinFormat format, double value, double spread);

/** @part of @whole; none where @whole is 0. */
TwinCell twin_cell_share(size_t part, size_t whole);

/** The number as people see it: "0.123 ± 0.004", or "–"; no locale. (transfer full) */
char *twin_cell_text(const TwinCell *self);

/** The JSON key that @name gives: small letters, digits, one underscore for all else.
 *  (transfer full) */
char *twin_table_key(const char *name);

#endif
