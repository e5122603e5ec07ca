/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/flows.h"

#include <flowtwin/error.h>

#include "base/array.h"
#include "flow/connection.h"
#include "flow/flow_table.h"
#include "flow/labels.h"
#include "packet/capture_merge.h"
#include "packet/segment.h"
#include "packet/verify.h"

#include <string.h>

enum { FRAMES_A_REPORT = 1 << 14 };

static const uint32_t no_label = UINT32_MAX;

/* What is remembered of a 5-tuple: its newest flow. One or two hot cache lines, and the key. */
typedef struct {
    TwinFlowKey key;
    uint32_t flow;
    bool is_first_high; /* the flow's first packet came from the key's second end */
    int64_t last_ns;
    TwinConnection connection;
} Tuple;

struct TwinFlows {
    bool by_timeout_only;
    bool verifies_checksums;
    const TwinLabels *label_source;
    TwinDecoder *decoder;
    TwinPacket *packets; /* in order of the capture */
    size_t n_packets, packets_capacity;
    TwinFlow *flows; /* in order of their first packet */
    size_t n_flows, flows_capacity;
    TwinFlowTable tuples; /* Tuple */
    uint32_t *order;      /* packets of one flow stand together; made by finishing */
    TwinSacks sacks;
    GPtrArray *label_names;
    GHashTable *label_indices; /* name → index */
    TwinFlowsCounts counts;
    int64_t last_ns;     /* of the latest packet */
    uint32_t pushed;     /* flow of the last frame; UINT32_MAX: none */
    GPtrArray *warnings; /* NULL-terminated */
    bool is_finished;
};

TwinFlows *twin_flows_new(const TwinFlowsOptions *options)
{
    TwinFlows *self = g_new0(TwinFlows, 1);
    self->by_timeout_only = options->by_timeout_only;
    self->verifies_checksums = options->verify_checksums;
    self->label_source = options->labels;
    self->last_ns = INT64_MIN;
    self->pushed = UINT32_MAX;
    self->decoder = twin_decoder_new();
    twin_flow_table_init(&self->tuples, sizeof(Tuple));
    self->label_names = g_ptr_array_new_with_free_func(g_free);
    self->label_indices = g_hash_table_new(g_str_hash, g_str_equal);
    self->warnings = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->warnings, NULL);
    return self;
}

void twin_flows_free(TwinFlows *self)
{
    if (self == NULL) {
        return;
    }
    twin_decoder_free(self->decoder);
    g_free(self->packets);
    g_free(self->flows);
    twin_flow_table_clear(&self->tuples);
    g_free(self->order);
    twin_sacks_clear(&self->sacks);
    g_hash_table_unref(self->label_indices);
    g_ptr_array_unref(self->label_names);
    g_ptr_array_unref(self->warnings);
    g_free(self);
}

