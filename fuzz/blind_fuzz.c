/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "eval/blind_key.h"
#include "eval/blind_mark.h"
#include "eval/blind_sheet.h"
#include "fuzz.h"

#include <glib.h>
#include <string.h>

/* One line, and of a sheet the file's name first. */
static void look_at_error(const GError *error, const char *prefix)
{
    g_assert_nonnull(error);
    g_assert_true(g_str_has_prefix(error->message, prefix));
    g_assert_null(strchr(error->message, '\n'));
}

/* What is read as a sheet is written and read as the same. */
static void try_sheet(const char *text)
{
    g_autofree char *copy = g_strdup(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_of_text(copy, "fuzz.tsv", &error);
    if (sheet == NULL) {
        look_at_error(error, "fuzz.tsv: ");
        return;
    }
    g_autofree char *written = twin_blind_sheet_text(sheet);
    g_autofree char *cut = g_strdup(written);
    g_autoptr(TwinBlindSheet) again = twin_blind_sheet_of_text(cut, "fuzz.tsv", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(twin_blind_sheet_n_answers(again), ==, twin_blind_sheet_n_answers(sheet));
}

static void try_key(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinBlindKey) key = twin_blind_key_open(text, NULL, &error);
    if (key == NULL) {
        look_at_error(error, "");
        return;
    }
    g_assert_cmpuint(key->n_flows, <=, TWIN_BLIND_MOST_FLOWS);
}

/* A sheet, a key, the comment of a packet. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    TwinBlindMark mark;
    g_autofree char *text = g_malloc(n_bytes + 1);
    if (n_bytes > 0) {
        memcpy(text, bytes, n_bytes);
    }
    text[n_bytes] = '\0';
    if (twin_blind_mark_parse(text, n_bytes, &mark)) {
        g_autofree char *same = twin_blind_mark_text(&mark);
        g_assert_true(mark.flow >= 1 && mark.flow <= mark.n_flows);
        g_assert_true(strlen(same) <= n_bytes); /* leading zeros */
    }
    try_sheet(text);
    try_key(text);
    return 0;
}
