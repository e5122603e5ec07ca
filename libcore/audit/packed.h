/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_AUDIT_PACKED_H
#define FLOWTWIN_AUDIT_PACKED_H

#include "audit/audit.h"

/** Whole words of TwinAudit that are packed: all but the history's text, which is spelled anew. */
#define TWIN_PACKED_WORDS (offsetof(TwinAudit, history) / sizeof(uint32_t))

/** No packed audit is longer. */
#define TWIN_PACKED_MAX_BYTES ((TWIN_PACKED_WORDS + 7) / 8 + TWIN_PACKED_WORDS * 5)

/** Makes the audit of a flow that has not begun, which packed ones are differences to. */
void twin_audit_begin_packing(TwinAudit *begun);

/**
 * Writes a flow's audit in as few bytes as it takes to go on with it later: what still is as it was
 * at the flow's beginning takes a bit, and what no packet to come can need is left out. A flow with
 * a handshake takes about 90 bytes, an unanswered SYN 50.
 *
 * @param self of the exact reading
 * @return how many bytes were written
 *
 * Cost: as much as copying the audit two or three times.
 */
size_t twin_audit_pack(const TwinAudit *self, const TwinAudit *begun,
                       uint8_t bytes_out[TWIN_PACKED_MAX_BYTES]);

/** Makes the audit that was packed into @bytes; the capture's end is not known to it. */
void twin_audit_unpack(TwinAudit *self, const TwinAudit *begun, const uint8_t *bytes);

#endif