G_GNUC_PRINTF(2, 3) static void warn(TwinFlows *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_insert(self->warnings, (int)self->warnings->len - 1,
                       g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static uint32_t label_index(TwinFlows *self, const char *name)
{
    void *index = NULL;
    if (!g_hash_table_lookup_extended(self->label_indices, name, NULL, &index)) {
        char *copy = g_strdup(name);
        index = GUINT_TO_POINTER(self->label_names->len);
        g_ptr_array_add(self->label_names, copy);
        g_hash_table_insert(self->label_indices, copy, index);
    }
    return GPOINTER_TO_UINT(index);
}

/* The flow that ends here, or goes on no longer, learns who its client was. */
static void close_flow(TwinFlows *self, const Tuple *tuple)
{
    self->flows[tuple->flow].client = (uint8_t)twin_connection_client(&tuple->connection);
}

static bool begin_flow(TwinFlows *self, Tuple *tuple, const TwinSegment *segment, bool is_high)
{
    if (self->n_flows >= UINT32_MAX - 1 ||
        !twin_array_reserve((void **)&self->flows, &self->flows_capacity, self->n_flows + 1,
                            sizeof *self->flows)) {
        return false;
    }
    TwinFlow *flow = &self->flows[self->n_flows];
    memset(flow, 0, sizeof *flow);
    memcpy(flow->addresses[0].bytes, segment->source, 16);
    memcpy(flow->addresses[1].bytes, segment->destination, 16);
    flow->ports[0] = segment->tcp.source_port;
    flow->ports[1] = segment->tcp.destination_port;
    flow->ip_version = segment->ip_version;
    flow->start_ns = twin_flow_time(segment->time_ns);
    flow->label = no_label;
    if (segment->has_macs) {
        flow->has_macs = true;
        memcpy(flow->macs[0], segment->source_mac, 6);
        memcpy(flow->macs[1], segment->destination_mac, 6);
    }
    tuple->flow = (uint32_t)self->n_flows++;
    tuple->is_first_high = is_high;
    memset(&tuple->connection, 0, sizeof tuple->connection);
    return true;
}

static void keep_syn_options(TwinFlow *flow, const TwinSegment *segment, unsigned side)
{
    if ((segment->tcp.flags & TWIN_TCP_SYN) != 0 && !segment->are_options_cut &&
        flow->syn_option_bytes[side] == 0) {
        flow->syn_option_bytes[side] = segment->option_bytes;
        memcpy(flow->syn_options[side], segment->options, segment->option_bytes);
    }
}

/* The flow that the packet belongs to, begun where need be; the packet learns its side and flow. */
static bool find_flow(TwinFlows *self, const TwinSegment *segment, Tuple **tuple_out,
                      TwinPacket *packet)
{
    TwinFlowKey key;
    const bool is_high = twin_flow_key(segment, &key);
    bool is_new = false;
    Tuple *tuple = twin_flow_table_find(&self->tuples, &key, &is_new);
    if (tuple == NULL) {
        return false;
    }
    const uint8_t bits = packet->bits;
    const uint8_t second = is_high != tuple->is_first_high ? TWIN_PACKET_FROM_SECOND : 0;
    packet->bits = bits | second;
    if (!is_new &&
        twin_flow_begins(&tuple->connection, tuple->last_ns, packet, self->by_timeout_only)) {
        close_flow(self, tuple);
        is_new = true;
    }
    if (is_new) {
        packet->bits = bits;
        if (!begin_flow(self, tuple, segment, is_high)) {
            return false;
        }
    }
    packet->flow = tuple->flow;
    *tuple_out = tuple;
    return true;
}

/* False when memory, or the numbers that name packets and flows, are out. */
static bool add_segment(TwinFlows *self, const TwinSegment *segment, uint32_t frame)
{
    if (self->n_packets >= UINT32_MAX - 1 ||
        !twin_array_reserve((void **)&self->packets, &self->packets_capacity, self->n_packets + 1,
                            sizeof *self->packets)) {
        return false;
    }
    TwinPacket packet = twin_flow_packet(segment, frame);
    Tuple *tuple = NULL;
    if (!find_flow(self, segment, &tuple, &packet) ||
        !twin_sacks_add(&self->sacks, (uint32_t)self->n_packets, &segment->tcp)) {
        return false;
    }
    twin_connection_update(&tuple->connection, &packet);
    tuple->last_ns = packet.time_ns;
    self->last_ns = MAX(self->last_ns, packet.time_ns);
    TwinFlow *flow = &self->flows[tuple->flow];
    flow->n_packets++;
    keep_syn_options(flow, segment, (packet.bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0);
    self->packets[self->n_packets++] = packet;
    return true;
}

static bool push_frame(TwinFlows *self, const TwinFrame *frame, uint32_t number, GError **error)
{
    TwinSegment segment;
    const TwinDecodeStatus status = twin_decoder_decode(self->decoder, frame, &segment);
    twin_flows_count(&self->counts, status, frame->link_type);
    if (status == TWIN_DECODE_SEGMENT && self->verifies_checksums) {
        const TwinChecksumStatus sums = twin_segment_verify(&segment);
        self->counts.checksums += sums != TWIN_CHECKSUM_UNKNOWN ? 1 : 0;
        self->counts.bad_checksums += sums == TWIN_CHECKSUM_BAD ? 1 : 0;
    }
    if (status == TWIN_DECODE_SEGMENT && !add_segment(self, &segment, number)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "memory is full after %zu TCP packets; take a part of the capture (editcap)",
                    self->n_packets);
        return false;
    }
    return true;
}

uint32_t twin_flows_pushed(const TwinFlows *self)
{
    return self->pushed;
}

void twin_flows_set_label(TwinFlows *self, uint32_t flow_index, const char *label)
{
    TwinFlow *flow = &self->flows[flow_index];
    if (flow->label == no_label ||
        strcmp(g_ptr_array_index(self->label_names, flow->label), label) != 0) {
        flow->label = label_index(self, label);
    }
}

bool twin_flows_push(TwinFlows *self, const TwinFrame *frame, const char *label, GError **error)
{
    g_return_val_if_fail(!self->is_finished, false);
    const size_t n_packets = self->n_packets;
    if (!push_frame(self, frame, (uint32_t)(self->counts.frames + 1), error)) {
        return false;
    }
    self->pushed = self->n_packets > n_packets ? self->packets[n_packets].flow : UINT32_MAX;
    if (label != NULL && self->pushed != UINT32_MAX) {
        twin_flows_set_label(self, self->pushed, label);
    }
    return true;
}

static bool report_reading(const TwinProgress *progress, const TwinCaptureMerge *captures,
                           const TwinCapture *capture, GError **error)
{
    const size_t n = twin_capture_merge_n(captures);
    double fraction = 0;
    for (size_t i = 0; i < n; i++) {
        const double one = twin_capture_fraction(twin_capture_merge_get(captures, i));
        fraction = one < 0 || fraction < 0 ? -1 : fraction + one / (double)n;
    }
    g_autofree char *what = g_strdup_printf("reading %s", twin_capture_name(capture));
    if (progress->report(what, fraction, progress->data)) {
        return true;
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "%s: reading was stopped",
                twin_capture_name(capture));
    return false;
}

/* Reads what is left of @captures; every frame is named by its own capture and number. */
static bool read_frames(TwinFlows *self, TwinCaptureMerge *captures, const TwinProgress *progress,
                        GError **error)
{
    for (size_t n_frames = 1;; n_frames++) {
        TwinFrame frame;
        const TwinCapture *capture = NULL;
        const TwinCaptureStatus status = twin_capture_merge_next(captures, &frame, &capture, error);
        if (status != TWIN_CAPTURE_FRAME) {
            return status == TWIN_CAPTURE_END;
        }
        if (!push_frame(self, &frame, (uint32_t)twin_capture_n_frames(capture), error)) {
            g_prefix_error(error, "%s: ", twin_capture_name(capture));
            return false;
        }
        if (progress != NULL && n_frames % FRAMES_A_REPORT == 0 &&
            !report_reading(progress, captures, capture, error)) {
            return false;
        }
    }
}

bool twin_flows_read(TwinFlows *self, const char *const *paths, size_t n_paths,
                     const TwinProgress *progress, GError **error)
{
    g_return_val_if_fail(!self->is_finished && n_paths > 0, false);
    g_autoptr(TwinCaptureMerge) captures = twin_capture_merge_open(paths, n_paths, error);
    if (captures == NULL || !read_frames(self, captures, progress, error)) {
        return false;
    }
    for (size_t i = 0; i < twin_capture_merge_n(captures); i++) {
        const char *warning = twin_capture_warning(twin_capture_merge_get(captures, i));
        if (warning != NULL) {
            warn(self, "%s", warning);
        }
    }
    return true;
}

/* Packets of one flow together, flow after flow, each in order of the capture: a counting sort. */
static bool order_packets(TwinFlows *self)
{
    self->order = g_try_new(uint32_t, self->n_packets + 1);
    if (self->order == NULL) {
        return false;
    }
    uint32_t first = 0;
    for (size_t f = 0; f < self->n_flows; f++) {
        self->flows[f].first = first;
        first += self->flows[f].n_packets;
        self->flows[f].n_packets = 0;
    }
    for (size_t p = 0; p < self->n_packets; p++) {
        TwinFlow *flow = &self->flows[self->packets[p].flow];
        self->order[flow->first + flow->n_packets++] = (uint32_t)p;
    }
    return twin_sacks_finish(&self->sacks, self->packets, self->order, self->flows, self->n_flows);
}

/* A label by the server's port, else by the client's (active FTP data), else the protocol's name.
 */
static const char *label_by_port(const TwinFlow *flow)
{
    const char *label = twin_labels_of_port(flow->ports[1 - flow->client]);
    if (label == NULL) {
        label = twin_labels_of_port(flow->ports[flow->client]);
    }
    return label != NULL ? label : "TCP";
}

static void label_flows(TwinFlows *self)
{
    size_t n_unlabelled = 0;
    for (size_t f = 0; f < self->n_flows; f++) {
        TwinFlow *flow = &self->flows[f];
        if (flow->label != no_label) {
            continue;
        }
        const char *label = NULL;
        if (self->label_source != NULL) {
            label = twin_labels_find(self->label_source, flow);
            n_unlabelled += label == NULL;
        }
        flow->label = label_index(self, label != NULL ? label : label_by_port(flow));
    }
    if (n_unlabelled > 0) {
        warn(self, "%zu of %zu flows have no row in the label file; they are labelled by port",
             n_unlabelled, self->n_flows);
    }
}

static void warn_of_counts(TwinFlows *self)
{
    const TwinFlowsCounts *counts = &self->counts;
    if (counts->unknown_links > 0) {
        const char *name = twin_decoder_link_name(counts->unknown_link);
        warn(self,
             "%" G_GUINT64_FORMAT " frames have link type %u%s%s%s, which is not read; left out",
             counts->unknown_links, counts->unknown_link, name != NULL ? " (" : "",
             name != NULL ? name : "", name != NULL ? ")" : "");
    }
    if (counts->cut > 0) {
        warn(self,
             "%" G_GUINT64_FORMAT " TCP packets are cut before the end of their header; left out",
             counts->cut);
    }
    if (counts->malformed > 0) {
        warn(self,
             "%" G_GUINT64_FORMAT " packets have lengths that contradict each other; left out",
             counts->malformed);
    }
}

/* What was made room for and not needed goes back: up to a third. */
static void trim(TwinFlows *self)
{
    void *packets = g_try_realloc(self->packets, (self->n_packets + 1) * sizeof *self->packets);
    void *flows = g_try_realloc(self->flows, (self->n_flows + 1) * sizeof *self->flows);
    self->packets = packets != NULL ? packets : self->packets;
    self->flows = flows != NULL ? flows : self->flows;
}

bool twin_flows_finish(TwinFlows *self, GError **error)
{
    g_return_val_if_fail(!self->is_finished, false);
    if (!order_packets(self)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE, "memory is full after %zu TCP packets",
                    self->n_packets);
        return false;
    }
    for (size_t t = 0; t < self->tuples.n_entries; t++) {
        close_flow(self, twin_flow_table_entry(&self->tuples, t));
    }
    label_flows(self);
    self->counts.fragments = twin_decoder_lost_fragments(self->decoder);
    warn_of_counts(self);
    twin_flow_table_clear(&self->tuples);
    trim(self);
    self->is_finished = true;
    return true;
}

/* Appends a flow of another collection, whose packets there is room for. */
static bool append_flow(TwinFlows *self, const TwinFlows *from, const TwinFlow *flow)
{
    TwinFlow *copy = &self->flows[self->n_flows];
    *copy = *flow;
    copy->first = (uint32_t)self->n_packets;
    copy->label = label_index(self, twin_flows_label(from, flow->label));
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        self->packets[self->n_packets] = *twin_flows_packet(from, flow, k);
        self->packets[self->n_packets].flow = (uint32_t)self->n_flows;
        self->order[self->n_packets] = (uint32_t)self->n_packets;
        self->n_packets++;
    }
    self->n_flows++;
    return twin_sacks_append(&self->sacks, &from->sacks, flow, copy);
}

