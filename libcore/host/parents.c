/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/parents.h"

#include "host/decades.h"

#include <glib.h>
#include <string.h>

/* What stands for a time that there is none of: later than all, or earlier. */
#define NEVER         9.
#define NOTHING_COMES 8.

/* log10(seconds + 10^-6) of a time that is not below 0. */
static inline double log_gap(int64_t ns)
{
    return twin_log10((double)MAX(ns, 0) + 1e3) - 9;
}

static inline double log_seconds(double seconds)
{
    return twin_log10(MAX(seconds, 0) + 1e-6);
}

static inline double log_ns(int64_t ns)
{
    return twin_log10((double)ns) - 9;
}

static inline double peer_left(const TwinParents *p, unsigned count)
{
    return p->peer_plan[count] - p->arrived[count];
}

static inline double flight_full(const TwinParents *p)
{
    const double largest = MAX(p->plan[TWIN_PLAN_MAX_PAYLOAD], 1);
    return (double)(p->own->next - p->own->unacked) / largest;
}

static inline const TwinWrite *next_write(const TwinParents *p)
{
    return p->next_write < p->dialogue->n_writes ? &p->dialogue->writes[p->next_write] : NULL;
}

static inline double ready(const TwinParents *p)
{
    return next_write(p) == NULL ? 2 : p->may_begin;
}

static inline double next_segments(const TwinParents *p)
{
    const TwinWrite *const write = next_write(p);
    return write != NULL ? write->n_segments : -1.;
}

static inline double next_bytes(const TwinParents *p)
{
    const TwinWrite *const write = next_write(p);
    return write != NULL ? write->bytes : -1.;
}

static inline double awaited_bytes(const TwinParents *p)
{
    const bool is_awaited = p->n_awaited > 0 && p->before_write >= 0;
    return is_awaited ? p->dialogue->writes[p->before_write].bytes : 0;
}

static inline double peer_write(const TwinParents *p)
{
    return p->before_write >= 0 ? p->dialogue->writes[p->before_write].bytes : -1.;
}

static inline double write_before(const TwinParents *p)
{
    const bool is_there = p->next_write >= 2 && p->next_write - 2 < p->dialogue->n_writes;
    return is_there ? p->dialogue->writes[p->next_write - 2].bytes : -1.;
}

static inline double run_of_writes(const TwinParents *p)
{
    const TwinDialogue *const d = p->dialogue;
    return next_write(p) != NULL ? d->turns[p->next_write].run_end - (double)p->next_write : 0;
}

static inline double next_arrival(const TwinParents *p)
{
    return p->n_inbound > 0 ? log_gap(p->inbound_ns) : NEVER;
}

static inline double next_to_habit(const TwinParents *p, unsigned quantile)
{
    const double *const habit = &p->plan[TWIN_PLAN_DELAY(TWIN_DELAY_ACK)];
    const bool is_known = p->n_inbound > 0 && habit[0] > -8;
    return is_known ? log_gap(p->inbound_ns) - habit[quantile] : NEVER;
}

static inline double time_left(const TwinParents *p)
{
    return p->plan[TWIN_PLAN_DURATION] - (double)(p->now_ns - p->own->start_ns) * 1e-9;
}

static inline double ack_share_left(const TwinParents *p)
{
    const double data = peer_left(p, TWIN_PLAN_DATA);
    return p->own->left[TWIN_PLAN_PURE] / MAX(data, .5);
}

static inline double pure_before_fin(const TwinParents *p)
{
    const double tail = p->own->sent_fin == 0 ? p->plan[TWIN_PLAN_TAIL_PURE] : 0;
    return p->own->left[TWIN_PLAN_PURE] - tail;
}

static inline double size_left(const TwinParents *p)
{
    const double data = p->own->left[TWIN_PLAN_DATA];
    return p->own->left[TWIN_PLAN_BYTES] / MAX(data, 1);
}

