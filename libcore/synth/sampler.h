/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_SAMPLER_H
#define FLOWTWIN_SYNTH_SAMPLER_H

#include <flowtwin/synthesise.h>

#include "base/random.h"
#include "model/model.h"

/** Draws the packets of flows from a model's networks. Immutable: one serves all flows. */
typedef struct TwinSampler TwinSampler;

/** A flow being drawn. A plain value. */
typedef struct {
    TwinRandom random;
    const TwinSeed *seed;           /* borrowed */
    uint32_t index;                 /* of the next packet */
    uint32_t longest;               /* packets at the most */
    uint8_t label;                  /* its state */
    uint8_t states[TWIN_MAX_NODES]; /* of the followers' network: what the last packet was */
} TwinSampling;

/** What was drawn of a packet. */
typedef struct {
    int64_t iat_ns;
    uint32_t payload_bytes;
    uint16_t flags;
    uint8_t side; /* 0: client */
    bool is_last;
    bool is_bounded;  /* last because the flow is as long as it may be */
    uint8_t n_draws;  /* from tables */
    uint8_t n_unseen; /* of these, with a parent configuration never seen */
} TwinDrawnPacket;

TwinSampler *twin_sampler_new(const TwinModel *model, TwinFirstPacket first_packet);
void twin_sampler_free(TwinSampler *self);

/** Begins flow number @flow_index of @seed's kind. */
void twin_sampler_begin(const TwinSampler *self, TwinSampling *sampling, const TwinSeed *seed,
                        uint64_t random_seed, uint64_t flow_index);

/** Draws the flow's next packet; after one that is_last there is none. */
TwinDrawnPacket twin_sampler_next(const TwinSampler *self, TwinSampling *sampling);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinSampler, twin_sampler_free)

#endif
