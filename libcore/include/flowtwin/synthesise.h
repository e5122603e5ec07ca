/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTHESISE_H
#define FLOWTWIN_SYNTHESISE_H

#include <flowtwin/model.h>

G_BEGIN_DECLS

/** With this begins the comment on each generated flow's first packet, where the format has them.
 */
#define TWIN_SYNTHETIC_MARK "flowtwin:synthetic"

/** What stands where the payload was. Never the capture's own bytes. */
typedef enum TwinPayload {
    TWIN_PAYLOAD_NONE, /**< packets end with their TCP header, as a short snap length leaves them */
    TWIN_PAYLOAD_ZERO, /**< zeros, whole packets */
    TWIN_PAYLOAD_RANDOM, /**< random bytes, whole packets */
} TwinPayload;

/** How a flow's first packet is found. */
typedef enum TwinFirstPacket {
    TWIN_FIRST_PACKET_NETWORK, /**< by the network of first packets */
    TWIN_FIRST_PACKET_SEED,    /**< the seed flow's own: direction, flags and length */
} TwinFirstPacket;

/** The word for TwinPayload @index, as options have it; NULL beyond the last one. */
TWIN_API const char *twin_payload_name(size_t index);

/** The word for TwinFirstPacket @index, likewise. */
TWIN_API const char *twin_first_packet_name(size_t index);

/** How near generated flows may come to single flows that were learned from (preset `twin`). */
typedef enum TwinPrivacy {
    TWIN_PRIVACY_BALANCED, /**< sizes come from neighbours; no more unique copies of training flows
                                than flows that were left out of the training have */
    TWIN_PRIVACY_OPEN,     /**< a flow's sizes and times are its donor's: nearest to the capture */
    TWIN_PRIVACY_STRICT,   /**< no unique copy where eight draws can avoid it, no donor's times */
} TwinPrivacy;

/** The word for TwinPrivacy @index, as options have it; NULL beyond the last one. */
TWIN_API const char *twin_privacy_name(size_t index);

/** All flows of TwinSynthesiseOptions.like_flows, each once before any comes twice. */
#define TWIN_ALL_FLOWS SIZE_MAX

/** What is to be made. */
typedef struct TwinSynthesiseOptions {
    uint64_t n_flows;  /**< 0: as many as were learned from (with a label: as many as had it;
                            with several flows to be like: as many as those) */
    uint64_t seed;     /**< same seed and model, same bytes */
    const char *label; /**< only flows of this label; NULL: all */
    const TwinFlows *like_flows; /**< look-alikes of these flows; NULL: of the model's own seeds */
    size_t like_flow;            /**< index of one of them, or TWIN_ALL_FLOWS */
    TwinAddresses addresses;
    TwinPayload payload;
    TwinFirstPacket first_packet;
    const char *output;        /**< capture to write, "-" for standard output */
    const char *labels_output; /**< table of the flows written; NULL: none */
    const char *const *inputs; /**< paths that must not be written to */
    size_t n_inputs;
    bool may_exist;               /**< existing outputs are replaced */
    const TwinProgress *progress; /**< NULL: none */
    TwinPrivacy privacy;          /**< preset `twin` only */
    unsigned n_threads;           /**< 0 is 1; the result does not depend on it */
} TwinSynthesiseOptions;

#define TWIN_SYNTHESISE_OPTIONS_INIT                                                               \
    {                                                                                              \
        .seed = 1, .addresses = TWIN_ADDRESSES_KEEP                                                \
    }

/** What was made. */
typedef struct TwinSynthesiseResult {
    uint64_t n_flows;
    uint64_t n_packets;
    uint64_t n_bytes;   /**< on the wire, as original lengths have it */
    int64_t first_ns;   /**< time of the first packet */
    int64_t last_ns;    /**< time of the last */
    uint64_t n_bounded; /**< flows ended by the bound on length, not by the end-of-flow bit */
    uint64_t n_draws;   /**< decisions drawn from tables */
    uint64_t n_unseen;  /**< of these, parent configurations never seen in learning: backed off */
    /* Preset `twin`: */
    uint64_t n_milder;        /**< decisions in which some of what the plan asks gave way */
    uint64_t n_forced;        /**< times that nobody was to send: a host was made to */
    uint64_t n_given_up;      /**< flows that ended before their plan was fulfilled */
    uint64_t n_redrawn;       /**< flows drawn again since they were copies */
    uint64_t n_unique_copies; /**< flows written whose course exactly one training flow has */
} TwinSynthesiseResult;

/**
 * Draws flows from @model and writes them as one capture of Ethernet frames with nanoseconds,
 * packets of all flows in order of time (ties by flow).
 *
 * Where the output's name ends in .pcapng, it says of itself what it is: the section's comment has
 * seed, preset and digests, each flow's first packet TWIN_SYNTHETIC_MARK and its label. Else it is
 * classic pcap.
 *
 * @return false with TWIN_ERROR_ARGUMENT (unknown label), _OUTPUT, _EXISTS, _TOO_LARGE or
 * _CANCELLED; no output is left behind
 *
 * Cost: time linear in packets; memory for the flows that are open at one time, and 16 bytes a
 * flow.
 */
TWIN_API bool twin_synthesise(const TwinModel *model, const TwinSynthesiseOptions *options,
                              TwinSynthesiseResult *result_out, GError **error) TWIN_CHECKED;

G_END_DECLS

#endif
