/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/connection.h"

#include "packet/tcp.h"

#include <glib.h>

/* TwinConnection.bits */
enum {
    ESTABLISHED = 0x01,
    REFUSED = 0x02,          /* an attempt before the one in force ended with an acceptable RST */
    CLIENT_SAID_SYN = 0x04,  /* CLIENT_IS_1 comes from a SYN */
    CLIENT_SAID_ELSE = 0x08, /* … from a SYN/ACK */
    CLIENT_IS_1 = 0x10,
};

enum {
    /* How far data may lie beyond its SYN when the file has it before: some ms of a fast path. */
    REORDER_REACH = 1 << 20,
    UNKNOWN_SHIFT = 14, /* largest scale (RFC 7323, 2.3), where the SYN was not captured */
    /* Where the SYN was captured and its options were not. The widest that a stack in use is known
     * to offer; 14 would let a forged RST of any number within a quarter of the space pass. */
    CUT_SHIFT = 12,
};

typedef TwinConnectionSide Side;

static bool has(const Side *side, unsigned bits)
{
    return (side->bits & bits) == bits;
}

static void set(Side *side, unsigned bits)
{
    side->bits = (uint16_t)(side->bits | bits);
}

static void clear(Side *side, unsigned bits)
{
    side->bits = (uint16_t)(side->bits & ~bits);
}

bool twin_connection_is_established(const TwinConnection *self)
{
    return (self->bits & ESTABLISHED) != 0;
}

static bool is_reset(const TwinConnection *self)
{
    return ((self->sides[0].bits | self->sides[1].bits) & TWIN_SIDE_RST) != 0;
}

bool twin_connection_is_finished(const TwinConnection *self)
{
    const bool both_fins = (self->sides[0].bits & self->sides[1].bits & TWIN_SIDE_FIN) != 0;
    return both_fins || is_reset(self) || (self->bits & (REFUSED | ESTABLISHED)) == REFUSED;
}

unsigned twin_connection_client(const TwinConnection *self)
{
    return (self->bits & CLIENT_IS_1) != 0 ? 1 : 0;
}

static bool is_syn(const TwinPacket *packet)
{
    const unsigned mask = TWIN_TCP_SYN | TWIN_TCP_ACK | TWIN_TCP_FIN | TWIN_TCP_RST;
    return (packet->flags & mask) == TWIN_TCP_SYN;
}

/* 1 + payload of a SYN. More than any datagram holds does not happen; it must not wrap. */
static uint16_t syn_octets(const TwinPacket *syn)
{
    const uint32_t payload_bytes = twin_packet_sure_payload(syn);
    return (uint16_t)(1 + MIN(payload_bytes, UINT16_MAX - 1));
}

/* True where @seq is the number of one of the side's own SYNs. */
static bool is_own_syn(const Side *side, uint32_t seq)
{
    return ((side->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) != 0 && side->isn == seq) ||
           (has(side, TWIN_SIDE_OLD_SYN) && side->old_isn == seq);
}

