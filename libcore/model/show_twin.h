/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_SHOW_TWIN_H
#define FLOWTWIN_MODEL_SHOW_TWIN_H

#include "model/model.h"

#include <json-glib/json-glib.h>

/* What `show` says of a model of two hosts; each appends, as the functions of model/show.h do. */
void twin_design_show_text(const TwinModel *model, GString *out);
void twin_design_show_dot(const TwinModel *model, GString *out);

/** Members of the object that is being built. */
void twin_design_show_json(const TwinModel *model, JsonBuilder *json);

#endif
