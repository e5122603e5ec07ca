/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_TWIN_CASE_H
#define FLOWTWIN_TESTS_TWIN_CASE_H

#include "host/plan.h"
#include "model/twin_tables.h"

/*
 * The smallest model there is: trees of one node, so that whatever could ever happen is drawn at
 * any time, and evidence alone makes a flow of it. Static, nothing to be freed.
 */
const TwinTables *twin_case_tables(void);

/** A plan of a whole flow with @writes: handshake, data, FINs, and every second data packet
 *  acknowledged by a pure ACK. */
TwinExchangePlan twin_case_plan(const TwinWrite *writes, size_t n_writes);

/** Plans losses: segments of @side lost after and before the capture, and missed by it. */
void twin_case_lose(TwinExchangePlan *plan, unsigned side, unsigned n_lost, unsigned n_hidden,
                    unsigned n_missed);

/**
 * Asserts what no drawn exchange may break, whatever was planned: causes before effects, first in
 * first out, echoes of what had arrived.
 */
void twin_case_assert_causal(const TwinExchange *exchange);

/** And what none may that begins with a SYN and loses little: acknowledgements of what had arrived
 *  in order and nothing else. */
void twin_case_assert_sound(const TwinExchange *exchange);

/** How many numbers of @side have arrived in order at its peer in the end. */
int64_t twin_case_arrived(const TwinExchange *exchange, unsigned side);

#endif
