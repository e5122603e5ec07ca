/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_SYNTH_EVIDENCE_H
#define FLOWTWIN_SYNTH_EVIDENCE_H

#include "host/parents.h"
#include "synth/loop.h"

/** What an outcome is held against. Borrows. */
typedef struct {
    const TwinParents *parents; /* of the host that decides */
    const TwinPacketKind *kinds;
    size_t n_kinds;
    double least_size; /* bytes that a data segment would have at most */
    bool must_send;
    bool has_lost;   /* a segment to mend; false until set by the caller */
    bool ends_write; /* a data segment would be the last of its write */
} TwinEvidenceCase;

/** Fills in least_size and ends_write. */
void twin_evidence_look(TwinEvidenceCase *self, const TwinParents *parents,
                        const TwinTables *tables, bool must_send);

/** The rule that keeps the next data back until something arrives: windows, flight, handshake;
 *  TWIN_EVIDENCE_NONE where none does or nothing is to be sent. */
TwinEvidence twin_evidence_against_going_on(const TwinEvidenceCase *self);

/**
 * The first rule that forbids an outcome; TWIN_EVIDENCE_NONE where none does.
 *
 * @param kind       of the next packet; n_kinds: it waits
 * @param strictness 2, 1, 0
 *
 * A rule binds a flow only where its donor obeyed it: the plan says so.
 */
TwinEvidence twin_evidence_against(const TwinEvidenceCase *self, size_t kind, unsigned strictness);

#endif
