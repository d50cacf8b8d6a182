// SPDX-License-Identifier: Apache-2.0
#include "csr/crypto.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/ossl.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

struct pc_crypto {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *provider;
    EVP_MD *digests[PC_DIGEST_COUNT];
};

struct pc_verifier {
    const struct pc_crypto *crypto;
    struct pc_buf spki;
    struct pc_public key; /* borrows from spki */
    EVP_PKEY *pkey;
    EVP_MD_CTX *usual; /* ready for the usual scheme of such keys: copying is faster than making */
};

/* The one place where a failure of libcrypto becomes one of ours. */
static struct pc_result fail_ossl(p11csr_error **err, enum p11csr_code code, const char *what)
{
    const unsigned long why = ERR_peek_last_error();
    const char *reason = why != 0 ? ERR_reason_error_string(why) : NULL;
    if (pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    return pc_fail(err, code, "%s: %s", what, reason != NULL ? reason : "libcrypto gives no reason");
}

static void free_crypto(struct pc_crypto *crypto)
{
    for (size_t i = 0; i < PC_DIGEST_COUNT; i++) {
        EVP_MD_free(crypto->digests[i]);
    }
    if (crypto->provider != NULL) {
        (void)OSSL_PROVIDER_unload(crypto->provider);
    }
    OSSL_LIB_CTX_free(crypto->libctx);
    pc_release(crypto);
}

void pc_crypto_free(struct pc_crypto **crypto)
{
    if (crypto != NULL && *crypto != NULL) {
        PC_OSSL_KEEP_ERRORS(mark);
        free_crypto(*crypto);
        *crypto = NULL;
    }
}

OSSL_LIB_CTX *pc_crypto_libctx(const struct pc_crypto *crypto)
{
    return crypto->libctx;
}

/* Everything that is looked up by name is looked up here, once. */
static struct pc_result fetch_all(struct pc_crypto *crypto, p11csr_error **err)
{
    crypto->libctx = OSSL_LIB_CTX_new();
    if (crypto->libctx == NULL) {
        return pc_fail_memory(err);
    }
    crypto->provider = OSSL_PROVIDER_load(crypto->libctx, "default");
    if (crypto->provider == NULL) {
        return fail_ossl(err, P11CSR_E_INTERNAL, "libcrypto's default provider");
    }
    for (size_t i = PC_DIGEST_NONE + 1; i < PC_DIGEST_COUNT; i++) {
        const char *name = pc_digest_get((enum pc_digest_id)i)->ossl_name;
        crypto->digests[i] = EVP_MD_fetch(crypto->libctx, name, NULL);
        if (crypto->digests[i] == NULL) {
            return fail_ossl(err, P11CSR_E_INTERNAL, name);
        }
    }
    return PC_OK;
}

PC_RESULT pc_crypto_new(struct pc_crypto **ret, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pc_crypto *crypto PC_CLEANUP(pc_crypto_free) = pc_alloc(sizeof(*crypto));
    if (crypto == NULL) {
        return pc_fail_memory(err);
    }
    PC_TRY(fetch_all(crypto, err));
    *ret = crypto;
    crypto = NULL;
    return PC_OK;
}

PC_RESULT pc_crypto_digest(const struct pc_crypto *crypto, enum pc_digest_id digest, struct pc_span message,
                           uint8_t ret[static PC_DIGEST_MAX], p11csr_error **err)
{
    assert(digest > PC_DIGEST_NONE && digest < PC_DIGEST_COUNT);
    PC_OSSL_KEEP_ERRORS(mark);
    if (EVP_Digest(message.ptr, message.len, ret, NULL, crypto->digests[digest], NULL) != 1) {
        return fail_ossl(err, P11CSR_E_INTERNAL, "EVP_Digest");
    }
    return PC_OK;
}

/* What libcrypto refuses to verify with (rsa.h): such a key says nothing about the signature. */
static bool rsa_too_large(const BIGNUM *n, const BIGNUM *e)
{
    return BN_num_bits(n) > OPENSSL_RSA_MAX_MODULUS_BITS ||
           (BN_num_bits(n) > OPENSSL_RSA_SMALL_MODULUS_BITS && BN_num_bits(e) > OPENSSL_RSA_MAX_PUBEXP_BITS);
}

/* Copies the parameters that were collected; the numbers may go afterwards. */
static struct pc_result to_params(OSSL_PARAM_BLD *builder, bool pushed, OSSL_PARAM **ret, p11csr_error **err)
{
    *ret = pushed ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    return *ret != NULL ? PC_OK : pc_fail_memory(err);
}

static struct pc_result rsa_params(const struct pc_public *key, OSSL_PARAM **ret, p11csr_error **err)
{
    OSSL_PARAM_BLD *builder PC_CLEANUP(pc_ossl_free_builder) = OSSL_PARAM_BLD_new();
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = BN_bin2bn(key->modulus.ptr, (int)key->modulus.len, NULL);
    BIGNUM *e PC_CLEANUP(pc_ossl_free_bn) = BN_bin2bn(key->exponent.ptr, (int)key->exponent.len, NULL);
    if (builder == NULL || n == NULL || e == NULL) {
        return pc_fail_memory(err);
    }
    if (rsa_too_large(n, e)) {
        return pc_fail(err, P11CSR_E_UNSUPPORTED,
                       "libcrypto does not verify with an RSA key of %u bits and exponent of "
                       "%d bits",
                       key->bits, BN_num_bits(e));
    }
    const bool pushed = OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1;
    return to_params(builder, pushed, ret, err);
}

static struct pc_result point_params(const struct pc_public *key, OSSL_PARAM **ret, p11csr_error **err)
{
    OSSL_PARAM_BLD *builder PC_CLEANUP(pc_ossl_free_builder) = OSSL_PARAM_BLD_new();
    const char *group = key->spec->ossl_group;
    if (builder == NULL) {
        return pc_fail_memory(err);
    }
    const bool pushed = (group == NULL || OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                                                          group, 0) == 1) &&
                        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, key->point.ptr,
                                                         key->point.len) == 1;
    return to_params(builder, pushed, ret, err);
}

