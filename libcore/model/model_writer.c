/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/version.h>

#include "base/output.h"
#include "base/pack.h"
#include "flow/labels.h"
#include "model/model_file.h"
#include "model/twin_pack.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void add_int(JsonBuilder *json, const char *name, int64_t value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_int_value(json, value);
}

static void add_text(JsonBuilder *json, const char *name, const char *value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_string_value(json, value);
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_boolean_value(json, value);
}

static void begin_array(JsonBuilder *json, const char *name)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_begin_array(json);
}

static void add_labels(JsonBuilder *json, const TwinModel *model)
{
    begin_array(json, "labels");
    for (size_t l = 0; l < model->n_labels; l++) {
        (void)json_builder_begin_object(json);
        add_text(json, "name", model->labels[l].name);
        add_int(json, "flows", model->labels[l].n_flows);
        add_int(json, "longest", model->labels[l].longest);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

static void add_quantiles(JsonBuilder *json, const TwinDiscretiser *quantiles)
{
    const unsigned n_bins = twin_discretiser_n_bins(quantiles);
    const int64_t *cuts = twin_discretiser_cuts(quantiles);
    begin_array(json, "cuts");
    for (unsigned b = 0; b + 1 < n_bins; b++) {
        (void)json_builder_add_int_value(json, cuts[b]);
    }
    (void)json_builder_end_array(json);
    begin_array(json, "values");
    for (unsigned b = 0; b < n_bins; b++) {
        const TwinBinValues bin = twin_discretiser_values(quantiles, b);
        (void)json_builder_begin_array(json);
        for (size_t v = 0; v < bin.n_values; v++) {
            (void)json_builder_add_int_value(json, bin.values[v]);
        }
        (void)json_builder_end_array(json);
    }
    (void)json_builder_end_array(json);
}

static void add_categories(JsonBuilder *json, const TwinCategories *categories)
{
    begin_array(json, "values");
    for (unsigned s = 0; s < twin_categories_n_states(categories); s++) {
        const TwinCategoryCodes codes = twin_categories_codes(categories, s);
        (void)json_builder_begin_array(json);
        for (size_t c = 0; c < codes.n_codes; c++) {
            (void)json_builder_add_int_value(json, codes.codes[c]);
        }
        (void)json_builder_end_array(json);
    }
    (void)json_builder_end_array(json);
}

static void add_codings(JsonBuilder *json, const TwinModel *model)
{
    begin_array(json, "codings");
    for (size_t c = 0; c < model->n_codings; c++) {
        const TwinCoding *coding = &model->codings[c];
        (void)json_builder_begin_object(json);
        add_text(json, "node", coding->node->name);
        if (coding->quantiles != NULL) {
            add_quantiles(json, coding->quantiles);
        } else {
            add_categories(json, coding->categories);
        }
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

/* A row is its configuration, then state and count of each state that occurred. */
static void add_table(JsonBuilder *json, const TwinModelNetwork *network, const TwinCpt *cpt)
{
    const TwinFamily *family = twin_cpt_family(cpt);
    g_autofree uint32_t *counts = g_new(uint32_t, twin_cpt_n_states(cpt));
    (void)json_builder_begin_object(json);
    add_text(json, "child", network->design->nodes[family->child]);
    begin_array(json, "parents");
    for (size_t p = 0; p < family->n_parents; p++) {
        (void)json_builder_add_string_value(json, network->design->nodes[family->parents[p]]);
    }
    (void)json_builder_end_array(json);
    begin_array(json, "rows");
    for (size_t r = 0; r < twin_cpt_n_rows(cpt); r++) {
        (void)json_builder_begin_array(json);
        (void)json_builder_add_int_value(json, (gint64)twin_cpt_row(cpt, r, counts));
        for (unsigned s = 0; s < twin_cpt_n_states(cpt); s++) {
            if (counts[s] > 0) {
                (void)json_builder_add_int_value(json, s);
                (void)json_builder_add_int_value(json, counts[s]);
            }
        }
        (void)json_builder_end_array(json);
    }
    (void)json_builder_end_array(json);
    (void)json_builder_end_object(json);
}

static void add_networks(JsonBuilder *json, const TwinModel *model)
{
    begin_array(json, "networks");
    for (size_t n = 0; n < TWIN_N_NETWORKS; n++) {
        const TwinModelNetwork *network = &model->networks[n];
        if (network->network == NULL) {
            continue;
        }
        (void)json_builder_begin_object(json);
        add_text(json, "name", network->design->name);
        begin_array(json, "tables");
        for (size_t v = 0; v < network->n_nodes; v++) {
            const TwinCpt *cpt = twin_network_cpt(network->network, v);
            if (cpt != NULL) {
                add_table(json, network, cpt);
            }
        }
        (void)json_builder_end_array(json);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

static void add_hex(JsonBuilder *json, const char *name, const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(GString) text = g_string_sized_new(2 * n_bytes);
    for (size_t i = 0; i < n_bytes; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    add_text(json, name, text->str);
}

static void add_hosts(JsonBuilder *json, const TwinModel *model)
{
    begin_array(json, "hosts");
    for (size_t h = 0; h < model->seeds.n_hosts; h++) {
        const TwinHost *host = &model->seeds.hosts[h];
        char text[TWIN_ADDRESS_CHARS];
        (void)json_builder_begin_object(json);
        add_text(json, "address", twin_address_text(&host->address, host->ip_version, text));
        add_hex(json, "mac", host->mac, sizeof host->mac);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

static void add_side(JsonBuilder *json, const TwinSeedSide *side)
{
    (void)json_builder_begin_object(json);
    add_int(json, "host", side->host);
    add_int(json, "ttl", side->ttl);
    add_int(json, "traffic_class", side->traffic_class);
    add_bool(json, "dont_fragment", side->dont_fragment);
    add_text(json, "ip_id", twin_ip_id_manner_name((TwinIpIdManner)side->ip_id_manner));
    add_int(json, "ip_id_step", side->ip_id_step);
    add_bool(json, "syn_ip_id_is_zero", side->syn_ip_id_is_zero);
    add_int(json, "max_payload", side->max_payload_bytes);
    add_int(json, "mss", side->mss_bytes);
    add_hex(json, "syn_options", side->syn_options, side->syn_option_bytes);
    add_int(json, "syn_window", side->syn_window);
    begin_array(json, "windows");
    for (size_t w = 0; w < side->n_windows; w++) {
        (void)json_builder_add_int_value(json, side->windows[w]);
    }
    (void)json_builder_end_array(json);
    add_bool(json, "timestamps", side->has_timestamps);
    add_bool(json, "rst_timestamps", side->rst_has_timestamps);
    add_int(json, "ts_hz", side->ts_hz);
    (void)json_builder_end_object(json);
}

static void add_seeds(JsonBuilder *json, const TwinModel *model)
{
    add_int(json, "start_ns", model->seeds.start_ns);
    begin_array(json, "seeds");
    for (size_t s = 0; s < model->seeds.n_seeds; s++) {
        const TwinSeed *seed = &model->seeds.seeds[s];
        (void)json_builder_begin_object(json);
        add_int(json, "start_ns", seed->start_ns);
        add_int(json, "label", seed->label);
        add_int(json, "ip_version", seed->ip_version);
        add_int(json, "client_port", seed->ports[0]);
        add_int(json, "server_port", seed->ports[1]);
        add_int(json, "first_side", seed->first_side);
        add_int(json, "first_flags", seed->first_flags);
        add_int(json, "first_payload", seed->first_payload_bytes);
        begin_array(json, "sides");
        add_side(json, &seed->sides[0]);
        add_side(json, &seed->sides[1]);
        (void)json_builder_end_array(json);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

static void add_design(JsonBuilder *json, const TwinModel *model, bool is_compressed)
{
    if (model->twin == NULL) {
        return;
    }
    GByteArray *bytes = twin_design_pack(model->twin);
    g_autofree char *text = twin_pack_text(bytes, is_compressed);
    add_int(json, "layout", twin_design_layout());
    add_int(json, "design_bytes", bytes->len);
    add_text(json, "design", text);
    g_byte_array_unref(bytes);
}

static char *to_json(const TwinModel *self, bool is_compressed)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    (void)json_builder_begin_object(json);
    add_int(json, "format", TWIN_MODEL_FORMAT);
    add_text(json, "generator", "flowtwin " TWIN_VERSION);
    add_text(json, "preset", self->preset->name);
    add_text(json, "source", self->source);
    add_int(json, "flows", (gint64)self->n_flows);
    add_int(json, "packets", (gint64)self->n_packets);
    add_text(json, "addresses", self->addresses == TWIN_ADDRESSES_KEEP ? "keep" : "anonymous");
    add_labels(json, self);
    if (self->preset->kind == TWIN_PRESET_NETWORKS) {
        add_codings(json, self);
        add_networks(json, self);
    }
    add_hosts(json, self);
    add_seeds(json, self);
    add_design(json, self, is_compressed);
    (void)json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_generator_set_root(generator, root);
    return json_generator_to_data(generator, NULL);
}

char *twin_model_to_json(const TwinModel *self)
{
    return to_json(self, true);
}

/* Of the design's bytes as they are: zlib's releases pack them differently. */
char *twin_model_digest(const TwinModel *self)
{
    g_autofree char *text = to_json(self, false);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

bool twin_model_save(const TwinModel *self, const char *path, const char *const *inputs,
                     size_t n_inputs, bool may_exist, GError **error)
{
    g_autoptr(TwinOutput) output = twin_output_open(path, inputs, n_inputs, may_exist, error);
    if (output == NULL) {
        return false;
    }
    g_autofree char *text = twin_model_to_json(self);
    FILE *stream = twin_output_stream(output);
    (void)fputs(text, stream); /* what fails here is found by the commit */
    (void)fputc('\n', stream);
    return twin_output_commit(g_steal_pointer(&output), error);
}
