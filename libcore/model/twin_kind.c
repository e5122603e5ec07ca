/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_kind.h"

#include <glib.h>

uint32_t twin_kind_code(const TwinHostPacket *packet)
{
    return (packet->flags & 0xfffU) << 4 | (packet->move & 7U) << 1 |
           (packet->payload_bytes > 0 ? 1U : 0U);
}

TwinPacketKind twin_kind_of_code(uint32_t code)
{
    return (TwinPacketKind){
        .flags = (uint16_t)(code >> 4 & 0xfff),
        .move = code >> 1 & 7,
        .has_payload = (code & 1) != 0,
    };
}

void twin_kind_table_init(TwinKindTable *self, const TwinPacketKind *kinds, size_t n_kinds)
{
    self->n_kinds = n_kinds;
    self->of_code = g_new(uint16_t, TWIN_N_KIND_CODES);
    for (size_t c = 0; c < TWIN_N_KIND_CODES; c++) {
        self->of_code[c] = (uint16_t)n_kinds;
    }
    for (size_t k = 0; k < n_kinds; k++) {
        const TwinHostPacket packet = {
            .flags = kinds[k].flags,
            .move = kinds[k].move,
            .payload_bytes = kinds[k].has_payload ? 1 : 0,
        };
        self->of_code[twin_kind_code(&packet)] = (uint16_t)k;
    }
}

void twin_kind_table_clear(TwinKindTable *self)
{
    g_clear_pointer(&self->of_code, g_free);
}

void twin_kind_table_set(const TwinKindTable *self, TwinExchange *exchange)
{
    for (size_t k = 0; k < exchange->n_packets; k++) {
        exchange->packets[k].kind = self->of_code[twin_kind_code(&exchange->packets[k])];
    }
}
