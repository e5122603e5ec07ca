/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _DEFAULT_SOURCE /* RLIMIT_AS */
#include <flowtwin/error.h>

#include "blocks.h"
#include "packet/pcapng.h"

#include <string.h>
#include <sys/resource.h>

static TwinTestBlocks new_blocks(void)
{
    return (TwinTestBlocks){.bytes = g_byte_array_new()};
}

/* What reading the first @n_bytes gives: the number of frames, and why it ended. */
static size_t count_frames(const uint8_t *bytes, size_t n_bytes, const char **problem_out)
{
    g_autofree uint8_t *copy = g_memdup2(bytes, n_bytes); /* for the sanitizer */
    g_autoptr(TwinSource) source = twin_source_new_memory(copy, n_bytes);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinPcapng) reader = twin_pcapng_new(source, &error);
    if (reader == NULL) {
        g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
        *problem_out = "no section";
        return 0;
    }
    size_t n_frames = 0;
    TwinFrame frame;
    while (twin_pcapng_next(reader, &frame)) {
        n_frames++;
    }
    g_assert_false(twin_pcapng_next(reader, &frame)); /* the end stays the end */
    *problem_out = g_intern_string(twin_pcapng_problem(reader));
    return n_frames;
}

/* Expected values are exact integer arithmetic's. */
static void test_times(void)
{
    static const struct {
        uint64_t ticks;
        uint8_t resolution;
        int64_t offset_s;
        int64_t time_ns;
    } rows[] = {
        {1700000000123456, 6, 0, 1700000000123456000},
        {1700000000123456789, 9, 0, 1700000000123456789},
        {1700000000123, 3, 0, 1700000000123000000},
        {1700000000, 0, 0, 1700000000000000000},
        {1700000000123456789, 9, 3600, 1700003600123456789},
        {1700000000123456, 6, -3600, 1699996400123456000},
        {UINT64_MAX, 12, 0, 18446744073709551},
        {UINT64_MAX, 18, 0, 18446744073},
        {UINT64_MAX, 19, 0, 1844674407},
        {UINT64_MAX, 20, 0, 184467440},
        {UINT64_MAX, 127, 0, 0},
        {(UINT64_C(1) << 40) + 1, 0x80 | 20, 0, 1048576000000953},
        {UINT64_MAX, 0x80 | 32, 0, 4294967295999999999},
        {UINT64_MAX, 0x80 | 33, 0, 2147483647999999999},
        {UINT64_MAX, 0x80 | 34, 0, 1073741823999999999},
        {UINT64_MAX, 0x80 | 63, 0, 1999999999},
        {UINT64_MAX, 0x80 | 64, 0, 999999999},
        {UINT64_MAX, 0x80 | 65, 0, 499999999},
        {UINT64_MAX, 0xff, 0, 0},
        {9223372035, 0, 0, 9223372035000000000},
        {0, 6, -9223372035, -9223372035000000000},
        {500000, 6, -1, -500000000},   /* half a second before 1970 */
        {UINT64_MAX, 9, 0, INT64_MAX}, /* from here on clamped */
        {UINT64_MAX, 0x80, 0, INT64_MAX},
        {1, 6, INT64_MAX, INT64_MAX},
        {UINT64_MAX, 0, INT64_MAX, INT64_MAX},
        {0, 6, INT64_MIN, INT64_MIN},
        {UINT64_MAX, 0, INT64_MIN, INT64_MAX},
        {UINT64_MAX, 9, -9223372036, INT64_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(twin_pcapng_time_ns(rows[i].ticks, rows[i].resolution, rows[i].offset_s),
                        ==, rows[i].time_ns);
    }
}

/* Two sections in the byte orders given, with all kinds of packet blocks and interfaces. */
static GByteArray *mixed_capture(bool first_is_big, bool second_is_big)
{
    TwinTestBlocks blocks = new_blocks();
    twin_test_section(&blocks, first_is_big);
    twin_test_block(&blocks, 4, 16); /* name resolution, before any interface */
    twin_test_interface(&blocks, 1, 0);
    twin_test_enhanced(&blocks, 0, 1000001, "a");
    twin_test_interface_with_clock(&blocks, 113, 9, 10); /* an interface in the midst */
    twin_test_enhanced(&blocks, 1, 2000000002, "bc");
    twin_test_block(&blocks, 0x0bad, 200000); /* more than is read at once */
    twin_test_enhanced(&blocks, 0, 3000003, "def");
    twin_test_simple(&blocks, "ghij", 4);
    twin_test_obsolete(&blocks, 1, 4000000004, "klmno");
    twin_test_section(&blocks, second_is_big);
    twin_test_interface_with_clock(&blocks, 101, 0x80 | 10, -1); /* not the first one's interface */
    twin_test_enhanced(&blocks, 0, 1024 * 7 + 512, "");
    twin_test_block(&blocks, 5, 20); /* statistics */
    return blocks.bytes;
}

static const TwinFrame mixed_frames[] = {
    {.time_ns = 1000001000, .link_type = 1, .original_bytes = 1, .bytes = (const uint8_t *)"a"},
    {.time_ns = 12000000002, .link_type = 113, .original_bytes = 2, .bytes = (const uint8_t *)"bc"},
    {.time_ns = 3000003000, .link_type = 1, .original_bytes = 3, .bytes = (const uint8_t *)"def"},
    {.time_ns = 3000003000, .link_type = 1, .original_bytes = 4, .bytes = (const uint8_t *)"ghij"},
    {.time_ns = 14000000004,
     .link_type = 113,
     .original_bytes = 5,
     .bytes = (const uint8_t *)"klmno"},
    {.time_ns = 6500000000, .link_type = 101, .original_bytes = 0, .bytes = (const uint8_t *)""},
};

static void test_mixed_interfaces_and_sections(void)
{
    for (unsigned orders = 0; orders < 4; orders++) {
        g_autoptr(GByteArray) bytes = mixed_capture((orders & 1) != 0, (orders & 2) != 0);
        g_autoptr(TwinSource) source = twin_source_new_memory(bytes->data, bytes->len);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinPcapng) reader = twin_pcapng_new(source, &error);
        g_assert_no_error(error);
        TwinFrame frame;
        for (size_t i = 0; i < G_N_ELEMENTS(mixed_frames); i++) {
            g_assert_true(twin_pcapng_next(reader, &frame));
            g_assert_cmpint(frame.time_ns, ==, mixed_frames[i].time_ns);
            g_assert_cmpuint(frame.link_type, ==, mixed_frames[i].link_type);
            g_assert_cmpuint(frame.original_bytes, ==, mixed_frames[i].original_bytes);
            g_assert_cmpmem(frame.bytes, (int)frame.captured_bytes, mixed_frames[i].bytes,
                            (int)mixed_frames[i].original_bytes);
        }
        g_assert_false(twin_pcapng_next(reader, &frame));
        g_assert_null(twin_pcapng_problem(reader));
    }
}

