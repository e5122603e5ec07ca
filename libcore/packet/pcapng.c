/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/pcapng.h"

#include <flowtwin/error.h>

#include "base/cursor.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a, /* reads the same in either byte order */
    BLOCK_EDGE_BYTES = 8,       /* type and length before the body */
    BLOCK_TAIL_BYTES = 4,       /* the length again behind it */
    BLOCK_MIN_BYTES = BLOCK_EDGE_BYTES + BLOCK_TAIL_BYTES,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    MAX_INTERFACES = 1 << 16,
    CHUNK_BYTES = 1 << 16,
    OPTION_END = 0,
    OPTION_TIME_RESOLUTION = 9,
    OPTION_TIME_OFFSET = 14,
    MICROSECONDS = 6, /* the resolution where none is said */
    NS_PER_SECOND = 1000000000,
};

typedef struct {
    uint32_t link_type;
    uint32_t snap_bytes; /* 0: no limit */
    uint8_t resolution;
    int64_t offset_s;
} Interface;

struct TwinPcapng {
    TwinSource *source;
    bool is_little_endian; /* this section */
    GArray *interfaces;    /* of Interface; this section's */
    uint8_t *body;         /* of the block at hand, with its tail */
    size_t body_capacity;
    uint64_t block_offset;
    int64_t last_ns;
    const char *problem;
};

static uint16_t read_u16(const TwinPcapng *self, TwinCursor *cursor)
{
    const uint16_t value = twin_cursor_u16(cursor);
    return (uint16_t)(self->is_little_endian ? GUINT16_SWAP_LE_BE(value) : value);
}

static uint32_t read_u32(const TwinPcapng *self, TwinCursor *cursor)
{
    const uint32_t value = twin_cursor_u32(cursor);
    return self->is_little_endian ? GUINT32_SWAP_LE_BE(value) : value;
}

static int64_t read_i64(const TwinPcapng *self, TwinCursor *cursor)
{
    const uint64_t first = read_u32(self, cursor);
    const uint64_t second = read_u32(self, cursor);
    return (int64_t)(self->is_little_endian ? second << 32 | first : first << 32 | second);
}

static bool fail(TwinPcapng *self, const char *problem)
{
    self->problem = problem;
    return false;
}

/* Ticks of 2^-n s: whole seconds, and the nanoseconds beyond them. */
static uint64_t split_binary(uint64_t ticks, unsigned n, uint32_t *ns_out)
{
    const uint64_t fraction = n < 64 ? ticks & ((UINT64_C(1) << n) - 1) : ticks;
    const uint64_t low = (fraction & UINT32_MAX) * NS_PER_SECOND; /* below 2^62 */
    const uint64_t high = (fraction >> 32) * NS_PER_SECOND;       /* in units of 2^32 */
    if (n <= 32) {
        *ns_out = (uint32_t)(low >> n); /* then high is 0 */
    } else {
        const unsigned shift = n - 32;
        *ns_out = shift < 64 ? (uint32_t)((high + (low >> 32)) >> shift) : 0;
    }
    return n < 64 ? ticks >> n : 0;
}

/* Ticks of 10^-n s, likewise. */
static uint64_t split_decimal(uint64_t ticks, unsigned n, uint32_t *ns_out)
{
    uint64_t per_second = NS_PER_SECOND;
    for (; n > 9 && ticks > 0; n--) {
        ticks /= 10;
    }
    for (; n < 9; n++) {
        per_second /= 10;
    }
    *ns_out = (uint32_t)(ticks % per_second * (NS_PER_SECOND / per_second));
    return ticks / per_second;
}

int64_t twin_pcapng_time_ns(uint64_t ticks, uint8_t resolution, int64_t offset_s)
{
    enum { BINARY = 0x80 };
    const uint64_t limit_s = INT64_MAX / NS_PER_SECOND - 1;
    const unsigned n = resolution & 0x7fU;
    uint32_t ns = 0;
    const uint64_t seconds =
        (resolution & BINARY) != 0 ? split_binary(ticks, n, &ns) : split_decimal(ticks, n, &ns);
    if (offset_s < 0) {
        const uint64_t earlier_s = 0 - (uint64_t)offset_s;
        if (earlier_s > seconds) {
            const uint64_t before_s = earlier_s - seconds;
            return before_s > limit_s ? INT64_MIN : ns - (int64_t)before_s * NS_PER_SECOND;
        }
        const uint64_t after_s = seconds - earlier_s;
        return after_s > limit_s ? INT64_MAX : (int64_t)after_s * NS_PER_SECOND + ns;
    }
    const uint64_t later_s = (uint64_t)offset_s;
    if (seconds > limit_s || later_s > limit_s - seconds) {
        return INT64_MAX;
    }
    return (int64_t)(seconds + later_s) * NS_PER_SECOND + ns;
}

