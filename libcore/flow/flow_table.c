/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/flow_table.h"

#include "base/array.h"

#include <string.h>

enum { FIRST_SLOTS = 1 << 12 };

static const int64_t idle_timeout_ns = INT64_C(120) * 1000000000;
/* Times more than 146 years from 1970 are a broken clock's: bounded, so that no difference between
 * two of them overflows. */
static const int64_t most_time_ns = INT64_MAX / 2;

void twin_flow_table_init(TwinFlowTable *self, size_t entry_bytes)
{
    *self = (TwinFlowTable){
        .slots = g_new0(TwinFlowSlot, FIRST_SLOTS),
        .n_slots = FIRST_SLOTS,
        .entry_bytes = entry_bytes,
    };
}

void twin_flow_table_clear(TwinFlowTable *self)
{
    g_clear_pointer(&self->slots, g_free);
    g_clear_pointer(&self->entries, g_free);
    self->n_slots = self->n_entries = self->capacity = 0;
}

bool twin_flow_key(const TwinSegment *segment, TwinFlowKey *key_out)
{
    const int order = memcmp(segment->source, segment->destination, 16);
    const bool is_high =
        order > 0 || (order == 0 && segment->tcp.source_port > segment->tcp.destination_port);
    memcpy(key_out->addresses[is_high ? 1 : 0], segment->source, 16);
    memcpy(key_out->addresses[is_high ? 0 : 1], segment->destination, 16);
    key_out->ports[is_high ? 1 : 0] = segment->tcp.source_port;
    key_out->ports[is_high ? 0 : 1] = segment->tcp.destination_port;
    key_out->ip_version = segment->ip_version;
    return is_high;
}

/* Mixes the key's words; only the table's layout depends on it, no output does. */
static uint64_t hash_of(const TwinFlowKey *key)
{
    uint64_t words[5];
    memcpy(words, key, sizeof words);
    uint64_t hash = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        hash = (hash ^ words[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return hash;
}

static bool grow_slots(TwinFlowTable *self)
{
    const size_t n_slots = self->n_slots * 2;
    TwinFlowSlot *slots = g_try_new0(TwinFlowSlot, n_slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t e = 0; e < self->n_entries; e++) {
        const uint64_t hash = hash_of(twin_flow_table_entry(self, e));
        size_t at = hash & (n_slots - 1);
        while (slots[at].entry != 0) {
            at = (at + 1) & (n_slots - 1);
        }
        slots[at] = (TwinFlowSlot){.tag = (uint32_t)(hash >> 32), .entry = (uint32_t)e + 1};
    }
    g_free(self->slots);
    self->slots = slots;
    self->n_slots = n_slots;
    return true;
}

void *twin_flow_table_find(TwinFlowTable *self, const TwinFlowKey *key, bool *is_new_out)
{
    const uint64_t hash = hash_of(key);
    const uint32_t tag = (uint32_t)(hash >> 32);
    size_t at = hash & (self->n_slots - 1);
    for (; self->slots[at].entry != 0; at = (at + 1) & (self->n_slots - 1)) {
        void *entry = twin_flow_table_entry(self, self->slots[at].entry - 1);
        if (self->slots[at].tag == tag && memcmp(entry, key, sizeof *key) == 0) {
            *is_new_out = false;
            return entry;
        }
    }
    if (self->n_entries >= self->n_slots / 2) {
        return grow_slots(self) ? twin_flow_table_find(self, key, is_new_out) : NULL;
    }
    if (self->n_entries >= UINT32_MAX - 1 ||
        !twin_array_reserve(&self->entries, &self->capacity, self->n_entries + 1,
                            self->entry_bytes)) {
        return NULL;
    }
    self->slots[at] = (TwinFlowSlot){.tag = tag, .entry = (uint32_t)self->n_entries + 1};
    void *entry = twin_flow_table_entry(self, self->n_entries++);
    memset(entry, 0, self->entry_bytes);
    memcpy(entry, key, sizeof *key);
    *is_new_out = true;
    return entry;
}

int64_t twin_flow_time(int64_t time_ns)
{
    return CLAMP(time_ns, -most_time_ns, most_time_ns);
}

static uint8_t packet_bits(const TwinSegment *segment)
{
    const struct {
        bool holds;
        uint8_t bit;
    } bits[] = {
        {segment->tcp.has_timestamps, TWIN_PACKET_TIMESTAMPS},
        {segment->dont_fragment, TWIN_PACKET_DONT_FRAGMENT},
        {segment->tcp.sack_permitted, TWIN_PACKET_SACK_PERMITTED},
        {segment->tcp.has_fast_open, TWIN_PACKET_FAST_OPEN},
        {segment->are_options_cut, TWIN_PACKET_CUT_OPTIONS},
        {segment->is_payload_unsure, TWIN_PACKET_UNSURE_PAYLOAD},
        {segment->tcp.has_window_scale, TWIN_PACKET_WINDOW_SCALE},
    };
    unsigned set = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(bits); i++) {
        set |= bits[i].holds ? bits[i].bit : 0U;
    }
    return (uint8_t)set;
}

TwinPacket twin_flow_packet(const TwinSegment *segment, uint32_t frame)
{
    return (TwinPacket){
        .time_ns = twin_flow_time(segment->time_ns),
        .seq = segment->tcp.seq,
        .ack = segment->tcp.ack,
        .ts_value = segment->tcp.ts_value,
        .ts_echo = segment->tcp.ts_echo,
        .payload_bytes = segment->payload_bytes,
        .frame = frame,
        .window = segment->tcp.window,
        .ip_id = segment->ip_id,
        .mss_bytes = segment->tcp.mss_bytes,
        .flags = segment->tcp.flags,
        .ttl = segment->ttl,
        .window_shift = segment->tcp.window_shift,
        .bits = packet_bits(segment),
        .traffic_class = segment->traffic_class,
    };
}

bool twin_flow_begins(const TwinConnection *connection, int64_t last_ns, const TwinPacket *packet,
                      bool by_timeout_only)
{
    /* Unsigned: a clock may jump by more than 63 bits hold. */
    if (packet->time_ns > last_ns &&
        (uint64_t)packet->time_ns - (uint64_t)last_ns > (uint64_t)idle_timeout_ns) {
        return true;
    }
    const bool is_syn = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_ACK)) == TWIN_TCP_SYN;
    return is_syn && !by_timeout_only && twin_connection_is_reopened_by(connection, packet);
}

/* What becomes of a frame that is no segment. */
static uint64_t *count_of(TwinFlowsCounts *counts, TwinDecodeStatus status)
{
    switch (status) {
    case TWIN_DECODE_SEGMENT:
        return &counts->tcp;
    case TWIN_DECODE_NOT_TCP:
        return &counts->not_tcp;
    case TWIN_DECODE_CUT:
        return &counts->cut;
    case TWIN_DECODE_MALFORMED:
        return &counts->malformed;
    case TWIN_DECODE_FRAGMENT:
        return &counts->fragments;
    case TWIN_DECODE_UNKNOWN_LINK:
        return &counts->unknown_links;
    }
    g_assert_not_reached();
}

void twin_flows_count(TwinFlowsCounts *counts, TwinDecodeStatus status, uint32_t link_type)
{
    counts->frames++;
    if (status == TWIN_DECODE_UNKNOWN_LINK && counts->unknown_links == 0) {
        counts->unknown_link = link_type;
    }
    (*count_of(counts, status))++;
}