bool twin_connection_is_reopened_by(const TwinConnection *self, const TwinPacket *syn)
{
    const unsigned sender = (syn->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
    return is_syn(syn) && twin_connection_is_finished(self) &&
           !is_own_syn(&self->sides[sender], syn->seq);
}

/* True where @side has sent an acknowledgement in (@after, @upto]. */
static bool has_acknowledged(const Side *side, uint32_t after, uint32_t upto)
{
    if (has(side, TWIN_SIDE_ACK)) {
        for (size_t i = 0; i < TWIN_CONNECTION_ACKS; i++) {
            if (twin_seq_is_in(side->acks[i], after, upto)) {
                return true;
            }
        }
    }
    return false;
}

/* True where @ack acknowledges the side's SYN or its payload; where it is an older SYN of the side
 * that it acknowledges, that one comes back into force. */
static bool acknowledges_syn(Side *side, uint32_t ack)
{
    if (twin_seq_is_in(ack, side->isn, side->isn + side->syn_octets)) {
        return true;
    }
    if (has(side, TWIN_SIDE_OLD_SYN) &&
        twin_seq_is_in(ack, side->old_isn, side->old_isn + side->syn_octets)) {
        const uint32_t isn = side->isn;
        side->isn = side->old_isn;
        side->old_isn = isn;
        side->next = side->isn + side->syn_octets;
        return true;
    }
    return false;
}

/* A SYN/ACK answers the SYN of @side; it may cover the SYN's payload (Fast Open). */
static void accept_syn(Side *side, uint32_t ack)
{
    set(side, TWIN_SIDE_SYN_ACKED);
    if (side->syn_octets > 1 && ack != side->isn + 1) {
        set(side, TWIN_SIDE_FAST_OPEN);
    }
}

static void learn_shift(Side *side, const TwinPacket *syn)
{
    const bool is_cut = (syn->bits & TWIN_PACKET_CUT_OPTIONS) != 0;
    side->shift = (syn->bits & TWIN_PACKET_WINDOW_SCALE) != 0 ? syn->window_shift
                  : is_cut                                    ? CUT_SHIFT
                                                              : 0;
    set(side, TWIN_SIDE_SHIFT);
}

/* Keeps what @side acknowledges and the right edge that it offers. */
static void note_ack(Side *side, const TwinPacket *packet)
{
    const bool is_scaled = (packet->flags & TWIN_TCP_SYN) == 0;
    const unsigned shift = has(side, TWIN_SIDE_SHIFT) ? side->shift : UNKNOWN_SHIFT;
    const uint32_t limit = packet->ack + ((uint32_t)packet->window << (is_scaled ? shift : 0));
    if (!has(side, TWIN_SIDE_ACK)) {
        set(side, TWIN_SIDE_ACK);
        side->limit = limit;
        for (size_t i = 0; i < TWIN_CONNECTION_ACKS; i++) {
            side->acks[i] = packet->ack;
        }
        return;
    }
    const int32_t ahead = twin_seq_diff(packet->ack, side->acks[0]);
    if (ahead > TWIN_CONNECTION_REACH) {
        return;
    }
    if (ahead > 0) {
        for (size_t i = TWIN_CONNECTION_ACKS - 1; i > 0; i--) {
            side->acks[i] = side->acks[i - 1];
        }
        side->acks[0] = packet->ack;
    }
    if (ahead >= 0 && twin_seq_diff(limit, side->limit) > 0) {
        side->limit = limit;
    }
}

/*
 * A number space of @side begins at a SYN or SYN/ACK. Octets just beyond it that the file has
 * before it (reordering) belong to it; other numbers, and what the peer said of them, are
 * forgotten.
 */
static void begin_numbers(TwinConnection *self, unsigned sender, const TwinPacket *syn)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    if ((own->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) != 0) {
        own->old_isn = own->isn;
        set(own, TWIN_SIDE_OLD_SYN);
    }
    own->isn = syn->seq;
    own->syn_octets = syn_octets(syn);
    const uint32_t end = syn->seq + own->syn_octets;
    const int32_t beyond = twin_seq_diff(own->next, end);
    if (!has(own, TWIN_SIDE_NUMBERS) || beyond < 0 || beyond > REORDER_REACH) {
        own->next = end;
        clear(peer, TWIN_SIDE_SYN_ACKED);
    }
    clear(own, TWIN_SIDE_SYN | TWIN_SIDE_SYNACK | TWIN_SIDE_SYN_ACKED | TWIN_SIDE_FIN_KNOWN |
                   TWIN_SIDE_FAST_OPEN);
    set(own, TWIN_SIDE_NUMBERS);
    learn_shift(own, syn);
    if (!has_acknowledged(peer, own->isn, own->isn + REORDER_REACH)) {
        clear(peer, TWIN_SIDE_ACK);
    }
}

/* Completes the handshake where both SYNs are acknowledged and one of them was a SYN. */
static unsigned complete(TwinConnection *self)
{
    const unsigned both = self->sides[0].bits & self->sides[1].bits;
    const unsigned either = self->sides[0].bits | self->sides[1].bits;
    if ((both & TWIN_SIDE_SYN_ACKED) == 0 || (either & TWIN_SIDE_SYN) == 0 || is_reset(self)) {
        return 0;
    }
    self->bits |= ESTABLISHED;
    /* Numbers of tries that came to nothing are no longer this flow's own. */
    clear(&self->sides[0], TWIN_SIDE_OLD_SYN);
    clear(&self->sides[1], TWIN_SIDE_OLD_SYN);
    return TWIN_CONNECTION_ESTABLISHED;
}

/* After a refusal the flow tries again: a RST ends what came before it, nothing that follows. */
static void forget_reset(TwinConnection *self)
{
    if (is_reset(self)) {
        clear(&self->sides[0], TWIN_SIDE_RST);
        clear(&self->sides[1], TWIN_SIDE_RST);
        self->bits |= REFUSED;
    }
}

