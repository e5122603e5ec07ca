/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_SHOW_H
#define FLOWTWIN_MODEL_SHOW_H

#include "model/model.h"

/** Appends the model for people. */
void twin_show_text(const TwinModel *model, GString *out);

/** Appends both networks as one graph in graphviz's language. */
void twin_show_dot(const TwinModel *model, GString *out);

/** Appends a summary as JSON: nodes, states, edges, table sizes, what it would reveal. */
void twin_show_json(const TwinModel *model, GString *out);

/**
 * Appends the followers' network in XMLBIF 0.3, whole tables (configurations never seen are backed
 * off as the sampler does), as Weka reads it. Arrows into given nodes do not exist; given nodes
 * are root nodes with the training data's frequencies unknown, so they are uniform.
 *
 * @return false with TWIN_ERROR_TOO_LARGE where the tables have more than 2^24 cells, or
 *         TWIN_ERROR_EMPTY where there is no such network
 */
bool twin_show_xmlbif(const TwinModel *model, GString *out, GError **error);

#endif
