/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"
#include "packet/segment.h"

#include <string.h>

/* Headers in hexadecimal, field by field. Every innermost packet is one of these two. */
#define TCP_HELLO                                                                                  \
    "9c40 0050 00000001 00000002" /* ports, seq, ack */                                            \
    "5018 0100 0000 0000"         /* 20 bytes, PSH and ACK, window, checksum, urgent */            \
    "68656c6c6f"
#define IPV4_HELLO                                                                                 \
    "45 b8 002d 1234 4000" /* DSCP 46, 45 bytes, ID, don't fragment */                             \
    "3f 06 0000 c0000201 c0000202" TCP_HELLO
#define ADDRESSES_6 "20010db8000000000000000000000001 20010db8000000000000000000000002"
#define IPV6_HELLO  "6b80 0000 0019 06 3f" ADDRESSES_6 TCP_HELLO

#define MACS       "020000000002 020000000001"
#define ETHERNET_4 MACS "0800"
#define ETHERNET_6 MACS "86dd"

enum {
    ETHERNET = 1,
    MAX_BYTES = 512,
    HELLO_BYTES = 5,
    IPV4_HELLO_BYTES = 45,
};

/* Decodes a copy with no byte to spare, so that the sanitizer sees any read beyond the end. */
static TwinDecodeStatus decode_exactly(TwinDecoder *decoder, TwinFrame frame,
                                       TwinSegment *segment_out)
{
    g_autofree uint8_t *copy = g_memdup2(frame.bytes, frame.captured_bytes);
    frame.bytes = copy;
    const TwinDecodeStatus status = twin_decoder_decode(decoder, &frame, segment_out);
    segment_out->options = NULL; /* pointed into the copy */
    return status;
}

static TwinDecodeStatus decode_hex(uint32_t link_type, const char *hex, TwinSegment *segment_out)
{
    uint8_t bytes[MAX_BYTES];
    const size_t n_bytes = twin_test_hex(hex, bytes, sizeof bytes);
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    return decode_exactly(decoder, twin_test_raw_frame(link_type, bytes, n_bytes), segment_out);
}

static void assert_is_hello(const TwinSegment *segment, unsigned ip_version)
{
    static const uint8_t source_4[16] = {192, 0, 2, 1};
    static const uint8_t destination_4[16] = {192, 0, 2, 2};
    static const uint8_t source_6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    static const uint8_t destination_6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};
    const bool is_4 = ip_version == 4;
    g_assert_cmpuint(segment->ip_version, ==, ip_version);
    g_assert_cmpmem(segment->source, 16, is_4 ? source_4 : source_6, 16);
    g_assert_cmpmem(segment->destination, 16, is_4 ? destination_4 : destination_6, 16);
    g_assert_cmpuint(segment->ttl, ==, 63);
    g_assert_cmpuint(segment->traffic_class, ==, 0xb8);
    g_assert_cmpuint(segment->ip_id, ==, is_4 ? 0x1234 : 0);
    g_assert_true(segment->dont_fragment == is_4);
    g_assert_cmpuint(segment->tcp.source_port, ==, 40000);
    g_assert_cmpuint(segment->tcp.destination_port, ==, 80);
    g_assert_cmpuint(segment->payload_bytes, ==, HELLO_BYTES);
    g_assert_cmpuint(segment->option_bytes, ==, 0);
    g_assert_false(segment->are_options_cut);
    g_assert_false(segment->is_payload_unsure);
}

typedef struct {
    const char *what;
    uint32_t link_type;
    bool has_macs;
    uint8_t ip_version;
    const char *hex;
} Way;

/* Every prefix gives what a cut frame may give, reads nothing beyond, and only then the segment. */
static void test_ways(const Way *ways, size_t n_ways)
{
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (size_t i = 0; i < n_ways; i++) {
        const Way *way = &ways[i];
        g_test_message("%s", way->what);
        TwinSegment segment;
        g_assert_cmpint(decode_hex(way->link_type, way->hex, &segment), ==, TWIN_DECODE_SEGMENT);
        assert_is_hello(&segment, way->ip_version);
        g_assert_true(segment.has_macs == way->has_macs);
        if (way->has_macs) {
            g_assert_cmpuint(segment.destination_mac[5], ==, 2);
            g_assert_cmpuint(segment.source_mac[5], ==, 1);
        }

        uint8_t bytes[MAX_BYTES];
        const size_t n_bytes = twin_test_hex(way->hex, bytes, sizeof bytes);
        TwinFrame frame = twin_test_raw_frame(way->link_type, bytes, n_bytes);
        for (frame.captured_bytes = 0; frame.captured_bytes < n_bytes; frame.captured_bytes++) {
            const TwinDecodeStatus status = decode_exactly(decoder, frame, &segment);
            if (frame.captured_bytes >= n_bytes - HELLO_BYTES) {
                g_assert_cmpint(status, ==, TWIN_DECODE_SEGMENT);
                assert_is_hello(&segment, way->ip_version);
            } else {
                g_assert_true(status == TWIN_DECODE_NOT_TCP || status == TWIN_DECODE_CUT);
            }
        }
    }
}

