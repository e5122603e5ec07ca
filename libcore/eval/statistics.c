/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/statistics.h"

#include "packet/tcp.h"

#include <math.h>
#include <stdlib.h>

const char *const twin_statistic_names[TWIN_N_STATISTICS] = {
    "packets",          "client_packets",   "server_packets",    "bytes",
    "client_bytes",     "server_bytes",     "duration_s",        "client_mean_bytes",
    "client_sd_bytes",  "client_max_bytes", "server_mean_bytes", "server_sd_bytes",
    "server_max_bytes", "gap_mean_s",       "gap_sd_s",          "gap_min_s",
    "gap_max_s",        "syn_packets",      "fin_packets",       "rst_packets",
    "psh_packets",      "data_packets",
};

/* Running moments of some packets' sizes or gaps. */
typedef struct {
    size_t n;
    double sum, squares, least, most;
} Moments;

static void take(Moments *self, double value)
{
    self->least = self->n == 0 || value < self->least ? value : self->least;
    self->most = self->n == 0 || value > self->most ? value : self->most;
    self->n++;
    self->sum += value;
    self->squares += value * value;
}

static double mean_of(const Moments *self)
{
    return self->n > 0 ? self->sum / (double)self->n : 0;
}

/* Of the population. Rounding may leave a little below 0. */
static double sd_of(const Moments *self)
{
    const double mean = mean_of(self);
    const double variance = self->n > 0 ? self->squares / (double)self->n - mean * mean : 0;
    return variance > 0 ? sqrt(variance) : 0;
}

void twin_statistics(const TwinFlows *flows, const TwinFlow *flow,
                     double values_out[TWIN_N_STATISTICS])
{
    static const uint16_t counted[] = {TWIN_TCP_SYN, TWIN_TCP_FIN, TWIN_TCP_RST, TWIN_TCP_PSH};
    Moments sizes[2] = {{.n = 0}};
    Moments gaps = {.n = 0};
    double flags[G_N_ELEMENTS(counted)] = {0};
    double n_data = 0;
    for (uint32_t k = 0; k < flow->n_packets; k++) {
        const TwinPacket *packet = twin_flows_packet(flows, flow, k);
        take(&sizes[twin_flow_side(flow, packet)], (double)packet->payload_bytes);
        n_data += packet->payload_bytes > 0 ? 1 : 0;
        for (size_t i = 0; i < G_N_ELEMENTS(counted); i++) {
            flags[i] += (packet->flags & counted[i]) != 0 ? 1 : 0;
        }
        if (k > 0) {
            take(&gaps, (double)twin_judge_gap_ns(flows, flow, k) / 1e9);
        }
    }
    const double values[TWIN_N_STATISTICS] = {
        (double)flow->n_packets,
        (double)sizes[0].n,
        (double)sizes[1].n,
        sizes[0].sum + sizes[1].sum,
        sizes[0].sum,
        sizes[1].sum,
        gaps.sum,
        mean_of(&sizes[0]),
        sd_of(&sizes[0]),
        sizes[0].most,
        mean_of(&sizes[1]),
        sd_of(&sizes[1]),
        sizes[1].most,
        mean_of(&gaps),
        sd_of(&gaps),
        gaps.least,
        gaps.most,
        flags[0],
        flags[1],
        flags[2],
        flags[3],
        n_data,
    };
    for (size_t i = 0; i < TWIN_N_STATISTICS; i++) {
        values_out[i] = values[i];
    }
}

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

double twin_quantile(double *values, size_t n_values, double q)
{
    if (n_values == 0) {
        return TWIN_NO_VALUE;
    }
    qsort(values, n_values, sizeof *values, compare_doubles);
    const double place = q * (double)(n_values - 1);
    const size_t low = (size_t)floor(place);
    const size_t high = MIN(low + 1, n_values - 1);
    return values[low] + (place - (double)low) * (values[high] - values[low]);
}

void twin_mean_sd(const double *values, size_t n_values, double *mean_out, double *sd_out)
{
    double mean = 0;
    double squares = 0;
    for (size_t i = 0; i < n_values; i++) {
        mean += values[i] / (double)n_values;
    }
    for (size_t i = 0; i < n_values; i++) {
        squares += (values[i] - mean) * (values[i] - mean) / (double)n_values;
    }
    *mean_out = n_values > 0 ? mean : TWIN_NO_VALUE;
    *sd_out = n_values > 0 ? sqrt(squares) : TWIN_NO_VALUE;
}
