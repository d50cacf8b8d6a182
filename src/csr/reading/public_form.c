// SPDX-License-Identifier: Apache-2.0
#include "csr/reading/public_form.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "csr/reading/base64.h"
#include "csr/reading/read.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* What a form is made from. */
struct source {
    const struct pc_crypto *crypto;
    struct pc_span spki;
    struct pc_public key;
    const char *comment;
};

/* What other standards call the kinds of keys; NULL where they have no name. */
struct names {
    enum pc_keyspec_id spec;
    const char *ssh;       /* key type */
    const char *ssh_curve; /* of ECDSA */
    const char *jwk;       /* "crv" */
};
static const struct names curves[] = {
    {PC_KEYSPEC_P256, "ecdsa-sha2-nistp256", "nistp256", "P-256"},
    {PC_KEYSPEC_P384, "ecdsa-sha2-nistp384", "nistp384", "P-384"},
    {PC_KEYSPEC_P521, "ecdsa-sha2-nistp521", "nistp521", "P-521"},
    {PC_KEYSPEC_SECP256K1, NULL, NULL, "secp256k1"},
    {PC_KEYSPEC_ED25519, "ssh-ed25519", NULL, "Ed25519"},
    {PC_KEYSPEC_ED448, NULL, NULL, "Ed448"},
};

static const struct names *names_of(const struct pc_public *key)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(curves); i++) {
        if (key->spec->id == curves[i].spec) {
            return &curves[i];
        }
    }
    return NULL;
}

static struct pc_result no_name(const struct source *from, const char *form, p11csr_error **err)
{
    char name[32];
    pc_public_name(&from->key, name, sizeof(name));
    const struct pc_result result =
        pc_fail(err, P11CSR_E_UNSUPPORTED, "%s has no form for %s keys", form, name);
    pc_hint(err, "take --form spki-pem, which every kind of key has");
    return result;
}

static struct pc_result write_pem(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    return pc_pem_encode("PUBLIC KEY", from->spki, ret, err);
}

static struct pc_result write_der(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    pc_buf_add_span(ret, from->spki);
    return pc_buf_check(ret, err);
}

static struct pc_result write_sha256(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    uint8_t digest[PC_DIGEST_MAX];
    PC_TRY(pc_crypto_digest(from->crypto, PC_DIGEST_SHA256, from->spki, digest, err));
    pc_hex_add(ret, (struct pc_span){digest, pc_digest_get(PC_DIGEST_SHA256)->len}, 0);
    pc_buf_byte(ret, '\n');
    return pc_buf_check(ret, err);
}

/* Usage 3: this key itself; selector 1: SubjectPublicKeyInfo; matching type 1: SHA-256. */
static struct pc_result write_tlsa(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    pc_buf_text(ret, "3 1 1 ");
    return write_sha256(from, ret, err);
}

/* RFC 4251 section 5: "string", and "mpint" for a number that is not negative. */
static void ssh_string(struct pc_buf *ret, struct pc_span bytes, bool is_number)
{
    const bool sign = is_number && bytes.len > 0 && (bytes.ptr[0] & 0x80) != 0;
    const size_t len = bytes.len + (sign ? 1 : 0);
    for (int shift = 24; shift >= 0; shift -= 8) {
        pc_buf_byte(ret, (uint8_t)(len >> shift));
    }
    if (sign) {
        pc_buf_byte(ret, 0);
    }
    pc_buf_add_span(ret, bytes);
}

static struct pc_result write_ssh(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    struct pc_buf blob PC_CLEANUP(pc_buf_done) = {0};
    const bool rsa = from->key.spec->family == PC_FAMILY_RSA;
    const struct names *names = names_of(&from->key);
    const char *type = rsa ? "ssh-rsa" : (names != NULL ? names->ssh : NULL);
    pc_buf_init(&blob, (size_t)2 * PC_MAX_SPKI);
    if (type == NULL) {
        return no_name(from, "OpenSSH", err);
    }
    ssh_string(&blob, pc_span_str(type), false);
    if (rsa) {
        ssh_string(&blob, from->key.exponent, true);
        ssh_string(&blob, from->key.modulus, true);
    } else {
        if (names->ssh_curve != NULL) {
            ssh_string(&blob, pc_span_str(names->ssh_curve), false);
        }
        ssh_string(&blob, from->key.point, false);
    }
    PC_TRY(pc_buf_check(&blob, err));
    pc_buf_printf(ret, "%s ", type);
    PC_TRY(pc_base64_encode(pc_buf_span(&blob), ret, err));
    pc_buf_printf(ret, "%s%s\n", from->comment[0] != 0 ? " " : "", from->comment);
    return pc_buf_check(ret, err);
}

