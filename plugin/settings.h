/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_SETTINGS_H
#define FLOWTWIN_PLUGIN_SETTINGS_H

#include <flowtwin/synthesise.h>

#include "window.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Flows that are enough to learn from; fewer are imitated by what all flows of the capture tell.
 *
 * Measured on HTTP, TLS and SSH of a lab capture, half of whose flows were held out: twins learned
 * from 100 flows alone are nearer to the held-out ones (mean excess divergence 0.06) than twins
 * learned from 6,400 flows of all kinds (0.11). Of 25 flows it is 0.09 and 0.12, of 5 flows 0.18
 * and 0.17, of one 0.33 and 0.27. A filter may name flows of several protocols: hence 100.
 */
enum { TWIN_ENOUGH_FLOWS = 100 };

/** What the networks are learned from where a filter names the flows to imitate. */
typedef enum {
    TWIN_LEARN_AUTO,    /* from these flows where they are enough, else from the capture */
    TWIN_LEARN_FILTER,  /* from these flows */
    TWIN_LEARN_CAPTURE, /* from all flows of the capture */
} TwinLearnFrom;

/** The preferences "flowtwin.…", looked through. Strings are borrowed from Wireshark's. */
typedef struct {
    const char *output; /* never NULL */
    const char *labels; /* NULL: none */
    const char *model;  /* NULL: learn one */
    const char *preset; /* NULL: the default */
    uint64_t n_flows;   /* 0: as many as are imitated */
    uint64_t seed;
    TwinAddresses addresses;
    TwinPayload payload;
    TwinFirstPacket first_packet;
    TwinLearnFrom learn_from;
    TwinOpening opening; /* of the window alone */
    bool may_exist;
} TwinSettings;

/**
 * Registers the preferences of @protocol. All are strings: Wireshark takes nonsense for a number, a
 * choice or a Boolean without a word.
 */
void twin_settings_register(int protocol);

/** Looks through each preference by itself, for the window; as below, but output may be NULL. */
bool twin_settings_look(TwinSettings *settings_out, GError **error);

/** Looks through the preferences for -z, which must go together; false with TWIN_ERROR_ARGUMENT,
 * which names the one at fault. */
bool twin_settings_read(TwinSettings *settings_out, GError **error);

#endif
