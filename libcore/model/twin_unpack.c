/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/tree_pack.h"
#include "host/script.h"
#include "model/twin_pack.h"

#include <math.h>
#include <string.h>

enum {
    MAX_KINDS = 4096 * 16 - 1,
    MAX_SEGMENTS = 1 << 24, /* of a write */
};

/* A delay, a hold: no flow pauses for longer, whatever clock the capture had. */
static const int64_t longest_ns = INT64_C(3600) * 1000000000 * 24 * 365;

/* Numbers of one flow lie no further apart, however often they wrapped. */
static const int64_t most_apart = INT64_C(1) << 48;

typedef struct {
    TwinCursor cursor;
    TwinDesign *design;
    size_t n_donors;
} Reader;

static uint64_t whole(Reader *reader, uint64_t most)
{
    return twin_unpack_whole(&reader->cursor, most);
}

/* An array of as many items as the bytes that are left could hold; NULL: it could not. */
static void *array_of(Reader *reader, size_t n, size_t item_bytes)
{
    void *items = n <= reader->cursor.left ? g_try_malloc0_n(n + 1, item_bytes) : NULL;
    if (items == NULL) {
        reader->cursor.overrun = true;
    }
    return items;
}

static void unpack_kinds(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    const size_t n = whole(reader, MAX_KINDS);
    tables->kinds = array_of(reader, n, sizeof *tables->kinds);
    if (n == 0 || tables->kinds == NULL) {
        reader->cursor.overrun = true;
        return;
    }
    tables->n_kinds = n;
    for (size_t k = 0; k < n; k++) {
        tables->kinds[k].flags = (uint16_t)whole(reader, 0xfff);
        const uint64_t rest = whole(reader, 2 * TWIN_N_MOVES - 1);
        tables->kinds[k].move = (uint8_t)(rest / 2);
        tables->kinds[k].has_payload = rest % 2 != 0;
    }
}

/* A tree that may be missing, and the room for its table: NULL where it is. */
static TwinTree *unpack_tree(Reader *reader, size_t n_features, size_t row_bytes, void *rows_out)
{
    if (whole(reader, 1) == 0) {
        return NULL;
    }
    TwinTree *tree = twin_tree_unpack(&reader->cursor, n_features, reader->cursor.left);
    void *rows = tree != NULL ? array_of(reader, tree->n_rows, row_bytes) : NULL;
    memcpy(rows_out, &rows, sizeof rows); /* a pointer of another type */
    return tree;
}

static size_t n_rows_of(const Reader *reader, const TwinTree *tree)
{
    return tree != NULL && !reader->cursor.overrun ? tree->n_rows : 0;
}

static void unpack_outcome(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    const size_t n_odd = whole(reader, UINT32_MAX);
    tables->odd = array_of(reader, n_odd, sizeof *tables->odd);
    for (size_t i = 0; i < n_odd && !reader->cursor.overrun; i++) {
        tables->odd[i].by = twin_unpack_signed(&reader->cursor, -most_apart, most_apart);
        tables->odd[i].payload_bytes = (uint32_t)whole(reader, UINT16_MAX);
    }
    tables->n_odd = n_odd;
    tables->outcome =
        unpack_tree(reader, TWIN_N_PARENTS, sizeof *tables->outcomes, &tables->outcomes);
    if (tables->outcome == NULL) {
        reader->cursor.overrun = true;
    }
    for (size_t r = 0; r < n_rows_of(reader, tables->outcome); r++) {
        TwinOutcomeRow *row = &tables->outcomes[r];
        row->kind = (uint16_t)whole(reader, tables->n_kinds);
        if (row->kind < tables->n_kinds && tables->kinds[row->kind].move == TWIN_MOVE_AGAIN) {
            row->back = (uint16_t)whole(reader, UINT16_MAX);
        } else if (row->kind < tables->n_kinds && tables->kinds[row->kind].move == TWIN_MOVE_ODD) {
            row->odd = (uint32_t)whole(reader, n_odd > 0 ? n_odd - 1 : 0);
            reader->cursor.overrun |= n_odd == 0;
        }
    }
}