static inline double pace(const TwinParents *p)
{
    const double packets = p->own->left[TWIN_PLAN_PACKETS] + peer_left(p, TWIN_PLAN_PACKETS);
    const double left = time_left(p);
    return log_seconds(MAX(left, 0) / MAX(packets, 1));
}

static inline double chances_beyond(const TwinParents *p)
{
    return p->chances - pure_before_fin(p) + p->own->left[TWIN_PLAN_IDLE];
}

static inline double held_share(const TwinParents *p)
{
    const double packets = peer_left(p, TWIN_PLAN_PACKETS);
    return p->own->left[TWIN_PLAN_HELDS] / MAX(packets, 1);
}

static inline double think_pace(const TwinParents *p)
{
    const double *const left = p->own->left;
    const double thoughts = left[TWIN_PLAN_WRITES] + left[TWIN_PLAN_FINS] + left[TWIN_PLAN_RSTS];
    return log_seconds(MAX(left[TWIN_PLAN_THINK], 0) / MAX(thoughts, 1));
}

static inline double fins_cross(const TwinParents *p)
{
    return p->peer_plan[TWIN_PLAN_FINS_AFTER_FIN] * 2 + p->plan[TWIN_PLAN_FINS_AFTER_FIN];
}

static inline double since_unacked(const TwinHostState *s, int64_t now_ns)
{
    if (!twin_host_has_unacked_data(s)) {
        return -5;
    }
    const double waited = (double)(now_ns - s->first_unacked_ns) / (double)TWIN_DELAYED_ACK_NS;
    return twin_log10(MAX(waited, 0) + 1e-4);
}

static inline int64_t timer_ns(const TwinParents *p)
{
    return p->own->first_unacked_ns + twin_host_ack_timer_ns(p->own) - p->now_ns;
}

static inline double timer_left(const TwinParents *p)
{
    return twin_host_has_unacked_data(p->own) ? (double)timer_ns(p) * 1e-9 : -NEVER;
}

static inline double timer_next(const TwinParents *p)
{
    if (!twin_host_has_unacked_data(p->own)) {
        return NEVER;
    }
    return p->n_inbound > 0 ? log_gap(p->inbound_ns) - log_gap(timer_ns(p)) : NOTHING_COMES;
}

/* Decades; −9: nothing is in flight, or no round trip known. */
static inline double oldest_to_round_trip(const TwinParents *p)
{
    const TwinHostState *const s = p->own;
    if (s->oldest == s->n_flown || s->srtt_ns <= 0) {
        return -NEVER;
    }
    return log_gap(p->now_ns - p->oldest_sent_ns) - log_gap(s->srtt_ns);
}

/* A count of the peer's that has not arrived. Its losses never do; its thinking is not seen to. */
static inline double peer_count(const TwinParents *p, unsigned count)
{
    if (count == TWIN_PLAN_PACKETS) {
        return peer_left(p, count) - p->peer_plan[TWIN_PLAN_LOSTS] -
               p->peer_plan[TWIN_PLAN_HIDDENS];
    }
    return count == TWIN_PLAN_THINK ? log_seconds(p->peer_plan[count]) : peer_left(p, count);
}

static inline double own_count(const TwinParents *p, unsigned count)
{
    return count == TWIN_PLAN_THINK ? log_seconds(p->own->left[count]) : p->own->left[count];
}

/* The next own write, and how much of the peer's before it is still to come. */
static void look_at_script(TwinParents *self)
{
    const TwinDialogue *const d = self->dialogue;
    const TwinHostState *const s = self->own;
    self->next_write = twin_dialogue_next(d, self->host, s->next_write);
    self->before_write = twin_dialogue_previous(d, 1 - self->host, self->next_write);
    const size_t arriving = (size_t)s->peer_write;
    const size_t end = (size_t)(self->before_write + 1);
    self->n_awaited = (int64_t)twin_dialogue_segments(d, 1 - self->host, arriving, end);
    if (arriving < end && d->writes[arriving].side != self->host) {
        self->n_awaited -= s->peer_done;
    }
    const TwinWrite *const next = next_write(self);
    self->may_begin =
        next != NULL && ((self->n_awaited <= 0 && s->n_out_of_order == 0) || next->is_early);
}

