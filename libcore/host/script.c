/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/script.h"

#include "base/sort.h"

#include <glib.h>
#include <math.h>
#include <string.h>

static double plan_at(const TwinScript *self, unsigned side, size_t entry)
{
    return self->hosts[side].at[entry];
}

void twin_script_begin(TwinScript *self, const TwinHostPlan *hosts)
{
    memset(self, 0, sizeof *self);
    self->hosts = hosts;
    for (unsigned side = 0; side < 2; side++) {
        self->writes_left[side] = hosts[side].at[TWIN_PLAN_WRITES];
        self->data_left[side] = hosts[side].at[TWIN_PLAN_DATA];
        self->last_bytes[side][0] = -1;
        self->last_bytes[side][1] = -1;
    }
    self->turns_left = hosts[0].at[TWIN_PLAN_TURNS];
    for (size_t k = 0; k < TWIN_SCRIPT_MEMORY; k++) {
        for (size_t i = 0; i < 3; i++) {
            self->last[k][i] = -1;
        }
    }
}

int twin_script_side(const TwinScript *self)
{
    return (int)self->last[0][0];
}

/* A parent that either side has: the client's at @parent, the server's behind it. */
static void put_both(float *parents_out, size_t parent, double client, double server)
{
    parents_out[parent] = (float)client;
    parents_out[parent + 1] = (float)server;
}

static void put_plan(const TwinScript *self, float *parents_out)
{
    static const struct {
        uint16_t parent; /* of the client; the server's is the next */
        uint16_t entry;
    } both[] = {
        {TWIN_SCRIPT_MAX_PAYLOAD_CLIENT, TWIN_PLAN_MAX_PAYLOAD},
        {TWIN_SCRIPT_FIRST_PAYLOAD_CLIENT, TWIN_PLAN_FIRST_PAYLOAD},
        {TWIN_SCRIPT_MEDIAN_PAYLOAD_CLIENT, TWIN_PLAN_MEDIAN_PAYLOAD},
        {TWIN_SCRIPT_MEDIAN_WRITE_CLIENT, TWIN_PLAN_MEDIAN_WRITE},
        {TWIN_SCRIPT_MAX_WRITE_CLIENT, TWIN_PLAN_MAX_WRITE},
        {TWIN_SCRIPT_MAX_SEGMENTS_CLIENT, TWIN_PLAN_MAX_SEGMENTS},
        {TWIN_SCRIPT_ALL_WRITES_CLIENT, TWIN_PLAN_WRITES},
        {TWIN_SCRIPT_ALL_DATA_CLIENT, TWIN_PLAN_DATA},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        put_both(parents_out, both[i].parent, plan_at(self, 0, both[i].entry),
                 plan_at(self, 1, both[i].entry));
    }
    parents_out[TWIN_SCRIPT_LABEL] = (float)plan_at(self, 0, TWIN_PLAN_LABEL);
    parents_out[TWIN_SCRIPT_ALL_TURNS] = (float)plan_at(self, 0, TWIN_PLAN_TURNS);
    parents_out[TWIN_SCRIPT_CLIENT_IS_FAR] = (float)plan_at(self, 0, TWIN_PLAN_IS_FAR);
    const double half = fmax(plan_at(self, 0, TWIN_PLAN_HALF), plan_at(self, 1, TWIN_PLAN_HALF));
    parents_out[TWIN_SCRIPT_HALF] = (float)log10(half + 1e-7);
}

void twin_script_parents(const TwinScript *self, float *parents_out)
{
    put_plan(self, parents_out);
    parents_out[TWIN_SCRIPT_INDEX] = (float)self->index;
    parents_out[TWIN_SCRIPT_TURNS] = (float)self->turns_left;
    parents_out[TWIN_SCRIPT_RUN] = (float)self->run;
    put_both(parents_out, TWIN_SCRIPT_WRITES_CLIENT, self->writes_left[0], self->writes_left[1]);
    put_both(parents_out, TWIN_SCRIPT_DATA_CLIENT, self->data_left[0], self->data_left[1]);
    put_both(parents_out, TWIN_SCRIPT_LAST_CLIENT, self->last_bytes[0][0], self->last_bytes[1][0]);
    put_both(parents_out, TWIN_SCRIPT_SECOND_LAST_CLIENT, self->last_bytes[0][1],
             self->last_bytes[1][1]);
    for (size_t k = 0; k < TWIN_SCRIPT_MEMORY; k++) {
        for (size_t i = 0; i < 3; i++) {
            parents_out[TWIN_SCRIPT_SIDE_1 + 3 * k + i] = (float)self->last[k][i];
        }
    }
    parents_out[TWIN_SCRIPT_SIDE] = -1;
    parents_out[TWIN_SCRIPT_SEGMENTS] = -1;
    parents_out[TWIN_SCRIPT_BYTES] = -1;
}

