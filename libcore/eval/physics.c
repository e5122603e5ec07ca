/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parallel.h"
#include "base/sort.h"
#include "eval/measures.h"
#include "flow/connection.h"
#include "packet/tcp.h"

#include <math.h>
#include <string.h>

/*
 * What cannot be, whoever the hosts are: an answer before its cause could arrive, a clock that is
 * the capture's, a window taken back. Each rule is judged where it can be, and stands beside the
 * share of real flows that break it too (jitter, middleboxes, losses at the capture point).
 */

static const int64_t least_path_ns = 1000000; /* below, the host's own delay is what is measured */
static const int64_t least_gap_ns = 100000;   /* shorter ones repeat by chance */
static const double least_part = 0.8; /* of the handshake's round trip: it may have jittered */
static const double phase_ticks = 0.05;

enum {
    LEAST_STAMPS = 20,
    LEAST_GAPS = 3,
    STAMPS_BACK = 64, /* of the peer's, searched for an echo's cause */
    INITIAL_SEGMENTS = 10,
    INITIAL_BYTES = 14600, /* RFC 6928, 2 */
    DEFAULT_MSS = 1460,
};

typedef enum {
    FAST_ACK,
    FAST_ECHO,
    FAST_END,
    EDGE_BACK,
    BEYOND_WINDOW,
    FIRST_FLIGHT,
    CLOCK_PHASE,
    CLOCK_RATE,
    REPEATED_GAP,
    STRANGE_PAIR,
    N_RULES,
} Rule;

static const struct {
    const char *id;
    const char *title; /* ends with what it is a share of */
} rules[N_RULES] = {
    [FAST_ACK] = {"fast_ack", "Acknowledges faster than the path (flows)"},
    [FAST_ECHO] = {"fast_echo", "Echoes a timestamp faster than it (flows)"},
    [FAST_END] = {"fast_end", "FIN or RST answers faster than it (flows)"},
    [EDGE_BACK] = {"edge_back", "Right window edge moves back (flows)"},
    [BEYOND_WINDOW] = {"beyond_window", "Data beyond the window (data packets)"},
    [FIRST_FLIGHT] = {"first_flight", "First flight over the initial window (flows)"},
    [CLOCK_PHASE] = {"clock_phase", "Timestamps in phase with the capture (hosts)"},
    [CLOCK_RATE] = {"clock_rate", "Timestamp clock off every usual rate (hosts)"},
    [REPEATED_GAP] = {"repeated_gap", "A time repeats to the microsecond (flows)"},
    [STRANGE_PAIR] = {"strange_pair", "Request and answer never seen together (pairs)"},
};

/* How often a rule was judged, and broken. */
typedef struct {
    size_t n_judged[N_RULES];
    size_t n_broken[N_RULES];
} Tally;

static void note(Tally *tally, Rule rule, bool is_broken)
{
    tally->n_judged[rule]++;
    tally->n_broken[rule] += is_broken ? 1 : 0;
}

static unsigned side_of(const TwinPacket *packet)
{
    return (packet->bits & TWIN_PACKET_FROM_SECOND) != 0 ? 1 : 0;
}

static bool has_flag(const TwinPacket *packet, unsigned flag)
{
    return (packet->flags & flag) != 0;
}

static uint32_t end_of(const TwinPacket *packet)
{
    return packet->seq + packet->payload_bytes +
           (has_flag(packet, TWIN_TCP_SYN | TWIN_TCP_FIN) ? 1 : 0);
}

/* ---- answers and the path ---- */

/* A moment of a side that its peer may answer: octets up to @number, or a TSval. */
typedef struct {
    uint32_t number;
    int64_t time_ns;
} Cause;

/* Round trips from the capture point to each side and back, as the handshake shows them; 0: not
 * known. */
static void find_paths(const TwinFlows *flows, const TwinFlow *flow, int64_t paths_out[2])
{
    const TwinPacket *syn = NULL;
    const TwinPacket *synack = NULL;
    paths_out[0] = 0;
    paths_out[1] = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        const bool has_ack = has_flag(packet, TWIN_TCP_ACK);
        if (has_flag(packet, TWIN_TCP_SYN) && !has_ack) {
            syn = packet;
        } else if (has_flag(packet, TWIN_TCP_SYN) && syn != NULL &&
                   side_of(packet) != side_of(syn)) {
            synack = packet;
            if (paths_out[side_of(packet)] == 0) {
                paths_out[side_of(packet)] = packet->time_ns - syn->time_ns;
            }
        } else if (synack != NULL && has_ack && side_of(packet) == side_of(syn)) {
            paths_out[side_of(packet)] = packet->time_ns - synack->time_ns;
            return;
        }
    }
}

