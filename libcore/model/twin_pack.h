/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_PACK_H
#define FLOWTWIN_MODEL_TWIN_PACK_H

#include "model/twin_design.h"

enum {
    TWIN_MAX_DESIGN_BYTES = 1 << 30, /* of a packed design */
    TWIN_MAX_PLAN_COUNT = 1 << 24,   /* packets of one side that a model file may plan */
};

/** The design as bytes (docs/model-format.md, "Two hosts"); (transfer full). */
GByteArray *twin_design_pack(const TwinDesign *self);

/**
 * A design from untrusted bytes.
 *
 * @param n_donors how many seeds the model has
 * @return (transfer full) NULL where it is none: @what_out says which part is damaged (static)
 *
 * Whatever the bytes, what comes back is safe to draw from: every index, class and count is within
 * its bounds, and no plan is endless.
 */
TwinDesign *twin_design_unpack(const uint8_t *bytes, size_t n_bytes, size_t n_donors,
                               const char **what_out);

/** The same from the text of a model file, of @n_bytes; plans must have the labels of @seeds. */
TwinDesign *twin_design_of_text(const char *text, size_t n_bytes, const TwinSeeds *seeds,
                                const char **what_out);

/** A number that changes with the parents that trees may test, so that a file's numbers of them
 *  mean what they meant. */
uint32_t twin_design_layout(void);

#endif
