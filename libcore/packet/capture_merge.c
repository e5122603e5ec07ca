/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/capture_merge.h"

/* A capture and its frame that was read ahead. */
typedef struct {
    TwinCapture *capture;
    TwinFrame frame;
} Input;

/*
 * A binary heap of the inputs that have a frame: the root's is the next one. Frames are given
 * from the root, and the root is refilled at the next call, so that their bytes live that long.
 */
struct TwinCaptureMerge {
    Input *inputs; /* in the order of the paths */
    size_t n_inputs;
    size_t *heap; /* indices of inputs */
    size_t n_heap;
    size_t n_filled; /* inputs whose first frame was read */
    bool is_root_given;
};

TwinCaptureMerge *twin_capture_merge_open(const char *const *paths, size_t n_paths, GError **error)
{
    g_autoptr(TwinCaptureMerge) self = g_new0(TwinCaptureMerge, 1);
    self->inputs = g_new0(Input, n_paths);
    self->heap = g_new0(size_t, n_paths);
    for (size_t i = 0; i < n_paths; i++) {
        self->inputs[i].capture = twin_capture_open(paths[i], error);
        if (self->inputs[i].capture == NULL) {
            return NULL;
        }
        self->n_inputs++;
    }
    return g_steal_pointer(&self);
}

void twin_capture_merge_free(TwinCaptureMerge *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t i = 0; i < self->n_inputs; i++) {
        twin_capture_free(self->inputs[i].capture);
    }
    g_free(self->inputs);
    g_free(self->heap);
    g_free(self);
}

static bool is_before(const TwinCaptureMerge *self, size_t a, size_t b)
{
    const int64_t a_ns = self->inputs[a].frame.time_ns;
    const int64_t b_ns = self->inputs[b].frame.time_ns;
    return a_ns != b_ns ? a_ns < b_ns : a < b;
}

static void swap(size_t *a, size_t *b)
{
    const size_t kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(TwinCaptureMerge *self, size_t at)
{
    while (at > 0 && is_before(self, self->heap[at], self->heap[(at - 1) / 2])) {
        swap(&self->heap[at], &self->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void sift_down(TwinCaptureMerge *self, size_t at)
{
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < self->n_heap; child++) {
            if (is_before(self, self->heap[child], self->heap[first])) {
                first = child;
            }
        }
        if (first == at) {
            return;
        }
        swap(&self->heap[at], &self->heap[first]);
        at = first;
    }
}

/* Reads every capture's first frame; false on an error. */
static bool fill(TwinCaptureMerge *self, GError **error)
{
    for (; self->n_filled < self->n_inputs; self->n_filled++) {
        Input *input = &self->inputs[self->n_filled];
        switch (twin_capture_next(input->capture, &input->frame, error)) {
        case TWIN_CAPTURE_FRAME:
            self->heap[self->n_heap] = self->n_filled;
            sift_up(self, self->n_heap++);
            break;
        case TWIN_CAPTURE_END:
            break;
        case TWIN_CAPTURE_ERROR:
            return false;
        }
    }
    return true;
}

/* Replaces the root's frame by its capture's next one; false on an error. */
static bool advance_root(TwinCaptureMerge *self, GError **error)
{
    Input *input = &self->inputs[self->heap[0]];
    switch (twin_capture_next(input->capture, &input->frame, error)) {
    case TWIN_CAPTURE_FRAME:
        break;
    case TWIN_CAPTURE_END:
        self->heap[0] = self->heap[--self->n_heap];
        break;
    case TWIN_CAPTURE_ERROR:
        return false;
    }
    sift_down(self, 0);
    return true;
}

TwinCaptureStatus twin_capture_merge_next(TwinCaptureMerge *self, TwinFrame *frame_out,
                                          const TwinCapture **capture_out, GError **error)
{
    if (!fill(self, error) || (self->is_root_given && !advance_root(self, error))) {
        return TWIN_CAPTURE_ERROR;
    }
    self->is_root_given = self->n_heap > 0;
    if (self->n_heap == 0) {
        return TWIN_CAPTURE_END;
    }
    const Input *input = &self->inputs[self->heap[0]];
    *frame_out = input->frame;
    *capture_out = input->capture;
    return TWIN_CAPTURE_FRAME;
}

size_t twin_capture_merge_n(const TwinCaptureMerge *self)
{
    return self->n_inputs;
}

const TwinCapture *twin_capture_merge_get(const TwinCaptureMerge *self, size_t index)
{
    return self->inputs[index].capture;
}
