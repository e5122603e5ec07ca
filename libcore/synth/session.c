/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/session.h"

#include "flow/connection.h"
#include "packet/tcp.h"

#include <string.h>

enum {
    MAX_WINDOW_SHIFT = 14,  /* RFC 7323, 2.3 */
    DEFAULT_WINDOW = 64240, /* where the seed's side never advertised one: 44 segments of 1,460 */
};

static const int64_t second_ns = 1000000000;

static void begin_host(TwinTcpHost *host, const TwinSeedSide *habits, TwinRandom *random)
{
    memset(host, 0, sizeof *host);
    host->habits = habits;
    host->isn = twin_random_u32(random);
    host->snd_nxt = host->isn + 1; /* as if its SYN had been sent: a flow may begin midway */
    host->ts_offset = twin_random_u32(random);
    host->ts_phase_ns = twin_random_below(random, (uint32_t)(second_ns / habits->ts_hz));
    host->ip_id = (uint16_t)twin_random_u32(random);
}

/* The shift that @habits' SYN offered; 0 where none was seen. */
static uint8_t offered_shift(const TwinSeedSide *habits, bool *is_offered)
{
    const size_t at = twin_tcp_find_option(habits->syn_options, habits->syn_option_bytes,
                                           TWIN_TCP_OPTION_WINDOW_SCALE, 1);
    *is_offered = at < habits->syn_option_bytes;
    return *is_offered ? MIN(habits->syn_options[at], MAX_WINDOW_SHIFT) : 0;
}

static void agree_on_shifts(TwinTcpHost hosts[2])
{
    bool are_offered[2];
    hosts[0].window_shift = offered_shift(hosts[0].habits, &are_offered[0]);
    hosts[1].window_shift = offered_shift(hosts[1].habits, &are_offered[1]);
    if (!are_offered[0] || !are_offered[1]) {
        hosts[0].window_shift = 0;
        hosts[1].window_shift = 0;
    }
}

void twin_session_begin(TwinSession *self, const TwinSeed *seed, int64_t start_ns,
                        TwinRandom *random)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_host(&self->hosts[side], &seed->sides[side], random);
    }
    agree_on_shifts(self->hosts);
    self->hosts[0].rcv_nxt = self->hosts[1].snd_nxt;
    self->hosts[1].rcv_nxt = self->hosts[0].snd_nxt;
    self->start_ns = start_ns;
}

static uint32_t clock_ticks(const TwinSession *self, const TwinTcpHost *host, int64_t time_ns)
{
    const int64_t elapsed_ns = time_ns - self->start_ns + host->ts_phase_ns;
    const int64_t hz = host->habits->ts_hz;
    return host->ts_offset +
           (uint32_t)(elapsed_ns / second_ns * hz + elapsed_ns % second_ns * hz / second_ns);
}

static uint16_t seed_window(TwinTcpHost *host, uint16_t flags)
{
    const TwinSeedSide *habits = host->habits;
    if ((flags & TWIN_TCP_RST) != 0) {
        return 0;
    }
    if ((flags & TWIN_TCP_SYN) != 0) {
        return habits->syn_window != 0 ? habits->syn_window : DEFAULT_WINDOW;
    }
    if (habits->n_windows == 0) {
        return DEFAULT_WINDOW;
    }
    const uint32_t n = host->n_sent++;
    return habits->windows[n < habits->n_windows ? n : habits->n_windows - 1U];
}

/* The seed's window in its turn, but never one that takes back what was offered (RFC 9293, 3.8.6):
 * the seed's packets acknowledged other numbers. */
