/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/seed.h"

#include "base/random.h"
#include "packet/tcp.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TS_HZ = 1000, /* Linux, Windows and the BSDs of today */
    DEFAULT_MSS = 1460,
    OPTION_NOP = 1,
    TIMESTAMPS_BYTES = 12, /* of a header: two NOPs and the option */
    MAX_DELTAS = 64,       /* packets looked at for a host's habit: they repeat */
};

/* Shorter looks at a clock cannot tell 250 Hz from 300. */
static const int64_t least_clock_ns = 500000000;

static const char *const manner_names[TWIN_N_IP_ID_MANNERS] = {
    [TWIN_IP_ID_ZERO] = "zero",
    [TWIN_IP_ID_COUNTER] = "counter",
    [TWIN_IP_ID_RANDOM] = "random",
};

const char *twin_ip_id_manner_name(TwinIpIdManner manner)
{
    return manner_names[manner];
}

/* What is found out of one host over all its flows. */
typedef struct {
    uint32_t index;   /* among the hosts that seeds name; UINT32_MAX: none does */
    int64_t clock_ns; /* how long its clock was watched at the longest */
    uint32_t ts_hz;
} HostFacts;

typedef struct {
    const TwinFlows *flows;
    TwinSeeds *seeds;
    GArray *hosts;     /* TwinHost */
    GHashTable *facts; /* TwinHost → HostFacts; both owned */
} Learner;

static guint hash_host(const void *key)
{
    const TwinHost *host = key;
    guint hash = host->ip_version;
    for (size_t i = 0; i < sizeof host->address.bytes; i++) {
        hash = hash * 31 + host->address.bytes[i];
    }
    return hash;
}

/* A host is its address; the MAC may be a router's. */
static gboolean is_same_host(const void *left, const void *right)
{
    const TwinHost *a = left;
    const TwinHost *b = right;
    return a->ip_version == b->ip_version &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

static HostFacts *facts_of(Learner *learner, const TwinFlow *flow, unsigned flow_side)
{
    const TwinHost host = {.address = flow->addresses[flow_side], .ip_version = flow->ip_version};
    HostFacts *facts = g_hash_table_lookup(learner->facts, &host);
    if (facts == NULL) {
        facts = g_new0(HostFacts, 1);
        facts->index = UINT32_MAX;
        facts->ts_hz = DEFAULT_TS_HZ;
        g_hash_table_insert(learner->facts, g_memdup2(&host, sizeof host), facts);
    }
    return facts;
}

/* The host's number, given when a seed names it first: hosts of flows left out stay out. */
static uint32_t host_index(Learner *learner, const TwinFlow *flow, unsigned flow_side,
                           HostFacts *facts)
{
    if (facts->index != UINT32_MAX) {
        return facts->index;
    }
    TwinHost host = {.address = flow->addresses[flow_side], .ip_version = flow->ip_version};
    const guint n = learner->hosts->len;
    if (flow->has_macs) {
        memcpy(host.mac, flow->macs[flow_side], sizeof host.mac);
    } else { /* a link without MACs: made from the host's number, locally administered */
        const guint k = n + 1;
        const uint8_t mac[6] = {2, 0, 0, (uint8_t)(k >> 16), (uint8_t)(k >> 8), (uint8_t)k};
        memcpy(host.mac, mac, sizeof mac);
    }
    facts->index = n;
    g_array_append_val(learner->hosts, host);
    return n;
}

/* Kernels count in round numbers; what is measured is off by jitter. */
static uint32_t round_hz(double hz)
{
    static const uint32_t known[] = {10, 100, 128, 250, 300, 1000, 1024, 10000, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (hz > 0.97 * known[i] && hz < 1.03 * known[i]) {
            return known[i];
        }
    }
    return (uint32_t)(CLAMP(hz, 1.0, 1e6) + 0.5);
}

/* The flow's view of each side's timestamp clock, kept where none longer was seen. */
static void watch_clocks(Learner *learner, const TwinFlow *flow)
{
    const TwinPacket *first[2] = {NULL, NULL};
    const TwinPacket *last[2] = {NULL, NULL};
    for (size_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(learner->flows, flow, k);
        const unsigned side = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
        if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0) {
            first[side] = first[side] != NULL ? first[side] : packet;
            last[side] = packet;
        }
    }
    for (unsigned side = 0; side < 2; side++) {
        if (first[side] == NULL) {
            continue;
        }
        HostFacts *facts = facts_of(learner, flow, side);
        const int64_t watched_ns = last[side]->time_ns - first[side]->time_ns;
        const uint32_t ticks = last[side]->ts_value - first[side]->ts_value;
        if (watched_ns >= least_clock_ns && watched_ns > facts->clock_ns && ticks < 1U << 31) {
            facts->clock_ns = watched_ns;
            facts->ts_hz = round_hz(ticks * 1e9 / (double)watched_ns);
        }
    }
}

