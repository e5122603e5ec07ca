/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_DESIGN_H
#define FLOWTWIN_MODEL_TWIN_DESIGN_H

#include "host/inference.h"
#include "model/donor.h"
#include "model/script_trees.h"
#include "model/twin_tables.h"

/**
 * What preset `twin` learns beside what every model has: two hosts, a path and a place of capture.
 * Owned by the model; immutable once learned.
 */
typedef struct {
    TwinTables tables;
    TwinScriptTrees script;
    TwinDonors donors;             /* one a seed of the model */
    TwinInferenceCounts inference; /* how well the flows were understood */
    uint64_t *unique_courses;      /* rising: twin_course_end() of training flows whose course no
                                      other has */
    size_t n_unique_courses;
    uint32_t natural_share; /* chance, in 1 / 2^32, that a flow's course is one training flow's
                               own, as flows left out of the training show it */
} TwinDesign;

/** @return (transfer full) an empty one */
TwinDesign *twin_design_new(void);
void twin_design_free(TwinDesign *self);

/** A flow's course: direction, flags and length of its packets, in the order of the capture. */
uint64_t twin_course_begin(void);
uint64_t twin_course_add(uint64_t course, unsigned side, uint16_t flags, uint32_t payload_bytes);

/** Whether exactly one training flow took that course. */
bool twin_design_is_unique(const TwinDesign *self, uint64_t course);

/**
 * Learns from the courses of all training flows: which are unique, and how often a flow left out
 * has one of those.
 *
 * @param courses one a flow
 */
void twin_design_learn_courses(TwinDesign *self, const uint64_t *courses, size_t n_courses);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinDesign, twin_design_free)

#endif