static void test_link_types(void)
{
    static const Way ways[] = {
        {"Ethernet", 1, true, 4, ETHERNET_4 IPV4_HELLO},
        {"Ethernet, IPv6", 1, true, 6, ETHERNET_6 IPV6_HELLO},
        {"802.1Q", 1, true, 4, MACS "8100 0007 0800" IPV4_HELLO},
        {"QinQ", 1, true, 6, MACS "88a8 0007 8100 0008 86dd" IPV6_HELLO},
        {"older QinQ", 1, true, 4, MACS "9100 0007 9200 0008 0800" IPV4_HELLO},
        {"802.3, LLC and SNAP", 1, true, 4, MACS "0035 aaaa03 000000 0800" IPV4_HELLO},
        {"802.1H in 802.1Q", 1, true, 4, MACS "8100 0007 0035 aaaa03 0000f8 0800" IPV4_HELLO},
        {"802.3, IP's own access point", 1, true, 4, MACS "0030 060603" IPV4_HELLO},
        {"802.1BR", 1, true, 4, MACS "893f 000000000000 0800" IPV4_HELLO},
        {"VN-Tag between VLANs", 1, true, 4,
         MACS "8100 0007 8926 00000000 8100 0008 0800" IPV4_HELLO},
        {"802.1ah", 1, false, 4, MACS "88e7 00000007" ETHERNET_4 IPV4_HELLO},
        {"MPLS", 1, true, 4, MACS "8847 00010040 00011140" IPV4_HELLO},
        {"MPLS multicast, IPv6", 1, true, 6, MACS "8848 00011140" IPV6_HELLO},
        {"Ethernet over MPLS", 1, false, 4, MACS "8847 00011140 00000000" ETHERNET_4 IPV4_HELLO},
        {"PPPoE", 1, true, 4, MACS "8864 1100 0001 002f 0021" IPV4_HELLO},
        {"PPPoE, IPv6", 1, true, 6, MACS "8864 1100 0001 0043 0057" IPV6_HELLO},
        {"PPP on Ethernet", 1, true, 4, MACS "880b 0021" IPV4_HELLO},
        {"cooked", 113, false, 4, "0000 0001 0006 020000000001 0000 0800" IPV4_HELLO},
        {"cooked, VLAN", 113, false, 4,
         "0000 0001 0006 020000000001 0000 8100 0007 0800" IPV4_HELLO},
        {"cooked, LLC", 113, false, 4,
         "0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800" IPV4_HELLO},
        {"cooked 2", 276, false, 6, "86dd 0000 00000002 0001 00 06 020000000001 0000" IPV6_HELLO},
        {"raw", 101, false, 4, IPV4_HELLO},
        {"raw, IPv6", 101, false, 6, IPV6_HELLO},
        {"raw by libpcap's number", 12, false, 4, IPV4_HELLO},
        {"raw by OpenBSD's number", 14, false, 6, IPV6_HELLO},
        {"IPv4", 228, false, 4, IPV4_HELLO},
        {"IPv6", 229, false, 6, IPV6_HELLO},
        {"loopback, little-endian", 0, false, 4, "02000000" IPV4_HELLO},
        {"loopback, big-endian", 0, false, 4, "00000002" IPV4_HELLO},
        {"loopback, Linux", 0, false, 6, "0a000000" IPV6_HELLO},
        {"loopback, NetBSD", 0, false, 6, "18000000" IPV6_HELLO},
        {"loopback, FreeBSD", 0, false, 6, "0000001c" IPV6_HELLO},
        {"loopback, Darwin", 0, false, 6, "1e000000" IPV6_HELLO},
        {"OpenBSD's loopback", 108, false, 4, "00000002" IPV4_HELLO},
        {"PPP", 9, false, 4, "0021" IPV4_HELLO},
        {"PPP, compressed protocol", 9, false, 4, "21" IPV4_HELLO},
        {"PPP in HDLC", 50, false, 6, "ff03 0057" IPV6_HELLO},
        {"PPP in HDLC, MPLS", 50, false, 4, "ff03 0281 00011140" IPV4_HELLO},
        {"Cisco HDLC among PPP", 50, false, 4, "0f00 0800" IPV4_HELLO},
        {"PPP, MPLS multicast", 50, false, 4, "ff03 0283 00011140" IPV4_HELLO},
        {"PPP of pppd", 166, false, 4, "00 ff03 0021" IPV4_HELLO},
        {"PPP with direction", 204, false, 4, "01 ff03 0021" IPV4_HELLO},
        {"PPPoE alone", 51, false, 4, "1100 0001 002f 0021" IPV4_HELLO},
        {"Cisco HDLC", 104, false, 6, "8f00 86dd" IPV6_HELLO},
        {"MPLS alone", 219, false, 6, "00011140" IPV6_HELLO},
    };
    test_ways(ways, G_N_ELEMENTS(ways));
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_assert_true(twin_decoder_knows_link(ways[i].link_type));
    }
}