static unsigned retry(TwinConnection *self, unsigned sender, const TwinPacket *syn)
{
    Side *own = &self->sides[sender];
    const uint16_t octets = syn_octets(syn);
    own->syn_octets = MAX(own->syn_octets, octets);
    if (!twin_connection_is_established(self) && is_reset(self)) {
        forget_reset(self);
        clear(own, TWIN_SIDE_SYN_ACKED | TWIN_SIDE_ACK);
        clear(&self->sides[1 - sender], TWIN_SIDE_SYNACK | TWIN_SIDE_SYN_ACKED);
    }
    return TWIN_CONNECTION_SYN_RETRY;
}

/*
 * True where @side has been talking, as far as can be seen: its handshake is complete, or lies
 * before the capture or was missed by it. A SYN of another number is then a stray until it is
 * answered; but not one that its octets follow, which the file has in the wrong order.
 */
static bool is_talking(const TwinConnection *self, unsigned sender, uint32_t syn)
{
    const Side *own = &self->sides[sender];
    const Side *peer = &self->sides[1 - sender];
    if (twin_connection_is_established(self)) {
        return true;
    }
    if (has(own, TWIN_SIDE_SYN)) {
        return has(own, TWIN_SIDE_SYN_ACKED) &&
               (peer->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) == 0;
    }
    return has(own, TWIN_SIDE_NUMBERS) && !has(own, TWIN_SIDE_SYNACK) &&
           !twin_seq_is_in(own->next, syn, syn + REORDER_REACH);
}

static unsigned take_syn(TwinConnection *self, unsigned sender, const TwinPacket *syn)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    if (is_own_syn(own, syn->seq)) {
        return retry(self, sender, syn);
    }
    if (is_talking(self, sender, syn->seq)) {
        if (!twin_connection_is_finished(self)) {
            self->stray_isn = syn->seq;
            self->stray_octets = syn_octets(syn);
            self->stray_side = (uint8_t)sender;
        }
        return TWIN_CONNECTION_STRAY_SYN;
    }
    begin_numbers(self, sender, syn);
    set(own, TWIN_SIDE_SYN);
    if (has(peer, TWIN_SIDE_SYNACK)) {
        /* The file has the SYN/ACK first. It answers this SYN, or one that was not captured. */
        if (has_acknowledged(peer, own->isn, own->isn + own->syn_octets)) {
            accept_syn(own, peer->acks[0]);
        } else {
            clear(peer, TWIN_SIDE_SYNACK | TWIN_SIDE_SYN_ACKED);
        }
    }
    return TWIN_CONNECTION_SYN | complete(self);
}

/* A stray SYN is answered after all: both sides begin anew. */
static unsigned answer_stray(TwinConnection *self, unsigned sender, const TwinPacket *synack)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    const Side old_own = *own;
    const Side old_peer = *peer;
    const bool was_open = twin_connection_is_established(self);
    forget_reset(self);
    *peer = (Side){
        .isn = self->stray_isn,
        .old_isn = old_peer.isn,
        .next = self->stray_isn + self->stray_octets,
        .syn_octets = self->stray_octets,
        .bits = (old_peer.bits & TWIN_SIDE_FIN) | TWIN_SIDE_NUMBERS | TWIN_SIDE_SYN,
    };
    *own = (Side){.old_isn = old_own.isn, .bits = old_own.bits & TWIN_SIDE_FIN};
    begin_numbers(self, sender, synack);
    set(own, TWIN_SIDE_SYNACK);
    accept_syn(peer, synack->ack);
    note_ack(own, synack);
    self->stray_octets = 0;
    if (was_open) {
        /* Both handshakes' numbers are the flow's own. */
        set(own, TWIN_SIDE_OLD_SYN | TWIN_SIDE_SYN_ACKED);
        set(peer, TWIN_SIDE_OLD_SYN);
        return TWIN_CONNECTION_REOPENED;
    }
    return TWIN_CONNECTION_SYNACK;
}

/* A SYN/ACK with a number that its sender has not used before. */
static void begin_answer(TwinConnection *self, unsigned sender, const TwinPacket *synack)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    begin_numbers(self, sender, synack);
    set(own, TWIN_SIDE_SYNACK);
    clear(own, TWIN_SIDE_ACK);
    if (has_acknowledged(peer, own->isn, own->next)) {
        set(own, TWIN_SIDE_SYN_ACKED); /* the file has the third leg first */
    }
    forget_reset(self);
}

