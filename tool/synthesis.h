/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TOOL_SYNTHESIS_H
#define FLOWTWIN_TOOL_SYNTHESIS_H

#include "tool.h"

/**
 * Every path that must not be written to: operands, --labels, the capture of --like. Ends the
 * program with EXIT_USAGE where --like says nothing that can be looked for.
 *
 * @param has_captures the operands are captures, so that --like may name ends in them
 * @return (transfer full)
 */
GPtrArray *protected_paths(const Options *options, bool has_captures);

/** Whether -o and --labels-out may be written, before work is done for them. */
bool check_outputs(const Options *options, const GPtrArray *inputs, GError **error);

/** The learning that the options ask for; @addresses is what the model shall hold without one. */
TwinModel *learn_model(const Options *options, const TwinFlows *flows, TwinAddresses addresses,
                       GError **error);

/**
 * Writes what the options ask for.
 *
 * @param flows  the captures that were read, for --like with a flow's ends; NULL: none were
 * @param inputs of protected_paths()
 * @return the exit status; errors were reported
 */
int write_synthetic(const Options *options, const TwinModel *model, const TwinFlows *flows,
                    const GPtrArray *inputs);

#endif