/* A point that is not on its curve would make every statement about a signature worthless. */
static struct pc_result check_point(const struct pc_verifier *verifier, p11csr_error **err)
{
    EVP_PKEY_CTX *ctx PC_CLEANUP(pc_ossl_free_pkey_ctx) =
        EVP_PKEY_CTX_new_from_pkey(verifier->crypto->libctx, verifier->pkey, NULL);
    if (ctx == NULL) {
        return pc_fail_memory(err);
    }
    if (EVP_PKEY_public_check(ctx) != 1) {
        return fail_ossl(err, P11CSR_E_PROOF_PUBLIC_KEY, "the public key is not valid");
    }
    return PC_OK;
}

static struct pc_result make_pkey(struct pc_verifier *verifier, p11csr_error **err)
{
    const struct pc_keyspec *spec = verifier->key.spec;
    const bool rsa = spec->family == PC_FAMILY_RSA;
    OSSL_PARAM *params PC_CLEANUP(pc_ossl_free_params) = NULL;
    PC_TRY(rsa ? rsa_params(&verifier->key, &params, err) : point_params(&verifier->key, &params, err));
    EVP_PKEY_CTX *ctx PC_CLEANUP(pc_ossl_free_pkey_ctx) =
        EVP_PKEY_CTX_new_from_name(verifier->crypto->libctx, spec->ossl_type, NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1) {
        const struct pc_result result =
            fail_ossl(err, P11CSR_E_UNSUPPORTED, "libcrypto does not know this kind of key");
        pc_note(err, "it is %s, and libcrypto is %s", spec->name, OpenSSL_version(OPENSSL_VERSION_STRING));
        return result;
    }
    if (EVP_PKEY_fromdata(ctx, &verifier->pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return fail_ossl(err, P11CSR_E_PROOF_PUBLIC_KEY, "the public key is not valid");
    }
    return spec->order_len > 0 || spec->family == PC_FAMILY_EDWARDS ? check_point(verifier, err) : PC_OK;
}

void pc_verifier_free(struct pc_verifier **verifier)
{
    if (verifier != NULL && *verifier != NULL) {
        EVP_MD_CTX_free((*verifier)->usual);
        EVP_PKEY_free((*verifier)->pkey);
        pc_buf_done(&(*verifier)->spki);
        pc_release(*verifier);
        *verifier = NULL;
    }
}

const struct pc_public *pc_verifier_key(const struct pc_verifier *verifier)
{
    return &verifier->key;
}

struct pc_span pc_verifier_spki(const struct pc_verifier *verifier)
{
    return pc_buf_span(&verifier->spki);
}

/* PSS with the salt as long as the digest; the MGF's digest is that of the message unless set (RFC 4055). */
static bool set_pss(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* Readies `ctx` for verifying with this scheme. False when libcrypto cannot. */
static bool prepare(const struct pc_verifier *verifier, const struct pc_scheme *scheme, EVP_MD_CTX *ctx)
{
    const char *digest = pc_digest_get(scheme->digest)->ossl_name; // NULL: it takes the message itself
    EVP_PKEY_CTX *pkey_ctx = NULL;                                 // belongs to ctx
    if (verifier->usual != NULL && scheme->id == verifier->key.spec->scheme) {
        return EVP_MD_CTX_copy_ex(ctx, verifier->usual) == 1;
    }
    return EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, digest, verifier->crypto->libctx, NULL, verifier->pkey,
                                   NULL) == 1 &&
           (!scheme->pss || set_pss(pkey_ctx));
}

PC_RESULT pc_verifier_new(const struct pc_crypto *crypto, struct pc_span spki, struct pc_verifier **ret,
                          p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pc_verifier *verifier PC_CLEANUP(pc_verifier_free) = pc_alloc(sizeof(*verifier));
    if (verifier == NULL) {
        return pc_fail_memory(err);
    }
    verifier->crypto = crypto;
    pc_buf_init(&verifier->spki, PC_MAX_SPKI);
    pc_buf_add_span(&verifier->spki, spki);
    PC_TRY(pc_buf_check(&verifier->spki, err));
    PC_TRY(pc_public_from_spki(pc_buf_span(&verifier->spki), &verifier->key, err));
    PC_TRY(make_pkey(verifier, err));
    EVP_MD_CTX *usual PC_CLEANUP(pc_ossl_free_md_ctx) = EVP_MD_CTX_new();
    if (usual == NULL) {
        return pc_fail_memory(err);
    }
    if (prepare(verifier, pc_scheme_get(verifier->key.spec->scheme), usual)) {
        verifier->usual = usual;
        usual = NULL;
    }
    *ret = verifier;
    verifier = NULL;
    return PC_OK;
}

PC_RESULT pc_verifier_check(const struct pc_verifier *verifier, const struct pc_scheme *scheme,
                            struct pc_span message, struct pc_span signature, enum pc_verdict *ret,
                            p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    EVP_MD_CTX *ctx PC_CLEANUP(pc_ossl_free_md_ctx) = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return pc_fail_memory(err);
    }
    if (!pc_scheme_fits(scheme, verifier->key.spec)) {
        *ret = PC_VERDICT_BAD;
        return PC_OK;
    }
    if (!prepare(verifier, scheme, ctx)) {
        *ret = PC_VERDICT_UNKNOWN;
        return pc_ossl_out_of_memory() ? pc_fail_memory(err) : PC_OK;
    }
    const int answer = EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len);
    if (answer != 1 && pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    *ret = answer == 1 ? PC_VERDICT_GOOD : PC_VERDICT_BAD;
    return PC_OK;
}
