/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "frames.h"

#include "packet/capture_writer.h"
#include "packet/checksum.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ETHERNET_BYTES = 14,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    MAX_OPTION_BYTES = 40,
    PROTOCOL_TCP = 6,
    OPTION_NOP = 1,
};

/* Writes big-endian fields one after the other. */
static uint8_t *put_u8(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    return at + 1;
}

static uint8_t *put_u16(uint8_t *at, unsigned value)
{
    return put_u8(put_u8(at, value >> 8), value);
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    return put_u16(put_u16(at, value >> 16), value);
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes > 0) {
        memcpy(at, bytes, n_bytes);
    }
    return at + n_bytes;
}

/* A pair of addresses of one version. */
typedef struct {
    bool is_ipv6;
    size_t n_bytes; /* of each */
    uint8_t source[16];
    uint8_t destination[16];
} Addresses;

static Addresses parse_addresses(const TwinTestPacket *packet)
{
    const char *source = packet->source != NULL ? packet->source : "192.0.2.1";
    const char *destination = packet->destination != NULL ? packet->destination : "192.0.2.2";
    Addresses addresses = {.is_ipv6 = strchr(source, ':') != NULL};
    addresses.n_bytes = addresses.is_ipv6 ? 16 : 4;
    const int family = addresses.is_ipv6 ? AF_INET6 : AF_INET;
    g_assert_cmpint(inet_pton(family, source, addresses.source), ==, 1);
    g_assert_cmpint(inet_pton(family, destination, addresses.destination), ==, 1);
    return addresses;
}

static uint8_t *put_ethernet(uint8_t *at, const Addresses *addresses)
{
    const bool is_first =
        memcmp(addresses->source, addresses->destination, sizeof addresses->source) < 0;
    const uint8_t destination[] = {2, 0, 0, 0, 0, is_first ? 2 : 1};
    const uint8_t source[] = {2, 0, 0, 0, 0, is_first ? 1 : 2};
    at = put_bytes(at, destination, sizeof destination);
    at = put_bytes(at, source, sizeof source);
    return put_u16(at, addresses->is_ipv6 ? 0x86dd : 0x0800);
}

static uint8_t *put_ipv4(uint8_t *at, const TwinTestPacket *packet, const Addresses *addresses,
                         size_t payload_bytes)
{
    uint8_t *header = at;
    at = put_u16(at, 0x4500);
    at = put_u16(at, (unsigned)(IPV4_BYTES + payload_bytes));
    at = put_u16(at, packet->ip_id);
    at = put_u16(at, 0x4000); /* don't fragment */
    at = put_u8(at, packet->ttl != 0 ? packet->ttl : 64);
    at = put_u8(at, PROTOCOL_TCP);
    at = put_u16(at, 0);
    at = put_bytes(at, addresses->source, addresses->n_bytes);
    at = put_bytes(at, addresses->destination, addresses->n_bytes);
    (void)put_u16(header + 10, twin_checksum_fold(twin_checksum_add(0, header, IPV4_BYTES)));
    return at;
}

static uint8_t *put_ipv6(uint8_t *at, const TwinTestPacket *packet, const Addresses *addresses,
                         size_t payload_bytes)
{
    at = put_u32(at, 0x60000000);
    at = put_u16(at, (unsigned)payload_bytes);
    at = put_u8(at, PROTOCOL_TCP);
    at = put_u8(at, packet->ttl != 0 ? packet->ttl : 64);
    at = put_bytes(at, addresses->source, addresses->n_bytes);
    return put_bytes(at, addresses->destination, addresses->n_bytes);
}

static uint8_t *put_tcp(uint8_t *at, const TwinTestPacket *packet, const Addresses *addresses,
                        size_t header_bytes)
{
    uint8_t *header = at;
    at = put_u16(at, packet->source_port != 0 ? packet->source_port : 40000);
    at = put_u16(at, packet->destination_port != 0 ? packet->destination_port : 80);
    at = put_u32(at, packet->seq);
    at = put_u32(at, packet->ack);
    at = put_u16(at, (unsigned)(header_bytes / 4) << 12 | packet->flags);
    at = put_u16(at, packet->window);
    at = put_u32(at, 0);
    at = put_bytes(at, packet->options, packet->option_bytes);
    while (at < header + header_bytes) {
        at = put_u8(at, OPTION_NOP);
    }
    const size_t segment_bytes = header_bytes + packet->payload_bytes; /* zeros add nothing */
    uint32_t sum = twin_checksum_add(0, addresses->source, addresses->n_bytes);
    sum = twin_checksum_add(sum, addresses->destination, addresses->n_bytes);
    sum = twin_checksum_add_u16(sum, PROTOCOL_TCP);
    sum = twin_checksum_add_u16(sum, (uint16_t)segment_bytes);
    sum = twin_checksum_add(sum, header, header_bytes);
    (void)put_u16(header + 16, twin_checksum_fold(sum));
    return at;
}

