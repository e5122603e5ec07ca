/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eval/blind_key.h"

#include <flowtwin/error.h>

#include "eval/blind_mark.h"

#include <inttypes.h>
#include <string.h>

enum {
    DIGEST_BYTES = 32, /* of SHA-256 */
    SALT_CHARS = 32,
    PASSPHRASE_ROUNDS = 100000, /* a tenth of a second or two for each guess */
};

static const char head[] = "flowtwin blind test key 1";
static const char *const locks[] = {"none", "passphrase"};
static const char *const kinds[] = {"real", "generated"};

/* What is wanted of a key file's lines after the head, in this order. */
typedef enum {
    LINE_STUDY,
    LINE_LOCK,
    LINE_SALT,
    LINE_SEALED,
    LINE_SEAL,
    N_LINES,
} Line;

static const char *const line_names[N_LINES] = {"study", "lock", "salt", "sealed", "seal"};

TwinBlindKey *twin_blind_key_new(size_t n_flows)
{
    TwinBlindKey *self = g_new0(TwinBlindKey, 1);
    self->n_flows = n_flows;
    self->truths = g_new0(TwinBlindTruth, n_flows);
    return self;
}

void twin_blind_key_free(TwinBlindKey *self)
{
    if (self != NULL) {
        for (size_t f = 0; f < self->n_flows; f++) {
            g_free(self->truths[f].service);
        }
        g_free(self->truths);
        g_free(self);
    }
}

/* ---- what seals ---- */

typedef struct {
    uint8_t bytes[DIGEST_BYTES];
} Digest;

static Digest end_hmac(GHmac *hmac)
{
    Digest digest;
    gsize n_bytes = sizeof digest.bytes;
    g_hmac_get_digest(hmac, digest.bytes, &n_bytes);
    g_hmac_unref(hmac);
    return digest;
}

static Digest hmac_of(const Digest *key, const char *text)
{
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key->bytes, sizeof key->bytes);
    g_hmac_update(hmac, (const guchar *)text, -1);
    return end_hmac(hmac);
}

/* PBKDF2 with HMAC-SHA-256, one block of output. */
static Digest stretch(const char *passphrase, const char *salt, unsigned n_rounds)
{
    static const guchar first_block[4] = {0, 0, 0, 1};
    GHmac *keyed =
        g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)passphrase, (gsize)strlen(passphrase));
    GHmac *hmac = g_hmac_copy(keyed);
    g_hmac_update(hmac, (const guchar *)salt, -1);
    g_hmac_update(hmac, first_block, sizeof first_block);
    Digest round = end_hmac(hmac);
    Digest key = round;
    for (unsigned n = 1; n < n_rounds; n++) {
        hmac = g_hmac_copy(keyed);
        g_hmac_update(hmac, round.bytes, sizeof round.bytes);
        round = end_hmac(hmac);
        for (size_t b = 0; b < DIGEST_BYTES; b++) {
            key.bytes[b] ^= round.bytes[b];
        }
    }
    g_hmac_unref(keyed);
    return key;
}

static Digest secret_of(const char *passphrase, const char *salt)
{
    return passphrase != NULL ? stretch(passphrase, salt, PASSPHRASE_ROUNDS) : stretch("", salt, 1);
}

/* The same hides and shows. */
static void apply_stream(const Digest *secret, uint8_t *bytes, size_t n_bytes)
{
    const Digest key = hmac_of(secret, "stream");
    Digest block = {{0}};
    for (size_t b = 0; b < n_bytes; b++) {
        if (b % DIGEST_BYTES == 0) {
            char number[24];
            (void)g_snprintf(number, sizeof number, "%zu", b / DIGEST_BYTES);
            block = hmac_of(&key, number);
        }
        bytes[b] ^= block.bytes[b % DIGEST_BYTES];
    }
}

/* (transfer full) */
static char *hex_of(const Digest *digest)
{
    GString *hex = g_string_new(NULL);
    for (size_t b = 0; b < DIGEST_BYTES; b++) {
        g_string_append_printf(hex, "%02x", digest->bytes[b]);
    }
    return g_string_free(hex, FALSE);
}

static void name_study(const char *salt, const char *sealed, char study_out[TWIN_STUDY_CHARS])
{
    g_autofree char *both = g_strconcat(salt, sealed, NULL);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
    (void)g_strlcpy(study_out, digest, TWIN_STUDY_CHARS);
}

/* (transfer full) hexadecimal */
static char *seal_of(const Digest *secret, const char *lines)
{
    const Digest key = hmac_of(secret, "seal");
    const Digest seal = hmac_of(&key, lines);
    return hex_of(&seal);
}

/* ---- sealing ---- */

static GString *plain_of(const TwinBlindKey *self)
{
    GString *plain = g_string_new(NULL);
    for (size_t f = 0; f < self->n_flows; f++) {
        const TwinBlindTruth *truth = &self->truths[f];
        g_string_append_printf(plain, "%s\t%" PRIu32 "\t%s\n", kinds[truth->is_generated ? 1 : 0],
                               truth->source_flow, truth->service);
    }
    return plain;
}

/* From what it hides: no two keys have one salt, and the same key has the same. (transfer full) */
static char *salt_of(const char *plain, uint64_t seed)
{
    g_autofree char *text = g_strdup_printf("salt %" PRIu64 "\n%s", seed, plain);
    char *salt = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    salt[SALT_CHARS] = '\0';
    return salt;
}

