/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_trees.h"

#include "base/sort.h"
#include "model/twin_grow.h"

#include <math.h>
#include <string.h>

enum { CLASSES_APART = 100 }; /* classes of delay, in positions, so that trees tell them first */

static bool is_sent(const TwinSendRow *send)
{
    return send->is_learned_delay;
}

static double delay_target(const TwinSendRow *send)
{
    return (double)send->position + (double)CLASSES_APART * send->delay_class;
}

/* Delays are alike where they are within a tenth of a quantile's place. */
static int64_t delay_code(const TwinSendRow *send)
{
    return llround((double)send->position * 10) + INT64_C(1000) * send->delay_class;
}

static bool has_length(const TwinSendRow *send)
{
    return send->has_length;
}

static int64_t length_code(const TwinSendRow *send)
{
    return send->length;
}

static bool may_be_lost(const TwinSendRow *send)
{
    return send->may_be_lost;
}

static int64_t fate_code(const TwinSendRow *send)
{
    return send->fate;
}

static bool may_be_odd(const TwinSendRow *send)
{
    return send->may_be_odd;
}

static int64_t manner_code(const TwinSendRow *send)
{
    return send->ack_manner;
}

static TwinOutcomeRow outcome_row(TwinTables *tables, uint16_t kind, const TwinSendRow *send)
{
    if (send == NULL) {
        return (TwinOutcomeRow){.kind = kind};
    }
    TwinOutcomeRow row = {.kind = kind, .back = send->back};
    if (send->move == TWIN_MOVE_ODD) {
        row.odd = (uint32_t)tables->n_odd;
        tables->odd[tables->n_odd++] =
            (TwinOddRow){.by = send->odd_by, .payload_bytes = send->payload_bytes};
    }
    return row;
}

/* What a leaf holds is put beside the tree, place by place. */
static void keep_delay(TwinTables *tables, size_t place, const TwinSendRow *send)
{
    tables->delays[place] = (TwinDelayRow){
        .time_ns = send->time_ns,
        .position = send->position,
        .held = send->held,
        .is_timer = send->is_timer,
    };
}

static void keep_length(TwinTables *tables, size_t place, const TwinSendRow *send)
{
    tables->lengths[place] = send->length;
}

static void keep_fate(TwinTables *tables, size_t place, const TwinSendRow *send)
{
    tables->fates[place] = send->fate;
}

static void keep_ack(TwinTables *tables, size_t place, const TwinSendRow *send)
{
    tables->acks[place] = (TwinAckRow){.by = send->ack_by, .manner = send->ack_manner};
}

static void room_for_delays(TwinTables *tables, TwinTree *tree)
{
    tables->delay = tree;
    tables->delays = g_new0(TwinDelayRow, tree->n_rows);
}

static void room_for_lengths(TwinTables *tables, TwinTree *tree)
{
    tables->length = tree;
    tables->lengths = g_new0(int32_t, tree->n_rows);
}

static void room_for_fates(TwinTables *tables, TwinTree *tree)
{
    tables->fate = tree;
    tables->fates = g_new0(uint8_t, tree->n_rows);
}

static void room_for_acks(TwinTables *tables, TwinTree *tree)
{
    tables->ack = tree;
    tables->acks = g_new0(TwinAckRow, tree->n_rows);
}

/* The nodes that packets sent are learned from. */
static const struct {
    const char *what;
    TwinDrawn drawn;
    bool joins_rare;
    bool (*is_row)(const TwinSendRow *send);
    int64_t (*code)(const TwinSendRow *send);
    double (*target)(const TwinSendRow *send); /* NULL: the codes are classes */
    void (*make_room)(TwinTables *tables, TwinTree *tree);
    void (*keep)(TwinTables *tables, size_t place, const TwinSendRow *send);
} nodes[] = {
    {"learning delays", TWIN_DRAWN_DELAY, false, is_sent, delay_code, delay_target, room_for_delays,
     keep_delay},
    {"learning lengths", TWIN_DRAWN_LENGTH, true, has_length, length_code, NULL, room_for_lengths,
     keep_length},
    {"learning losses", TWIN_DRAWN_FATE, false, may_be_lost, fate_code, NULL, room_for_fates,
     keep_fate},
    {"learning odd numbers", TWIN_DRAWN_ACK, false, may_be_odd, manner_code, NULL, room_for_acks,
     keep_ack},
};

