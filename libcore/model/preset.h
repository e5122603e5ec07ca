/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_PRESET_H
#define FLOWTWIN_MODEL_PRESET_H

#include <stddef.h>

enum { TWIN_MAX_NODES = 16 };

/** A network of a preset: which nodes it has, given ones first. */
typedef struct {
    const char *name; /* "first", "next" */
    const char *title;
    const char *nodes[TWIN_MAX_NODES]; /* ends with NULL where fewer */
} TwinNetworkDesign;

/** What a preset learns. */
typedef enum {
    TWIN_PRESET_NETWORKS, /* tables of one packet given the one before: first, next */
    TWIN_PRESET_HOSTS,    /* two hosts, a path and a place of capture (model/twin_design.h) */
} TwinPresetKind;

/** A design of a model. A new one is a row of the table in preset.c. */
typedef struct {
    const char *name;
    const char *summary;
    TwinPresetKind kind;
    /* Of TWIN_PRESET_NETWORKS only: */
    unsigned n_bins;
    const char *score;       /* a row of bn/score.c */
    TwinNetworkDesign first; /* of a flow's first packet */
    TwinNetworkDesign next;  /* of every other packet */
} TwinPreset;

/** The preset of that name, or NULL; NULL asks for the default, the table's first row. */
const TwinPreset *twin_preset_find(const char *name);

/** How many nodes a network has. */
size_t twin_network_design_n_nodes(const TwinNetworkDesign *design);

#endif
