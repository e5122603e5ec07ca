/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <flowtwin/error.h>
#include <flowtwin/synthesise.h>

#include "fuzz.h"
#include "model/model_file.h"

#include <glib.h>
#include <string.h>

/* Says stop the second time: a hostile model may draw without an end. */
static bool stop_soon(const char *what, double fraction, void *data)
{
    (void)what;
    (void)fraction;
    unsigned *n_calls = data;
    return (*n_calls)++ == 0;
}

static void synthesise(const TwinModel *model, unsigned variant)
{
    unsigned n_calls = 0;
    const TwinProgress progress = {.report = stop_soon, .data = &n_calls};
    TwinSynthesiseOptions options = TWIN_SYNTHESISE_OPTIONS_INIT;
    options.n_flows = 5;
    options.seed = variant;
    options.payload = (TwinPayload)(variant % 3);
    options.first_packet = (TwinFirstPacket)(variant % 2);
    options.addresses = (TwinAddresses)(variant / 2 % 2);
    options.output = "/dev/null";
    options.labels_output = "/dev/null";
    options.progress = &progress;
    TwinSynthesiseResult result;
    g_autoptr(GError) error = NULL;
    if (!twin_synthesise(model, &options, &result, &error)) {
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_CANCELLED);
    } else {
        g_assert_cmpuint(result.n_flows, ==, 5);
        g_assert_cmpuint(result.n_packets, >=, 5);
    }
}

static void show(const TwinModel *model)
{
    for (size_t f = 0; twin_model_show_format(f) != NULL; f++) {
        g_autoptr(GError) error = NULL;
        if (strcmp(twin_model_show_format(f), "xmlbif") != 0) { /* whole tables: too slow */
            g_autofree char *shown = twin_model_show(model, twin_model_show_format(f), &error);
            g_assert_nonnull(shown);
            g_assert_no_error(error);
        }
    }
}

/* Where number @index (from 0, modulo how many there are) begins in the text; its length. */
static size_t find_number(const uint8_t *bytes, size_t n_bytes, size_t index, size_t *at_out)
{
    size_t n_numbers = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        size_t n = 0;
        for (size_t at = 0; at < n_bytes; at++) {
            size_t length = 0;
            while (at + length < n_bytes && g_ascii_isdigit(bytes[at + length])) {
                length++;
            }
            if (length > 0 && pass == 1 && n == index % n_numbers) {
                *at_out = at;
                return length;
            }
            n += length > 0 ? 1 : 0;
            at += length;
        }
        n_numbers = n;
        if (n_numbers == 0) {
            return 0;
        }
    }
    return 0;
}

/* Mutations of bytes mostly make no JSON: three times in four a number becomes another one. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, // NOLINT(*-identifier-naming)
                               size_t most_bytes, unsigned seed)
{
    static const char *const numbers[] = {
        "0",     "1",          "2",          "3",          "4",
        "5",     "6",          "7",          "8",          "12",
        "63",    "64",         "254",        "255",        "256",
        "4095",  "4096",       "65535",      "65536",      "1000000",
        "99999", "2147483647", "4294967295", "4294967296", "4611686018427387903",
    };
    GRand *random = g_rand_new_with_seed(seed);
    const uint32_t index = g_rand_int(random);
    const char *number = numbers[g_rand_int_range(random, 0, G_N_ELEMENTS(numbers))];
    const bool is_plain = g_rand_int_range(random, 0, 4) == 0;
    g_rand_free(random);
    size_t at = 0;
    const size_t length = is_plain ? 0 : find_number(bytes, n_bytes, index, &at);
    const size_t n_new = strlen(number);
    if (length == 0 || n_bytes - length + n_new > most_bytes) {
        return twin_fuzz_mutate(bytes, n_bytes, most_bytes);
    }
    memmove(bytes + at + n_new, bytes + at + length, n_bytes - at - length);
    memcpy(bytes + at, number, n_new); // NOLINT(bugprone-not-null-terminated-result): bytes
    return n_bytes - length + n_new;
}

/* A model that is taken is written as it was read, can be shown, and makes flows. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinModel) model =
        twin_model_of_json((const char *)bytes, n_bytes, "fuzz.json", &error);
    g_assert_true((model == NULL) == (error != NULL));
    if (model == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "fuzz.json: "));
        return 0;
    }
    g_autofree char *text = twin_model_to_json(model);
    g_autoptr(TwinModel) again = twin_model_of_json(text, strlen(text), "again", &error);
    g_assert_no_error(error);
    g_autofree char *text_again = twin_model_to_json(again);
    g_assert_cmpstr(text, ==, text_again);
    show(model);
    synthesise(model, (unsigned)(n_bytes % 12));
    return 0;
}
