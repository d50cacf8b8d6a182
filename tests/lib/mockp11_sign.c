// SPDX-License-Identifier: Apache-2.0
#include "lib/mockp11_parts.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

/* C_SignInit and C_Sign of the mock, done for real by libcrypto. */

enum { P256_NUMBER = 32 };

struct mech_row {
    CK_MECHANISM_TYPE type;
    const char *digest; /* that the token makes itself; NULL: the input is used as it is */
    bool pss;
};

static const struct mech_row mech_rows[] = {
    {.type = CKM_RSA_PKCS},
    {.type = CKM_SHA256_RSA_PKCS, .digest = "SHA256"},
    {.type = CKM_SHA384_RSA_PKCS, .digest = "SHA384"},
    {.type = CKM_SHA512_RSA_PKCS, .digest = "SHA512"},
    {.type = CKM_RSA_PKCS_PSS, .pss = true},
    {.type = CKM_SHA256_RSA_PKCS_PSS, .digest = "SHA256", .pss = true},
    {.type = CKM_SHA384_RSA_PKCS_PSS, .digest = "SHA384", .pss = true},
    {.type = CKM_SHA512_RSA_PKCS_PSS, .digest = "SHA512", .pss = true},
    {.type = CKM_ECDSA},
    {.type = CKM_ECDSA_SHA256, .digest = "SHA256"},
    {.type = CKM_ECDSA_SHA384, .digest = "SHA384"},
    {.type = CKM_ECDSA_SHA512, .digest = "SHA512"},
    {.type = CKM_EDDSA},
};

static const struct mech_row *find_row(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < PC_ARRAY_LEN(mech_rows); i++) {
        if (mech_rows[i].type == type) {
            return &mech_rows[i];
        }
    }
    return NULL;
}

static CK_KEY_TYPE type_of_mechanism(CK_MECHANISM_TYPE type)
{
    if (type == CKM_EDDSA) {
        return CKK_EC_EDWARDS;
    }
    return type >= CKM_ECDSA ? CKK_EC : CKK_RSA;
}

static CK_RV check_key(const struct mock_object *key, CK_MECHANISM_TYPE type)
{
    const struct mock_attribute *sign = mock_get(key, CKA_SIGN);
    const struct mock_attribute *key_type = mock_get(key, CKA_KEY_TYPE);
    const CK_KEY_TYPE wanted = type_of_mechanism(type);
    if (key->pkey == NULL) {
        return CKR_KEY_HANDLE_INVALID;
    }
    if (sign == NULL || sign->value[0] != CK_TRUE) {
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    }
    return key_type != NULL && memcmp(key_type->value, &wanted, sizeof(wanted)) == 0
               ? CKR_OK
               : CKR_KEY_TYPE_INCONSISTENT;
}

CK_RV mock_sign_init(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key_handle)
{
    struct mock *mock = mock_current();
    struct mock_session *session = mock_session_get(handle);
    const struct mock_object *key = mock_object_get(mock, key_handle);
    if (session == NULL) {
        return CKR_SESSION_HANDLE_INVALID;
    }
    if (session->key != CK_INVALID_HANDLE) {
        return CKR_OPERATION_ACTIVE;
    }
    const struct mech_row *row = find_row(mechanism->mechanism);
    CK_MECHANISM_INFO info;
    if (row == NULL ||
        mock_get_mechanism_info(mock->slots[session->slot].id, mechanism->mechanism, &info) != CKR_OK) {
        return CKR_MECHANISM_INVALID;
    }
    if (mechanism->ulParameterLen != (row->pss ? sizeof(CK_RSA_PKCS_PSS_PARAMS) : 0)) {
        return CKR_MECHANISM_PARAM_INVALID;
    }
    if (key == NULL || !mock_visible(session, key)) {
        return CKR_KEY_HANDLE_INVALID;
    }
    const CK_RV rv = check_key(key, mechanism->mechanism);
    if (rv != CKR_OK) {
        return rv;
    }
    mock->last_mechanism = *mechanism;
    if (row->pss) {
        memcpy(&session->pss, mechanism->pParameter, sizeof(session->pss));
        mock->last_pss = session->pss;
    }
    session->key = key_handle;
    session->mechanism = mechanism->mechanism;
    session->authenticated = false;
    return CKR_OK;
}

static const EVP_MD *md_by_ckm(CK_MECHANISM_TYPE type)
{
    return type == CKM_SHA384 ? EVP_sha384() : (type == CKM_SHA512 ? EVP_sha512() : EVP_sha256());
}

/* Sets padding and salt. The digest is given by its mechanism: raw PSS gets a digest made elsewhere. */
static void set_rsa(EVP_PKEY_CTX *ctx, const struct mech_row *row, const CK_RSA_PKCS_PSS_PARAMS *pss)
{
    if (!row->pss) {
        MOCK_CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
        return;
    }
    MOCK_CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1);
    MOCK_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)pss->sLen) == 1);
    if (row->digest == NULL) {
        MOCK_CHECK(EVP_PKEY_CTX_set_signature_md(ctx, md_by_ckm(pss->hashAlg)) == 1);
    }
}

