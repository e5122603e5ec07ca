/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <flowtwin/error.h>

#include "blocks.h"
#include "frames.h"
#include "packet/capture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    FILE_HEADER_BYTES = 24,
    RECORD_HEADER_BYTES = 16,
};

/* A classic file with packets "a", "bc", "def": time 1.5 s, then a second more each. */
static GByteArray *classic_capture(uint32_t magic, bool is_big_endian, uint32_t link_type)
{
    TwinTestBlocks file = {.bytes = g_byte_array_new(), .is_big_endian = is_big_endian};
    const bool is_ns = magic == 0xa1b23c4d;
    twin_test_u32(&file, magic);
    twin_test_u16(&file, 2);
    twin_test_u16(&file, 4);
    twin_test_u32(&file, 0);
    twin_test_u32(&file, 0);
    twin_test_u32(&file, 1000); /* snap length */
    twin_test_u32(&file, link_type);
    static const char *const packets[] = {"a", "bc", "def"};
    for (uint32_t i = 0; i < G_N_ELEMENTS(packets); i++) {
        const uint32_t n_bytes = (uint32_t)strlen(packets[i]);
        twin_test_u32(&file, i + 1);
        twin_test_u32(&file, is_ns ? 500000001 : 500001);
        twin_test_u32(&file, n_bytes);
        twin_test_u32(&file, 10 * n_bytes);
        twin_test_bytes(&file, packets[i], n_bytes);
    }
    return file.bytes;
}

static GByteArray *plain_capture(void)
{
    return classic_capture(0xa1b2c3d4, false, 1);
}

static GByteArray *next_generation_capture(void)
{
    TwinTestBlocks blocks = {.bytes = g_byte_array_new()};
    twin_test_section(&blocks, false);
    twin_test_interface(&blocks, 1, 0);
    twin_test_enhanced(&blocks, 0, 1500001, "a");
    twin_test_enhanced(&blocks, 0, 2500001, "bc");
    twin_test_enhanced(&blocks, 0, 3500001, "def");
    return blocks.bytes;
}

/* (transfer full) for both */
static GByteArray *gzip(GByteArray *plain)
{
    z_stream stream = {.next_in = plain->data, .avail_in = plain->len};
    const int gzip_format = 15 + 16;
    g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY), ==,
                    Z_OK);
    GByteArray *packed = g_byte_array_new();
    g_byte_array_set_size(packed, (guint)deflateBound(&stream, plain->len));
    stream.next_out = packed->data;
    stream.avail_out = packed->len;
    g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(packed, (guint)stream.total_out);
    (void)deflateEnd(&stream);
    g_byte_array_unref(plain);
    return packed;
}

/* (transfer full) The file's warning, or NULL; and how many frames it gave. */
static char *read_all(const char *path, size_t *n_frames_out)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinCapture) capture = twin_capture_open(path, &error);
    g_assert_no_error(error);
    TwinFrame frame;
    *n_frames_out = 0;
    while (twin_capture_next(capture, &frame, &error) == TWIN_CAPTURE_FRAME) {
        ++*n_frames_out;
        g_assert_cmpuint(frame.captured_bytes, ==, *n_frames_out);
        g_assert_cmpmem(frame.bytes, 1, &"abd"[*n_frames_out - 1], 1);
    }
    g_assert_no_error(error);
    g_assert_cmpuint(twin_capture_n_frames(capture), ==, *n_frames_out);
    g_assert_cmpint(twin_capture_next(capture, &frame, &error), ==, TWIN_CAPTURE_END);
    return g_strdup(twin_capture_warning(capture));
}

static char *read_bytes(const GByteArray *bytes, size_t n_bytes, size_t *n_frames_out)
{
    char *path = twin_test_file(bytes->data, n_bytes);
    char *warning = read_all(path, n_frames_out);
    if (warning != NULL) {
        g_autofree char *start = g_strconcat(path, ": packet ", NULL);
        g_assert_true(g_str_has_prefix(warning, start));
        g_assert_null(strchr(warning, '\n'));
    }
    twin_test_remove(path);
    return warning;
}

