/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_NODE_H
#define FLOWTWIN_MODEL_NODE_H

#include <flowtwin/flows.h>

/** How a node's values become states. */
typedef enum {
    TWIN_NODE_QUANTILES,  /* a number, in quantile bins */
    TWIN_NODE_CATEGORIES, /* a code, each value a state of its own */
} TwinNodeKind;

/** Where in a flow a packet stands: what a node's value is read from. */
typedef struct {
    const TwinFlow *flow;
    const TwinPacket *packet;
    const TwinPacket *previous; /* NULL for the first packet */
    uint32_t index;             /* of the packet in the flow, from 0 */
} TwinPlace;

/** A node of a packet's network. A new node is a row of the table in node.c. */
typedef struct {
    const char *name;
    const char *unit;
    const char *title;
    TwinNodeKind kind;
    bool is_given;       /* known before the packet is drawn: never depends on drawn nodes */
    const char *mirrors; /* a given node that has the value of this drawn one, one packet earlier */
    int64_t (*read)(const TwinPlace *place); /* NULL for a mirror */
} TwinNode;

/** The row of that name, or NULL. */
const TwinNode *twin_node_find(const char *name);

#endif