static int compare_u16(const void *left, const void *right)
{
    return *(const uint16_t *)left - *(const uint16_t *)right;
}

/* How @side numbers datagrams: the steps between its packets, SYNs left aside. */
static void learn_ip_ids(Learner *learner, const TwinFlow *flow, unsigned flow_side,
                         TwinSeedSide *side)
{
    uint16_t steps[MAX_DELTAS];
    size_t n_steps = 0;
    size_t n_nonzero = 0;
    const TwinPacket *before = NULL;
    for (size_t k = 0; k < flow->n_packets && n_steps < MAX_DELTAS; k++) {
        const TwinPacket *packet = twin_flows_packet(learner->flows, flow, k);
        if (((packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0) != flow_side) {
            continue;
        }
        if ((packet->flags & TWIN_TCP_SYN) != 0) {
            side->syn_ip_id_is_zero = packet->ip_id == 0;
            continue;
        }
        n_nonzero += packet->ip_id != 0;
        if (before != NULL) {
            steps[n_steps++] = (uint16_t)(packet->ip_id - before->ip_id);
        }
        before = packet;
    }
    if (n_nonzero == 0) {
        side->ip_id_manner =
            before != NULL || side->syn_ip_id_is_zero ? TWIN_IP_ID_ZERO : TWIN_IP_ID_COUNTER;
        side->ip_id_step = 1;
        return;
    }
    qsort(steps, n_steps, sizeof *steps, compare_u16);
    const uint16_t median = n_steps > 0 ? steps[n_steps / 2] : 1;
    side->ip_id_manner =
        median >= 1 && median <= UINT8_MAX ? TWIN_IP_ID_COUNTER : TWIN_IP_ID_RANDOM;
    side->ip_id_step = (uint8_t)CLAMP(median, 1, UINT8_MAX);
}

/* Copies the options that say how a host is set up: MSS, window scale, SACK permitted, timestamps
 * (their values zeroed: they belong to the moment), padding. Cookies, keys and signatures (Fast
 * Open, MPTCP, MD5) are the connection's own: NOPs take their place, so that the length stays. */
static uint8_t keep_habits(const uint8_t *options, size_t n_bytes, uint8_t *options_out)
{
    static const uint8_t habits[] = {2, 3, 4, TWIN_TCP_OPTION_TIMESTAMPS};
    memset(options_out, OPTION_NOP, n_bytes);
    for (size_t at = 0; at < n_bytes && options[at] != 0;) {
        if (options[at] == OPTION_NOP) {
            at++;
            continue;
        }
        const size_t length = at + 1 < n_bytes ? options[at + 1] : 0;
        if (length < 2 || length > n_bytes - at) {
            break;
        }
        if (memchr(habits, options[at], sizeof habits) != NULL) {
            memcpy(&options_out[at], &options[at], length);
        }
        if (options[at] == TWIN_TCP_OPTION_TIMESTAMPS) {
            memset(&options_out[at + 2], 0, length - 2);
        }
        at += length;
    }
    return (uint8_t)n_bytes;
}

static void learn_packet(const TwinPacket *packet, TwinSeedSide *side)
{
    side->max_payload_bytes = MAX(side->max_payload_bytes, packet->payload_bytes);
    const bool has_timestamps = (packet->bits & TWIN_PACKET_TIMESTAMPS) != 0;
    side->ttl = side->ttl == 0 ? packet->ttl : side->ttl;
    if ((packet->flags & TWIN_TCP_SYN) != 0) {
        side->syn_window = packet->window;
        side->mss_bytes = packet->mss_bytes;
        return;
    }
    if ((packet->flags & TWIN_TCP_RST) != 0) {
        side->rst_has_timestamps |= has_timestamps;
        return;
    }
    side->has_timestamps |= has_timestamps;
    side->dont_fragment |= (packet->bits & TWIN_PACKET_DONT_FRAGMENT) != 0;
    side->traffic_class = packet->traffic_class & 0xfc; /* ECN belongs to the path */
    if (side->n_windows < TWIN_SEED_WINDOWS) {
        side->windows[side->n_windows++] = packet->window;
    }
}

static void learn_side(Learner *learner, const TwinFlow *flow, unsigned flow_side,
                       TwinSeedSide *side)
{
    HostFacts *facts = facts_of(learner, flow, flow_side);
    side->host = host_index(learner, flow, flow_side, facts);
    side->ts_hz = facts->ts_hz;
    bool any_df = false;
    for (size_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(learner->flows, flow, k);
        if (((packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0) == flow_side) {
            learn_packet(packet, side);
            any_df |= (packet->bits & TWIN_PACKET_DONT_FRAGMENT) != 0;
        }
    }
    side->dont_fragment |= side->n_windows == 0 && any_df; /* it sent SYN or RST only */
    side->syn_option_bytes = keep_habits(flow->syn_options[flow_side],
                                         flow->syn_option_bytes[flow_side], side->syn_options);
    if (flow->ip_version == 4) {
        learn_ip_ids(learner, flow, flow_side, side);
    }
}

/* Turns the largest payload seen into a bound: the peer's MSS less the options of every segment
 * (RFC 6691), unless the side went beyond it, as captures of offloaded segments do. */
static void bound_payload(TwinSeedSide *side, const TwinSeedSide *peer)
{
    const uint32_t options = side->has_timestamps ? TIMESTAMPS_BYTES : 0;
    const uint32_t mss = peer->mss_bytes != 0 ? peer->mss_bytes : DEFAULT_MSS;
    const bool keeps_to_it = mss > options && side->max_payload_bytes <= mss - options;
    side->max_payload_bytes = keeps_to_it ? mss - options : TWIN_NO_MAX_PAYLOAD;
}

/* A clock that jumps by decades must not carry the generated flows there. */
static int64_t bounded_offset(int64_t offset_ns)
{
    return CLAMP(offset_ns, 0, TWIN_LONGEST_CAPTURE_NS);
}

static void learn_seed(Learner *learner, const TwinFlow *flow, TwinSeed *seed)
{
    for (unsigned side = 0; side < 2; side++) {
        const unsigned flow_side = side ^ flow->client; /* the client becomes side 0 */
        learn_side(learner, flow, flow_side, &seed->sides[side]);
        seed->ports[side] = flow->ports[flow_side];
    }
    bound_payload(&seed->sides[0], &seed->sides[1]);
    bound_payload(&seed->sides[1], &seed->sides[0]);
    const TwinPacket *first = twin_flows_packet(learner->flows, flow, 0);
    seed->start_ns = bounded_offset(flow->start_ns - learner->seeds->start_ns);
    seed->flow = (uint32_t)(flow - twin_flows_flow(learner->flows, 0));
    seed->label = flow->label;
    seed->first_payload_bytes = first->payload_bytes;
    seed->first_flags = first->flags;
    seed->first_side = (uint8_t)twin_flow_side(flow, first);
    seed->ip_version = flow->ip_version;
}

static int compare_starts(const void *left, const void *right)
{
    const TwinSeed *a = left;
    const TwinSeed *b = right;
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    return (a->flow > b->flow) - (a->flow < b->flow);
}

/* Each flow with the chance that makes @most of all (selection sampling, Knuth 3.4.2 S). */
static void sample_flows(Learner *learner, size_t most, uint64_t seed)
{
    TwinSeeds *seeds = learner->seeds;
    TwinRandom random = twin_random(seed, TWIN_RANDOM_SAMPLE, 0);
    size_t n_left = twin_flows_n_flows(learner->flows);
    size_t n_wanted = MIN(n_left, most);
    seeds->seeds = g_new0(TwinSeed, n_wanted);
    for (size_t f = 0; n_wanted > 0; f++, n_left--) {
        if (twin_random_below(&random, (uint32_t)n_left) < n_wanted) {
            learn_seed(learner, twin_flows_flow(learner->flows, f),
                       &seeds->seeds[seeds->n_seeds++]);
            n_wanted--;
        }
    }
}

/* The capture's own begin, unless no capture file could hold it (before 1970, after 2096). */
static int64_t first_start(const TwinFlows *flows)
{
    int64_t first_ns = INT64_MAX;
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        const int64_t start_ns = twin_flows_flow(flows, f)->start_ns;
        first_ns = MIN(first_ns, start_ns);
    }
    return first_ns >= 0 && first_ns <= TWIN_LATEST_START_NS ? first_ns : 0;
}

void twin_seeds_learn(TwinSeeds *self, const TwinFlows *flows, const TwinFlow *only, size_t most,
                      uint64_t seed)
{
    Learner learner = {
        .flows = flows,
        .seeds = self,
        .hosts = g_array_new(FALSE, FALSE, sizeof(TwinHost)),
        .facts = g_hash_table_new_full(hash_host, is_same_host, g_free, g_free),
    };
    memset(self, 0, sizeof *self);
    self->start_ns = first_start(flows);
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        watch_clocks(&learner, twin_flows_flow(flows, f));
    }
    if (only != NULL) {
        self->seeds = g_new0(TwinSeed, 1);
        self->n_seeds = 1;
        learn_seed(&learner, only, &self->seeds[0]);
    } else {
        sample_flows(&learner, most, seed);
        qsort(self->seeds, self->n_seeds, sizeof *self->seeds, compare_starts);
    }
    self->n_hosts = learner.hosts->len;
    self->hosts = (TwinHost *)(void *)g_array_free(learner.hosts, FALSE);
    g_hash_table_unref(learner.facts);
}

