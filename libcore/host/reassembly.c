/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/reassembly.h"

#include <glib.h>

static void push(TwinReassembly *self, TwinSpan span)
{
    size_t at = self->n_spans++;
    while (at > 0 && self->spans[(at - 1) / 2].begin > span.begin) {
        self->spans[at] = self->spans[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    self->spans[at] = span;
}

static void pop(TwinReassembly *self)
{
    const TwinSpan last = self->spans[--self->n_spans];
    size_t at = 0;
    for (size_t child = 1; child < self->n_spans; child = 2 * at + 1) {
        if (child + 1 < self->n_spans && self->spans[child + 1].begin < self->spans[child].begin) {
            child++;
        }
        if (self->spans[child].begin >= last.begin) {
            break;
        }
        self->spans[at] = self->spans[child];
        at = child;
    }
    self->spans[at] = last;
}

void twin_reassembly_take(TwinReassembly *self, int64_t begin, int64_t end)
{
    if (begin > self->next) {
        push(self, (TwinSpan){begin, end});
        return;
    }
    self->next = MAX(self->next, end);
    while (self->n_spans > 0 && self->spans[0].begin <= self->next) {
        self->next = MAX(self->next, self->spans[0].end);
        pop(self);
    }
}
