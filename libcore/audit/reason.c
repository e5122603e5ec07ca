/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit/reason.h"

#include <flowtwin/check.h>

static const char *const words[TWIN_N_REASONS] = {
    [TWIN_REASON_NONE] = "",
    [TWIN_REASON_COMPLETE] = "complete",
    [TWIN_REASON_REORDERED] = "reordered",
    [TWIN_REASON_SIMULTANEOUS_OPEN] = "simultaneous-open",
    [TWIN_REASON_FAST_OPEN] = "fast-open",
    [TWIN_REASON_MIDWAY] = "midway",
    [TWIN_REASON_ONE_WAY] = "one-way",
    [TWIN_REASON_SYNACK_MISSED] = "synack-missed",
    [TWIN_REASON_REFUSED] = "refused",
    [TWIN_REASON_UNANSWERED] = "unanswered",
    [TWIN_REASON_NO_THIRD_LEG] = "no-third-leg",
    [TWIN_REASON_BAD_ACK] = "bad-ack",
    [TWIN_REASON_BEFORE_SYN] = "before-syn",
    [TWIN_REASON_BEFORE_SYNACK] = "before-synack",
    [TWIN_REASON_SERVER_FIRST] = "server-first",
    [TWIN_REASON_RETRY] = "retry",
    [TWIN_REASON_REOPENED] = "reopened",
    [TWIN_REASON_FIN_BOTH] = "fin-both",
    [TWIN_REASON_RESET] = "reset",
    [TWIN_REASON_RESET_AFTER_FIN] = "reset-after-fin",
    [TWIN_REASON_HALF_CLOSED] = "half-closed",
    [TWIN_REASON_OPEN] = "open",
    [TWIN_REASON_OPEN_AT_END] = "open-at-end",
    [TWIN_REASON_AFTER_OWN_FIN] = "after-own-fin",
    [TWIN_REASON_FIN_MOVED] = "fin-moved",
    [TWIN_REASON_AFTER_OWN_RESET] = "after-own-reset",
    [TWIN_REASON_AFTER_PEER_RESET] = "after-peer-reset",
    [TWIN_REASON_IN_FLIGHT] = "in-flight",
    [TWIN_REASON_FOREIGN_NUMBERS] = "foreign-numbers",
};

const char *twin_check_reason(unsigned reason)
{
    return reason < TWIN_N_REASONS ? words[reason] : "";
}