TwinAddress twin_anonymous_address(uint8_t ip_version, uint32_t index)
{
    enum { HOSTS_A_24 = 254, DOCUMENTATION = 3 * HOSTS_A_24, BENCHMARK = (1 << 17) - 2 };
    static const uint8_t documentation[3][3] = {{192, 0, 2}, {198, 51, 100}, {203, 0, 113}};
    if (ip_version == 6) {
        const uint32_t n = index + 1;
        return (TwinAddress){{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 24),
                              (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    }
    uint32_t n = index % (DOCUMENTATION + BENCHMARK);
    if (n < DOCUMENTATION) {
        const uint8_t *prefix = documentation[n / HOSTS_A_24];
        return (TwinAddress){{prefix[0], prefix[1], prefix[2], (uint8_t)(n % HOSTS_A_24 + 1)}};
    }
    n = n - DOCUMENTATION + 1; /* 198.18.0.1 … 198.19.255.254 */
    return (TwinAddress){{198, (uint8_t)(18 + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n}};
}

void twin_hosts_anonymise(TwinHost *hosts, size_t n_hosts)
{
    uint32_t n_numbered[2] = {0, 0}; /* IPv4, IPv6 */
    g_autoptr(GHashTable) macs = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (size_t h = 0; h < n_hosts; h++) {
        TwinHost *host = &hosts[h];
        int64_t mac = 0;
        memcpy(&mac, host->mac, sizeof host->mac);
        uint32_t number = GPOINTER_TO_UINT(g_hash_table_lookup(macs, &mac));
        if (number == 0) {
            number = g_hash_table_size(macs) + 1;
            g_hash_table_insert(macs, g_memdup2(&mac, sizeof mac), GUINT_TO_POINTER(number));
        }
        host->address =
            twin_anonymous_address(host->ip_version, n_numbered[host->ip_version == 6 ? 1 : 0]++);
        const uint8_t anonymous[6] = {2,
                                      0,
                                      (uint8_t)(number >> 24),
                                      (uint8_t)(number >> 16),
                                      (uint8_t)(number >> 8),
                                      (uint8_t)number};
        memcpy(host->mac, anonymous, sizeof anonymous);
    }
}

void twin_seeds_clear(TwinSeeds *self)
{
    g_clear_pointer(&self->seeds, g_free);
    g_clear_pointer(&self->hosts, g_free);
    self->n_seeds = 0;
    self->n_hosts = 0;
}
