/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TOOL_CHECK_OUTPUT_H
#define FLOWTWIN_TOOL_CHECK_OUTPUT_H

#include <flowtwin/flowtwin.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A way to print: each function adds to the text. */
typedef struct {
    void (*begin)(GString *text, TwinReading reading);
    void (*row)(GString *text, const TwinCheckRow *row);
    void (*end)(GString *text, const TwinCheckTotals *all, const TwinCheckTotals *without_midway);
} CheckFormat;

extern const CheckFormat check_format_text;
extern const CheckFormat check_format_json;
extern const CheckFormat check_format_csv;

#endif