/* Adds a member in base64url without padding (RFC 7515 section 2). */
static struct pc_result add_member(json_t *jwk, const char *name, struct pc_span bytes, p11csr_error **err)
{
    struct pc_buf text PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&text, (size_t)2 * PC_MAX_SPKI);
    PC_TRY(pc_base64_encode(bytes, &text, err));
    while (text.len > 0 && text.ptr[text.len - 1] == '=') {
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        text.ptr[i] = text.ptr[i] == '+' ? '-' : (text.ptr[i] == '/' ? '_' : text.ptr[i]);
    }
    return json_object_set_new(jwk, name, json_stringn((const char *)text.ptr, text.len)) == 0
               ? PC_OK
               : pc_fail_memory(err);
}

static struct pc_result fill_jwk(const struct source *from, json_t *jwk, p11csr_error **err)
{
    static const char *const types[] = {[PC_FAMILY_RSA] = "RSA",
                                        [PC_FAMILY_EC] = "EC",
                                        [PC_FAMILY_EDWARDS] = "OKP",
                                        [PC_FAMILY_ML_DSA] = "AKP"};
    const struct pc_public *key = &from->key;
    const struct names *names = names_of(key);
    if (json_object_set_new(jwk, "kty", json_string(types[key->spec->family])) != 0) {
        return pc_fail_memory(err);
    }
    if (key->spec->family == PC_FAMILY_RSA) {
        PC_TRY(add_member(jwk, "n", key->modulus, err));
        return add_member(jwk, "e", key->exponent, err);
    }
    if (names == NULL) {
        return no_name(from, "JSON Web Key", err);
    }
    if (json_object_set_new(jwk, "crv", json_string(names->jwk)) != 0) {
        return pc_fail_memory(err);
    }
    if (key->spec->family == PC_FAMILY_EDWARDS) {
        return add_member(jwk, "x", key->point, err);
    }
    const size_t half = (key->point.len - 1) / 2; // an uncompressed point: 04, x, y
    PC_TRY(add_member(jwk, "x", (struct pc_span){key->point.ptr + 1, half}, err));
    return add_member(jwk, "y", (struct pc_span){key->point.ptr + 1 + half, half}, err);
}

static struct pc_result write_jwk(const struct source *from, struct pc_buf *ret, p11csr_error **err)
{
    json_t *jwk = json_object();
    struct pc_result result = jwk != NULL ? fill_jwk(from, jwk, err) : pc_fail_memory(err);
    char *text = pc_is_ok(result) ? json_dumps(jwk, JSON_COMPACT) : NULL;
    if (pc_is_ok(result) && text == NULL) {
        result = pc_fail_memory(err);
    }
    if (text != NULL) {
        pc_buf_printf(ret, "%s\n", text);
        result = pc_buf_check(ret, err);
    }
    free(text); // jansson allocates with malloc
    json_decref(jwk);
    return result;
}

struct form {
    const char *name;
    struct pc_result (*write)(const struct source *from, struct pc_buf *ret, p11csr_error **err);
};
static const struct form forms[] = {
    {"spki-pem", write_pem}, {"spki-der", write_der}, {"spki-sha256", write_sha256},
    {"ssh", write_ssh},      {"jwk", write_jwk},      {"tlsa", write_tlsa},
};

static const char *form_name(const void *table, size_t index)
{
    return ((const struct form *)table)[index].name;
}

PC_RESULT pc_public_form_write(const struct pc_crypto *crypto, const char *form, struct pc_span spki,
                               const char *comment, struct pc_buf *ret, p11csr_error **err)
{
    struct source from = {.crypto = crypto, .spki = spki, .comment = comment};
    for (size_t i = 0; i < PC_ARRAY_LEN(forms); i++) {
        if (strcmp(forms[i].name, form) == 0) {
            PC_TRY(pc_public_from_spki(spki, &from.key, err));
            return forms[i].write(&from, ret, err);
        }
    }
    const char *near = pc_nearest_word(form, form_name, forms, PC_ARRAY_LEN(forms));
    const struct pc_result result =
        pc_fail(err, P11CSR_E_USAGE, "there is no form '%s' of a public key%s%s%s", form,
                near != NULL ? "; the nearest is '" : "", near != NULL ? near : "", near != NULL ? "'" : "");
    pc_hint(err, "forms are spki-pem, spki-der, spki-sha256, ssh, jwk and tlsa");
    return result;
}

const char *pc_public_form_name(size_t index)
{
    return index < PC_ARRAY_LEN(forms) ? forms[index].name : NULL;
}