static uint16_t next_window(TwinTcpHost *host, uint16_t flags)
{
    uint32_t window = seed_window(host, flags);
    if ((flags & TWIN_TCP_ACK) == 0 || (flags & TWIN_TCP_RST) != 0) {
        return (uint16_t)window;
    }
    if ((flags & TWIN_TCP_SYN) != 0) { /* not scaled; what follows can only say whole units of it */
        host->right_edge = host->rcv_nxt + (window >> host->window_shift << host->window_shift);
        host->has_right_edge = true;
        return (uint16_t)window;
    }
    const unsigned shift = host->window_shift;
    const int32_t offered = twin_seq_diff(host->right_edge, host->rcv_nxt);
    if (host->has_right_edge && offered > 0 && window << shift < (uint32_t)offered) {
        const uint32_t needed = ((uint32_t)offered + (1U << shift) - 1) >> shift;
        window = MIN(needed, UINT16_MAX);
    }
    host->right_edge = host->rcv_nxt + (window << shift);
    host->has_right_edge = true;
    return (uint16_t)window;
}

static uint16_t next_ip_id(TwinTcpHost *host, uint16_t flags, TwinRandom *random)
{
    const TwinSeedSide *habits = host->habits;
    if (habits->ip_id_manner == TWIN_IP_ID_ZERO ||
        ((flags & TWIN_TCP_SYN) != 0 && habits->syn_ip_id_is_zero)) {
        return 0;
    }
    if (habits->ip_id_manner == TWIN_IP_ID_RANDOM) {
        return (uint16_t)twin_random_u32(random);
    }
    host->ip_id = (uint16_t)(host->ip_id + habits->ip_id_step);
    return host->ip_id;
}

/* The segment's number; moves what the host has sent. */
static uint32_t next_seq(TwinTcpHost *host, uint16_t flags, uint32_t payload_bytes)
{
    if ((flags & TWIN_TCP_SYN) != 0) {
        if (host->snd_nxt == host->isn + 1) {
            host->snd_nxt += payload_bytes;
        }
        return host->isn;
    }
    if ((flags & TWIN_TCP_FIN) != 0 && payload_bytes == 0 && host->has_fin &&
        host->snd_nxt == host->fin_seq + 1) {
        return host->fin_seq;
    }
    const uint32_t seq = host->snd_nxt;
    host->snd_nxt += payload_bytes;
    if ((flags & TWIN_TCP_FIN) != 0) {
        host->has_fin = true;
        host->fin_seq = host->snd_nxt++;
    }
    return seq;
}

static bool sends_timestamps(const TwinSeedSide *habits, uint16_t flags)
{
    return (flags & TWIN_TCP_RST) != 0 ? habits->rst_has_timestamps : habits->has_timestamps;
}

TwinOutSegment twin_session_send(TwinSession *self, unsigned side, uint16_t flags,
                                 uint32_t payload_bytes, int64_t time_ns, TwinRandom *random)
{
    TwinTcpHost *host = &self->hosts[side];
    const bool acknowledges = (flags & TWIN_TCP_ACK) != 0;
    return (TwinOutSegment){
        .time_ns = time_ns,
        .seq = next_seq(host, flags, payload_bytes),
        .ack = acknowledges ? host->rcv_nxt : 0,
        .ts_value = clock_ticks(self, host, time_ns),
        .ts_echo = acknowledges ? host->ts_recent : 0,
        .payload_bytes = payload_bytes,
        .flags = flags,
        .window = next_window(host, flags),
        .ip_id = next_ip_id(host, flags, random),
        .side = (uint8_t)side,
        .has_timestamps = sends_timestamps(host->habits, flags),
    };
}

void twin_session_arrive(TwinSession *self, const TwinOutSegment *segment)
{
    TwinTcpHost *host = &self->hosts[1 - segment->side];
    const uint32_t end = segment->seq + segment->payload_bytes +
                         ((segment->flags & TWIN_TCP_SYN) != 0 ? 1 : 0) +
                         ((segment->flags & TWIN_TCP_FIN) != 0 ? 1 : 0);
    const bool is_next = twin_seq_diff(segment->seq, host->rcv_nxt) <= 0;
    if (is_next && twin_seq_diff(end, host->rcv_nxt) > 0) {
        host->rcv_nxt = end;
    }
    const bool carries_clock = segment->has_timestamps || (segment->flags & TWIN_TCP_SYN) != 0;
    if (is_next && carries_clock) {
        host->ts_recent = segment->ts_value;
    }
}
