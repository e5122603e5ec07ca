/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/revisit.h"

#include <flowtwin/error.h>

#include "flow/flows.h"
#include "packet/capture_merge.h"

#include <string.h>

enum { FRAMES_A_REPORT = 1 << 14 };

bool twin_revisit_check(const char *const *paths, size_t n_paths, GError **error)
{
    for (size_t i = 0; i < n_paths; i++) {
        const bool is_stdin = strcmp(paths[i], "-") == 0;
        if (is_stdin || (g_file_test(paths[i], G_FILE_TEST_EXISTS) &&
                         !g_file_test(paths[i], G_FILE_TEST_IS_REGULAR))) {
            g_autofree char *name = g_filename_display_name(paths[i]);
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                        "%s: is read twice, so it must be a file", name);
            return false;
        }
    }
    return true;
}

static bool report(const TwinRevisit *self, const TwinCapture *capture, GError **error)
{
    const TwinProgress *progress = self->progress;
    if (progress == NULL ||
        progress->report(self->what, twin_capture_fraction(capture), progress->data)) {
        return true;
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "%s: %s was stopped",
                twin_capture_name(capture), self->what);
    return false;
}

/* The k-th frame that decodes to a segment is packet k of the flows. */
bool twin_revisit(const TwinRevisit *self, GError **error)
{
    g_autoptr(TwinCaptureMerge) captures =
        twin_capture_merge_open(self->paths, self->n_paths, error);
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    size_t n_packets = 0;
    const TwinPacket *packets = twin_flows_packets(self->flows, &n_packets);
    size_t k = 0;
    for (size_t n_frames = 1; captures != NULL; n_frames++) {
        TwinFrame frame;
        TwinSegment segment;
        const TwinCapture *capture = NULL;
        const TwinCaptureStatus status = twin_capture_merge_next(captures, &frame, &capture, error);
        if (status != TWIN_CAPTURE_FRAME) {
            return status == TWIN_CAPTURE_END;
        }
        TwinRevisited revisited = {.frame = &frame};
        const TwinDecodeStatus kind = twin_decoder_decode(decoder, &frame, &segment);
        if (kind == TWIN_DECODE_SEGMENT && k < n_packets) {
            revisited.segment = &segment;
            revisited.packet = &packets[k++];
        } else if (kind != TWIN_DECODE_FRAGMENT) {
            continue;
        }
        if (!self->visit(&revisited, self->data, error) ||
            (n_frames % FRAMES_A_REPORT == 0 && !report(self, capture, error))) {
            return false;
        }
    }
    return false;
}
