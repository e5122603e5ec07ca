/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/show_twin.h"

#include "host/script.h"

#include <string.h>

enum {
    SHOWN_PARENTS = 8, /* of a node, in text and graph: those that most rows are asked for */
    NAME_ROOM = TWIN_PARENT_NAME_ROOM,
};

/* What a node's parents are called. */
typedef enum { NAMES_HOST, NAMES_WINDOW, NAMES_SCRIPT } Names;

/* A node, and what kind of decision it is. */
typedef struct {
    const char *name;
    const char *title;
    const TwinTree *tree;
    Names names;
} Node;

enum { N_NODES = 6 + TWIN_N_SCRIPT_NODES };

static void list_nodes(const TwinDesign *design, Node nodes[N_NODES])
{
    static const char *const script_titles[TWIN_N_SCRIPT_NODES] = {
        [TWIN_SCRIPT_NODE_SIDE] = "who writes next",
        [TWIN_SCRIPT_NODE_SEGMENTS] = "segments of the write",
        [TWIN_SCRIPT_NODE_BYTES] = "bytes of the write",
        [TWIN_SCRIPT_NODE_EARLY] = "whether it begins before the peer's is there",
    };
    const TwinTables *tables = &design->tables;
    for (unsigned n = 0; n < TWIN_N_SCRIPT_NODES; n++) {
        nodes[n] = (Node){twin_script_node_name((TwinScriptNode)n), script_titles[n],
                          design->script.trees[n], NAMES_SCRIPT};
    }
    Node *rest = &nodes[TWIN_N_SCRIPT_NODES];
    rest[0] = (Node){"outcome", "what a host does next: a kind of packet, or it waits",
                     tables->outcome, NAMES_HOST};
    rest[1] = (Node){"delay", "when it does", tables->delay, NAMES_HOST};
    rest[2] = (Node){"length", "payload of a segment that others of its write follow",
                     tables->length, NAMES_HOST};
    rest[3] = (Node){"window", "how the window moves", tables->window, NAMES_WINDOW};
    rest[4] = (Node){"fate", "seen, lost after the capture or before it, missed", tables->fate,
                     NAMES_HOST};
    rest[5] =
        (Node){"ack", "how an acknowledgement stands to what had arrived", tables->ack, NAMES_HOST};
}

static void name_parent(Names names, unsigned parent, char text[NAME_ROOM])
{
    switch (names) {
    case NAMES_HOST:
        twin_parent_name(parent, text);
        return;
    case NAMES_WINDOW:
        (void)g_strlcpy(text, twin_window_parent_name(parent), NAME_ROOM);
        return;
    case NAMES_SCRIPT:
        (void)g_strlcpy(text, twin_script_parent_name(parent), NAME_ROOM);
        return;
    }
}

static size_t count_leaves(const TwinTree *tree)
{
    return (tree->n_nodes + 1) / 2;
}

static void show_node(const Node *node, GString *out)
{
    if (node->tree == NULL) {
        g_string_append_printf(out, "  %-14s %s: never needed\n", node->name, node->title);
        return;
    }
    size_t n_parents = 0;
    g_autofree TwinTreeParent *parents = twin_tree_parents(node->tree, &n_parents);
    g_string_append_printf(out, "  %-14s %s\n    %zu leaves, %zu rows, %zu parents:", node->name,
                           node->title, count_leaves(node->tree), node->tree->n_rows, n_parents);
    for (size_t p = 0; p < n_parents && p < SHOWN_PARENTS; p++) {
        char name[NAME_ROOM];
        name_parent(node->names, parents[p].feature, name);
        g_string_append_printf(out, "%s %s", p > 0 ? "," : "", name);
    }
    g_string_append(out, n_parents > SHOWN_PARENTS ? ", …\n" : "\n");
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 1;
}

static void show_inference(const TwinInferenceCounts *counts, GString *out)
{
    g_string_append_printf(
        out,
        "\nInference\n"
        "  acknowledgements that follow from what arrived: %.4f of %" G_GUINT64_FORMAT "\n"
        "  timestamp echoes that do: %.4f of %" G_GUINT64_FORMAT "\n"
        "  packets held %" G_GUINT64_FORMAT ", lost %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
        " before the capture, missed %" G_GUINT64_FORMAT "\n"
        "  flows in the order of the capture: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "\n",
        share(counts->n_exact, counts->n_acks), counts->n_acks,
        share(counts->n_following, counts->n_echoes), counts->n_echoes, counts->n_held,
        counts->n_lost, counts->n_hidden, counts->n_missed, counts->n_plain, counts->n_flows);
}

static size_t count_deck(const TwinDonors *donors)
{
    size_t n = 0;
    for (size_t i = 0; i < donors->n_donors; i++) {
        for (unsigned side = 0; side < 2; side++) {
            for (unsigned d = 0; d < TWIN_N_DECKS; d++) {
                n += donors->donors[i].plan.n_deck[side][d];
            }
        }
    }
    return n;
}

static void show_labels(const TwinModel *model, GString *out)
{
    g_string_append(out, "\nLabels (flows, longest in packets)\n");
    for (size_t l = 0; l < model->n_labels; l++) {
        g_string_append_printf(out, "  %-16s %6u %7u\n", model->labels[l].name,
                               model->labels[l].n_flows, model->labels[l].longest);
    }
}

