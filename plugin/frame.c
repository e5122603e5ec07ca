/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <epan/conversation.h>
#include <epan/dissectors/packet-tcp.h>

static const int64_t second_ns = 1000000000;

/* No link type that is read: libflowtwin counts such frames. */
static const uint32_t unknown_link = G_MAXUINT32;

/*
 * Wiretap's encapsulations as LINKTYPE_… of www.tcpdump.org/linktypes.html; wiretap has such a
 * table and does not export it. Where wiretap takes a header off (the direction of
 * LINKTYPE_PPP_PPPD, for example) it is the type without it.
 */
static const struct {
    int encapsulation;
    uint32_t link_type;
} link_table[] = {
    {WTAP_ENCAP_ETHERNET, 1},      {WTAP_ENCAP_SLL, 113},      {WTAP_ENCAP_SLL2, 276},
    {WTAP_ENCAP_RAW_IP, 101},      {WTAP_ENCAP_RAW_IP4, 228},  {WTAP_ENCAP_RAW_IP6, 229},
    {WTAP_ENCAP_NULL, 0},          {WTAP_ENCAP_LOOP, 108},     {WTAP_ENCAP_PPP, 9},
    {WTAP_ENCAP_PPP_WITH_PHDR, 9}, {WTAP_ENCAP_PPP_ETHER, 51}, {WTAP_ENCAP_CHDLC, 104},
};

static uint32_t link_type_of(int encapsulation)
{
    for (size_t i = 0; i < G_N_ELEMENTS(link_table); i++) {
        if (link_table[i].encapsulation == encapsulation) {
            return link_table[i].link_type;
        }
    }
    return unknown_link;
}

bool twin_frame_of(const packet_info *pinfo, tvbuff_t *tvb, TwinFrame *frame_out)
{
    if (pinfo->rec == NULL || pinfo->rec->rec_type != REC_TYPE_PACKET) {
        return false;
    }
    const wtap_packet_header *header = &pinfo->rec->rec_header.packet_header;
    const guint captured_bytes = tvb_captured_length(tvb);
    *frame_out = (TwinFrame){
        .time_ns = (int64_t)pinfo->abs_ts.secs * second_ns + pinfo->abs_ts.nsecs,
        .link_type = link_type_of(header->pkt_encap),
        .captured_bytes = captured_bytes,
        .original_bytes = header->len,
        .bytes = captured_bytes > 0 ? tvb_get_ptr(tvb, 0, (int)captured_bytes) : NULL,
    };
    return true;
}

bool twin_frame_of_record(const wtap_rec *record, const uint8_t *bytes, const nstime_t *time,
                          TwinFrame *frame_out)
{
    if (record->rec_type != REC_TYPE_PACKET) {
        return false;
    }
    const wtap_packet_header *header = &record->rec_header.packet_header;
    *frame_out = (TwinFrame){
        .time_ns = (int64_t)time->secs * second_ns + time->nsecs,
        .link_type = link_type_of(header->pkt_encap),
        .captured_bytes = header->caplen,
        .original_bytes = header->len,
        .bytes = bytes,
    };
    return true;
}

uint32_t twin_stream_of(packet_info *pinfo)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    return conversation != NULL ? get_tcp_conversation_data(conversation, pinfo)->stream
                                : UINT32_MAX;
}
