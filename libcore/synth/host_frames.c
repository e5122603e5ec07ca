/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/host_frames.h"

#include "base/array.h"
#include "packet/tcp.h"
#include "synth/plan.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PAYLOAD_BYTES = 65535 - 20 - 60 }; /* of an IPv4 datagram with all TCP options */

static const int64_t second_ns = 1000000000;

/* What one host of a flow puts into its packets. */
typedef struct {
    const TwinSeedSide *side;
    const TwinHostHabits *habits;
    uint32_t isn;
    uint32_t ts_offset;
    uint32_t ts_phase_ns; /* of its clock below one tick */
    int64_t clock_ns;     /* when it last looked at its clock: it never goes back */
    uint16_t ip_id;
    bool has_sent;
} Sender;

typedef struct {
    const TwinHostFrames *memory;
    const TwinExchange *exchange;
    Sender senders[2];
    TwinRandom *random;
    bool may_sack;
} Frames;

void twin_host_frames_clear(TwinHostFrames *self)
{
    g_clear_pointer(&self->stamps, g_free);
    g_clear_pointer(&self->order, g_free);
    self->stamps_room = 0;
    self->order_room = 0;
}

bool twin_is_captured(const TwinHostPacket *packet)
{
    return packet->fate != TWIN_FATE_HIDDEN && packet->fate != TWIN_FATE_MISSED;
}

static int compare_places(const void *left, const void *right)
{
    const TwinCapturedPlace *a = left;
    const TwinCapturedPlace *b = right;
    if (a->captured_ns != b->captured_ns) {
        return a->captured_ns < b->captured_ns ? -1 : 1;
    }
    return (a->packet > b->packet) - (a->packet < b->packet);
}

static bool make_room(TwinHostFrames *self, size_t n)
{
    void *stamps = self->stamps;
    void *order = self->order;
    const bool is_good =
        twin_array_reserve(&stamps, &self->stamps_room, n + 1, sizeof *self->stamps) &&
        twin_array_reserve(&order, &self->order_room, n + 1, sizeof *self->order);
    self->stamps = stamps;
    self->order = order;
    return is_good;
}

/* By how much a packet moves: pauses are cut, what stands too close behind another gives way. */
static int64_t shift_of(const TwinHostPacket *before, const TwinHostPacket *packet,
                        const TwinDonor *donor, int64_t cut_ns, TwinRandom *random)
{
    const int64_t gap_ns = packet->captured_ns - cut_ns - before->captured_ns;
    if (gap_ns > TWIN_LONGEST_PAUSE_NS) {
        return -cut_ns - (gap_ns - TWIN_LONGEST_PAUSE_NS);
    }
    const int64_t least_ns = donor->least_gap_ns[packet->side != before->side ? 1 : 0];
    const int64_t blurred_ns = least_ns + least_ns * twin_random_below(random, 256) / 1024;
    return -cut_ns + (gap_ns < least_ns ? blurred_ns - gap_ns : 0);
}

const TwinCapturedPlace *twin_host_frames_order(TwinHostFrames *self, TwinExchange *exchange,
                                                const TwinDonor *donor, TwinRandom *random)
{
    const size_t n = exchange->n_packets;
    if (!make_room(self, n)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        self->order[i] = (TwinCapturedPlace){exchange->packets[i].captured_ns, (uint32_t)i};
    }
    qsort(self->order, n, sizeof *self->order, compare_places);
    const TwinHostPacket *before = NULL;
    int64_t cut_ns = 0;
    for (size_t i = 0; i < n; i++) {
        TwinHostPacket *packet = &exchange->packets[self->order[i].packet];
        int64_t shift_ns = -cut_ns;
        if (before != NULL && twin_is_captured(packet)) {
            shift_ns = shift_of(before, packet, donor, cut_ns, random);
            cut_ns = MAX(cut_ns, -shift_ns);
        }
        packet->captured_ns += shift_ns;
        packet->sent_ns += shift_ns;
        before = twin_is_captured(packet) ? packet : before;
    }
    return self->order;
}

static void begin_sender(Sender *sender, const TwinSeedSide *side, const TwinHostHabits *habits,
                         TwinRandom *random)
{
    *sender = (Sender){.side = side, .habits = habits, .clock_ns = INT64_MIN};
    const uint32_t isn = twin_random_u32(random);
    sender->isn = habits->isn_is_zero ? 0 : isn;
    sender->ts_offset = twin_random_u32(random);
    sender->ts_phase_ns = twin_random_below(random, (uint32_t)(second_ns / side->ts_hz));
    sender->ip_id = (uint16_t)twin_random_u32(random);
}

/* TSval at a send: the clock was looked at a little before the packet left. */
static uint32_t next_stamp(Sender *sender, int64_t sent_ns, TwinRandom *random)
{
    const TwinHostHabits *habits = sender->habits;
    const uint32_t place = twin_random_below(random, MAX(habits->n_late, 1));
    const int64_t looked_ns = sent_ns - (int64_t)habits->late_us[place] * 1000;
    sender->clock_ns = MAX(sender->clock_ns, looked_ns);
    const int64_t at_ns = sender->clock_ns + sender->ts_phase_ns;
    const int64_t hz = sender->side->ts_hz;
    int64_t seconds = at_ns / second_ns;
    int64_t rest_ns = at_ns % second_ns;
    if (rest_ns < 0) { /* before the capture saw the flow: floor, not towards 0 */
        rest_ns += second_ns;
        seconds--;
    }
    return sender->ts_offset + (uint32_t)(seconds * hz + rest_ns * hz / second_ns);
}

