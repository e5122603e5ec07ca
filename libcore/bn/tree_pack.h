/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BN_TREE_PACK_H
#define FLOWTWIN_BN_TREE_PACK_H

#include "base/pack.h"
#include "bn/tree.h"

/** Puts a flattened tree behind @bytes (docs/model-format.md, "Trees"). */
void twin_tree_pack(const TwinTree *tree, GByteArray *bytes);

/**
 * A tree from untrusted bytes.
 *
 * @param n_features tests must be of features below this
 * @param most_rows  training rows that it may have
 * @return (transfer full) NULL where it is none; @cursor is then overrun
 *
 * Whatever the bytes: children follow their parents, each node but the root is one node's child,
 * leaves share all training rows, at least one each.
 */
TwinTree *twin_tree_unpack(TwinCursor *cursor, size_t n_features, size_t most_rows);

#endif
