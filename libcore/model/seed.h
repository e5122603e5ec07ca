/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_SEED_H
#define FLOWTWIN_MODEL_SEED_H

#include <flowtwin/flows.h>

enum {
    TWIN_NO_MAX_PAYLOAD = 65535, /* more than fits in a datagram: no bound but that */
    TWIN_MAX_SEEDS = 4096,       /* flows whose static fields a model keeps */
    TWIN_SEED_WINDOWS = 12,      /* advertised windows kept a side */
    TWIN_MAX_SYN_OPTIONS = 40,
};

/** Bounds on what a model says of times, whatever clock the capture had: the first flow of a
 * capture starts before 2097, and its last one within nine years. */
#define TWIN_LATEST_START_NS    (INT64_C(4000000000) * 1000000000)
#define TWIN_LONGEST_CAPTURE_NS (INT64_C(290000000) * 1000000000)

/** How a host numbers its IPv4 datagrams, as far as one flow shows it. */
typedef enum {
    TWIN_IP_ID_ZERO,    /* always 0: DF set, RFC 6864 */
    TWIN_IP_ID_COUNTER, /* counts up by a small step */
    TWIN_IP_ID_RANDOM,
    TWIN_N_IP_ID_MANNERS,
} TwinIpIdManner;

/** The name that model files have for a manner: "zero", "counter", "random". */
const char *twin_ip_id_manner_name(TwinIpIdManner manner);

/** What one host of a seed flow puts into every packet that it sends. */
typedef struct {
    uint32_t host;  /* index into TwinSeeds.hosts */
    uint32_t ts_hz; /* its timestamp clock's rate, 1 … 1,000,000 */
    uint32_t
        max_payload_bytes; /* of a segment: what its peer's MSS leaves, where it kept to that */
    uint16_t mss_bytes;    /* 0: no SYN was seen */
    uint16_t syn_window;   /* 0: no SYN was seen */
    uint16_t windows[TWIN_SEED_WINDOWS]; /* of its first packets without SYN and RST, as sent */
    uint8_t n_windows;
    uint8_t ttl;
    uint8_t traffic_class;
    uint8_t ip_id_manner; /* TwinIpIdManner */
    uint8_t ip_id_step;   /* of the counter, 1 … 255 */
    uint8_t syn_option_bytes;
    uint8_t syn_options[TWIN_MAX_SYN_OPTIONS]; /* timestamp values zeroed */
    bool dont_fragment;
    bool has_timestamps;     /* on packets without SYN */
    bool rst_has_timestamps; /* on RSTs */
    bool syn_ip_id_is_zero;  /* Linux answers a SYN with 0 */
} TwinSeedSide;

/** What a generated flow takes from the flow that it is modelled on. Side 0 is the client. */
typedef struct {
    TwinSeedSide sides[2];
    int64_t start_ns; /* since the capture's first flow */
    uint32_t flow;    /* index among the flows that it was taken from; not in a model file */
    uint32_t label;
    uint16_t ports[2];
    uint32_t first_payload_bytes; /* the seed packet: what its first packet was */
    uint16_t first_flags;
    uint8_t first_side; /* 0: sent by the client */
    uint8_t ip_version;
} TwinSeed;

/** A host of the capture. */
typedef struct {
    TwinAddress address;
    uint8_t ip_version;
    uint8_t mac[6];
} TwinHost;

/** The seeds of a model and the hosts that they name. Owned by the model. */
typedef struct {
    TwinSeed *seeds; /* in order of their start */
    size_t n_seeds;
    TwinHost *hosts;
    size_t n_hosts;
    int64_t start_ns; /* of the capture's first flow, since 1970 */
} TwinSeeds;

/**
 * Takes seeds from @flows: all, or where there are more, a random sample of @most.
 *
 * @param only NULL for all flows, else one flow alone
 * @param most TWIN_MAX_SEEDS, or what the design has room for
 */
void twin_seeds_learn(TwinSeeds *self, const TwinFlows *flows, const TwinFlow *only, size_t most,
                      uint64_t seed);

/** Maps every host to a documentation address, in their order, and MACs likewise. */
void twin_hosts_anonymise(TwinHost *hosts, size_t n_hosts);

/**
 * Host number @index under the anonymous mapping: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24
 * (RFC 5737), then 198.18.0.0/15 (RFC 2544); 2001:db8::/32 (RFC 3849). Beyond 131,832 IPv4 hosts
 * numbers begin anew.
 */
TwinAddress twin_anonymous_address(uint8_t ip_version, uint32_t index);

void twin_seeds_clear(TwinSeeds *self);

#endif
