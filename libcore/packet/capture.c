/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* fopencookie */
#include "packet/capture.h"

#include <flowtwin/error.h>

#include "packet/pcapng.h"
#include "packet/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAGIC_BYTES = 4,
    BUFFER_BYTES = 1 << 17,
    LINKTYPE_RAW_IP = 101, /* libpcap calls it DLT_RAW, whose number depends on the system */
};

struct TwinCapture {
    char *name;
    TwinSource *source; /* NULL where libpcap reads a plain file */
    FILE *stream;       /* libpcap's; of the source or of the plain file */
    pcap_t *pcap;       /* either this, which closes the stream, */
    TwinPcapng *pcapng; /* or this, which borrows the source */
    uint32_t link_type; /* of pcap's frames */
    int64_t file_bytes; /* 0: not known */
    uint64_t n_frames;
    bool has_ended;
    char *warning;
};

/* What first bytes say. A file of another kind gets told apart, so that people know what to do. */
typedef enum { KIND_PCAP, KIND_PCAPNG, KIND_GZIP, KIND_OTHER } Kind;

static const struct {
    uint8_t bytes[MAGIC_BYTES];
    Kind kind;
    const char *advice; /* of KIND_OTHER */
} magic_table[] = {
    {{0xa1, 0xb2, 0xc3, 0xd4}, KIND_PCAP, NULL}, /* microseconds */
    {{0xd4, 0xc3, 0xb2, 0xa1}, KIND_PCAP, NULL},
    {{0xa1, 0xb2, 0x3c, 0x4d}, KIND_PCAP, NULL}, /* nanoseconds */
    {{0x4d, 0x3c, 0xb2, 0xa1}, KIND_PCAP, NULL},
    {{0xa1, 0xb2, 0xcd, 0x34}, KIND_PCAP, NULL}, /* Kuznetzov's, with longer records */
    {{0x34, 0xcd, 0xb2, 0xa1}, KIND_PCAP, NULL},
    {{0x0a, 0x0d, 0x0d, 0x0a}, KIND_PCAPNG, NULL},
    {{0x28, 0xb5, 0x2f, 0xfd}, KIND_OTHER, "a zstd file; unpack it first"},
    {{0x04, 0x22, 0x4d, 0x18}, KIND_OTHER, "an lz4 file; unpack it first"},
    {{0xfd, '7', 'z', 'X'}, KIND_OTHER, "an xz file; unpack it first"},
    {{'P', 'K', 3, 4}, KIND_OTHER, "a zip file; unpack it first"},
    {{'s', 'n', 'o', 'o'}, KIND_OTHER, "a snoop file; convert it with editcap -F pcap"},
    {{'X', 'C', 'P', 0}, KIND_OTHER, "a NetXRay file; convert it with editcap -F pcap"},
};

static bool is_gzip(const uint8_t *bytes, size_t n_bytes)
{
    return n_bytes >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* The kind of the bytes; where it is KIND_OTHER, @error says what they seem to be. */
static Kind tell_kind(const uint8_t *bytes, size_t n_bytes, GError **error)
{
    if (is_gzip(bytes, n_bytes)) {
        return KIND_GZIP;
    }
    if (n_bytes == 0) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_EMPTY,
                    "an empty file; is the capture elsewhere?");
        return KIND_OTHER;
    }
    for (size_t i = 0; n_bytes == MAGIC_BYTES && i < G_N_ELEMENTS(magic_table); i++) {
        if (memcmp(magic_table[i].bytes, bytes, MAGIC_BYTES) == 0) {
            if (magic_table[i].kind == KIND_OTHER) {
                g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "not a capture but %s",
                            magic_table[i].advice);
            }
            return magic_table[i].kind;
        }
    }
    g_autoptr(GString) shown = g_string_new(NULL);
    for (size_t i = 0; i < n_bytes; i++) {
        g_string_append_printf(shown, " %02x", bytes[i]);
    }
    g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                "not a capture (first bytes%s); give a pcap or pcapng file", shown->str);
    return KIND_OTHER;
}

static ssize_t read_cookie(void *cookie, char *bytes_out, size_t n_bytes)
{
    TwinSource *source = cookie;
    const size_t n_read = twin_source_read(source, (uint8_t *)bytes_out, n_bytes);
    if (n_read == 0 && twin_source_end(source) == TWIN_SOURCE_FAILED) {
        errno = twin_source_errno(source);
        return -1;
    }
    return (ssize_t)n_read;
}

