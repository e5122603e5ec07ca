/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/flow_show.h"

#include <flowtwin/error.h>

#include "flow/labels.h"

#include <string.h>

/* A format is a row here. */
static const struct {
    const char *name;
    void (*append)(const TwinFlowView *view, GString *out);
} formats[] = {
    {"text", twin_flow_text},
    {"json", twin_flow_json},
};

const char *twin_flow_show_format(size_t index)
{
    return index < G_N_ELEMENTS(formats) ? formats[index].name : NULL;
}

const char *twin_fate_name(unsigned fate)
{
    static const char *const names[TWIN_N_FATES] = {"seen", "lost", "hidden", "missed"};
    return names[fate];
}

const char *twin_move_name(unsigned move)
{
    static const char *const names[TWIN_N_MOVES] = {"none", "new", "again", "probe", "odd"};
    return names[move];
}

const char *twin_ack_manner_name(unsigned manner)
{
    static const char *const names[TWIN_N_ACKS] = {"exact", "unmoved", "behind", "back", "ahead"};
    return names[manner];
}

const char *twin_delay_class_name(unsigned delay_class)
{
    static const char *const names[TWIN_N_DELAYS] = {"ack",   "answer", "more",
                                                     "close", "write",  "resend"};
    return names[delay_class];
}

void twin_flow_flags(char letters_out[8], unsigned flags)
{
    static const char letters[] = "FSRPAU";
    size_t n = 0;
    for (unsigned bit = 0; bit < sizeof letters - 1; bit++) {
        if ((flags >> bit & 1) != 0) {
            letters_out[n++] = letters[bit];
        }
    }
    if (n == 0) {
        letters_out[n++] = '-';
    }
    letters_out[n] = '\0';
}

/* Infers the flow and appends it. */
static bool show(TwinFlowView *view, size_t format, GString *out)
{
    TwinExchange exchange = {.n_packets = 0};
    TwinExchangePlan plan = TWIN_EXCHANGE_PLAN_INIT;
    TwinInferenceScratch *scratch = twin_inference_scratch_new();
    const bool is_done = twin_exchange_infer(&exchange, view->flows, view->flow, scratch) &&
                         twin_exchange_plan(&exchange, &plan);
    if (is_done) {
        view->exchange = &exchange;
        view->plan = &plan;
        twin_inference_count(&view->counts, &exchange, view->flows, view->flow);
        formats[format].append(view, out);
    }
    twin_inference_scratch_free(scratch);
    twin_exchange_plan_clear(&plan);
    twin_exchange_free(&exchange);
    return is_done;
}

char *twin_flow_show(const TwinFlows *flows, size_t flow_index, const char *format, GError **error)
{
    size_t f = 0;
    while (format != NULL && f < G_N_ELEMENTS(formats) && strcmp(formats[f].name, format) != 0) {
        f++;
    }
    if (f == G_N_ELEMENTS(formats)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                    "a flow is shown as text or json, not as %s", format);
        return NULL;
    }
    TwinFlowView view = {
        .flows = flows, .flow = twin_flows_flow(flows, flow_index), .flow_index = flow_index};
    g_autoptr(GString) text = g_string_new(NULL);
    if (!show(&view, f, text)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_TOO_LARGE,
                    "memory is full: flow %zu has %u packets", flow_index + 1,
                    view.flow->n_packets);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