/* The token's own hashing, or none for EdDSA. */
static size_t sign_message(EVP_PKEY *key, const struct mech_row *row, const CK_RSA_PKCS_PSS_PARAMS *pss,
                           struct pc_span input, uint8_t ret[static MOCK_SIGNATURE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    size_t len = MOCK_SIGNATURE;
    MOCK_CHECK(EVP_DigestSignInit_ex(ctx, &key_ctx, row->digest, NULL, NULL, key, NULL) == 1);
    if (EVP_PKEY_is_a(key, "RSA")) {
        set_rsa(key_ctx, row, pss);
    }
    MOCK_CHECK(EVP_DigestSign(ctx, ret, &len, input.ptr, input.len) == 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static size_t sign_plain(EVP_PKEY *key, const struct mech_row *row, const CK_RSA_PKCS_PSS_PARAMS *pss,
                         struct pc_span input, uint8_t ret[static MOCK_SIGNATURE])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t len = MOCK_SIGNATURE;
    MOCK_CHECK(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1);
    if (EVP_PKEY_is_a(key, "RSA")) {
        set_rsa(ctx, row, pss);
    }
    MOCK_CHECK(EVP_PKEY_sign(ctx, ret, &len, input.ptr, input.len) == 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

/* PKCS#11 has r and s side by side where libcrypto has a SEQUENCE. */
static size_t split_ecdsa(uint8_t bytes[static MOCK_SIGNATURE], size_t len)
{
    const unsigned char *at = bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    MOCK_CHECK(signature != NULL);
    MOCK_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, P256_NUMBER) == P256_NUMBER);
    MOCK_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + P256_NUMBER, P256_NUMBER) == P256_NUMBER);
    ECDSA_SIG_free(signature);
    return 2 * (size_t)P256_NUMBER;
}

static size_t make_signature(const struct mock_session *session, EVP_PKEY *key, struct pc_span input,
                             uint8_t ret[static MOCK_SIGNATURE])
{
    const struct mech_row *row = find_row(session->mechanism);
    MOCK_CHECK(row != NULL);
    if (row == NULL) {
        return 0;
    }
    size_t len = row->digest != NULL || session->mechanism == CKM_EDDSA
                     ? sign_message(key, row, &session->pss, input, ret)
                     : sign_plain(key, row, &session->pss, input, ret);
    return type_of_mechanism(session->mechanism) == CKK_EC ? split_ecdsa(ret, len) : len;
}

static bool wants_authentication(const struct mock_object *key)
{
    const struct mock_attribute *always = mock_get(key, CKA_ALWAYS_AUTHENTICATE);
    return always != NULL && always->value[0] == CK_TRUE;
}

CK_RV mock_sign(CK_SESSION_HANDLE handle, CK_BYTE *input, CK_ULONG len, CK_BYTE *ret, CK_ULONG *ret_len)
{
    struct mock *mock = mock_current();
    struct mock_session *session = mock_session_get(handle);
    uint8_t made[MOCK_SIGNATURE] = {0};
    if (session == NULL || session->key == CK_INVALID_HANDLE) {
        return session == NULL ? CKR_SESSION_HANDLE_INVALID : CKR_OPERATION_NOT_INITIALIZED;
    }
    const struct mock_object *key = mock_object_get(mock, session->key);
    if (key == NULL || (wants_authentication(key) && !session->authenticated)) {
        session->key = CK_INVALID_HANDLE;
        return key == NULL ? CKR_KEY_HANDLE_INVALID : CKR_USER_NOT_LOGGED_IN;
    }
    const CK_ULONG room = *ret_len;
    const size_t made_len = make_signature(session, key->pkey, (struct pc_span){input, len}, made);
    if (mock->knobs.sign_too_small > 0 || room < made_len) {
        mock->knobs.sign_too_small -= mock->knobs.sign_too_small > 0 ? 1 : 0;
        *ret_len = mock->knobs.sign_wants != 0 ? mock->knobs.sign_wants : made_len;
        return CKR_BUFFER_TOO_SMALL; // the operation stays active
    }
    made[made_len / 2] ^= mock->knobs.sign_wrong ? 1 : 0;
    memcpy(ret, made, made_len);
    *ret_len = mock->knobs.sign_extra != 0 ? room + mock->knobs.sign_extra : made_len;
    mock->last_input_len = len;
    mock->signatures++;
    session->key = CK_INVALID_HANDLE;
    session->authenticated = false;
    return CKR_OK;
}

/* The SEQUENCE that libcrypto wants of r and s. */
static size_t join_ecdsa(struct pc_span raw, unsigned char **ret)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.ptr, (int)raw.len / 2, NULL);
    BIGNUM *s = BN_bin2bn(raw.ptr + raw.len / 2, (int)raw.len / 2, NULL);
    MOCK_CHECK(signature != NULL && ECDSA_SIG_set0(signature, r, s) == 1);
    *ret = NULL;
    const int len = i2d_ECDSA_SIG(signature, ret);
    ECDSA_SIG_free(signature);
    MOCK_CHECK(len > 0);
    return (size_t)len;
}

bool mock_verify(EVP_PKEY *key, struct pc_span message, struct pc_span signature, bool pss)
{
    const bool ecdsa = EVP_PKEY_is_a(key, "EC");
    unsigned char *joined = NULL;
    const size_t joined_len = ecdsa ? join_ecdsa(signature, &joined) : 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";
    MOCK_CHECK(EVP_DigestVerifyInit_ex(ctx, &key_ctx, digest, NULL, NULL, key, NULL) == 1);
    if (pss) {
        MOCK_CHECK(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1);
        MOCK_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    const int good = EVP_DigestVerify(ctx, ecdsa ? joined : signature.ptr, ecdsa ? joined_len : signature.len,
                                      message.ptr, message.len);
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(joined);
    return good == 1;
}
