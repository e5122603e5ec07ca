/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_EVENTS_H
#define FLOWTWIN_HOST_EVENTS_H

#include "host/exchange.h"

typedef enum {
    TWIN_EVENT_START,   /* the host begins; first of all, once for each */
    TWIN_EVENT_SEND,    /* sends packet */
    TWIN_EVENT_ARRIVAL, /* packet arrives */
} TwinEventKind;

/** What happens at one host. */
typedef struct {
    int64_t time_ns; /* by the hosts' common clock: 0 is when the capture saw the first packet */
    uint32_t packet; /* index in the exchange; UINT32_MAX for TWIN_EVENT_START */
    uint8_t host;    /* where: the sender for SEND, its peer for ARRIVAL */
    uint8_t kind;    /* TwinEventKind */
} TwinEvent;

/**
 * Walks the local events of both hosts of an exchange in order of time; ties go to the earlier
 * packet, and its send before its arrival. Borrows the exchange. A plain value: copying it is a
 * bookmark.
 *
 * Rests on what inference promises: sent_ns and arrived_ns of a side never fall from packet to
 * packet, but for packets that never arrive.
 */
typedef struct {
    const TwinExchange *exchange;
    int64_t time_ns[4]; /* of the next send of side 0, 1; arrival of a packet of side 0, 1 */
    uint32_t next[4];   /* its packet */
    uint8_t n_starts;   /* still to come */
} TwinEvents;

/**
 * Both hosts start 1 ns before the first packet of the exchange is sent; its sender comes first. (A
 * capture that begins midway may have seen it after what its peer had sent even earlier; starts
 * come first all the same.)
 */
void twin_events_init(TwinEvents *self, const TwinExchange *exchange);

/** @return false at the end. Constant time on average, no allocation. */
bool twin_events_next(TwinEvents *self, TwinEvent *event_out);

#endif
