/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/fragments.h"

#include <string.h>

enum {
    UNIT_BYTES = 8, /* what offsets count in */
    MAX_BYTES = 65536,
    N_UNITS = MAX_BYTES / UNIT_BYTES,
    WORD_BITS = 64,
};

static const int64_t timeout_ns = INT64_C(30000000000);

/* A datagram on its way; about 1.6 kB. */
typedef struct {
    TwinDatagramKey key;
    TwinDatagramHeader header;
    int64_t first_ns;
    uint64_t order;                      /* rises with each datagram begun */
    size_t n_bytes;                      /* 0: the last fragment was not seen */
    uint64_t n_fragments;                /* 0: this place is free */
    uint64_t units[N_UNITS / WORD_BITS]; /* which 8 bytes were on the wire */
    uint8_t head[TWIN_DATAGRAM_HEAD_BYTES];
    bool has_head[TWIN_DATAGRAM_HEAD_BYTES]; /* which of them were captured */
} Datagram;

struct TwinFragments {
    Datagram *datagrams; /* TWIN_MAX_DATAGRAMS of them; NULL until the first fragment */
    uint64_t order;
    uint64_t n_given_up;
    uint8_t whole[TWIN_DATAGRAM_HEAD_BYTES];
};

TwinFragments *twin_fragments_new(void)
{
    return g_new0(TwinFragments, 1);
}

void twin_fragments_free(TwinFragments *self)
{
    if (self != NULL) {
        g_free(self->datagrams);
        g_free(self);
    }
}

static void give_up(TwinFragments *self, Datagram *datagram)
{
    self->n_given_up += datagram->n_fragments;
    datagram->n_fragments = 0;
}

/* The datagram of the fragment; a free place, or the oldest one's, where it is the first. */
static Datagram *find_datagram(TwinFragments *self, const TwinFragment *fragment)
{
    Datagram *place = &self->datagrams[0];
    for (size_t i = 0; i < TWIN_MAX_DATAGRAMS; i++) {
        Datagram *datagram = &self->datagrams[i];
        if (datagram->n_fragments > 0 && fragment->time_ns - datagram->first_ns > timeout_ns) {
            give_up(self, datagram);
        }
        if (datagram->n_fragments > 0 &&
            memcmp(&datagram->key, &fragment->key, sizeof fragment->key) == 0) {
            return datagram;
        }
        if (place->n_fragments > 0 &&
            (datagram->n_fragments == 0 || datagram->order < place->order)) {
            place = datagram;
        }
    }
    give_up(self, place);
    *place =
        (Datagram){.key = fragment->key, .first_ns = fragment->time_ns, .order = self->order++};
    return place;
}

static size_t units_of(size_t n_bytes)
{
    return (n_bytes + UNIT_BYTES - 1) / UNIT_BYTES;
}

static void mark_units(Datagram *datagram, const TwinFragment *fragment)
{
    const size_t end = units_of(fragment->offset + fragment->n_bytes);
    for (size_t unit = fragment->offset / UNIT_BYTES; unit < end; unit++) {
        datagram->units[unit / WORD_BITS] |= UINT64_C(1) << unit % WORD_BITS;
    }
}

/* Every unit up to the end was seen; what a liar sent beyond it does not count. */
static bool is_whole(const Datagram *datagram)
{
    const size_t end = units_of(datagram->n_bytes);
    for (size_t unit = 0; unit < end; unit++) {
        if ((datagram->units[unit / WORD_BITS] >> unit % WORD_BITS & 1) == 0) {
            return false;
        }
    }
    return end > 0;
}

/* Keeps those of the fragment's captured bytes that belong to the head and were not there yet. */
static void keep_head(Datagram *datagram, const TwinFragment *fragment)
{
    for (size_t i = 0; i < fragment->bytes.left; i++) {
        const size_t at = fragment->offset + i;
        if (at >= TWIN_DATAGRAM_HEAD_BYTES) {
            break;
        }
        if (!datagram->has_head[at]) {
            datagram->head[at] = fragment->bytes.at[i];
            datagram->has_head[at] = true;
        }
    }
}

/* How many of the datagram's first bytes are there without a gap. */
static size_t head_bytes(const Datagram *datagram)
{
    size_t n_bytes = 0;
    while (n_bytes < TWIN_DATAGRAM_HEAD_BYTES && n_bytes < datagram->n_bytes &&
           datagram->has_head[n_bytes]) {
        n_bytes++;
    }
    return n_bytes;
}

bool twin_fragments_add(TwinFragments *self, const TwinFragment *fragment, TwinDatagram *whole_out)
{
    g_return_val_if_fail(fragment->offset % UNIT_BYTES == 0, false);
    if (fragment->n_bytes > MAX_BYTES || fragment->offset > MAX_BYTES - fragment->n_bytes) {
        self->n_given_up++; /* it would end beyond the largest datagram */
        return false;
    }
    if (self->datagrams == NULL) {
        self->datagrams = g_new0(Datagram, TWIN_MAX_DATAGRAMS);
    }
    Datagram *datagram = find_datagram(self, fragment);
    datagram->n_fragments++;
    if (fragment->offset == 0) {
        datagram->header = fragment->header;
    }
    if (!fragment->has_more && datagram->n_bytes == 0) {
        datagram->n_bytes = fragment->offset + fragment->n_bytes;
    }
    mark_units(datagram, fragment);
    keep_head(datagram, fragment);
    if (!is_whole(datagram)) {
        return false;
    }
    memcpy(self->whole, datagram->head, sizeof self->whole);
    *whole_out = (TwinDatagram){
        .header = datagram->header,
        .n_bytes = datagram->n_bytes,
        .bytes = twin_cursor(self->whole, head_bytes(datagram)),
    };
    datagram->n_fragments = 0;
    return true;
}

uint64_t twin_fragments_n_lost(const TwinFragments *self)
{
    uint64_t n_lost = self->n_given_up;
    for (size_t i = 0; self->datagrams != NULL && i < TWIN_MAX_DATAGRAMS; i++) {
        n_lost += self->datagrams[i].n_fragments;
    }
    return n_lost;
}
