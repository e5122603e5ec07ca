/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_MODEL_TWIN_KIND_H
#define FLOWTWIN_MODEL_TWIN_KIND_H

#include "host/exchange.h"
#include "model/twin_tables.h"

enum { TWIN_N_KIND_CODES = 1 << 16 }; /* flags (12 bits) × move (3) × payload or not */

/** What a packet's kind is numbered by, below TWIN_N_KIND_CODES. */
uint32_t twin_kind_code(const TwinHostPacket *packet);

/** The kind of a code. */
TwinPacketKind twin_kind_of_code(uint32_t code);

/** From packets to kinds. */
typedef struct {
    uint16_t *of_code; /* TWIN_N_KIND_CODES; n_kinds for those that no flow had. Owned */
    size_t n_kinds;
} TwinKindTable;

void twin_kind_table_init(TwinKindTable *self, const TwinPacketKind *kinds, size_t n_kinds);
void twin_kind_table_clear(TwinKindTable *self);

/** Sets the kind of each packet of an exchange. */
void twin_kind_table_set(const TwinKindTable *self, TwinExchange *exchange);

#endif
