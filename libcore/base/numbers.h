/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_BASE_NUMBERS_H
#define FLOWTWIN_BASE_NUMBERS_H

#include <flowtwin/macros.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Many numbers as one short text, for a JSON string: each as LEB128 (7 bits a byte, the low ones
 * first, the top bit set where more follow), all bytes together in base64 (RFC 4648, section 4).
 */

/** Appends @value: 1 … 10 bytes. */
void twin_numbers_put(GByteArray *bytes, uint64_t value);

/** The bytes as text. (transfer full) */
char *twin_numbers_to_text(const GByteArray *bytes);

/** Numbers being read. What is wrong gives 0 and sets has_failed, which stays. */
typedef struct {
    uint8_t *bytes; /* owned */
    size_t n_bytes;
    size_t at;
    bool has_failed;
} TwinNumbers;

/** From text; failed from the start where that is no base64. Cleared with twin_numbers_clear(). */
TwinNumbers twin_numbers_of_text(const char *text);
void twin_numbers_clear(TwinNumbers *self);

/** The next number, which must be @least … @most. */
uint64_t twin_numbers_get(TwinNumbers *self, uint64_t least, uint64_t most);

/** The bytes that are left: there are at most so many numbers. */
size_t twin_numbers_left(const TwinNumbers *self);

/** Whether all was right, and nothing is left. */
bool twin_numbers_are_done(const TwinNumbers *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TwinNumbers, twin_numbers_clear)

#endif
