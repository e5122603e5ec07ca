/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blind.h"

#include <flowtwin/error.h>

#include "capture_file.h"
#include "complain.h"
#include "inputs.h"

struct TwinBlind {
    char study[TWIN_STUDY_CHARS]; /* "": no blind test */
    uint32_t n_flows;
    GArray *numbers; /* uint32_t of each flow; 0: none; may be shorter than the flows */
    char *path;      /* of the sheet; NULL: not known yet */
    TwinBlindSheet *sheet;
    bool is_read; /* the sheet was looked for */
};

TwinBlind *twin_blind_new(void)
{
    TwinBlind *self = g_new0(TwinBlind, 1);
    self->numbers = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    return self;
}

void twin_blind_free(TwinBlind *self)
{
    if (self != NULL) {
        g_array_unref(self->numbers);
        twin_blind_sheet_free(self->sheet);
        g_free(self->path);
        g_free(self);
    }
}

/* ---- which flows ---- */

static void number_flow(TwinBlind *self, uint32_t flow, const TwinBlindMark *mark)
{
    if (!twin_blind_is_on(self)) {
        (void)g_strlcpy(self->study, mark->study, sizeof self->study);
        self->n_flows = mark->n_flows;
    }
    if (!g_str_equal(self->study, mark->study) || mark->flow > self->n_flows) {
        return; /* of another test that was merged into the file */
    }
    if (flow >= self->numbers->len) {
        g_array_set_size(self->numbers, flow + 1);
    }
    g_array_index(self->numbers, uint32_t, flow) = mark->flow;
}

void twin_blind_take(TwinBlind *self, const packet_info *pinfo, uint32_t flow)
{
    char *comment = NULL;
    TwinBlindMark mark;
    for (unsigned n = 0; pinfo->rec->block != NULL &&
                         wtap_block_get_nth_string_option_value(pinfo->rec->block, OPT_COMMENT, n,
                                                                &comment) == WTAP_OPTTYPE_SUCCESS;
         n++) {
        if (twin_blind_mark_parse(comment, strlen(comment), &mark)) {
            number_flow(self, flow, &mark);
        }
    }
}

bool twin_blind_is_on(const TwinBlind *self)
{
    return self->study[0] != '\0';
}

uint32_t twin_blind_number(const TwinBlind *self, uint32_t flow)
{
    return flow < self->numbers->len ? g_array_index(self->numbers, uint32_t, flow) : 0;
}

/* ---- the sheet ---- */

/* lab.tsv of lab.pcapng, in the capture's folder or the one above. (transfer full) */
static char *sheet_of(const char *capture)
{
    g_autofree char *folder = g_path_get_dirname(capture);
    g_autofree char *name = g_path_get_basename(capture);
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    g_autofree char *own = g_strconcat(name, ".tsv", NULL);
    return g_build_filename(folder, own, NULL);
}

/* Of a capture with one flow the sheet is the whole test's, a folder above. (transfer full) */
static char *common_sheet_of(const char *capture)
{
    g_autofree char *folder = g_path_get_dirname(capture);
    g_autofree char *above = g_path_get_dirname(folder);
    return g_build_filename(above, "blindtest.tsv", NULL);
}

static bool fits(const TwinBlind *self, const TwinBlindSheet *sheet)
{
    return g_str_equal(twin_blind_sheet_study(sheet), self->study) &&
           twin_blind_sheet_n_flows(sheet) == self->n_flows;
}

/* (transfer full) NULL where there is none of this study. */
static TwinBlindSheet *try_sheet(const TwinBlind *self, const char *path)
{
    TwinBlindSheet *sheet = twin_blind_sheet_read(path, NULL);
    if (sheet != NULL && !fits(self, sheet)) {
        g_clear_pointer(&sheet, twin_blind_sheet_free);
    }
    return sheet;
}

/* Beside the capture, unless there is one of this study above and none here. */
static void look_beside(TwinBlind *self, const char *capture)
{
    g_autofree char *own = sheet_of(capture);
    g_autofree char *common = common_sheet_of(capture);
    self->sheet = try_sheet(self, own);
    g_free(self->path);
    self->path = g_strdup(own);
    if (self->sheet == NULL && !g_file_test(own, G_FILE_TEST_EXISTS)) {
        self->sheet = try_sheet(self, common);
        if (self->sheet != NULL) {
            g_free(self->path);
            self->path = g_strdup(common);
        }
    }
}

static void look_for_sheet(TwinBlind *self)
{
    const capture_file *file = twin_has_window() ? twin_capture_file() : NULL;
    if (self->is_read || (twin_has_window() && (file == NULL || file->filename == NULL))) {
        return;
    }
    self->is_read = true;
    if (file != NULL) {
        look_beside(self, file->filename);
        return;
    }
    g_autoptr(GPtrArray) inputs = twin_open_inputs(); /* tshark tells nobody what it reads */
    for (guint i = 0; i < inputs->len && self->sheet == NULL; i++) {
        look_beside(self, g_ptr_array_index(inputs, i));
    }
}

const char *twin_blind_sheet_path(TwinBlind *self)
{
    look_for_sheet(self);
    return self->path;
}

TwinGrade twin_blind_grade(TwinBlind *self, uint32_t flow)
{
    const uint32_t number = twin_blind_number(self, flow);
    if (number == 0) {
        return TWIN_GRADE_NONE;
    }
    look_for_sheet(self);
    return self->sheet != NULL ? twin_blind_sheet_grade(self->sheet, number) : TWIN_GRADE_NONE;
}

/* The sheet as it is now, or a new one. */
static TwinBlindSheet *sheet_at_hand(const TwinBlind *self, GError **error)
{
    if (!g_file_test(self->path, G_FILE_TEST_EXISTS)) {
        return twin_blind_sheet_new(self->study, self->n_flows);
    }
    g_autoptr(TwinBlindSheet) sheet = twin_blind_sheet_read(self->path, error);
    if (sheet == NULL || fits(self, sheet)) {
        return g_steal_pointer(&sheet);
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                "%s is of another study; move it away, and answer again", self->path);
    return NULL;
}

bool twin_blind_answer(TwinBlind *self, uint32_t flow, TwinGrade grade, GError **error)
{
    const uint32_t number = twin_blind_number(self, flow);
    if (number == 0 || twin_blind_sheet_path(self) == NULL) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "this packet is of no flow of a blind test");
        return false;
    }
    g_autoptr(TwinBlindSheet) sheet = sheet_at_hand(self, error);
    if (sheet == NULL) {
        return false;
    }
    twin_blind_sheet_set(sheet, number, grade);
    if (!twin_blind_sheet_write(sheet, self->path, error)) {
        return false;
    }
    twin_blind_sheet_free(self->sheet);
    self->sheet = g_steal_pointer(&sheet);
    return true;
}