/* When the newest octets that @ack covers were first sent; false where none are newly covered. */
static bool find_cause(const GArray *causes, size_t *at, uint32_t ack, int64_t *time_out)
{
    const size_t before = *at;
    while (*at < causes->len && twin_seq_diff(g_array_index(causes, Cause, *at).number, ack) <= 0) {
        (*at)++;
    }
    if (*at == before) {
        return false;
    }
    *time_out = g_array_index(causes, Cause, *at - 1).time_ns;
    return true;
}

static bool find_stamp(const GArray *stamps, uint32_t echo, int64_t *time_out)
{
    for (size_t back = 1; back <= stamps->len && back <= STAMPS_BACK; back++) {
        const Cause *stamp = &g_array_index(stamps, Cause, stamps->len - back);
        if (stamp->number == echo) {
            *time_out = stamp->time_ns;
            return true;
        }
    }
    return false;
}

/* What each side sent first and when, as far as the flow has been read. */
typedef struct {
    GArray *octets[2]; /* Cause */
    GArray *stamps[2];
    size_t covered[2]; /* of octets, by the peer */
    bool is_judged[2][3];
    bool is_broken[2][3]; /* FAST_ACK, FAST_ECHO, FAST_END */
} Answers;

static void judge_answer(Answers *self, const TwinPacket *packet, int64_t path_ns)
{
    const unsigned own = side_of(packet);
    const unsigned peer = 1 - own;
    const double bound_ns = least_part * (double)path_ns;
    int64_t time_ns = 0;
    if (has_flag(packet, TWIN_TCP_ACK) &&
        find_cause(self->octets[peer], &self->covered[peer], packet->ack, &time_ns)) {
        const bool is_fast = (double)(packet->time_ns - time_ns) < bound_ns;
        const size_t kind = has_flag(packet, TWIN_TCP_FIN | TWIN_TCP_RST) ? 2 : 0;
        self->is_judged[own][kind] = true;
        self->is_broken[own][kind] |= is_fast;
    }
    if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0 &&
        find_stamp(self->stamps[peer], packet->ts_echo, &time_ns)) {
        self->is_judged[own][1] = true;
        self->is_broken[own][1] |= (double)(packet->time_ns - time_ns) < bound_ns;
    }
}

static void remember_causes(Answers *self, const TwinPacket *packet)
{
    const unsigned own = side_of(packet);
    GArray *octets = self->octets[own];
    GArray *stamps = self->stamps[own];
    const Cause sent = {.number = end_of(packet), .time_ns = packet->time_ns};
    if (sent.number != packet->seq &&
        (octets->len == 0 ||
         twin_seq_diff(sent.number, g_array_index(octets, Cause, octets->len - 1).number) > 0)) {
        g_array_append_val(octets, sent);
    }
    const Cause stamp = {.number = packet->ts_value, .time_ns = packet->time_ns};
    if ((packet->bits & TWIN_PACKET_TIMESTAMPS) != 0 &&
        (stamps->len == 0 ||
         g_array_index(stamps, Cause, stamps->len - 1).number != stamp.number)) {
        g_array_append_val(stamps, stamp);
    }
}

/* Whichever side the capture stands at, the other one is far: answers of either are judged, where
 * its path is long enough. The handshake itself defines the paths and is not judged. */
static void judge_answers(const TwinFlows *flows, const TwinFlow *flow, Answers *self, Tally *tally)
{
    static const Rule of_kind[3] = {FAST_ACK, FAST_ECHO, FAST_END};
    int64_t paths_ns[2];
    find_paths(flows, flow, paths_ns);
    for (unsigned s = 0; s < 2; s++) {
        g_array_set_size(self->octets[s], 0);
        g_array_set_size(self->stamps[s], 0);
        self->covered[s] = 0;
        memset(self->is_judged[s], 0, sizeof self->is_judged[s]);
        memset(self->is_broken[s], 0, sizeof self->is_broken[s]);
    }
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if (k > 2 && paths_ns[side_of(packet)] >= least_path_ns) {
            judge_answer(self, packet, paths_ns[side_of(packet)]);
        }
        remember_causes(self, packet);
    }
    for (size_t kind = 0; kind < 3; kind++) {
        if (self->is_judged[0][kind] || self->is_judged[1][kind]) {
            note(tally, of_kind[kind], self->is_broken[0][kind] || self->is_broken[1][kind]);
        }
    }
}

/* ---- windows ---- */

