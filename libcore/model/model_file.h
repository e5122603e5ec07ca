/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_MODEL_FILE_H
#define FLOWTWIN_MODEL_MODEL_FILE_H

#include "model/model.h"

enum {
    TWIN_MODEL_FORMAT = 1, /* raised when older readers would misread a file */
    TWIN_MAX_MODEL_BYTES = 1 << 30,
};

/** The model as the text of a model file (docs/model-format.md); (transfer full). */
char *twin_model_to_json(const TwinModel *self);

/**
 * A model from the text of a model file.
 *
 * @param name what messages begin with
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT or _UNSUPPORTED
 *
 * Nothing in @text is believed: every index, length and count is checked before it is used.
 */
TwinModel *twin_model_of_json(const char *text, size_t n_bytes, const char *name,
                              GError **error) TWIN_CHECKED;

#endif