static void test_simple_packets_and_the_snap_length(void)
{
    TwinTestBlocks blocks = new_blocks();
    twin_test_section(&blocks, false);
    twin_test_interface(&blocks, 1, 3);
    twin_test_simple(&blocks, "abcdefghij", 3);
    twin_test_simple(&blocks, "ab", 2);
    g_autoptr(GByteArray) bytes = blocks.bytes;
    g_autoptr(TwinSource) source = twin_source_new_memory(bytes->data, bytes->len);
    g_autoptr(TwinPcapng) reader = twin_pcapng_new(source, NULL);
    TwinFrame frame;
    g_assert_true(twin_pcapng_next(reader, &frame));
    g_assert_cmpuint(frame.captured_bytes, ==, 3);
    g_assert_cmpuint(frame.original_bytes, ==, 10);
    g_assert_cmpint(frame.time_ns, ==, 0);
    g_assert_true(twin_pcapng_next(reader, &frame));
    g_assert_cmpuint(frame.captured_bytes, ==, 2);
    g_assert_cmpuint(frame.original_bytes, ==, 2);
    g_assert_false(twin_pcapng_next(reader, &frame));
    g_assert_null(twin_pcapng_problem(reader));
}

/* A cut between blocks is an end like any other; one inside a block is told. */
static void test_cut_at_every_byte(void)
{
    static const uint8_t frames_of_block[] = {0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0};
    g_autoptr(GByteArray) bytes = mixed_capture(false, false);
    size_t edge = 0; /* of the last whole block */
    size_t n_whole = 0;
    size_t n_frames = 0;
    for (size_t n_bytes = 0; n_bytes <= bytes->len; n_bytes++) {
        uint32_t block_bytes = 0;
        if (n_bytes >= edge + 8) {
            memcpy(&block_bytes, bytes->data + edge + 4, sizeof block_bytes);
            block_bytes = GUINT32_FROM_LE(block_bytes);
        }
        if (block_bytes > 0 && n_bytes == edge + block_bytes) {
            edge = n_bytes;
            n_frames += frames_of_block[n_whole++];
        }
        if (n_bytes > edge + 200 && n_bytes % 1000 != 0) {
            continue; /* inside the long block */
        }
        const char *problem = NULL;
        g_assert_cmpuint(count_frames(bytes->data, n_bytes, &problem), ==, n_frames);
        g_assert_cmpstr(problem, ==,
                        n_whole == 0      ? "no section"
                        : n_bytes == edge ? NULL
                                          : "cut short");
    }
    g_assert_cmpuint(n_whole, ==, G_N_ELEMENTS(frames_of_block));
}

