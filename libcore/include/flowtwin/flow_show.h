/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_SHOW_H
#define FLOWTWIN_FLOW_SHOW_H

#include <flowtwin/flows.h>

G_BEGIN_DECLS

/** How a flow can be shown: "text", "json"; NULL beyond the last. */
TWIN_API const char *twin_flow_show_format(size_t index);

/**
 * A flow packet by packet, with what was inferred of its two hosts: when each packet was sent and
 * arrived, which ones were held, lost, or missed by the capture, what was written at once.
 *
 * @param flows      finished
 * @param flow_index of a flow of @flows
 * @param format     one of twin_flow_show_format(); NULL: text
 * @return (transfer full) NULL with TWIN_ERROR_TOO_LARGE, or TWIN_ERROR_ARGUMENT for another format
 *
 * Cost: some hundred bytes a packet.
 */
TWIN_API char *twin_flow_show(const TwinFlows *flows, size_t flow_index, const char *format,
                              GError **error);

G_END_DECLS

#endif
