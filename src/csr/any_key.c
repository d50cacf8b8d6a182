// SPDX-License-Identifier: Apache-2.0
#include "csr/any_key.h"

#include "base/error.h"
#include "base/limits.h"
#include "csr/algorithm_name.h"
#include "csr/ossl.h"
#include "der/reader.h"

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static void free_algorithm(X509_ALGOR **algorithm)
{
    X509_ALGOR_free(*algorithm);
}

static void free_pss(RSA_PSS_PARAMS **params)
{
    RSA_PSS_PARAMS_free(*params);
}

/* *ret is NULL when libcrypto cannot read it. */
static struct pc_result read_key(const struct pc_crypto *crypto, struct pc_span spki, EVP_PKEY **ret,
                                 p11csr_error **err)
{
    const unsigned char *at = spki.ptr;
    EVP_PKEY *key PC_CLEANUP(pc_ossl_free_pkey) = NULL;
    if (spki.len > 0 && spki.len <= PC_MAX_SPKI) {
        key = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, pc_crypto_libctx(crypto), NULL);
    }
    if (key == NULL && pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    if (key != NULL && at == spki.ptr + spki.len) {
        *ret = key;
        key = NULL;
    }
    return PC_OK;
}

static bool is_rsa(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1;
}

/* Appends a number of the key, unsigned and without leading zeros. */
static bool take_number(const EVP_PKEY *key, const char *name, struct pc_buf *ret)
{
    BIGNUM *number PC_CLEANUP(pc_ossl_free_bn) = NULL;
    uint8_t octets[PC_MAX_SPKI];
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1 || BN_num_bytes(number) > (int)sizeof(octets)) {
        return false;
    }
    pc_buf_add(ret, octets, (size_t)BN_bn2bin(number, octets));
    return ret->failed == P11CSR_OK;
}

/* *ret is false when it is no RSA key that p11csr would make. */
static struct pc_result write_rsa(const EVP_PKEY *key, struct pc_buf *to, bool *ret, p11csr_error **err)
{
    struct pc_buf n PC_CLEANUP(pc_buf_done) = {0};
    struct pc_buf e PC_CLEANUP(pc_buf_done) = {0};
    struct pc_public values;
    pc_buf_init(&n, PC_MAX_SPKI);
    pc_buf_init(&e, PC_MAX_SPKI);
    *ret = take_number(key, OSSL_PKEY_PARAM_RSA_N, &n) && take_number(key, OSSL_PKEY_PARAM_RSA_E, &e) &&
           pc_is_ok(pc_public_rsa(pc_buf_span(&n), pc_buf_span(&e), &values, NULL));
    return *ret ? pc_public_to_spki(&values, to, err) : PC_OK;
}

