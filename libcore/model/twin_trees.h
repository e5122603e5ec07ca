/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_TREES_H
#define FLOWTWIN_MODEL_TWIN_TREES_H

#include "model/script_trees.h"
#include "model/twin_rows.h"

/**
 * Grows the trees of a host's decisions, and the tables of what their leaves hold.
 *
 * @param kinds_out tables_out->kinds are set by the caller
 * @return false with TWIN_ERROR_TOO_LARGE or _CANCELLED
 */
bool twin_tables_learn(TwinTables *tables_out, const TwinRowsOfFlows *rows,
                       const TwinLearnOptions *options, GError **error) TWIN_CHECKED;

/** The same of the script's trees. */
bool twin_script_trees_learn(TwinScriptTrees *trees_out, const TwinRowsOfFlows *rows,
                             const TwinLearnOptions *options, GError **error) TWIN_CHECKED;

/**
 * Joins rare codes: those that stand in @codes fewer than five times become one of twenty classes
 * of like size, numbered above all codes.
 */
void twin_codes_join_rare(int64_t *codes, size_t n);

#endif