void twin_script_step(TwinScript *self, const TwinWrite *write)
{
    const int before = twin_script_side(self);
    if (before >= 0 && before != write->side) {
        self->turns_left--;
        self->run = 0;
    }
    self->run++;
    self->index++;
    self->writes_left[write->side]--;
    self->data_left[write->side] -= write->n_segments;
    memmove(self->last[1], self->last[0], sizeof self->last - sizeof self->last[0]);
    self->last[0][0] = write->side;
    self->last[0][1] = write->n_segments;
    self->last[0][2] = write->bytes;
    self->last_bytes[write->side][1] = self->last_bytes[write->side][0];
    self->last_bytes[write->side][0] = write->bytes;
}

int32_t twin_script_code(const TwinWrite *write, uint32_t max_payload)
{
    const uint64_t before = (uint64_t)(write->n_segments - 1) * max_payload;
    if (write->n_segments < 2 || write->bytes <= before) {
        return (int32_t)MIN(write->bytes, (uint32_t)INT32_MAX);
    }
    const uint64_t tail = write->bytes - before;
    return tail >= max_payload || tail > TWIN_SCRIPT_FULL ? -TWIN_SCRIPT_FULL : -(int32_t)tail;
}

uint32_t twin_script_bytes(int32_t code, uint32_t n_segments, uint32_t max_payload)
{
    if (code >= 0) {
        return (uint32_t)code;
    }
    const uint32_t tail = (uint32_t)-code;
    const uint64_t bytes =
        (uint64_t)(n_segments > 0 ? n_segments - 1 : 0) * max_payload + MIN(tail, max_payload);
    return (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX);
}

/* What one side's writes say of it. */
typedef struct {
    double bytes;
    uint32_t largest_single; /* payload of a write of one segment */
    uint32_t most_segments;
    uint32_t most_bytes;
    size_t first; /* its first write; n_writes: none */
    size_t n;
} Told;

static Told sum_up(const TwinWrite *writes, size_t n_writes, unsigned side, int64_t *sizes)
{
    Told told = {.first = n_writes};
    for (size_t w = 0; w < n_writes; w++) {
        const TwinWrite *write = &writes[w];
        if (write->side != side) {
            continue;
        }
        told.first = told.first == n_writes ? w : told.first;
        told.bytes += write->bytes;
        told.most_bytes = MAX(told.most_bytes, write->bytes);
        told.most_segments = MAX(told.most_segments, write->n_segments);
        if (write->n_segments == 1) {
            told.largest_single = MAX(told.largest_single, write->bytes);
        }
        sizes[told.n++] = write->bytes;
    }
    return told;
}

static void tell_side(const Told *told, const TwinWrite *first, double median, double *at)
{
    const double largest = told->most_segments > 1 ? at[TWIN_PLAN_MAX_PAYLOAD] : 0;
    at[TWIN_PLAN_BYTES] = told->bytes;
    at[TWIN_PLAN_MAX_PAYLOAD] = fmax(largest, told->largest_single);
    at[TWIN_PLAN_FIRST_PAYLOAD] =
        first->n_segments == 1
            ? first->bytes
            : fmin(at[TWIN_PLAN_MAX_PAYLOAD], (double)first->bytes - (double)first->n_segments + 1);
    at[TWIN_PLAN_MEDIAN_WRITE] = median;
    at[TWIN_PLAN_MAX_WRITE] = told->most_bytes;
    at[TWIN_PLAN_MAX_SEGMENTS] = told->most_segments;
    at[TWIN_PLAN_INITIAL_WINDOW] = fmax(at[TWIN_PLAN_INITIAL_WINDOW], at[TWIN_PLAN_MAX_PAYLOAD]);
    at[TWIN_PLAN_MAX_FLIGHT] = fmax(at[TWIN_PLAN_MAX_FLIGHT], at[TWIN_PLAN_MAX_PAYLOAD]);
}

void twin_script_tell(const TwinWrite *writes, size_t n_writes, TwinHostPlan *hosts)
{
    g_autofree int64_t *sizes = g_new(int64_t, 2 * n_writes + 1);
    for (unsigned side = 0; side < 2; side++) {
        const Told told = sum_up(writes, n_writes, side, sizes);
        if (told.n == 0) {
            continue;
        }
        twin_sort_int64(sizes, sizes + n_writes, told.n);
        const size_t low = (told.n - 1) / 2;
        const size_t high = told.n / 2;
        const double median = ((double)sizes[low] + (double)sizes[high]) / 2;
        tell_side(&told, &writes[told.first], median, hosts[side].at);
    }
}

#define TWIN_SCRIPT_NAME(NAME, TEXT) TEXT,
static const char *const names[] = {TWIN_SCRIPT_PARENTS(TWIN_SCRIPT_NAME)};
#undef TWIN_SCRIPT_NAME

const char *twin_script_parent_name(size_t index)
{
    return index < G_N_ELEMENTS(names) ? names[index] : NULL;
}
