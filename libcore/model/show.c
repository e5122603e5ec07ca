/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/show.h"

#include <flowtwin/error.h>

#include "model/show_twin.h"

#include <json-glib/json-glib.h>
#include <string.h>

enum { MAX_SHOWN_CELLS = 1 << 24 };

static bool show_text(const TwinModel *model, GString *out, GError **error)
{
    (void)error;
    twin_show_text(model, out);
    return true;
}

static bool show_dot(const TwinModel *model, GString *out, GError **error)
{
    (void)error;
    twin_show_dot(model, out);
    return true;
}

static bool show_json(const TwinModel *model, GString *out, GError **error)
{
    (void)error;
    twin_show_json(model, out);
    return true;
}

static const struct {
    const char *name;
    bool (*show)(const TwinModel *model, GString *out, GError **error);
} formats[] = {
    {"text", show_text},
    {"dot", show_dot},
    {"json", show_json},
    {"xmlbif", twin_show_xmlbif},
};

const char *twin_model_show_format(size_t index)
{
    return index < G_N_ELEMENTS(formats) ? formats[index].name : NULL;
}

char *twin_model_show(const TwinModel *self, const char *format, GError **error)
{
    for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
        if (format == NULL || strcmp(formats[f].name, format) == 0) {
            g_autoptr(GString) out = g_string_new(NULL);
            return formats[f].show(self, out, error) ? g_string_free(g_steal_pointer(&out), FALSE)
                                                     : NULL;
        }
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                "no format is called %s; there are text, dot, json and xmlbif", format);
    return NULL;
}

static const TwinNode *node_of(const TwinModelNetwork *network, size_t variable)
{
    return twin_node_find(network->design->nodes[variable]);
}

static unsigned states_of(const TwinModel *model, const TwinModelNetwork *network, size_t variable)
{
    return twin_coding_n_states(&model->codings[network->codings[variable]]);
}

/* Configurations that the parents of @variable can have. */
static uint64_t configurations_of(const TwinModel *model, const TwinModelNetwork *network,
                                  const TwinFamily *family)
{
    uint64_t n = 1;
    for (size_t p = 0; p < family->n_parents; p++) {
        n *= states_of(model, network, family->parents[p]);
    }
    return n;
}

static void show_bins(const TwinCoding *coding, GString *out)
{
    const unsigned n_states = twin_coding_n_states(coding);
    g_string_append_printf(out, "  %-10s %-7s %3u ", coding->node->name, coding->node->unit,
                           n_states);
    if (coding->quantiles == NULL) {
        g_string_append(out, "values:");
        for (unsigned s = 0; s < n_states && s < 16; s++) {
            const TwinCategoryCodes codes = twin_categories_codes(coding->categories, s);
            g_string_append_printf(out, codes.n_codes == 1 ? " %u" : " rare(%u…)", codes.codes[0]);
        }
        g_string_append(out, n_states > 16 ? " …\n" : "\n");
        return;
    }
    g_string_append(out, "bins up to:");
    for (unsigned b = 0; b + 1 < n_states; b++) {
        g_string_append_printf(out, " %" G_GINT64_FORMAT,
                               twin_discretiser_cuts(coding->quantiles)[b]);
    }
    g_string_append(out, n_states > 1 ? ", more\n" : " all\n");
}

static void show_family(const TwinModel *model, const TwinModelNetwork *network, size_t variable,
                        GString *out)
{
    const TwinCpt *cpt = twin_network_cpt(network->network, variable);
    if (cpt == NULL) {
        return;
    }
    const TwinFamily *family = twin_cpt_family(cpt);
    g_string_append_printf(out, "  %-10s ←", network->design->nodes[variable]);
    for (size_t p = 0; p < family->n_parents; p++) {
        g_string_append_printf(out, " %s", network->design->nodes[family->parents[p]]);
    }
    const uint64_t n = configurations_of(model, network, family);
    g_string_append_printf(
        out, "%s   (%zu of %" G_GUINT64_FORMAT " configurations seen, %u states)\n",
        family->n_parents == 0 ? " nothing" : "", twin_cpt_n_rows(cpt), n, twin_cpt_n_states(cpt));
}