void twin_parents_look(TwinParents *self, const TwinHosts *hosts, unsigned host, int64_t now_ns,
                       TwinInbound inbound)
{
    *self = (TwinParents){
        .own = &hosts->host[host],
        .plan = hosts->plan[host].at,
        .peer_plan = hosts->plan[1 - host].at,
        .arrived = hosts->arrived[host],
        .fixed = hosts->fixed[host],
        .dialogue = hosts->dialogue,
        .now_ns = now_ns,
        .host = host,
        .chances = twin_host_chances(hosts, host),
        .oldest_sent_ns = hosts->flight[host][hosts->host[host].oldest % TWIN_MAX_FLIGHT].sent_ns,
        .n_inbound = inbound.n,
        .kind = -1,
    };
    if (inbound.n > 0) {
        self->inbound_ns = inbound.first->nominal_ns - now_ns;
        self->inbound_bytes = inbound.first->payload_bytes;
        self->inbound_has_size = inbound.first->size > 0;
    }
    look_at_script(self);
}

#define TWIN_PARENT_CASE(NAME, TEXT, VALUE)                                                        \
    case TWIN_PARENT_##NAME:                                                                       \
        return (float)(VALUE);

float twin_parent(const TwinParents *p, unsigned parent)
{
    const TwinHostState *const s = p->own;
    const double *const q = p->plan;
    if (parent < TWIN_PARENT_PEER) {
        return (float)own_count(p, parent);
    }
    if (parent < TWIN_PARENT_PLAN) {
        return (float)peer_count(p, parent - TWIN_PARENT_PEER);
    }
    if (parent < TWIN_PARENT_COMPUTED) {
        return p->fixed[parent - TWIN_PARENT_PLAN];
    }
    switch (parent) {
        TWIN_PARENTS_COMPUTED(TWIN_PARENT_CASE)
    default:
        return 0;
    }
}

#undef TWIN_PARENT_CASE

#define TWIN_PARENT_FILL(NAME, TEXT, VALUE) *out++ = (float)(VALUE);

void twin_parents_fill(const TwinParents *p, float *values_out)
{
    const TwinHostState *const s = p->own;
    const double *const q = p->plan;
    for (unsigned i = 0; i < TWIN_N_COUNTS; i++) {
        values_out[i] = (float)own_count(p, i);
        values_out[TWIN_PARENT_PEER + i] = (float)peer_count(p, i);
    }
    memcpy(&values_out[TWIN_PARENT_PLAN], p->fixed,
           (TWIN_PARENT_COMPUTED - TWIN_PARENT_PLAN) * sizeof *values_out);
    float *out = &values_out[TWIN_PARENT_COMPUTED];
    TWIN_PARENTS_COMPUTED(TWIN_PARENT_FILL)
}

#undef TWIN_PARENT_FILL

void twin_window_parents_look(TwinWindowParents *self, const TwinHosts *hosts,
                              const TwinHostPacket *packet)
{
    *self = (TwinWindowParents){
        .own = &hosts->host[packet->side],
        .plan = hosts->plan[packet->side].at,
        .peer_plan = hosts->plan[1 - packet->side].at,
        .arrived = hosts->arrived[packet->side],
        .packet = packet,
        .now_ns = packet->sent_ns,
        .shift = twin_host_shift(hosts, packet->side, 0),
    };
}

static inline double newly_covered(const TwinWindowParents *p)
{
    return (double)MAX(p->packet->ack - p->own->last_ack, 0);
}

static inline double edge_gap(const TwinWindowParents *p)
{
    const int64_t offered = p->own->window * (INT64_C(1) << p->shift);
    return (double)(p->own->edge - p->packet->ack - offered);
}

