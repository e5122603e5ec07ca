/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "flow/labels.h"

#include <flowtwin/error.h>
#include <flowtwin/labels.h>

#include "base/text_file.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TIME_S (INT64_C(1) << 33) /* from 1970, either way: beyond what a pcap file can say */

enum {
    MAX_COLUMNS = 64,
    MAX_FILE_BYTES = 1 << 30,
};

/* The columns that are looked for; in the file they stand in any order. */
typedef enum {
    CLIENT_IP,
    CLIENT_PORT,
    SERVER_IP,
    SERVER_PORT,
    START_TIME,
    LABEL,
    N_COLUMNS,
} Column;

static const char *const column_names[N_COLUMNS] = {
    "client_ip", "client_port", "server_ip", "server_port", "start_time", "label",
};

/* One row of the file. The lower end stands first, so that either direction gives the same key. */
typedef struct {
    TwinAddress addresses[2];
    uint16_t ports[2];
    uint8_t ip_version;
    int64_t start_ns;
    const char *label; /* in the file's own text */
} Row;

struct TwinLabels {
    GPtrArray *texts; /* char *: the files, cut into strings */
    Row *rows;        /* in order of compare_rows() */
    size_t n_rows;
};

static const struct {
    uint16_t port;
    const char *label;
} well_known_ports[] = {
#include "ports.inc" /* from data/ports.tsv, in rising order */
};

const char *twin_labels_of_port(uint16_t port)
{
    size_t low = 0;
    size_t high = G_N_ELEMENTS(well_known_ports);
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (well_known_ports[middle].port == port) {
            return well_known_ports[middle].label;
        }
        if (well_known_ports[middle].port < port) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const char *twin_address_text(const TwinAddress *address, uint8_t ip_version,
                              char text[TWIN_ADDRESS_CHARS])
{
    return inet_ntop(ip_version == 6 ? AF_INET6 : AF_INET, address->bytes, text,
                     TWIN_ADDRESS_CHARS);
}

bool twin_address_parse(const char *text, TwinAddress *address_out, uint8_t *ip_version_out)
{
    memset(address_out, 0, sizeof *address_out);
    *ip_version_out = strchr(text, ':') != NULL ? 6 : 4;
    return inet_pton(*ip_version_out == 6 ? AF_INET6 : AF_INET, text, address_out->bytes) == 1;
}

static int compare_ends(const TwinAddress *a, uint16_t a_port, const TwinAddress *b,
                        uint16_t b_port)
{
    const int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
    return order != 0 ? order : (a_port > b_port) - (a_port < b_port);
}

static void put_lower_end_first(Row *row)
{
    if (compare_ends(&row->addresses[0], row->ports[0], &row->addresses[1], row->ports[1]) > 0) {
        const TwinAddress address = row->addresses[0];
        const uint16_t port = row->ports[0];
        row->addresses[0] = row->addresses[1];
        row->ports[0] = row->ports[1];
        row->addresses[1] = address;
        row->ports[1] = port;
    }
}

static int compare_tuples(const Row *a, const Row *b)
{
    if (a->ip_version != b->ip_version) {
        return a->ip_version < b->ip_version ? -1 : 1;
    }
    const int order = compare_ends(&a->addresses[0], a->ports[0], &b->addresses[0], b->ports[0]);
    return order != 0 ? order
                      : compare_ends(&a->addresses[1], a->ports[1], &b->addresses[1], b->ports[1]);
}

static int compare_rows(const void *left, const void *right)
{
    const Row *a = left;
    const Row *b = right;
    const int order = compare_tuples(a, b);
    if (order != 0) {
        return order;
    }
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns ? -1 : 1;
    }
    return strcmp(a->label, b->label);
}

static bool parse_port(const char *text, uint16_t *port_out)
{
    guint64 value = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &value, NULL)) {
        return false;
    }
    *port_out = (uint16_t)value;
    return true;
}

