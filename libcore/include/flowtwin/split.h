/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SPLIT_H
#define FLOWTWIN_SPLIT_H

#include <flowtwin/flows.h>

G_BEGIN_DECLS

/** How captures are cut in two. */
typedef struct TwinSplitOptions {
    double holdout;               /**< share of each label's flows, above 0 and below 1 */
    uint64_t seed;                /**< same seed, same halves */
    const TwinLabels *labels;     /**< label source; NULL: by port */
    bool may_replace;             /**< whether an existing output is replaced */
    const TwinProgress *progress; /**< NULL: none */
} TwinSplitOptions;

#define TWIN_SPLIT_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .holdout = 0.2, .seed = 1, .labels = NULL, .may_replace = false, .progress = NULL          \
    }

/** What was made of the captures. */
typedef struct TwinSplitCounts {
    size_t n_flows[2];     /**< in training, in hold-out */
    uint64_t n_packets[2]; /**< likewise */
    size_t n_lonely;       /**< labels with one flow alone: it went into training */
    uint64_t left_out;     /**< frames that are not TCP */
} TwinSplitCounts;

/**
 * Deals finished flows into halves as twin_split() does, without a file.
 *
 * @param options    holdout and seed; labels are those that the flows have
 * @param halves_out one a flow: 0 training, 1 hold-out
 * @param counts_out n_flows and n_lonely
 */
TWIN_API void twin_split_deal(const TwinFlows *flows, const TwinSplitOptions *options,
                              uint8_t *halves_out, TwinSplitCounts *counts_out);

/**
 * Cuts captures into a training and a hold-out half, by whole flows and label by label, and writes
 * the original frames of each: @prefix-train.pcap and @prefix-holdout.pcap (.pcapng where the
 * captures have several link types), with a label table beside each (.tsv).
 *
 * Of n flows of a label n × holdout are held out, rounded, but at least one and not all; of one
 * flow none. Frames that are not TCP are left out, fragments of IP datagrams go into both.
 *
 * @param paths  captures as for twin_flows_read(), read twice: not standard input, nor a pipe
 * @param prefix a file name's beginning
 * @return false with TWIN_ERROR_ARGUMENT, _EMPTY (no TCP flow), _EXISTS, _OUTPUT, or what
 *         twin_flows_read() says; then no output is left behind
 *
 * Cost: two readings of the captures, one record a packet.
 */
TWIN_API bool twin_split(const char *const *paths, size_t n_paths, const char *prefix,
                         const TwinSplitOptions *options, TwinSplitCounts *counts_out,
                         GError **error) TWIN_CHECKED;

G_END_DECLS

#endif
