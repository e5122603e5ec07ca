/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label.h"

enum { MAX_RANK = G_MAXUINT8 };

/*
 * Protocols that carry others, which then are what the flow is for; NULL: any but the contents
 * below. Whatever else stands above an application's protocol is what it talks about: JSON in HTTP
 * is HTTP.
 */
static const struct {
    const char *carrier;
    const char *carried;
} carrier_table[] = {
    {"tls", NULL},   {"nbss", NULL},  {"tpkt", NULL},  {"cotp", NULL},        {"ses", NULL},
    {"socks", NULL}, {"http", "tls"}, {"http", "ssh"}, {"http", "websocket"},
};

/* No protocols of their own, wherever they stand: bytes that nobody knows, certificates. */
static const char *const content_table[] = {
    "ber",           "data",          "flowtwin",      "media",  "ocsp",   "pkcs-1", "pkcs10",
    "pkix1explicit", "pkix1implicit", "pkixqualified", "x509af", "x509ce", "x509if", "x509sat",
};

/* Wireshark numbers protocols when it starts: these are constant from then on. */
static struct {
    int tcp;
    int carriers[G_N_ELEMENTS(carrier_table)];
    int carried[G_N_ELEMENTS(carrier_table)]; /* 0: any */
    int contents[G_N_ELEMENTS(content_table)];
} known; // NOLINT(*-avoid-non-const-global-variables)

void twin_label_init(void)
{
    known.tcp = proto_get_id_by_filter_name("tcp");
    for (size_t i = 0; i < G_N_ELEMENTS(carrier_table); i++) {
        const char *carried = carrier_table[i].carried;
        known.carriers[i] = proto_get_id_by_filter_name(carrier_table[i].carrier);
        known.carried[i] = carried != NULL ? proto_get_id_by_filter_name(carried) : 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(content_table); i++) {
        known.contents[i] = proto_get_id_by_filter_name(content_table[i]);
    }
}

static bool is_content(int protocol)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known.contents); i++) {
        if (known.contents[i] == protocol) {
            return true;
        }
    }
    return false;
}

static bool carries(int protocol, int above)
{
    for (size_t i = 0; i < G_N_ELEMENTS(carrier_table); i++) {
        if (known.carriers[i] == protocol && (known.carried[i] == 0 || known.carried[i] == above)) {
            return true;
        }
    }
    return protocol == known.tcp;
}

TwinLabel twin_label_of(const packet_info *pinfo)
{
    int label = 0;
    unsigned rank = 0;
    bool is_at_end = true;
    for (const wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer != NULL;
         layer = wmem_list_frame_next(layer)) {
        const int protocol = GPOINTER_TO_INT(wmem_list_frame_data(layer));
        if (protocol == known.tcp) { /* of a tunnel, the innermost */
            label = protocol;
            rank = 1;
            is_at_end = false;
        } else if (!is_at_end && protocol != label) {
            is_at_end = rank == MAX_RANK || !carries(label, protocol) || is_content(protocol);
            label = is_at_end ? label : protocol;
            rank += is_at_end ? 0 : 1;
        }
    }
    return (TwinLabel){
        .name = rank > 0 ? proto_get_protocol_filter_name(label) : NULL,
        .rank = (uint8_t)rank,
    };
}
