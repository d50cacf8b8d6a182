// SPDX-License-Identifier: Apache-2.0
#include "tokens/pubkey.h"

#include "base/error.h"
#include "base/limits.h"
#include "der/reader.h"

#include <stdio.h>
#include <string.h>

static const char *const source_names[] = {
    [PC_PUBKEY_NONE] = "none",
    [PC_PUBKEY_OBJECT] = "public-key-object",
    [PC_PUBKEY_INFO] = "public-key-info",
    [PC_PUBKEY_PRIVATE] = "private-key-attributes",
    [PC_PUBKEY_CERTIFICATE] = "certificate",
    [PC_PUBKEY_GIVEN] = "file",
};
_Static_assert(PC_ARRAY_LEN(source_names) == PC_PUBKEY_SOURCE_COUNT, "a source has no name");

const char *pc_pubkey_source_name(enum pc_pubkey_source source)
{
    return source_names[source];
}

/*
 * DER that a token shows and that cannot be read is not an input of the caller's: the reader's error becomes
 * one about the token.
 */
static struct pc_result as_token_fault(struct pc_result result, p11csr_error **why, const char *what,
                                       p11csr_error **err)
{
    if (result.code == P11CSR_E_REQUEST) {
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "%s: %s", what, p11csr_error_cause(*why, 0));
    }
    if (!pc_is_ok(result) && err != NULL) {
        p11csr_error_free(err);
        *err = *why;
        *why = NULL;
    }
    return result;
}

static void pair_done(struct pc_buf (*pair)[2])
{
    pc_buf_done(&(*pair)[0]);
    pc_buf_done(&(*pair)[1]);
}

/* Reads two attributes of a key object; *ret_there is true when both are there and not empty. */
static struct pc_result read_pair(struct pc_token *token, CK_OBJECT_HANDLE object,
                                  const CK_ATTRIBUTE_TYPE types[2], struct pc_buf values[2], bool *ret_there,
                                  p11csr_error **err)
{
    *ret_there = true;
    for (int i = 0; i < 2 && *ret_there; i++) {
        PC_TRY(pc_object_read(token, object, types[i], &values[i], ret_there, err));
        *ret_there = *ret_there && values[i].len > 0;
    }
    return PC_OK;
}

static const struct pc_family *family_by_ckk(CK_KEY_TYPE type, enum pc_family_id *ret_id)
{
    for (int id = 0; id < PC_FAMILY_COUNT; id++) {
        if (pc_family_get((enum pc_family_id)id)->ckk == type) {
            *ret_id = (enum pc_family_id)id;
            return pc_family_get(*ret_id);
        }
    }
    return NULL;
}

static struct pc_result from_values(enum pc_family_id id, struct pc_span first, struct pc_span second,
                                    struct pc_public *ret, p11csr_error **err)
{
    CK_ULONG set = 0;
    switch (pc_family_get(id)->params) {
    case PC_PARAMS_RSA:
        return pc_public_rsa(first, second, ret, err);
    case PC_PARAMS_EC:
        return pc_public_ec(id, first, second, ret, err);
    case PC_PARAMS_SET:
    default:
        if (first.len != sizeof(set)) {
            return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "CKA_PARAMETER_SET has %zu octets", first.len);
        }
        memcpy(&set, first.ptr, sizeof(set));
        return pc_public_set(id, set, second, ret, err);
    }
}

/*
 * Makes a SubjectPublicKeyInfo from the attributes of a public or private key object. CKA_VALUE of a private
 * key is never asked for: where it would be needed, a private key shows nothing.
 */
static struct pc_result from_attributes(struct pc_token *token, CK_OBJECT_HANDLE object, CK_KEY_TYPE type,
                                        bool is_private, struct pc_buf *ret_spki, p11csr_error **err)
{
    static const CK_ATTRIBUTE_TYPE wanted[][2] = {
        [PC_PARAMS_RSA] = {CKA_MODULUS, CKA_PUBLIC_EXPONENT},
        [PC_PARAMS_EC] = {CKA_EC_PARAMS, CKA_EC_POINT},
        [PC_PARAMS_SET] = {PC_CKA_PARAMETER_SET, CKA_VALUE},
    };
    enum pc_family_id id = PC_FAMILY_COUNT;
    const struct pc_family *family = family_by_ckk(type, &id);
    if (family == NULL) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED, "CKA_KEY_TYPE 0x%lx is not one that p11csr knows", type);
    }
    struct pc_buf values[2] PC_CLEANUP(pair_done) = {{0}};
    bool there = false;
    pc_buf_init(&values[0], PC_MAX_ATTRIBUTE);
    pc_buf_init(&values[1], PC_MAX_ATTRIBUTE);
    if (family->params == PC_PARAMS_SET && is_private) {
        return PC_OK;
    }
    PC_TRY(read_pair(token, object, wanted[family->params], values, &there, err));
    if (!there) {
        return PC_OK;
    }
    struct pc_public key;
    PC_TRY(from_values(id, pc_buf_span(&values[0]), pc_buf_span(&values[1]), &key, err));
    return pc_public_to_spki(&key, ret_spki, err);
}

