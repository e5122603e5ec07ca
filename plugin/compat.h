/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_COMPAT_H
#define FLOWTWIN_PLUGIN_COMPAT_H

/*
 * What differs between Wireshark 4.0, 4.4 and 4.6, as far as this plugin meets it. No other file
 * asks for the version.
 */

#define WS_BUILD_DLL
#include <cfile.h>
#include <epan/epan_dissect.h>
#include <epan/expert.h>
#include <epan/frame_data_sequence.h>
#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/plugin_if.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <glib.h>
#include <stdbool.h>
#include <wiretap/wtap.h>
#include <ws_symbol_export.h>
#include <ws_version.h>
#include <wsutil/filesystem.h>

#define TWIN_WIRESHARK (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)

#if TWIN_WIRESHARK < 400
#error "Wireshark 4.0 or later is wanted"
#endif

/* A plugin says what it does since 4.2. */
#if TWIN_WIRESHARK >= 402
#include <wsutil/plugins.h>
#define TWIN_PLUGIN_DESCRIPTION                                                                    \
    WS_DLL_PUBLIC uint32_t plugin_describe(void);                                                  \
    WS_DLL_PUBLIC_DEF uint32_t plugin_describe(void)                                               \
    {                                                                                              \
        return WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER;                             \
    }
#else
#define TWIN_PLUGIN_DESCRIPTION
#endif

/* What the function that "-z" calls returns: nothing, since 4.6 whether it went well. */
#if TWIN_WIRESHARK >= 406
typedef bool TwinStatInit;
#define TWIN_STAT_INIT_GOOD true
#else
typedef void TwinStatInit;
#define TWIN_STAT_INIT_GOOD
#endif

/* A record that is read again: since 4.6 its bytes are in it, before they are beside it. */
typedef struct {
    wtap_rec record;
    Buffer bytes;
} TwinRecord;

static inline void twin_record_init(TwinRecord *self)
{
#if TWIN_WIRESHARK >= 406
    wtap_rec_init(&self->record, 2048);
#else
    wtap_rec_init(&self->record);
    ws_buffer_init(&self->bytes, 2048);
#endif
}

static inline void twin_record_clear(TwinRecord *self)
{
    wtap_rec_cleanup(&self->record);
#if TWIN_WIRESHARK < 406
    ws_buffer_free(&self->bytes);
#endif
}

/* Reads what stands at @offset; false with the reason where it cannot. */
static inline bool twin_record_read(TwinRecord *self, wtap *file, int64_t offset, int *error,
                                    char **reason)
{
#if TWIN_WIRESHARK >= 406
    return wtap_seek_read(file, offset, &self->record, error, reason);
#else
    return wtap_seek_read(file, offset, &self->record, &self->bytes, error, reason);
#endif
}

static inline const uint8_t *twin_record_bytes(TwinRecord *self)
{
#if TWIN_WIRESHARK >= 406
    return ws_buffer_start_ptr(&self->record.data);
#else
    return ws_buffer_start_ptr(&self->bytes);
#endif
}

/* Adds to the packet list's menu, for packets that have @field; 4.0 cannot, and says so. */
static inline bool twin_register_packet_menu(const char *name, const char *field,
                                             void (*chosen)(void *, GPtrArray *))
{
#if TWIN_WIRESHARK >= 402
    funnel_register_packet_menu(name, field, chosen, NULL, false);
    return true;
#else
    (void)name;
    (void)field;
    (void)chosen;
    return false;
#endif
}

#endif
