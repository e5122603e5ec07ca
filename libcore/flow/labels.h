/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_FLOW_LABELS_H
#define FLOWTWIN_FLOW_LABELS_H

#include <flowtwin/flows.h>

/**
 * Labels from the text of a label file.
 *
 * @param text    (transfer full) n_bytes and a 0 behind them
 * @param name    what messages begin with
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT or _TOO_LARGE
 */
TwinLabels *twin_labels_of_text(char *text, size_t n_bytes, const char *name,
                                GError **error) TWIN_CHECKED;

/** The label of the row that fits @flow best, or NULL; borrowed. */
const char *twin_labels_find(const TwinLabels *self, const TwinFlow *flow);

/** The protocol that data/ports.tsv gives @port, or NULL. */
const char *twin_labels_of_port(uint16_t port);

/** Writes @address in text into @text; what it returns is @text. */
#define TWIN_ADDRESS_CHARS 46
const char *twin_address_text(const TwinAddress *address, uint8_t ip_version,
                              char text[TWIN_ADDRESS_CHARS]);

/** Reads an IPv4 or IPv6 address; @ip_version_out is 4 or 6, false where it is neither. */
bool twin_address_parse(const char *text, TwinAddress *address_out, uint8_t *ip_version_out);

#endif
