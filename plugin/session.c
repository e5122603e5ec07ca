/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <flowtwin/synthesise.h>

#include "complain.h"
#include "frame.h"
#include "label.h"

/* Whether anybody can ask for what is gathered. */
typedef enum {
    NOT_KNOWN,
    SOMEBODY_ASKS,
    SOMEBODY_MAY_ASK,
    NOBODY_ASKS,
} Demand;

struct TwinSession {
    Demand demand;
    TwinTracker *tracker;
    GArray *flows; /* uint32_t: flow + 1 of each frame, by its number; 0: none */
    TwinBlind *blind;
    GByteArray *synthetic; /* 1 at each flow that was made by us; may be shorter than the flows */
};

static void session_reset(TwinSession *self)
{
    twin_tracker_free(self->tracker);
    self->tracker = twin_tracker_new();
    twin_blind_free(self->blind);
    self->blind = twin_blind_new();
    g_array_set_size(self->flows, 0);
    g_byte_array_set_size(self->synthetic, 0);
}

TwinSession *twin_session_new(void)
{
    TwinSession *self = g_new0(TwinSession, 1);
    self->flows = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    self->synthetic = g_byte_array_new();
    session_reset(self);
    return self;
}

void twin_session_free(TwinSession *self)
{
    if (self != NULL) {
        twin_tracker_free(self->tracker);
        g_array_unref(self->flows);
        g_byte_array_unref(self->synthetic);
        twin_blind_free(self->blind);
        g_free(self);
    }
}

/*
 * Who does not ask now may ask later: Wireshark's window at any time, tshark in its second pass.
 * But tshark that fills in columns with the packet at hand makes one pass, the same for every
 * packet. (In the first of two it fills none.)
 */
static Demand demand_of(const packet_info *pinfo, bool is_asked)
{
    if (is_asked) {
        return SOMEBODY_ASKS;
    }
    return twin_has_window() || pinfo->cinfo == NULL ? SOMEBODY_MAY_ASK : NOBODY_ASKS;
}

/* A packet's own comments, as the file has them. */
static bool has_mark(const packet_info *pinfo)
{
    char *comment = NULL;
    for (unsigned n = 0; pinfo->rec->block != NULL &&
                         wtap_block_get_nth_string_option_value(pinfo->rec->block, OPT_COMMENT, n,
                                                                &comment) == WTAP_OPTTYPE_SUCCESS;
         n++) {
        if (g_str_has_prefix(comment, TWIN_SYNTHETIC_MARK)) {
            return true;
        }
    }
    return false;
}

static void mark(TwinSession *self, uint32_t flow)
{
    const guint n_known = self->synthetic->len;
    if (flow >= n_known) {
        g_byte_array_set_size(self->synthetic, flow + 1);
        memset(self->synthetic->data + n_known, 0, flow + 1 - n_known);
    }
    self->synthetic->data[flow] = 1;
}

bool twin_session_is_synthetic(const TwinSession *self, uint32_t flow)
{
    return !twin_blind_is_on(self->blind) && flow < self->synthetic->len &&
           self->synthetic->data[flow] != 0;
}

void twin_session_take(TwinSession *self, packet_info *pinfo, tvbuff_t *tvb, bool is_asked)
{
    if (self->demand == NOT_KNOWN) {
        self->demand = demand_of(pinfo, is_asked);
    }
    TwinFrame frame;
    if (self->demand == NOBODY_ASKS || !twin_frame_of(pinfo, tvb, &frame)) {
        return;
    }
    const uint32_t flow = twin_tracker_push(self->tracker, &frame, pinfo->num);
    if (flow == TWIN_TRACKER_NO_FLOW) {
        return;
    }
    if (has_mark(pinfo)) {
        mark(self, flow);
    }
    twin_blind_take(self->blind, pinfo, flow);
    const TwinLabel label = twin_label_of(pinfo);
    twin_tracker_set_label(self->tracker, flow, label.name, label.rank);
    if (pinfo->num >= self->flows->len) {
        g_array_set_size(self->flows, pinfo->num + 1);
    }
    g_array_index(self->flows, uint32_t, pinfo->num) = flow + 1;
}

void twin_session_has_statistics(TwinSession *self)
{
    if (self->demand == SOMEBODY_MAY_ASK && !twin_has_window()) {
        self->demand = NOBODY_ASKS;
        session_reset(self);
    }
}

uint32_t twin_session_flow(const TwinSession *self, uint32_t frame)
{
    const uint32_t flow =
        frame < self->flows->len ? g_array_index(self->flows, uint32_t, frame) : 0;
    return flow == 0 ? TWIN_TRACKER_NO_FLOW : flow - 1;
}

TwinTracker *twin_session_tracker(const TwinSession *self)
{
    return self->tracker;
}

TwinBlind *twin_session_blind(const TwinSession *self)
{
    return self->blind;
}
