/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "base/text_file.h"
#include "flow/labels.h"
#include "model/model_file.h"
#include "model/twin_pack.h"

#include <json-glib/json-glib.h>
#include <string.h>

enum { MAX_DEPTH = 32 }; /* of brackets in brackets; a model file has seven */

/* Like a cursor over bytes: a wrong member gives zero and sets the error, which stays. */
typedef struct {
    TwinModel *model;
    GError *error; /* the first one */
} Reader;

G_GNUC_PRINTF(2, 3) static void fail(Reader *reader, const char *format, ...)
{
    if (reader->error != NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    reader->error = g_error_new_valist(TWIN_ERROR, TWIN_ERROR_FORMAT, format, arguments);
    va_end(arguments);
}

static bool has_failed(const Reader *reader)
{
    return reader->error != NULL;
}

static JsonNode *member(Reader *reader, JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    if (node == NULL) {
        fail(reader, "no member %s", name);
    }
    return node;
}

static int64_t int_of(Reader *reader, JsonNode *node, const char *what, int64_t least, int64_t most)
{
    const bool is_int = node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                        json_node_get_value_type(node) == G_TYPE_INT64;
    const int64_t value = is_int ? json_node_get_int(node) : 0;
    if (!is_int || value < least || value > most) {
        fail(reader, "%s is not a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
             what, least, most);
        return least;
    }
    return value;
}

static int64_t get_int(Reader *reader, JsonObject *object, const char *name, int64_t least,
                       int64_t most)
{
    return int_of(reader, member(reader, object, name), name, least, most);
}

static bool get_bool(Reader *reader, JsonObject *object, const char *name)
{
    JsonNode *node = member(reader, object, name);
    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        fail(reader, "%s is neither true nor false", name);
        return false;
    }
    return json_node_get_boolean(node);
}

/* Never NULL: "" where the member is no text. */
static const char *text_of(Reader *reader, JsonNode *node, const char *what)
{
    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_STRING) {
        fail(reader, "%s is no text", what);
        return "";
    }
    return json_node_get_string(node);
}

static const char *get_text(Reader *reader, JsonObject *object, const char *name)
{
    return text_of(reader, member(reader, object, name), name);
}

/* NULL, with the error set, where it is no array of the right length. */
static JsonArray *get_array(Reader *reader, JsonObject *object, const char *name, size_t least,
                            size_t most)
{
    JsonNode *node = member(reader, object, name);
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    const size_t n = array != NULL ? json_array_get_length(array) : 0;
    if (array == NULL || n < least || n > most) {
        fail(reader, "%s is not an array of %zu to %zu", name, least, most);
        return NULL;
    }
    return array;
}

static JsonObject *object_at(Reader *reader, JsonArray *array, size_t index, const char *what)
{
    JsonNode *node = json_array_get_element(array, (guint)index);
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        fail(reader, "%s %zu is no object", what, index);
        return NULL;
    }
    return json_node_get_object(node);
}

/* Element @index of an array of arrays. */
static JsonArray *array_at(Reader *reader, JsonArray *array, size_t index, const char *what,
                           size_t least, size_t most)
{
    JsonNode *node = json_array_get_element(array, (guint)index);
    JsonArray *inner = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    const size_t n = inner != NULL ? json_array_get_length(inner) : 0;
    if (inner == NULL || n < least || n > most) {
        fail(reader, "%s %zu is not an array of %zu to %zu", what, index, least, most);
        return NULL;
    }
    return inner;
}

static size_t length_of(JsonArray *array)
{
    return array != NULL ? json_array_get_length(array) : 0;
}

static size_t read_hex(Reader *reader, JsonObject *object, const char *name, uint8_t *bytes_out,
                       size_t most)
{
    const char *text = get_text(reader, object, name);
    const size_t n_bytes = strlen(text) / 2;
    if (strlen(text) % 2 != 0 || n_bytes > most ||
        strspn(text, "0123456789abcdef") != strlen(text)) {
        fail(reader, "%s is not at most %zu bytes in hexadecimal", name, most);
        return 0;
    }
    for (size_t i = 0; i < n_bytes; i++) {
        bytes_out[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) * 16 +
                                 g_ascii_xdigit_value(text[2 * i + 1]));
    }
    return n_bytes;
}