static bool learn_node(TwinTreeMaker *maker, size_t node, TwinTables *tables, GError **error)
{
    const TwinRowsOfFlows *rows = maker->rows;
    g_autofree uint32_t *chosen = g_new(uint32_t, rows->n_sends + 1);
    g_autofree int64_t *codes = g_new(int64_t, rows->n_sends + 1);
    size_t n = 0;
    for (size_t s = 0; s < rows->n_sends; s++) {
        const TwinSendRow *send = &rows->sends[s];
        if (nodes[node].is_row(send)) {
            codes[n] = nodes[node].code(send);
            if (nodes[node].target != NULL) {
                maker->target[send->row] = nodes[node].target(send);
            }
            chosen[n++] = send->row;
        }
    }
    if (n == 0) {
        return true;
    }
    if (nodes[node].joins_rare) {
        twin_codes_join_rare(codes, n);
    }
    const TwinGrowth growth = {
        .drawn = nodes[node].drawn,
        .rows = chosen,
        .codes = codes,
        .n_rows = n,
        .has_target = nodes[node].target != NULL,
    };
    g_autofree uint32_t *order = NULL;
    TwinTree *tree = twin_tree_maker_make(maker, &growth, &order, error);
    if (tree == NULL) {
        return false;
    }
    nodes[node].make_room(tables, tree);
    for (size_t p = 0; p < tree->n_rows; p++) {
        nodes[node].keep(tables, p, &rows->sends[maker->send_of_row[order[p]]]);
    }
    return true;
}

static bool learn_outcome(TwinTreeMaker *maker, TwinTables *tables, GError **error)
{
    const TwinRowsOfFlows *rows = maker->rows;
    const size_t n = rows->matrix->n_rows;
    g_autofree int64_t *codes = g_new(int64_t, n);
    size_t n_odd = 0;
    for (size_t r = 0; r < n; r++) {
        codes[r] = rows->kinds[r];
    }
    for (size_t s = 0; s < rows->n_sends; s++) {
        n_odd += rows->sends[s].move == TWIN_MOVE_ODD;
    }
    const TwinGrowth growth = {.drawn = TWIN_DRAWN_OUTCOME, .codes = codes, .n_rows = n};
    g_autofree uint32_t *order = NULL;
    tables->outcome = twin_tree_maker_make(maker, &growth, &order, error);
    if (tables->outcome == NULL) {
        return false;
    }
    tables->outcomes = g_new0(TwinOutcomeRow, n);
    tables->odd = g_new0(TwinOddRow, n_odd + 1);
    for (size_t p = 0; p < n; p++) {
        const uint32_t send = maker->send_of_row[order[p]];
        tables->outcomes[p] = outcome_row(tables, rows->kinds[order[p]],
                                          send != UINT32_MAX ? &rows->sends[send] : NULL);
    }
    return true;
}

static bool learn_windows(const TwinRowsOfFlows *rows, const TwinLearnOptions *options,
                          TwinTables *tables, GError **error)
{
    enum { FAR_STEP = 3000, CODES_APART = 100000 };
    if (rows->window_matrix == NULL) {
        return true;
    }
    const size_t n = rows->window_matrix->n_rows;
    g_autofree int64_t *codes = g_new(int64_t, n);
    for (size_t r = 0; r < n; r++) {
        const TwinSentWindow *window = &rows->windows[r];
        const int64_t step = CLAMP(window->step, -FAR_STEP, FAR_STEP);
        codes[r] =
            (int64_t)CODES_APART * window->code + (window->code == TWIN_WINDOW_STEP ? step : 0);
    }
    const TwinGrowthOf of = {rows->window_matrix, rows->window_bins, TWIN_N_WINDOW_PARENTS};
    g_autofree uint32_t *order = NULL;
    tables->window = twin_grow_classes(&of, codes, TWIN_LEAST_LEAF, options, &order, error);
    if (tables->window == NULL) {
        return false;
    }
    tables->windows = g_new0(TwinWindowRow, n);
    for (size_t p = 0; p < n; p++) {
        const TwinSentWindow *window = &rows->windows[order[p]];
        tables->windows[p] = (TwinWindowRow){.step = window->step, .code = window->code};
    }
    return true;
}