/* Magic, link type as stored and as told; times are in ns whatever the file has. */
static void test_classic_files(void)
{
    static const struct {
        uint32_t magic;
        bool is_big_endian;
        uint32_t stored_link_type;
        uint32_t link_type;
        int64_t first_ns;
    } rows[] = {
        {0xa1b2c3d4, false, 1, 1, 1500001000},     {0xa1b2c3d4, true, 1, 1, 1500001000},
        {0xa1b23c4d, false, 1, 1, 1500000001},     {0xa1b23c4d, true, 1, 1, 1500000001},
        {0xa1b2c3d4, false, 101, 101, 1500001000}, {0xa1b2c3d4, false, 12, 101, 1500001000},
        {0xa1b2c3d4, false, 276, 276, 1500001000}, {0xa1b2c3d4, true, 113, 113, 1500001000},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) bytes =
            classic_capture(rows[i].magic, rows[i].is_big_endian, rows[i].stored_link_type);
        char *path = twin_test_file(bytes->data, bytes->len);
        g_autoptr(GError) error = NULL;
        g_autoptr(TwinCapture) capture = twin_capture_open(path, &error);
        g_assert_no_error(error);
        TwinFrame frame;
        for (uint32_t k = 1; k <= 3; k++) {
            g_assert_cmpint(twin_capture_next(capture, &frame, &error), ==, TWIN_CAPTURE_FRAME);
            g_assert_cmpint(frame.time_ns, ==, rows[i].first_ns + (k - 1) * INT64_C(1000000000));
            g_assert_cmpuint(frame.link_type, ==, rows[i].link_type);
            g_assert_cmpuint(frame.captured_bytes, ==, k);
            g_assert_cmpuint(frame.original_bytes, ==, UINT64_C(10) * k);
        }
        g_assert_cmpint(twin_capture_next(capture, &frame, &error), ==, TWIN_CAPTURE_END);
        g_assert_null(twin_capture_warning(capture));
        twin_test_remove(path);
    }
}

/* Seconds beyond 2038 are no seconds before 1970. */
static void test_late_seconds(void)
{
    g_autoptr(GByteArray) bytes = plain_capture();
    const uint32_t seconds = GUINT32_TO_LE(UINT32_C(3000000000));
    memcpy(bytes->data + FILE_HEADER_BYTES, &seconds, sizeof seconds);
    char *path = twin_test_file(bytes->data, bytes->len);
    g_autoptr(GError) error = NULL;
    g_autoptr(TwinCapture) capture = twin_capture_open(path, &error);
    g_assert_no_error(error);
    TwinFrame frame;
    g_assert_cmpint(twin_capture_next(capture, &frame, &error), ==, TWIN_CAPTURE_FRAME);
    g_assert_cmpint(frame.time_ns, ==, INT64_C(3000000000) * 1000000000 + 500001000);
    twin_test_remove(path);
}

static void test_a_capture_without_packets(void)
{
    g_autoptr(GByteArray) bytes = plain_capture();
    size_t n_frames = 0;
    g_assert_null(read_bytes(bytes, FILE_HEADER_BYTES, &n_frames));
    g_assert_cmpuint(n_frames, ==, 0);
}

static void test_plain_files_cut_at_every_byte(void)
{
    g_autoptr(GByteArray) bytes = plain_capture();
    for (size_t n_bytes = FILE_HEADER_BYTES; n_bytes <= bytes->len; n_bytes++) {
        size_t n_expected = 0;
        size_t edge = FILE_HEADER_BYTES;
        while (n_expected < 3 && edge + RECORD_HEADER_BYTES + n_expected + 1 <= n_bytes) {
            edge += RECORD_HEADER_BYTES + ++n_expected;
        }
        size_t n_frames = 0;
        g_autofree char *warning = read_bytes(bytes, n_bytes, &n_frames);
        g_assert_cmpuint(n_frames, ==, n_expected);
        g_assert_true((warning == NULL) == (edge == n_bytes));
        if (warning != NULL) {
            static const char *const ends[] = {
                "packet 1: cut short; nothing was read",
                "packet 2: cut short; the packet before it was read",
                "packet 3: cut short; the 2 packets before it were read",
            };
            g_assert_true(g_str_has_suffix(warning, ends[n_expected]));
        }
    }
}