static void read_labels(Reader *reader, JsonObject *root)
{
    JsonArray *labels = get_array(reader, root, "labels", 1, TWIN_MAX_LABELS);
    TwinModel *model = reader->model;
    model->n_labels = length_of(labels);
    model->labels = g_new0(TwinModelLabel, model->n_labels);
    for (size_t l = 0; l < model->n_labels; l++) {
        JsonObject *label = object_at(reader, labels, l, "label");
        const char *name = get_text(reader, label, "name");
        if (strpbrk(name, "\t\r\n") != NULL) {
            fail(reader, "label %zu has a tab or a line's end in its name", l);
        }
        model->labels[l].name = g_strdup(name);
        model->labels[l].n_flows = (uint32_t)get_int(reader, label, "flows", 0, UINT32_MAX);
        model->labels[l].longest = (uint32_t)get_int(reader, label, "longest", 0, UINT32_MAX);
    }
}

/* The numbers of one bin; NULL where there are none or too many. */
static int64_t *read_values(Reader *reader, JsonArray *bins, size_t index, int64_t least,
                            int64_t most, size_t *n_out)
{
    JsonArray *bin = array_at(reader, bins, index, "bin", 1, TWIN_MAX_KEPT);
    *n_out = length_of(bin);
    int64_t *values = g_new(int64_t, *n_out + 1);
    for (size_t v = 0; v < *n_out; v++) {
        values[v] =
            int_of(reader, json_array_get_element(bin, (guint)v), "a value of a bin", least, most);
    }
    return values;
}

static void read_quantiles(Reader *reader, TwinCoding *coding, JsonObject *object)
{
    JsonArray *cuts = get_array(reader, object, "cuts", 0, TWIN_MAX_BINS - 1);
    const size_t n_cuts = length_of(cuts);
    JsonArray *bins = get_array(reader, object, "values", n_cuts + 1, n_cuts + 1);
    if (has_failed(reader)) {
        return;
    }
    int64_t cut_values[TWIN_MAX_BINS];
    TwinBinValues values[TWIN_MAX_BINS] = {{.n_values = 0}};
    int64_t *owned[TWIN_MAX_BINS];
    for (size_t c = 0; c < n_cuts; c++) {
        cut_values[c] =
            int_of(reader, json_array_get_element(cuts, (guint)c), "a cut", 0, G_MAXINT64);
    }
    for (size_t b = 0; b <= n_cuts; b++) {
        owned[b] = read_values(reader, bins, b, 0, G_MAXINT64 / 2, &values[b].n_values);
        values[b].values = owned[b];
    }
    if (!has_failed(reader)) {
        coding->quantiles = twin_discretiser_restore(cut_values, n_cuts, values, &reader->error);
    }
    for (size_t b = 0; b <= n_cuts; b++) {
        g_free(owned[b]);
    }
}

static void read_categories(Reader *reader, TwinCoding *coding, JsonObject *object)
{
    JsonArray *bins = get_array(reader, object, "values", 1, TWIN_MAX_STATES);
    const size_t n_states = length_of(bins);
    TwinCategoryCodes states[TWIN_MAX_STATES] = {{.n_codes = 0}};
    uint32_t *owned[TWIN_MAX_STATES];
    for (size_t s = 0; s < n_states; s++) {
        g_autofree int64_t *values =
            read_values(reader, bins, s, 0, UINT32_MAX, &states[s].n_codes);
        owned[s] = g_new(uint32_t, states[s].n_codes + 1);
        for (size_t v = 0; v < states[s].n_codes; v++) {
            owned[s][v] = (uint32_t)values[v];
        }
        states[s].codes = owned[s];
    }
    if (!has_failed(reader)) {
        coding->categories = twin_categories_restore(states, n_states, &reader->error);
    }
    for (size_t s = 0; s < n_states; s++) {
        g_free(owned[s]);
    }
}