TwinFrame twin_test_frame(const TwinTestPacket *packet, uint8_t bytes_out[TWIN_TEST_FRAME_BYTES])
{
    const Addresses addresses = parse_addresses(packet);
    g_assert_cmpuint(packet->option_bytes, <=, MAX_OPTION_BYTES);
    const size_t header_bytes = TCP_BYTES + (packet->option_bytes + 3U) / 4 * 4;
    const size_t segment_bytes = header_bytes + packet->payload_bytes;
    g_assert_cmpuint(segment_bytes, <=, UINT16_MAX - IPV4_BYTES);

    uint8_t *at = put_ethernet(bytes_out, &addresses);
    at = addresses.is_ipv6 ? put_ipv6(at, packet, &addresses, segment_bytes)
                           : put_ipv4(at, packet, &addresses, segment_bytes);
    at = put_tcp(at, packet, &addresses, header_bytes);
    const uint32_t captured_bytes = (uint32_t)(at - bytes_out);
    return (TwinFrame){
        .time_ns = packet->time_ns,
        .link_type = 1,
        .captured_bytes = captured_bytes,
        .original_bytes = captured_bytes + packet->payload_bytes,
        .bytes = bytes_out,
    };
}

TwinFrame twin_test_raw_frame(uint32_t link_type, const uint8_t *bytes, size_t n_bytes)
{
    return (TwinFrame){
        .link_type = link_type,
        .captured_bytes = (uint32_t)n_bytes,
        .original_bytes = (uint32_t)n_bytes,
        .bytes = bytes,
    };
}

size_t twin_test_hex(const char *hex, uint8_t *bytes_out, size_t room)
{
    size_t n_digits = 0;
    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ') {
            continue;
        }
        g_assert_true(g_ascii_isxdigit(*at));
        g_assert_cmpuint(n_digits / 2, <, room);
        const unsigned digit = (unsigned)g_ascii_xdigit_value(*at);
        uint8_t *byte = &bytes_out[n_digits / 2];
        *byte = (uint8_t)(n_digits % 2 == 0 ? digit << 4 : *byte | digit);
        n_digits++;
    }
    g_assert_cmpuint(n_digits % 2, ==, 0);
    return n_digits / 2;
}

/* An empty temporary file, open for writing. */
static FILE *open_temporary(char **path_out)
{
    g_autoptr(GError) error = NULL;
    const int descriptor = g_file_open_tmp("flowtwin-test-XXXXXX", path_out, &error);
    g_assert_no_error(error);
    FILE *stream = fdopen(descriptor, "wb");
    g_assert_nonnull(stream);
    return stream;
}

char *twin_test_file(const void *bytes, size_t n_bytes)
{
    char *path = NULL;
    FILE *stream = open_temporary(&path);
    g_assert_cmpuint(fwrite(bytes, 1, n_bytes, stream), ==, n_bytes);
    g_assert_cmpint(fclose(stream), ==, 0);
    return path;
}

char *twin_test_capture(const TwinTestPacket *packets, size_t n_packets)
{
    char *path = NULL;
    FILE *stream = open_temporary(&path);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinCaptureWriter) writer =
        twin_capture_writer_new(stream, 65535, TWIN_CAPTURE_PCAP, NULL, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < n_packets; i++) {
        uint8_t bytes[TWIN_TEST_FRAME_BYTES];
        const TwinFrame frame = twin_test_frame(&packets[i], bytes);
        g_assert_true(twin_capture_writer_write(writer, &frame, NULL));
    }
    g_assert_cmpint(fclose(stream), ==, 0);
    return path;
}

void twin_test_remove(char *path)
{
    if (path != NULL) {
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_free(path);
    }
}
