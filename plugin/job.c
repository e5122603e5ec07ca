/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job.h"

#include "capture_file.h"
#include "choice.h"
#include "gather.h"
#include "module.h"
#include "outcome.h"
#include "realism.h"
#include "work.h"

enum {
    SLICE_US = 15000, /* of Wireshark's time between two of its events */
    SLICE_GAP_MS = 1,
    LOOK_MS = 50,
};

/* Taking packets out of Wireshark is this part of the bar. */
static const double gather_part = 0.3;

/* The work at hand. */
typedef struct {
    TwinWork *work;
    TwinGather *gather; /* NULL: the packets are taken */
    TwinChoice choice;
    int64_t start_us;
    guint source;
} Job;

static Job *job; // NOLINT(*-avoid-non-const-global-variables)

bool twin_job_is_running(void)
{
    return job != NULL || twin_realism_is_running(); /* there is one progress window */
}

static void end_gathering(void)
{
    g_clear_pointer(&job->gather, twin_gather_free);
    twin_choice_clear(&job->choice);
}

/* The job is gone when this returns; its work goes to the caller. */
static TwinWork *end_job(void)
{
    TwinWork *work = job->work;
    end_gathering();
    if (job->source != 0) {
        (void)g_source_remove(job->source);
    }
    g_clear_pointer(&job, g_free);
    const TwinWindow *window = twin_module_window();
    if (window != NULL) {
        window->close_progress();
    }
    return work;
}

static void give_up(const GError *error)
{
    TwinWork *work = end_job();
    twin_outcome_failed(twin_work_request(work), error);
    twin_work_free(work);
}

static void cancel(void)
{
    if (job != NULL) {
        twin_work_cancel(job->work);
    }
}

static gboolean watch(void *data)
{
    (void)data;
    g_autofree char *what = NULL;
    double fraction = 0;
    const bool is_done = twin_work_look(job->work, &what, &fraction);
    twin_module_window()->update_progress(what, gather_part + (1 - gather_part) * fraction);
    if (!is_done) {
        return G_SOURCE_CONTINUE;
    }
    const double seconds = (double)(g_get_monotonic_time() - job->start_us) / 1e6;
    job->source = 0; /* ended by what is returned below */
    TwinWork *work = end_job();
    twin_outcome_show(work, seconds);
    return G_SOURCE_REMOVE;
}

static void start_work(TwinFlows *flows, GByteArray *chosen)
{
    twin_work_start(job->work, flows, chosen);
    job->source = g_timeout_add(LOOK_MS, watch, NULL);
}

/* All are taken: on with the rest in a thread. */
static void hand_over(void)
{
    GByteArray *chosen = NULL;
    TwinFlows *flows = twin_gather_steal(job->gather, &chosen);
    end_gathering();
    start_work(flows, chosen);
}

static gboolean gather(void *data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    capture_file *file = twin_capture_file();
    if (file != NULL && file->read_lock) {
        return G_SOURCE_CONTINUE; /* Wireshark is at it */
    }
    if (file == NULL || !twin_capture_file_is_read(file) || twin_work_is_cancelled(job->work)) {
        g_set_error_literal(&error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "stopped");
    } else if (twin_gather_step(job->gather, file, SLICE_US, &error)) {
        const double fraction = twin_gather_fraction(job->gather);
        if (fraction < 1) {
            twin_module_window()->update_progress("Taking packets", gather_part * fraction);
            return job != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
        }
        job->source = 0;
        hand_over();
        return G_SOURCE_REMOVE;
    }
    job->source = 0;
    give_up(error);
    return G_SOURCE_REMOVE;
}

static void start_gathering(const TwinRequest *request, const capture_file *file, uint32_t frame,
                            TwinSession *session)
{
    const uint32_t flow = frame != 0 ? twin_session_flow(session, frame) : TWIN_TRACKER_NO_FLOW;
    twin_choice_make(&job->choice, file, session, request->scope, flow);
    job->gather = twin_gather_new(file, session, &job->choice);
    job->source = g_timeout_add(SLICE_GAP_MS, gather, NULL);
}

void twin_job_start(const TwinRequest *request, uint32_t frame, TwinSession *session)
{
    const capture_file *file = twin_capture_file();
    if (twin_job_is_running() || (session != NULL && file == NULL)) {
        return;
    }
    job = g_new0(Job, 1);
    job->work = twin_work_new(request, file != NULL ? file->filename : NULL);
    job->start_us = g_get_monotonic_time();
    twin_module_window()->open_progress(twin_outcome_title(request), cancel);
    if (session != NULL) {
        start_gathering(request, file, frame, session);
    } else {
        start_work(NULL, NULL);
    }
}

void twin_job_capture_closed(void)
{
    if (job != NULL && job->gather != NULL) {
        g_autoptr(GError) error =
            g_error_new_literal(TWIN_ERROR, TWIN_ERROR_INPUT,
                                "the capture was closed, or read anew, before its packets were "
                                "taken");
        give_up(error);
    }
}

void twin_job_shut_down(void)
{
    if (job != NULL) {
        TwinWork *work = job->work;
        end_gathering();
        g_clear_pointer(&job, g_free);
        twin_work_free(work);
    }
}
