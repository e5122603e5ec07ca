/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/dialogue.h"

#include "base/array.h"

#include <glib.h>

static bool reserve(TwinDialogue *self, size_t n)
{
    void *items = self->turns;
    const bool is_roomy = twin_array_reserve(&items, &self->turns_room, n, sizeof *self->turns);
    self->turns = items;
    return is_roomy;
}

bool twin_dialogue_set(TwinDialogue *self, const TwinWrite *writes, size_t n_writes)
{
    self->writes = writes;
    self->n_writes = 0;
    if (n_writes >= INT32_MAX || !reserve(self, n_writes + 1)) {
        return false;
    }
    uint64_t before[2] = {0, 0};
    for (size_t i = 0; i <= n_writes; i++) {
        const bool goes_on = i > 0 && i < n_writes && writes[i].side == writes[i - 1].side;
        self->turns[i] = (TwinDialogueTurn){
            .run_first = goes_on ? self->turns[i - 1].run_first : (uint32_t)i,
            .segments_before = {before[0], before[1]},
        };
        if (i < n_writes) {
            before[writes[i].side & 1] += writes[i].n_segments;
        }
    }
    self->turns[n_writes].run_end = (uint32_t)n_writes;
    for (size_t i = n_writes; i-- > 0;) {
        const bool goes_on = i + 1 < n_writes && writes[i].side == writes[i + 1].side;
        self->turns[i].run_end = goes_on ? self->turns[i + 1].run_end : (uint32_t)(i + 1);
    }
    self->n_writes = n_writes;
    return true;
}

void twin_dialogue_clear(TwinDialogue *self)
{
    g_free(self->turns);
    *self = (TwinDialogue){.writes = NULL};
}

size_t twin_dialogue_next(const TwinDialogue *self, unsigned side, size_t from)
{
    if (from >= self->n_writes || self->writes[from].side == side) {
        return MIN(from, self->n_writes);
    }
    return self->turns[from].run_end;
}

ptrdiff_t twin_dialogue_previous(const TwinDialogue *self, unsigned side, size_t end)
{
    const size_t last = MIN(end, self->n_writes);
    if (last == 0 || self->writes[last - 1].side == side) {
        return (ptrdiff_t)last - 1;
    }
    return (ptrdiff_t)self->turns[last - 1].run_first - 1;
}

uint64_t twin_dialogue_segments(const TwinDialogue *self, unsigned side, size_t from, size_t end)
{
    if (from >= end || end > self->n_writes) {
        return 0;
    }
    return self->turns[end].segments_before[side] - self->turns[from].segments_before[side];
}
