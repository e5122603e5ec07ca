/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/preset.h"

#include <flowtwin/model.h>

#include <string.h>

static const TwinPreset table[] = {
    {
        .name = "twin",
        .summary = "two hosts, a path and a place of capture; tree CPTs decide, the rest follows",
        .kind = TWIN_PRESET_HOSTS,
    },
    {
        .name = "paper",
        .summary = "Bayesian networks of one packet given the one before (Falk et al. 2026)",
        .n_bins = 10,
        .score = "k2",
        .first = {"first",
                  "first packet of a flow",
                  {"label", "payload", "direction", "flags", "end"}},
        .next = {"next",
                 "packet given the packet before",
                 {"previous_payload", "previous_iat", "previous_direction", "previous_flags",
                  "index", "label", "payload", "iat", "direction", "flags", "end"}},
    },
};

const TwinPreset *twin_preset_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (name == NULL || strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const char *twin_preset_name(size_t index)
{
    return index < G_N_ELEMENTS(table) ? table[index].name : NULL;
}

const char *twin_preset_summary(size_t index)
{
    return index < G_N_ELEMENTS(table) ? table[index].summary : NULL;
}

size_t twin_network_design_n_nodes(const TwinNetworkDesign *design)
{
    size_t n = 0;
    while (n < TWIN_MAX_NODES && design->nodes[n] != NULL) {
        n++;
    }
    return n;
}
