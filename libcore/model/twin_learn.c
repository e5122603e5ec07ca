/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_learn.h"

#include "model/twin_rows.h"
#include "model/twin_trees.h"

static bool learn_trees(TwinDesign *design, const TwinRowsOfFlows *rows,
                        const TwinLearnOptions *options, GError **error)
{
    return twin_tables_learn(&design->tables, rows, options, error) &&
           twin_script_trees_learn(&design->script, rows, options, error);
}

static bool learn_all(TwinDesign *design, TwinFlowFacts *facts, const TwinFlows *flows,
                      const TwinLearnOptions *options, GError **error)
{
    TwinRowsOfFlows rows;
    const bool is_good = twin_rows_of_flows_learn(&rows, flows, facts, options, error) &&
                         learn_trees(design, &rows, options, error);
    twin_rows_of_flows_clear(&rows);
    if (is_good) {
        design->inference = facts->inference;
        design->tables.kinds = g_steal_pointer(&facts->kinds);
        design->tables.n_kinds = facts->n_kinds;
        twin_design_learn_courses(design, facts->courses, twin_flows_n_flows(flows));
    }
    return is_good;
}

TwinDesign *twin_design_learn(const TwinFlows *flows, const TwinSeeds *seeds,
                              const TwinLearnOptions *options, GError **error)
{
    g_autoptr(TwinDesign) design = twin_design_new();
    TwinFlowFacts facts;
    const bool is_good =
        twin_flow_facts_learn(&facts, &design->donors, flows, seeds, options, error) &&
        learn_all(design, &facts, flows, options, error);
    twin_flow_facts_clear(&facts);
    return is_good ? g_steal_pointer(&design) : NULL;
}