/* Seconds with up to nine decimals, kept exact: a double would round to 240 ns. */
static bool parse_time(const char *text, int64_t *time_ns_out)
{
    char *end = NULL;
    const gint64 seconds = g_ascii_strtoll(text, &end, 10);
    const bool is_number = g_ascii_isdigit(text[text[0] == '-' ? 1 : 0]); /* no blank, no plus */
    if (!is_number || seconds < -MAX_TIME_S || seconds > MAX_TIME_S) {
        return false;
    }
    int64_t fraction_ns = 0;
    if (*end == '.') {
        end++;
        for (int64_t unit_ns = 100000000; g_ascii_isdigit(*end); unit_ns /= 10) {
            fraction_ns += unit_ns * g_ascii_digit_value(*end++);
        }
    }
    *time_ns_out = seconds * 1000000000 + (text[0] == '-' ? -fraction_ns : fraction_ns);
    return *end == '\0';
}

/* Cuts @line at its tabs, in place. */
static size_t split_line(char *line, char *fields[MAX_COLUMNS])
{
    size_t n_fields = 0;
    for (char *at = line; at != NULL && n_fields < MAX_COLUMNS;) {
        fields[n_fields++] = at;
        at = strchr(at, '\t');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return n_fields;
}

/* Where each column stands, from the header line; false with the name of a missing one. */
static bool read_header(char *line, size_t places_out[N_COLUMNS], const char **missing_out)
{
    char *fields[MAX_COLUMNS];
    const size_t n_fields = split_line(line, fields);
    for (size_t c = 0; c < N_COLUMNS; c++) {
        places_out[c] = MAX_COLUMNS;
        for (size_t f = 0; f < n_fields; f++) {
            if (strcmp(fields[f], column_names[c]) == 0) {
                places_out[c] = f;
            }
        }
        if (places_out[c] == MAX_COLUMNS) {
            *missing_out = column_names[c];
            return false;
        }
    }
    return true;
}

/* The column that cannot be read, or N_COLUMNS where all can. */
static Column read_row(char *line, const size_t places[N_COLUMNS], Row *row_out)
{
    char *fields[MAX_COLUMNS];
    const size_t n_fields = split_line(line, fields);
    for (Column c = 0; c < N_COLUMNS; c++) {
        if (places[c] >= n_fields) {
            return c;
        }
    }
    uint8_t versions[2];
    if (!twin_address_parse(fields[places[CLIENT_IP]], &row_out->addresses[0], &versions[0])) {
        return CLIENT_IP;
    }
    if (!twin_address_parse(fields[places[SERVER_IP]], &row_out->addresses[1], &versions[1]) ||
        versions[0] != versions[1]) {
        return SERVER_IP;
    }
    if (!parse_port(fields[places[CLIENT_PORT]], &row_out->ports[0])) {
        return CLIENT_PORT;
    }
    if (!parse_port(fields[places[SERVER_PORT]], &row_out->ports[1])) {
        return SERVER_PORT;
    }
    if (!parse_time(fields[places[START_TIME]], &row_out->start_ns)) {
        return START_TIME;
    }
    row_out->ip_version = versions[0];
    row_out->label = fields[places[LABEL]];
    put_lower_end_first(row_out);
    return row_out->label[0] != '\0' ? N_COLUMNS : LABEL;
}

/* The line at *@at without its end; *@at moves to the next one, or becomes NULL. */
static char *next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    *at = end != NULL && end[1] != '\0' ? end + 1 : NULL;
    if (end != NULL) {
        *end = '\0';
    }
    const size_t n_chars = strlen(line);
    if (n_chars > 0 && line[n_chars - 1] == '\r') {
        line[n_chars - 1] = '\0';
    }
    return line;
}

/* Blank lines and comments say nothing. */
static bool is_blank(const char *line)
{
    return line[0] == '\0' || line[0] == '#';
}

/* The first line that says something; "" where none does. */
static char *find_header(char **at, size_t *line_number_out)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    *at += g_str_has_prefix(*at, byte_order_mark) ? strlen(byte_order_mark) : 0;
    *line_number_out = 1;
    char *line = next_line(at);
    for (; is_blank(line) && *at != NULL; (*line_number_out)++) {
        line = next_line(at);
    }
    return line;
}

/* Room for a row a line from @at on. */
static bool allocate_rows(TwinLabels *self, const char *at, const char *name, GError **error)
{
    size_t n_lines = 1;
    for (const char *c = at; c != NULL; c = strchr(c + 1, '\n')) {
        n_lines++;
    }
    Row *const grown = g_try_renew(Row, self->rows, self->n_rows + n_lines);
    if (grown == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE, "%s: does not fit in memory", name);
        return false;
    }
    self->rows = grown;
    return true;
}

