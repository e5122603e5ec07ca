/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/replay.h"

#include "host/decades.h"
#include "host/events.h"
#include "packet/tcp.h"

#include <math.h>

/* A timer's ACK: within 15 % of 40 ms since data lay unacknowledged, or within 7.5 % of a multiple.
 */
#define LEAST_TIMER_DELAY_NS INT64_C(15000000)
#define MOST_MULTIPLES       5.
#define NEAR_ONE             .15
#define NEAR_MORE            .075
enum { TIMER_POSITION = 10 };

struct TwinReplay {
    TwinHosts hosts;
    TwinDialogue dialogue;
    size_t n_sent_to[2]; /* packets under way to a host or arrived there */
    size_t n_arrived[2];
};

TwinReplay *twin_replay_new(void)
{
    return g_new0(TwinReplay, 1);
}

void twin_replay_free(TwinReplay *self)
{
    if (self != NULL) {
        twin_dialogue_clear(&self->dialogue);
        g_free(self);
    }
}

/* Logarithms of one time by two functions: below a nanosecond up to 0.4 s. */
#define SAME_DECADES 1e-9

/* The place of @value among five rising knots; on one or several: in their middle. */
static float place_between(double value, const double *knots)
{
    unsigned low = 0;
    unsigned high = 0;
    for (unsigned i = 0; i < 5; i++) {
        low += knots[i] < value - SAME_DECADES;
        high += knots[i] <= value + SAME_DECADES;
    }
    if (high > low) {
        return (float)(low + high - 1) / 2;
    }
    const unsigned inside = CLAMP(low, 1, 4);
    const double width = MAX(knots[inside] - knots[inside - 1], 1e-9);
    const double place = (value - knots[inside - 1]) / width;
    return (float)(inside - 1 + CLAMP(place, 0, 1));
}

/* Whether the delayed-ACK timer sent @packet, @waited_ns after data had come. */
static bool is_timers(const TwinHostPacket *packet, int64_t waited_ns)
{
    const double units = (double)waited_ns / (double)TWIN_DELAYED_ACK_NS;
    const double multiple = nearbyint(units);
    return packet->delay_class == TWIN_DELAY_ACK && packet->delay_ns > LEAST_TIMER_DELAY_NS &&
           multiple >= 1 && multiple <= MOST_MULTIPLES &&
           fabs(units - multiple) <= (multiple < 2 ? NEAR_ONE : NEAR_MORE);
}

static void code_delay(TwinReplayRow *row, const TwinParents *parents)
{
    const TwinHostPacket *const packet = row->packet;
    const int64_t waited_ns = twin_host_waited_ns(parents->own, parents->now_ns);
    row->time_ns = packet->delay_ns;
    row->is_timer = waited_ns >= 0 && is_timers(packet, waited_ns + packet->delay_ns);
    if (row->is_timer) {
        row->time_ns += waited_ns;
        row->position =
            (float)(TIMER_POSITION + (double)row->time_ns / (double)TWIN_DELAYED_ACK_NS);
    } else {
        const double *const knots = &parents->plan[TWIN_PLAN_DELAY(packet->delay_class)];
        row->position =
            place_between(twin_log10((double)MAX(packet->delay_ns, 0) + 1e3) - 9, knots);
    }
    if (parents->n_inbound > 0) {
        const int64_t inbound_ns = MAX(parents->inbound_ns, 0);
        row->held =
            packet->delay_ns > inbound_ns + TWIN_LEAST_HOLD_NS ? TWIN_HELD_YES : TWIN_HELD_NO;
    }
}

static void code_length(TwinReplayRow *row, const TwinParents *parents)
{
    const TwinHostPacket *const packet = row->packet;
    const float segments = twin_parent(parents, TWIN_PARENT_SEGMENTS_NOW);
    row->has_length = packet->write >= 0 && packet->move == TWIN_MOVE_NEW && segments > 1;
    row->length = packet->payload_bytes == parents->plan[TWIN_PLAN_MAX_PAYLOAD]
                      ? TWIN_LENGTH_FULL
                      : (int32_t)packet->payload_bytes;
}

/* What is next at @host: its packet when that is a send, else NULL. */
static const TwinHostPacket *next_sent(const TwinEvents *events, unsigned host)
{
    const unsigned arrivals = 3 - host;
    const uint32_t packet = events->next[host];
    if (packet >= events->exchange->n_packets) {
        return NULL;
    }
    const int64_t sent_ns = events->time_ns[host];
    const int64_t arrives_ns = events->time_ns[arrivals];
    const bool is_first =
        sent_ns < arrives_ns || (sent_ns == arrives_ns && packet < events->next[arrivals]);
    return is_first ? &events->exchange->packets[packet] : NULL;
}