/* Hands self->stream to libpcap. */
static bool open_pcap(TwinCapture *self, GError **error)
{
    (void)setvbuf(self->stream, NULL, _IOFBF, BUFFER_BYTES);
    char reason[PCAP_ERRBUF_SIZE] = "";
    self->pcap =
        pcap_fopen_offline_with_tstamp_precision(self->stream, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (self->pcap == NULL) {
        if (feof(self->stream)) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                        "cut short inside its file header; get the capture again");
        } else {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_UNSUPPORTED,
                        "%s; convert it with editcap -F pcap", reason);
        }
        return false;
    }
    const int link_type = pcap_datalink(self->pcap);
    self->link_type = link_type == DLT_RAW ? LINKTYPE_RAW_IP : (uint32_t)link_type;
    return true;
}

/* A plain file of kind @kind, from its descriptor, which is closed on failure too. */
static bool open_plain(TwinCapture *self, int descriptor, GError **error)
{
    self->stream = fdopen(descriptor, "rb");
    if (self->stream == NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "%s", g_strerror(errno));
        (void)close(descriptor);
        return false;
    }
    return open_pcap(self, error);
}

/* Everything else: gzip'ed, pcapng, or from a pipe. */
static bool open_source(TwinCapture *self, int descriptor, GError **error)
{
    self->source = twin_source_new(descriptor);
    uint8_t magic[MAGIC_BYTES];
    const size_t n_magic = twin_source_peek(self->source, magic, sizeof magic);
    if (twin_source_end(self->source) == TWIN_SOURCE_FAILED) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "cannot be read: %s",
                    g_strerror(twin_source_errno(self->source)));
        return false;
    }
    if (n_magic < sizeof magic && twin_source_end(self->source) != TWIN_SOURCE_GOOD) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "its gzip stream is damaged or cut short; get the file again");
        return false;
    }
    switch (tell_kind(magic, n_magic, error)) {
    case KIND_PCAP:
        self->stream =
            fopencookie(self->source, "rb", (cookie_io_functions_t){.read = read_cookie});
        if (self->stream == NULL) {
            g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "%s", g_strerror(errno));
            return false;
        }
        return open_pcap(self, error);
    case KIND_PCAPNG:
        self->pcapng = twin_pcapng_new(self->source, error);
        return self->pcapng != NULL;
    case KIND_GZIP:
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT, "gzip'ed twice; unpack it once");
        return false;
    case KIND_OTHER:
        return false;
    }
    return false;
}

/* A descriptor of the path; -1 with @error set. */
static int open_descriptor(const char *path, struct stat *status_out, GError **error)
{
    const bool is_standard_input = strcmp(path, "-") == 0;
    const int descriptor = is_standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                             : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, status_out) != 0) {
        const int number = errno;
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "%s",
                    number == ENOENT ? "no such file; check the path" : g_strerror(number));
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return -1;
    }
    if (S_ISDIR(status_out->st_mode)) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "a folder; name the captures in it");
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