static uint16_t next_ip_id(Sender *sender, uint16_t flags, TwinRandom *random)
{
    const TwinSeedSide *side = sender->side;
    const bool is_zero =
        side->ip_id_manner == TWIN_IP_ID_ZERO ||
        ((flags & TWIN_TCP_RST) != 0 && sender->habits->rst_ip_id_is_zero) ||
        ((flags & TWIN_TCP_SYN) != 0 && side->syn_ip_id_is_zero && !sender->has_sent);
    sender->has_sent = true;
    if (is_zero) {
        return 0;
    }
    if (side->ip_id_manner == TWIN_IP_ID_RANDOM) {
        return (uint16_t)twin_random_u32(random);
    }
    /* A host counts for all its peers: steps of more than one stand for the others' packets. */
    const uint32_t step = side->ip_id_step;
    const uint32_t by = step <= 1 ? 1 : 1 + twin_random_below(random, 2 * step - 1);
    sender->ip_id = (uint16_t)(sender->ip_id + by);
    return sender->ip_id;
}

static void put_sack(const Frames *frames, const TwinHostPacket *packet, TwinOutSegment *segment)
{
    const uint16_t flags = packet->flags;
    if (!frames->may_sack || (flags & TWIN_TCP_ACK) == 0 ||
        (flags & (TWIN_TCP_SYN | TWIN_TCP_RST)) != 0) {
        return;
    }
    const uint32_t isn = frames->senders[1 - packet->side].isn;
    segment->n_sack = packet->n_sack;
    for (size_t i = 0; i < packet->n_sack; i++) {
        segment->sack[i][0] = (uint32_t)packet->sack[i][0] + isn;
        segment->sack[i][1] = (uint32_t)packet->sack[i][1] + isn;
    }
}

static TwinOutSegment make_segment(Frames *frames, const TwinHostPacket *packet, size_t index)
{
    Sender *sender = &frames->senders[packet->side];
    const bool acknowledges = (packet->flags & TWIN_TCP_ACK) != 0;
    const uint32_t *stamps = frames->memory->stamps;
    TwinOutSegment segment = {
        .seq = (uint32_t)packet->seq + sender->isn,
        .ack = acknowledges ? (uint32_t)packet->ack + frames->senders[1 - packet->side].isn : 0,
        .ts_value = stamps[index],
        .ts_echo = acknowledges && packet->echo >= 0 ? stamps[packet->echo] : 0,
        .payload_bytes = MIN(packet->payload_bytes, (uint32_t)MAX_PAYLOAD_BYTES),
        .flags = packet->flags,
        .window = packet->window,
        .side = packet->side,
        .ttl = (packet->flags & TWIN_TCP_RST) != 0 ? sender->habits->rst_ttl : 0,
    };
    put_sack(frames, packet, &segment);
    return segment;
}

/* TSvals in the order in which packets were sent. */
static void stamp_packets(Frames *frames, uint32_t *stamps_out)
{
    const TwinExchange *exchange = frames->exchange;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const TwinHostPacket *packet = &exchange->packets[i];
        stamps_out[i] = next_stamp(&frames->senders[packet->side], packet->sent_ns, frames->random);
    }
}

static int64_t round_up(int64_t time_ns, int64_t tick_ns)
{
    return (time_ns + tick_ns - 1) / tick_ns * tick_ns;
}

size_t twin_host_frames_make(TwinHostFrames *self, const TwinExchange *exchange,
                             const TwinFrameSource *source, int64_t start_ns, TwinRandom *random,
                             TwinOutSegment *segments_out)
{
    const TwinDonor *donor = source->donor;
    Frames frames = {
        .memory = self,
        .exchange = exchange,
        .random = random,
        .may_sack = donor->plan.hosts[0].at[TWIN_PLAN_SACK] > 0 &&
                    donor->plan.hosts[1].at[TWIN_PLAN_SACK] > 0,
    };
    for (unsigned side = 0; side < 2; side++) {
        begin_sender(&frames.senders[side], &source->seed->sides[side], &donor->habits[side],
                     random);
    }
    stamp_packets(&frames, self->stamps);
    const int64_t tick_ns = MAX(donor->tick_ns, 1);
    const int64_t first_ns = round_up(start_ns, tick_ns);
    int64_t zero_ns = 0; /* when the capture saw the first packet, by the exchange's clock */
    size_t n = 0;
    for (size_t i = 0; i < exchange->n_packets; i++) {
        const uint32_t index = self->order[i].packet;
        const TwinHostPacket *packet = &exchange->packets[index];
        if (!twin_is_captured(packet)) {
            continue;
        }
        zero_ns = n == 0 ? packet->captured_ns : zero_ns;
        TwinOutSegment *segment = &segments_out[n++];
        *segment = make_segment(&frames, packet, index);
        segment->ip_id = next_ip_id(&frames.senders[packet->side], packet->flags, random);
        const int64_t since_ns = (packet->captured_ns - zero_ns) / tick_ns * tick_ns;
        segment->time_ns = MIN(first_ns + since_ns, TWIN_LATEST_NS);
    }
    return n;
}