void twin_design_show_text(const TwinModel *model, GString *out)
{
    const TwinDesign *design = model->twin;
    Node nodes[N_NODES];
    list_nodes(design, nodes);
    g_string_append_printf(out, "Preset %s: %s\nLearned from %zu flows, %zu packets\n\nNodes\n",
                           model->preset->name, model->preset->summary, model->n_flows,
                           model->n_packets);
    for (size_t n = 0; n < N_NODES; n++) {
        show_node(&nodes[n], out);
    }
    show_inference(&design->inference, out);
    show_labels(model, out);
    const bool keeps = model->addresses == TWIN_ADDRESSES_KEEP;
    g_string_append_printf(
        out,
        "\nWhat this model reveals\n"
        "  addresses: %s %zu hosts\n"
        "  plans: of %zu flows the start time, ports, label, numbers of packets and bytes, "
        "delays'\n"
        "    quantiles, %zu times of waiting, windows, TTL, SYN options and clocks of both hosts\n"
        "  courses: of %zu flows a hash of what their packets were\n"
        "  %zu single packets' kinds, %zu delays, %zu window moves, %zu writes\n"
        "  no payload byte\n",
        keeps ? "the real IP and MAC addresses of" : "none; made-up ones stand for",
        model->seeds.n_hosts, design->donors.n_donors, count_deck(&design->donors),
        design->n_unique_courses, design->tables.outcome->n_rows, design->tables.delay->n_rows,
        design->tables.window != NULL ? design->tables.window->n_rows : 0,
        design->script.trees[0] != NULL ? design->script.trees[0]->n_rows : 0);
}

/* Parents that several nodes share are one node of the graph. */
static void show_dot_parent(const Node *node, const TwinTreeParent *parent, GHashTable *seen,
                            GString *out)
{
    char name[NAME_ROOM];
    name_parent(node->names, parent->feature, name);
    if (g_hash_table_add(seen, g_strdup(name))) {
        g_string_append_printf(out, "  \"%s\" [style=filled,fillcolor=gray90];\n", name);
    }
    g_string_append_printf(out, "  \"%s\" -> %s [weight=%u];\n", name, node->name,
                           parent->n_splits);
}

void twin_design_show_dot(const TwinModel *model, GString *out)
{
    Node nodes[N_NODES];
    list_nodes(model->twin, nodes);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_string_append(out, "digraph flowtwin {\n  rankdir=LR;\n  node [shape=ellipse];\n");
    for (size_t n = 0; n < N_NODES; n++) {
        if (nodes[n].tree == NULL) {
            continue;
        }
        size_t n_parents = 0;
        g_autofree TwinTreeParent *parents = twin_tree_parents(nodes[n].tree, &n_parents);
        g_string_append_printf(out, "  %s [label=\"%s\",penwidth=2];\n", nodes[n].name,
                               nodes[n].name);
        for (size_t p = 0; p < n_parents && p < SHOWN_PARENTS; p++) {
            show_dot_parent(&nodes[n], &parents[p], seen, out);
        }
    }
    g_string_append(out, "}\n");
}

static void member_text(JsonBuilder *json, const char *name, const char *value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_string_value(json, value);
}

static void member_int(JsonBuilder *json, const char *name, uint64_t value)
{
    (void)json_builder_set_member_name(json, name);
    (void)json_builder_add_int_value(json, (gint64)value);
}

static void json_parents(const Node *node, JsonBuilder *json)
{
    size_t n_parents = 0;
    g_autofree TwinTreeParent *parents = twin_tree_parents(node->tree, &n_parents);
    for (size_t p = 0; p < n_parents; p++) {
        char name[NAME_ROOM];
        name_parent(node->names, parents[p].feature, name);
        (void)json_builder_begin_object(json);
        member_text(json, "name", name);
        member_int(json, "splits", parents[p].n_splits);
        member_int(json, "rows", parents[p].n_rows);
        (void)json_builder_end_object(json);
    }
}

static void json_inference(const TwinInferenceCounts *counts, JsonBuilder *json)
{
    (void)json_builder_set_member_name(json, "inference");
    (void)json_builder_begin_object(json);
    member_int(json, "flows", counts->n_flows);
    member_int(json, "plain", counts->n_plain);
    member_int(json, "acks", counts->n_acks);
    member_int(json, "exact", counts->n_exact);
    member_int(json, "echoes", counts->n_echoes);
    member_int(json, "following", counts->n_following);
    member_int(json, "held", counts->n_held);
    member_int(json, "lost", counts->n_lost);
    member_int(json, "hidden", counts->n_hidden);
    member_int(json, "missed", counts->n_missed);
    (void)json_builder_end_object(json);
}

void twin_design_show_json(const TwinModel *model, JsonBuilder *json)
{
    Node nodes[N_NODES];
    list_nodes(model->twin, nodes);
    member_int(json, "plans", model->twin->donors.n_donors);
    member_int(json, "unique_courses", model->twin->n_unique_courses);
    json_inference(&model->twin->inference, json);
    (void)json_builder_set_member_name(json, "nodes");
    (void)json_builder_begin_array(json);
    for (size_t n = 0; n < N_NODES; n++) {
        (void)json_builder_begin_object(json);
        member_text(json, "name", nodes[n].name);
        member_int(json, "leaves", nodes[n].tree != NULL ? count_leaves(nodes[n].tree) : 0);
        member_int(json, "rows", nodes[n].tree != NULL ? nodes[n].tree->n_rows : 0);
        (void)json_builder_set_member_name(json, "parents");
        (void)json_builder_begin_array(json);
        if (nodes[n].tree != NULL) {
            json_parents(&nodes[n], json);
        }
        (void)json_builder_end_array(json);
        (void)json_builder_end_object(json);
    }
    (void)json_builder_end_array(json);
}
