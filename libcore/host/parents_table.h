/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_HOST_PARENTS_TABLE_H
#define FLOWTWIN_HOST_PARENTS_TABLE_H

/*
 * Parents of what a host does that are not entries of a plan: NAME, what `show` calls it, its value
 * as a function of a TwinParents *p with s = p->own, q = p->plan. Times are log10 of seconds.
 */
#define TWIN_PARENTS_COMPUTED(X)                                                                   \
    X(EVENT_1, "last event", s->event[0])                                                          \
    X(EVENT_2, "event before last", s->event[1])                                                   \
    X(EVENT_3, "third last event", s->event[2])                                                    \
    X(EVENT_BYTES, "payload of the last event", s->event_bytes)                                    \
    X(SENT_BYTES, "last payload sent", s->sent_bytes)                                              \
    X(ARRIVED_BYTES, "last payload arrived", s->arrived_bytes)                                     \
    X(SINCE_ARRIVAL, "time since an arrival", log_gap(p->now_ns - s->arrival_ns))                  \
    X(SINCE_SEND, "time since a send", log_gap(p->now_ns - s->send_ns))                            \
    X(SINCE_DATA_ARRIVAL, "time since data arrived", log_gap(p->now_ns - s->data_arrival_ns))      \
    X(SINCE_DATA_SEND, "time since data sent", log_gap(p->now_ns - s->data_send_ns))               \
    X(ARRIVALS, "arrivals in a row", s->n_arrivals)                                                \
    X(SENDS, "sends in a row", s->n_sends)                                                         \
    X(UNACKED, "segments not acknowledged", s->n_unacked)                                          \
    X(UNACKED_BYTES, "bytes not acknowledged", s->unacked_bytes)                                   \
    X(OUT_OF_ORDER, "ranges out of order", s->n_out_of_order)                                      \
    X(FLIGHT, "bytes in flight", s->next - s->unacked)                                             \
    X(FLIGHT_FULL, "full segments in flight", flight_full(p))                                      \
    X(NEWLY_ACKED, "bytes newly acknowledged", s->newly_acked)                                     \
    X(DUPLICATES, "duplicate ACKs", s->n_duplicates)                                               \
    X(MOST_FLIGHT, "most in flight so far", s->most)                                               \
    X(GOT_SYN, "SYNs arrived", s->got_syn)                                                         \
    X(GOT_FIN, "FINs arrived", s->got_fin)                                                         \
    X(GOT_RST, "RSTs arrived", s->got_rst)                                                         \
    X(SENT_SYN, "SYNs sent", s->sent_syn)                                                          \
    X(SENT_FIN, "FINs sent", s->sent_fin)                                                          \
    X(SENT_RST, "RSTs sent", s->sent_rst)                                                          \
    X(OPEN, "a write is open", s->write_segments > 0)                                              \
    X(WRITE_SEGMENTS, "segments left of the write", s->write_segments)                             \
    X(WRITE_BYTES, "bytes left of the write", s->write_bytes)                                      \
    X(WRITE_DONE, "segments sent of the write", s->write_done)                                     \
    X(READY, "the next write may begin", ready(p))                                                 \
    X(NEXT_SEGMENTS, "segments of the next write", next_segments(p))                               \
    X(NEXT_BYTES, "bytes of the next write", next_bytes(p))                                        \
    X(AWAITED, "peer's segments awaited", (double)p->n_awaited)                                    \
    X(AWAITED_BYTES, "bytes of the peer's write awaited", awaited_bytes(p))                        \
    X(PEER_WRITE, "bytes of the peer's write before", peer_write(p))                               \
    X(WRITE_BEFORE, "bytes of the write before that", write_before(p))                             \
    X(INBOUND, "packets under way", p->n_inbound)                                                  \
    X(NEXT_ARRIVAL, "time to the next arrival", next_arrival(p))                                   \
    X(NEXT_HAS_NUMBERS, "the next arrival has numbers", p->n_inbound > 0 && p->inbound_has_size)   \
    X(NEXT_PAYLOAD, "payload of the next arrival",                                                 \
      p->n_inbound > 0 ? (double)p->inbound_bytes : -1)                                            \
    X(COUNT, "packets sent", s->n_sent)                                                            \
    X(TOPPED, "longest answer so far", s->topped)                                                  \
    X(ELAPSED, "time elapsed", log_gap(p->now_ns - s->start_ns))                                   \
    X(TIME_LEFT, "time left", log_seconds(time_left(p)))                                           \
    X(HELD, "last arrival's hold", log_gap(s->held_ns))                                            \
    X(ACK_SHARE_LEFT, "pure ACKs left a data packet", ack_share_left(p))                           \
    X(DATA_BEFORE_FIN, "peer's data before own FIN",                                               \
      peer_left(p, TWIN_PLAN_DATA) - q[TWIN_PLAN_DATA_AFTER_FIN])                                  \
    X(PACKETS_BEFORE_FIN, "peer's packets before own FIN",                                         \
      peer_left(p, TWIN_PLAN_PACKETS) - q[TWIN_PLAN_PACKETS_AFTER_FIN])                            \
    X(PURE_BEFORE_FIN, "pure ACKs before own FIN", pure_before_fin(p))                             \
    X(SIZE_LEFT, "mean payload left", size_left(p))                                                \
    X(PACE, "mean time left a packet", pace(p))                                                    \
    X(INITIAL_ROOM, "room in the initial window",                                                  \
      q[TWIN_PLAN_INITIAL_WINDOW] + 2. * (double)s->unacked - (double)s->next)                     \
    X(FLIGHT_ROOM, "room to the most in flight",                                                   \
      q[TWIN_PLAN_MAX_FLIGHT] + (double)s->unacked - (double)s->next)                              \
    X(CHANCES, "chances beyond ACKs left", chances_beyond(p))                                      \
    X(LAST_WRITE, "no write left", p->next_write >= p->dialogue->n_writes)                         \
    X(CONGESTION_ROOM, "room in the congestion window",                                            \
      (double)s->congestion_window - (double)twin_host_n_flight(s))                                \
    X(CONGESTION, "congestion window", s->congestion_window)                                       \
    X(FLIGHT_SEGMENTS, "segments in flight", (double)twin_host_n_flight(s))                        \
    X(HELD_SHARE, "holds left an arrival", held_share(p))                                          \
    X(THINK_PACE, "mean thinking time left", think_pace(p))                                        \
    X(RUN, "own writes in a row", run_of_writes(p))                                                \
    X(NEXT_TO_LEAST, "next arrival to least ACK delay", next_to_habit(p, 0))                       \
    X(NEXT_TO_MEDIAN, "next arrival to median ACK delay", next_to_habit(p, 2))                     \
    X(NEXT_TO_LONGEST, "next arrival to longest ACK delay", next_to_habit(p, 4))                   \
    X(FINS_CROSS, "FINs cross", fins_cross(p))                                                     \
    X(PINGPONG, "pingpong", s->pingpong)                                                           \
    X(QUICK, "quick ACKs left", s->quick)                                                          \
    X(ATO, "delayed-ACK time", log_ns(twin_host_ack_timer_ns(s)))                                  \
    X(UNACKED_FULL, "full segments not acknowledged",                                              \
      (double)s->unacked_bytes / (double)s->receive_mss)                                           \
    X(PUSHED_IN, "pushed arrivals not acknowledged", s->n_pushed)                                  \
    X(SINCE_UNACKED, "time not acknowledged over 40 ms", since_unacked(s, p->now_ns))              \
    X(TIMER, "time left on the ACK timer", timer_left(p))                                          \
    X(TIMER_NEXT, "next arrival to the ACK timer", timer_next(p))                                  \
    X(VERDICT, "verdict on ACKs", twin_host_verdict(s))                                            \
    X(RESENT, "resends since an ACK moved", s->n_backoff)                                          \
    X(MENDS_DUE, "resends beyond losses to come",                                                  \
      s->left[TWIN_PLAN_AGAINS] - s->left[TWIN_PLAN_LOSTS] - s->left[TWIN_PLAN_HIDDENS])           \
    X(OLDEST, "age of the oldest in flight in round trips", oldest_to_round_trip(p))               \
    /* In place of WRITE_SEGMENTS and WRITE_BYTES for the length: of the write that goes on or */  \
    /* begins with the packet */                                                                   \
    X(SEGMENTS_NOW, "segments left with this one",                                                 \
      s->write_segments > 0 ? (double)s->write_segments : next_segments(p))                        \
    X(BYTES_NOW, "bytes left with this one",                                                       \
      s->write_segments > 0 ? (double)s->write_bytes : next_bytes(p))                              \
    /* What has been drawn of the packet already */                                                \
    X(KIND, "kind of packet", p->kind)                                                             \
    X(PAYLOAD, "payload", p->payload_bytes)                                                        \
    X(DELAY_CLASS, "class of delay", p->delay_class)