static void read_codings(Reader *reader, JsonObject *root)
{
    TwinModel *model = reader->model;
    JsonArray *codings = get_array(reader, root, "codings", model->n_codings, model->n_codings);
    for (size_t c = 0; c < length_of(codings) && !has_failed(reader); c++) {
        JsonObject *object = object_at(reader, codings, c, "coding");
        TwinCoding *coding = &model->codings[c];
        if (strcmp(get_text(reader, object, "node"), coding->node->name) != 0) {
            fail(reader, "is not that of node %s", coding->node->name);
        } else if (coding->node->kind == TWIN_NODE_QUANTILES) {
            read_quantiles(reader, coding, object);
        } else {
            read_categories(reader, coding, object);
        }
        if (has_failed(reader)) {
            g_prefix_error(&reader->error, "coding %zu (%s): ", c, coding->node->name);
        }
    }
}

/* The variable of that node in @network, or n_nodes with the error set. */
static size_t variable_of(Reader *reader, const TwinModelNetwork *network, const char *node)
{
    for (size_t n = 0; n < network->n_nodes; n++) {
        if (strcmp(network->design->nodes[n], node) == 0) {
            return n;
        }
    }
    fail(reader, "network %s has no node %s", network->design->name, node);
    return network->n_nodes;
}

static void read_row(Reader *reader, JsonArray *row, unsigned n_states, TwinCptRow *row_out,
                     uint32_t *counts)
{
    row_out->configuration =
        (uint64_t)int_of(reader, json_array_get_element(row, 0), "a configuration", 0, G_MAXINT64);
    row_out->counts = counts;
    if (length_of(row) % 2 == 0) {
        fail(reader, "a row has a state without a count");
        return;
    }
    for (guint at = 1; at + 1 < length_of(row); at += 2) {
        const int64_t state =
            int_of(reader, json_array_get_element(row, at), "a state", 0, (int64_t)n_states - 1);
        counts[state] =
            (uint32_t)int_of(reader, json_array_get_element(row, at + 1), "a count", 1, UINT32_MAX);
    }
}

static TwinCpt *read_rows(Reader *reader, JsonObject *table, const TwinFamily *family,
                          const unsigned *n_states)
{
    JsonArray *array = get_array(reader, table, "rows", 1, TWIN_MAX_TABLE_ROWS);
    const size_t n_rows = length_of(array);
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): n_states has every member */
    const unsigned n = n_states[family->child];
    g_autofree TwinCptRow *rows = g_new0(TwinCptRow, n_rows + 1);
    g_autofree uint32_t *counts = g_try_new0(uint32_t, (n_rows + 1) * n);
    if (counts == NULL) {
        fail(reader, "a table does not fit in memory");
    }
    for (size_t r = 0; r < n_rows && !has_failed(reader); r++) {
        JsonArray *row = array_at(reader, array, r, "row", 3, 1 + 2 * (size_t)n);
        if (row != NULL) {
            read_row(reader, row, n, &rows[r], &counts[r * n]);
        }
    }
    return has_failed(reader) ? NULL : twin_cpt_new(family, n_states, rows, n_rows, &reader->error);
}

static TwinCpt *read_table(Reader *reader, const TwinModelNetwork *network, JsonObject *table,
                           const unsigned *n_states)
{
    TwinFamily family = {
        .child = variable_of(reader, network, get_text(reader, table, "child")),
    };
    JsonArray *parents = get_array(reader, table, "parents", 0, network->n_nodes - 1);
    family.n_parents = length_of(parents);
    for (size_t p = 0; p < family.n_parents; p++) {
        JsonNode *parent = json_array_get_element(parents, (guint)p);
        family.parents[p] = variable_of(reader, network, text_of(reader, parent, "a parent"));
    }
    if (has_failed(reader)) {
        return NULL;
    }
    if (twin_node_find(network->design->nodes[family.child])->is_given) {
        fail(reader, "network %s draws the given node %s", network->design->name,
             network->design->nodes[family.child]);
        return NULL;
    }
    if (twin_family_cells(&family, n_states, TWIN_MAX_CELLS) == 0) {
        fail(reader, "network %s: the table of %s is too large", network->design->name,
             network->design->nodes[family.child]);
        return NULL;
    }
    return read_rows(reader, table, &family, n_states);
}