/* What one side offers and sends. */
typedef struct {
    bool has_scale_option, has_syn;
    unsigned shift;
    bool has_edge;
    uint32_t edge; /* largest acknowledgement + window */
    uint32_t ack, seq;
    uint32_t next, isn;
    bool has_next;
    uint32_t flight_bytes; /* new data before any of it was acknowledged */
    bool is_acked;         /* some of its data was */
    uint32_t mss_bytes;    /* that it takes */
} Window;

/* Scaling holds where both SYNs agreed to it (RFC 7323, 2.2). */
static unsigned shift_of(const Window *own, const Window *peer)
{
    return own->has_scale_option && peer->has_scale_option ? own->shift : 0;
}

static void take_syn(Window *own, const TwinPacket *packet)
{
    own->has_syn = true;
    own->has_scale_option = (packet->bits & TWIN_PACKET_WINDOW_SCALE) != 0;
    own->shift = packet->window_shift;
    own->mss_bytes = packet->mss_bytes;
    own->isn = packet->seq;
}

/* True where the right edge went back. */
static bool take_edge(Window *own, const Window *peer, const TwinPacket *packet)
{
    const bool is_syn = has_flag(packet, TWIN_TCP_SYN);
    const uint32_t window = (uint32_t)packet->window << (is_syn ? 0 : shift_of(own, peer));
    const uint32_t edge = packet->ack + window;
    const bool is_late = own->has_edge && (twin_seq_diff(packet->ack, own->ack) < 0 ||
                                           twin_seq_diff(packet->seq, own->seq) < 0);
    const bool is_back = own->has_edge && !is_late && twin_seq_diff(edge, own->edge) < 0;
    if (!own->has_edge || twin_seq_diff(edge, own->edge) > 0) {
        own->edge = edge;
    }
    if (!is_late) {
        own->ack = packet->ack;
        own->seq = packet->seq;
    }
    own->has_edge = true;
    return is_back;
}

static void take_data(Window *own, const Window *peer, const TwinPacket *packet, Tally *tally)
{
    const uint32_t end = packet->seq + packet->payload_bytes;
    if (packet->payload_bytes > 1 && peer->has_edge) { /* one octet may be a probe */
        note(tally, BEYOND_WINDOW, twin_seq_diff(end, peer->edge) > 0);
    }
    if (!own->has_next) {
        own->next = packet->seq;
        own->has_next = true;
    }
    const int32_t news = twin_seq_diff(end, own->next);
    if (news > 0) {
        own->flight_bytes += own->is_acked ? 0 : (uint32_t)news;
        own->next = end;
    }
}

static bool exceeds_initial_window(const Window *own, const Window *peer)
{
    const uint32_t mss_bytes = peer->mss_bytes > 0 ? peer->mss_bytes : DEFAULT_MSS;
    const uint32_t two = 2 * mss_bytes;
    const uint32_t bound = MIN(INITIAL_SEGMENTS * mss_bytes, MAX(two, INITIAL_BYTES));
    return own->flight_bytes > bound;
}

static void judge_windows(const TwinFlows *flows, const TwinFlow *flow, Tally *tally)
{
    Window sides[2] = {{.edge = 0}};
    bool is_back = false;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        Window *own = &sides[side_of(packet)];
        Window *peer = &sides[1 - side_of(packet)];
        if (has_flag(packet, TWIN_TCP_SYN)) {
            take_syn(own, packet);
        }
        if (!sides[0].has_syn || !sides[1].has_syn) {
            continue; /* without both SYNs the scale is not known */
        }
        if (packet->payload_bytes > 0 && !has_flag(packet, TWIN_TCP_SYN)) {
            take_data(own, peer, packet, tally);
        }
        if (has_flag(packet, TWIN_TCP_ACK) && !has_flag(packet, TWIN_TCP_RST)) {
            is_back |= take_edge(own, peer, packet);
            peer->is_acked |= twin_seq_diff(packet->ack, peer->isn + 1) > 0;
        }
    }
    if (sides[0].has_edge && sides[1].has_edge) {
        note(tally, EDGE_BACK, is_back);
    }
    if (sides[0].flight_bytes > 0 || sides[1].flight_bytes > 0) {
        note(tally, FIRST_FLIGHT,
             exceeds_initial_window(&sides[0], &sides[1]) ||
                 exceeds_initial_window(&sides[1], &sides[0]));
    }
}

/* ---- clocks ---- */

/* The usual rate within a tenth of @ticks_a_second; 0: none is. */
static double usual_rate(double ticks_a_second)
{
    static const double rates[] = {10, 100, 200, 250, 1000, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
        if (fabs(ticks_a_second - rates[i]) < rates[i] / 10) {
            return rates[i];
        }
    }
    return 0;
}