static void unpack_delay(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    tables->delay = unpack_tree(reader, TWIN_N_PARENTS, sizeof *tables->delays, &tables->delays);
    if (tables->delay == NULL) {
        reader->cursor.overrun = true;
    }
    for (size_t r = 0; r < n_rows_of(reader, tables->delay); r++) {
        TwinDelayRow *row = &tables->delays[r];
        row->time_ns = twin_unpack_signed(&reader->cursor, -longest_ns, longest_ns);
        row->position = twin_unpack_float(&reader->cursor);
        const uint64_t rest = whole(reader, 2 * TWIN_HELD_YES + 1);
        row->held = (uint8_t)(rest / 2);
        row->is_timer = rest % 2 != 0;
        if (fabsf(row->position) > 1e6F) {
            reader->cursor.overrun = true;
        }
    }
}

static void unpack_length(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    tables->length = unpack_tree(reader, TWIN_N_PARENTS, sizeof *tables->lengths, &tables->lengths);
    for (size_t r = 0; r < n_rows_of(reader, tables->length); r++) {
        tables->lengths[r] =
            (int32_t)twin_unpack_signed(&reader->cursor, TWIN_LENGTH_FULL, G_MAXINT32);
    }
}

static void unpack_window(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    tables->window =
        unpack_tree(reader, TWIN_N_WINDOW_PARENTS, sizeof *tables->windows, &tables->windows);
    for (size_t r = 0; r < n_rows_of(reader, tables->window); r++) {
        tables->windows[r].code = (uint8_t)whole(reader, TWIN_N_WINDOWS - 1);
        tables->windows[r].step =
            (int32_t)twin_unpack_signed(&reader->cursor, -UINT16_MAX, UINT16_MAX);
    }
}

static void unpack_fate(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    tables->fate = unpack_tree(reader, TWIN_N_PARENTS, sizeof *tables->fates, &tables->fates);
    for (size_t r = 0; r < n_rows_of(reader, tables->fate); r++) {
        tables->fates[r] = (uint8_t)whole(reader, TWIN_N_FATES - 1);
    }
}

static void unpack_ack(Reader *reader)
{
    TwinTables *tables = &reader->design->tables;
    tables->ack = unpack_tree(reader, TWIN_N_PARENTS, sizeof *tables->acks, &tables->acks);
    for (size_t r = 0; r < n_rows_of(reader, tables->ack); r++) {
        tables->acks[r].manner = (uint8_t)whole(reader, TWIN_N_ACKS - 1);
        tables->acks[r].by = twin_unpack_signed(&reader->cursor, -most_apart, most_apart);
    }
}

static void unpack_script(Reader *reader)
{
    TwinScriptTrees *script = &reader->design->script;
    for (size_t t = 0; t < TWIN_N_SCRIPT_NODES; t++) {
        script->trees[t] = unpack_tree(reader, twin_script_node_n_parents((TwinScriptNode)t),
                                       sizeof(TwinScriptRow), &script->rows[t]);
        for (size_t r = 0; r < n_rows_of(reader, script->trees[t]); r++) {
            TwinScriptRow *row = &script->rows[t][r];
            row->value = (int32_t)twin_unpack_signed(&reader->cursor, G_MININT32 + 1, G_MAXINT32);
            const uint64_t rest = whole(reader, 2 * (uint64_t)MAX_SEGMENTS + 1);
            row->n_segments = (rest / 2) & 0x7fffffffU;
            row->side = rest & 1U;
        }
        if ((script->trees[t] == NULL) != (script->trees[0] == NULL)) {
            reader->cursor.overrun = true; /* all nodes or none */
        }
    }
}

