/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_DIALOGUE_H
#define FLOWTWIN_HOST_DIALOGUE_H

#include "host/exchange.h"

/** What is to be known of a write beside itself: 24 bytes each. */
typedef struct {
    uint32_t run_first;          /* of the writes of one side in a row that it is in: the first */
    uint32_t run_end;            /* … and one beyond the last */
    uint64_t segments_before[2]; /* of side 0, of side 1 in all writes before it */
} TwinDialogueTurn;

/**
 * The writes of a flow with an index, so that what comes next on either side is found in constant
 * time however long the dialogue is. Borrows the writes, owns the index; reused from flow to flow.
 */
typedef struct {
    const TwinWrite *writes;
    TwinDialogueTurn *turns; /* n_writes + 1: the last one stands after all of them */
    size_t n_writes;
    size_t turns_room;
} TwinDialogue;

/**
 * Indexes @writes, which must stand until the next call.
 *
 * @param self zeroed before the first use
 * @return false when memory is out; @self then has no writes
 */
bool twin_dialogue_set(TwinDialogue *self, const TwinWrite *writes, size_t n_writes);

/** Frees the index. */
void twin_dialogue_clear(TwinDialogue *self);

/** The first write of @side at @from or later; n_writes where there is none. */
size_t twin_dialogue_next(const TwinDialogue *self, unsigned side, size_t from);

/** The last write of @side before @end; −1 where there is none. */
ptrdiff_t twin_dialogue_previous(const TwinDialogue *self, unsigned side, size_t end);

/** How many segments @side has in writes @from … @end − 1. */
uint64_t twin_dialogue_segments(const TwinDialogue *self, unsigned side, size_t from, size_t end);

#endif
