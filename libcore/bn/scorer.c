/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bn/scorer.h"

#include <flowtwin/error.h>

#include "base/parallel.h"

#include <math.h>
#include <string.h>

typedef struct {
    TwinFamilySet family; /* first: an entry is its own key in the cache */
    double score;
} Entry;

struct TwinScorer {
    const TwinCounter *counter;
    const TwinScore *score;
    TwinLogFactorials *log_factorials;
    uint64_t max_cells;
    GHashTable *cache; /* a set of Entry, which it owns */
    size_t n_counted;
    unsigned n_threads;
    TwinTally **tallies; /* one a thread */
};

static guint hash_family(gconstpointer pointer)
{
    const TwinFamilySet *family = pointer;
    const uint64_t mixed = (family->parents + family->child) * UINT64_C(0x9E3779B97F4A7C15);
    return (guint)(mixed >> 32) ^ (guint)family->child;
}

static gboolean is_same_family(gconstpointer left, gconstpointer right)
{
    const TwinFamilySet *a = left;
    const TwinFamilySet *b = right;
    return a->child == b->child && a->parents == b->parents;
}

TwinScorer *twin_scorer_new(const TwinCounter *counter, const TwinScore *score, uint64_t max_cells,
                            unsigned n_threads)
{
    g_return_val_if_fail(n_threads >= 1, NULL);
    TwinScorer *self = g_new0(TwinScorer, 1);
    self->counter = counter;
    self->score = score;
    self->log_factorials = twin_log_factorials_new(counter->n_rows + 256);
    self->max_cells = max_cells > 0 && max_cells < TWIN_MAX_CELLS ? max_cells : TWIN_MAX_CELLS;
    self->cache = g_hash_table_new_full(hash_family, is_same_family, g_free, NULL);
    self->n_threads = n_threads;
    self->tallies = g_new(TwinTally *, n_threads);
    for (unsigned t = 0; t < n_threads; t++) {
        self->tallies[t] = twin_tally_new();
    }
    return self;
}

void twin_scorer_free(TwinScorer *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned t = 0; t < self->n_threads; t++) {
        twin_tally_free(self->tallies[t]);
    }
    g_free(self->tallies);
    twin_log_factorials_free(self->log_factorials);
    g_hash_table_unref(self->cache);
    g_free(self);
}

/* Parents by rising index, so that a set is always counted and summed in the same order. */
static TwinFamily in_order(const TwinFamilySet *set)
{
    TwinFamily family = {.child = set->child};
    for (uint64_t rest = set->parents; rest != 0; rest &= rest - 1) {
        family.parents[family.n_parents++] = (size_t)__builtin_ctzll(rest);
    }
    return family;
}

static uint64_t cells_of(const TwinScorer *self, const TwinFamilySet *set)
{
    const TwinFamily family = in_order(set);
    return twin_family_cells(&family, self->counter->n_states, self->max_cells);
}

typedef struct {
    TwinScorer *scorer;
    GPtrArray *entries; /* that have no score yet; borrowed from the cache */
    int is_out_of_memory;
} Batch;

static void score_entry(size_t index, unsigned thread, void *data)
{
    Batch *batch = data;
    const TwinScorer *self = batch->scorer;
    const TwinCounter *counter = self->counter;
    Entry *entry = g_ptr_array_index(batch->entries, index);
    const TwinFamily family = in_order(&entry->family);
    TwinCounts counts;
    if (twin_counter_count(counter, &family, self->tallies[thread], &counts)) {
        entry->score =
            self->score->of_counts(self->log_factorials, &counts, counter->n_states[family.child],
                                   twin_family_cells(&family, counter->n_states, self->max_cells));
    } else {
        g_atomic_int_set(&batch->is_out_of_memory, 1);
    }
}

bool twin_scorer_prepare(TwinScorer *self, const TwinFamilySet *families, size_t n_families,
                         GError **error)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new();
    for (size_t i = 0; i < n_families; i++) {
        if (g_hash_table_contains(self->cache, &families[i])) {
            continue;
        }
        Entry *entry = g_new(Entry, 1);
        *entry = (Entry){.family = families[i], .score = -INFINITY};
        (void)g_hash_table_add(self->cache, entry);
        if (cells_of(self, &families[i]) > 0) {
            g_ptr_array_add(entries, entry);
        }
    }
    self->n_counted += entries->len;
    Batch batch = {.scorer = self, .entries = entries};
    const unsigned n_threads = CLAMP(entries->len, 1, self->n_threads);
    twin_parallel_for(entries->len, n_threads, score_entry, &batch);
    if (batch.is_out_of_memory) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                            "the counts of a family do not fit in memory; use fewer threads");
    }
    return !batch.is_out_of_memory;
}

double twin_scorer_get(const TwinScorer *self, size_t child, uint64_t parents)
{
    const TwinFamilySet family = {.child = child, .parents = parents};
    const Entry *entry = g_hash_table_lookup(self->cache, &family);
    g_assert(entry != NULL);
    return entry->score;
}

size_t twin_scorer_n_counted(const TwinScorer *self)
{
    return self->n_counted;
}
