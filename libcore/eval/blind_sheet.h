/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_SHEET_H
#define FLOWTWIN_EVAL_BLIND_SHEET_H

#include <flowtwin/blindtest.h>

#include <glib.h>

/** Says where a flow begins in the capture: number of its first frame, from 1. */
void twin_blind_sheet_set_frame(TwinBlindSheet *self, size_t flow, uint32_t frame);

/** A sheet from text, which is changed. @name is what messages begin with. (transfer full) */
TwinBlindSheet *twin_blind_sheet_of_text(char *text, const char *name, GError **error) TWIN_CHECKED;

/** The sheet as a file's text. (transfer full) */
char *twin_blind_sheet_text(const TwinBlindSheet *self);

#endif