/* CKA_PUBLIC_KEY_INFO is a SubjectPublicKeyInfo; many modules leave it empty. */
static struct pc_result from_info(struct pc_token *token, CK_OBJECT_HANDLE object, struct pc_buf *ret_spki,
                                  p11csr_error **err)
{
    bool there = false;
    return pc_object_read(token, object, CKA_PUBLIC_KEY_INFO, ret_spki, &there, err);
}

static struct pc_result from_certificate(struct pc_token *token, CK_OBJECT_HANDLE object,
                                         struct pc_buf *ret_spki, p11csr_error **err)
{
    struct pc_buf value PC_CLEANUP(pc_buf_done) = {0};
    bool there = false;
    pc_buf_init(&value, PC_MAX_ATTRIBUTE);
    PC_TRY(pc_object_read(token, object, CKA_VALUE, &value, &there, err));
    if (!there || value.len == 0) {
        return PC_OK;
    }
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_span spki = {0};
    PC_TRY(as_token_fault(pc_public_spki_in_certificate(pc_buf_span(&value), &spki, &why), &why,
                          "the certificate beside the key cannot be read", err));
    pc_buf_add_span(ret_spki, spki);
    return pc_buf_check(ret_spki, err);
}

/* Of a given key, its kind is all that can be compared before something is signed. */
static struct pc_result from_given(const struct pc_key *key, struct pc_buf *ret_spki, p11csr_error **err)
{
    p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_public given;
    if (key->given.len == 0) {
        return PC_OK;
    }
    PC_TRY(as_token_fault(pc_public_from_spki(key->given, &given, &why), &why,
                          pc_pubkey_source_name(PC_PUBKEY_GIVEN), err));
    if (key->type != CK_UNAVAILABLE_INFORMATION && key->type != pc_family_get(given.spec->family)->ckk) {
        char name[32];
        pc_public_name(&given, name, sizeof(name));
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY,
                       "the given public key is of the kind %s, the private key is not", name);
    }
    pc_buf_add_span(ret_spki, key->given);
    return pc_buf_check(ret_spki, err);
}

static struct pc_result read_source(struct pc_token *token, const struct pc_key *key,
                                    enum pc_pubkey_source source, struct pc_buf *ret_spki, p11csr_error **err)
{
    switch (source) {
    case PC_PUBKEY_OBJECT:
        return key->public_key == CK_INVALID_HANDLE
                   ? PC_OK
                   : from_attributes(token, key->public_key, key->type, false, ret_spki, err);
    case PC_PUBKEY_INFO:
        return key->private_key == CK_INVALID_HANDLE ? PC_OK
                                                     : from_info(token, key->private_key, ret_spki, err);
    case PC_PUBKEY_PRIVATE:
        return key->private_key == CK_INVALID_HANDLE
                   ? PC_OK
                   : from_attributes(token, key->private_key, key->type, true, ret_spki, err);
    case PC_PUBKEY_CERTIFICATE:
        return key->certificate == CK_INVALID_HANDLE
                   ? PC_OK
                   : from_certificate(token, key->certificate, ret_spki, err);
    case PC_PUBKEY_GIVEN:
        return from_given(key, ret_spki, err);
    case PC_PUBKEY_NONE:
    case PC_PUBKEY_SOURCE_COUNT:
        break;
    }
    return PC_OK;
}

/* Takes the first source, or compares a further one with it. */
static struct pc_result take_or_compare(struct pc_key *key, enum pc_pubkey_source source, struct pc_buf *spki,
                                        p11csr_error **err)
{
    if (key->source == PC_PUBKEY_NONE) {
        pc_buf_done(&key->spki);
        key->spki = *spki;
        pc_buf_init(spki, PC_MAX_SPKI);
        key->source = source;
        p11csr_error *why PC_CLEANUP(pc_error_cleanup) = NULL;
        char what[64];
        (void)snprintf(what, sizeof(what), "%s is no public key", pc_pubkey_source_name(source));
        return as_token_fault(pc_public_from_spki(pc_buf_span(&key->spki), &key->public, &why), &why, what,
                              err);
    }
    if (!pc_span_eq(pc_buf_span(&key->spki), pc_buf_span(spki))) {
        key->differs = source;
        return pc_fail(err, P11CSR_E_PROOF_PUBLIC_KEY, "%s and %s show different public keys",
                       pc_pubkey_source_name(key->source), pc_pubkey_source_name(source));
    }
    return PC_OK;
}

PC_RESULT pc_pubkey_read(struct pc_token *token, struct pc_key *key, p11csr_error **err)
{
    for (int source = PC_PUBKEY_OBJECT; source < PC_PUBKEY_SOURCE_COUNT; source++) {
        struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
        pc_buf_init(&spki, PC_MAX_ATTRIBUTE);
        PC_TRY(read_source(token, key, (enum pc_pubkey_source)source, &spki, err));
        if (spki.len > 0) {
            PC_TRY(take_or_compare(key, (enum pc_pubkey_source)source, &spki, err));
        }
    }
    if (key->source == PC_PUBKEY_NONE) {
        (void)snprintf(
            key->why_no_spki, sizeof(key->why_no_spki), "%s",
            "no public key object or certificate has its CKA_ID, and the private key does not show it");
    }
    return PC_OK;
}