static void give_row(const TwinReplay *self, const TwinEvents *events, const TwinEvent *event,
                     const TwinReplaySink *sink)
{
    const unsigned host = event->host;
    TwinInbound inbound = {.n = self->n_sent_to[host] - self->n_arrived[host]};
    if (inbound.n > 0) {
        inbound.first = &events->exchange->packets[events->next[3 - host]];
    }
    TwinParents parents;
    twin_parents_look(&parents, &self->hosts, host, event->time_ns, inbound);
    TwinReplayRow row = {.parents = &parents, .packet = next_sent(events, host)};
    if (row.packet != NULL) {
        code_delay(&row, &parents);
        code_length(&row, &parents);
        parents.kind = row.packet->kind;
        parents.payload_bytes = (int32_t)row.packet->payload_bytes;
        parents.delay_class = row.packet->delay_class;
    }
    sink->row(sink->user, &row);
}

static void give_window(const TwinReplay *self, const TwinHostPacket *packet,
                        const TwinReplaySink *sink)
{
    const TwinHostState *const s = &self->hosts.host[packet->side];
    TwinWindowParents parents;
    twin_window_parents_look(&parents, &self->hosts, packet);
    TwinReplayWindow window = {
        .parents = &parents,
        .packet = packet,
        .code = (uint8_t)twin_host_window_code(&self->hosts, packet),
        .is_learned = s->n_sent > 1 && s->window >= 0 && (packet->flags & TWIN_TCP_RST) == 0,
    };
    if (window.code == TWIN_WINDOW_STEP && s->window >= 0) {
        window.step = (int32_t)packet->window - s->window;
    }
    sink->window(sink->user, &window);
}

/*
 * What the flow does although a host should not, in the order of the capture: what a host had not
 * taken in yet by the inference (its segments may have waited below TCP) is no exception.
 */
static void find_exceptions(const TwinExchange *exchange, TwinExchangePlan *plan)
{
    int64_t edge[2] = {0, 0};
    int64_t acked[2] = {0, 0};
    bool has_syn[2] = {false, false};
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *const packet = &exchange->packets[i];
        const unsigned peer = 1U - packet->side;
        double *const own = plan->hosts[packet->side].at;
        if (packet->move == TWIN_MOVE_NEW && packet->payload_bytes > 0) {
            const int64_t end = packet->seq + packet->size;
            if (has_syn[packet->side] && acked[packet->side] <= 0) {
                own[TWIN_PLAN_EARLY_DATA] = 1;
            }
            if (edge[peer] > 0 && end > edge[peer] + 1) {
                own[TWIN_PLAN_BREAKS_WINDOW] = 1;
            }
        }
        has_syn[packet->side] |= (packet->flags & TWIN_TCP_SYN) != 0;
        edge[packet->side] = MAX(edge[packet->side], packet->edge);
        acked[peer] = MAX(acked[peer], packet->ack);
    }
}

static void run_event(TwinReplay *self, const TwinExchange *exchange, const TwinEvent *event)
{
    if (event->kind == TWIN_EVENT_START) {
        return;
    }
    const TwinHostPacket *const packet = &exchange->packets[event->packet];
    if (event->kind == TWIN_EVENT_SEND) {
        twin_host_send(&self->hosts, packet);
        self->n_sent_to[1 - packet->side] += packet->arrived_ns != TWIN_NEVER_NS;
    } else {
        twin_host_arrive(&self->hosts, packet, (int32_t)event->packet, event->time_ns);
        self->n_arrived[event->host]++;
    }
}

/* Both hosts through the flow. */
static void run(TwinReplay *self, const TwinExchange *exchange, const TwinExchangePlan *plan,
                const TwinReplaySink *sink)
{
    TwinEvents events;
    TwinEvent event;
    twin_events_init(&events, exchange);
    memset(self->n_sent_to, 0, sizeof self->n_sent_to);
    memset(self->n_arrived, 0, sizeof self->n_arrived);
    for (bool is_begun = false; twin_events_next(&events, &event);) {
        if (!is_begun) {
            twin_hosts_begin(&self->hosts, plan->hosts, &self->dialogue, event.time_ns);
            is_begun = true;
        }
        if (event.kind == TWIN_EVENT_SEND && sink->window != NULL) {
            give_window(self, &exchange->packets[event.packet], sink);
        }
        run_event(self, exchange, &event);
        if (sink->row != NULL) {
            give_row(self, &events, &event, sink);
        }
    }
}

bool twin_replay_run(TwinReplay *self, const TwinExchange *exchange, TwinExchangePlan *plan,
                     const TwinReplaySink *sink)
{
    if (!twin_dialogue_set(&self->dialogue, exchange->writes, exchange->n_writes)) {
        return false;
    }
    for (unsigned h = 0; h < 2; h++) {
        plan->hosts[h].at[TWIN_PLAN_BREAKS_WINDOW] = 0;
        plan->hosts[h].at[TWIN_PLAN_EARLY_DATA] = 0;
    }
    find_exceptions(exchange, plan);
    run(self, exchange, plan, sink);
    return true;
}