static void show_labels(const TwinModel *model, GString *out)
{
    g_string_append(out, "\nLabels (flows, longest in packets)\n");
    for (size_t l = 0; l < model->n_labels; l++) {
        g_string_append_printf(out, "  %-16s %6u %7u\n", model->labels[l].name,
                               model->labels[l].n_flows, model->labels[l].longest);
    }
}

static size_t count_kept_values(const TwinModel *model)
{
    size_t n = 0;
    for (size_t c = 0; c < model->n_codings; c++) {
        for (unsigned b = 0; model->codings[c].quantiles != NULL &&
                             b < twin_discretiser_n_bins(model->codings[c].quantiles);
             b++) {
            n += twin_discretiser_values(model->codings[c].quantiles, b).n_values;
        }
    }
    return n;
}

static size_t count_table_rows(const TwinModel *model)
{
    size_t n = 0;
    for (size_t w = 0; w < TWIN_N_NETWORKS; w++) {
        const TwinModelNetwork *network = &model->networks[w];
        for (size_t v = 0; network->network != NULL && v < network->n_nodes; v++) {
            const TwinCpt *cpt = twin_network_cpt(network->network, v);
            n += cpt != NULL ? twin_cpt_n_rows(cpt) : 0;
        }
    }
    return n;
}

/* What somebody who gets the file learns about the capture. */
static void show_revealed(const TwinModel *model, GString *out)
{
    const bool keeps = model->addresses == TWIN_ADDRESSES_KEEP;
    g_string_append_printf(
        out,
        "\nWhat this model reveals\n"
        "  addresses: %s %zu hosts\n"
        "  seeds: of %zu flows the start time, ports, label, first packet, TTL, SYN options,\n"
        "    windows and clock rate of both hosts\n"
        "  %zu training values of lengths, times and indices, each on its own\n"
        "  %zu rows of counts, some of one packet only\n"
        "  no payload byte, no sequence of more than two packets\n",
        keeps ? "the real IP and MAC addresses of" : "none; made-up ones stand for",
        model->seeds.n_hosts, model->seeds.n_seeds, count_kept_values(model),
        count_table_rows(model));
}

void twin_show_text(const TwinModel *model, GString *out)
{
    if (model->twin != NULL) {
        twin_design_show_text(model, out);
        return;
    }
    g_string_append_printf(out, "Preset %s: %s\nLearned from %zu flows, %zu packets\n\nNodes\n",
                           model->preset->name, model->preset->summary, model->n_flows,
                           model->n_packets);
    for (size_t c = 0; c < model->n_codings; c++) {
        show_bins(&model->codings[c], out);
    }
    for (size_t w = 0; w < TWIN_N_NETWORKS; w++) {
        const TwinModelNetwork *network = &model->networks[w];
        if (network->network != NULL) {
            g_string_append_printf(out, "\nNetwork \"%s\": %s\n", network->design->name,
                                   network->design->title);
            for (size_t v = 0; v < network->n_nodes; v++) {
                show_family(model, network, v, out);
            }
        }
    }
    show_labels(model, out);
    show_revealed(model, out);
}

static void show_dot_network(const TwinModelNetwork *network, GString *out)
{
    const char *name = network->design->name;
    g_string_append_printf(out, "  subgraph cluster_%s {\n    label=\"%s\";\n", name,
                           network->design->title);
    for (size_t v = 0; v < network->n_nodes; v++) {
        const char *shape = node_of(network, v)->is_given ? ",style=filled,fillcolor=gray90" : "";
        g_string_append_printf(out, "    %s_%s [label=\"%s\"%s];\n", name,
                               network->design->nodes[v], network->design->nodes[v], shape);
    }
    for (size_t v = 0; v < network->n_nodes; v++) {
        const TwinCpt *cpt = twin_network_cpt(network->network, v);
        for (size_t p = 0; cpt != NULL && p < twin_cpt_family(cpt)->n_parents; p++) {
            g_string_append_printf(out, "    %s_%s -> %s_%s;\n", name,
                                   network->design->nodes[twin_cpt_family(cpt)->parents[p]], name,
                                   network->design->nodes[v]);
        }
    }
    g_string_append(out, "  }\n");
}

void twin_show_dot(const TwinModel *model, GString *out)
{
    if (model->twin != NULL) {
        twin_design_show_dot(model, out);
        return;
    }
    g_string_append(out, "digraph flowtwin {\n  node [shape=ellipse];\n");
    for (size_t w = 0; w < TWIN_N_NETWORKS; w++) {
        if (model->networks[w].network != NULL) {
            show_dot_network(&model->networks[w], out);
        }
    }
    g_string_append(out, "}\n");
}

