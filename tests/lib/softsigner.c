// SPDX-License-Identifier: Apache-2.0
#include "lib/softsigner.h"

#include "base/error.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
    EVP_PKEY *pkey;
    unsigned char *spki;
    size_t spki_len;
};

struct softsigner {
    const struct pc_keyspec *spec;
    struct pc_signer signer;
    struct key own;
    struct key other; /* made when it is first needed */
    enum softsigner_fault fault;
    size_t mech;
    size_t sign_count;
};

/* Tests cannot go on without their signer. */
static void must(bool done, const char *what)
{
    if (!done) {
        ERR_print_errors_fp(stderr);
        (void)fprintf(stderr, "software signer: %s\n", what);
        abort();
    }
}

static void make_key(const struct pc_keyspec *spec, struct key *ret)
{
    switch (spec->family) {
    case PC_FAMILY_RSA:
        ret->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)spec->bits);
        break;
    case PC_FAMILY_EC:
        ret->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", spec->ossl_group);
        break;
    case PC_FAMILY_EDWARDS:
    case PC_FAMILY_ML_DSA:
    case PC_FAMILY_COUNT:
    default:
        ret->pkey = EVP_PKEY_Q_keygen(NULL, NULL, spec->ossl_type);
        break;
    }
    must(ret->pkey != NULL, "key generation");
    const int len = i2d_PUBKEY(ret->pkey, &ret->spki);
    must(len > 0, "i2d_PUBKEY");
    ret->spki_len = (size_t)len;
}

static void free_key(struct key *key)
{
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key->spki);
}

static struct pc_span shown_spki(const void *self)
{
    const struct softsigner *signer = self;
    const struct key *key = signer->fault == SOFTSIGNER_OTHER_PUBLIC ? &signer->other : &signer->own;
    return (struct pc_span){key->spki, key->spki_len};
}

static struct pc_result choose(void *self, const struct pc_scheme *scheme, const struct pc_mech **ret,
                               p11csr_error **err)
{
    const struct softsigner *signer = self;
    if (signer->fault == SOFTSIGNER_NO_MECHANISM) {
        return pc_fail(err, P11CSR_E_MECHANISM, "the token offers nothing for %s", scheme->name);
    }
    *ret = &scheme->mechs[signer->mech < scheme->mech_count ? signer->mech : scheme->mech_count - 1];
    return PC_OK;
}

static void set_pss(EVP_PKEY_CTX *ctx)
{
    must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1, "PSS padding");
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1, "PSS salt");
}

/* Hashes (where the scheme does) and signs, as CKM_SHA256_RSA_PKCS and its like do. */
static size_t sign_message(EVP_PKEY *pkey, const struct pc_scheme *scheme, struct pc_span input,
                           unsigned char *ret, size_t size)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    const char *digest = pc_digest_get(scheme->digest)->ossl_name;
    must(EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest, NULL, NULL, pkey, NULL) == 1, "EVP_DigestSignInit_ex");
    if (scheme->pss) {
        set_pss(pkey_ctx);
    }
    must(EVP_DigestSign(ctx, ret, &size, input.ptr, input.len) == 1, "EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
    return size;
}

/* Signs what is given, as CKM_RSA_PKCS, CKM_RSA_PKCS_PSS and CKM_ECDSA do. */
static size_t sign_digest(EVP_PKEY *pkey, const struct pc_scheme *scheme, struct pc_span input,
                          unsigned char *ret, size_t size)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    must(EVP_PKEY_sign_init(ctx) == 1, "EVP_PKEY_sign_init");
    if (scheme->pss) {
        set_pss(ctx);
        EVP_MD *md = EVP_MD_fetch(NULL, pc_digest_get(scheme->digest)->ossl_name, NULL);
        must(EVP_PKEY_CTX_set_signature_md(ctx, md) == 1, "PSS digest");
        EVP_MD_free(md);
    } else if (scheme->family == PC_FAMILY_RSA) {
        must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1, "PKCS#1 padding");
    }
    must(EVP_PKEY_sign(ctx, ret, &size, input.ptr, input.len) == 1, "EVP_PKEY_sign");
    EVP_PKEY_CTX_free(ctx);
    return size;
}

/* Turns the SEQUENCE of libcrypto into the two numbers of PKCS#11. */
static size_t to_raw(const struct pc_keyspec *spec, unsigned char *signature, size_t len)
{
    const unsigned char *p = signature;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &p, (long)len);
    const int half = (int)spec->order_len;
    must(parsed != NULL, "d2i_ECDSA_SIG");
    must(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, half) == half, "r");
    must(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + half, half) == half, "s");
    ECDSA_SIG_free(parsed);
    return 2 * spec->order_len;
}

