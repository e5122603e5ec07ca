/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_VIEWS_H
#define FLOWTWIN_EVAL_VIEWS_H

#include "eval/forest.h"
#include "eval/judge.h"

/** Flows that stand in a view's rows: the first @n of a set's draw. */
typedef struct {
    TwinSet set;
    size_t n;
} TwinViewPart;

/** A way to look at flows: each a row of numbers. */
typedef struct TwinView {
    const char *id;
    const char *title;
    size_t n_columns;
    /** The name of a column, for people; NULL where columns mean little by themselves. */
    const char *(*column_name)(size_t column);
    /** Writes the flows of @parts, one part after the other, into @matrix, which fits. */
    void (*fill)(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                 TwinMatrix *matrix);
} TwinView;

extern const TwinView twin_view_statistics;    /**< the 22 flow statistics */
extern const TwinView twin_view_first_packets; /**< a matrix: direction, length, flags, log time */
extern const TwinView twin_view_grams;         /**< counts of the commonest n-grams of packets */
extern const TwinView twin_view_wire;          /**< numbers, windows, options, TTL, IP-ID */

/** Fills rows with what one flow gives; a view's fill() for views that look at one at a time. */
void twin_view_fill_rows(const TwinJudge *judge, const TwinViewPart *parts, size_t n_parts,
                         TwinMatrix *matrix,
                         void (*fill_row)(const TwinFlows *flows, const TwinFlow *flow,
                                          float *values_out));

#endif
