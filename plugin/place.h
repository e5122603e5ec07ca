/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_PLACE_H
#define FLOWTWIN_PLUGIN_PLACE_H

/**
 * A name that no file has, beside @capture or, where that is temporary or its folder cannot be
 * written to, in the user's home: lab.pcap.gz gives lab-similar.pcapng, lab-similar-2.pcapng, …
 *
 * @param capture NULL: none
 * @return (transfer full) whole path
 */
char *twin_place_free_name(const char *capture, const char *what, const char *ending);

#endif
