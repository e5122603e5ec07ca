/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/tracker.h>

#include "audit/packed.h"
#include "base/array.h"
#include "flow/flow_table.h"

#include <string.h>

enum {
    N_UNPACKED = 1024, /* audits at hand; flows that are under way at one time seldom are more */
    MAX_LABELS = UINT16_MAX,
};

/* A 5-tuple: its newest flow. */
typedef struct {
    TwinFlowKey key;
    uint32_t flow;
    uint32_t unused;
} Ends;

/* What is kept of a flow beside its audit. */
typedef struct {
    uint64_t payload_bytes;
    uint8_t *packed; /* its audit, when it was last put away; NULL: never yet */
    uint32_t ends;   /* index of its 5-tuple */
    uint16_t label;  /* index + 1; 0: none */
    uint8_t rank;    /* of the label */
    bool is_first_high;
} Flow;

_Static_assert(sizeof(Ends) + sizeof(Flow) == 72, "memory a flow");

/* Where a flow's audit is while it is at hand. */
typedef struct {
    uint32_t flow; /* TWIN_TRACKER_NO_FLOW: free */
    TwinAudit audit;
} Unpacked;

struct TwinTracker {
    TwinDecoder *decoder;
    TwinFlowTable ends; /* Ends */
    Flow *flows;        /* in order of their first packet */
    size_t n_flows, flows_capacity;
    Unpacked *unpacked; /* N_UNPACKED: flow f stands at f modulo that, or nowhere */
    TwinAudit begun;    /* what packed audits are differences to */
    GPtrArray *label_names;
    GHashTable *label_indices; /* name → index + 1 */
    TwinFlowsCounts counts;
    int64_t last_ns; /* of the latest packet */
    bool is_full;
};

TwinTracker *twin_tracker_new(void)
{
    TwinTracker *self = g_new0(TwinTracker, 1);
    self->decoder = twin_decoder_new();
    self->last_ns = INT64_MIN;
    twin_flow_table_init(&self->ends, sizeof(Ends));
    self->unpacked = g_new0(Unpacked, N_UNPACKED);
    for (size_t i = 0; i < N_UNPACKED; i++) {
        self->unpacked[i].flow = TWIN_TRACKER_NO_FLOW;
    }
    twin_audit_begin_packing(&self->begun);
    self->label_names = g_ptr_array_new_with_free_func(g_free);
    self->label_indices = g_hash_table_new(g_str_hash, g_str_equal);
    return self;
}

void twin_tracker_free(TwinTracker *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t f = 0; f < self->n_flows; f++) {
        g_free(self->flows[f].packed);
    }
    twin_decoder_free(self->decoder);
    twin_flow_table_clear(&self->ends);
    g_free(self->flows);
    g_free(self->unpacked);
    g_hash_table_unref(self->label_indices);
    g_ptr_array_unref(self->label_names);
    g_free(self);
}

static bool put_away(TwinTracker *self, const Unpacked *unpacked)
{
    Flow *flow = &self->flows[unpacked->flow];
    uint8_t bytes[TWIN_PACKED_MAX_BYTES];
    const size_t n_bytes = twin_audit_pack(&unpacked->audit, &self->begun, bytes);
    uint8_t *packed = g_try_realloc(flow->packed, n_bytes);
    if (packed == NULL) {
        self->is_full = true; /* the flow stands as it stood when it was last put away */
        return false;
    }
    memcpy(packed, bytes, n_bytes);
    flow->packed = packed;
    return true;
}

/* The flow's audit, at hand until another's is asked for. */
static TwinAudit *audit_of(TwinTracker *self, uint32_t flow)
{
    Unpacked *unpacked = &self->unpacked[flow % N_UNPACKED];
    if (unpacked->flow != flow) {
        if (unpacked->flow != TWIN_TRACKER_NO_FLOW) {
            (void)put_away(self, unpacked);
        }
        unpacked->flow = flow;
        if (self->flows[flow].packed != NULL) {
            twin_audit_unpack(&unpacked->audit, &self->begun, self->flows[flow].packed);
        } else {
            memcpy(&unpacked->audit, &self->begun, sizeof unpacked->audit);
        }
    }
    return &unpacked->audit;
}

static bool begin_flow(TwinTracker *self, Ends *ends, bool is_high)
{
    if (self->n_flows >= TWIN_TRACKER_NO_FLOW - 1 ||
        !twin_array_reserve((void **)&self->flows, &self->flows_capacity, self->n_flows + 1,
                            sizeof *self->flows)) {
        return false;
    }
    const size_t index = (size_t)((char *)ends - (char *)self->ends.entries) / sizeof *ends;
    self->flows[self->n_flows] = (Flow){.ends = (uint32_t)index, .is_first_high = is_high};
    ends->flow = (uint32_t)self->n_flows++;
    return true;
}

