/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_FEATURE_H
#define FLOWTWIN_MODEL_FEATURE_H

#include "model/model.h"

/** The rows that one network learns from: a byte column a node. */
typedef struct {
    TwinColumn columns[TWIN_MAX_NODES];
    uint8_t *owned[TWIN_MAX_NODES];
    size_t n_columns;
    size_t n_rows;
} TwinColumns;

/**
 * Learns the model's codings from @flows and lays out the rows of both networks: one row a flow for
 * the first packets, one a packet for all others.
 *
 * @param rows_out   TWIN_N_NETWORKS of them, to be cleared in any case
 * @param n_threads  nodes are read in parallel; the result does not depend on it
 * @return false with TWIN_ERROR_TOO_LARGE
 *
 * Cost: a pass over the packets a node; 8 bytes a packet and thread for a while, then one byte a
 * row and node.
 */
bool twin_features_learn(TwinModel *model, const TwinFlows *flows, unsigned n_threads,
                         TwinColumns rows_out[TWIN_N_NETWORKS], GError **error);

void twin_columns_clear(TwinColumns *self);

#endif