static unsigned take_synack(TwinConnection *self, unsigned sender, const TwinPacket *synack)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    if (twin_connection_is_established(self) && twin_connection_is_finished(self)) {
        return 0;
    }
    if (self->stray_octets > 0 && self->stray_side != sender &&
        twin_seq_is_in(synack->ack, self->stray_isn, self->stray_isn + self->stray_octets)) {
        return answer_stray(self, sender, synack);
    }
    if (twin_connection_is_established(self)) {
        return 0;
    }
    if (has(peer, TWIN_SIDE_SYN) && !acknowledges_syn(peer, synack->ack)) {
        return TWIN_CONNECTION_BAD_SYNACK;
    }
    const bool is_repeated =
        (own->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) != 0 && own->isn == synack->seq;
    if (!is_repeated && has(own, TWIN_SIDE_SYN) && !has(peer, TWIN_SIDE_SYN)) {
        return TWIN_CONNECTION_BAD_SYNACK; /* the SYN's own sender answers nobody */
    }
    if (!is_repeated) {
        begin_answer(self, sender, synack);
    }
    if (has(peer, TWIN_SIDE_SYN)) {
        accept_syn(peer, synack->ack);
    } else if (has(own, TWIN_SIDE_SYN) && has(peer, TWIN_SIDE_SYNACK) &&
               acknowledges_syn(peer, synack->ack)) {
        set(peer, TWIN_SIDE_SYN_ACKED); /* simultaneous open, whose other SYN was not captured */
    }
    note_ack(own, synack);
    return TWIN_CONNECTION_SYNACK | complete(self);
}

/* Of two SYN/ACK numbers (SYN cookies) the third leg takes the one just before it. */
static bool acknowledges_synack(Side *side, uint32_t ack)
{
    const int32_t ahead = twin_seq_diff(ack, side->isn);
    const int32_t old_ahead = twin_seq_diff(ack, side->old_isn);
    if (has(side, TWIN_SIDE_OLD_SYN) && old_ahead > 0 && (ahead <= 0 || old_ahead < ahead)) {
        side->isn = side->old_isn;
        side->next = side->isn + side->syn_octets;
        clear(side, TWIN_SIDE_OLD_SYN);
        return old_ahead <= TWIN_CONNECTION_REACH;
    }
    return ahead > 0 && ahead <= TWIN_CONNECTION_REACH;
}

/* An ordinary segment may acknowledge the peer's SYN: third leg, or simultaneous open. */
static unsigned acknowledge(TwinConnection *self, unsigned sender, const TwinPacket *packet)
{
    const Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    const bool has_syn = (own->bits & (TWIN_SIDE_SYN | TWIN_SIDE_SYNACK)) != 0;
    if (has(peer, TWIN_SIDE_SYN_ACKED) || (has_syn && twin_seq_diff(packet->seq, own->isn) < 0)) {
        return 0;
    }
    if ((has(peer, TWIN_SIDE_SYNACK) && acknowledges_synack(peer, packet->ack)) ||
        (has(peer, TWIN_SIDE_SYN) && twin_seq_is_in(packet->ack, peer->isn, peer->next))) {
        set(peer, TWIN_SIDE_SYN_ACKED);
        return complete(self);
    }
    return 0;
}

/* Payload and FIN against what @own had reached, then moves that on. */
static unsigned take_octets(Side *own, const TwinPacket *packet)
{
    const uint32_t payload_bytes = twin_packet_sure_payload(packet);
    const bool is_fin = (packet->flags & TWIN_TCP_FIN) != 0;
    const uint32_t end =
        packet->seq + ((packet->flags & TWIN_TCP_SYN) != 0 ? 1 : 0) + payload_bytes;
    const int32_t ahead = has(own, TWIN_SIDE_NUMBERS) ? twin_seq_diff(end, own->next) : 0;
    if (is_fin) {
        set(own, TWIN_SIDE_FIN);
    }
    if (ahead > TWIN_CONNECTION_REACH) {
        return TWIN_CONNECTION_FOREIGN;
    }
    unsigned events = ahead > 0 && payload_bytes > 0 ? TWIN_CONNECTION_NEW_OCTETS : 0;
    if (has(own, TWIN_SIDE_FIN_KNOWN) && payload_bytes > 0) {
        const int32_t beyond = twin_seq_diff(end, own->fin);
        const bool is_keep_alive = payload_bytes == 1 && packet->seq == own->fin;
        if (beyond > 0 && beyond <= TWIN_CONNECTION_REACH && !is_keep_alive) {
            events |= TWIN_CONNECTION_AFTER_FIN;
        }
    }
    if (is_fin && (packet->bits & TWIN_PACKET_UNSURE_PAYLOAD) == 0) {
        if (!has(own, TWIN_SIDE_FIN_KNOWN)) {
            own->fin = end;
            set(own, TWIN_SIDE_FIN_KNOWN);
        } else if (own->fin != end) {
            events |= TWIN_CONNECTION_FIN_MOVED;
        }
    }
    const uint32_t reached = end + (is_fin ? 1 : 0);
    if (!has(own, TWIN_SIDE_NUMBERS) || twin_seq_diff(reached, own->next) > 0) {
        own->next = reached;
        set(own, TWIN_SIDE_NUMBERS);
    }
    return events;
}

