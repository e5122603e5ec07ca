/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "work.h"

#include "settings.h"

enum { MAX_THREADS = 8 };

/* What part of the bar each step has, as it takes on captures of a few 100,000 packets. */
typedef enum {
    STEP_LEARN,
    STEP_WRITE,
    STEP_CHECK,
} Step;

static const struct {
    const char *what;
    double from;
    double to;
} step_table[] = {
    [STEP_LEARN] = {"Learning", 0.0, 0.5},
    [STEP_WRITE] = {"Writing", 0.5, 0.9},
    [STEP_CHECK] = {"Checking", 0.9, 1.0},
};

struct TwinWork {
    TwinRequest request; /* with the strings below */
    char *model;
    char *output;
    char *input;
    TwinFlows *flows;    /* of the whole capture */
    GByteArray *chosen;  /* one a flow */
    TwinFlows *imitated; /* those chosen */
    TwinProgress progress;
    Step step; /* of the thread alone */
    GThread *thread;
    gint is_cancelled; /* atomic */
    gint is_done;      /* atomic */
    GMutex lock;       /* of the two below */
    char *what;
    double fraction;
    GError *error; /* of the thread until it has ended, as is the result */
    TwinWorkResult result;
};

static bool report(const char *what, double fraction, void *data)
{
    TwinWork *self = data;
    const double part = CLAMP(fraction, 0.0, 1.0);
    const double from = step_table[self->step].from;
    g_mutex_lock(&self->lock);
    g_free(self->what);
    self->what = g_strdup(self->step == STEP_CHECK ? step_table[STEP_CHECK].what : what);
    self->fraction = from + part * (step_table[self->step].to - from);
    g_mutex_unlock(&self->lock);
    return !twin_work_is_cancelled(self);
}

static bool begin_step(TwinWork *self, Step step)
{
    self->step = step;
    return report(step_table[step].what, 0, self);
}

TwinWork *twin_work_new(const TwinRequest *request, const char *input)
{
    TwinWork *self = g_new0(TwinWork, 1);
    self->request = *request;
    self->request.model = self->model = g_strdup(request->model);
    self->request.output = self->output = g_strdup(request->output);
    self->input = g_strdup(input);
    self->progress = (TwinProgress){.report = report, .data = self};
    self->what = g_strdup("");
    g_mutex_init(&self->lock);
    return self;
}

void twin_work_free(TwinWork *self)
{
    if (self == NULL) {
        return;
    }
    twin_work_cancel(self);
    if (self->thread != NULL) {
        (void)g_thread_join(self->thread);
    }
    twin_flows_free(self->flows);
    twin_flows_free(self->imitated);
    g_clear_pointer(&self->chosen, g_byte_array_unref);
    g_clear_error(&self->error);
    g_mutex_clear(&self->lock);
    g_free(self->what);
    g_free(self->input);
    g_free(self->model);
    g_free(self->output);
    g_free(self);
}

const TwinRequest *twin_work_request(const TwinWork *self)
{
    return &self->request;
}

void twin_work_cancel(TwinWork *self)
{
    g_atomic_int_set(&self->is_cancelled, 1);
}

bool twin_work_is_cancelled(TwinWork *self)
{
    return g_atomic_int_get(&self->is_cancelled) != 0;
}

static void audit(const TwinFlows *flows, TwinWorkTotals *totals)
{
    g_autoptr(TwinAudit) audit = twin_audit_new(TWIN_READING_EXACT);
    for (size_t f = 0; f < twin_flows_n_flows(flows); f++) {
        TwinVerdict verdicts[TWIN_N_CHECKS];
        twin_check_flow(audit, flows, twin_flows_flow(flows, f), verdicts);
        totals->n_flows++;
        for (unsigned check = 0; check < TWIN_N_CHECKS; check++) {
            totals->n_passing[check] += verdicts[check].passes ? 1 : 0;
        }
    }
}

static TwinAddresses addresses_of(const TwinRequest *request)
{
    return request->is_anonymous ? TWIN_ADDRESSES_ANONYMOUS : TWIN_ADDRESSES_KEEP;
}

/* A model that is to be kept knows what was chosen and no more. Look-alikes of few flows want
 * networks that have seen more. */
static const TwinFlows *lesson_of(const TwinWork *self)
{
    const bool is_enough = twin_flows_n_flows(self->imitated) >= TWIN_ENOUGH_FLOWS;
    return self->request.task == TWIN_TASK_LEARN || is_enough ? self->imitated : self->flows;
}

