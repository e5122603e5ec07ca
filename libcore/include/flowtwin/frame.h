/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FRAME_H
#define FLOWTWIN_FRAME_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/** One captured frame as a capture file or a host program holds it. The bytes are borrowed. */
typedef struct TwinFrame {
    int64_t time_ns;         /* since 1970; may run backwards from frame to frame */
    uint32_t link_type;      /* LINKTYPE_… of www.tcpdump.org/linktypes.html: 1 is Ethernet */
    uint32_t captured_bytes; /* what @bytes holds */
    uint32_t original_bytes; /* what was on the wire */
    const uint8_t *bytes;
} TwinFrame;

G_END_DECLS

#endif
