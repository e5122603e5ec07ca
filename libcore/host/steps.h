/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_STEPS_H
#define FLOWTWIN_HOST_STEPS_H

#include "host/events.h"
#include "host/exchange.h"
#include "host/inference.h"
#include "host/reassembly.h"

/* The steps of inference, one a .c file; private to host/. Each step's docstring says what of the
 * exchange must be known before. All return false where memory is out. */

/** The timestamps option of a captured packet; at its record. */
typedef struct {
    uint32_t value, echo;
    bool is_there;
} TwinStamp;

/** A packet that was not captured, and where it belongs. */
typedef struct {
    TwinHostPacket packet;
    uint32_t before; /* index of the packet that it is put before; how many there are: at the end */
    uint32_t order;  /* the lower comes first where times are equal */
} TwinInferred;

struct TwinInferenceScratch {
    TwinExchange other; /* the same flow in another reading */
    TwinStamp *stamps;
    size_t stamps_room;
    TwinInferred *inferred; /* what a step will insert */
    size_t n_inferred, inferred_room;
    size_t n_agains[2]; /* packets of each side that were sent again */
    uint8_t *block;     /* of the step at work */
    size_t block_room, block_used;
};

/** A packet that was sent again: where it begins. */
typedef struct {
    int64_t seq;
    uint32_t packet;
} TwinAgain;

/** A half longer than this is somebody thinking, not a path. */
#define TWIN_MOST_HALF_NS INT64_C(750000000)

/** No path holds a packet for longer. */
#define TWIN_MOST_HELD_NS INT64_C(1000000000)

/** Numbers further away belong to another number space. */
#define TWIN_MOST_STEP (INT64_C(1) << 24)

/** Forgets what the last step had taken; @bytes can be taken then. */
bool twin_scratch_reserve(TwinInferenceScratch *self, size_t bytes);

/** @n items, not cleared, of a size that is a multiple of their alignment. */
void *twin_scratch_take(TwinInferenceScratch *self, size_t n, size_t item_bytes);

/** Bytes that twin_scratch_take() takes. */
static inline size_t twin_scratch_bytes(size_t n, size_t item_bytes)
{
    return (n * item_bytes + 7) / 8 * 8;
}

/** A packet more to insert, zeroed but for its record, −1; NULL when memory is out. */
TwinInferred *twin_scratch_infer(TwinInferenceScratch *self);

/** Puts what is to be inserted, which is in order of before, where it belongs. */
bool twin_exchange_insert(TwinExchange *self, TwinInferenceScratch *scratch);

/** The moves of all packets; @is_strict: what takes no number has to have the next one. */
void twin_infer_moves(TwinExchange *self, TwinInferenceScratch *scratch, bool is_strict);

/** The packets of @side that were sent again, in order of seq, then of time; @agains_out has room
 *  for scratch->n_agains[side]. Needs moves. */
void twin_infer_agains(const TwinExchange *self, const TwinInferenceScratch *scratch, unsigned side,
                       TwinAgain *agains_out);

/** The first of @agains at or after (@seq, @packet); their number where there is none. */
size_t twin_again_find(const TwinAgain *agains, size_t n_agains, int64_t seq, uint32_t packet);

/** half_ns of both sides. Needs moves. */
bool twin_infer_halves(TwinExchange *self, TwinInferenceScratch *scratch);

/** Puts in bytes that no captured packet holds. Needs moves and halves; moves must be found again.
 */
bool twin_infer_missed(TwinExchange *self, TwinInferenceScratch *scratch);

/** sent, nominal, arrived, held, fate. Needs halves, strict moves and what was missed. */
bool twin_infer_arrivals(TwinExchange *self, TwinInferenceScratch *scratch);

/** Puts in what was lost before the capture and sent again later. Needs arrivals. */
bool twin_infer_hidden(TwinExchange *self, TwinInferenceScratch *scratch);

/** Writes; write and back of packets, odd_by, rst_by, is_sent_again. Needs hidden ones. */
bool twin_infer_writes(TwinExchange *self, TwinInferenceScratch *scratch);

/** How acknowledgements stand. */
typedef struct {
    size_t n_acks; /* captured packets with ACK */
    size_t n_odd;  /* … that are not exact */
} TwinAccounts;

/** ack_manner, ack_by, delay_ns, delay_class, edge: a pass over events. Needs all of the above. */
bool twin_infer_accounts(TwinExchange *self, TwinInferenceScratch *scratch,
                         TwinAccounts *accounts_out);

/** What delays are measured from. */
typedef struct {
    int64_t last_ns[2]; /* each host's last event */
    int32_t begun[2];   /* the last write that each side has begun; −1 at first */
} TwinDelays;

/** Takes an event: a packet that is sent learns its delay, class and edge. */
void twin_delays_take(TwinDelays *self, TwinExchange *exchange, const TwinEvent *event);

/** Where a side's packet ends in its number space. */
static inline int64_t twin_packet_end(const TwinHostPacket *packet)
{
    return packet->seq + packet->size;
}

static inline bool twin_packet_is(const TwinHostPacket *packet, unsigned flags)
{
    return (packet->flags & flags) != 0;
}

#endif