static void judge_clock(const TwinFlows *flows, const TwinFlow *flow, unsigned side, Tally *tally)
{
    const TwinPacket *first = NULL;
    const TwinPacket *last = NULL;
    size_t n = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if (side_of(packet) == side && (packet->bits & TWIN_PACKET_TIMESTAMPS) != 0) {
            first = first != NULL ? first : packet;
            last = packet;
            n++;
        }
    }
    const double seconds = n > 0 ? (double)(last->time_ns - first->time_ns) / 1e9 : 0;
    if (n < LEAST_STAMPS || seconds < 0.5) {
        return; /* a tick more or less decides too much */
    }
    const double rate =
        usual_rate((double)twin_seq_diff(last->ts_value, first->ts_value) / seconds);
    note(tally, CLOCK_RATE, rate == 0);
    if (rate == 0) {
        return;
    }
    double least = 0; /* how far behind the capture's clock TSval ever is, in ticks */
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if (side_of(packet) == side && (packet->bits & TWIN_PACKET_TIMESTAMPS) != 0) {
            const double ticks = (double)(packet->time_ns - first->time_ns) / 1e9 * rate;
            least = MIN(least, ticks - (double)twin_seq_diff(packet->ts_value, first->ts_value));
        }
    }
    note(tally, CLOCK_PHASE, least > -phase_ticks);
}

/* ---- inter-packet times ---- */

static void judge_gaps(const TwinFlows *flows, const TwinFlow *flow, Tally *tally)
{
    g_autofree int64_t *gaps_us = g_new(int64_t, flow->n_packets + 1);
    g_autofree int64_t *scratch = g_new(int64_t, flow->n_packets + 1);
    size_t n = 0;
    bool is_coarse = true; /* whole milliseconds: a clock that repeats by itself */
    for (uint32_t k = 1; k < flow->n_packets; k++) {
        const int64_t gap_ns = twin_judge_gap_ns(flows, flow, k);
        if (gap_ns >= least_gap_ns) {
            gaps_us[n++] = (gap_ns + 500) / 1000;
            is_coarse &= gap_ns % 1000000 == 0;
        }
    }
    if (n < LEAST_GAPS || is_coarse) {
        return;
    }
    twin_sort_int64(gaps_us, scratch, n);
    bool repeats = false;
    for (size_t i = 1; i < n; i++) {
        repeats |= gaps_us[i] == gaps_us[i - 1];
    }
    note(tally, REPEATED_GAP, repeats);
}

/* ---- dialogues ---- */

/* What the training flows said: requests, answers, and which stood together; sorted keys. */
typedef struct {
    GArray *keys[3]; /* int64_t: pairs, requests, answers */
} Dialogues;

enum { PAIRS, REQUESTS, ANSWERS };

static int64_t dialogue_key(uint32_t label, uint64_t request, uint64_t answer)
{
    uint64_t key = label + 1;
    const uint64_t words[] = {request, answer};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        key = (key ^ words[i]) * UINT64_C(0x9E3779B97F4A7C15);
        key ^= key >> 29;
    }
    return (int64_t)(key >> 1);
}

/* Calls for each request of the client that the server answered, with their sizes. */
static void walk_dialogue(const TwinFlows *flows, const TwinFlow *flow,
                          void (*visit)(uint64_t request, uint64_t answer, void *data), void *data)
{
    uint64_t request = 0;
    uint64_t answer = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        if (twin_flow_side(flow, packet) == 1) {
            answer += request > 0 ? packet->payload_bytes : 0;
            continue;
        }
        if (packet->payload_bytes > 0 && answer > 0) { /* the next request begins */
            visit(request, answer, data);
            request = 0;
            answer = 0;
        }
        request += packet->payload_bytes;
    }
    if (answer > 0) {
        visit(request, answer, data);
    }
}

typedef struct {
    Dialogues *dialogues;
    uint32_t label;
    Tally *tally; /* NULL while learning */
} Visit;