/* Kinder than RFC 5961, since the capture point is not the receiver; see the header. */
static bool is_acceptable_reset(TwinConnection *self, unsigned sender, const TwinPacket *rst)
{
    const Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    const bool awaits_answer = has(peer, TWIN_SIDE_SYN) && !has(peer, TWIN_SIDE_SYN_ACKED);
    if (awaits_answer && (rst->flags & TWIN_TCP_ACK) != 0 && acknowledges_syn(peer, rst->ack)) {
        return true;
    }
    if (has(own, TWIN_SIDE_SYN) && !has(own, TWIN_SIDE_SYN_ACKED) && has(peer, TWIN_SIDE_NUMBERS)) {
        return false; /* answers an old incarnation of its peer */
    }
    const int32_t behind = has(own, TWIN_SIDE_NUMBERS) ? twin_seq_diff(own->next, rst->seq) : 0;
    const bool is_own = behind <= TWIN_CONNECTION_REACH && behind >= -TWIN_CONNECTION_REACH;
    if (has(peer, TWIN_SIDE_ACK)) {
        const bool is_in_window = twin_seq_diff(rst->seq, peer->acks[0]) >= 0 &&
                                  twin_seq_diff(rst->seq, peer->limit) <= 0;
        return is_in_window ||
               (is_own && behind >= 0 && has_acknowledged(peer, rst->seq - 1, rst->seq));
    }
    return !awaits_answer && is_own;
}

static unsigned take_rst(TwinConnection *self, unsigned sender, const TwinPacket *rst)
{
    Side *own = &self->sides[sender];
    Side *peer = &self->sides[1 - sender];
    if (!is_acceptable_reset(self, sender, rst)) {
        return 0;
    }
    set(own, TWIN_SIDE_RST);
    if (!has(own, TWIN_SIDE_NUMBERS) || twin_seq_diff(rst->seq, own->next) > 0) {
        own->next = rst->seq;
        set(own, TWIN_SIDE_NUMBERS);
    }
    if (!has(peer, TWIN_SIDE_NUMBERS) && (rst->flags & TWIN_TCP_ACK) != 0) {
        peer->next = rst->ack;
        set(peer, TWIN_SIDE_NUMBERS);
    }
    return TWIN_CONNECTION_RESET;
}

/* The first SYN says who the client is; until one comes, the first SYN/ACK does. */
static void note_client(TwinConnection *self, unsigned sender, const TwinPacket *packet)
{
    const bool is_answer = (packet->flags & TWIN_TCP_ACK) != 0;
    const unsigned known = CLIENT_SAID_SYN | (is_answer ? CLIENT_SAID_ELSE : 0U);
    if ((self->bits & known) != 0) {
        return;
    }
    const unsigned client = is_answer ? 1 - sender : sender;
    const unsigned bits = self->bits & ~(unsigned)CLIENT_IS_1;
    self->bits = (uint8_t)(bits | (is_answer ? CLIENT_SAID_ELSE : CLIENT_SAID_SYN) |
                           (client == 1 ? CLIENT_IS_1 : 0U));
}

unsigned twin_connection_update(TwinConnection *self, const TwinPacket *packet)
{
    const unsigned sender = (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
    Side *own = &self->sides[sender];
    if ((packet->flags & TWIN_TCP_SYN) != 0) {
        note_client(self, sender, packet);
    }
    if ((packet->flags & TWIN_TCP_RST) != 0) {
        return take_rst(self, sender, packet);
    }
    if (is_syn(packet)) {
        return take_syn(self, sender, packet);
    }
    const unsigned mask = TWIN_TCP_SYN | TWIN_TCP_ACK | TWIN_TCP_FIN;
    if ((packet->flags & mask) == (TWIN_TCP_SYN | TWIN_TCP_ACK)) {
        return take_synack(self, sender, packet);
    }
    unsigned events = 0;
    if ((packet->flags & (TWIN_TCP_ACK | TWIN_TCP_SYN)) == TWIN_TCP_ACK) {
        if (!twin_connection_is_established(self)) {
            events = acknowledge(self, sender, packet);
        }
        note_ack(own, packet);
    }
    return events | take_octets(own, packet);
}
