/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/twin_pack.h"

#include "bn/tree_pack.h"
#include "host/script.h"

#include <string.h>

static void pack_kinds(const TwinDesign *self, GByteArray *bytes)
{
    twin_pack_whole(bytes, self->tables.n_kinds);
    for (size_t k = 0; k < self->tables.n_kinds; k++) {
        const TwinPacketKind *kind = &self->tables.kinds[k];
        twin_pack_whole(bytes, kind->flags);
        twin_pack_whole(bytes, (uint64_t)kind->move * 2 + (kind->has_payload ? 1 : 0));
    }
}

/* A tree that may be missing: 0, or 1 and the tree. Returns how many rows its table has. */
static size_t pack_tree(const TwinTree *tree, GByteArray *bytes)
{
    twin_pack_whole(bytes, tree != NULL ? 1 : 0);
    if (tree == NULL) {
        return 0;
    }
    twin_tree_pack(tree, bytes);
    return tree->n_rows;
}

static void pack_outcome(const TwinDesign *self, GByteArray *bytes)
{
    const TwinTables *tables = &self->tables;
    twin_pack_whole(bytes, tables->n_odd);
    for (size_t i = 0; i < tables->n_odd; i++) {
        twin_pack_signed(bytes, tables->odd[i].by);
        twin_pack_whole(bytes, tables->odd[i].payload_bytes);
    }
    const size_t n = pack_tree(tables->outcome, bytes);
    for (size_t r = 0; r < n; r++) {
        const TwinOutcomeRow *row = &tables->outcomes[r];
        twin_pack_whole(bytes, row->kind);
        if (row->kind >= tables->n_kinds) {
            continue; /* it waited */
        }
        if (tables->kinds[row->kind].move == TWIN_MOVE_AGAIN) {
            twin_pack_whole(bytes, row->back);
        } else if (tables->kinds[row->kind].move == TWIN_MOVE_ODD) {
            twin_pack_whole(bytes, row->odd);
        }
    }
}

static void pack_delay(const TwinDesign *self, GByteArray *bytes)
{
    const size_t n = pack_tree(self->tables.delay, bytes);
    for (size_t r = 0; r < n; r++) {
        const TwinDelayRow *row = &self->tables.delays[r];
        twin_pack_signed(bytes, row->time_ns);
        twin_pack_float(bytes, row->position);
        twin_pack_whole(bytes, (uint64_t)row->held * 2 + (row->is_timer ? 1 : 0));
    }
}

static void pack_length(const TwinDesign *self, GByteArray *bytes)
{
    const size_t n = pack_tree(self->tables.length, bytes);
    for (size_t r = 0; r < n; r++) {
        twin_pack_signed(bytes, self->tables.lengths[r]);
    }
}

static void pack_window(const TwinDesign *self, GByteArray *bytes)
{
    const size_t n = pack_tree(self->tables.window, bytes);
    for (size_t r = 0; r < n; r++) {
        twin_pack_whole(bytes, self->tables.windows[r].code);
        twin_pack_signed(bytes, self->tables.windows[r].step);
    }
}

static void pack_fate(const TwinDesign *self, GByteArray *bytes)
{
    const size_t n = pack_tree(self->tables.fate, bytes);
    (void)g_byte_array_append(bytes, self->tables.fates, (guint)n);
}

static void pack_ack(const TwinDesign *self, GByteArray *bytes)
{
    const size_t n = pack_tree(self->tables.ack, bytes);
    for (size_t r = 0; r < n; r++) {
        twin_pack_whole(bytes, self->tables.acks[r].manner);
        twin_pack_signed(bytes, self->tables.acks[r].by);
    }
}

static void pack_script(const TwinDesign *self, GByteArray *bytes)
{
    for (size_t t = 0; t < TWIN_N_SCRIPT_NODES; t++) {
        const size_t n = pack_tree(self->script.trees[t], bytes);
        for (size_t r = 0; r < n; r++) {
            const TwinScriptRow *row = &self->script.rows[t][r];
            twin_pack_signed(bytes, row->value);
            twin_pack_whole(bytes, (uint64_t)row->n_segments * 2 + row->side);
        }
    }
}

