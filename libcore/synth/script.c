/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/script.h"

enum {
    TRIES = 6,        /* rows of a node before the one above it */
    ROOT_TRIES = 200, /* of the root, before evidence gives way */
};

/* A write being drawn. */
typedef struct {
    const TwinScriptTrees *trees;
    const TwinScript *script;
    const TwinHostPlan *hosts;
    const uint32_t *max_bytes;
    TwinRandom *random;
    float parents[TWIN_N_SCRIPT_PARENTS];
    TwinWrite write; /* as far as it is drawn */
} Draw;

static double left(const double pair[2], unsigned side)
{
    return pair[side];
}

static bool side_agrees(const Draw *draw, const TwinScriptRow *row)
{
    const TwinScript *script = draw->script;
    const int before = twin_script_side(script);
    if (row->value != before) {
        return script->turns_left > 0;
    }
    return script->writes_left[0] + script->writes_left[1] > script->turns_left;
}

static bool segments_agree(const Draw *draw, const TwinScriptRow *row)
{
    const unsigned side = draw->write.side;
    const double later = left(draw->script->writes_left, side) - 1;
    return row->side == side && row->value >= 1 &&
           row->value <= left(draw->script->data_left, side) - later;
}

static uint32_t largest_of(const Draw *draw)
{
    const double largest = draw->hosts[draw->write.side].at[TWIN_PLAN_MAX_PAYLOAD];
    return largest >= 1 ? (uint32_t)largest : 1;
}

static bool bytes_agree(const Draw *draw, const TwinScriptRow *row)
{
    const uint32_t n = draw->write.n_segments;
    const uint32_t largest = largest_of(draw);
    const uint32_t bytes = twin_script_bytes(row->value, n, largest);
    const bool fits = bytes >= n && bytes <= (uint64_t)n * largest;
    const bool fits_path = n == 1 && bytes >= 1 && bytes <= draw->max_bytes[draw->write.side];
    return row->side == draw->write.side && row->n_segments == n && (fits || fits_path);
}

static bool early_agrees(const Draw *draw, const TwinScriptRow *row)
{
    (void)draw;
    (void)row;
    return true;
}

/* How each node is drawn: how often it looks above its leaf, which may not show all that can be. */
static const struct {
    bool (*agrees)(const Draw *draw, const TwinScriptRow *row);
    double escape;
} nodes[TWIN_N_SCRIPT_NODES] = {
    [TWIN_SCRIPT_NODE_SIDE] = {side_agrees, 0.02},
    [TWIN_SCRIPT_NODE_SEGMENTS] = {segments_agree, 0.02},
    [TWIN_SCRIPT_NODE_BYTES] = {bytes_agree, 0.02},
    [TWIN_SCRIPT_NODE_EARLY] = {early_agrees, 0.1},
};

/* A row of the leaf, or of a node above it, that agrees with the evidence; NULL: none was found. */
static const TwinScriptRow *draw_row(Draw *draw, TwinScriptNode node)
{
    const TwinTree *tree = draw->trees->trees[node];
    uint32_t at = twin_tree_find_values(tree, draw->parents);
    at = twin_tree_back_off(tree, at, nodes[node].escape, twin_random_u32(draw->random));
    for (;;) {
        const unsigned tries = at != 0 ? TRIES : ROOT_TRIES;
        for (unsigned t = 0; t < tries; t++) {
            const uint32_t row = twin_tree_row(tree, at, twin_random_u32(draw->random));
            if (nodes[node].agrees(draw, &draw->trees->rows[node][row])) {
                return &draw->trees->rows[node][row];
            }
        }
        if (at == 0) {
            return NULL;
        }
        at = twin_tree_parent(tree, at);
    }
}

static unsigned draw_side(Draw *draw, TwinScriptCounts *counts)
{
    const TwinScript *script = draw->script;
    const int before = twin_script_side(script);
    if (script->writes_left[0] <= 0) {
        return 1;
    }
    if (script->writes_left[1] <= 0) {
        return 0;
    }
    if (before < 0) {
        return draw->hosts[0].at[TWIN_PLAN_FIRST_WRITER] > 0 ? 1 : 0;
    }
    const TwinScriptRow *row = draw_row(draw, TWIN_SCRIPT_NODE_SIDE);
    if (row != NULL) {
        return row->value > 0 ? 1 : 0;
    }
    counts->n_sides++;
    return before == 0 ? 1 : 0;
}

static uint32_t draw_segments(Draw *draw, TwinScriptCounts *counts)
{
    const unsigned side = draw->write.side;
    const double data_left = draw->script->data_left[side];
    if (draw->script->writes_left[side] <= 1) { /* the last one has what is left */
        return data_left >= 1 ? (uint32_t)data_left : 1;
    }
    const TwinScriptRow *row = draw_row(draw, TWIN_SCRIPT_NODE_SEGMENTS);
    if (row != NULL) {
        return (uint32_t)row->value;
    }
    counts->n_segments++;
    return 1;
}

static uint32_t draw_bytes(Draw *draw, TwinScriptCounts *counts)
{
    const uint32_t largest = largest_of(draw);
    const TwinScriptRow *row = draw_row(draw, TWIN_SCRIPT_NODE_BYTES);
    if (row != NULL) {
        return twin_script_bytes(row->value, draw->write.n_segments, largest);
    }
    counts->n_bytes++;
    const uint64_t full = (uint64_t)draw->write.n_segments * largest;
    return full < UINT32_MAX ? (uint32_t)full : UINT32_MAX;
}

static void draw_write(Draw *draw, TwinScriptCounts *counts)
{
    twin_script_parents(draw->script, draw->parents);
    draw->write.side = (uint8_t)draw_side(draw, counts);
    draw->parents[TWIN_SCRIPT_SIDE] = draw->write.side;
    draw->write.n_segments = draw_segments(draw, counts);
    draw->parents[TWIN_SCRIPT_SEGMENTS] = (float)draw->write.n_segments;
    draw->write.bytes = draw_bytes(draw, counts);
    draw->parents[TWIN_SCRIPT_BYTES] = (float)draw->write.bytes;
    draw->write.is_early = draw_row(draw, TWIN_SCRIPT_NODE_EARLY)->value != 0;
}

size_t twin_script_draw(const TwinScriptTrees *trees, const TwinHostPlan *hosts,
                        const uint32_t max_bytes[2], TwinRandom *random, TwinWrite *writes_out,
                        TwinScriptCounts *counts)
{
    if (trees->trees[TWIN_SCRIPT_NODE_SIDE] == NULL) {
        return 0;
    }
    TwinScript script;
    twin_script_begin(&script, hosts);
    Draw draw = {
        .trees = trees,
        .script = &script,
        .hosts = hosts,
        .max_bytes = max_bytes,
        .random = random,
    };
    size_t n = 0;
    while (script.writes_left[0] + script.writes_left[1] >= 1) {
        draw_write(&draw, counts);
        twin_script_step(&script, &draw.write);
        writes_out[n++] = draw.write;
    }
    counts->n_writes += n;
    return n;
}