static void read_network(Reader *reader, TwinModelNetwork *network, JsonObject *object)
{
    unsigned n_states[TWIN_MAX_NODES];
    TwinCpt *cpts[TWIN_MAX_NODES] = {NULL};
    size_t n_drawn = 0;
    for (size_t n = 0; n < network->n_nodes; n++) {
        n_states[n] = twin_coding_n_states(&reader->model->codings[network->codings[n]]);
        n_drawn += !twin_node_find(network->design->nodes[n])->is_given;
    }
    JsonArray *tables = get_array(reader, object, "tables", n_drawn, n_drawn);
    for (size_t t = 0; t < length_of(tables) && !has_failed(reader); t++) {
        JsonObject *table = object_at(reader, tables, t, "table");
        TwinCpt *cpt = read_table(reader, network, table, n_states);
        if (cpt == NULL) {
            break;
        }
        const size_t child = twin_cpt_family(cpt)->child;
        if (cpts[child] != NULL) {
            fail(reader, "network %s has two tables of one node", network->design->name);
            twin_cpt_free(cpts[child]);
        }
        cpts[child] = cpt;
    }
    if (has_failed(reader)) {
        for (size_t n = 0; n < network->n_nodes; n++) {
            twin_cpt_free(cpts[n]);
        }
        return;
    }
    network->network = twin_network_new(network->n_nodes, n_states, cpts, &reader->error);
}

static void read_networks(Reader *reader, JsonObject *root)
{
    JsonArray *networks = get_array(reader, root, "networks", 1, TWIN_N_NETWORKS);
    for (size_t n = 0; n < length_of(networks) && !has_failed(reader); n++) {
        JsonObject *object = object_at(reader, networks, n, "network");
        TwinModelNetwork *network = &reader->model->networks[n];
        if (strcmp(get_text(reader, object, "name"), network->design->name) != 0) {
            fail(reader, "network %zu is not called %s", n, network->design->name);
            return;
        }
        read_network(reader, network, object);
    }
}

static size_t most_seeds(const TwinModel *model)
{
    return model->preset->kind == TWIN_PRESET_HOSTS ? TWIN_MAX_DONORS : TWIN_MAX_SEEDS;
}

static void read_hosts(Reader *reader, JsonObject *root)
{
    TwinSeeds *seeds = &reader->model->seeds;
    JsonArray *hosts = get_array(reader, root, "hosts", 1, 2 * most_seeds(reader->model));
    seeds->n_hosts = length_of(hosts);
    seeds->hosts = g_new0(TwinHost, seeds->n_hosts);
    for (size_t h = 0; h < seeds->n_hosts; h++) {
        JsonObject *object = object_at(reader, hosts, h, "host");
        TwinHost *host = &seeds->hosts[h];
        if (!twin_address_parse(get_text(reader, object, "address"), &host->address,
                                &host->ip_version)) {
            fail(reader, "host %zu has no IP address", h);
        }
        if (read_hex(reader, object, "mac", host->mac, sizeof host->mac) != sizeof host->mac) {
            fail(reader, "host %zu has no MAC of six bytes", h);
        }
    }
}

static uint8_t read_manner(Reader *reader, JsonObject *object)
{
    const char *name = get_text(reader, object, "ip_id");
    for (unsigned m = 0; m < TWIN_N_IP_ID_MANNERS; m++) {
        if (strcmp(twin_ip_id_manner_name((TwinIpIdManner)m), name) == 0) {
            return (uint8_t)m;
        }
    }
    fail(reader, "ip_id is none of zero, counter, random");
    return 0;
}

