/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/flows.h"

#include <flowtwin/error.h>

#include "base/array.h"
#include "flow/connection.h"
#include "flow/labels.h"
#include "packet/capture_merge.h"
#include "packet/segment.h"
#include "packet/verify.h"

#include <string.h>

enum {
    FIRST_SLOTS = 1 << 12,
    FRAMES_A_REPORT = 1 << 14,
};

static const int64_t idle_timeout_ns = INT64_C(120) * 1000000000;
/* Times more than 146 years from 1970 are a broken clock's: bounded, so that no difference between
 * two of them overflows. */
static const int64_t most_time_ns = INT64_MAX / 2;
static const uint32_t no_label = UINT32_MAX;

/* Both ends of a packet, the lower one first. Compared as bytes: no padding. */
typedef struct {
    uint8_t addresses[2][16];
    uint16_t ports[2];
    uint32_t ip_version;
} Key;

_Static_assert(sizeof(Key) == 40, "compared with memcmp()");

/* What is remembered of a 5-tuple: its newest flow. One or two hot cache lines, and the key. */
typedef struct {
    Key key;
    uint32_t flow;
    bool is_first_high; /* the flow's first packet came from the key's second end */
    int64_t last_ns;
    TwinConnection connection;
} Tuple;

/* A slot of the hash table: most misses are told by the tag, without touching the tuple. */
typedef struct {
    uint32_t tag;
    uint32_t tuple; /* index + 1; 0: empty */
} Slot;

