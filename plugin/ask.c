/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"

#include <flowtwin/flowtwin.h>

#include "capture_file.h"
#include "choice.h"
#include "ends.h"
#include "job.h"
#include "module.h"
#include "outcome.h"
#include "place.h"
#include "settings.h"
#include "work.h"

#include <string.h>

enum {
    FLOWS_LIKE_ONE = 100, /* offered where one flow is imitated */
};

/* What a dialog was opened for; it may stand longer than the capture. */
typedef struct {
    TwinTask task;
    TwinSession *session; /* NULL once the capture is closed, or where none is wanted */
    uint32_t frame;       /* selected packet; 0: none of a TCP flow */
    char *input;          /* capture, NULL: none */
    char *texts[TWIN_N_SCOPES];
    char *hints[TWIN_N_SCOPES];
    char *output;
    size_t n_chosen[TWIN_N_SCOPES];
    uint64_t n_wished; /* flows, by the preferences; 0: as many as are chosen */
    GError *error;     /* in the preferences; NULL: none */
} Question;

static Question *question; // NOLINT(*-avoid-non-const-global-variables)

static void free_question(Question *self)
{
    for (size_t scope = 0; scope < TWIN_N_SCOPES; scope++) {
        g_free(self->texts[scope]);
        g_free(self->hints[scope]);
    }
    g_clear_error(&self->error);
    g_free(self->output);
    g_free(self->input);
    g_free(self);
}

static void close_question(void *data)
{
    Question *self = data;
    if (question == self) {
        question = NULL;
    }
    free_question(self);
}

void twin_ask_capture_closed(void)
{
    if (question != NULL) {
        question->session = NULL;
    }
}

/* ---- judging while it is filled in ---- */

static char *file_problem(const TwinRequest *request)
{
    if (request->task != TWIN_TASK_GENERATE) {
        return NULL;
    }
    if (*request->model == '\0') {
        return g_strdup("Model: choose a file that Learn model… has written.");
    }
    return g_file_test(request->model, G_FILE_TEST_IS_REGULAR)
               ? NULL
               : g_strdup("Model: there is no such file.");
}

/* What keeps the request from being done, beside its output; NULL: nothing. */
static char *problem(const Question *self, const TwinRequest *request)
{
    if (request->task != TWIN_TASK_GENERATE && self->session == NULL) {
        return g_strdup("The capture was closed, or read anew. Open this dialog again.");
    }
    if (request->task != TWIN_TASK_GENERATE && self->n_chosen[request->scope] == 0) {
        return g_strdup("No TCP flow is chosen to learn from.");
    }
    if (twin_job_is_running()) {
        return g_strdup("Another piece of work goes on; wait for its end, or cancel it.");
    }
    if (*request->output == '\0') {
        return g_strdup("Output: a file name is wanted.");
    }
    if (!g_path_is_absolute(request->output)) {
        return g_strdup("Output: a whole path is wanted, from / on.");
    }
    return file_problem(request);
}

static TwinJudgement judge(const TwinRequest *request, char **text_out, void *data)
{
    const Question *self = data;
    g_autoptr(GError) error = NULL;
    const char *const inputs[] = {self->input != NULL ? self->input : request->model,
                                  request->model};
    *text_out = problem(self, request);
    if (*text_out != NULL) {
        return TWIN_JUDGEMENT_WRONG;
    }
    const size_t n_inputs = self->input == NULL ? 1 : 2;
    if (twin_output_check(request->output, NULL, inputs, n_inputs, true, &error)) {
        if (!g_file_test(request->output, G_FILE_TEST_EXISTS)) {
            return TWIN_JUDGEMENT_GOOD;
        }
        *text_out = g_strdup("The output exists; you are asked before it is replaced.");
        return TWIN_JUDGEMENT_EXISTS;
    }
    *text_out = g_strdup_printf("Output: %s.", error->message);
    return TWIN_JUDGEMENT_WRONG;
}

static void accept(const TwinRequest *request, void *data)
{
    const Question *self = data;
    twin_job_start(request, self->frame, self->session);
}