static void test_pcapng_says_where_it_was_cut(void)
{
    g_autoptr(GByteArray) bytes = next_generation_capture();
    size_t n_frames = 0;
    g_assert_null(read_bytes(bytes, bytes->len, &n_frames));
    g_assert_cmpuint(n_frames, ==, 3);
    g_autofree char *warning = read_bytes(bytes, bytes->len - 1, &n_frames);
    g_assert_cmpuint(n_frames, ==, 2);
    /* behind a section of 28, an interface of 20 and two packets of 48 bytes each */
    g_assert_true(g_str_has_suffix(
        warning, "packet 3 (offset 144): cut short; the 2 packets before it were read"));
}

static void test_gzip_cut_at_every_byte(void)
{
    static GByteArray *(*const makers[])(void) = {plain_capture, next_generation_capture};
    for (size_t i = 0; i < G_N_ELEMENTS(makers); i++) {
        g_autoptr(GByteArray) bytes = gzip(makers[i]());
        size_t n_frames = 0;
        g_assert_null(read_bytes(bytes, bytes->len, &n_frames));
        g_assert_cmpuint(n_frames, ==, 3);
        size_t n_most = 0;
        for (size_t n_bytes = 1; n_bytes < bytes->len; n_bytes++) {
            char *path = twin_test_file(bytes->data, n_bytes);
            g_autoptr(GError) error = NULL;
            g_autoptr(TwinCapture) capture = twin_capture_open(path, &error);
            twin_test_remove(path);
            if (capture == NULL) { /* cut before the capture's own header was out */
                g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
                continue;
            }
            g_autofree char *warning = read_bytes(bytes, n_bytes, &n_frames);
            g_assert_cmpuint(n_frames, >=, n_most);
            g_assert_nonnull(strstr(warning, "its gzip stream is cut short"));
            n_most = n_frames;
        }
        g_assert_cmpuint(n_most, ==, 3); /* the last bytes are gzip's own checksum and length */
    }
}

/* What zlib gave before it met the damage is used; the file is larger than what it reads at once.
 */
static void test_damaged_gzip(void)
{
    enum { N_PACKETS = 1000, PACKET_BYTES = 1000 };
    GByteArray *plain = plain_capture();
    g_byte_array_set_size(plain, FILE_HEADER_BYTES);
    TwinTestBlocks file = {.bytes = plain};
    for (uint32_t i = 0; i < N_PACKETS; i++) {
        const uint32_t fields[] = {i, 0, PACKET_BYTES, PACKET_BYTES};
        for (size_t k = 0; k < G_N_ELEMENTS(fields); k++) {
            twin_test_u32(&file, fields[k]);
        }
        for (size_t k = 0; k < PACKET_BYTES; k += sizeof(uint32_t)) {
            twin_test_u32(&file, (uint32_t)g_test_rand_int());
        }
    }
    g_autoptr(GByteArray) bytes = gzip(file.bytes);
    bytes->data[bytes->len - 6] ^= 1; /* checksum */
    char *path = twin_test_file(bytes->data, bytes->len);
    g_autoptr(TwinCapture) capture = twin_capture_open(path, NULL);
    TwinFrame frame;
    while (twin_capture_next(capture, &frame, NULL) == TWIN_CAPTURE_FRAME) {
        g_assert_cmpuint(frame.captured_bytes, ==, PACKET_BYTES);
    }
    g_assert_nonnull(strstr(twin_capture_warning(capture), "its gzip stream is damaged"));
    g_assert_cmpuint(twin_capture_n_frames(capture), >, N_PACKETS / 2);
    twin_test_remove(path);
}

