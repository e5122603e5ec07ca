/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool.h"

#include <string.h>

/* Where the flow begins in CAPTURE:FLOW: behind the first colon with a file before it, since names
 * of files and IPv6 addresses have colons, too; else behind the last one. NULL: there is none. */
static const char *find_flow(const char *text)
{
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        g_autofree char *path = g_strndup(text, (gsize)(colon - text));
        if (strcmp(path, "-") == 0 || g_file_test(path, G_FILE_TEST_EXISTS)) {
            return colon + 1;
        }
    }
    const char *last = strrchr(text, ':');
    return last != NULL ? last + 1 : NULL;
}

static void check_format(const char *format)
{
    for (size_t f = 0; format != NULL; f++) {
        const char *known = twin_flow_show_format(f);
        if (known == NULL) {
            usage_error("--format %s: a flow is shown as text or json", format);
        }
        if (strcmp(known, format) == 0) {
            return;
        }
    }
}

/* The index of the flow that @text names by its number or by its ends. */
static bool find_index(const TwinFlows *flows, const char *text, size_t *index_out, GError **error)
{
    guint64 number = 0;
    if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL)) {
        *index_out = (size_t)number - 1;
        if (*index_out < twin_flows_n_flows(flows)) {
            return true;
        }
    } else if (twin_flows_find(flows, text, index_out)) {
        return true;
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                "there is no flow %s among its %zu; flowtwin check lists them", text,
                twin_flows_n_flows(flows));
    return false;
}

static char *show_flow(const Options *options, GError **error)
{
    const char *flow = find_flow(options->flow);
    if (flow == NULL || flow[0] == '\0' || flow - options->flow < 2) {
        usage_error("--flow %s: CAPTURE:NUMBER or CAPTURE:ADDRESS:PORT-ADDRESS:PORT is wanted",
                    options->flow);
    }
    g_autofree char *path = g_strndup(options->flow, (gsize)(flow - options->flow) - 1);
    char *paths[] = {path, NULL};
    Options quiet = *options; /* what was read is in the heading */
    quiet.quiet = TRUE;
    g_autoptr(TwinFlows) flows = read_flows(&quiet, paths, false, error);
    size_t index = 0;
    if (flows == NULL) {
        return NULL;
    }
    char *text = find_index(flows, flow, &index, error)
                     ? twin_flow_show(flows, index, options->format, error)
                     : NULL;
    if (text == NULL) {
        prefix_with_name(path, error);
    }
    return text;
}

static char *show_model(const Options *options, GError **error)
{
    g_autoptr(TwinModel) model = twin_model_load(options->rest[0], error);
    if (model == NULL) {
        return NULL;
    }
    char *text = twin_model_show(model, options->format, error);
    if (text == NULL) {
        prefix_with_name(options->rest[0], error);
    }
    return text;
}

int cmd_show(const Options *options)
{
    const bool has_model = options->rest != NULL;
    if (has_model == (options->flow != NULL)) {
        usage_error("show wants either a MODEL or --flow; see flowtwin show --help");
    }
    if (!has_model) {
        check_format(options->format);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *text = has_model ? show_model(options, &error) : show_flow(options, &error);
    return text != NULL ? print_result(text) : report_error(error);
}