/*
 * Parents of a window: as above, of a TwinWindowParents *p with s = p->own, q = p->plan, k =
 * p->packet.
 */
#define TWIN_WINDOW_PARENTS(X)                                                                     \
    X(WINDOW, "window before", s->window)                                                          \
    X(LAST_WINDOW, "window before its last move", s->last_window)                                  \
    X(FIRST, "window of the SYN", q[TWIN_PLAN_WINDOW_SYN])                                         \
    X(SECOND, "second window", q[TWIN_PLAN_WINDOW_FIRST])                                          \
    X(LEAST, "least window", q[TWIN_PLAN_WINDOW_LEAST])                                            \
    X(MEDIAN, "median window", q[TWIN_PLAN_WINDOW_MEDIAN])                                         \
    X(MOST, "largest window", q[TWIN_PLAN_WINDOW_MOST])                                            \
    X(SHIFT, "window scale", q[TWIN_PLAN_WINDOW_SHIFT])                                            \
    X(ACKED, "segments acknowledged", s->n_unacked)                                                \
    X(ACKED_BYTES, "bytes acknowledged", newly_covered(p))                                         \
    X(KIND, "kind of packet", k->kind)                                                             \
    X(PAYLOAD, "payload", k->payload_bytes)                                                        \
    X(PACKETS_LEFT, "packets left", s->left[TWIN_PLAN_PACKETS])                                    \
    X(DATA_LEFT, "data packets left", s->left[TWIN_PLAN_DATA])                                     \
    X(MOVES_LEFT, "moves left", s->moves_left)                                                     \
    X(COUNT, "packets sent", s->n_sent)                                                            \
    X(CODE, "move before", s->window_code)                                                         \
    X(EVENT_1, "last event", s->event[0])                                                          \
    X(EVENT_2, "event before last", s->event[1])                                                   \
    X(ARRIVED_BYTES, "last payload arrived", s->arrived_bytes)                                     \
    X(TO_MOST, "room to the largest window", q[TWIN_PLAN_WINDOW_MOST] - s->window)                 \
    X(EDGE_GAP, "right edge if it stays", edge_gap(p)) /* negative: staying moves the edge */      \
    X(IS_FAR, "far from the capture", q[TWIN_PLAN_IS_FAR])                                         \
    X(LABEL, "label", q[TWIN_PLAN_LABEL])                                                          \
    X(PURE_LEFT, "pure ACKs left", s->left[TWIN_PLAN_PURE])                                        \
    X(ARRIVALS, "arrivals in a row", s->n_arrivals)                                                \
    X(SENDS, "sends in a row", s->n_sends)                                                         \
    X(SINCE_ARRIVAL, "time since an arrival", log_gap(p->now_ns - s->arrival_ns))                  \
    X(PEER_DATA, "peer's data packets left",                                                       \
      p->peer_plan[TWIN_PLAN_DATA] - p->arrived[TWIN_PLAN_DATA])                                   \
    X(MOVE_SHARE, "moves left a packet", move_share(p))                                            \
    X(RECEIVED, "bytes received", s->received_bytes)                                               \
    X(PINGPONG, "pingpong", s->pingpong)                                                           \
    X(QUICK, "quick ACKs left", s->quick)                                                          \
    X(UNACKED_FULL, "full segments not acknowledged",                                              \
      (double)s->unacked_bytes / (double)s->receive_mss)                                           \
    X(VERDICT, "verdict on ACKs", twin_host_verdict(s))                                            \
    X(SINCE_UNACKED, "time not acknowledged over 40 ms", since_unacked(s, p->now_ns))

#endif
