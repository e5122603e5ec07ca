/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/frame_builder.h"

#include "packet/checksum.h"
#include "packet/tcp.h"

#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    MAX_DATAGRAM_BYTES = 65535,
    PROTOCOL_TCP = 6,
    LINKTYPE_ETHERNET = 1,
    OPTION_MSS = 2,
    OPTION_SACK = 5,
    TIMESTAMPS_BYTES = 12, /* with the two NOPs before them */
    DEFAULT_MSS = 1460,
    DEFAULT_TTL = 64,
};

static void put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    put_u16(at, value >> 16);
    put_u16(at + 2, value);
}

void twin_frame_maker_begin(TwinFrameMaker *self, const TwinSeed *seed, const TwinEnd ends[2],
                            TwinRandom *random)
{
    self->seed = seed;
    memcpy(self->ends, ends, sizeof self->ends);
    self->address_sum = 0;
    for (unsigned side = 0; side < 2; side++) {
        uint8_t port[2];
        put_u16(port, ends[side].port);
        self->address_sum = twin_checksum_add(self->address_sum, ends[side].address.bytes, 16);
        self->address_sum = twin_checksum_add(self->address_sum, port, sizeof port);
        self->flow_labels[side] = twin_random_u32(random) >> 12;
    }
}

/* TCP options of a SYN are the seed's, whatever it offered; where none was seen, an MSS alone. */
static size_t syn_option_bytes(const TwinSeedSide *habits)
{
    return habits->mss_bytes == 0 && habits->syn_window == 0
               ? 4
               : (size_t)(habits->syn_option_bytes + 3) / 4 * 4;
}

static size_t option_bytes(const TwinSeedSide *habits, uint16_t flags)
{
    if ((flags & TWIN_TCP_SYN) != 0) {
        return syn_option_bytes(habits);
    }
    const bool has_timestamps =
        (flags & TWIN_TCP_RST) != 0 ? habits->rst_has_timestamps : habits->has_timestamps;
    return has_timestamps ? TIMESTAMPS_BYTES : 0;
}

uint32_t twin_frame_max_payload(const TwinFrameMaker *self, unsigned side, uint16_t flags)
{
    const TwinSeedSide *habits = &self->seed->sides[side];
    const size_t ip_bytes = self->seed->ip_version == 6 ? 0 : IPV4_BYTES; /* IPv6: its payload */
    const uint32_t most =
        (uint32_t)(MAX_DATAGRAM_BYTES - ip_bytes - TCP_BYTES - option_bytes(habits, flags));
    return MIN(most, habits->max_payload_bytes);
}

/* RFC 2018: two NOPs, kind, length, ranges. */
static size_t sack_bytes(const TwinOutSegment *segment)
{
    return segment->n_sack > 0 ? 4 + 8 * (size_t)segment->n_sack : 0;
}

static void put_sack(uint8_t *at, const TwinOutSegment *segment)
{
    put_u16(at, 0x0101);
    at[2] = OPTION_SACK;
    at[3] = (uint8_t)(2 + 8 * segment->n_sack);
    for (size_t i = 0; i < segment->n_sack; i++) {
        put_u32(at + 4 + 8 * i, segment->sack[i][0]);
        put_u32(at + 8 + 8 * i, segment->sack[i][1]);
    }
}

static void put_timestamps(uint8_t *at, const TwinOutSegment *segment)
{
    put_u32(at, segment->ts_value);
    put_u32(at + 4, segment->ts_echo);
}

static void put_syn_options(uint8_t *at, size_t n_bytes, const TwinSeedSide *habits,
                            const TwinOutSegment *segment)
{
    memset(at, 0, n_bytes);
    if (habits->mss_bytes == 0 && habits->syn_window == 0) {
        at[0] = OPTION_MSS;
        at[1] = 4;
        put_u16(at + 2, DEFAULT_MSS);
        return;
    }
    memcpy(at, habits->syn_options, habits->syn_option_bytes);
    const size_t at_timestamps = twin_tcp_find_option(habits->syn_options, habits->syn_option_bytes,
                                                      TWIN_TCP_OPTION_TIMESTAMPS, 8);
    if (at_timestamps < habits->syn_option_bytes) {
        put_timestamps(&at[at_timestamps], segment);
    }
}

/* The header with its options, checksum zero; returns its length. */
static size_t put_tcp(const TwinFrameMaker *self, const TwinOutSegment *segment, uint8_t *at)
{
    const TwinSeedSide *habits = &self->seed->sides[segment->side];
    const size_t n_habits = option_bytes(habits, segment->flags);
    const size_t n_options = n_habits + sack_bytes(segment);
    put_u16(at, self->ends[segment->side].port);
    put_u16(at + 2, self->ends[1 - segment->side].port);
    put_u32(at + 4, segment->seq);
    put_u32(at + 8, segment->ack);
    put_u16(at + 12, (uint32_t)((TCP_BYTES + n_options) / 4 << 12) | (segment->flags & 0xfffU));
    put_u16(at + 14, segment->window);
    put_u32(at + 16, 0); /* checksum, urgent pointer */
    if ((segment->flags & TWIN_TCP_SYN) != 0) {
        put_syn_options(at + TCP_BYTES, n_habits, habits, segment);
    } else if (n_habits > 0) {
        put_u32(at + TCP_BYTES, 0x0101080a); /* NOP, NOP, timestamps, 10 bytes */
        put_timestamps(at + TCP_BYTES + 4, segment);
    }
    if (segment->n_sack > 0) {
        put_sack(at + TCP_BYTES + n_habits, segment);
    }
    return TCP_BYTES + n_options;
}

