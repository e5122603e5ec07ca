/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/version.h>

#include "model/model_file.h"
#include "small.h"

#include <json-glib/json-glib.h>
#include <string.h>

static char *small_text(TwinAddresses addresses)
{
    g_autoptr(TwinModel) model = twin_test_small_model(addresses);
    return twin_model_to_json(model);
}

static TwinModel *parse(const char *text, GError **error)
{
    return twin_model_of_json(text, strlen(text), "x.json", error);
}

static JsonNode *small_document(void)
{
    g_autofree char *text = small_text(TWIN_ADDRESSES_KEEP);
    return json_from_string(text, NULL);
}

static void test_what_is_read_is_written_again(void)
{
    for (TwinAddresses a = TWIN_ADDRESSES_KEEP; a <= TWIN_ADDRESSES_ANONYMOUS; a++) {
        g_autofree char *text = small_text(a);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinModel) model = parse(text, &error);
        g_assert_no_error(error);
        g_autofree char *again = twin_model_to_json(model);
        g_assert_cmpstr(text, ==, again);
        g_assert_cmpint(model->addresses, ==, a);
    }
}

static void test_a_model_is_saved_and_loaded(void)
{
    char *path = twin_test_file("", 0);
    g_autoptr(TwinModel) model = twin_test_small_model(TWIN_ADDRESSES_KEEP);
    g_autoptr(GError) error = NULL;
    g_assert_false(twin_model_save(model, path, NULL, 0, false, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_true(twin_model_save(model, path, NULL, 0, true, &error));
    g_assert_no_error(error);
    g_autoptr(TwinModel) loaded = twin_model_load(path, &error);
    g_assert_no_error(error);
    g_autofree char *digest = twin_model_digest(model);
    g_autofree char *loaded_digest = twin_model_digest(loaded);
    g_assert_cmpstr(digest, ==, loaded_digest);
    g_assert_cmpuint(twin_model_n_flows(loaded), ==, 12);
    g_assert_cmpuint(twin_model_n_packets(loaded), ==, twin_model_n_packets(model));
    g_assert_cmpstr(twin_model_source(loaded), ==, twin_model_source(model));
    twin_test_remove(path);
}

/* What a model learned from a flow of one packet each is: no second network. */
static void test_a_model_without_followers(void)
{
    const TwinTestPacket packet = {.flags = 2, .time_ns = 5};
    g_autoptr(TwinFlows) flows = twin_test_flows(&packet, 1, NULL);
    TwinLearnOptions options = TWIN_LEARN_OPTIONS_INIT;
    options.preset = "paper";
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = twin_model_learn(flows, &options, &error);
    g_assert_no_error(error);
    g_autofree char *text = twin_model_to_json(model);
    g_autoptr(TwinModel) read = parse(text, &error);
    g_assert_no_error(error);
    g_assert_null(read->networks[1].network);
    g_autofree char *again = twin_model_to_json(read);
    g_assert_cmpstr(text, ==, again);
}

static char *text_of(JsonNode *root)
{
    return json_to_string(root, FALSE);
}

/* @root, damaged, is refused with a message that says @word. */
static void assert_refused(JsonNode *root, const char *word)
{
    g_autofree char *text = text_of(root);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = parse(text, &error);
    const bool is_one_line = error != NULL && strchr(error->message, '\n') == NULL &&
                             g_str_has_prefix(error->message, "x.json: ");
    if (model != NULL || !is_one_line || strstr(error->message, word) == NULL) {
        g_test_message("%s: %s", word, error != NULL ? error->message : "was taken");
        g_test_fail();
    }
}

/* Takes each member of @object away in turn, then gives it values of each other type. */
static void damage_members(JsonNode *root, JsonObject *object)
{
    g_autoptr(GList) names = json_object_get_members(object);
    for (const GList *at = names; at != NULL; at = at->next) {
        const char *name = at->data;
        g_autoptr(JsonNode) value = json_node_copy(json_object_get_member(object, name));
        g_autofree char *kept_name = g_strdup(name);
        const char *const others[] = {"null", "true", "-1", "1.5",    "\"\\u0000x\"",
                                      "\"\"", "[]",   "{}", "[[[]]]", "9223372036854775807"};
        json_object_remove_member(object, kept_name);
        assert_refused(root, kept_name);
        for (size_t o = 0; o < G_N_ELEMENTS(others); o++) {
            g_autoptr(JsonNode) other = json_from_string(others[o], NULL);
            g_assert_nonnull(other);
            if (json_node_get_node_type(other) == json_node_get_node_type(value) &&
                (!JSON_NODE_HOLDS_VALUE(other) ||
                 json_node_get_value_type(other) == json_node_get_value_type(value))) {
                continue; /* of the same type: may be right */
            }
            json_object_set_member(object, kept_name, g_steal_pointer(&other));
            assert_refused(root, kept_name);
        }
        json_object_set_member(object, kept_name, g_steal_pointer(&value));
    }
}

/* The first object that stands at each kind of place: "seeds.sides", … */
static void visit(JsonNode *root, JsonNode *node, const char *place, GHashTable *seen)
{
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(array) && i < 2; i++) {
            visit(root, json_array_get_element(array, i), place, seen);
        }
    } else if (JSON_NODE_HOLDS_OBJECT(node) && g_hash_table_add(seen, g_strdup(place))) {
        JsonObject *object = json_node_get_object(node);
        damage_members(root, object);
        g_autoptr(GList) names = json_object_get_members(object);
        for (const GList *at = names; at != NULL; at = at->next) {
            g_autofree char *inner = g_strdup_printf("%s.%s", place, (const char *)at->data);
            visit(root, json_object_get_member(object, at->data), inner, seen);
        }
    }
}