char *twin_blind_key_seal(TwinBlindKey *self, uint64_t seed, const char *passphrase)
{
    g_autoptr(GString) plain = plain_of(self);
    g_autofree char *salt = salt_of(plain->str, seed);
    const Digest secret = secret_of(passphrase, salt);
    apply_stream(&secret, (uint8_t *)plain->str, plain->len);
    g_autofree char *sealed = g_base64_encode((const guchar *)plain->str, plain->len);
    name_study(salt, sealed, self->study);
    const char *const values[] = {self->study, locks[passphrase != NULL ? 1 : 0], salt, sealed};
    GString *text = g_string_new(head);
    g_string_append_c(text, '\n');
    for (size_t l = 0; l < LINE_SEAL; l++) {
        g_string_append_printf(text, "%s\t%s\n", line_names[l], values[l]);
    }
    g_autofree char *seal = seal_of(&secret, text->str);
    g_string_append_printf(text, "%s\t%s\n", line_names[LINE_SEAL], seal);
    return g_string_free(text, FALSE);
}

/* ---- opening ---- */

static bool fail_changed(GError **error)
{
    g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                        "the seal is broken: the key was changed after it was made");
    return false;
}

/* The lines' values; false where it is no key. */
static bool split_lines(const char *text, GStrv *lines_out, const char *values_out[N_LINES],
                        GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", N_LINES + 2);
    bool is_good = g_strv_length(lines) == N_LINES + 2 && strcmp(lines[0], head) == 0 &&
                   *lines[N_LINES + 1] == '\0';
    for (size_t l = 0; l < N_LINES && is_good; l++) {
        char *tab = strchr(lines[l + 1], '\t');
        is_good = tab != NULL && (size_t)(tab - lines[l + 1]) == strlen(line_names[l]) &&
                  g_str_has_prefix(lines[l + 1], line_names[l]);
        values_out[l] = tab != NULL ? tab + 1 : NULL;
    }
    if (!is_good) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_FORMAT,
                            "is no key of a blind test that this version reads");
        return false;
    }
    *lines_out = g_steal_pointer(&lines);
    return true;
}

static bool check_passphrase(const char *lock, const char *passphrase, GError **error)
{
    if (strcmp(lock, locks[1]) == 0 && passphrase == NULL) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "is locked; --passphrase FILE opens it");
        return false;
    }
    if (strcmp(lock, locks[0]) == 0 && passphrase != NULL) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "has no passphrase; leave --passphrase out");
        return false;
    }
    return true;
}

static bool check_seal(const Digest *secret, const char *text, const char *seal, bool is_locked,
                       GError **error)
{
    const size_t n_sealed = (size_t)(seal - text) - strlen(line_names[LINE_SEAL]) - 1;
    g_autofree char *lines = g_strndup(text, n_sealed);
    g_autofree char *wanted = seal_of(secret, lines);
    if (strncmp(seal, wanted, 2 * (size_t)DIGEST_BYTES) == 0) {
        return true;
    }
    if (is_locked) {
        g_set_error_literal(error, TWIN_ERROR, TWIN_ERROR_ARGUMENT,
                            "the passphrase does not open it, or it was changed");
        return false;
    }
    return fail_changed(error);
}

static bool read_truth(const char *line, TwinBlindTruth *truth)
{
    g_auto(GStrv) parts = g_strsplit(line, "\t", 3);
    guint64 number = 0;
    if (g_strv_length(parts) != 3 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, UINT32_MAX, &number, NULL)) {
        return false;
    }
    truth->is_generated = strcmp(parts[0], kinds[1]) == 0;
    truth->source_flow = (uint32_t)number;
    truth->service = g_strdup(parts[2]);
    return truth->is_generated || strcmp(parts[0], kinds[0]) == 0;
}

static TwinBlindKey *read_plain(const char *plain)
{
    g_auto(GStrv) lines = g_strsplit(plain, "\n", TWIN_BLIND_MOST_FLOWS + 2);
    const size_t n_lines = g_strv_length(lines);
    if (n_lines < 2 || n_lines > TWIN_BLIND_MOST_FLOWS + 1 || *lines[n_lines - 1] != '\0') {
        return NULL;
    }
    g_autoptr(TwinBlindKey) self = twin_blind_key_new(n_lines - 1);
    for (size_t f = 0; f < self->n_flows; f++) {
        if (!read_truth(lines[f], &self->truths[f])) {
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

TwinBlindKey *twin_blind_key_open(const char *text, const char *passphrase, GError **error)
{
    g_auto(GStrv) lines = NULL;
    const char *values[N_LINES];
    if (!split_lines(text, &lines, values, error)) {
        return NULL;
    }
    char study[TWIN_STUDY_CHARS];
    name_study(values[LINE_SALT], values[LINE_SEALED], study);
    if (strcmp(study, values[LINE_STUDY]) != 0) {
        (void)fail_changed(error);
        return NULL;
    }
    const bool is_locked = strcmp(values[LINE_LOCK], locks[1]) == 0;
    const Digest secret = secret_of(passphrase, values[LINE_SALT]);
    const char *seal = strrchr(text, '\t') + 1; /* the last line is the seal's */
    if (!check_passphrase(values[LINE_LOCK], passphrase, error) ||
        !check_seal(&secret, text, seal, is_locked, error)) {
        return NULL;
    }
    gsize n_bytes = 0;
    g_autofree guchar *plain = g_base64_decode(values[LINE_SEALED], &n_bytes);
    apply_stream(&secret, plain, n_bytes);
    g_autofree char *answers = g_strndup((const char *)plain, n_bytes);
    TwinBlindKey *self = read_plain(answers);
    if (self == NULL) {
        (void)fail_changed(error); /* sealed by another program */
        return NULL;
    }
    memcpy(self->study, study, sizeof study);
    return self;
}