/* The flow that the packet belongs to, begun where need be; the packet learns its side and flow. */
static bool find_flow(TwinTracker *self, const TwinSegment *segment, TwinPacket *packet)
{
    TwinFlowKey key;
    const bool is_high = twin_flow_key(segment, &key);
    bool is_new = false;
    Ends *ends = twin_flow_table_find(&self->ends, &key, &is_new);
    if (ends == NULL) {
        return false;
    }
    const uint8_t bits = packet->bits;
    if (!is_new) {
        const TwinAudit *audit = audit_of(self, ends->flow);
        const bool is_second = is_high != self->flows[ends->flow].is_first_high;
        packet->bits = bits | (is_second ? TWIN_PACKET_FROM_SECOND : 0);
        is_new = twin_flow_begins(&audit->connection, audit->last_ns, packet, false);
    }
    if (is_new) {
        packet->bits = bits;
        if (!begin_flow(self, ends, is_high)) {
            return false;
        }
    }
    packet->flow = ends->flow;
    return true;
}

uint32_t twin_tracker_push(TwinTracker *self, const TwinFrame *frame, uint32_t number)
{
    if (self->is_full) {
        return TWIN_TRACKER_NO_FLOW;
    }
    TwinSegment segment;
    const TwinDecodeStatus status = twin_decoder_decode(self->decoder, frame, &segment);
    twin_flows_count(&self->counts, status, frame->link_type);
    if (status != TWIN_DECODE_SEGMENT) {
        return TWIN_TRACKER_NO_FLOW;
    }
    TwinPacket packet = twin_flow_packet(&segment, number);
    if (!find_flow(self, &segment, &packet)) {
        self->is_full = true;
        return TWIN_TRACKER_NO_FLOW;
    }
    twin_audit_take(audit_of(self, packet.flow), &packet, number);
    self->flows[packet.flow].payload_bytes += packet.payload_bytes;
    self->last_ns = MAX(self->last_ns, packet.time_ns);
    return packet.flow;
}

bool twin_tracker_is_full(const TwinTracker *self)
{
    return self->is_full;
}

void twin_tracker_set_label(TwinTracker *self, uint32_t flow, const char *label, uint8_t rank)
{
    Flow *labelled = &self->flows[flow];
    if (rank <= labelled->rank) {
        return;
    }
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(self->label_indices, label));
    if (index == 0) {
        if (self->label_names->len >= MAX_LABELS) {
            return;
        }
        char *name = g_strdup(label);
        g_ptr_array_add(self->label_names, name);
        index = self->label_names->len;
        g_hash_table_insert(self->label_indices, name, GUINT_TO_POINTER(index));
    }
    labelled->label = (uint16_t)index;
    labelled->rank = rank;
}

uint8_t twin_tracker_label_rank(const TwinTracker *self, uint32_t flow)
{
    return self->flows[flow].rank;
}

size_t twin_tracker_n_flows(const TwinTracker *self)
{
    return self->n_flows;
}

void twin_tracker_flow(TwinTracker *self, uint32_t flow, TwinTrackedFlow *flow_out)
{
    const TwinAudit *audit = audit_of(self, flow);
    const Flow *tracked = &self->flows[flow];
    const Ends *ends = twin_flow_table_entry(&self->ends, tracked->ends);
    *flow_out = (TwinTrackedFlow){
        .ip_version = (uint8_t)ends->key.ip_version,
        .client = (uint8_t)twin_connection_client(&audit->connection),
        .is_midway = twin_audit_is_midway(audit),
        .n_packets = audit->n_packets,
        .payload_bytes = tracked->payload_bytes,
        .label =
            tracked->label == 0 ? NULL : g_ptr_array_index(self->label_names, tracked->label - 1U),
        .history = twin_audit_history(audit),
    };
    for (unsigned side = 0; side < 2; side++) {
        const unsigned end = tracked->is_first_high ? 1 - side : side;
        memcpy(flow_out->addresses[side].bytes, ends->key.addresses[end], 16);
        flow_out->ports[side] = ends->key.ports[end];
    }
}

void twin_tracker_verdicts(TwinTracker *self, uint32_t flow, bool at_end,
                           TwinVerdict verdicts_out[TWIN_N_CHECKS])
{
    TwinAudit *audit = audit_of(self, flow);
    twin_audit_set_capture_end(audit, at_end ? self->last_ns : INT64_MAX);
    twin_audit_verdicts(audit, at_end, verdicts_out);
    twin_audit_set_capture_end(audit, INT64_MAX);
}

const TwinFlowsCounts *twin_tracker_counts(const TwinTracker *self)
{
    return &self->counts;
}
