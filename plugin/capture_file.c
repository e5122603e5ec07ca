/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_file.h"

static void *give(capture_file *file, void *data)
{
    (void)data;
    return file;
}

capture_file *twin_capture_file(void)
{
    capture_file *file = plugin_if_get_capture_file(give, NULL);
    return file != NULL && file->state != FILE_CLOSED ? file : NULL;
}

bool twin_capture_file_is_read(const capture_file *file)
{
    return !file->read_lock && file->provider.wth != NULL && file->provider.frames != NULL &&
           (file->state == FILE_READ_DONE || file->state == FILE_READ_IN_PROGRESS);
}

bool twin_capture_file_is_unsaved(const capture_file *file)
{
    return file->is_tempfile || file->unsaved_changes || file->state != FILE_READ_DONE;
}

const frame_data *twin_capture_file_frame(const capture_file *file, uint32_t number)
{
    return number >= 1 && number <= file->count
               ? frame_data_sequence_find(file->provider.frames, number)
               : NULL;
}
