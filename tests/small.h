/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_TESTS_SMALL_H
#define FLOWTWIN_TESTS_SMALL_H

#include <flowtwin/model.h>

#include "frames.h"

/** Adds the packets of a conversation: handshake, @n_requests of 100 bytes with answers of 1,000,
 *  both FINs. A packet every millisecond from @start_ns on; TwinTestPacket rows. */
void twin_test_add_conversation(GArray *packets, const TwinTestPacket *opening,
                                unsigned n_requests);

/** Finished flows of @packets, in their order; @label is pushed with each where it is not NULL. */
TwinFlows *twin_test_flows(const TwinTestPacket *packets, size_t n_packets, const char *label);

/** Twelve flows of three IPv4 clients and one IPv6 client with two servers each; by port they are
 *  labelled HTTP, TLS and SMTP. Their starts are a second apart. */
TwinFlows *twin_test_small_flows(void);

/** The model of twin_test_small_flows(). */
TwinModel *twin_test_small_model(TwinAddresses addresses);

#endif
