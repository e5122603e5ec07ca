/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FLOWTWIN_EVAL_BLIND_KEY_H
#define FLOWTWIN_EVAL_BLIND_KEY_H

#include <flowtwin/blindtest.h>

#include <glib.h>

/** Where a flow of a blind test comes from. */
typedef struct {
    bool is_generated;
    uint32_t source_flow; /* its number in the captures of its kind, from 1 */
    char *service;        /* of its port, as it was matched; no tab in it */
} TwinBlindTruth;

/** The answers of a blind test. */
typedef struct {
    char study[TWIN_STUDY_CHARS];
    size_t n_flows;
    TwinBlindTruth *truths; /* of flow 1, 2, … */
} TwinBlindKey;

TwinBlindKey *twin_blind_key_new(size_t n_flows);
void twin_blind_key_free(TwinBlindKey *self);

/**
 * The key as a file's text: answers under a keystream, and a seal over all of it.
 *
 * What it is worth: nobody reads an answer by looking at it, and nobody changes one unseen. Without
 * a passphrase whoever has this program can open it; with one, who knows that. The study's name is
 * a digest of what is sealed, and stands in the capture and on every sheet: another key would not
 * fit them.
 *
 * HMAC-SHA-256 throughout: as the keystream in counter mode, as the seal, in PBKDF2 (RFC 8018, 5.2)
 * over the passphrase. Same key, seed and passphrase, same text.
 *
 * @param passphrase NULL: none
 * @return (transfer full); self->study is set
 */
char *twin_blind_key_seal(TwinBlindKey *self, uint64_t seed, const char *passphrase);

/**
 * Opens what twin_blind_key_seal() gave.
 *
 * @return (transfer full) NULL with TWIN_ERROR_FORMAT (no key, or a changed one) or _ARGUMENT (the
 *         passphrase)
 */
TwinBlindKey *twin_blind_key_open(const char *text, const char *passphrase,
                                  GError **error) TWIN_CHECKED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TwinBlindKey, twin_blind_key_free)

#endif
