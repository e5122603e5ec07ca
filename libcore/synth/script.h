/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_SCRIPT_H
#define FLOWTWIN_SYNTH_SCRIPT_H

#include "base/random.h"
#include "model/script_trees.h"

/** How often what was to be had no row that agreed with the plan, and gave way. Sums over flows. */
typedef struct {
    uint64_t n_writes;
    uint64_t n_sides;    /* the other side's turn was forced */
    uint64_t n_segments; /* one segment was forced */
    uint64_t n_bytes;    /* full segments were forced */
} TwinScriptCounts;

/**
 * Draws a flow's writes from its plan: how many each side has, and of how many segments, is
 * evidence; who writes when, how much at once, and what begins early is drawn.
 *
 * @param hosts       two of them: the plan; bytes need not be known
 * @param max_bytes   largest payload that either side could send on this path, at least 1
 * @param writes_out  room for what the plan has of both sides (TWIN_PLAN_WRITES)
 * @param counts      added to
 * @return how many were written
 *
 * Cost: four walks down a tree a write, and the draws that evidence rejects: at most 6 a node of
 * the way up, 200 at a root.
 * Source: MODEL section "script": numbers of writes and segments are evidence, byte totals follow.
 */
size_t twin_script_draw(const TwinScriptTrees *trees, const TwinHostPlan *hosts,
                        const uint32_t max_bytes[2], TwinRandom *random, TwinWrite *writes_out,
                        TwinScriptCounts *counts);

#endif