static void read_side(Reader *reader, JsonObject *object, TwinSeedSide *side)
{
    JsonArray *windows = get_array(reader, object, "windows", 0, TWIN_SEED_WINDOWS);
    side->host =
        (uint32_t)get_int(reader, object, "host", 0, (int64_t)reader->model->seeds.n_hosts - 1);
    side->ttl = (uint8_t)get_int(reader, object, "ttl", 0, UINT8_MAX);
    side->traffic_class = (uint8_t)get_int(reader, object, "traffic_class", 0, UINT8_MAX);
    side->dont_fragment = get_bool(reader, object, "dont_fragment");
    side->ip_id_manner = read_manner(reader, object);
    side->ip_id_step = (uint8_t)get_int(reader, object, "ip_id_step", 0, UINT8_MAX);
    side->syn_ip_id_is_zero = get_bool(reader, object, "syn_ip_id_is_zero");
    side->max_payload_bytes =
        (uint32_t)get_int(reader, object, "max_payload", 1, TWIN_NO_MAX_PAYLOAD);
    side->mss_bytes = (uint16_t)get_int(reader, object, "mss", 0, UINT16_MAX);
    side->syn_option_bytes =
        (uint8_t)read_hex(reader, object, "syn_options", side->syn_options, TWIN_MAX_SYN_OPTIONS);
    side->syn_window = (uint16_t)get_int(reader, object, "syn_window", 0, UINT16_MAX);
    side->n_windows = (uint8_t)length_of(windows);
    for (size_t w = 0; w < side->n_windows; w++) {
        side->windows[w] = (uint16_t)int_of(reader, json_array_get_element(windows, (guint)w),
                                            "a window", 0, UINT16_MAX);
    }
    side->has_timestamps = get_bool(reader, object, "timestamps");
    side->rst_has_timestamps = get_bool(reader, object, "rst_timestamps");
    side->ts_hz = (uint32_t)get_int(reader, object, "ts_hz", 1, 1000000);
}

static void read_seed(Reader *reader, JsonObject *object, TwinSeed *seed)
{
    const TwinModel *model = reader->model;
    JsonArray *sides = get_array(reader, object, "sides", 2, 2);
    seed->start_ns = get_int(reader, object, "start_ns", 0, TWIN_LONGEST_CAPTURE_NS);
    seed->label = (uint32_t)get_int(reader, object, "label", 0, (int64_t)model->n_labels - 1);
    seed->ip_version = (uint8_t)get_int(reader, object, "ip_version", 4, 6);
    seed->ports[0] = (uint16_t)get_int(reader, object, "client_port", 0, UINT16_MAX);
    seed->ports[1] = (uint16_t)get_int(reader, object, "server_port", 0, UINT16_MAX);
    seed->first_side = (uint8_t)get_int(reader, object, "first_side", 0, 1);
    seed->first_flags = (uint16_t)get_int(reader, object, "first_flags", 0, 0xfff);
    seed->first_payload_bytes = (uint32_t)get_int(reader, object, "first_payload", 0, UINT32_MAX);
    for (size_t s = 0; s < 2 && sides != NULL && !has_failed(reader); s++) {
        read_side(reader, object_at(reader, sides, s, "side"), &seed->sides[s]);
        if (!has_failed(reader) &&
            model->seeds.hosts[seed->sides[s].host].ip_version != seed->ip_version) {
            fail(reader, "a seed's host has another IP version");
        }
    }
}

static void read_seeds(Reader *reader, JsonObject *root)
{
    TwinSeeds *seeds = &reader->model->seeds;
    JsonArray *array = get_array(reader, root, "seeds", 1, most_seeds(reader->model));
    seeds->start_ns = get_int(reader, root, "start_ns", 0, TWIN_LATEST_START_NS);
    seeds->n_seeds = length_of(array);
    seeds->seeds = g_new0(TwinSeed, seeds->n_seeds);
    for (size_t s = 0; s < seeds->n_seeds && !has_failed(reader); s++) {
        read_seed(reader, object_at(reader, array, s, "seed"), &seeds->seeds[s]);
        if (s > 0 && seeds->seeds[s].start_ns < seeds->seeds[s - 1].start_ns) {
            fail(reader, "seed %zu starts before the one before it", s);
        }
    }
}

static void read_design(Reader *reader, JsonObject *root)
{
    TwinModel *model = reader->model;
    if (get_int(reader, root, "layout", 0, UINT32_MAX) != twin_design_layout()) {
        fail(reader, "layout is another release's: what its trees ask for has changed");
        return;
    }
    const size_t n_bytes = (size_t)get_int(reader, root, "design_bytes", 1, TWIN_MAX_DESIGN_BYTES);
    const char *text = get_text(reader, root, "design");
    const char *what = "";
    model->twin =
        has_failed(reader) ? NULL : twin_design_of_text(text, n_bytes, &model->seeds, &what);
    if (model->twin == NULL) {
        fail(reader, "design: the %s make no sense", what);
    }
}

