/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TOOL_SYNTHESIS_H
#define FLOWTWIN_TOOL_SYNTHESIS_H

#include "tool.h"

/** The learning that the options ask for; @addresses is what the model shall hold without one. */
TwinModel *learn_model(const Options *options, const TwinFlows *flows, TwinAddresses addresses,
                       GError **error);

/**
 * Writes what the options ask for.
 *
 * @param flows  the captures that were read, for --like with a flow's ends; NULL: none were
 * @param inputs paths that must not be written to, NULL at the end
 * @return the exit status; errors were reported
 */
int write_synthetic(const Options *options, const TwinModel *model, const TwinFlows *flows,
                    char **inputs);

#endif
