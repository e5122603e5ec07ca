/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/check.h>

#include "audit/packed.h"
#include "flow/connection.h"
#include "fuzz.h"
#include "packet/tcp.h"

#include <glib.h>
#include <string.h>

/* Four bytes a packet: side and flags, steps of seq and ack from what would come next, payload,
 * time and what is said of the packet. */
enum {
    PACKET_BYTES = 4,
    MAX_PACKETS = 64,
};

static const int32_t steps[16] = {
    0,     0,     0,      1,      -1,      40,      -40,           1000,
    -1000, 70000, -70000, 900000, -900000, 1 << 30, (1 << 30) + 1, INT32_MIN,
};
static const uint32_t gaps_us[8] = {0, 10, 3000, 3001, 200001, 900000, 1000001, 5000000};
static const uint8_t marks[4] = {0, TWIN_PACKET_WINDOW_SCALE, TWIN_PACKET_CUT_OPTIONS,
                                 TWIN_PACKET_UNSURE_PAYLOAD};

static TwinPacket read_packet(const uint8_t *bytes, unsigned side, uint32_t next[2],
                              int64_t *time_ns)
{
    *time_ns += (int64_t)gaps_us[bytes[3] & 7] * ((bytes[3] & 8) != 0 ? -1000 : 1000);
    TwinPacket packet = {
        .bits = (uint8_t)(marks[bytes[3] >> 4 & 3] | (side == 1 ? TWIN_PACKET_FROM_SECOND : 0)),
        .flags = bytes[0] >> 1 & (TWIN_TCP_FIN | TWIN_TCP_SYN | TWIN_TCP_RST | TWIN_TCP_ACK),
        .seq = next[side] + (uint32_t)steps[bytes[1] & 15],
        .ack = next[1 - side] + (uint32_t)steps[bytes[1] >> 4],
        .payload_bytes = bytes[2] & 63,
        .window = (uint16_t)(bytes[2] << 8),
        .window_shift = 7,
        .time_ns = *time_ns,
    };
    if ((packet.flags & TWIN_TCP_RST) == 0) {
        next[side] = packet.seq + packet.payload_bytes +
                     ((packet.flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0 ? 1 : 0);
    }
    return packet;
}

/* Packets up to where the flow table would begin another flow. */
static size_t read_flow(const uint8_t *bytes, size_t n_bytes, TwinPacket packets[MAX_PACKETS])
{
    uint32_t next[2] = {UINT32_MAX - 20, 5000};
    int64_t time_ns = 0;
    TwinConnection connection = {.bits = 0};
    size_t n_packets = 0;
    unsigned first = 0;
    for (; n_packets < MAX_PACKETS && n_bytes >= PACKET_BYTES; n_packets++) {
        TwinPacket *packet = &packets[n_packets];
        first = n_packets == 0 ? bytes[0] & 1U : first; /* side 0 sent the first packet */
        *packet = read_packet(bytes, (bytes[0] & 1U) ^ first, next, &time_ns);
        if (twin_connection_is_reopened_by(&connection, packet)) {
            break;
        }
        twin_connection_update(&connection, packet);
        bytes += PACKET_BYTES;
        n_bytes -= PACKET_BYTES;
    }
    return n_packets;
}

/* What was final stands. */
static void compare_final(const TwinVerdict before[TWIN_N_CHECKS],
                          const TwinVerdict after[TWIN_N_CHECKS])
{
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_true(!before[check].is_final ||
                      memcmp(&before[check], &after[check], sizeof *before) == 0);
    }
}

static void audit(TwinReading reading, const TwinPacket *packets, size_t n_packets,
                  TwinVerdict verdicts_out[TWIN_N_CHECKS])
{
    g_autoptr(TwinAudit) self = twin_audit_new(reading);
    TwinVerdict before[TWIN_N_CHECKS] = {{.is_final = false}};
    for (size_t i = 0; i < n_packets; i++) {
        twin_audit_packet(self, &packets[i]);
        twin_audit_verdicts(self, false, verdicts_out);
        compare_final(before, verdicts_out);
        memcpy(before, verdicts_out, sizeof before);
    }
    twin_audit_verdicts(self, true, verdicts_out);
    compare_final(before, verdicts_out);
}

/* A SPAN port's copies change no exact verdict. */
static void compare_doubled(const TwinPacket *packets, size_t n_packets,
                            const TwinVerdict verdicts[TWIN_N_CHECKS])
{
    TwinPacket doubled[2 * MAX_PACKETS];
    for (size_t i = 0; i < n_packets; i++) {
        doubled[2 * i] = doubled[2 * i + 1] = packets[i];
    }
    TwinVerdict again[TWIN_N_CHECKS];
    audit(TWIN_READING_EXACT, doubled, 2 * n_packets, again);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_true(again[check].passes == verdicts[check].passes);
        g_assert_true(again[check].is_decided == verdicts[check].is_decided);
    }
}

/* An audit that is packed and unpacked after every packet comes to the same verdicts at each. */
static void compare_packed(const TwinPacket *packets, size_t n_packets)
{
    TwinAudit begun;
    twin_audit_begin_packing(&begun);
    TwinAudit packed = begun;
    TwinAudit whole = begun;
    for (size_t i = 0; i < n_packets; i++) {
        uint8_t bytes[TWIN_PACKED_MAX_BYTES];
        TwinVerdict verdicts[2][TWIN_N_CHECKS];
        twin_audit_packet(&packed, &packets[i]);
        twin_audit_packet(&whole, &packets[i]);
        g_assert_true(twin_audit_pack(&packed, &begun, bytes) <= sizeof bytes);
        twin_audit_unpack(&packed, &begun, bytes);
        twin_audit_verdicts(&packed, true, verdicts[0]);
        twin_audit_verdicts(&whole, true, verdicts[1]);
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            g_assert_true(verdicts[0][check].passes == verdicts[1][check].passes);
            g_assert_true(verdicts[0][check].is_decided == verdicts[1][check].is_decided);
            g_assert_true(verdicts[0][check].reason == verdicts[1][check].reason);
            g_assert_true(verdicts[0][check].packet == verdicts[1][check].packet);
        }
        g_assert_true(strcmp(packed.history, whole.history) == 0);
        g_assert_true(twin_audit_is_midway(&packed) == twin_audit_is_midway(&whole));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    TwinPacket packets[MAX_PACKETS] = {{.time_ns = 0}};
    const size_t n_packets = read_flow(bytes, n_bytes, packets);
    TwinVerdict verdicts[TWIN_N_CHECKS];
    audit(TWIN_READING_LITERAL, packets, n_packets, verdicts);
    audit(TWIN_READING_EXACT, packets, n_packets, verdicts);
    compare_doubled(packets, n_packets, verdicts);
    compare_packed(packets, n_packets);
    for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
        g_assert_true(verdicts[check].is_final);
        g_assert_true(!verdicts[check].passes || verdicts[check].packet == UINT32_MAX);
    }
    return 0;
}