TwinFlows *twin_flows_choose(const TwinFlows *self, const uint8_t *is_chosen, size_t n_chosen,
                             GError **error)
{
    g_return_val_if_fail(self->is_finished, NULL);
    const size_t n = MIN(n_chosen, self->n_flows);
    size_t n_flows = 0;
    size_t n_packets = 0;
    for (size_t f = 0; f < n; f++) {
        n_flows += is_chosen[f] != 0 ? 1 : 0;
        n_packets += is_chosen[f] != 0 ? self->flows[f].n_packets : 0;
    }
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) chosen = twin_flows_new(&options);
    chosen->flows = g_try_new(TwinFlow, n_flows + 1); /* NULL would stand for none, too */
    chosen->packets = g_try_new(TwinPacket, n_packets + 1);
    chosen->order = g_try_new(uint32_t, n_packets + 1);
    bool has_room = chosen->flows != NULL && chosen->packets != NULL && chosen->order != NULL;
    for (size_t f = 0; f < n && has_room; f++) {
        has_room = is_chosen[f] == 0 || append_flow(chosen, self, &self->flows[f]);
    }
    if (!has_room) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "memory is full: %zu TCP packets cannot be copied", n_packets);
        return NULL;
    }
    chosen->counts = self->counts;
    chosen->last_ns = self->last_ns;
    chosen->is_finished = true;
    return g_steal_pointer(&chosen);
}