static bool choose(TwinWork *self)
{
    if (!begin_step(self, STEP_LEARN) || !twin_flows_finish(self->flows, &self->error)) {
        return false;
    }
    self->imitated =
        twin_flows_choose(self->flows, self->chosen->data, self->chosen->len, &self->error);
    if (self->imitated != NULL && twin_flows_n_flows(self->imitated) == 0) {
        g_set_error_literal(&self->error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                            "no TCP flow was chosen to learn from");
        return false;
    }
    return self->imitated != NULL;
}

static TwinModel *learn(TwinWork *self)
{
    if (!choose(self)) {
        return NULL;
    }
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = twin_preset_name(self->request.design);
    /* A model that never leaves the program may know what is to be written. */
    options.addresses = self->request.task == TWIN_TASK_SYNTHESIZE ? TWIN_ADDRESSES_KEEP
                                                                   : addresses_of(&self->request);
    options.seed = self->request.seed;
    options.n_threads = CLAMP(g_get_num_processors(), 1U, (unsigned)MAX_THREADS);
    options.progress = &self->progress;
    return twin_model_learn(lesson_of(self), &options, &self->error);
}

static bool write_capture(TwinWork *self, const TwinModel *model)
{
    const char *const inputs[] = {self->input != NULL ? self->input : self->request.model,
                                  self->request.model};
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.n_flows = self->request.n_flows;
    options.seed = self->request.seed;
    options.addresses = addresses_of(&self->request);
    options.payload = (TwinPayload)self->request.payload;
    options.first_packet = (TwinFirstPacket)self->request.first_packet;
    options.n_threads = CLAMP(g_get_num_processors(), 1U, (unsigned)MAX_THREADS);
    options.like_flows = self->imitated;
    options.like_flow = TWIN_ALL_FLOWS;
    options.output = self->request.output;
    options.inputs = inputs;
    options.n_inputs = self->input != NULL ? 2 : 1;
    options.may_exist = self->request.may_exist;
    options.progress = &self->progress;
    return begin_step(self, STEP_WRITE) &&
           twin_synthesise(model, &options, &self->result.made, &self->error);
}

/* What was written is judged as it stands in the file, by the same code as the capture. */
static bool check_output(TwinWork *self)
{
    const TwinFlowsOptions options = TWIN_FLOWS_OPTIONS_INIT;
    g_autoptr(TwinFlows) written = twin_flows_new(&options);
    const char *const paths[] = {self->request.output};
    if (!begin_step(self, STEP_CHECK) ||
        !twin_flows_read(written, paths, 1, &self->progress, &self->error) ||
        !twin_flows_finish(written, &self->error)) {
        return false;
    }
    audit(written, &self->result.synthetic);
    if (self->imitated != NULL) {
        audit(self->imitated, &self->result.real);
    }
    return true;
}

static bool save(TwinWork *self, const TwinModel *model)
{
    const char *const inputs[] = {self->input};
    return begin_step(self, STEP_WRITE) &&
           twin_model_save(model, self->request.output, inputs, self->input != NULL ? 1 : 0,
                           self->request.may_exist, &self->error);
}

static void do_work(TwinWork *self)
{
    const TwinTask task = self->request.task;
    g_autoptr(TwinModel) model = task == TWIN_TASK_GENERATE
                                     ? twin_model_load(self->request.model, &self->error)
                                     : learn(self);
    if (model == NULL) {
        return;
    }
    self->result.n_learned_flows = twin_model_n_flows(model);
    self->result.n_learned_packets = twin_model_n_packets(model);
    if (task == TWIN_TASK_LEARN) {
        (void)save(self, model);
        return;
    }
    if (write_capture(self, model)) {
        (void)check_output(self);
    }
}

static void *run(void *data)
{
    TwinWork *self = data;
    do_work(self);
    g_atomic_int_set(&self->is_done, 1);
    return NULL;
}

void twin_work_start(TwinWork *self, TwinFlows *flows, GByteArray *chosen)
{
    self->flows = flows;
    self->chosen = chosen;
    self->thread = g_thread_new("flowtwin", run, self);
}

bool twin_work_look(TwinWork *self, char **what_out, double *fraction_out)
{
    g_mutex_lock(&self->lock);
    *what_out = g_strdup(self->what);
    *fraction_out = self->fraction;
    g_mutex_unlock(&self->lock);
    return g_atomic_int_get(&self->is_done) != 0;
}

const TwinWorkResult *twin_work_result(TwinWork *self, GError **error)
{
    (void)g_thread_join(g_steal_pointer(&self->thread));
    if (self->error != NULL) {
        *error = g_error_copy(self->error);
        return NULL;
    }
    if (twin_work_is_cancelled(self)) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_CANCELLED, "stopped");
        return NULL;
    }
    return &self->result;
}

TwinFlows *twin_work_steal_imitated(TwinWork *self)
{
    return g_steal_pointer(&self->imitated);
}