static void pack_plan_side(const TwinExchangePlan *plan, unsigned side, GByteArray *bytes)
{
    for (size_t i = 0; i < TWIN_N_PLAN; i++) {
        twin_pack_number(bytes, plan->hosts[side].at[i]);
    }
    for (size_t d = 0; d < TWIN_N_DECKS; d++) {
        int64_t before_ns = 0; /* they rise */
        twin_pack_whole(bytes, plan->n_deck[side][d]);
        for (size_t i = 0; i < plan->n_deck[side][d]; i++) {
            twin_pack_signed(bytes, plan->deck_ns[side][d][i] - before_ns);
            before_ns = plan->deck_ns[side][d][i];
        }
    }
    twin_pack_whole(bytes, plan->n_windows[side]);
    for (size_t i = 0; i < plan->n_windows[side]; i++) {
        twin_pack_whole(bytes, plan->windows[side][i]);
    }
}

static void pack_habits(const TwinHostHabits *habits, GByteArray *bytes)
{
    twin_pack_whole(bytes, habits->rst_ttl);
    twin_pack_whole(bytes, (habits->rst_ip_id_is_zero ? 1U : 0U) | (habits->isn_is_zero ? 2U : 0U));
    twin_pack_whole(bytes, habits->n_late);
    for (size_t i = 0; i < habits->n_late; i++) {
        twin_pack_whole(bytes, (uint32_t)habits->late_us[i]);
    }
}

static void pack_donors(const TwinDesign *self, GByteArray *bytes)
{
    twin_pack_whole(bytes, self->donors.n_donors);
    for (size_t i = 0; i < self->donors.n_donors; i++) {
        const TwinDonor *donor = &self->donors.donors[i];
        twin_pack_whole(bytes, (uint64_t)donor->tick_ns);
        twin_pack_whole(bytes, (uint64_t)donor->least_gap_ns[0]);
        twin_pack_whole(bytes, (uint64_t)donor->least_gap_ns[1]);
        for (unsigned side = 0; side < 2; side++) {
            twin_pack_whole(bytes, donor->max_bytes[side]);
            pack_plan_side(&donor->plan, side, bytes);
            pack_habits(&donor->habits[side], bytes);
        }
    }
}

static void pack_courses(const TwinDesign *self, GByteArray *bytes)
{
    uint64_t before = 0; /* they rise */
    twin_pack_whole(bytes, self->natural_share);
    twin_pack_whole(bytes, self->n_unique_courses);
    for (size_t i = 0; i < self->n_unique_courses; i++) {
        twin_pack_whole(bytes, self->unique_courses[i] - before);
        before = self->unique_courses[i];
    }
}

static void pack_inference(const TwinDesign *self, GByteArray *bytes)
{
    const TwinInferenceCounts *counts = &self->inference;
    const uint64_t values[] = {
        counts->n_flows, counts->n_plain,  counts->n_packets,   counts->n_acks,
        counts->n_exact, counts->n_echoes, counts->n_following, counts->n_held,
        counts->n_lost,  counts->n_hidden, counts->n_missed,    counts->n_squeezed,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        twin_pack_whole(bytes, values[i]);
    }
}

GByteArray *twin_design_pack(const TwinDesign *self)
{
    static void (*const parts[])(const TwinDesign *self, GByteArray *bytes) = {
        pack_kinds, pack_outcome, pack_delay,  pack_length,  pack_window,    pack_fate,
        pack_ack,   pack_script,  pack_donors, pack_courses, pack_inference,
    };
    GByteArray *bytes = g_byte_array_new();
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        parts[p](self, bytes);
    }
    return bytes;
}

/* FNV-1a over a name and the zero behind it. */
static uint32_t add_name(uint32_t hash, const char *name)
{
    for (size_t i = 0; i <= strlen(name); i++) {
        hash = (hash ^ (uint8_t)name[i]) * 16777619U;
    }
    return hash;
}

uint32_t twin_design_layout(void)
{
    uint32_t hash = 2166136261U;
    char name[TWIN_PARENT_NAME_ROOM];
    for (unsigned p = 0; p < TWIN_N_PARENTS; p++) {
        twin_parent_name(p, name);
        hash = add_name(hash, name);
    }
    for (unsigned p = 0; p < TWIN_N_WINDOW_PARENTS; p++) {
        hash = add_name(hash, twin_window_parent_name(p));
    }
    for (size_t p = 0; p < TWIN_N_SCRIPT_PARENTS; p++) {
        hash = add_name(hash, twin_script_parent_name(p));
    }
    for (size_t p = 0; p < TWIN_N_PLAN; p++) {
        hash = add_name(hash, twin_plan_name(p));
    }
    return hash;
}