struct TwinFlows {
    bool by_timeout_only;
    bool verifies_checksums;
    const TwinLabels *label_source;
    TwinDecoder *decoder;
    TwinPacket *packets; /* in order of the capture */
    size_t n_packets, packets_capacity;
    TwinFlow *flows; /* in order of their first packet */
    size_t n_flows, flows_capacity;
    Tuple *tuples;
    size_t n_tuples, tuples_capacity;
    Slot *slots; /* a power of two, at most half full */
    size_t n_slots;
    uint32_t *order; /* packets of one flow stand together; made by finishing */
    GPtrArray *label_names;
    GHashTable *label_indices; /* name → index */
    TwinFlowsCounts counts;
    int64_t last_ns;     /* of the latest packet */
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
    self->decoder = twin_decoder_new();
    self->slots = g_new0(Slot, FIRST_SLOTS);
    self->n_slots = FIRST_SLOTS;
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
    g_free(self->tuples);
    g_free(self->slots);
    g_free(self->order);
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

/* The key of a segment; true where its sender is the second end. */
static bool key_of(const TwinSegment *segment, Key *key)
{
    const int order = memcmp(segment->source, segment->destination, 16);
    const bool is_high =
        order > 0 || (order == 0 && segment->tcp.source_port > segment->tcp.destination_port);
    memcpy(key->addresses[is_high ? 1 : 0], segment->source, 16);
    memcpy(key->addresses[is_high ? 0 : 1], segment->destination, 16);
    key->ports[is_high ? 1 : 0] = segment->tcp.source_port;
    key->ports[is_high ? 0 : 1] = segment->tcp.destination_port;
    key->ip_version = segment->ip_version;
    return is_high;
}

/* Mixes the key's ten words; only the table's layout depends on it, no output does. */
static uint64_t hash_of(const Key *key)
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

static bool grow_slots(TwinFlows *self)
{
    const size_t n_slots = self->n_slots * 2;
    Slot *slots = g_try_new0(Slot, n_slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t t = 0; t < self->n_tuples; t++) {
        const uint64_t hash = hash_of(&self->tuples[t].key);
        size_t at = hash & (n_slots - 1);
        while (slots[at].tuple != 0) {
            at = (at + 1) & (n_slots - 1);
        }
        slots[at] = (Slot){.tag = (uint32_t)(hash >> 32), .tuple = (uint32_t)t + 1};
    }
    g_free(self->slots);
    self->slots = slots;
    self->n_slots = n_slots;
    return true;
}

/* The tuple of @key, made where it is new (then without a flow); NULL when memory is out. */
static Tuple *find_tuple(TwinFlows *self, const Key *key, bool *is_new)
{
    const uint64_t hash = hash_of(key);
    const uint32_t tag = (uint32_t)(hash >> 32);
    size_t at = hash & (self->n_slots - 1);
    for (; self->slots[at].tuple != 0; at = (at + 1) & (self->n_slots - 1)) {
        Tuple *tuple = &self->tuples[self->slots[at].tuple - 1];
        if (self->slots[at].tag == tag && memcmp(&tuple->key, key, sizeof *key) == 0) {
            *is_new = false;
            return tuple;
        }
    }
    if (self->n_tuples >= self->n_slots / 2) {
        if (!grow_slots(self)) {
            return NULL;
        }
        return find_tuple(self, key, is_new);
    }
    if (!twin_array_reserve((void **)&self->tuples, &self->tuples_capacity, self->n_tuples + 1,
                            sizeof *self->tuples)) {
        return NULL;
    }
    self->slots[at] = (Slot){.tag = tag, .tuple = (uint32_t)self->n_tuples + 1};
    Tuple *tuple = &self->tuples[self->n_tuples++];
    memset(tuple, 0, sizeof *tuple);
    tuple->key = *key;
    *is_new = true;
    return tuple;
}

static int64_t bounded_time(int64_t time_ns)
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

static TwinPacket packet_of(const TwinSegment *segment, uint32_t frame)
{
    return (TwinPacket){
        .time_ns = bounded_time(segment->time_ns),
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

/* The flow that ends here, or goes on no longer, learns who its client was. */
static void close_flow(TwinFlows *self, const Tuple *tuple)
{
    self->flows[tuple->flow].client = (uint8_t)twin_connection_client(&tuple->connection);
}

static bool begins_flow(const TwinFlows *self, const Tuple *tuple, const TwinPacket *packet)
{
    /* Unsigned: a clock may jump by more than 63 bits hold. */
    if (packet->time_ns > tuple->last_ns &&
        (uint64_t)packet->time_ns - (uint64_t)tuple->last_ns > (uint64_t)idle_timeout_ns) {
        return true;
    }
    const bool is_syn = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_ACK)) == TWIN_TCP_SYN;
    return is_syn && !self->by_timeout_only &&
           twin_connection_is_reopened_by(&tuple->connection, packet);
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
    flow->start_ns = bounded_time(segment->time_ns);
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

/* False when memory, or the numbers that name packets and flows, are out. */
static bool add_segment(TwinFlows *self, const TwinSegment *segment, uint32_t frame)
{
    Key key;
    const bool is_high = key_of(segment, &key);
    bool is_new = false;
    Tuple *tuple = find_tuple(self, &key, &is_new);
    if (tuple == NULL || self->n_packets >= UINT32_MAX - 1 ||
        !twin_array_reserve((void **)&self->packets, &self->packets_capacity, self->n_packets + 1,
                            sizeof *self->packets)) {
        return false;
    }
    TwinPacket packet = packet_of(segment, frame);
    if (!is_new && begins_flow(self, tuple, &packet)) {
        close_flow(self, tuple);
        is_new = true;
    }
    if (is_new && !begin_flow(self, tuple, segment, is_high)) {
        return false;
    }
    const unsigned side = is_high != tuple->is_first_high ? 1 : 0;
    packet.flow = tuple->flow;
    packet.bits |= side == 1 ? TWIN_PACKET_FROM_SECOND : 0;
    twin_connection_update(&tuple->connection, &packet);
    tuple->last_ns = packet.time_ns;
    self->last_ns = MAX(self->last_ns, packet.time_ns);
    TwinFlow *flow = &self->flows[tuple->flow];
    flow->n_packets++;
    keep_syn_options(flow, segment, side);
    self->packets[self->n_packets++] = packet;
    return true;
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

static bool push_frame(TwinFlows *self, const TwinFrame *frame, uint32_t number, GError **error)
{
    TwinSegment segment;
    const TwinDecodeStatus status = twin_decoder_decode(self->decoder, frame, &segment);
    self->counts.frames++;
    if (status == TWIN_DECODE_UNKNOWN_LINK && self->counts.unknown_links == 0) {
        self->counts.unknown_link = frame->link_type;
    }
    (*count_of(&self->counts, status))++;
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

bool twin_flows_push(TwinFlows *self, const TwinFrame *frame, const char *label, GError **error)
{
    g_return_val_if_fail(!self->is_finished, false);
    const size_t n_packets = self->n_packets;
    if (!push_frame(self, frame, (uint32_t)(self->counts.frames + 1), error)) {
        return false;
    }
    if (label != NULL && self->n_packets > n_packets) {
        TwinFlow *flow = &self->flows[self->packets[n_packets].flow];
        if (flow->label == no_label ||
            strcmp(g_ptr_array_index(self->label_names, flow->label), label) != 0) {
            flow->label = label_index(self, label);
        }
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
static bool order_packets(TwinFlows *self, GError **error)
{
    self->order = g_try_new(uint32_t, self->n_packets + 1);
    if (self->order == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE, "memory is full after %zu TCP packets",
                    self->n_packets);
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
    return true;
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
    if (!order_packets(self, error)) {
        return false;
    }
    for (size_t t = 0; t < self->n_tuples; t++) {
        close_flow(self, &self->tuples[t]);
    }
    label_flows(self);
    self->counts.fragments = twin_decoder_lost_fragments(self->decoder);
    warn_of_counts(self);
    g_clear_pointer(&self->tuples, g_free);
    g_clear_pointer(&self->slots, g_free);
    trim(self);
    self->is_finished = true;
    return true;
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