/* The order matters: what comes later names what came before by index. */
static void read_members(Reader *reader, JsonObject *root)
{
    static const struct {
        void (*read)(Reader *reader, JsonObject *root);
        bool is_of[2]; /* TwinPresetKind */
    } parts[] = {
        {read_labels, {true, true}}, {read_codings, {true, false}}, {read_networks, {true, false}},
        {read_hosts, {true, true}},  {read_seeds, {true, true}},    {read_design, {false, true}},
    };
    TwinModel *model = reader->model;
    model->source = g_strdup(get_text(reader, root, "source"));
    if (strlen(model->source) != 64 || strspn(model->source, "0123456789abcdef") != 64) {
        fail(reader, "source is no SHA-256 in hexadecimal");
    }
    model->n_flows = (size_t)get_int(reader, root, "flows", 1, UINT32_MAX);
    model->n_packets = (size_t)get_int(reader, root, "packets", 1, UINT32_MAX);
    const char *addresses = get_text(reader, root, "addresses");
    model->addresses =
        strcmp(addresses, "keep") == 0 ? TWIN_ADDRESSES_KEEP : TWIN_ADDRESSES_ANONYMOUS;
    if (model->addresses != TWIN_ADDRESSES_KEEP && strcmp(addresses, "anonymous") != 0) {
        fail(reader, "addresses is neither keep nor anonymous");
    }
    for (size_t p = 0; p < G_N_ELEMENTS(parts) && !has_failed(reader); p++) {
        if (parts[p].is_of[model->preset->kind]) {
            parts[p].read(reader, root);
        }
    }
}

/* An empty model of the file's preset; NULL with the error where this library is too old for it. */
static TwinModel *begin_model(JsonObject *root, GError **error)
{
    Reader reader = {.error = NULL};
    const int64_t format = get_int(&reader, root, "format", 1, G_MAXINT64);
    const char *generator = get_text(&reader, root, "generator");
    const char *preset = get_text(&reader, root, "preset");
    if (reader.error != NULL) {
        g_propagate_error(error, reader.error);
        return NULL;
    }
    if (format > TWIN_MODEL_FORMAT || twin_preset_find(preset) == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_UNSUPPORTED,
                    "written by %s (format %" G_GINT64_FORMAT
                    ", preset %s), this one reads formats up to %d; learn it again or upgrade",
                    generator, format, preset, TWIN_MODEL_FORMAT);
        return NULL;
    }
    return twin_model_new(twin_preset_find(preset));
}

static TwinModel *read_root(JsonNode *root, GError **error)
{
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "not a model file");
        return NULL;
    }
    JsonObject *object = json_node_get_object(root);
    g_autoptr(TwinModel) model = begin_model(object, error);
    if (model == NULL) {
        return NULL;
    }
    Reader reader = {.model = model};
    read_members(&reader, object);
    if (reader.error != NULL) {
        g_propagate_prefixed_error(error, reader.error, "damaged, learn it again: ");
        return NULL;
    }
    return g_steal_pointer(&model);
}

TwinModel *twin_model_of_json(const char *text, size_t n_bytes, const char *name, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) cause = NULL;
    if (n_bytes > TWIN_MAX_MODEL_BYTES || twin_text_depth(text, n_bytes) > MAX_DEPTH ||
        !json_parser_load_from_data(parser, text, (gssize)n_bytes, &cause)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "%s: not a model file: %s", name,
                    cause != NULL ? cause->message : "too large, or brackets in too many brackets");
        return NULL;
    }
    TwinModel *model = read_root(json_parser_get_root(parser), error);
    if (model == NULL) {
        g_prefix_error(error, "%s: ", name);
    }
    return model;
}

TwinModel *twin_model_load(const char *path, GError **error)
{
    g_autofree char *name = twin_text_file_name(path);
    g_autofree char *text = NULL;
    size_t n_bytes = 0;
    if (!twin_text_file_read(path, TWIN_MAX_MODEL_BYTES, &text, &n_bytes, error)) {
        return NULL;
    }
    return twin_model_of_json(text, n_bytes, name, error);
}