/* *ret is false when libcrypto cannot. */
static struct pc_result write_other(EVP_PKEY *key, struct pc_buf *to, bool *ret, p11csr_error **err)
{
    unsigned char *made = NULL;
    if (EVP_PKEY_is_a(key, "EC") == 1) { // a key that cannot be written so is written as it is
        (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
        (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve");
    }
    const int len = i2d_PUBKEY(key, &made);
    *ret = len > 0;
    if (*ret) {
        pc_buf_add(to, made, (size_t)len);
    }
    OPENSSL_free(made);
    return !*ret && pc_ossl_out_of_memory() ? pc_fail_memory(err) : pc_buf_check(to, err);
}

PC_RESULT pc_any_key_normal(const struct pc_crypto *crypto, struct pc_span spki, struct pc_buf *ret,
                            p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    EVP_PKEY *key PC_CLEANUP(pc_ossl_free_pkey) = NULL;
    struct pc_public values;
    bool written = false;
    if (!pc_is_ok(pc_public_from_spki(spki, &values, NULL))) { // those that can be read are written so
        PC_TRY(read_key(crypto, spki, &key, err));
    }
    if (key != NULL) {
        PC_TRY(is_rsa(key) ? write_rsa(key, ret, &written, err) : write_other(key, ret, &written, err));
    }
    if (!written) {
        pc_buf_add_span(ret, spki);
    }
    return pc_buf_check(ret, err);
}

PC_RESULT pc_any_key_is_usable(const struct pc_crypto *crypto, struct pc_span spki, bool *ret,
                               p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    EVP_PKEY *key PC_CLEANUP(pc_ossl_free_pkey) = NULL;
    PC_TRY(read_key(crypto, spki, &key, err));
    *ret = key != NULL;
    return PC_OK;
}

/* As libcrypto calls it: the curve, or the type with the size where types have sizes. */
static void name_of(const EVP_PKEY *key, char ret[static PC_KEY_NAME_SIZE])
{
    char group[PC_KEY_NAME_SIZE];
    const char *type = EVP_PKEY_get0_type_name(key);
    const bool sized = is_rsa(key) || EVP_PKEY_is_a(key, "DSA") == 1 || EVP_PKEY_is_a(key, "DH") == 1;
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        const bool named = EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 && group[0] != 0;
        (void)snprintf(ret, PC_KEY_NAME_SIZE, "%s", named ? group : "ec-own-curve");
        return;
    }
    (void)snprintf(ret, PC_KEY_NAME_SIZE, sized ? "%s-%d" : "%s", type != NULL ? type : "unknown",
                   EVP_PKEY_get_bits(key));
    for (char *c = ret; *c != 0; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
}

/* Of the AlgorithmIdentifier; empty when it cannot be read. */
static struct pc_span oid_of(struct pc_span spki)
{
    struct pc_der in = pc_der_over(spki);
    struct pc_der inner;
    struct pc_der algorithm;
    struct pc_der_value oid = {0};
    const bool read = pc_is_ok(pc_der_enter(&in, PC_DER_SEQUENCE, "", &inner, NULL)) &&
                      pc_is_ok(pc_der_enter(&inner, PC_DER_SEQUENCE, "", &algorithm, NULL)) &&
                      pc_is_ok(pc_der_expect(&algorithm, PC_DER_OID, "", &oid, NULL));
    return read ? oid.content : (struct pc_span){0};
}

PC_RESULT pc_any_key_name(const struct pc_crypto *crypto, struct pc_span spki,
                          char ret_name[static PC_KEY_NAME_SIZE], unsigned *ret_bits, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    struct pc_public values;
    EVP_PKEY *key PC_CLEANUP(pc_ossl_free_pkey) = NULL;
    struct pc_buf normal PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&normal, PC_MAX_SPKI);
    PC_TRY(pc_any_key_normal(crypto, spki, &normal, err));
    PC_TRY(read_key(crypto, spki, &key, err));
    const bool restricted = key != NULL && EVP_PKEY_is_a(key, "RSA-PSS") == 1;
    if (!restricted && pc_is_ok(pc_public_from_spki(pc_buf_span(&normal), &values, NULL))) {
        pc_public_name(&values, ret_name, PC_KEY_NAME_SIZE);
        *ret_bits = values.bits;
    } else if (key != NULL) {
        name_of(key, ret_name);
        *ret_bits = EVP_PKEY_get_bits(key) > 0 ? (unsigned)EVP_PKEY_get_bits(key) : 0;
    } else {
        const char *name = pc_algorithm_name(oid_of(spki));
        (void)snprintf(ret_name, PC_KEY_NAME_SIZE, "%s", name != NULL ? name : "unknown");
        *ret_bits = 0;
    }
    return PC_OK;
}

/* What is verified with, and how. */
struct check {
    const struct pc_crypto *crypto;
    EVP_PKEY *key;
    const X509_ALGOR *algorithm;
    EVP_MD_CTX *ctx;
    enum pc_verdict verdict;
    const char *why; /* NULL: ready to verify */
};

static void end_check(struct check *check, enum pc_verdict verdict, const char *why)
{
    check->verdict = verdict;
    check->why = why;
}

/* What anybody can sign for, or nobody. */
static bool is_sound(const EVP_PKEY *key)
{
    BIGNUM *n PC_CLEANUP(pc_ossl_free_bn) = NULL;
    BIGNUM *e PC_CLEANUP(pc_ossl_free_bn) = NULL;
    return !is_rsa(key) || (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                            EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(n) &&
                            BN_is_odd(e) && !BN_is_one(e));
}

static const char too_large[] = "the key is larger than libcrypto verifies with";
static const char other_parameters[] =
    "the parameters of the signature algorithm are not those that are known here";

/* Whether libcrypto would say no for another reason than the signature (rsa.h, dsa.h). */
static bool is_beyond_libcrypto(const EVP_PKEY *key)
{
    BIGNUM *number PC_CLEANUP(pc_ossl_free_bn) = NULL;
    const int bits = EVP_PKEY_get_bits(key);
    if (is_rsa(key)) {
        return bits > OPENSSL_RSA_MAX_MODULUS_BITS ||
               EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number) != 1 ||
               (bits > OPENSSL_RSA_SMALL_MODULUS_BITS && BN_num_bits(number) > OPENSSL_RSA_MAX_PUBEXP_BITS);
    }
    if (EVP_PKEY_is_a(key, "DSA") == 1) {
        enum { MAX_DSA_BITS = 10000 };
        if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_Q, &number) != 1) {
            return true; // it inherits its parameters from nobody
        }
        const int q = BN_num_bits(number);
        return bits > MAX_DSA_BITS || (q != 160 && q != 224 && q != 256);
    }
    return false;
}

