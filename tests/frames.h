/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_FRAMES_H
#define FLOWTWIN_TESTS_FRAMES_H

#include <flowtwin/frame.h>

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/** A TCP packet as a test writes it down; what is 0 or NULL takes the value that is said. */
typedef struct {
    int64_t time_ns;
    const char *source;        /* "192.0.2.1" or "2001:db8::1"; NULL: 192.0.2.1 */
    const char *destination;   /* of the same kind; NULL: 192.0.2.2 */
    uint16_t source_port;      /* 0: 40000 */
    uint16_t destination_port; /* 0: 80 */
    uint16_t flags;            /* TWIN_TCP_… */
    uint16_t window;
    uint32_t seq;
    uint32_t ack;
    uint32_t payload_bytes;
    uint16_t ip_id;
    uint8_t ttl;            /* 0: 64 */
    uint8_t option_bytes;   /* at most 40; filled up with NOP to a multiple of 4 */
    const uint8_t *options; /* as they stand on the wire */
} TwinTestPacket;

/** Longest frame that twin_test_frame() writes: Ethernet, IPv6 and TCP headers. */
#define TWIN_TEST_FRAME_BYTES (14 + 40 + 60)

/**
 * Composes an Ethernet frame with right lengths and checksums, captured to the end of its TCP
 * header: the payload, zeros, is in the original length alone.
 *
 * MACs are 02:00:00:00:00:01 and :02; the host with the lower address has the first.
 *
 * @param bytes_out what the frame's bytes are written to
 * @return a frame that borrows @bytes_out
 */
TwinFrame twin_test_frame(const TwinTestPacket *packet, uint8_t bytes_out[TWIN_TEST_FRAME_BYTES]);

/** A frame of any kind around bytes that the caller keeps; captured whole. */
TwinFrame twin_test_raw_frame(uint32_t link_type, const uint8_t *bytes, size_t n_bytes);

/**
 * Turns hexadecimal digits, with blanks between them as one likes, into bytes.
 *
 * @return how many bytes; a test fails that has more than @room
 */
size_t twin_test_hex(const char *hex, uint8_t *bytes_out, size_t room);

/** Writes a temporary file; (transfer full) its path, for twin_test_remove(). */
char *twin_test_file(const void *bytes, size_t n_bytes);

/** The packets as a temporary nanosecond pcap file; (transfer full) its path, likewise. */
char *twin_test_capture(const TwinTestPacket *packets, size_t n_packets);

/** Removes a temporary file and frees its path; NULL is allowed. */
void twin_test_remove(char *path);

#endif
