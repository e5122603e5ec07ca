/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/analysis.h"

#include "flow/connection.h"
#include "packet/tcp.h"

#define KIND(name) (1U << TWIN_ANALYSIS_##name)

static const int64_t fast_ns = 20000000; /* a fast retransmission follows its cause that soon */
static const int64_t order_ns =
    3000000; /* an overtaken segment does, where no round trip is known */

static const TwinAnalysisInfo infos[TWIN_N_ANALYSES] = {
    [TWIN_ANALYSIS_RETRANSMISSION] = {"retransmission", "Retransmission",
                                      "tcp.analysis.retransmission"},
    [TWIN_ANALYSIS_FAST_RETRANSMISSION] = {"fast_retransmission", "Fast retransmission",
                                           "tcp.analysis.fast_retransmission"},
    [TWIN_ANALYSIS_SPURIOUS_RETRANSMISSION] = {"spurious_retransmission", "Spurious retransmission",
                                               "tcp.analysis.spurious_retransmission"},
    [TWIN_ANALYSIS_OUT_OF_ORDER] = {"out_of_order", "Out of order", "tcp.analysis.out_of_order"},
    [TWIN_ANALYSIS_LOST_SEGMENT] = {"lost_segment", "Lost segment", "tcp.analysis.lost_segment"},
    [TWIN_ANALYSIS_DUPLICATE_ACK] = {"duplicate_ack", "Duplicate ACK",
                                     "tcp.analysis.duplicate_ack"},
    [TWIN_ANALYSIS_KEEP_ALIVE] = {"keep_alive", "Keep-alive", "tcp.analysis.keep_alive"},
    [TWIN_ANALYSIS_KEEP_ALIVE_ACK] = {"keep_alive_ack", "Keep-alive ACK",
                                      "tcp.analysis.keep_alive_ack"},
    [TWIN_ANALYSIS_WINDOW_UPDATE] = {"window_update", "Window update",
                                     "tcp.analysis.window_update"},
    [TWIN_ANALYSIS_ZERO_WINDOW] = {"zero_window", "Zero window", "tcp.analysis.zero_window"},
    [TWIN_ANALYSIS_ZERO_WINDOW_PROBE] = {"zero_window_probe", "Zero-window probe",
                                         "tcp.analysis.zero_window_probe"},
    [TWIN_ANALYSIS_ZERO_WINDOW_PROBE_ACK] = {"zero_window_probe_ack", "Zero-window probe ACK",
                                             "tcp.analysis.zero_window_probe_ack"},
    [TWIN_ANALYSIS_ACK_UNSEEN] = {"ack_unseen", "ACK of an unseen segment",
                                  "tcp.analysis.ack_lost_segment"},
};

const TwinAnalysisInfo *twin_analysis_info(TwinAnalysisKind kind)
{
    return &infos[kind];
}

/* A packet with what several rules ask. */
typedef struct {
    const TwinPacket *packet;
    uint32_t end;  /* one past its last octet, SYN and FIN not counted */
    bool is_plain; /* no SYN, FIN, RST */
    bool has_ack;
    bool has_length; /* moves numbers: payload, SYN or FIN */
} Step;

static Step step_of(const TwinPacket *packet)
{
    const bool is_marked = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0;
    return (Step){
        .packet = packet,
        .end = packet->seq + packet->payload_bytes,
        .is_plain = !is_marked && (packet->flags & TWIN_TCP_RST) == 0,
        .has_ack = (packet->flags & TWIN_TCP_ACK) != 0,
        .has_length = packet->payload_bytes > 0 || is_marked,
    };
}

/* Octet by octet below what its sender has reached. */
static unsigned probe_kinds(const TwinAnalysisSide *own, const TwinAnalysisSide *peer,
                            const Step *step)
{
    const TwinPacket *packet = step->packet;
    if (packet->payload_bytes == 1 && own->has_spoken && packet->seq == own->next &&
        peer->has_spoken && peer->window == 0) {
        return KIND(ZERO_WINDOW_PROBE);
    }
    if (packet->payload_bytes <= 1 && step->is_plain && own->has_spoken &&
        packet->seq == own->next - 1) {
        return KIND(KEEP_ALIVE);
    }
    return 0;
}

/* An empty segment that moves neither number: what does it say? */
static unsigned empty_kinds(const TwinAnalysisSide *own, const TwinAnalysisSide *peer,
                            const Step *step)
{
    const TwinPacket *packet = step->packet;
    if (packet->payload_bytes > 0 || !step->is_plain || !own->has_spoken || !own->has_acked ||
        packet->seq != own->next || packet->ack != own->ack) {
        return 0;
    }
    if (packet->window != own->window) {
        return packet->window != 0 ? KIND(WINDOW_UPDATE) : 0;
    }
    if (packet->window == 0) {
        return (peer->last_kinds & KIND(ZERO_WINDOW_PROBE)) != 0 ? KIND(ZERO_WINDOW_PROBE_ACK) : 0;
    }
    return (peer->last_kinds & KIND(KEEP_ALIVE)) != 0 ? KIND(KEEP_ALIVE_ACK) : KIND(DUPLICATE_ACK);
}

