/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_mark.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

static const char mark_begin[] = "flowtwin:blindtest ";

enum { MAX_DIGITS = 6 }; /* of a flow's number, at most TWIN_BLIND_MOST_FLOWS */

static const char *const grade_names[] = {
    [TWIN_GRADE_REAL] = "real",
    [TWIN_GRADE_LIKELY_REAL] = "likely real",
    [TWIN_GRADE_LIKELY_GENERATED] = "likely generated",
    [TWIN_GRADE_GENERATED] = "generated",
    [TWIN_GRADE_NONE] = "",
};

const char *twin_grade_name(TwinGrade grade)
{
    return (size_t)grade < G_N_ELEMENTS(grade_names) ? grade_names[grade] : NULL;
}

bool twin_grade_parse(const char *word, TwinGrade *grade_out)
{
    for (size_t g = 0; g < G_N_ELEMENTS(grade_names); g++) {
        if (g_ascii_strcasecmp(word, grade_names[g]) == 0) {
            *grade_out = (TwinGrade)g;
            return true;
        }
    }
    return false;
}

bool twin_study_is_good(const char *study)
{
    return strlen(study) == TWIN_STUDY_CHARS - 1 &&
           strspn(study, "0123456789abcdef") == TWIN_STUDY_CHARS - 1;
}

char *twin_blind_mark_text(const TwinBlindMark *mark)
{
    return g_strdup_printf("%s%s flow %" PRIu32 " of %" PRIu32, mark_begin, mark->study, mark->flow,
                           mark->n_flows);
}

/* A number of at most MAX_DIGITS digits at *@at, which is moved behind it; 0: none. */
static uint32_t take_number(const char **at, const char *end)
{
    uint32_t number = 0;
    for (unsigned n = 0; *at < end && g_ascii_isdigit(**at); n++, (*at)++) {
        if (n == MAX_DIGITS) {
            return 0;
        }
        number = number * 10 + (uint32_t)(**at - '0');
    }
    return number;
}

static bool take_text(const char **at, const char *end, const char *text)
{
    const size_t n_bytes = strlen(text);
    if ((size_t)(end - *at) < n_bytes || memcmp(*at, text, n_bytes) != 0) {
        return false;
    }
    *at += n_bytes;
    return true;
}

bool twin_blind_mark_parse(const char *comment, size_t n_bytes, TwinBlindMark *mark_out)
{
    const char *at = comment;
    const char *const end = comment + n_bytes;
    if (!take_text(&at, end, mark_begin) || (size_t)(end - at) < TWIN_STUDY_CHARS - 1) {
        return false;
    }
    memcpy(mark_out->study, at, TWIN_STUDY_CHARS - 1);
    mark_out->study[TWIN_STUDY_CHARS - 1] = '\0';
    at += TWIN_STUDY_CHARS - 1;
    if (!twin_study_is_good(mark_out->study) || !take_text(&at, end, " flow ")) {
        return false;
    }
    mark_out->flow = take_number(&at, end);
    if (!take_text(&at, end, " of ")) {
        return false;
    }
    mark_out->n_flows = take_number(&at, end);
    return at == end && mark_out->flow >= 1 && mark_out->flow <= mark_out->n_flows &&
           mark_out->n_flows <= TWIN_BLIND_MOST_FLOWS;
}