/* Room for @n_bytes of body, keeping what is there; false when memory is out. */
static bool reserve(TwinPcapng *self, size_t n_bytes)
{
    if (n_bytes > self->body_capacity) {
        const size_t wanted = MAX(n_bytes, 2 * self->body_capacity);
        uint8_t *body = g_try_realloc(self->body, wanted);
        if (body == NULL) {
            return fail(self, "more than memory holds");
        }
        self->body = body;
        self->body_capacity = wanted;
    }
    return true;
}

/* Reads @n_bytes of body; memory grows as they arrive. */
static bool read_body(TwinPcapng *self, size_t n_bytes)
{
    size_t n_read = 0;
    while (n_read < n_bytes) {
        const size_t n_wanted = MIN(n_bytes - n_read, MAX(n_read, (size_t)CHUNK_BYTES));
        if (!reserve(self, n_read + n_wanted)) {
            return false;
        }
        if (twin_source_read(self->source, self->body + n_read, n_wanted) < n_wanted) {
            return fail(self, "cut short");
        }
        n_read += n_wanted;
    }
    return true;
}

/* Passes over @n_bytes, leaving the last of them, the tail, at the body's front. */
static bool skip_body(TwinPcapng *self, size_t n_bytes)
{
    for (size_t n_left = n_bytes - BLOCK_TAIL_BYTES; n_left > 0;) {
        const size_t n_skipped = MIN(n_left, (size_t)CHUNK_BYTES);
        if (!read_body(self, n_skipped)) {
            return false;
        }
        n_left -= n_skipped;
    }
    return read_body(self, BLOCK_TAIL_BYTES);
}

/* What a block gave. */
typedef enum {
    BLOCK_FRAME,
    BLOCK_NO_FRAME,
    BLOCK_BAD, /* the problem is set */
} BlockResult;

static BlockResult bad(TwinPcapng *self, const char *problem)
{
    self->problem = problem;
    return BLOCK_BAD;
}

static void read_interface_options(const TwinPcapng *self, TwinCursor *body, Interface *interface)
{
    while (body->left > 0) {
        const uint16_t code = read_u16(self, body);
        const size_t n_bytes = read_u16(self, body);
        TwinCursor value = twin_cursor_sub(body, n_bytes);
        (void)twin_cursor_take(body, MIN(body->left, -n_bytes % 4)); /* padding */
        if (code == OPTION_END || value.overrun) {
            return;
        }
        if (code == OPTION_TIME_RESOLUTION && value.left == 1) {
            interface->resolution = twin_cursor_u8(&value);
        } else if (code == OPTION_TIME_OFFSET && value.left == 8) {
            interface->offset_s = read_i64(self, &value);
        }
    }
}

static BlockResult read_interface(TwinPcapng *self, TwinCursor *body, TwinFrame *frame_out)
{
    (void)frame_out;
    Interface interface = {.resolution = MICROSECONDS};
    interface.link_type = read_u16(self, body);
    (void)read_u16(self, body);
    interface.snap_bytes = read_u32(self, body);
    if (self->interfaces->len >= MAX_INTERFACES) {
        return bad(self, "the section has more than 65536 interfaces");
    }
    read_interface_options(self, body, &interface);
    g_array_append_val(self->interfaces, interface);
    return BLOCK_NO_FRAME;
}

static const Interface *find_interface(const TwinPcapng *self, uint32_t index)
{
    return index < self->interfaces->len ? &g_array_index(self->interfaces, Interface, index)
                                         : NULL;
}