static void test_ip_headers(void)
{
    static const Way ways[] = {
        {"IPv4 with options", 101, false, 4,
         "47b8 0035 1234 4000 3f 06 0000 c0000201 c0000202 0101010194040000" TCP_HELLO},
        {"hop-by-hop", 101, false, 6,
         "6b80 0000 0021 00 3f" ADDRESSES_6 "06 00 0104 00000000" TCP_HELLO},
        {"three extension headers", 101, false, 6,
         "6b80 0000 0039 00 3f" ADDRESSES_6     /* hop-by-hop */
         "2b 00 0104 00000000"                  /* then routing */
         "3c 01 0400 00000000 0000000000000000" /* then destination options */
         "06 00 0104 00000000" TCP_HELLO},
        {"mobility", 101, false, 6,
         "6b80 0000 0021 87 3f" ADDRESSES_6 "06 00 0000 00000000" TCP_HELLO},
        {"authentication, IPv6", 101, false, 6,
         "6b80 0000 0031 33 3f" ADDRESSES_6
         "06 04 0000 00000001 00000001 000000000000000000000000" TCP_HELLO},
        {"authentication, IPv4", 101, false, 4,
         "45b8 0045 1234 4000 3f 33 0000 c0000201 c0000202"
         "06 04 0000 00000001 00000001 000000000000000000000000" TCP_HELLO},
        {"atomic fragment", 101, false, 6,
         "6b80 0000 0021 2c 3f" ADDRESSES_6 "06 00 0000 00000007" TCP_HELLO},
    };
    test_ways(ways, G_N_ELEMENTS(ways));
}

/* An outer IPv4 header around @n more bytes, given as four hexadecimal digits of the total. */
#define OUTER_4(total, protocol) "4500" total "0001 4000 40" protocol "0000 0a000001 0a000002"
#define OUTER_6(payload, protocol)                                                                 \
    "6000 0000" payload protocol "40"                                                              \
    "fd000000000000000000000000000001"                                                             \
    "fd000000000000000000000000000002"
#define UDP(port, length) "c000" port length "0000"