bool twin_tables_learn(TwinTables *tables_out, const TwinRowsOfFlows *rows,
                       const TwinLearnOptions *options, GError **error)
{
    TwinTreeMaker maker;
    twin_tree_maker_init(&maker, rows, options);
    bool is_good = twin_learn_report(options, "learning what hosts do next", 0.25, error) &&
                   learn_outcome(&maker, tables_out, error);
    for (size_t n = 0; n < G_N_ELEMENTS(nodes) && is_good; n++) {
        is_good = twin_learn_report(options, nodes[n].what, 0.5 + 0.1 * (double)n, error) &&
                  learn_node(&maker, n, tables_out, error);
    }
    twin_tree_maker_clear(&maker);
    return is_good && learn_windows(rows, options, tables_out, error);
}

/* How each node of the script is learned. */
static int64_t side_code(const TwinWriteRow *row)
{
    return row->write.side;
}

static int64_t segments_code(const TwinWriteRow *row)
{
    return ((int64_t)row->write.side << 32) + row->write.n_segments;
}

static int64_t bytes_code(const TwinWriteRow *row)
{
    return row->code;
}

static int64_t early_code(const TwinWriteRow *row)
{
    return row->write.is_early;
}

static const struct {
    int64_t (*code)(const TwinWriteRow *row);
    size_t min_leaf;
    bool joins_rare;
} script_nodes[TWIN_N_SCRIPT_NODES] = {
    [TWIN_SCRIPT_NODE_SIDE] = {side_code, TWIN_LEAST_LEAF, false},
    [TWIN_SCRIPT_NODE_SEGMENTS] = {segments_code, 2, true},
    [TWIN_SCRIPT_NODE_BYTES] = {bytes_code, 2, true},
    [TWIN_SCRIPT_NODE_EARLY] = {early_code, TWIN_LEAST_LEAF, false},
};

static int32_t script_value(TwinScriptNode node, const TwinWriteRow *row)
{
    return node == TWIN_SCRIPT_NODE_SEGMENTS ? (int32_t)row->write.n_segments
                                             : (int32_t)script_nodes[node].code(row);
}

static bool learn_script_node(TwinScriptTrees *trees, TwinScriptNode node,
                              const TwinRowsOfFlows *rows, const TwinLearnOptions *options,
                              GError **error)
{
    const size_t n = rows->script_matrix->n_rows;
    g_autofree int64_t *codes = g_new(int64_t, n);
    for (size_t r = 0; r < n; r++) {
        codes[r] = script_nodes[node].code(&rows->writes[r]);
    }
    if (script_nodes[node].joins_rare) {
        twin_codes_join_rare(codes, n);
    }
    const TwinGrowthOf of = {rows->script_matrix, rows->script_bins,
                             twin_script_node_n_parents(node)};
    g_autofree uint32_t *order = NULL;
    trees->trees[node] =
        twin_grow_classes(&of, codes, script_nodes[node].min_leaf, options, &order, error);
    if (trees->trees[node] == NULL) {
        return false;
    }
    trees->rows[node] = g_new0(TwinScriptRow, n);
    for (size_t p = 0; p < n; p++) {
        const TwinWriteRow *row = &rows->writes[order[p]];
        trees->rows[node][p] = (TwinScriptRow){
            .value = script_value(node, row),
            .n_segments = row->write.n_segments & 0x7fffffffU,
            .side = row->write.side & 1U,
        };
    }
    return true;
}

bool twin_script_trees_learn(TwinScriptTrees *trees_out, const TwinRowsOfFlows *rows,
                             const TwinLearnOptions *options, GError **error)
{
    if (rows->script_matrix == NULL) {
        return true;
    }
    if (!twin_learn_report(options, "learning dialogues", 0.9, error)) {
        return false;
    }
    for (unsigned n = 0; n < TWIN_N_SCRIPT_NODES; n++) {
        if (!learn_script_node(trees_out, (TwinScriptNode)n, rows, options, error)) {
            return false;
        }
    }
    return true;
}