/* The fields from the time on, which enhanced and obsolete packet blocks share. */
static BlockResult read_packet(TwinPcapng *self, TwinCursor *body, uint32_t interface_index,
                               TwinFrame *frame_out)
{
    const Interface *interface = find_interface(self, interface_index);
    const uint64_t ticks_high = read_u32(self, body);
    const uint64_t ticks_low = read_u32(self, body);
    const uint32_t captured_bytes = read_u32(self, body);
    const uint32_t original_bytes = read_u32(self, body);
    const uint8_t *bytes = twin_cursor_take(body, captured_bytes);
    if (interface == NULL) {
        return bad(self, "names an interface that the section does not describe");
    }
    if (bytes == NULL) {
        return bad(self, "says that it holds more bytes than its block");
    }
    self->last_ns = twin_pcapng_time_ns(ticks_high << 32 | ticks_low, interface->resolution,
                                        interface->offset_s);
    *frame_out = (TwinFrame){
        .time_ns = self->last_ns,
        .link_type = interface->link_type,
        .captured_bytes = captured_bytes,
        .original_bytes = original_bytes,
        .bytes = bytes,
    };
    return BLOCK_FRAME;
}

static BlockResult read_enhanced_packet(TwinPcapng *self, TwinCursor *body, TwinFrame *frame_out)
{
    const uint32_t interface_index = read_u32(self, body);
    return read_packet(self, body, interface_index, frame_out);
}

static BlockResult read_obsolete_packet(TwinPcapng *self, TwinCursor *body, TwinFrame *frame_out)
{
    const uint32_t interface_index = read_u16(self, body);
    (void)read_u16(self, body); /* drops */
    return read_packet(self, body, interface_index, frame_out);
}

static BlockResult read_simple_packet(TwinPcapng *self, TwinCursor *body, TwinFrame *frame_out)
{
    const Interface *interface = find_interface(self, 0);
    const uint32_t original_bytes = read_u32(self, body);
    if (interface == NULL) {
        return bad(self, "stands in a section without an interface");
    }
    uint32_t captured_bytes = original_bytes;
    if (interface->snap_bytes > 0 && captured_bytes > interface->snap_bytes) {
        captured_bytes = interface->snap_bytes;
    }
    const uint8_t *bytes = twin_cursor_take(body, captured_bytes);
    if (bytes == NULL) {
        return bad(self, "says that it holds more bytes than its block");
    }
    *frame_out = (TwinFrame){
        .time_ns = self->last_ns,
        .link_type = interface->link_type,
        .captured_bytes = captured_bytes,
        .original_bytes = original_bytes,
        .bytes = bytes,
    };
    return BLOCK_FRAME;
}

/* Blocks that are read; all others are passed over. */
static const struct {
    uint32_t type;
    size_t min_bytes; /* of the body */
    BlockResult (*read)(TwinPcapng *self, TwinCursor *body, TwinFrame *frame_out);
} block_table[] = {
    {6, 20, read_enhanced_packet},
    {1, 8, read_interface},
    {3, 4, read_simple_packet},
    {2, 20, read_obsolete_packet},
};

/* A section header's body from the byte-order magic on, which is in @magic already. */
static bool begin_section(TwinPcapng *self, const uint8_t *length_and_magic)
{
    enum { FIXED_BYTES = 12, MAGIC_BYTES = 4 }; /* versions, section length */
    TwinCursor cursor = twin_cursor(length_and_magic, 8);
    const uint32_t length_big = twin_cursor_u32(&cursor);
    const uint32_t magic = twin_cursor_u32(&cursor);
    if (magic != BYTE_ORDER_MAGIC && magic != GUINT32_SWAP_LE_BE(UINT32_C(0x1a2b3c4d))) {
        return fail(self, "a section header without byte-order magic");
    }
    self->is_little_endian = magic != BYTE_ORDER_MAGIC;
    const uint32_t n_bytes = self->is_little_endian ? GUINT32_SWAP_LE_BE(length_big) : length_big;
    const uint32_t n_known = BLOCK_EDGE_BYTES + MAGIC_BYTES;
    if (n_bytes < n_known + FIXED_BYTES + BLOCK_TAIL_BYTES || n_bytes % 4 != 0 ||
        n_bytes > TWIN_PCAPNG_MAX_BLOCK_BYTES) {
        return fail(self, "a section header of impossible length");
    }
    const size_t n_left = n_bytes - n_known;
    if (!read_body(self, n_left)) {
        return false;
    }
    TwinCursor body = twin_cursor(self->body, n_left);
    if (read_u16(self, &body) != 1) {
        return fail(self, "a section of a version that this program cannot read");
    }
    TwinCursor tail = twin_cursor(self->body + n_left - BLOCK_TAIL_BYTES, BLOCK_TAIL_BYTES);
    if (read_u32(self, &tail) != n_bytes) {
        return fail(self, "its two lengths differ");
    }
    g_array_set_size(self->interfaces, 0);
    return true;
}