/* Blocks after a good packet that no reader can go on from. */
typedef struct {
    const char *what;
    const char *problem;
    void (*add)(TwinTestBlocks *blocks);
} BadBlock;

static void add_unknown_interface(TwinTestBlocks *blocks)
{
    twin_test_enhanced(blocks, 1, 0, "x");
}

static void add_long_capture(TwinTestBlocks *blocks)
{
    const size_t block = twin_test_begin_block(blocks, 6);
    const uint32_t fields[] = {0, 0, 0, 5, 5, 0};
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        twin_test_u32(blocks, fields[i]);
    }
    twin_test_end_block(blocks, block);
}

static void add_long_simple(TwinTestBlocks *blocks)
{
    twin_test_simple(blocks, "abcdefgh", 4);
}

static void add_simple_without_interface(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, true);
    twin_test_simple(blocks, "a", 1);
}

static void add_short_enhanced(TwinTestBlocks *blocks)
{
    twin_test_block(blocks, 6, 16);
}

static void add_short_interface(TwinTestBlocks *blocks)
{
    twin_test_block(blocks, 1, 4);
}

static void add_length(TwinTestBlocks *blocks, uint32_t n_bytes)
{
    (void)twin_test_begin_block(blocks, 6);
    memcpy(blocks->bytes->data + blocks->bytes->len - 4, &(uint32_t){GUINT32_TO_LE(n_bytes)}, 4);
}

static void add_length_of_8(TwinTestBlocks *blocks)
{
    add_length(blocks, 8);
}

static void add_odd_length(TwinTestBlocks *blocks)
{
    add_length(blocks, 33);
}

static void add_length_beyond_the_limit(TwinTestBlocks *blocks)
{
    add_length(blocks, TWIN_PCAPNG_MAX_BLOCK_BYTES + 4);
}

static void add_longest_length(TwinTestBlocks *blocks)
{
    add_length(blocks, TWIN_PCAPNG_MAX_BLOCK_BYTES);
}

static void add_two_lengths(TwinTestBlocks *blocks)
{
    twin_test_enhanced(blocks, 0, 0, "x");
    blocks->bytes->data[blocks->bytes->len - 4] ^= 4;
}

static void add_two_lengths_unread(TwinTestBlocks *blocks)
{
    twin_test_block(blocks, 0x0bad, 40);
    blocks->bytes->data[blocks->bytes->len - 4] ^= 4;
}

static void add_two_lengths_of_section(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, true);
    blocks->bytes->data[blocks->bytes->len - 1] ^= 4;
}

static void add_section_without_magic(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, true);
    blocks->bytes->data[blocks->bytes->len - 20] ^= 1;
}

static void add_section_of_version_2(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, false);
    blocks->bytes->data[blocks->bytes->len - 16] = 2;
}

static void add_short_section(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, true);
    blocks->bytes->data[blocks->bytes->len - 21] = 24;
}

static void add_odd_section(TwinTestBlocks *blocks)
{
    twin_test_section(blocks, true);
    blocks->bytes->data[blocks->bytes->len - 21] = 29;
}

static const BadBlock bad_blocks[] = {
    {"interface 1 of 1", "names an interface that the section does not describe",
     add_unknown_interface},
    {"captured length beyond the block", "says that it holds more bytes than its block",
     add_long_capture},
    {"the same of a simple packet", "says that it holds more bytes than its block",
     add_long_simple},
    {"simple packet without interface", "stands in a section without an interface",
     add_simple_without_interface},
    {"enhanced packet of 16 bytes", "a block too short for its type", add_short_enhanced},
    {"interface of 4 bytes", "a block too short for its type", add_short_interface},
    {"length of 8", "a block of impossible length", add_length_of_8},
    {"length of 33", "a block of impossible length", add_odd_length},
    {"length beyond the limit", "a block of impossible length", add_length_beyond_the_limit},
    {"length at the limit", "cut short", add_longest_length},
    {"another length behind", "its two lengths differ", add_two_lengths},
    {"the same, not read", "its two lengths differ", add_two_lengths_unread},
    {"the same of a section", "its two lengths differ", add_two_lengths_of_section},
    {"section without magic", "a section header without byte-order magic",
     add_section_without_magic},
    {"section of version 2", "a section of a version that this program cannot read",
     add_section_of_version_2},
    {"section of 29 bytes", "a section header of impossible length", add_odd_section},
    {"section of 24 bytes", "a section header of impossible length", add_short_section},
};

static void test_bad_blocks_end_the_reading(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad_blocks); i++) {
        g_test_message("%s", bad_blocks[i].what);
        TwinTestBlocks blocks = new_blocks();
        twin_test_section(&blocks, false);
        twin_test_interface(&blocks, 1, 0);
        twin_test_enhanced(&blocks, 0, 7, "good");
        bad_blocks[i].add(&blocks);
        g_autoptr(GByteArray) bytes = blocks.bytes;
        const char *problem = NULL;
        g_assert_cmpuint(count_frames(bytes->data, bytes->len, &problem), ==, 1);
        g_assert_cmpstr(problem, ==, bad_blocks[i].problem);
    }
}