static bool stands(const GArray *keys, int64_t key)
{
    size_t low = 0;
    for (size_t high = keys->len; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (g_array_index(keys, int64_t, middle) < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < keys->len && g_array_index(keys, int64_t, low) == key;
}

/* Only sizes that each stand in the training set say something: others may be files. */
static void visit_pair(uint64_t request, uint64_t answer, void *data)
{
    const Visit *visit = data;
    const int64_t keys[3] = {
        [PAIRS] = dialogue_key(visit->label, request, answer),
        [REQUESTS] = dialogue_key(visit->label, request, 0),
        [ANSWERS] = dialogue_key(visit->label, 0, answer),
    };
    GArray *const *known = visit->dialogues->keys;
    if (visit->tally == NULL) {
        for (size_t i = 0; i < 3; i++) {
            g_array_append_val(known[i], keys[i]);
        }
    } else if (stands(known[REQUESTS], keys[REQUESTS]) && stands(known[ANSWERS], keys[ANSWERS])) {
        note(visit->tally, STRANGE_PAIR, !stands(known[PAIRS], keys[PAIRS]));
    }
}

static void learn_dialogues(const TwinJudge *judge, Dialogues *self)
{
    const TwinFlows *flows = judge->sets[TWIN_SET_REAL].flows;
    for (size_t i = 0; i < 3; i++) {
        self->keys[i] = g_array_new(FALSE, FALSE, sizeof(int64_t));
    }
    for (size_t f = 0; f < judge->sets[TWIN_SET_REAL].n_flows; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        Visit visit = {.dialogues = self, .label = twin_judge_label(judge, TWIN_SET_REAL, flow)};
        walk_dialogue(flows, flow, visit_pair, &visit);
    }
    for (size_t i = 0; i < 3; i++) {
        g_autofree int64_t *scratch = g_new(int64_t, self->keys[i]->len + 1);
        twin_sort_int64((int64_t *)(void *)self->keys[i]->data, scratch, self->keys[i]->len);
    }
}

/* ---- all of it ---- */

typedef struct {
    const TwinJudge *judge;
    Dialogues dialogues;
    Tally tallies[TWIN_N_SETS];
} Work;

static void judge_set(size_t set, unsigned thread, void *data)
{
    (void)thread;
    Work *work = data;
    Tally *tally = &work->tallies[set];
    const TwinFlows *flows = work->judge->sets[set].flows;
    Answers answers = {.covered = {0}};
    for (unsigned s = 0; s < 2; s++) {
        answers.octets[s] = g_array_new(FALSE, FALSE, sizeof(Cause));
        answers.stamps[s] = g_array_new(FALSE, FALSE, sizeof(Cause));
    }
    for (size_t f = 0; f < work->judge->sets[set].n_flows; f++) {
        const TwinFlow *flow = twin_flows_flow(flows, f);
        judge_answers(flows, flow, &answers, tally);
        judge_windows(flows, flow, tally);
        judge_clock(flows, flow, 0, tally);
        judge_clock(flows, flow, 1, tally);
        judge_gaps(flows, flow, tally);
        if (set != TWIN_SET_REAL) { /* every training pair stands in the training set */
            Visit visit = {.dialogues = &work->dialogues,
                           .label = twin_judge_label(work->judge, (TwinSet)set, flow),
                           .tally = tally};
            walk_dialogue(flows, flow, visit_pair, &visit);
        }
    }
    for (unsigned s = 0; s < 2; s++) {
        (void)g_array_free(answers.octets[s], TRUE);
        (void)g_array_free(answers.stamps[s], TRUE);
    }
}

static const TwinColumnHead columns[] = {
    {"real", "real"},
    {"holdout", "hold-out"},
    {"synthetic", "synthetic"},
    {"judged", "synthetic judged"},
};

static const TwinTableHead head = {
    .id = "physics",
    .title = "Physics",
    .about =
        "Share of what can be judged that breaks a rule which hosts, paths and clocks keep. The "
        "path is the handshake's round trip at the capture point, less a fifth for jitter.",
    .columns = columns,
    .n_columns = G_N_ELEMENTS(columns),
    .n_bars = 3,
};

void twin_measure_physics(const TwinJudge *judge, TwinReport *report)
{
    Work work = {.judge = judge};
    learn_dialogues(judge, &work.dialogues);
    twin_parallel_for(TWIN_N_SETS, judge->n_threads, judge_set, &work);
    TwinTable *table = twin_report_add(report, &head);
    for (Rule rule = 0; rule < N_RULES; rule++) {
        TwinTableRow *row = twin_table_add(table, rules[rule].id, rules[rule].title);
        for (size_t s = 0; s < TWIN_N_SETS; s++) {
            row->cells[s] =
                twin_cell_share(work.tallies[s].n_broken[rule], work.tallies[s].n_judged[rule]);
        }
        row->cells[TWIN_N_SETS] =
            twin_cell(TWIN_FORMAT_COUNT, (double)work.tallies[TWIN_SET_SYNTHETIC].n_judged[rule]);
    }
    for (size_t i = 0; i < 3; i++) {
        (void)g_array_free(work.dialogues.keys[i], TRUE);
    }
}
