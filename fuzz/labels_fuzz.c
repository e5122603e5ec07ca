/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>

#include "flow/labels.h"
#include "fuzz.h"

#include <glib.h>
#include <string.h>

/* A flow of addresses and ports that the corpus names, at a time from the input's end. */
static TwinFlow wanted_flow(const uint8_t *bytes, size_t n_bytes)
{
    TwinFlow flow = {.ip_version = 4, .ports = {4000, 80}};
    const TwinAddress ends[2] = {{{10, 0, 0, 1}}, {{10, 0, 0, 2}}};
    memcpy(flow.addresses, ends, sizeof flow.addresses);
    memcpy(&flow.start_ns, bytes + n_bytes - MIN(n_bytes, sizeof flow.start_ns),
           MIN(n_bytes, sizeof flow.start_ns));
    return flow;
}

/* Labels, or an error of one line that names file and line; a label found stands in the file. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    char *text = g_malloc(n_bytes + 1);
    if (n_bytes > 0) {
        memcpy(text, bytes, n_bytes);
    }
    text[n_bytes] = '\0';
    g_autofree char *copy = g_strdup(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinLabels) labels = twin_labels_of_text(text, n_bytes, "fuzz.tsv", &error);
    g_assert_true((labels == NULL) == (error != NULL));
    if (labels == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "fuzz.tsv: "));
        g_assert_null(strchr(error->message, '\n'));
        return 0;
    }
    const TwinFlow flow = wanted_flow(bytes, n_bytes);
    const char *label = twin_labels_find(labels, &flow);
    g_assert_true(label == NULL || (label[0] != '\0' && strpbrk(label, "\t\n") == NULL &&
                                    strstr(copy, label) != NULL));
    return 0;
}