static void test_each_member_is_missed_and_looked_at(void)
{
    g_autoptr(JsonNode) root = small_document();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    visit(root, root, "", seen);
    g_assert_cmpuint(g_hash_table_size(seen), >=, 8); /* kinds of objects */
    g_autofree char *text = text_of(root);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model = parse(text, &error);
    g_assert_no_error(error); /* all was put back */
}

/* Values that are of the right type and cannot be. */
static const struct {
    const char *path; /* of members and indices */
    const char *value;
    const char *message;
} impossible[] = {
    {"format", "0", "format"},
    {"format", "2", "reads formats up to 1"},
    {"preset", "\"oracle\"", "preset oracle"},
    {"source", "\"00\"", "source"},
    {"flows", "0", "flows"},
    {"packets", "4294967296", "packets"},
    {"addresses", "\"some\"", "addresses"},
    {"start_ns", "-1", "start_ns"},
    {"start_ns", "4000000000000000001", "start_ns"},
    {"labels", "[]", "labels"},
    {"labels/0/name", "\"a\\tb\"", "tab"},
    {"labels/0/longest", "4294967296", "longest"},
    {"codings/0/node", "\"payload\"", "coding 0 (label): is not"},
    {"codings/1/cuts", "[5, 5]", "coding 1 (payload): bin 1 has a cut"},
    {"codings/1/cuts/0", "9223372036854775807", "cut"},
    {"codings/1/values/0", "[]", "bin 0"},
    {"codings/1/values/0/0", "-1", "value"},
    {"codings/1/values/0/0", "100000", "bin"},
    {"codings/0/values", "[[0], [0]]", "coding 0 (label): state 1"},
    {"networks/0/name", "\"next\"", "network 0"},
    {"networks/1/tables", "[]", "tables"},
    {"networks/1/tables/0/child", "\"index\"", "index"},
    {"networks/1/tables/0/child", "\"colour\"", "colour"},
    {"networks/1/tables/0/parents", "[\"colour\"]", "colour"},
    {"networks/1/tables/0/rows", "[]", "rows"},
    {"networks/1/tables/0/rows", "[[0]]", "row 0"},
    {"networks/1/tables/0/rows", "[[0, 0]]", "row"},
    {"networks/1/tables/0/rows", "[[0, 0, 0]]", "count"},
    {"networks/1/tables/0/rows", "[[0, 99, 1]]", "state"},
    {"networks/1/tables/0/rows", "[[999999999999, 0, 1]]", ""},
    {"networks/1/tables/0/rows", "[[0, 0, 1], [0, 0, 1]]", ""},
    {"networks/1/tables/0/rows", "[[0, 0, 4294967295, 1, 4294967295]]", ""},
    {"hosts/0/address", "\"10.0.0\"", "host 0"},
    {"hosts/0/mac", "\"00112233445\"", "mac"},
    {"hosts/0/mac", "\"0011223344\"", "MAC"},
    {"hosts/0/mac", "\"00112233445G\"", "mac"},
    {"seeds/0/label", "3", "label"},
    {"seeds/0/ip_version", "5", "IP version"},
    {"seeds/0/ip_version", "6", "IP version"},
    {"seeds/0/start_ns", "290000000000000001", "start_ns"},
    {"seeds/0/start_ns", "500000000000", "seed 1 starts before"},
    {"seeds/0/server_port", "65536", "server_port"},
    {"seeds/0/first_side", "2", "first_side"},
    {"seeds/0/first_flags", "4096", "first_flags"},
    {"seeds/0/sides/0/host", "7", "host"},
    {"seeds/0/sides/0/ttl", "256", "ttl"},
    {"seeds/0/sides/0/ip_id", "\"odd\"", "ip_id"},
    {"seeds/0/sides/0/max_payload", "0", "max_payload"},
    {"seeds/0/sides/0/syn_options", "\"0\"", "syn_options"},
    {"seeds/0/sides/0/windows", "[1,2,3,4,5,6,7,8,9,10,11,12,13]", "windows"},
    {"seeds/0/sides/0/windows/0", "65536", "window"},
    {"seeds/0/sides/0/ts_hz", "0", "ts_hz"},
};

