/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/node.h"

#include <string.h>

static int64_t read_payload(const TwinPlace *place)
{
    return place->packet->payload_bytes;
}

/* Time that runs backwards is no time: the order of the file stands. Forward it is at most the idle
 * timeout. */
static int64_t read_iat(const TwinPlace *place)
{
    const bool goes_on =
        place->previous != NULL && place->packet->time_ns > place->previous->time_ns;
    return goes_on ? place->packet->time_ns - place->previous->time_ns : 0;
}

static int64_t read_direction(const TwinPlace *place)
{
    return twin_flow_side(place->flow, place->packet);
}

static int64_t read_flags(const TwinPlace *place)
{
    return place->packet->flags;
}

static int64_t read_end(const TwinPlace *place)
{
    return place->index + 1 == place->flow->n_packets;
}

static int64_t read_index(const TwinPlace *place)
{
    return place->index;
}

static int64_t read_label(const TwinPlace *place)
{
    return place->flow->label;
}

static const TwinNode table[] = {
    {"previous_payload", "bytes", "payload length of the packet before", TWIN_NODE_QUANTILES, true,
     "payload", NULL},
    {"previous_iat", "ns", "inter-packet time of the packet before", TWIN_NODE_QUANTILES, true,
     "iat", NULL},
    {"previous_direction", "side", "direction of the packet before", TWIN_NODE_CATEGORIES, true,
     "direction", NULL},
    {"previous_flags", "flags", "TCP flags of the packet before", TWIN_NODE_CATEGORIES, true,
     "flags", NULL},
    {"index", "packets", "index of the packet in its flow", TWIN_NODE_QUANTILES, true, NULL,
     read_index},
    {"label", "label", "the flow's label", TWIN_NODE_CATEGORIES, true, NULL, read_label},
    {"payload", "bytes", "payload length", TWIN_NODE_QUANTILES, false, NULL, read_payload},
    {"iat", "ns", "inter-packet time", TWIN_NODE_QUANTILES, false, NULL, read_iat},
    {"direction", "side", "direction (0 client, 1 server)", TWIN_NODE_CATEGORIES, false, NULL,
     read_direction},
    {"flags", "flags", "TCP flags", TWIN_NODE_CATEGORIES, false, NULL, read_flags},
    {"end", "bit", "this is the flow's last packet", TWIN_NODE_CATEGORIES, false, NULL, read_end},
};

const TwinNode *twin_node_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}