/* True where libpcap can have the descriptor as it is: a plain pcap file, from its start. */
static bool is_plain_pcap(int descriptor, const struct stat *status)
{
    uint8_t magic[MAGIC_BYTES];
    return S_ISREG(status->st_mode) && lseek(descriptor, 0, SEEK_CUR) == 0 &&
           pread(descriptor, magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
           tell_kind(magic, sizeof magic, NULL) == KIND_PCAP;
}

TwinCapture *twin_capture_open(const char *path, GError **error)
{
    g_autoptr(TwinCapture) self = g_new0(TwinCapture, 1);
    self->name =
        strcmp(path, "-") == 0 ? g_strdup("standard input") : g_filename_display_name(path);
    struct stat status = {0};
    const int descriptor = open_descriptor(path, &status, error);
    if (descriptor < 0) {
        g_prefix_error(error, "%s: ", self->name);
        return NULL;
    }
    self->file_bytes = S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
    if (!(is_plain_pcap(descriptor, &status) ? open_plain(self, descriptor, error)
                                             : open_source(self, descriptor, error))) {
        g_prefix_error(error, "%s: ", self->name);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void twin_capture_free(TwinCapture *self)
{
    if (self == NULL) {
        return;
    }
    if (self->pcap != NULL) {
        pcap_close(self->pcap); /* and the stream */
    } else if (self->stream != NULL) {
        (void)fclose(self->stream);
    }
    twin_pcapng_free(self->pcapng);
    twin_source_free(self->source);
    g_free(self->warning);
    g_free(self->name);
    g_free(self);
}

/* Ends reading: for good, with a warning, or with the operating system's error. */
static TwinCaptureStatus end_reading(TwinCapture *self, const char *where, const char *problem,
                                     int number, GError **error)
{
    self->has_ended = true;
    if (number != 0) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_INPUT, "%s: packet %" G_GUINT64_FORMAT ": %s",
                    self->name, self->n_frames + 1, g_strerror(number));
        return TWIN_CAPTURE_ERROR;
    }
    if (problem != NULL) {
        g_autofree char *before =
            self->n_frames == 0 ? g_strdup("nothing was read")
            : self->n_frames == 1
                ? g_strdup("the packet before it was read")
                : g_strdup_printf("the %" G_GUINT64_FORMAT " packets before it were read",
                                  self->n_frames);
        self->warning = g_strdup_printf("%s: packet %" G_GUINT64_FORMAT "%s: %s; %s", self->name,
                                        self->n_frames + 1, where, problem, before);
    }
    return TWIN_CAPTURE_END;
}

/* What a gzip stream's end says, which goes before what the format makes of it. */
static const char *source_problem(const TwinCapture *self, const char *problem)
{
    if (self->source == NULL) {
        return problem;
    }
    switch (twin_source_end(self->source)) {
    case TWIN_SOURCE_CUT:
        return "its gzip stream is cut short";
    case TWIN_SOURCE_DAMAGED:
        return "its gzip stream is damaged";
    case TWIN_SOURCE_GOOD:
    case TWIN_SOURCE_FAILED:
        break;
    }
    return problem;
}

static TwinCaptureStatus end_pcap(TwinCapture *self, bool is_whole, GError **error)
{
    int number = 0;
    if (!is_whole && ferror(self->stream)) {
        number = self->source != NULL ? twin_source_errno(self->source) : errno;
        number = number != 0 ? number : EIO;
    }
    const char *problem = is_whole                  ? NULL
                          : feof(self->stream) != 0 ? "cut short"
                                                    : pcap_geterr(self->pcap);
    return end_reading(self, "", source_problem(self, problem), number, error);
}

static TwinCaptureStatus end_pcapng(TwinCapture *self, GError **error)
{
    char where[64];
    (void)g_snprintf(where, sizeof where, " (offset %" G_GUINT64_FORMAT ")",
                     twin_pcapng_offset(self->pcapng));
    return end_reading(self, where, source_problem(self, twin_pcapng_problem(self->pcapng)),
                       twin_source_errno(self->source), error);
}

TwinCaptureStatus twin_capture_next(TwinCapture *self, TwinFrame *frame_out, GError **error)
{
    if (self->has_ended) {
        return TWIN_CAPTURE_END;
    }
    if (self->pcapng != NULL) {
        if (!twin_pcapng_next(self->pcapng, frame_out)) {
            return end_pcapng(self, error);
        }
    } else {
        struct pcap_pkthdr *header = NULL;
        const uint8_t *bytes = NULL;
        const int status = pcap_next_ex(self->pcap, &header, &bytes);
        if (status != 1) {
            return end_pcap(self, status == PCAP_ERROR_BREAK, error);
        }
        *frame_out = (TwinFrame){
            /* libpcap was asked for nanoseconds, which it leaves in the field for microseconds;
             * seconds are unsigned in the file and signed in libpcap */
            .time_ns = (int64_t)(uint32_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec,
            .link_type = self->link_type,
            .captured_bytes = header->caplen,
            .original_bytes = header->len,
            .bytes = bytes,
        };
    }
    self->n_frames++;
    return TWIN_CAPTURE_FRAME;
}

const char *twin_capture_warning(const TwinCapture *self)
{
    return self->warning;
}

uint64_t twin_capture_n_frames(const TwinCapture *self)
{
    return self->n_frames;
}

double twin_capture_fraction(const TwinCapture *self)
{
    if (self->file_bytes <= 0) {
        return -1;
    }
    const int64_t n_read = self->source != NULL ? twin_source_file_offset(self->source)
                                                : (int64_t)ftello(self->stream);
    return CLAMP((double)n_read / (double)self->file_bytes, 0, 1);
}

const char *twin_capture_name(const TwinCapture *self)
{
    return self->name;
}