size_t twin_flows_n_flows(const TwinFlows *self)
{
    return self->n_flows;
}

const TwinFlow *twin_flows_flow(const TwinFlows *self, size_t flow_index)
{
    return &self->flows[flow_index];
}

const TwinPacket *twin_flows_packets(const TwinFlows *self, size_t *n_packets_out)
{
    *n_packets_out = self->n_packets;
    return self->packets;
}

const TwinPacket *twin_flows_packet(const TwinFlows *self, const TwinFlow *flow, size_t k)
{
    return &self->packets[self->order[flow->first + k]];
}

const TwinSackRange *twin_flows_sack(const TwinFlows *self, const TwinFlow *flow,
                                     size_t *n_ranges_out)
{
    return twin_sacks_of(&self->sacks, flow, n_ranges_out);
}

unsigned twin_flow_side(const TwinFlow *flow, const TwinPacket *packet)
{
    const unsigned sender = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
    return sender == flow->client ? 0 : 1;
}

/* ADDRESS:PORT or [ADDRESS]:PORT. */
static bool parse_end(const char *text, TwinAddress *address, uint8_t *ip_version, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    guint64 number = 0;
    if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, &number, NULL)) {
        return false;
    }
    *port = (uint16_t)number;
    const bool is_bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
    g_autofree char *host = is_bracketed ? g_strndup(text + 1, (gsize)(colon - text) - 2)
                                         : g_strndup(text, (gsize)(colon - text));
    return twin_address_parse(host, address, ip_version);
}

