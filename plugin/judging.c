/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judging.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 8 };

static const double holdout_share = 0.2;

/* What part of the bar each step has, as it takes on captures of a few thousand flows. */
typedef enum {
    STEP_READ,
    STEP_MAKE,
    STEP_JUDGE,
} Step;

static const struct {
    double from;
    double to;
} step_table[] = {
    [STEP_READ] = {0.0, 0.1},
    [STEP_MAKE] = {0.1, 0.2},
    [STEP_JUDGE] = {0.2, 1.0},
};

struct TwinJudging {
    TwinCase brief; /* with what is owned below */
    char *real;
    char *synthetic;
    char *output;
    TwinFlows *flows;
    TwinProgress progress;
    Step step; /* of the thread alone */
    GThread *thread;
    gint is_cancelled; /* atomic */
    gint is_done;      /* atomic */
    GMutex lock;       /* of the two below */
    char *what;
    double fraction;
    GError *error; /* of the thread until it has ended, as is the verdict */
    char *verdict;
};

static bool report(const char *what, double fraction, void *data)
{
    TwinJudging *self = data;
    const double part = CLAMP(fraction, 0.0, 1.0);
    const double from = step_table[self->step].from;
    g_mutex_lock(&self->lock);
    g_free(self->what);
    self->what = g_strdup(what);
    self->fraction = from + part * (step_table[self->step].to - from);
    g_mutex_unlock(&self->lock);
    return g_atomic_int_get(&self->is_cancelled) == 0;
}

void twin_judging_cancel(TwinJudging *self)
{
    g_atomic_int_set(&self->is_cancelled, 1);
}

void twin_judging_free(TwinJudging *self)
{
    if (self == NULL) {
        return;
    }
    twin_judging_cancel(self);
    if (self->thread != NULL) {
        (void)g_thread_join(self->thread);
    }
    twin_flows_free(self->flows);
    g_clear_error(&self->error);
    g_mutex_clear(&self->lock);
    g_free(self->what);
    g_free(self->verdict);
    g_free(self->real);
    g_free(self->synthetic);
    g_free(self->output);
    g_free(self);
}

static unsigned n_threads(void)
{
    return CLAMP(g_get_num_processors(), 1U, (unsigned)MAX_THREADS);
}

/* ---- sets ---- */

typedef struct {
    TwinFlows *real;
    TwinFlows *holdout;
    TwinFlows *synthetic;
    char *note;
} Sets;

static void sets_clear(Sets *self)
{
    twin_flows_free(self->real);
    twin_flows_free(self->holdout);
    twin_flows_free(self->synthetic);
    g_free(self->note);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sets, sets_clear)

static TwinFlows *read_flows(TwinJudging *self, const char *path)
{
    TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    options.verify_checksums = true;
    g_autoptr(TwinFlows) flows = twin_flows_new(&options);
    if (!twin_flows_read(flows, &path, 1, &self->progress, &self->error) ||
        !twin_flows_finish(flows, &self->error)) {
        return NULL;
    }
    return g_steal_pointer(&flows);
}

/* Four fifths and one, by label. */
static bool cut(TwinJudging *self, const TwinFlows *flows, Sets *sets)
{
    TwinSplitOptions options = TWIN_SPLIT_OPTIONS_INIT;
    TwinSplitCounts counts;
    options.holdout = holdout_share;
    options.seed = self->brief.request.seed;
    const size_t n_flows = twin_flows_n_flows(flows);
    g_autofree uint8_t *halves = g_new(uint8_t, n_flows);
    twin_split_deal(flows, &options, halves, &counts);
    sets->holdout = twin_flows_choose(flows, halves, n_flows, &self->error);
    for (size_t f = 0; f < n_flows; f++) {
        halves[f] = halves[f] == 0 ? 1 : 0;
    }
    sets->real =
        sets->holdout != NULL ? twin_flows_choose(flows, halves, n_flows, &self->error) : NULL;
    return sets->real != NULL;
}

/* The same lines for both ways: the files, or the design. */
static bool read_sets(TwinJudging *self, Sets *sets)
{
    g_autoptr(TwinFlows) whole = read_flows(self, self->brief.real);
    if (whole == NULL) {
        return false;
    }
    const size_t n_flows = twin_flows_n_flows(whole);
    g_autofree char *name = g_filename_display_basename(self->brief.real);
    if (n_flows < TWIN_LEAST_JUDGED) {
        g_set_error(&self->error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "%s has %zu TCP flows. A fifth of the real flows is held out, and at least 20 "
                    "are wanted to judge by",
                    name, n_flows);
        return false;
    }
    sets->synthetic = read_flows(self, self->brief.synthetic);
    sets->note = g_strdup_printf(
        "Real and hold-out: %s, cut by label into 80 %% and 20 %% of its flows. If the generator "
        "learned from this very capture it has seen the hold-out too, and what is said here of "
        "memorisation and of realism is kinder than it should be.",
        name);
    return sets->synthetic != NULL && cut(self, whole, sets);
}

