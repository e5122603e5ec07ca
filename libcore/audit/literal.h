/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_LITERAL_H
#define FLOWTWIN_AUDIT_LITERAL_H

#include "audit/audit.h"

/*
 * The five core checks by flags and file order alone, for comparison with figures of other papers.
 * Functions as in exact.h.
 */
void twin_literal_take_handshake(TwinAudit *self, const TwinAuditStep *step);
void twin_literal_take_early(TwinAudit *self, const TwinAuditStep *step);
void twin_literal_take_duplicate(TwinAudit *self, const TwinAuditStep *step);
void twin_literal_take_termination(TwinAudit *self, const TwinAuditStep *step);
void twin_literal_take_late(TwinAudit *self, const TwinAuditStep *step);

void twin_literal_decide_handshake(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_literal_decide_early(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_literal_decide_duplicate(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_literal_decide_termination(const TwinAudit *self, bool at_end, TwinVerdict *verdict);
void twin_literal_decide_late(const TwinAudit *self, bool at_end, TwinVerdict *verdict);

#endif