/* Reads one block whose type is known, of @n_bytes in all. */
static BlockResult read_block(TwinPcapng *self, uint32_t type, uint32_t n_bytes,
                              TwinFrame *frame_out)
{
    if (n_bytes < BLOCK_MIN_BYTES || n_bytes % 4 != 0 || n_bytes > TWIN_PCAPNG_MAX_BLOCK_BYTES) {
        return bad(self, "a block of impossible length");
    }
    size_t row = 0;
    while (row < G_N_ELEMENTS(block_table) && block_table[row].type != type) {
        row++;
    }
    const bool is_read = row < G_N_ELEMENTS(block_table);
    const size_t n_left = n_bytes - BLOCK_EDGE_BYTES;
    if (!(is_read ? read_body(self, n_left) : skip_body(self, n_left))) {
        return BLOCK_BAD;
    }
    const size_t tail_at = is_read ? n_left - BLOCK_TAIL_BYTES : 0;
    TwinCursor tail = twin_cursor(self->body + tail_at, BLOCK_TAIL_BYTES);
    if (read_u32(self, &tail) != n_bytes) {
        return bad(self, "its two lengths differ");
    }
    if (!is_read) {
        return BLOCK_NO_FRAME;
    }
    TwinCursor body = twin_cursor(self->body, tail_at);
    if (body.left < block_table[row].min_bytes) {
        return bad(self, "a block too short for its type");
    }
    return block_table[row].read(self, &body, frame_out);
}

bool twin_pcapng_next(TwinPcapng *self, TwinFrame *frame_out)
{
    BlockResult result = BLOCK_NO_FRAME;
    while (self->problem == NULL && result == BLOCK_NO_FRAME) {
        uint8_t edge[BLOCK_EDGE_BYTES + 4]; /* a section header's magic is needed for its length */
        self->block_offset = twin_source_offset(self->source);
        const size_t n_read = twin_source_read(self->source, edge, BLOCK_EDGE_BYTES);
        if (n_read == 0 && twin_source_end(self->source) == TWIN_SOURCE_GOOD) {
            return false;
        }
        if (n_read < BLOCK_EDGE_BYTES) {
            return fail(self, "cut short");
        }
        TwinCursor cursor = twin_cursor(edge, BLOCK_EDGE_BYTES);
        const uint32_t type = read_u32(self, &cursor);
        const uint32_t n_bytes = read_u32(self, &cursor);
        if (type != BLOCK_SECTION) {
            result = read_block(self, type, n_bytes, frame_out);
        } else if (twin_source_read(self->source, edge + BLOCK_EDGE_BYTES, 4) < 4) {
            return fail(self, "cut short");
        } else if (!begin_section(self, edge + 4)) {
            return false;
        }
    }
    return result == BLOCK_FRAME;
}

TwinPcapng *twin_pcapng_new(TwinSource *source, GError **error)
{
    g_autoptr(TwinPcapng) self = g_new0(TwinPcapng, 1);
    self->source = source;
    self->interfaces = g_array_new(FALSE, FALSE, sizeof(Interface));
    uint8_t edge[BLOCK_EDGE_BYTES + 4] = {0};
    if (twin_source_read(source, edge, sizeof edge) < sizeof edge) {
        self->problem = "cut short";
    } else {
        (void)begin_section(self, edge + 4);
    }
    if (self->problem != NULL) {
        g_set_error(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                    "its first pcapng block: %s; get the capture again", self->problem);
        return NULL;
    }
    return g_steal_pointer(&self);
}

void twin_pcapng_free(TwinPcapng *self)
{
    if (self != NULL) {
        g_array_unref(self->interfaces);
        g_free(self->body);
        g_free(self);
    }
}

const char *twin_pcapng_problem(const TwinPcapng *self)
{
    return self->problem;
}

uint64_t twin_pcapng_offset(const TwinPcapng *self)
{
    return self->block_offset;
}