static TwinModel *learn(TwinJudging *self, const TwinFlows *flows)
{
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = twin_preset_name(self->brief.request.design);
    options.addresses = TWIN_ADDRESSES_KEEP; /* the model never leaves the program */
    options.seed = self->brief.request.seed;
    options.n_threads = n_threads();
    options.progress = &self->progress;
    return twin_model_learn(flows, &options, &self->error);
}

static bool write_capture(TwinJudging *self, const TwinModel *model, size_t n_flows,
                          const char *path)
{
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    TwinSynthesiseResult made;
    options.n_flows = n_flows;
    options.seed = self->brief.request.seed;
    options.payload = (TwinPayload)self->brief.request.payload;
    options.first_packet = (TwinFirstPacket)self->brief.request.first_packet;
    options.like_flow = TWIN_ALL_FLOWS;
    options.output = path;
    options.may_exist = true;
    options.progress = &self->progress;
    return twin_synthesise(model, &options, &made, &self->error);
}

/* Learns from four fifths, and imitates them. Judged is what stands in a file. */
static bool make_sets(TwinJudging *self, Sets *sets)
{
    self->step = STEP_MAKE;
    if (!cut(self, self->flows, sets)) {
        return false;
    }
    const size_t n_flows = twin_flows_n_flows(sets->real);
    sets->note = g_strdup_printf(
        "Learned anew from 80 %% of the flows (%zu), by label, with the same design and seed, and "
        "judged against the other 20 %% (%zu). The capture that was written before was learned "
        "from all of them and is not what is judged here.",
        n_flows, twin_flows_n_flows(sets->holdout));
    g_autoptr(TwinModel) model = learn(self, sets->real);
    if (model == NULL) {
        return false;
    }
    g_autofree char *path = NULL;
    const int descriptor = g_file_open_tmp("flowtwin-XXXXXX.pcap", &path, &self->error);
    if (descriptor < 0) {
        return false;
    }
    (void)close(descriptor);
    if (write_capture(self, model, n_flows, path)) {
        sets->synthetic = read_flows(self, path);
    }
    (void)g_unlink(path);
    return sets->synthetic != NULL;
}

/* ---- the judgement ---- */

/* What stands above the first table. (transfer full) */
static char *verdict_of(const TwinReport *judged)
{
    char *text = twin_report_text(judged);
    char *end = strstr(text, "\n\n");
    if (end != NULL) {
        *end = '\0';
    }
    return g_strdelimit(text, "\n", ' ');
}

static bool judge(TwinJudging *self, const Sets *sets)
{
    self->step = STEP_JUDGE;
    TwinReportOptions options = TWIN_REPORT_OPTIONS_INIT;
    options.seed = self->brief.request.seed;
    options.n_threads = n_threads();
    options.progress = &self->progress;
    options.note = sets->note;
    g_autoptr(TwinReport) judged =
        twin_report_new(sets->real, sets->holdout, sets->synthetic, &options, &self->error);
    if (judged == NULL) {
        return false;
    }
    g_autofree char *html = twin_report_html(judged);
    self->verdict = verdict_of(judged);
    return g_file_set_contents(self->output, html, -1, &self->error);
}

static void *run(void *data)
{
    TwinJudging *self = data;
    g_auto(Sets) sets = {.note = NULL};
    if (self->real != NULL ? read_sets(self, &sets) : make_sets(self, &sets)) {
        (void)judge(self, &sets);
    }
    g_atomic_int_set(&self->is_done, 1);
    return NULL;
}

/* The flows are copied: their owner may go before the thread ends. */
static bool copy_flows(TwinJudging *self, const TwinFlows *flows, GError **error)
{
    const size_t n_flows = twin_flows_n_flows(flows);
    g_autofree uint8_t *all = g_malloc(n_flows);
    memset(all, 1, n_flows);
    self->flows = twin_flows_choose(flows, all, n_flows, error);
    return self->flows != NULL;
}

TwinJudging *twin_judging_start(const TwinCase *brief, GError **error)
{
    TwinJudging *self = g_new0(TwinJudging, 1);
    self->brief = *brief;
    self->brief.real = self->real = g_strdup(brief->real);
    self->brief.synthetic = self->synthetic = g_strdup(brief->synthetic);
    self->brief.output = self->output = g_strdup(brief->output);
    self->progress = (TwinProgress){.report = report, .data = self};
    self->what = g_strdup("");
    g_mutex_init(&self->lock);
    if (brief->flows != NULL && !copy_flows(self, brief->flows, error)) {
        twin_judging_free(self);
        return NULL;
    }
    self->thread = g_thread_new("flowtwin", run, self);
    return self;
}

bool twin_judging_look(TwinJudging *self, char **what_out, double *fraction_out)
{
    g_mutex_lock(&self->lock);
    *what_out = g_strdup(self->what);
    *fraction_out = self->fraction;
    g_mutex_unlock(&self->lock);
    return g_atomic_int_get(&self->is_done) != 0;
}

const char *twin_judging_verdict(TwinJudging *self, GError **error)
{
    (void)g_thread_join(g_steal_pointer(&self->thread));
    if (self->error != NULL) {
        *error = g_error_copy(self->error);
        return NULL;
    }
    return self->verdict;
}

const char *twin_judging_output(const TwinJudging *self)
{
    return self->output;
}
