/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_sheet.h"

#include <flowtwin/error.h>

#include "base/output.h"
#include "base/text_file.h"
#include "eval/blind_mark.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FILE_BYTES = 32 << 20,
    MAX_COLUMNS = 64,
};

/* One line of a sheet. */
typedef struct {
    TwinGrade grade;
    bool is_seen; /* while reading: a flow stands once */
    uint32_t frame;
    char *note; /* the annotator's own words; NULL: none */
} Line;

struct TwinBlindSheet {
    char study[TWIN_STUDY_CHARS];
    size_t n_flows;
    Line *lines; /* of flow 1, 2, … */
};

/* Columns that are read; all but the first two may be missing. */
typedef enum {
    COLUMN_FLOW,
    COLUMN_ANSWER,
    COLUMN_FRAME,
    COLUMN_NOTE,
    N_COLUMNS,
} Column;

static const char *const column_names[N_COLUMNS] = {"flow", "answer", "frame", "note"};

TwinBlindSheet *twin_blind_sheet_new(const char *study, size_t n_flows)
{
    g_return_val_if_fail(twin_study_is_good(study), NULL);
    g_return_val_if_fail(n_flows <= TWIN_BLIND_MOST_FLOWS, NULL);
    TwinBlindSheet *self = g_new0(TwinBlindSheet, 1);
    (void)g_strlcpy(self->study, study, sizeof self->study);
    self->n_flows = n_flows;
    self->lines = g_new0(Line, n_flows);
    for (size_t f = 0; f < n_flows; f++) {
        self->lines[f].grade = TWIN_GRADE_NONE;
    }
    return self;
}

void twin_blind_sheet_free(TwinBlindSheet *self)
{
    if (self != NULL) {
        for (size_t f = 0; f < self->n_flows; f++) {
            g_free(self->lines[f].note);
        }
        g_free(self->lines);
        g_free(self);
    }
}

/* ---- reading ---- */

/* A text being read line by line, which it is cut into. */
typedef struct {
    char *at; /* NULL: the end */
    const char *name;
    size_t number;
} Reader;

static char *next_line(Reader *reader)
{
    char *line = reader->at;
    if (line != NULL) {
        char *end = strchr(line, '\n');
        reader->at = end != NULL ? end + 1 : NULL;
        if (end != NULL) {
            *end = '\0';
        }
        g_strchomp(line); /* spreadsheets end lines with CR LF */
        reader->number++;
    }
    return line;
}

G_GNUC_PRINTF(3, 4)
static bool fail(const Reader *reader, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%s: line %zu: %s", reader->name,
                reader->number, what);
    return false;
}

/* "# study NAME, N flows" */
static TwinBlindSheet *read_head(Reader *reader, GError **error)
{
    static const char begin[] = "# study ";
    char *line = next_line(reader);
    char *comma = line != NULL ? strchr(line, ',') : NULL;
    if (comma == NULL || !g_str_has_prefix(line, begin)) {
        (void)fail(reader, error, "\"# study NAME, N flows\" is wanted first");
        return NULL;
    }
    *comma = '\0';
    const char *study = line + strlen(begin);
    char *end = NULL;
    const uint64_t n_flows = g_ascii_strtoull(comma + 1, &end, 10);
    if (!twin_study_is_good(study) || n_flows < 1 || n_flows > TWIN_BLIND_MOST_FLOWS ||
        strncmp(end, " flows", 6) != 0) {
        (void)fail(reader, error, "a study's name and its number of flows are wanted");
        return NULL;
    }
    return twin_blind_sheet_new(study, (size_t)n_flows);
}

/* Cuts @line at its tabs; spreadsheets put quotes around a text that they think needs them. */
static size_t cut(char *line, char *cells[MAX_COLUMNS])
{
    size_t n = 0;
    for (char *at = line; at != NULL && n < MAX_COLUMNS; n++) {
        char *tab = strchr(at, '\t');
        if (tab != NULL) {
            *tab = '\0';
        }
        cells[n] = g_strstrip(at);
        const size_t length = strlen(cells[n]);
        if (length >= 2 && cells[n][0] == '"' && cells[n][length - 1] == '"') {
            cells[n][length - 1] = '\0';
            cells[n]++;
        }
        at = tab != NULL ? tab + 1 : NULL;
    }
    return n;
}

static bool read_header(Reader *reader, size_t places[N_COLUMNS], GError **error)
{
    char *line = next_line(reader);
    while (line != NULL && (*line == '#' || *line == '\0')) {
        line = next_line(reader);
    }
    char *cells[MAX_COLUMNS];
    const size_t n_cells = line != NULL ? cut(line, cells) : 0;
    for (size_t c = 0; c < N_COLUMNS; c++) {
        places[c] = MAX_COLUMNS;
        for (size_t i = 0; i < n_cells; i++) {
            places[c] = strcmp(cells[i], column_names[c]) == 0 ? i : places[c];
        }
    }
    if (places[COLUMN_FLOW] == MAX_COLUMNS || places[COLUMN_ANSWER] == MAX_COLUMNS) {
        return fail(reader, error, "columns flow and answer are wanted");
    }
    return true;
}

