/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "synth/labels_writer.h"

#include "flow/labels.h"

#include <inttypes.h>

static const int64_t second_ns = 1000000000;

void twin_labels_write(FILE *stream, const TwinModel *model, const TwinPlan *plan)
{
    (void)fputs("client_ip\tclient_port\tserver_ip\tserver_port\tstart_time\tlabel\n", stream);
    for (size_t f = 0; f < plan->n_flows; f++) {
        const TwinSeed *seed = &plan->seeds->seeds[plan->flows[f].seed];
        TwinEnd ends[2];
        char text[2][TWIN_ADDRESS_CHARS];
        twin_plan_ends(plan, f, ends);
        const int64_t start_ns = twin_plan_start(plan, model, f);
        (void)fprintf(stream, "%s\t%u\t%s\t%u\t%" PRId64 ".%09" PRId64 "\t%s\n",
                      twin_address_text(&ends[0].address, seed->ip_version, text[0]), ends[0].port,
                      twin_address_text(&ends[1].address, seed->ip_version, text[1]), ends[1].port,
                      start_ns / second_ns, start_ns % second_ns, model->labels[seed->label].name);
    }
}
