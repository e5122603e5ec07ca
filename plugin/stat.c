/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stat.h"

#include "complain.h"

#include <string.h>

/* One that was asked for. Packets are taken by a listener of all of them, and a second one, of
 * those that pass the filter, says which flows are meant. */
struct TwinStat {
    const TwinStatKind *kind;
    void *work;
    uint32_t last_frame; /* taken; 0: none */
    uint32_t last_flow;
    GByteArray *chosen; /* a byte a flow; NULL: no filter */
    TwinStat **chooser; /* its address is the second listener's name */
};

static void stat_free(TwinStat *self)
{
    if (self->work != NULL) {
        self->kind->free(self->work);
    }
    if (self->chosen != NULL) {
        g_byte_array_unref(self->chosen);
    }
    g_free(self->chooser);
    g_free(self);
}

/* Both listeners hear of a packet, in whichever order: the first one takes it. */
static uint32_t take(TwinStat *self, packet_info *pinfo, const epan_dissect_t *edt)
{
    if (self->last_frame != pinfo->num) {
        self->last_frame = pinfo->num;
        self->last_flow = self->kind->take(self->work, pinfo, edt->tvb);
    }
    return self->last_flow;
}

static tap_packet_status on_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
                                   const void *event, tap_flags_t flags)
{
    (void)flags;
    TwinStat *self = data;
    const TwinFirstVisit *visit = event;
    if (visit != NULL) {
        twin_session_has_statistics(visit->session);
    }
    (void)take(self, pinfo, edt);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status on_chosen(void *data, packet_info *pinfo, epan_dissect_t *edt,
                                   const void *none, tap_flags_t flags)
{
    (void)none;
    (void)flags;
    TwinStat *self = *(TwinStat **)data;
    const uint32_t flow = take(self, pinfo, edt);
    if (flow != UINT32_MAX) {
        if (flow >= self->chosen->len) {
            const guint before = self->chosen->len;
            g_byte_array_set_size(self->chosen, flow + 1);
            memset(self->chosen->data + before, 0, self->chosen->len - before);
        }
        self->chosen->data[flow] = 1;
    }
    return TAP_PACKET_REDRAW;
}

static void on_reset(void *data)
{
    TwinStat *self = data;
    self->last_frame = 0;
    self->kind->reset(self->work);
    if (self->chosen != NULL) {
        g_byte_array_set_size(self->chosen, 0);
    }
}

static void on_draw(void *data)
{
    static const uint8_t none = 0; /* an empty array has no data at all */
    TwinStat *self = data;
    const uint8_t *chosen = NULL;
    size_t n_chosen = 0;
    if (self->chosen != NULL) {
        n_chosen = self->chosen->len;
        chosen = n_chosen > 0 ? self->chosen->data : &none;
    }
    self->kind->draw(self->work, chosen, n_chosen);
}

static void on_finish(void *data)
{
    stat_free(data);
}

/* The first listener to be registered is the last to be called; which does not matter. */
static void listen(TwinStat *self, const char *filter)
{
    GString *error = register_tap_listener(TWIN_TAP, self, NULL, TL_REQUIRES_NOTHING, on_reset,
                                           on_packet, on_draw, on_finish);
    if (error == NULL && filter != NULL) {
        self->chosen = g_byte_array_new();
        self->chooser = g_new(TwinStat *, 1);
        *self->chooser = self;
        error = register_tap_listener(TWIN_TAP, self->chooser, filter, TL_REQUIRES_NOTHING, NULL,
                                      on_chosen, NULL, NULL);
    }
    if (error != NULL) {
        g_strdelimit(error->str, "\n", ' ');
        twin_complain("-z %s: %s See man wireshark-filter", self->kind->argument,
                      g_strstrip(error->str));
        g_string_free(error, TRUE);
    }
}

/* Wireshark compares as many letters as we have registered: what stands behind them is ours. */
static TwinStatInit begin(const char *argument, void *data)
{
    const TwinStatKind *kind = *(const TwinStatKind **)data;
    const char *rest = argument + strlen(kind->argument);
    const char *filter = rest[0] == ',' && rest[1] != '\0' ? rest + 1 : NULL;
    if (rest[0] != '\0' && rest[0] != ',') {
        twin_complain("-z %s: no such statistic; -z %s[,FILTER] is one", argument, kind->argument);
        return TWIN_STAT_INIT_GOOD;
    }
    TwinStat *self = g_new0(TwinStat, 1);
    self->kind = kind;
    self->work = kind->begin(filter);
    if (self->work == NULL) {
        stat_free(self);
        return TWIN_STAT_INIT_GOOD;
    }
    listen(self, filter);
    return TWIN_STAT_INIT_GOOD;
}

void twin_stats_register(const TwinStatKind *const *kinds)
{
    for (size_t i = 0; kinds[i] != NULL; i++) {
        const TwinStatKind *kind = kinds[i];
        /* Wireshark keeps what it is given for as long as it runs. */
        const TwinStatKind **kept = g_new(const TwinStatKind *, 1);
        *kept = kind;
        stat_tap_ui ui = {
            .group = REGISTER_STAT_GROUP_GENERIC,
            .title = kind->summary,
            .cli_string = kind->argument,
            .tap_init_cb = begin,
            .nparams = 0,
            .params = NULL,
        };
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the cast only drops const */
        register_stat_tap_ui(&ui, kept);
    }
}
