/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_REASON_H
#define FLOWTWIN_AUDIT_REASON_H

/** Why a verdict is what it is; the words stand in reason.c. New ones go at the end. */
typedef enum {
    TWIN_REASON_NONE,
    TWIN_REASON_COMPLETE,          /**< SYN, SYN/ACK, third leg, in that order */
    TWIN_REASON_REORDERED,         /**< numbers match, the file's order does not */
    TWIN_REASON_SIMULTANEOUS_OPEN, /**< RFC 9293, 3.5 */
    TWIN_REASON_FAST_OPEN,         /**< RFC 7413: the SYN/ACK covers the SYN's payload */
    TWIN_REASON_MIDWAY,            /**< the flow's SYN was not captured */
    TWIN_REASON_ONE_WAY,           /**< one side's packets were not captured */
    TWIN_REASON_SYNACK_MISSED,     /**< ordinary segments acknowledge the SYN */
    TWIN_REASON_REFUSED,           /**< an acceptable RST answered the SYN */
    TWIN_REASON_UNANSWERED,        /**< no answer to the SYN */
    TWIN_REASON_NO_THIRD_LEG,      /**< SYN and SYN/ACK, then no ACK */
    TWIN_REASON_BAD_ACK,           /**< the answer acknowledges something else */
    TWIN_REASON_BEFORE_SYN,        /**< payload before the handshake's SYN */
    TWIN_REASON_BEFORE_SYNACK,     /**< payload of the client, not yet answered */
    TWIN_REASON_SERVER_FIRST,      /**< payload of the server before the third leg */
    TWIN_REASON_RETRY,             /**< SYNs with numbers used before */
    TWIN_REASON_REOPENED,          /**< another SYN was answered while the flow was open */
    TWIN_REASON_FIN_BOTH,          /**< a FIN of each side */
    TWIN_REASON_RESET,             /**< an acceptable RST */
    TWIN_REASON_RESET_AFTER_FIN,   /**< one FIN, then an acceptable RST */
    TWIN_REASON_HALF_CLOSED,       /**< one FIN only */
    TWIN_REASON_OPEN,              /**< neither FIN nor RST */
    TWIN_REASON_OPEN_AT_END,       /**< not ended, but the capture ends within the idle timeout */
    TWIN_REASON_AFTER_OWN_FIN,     /**< payload beyond its sender's FIN */
    TWIN_REASON_FIN_MOVED,         /**< a FIN at another number, no payload between */
    TWIN_REASON_AFTER_OWN_RESET,   /**< new payload of the RST's sender */
    TWIN_REASON_AFTER_PEER_RESET,  /**< new payload of its peer, too late to have crossed it */
    TWIN_REASON_IN_FLIGHT,         /**< new payload of its peer that may have crossed it */
    TWIN_REASON_FOREIGN_NUMBERS,   /**< segments of another number space, not judged */
    TWIN_N_REASONS,
} TwinReason;

#endif
