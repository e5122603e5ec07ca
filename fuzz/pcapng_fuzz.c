/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"
#include "packet/pcapng.h"

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    g_autoptr(TwinSource) source = twin_source_new_memory(bytes, n_bytes);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinPcapng) reader = twin_pcapng_new(source, &error);
    g_assert_true((reader == NULL) == (error != NULL));
    if (reader == NULL) {
        return 0;
    }
    TwinFrame frame;
    uint64_t offset = 0;
    while (twin_pcapng_next(reader, &frame)) {
        g_assert_null(twin_pcapng_problem(reader));
        g_assert_true(twin_pcapng_offset(reader) > offset); /* it comes to an end */
        offset = twin_pcapng_offset(reader);
        g_assert_true(frame.captured_bytes <= n_bytes - offset);
        /* The sanitizer sees where they are. */
        g_autofree uint8_t *copy = g_memdup2(frame.bytes, frame.captured_bytes);
        g_assert_true(copy != NULL || frame.captured_bytes == 0);
    }
    g_assert_true(twin_pcapng_offset(reader) <= n_bytes);
    if (twin_pcapng_problem(reader) == NULL) {
        g_assert_true(twin_source_offset(source) == n_bytes); /* it was read to its end */
    }
    return 0;
}
