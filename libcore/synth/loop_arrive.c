/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/loop_parts.h"

enum {
    CANCELS_NOTHING_NS = 1000000,
    LEAST_HOLD_NS = 3000,
    MOST_LATE_HOLD_NS = 20000, /* for what was sent after the decision */
};

static void leave_the_way(TwinLoop *self, unsigned host)
{
    TwinUnderWay *const inbound = &self->inbound[host];
    inbound->n--;
    if (inbound->n == 0) {
        return;
    }
    const TwinHostPacket *const packets = self->exchange->packets;
    do {
        inbound->first++;
    } while (packets[inbound->first].side == host ||
             packets[inbound->first].arrived_ns == TWIN_NEVER_NS);
}

/* Whether what has come waits until @host's packet, already decided on, has left. */
static bool is_held(TwinLoop *self, unsigned host, const TwinHostPacket *packet, int64_t wait_ns)
{
    const TwinDecision *const decision = &self->decisions[host];
    const TwinHostState *const s = &self->hosts.host[host];
    const int64_t hold_ns = twin_delay_of_seconds(twin_loop_plan(self, host)[TWIN_PLAN_HOLD]);
    int64_t limit_ns = -1;
    if (packet->sent_ns > decision->drawn_ns) {
        limit_ns = MIN(hold_ns, MOST_LATE_HOLD_NS);
    } else if (decision->holds || decision->delay_class != TWIN_DELAY_ACK) {
        limit_ns = MAX(hold_ns, LEAST_HOLD_NS);
    }
    return wait_ns <= limit_ns && s->left[TWIN_PLAN_HELDS] > 0;
}

void twin_loop_arrive(TwinLoop *self, unsigned host, int64_t now_ns)
{
    TwinUnderWay *const inbound = &self->inbound[host];
    TwinDecision *const decision = &self->decisions[host];
    const uint32_t index = inbound->first;
    TwinHostPacket *const packet = &self->exchange->packets[index];
    if (decision->due_ns != TWIN_NEVER_NS) {
        const int64_t wait_ns = decision->due_ns - now_ns;
        if (is_held(self, host, packet, wait_ns)) {
            packet->arrived_ns = decision->due_ns + 1;
            return;
        }
        if (packet->size > 0 || wait_ns >= CANCELS_NOTHING_NS) {
            decision->due_ns = TWIN_NEVER_NS;
        }
    }
    packet->arrived_ns = now_ns;
    packet->held_ns = now_ns - packet->nominal_ns;
    leave_the_way(self, host);
    inbound->last_arrival_ns = now_ns;
    twin_host_arrive(&self->hosts, packet, (int32_t)index, now_ns);
    decision->must_decide = decision->due_ns == TWIN_NEVER_NS;
}

void twin_loop_let_arrive(TwinLoop *self, unsigned host)
{
    TwinUnderWay *const inbound = &self->inbound[host];
    while (inbound->n > 0) {
        TwinHostPacket *const packet = &self->exchange->packets[inbound->first];
        packet->arrived_ns = MAX(packet->arrived_ns, inbound->last_arrival_ns + 1);
        packet->held_ns = packet->arrived_ns - packet->nominal_ns;
        inbound->last_arrival_ns = packet->arrived_ns;
        leave_the_way(self, host);
    }
}