static bool has_end(const TwinFlow *flow, unsigned side, const TwinAddress *address, uint16_t port)
{
    return flow->ports[side] == port &&
           memcmp(flow->addresses[side].bytes, address->bytes, sizeof address->bytes) == 0;
}

bool twin_flows_find(const TwinFlows *self, const char *ends, size_t *flow_index_out)
{
    g_auto(GStrv) texts = g_strsplit(ends, "-", 2);
    TwinAddress addresses[2];
    uint16_t ports[2];
    uint8_t versions[2];
    if (texts[0] == NULL || texts[1] == NULL ||
        !parse_end(texts[0], &addresses[0], &versions[0], &ports[0]) ||
        !parse_end(texts[1], &addresses[1], &versions[1], &ports[1])) {
        return false;
    }
    for (size_t f = 0; f < self->n_flows; f++) {
        const TwinFlow *flow = &self->flows[f];
        for (unsigned side = 0; side < 2 && flow->ip_version == versions[0]; side++) {
            if (has_end(flow, side, &addresses[0], ports[0]) &&
                has_end(flow, 1 - side, &addresses[1], ports[1])) {
                *flow_index_out = f;
                return true;
            }
        }
    }
    return false;
}

int64_t twin_flows_last_ns(const TwinFlows *self)
{
    return self->last_ns;
}

size_t twin_flows_n_labels(const TwinFlows *self)
{
    return self->label_names->len;
}

const char *twin_flows_label(const TwinFlows *self, size_t label)
{
    return g_ptr_array_index(self->label_names, label);
}

const TwinFlowsCounts *twin_flows_counts(const TwinFlows *self)
{
    return &self->counts;
}

const char *const *twin_flows_warnings(const TwinFlows *self)
{
    return (const char *const *)self->warnings->pdata;
}