static void member_text(JsonBuilder *json, const char *name, const char *value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_string_value(json, value);
}

static void member_int(JsonBuilder *json, const char *name, size_t value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_int_value(json, (gint64)value);
}

static void show_json_node(const TwinModel *model, const TwinModelNetwork *network, size_t variable,
                           JsonBuilder *json)
{
    const TwinCpt *cpt = twin_network_cpt(network->network, variable);
    (void)json_builder_begin_object(json);
    member_text(json, "name", network->design->nodes[variable]);
    member_int(json, "states", states_of(model, network, variable));
    (void)json_builder_set_member_name(json, "given");
    (void)json_builder_add_boolean_value(json, cpt == NULL);
    (void)json_builder_set_member_name(json, "parents");
    (void)json_builder_begin_array(json);
    for (size_t p = 0; cpt != NULL && p < twin_cpt_family(cpt)->n_parents; p++) {
        (void)json_builder_add_string_value(
            json, network->design->nodes[twin_cpt_family(cpt)->parents[p]]);
    }
    (void)json_builder_end_array(json);
    if (cpt != NULL) {
        member_int(json, "configurations", configurations_of(model, network, twin_cpt_family(cpt)));
        member_int(json, "configurations_seen", twin_cpt_n_rows(cpt));
    }
    (void)json_builder_end_object(json);
}

static void show_json_networks(const TwinModel *model, JsonBuilder *json)
{
    (void)json_builder_set_member_name(json, "networks");
    (void)json_builder_begin_array(json);
    for (size_t w = 0; w < TWIN_N_NETWORKS; w++) {
        const TwinModelNetwork *network = &model->networks[w];
        if (network->network == NULL) {
            continue;
        }
        (void)json_builder_begin_object(json);
        member_text(json, "name", network->design->name);
        (void)json_builder_set_member_name(json, "nodes");
        (void)json_builder_begin_array(json);
        for (size_t v = 0; v < network->n_nodes; v++) {
            show_json_node(model, network, v, json);
        }
        (void)json_builder_end_array(json);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}

void twin_show_json(const TwinModel *model, GString *out)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    (void)json_builder_begin_object(json);
    member_text(json, "preset", model->preset->name);
    member_text(json, "source", model->source);
    member_int(json, "flows", model->n_flows);
    member_int(json, "packets", model->n_packets);
    member_text(json, "addresses", model->addresses == TWIN_ADDRESSES_KEEP ? "keep" : "anonymous");
    member_int(json, "seeds", model->seeds.n_seeds);
    member_int(json, "hosts", model->seeds.n_hosts);
    if (model->twin != NULL) {
        twin_design_show_json(model, json);
    } else {
        member_int(json, "kept_values", count_kept_values(model));
        show_json_networks(model, json);
    }
    (void)json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    g_string_append(out, text);
    g_string_append_c(out, '\n');
}

/* The grammar stands in the file, as the format asks for: readers that validate, as Weka does, look
 * for it. Source: Cozman, The Interchange Format for Bayesian Networks, XMLBIF 0.3 (1998). */
static const char xmlbif_head[] =
    "<?xml version=\"1.0\"?>\n"
    "<!DOCTYPE BIF [\n"
    "<!ELEMENT BIF (NETWORK)*>\n"
    "<!ATTLIST BIF VERSION CDATA #REQUIRED>\n"
    "<!ELEMENT NETWORK (NAME, (PROPERTY | VARIABLE | DEFINITION)*)>\n"
    "<!ELEMENT VARIABLE (NAME, (OUTCOME | PROPERTY)*)>\n"
    "<!ATTLIST VARIABLE TYPE (nature | decision | utility) \"nature\">\n"
    "<!ELEMENT DEFINITION (FOR | GIVEN | TABLE | PROPERTY)*>\n"
    "<!ELEMENT NAME (#PCDATA)>\n"
    "<!ELEMENT OUTCOME (#PCDATA)>\n"
    "<!ELEMENT FOR (#PCDATA)>\n"
    "<!ELEMENT GIVEN (#PCDATA)>\n"
    "<!ELEMENT TABLE (#PCDATA)>\n"
    "<!ELEMENT PROPERTY (#PCDATA)>\n"
    "]>\n"
    "<BIF VERSION=\"0.3\">\n<NETWORK>\n<NAME>flowtwin</NAME>\n";