/* An identifier in RSASSA-PSS-params; SHA-1 where there is none. NULL: libcrypto has no name for it. */
static const char *digest_of(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;
    if (algorithm == NULL) {
        return "SHA1";
    }
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    const int nid = OBJ_obj2nid(oid);
    return nid != NID_undef ? OBJ_nid2sn(nid) : NULL;
}

/* The digest of MGF1 in RSASSA-PSS-params, to be freed; NULL when it is another function. */
static X509_ALGOR *mgf_digest(const X509_ALGOR *function)
{
    const ASN1_OBJECT *oid = NULL;
    X509_ALGOR_get0(&oid, NULL, NULL, function);
    return OBJ_obj2nid(oid) == NID_mgf1
               ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), function->parameter)
               : NULL;
}

struct pss {
    const char *digest;
    const char *mgf;
    int salt;
};

/* RFC 4055 section 3.1: what is absent has its default. False when it is not like that. */
static bool read_pss(const X509_ALGOR *algorithm, struct pss *ret)
{
    RSA_PSS_PARAMS *params PC_CLEANUP(free_pss) =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
    X509_ALGOR *mgf PC_CLEANUP(free_algorithm) = NULL;
    int64_t salt = 20;
    int64_t trailer = 1;
    if (params == NULL ||
        (params->saltLength != NULL && ASN1_INTEGER_get_int64(&salt, params->saltLength) != 1) ||
        (params->trailerField != NULL && ASN1_INTEGER_get_int64(&trailer, params->trailerField) != 1)) {
        return false;
    }
    if (params->maskGenAlgorithm != NULL) {
        mgf = mgf_digest(params->maskGenAlgorithm);
        if (mgf == NULL) {
            return false;
        }
    }
    *ret = (struct pss){digest_of(params->hashAlgorithm), digest_of(mgf), (int)salt};
    return ret->digest != NULL && ret->mgf != NULL && trailer == 1 && salt >= 0 && salt <= INT16_MAX;
}

/* Readies for RSASSA-PSS with whatever parameters. */
static void prepare_pss(struct check *check)
{
    EVP_PKEY_CTX *ctx = NULL; // belongs to check->ctx
    struct pss pss;
    if (!read_pss(check->algorithm, &pss) ||
        EVP_DigestVerifyInit_ex(check->ctx, &ctx, pss.digest, pc_crypto_libctx(check->crypto), NULL,
                                check->key, NULL) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, pss.mgf, NULL) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, pss.salt) != 1) {
        end_check(check, PC_VERDICT_UNKNOWN, other_parameters);
    }
}

