/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_FRAME_H
#define FLOWTWIN_PLUGIN_FRAME_H

#include <flowtwin/frame.h>

#include "compat.h"

/**
 * The packet's whole frame as libflowtwin takes it.
 *
 * @param tvb       of the whole frame: a post-dissector's, or epan_dissect_t.tvb
 * @param frame_out borrows its bytes from @tvb
 * @return false where the record is no packet (a system call, a log line, …)
 */
bool twin_frame_of(const packet_info *pinfo, tvbuff_t *tvb, TwinFrame *frame_out);

/**
 * A record that was read again as libflowtwin takes it.
 *
 * @param bytes     what was captured; borrowed by @frame_out
 * @param time      of the packet, as Wireshark shows it
 */
bool twin_frame_of_record(const wtap_rec *record, const uint8_t *bytes, const nstime_t *time,
                          TwinFrame *frame_out);

/** tcp.stream of a packet that has a TCP layer; UINT32_MAX: Wireshark knows none. */
uint32_t twin_stream_of(packet_info *pinfo);

#endif