static inline double move_share(const TwinWindowParents *p)
{
    const double packets = p->own->left[TWIN_PLAN_PACKETS];
    return p->own->moves_left / MAX(packets, 1);
}

#define TWIN_WINDOW_PARENT_CASE(NAME, TEXT, VALUE)                                                 \
    case TWIN_WINDOW_PARENT_##NAME:                                                                \
        return (float)(VALUE);

float twin_window_parent(const TwinWindowParents *p, unsigned parent)
{
    const TwinHostState *const s = p->own;
    const double *const q = p->plan;
    const TwinHostPacket *const k = p->packet;
    switch (parent) {
        TWIN_WINDOW_PARENTS(TWIN_WINDOW_PARENT_CASE)
    default:
        return 0;
    }
}

#undef TWIN_WINDOW_PARENT_CASE

#define TWIN_WINDOW_PARENT_FILL(NAME, TEXT, VALUE) *values_out++ = (float)(VALUE);

void twin_window_parents_fill(const TwinWindowParents *p, float *values_out)
{
    const TwinHostState *const s = p->own;
    const double *const q = p->plan;
    const TwinHostPacket *const k = p->packet;
    TWIN_WINDOW_PARENTS(TWIN_WINDOW_PARENT_FILL)
}

#undef TWIN_WINDOW_PARENT_FILL

#define TWIN_PARENT_TEXT(NAME, TEXT, VALUE) TEXT,
static const char *const computed_names[] = {TWIN_PARENTS_COMPUTED(TWIN_PARENT_TEXT)};
static const char *const window_names[] = {TWIN_WINDOW_PARENTS(TWIN_PARENT_TEXT)};
#undef TWIN_PARENT_TEXT

void twin_parent_name(unsigned parent, char *text_out)
{
    g_return_if_fail(parent < TWIN_N_PARENTS);
    if (parent >= TWIN_PARENT_COMPUTED) {
        g_strlcpy(text_out, computed_names[parent - TWIN_PARENT_COMPUTED], TWIN_PARENT_NAME_ROOM);
        return;
    }
    const bool is_peers = parent >= TWIN_PARENT_PEER && parent < TWIN_PARENT_PLAN;
    const unsigned entry = parent < TWIN_PARENT_PEER ? parent : parent - TWIN_N_COUNTS;
    g_snprintf(text_out, TWIN_PARENT_NAME_ROOM, "%s%s", is_peers ? "peer's " : "",
               twin_plan_name(entry));
}

const char *twin_window_parent_name(unsigned parent)
{
    g_return_val_if_fail(parent < TWIN_N_WINDOW_PARENTS, "");
    return window_names[parent];
}

static bool may_test(TwinDrawn drawn, unsigned parent)
{
    switch (parent) {
    case TWIN_PARENT_SEGMENTS_NOW:
    case TWIN_PARENT_BYTES_NOW:
        return drawn == TWIN_DRAWN_LENGTH;
    case TWIN_PARENT_WRITE_SEGMENTS:
    case TWIN_PARENT_WRITE_BYTES:
        return drawn != TWIN_DRAWN_LENGTH;
    case TWIN_PARENT_KIND:
        return drawn != TWIN_DRAWN_OUTCOME;
    case TWIN_PARENT_PAYLOAD:
        return drawn != TWIN_DRAWN_OUTCOME && drawn != TWIN_DRAWN_LENGTH;
    case TWIN_PARENT_DELAY_CLASS:
        return drawn == TWIN_DRAWN_DELAY;
    default:
        return true;
    }
}

size_t twin_parents_of(TwinDrawn drawn, uint16_t *features_out)
{
    size_t n = 0;
    for (unsigned parent = 0; parent < TWIN_N_PARENTS; parent++) {
        if (may_test(drawn, parent)) {
            features_out[n++] = (uint16_t)parent;
        }
    }
    return n;
}