/* Families of signatures whose identifiers say all there is to say, by the key that they are made with. */
static bool is_plain_family(const char *name)
{
    static const char *const names[] = {"rsaEncryption", "id-ecPublicKey", "DSA", "ED25519", "ED448"};
    static const char *const beginnings[] = {"id-ml-dsa-", "id-slh-dsa-"};
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(beginnings); i++) {
        if (strncmp(beginnings[i], name, strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The digest and the family of keys of a signature algorithm. */
static bool find_parts(int algorithm, int *ret_digest, int *ret_family)
{
    static const struct {
        int algorithm;
        int digest;
        int family;
    } rows[] = {
        // libcrypto 3.0 has these without saying what they are made of
        {NID_ecdsa_with_SHA3_224, NID_sha3_224, NID_X9_62_id_ecPublicKey},
        {NID_ecdsa_with_SHA3_256, NID_sha3_256, NID_X9_62_id_ecPublicKey},
        {NID_ecdsa_with_SHA3_384, NID_sha3_384, NID_X9_62_id_ecPublicKey},
        {NID_ecdsa_with_SHA3_512, NID_sha3_512, NID_X9_62_id_ecPublicKey},
        {NID_dsa_with_SHA384, NID_sha384, NID_dsa},
        {NID_dsa_with_SHA512, NID_sha512, NID_dsa},
        {NID_sha512_224WithRSAEncryption, NID_sha512_224, NID_rsaEncryption},
        {NID_sha512_256WithRSAEncryption, NID_sha512_256, NID_rsaEncryption},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        if (rows[i].algorithm == algorithm) {
            *ret_digest = rows[i].digest;
            *ret_family = rows[i].family;
            return true;
        }
    }
    return OBJ_find_sigid_algs(algorithm, ret_digest, ret_family) == 1;
}

static void prepare(struct check *check)
{
    const ASN1_OBJECT *oid = NULL;
    int digest = NID_undef;
    int family = NID_undef;
    X509_ALGOR_get0(&oid, NULL, NULL, check->algorithm);
    if (!find_parts(OBJ_obj2nid(oid), &digest, &family)) {
        end_check(check, PC_VERDICT_UNKNOWN, "the signature algorithm is not known here");
        return;
    }
    const bool pss = family == NID_rsassaPss;
    if (!pss && !is_plain_family(OBJ_nid2sn(family))) {
        end_check(check, PC_VERDICT_UNKNOWN, "the signature algorithm is not known here");
    } else if (pss ? !is_rsa(check->key) : EVP_PKEY_is_a(check->key, OBJ_nid2sn(family)) != 1) {
        end_check(check, PC_VERDICT_BAD, "the signature algorithm does not fit the public key");
    } else if (!is_sound(check->key)) {
        end_check(check, PC_VERDICT_BAD, "the public key is not valid");
    } else if (is_beyond_libcrypto(check->key)) {
        end_check(check, PC_VERDICT_UNKNOWN, too_large);
    } else if (pss) {
        prepare_pss(check);
    } else if (EVP_DigestVerifyInit_ex(check->ctx, NULL, digest != NID_undef ? OBJ_nid2sn(digest) : NULL,
                                       pc_crypto_libctx(check->crypto), NULL, check->key, NULL) != 1) {
        end_check(check, PC_VERDICT_UNKNOWN, "this libcrypto does not know the algorithm");
    }
}

PC_RESULT pc_any_key_verify(const struct pc_crypto *crypto, const struct pc_any_signed *what,
                            enum pc_verdict *ret, const char **ret_why, p11csr_error **err)
{
    PC_OSSL_KEEP_ERRORS(mark);
    const unsigned char *at = what->aid.ptr;
    EVP_PKEY *key PC_CLEANUP(pc_ossl_free_pkey) = NULL;
    X509_ALGOR *algorithm PC_CLEANUP(free_algorithm) = d2i_X509_ALGOR(NULL, &at, (long)what->aid.len);
    EVP_MD_CTX *ctx PC_CLEANUP(pc_ossl_free_md_ctx) = EVP_MD_CTX_new();
    struct check check = {crypto, NULL, algorithm, ctx, PC_VERDICT_UNKNOWN, NULL};
    PC_TRY(read_key(crypto, what->spki, &key, err));
    if (ctx == NULL || pc_ossl_out_of_memory()) {
        return pc_fail_memory(err);
    }
    check.key = key;
    if (key == NULL || algorithm == NULL) {
        end_check(&check, PC_VERDICT_UNKNOWN,
                  key == NULL ? "the public key is of a kind that is not known here"
                              : "the signature algorithm is not known here");
    } else {
        prepare(&check);
    }
    if (check.why == NULL) {
        const bool good = EVP_DigestVerify(ctx, what->signature.ptr, what->signature.len, what->message.ptr,
                                           what->message.len) == 1;
        end_check(&check, good ? PC_VERDICT_GOOD : PC_VERDICT_BAD,
                  good ? NULL : "the signature does not verify with the public key");
    }
    *ret = check.verdict;
    *ret_why = check.why;
    return check.verdict != PC_VERDICT_GOOD && pc_ossl_out_of_memory() ? pc_fail_memory(err) : PC_OK;
}
