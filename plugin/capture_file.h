/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_PLUGIN_CAPTURE_FILE_H
#define FLOWTWIN_PLUGIN_CAPTURE_FILE_H

#include "compat.h"

/** The capture that the window shows; NULL: none, or no window. Borrowed for the moment. */
capture_file *twin_capture_file(void);

/** True where its packets have been read, so that they may be read again. */
bool twin_capture_file_is_read(const capture_file *file);

/** True where something of it would be lost if another file were opened in its place. */
bool twin_capture_file_is_unsaved(const capture_file *file);

/** Frame @number, from 1; NULL: none. */
const frame_data *twin_capture_file_frame(const capture_file *file, uint32_t number);

#endif
