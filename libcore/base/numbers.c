/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/numbers.h"

#include <string.h>

void twin_numbers_put(GByteArray *bytes, uint64_t value)
{
    uint8_t encoded[10];
    guint n = 0;
    for (; value > 0x7F; value >>= 7) {
        encoded[n++] = (uint8_t)(value | 0x80);
    }
    encoded[n++] = (uint8_t)value;
    g_byte_array_append(bytes, encoded, n);
}

char *twin_numbers_to_text(const GByteArray *bytes)
{
    return g_base64_encode(bytes->data, bytes->len);
}

/* g_base64_decode() passes over what it does not know; here it is an error. */
static bool is_base64(const char *text)
{
    size_t n = 0;
    while (g_ascii_isalnum(text[n]) || text[n] == '+' || text[n] == '/') {
        n++;
    }
    const size_t n_pads = n % 4 == 0 ? 0 : 4 - n % 4;
    return n_pads < 3 && strcmp(text + n, &"=="[2 - n_pads]) == 0;
}

TwinNumbers twin_numbers_of_text(const char *text)
{
    TwinNumbers self = {.has_failed = !is_base64(text)};
    if (!self.has_failed && text[0] != '\0') {
        self.bytes = g_base64_decode(text, &self.n_bytes);
    }
    return self;
}

void twin_numbers_clear(TwinNumbers *self)
{
    g_free(self->bytes);
    *self = (TwinNumbers){.n_bytes = 0};
}

uint64_t twin_numbers_get(TwinNumbers *self, uint64_t least, uint64_t most)
{
    uint64_t value = 0;
    uint8_t byte = 0x80;
    for (unsigned shift = 0; byte >= 0x80 && !self->has_failed; shift += 7) {
        if (self->at == self->n_bytes || shift > 63) {
            self->has_failed = true;
            break;
        }
        byte = self->bytes[self->at++];
        const uint64_t part = byte & 0x7F;
        self->has_failed = shift == 63 && part > 1;
        value |= part << shift;
    }
    self->has_failed = self->has_failed || value < least || value > most;
    return self->has_failed ? 0 : value;
}

size_t twin_numbers_left(const TwinNumbers *self)
{
    return self->n_bytes - self->at;
}

bool twin_numbers_are_done(const TwinNumbers *self)
{
    return !self->has_failed && self->at == self->n_bytes;
}