/* A record that cannot be one: what follows it cannot be found again. */
static void test_a_record_beyond_all_limits(void)
{
    for (unsigned is_gzip = 0; is_gzip < 2; is_gzip++) {
        g_autoptr(GByteArray) bytes = plain_capture();
        bytes->data[FILE_HEADER_BYTES + RECORD_HEADER_BYTES + 1 + 11] = 0x7f; /* captured length */
        if (is_gzip != 0) {
            bytes = gzip(bytes);
        }
        size_t n_frames = 0;
        g_autofree char *warning = read_bytes(bytes, bytes->len, &n_frames);
        g_assert_cmpuint(n_frames, ==, 1);
        g_assert_nonnull(strstr(warning, "packet 2: "));
        g_assert_nonnull(strstr(warning, "; the packet before it was read"));
        g_assert_null(strstr(warning, "cut short"));
    }
}

/* What was wrong with the input, and the whole message but for the name. */
static void test_files_that_are_no_captures(void)
{
    static const struct {
        const char *bytes;
        size_t n_bytes;
        TwinError code;
        const char *message;
    } rows[] = {
        {"", 0, TWIN_ERROR_EMPTY, "an empty file; is the capture elsewhere?"},
        {"abcdef", 6, TWIN_ERROR_FORMAT,
         "not a capture (first bytes 61 62 63 64); give a pcap or pcapng file"},
        {"\xa1\xb2", 2, TWIN_ERROR_FORMAT,
         "not a capture (first bytes a1 b2); give a pcap or pcapng file"},
        {"\xd4\xc3\xb2\xa1\2\0\4", 8, TWIN_ERROR_FORMAT,
         "cut short inside its file header; get the capture again"},
        {"\x0a\x0d\x0d\x0a\x1c\0\0", 8, TWIN_ERROR_FORMAT,
         "its first pcapng block: cut short; get the capture again"},
        {"\x1f\x8b\x08\0", 4, TWIN_ERROR_FORMAT,
         "its gzip stream is damaged or cut short; get the file again"},
        {"\x28\xb5\x2f\xfd\0", 5, TWIN_ERROR_FORMAT,
         "not a capture but a zstd file; unpack it first"},
        {"snoop\0\0\0", 8, TWIN_ERROR_FORMAT,
         "not a capture but a snoop file; convert it with editcap -F pcap"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = twin_test_file(rows[i].bytes, rows[i].n_bytes);
        g_autoptr(GError) error = NULL;
        g_assert_null(twin_capture_open(path, &error));
        g_assert_error(error, TWIN_ERROR, (int)rows[i].code);
        g_autofree char *expected = g_strconcat(path, ": ", rows[i].message, NULL);
        g_assert_cmpstr(error->message, ==, expected);
        twin_test_remove(path);
    }
}

static void test_gzip_within_gzip(void)
{
    g_autoptr(GByteArray) bytes = gzip(gzip(plain_capture()));
    char *path = twin_test_file(bytes->data, bytes->len);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_capture_open(path, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT);
    g_assert_true(g_str_has_suffix(error->message, ": gzip'ed twice; unpack it once"));
    twin_test_remove(path);
}

static void test_an_archaic_version_is_not_read(void)
{
    g_autoptr(GByteArray) bytes = plain_capture();
    bytes->data[4] = 1;
    char *path = twin_test_file(bytes->data, bytes->len);
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_capture_open(path, &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_UNSUPPORTED);
    twin_test_remove(path);
}

static void test_missing_files_and_folders(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(twin_capture_open("/nowhere/lab.pcap", &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, "/nowhere/lab.pcap: no such file; check the path");
    g_clear_error(&error);
    g_assert_null(twin_capture_open("/", &error));
    g_assert_error(error, TWIN_ERROR, TWIN_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, "/: a folder; name the captures in it");
}

/* Puts @bytes into a pipe in place of standard input while @path "-" is read. */
static char *read_standard_input(const GByteArray *bytes, size_t *n_frames_out)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(write(ends[1], bytes->data, bytes->len), ==, bytes->len); /* fits the pipe */
    g_assert_cmpint(close(ends[1]), ==, 0);
    const int kept = dup(STDIN_FILENO);
    g_assert_cmpint(dup2(ends[0], STDIN_FILENO), ==, STDIN_FILENO);
    g_assert_cmpint(close(ends[0]), ==, 0);
    char *warning = read_all("-", n_frames_out);
    g_assert_cmpint(fcntl(STDIN_FILENO, F_GETFD), !=, -1); /* it was left open */
    g_assert_cmpint(dup2(kept, STDIN_FILENO), ==, STDIN_FILENO);
    g_assert_cmpint(close(kept), ==, 0);
    return warning;
}

static void test_standard_input(void)
{
    static GByteArray *(*const makers[])(void) = {plain_capture, next_generation_capture};
    for (size_t i = 0; i < G_N_ELEMENTS(makers); i++) {
        for (unsigned is_gzip = 0; is_gzip < 2; is_gzip++) {
            g_autoptr(GByteArray) bytes = is_gzip != 0 ? gzip(makers[i]()) : makers[i]();
            size_t n_frames = 0;
            g_assert_null(read_standard_input(bytes, &n_frames));
            g_assert_cmpuint(n_frames, ==, 3);
        }
    }
    g_autoptr(GByteArray) cut = plain_capture();
    g_byte_array_set_size(cut, cut->len - 1);
    size_t n_frames = 0;
    g_autofree char *warning = read_standard_input(cut, &n_frames);
    g_assert_cmpstr(warning, ==,
                    "standard input: packet 3: cut short; the 2 packets before it were read");
}

/* A thread: what stands at the other end of a FIFO. */
static void *write_fifo(void *path)
{
    g_autoptr(GByteArray) bytes = plain_capture();
    const int fifo = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(write(fifo, bytes->data, bytes->len), ==, bytes->len);
    g_assert_cmpint(close(fifo), ==, 0);
    return NULL;
}

/* Share of the file: known for files, packed or not; not for pipes. */
static void test_fractions(void)
{
    for (unsigned is_gzip = 0; is_gzip < 2; is_gzip++) {
        g_autoptr(GByteArray) bytes = is_gzip != 0 ? gzip(plain_capture()) : plain_capture();
        char *path = twin_test_file(bytes->data, bytes->len);
        g_autoptr(TwinCapture) capture = twin_capture_open(path, NULL);
        TwinFrame frame;
        double before = twin_capture_fraction(capture);
        g_assert_cmpfloat(before, >=, 0);
        while (twin_capture_next(capture, &frame, NULL) == TWIN_CAPTURE_FRAME) {
            g_assert_cmpfloat(twin_capture_fraction(capture), >=, before);
            before = twin_capture_fraction(capture);
        }
        g_assert_cmpfloat(twin_capture_fraction(capture), ==, 1);
        twin_test_remove(path);
    }
    g_autofree char *folder = g_dir_make_tmp("flowtwin-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "fifo", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    GThread *writer = g_thread_new("fifo", write_fifo, path);
    g_autoptr(TwinCapture) capture = twin_capture_open(path, NULL);
    g_assert_cmpfloat(twin_capture_fraction(capture), <, 0);
    g_assert_cmpstr(twin_capture_name(capture), ==, path);
    g_thread_join(writer);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture/classic-files", test_classic_files);
    g_test_add_func("/capture/late-seconds", test_late_seconds);
    g_test_add_func("/capture/without-packets", test_a_capture_without_packets);
    g_test_add_func("/capture/plain-files-cut-at-every-byte", test_plain_files_cut_at_every_byte);
    g_test_add_func("/capture/pcapng-says-where-it-was-cut", test_pcapng_says_where_it_was_cut);
    g_test_add_func("/capture/gzip-cut-at-every-byte", test_gzip_cut_at_every_byte);
    g_test_add_func("/capture/damaged-gzip", test_damaged_gzip);
    g_test_add_func("/capture/a-record-beyond-all-limits", test_a_record_beyond_all_limits);
    g_test_add_func("/capture/files-that-are-no-captures", test_files_that_are_no_captures);
    g_test_add_func("/capture/gzip-within-gzip", test_gzip_within_gzip);
    g_test_add_func("/capture/an-archaic-version-is-not-read", test_an_archaic_version_is_not_read);
    g_test_add_func("/capture/missing-files-and-folders", test_missing_files_and_folders);
    g_test_add_func("/capture/standard-input", test_standard_input);
    g_test_add_func("/capture/fractions", test_fractions);
    return g_test_run();
}