/* Numbers that do not advance: sent again, or overtaken? */
static unsigned repeat_kinds(const TwinAnalysis *self, const TwinAnalysisSide *own,
                             const TwinAnalysisSide *peer, const Step *step)
{
    const TwinPacket *packet = step->packet;
    if (!step->has_length || !own->has_spoken || twin_seq_diff(packet->seq, own->next) >= 0) {
        return 0;
    }
    if (packet->payload_bytes > 1 && packet->seq == own->next - 1 &&
        (own->last_kinds & KIND(ZERO_WINDOW_PROBE)) != 0) {
        return 0; /* the probe's octet, and the rest that it stood for */
    }
    if (peer->n_duplicates >= 2 && peer->has_acked && peer->ack == packet->seq &&
        packet->time_ns - peer->packet_time_ns < fast_ns) {
        return KIND(FAST_RETRANSMISSION) | KIND(RETRANSMISSION);
    }
    if (packet->payload_bytes > 0 && peer->has_acked && twin_seq_diff(step->end, peer->ack) <= 0) {
        return KIND(SPURIOUS_RETRANSMISSION) | KIND(RETRANSMISSION);
    }
    const bool is_marked = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0;
    const int64_t bound_ns = self->first_rtt_ns > 0 ? self->first_rtt_ns : order_ns;
    if (packet->time_ns - own->next_time_ns < bound_ns &&
        step->end + (is_marked ? 1 : 0) != own->next) {
        return KIND(OUT_OF_ORDER);
    }
    return KIND(RETRANSMISSION);
}

/* The round trip of the handshake: SYN to its third leg. */
static void time_handshake(TwinAnalysis *self, const Step *step)
{
    const TwinPacket *packet = step->packet;
    if ((packet->flags & (TWIN_TCP_SYN | TWIN_TCP_ACK)) == TWIN_TCP_SYN && !self->has_syn) {
        self->has_syn = true;
        self->syn_time_ns = packet->time_ns;
    } else if (self->has_syn && self->first_rtt_ns == 0 && step->is_plain && step->has_ack &&
               packet->time_ns > self->syn_time_ns) {
        self->first_rtt_ns = packet->time_ns - self->syn_time_ns;
    }
}

static void remember(TwinAnalysisSide *own, const Step *step, unsigned kinds)
{
    const TwinPacket *packet = step->packet;
    const bool is_marked = (packet->flags & (TWIN_TCP_SYN | TWIN_TCP_FIN)) != 0;
    const uint32_t end = step->end + (is_marked ? 1 : 0);
    const bool is_probe = (kinds & KIND(ZERO_WINDOW_PROBE)) != 0;
    if (!is_probe && (!own->has_spoken || twin_seq_diff(packet->seq, own->contiguous) == 0)) {
        own->contiguous = own->has_spoken && twin_seq_diff(own->next, end) > 0 ? own->next : end;
    }
    if (!is_probe && (!own->has_spoken || twin_seq_diff(end, own->next) > 0)) {
        own->next = end;
        own->next_time_ns = packet->time_ns;
    }
    own->has_spoken = true;
}

static void remember_ack(TwinAnalysisSide *own, const Step *step, unsigned kinds)
{
    const TwinPacket *packet = step->packet;
    if (!own->has_acked || packet->ack != own->ack) {
        own->n_duplicates = 0;
    } else if ((kinds & KIND(DUPLICATE_ACK)) != 0) {
        own->n_duplicates++;
    }
    own->ack = packet->ack;
    own->has_acked = step->has_ack;
    own->window = packet->window;
    own->packet_time_ns = packet->time_ns;
    own->last_kinds = kinds;
}

unsigned twin_analysis_packet(TwinAnalysis *self, const TwinPacket *packet)
{
    const unsigned side = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
    TwinAnalysisSide *own = &self->sides[side];
    TwinAnalysisSide *peer = &self->sides[1 - side];
    const Step step = step_of(packet);
    unsigned kinds = probe_kinds(own, peer, &step);
    if (packet->window == 0 && step.is_plain) {
        kinds |= KIND(ZERO_WINDOW);
    }
    if (own->has_spoken && twin_seq_diff(packet->seq, own->next) > 0 &&
        (packet->flags & TWIN_TCP_RST) == 0) {
        kinds |= KIND(LOST_SEGMENT);
    }
    if ((kinds & KIND(ZERO_WINDOW_PROBE)) == 0) {
        kinds |= empty_kinds(own, peer, &step);
    }
    if (step.has_ack && peer->has_spoken && twin_seq_diff(packet->ack, peer->contiguous) > 0) {
        kinds |= KIND(ACK_UNSEEN);
        peer->contiguous = packet->ack; /* said once */
    }
    if ((kinds & (KIND(KEEP_ALIVE) | KIND(ZERO_WINDOW_PROBE))) == 0) {
        kinds |= repeat_kinds(self, own, peer, &step);
    }
    time_handshake(self, &step);
    remember(own, &step, kinds);
    remember_ack(own, &step, kinds);
    return kinds;
}
