/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_draw.h"

#include "base/random.h"
#include "flow/labels.h"

enum {
    REAL,
    SYNTHETIC,
    N_SETS,
    ORDER = N_SETS,         /* the third stream of random numbers */
    MOST_HEADER_BYTES = 60, /* of IPv4 or IPv6 without extensions, and as many of TCP */
    TCP_HEADER_BYTES = 60,
};

const char *twin_blind_service(uint16_t server_port)
{
    const char *service = server_port != 0 ? twin_labels_of_port(server_port) : NULL;
    return service != NULL ? service : "other";
}

static uint16_t known_port(const TwinFlow *flow)
{
    const uint16_t port = flow->ports[1 - flow->client];
    return twin_labels_of_port(port) != NULL ? port : 0;
}

/* Each packet's header and length are known, and an IP header can say them. */
static bool is_fit(const TwinFlows *flows, const TwinFlow *flow)
{
    const uint8_t bad = TWIN_PACKET_CUT_OPTIONS | TWIN_PACKET_UNSURE_PAYLOAD;
    const uint32_t most_payload = UINT16_MAX - MOST_HEADER_BYTES - TCP_HEADER_BYTES;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if ((packet->bits & bad) != 0 || packet->payload_bytes > most_payload) {
            return false;
        }
    }
    return true;
}

static void swap(GArray *array, guint i, guint j)
{
    TwinBlindDrawn *rows = (TwinBlindDrawn *)(void *)array->data;
    const TwinBlindDrawn kept = rows[i];
    rows[i] = rows[j];
    rows[j] = kept;
}

static void shuffle(GArray *array, uint64_t seed, unsigned stream)
{
    TwinRandom random = twin_random(seed, TWIN_RANDOM_BLIND, stream);
    for (guint i = array->len; i > 1; i--) {
        swap(array, i - 1, twin_random_below(&random, i));
    }
}

/* Flows of a set that will do, shuffled. (transfer full) */
static GArray *candidates(TwinBlindDraw *self, unsigned set)
{
    const TwinFlows *flows = self->sets[set];
    GArray *found = g_array_new(FALSE, FALSE, sizeof(TwinBlindDrawn));
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        if (!is_fit(flows, flow)) {
            self->n_unfit[set]++;
            continue;
        }
        const TwinBlindDrawn row = {(uint32_t)f, known_port(flow), (uint8_t)set};
        g_array_append_val(found, row);
    }
    shuffle(found, self->seed, set);
    return found;
}

/* What both of a pair share: service and IP version. */
static guint kind_of(const TwinBlindDraw *self, const TwinBlindDrawn *drawn)
{
    const TwinFlow *flow = twin_flows_flow(self->sets[drawn->set], drawn->flow);
    return (guint)drawn->server_port << 4 | flow->ip_version;
}

static void free_array(void *data)
{
    (void)g_array_free(data, TRUE);
}

/* By kind, synthetic flows that wait for a partner; only ever looked up. (transfer full) */
static GHashTable *by_kind(const TwinBlindDraw *self, const GArray *synthetic)
{
    GHashTable *waiting = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_array);
    for (guint i = 0; i < synthetic->len; i++) {
        const TwinBlindDrawn *row = &g_array_index(synthetic, TwinBlindDrawn, i);
        void *kind = GUINT_TO_POINTER(kind_of(self, row));
        GArray *same = g_hash_table_lookup(waiting, kind);
        if (same == NULL) {
            same = g_array_new(FALSE, FALSE, sizeof(TwinBlindDrawn));
            g_hash_table_insert(waiting, kind, same);
        }
        g_array_append_val(same, *row);
    }
    return waiting;
}

void twin_blind_draw(TwinBlindDraw *self)
{
    g_autoptr(GArray) real = candidates(self, REAL);
    g_autoptr(GArray) synthetic = candidates(self, SYNTHETIC);
    g_autoptr(GHashTable) waiting = by_kind(self, synthetic);
    for (guint i = 0; i < real->len && self->drawn->len < 2 * self->n_pairs; i++) {
        const TwinBlindDrawn *row = &g_array_index(real, TwinBlindDrawn, i);
        GArray *same = g_hash_table_lookup(waiting, GUINT_TO_POINTER(kind_of(self, row)));
        if (same != NULL && same->len > 0) {
            g_array_append_val(self->drawn, *row);
            g_array_append_val(self->drawn, g_array_index(same, TwinBlindDrawn, same->len - 1));
            g_array_set_size(same, same->len - 1);
        }
    }
    shuffle(self->drawn, self->seed, ORDER);
}
