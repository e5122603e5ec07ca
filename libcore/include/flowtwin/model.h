/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_H
#define FLOWTWIN_MODEL_H

#include <flowtwin/flows.h>

G_BEGIN_DECLS

/** What was learned of a capture's flows: networks, bins, hosts. Immutable; threads may share it.
 */
typedef struct TwinModel TwinModel;

/** What becomes of the capture's addresses. */
typedef enum TwinAddresses {
    TWIN_ADDRESSES_KEEP,      /**< as they stand in the capture, MAC addresses too */
    TWIN_ADDRESSES_ANONYMOUS, /**< mapped one to one: documentation and benchmarking prefixes of
                                   RFC 5737, 2544 and 3849, locally administered MACs */
} TwinAddresses;

/** The word for TwinAddresses @index, as options have it; NULL beyond the last one. */
TWIN_API const char *twin_addresses_name(size_t index);

/** How a model is learned. */
typedef struct TwinLearnOptions {
    const char *preset;           /**< a row of the preset table; NULL: the default */
    TwinAddresses addresses;      /**< what the model holds of them */
    uint64_t seed;                /**< of the bounded samples that a model keeps */
    unsigned n_threads;           /**< 1 or more; the result does not depend on it */
    const TwinProgress *progress; /**< NULL: none */
} TwinLearnOptions;

#define TWIN_LEARN_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .preset = NULL, .addresses = TWIN_ADDRESSES_ANONYMOUS, .seed = 1, .n_threads = 1,          \
        .progress = NULL                                                                           \
    }

/** Preset @index's name, or NULL beyond the last one; the first is the default. */
TWIN_API const char *twin_preset_name(size_t index);

/** What preset @index is, in a line. */
TWIN_API const char *twin_preset_summary(size_t index);

/**
 * Learns a model from finished @flows.
 *
 * @return (transfer full) NULL with TWIN_ERROR_EMPTY (no flow), _ARGUMENT (unknown preset),
 *         _TOO_LARGE or _CANCELLED
 *
 * Cost: linear in packets; about 30 bytes a packet beside the flows.
 * Source: Falk et al., MaLeNe 2026, section "network" (preset paper).
 */
TWIN_API TwinModel *twin_model_learn(const TwinFlows *flows, const TwinLearnOptions *options,
                                     GError **error) TWIN_CHECKED;

TWIN_API void twin_model_free(TwinModel *self);

/** The name of its preset; static. */
TWIN_API const char *twin_model_preset(const TwinModel *self);

/** Flows that it was learned from. */
TWIN_API size_t twin_model_n_flows(const TwinModel *self);

/** Packets that it was learned from. */
TWIN_API size_t twin_model_n_packets(const TwinModel *self);

/**
 * SHA-256, in hexadecimal, of the model file's text (without the line's end behind it); (transfer
 * full). Two models with one digest make the same captures.
 */
TWIN_API char *twin_model_digest(const TwinModel *self);

/**
 * Digest of what it was learned from, in hexadecimal: SHA-256 of a line a flow with its start,
 * ports, packets and octets. Borrowed.
 */
TWIN_API const char *twin_model_source(const TwinModel *self);

/**
 * Writes the model file (docs/model-format.md).
 *
 * @param inputs    paths that must not be written to
 * @param may_exist true: an existing file is replaced
 * @return false with TWIN_ERROR_OUTPUT, _EXISTS or _ARGUMENT; nothing is left behind
 */
TWIN_API bool twin_model_save(const TwinModel *self, const char *path, const char *const *inputs,
                              size_t n_inputs, bool may_exist, GError **error) TWIN_CHECKED;

/**
 * Reads a model file; "-" is standard input.
 *
 * @return (transfer full) NULL with TWIN_ERROR_INPUT, _FORMAT (damaged: says where) or _UNSUPPORTED
 *         (written by a newer flowtwin)
 */
TWIN_API TwinModel *twin_model_load(const char *path, GError **error) TWIN_CHECKED;

/** Format @index of twin_model_show(), or NULL beyond the last one; the first is the default. */
TWIN_API const char *twin_model_show_format(size_t index);

/**
 * Shows the model to people or programs: nodes, bins, edges, table sizes, and what it would reveal.
 *
 * @param format one of twin_model_show_format()
 * @return (transfer full) text; NULL with TWIN_ERROR_ARGUMENT or _TOO_LARGE
 */
TWIN_API char *twin_model_show(const TwinModel *self, const char *format,
                               GError **error) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinModel, twin_model_free)

G_END_DECLS

#endif
