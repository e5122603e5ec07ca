/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_STAT_H
#define FLOWTWIN_PLUGIN_STAT_H

#include "compat.h"
#include "session.h"

#include <stdint.h>

/** Name of the tap: an event for every packet, with a TwinFirstVisit at its first visit, else NULL.
 */
#define TWIN_TAP "flowtwin"

typedef struct {
    TwinSession *session;
} TwinFirstVisit;

/** What "-z" begins, given whole flows that pass a filter. */
typedef struct TwinStat TwinStat;

/** A row of the "-z" table. */
typedef struct {
    const char *argument; /* "flowtwin,check" */
    const char *summary;
    /** Begins; NULL where it cannot (it has complained). */
    void *(*begin)(const char *filter);
    /** Takes a packet; its flow, or UINT32_MAX. */
    uint32_t (*take)(void *self, packet_info *pinfo, tvbuff_t *tvb);
    /** Ends, with the flows of which a packet passed the filter: a byte each; NULL: all. */
    void (*draw)(void *self, const uint8_t *chosen, size_t n_chosen);
    /** Forgets what was taken. */
    void (*reset)(void *self);
    void (*free)(void *self);
} TwinStatKind;

/** Registers what @kinds offers, NULL at the end, with tshark's and Wireshark's "-z". */
void twin_stats_register(const TwinStatKind *const *kinds);

#endif