/* Makes the signature wrong in the way that was asked for; returns its length. */
static size_t spoil(const struct softsigner *signer, unsigned char *signature, size_t len)
{
    const size_t half = signer->spec->order_len;
    switch (signer->fault) {
    case SOFTSIGNER_FLIPPED_BIT:
        signature[len / 2] ^= 1;
        return len;
    case SOFTSIGNER_TOO_SHORT:
        return len - 1;
    case SOFTSIGNER_TOO_LONG:
        signature[len] = 0;
        return len + 1;
    case SOFTSIGNER_EMPTY:
        return 0;
    case SOFTSIGNER_ZERO_R:
        memset(signature, 0, half);
        return len;
    case SOFTSIGNER_ZERO_S:
        memset(signature + half, 0, half);
        return len;
    case SOFTSIGNER_GOOD:
    case SOFTSIGNER_OTHER_MESSAGE:
    case SOFTSIGNER_DER:
    case SOFTSIGNER_OTHER_PUBLIC:
    case SOFTSIGNER_NO_MECHANISM:
    case SOFTSIGNER_REMOVED:
    case SOFTSIGNER_FAULT_COUNT:
    default:
        return len;
    }
}

static struct pc_result sign(void *self, const struct pc_scheme *scheme, const struct pc_mech *mech,
                             struct pc_span input, struct pc_buf *ret, p11csr_error **err)
{
    struct softsigner *signer = self;
    unsigned char signature[8192] = {0};
    unsigned char other[8192] = {0};
    signer->sign_count++;
    if (signer->fault == SOFTSIGNER_REMOVED) {
        return pc_fail(err, P11CSR_E_TOKEN_REMOVED, "C_Sign: CKR_DEVICE_REMOVED");
    }
    must(input.len <= sizeof(other), "a message that is larger than tests need");
    memcpy(other, input.ptr, input.len);
    if (signer->fault == SOFTSIGNER_OTHER_MESSAGE) {
        other[input.len - 1] ^= 1;
    }
    const struct pc_span taken = {other, input.len};
    size_t len = mech->input == PC_INPUT_MESSAGE
                     ? sign_message(signer->own.pkey, scheme, taken, signature, sizeof(signature) - 1)
                     : sign_digest(signer->own.pkey, scheme, taken, signature, sizeof(signature) - 1);
    if (signer->spec->order_len > 0 && signer->fault != SOFTSIGNER_DER) {
        len = to_raw(signer->spec, signature, len);
    }
    pc_buf_add(ret, signature, spoil(signer, signature, len));
    return pc_buf_check(ret, err);
}

static const struct pc_signer_ops ops = {.spki = shown_spki, .choose = choose, .sign = sign};

bool softsigner_can(enum pc_keyspec_id spec)
{
    (void)ERR_set_mark();
    EVP_KEYMGMT *known = EVP_KEYMGMT_fetch(NULL, pc_keyspec_get(spec)->ossl_type, NULL);
    (void)ERR_pop_to_mark();
    EVP_KEYMGMT_free(known);
    return known != NULL;
}

struct softsigner *softsigner_new(enum pc_keyspec_id spec)
{
    struct softsigner *signer = calloc(1, sizeof(*signer));
    must(signer != NULL, "calloc");
    signer->spec = pc_keyspec_get(spec);
    signer->signer = (struct pc_signer){.ops = &ops, .self = signer};
    make_key(signer->spec, &signer->own);
    return signer;
}

void softsigner_free(struct softsigner **signer)
{
    if (*signer != NULL) {
        free_key(&(*signer)->own);
        free_key(&(*signer)->other);
        free(*signer);
        *signer = NULL;
    }
}

void softsigner_set_fault(struct softsigner *signer, enum softsigner_fault fault)
{
    signer->fault = fault;
    if (fault == SOFTSIGNER_OTHER_PUBLIC && signer->other.pkey == NULL) {
        make_key(signer->spec, &signer->other);
    }
}

void softsigner_set_mech(struct softsigner *signer, size_t index)
{
    signer->mech = index;
}

const struct pc_signer *softsigner_get(struct softsigner *signer)
{
    return &signer->signer;
}

struct pc_span softsigner_spki(const struct softsigner *signer)
{
    return (struct pc_span){signer->own.spki, signer->own.spki_len};
}

EVP_PKEY *softsigner_pkey(const struct softsigner *signer)
{
    return signer->own.pkey;
}

size_t softsigner_sign_count(const struct softsigner *signer)
{
    return signer->sign_count;
}