/* Adds the rows of one file. */
static bool read_rows(TwinLabels *self, char *text, const char *name, GError **error)
{
    char *at = text;
    size_t places[N_COLUMNS];
    size_t line_number = 0;
    const char *missing = NULL;
    if (!read_header(find_header(&at, &line_number), places, &missing)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "%s: line %zu: no column %s; a label file begins with a tab-separated header "
                    "of client_ip client_port server_ip server_port start_time label",
                    name, line_number, missing);
        return false;
    }
    if (!allocate_rows(self, at, name, error)) {
        return false;
    }
    for (line_number++; at != NULL; line_number++) {
        char *line = next_line(&at);
        if (is_blank(line)) {
            continue;
        }
        const Column bad = read_row(line, places, &self->rows[self->n_rows]);
        if (bad != N_COLUMNS) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%s: line %zu: %s cannot be read",
                        name, line_number, column_names[bad]);
            return false;
        }
        self->n_rows++;
    }
    return true;
}

static TwinLabels *labels_new(void)
{
    TwinLabels *self = g_new0(TwinLabels, 1);
    self->texts = g_ptr_array_new_with_free_func(g_free);
    return self;
}

/* Adds the rows of a text, which becomes ours. */
static bool add_text(TwinLabels *self, char *text, size_t n_bytes, const char *name, GError **error)
{
    g_ptr_array_add(self->texts, text);
    if (strlen(text) != n_bytes || !g_utf8_validate(text, (gssize)n_bytes, NULL)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "%s: not a label file (not UTF-8 text); tab-separated lines are wanted", name);
        return false;
    }
    return read_rows(self, text, name, error);
}

static void sort_rows(TwinLabels *self)
{
    if (self->n_rows > 0) {
        qsort(self->rows, self->n_rows, sizeof *self->rows, compare_rows);
    }
}

TwinLabels *twin_labels_of_text(char *text, size_t n_bytes, const char *name, GError **error)
{
    g_autoptr(TwinLabels) self = labels_new();
    if (!add_text(self, text, n_bytes, name, error)) {
        return NULL;
    }
    sort_rows(self);
    return g_steal_pointer(&self);
}

TwinLabels *twin_labels_open_all(const char *const *paths, size_t n_paths, GError **error)
{
    g_autoptr(TwinLabels) self = labels_new();
    for (size_t i = 0; i < n_paths; i++) {
        g_autofree char *name = twin_text_file_name(paths[i]);
        char *text = NULL;
        size_t n_bytes = 0;
        if (!twin_text_file_read(paths[i], MAX_FILE_BYTES, &text, &n_bytes, error) ||
            !add_text(self, text, n_bytes, name, error)) {
            return NULL;
        }
    }
    sort_rows(self);
    return g_steal_pointer(&self);
}

TwinLabels *twin_labels_open(const char *path, GError **error)
{
    return twin_labels_open_all(&path, 1, error);
}

void twin_labels_free(TwinLabels *self)
{
    if (self != NULL) {
        g_ptr_array_unref(self->texts);
        g_free(self->rows);
        g_free(self);
    }
}

const char *twin_labels_find(const TwinLabels *self, const TwinFlow *flow)
{
    Row wanted = {
        .addresses = {flow->addresses[0], flow->addresses[1]},
        .ports = {flow->ports[0], flow->ports[1]},
        .ip_version = flow->ip_version,
        .start_ns = flow->start_ns,
        .label = "",
    };
    put_lower_end_first(&wanted);
    size_t low = 0; /* the first row that does not stand before the wanted one */
    for (size_t high = self->n_rows; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (compare_rows(&self->rows[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const Row *before = low > 0 ? &self->rows[low - 1] : NULL;
    const Row *after = low < self->n_rows ? &self->rows[low] : NULL;
    const bool fits_before = before != NULL && compare_tuples(before, &wanted) == 0;
    const bool fits_after = after != NULL && compare_tuples(after, &wanted) == 0;
    if (fits_before && fits_after) { /* unsigned: a clock may say anything that 64 bits hold */
        const uint64_t since_ns = (uint64_t)wanted.start_ns - (uint64_t)before->start_ns;
        const uint64_t until_ns = (uint64_t)after->start_ns - (uint64_t)wanted.start_ns;
        return since_ns < until_ns ? before->label : after->label;
    }
    return fits_before ? before->label : fits_after ? after->label : NULL;
}
