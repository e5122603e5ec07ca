/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_FLOW_TABLE_H
#define FLOWTWIN_FLOW_FLOW_TABLE_H

#include <flowtwin/flows.h>

#include "flow/connection.h"
#include "packet/segment.h"

/*
 * Which flow a segment belongs to: what TwinFlows and TwinTracker share, so that both cut the same
 * flows and number them alike.
 */

/** Both ends of a packet, the lower one first. Compared as bytes: no padding. */
typedef struct TwinFlowKey {
    uint8_t addresses[2][16];
    uint16_t ports[2];
    uint32_t ip_version;
} TwinFlowKey;

_Static_assert(sizeof(TwinFlowKey) == 40, "compared with memcmp()");

/** A slot of the hash table: most misses are told by the tag, without touching the entry. */
typedef struct TwinFlowSlot {
    uint32_t tag;
    uint32_t entry; /* index + 1; 0: empty */
} TwinFlowSlot;

/**
 * A hash table of 5-tuples. What is kept of each is the owner's: a struct that begins with its
 * TwinFlowKey. Entries keep their index, in order of their first packet; none is ever removed.
 */
typedef struct TwinFlowTable {
    TwinFlowSlot *slots; /* a power of two, at most half full */
    size_t n_slots;
    void *entries;
    size_t entry_bytes;
    size_t n_entries, capacity;
} TwinFlowTable;

void twin_flow_table_init(TwinFlowTable *self, size_t entry_bytes);
void twin_flow_table_clear(TwinFlowTable *self);

/**
 * The entry of @key, made where it is new: zero but for the key.
 *
 * @return borrowed until the next call; NULL when memory is out
 *
 * Cost: one hash; no allocation but for the growth of the table.
 */
void *twin_flow_table_find(TwinFlowTable *self, const TwinFlowKey *key, bool *is_new_out);

/** The entry at @index. */
static inline void *twin_flow_table_entry(const TwinFlowTable *self, size_t index)
{
    return (char *)self->entries + index * self->entry_bytes;
}

/** The key of a segment; true where its sender is the key's second end. */
bool twin_flow_key(const TwinSegment *segment, TwinFlowKey *key_out);

/** A time within bounds, so that no difference between two of them overflows. */
int64_t twin_flow_time(int64_t time_ns);

/** What is kept of a segment; .flow and TWIN_PACKET_FROM_SECOND are left for the caller. */
TwinPacket twin_flow_packet(const TwinSegment *segment, uint32_t frame);

/**
 * True where @packet does not go on with the flow of its 5-tuple but begins another.
 *
 * @param last_ns         time of the flow's last packet
 * @param packet          with TWIN_PACKET_FROM_SECOND set as it is in that flow
 * @param by_timeout_only a SYN on a finished flow begins none
 */
bool twin_flow_begins(const TwinConnection *connection, int64_t last_ns, const TwinPacket *packet,
                      bool by_timeout_only);

/** Counts a frame by what it turned out to be. */
void twin_flows_count(TwinFlowsCounts *counts, TwinDecodeStatus status, uint32_t link_type);

#endif
