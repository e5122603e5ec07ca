/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_CHECK_H
#define FLOWTWIN_CHECK_H

#include <flowtwin/flows.h>

G_BEGIN_DECLS

/** The five core checks, in the order of the check table. */
typedef enum TwinCheck {
    TWIN_CHECK_HANDSHAKE,
    TWIN_CHECK_EARLY_DATA,
    TWIN_CHECK_DUPLICATE_HANDSHAKE,
    TWIN_CHECK_TERMINATION,
    TWIN_CHECK_LATE_DATA,
    TWIN_N_CHECKS,
} TwinCheck;

/** What users see of a check; every name stands here once. */
typedef struct TwinCheckInfo {
    const char *id;      /**< JSON key and CSV column: "early_data" */
    const char *field;   /**< Wireshark's filter name: "flowtwin.early_data" */
    const char *title;   /**< "No data before the handshake" */
    const char *finding; /**< one sentence for a flow that fails */
} TwinCheckInfo;

/** How the checks are decided. */
typedef enum TwinReading {
    TWIN_READING_EXACT, /**< sequence numbers decide: what RFCs, loss and reordering explain passes
                         */
    TWIN_READING_LITERAL, /**< flags and file order alone, for comparison with other papers */
} TwinReading;

/** One check of one flow. */
typedef struct TwinVerdict {
    bool passes;
    bool is_decided; /**< false: it stands for want of evidence */
    bool is_final;   /**< false: a later packet may change it (first pass) */
    uint8_t reason;  /**< for twin_check_reason() */
    uint32_t packet; /**< index within the flow of the packet to blame; UINT32_MAX: none */
} TwinVerdict;

/** The row of @check. */
TWIN_API const TwinCheckInfo *twin_check_info(TwinCheck check);

/** The word for a reason, such as "after-own-fin"; "" for none. */
TWIN_API const char *twin_check_reason(unsigned reason);

/** A flow under audit, fed packet by packet. */
typedef struct TwinAudit TwinAudit;

TWIN_API TwinAudit *twin_audit_new(TwinReading reading);
TWIN_API void twin_audit_free(TwinAudit *self);

/** Forgets the flow before, keeps the reading: one audit serves flow after flow. */
TWIN_API void twin_audit_begin(TwinAudit *self);

/**
 * Says when the capture ends, so that a flow still open then is told from one that was left open.
 *
 * @param time_ns latest time of any packet, since 1970; INT64_MAX (at first): not known. Kept from
 *                flow to flow.
 */
TWIN_API void twin_audit_set_capture_end(TwinAudit *self, int64_t time_ns);

/** Takes the flow's next packet; constant time. */
TWIN_API void twin_audit_packet(TwinAudit *self, const TwinPacket *packet);

/**
 * What is known by now.
 *
 * @param at_end true after the flow's last packet: verdicts become those of the whole flow
 */
TWIN_API void twin_audit_verdicts(const TwinAudit *self, bool at_end,
                                  TwinVerdict verdicts_out[TWIN_N_CHECKS]);

/**
 * The flow in one word as Zeek's conn.log history has it (capital letters the client's: S SYN,
 * H SYN/ACK, A pure ACK, D data, F FIN, R RST), at most 20 letters, each kind once a side.
 */
TWIN_API const char *twin_audit_history(const TwinAudit *self);

/** True where the flow's SYN was not captured: totals are shown with and without such flows. */
TWIN_API bool twin_audit_is_midway(const TwinAudit *self);

/** Audits one finished flow: begin, capture end, every packet, verdicts at the end. */
TWIN_API void twin_check_flow(TwinAudit *audit, const TwinFlows *flows, const TwinFlow *flow,
                              TwinVerdict verdicts_out[TWIN_N_CHECKS]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinAudit, twin_audit_free)

G_END_DECLS

#endif