static uint8_t ttl_of(const TwinSeedSide *habits, const TwinOutSegment *segment)
{
    const uint8_t usual = habits->ttl != 0 ? habits->ttl : DEFAULT_TTL;
    return segment->ttl != 0 ? segment->ttl : usual;
}

static void put_ipv4(const TwinFrameMaker *self, const TwinOutSegment *segment, size_t tcp_bytes,
                     uint8_t *at)
{
    const TwinSeedSide *habits = &self->seed->sides[segment->side];
    at[0] = 0x45;
    at[1] = habits->traffic_class;
    put_u16(at + 2, (uint32_t)(IPV4_BYTES + tcp_bytes));
    put_u16(at + 4, segment->ip_id);
    put_u16(at + 6, habits->dont_fragment ? 0x4000 : 0);
    at[8] = ttl_of(habits, segment);
    at[9] = PROTOCOL_TCP;
    put_u16(at + 10, 0);
    memcpy(at + 12, self->ends[segment->side].address.bytes, 4);
    memcpy(at + 16, self->ends[1 - segment->side].address.bytes, 4);
    put_u16(at + 10, twin_checksum_fold(twin_checksum_add(0, at, IPV4_BYTES)));
}

static void put_ipv6(const TwinFrameMaker *self, const TwinOutSegment *segment, size_t tcp_bytes,
                     uint8_t *at)
{
    const TwinSeedSide *habits = &self->seed->sides[segment->side];
    put_u32(at,
            6U << 28 | (uint32_t)habits->traffic_class << 20 | self->flow_labels[segment->side]);
    put_u16(at + 4, (uint32_t)tcp_bytes);
    at[6] = PROTOCOL_TCP;
    at[7] = ttl_of(habits, segment);
    memcpy(at + 8, self->ends[segment->side].address.bytes, 16);
    memcpy(at + 24, self->ends[1 - segment->side].address.bytes, 16);
}

static void put_payload(TwinPayload payload, size_t n_bytes, TwinRandom *random, uint8_t *at)
{
    switch (payload) {
    case TWIN_PAYLOAD_NONE:
        return;
    case TWIN_PAYLOAD_ZERO:
        memset(at, 0, n_bytes);
        return;
    case TWIN_PAYLOAD_RANDOM:
        for (size_t i = 0; i < n_bytes; i += 4) {
            uint8_t word[4];
            put_u32(word, twin_random_u32(random));
            memcpy(at + i, word, MIN(n_bytes - i, sizeof word));
        }
        return;
    }
}

/* Over pseudo-header, header and what is there of the payload; ports and addresses are summed
 * already. */
static void put_tcp_checksum(const TwinFrameMaker *self, size_t header_bytes,
                             size_t captured_payload_bytes, size_t tcp_bytes, uint8_t *tcp)
{
    uint8_t length_and_protocol[4];
    put_u16(length_and_protocol, (uint32_t)tcp_bytes);
    put_u16(length_and_protocol + 2, PROTOCOL_TCP);
    uint32_t sum = twin_checksum_add(self->address_sum, length_and_protocol, 4);
    sum = twin_checksum_add(sum, tcp + 4, header_bytes - 4 + captured_payload_bytes);
    put_u16(tcp + 16, twin_checksum_fold(sum));
}

TwinFrame twin_frame_make(const TwinFrameMaker *self, const TwinOutSegment *segment,
                          TwinPayload payload, TwinRandom *random, uint8_t *bytes)
{
    const bool is_ipv6 = self->seed->ip_version == 6;
    uint8_t *ip = bytes + ETHERNET_BYTES;
    uint8_t *tcp = ip + (is_ipv6 ? IPV6_BYTES : IPV4_BYTES);
    memcpy(bytes, self->ends[1 - segment->side].mac, 6);
    memcpy(bytes + 6, self->ends[segment->side].mac, 6);
    put_u16(bytes + 12, is_ipv6 ? 0x86dd : 0x0800);

    const size_t header_bytes = put_tcp(self, segment, tcp);
    const size_t tcp_bytes = header_bytes + segment->payload_bytes;
    put_payload(payload, segment->payload_bytes, random, tcp + header_bytes);
    const size_t payload_captured = payload == TWIN_PAYLOAD_NONE ? 0 : segment->payload_bytes;
    put_tcp_checksum(self, header_bytes, payload_captured, tcp_bytes, tcp);
    if (is_ipv6) {
        put_ipv6(self, segment, tcp_bytes, ip);
    } else {
        put_ipv4(self, segment, tcp_bytes, ip);
    }
    const size_t before_payload = (size_t)(tcp - bytes) + header_bytes;
    return (TwinFrame){
        .time_ns = segment->time_ns,
        .link_type = LINKTYPE_ETHERNET,
        .captured_bytes = (uint32_t)(before_payload + payload_captured),
        .original_bytes = (uint32_t)(before_payload + segment->payload_bytes),
        .bytes = bytes,
    };
}
