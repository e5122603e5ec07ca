/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_disguise.h"

#include "packet/checksum.h"

#include <string.h>

enum {
    LINKTYPE_ETHERNET = 1,
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_FIXED_BYTES = 20,
    PROTOCOL_TCP = 6,
    CLIENT_PORT = 60000,
    OTHER_SERVER_PORT = 65000, /* of services without a name */
};

static void put_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

bool twin_disguised_take(const TwinSegment *segment, TwinDisguised *packet_out)
{
    /* A data offset below 5 is wrong, and a fact about the packet: the 20 bytes are kept. */
    const size_t header_bytes = MAX(segment->tcp.header_bytes, (uint16_t)TCP_FIXED_BYTES);
    if (header_bytes > segment->captured_bytes || header_bytes > sizeof packet_out->header) {
        return false;
    }
    *packet_out = (TwinDisguised){
        .payload_bytes = segment->payload_bytes,
        .ip_id = segment->ip_id,
        .ip_version = segment->ip_version,
        .ttl = segment->ttl,
        .traffic_class = segment->traffic_class,
        .header_bytes = (uint8_t)header_bytes,
        .dont_fragment = segment->dont_fragment,
    };
    memcpy(packet_out->header, segment->header, header_bytes);
    return true;
}

static void write_ethernet(uint8_t *at, const TwinDisguised *packet)
{
    static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
    memcpy(at, macs[packet->is_from_client ? 1 : 0], 6); /* destination first */
    memcpy(at + 6, macs[packet->is_from_client ? 0 : 1], 6);
    put_u16(at + 12, packet->ip_version == 4 ? 0x0800 : 0x86dd);
}

/* 10.F.F.F and 198.18.0.1, or 2001:db8::c:F:F and 2001:db8::5. */
static size_t write_address(uint8_t *at, const TwinDisguised *packet, uint32_t flow, bool is_client)
{
    static const uint8_t server4[4] = {198, 18, 0, 1};
    static const uint8_t prefix6[4] = {0x20, 0x01, 0x0d, 0xb8};
    if (packet->ip_version == 4) {
        const uint8_t client4[4] = {10, (uint8_t)(flow >> 16), (uint8_t)(flow >> 8), (uint8_t)flow};
        memcpy(at, is_client ? client4 : server4, sizeof server4);
        return sizeof server4;
    }
    memset(at, 0, 16);
    memcpy(at, prefix6, sizeof prefix6);
    at[15] = 5;
    if (is_client) {
        at[11] = 0xc;
        put_u16(at + 12, flow >> 16);
        put_u16(at + 14, flow);
    }
    return 16;
}

/* Source and destination; how many bytes they take. */
static size_t write_addresses(uint8_t *at, const TwinDisguised *packet, uint32_t flow)
{
    const size_t n_bytes = write_address(at, packet, flow, packet->is_from_client);
    return n_bytes + write_address(at + n_bytes, packet, flow, !packet->is_from_client);
}

static size_t write_ipv4(uint8_t *at, const TwinDisguised *packet, uint32_t flow)
{
    at[0] = 0x45;
    at[1] = packet->traffic_class;
    put_u16(at + 2, IPV4_BYTES + packet->header_bytes + packet->payload_bytes);
    put_u16(at + 4, packet->ip_id);
    put_u16(at + 6, packet->dont_fragment ? 0x4000 : 0);
    at[8] = packet->ttl;
    at[9] = PROTOCOL_TCP;
    put_u16(at + 10, 0);
    (void)write_addresses(at + 12, packet, flow);
    put_u16(at + 10, twin_checksum_fold(twin_checksum_add(0, at, IPV4_BYTES)));
    return IPV4_BYTES;
}

static size_t write_ipv6(uint8_t *at, const TwinDisguised *packet, uint32_t flow)
{
    at[0] = (uint8_t)(0x60 | packet->traffic_class >> 4);
    at[1] = (uint8_t)(packet->traffic_class << 4);
    put_u16(at + 2, 0);
    put_u16(at + 4, packet->header_bytes + packet->payload_bytes);
    at[6] = PROTOCOL_TCP;
    at[7] = packet->ttl;
    (void)write_addresses(at + 8, packet, flow);
    return IPV6_BYTES;
}

static void write_tcp(uint8_t *at, const TwinDisguised *packet, const TwinDisguise *disguise)
{
    const uint16_t server_port =
        disguise->server_port != 0 ? disguise->server_port : (uint16_t)OTHER_SERVER_PORT;
    memcpy(at, packet->header, packet->header_bytes);
    put_u16(at, packet->is_from_client ? CLIENT_PORT : server_port);
    put_u16(at + 2, packet->is_from_client ? server_port : CLIENT_PORT);
    put_u16(at + 16, 0);
    uint8_t addresses[32];
    const size_t n_addresses = write_addresses(addresses, packet, disguise->flow);
    uint32_t sum = twin_checksum_add(0, addresses, n_addresses);
    sum = twin_checksum_add_u16(sum, PROTOCOL_TCP);
    sum = twin_checksum_add_u16(sum, (uint16_t)(packet->header_bytes + packet->payload_bytes));
    put_u16(at + 16, twin_checksum_fold(twin_checksum_add(sum, at, packet->header_bytes)));
}

TwinFrame twin_disguised_write(const TwinDisguised *packet, const TwinDisguise *disguise,
                               uint8_t bytes_out[TWIN_DISGUISED_BYTES])
{
    write_ethernet(bytes_out, packet);
    uint8_t *ip = bytes_out + ETHERNET_BYTES;
    const size_t ip_bytes = packet->ip_version == 4 ? write_ipv4(ip, packet, disguise->flow)
                                                    : write_ipv6(ip, packet, disguise->flow);
    write_tcp(ip + ip_bytes, packet, disguise);
    const uint32_t n_bytes = (uint32_t)(ETHERNET_BYTES + ip_bytes) + packet->header_bytes;
    return (TwinFrame){
        .link_type = LINKTYPE_ETHERNET,
        .captured_bytes = n_bytes,
        .original_bytes = n_bytes + packet->payload_bytes,
        .bytes = bytes_out,
    };
}