static void test_tunnels(void)
{
    static const Way ways[] = {
        {"IPv4 in IPv4", 1, false, 4, ETHERNET_4 OUTER_4("0041", "04") IPV4_HELLO},
        {"IPv6 in IPv4", 1, false, 6, ETHERNET_4 OUTER_4("0055", "29") IPV6_HELLO},
        {"IPv4 in IPv6", 1, false, 4, ETHERNET_6 OUTER_6("002d", "04") IPV4_HELLO},
        {"IPv6 in IPv6", 1, false, 6, ETHERNET_6 OUTER_6("0041", "29") IPV6_HELLO},
        {"MPLS in IP", 101, false, 4, OUTER_4("0045", "89") "00011140" IPV4_HELLO},
        {"GRE", 101, false, 4, OUTER_4("0045", "2f") "0000 0800" IPV4_HELLO},
        {"GRE, IPv6", 101, false, 6, OUTER_4("0059", "2f") "0000 86dd" IPV6_HELLO},
        {"GRE in IPv6", 101, false, 4, OUTER_6("0031", "2f") "0000 0800" IPV4_HELLO},
        {"GRE with checksum, key and number", 101, false, 4,
         OUTER_4("0051", "2f") "b000 0800 00000000 00000001 00000002" IPV4_HELLO},
        {"GRE, Ethernet", 1, false, 4,
         ETHERNET_4 OUTER_4("0053", "2f") "0000 6558" ETHERNET_4 IPV4_HELLO},
        {"PPTP", 101, false, 4,
         OUTER_4("0053", "2f") "3081 880b 002f0001 00000002 00000003 0021" IPV4_HELLO},
        {"ERSPAN I", 101, false, 4, OUTER_4("0053", "2f") "0000 88be" ETHERNET_4 IPV4_HELLO},
        {"ERSPAN II", 101, false, 4,
         OUTER_4("005f", "2f") "1000 88be 00000001 1001000000000000" ETHERNET_4 IPV4_HELLO},
        {"ERSPAN III", 101, false, 4,
         OUTER_4("0063", "2f") "1000 22eb 00000001 200100000000000000000000" ETHERNET_4 IPV4_HELLO},
        {"ERSPAN III with a subheader", 101, false, 4,
         OUTER_4("006b", "2f") "1000 22eb 00000001 200100000000000000000001"
                               "0000000000000000" ETHERNET_4 IPV4_HELLO},
        {"VXLAN", 1, false, 4,
         ETHERNET_4 OUTER_4("005f", "11")
             UDP("12b5", "004b") "08000000 00000700" ETHERNET_4 IPV4_HELLO},
        {"VXLAN on Linux's old port", 101, false, 6,
         OUTER_4("0073", "11") UDP("2118", "005f") "08000000 00000700" ETHERNET_6 IPV6_HELLO},
        {"VXLAN from its port", 101, false, 4,
         OUTER_4("005f", "11") "12b5 c000 004b 0000 08000000 00000700" ETHERNET_4 IPV4_HELLO},
        {"Geneve with options", 101, false, 4,
         OUTER_4("0067", "11")
             UDP("17c1", "0053") "0200 6558 00000700 0000000000000000" ETHERNET_4 IPV4_HELLO},
        {"Geneve, IP", 101, false, 4,
         OUTER_4("0051", "11") UDP("17c1", "003d") "0000 0800 00000700" IPV4_HELLO},
        {"GTP-U", 101, false, 4,
         OUTER_4("0051", "11") UDP("0868", "003d") "30ff 002d 00000001" IPV4_HELLO},
        {"GTP-U with a number", 101, false, 6,
         OUTER_4("0069", "11") UDP("0868", "0055") "32ff 0045 00000001 0001 00 00" IPV6_HELLO},
        {"GTP-U with a number and an extension that does not count", 101, false, 4,
         OUTER_4("0055", "11") UDP("0868", "0041") "32ff 0031 00000001 0001 00 85" IPV4_HELLO},
        {"GTP-U with two extension headers", 101, false, 4,
         OUTER_4("0061", "11") UDP("0868", "004d") "34ff 003d 00000001 0000 00 85"
                                                   "01 0000 c0 02 000000000000 00" IPV4_HELLO},
        {"L2TP", 101, false, 4,
         OUTER_4("0053", "11") UDP("06a5", "003f") "0002 0001 0002 ff03 0021" IPV4_HELLO},
        {"L2TP with all that is optional", 101, false, 4,
         OUTER_4("005a", "11")
             UDP("06a5", "0046") "4a02 003e 0001 0002 0001 0002 0001 00 0021" IPV4_HELLO},
        {"VXLAN with a VLAN in it, over IPv6", 1, false, 4,
         ETHERNET_6 OUTER_6("004f", "11") UDP("12b5", "004f") "08000000 00000700" MACS
                                                              "8100 0007 0800" IPV4_HELLO},
        {"GRE in GRE", 101, false, 4,
         OUTER_4("005d", "2f") "0000 0800" OUTER_4("0045", "2f") "0000 0800" IPV4_HELLO},
    };
    test_ways(ways, G_N_ELEMENTS(ways));
}

#define SYN_OPTIONS                                                                                \
    "9c40 0050 00000001 00000000 a002 0100 0000 0000"                                              \
    "020405b4 0402 080a 00000001 00000000 01 030307"

