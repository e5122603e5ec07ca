/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_REPORT_H
#define FLOWTWIN_EVAL_REPORT_H

#include <flowtwin/report.h>

#include "eval/table.h"

struct TwinReport {
    uint64_t seed;
    GPtrArray *tables;  /* TwinTable, in the order of the page */
    GPtrArray *verdict; /* char *: what they amount to, the headline first */
};

/** The table called @id, or NULL; borrowed. */
const TwinTable *twin_report_find(const TwinReport *self, const char *id);

#endif