static void test_values_out_of_range(void)
{
    for (size_t r = 0; r < G_N_ELEMENTS(impossible); r++) {
        g_autoptr(JsonNode) root = small_document();
        g_auto(GStrv) steps = g_strsplit(impossible[r].path, "/", -1);
        JsonNode *at = root;
        const guint n_steps = g_strv_length(steps);
        for (guint s = 0; s + 1 < n_steps; s++) {
            at = JSON_NODE_HOLDS_ARRAY(at)
                     ? json_array_get_element(json_node_get_array(at),
                                              (guint)g_ascii_strtoull(steps[s], NULL, 10))
                     : json_object_get_member(json_node_get_object(at), steps[s]);
            g_assert_nonnull(at);
        }
        JsonNode *value = json_from_string(impossible[r].value, NULL);
        g_assert_nonnull(value);
        const char *last = steps[n_steps - 1];
        if (JSON_NODE_HOLDS_ARRAY(at)) {
            JsonArray *array = json_node_get_array(at);
            json_array_remove_element(array, (guint)g_ascii_strtoull(last, NULL, 10));
            JsonArray *changed = json_array_new();
            json_array_add_element(changed, value);
            for (guint i = 0; i < json_array_get_length(array); i++) {
                json_array_add_element(changed, json_node_copy(json_array_get_element(array, i)));
            }
            g_assert_cmpstr(last, ==, "0");
            json_node_take_array(at, changed);
        } else {
            json_object_set_member(json_node_get_object(at), last, value);
        }
        assert_refused(root, impossible[r].message);
    }
}

static void test_texts_that_are_no_model(void)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "[]",
                                        "1",
                                        "null",
                                        "{}",
                                        "{\"format\": 1}",
                                        "{",
                                        "\xff",
                                        "\xef\xbb\xbf",
                                        "[[[[[[[[[[[[",
                                        "\"",
                                        "\"\\"};
    for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(parse(texts[t], &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
    g_autofree char *deep = g_strnfill(10000000, '[');
    g_autoptr(GError) error = NULL;
    g_assert_null(parse(deep, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
}

/* A file that ends anywhere before its end. */
static void test_a_text_cut_short(void)
{
    g_autofree char *text = small_text(TWIN_ADDRESSES_ANONYMOUS);
    const size_t n_bytes = strlen(text);
    for (size_t n = 0; n < n_bytes; n += 1 + n_bytes / 500) {
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_model_of_json(text, n, "x.json", &error));
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    }
}

static void test_a_newer_file_says_what_to_do(void)
{
    g_autoptr(JsonNode) root = small_document();
    json_object_set_int_member(json_node_get_object(root), "format", 7);
    json_object_set_string_member(json_node_get_object(root), "generator", "flowtwin 9.1");
    g_autofree char *text = text_of(root);
    g_autoptr(GError) error = NULL;
    g_assert_null(parse(text, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "x.json: written by flowtwin 9.1 (format 7, preset paper), this one reads "
                    "formats up to 1; learn it again or upgrade");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model-file/what-is-read-is-written-again",
                    test_what_is_read_is_written_again);
    g_test_add_func("/model-file/a-model-is-saved-and-loaded", test_a_model_is_saved_and_loaded);
    g_test_add_func("/model-file/a-model-without-followers", test_a_model_without_followers);
    g_test_add_func("/model-file/each-member-is-missed-and-looked-at",
                    test_each_member_is_missed_and_looked_at);
    g_test_add_func("/model-file/values-out-of-range", test_values_out_of_range);
    g_test_add_func("/model-file/texts-that-are-no-model", test_texts_that_are_no_model);
    g_test_add_func("/model-file/a-text-cut-short", test_a_text_cut_short);
    g_test_add_func("/model-file/a-newer-file-says-what-to-do", test_a_newer_file_says_what_to_do);
    return g_test_run();
}
