/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_LEARN_H
#define FLOWTWIN_MODEL_TWIN_LEARN_H

#include <flowtwin/model.h>

#include "model/twin_design.h"

/**
 * Learns two hosts, a path and a place of capture from all flows.
 *
 * @param seeds of the same flows: they become donors
 * @return (transfer full) NULL with TWIN_ERROR_TOO_LARGE or _CANCELLED
 *
 * Cost: three passes of inference and replay over the flows (some 1 µs a packet each), then trees
 * over at most TWIN_MOST_ROWS rows.
 */
TwinDesign *twin_design_learn(const TwinFlows *flows, const TwinSeeds *seeds,
                              const TwinLearnOptions *options, GError **error) TWIN_CHECKED;

#endif
