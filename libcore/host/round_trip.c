/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/round_trip.h"

#include "packet/tcp.h"

#include <glib.h>
#include <stdlib.h>

/* Linux's TCP_RTO_MIN, as the least that is added to the round trip. */
#define LEAST_VARIATION_NS INT64_C(200000000)

void twin_round_trip_send(TwinHostState *s, const TwinHostPacket *packet)
{
    if ((packet->flags & TWIN_TCP_SYN) != 0) {
        s->syn_ns = packet->sent_ns;
    }
    s->n_backoff += packet->move == TWIN_MOVE_AGAIN;
    if (packet->size > 0) {
        s->armed_ns = packet->sent_ns;
    }
}

static void take_sample(TwinHostState *s, int64_t sample_ns)
{
    if (s->srtt_ns <= 0) {
        s->srtt_ns = sample_ns;
        s->rttvar_ns = sample_ns / 2;
    } else {
        s->rttvar_ns += (llabs(sample_ns - s->srtt_ns) - s->rttvar_ns) / 4;
        s->srtt_ns += (sample_ns - s->srtt_ns) / 8;
    }
    const int64_t variation_ns = 4 * s->rttvar_ns;
    s->rto_ns = s->srtt_ns + MAX(variation_ns, LEAST_VARIATION_NS);
}

void twin_round_trip_acked(TwinHostState *s, int64_t sent_ns, int64_t now_ns)
{
    if (s->n_backoff == 0) { /* Karn's rule */
        if (sent_ns > TWIN_LONG_AGO_NS) {
            take_sample(s, now_ns - sent_ns);
        } else if (s->srtt_ns <= 0 && s->sent_syn > 0) {
            take_sample(s, now_ns - s->syn_ns);
        }
    }
    s->n_backoff = 0;
    s->armed_ns = now_ns;
}