/* What is counted is never negative nor endless; times are those of a capture. */
static bool is_plan_sound(const TwinHostPlan *plan)
{
    for (size_t i = 0; i < TWIN_N_PLAN; i++) {
        if (!(fabs(plan->at[i]) < 1e15)) {
            return false;
        }
    }
    for (size_t i = 0; i < TWIN_N_COUNTS; i++) {
        const double most = i == TWIN_PLAN_BYTES ? 1e13 : TWIN_MAX_PLAN_COUNT;
        if (i != TWIN_PLAN_THINK && (plan->at[i] < 0 || plan->at[i] > most)) {
            return false;
        }
    }
    return plan->at[TWIN_PLAN_WRITES] <= plan->at[TWIN_PLAN_DATA] &&
           plan->at[TWIN_PLAN_WINDOW_SHIFT] >= 0 && plan->at[TWIN_PLAN_WINDOW_SHIFT] <= 14 &&
           plan->at[TWIN_PLAN_MAX_PAYLOAD] <= UINT16_MAX * 16.0 && plan->at[TWIN_PLAN_HALF] >= 0 &&
           plan->at[TWIN_PLAN_PEER_HALF] >= 0;
}

static void unpack_plan_side(Reader *reader, TwinExchangePlan *plan, unsigned side)
{
    for (size_t i = 0; i < TWIN_N_PLAN; i++) {
        plan->hosts[side].at[i] = twin_unpack_number(&reader->cursor);
    }
    for (size_t d = 0; d < TWIN_N_DECKS && !reader->cursor.overrun; d++) {
        const size_t n = whole(reader, TWIN_MAX_DECK);
        int64_t delay_ns = 0;
        plan->deck_ns[side][d] = array_of(reader, n, sizeof(int64_t));
        for (size_t i = 0; i < n && !reader->cursor.overrun; i++) {
            delay_ns += twin_unpack_signed(&reader->cursor, -longest_ns, longest_ns);
            plan->deck_ns[side][d][i] = CLAMP(delay_ns, -longest_ns, longest_ns);
        }
        plan->n_deck[side][d] = reader->cursor.overrun ? 0 : (uint32_t)n;
    }
    const size_t n = whole(reader, TWIN_MAX_DECK);
    plan->windows[side] = array_of(reader, n, sizeof(uint16_t));
    for (size_t i = 0; i < n && !reader->cursor.overrun; i++) {
        plan->windows[side][i] = (uint16_t)whole(reader, UINT16_MAX);
    }
    plan->n_windows[side] = reader->cursor.overrun ? 0 : (uint32_t)n;
    if (!is_plan_sound(&plan->hosts[side])) {
        reader->cursor.overrun = true;
    }
}

/* Puts the arrays of a plan, each on its own so far, into the one block that a plan owns. */
static void gather_plan(TwinExchangePlan *plan)
{
    size_t n_bytes = 1;
    for (unsigned side = 0; side < 2; side++) {
        n_bytes += plan->n_windows[side] * sizeof(uint16_t);
        for (size_t d = 0; d < TWIN_N_DECKS; d++) {
            n_bytes += plan->n_deck[side][d] * sizeof(int64_t);
        }
    }
    int64_t *delays = g_malloc(n_bytes);
    plan->block = delays;
    for (unsigned side = 0; side < 2; side++) {
        for (size_t d = 0; d < TWIN_N_DECKS; d++) {
            const size_t n = plan->n_deck[side][d];
            if (n > 0) {
                memcpy(delays, plan->deck_ns[side][d], n * sizeof *delays);
            }
            g_free(plan->deck_ns[side][d]);
            plan->deck_ns[side][d] = delays;
            delays += n;
        }
    }
    uint16_t *windows = (uint16_t *)(void *)delays;
    for (unsigned side = 0; side < 2; side++) {
        const size_t n = plan->n_windows[side];
        if (n > 0) {
            memcpy(windows, plan->windows[side], n * sizeof *windows);
        }
        g_free(plan->windows[side]);
        plan->windows[side] = windows;
        windows += n;
    }
}

static void unpack_habits(Reader *reader, TwinHostHabits *habits)
{
    habits->rst_ttl = (uint8_t)whole(reader, UINT8_MAX);
    const uint64_t bits = whole(reader, 3);
    habits->rst_ip_id_is_zero = (bits & 1) != 0;
    habits->isn_is_zero = (bits & 2) != 0;
    habits->n_late = (uint8_t)whole(reader, TWIN_MAX_LATENESS);
    for (size_t i = 0; i < habits->n_late; i++) {
        habits->late_us[i] = (int32_t)whole(reader, G_MAXINT32);
    }
}