/* ---- filling in ---- */

static char *ends_of(const TwinTrackedFlow *flow)
{
    g_autofree char *client = twin_ends_text(flow, flow->client);
    g_autofree char *server = twin_ends_text(flow, 1U - flow->client);
    return g_strdup_printf("%s → %s", client, server);
}

static char *scope_text(TwinScope scope, const TwinChoice *choice, const TwinTrackedFlow *flow)
{
    g_autofree char *ends = flow != NULL ? ends_of(flow) : NULL;
    const char *label = flow != NULL && flow->label != NULL ? flow->label : "tcp";
    switch (scope) {
    case TWIN_SCOPE_FLOW:
        return ends != NULL ? g_strdup_printf("This flow: %s, %" G_GUINT64_FORMAT " packets", ends,
                                              choice->n_packets)
                            : NULL;
    case TWIN_SCOPE_LABEL:
        return flow != NULL
                   ? g_strdup_printf("Flows like it: label %s, %zu flows", label, choice->n_chosen)
                   : NULL;
    case TWIN_SCOPE_DISPLAYED:
        return g_strdup_printf("Flows shown by the display filter: %zu", choice->n_chosen);
    case TWIN_SCOPE_CAPTURE:
    case TWIN_N_SCOPES:
        break;
    }
    return g_strdup_printf("The whole capture: %zu flows", choice->n_chosen);
}

static const char *scope_hint(TwinTask task, TwinScope scope, const TwinChoice *choice)
{
    if (choice->n_chosen >= TWIN_ENOUGH_FLOWS) {
        return "";
    }
    if (task == TWIN_TASK_SYNTHESIZE && scope != TWIN_SCOPE_CAPTURE) {
        return "Too few flows to learn from alone: each new flow starts like one of these, how it "
               "goes on is learned from the whole capture.";
    }
    return "Few flows to learn from: the new ones will be close to the old ones.";
}

static void offer_scope(Question *self, TwinForm *form, const capture_file *file, TwinScope scope)
{
    TwinTracker *tracker = twin_session_tracker(self->session);
    const uint32_t flow =
        self->frame != 0 ? twin_session_flow(self->session, self->frame) : TWIN_TRACKER_NO_FLOW;
    TwinTrackedFlow tracked;
    if (flow != TWIN_TRACKER_NO_FLOW) {
        twin_tracker_flow(tracker, flow, &tracked);
    }
    TwinChoice choice;
    twin_choice_make(&choice, file, self->session, scope, flow);
    self->texts[scope] = scope_text(scope, &choice, flow != TWIN_TRACKER_NO_FLOW ? &tracked : NULL);
    self->hints[scope] = g_strdup(scope_hint(self->task, scope, &choice));
    self->n_chosen[scope] = choice.n_chosen;
    form->scopes[scope] = self->texts[scope];
    form->scope_hints[scope] = self->hints[scope];
    form->scope_flows[scope] = self->n_wished != 0        ? self->n_wished
                               : scope == TWIN_SCOPE_FLOW ? FLOWS_LIKE_ONE
                                                          : choice.n_chosen;
    twin_choice_clear(&choice);
}

static uint32_t selected_frame(const capture_file *file, const TwinSession *session)
{
    const uint32_t frame = file->current_frame != NULL ? file->current_frame->num : 0;
    return frame != 0 && twin_session_flow(session, frame) != TWIN_TRACKER_NO_FLOW ? frame : 0;
}

static void offer_scopes(Question *self, TwinForm *form)
{
    const capture_file *file = twin_capture_file();
    self->frame = selected_frame(file, self->session);
    for (unsigned scope = 0; scope < TWIN_N_SCOPES; scope++) {
        offer_scope(self, form, file, (TwinScope)scope);
    }
    if (form->scopes[form->initial.scope] == NULL) {
        form->initial.scope = TWIN_SCOPE_CAPTURE;
    }
}

