/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cursor.h"
#include "fuzz.h"
#include "packet/segment.h"

#include <glib.h>

/* The first byte of an input chooses one; the last is none that is read. */
static const uint32_t link_types[] = {1,   113, 276, 101, 12,  14, 228, 229, 0,
                                      108, 9,   50,  166, 204, 51, 104, 219, 147};

static void check_segment(const TwinFrame *frame, const TwinSegment *segment)
{
    g_assert_true(segment->time_ns == frame->time_ns);
    g_assert_true(segment->ip_version == 4 || segment->ip_version == 6);
    g_assert_true(segment->tcp.header_bytes >= 20 && segment->tcp.header_bytes <= 60);
    g_assert_true(segment->option_bytes <= 40);
    g_assert_true(segment->are_options_cut
                      ? segment->option_bytes + 20 < segment->tcp.header_bytes
                      : segment->option_bytes + 20 == segment->tcp.header_bytes);
    const uint32_t most = MAX(frame->original_bytes, frame->captured_bytes);
    g_assert_true(segment->payload_bytes <= MAX(most, 65536)); /* the frame's, or the IP header's */
    g_assert_true(!segment->has_macs || frame->link_type == 1);
    /* The sanitizer sees where they are. */
    g_autofree uint8_t *copy = g_memdup2(segment->options, segment->option_bytes);
    g_assert_true(copy != NULL || segment->option_bytes == 0);
}

/* An input is a link type and frames: captured length, what was cut off (in tens), bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) // NOLINT(*-identifier-naming)
{
    TwinCursor input = twin_cursor(bytes, n_bytes);
    const uint32_t link_type = link_types[twin_cursor_u8(&input) % G_N_ELEMENTS(link_types)];
    g_autoptr(TwinDecoder) decoder = twin_decoder_new();
    uint64_t n_fragments = 0;
    for (int64_t time_ns = 0; input.left > 0; time_ns += 1000000000) {
        const size_t captured_bytes = MIN(twin_cursor_u8(&input), 255U);
        const size_t n_cut = twin_cursor_u8(&input) * (size_t)10;
        const size_t n_here = MIN(captured_bytes, input.left);
        g_autofree uint8_t *copy = g_memdup2(twin_cursor_take(&input, n_here), n_here);
        const TwinFrame frame = {
            .time_ns = time_ns,
            .link_type = link_type,
            .captured_bytes = (uint32_t)n_here,
            .original_bytes = (uint32_t)(n_here + n_cut),
            .bytes = copy,
        };
        TwinSegment segment;
        const TwinDecodeStatus status = twin_decoder_decode(decoder, &frame, &segment);
        if (status == TWIN_DECODE_SEGMENT) {
            check_segment(&frame, &segment);
        }
        n_fragments += status == TWIN_DECODE_FRAGMENT;
        g_assert_true((status == TWIN_DECODE_UNKNOWN_LINK) == !twin_decoder_knows_link(link_type));
        g_assert_true(twin_decoder_lost_fragments(decoder) <= n_fragments);
    }
    return 0;
}