static void unpack_donors(Reader *reader)
{
    TwinDonors *donors = &reader->design->donors;
    const size_t n = whole(reader, reader->n_donors);
    donors->donors = array_of(reader, n, sizeof *donors->donors);
    if (n != reader->n_donors || donors->donors == NULL) {
        reader->cursor.overrun = true;
        return;
    }
    donors->n_donors = n;
    for (size_t i = 0; i < n && !reader->cursor.overrun; i++) {
        TwinDonor *donor = &donors->donors[i];
        donor->tick_ns = (int64_t)whole(reader, 1000000000);
        donor->least_gap_ns[0] = (int64_t)whole(reader, 1000000);
        donor->least_gap_ns[1] = (int64_t)whole(reader, 1000000);
        for (unsigned side = 0; side < 2; side++) {
            donor->max_bytes[side] = (uint32_t)whole(reader, UINT32_MAX);
            unpack_plan_side(reader, &donor->plan, side);
            unpack_habits(reader, &donor->habits[side]);
        }
        gather_plan(&donor->plan);
    }
}

static void unpack_courses(Reader *reader)
{
    TwinDesign *design = reader->design;
    design->natural_share = (uint32_t)whole(reader, UINT32_MAX);
    const size_t n = whole(reader, UINT32_MAX);
    design->unique_courses = array_of(reader, n, sizeof(uint64_t));
    uint64_t course = 0;
    for (size_t i = 0; i < n && !reader->cursor.overrun; i++) {
        const uint64_t step = whole(reader, UINT64_MAX);
        if (step > UINT64_MAX - course || (i > 0 && step == 0)) {
            reader->cursor.overrun = true;
        }
        course += step;
        design->unique_courses[i] = course;
    }
    design->n_unique_courses = reader->cursor.overrun ? 0 : n;
}

static void unpack_inference(Reader *reader)
{
    TwinInferenceCounts *counts = &reader->design->inference;
    uint64_t *const values[] = {
        &counts->n_flows, &counts->n_plain,  &counts->n_packets,   &counts->n_acks,
        &counts->n_exact, &counts->n_echoes, &counts->n_following, &counts->n_held,
        &counts->n_lost,  &counts->n_hidden, &counts->n_missed,    &counts->n_squeezed,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        *values[i] = whole(reader, G_MAXINT64);
    }
}

TwinDesign *twin_design_unpack(const uint8_t *bytes, size_t n_bytes, size_t n_donors,
                               const char **what_out)
{
    static const struct {
        const char *what;
        void (*unpack)(Reader *reader);
    } parts[] = {
        {"kinds of packets", unpack_kinds}, {"outcomes", unpack_outcome},
        {"delays", unpack_delay},           {"lengths", unpack_length},
        {"windows", unpack_window},         {"losses", unpack_fate},
        {"odd ACKs", unpack_ack},           {"scripts", unpack_script},
        {"plans", unpack_donors},           {"courses", unpack_courses},
        {"inference", unpack_inference},
    };
    g_autoptr(TwinDesign) design = twin_design_new();
    Reader reader = {
        .cursor = twin_cursor(bytes, n_bytes),
        .design = design,
        .n_donors = n_donors,
    };
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        parts[p].unpack(&reader);
        if (reader.cursor.overrun) {
            *what_out = parts[p].what;
            return NULL;
        }
    }
    return g_steal_pointer(&design);
}

TwinDesign *twin_design_of_text(const char *text, size_t n_bytes, const TwinSeeds *seeds,
                                const char **what_out)
{
    g_autofree uint8_t *bytes = twin_unpack_text(text, n_bytes);
    *what_out = "packed bytes";
    g_autoptr(TwinDesign) design =
        bytes != NULL ? twin_design_unpack(bytes, n_bytes, seeds->n_seeds, what_out) : NULL;
    for (size_t s = 0; design != NULL && s < seeds->n_seeds; s++) {
        if (design->donors.donors[s].plan.hosts[0].at[TWIN_PLAN_LABEL] != seeds->seeds[s].label) {
            *what_out = "labels of plans";
            return NULL;
        }
    }
    return g_steal_pointer(&design);
}