static const char *cell_of(char *const cells[MAX_COLUMNS], size_t n_cells, size_t place)
{
    return place < n_cells ? cells[place] : "";
}

static bool read_row(TwinBlindSheet *self, const Reader *reader, char *line,
                     const size_t places[N_COLUMNS], GError **error)
{
    char *cells[MAX_COLUMNS];
    const size_t n_cells = cut(line, cells);
    const char *number = cell_of(cells, n_cells, places[COLUMN_FLOW]);
    const char *answer = cell_of(cells, n_cells, places[COLUMN_ANSWER]);
    const char *note = cell_of(cells, n_cells, places[COLUMN_NOTE]);
    guint64 flow = 0;
    if (!g_ascii_string_to_unsigned(number, 10, 1, self->n_flows, &flow, NULL)) {
        return fail(reader, error, "\"%s\" is no flow from 1 to %zu", number, self->n_flows);
    }
    Line *own = &self->lines[flow - 1];
    if (own->is_seen) {
        return fail(reader, error, "flow %s stands here a second time", number);
    }
    own->is_seen = true;
    if (!twin_grade_parse(answer, &own->grade)) {
        return fail(reader, error,
                    "\"%s\" is no answer; real, likely real, likely generated, generated, or "
                    "nothing is wanted",
                    answer);
    }
    own->frame =
        (uint32_t)g_ascii_strtoull(cell_of(cells, n_cells, places[COLUMN_FRAME]), NULL, 10);
    own->note = *note != '\0' ? g_strdup(note) : NULL;
    return true;
}

/* Through the reader the text is changed. NOLINTNEXTLINE(readability-non-const-parameter) */
TwinBlindSheet *twin_blind_sheet_of_text(char *text, const char *name, GError **error)
{
    Reader reader = {text, name, 0};
    size_t places[N_COLUMNS];
    g_autoptr(TwinBlindSheet) self = read_head(&reader, error);
    if (self == NULL || !read_header(&reader, places, error)) {
        return NULL;
    }
    for (char *line = next_line(&reader); line != NULL; line = next_line(&reader)) {
        if (*line != '\0' && *line != '#' && !read_row(self, &reader, line, places, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

TwinBlindSheet *twin_blind_sheet_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    size_t n_bytes = 0;
    if (!twin_text_file_read(path, MAX_FILE_BYTES, &text, &n_bytes, error)) {
        return NULL;
    }
    g_autofree char *name = twin_text_file_name(path);
    return twin_blind_sheet_of_text(text, name, error);
}

/* ---- writing ---- */

char *twin_blind_sheet_text(const TwinBlindSheet *self)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "# study %s, %zu flows; half of them are real\n"
                           "# answer: real, likely real, likely generated, generated; note: what "
                           "you like\n"
                           "flow\tframe\tfilter\tanswer\tnote\n",
                           self->study, self->n_flows);
    for (size_t f = 0; f < self->n_flows; f++) {
        const Line *line = &self->lines[f];
        g_string_append_printf(text, "%zu\t%" PRIu32 "\ttcp.stream == %zu\t%s\t%s\n", f + 1,
                               line->frame, f, twin_grade_name(line->grade),
                               line->note != NULL ? line->note : "");
    }
    return g_string_free(text, FALSE);
}

bool twin_blind_sheet_write(const TwinBlindSheet *self, const char *path, GError **error)
{
    g_autoptr(TwinOutput) output = twin_output_open(path, NULL, 0, true, error);
    if (output == NULL) {
        return false;
    }
    g_autofree char *text = twin_blind_sheet_text(self);
    (void)fputs(text, twin_output_stream(output));
    return twin_output_commit(g_steal_pointer(&output), error);
}

/* ---- what it says ---- */

const char *twin_blind_sheet_study(const TwinBlindSheet *self)
{
    return self->study;
}

size_t twin_blind_sheet_n_flows(const TwinBlindSheet *self)
{
    return self->n_flows;
}

size_t twin_blind_sheet_n_answers(const TwinBlindSheet *self)
{
    size_t n = 0;
    for (size_t f = 0; f < self->n_flows; f++) {
        n += self->lines[f].grade != TWIN_GRADE_NONE ? 1 : 0;
    }
    return n;
}

TwinGrade twin_blind_sheet_grade(const TwinBlindSheet *self, size_t flow)
{
    return flow >= 1 && flow <= self->n_flows ? self->lines[flow - 1].grade : TWIN_GRADE_NONE;
}

void twin_blind_sheet_set(TwinBlindSheet *self, size_t flow, TwinGrade grade)
{
    if (flow >= 1 && flow <= self->n_flows) {
        self->lines[flow - 1].grade = grade;
    }
}

void twin_blind_sheet_set_frame(TwinBlindSheet *self, size_t flow, uint32_t frame)
{
    g_return_if_fail(flow >= 1 && flow <= self->n_flows);
    self->lines[flow - 1].frame = frame;
}
