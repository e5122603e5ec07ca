/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/sampler.h"

#include <string.h>

enum { ABSENT = TWIN_MAX_NODES };

/* What a packet is made of, and the node that decides it. */
typedef enum {
    PART_PAYLOAD,
    PART_IAT,
    PART_DIRECTION,
    PART_FLAGS,
    PART_END,
    N_PARTS,
} Part;

static const char *const part_nodes[N_PARTS] = {
    [PART_PAYLOAD] = "payload", [PART_IAT] = "iat", [PART_DIRECTION] = "direction",
    [PART_FLAGS] = "flags",     [PART_END] = "end",
};

/* Where the nodes stand in one network; ABSENT where it has none. */
typedef struct {
    const TwinNetwork *network; /* NULL where nothing could be learned */
    size_t parts[N_PARTS];
    size_t label;
    size_t index;
    size_t mirrors[N_PARTS]; /* the given node that has the part of the packet before */
} Places;

struct TwinSampler {
    const TwinModel *model;
    const TwinCoding *codings[N_PARTS];
    const TwinCoding *index_coding;
    Places first, next;
    TwinFirstPacket first_packet;
    uint8_t *label_states; /* per label of the model */
};

static size_t find_node(const TwinModelNetwork *network, const char *name)
{
    for (size_t n = 0; n < network->n_nodes; n++) {
        if (strcmp(network->design->nodes[n], name) == 0) {
            return n;
        }
    }
    return ABSENT;
}

static size_t find_mirror(const TwinModelNetwork *network, const char *of)
{
    for (size_t n = 0; n < network->n_nodes; n++) {
        const char *mirrors = twin_node_find(network->design->nodes[n])->mirrors;
        if (mirrors != NULL && strcmp(mirrors, of) == 0) {
            return n;
        }
    }
    return ABSENT;
}

static Places find_places(const TwinModelNetwork *network)
{
    Places places = {.network = network->network};
    for (size_t p = 0; p < N_PARTS; p++) {
        places.parts[p] = find_node(network, part_nodes[p]);
        places.mirrors[p] = find_mirror(network, part_nodes[p]);
    }
    places.label = find_node(network, "label");
    places.index = find_node(network, "index");
    return places;
}

static const TwinCoding *coding_of(const TwinModel *model, const char *node)
{
    return &model->codings[twin_model_coding(model, node)];
}

TwinSampler *twin_sampler_new(const TwinModel *model, TwinFirstPacket first_packet)
{
    TwinSampler *self = g_new0(TwinSampler, 1);
    self->model = model;
    self->first_packet = first_packet;
    self->first = find_places(&model->networks[0]);
    self->next = find_places(&model->networks[1]);
    for (size_t p = 0; p < N_PARTS; p++) {
        self->codings[p] = coding_of(model, part_nodes[p]);
    }
    self->index_coding = coding_of(model, "index");
    self->label_states = g_new(uint8_t, model->n_labels);
    for (size_t l = 0; l < model->n_labels; l++) {
        self->label_states[l] = twin_coding_state(coding_of(model, "label"), (int64_t)l);
    }
    return self;
}

void twin_sampler_free(TwinSampler *self)
{
    if (self != NULL) {
        g_free(self->label_states);
        g_free(self);
    }
}

void twin_sampler_begin(const TwinSampler *self, TwinSampling *sampling, const TwinSeed *seed,
                        uint64_t random_seed, uint64_t flow_index)
{
    memset(sampling, 0, sizeof *sampling);
    sampling->random = twin_random(random_seed, TWIN_RANDOM_PACKETS, flow_index);
    sampling->seed = seed;
    sampling->label = self->label_states[seed->label];
    sampling->longest = self->model->labels[seed->label].longest;
}

/* States become values: each is undone by one of its own training values. */
static TwinDrawnPacket value_packet(const TwinSampler *self, TwinSampling *sampling,
                                    const uint8_t states[N_PARTS], bool has_iat)
{
    int64_t values[N_PARTS];
    for (size_t p = 0; p < N_PARTS; p++) {
        values[p] =
            p == PART_IAT && !has_iat
                ? 0
                : twin_coding_draw(self->codings[p], states[p], twin_random_u32(&sampling->random));
    }
    const bool ends = values[PART_END] != 0 || self->next.network == NULL;
    sampling->index++;
    return (TwinDrawnPacket){
        .iat_ns = values[PART_IAT],
        .payload_bytes = (uint32_t)values[PART_PAYLOAD],
        .flags = (uint16_t)values[PART_FLAGS],
        .side = values[PART_DIRECTION] != 0 ? 1 : 0,
        .is_last = ends || sampling->index >= sampling->longest,
        .is_bounded = !ends && sampling->index >= sampling->longest,
    };
}

/* What the followers' network will be told of the packet before. */
static void remember(const TwinSampler *self, TwinSampling *sampling, const uint8_t states[N_PARTS])
{
    for (size_t p = 0; p < N_PARTS; p++) {
        if (self->next.mirrors[p] != ABSENT) {
            sampling->states[self->next.mirrors[p]] = states[p];
        }
    }
}

static void count_draws(const Places *places, size_t n_unseen, TwinDrawnPacket *packet)
{
    packet->n_draws = (uint8_t)twin_network_n_drawn(places->network);
    packet->n_unseen = (uint8_t)n_unseen;
}

static TwinDrawnPacket draw_first(const TwinSampler *self, TwinSampling *sampling)
{
    const Places *places = &self->first;
    uint8_t values[TWIN_MAX_NODES] = {0};
    values[places->label] = sampling->label;
    const size_t n_unseen = twin_network_draw(places->network, values, &sampling->random);
    uint8_t states[N_PARTS];
    for (size_t p = 0; p < N_PARTS; p++) {
        states[p] = places->parts[p] != ABSENT ? values[places->parts[p]]
                                               : twin_coding_state(self->codings[p], 0);
    }
    remember(self, sampling, states);
    TwinDrawnPacket packet = value_packet(self, sampling, states, false);
    count_draws(places, n_unseen, &packet);
    if (self->first_packet == TWIN_FIRST_PACKET_SEED) {
        const TwinSeed *seed = sampling->seed;
        packet.payload_bytes = seed->first_payload_bytes;
        packet.flags = seed->first_flags;
        packet.side = seed->first_side;
        states[PART_PAYLOAD] = twin_coding_state(self->codings[PART_PAYLOAD], packet.payload_bytes);
        states[PART_FLAGS] = twin_coding_state(self->codings[PART_FLAGS], packet.flags);
        states[PART_DIRECTION] = twin_coding_state(self->codings[PART_DIRECTION], packet.side);
        remember(self, sampling, states);
    }
    return packet;
}

TwinDrawnPacket twin_sampler_next(const TwinSampler *self, TwinSampling *sampling)
{
    if (sampling->index == 0) {
        return draw_first(self, sampling);
    }
    const Places *places = &self->next;
    uint8_t *values = sampling->states;
    values[places->label] = sampling->label;
    values[places->index] = twin_coding_state(self->index_coding, sampling->index);
    const size_t n_unseen = twin_network_draw(places->network, values, &sampling->random);
    uint8_t states[N_PARTS];
    for (size_t p = 0; p < N_PARTS; p++) {
        states[p] = values[places->parts[p]];
    }
    remember(self, sampling, states);
    TwinDrawnPacket packet = value_packet(self, sampling, states, true);
    count_draws(places, n_unseen, &packet);
    return packet;
}