/* What is not a segment, and why. */
static void test_other_frames(void)
{
    static const struct {
        const char *what;
        uint32_t link_type;
        TwinDecodeStatus status;
        const char *hex;
    } rows[] = {
        {"no bytes", 1, TWIN_DECODE_NOT_TCP, ""},
        {"unknown link type", 147, TWIN_DECODE_UNKNOWN_LINK, IPV4_HELLO},
        {"ARP", 1, TWIN_DECODE_NOT_TCP, MACS "0806 0001080006040001"},
        {"a family without a name", 0, TWIN_DECODE_NOT_TCP, "07000000" IPV4_HELLO},
        {"PPPoE discovery", 1, TWIN_DECODE_NOT_TCP, MACS "8864 1107 0001 002f 0021" IPV4_HELLO},
        {"LLC of another kind", 1, TWIN_DECODE_NOT_TCP, MACS "0030 424203" IPV4_HELLO},
        {"SNAP of a vendor", 1, TWIN_DECODE_NOT_TCP, MACS "0035 aaaa03 00000c 0800" IPV4_HELLO},
        {"PPP of another kind", 9, TWIN_DECODE_NOT_TCP, "c021" IPV4_HELLO},
        {"IP version 5", 101, TWIN_DECODE_NOT_TCP, "55"},
        {"IPv6 where IPv4 should be", 1, TWIN_DECODE_MALFORMED, ETHERNET_4 IPV6_HELLO},
        {"IPv4 where IPv6 should be", 1, TWIN_DECODE_MALFORMED, ETHERNET_6 IPV4_HELLO},
        {"IPv4 header of 16 bytes", 101, TWIN_DECODE_MALFORMED,
         "44b8 002d 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
        {"options beyond the frame", 101, TWIN_DECODE_MALFORMED,
         "4fb8 0050 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
        {"total below the header", 101, TWIN_DECODE_MALFORMED,
         "45b8 0013 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
        {"no room for a TCP header", 101, TWIN_DECODE_MALFORMED,
         "45b8 0027 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
        {"data offset of 4", 101, TWIN_DECODE_MALFORMED,
         "45b8 0028 1234 4000 3f 06 0000 c0000201 c0000202"
         "9c40 0050 00000001 00000002 4010 0100 0000 0000"},
        {"data offset beyond the datagram", 101, TWIN_DECODE_MALFORMED,
         "45b8 0028 1234 4000 3f 06 0000 c0000201 c0000202"
         "9c40 0050 00000001 00000002 6010 0100 0000 0000 01010101"},
        {"UDP", 101, TWIN_DECODE_NOT_TCP, OUTER_4("0049", "11") UDP("0035", "0035") IPV4_HELLO},
        {"ICMP that quotes", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0049", "01") "0303 0000 00000000" IPV4_HELLO},
        {"ICMPv6 that quotes", 101, TWIN_DECODE_NOT_TCP,
         OUTER_6("004d", "3a") "0104 0000 00000000" IPV6_HELLO},
        {"ESP", 101, TWIN_DECODE_NOT_TCP, OUTER_4("0041", "32") IPV4_HELLO},
        {"no next header", 101, TWIN_DECODE_NOT_TCP, OUTER_6("0000", "3b") TCP_HELLO},
        {"GRE with source routes", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0049", "2f") "4000 0800 00000000" IPV4_HELLO},
        {"VXLAN without its flag", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("005f", "11") UDP("12b5", "004b") "00000000 00000700" ETHERNET_4 IPV4_HELLO},
        {"Geneve of version 1", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0051", "11") UDP("17c1", "003d") "4000 0800 00000700" IPV4_HELLO},
        {"GTP-U echo", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0051", "11") UDP("0868", "003d") "3001 002d 00000001" IPV4_HELLO},
        {"L2TP control", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0051", "11") UDP("06a5", "003d") "c802 0001 0002 ff03 0021" IPV4_HELLO},
        {"GTP-U extension of length 0", 101, TWIN_DECODE_NOT_TCP,
         OUTER_4("0056", "11") UDP("0868", "0042") "34ff 0032 00000001 000000 85 00" IPV4_HELLO},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TwinSegment segment;
        g_test_message("%s", rows[i].what);
        g_assert_cmpint(decode_hex(rows[i].link_type, rows[i].hex, &segment), ==,
                        (int)rows[i].status);
    }
}

/* Payload lengths: what the IP header says, and what is done where it says nonsense. */
static const struct {
    const char *what;
    uint32_t link_type;
    uint32_t extra_bytes; /* on the wire, beyond the bytes below */
    uint32_t payload_bytes;
    bool is_unsure;
    const char *hex;
} length_rows[] = {
    {"Ethernet's padding", 1, 0, 0, false,
     ETHERNET_4 "4500 0028 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000000"},
    {"cut by the snap length", 1, 995, 1000, false,
     ETHERNET_4 "4500 0410 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
    {"IPv4 length 0, as segmentation offload has it", 101, 69995, 70000, false,
     "4500 0000 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
    {"IPv6 length 0, likewise", 101, 69995, 70000, false,
     "6b80 0000 0000 06 3f" ADDRESSES_6 TCP_HELLO},
    {"802.3's length where IP is silent", 1, 0, 5, false,
     MACS "0030 060603 4500 0000 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO "0000"},
    {"PPPoE's, likewise", 1, 0, 5, false,
     MACS "8864 1100 0001 002f 0021 4500 0000 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO
          "0000"},
    {"more than the frame had", 101, 0, 1000, true,
     "4500 0410 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
    {"a trailer behind the datagram", 101, 0, 1, false,
     "4500 0029 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
    {"padding that the IP length counts", 1, 0, 0, false,
     ETHERNET_4 "4500 002e 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000000"},
    {"a keep-alive's byte", 1, 0, 1, false,
     ETHERNET_4 "4500 0029 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000000"},
    {"six bytes that say something", 1, 0, 6, false,
     ETHERNET_4 "4500 002e 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000001"},
    {"padding that was not captured", 1, 2, 0, false,
     ETHERNET_4 "4500 002a 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000"},
    {"six bytes that are pushed", 1, 0, 6, false,
     ETHERNET_4 "4500 002e 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5018 0100 0000 0000 000000000000"},
    {"six bytes in a longer frame", 1, 1, 6, false,
     ETHERNET_4 "4500 002e 1234 4000 3f 06 0000 c0000201 c0000202"
                "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000000"},
    {"six bytes where nothing is padded", 101, 0, 6, false,
     "4500 002e 1234 4000 3f 06 0000 c0000201 c0000202"
     "9c40 0050 00000001 00000002 5010 0100 0000 0000 000000000000"},
    {"inner length, not the outer one", 101, 0, 1, false,
     OUTER_4("0045", "2f") "0000 0800 4500 0029 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
    {"inner length beyond the outer one", 101, 0, 1000, true,
     OUTER_4("0045", "2f") "0000 0800 4500 0410 1234 4000 3f 06 0000 c0000201 c0000202" TCP_HELLO},
};

static void test_payload_lengths(void)
{
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(length_rows); i++) {
        uint8_t bytes[MAX_BYTES];
        const size_t n_bytes = twin_test_hex(length_rows[i].hex, bytes, sizeof bytes);
        TwinFrame frame = twin_test_raw_frame(length_rows[i].link_type, bytes, n_bytes);
        frame.original_bytes += length_rows[i].extra_bytes;
        TwinSegment segment;
        g_test_message("%s", length_rows[i].what);
        g_assert_cmpint(decode_exactly(decoder, frame, &segment), ==, TWIN_DECODE_SEGMENT);
        g_assert_cmpuint(segment.payload_bytes, ==, length_rows[i].payload_bytes);
        g_assert_true(segment.is_payload_unsure == length_rows[i].is_unsure);
    }
}

static void test_options_that_the_capture_cuts(void)
{
    static const char hex[] =
        "45b8 003c 1234 4000 3f 06 0000 c0000201 c0000202" SYN_OPTIONS; /* options from 40 on */
    uint8_t bytes[MAX_BYTES];
    const size_t n_bytes = twin_test_hex(hex, bytes, sizeof bytes);
    g_assert_cmpuint(n_bytes, ==, 60);
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
    for (frame.captured_bytes = 40; frame.captured_bytes <= n_bytes; frame.captured_bytes++) {
        TwinSegment segment;
        g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, TWIN_DECODE_SEGMENT);
        g_assert_cmpuint(segment.payload_bytes, ==, 0);
        g_assert_true(segment.are_options_cut == (frame.captured_bytes < n_bytes));
        g_assert_cmpuint(segment.option_bytes, ==, frame.captured_bytes - 40);
        g_assert_true(segment.options == bytes + 40);
        g_assert_cmpuint(segment.tcp.mss_bytes, ==, frame.captured_bytes >= 44 ? 1460 : 0);
        g_assert_true(segment.tcp.has_timestamps == (frame.captured_bytes >= 56));
        g_assert_true(segment.tcp.has_window_scale == (frame.captured_bytes == 60));
    }
    frame.captured_bytes = 39;
    TwinSegment segment;
    g_assert_cmpint(twin_decoder_decode(decoder, &frame, &segment), ==, TWIN_DECODE_CUT);
}

/* Headers without end: the walk stops. */
static void test_nesting_is_bounded(void)
{
    uint8_t bytes[2000];
    size_t n_bytes = twin_test_hex(MACS, bytes, sizeof bytes);
    while (n_bytes < 1000) {
        n_bytes += twin_test_hex("8100 0007", bytes + n_bytes, sizeof bytes - n_bytes);
    }
    n_bytes += twin_test_hex("0800" IPV4_HELLO, bytes + n_bytes, sizeof bytes - n_bytes);
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    TwinSegment segment;
    g_assert_cmpint(
        decode_exactly(decoder, twin_test_raw_frame(ETHERNET, bytes, n_bytes), &segment), ==,
        TWIN_DECODE_NOT_TCP);
}

/* An original length below the captured one is nonsense; the bytes are there all the same. */
static void test_original_length_below_the_captured_one(void)
{
    uint8_t bytes[MAX_BYTES];
    const size_t n_bytes = twin_test_hex(IPV4_HELLO, bytes, sizeof bytes);
    TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
    frame.original_bytes = 3;
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (unsigned is_silent = 0; is_silent < 2; is_silent++) {
        TwinSegment segment;
        g_assert_cmpint(decode_exactly(decoder, frame, &segment), ==, TWIN_DECODE_SEGMENT);
        assert_is_hello(&segment, 4);
        bytes[3] = 0; /* the IP header's length: now the frame's counts */
    }
}

/* Cut before the TCP header: TCP where that much could be read, else who knows. */
static void test_cut_before_the_tcp_header(void)
{
    static const struct {
        const char *what;
        TwinDecodeStatus status;
        const char *hex; /* what was captured of 1,000 bytes */
    } rows[] = {
        {"within the IPv4 header", TWIN_DECODE_NOT_TCP, "4500 03e8 1234 4000 3f 06 0000 c0000201"},
        {"behind it", TWIN_DECODE_CUT, "4500 03e8 1234 4000 3f 06 0000 c0000201 c0000202"},
        {"within its options", TWIN_DECODE_CUT,
         "4700 03e8 1234 4000 3f 06 0000 c0000201 c0000202 0101"},
        {"within its options, UDP", TWIN_DECODE_NOT_TCP,
         "4700 03e8 1234 4000 3f 11 0000 c0000201 c0000202 0101"},
        {"within an extension header", TWIN_DECODE_CUT,
         "6000 0000 03c0 00 3f" ADDRESSES_6 "06 00 01"},
    };
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t bytes[MAX_BYTES];
        const size_t n_bytes = twin_test_hex(rows[i].hex, bytes, sizeof bytes);
        TwinFrame frame = twin_test_raw_frame(101, bytes, n_bytes);
        frame.original_bytes = 1000;
        TwinSegment segment;
        g_test_message("%s", rows[i].what);
        g_assert_cmpint(decode_exactly(decoder, frame, &segment), ==, (int)rows[i].status);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decoder/link-types", test_link_types);
    g_test_add_func("/decoder/ip-headers", test_ip_headers);
    g_test_add_func("/decoder/tunnels", test_tunnels);
    g_test_add_func("/decoder/other-frames", test_other_frames);
    g_test_add_func("/decoder/payload-lengths", test_payload_lengths);
    g_test_add_func("/decoder/options-that-the-capture-cuts", test_options_that_the_capture_cuts);
    g_test_add_func("/decoder/nesting-is-bounded", test_nesting_is_bounded);
    g_test_add_func("/decoder/cut-before-the-tcp-header", test_cut_before_the_tcp_header);
    g_test_add_func("/decoder/original-length-below-the-captured-one",
                    test_original_length_below_the_captured_one);
    return g_test_run();
}
