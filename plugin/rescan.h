/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_RESCAN_H
#define FLOWTWIN_PLUGIN_RESCAN_H

/**
 * Sees to it that what was judged before its flow had ended is judged again. Wireshark's list draws
 * rows when all is read, so that columns and colours are right by themselves; a display filter that
 * stood while the file was read, and the rows of a live capture, are not.
 */
void twin_rescan_begin_file(void);
void twin_rescan_end_file(void);

#endif