/* A bad first section is an error, not a short file. */
static void test_bad_first_sections(void)
{
    for (size_t at = 4; at < 16; at++) {
        if (at >= 14) {
            continue; /* the minor version may be anything */
        }
        TwinTestBlocks blocks = new_blocks();
        twin_test_section(&blocks, false);
        blocks.bytes->data[at] ^= 0x81;
        g_autoptr(GByteArray) bytes = blocks.bytes;
        const char *problem = NULL;
        g_assert_cmpuint(count_frames(bytes->data, bytes->len, &problem), ==, 0);
        g_assert_cmpstr(problem, ==, "no section");
    }
}

/* Options that are nonsense spoil nothing but themselves. */
static void test_bad_options_are_ignored(void)
{
    static const uint8_t options[][12] = {
        {9, 0, 2, 0, 9, 9, 0, 0, 0, 0, 0, 0},   /* resolution of two bytes */
        {14, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0},  /* offset of four */
        {9, 0, 200, 0, 9, 0, 0, 0, 0, 0, 0, 0}, /* beyond the block */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        TwinTestBlocks blocks = new_blocks();
        twin_test_section(&blocks, false);
        const size_t block = twin_test_begin_block(&blocks, 1);
        twin_test_u32(&blocks, 1); /* Ethernet */
        twin_test_u32(&blocks, 0);
        twin_test_bytes(&blocks, options[i], sizeof options[i]);
        twin_test_end_block(&blocks, block);
        twin_test_enhanced(&blocks, 0, 5, "x");
        g_autoptr(GByteArray) bytes = blocks.bytes;
        g_autoptr(TwinSource) source = twin_source_new_memory(bytes->data, bytes->len);
        g_autoptr(TwinPcapng) reader = twin_pcapng_new(source, NULL);
        TwinFrame frame;
        g_assert_true(twin_pcapng_next(reader, &frame));
        g_assert_cmpint(frame.time_ns, ==, 5000);
    }
}

/* Memory grows with what arrives: with 64 MB to spare, a block that says 256 MiB is cut short. */
static void test_a_lying_length_costs_nothing(void)
{
#ifdef __SANITIZE_ADDRESS__
    g_test_skip("the sanitizer's own memory needs more than any limit");
#else
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    const rlim_t room = 64 << 20;
    g_assert_cmpint(setrlimit(RLIMIT_AS, &(struct rlimit){.rlim_cur = room, .rlim_max = room}), ==,
                    0);
    TwinTestBlocks blocks = new_blocks();
    twin_test_section(&blocks, false);
    add_longest_length(&blocks);
    twin_test_bytes(&blocks, "a few bytes", 11);
    g_autoptr(GByteArray) bytes = blocks.bytes;
    const char *problem = NULL;
    g_assert_cmpuint(count_frames(bytes->data, bytes->len, &problem), ==, 0);
    g_assert_cmpstr(problem, ==, "cut short");
#endif
}

static void test_too_many_interfaces(void)
{
    TwinTestBlocks blocks = new_blocks();
    twin_test_section(&blocks, false);
    for (unsigned i = 0; i < 65536; i++) {
        twin_test_interface(&blocks, 1, 0);
    }
    twin_test_enhanced(&blocks, 65535, 0, "x");
    twin_test_interface(&blocks, 1, 0);
    g_autoptr(GByteArray) bytes = blocks.bytes;
    const char *problem = NULL;
    g_assert_cmpuint(count_frames(bytes->data, bytes->len, &problem), ==, 1);
    g_assert_cmpstr(problem, ==, "the section has more than 65536 interfaces");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pcapng/times", test_times);
    g_test_add_func("/pcapng/mixed-interfaces-and-sections", test_mixed_interfaces_and_sections);
    g_test_add_func("/pcapng/simple-packets-and-the-snap-length",
                    test_simple_packets_and_the_snap_length);
    g_test_add_func("/pcapng/cut-at-every-byte", test_cut_at_every_byte);
    g_test_add_func("/pcapng/bad-blocks-end-the-reading", test_bad_blocks_end_the_reading);
    g_test_add_func("/pcapng/bad-first-sections", test_bad_first_sections);
    g_test_add_func("/pcapng/bad-options-are-ignored", test_bad_options_are_ignored);
    g_test_add_func("/pcapng/a-lying-length-costs-nothing", test_a_lying_length_costs_nothing);
    g_test_add_func("/pcapng/too-many-interfaces", test_too_many_interfaces);
    return g_test_run();
}
