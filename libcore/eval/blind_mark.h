/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_MARK_H
#define FLOWTWIN_EVAL_BLIND_MARK_H

#include <flowtwin/blindtest.h>

/** The comment of a flow's first packet. (transfer full) */
char *twin_blind_mark_text(const TwinBlindMark *mark);

/** The grade that @word names, small letters or capitals; false where there is none such. */
bool twin_grade_parse(const char *word, TwinGrade *grade_out);

/** True where @grade says that the flow is generated, likely or not. */
static inline bool twin_grade_says_generated(TwinGrade grade)
{
    return grade == TWIN_GRADE_LIKELY_GENERATED || grade == TWIN_GRADE_GENERATED;
}

/** True where @study is 16 hexadecimal digits. */
bool twin_study_is_good(const char *study);

#endif
