/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_LABELS_WRITER_H
#define FLOWTWIN_SYNTH_LABELS_WRITER_H

#include "synth/plan.h"

#include <stdio.h>

/**
 * Writes the label table of a plan's flows: a header, then a row a flow, in order of their start,
 * as twin_labels_open() reads it. Write errors stay with the stream (ferror).
 */
void twin_labels_write(FILE *stream, const TwinModel *model, const TwinPlan *plan);

#endif