static void xmlbif_variable(const TwinModel *model, const TwinModelNetwork *network,
                            size_t variable, GString *out)
{
    g_string_append_printf(out, "<VARIABLE TYPE=\"nature\">\n<NAME>%s</NAME>\n",
                           network->design->nodes[variable]);
    for (unsigned s = 0; s < states_of(model, network, variable); s++) {
        g_string_append_printf(out, "<OUTCOME>s%u</OUTCOME>\n", s);
    }
    g_string_append(out, "</VARIABLE>\n");
}

static void append_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(out, g_ascii_dtostr(text, sizeof text, value));
    g_string_append_c(out, ' ');
}

/* Moves @values to the next configuration; the last parent turns fastest, as the format wants. */
static void next_configuration(const TwinModel *model, const TwinModelNetwork *network,
                               const TwinFamily *family, uint8_t *values)
{
    for (size_t p = family->n_parents; p > 0; p--) {
        uint8_t *value = &values[family->parents[p - 1]];
        if (*value + 1U < states_of(model, network, family->parents[p - 1])) {
            (*value)++;
            return;
        }
        *value = 0;
    }
}

static void xmlbif_table(const TwinModel *model, const TwinModelNetwork *network, size_t variable,
                         GString *out)
{
    const TwinCpt *cpt = twin_network_cpt(network->network, variable);
    const unsigned n_states = states_of(model, network, variable);
    g_string_append_printf(out, "<DEFINITION>\n<FOR>%s</FOR>\n", network->design->nodes[variable]);
    for (size_t p = 0; cpt != NULL && p < twin_cpt_family(cpt)->n_parents; p++) {
        g_string_append_printf(out, "<GIVEN>%s</GIVEN>\n",
                               network->design->nodes[twin_cpt_family(cpt)->parents[p]]);
    }
    g_string_append(out, "<TABLE>\n");
    const uint64_t n_rows =
        cpt != NULL ? configurations_of(model, network, twin_cpt_family(cpt)) : 1;
    uint8_t values[TWIN_MAX_NODES] = {0};
    for (uint64_t row = 0; row < n_rows; row++) {
        for (unsigned s = 0; s < n_states; s++) {
            append_number(out, cpt != NULL ? twin_cpt_probability(cpt, values, s)
                                           : 1.0 / (double)n_states);
        }
        g_string_append_c(out, '\n');
        if (cpt != NULL) {
            next_configuration(model, network, twin_cpt_family(cpt), values);
        }
    }
    g_string_append(out, "</TABLE>\n</DEFINITION>\n");
}

bool twin_show_xmlbif(const TwinModel *model, GString *out, GError **error)
{
    const TwinModelNetwork *network = &model->networks[1];
    if (model->twin != NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "preset %s has trees, not tables, which XMLBIF cannot say; dot and json can",
                    model->preset->name);
        return false;
    }
    if (network->network == NULL) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                            "no flow had a second packet, so there is no network of followers");
        return false;
    }
    uint64_t n_cells = 0;
    for (size_t v = 0; v < network->n_nodes; v++) {
        const TwinCpt *cpt = twin_network_cpt(network->network, v);
        n_cells += cpt != NULL ? configurations_of(model, network, twin_cpt_family(cpt)) *
                                     twin_cpt_n_states(cpt)
                               : 0;
    }
    if (n_cells > MAX_SHOWN_CELLS) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "whole tables would have %" G_GUINT64_FORMAT
                    " cells, more than %d; the model file has them without the empty ones",
                    n_cells, MAX_SHOWN_CELLS);
        return false;
    }
    g_string_append(out, xmlbif_head);
    /* Parents before children: Weka's generator takes another order for a cycle. */
    size_t order[TWIN_MAX_VARIABLES];
    twin_dag_order(twin_network_dag(network->network), order);
    for (size_t v = 0; v < network->n_nodes; v++) {
        xmlbif_variable(model, network, order[v], out);
    }
    for (size_t v = 0; v < network->n_nodes; v++) {
        xmlbif_table(model, network, order[v], out);
    }
    g_string_append(out, "</NETWORK>\n</BIF>\n");
    return true;
}
