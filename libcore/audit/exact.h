/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_EXACT_H
#define FLOWTWIN_AUDIT_EXACT_H

#include "audit/audit.h"

/*
 * The five core checks by sequence numbers: what TCP forbids fails, what loss, reordering and the
 * RFCs explain passes. For each check a function that takes the next packet and one that decides
 * from what was taken; the former run in this order. They fill in what differs from a pass
 * that is decided and not final.
 */

/** Before all others: what several checks need to know of each side. */
void twin_exact_note(TwinAudit *self, const TwinAuditStep *step);

void twin_exact_take_handshake(TwinAudit *self, const TwinAuditStep *step);
void twin_exact_take_early(TwinAudit *self, const TwinAuditStep *step);
void twin_exact_take_duplicate(TwinAudit *self, const TwinAuditStep *step);
void twin_exact_take_termination(TwinAudit *self, const TwinAuditStep *step);
void twin_exact_take_late(TwinAudit *self, const TwinAuditStep *step);

void twin_exact_decide_handshake(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_exact_decide_early(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_exact_decide_duplicate(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_exact_decide_termination(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_exact_decide_late(const TwinAudit *self, bool at_end, TwinVerdict *verdict);

#endif
