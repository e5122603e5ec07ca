/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_REPORT_H
#define FLOWTWIN_EVAL_REPORT_H

#include <flowtwin/report.h>

#include "eval/table.h"

struct TwinReport {
    uint64_t seed;
    char *study;        /* of a blind test, said in the seed's place; NULL: it is none */
    GPtrArray *tables;  /* TwinTable, in the order of the page */
    GPtrArray *verdict; /* char *: what they amount to, the headline first */
};

/** A report without tables or a verdict. (transfer full) */
TwinReport *twin_report_new_empty(void);

/** The table called @id, or NULL; borrowed. */
const TwinTable *twin_report_find(const TwinReport *self, const char *id);

#endif