/* Why nothing can be asked; NULL: it can. */
static const char *obstacle(TwinTask task, TwinSession *session, const char **remedy_out)
{
    *remedy_out = "Open a capture first.";
    if (twin_job_is_running()) {
        *remedy_out = "Wait for its end, or cancel it.";
        return "Another piece of work goes on.";
    }
    if (task == TWIN_TASK_GENERATE) {
        return NULL;
    }
    const capture_file *file = twin_capture_file();
    if (session == NULL || file == NULL) {
        return "There is no capture to learn from.";
    }
    if (!twin_capture_file_is_read(file)) {
        *remedy_out = "Try again when it is read.";
        return "The capture is still being read.";
    }
    if (twin_tracker_n_flows(twin_session_tracker(session)) == 0) {
        *remedy_out = "Open a capture with TCP in it.";
        return "There is no TCP flow in this capture.";
    }
    return NULL;
}

/* What the preferences say; a word of theirs wins over what would be offered. */
static void take_settings(Question *self, TwinRequest *request)
{
    TwinSettings settings;
    if (!twin_settings_look(&settings, &self->error)) {
        return;
    }
    self->n_wished = settings.n_flows;
    request->n_flows = settings.n_flows != 0 ? settings.n_flows : FLOWS_LIKE_ONE;
    request->seed = settings.seed;
    request->payload = settings.payload;
    request->first_packet = settings.first_packet;
    request->is_anonymous = settings.addresses == TWIN_ADDRESSES_ANONYMOUS;
    request->opening = settings.opening;
    for (size_t d = 0; settings.preset != NULL && twin_preset_name(d) != NULL; d++) {
        request->design = strcmp(twin_preset_name(d), settings.preset) == 0 ? d : request->design;
    }
}

static void fill_in(Question *self, TwinForm *form)
{
    static const char *designs[8];
    for (size_t d = 0; d + 1 < G_N_ELEMENTS(designs) && twin_preset_name(d) != NULL; d++) {
        designs[d] =
            g_intern_string(g_strdup_printf("%s: %s", twin_preset_name(d), twin_preset_summary(d)));
    }
    form->designs = designs;
    form->title = twin_outcome_title(&form->initial);
    form->action = self->task == TWIN_TASK_LEARN ? "Learn" : "Write";
    form->output_kinds = self->task == TWIN_TASK_LEARN
                             ? "Models (*.json)"
                             : "pcapng, says that it is synthetic (*.pcapng);;pcap (*.pcap)";
    const capture_file *file = twin_capture_file(); /* whatever is learned from: not to be lost */
    self->input = file != NULL ? g_strdup(file->filename) : NULL;
    if (self->session != NULL) {
        offer_scopes(self, form);
    }
    self->output =
        twin_place_free_name(self->input, self->task == TWIN_TASK_LEARN ? "model" : "similar",
                             self->task == TWIN_TASK_LEARN ? "json" : "pcapng");
    form->initial.output = self->output;
    form->initial.model = "";
}

void twin_ask(TwinTask task, TwinScope scope, TwinSession *session)
{
    const TwinWindow *window = twin_module_window();
    const char *remedy = NULL;
    const char *text = obstacle(task, session, &remedy);
    TwinForm form = {.initial = {.task = task, .scope = scope}};
    if (text != NULL) {
        window->show_message(TWIN_MESSAGE_INFORMATION, twin_outcome_title(&form.initial), text,
                             remedy);
        return;
    }
    if (question != NULL) {
        return; /* one is open */
    }
    question = g_new0(Question, 1);
    question->task = task;
    question->session = task != TWIN_TASK_GENERATE ? session : NULL;
    take_settings(question, &form.initial);
    if (question->error != NULL) {
        window->show_message(TWIN_MESSAGE_ERROR, twin_outcome_title(&form.initial),
                             question->error->message,
                             "Edit, Preferences, Protocols, flowtwin has it.");
        close_question(question);
        return;
    }
    fill_in(question, &form);
    form.judge = judge;
    form.accept = accept;
    form.close = close_question;
    form.data = question;
    window->open_form(&form);
}
