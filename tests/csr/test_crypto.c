// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/crypto.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

static struct pc_crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pc_crypto_free(&crypto);
    assert_null(crypto);
    pc_crypto_free(&crypto);
    pc_crypto_free(NULL);
    return 0;
}

static void test_digests(void **state)
{
    (void)state;
    static const char *const abc[] = {
        [PC_DIGEST_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
        [PC_DIGEST_SHA224] = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        [PC_DIGEST_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        [PC_DIGEST_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                             "8086072ba1e7cc2358baeca134c825a7",
        [PC_DIGEST_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                             "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    };
    _Static_assert(PC_ARRAY_LEN(abc) == PC_DIGEST_COUNT, "a digest has no vector");
    for (int id = PC_DIGEST_NONE + 1; id < PC_DIGEST_COUNT; id++) {
        p11csr_error *err = NULL;
        uint8_t digest[PC_DIGEST_MAX];
        check_ok(pc_crypto_digest(crypto, (enum pc_digest_id)id, pc_span_str("abc"), digest, &err), &err);
        check_hex(((struct pc_span){digest, pc_digest_get((enum pc_digest_id)id)->len}), abc[id]);
    }
}

/* RFC 8032 section 7.1, test 2, and the same with something wrong. */
static void test_known_signature(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf spki;
    struct pc_buf signature;
    struct pc_verifier *verifier = NULL;
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ED25519);
    pc_buf_init(&spki, 100);
    pc_buf_init(&signature, 100);
    hex_to_buf("302a 3005 06032b6570 0321 00"
               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
               &spki);
    hex_to_buf("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
               &signature);
    check_ok(pc_verifier_new(crypto, pc_buf_span(&spki), &verifier, &err), &err);
    check_ok(
        pc_verifier_check(verifier, scheme, pc_span_str("\x72"), pc_buf_span(&signature), &verdict, &err),
        &err);
    assert_int_equal(verdict, PC_VERDICT_GOOD);
    check_ok(
        pc_verifier_check(verifier, scheme, pc_span_str("\x73"), pc_buf_span(&signature), &verdict, &err),
        &err);
    assert_int_equal(verdict, PC_VERDICT_BAD);
    check_ok(pc_verifier_check(verifier, pc_scheme_get(PC_SCHEME_ED448), pc_span_str("\x72"),
                               pc_buf_span(&signature), &verdict, &err),
             &err);
    assert_int_equal(verdict, PC_VERDICT_BAD); // a scheme for another kind of key
    signature.ptr[0] ^= 1;
    check_ok(
        pc_verifier_check(verifier, scheme, pc_span_str("\x72"), pc_buf_span(&signature), &verdict, &err),
        &err);
    assert_int_equal(verdict, PC_VERDICT_BAD);
    pc_verifier_free(&verifier);
    assert_null(verifier);
    pc_verifier_free(&verifier);
    pc_verifier_free(NULL);
    pc_buf_done(&spki);
    pc_buf_done(&signature);
}

/* A signature of one scheme is bad under every other. */
static void test_schemes_are_told_apart(void **state)
{
    (void)state;
    static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_BRAINPOOLP256R1};
    for (size_t i = 0; i < PC_ARRAY_LEN(specs); i++) {
        p11csr_error *err = NULL;
        struct softsigner *signer = softsigner_new(specs[i]);
        struct pc_verifier *verifier = NULL;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        unsigned char signature[512];
        size_t len = sizeof(signature);
        const struct pc_keyspec *spec = pc_keyspec_get(specs[i]);
        assert_int_equal(
            EVP_DigestSignInit_ex(ctx, NULL, "SHA2-256", NULL, NULL, softsigner_pkey(signer), NULL), 1);
        assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"abc", 3), 1);
        check_ok(pc_verifier_new(crypto, softsigner_spki(signer), &verifier, &err), &err);
        check_same(pc_verifier_spki(verifier), softsigner_spki(signer));
        assert_ptr_equal(pc_verifier_key(verifier)->spec, spec);
        for (int id = 0; id < PC_SCHEME_COUNT; id++) {
            enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
            check_ok(pc_verifier_check(verifier, pc_scheme_get((enum pc_scheme_id)id), pc_span_str("abc"),
                                       (struct pc_span){signature, len}, &verdict, &err),
                     &err);
            assert_int_equal(verdict, id == (int)spec->scheme ? PC_VERDICT_GOOD : PC_VERDICT_BAD);
        }
        EVP_MD_CTX_free(ctx);
        pc_verifier_free(&verifier);
        softsigner_free(&signer);
    }
}

static void test_keys_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum p11csr_code code;
        const char *why;
    } rows[] = {
        {"3000", P11CSR_E_REQUEST, "AlgorithmIdentifier is missing"},
        {"3009 3004 06022a03 0301 00", P11CSR_E_UNSUPPORTED,
         "a public key of a kind that p11csr does not know"},
        // not on the curve; the point at infinity cannot even be written in this form
        {"3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04"
         "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
         "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f4",
         P11CSR_E_PROOF_PUBLIC_KEY, "the public key is not valid: "},
        // a coordinate that is not smaller than the prime
        {"3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04"
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         P11CSR_E_PROOF_PUBLIC_KEY, "the public key is not valid: "},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf spki;
        struct pc_verifier *verifier = NULL;
        pc_buf_init(&spki, 200);
        hex_to_buf(rows[i].hex, &spki);
        check_fails(pc_verifier_new(crypto, pc_buf_span(&spki), &verifier, &err), &err, rows[i].code,
                    rows[i].why);
        assert_null(verifier);
        assert_int_equal(ERR_peek_error(), 0);
        pc_buf_done(&spki);
    }
}

/* The base point of P-256 with one wrong octet was refused above; here is the right one. */
static void test_a_key_that_is_one(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf spki;
    struct pc_verifier *verifier = NULL;
    pc_buf_init(&spki, 200);
    hex_to_buf("3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04"
               "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
               &spki);
    check_ok(pc_verifier_new(crypto, pc_buf_span(&spki), &verifier, &err), &err);
    pc_verifier_free(&verifier);
    pc_buf_done(&spki);
}

/* libcrypto refuses to use such keys, which says nothing about their signatures. */
static void test_rsa_beyond_libcrypto(void **state)
{
    (void)state;
    static const struct {
        size_t modulus;
        size_t exponent;
        bool usable;
    } rows[] = {{2048, 3, true}, {2049, 3, false}, {384, 9, true}, {385, 8, true}, {385, 9, false}};
    static uint8_t octets[4096];
    memset(octets, 0xFF, sizeof(octets));
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_public key;
        struct pc_buf spki;
        struct pc_verifier *verifier = NULL;
        pc_buf_init(&spki, PC_MAX_SPKI);
        check_ok(pc_public_rsa((struct pc_span){octets, rows[i].modulus},
                               (struct pc_span){octets, rows[i].exponent}, &key, &err),
                 &err);
        check_ok(pc_public_to_spki(&key, &spki, &err), &err);
        const struct pc_result result = pc_verifier_new(crypto, pc_buf_span(&spki), &verifier, &err);
        if (rows[i].usable) {
            check_ok(result, &err);
        } else {
            check_fails(result, &err, P11CSR_E_UNSUPPORTED, "libcrypto does not verify with an RSA key of");
        }
        pc_verifier_free(&verifier);
        pc_buf_done(&spki);
    }
}

struct shared {
    const struct pc_verifier *verifier;
    struct pc_span signature;
    size_t good;
};

static void *verify_often(void *data)
{
    struct shared *shared = data;
    for (int i = 0; i < 200; i++) {
        enum pc_verdict verdict = PC_VERDICT_BAD;
        const struct pc_result result =
            pc_verifier_check(shared->verifier, pc_scheme_get(PC_SCHEME_ECDSA_SHA256), pc_span_str("abc"),
                              shared->signature, &verdict, NULL);
        shared->good += pc_is_ok(result) && verdict == PC_VERDICT_GOOD ? 1 : 0;
    }
    return NULL;
}

/* ML-DSA came with OpenSSL 3.5. Without it there is no proof, and so no request. */
static void test_a_key_that_is_too_new(void **state)
{
    (void)state;
    static const uint8_t octets[2592] = {1};
    p11csr_error *err = NULL;
    struct pc_public key;
    struct pc_buf spki;
    struct pc_verifier *verifier = NULL;
    pc_buf_init(&spki, PC_MAX_SPKI);
    check_ok(pc_public_set(PC_FAMILY_ML_DSA, PC_CKP_ML_DSA_87, PC_SPAN(octets), &key, &err), &err);
    check_ok(pc_public_to_spki(&key, &spki, &err), &err);
    const struct pc_result result = pc_verifier_new(crypto, pc_buf_span(&spki), &verifier, &err);
    if (softsigner_can(PC_KEYSPEC_ML_DSA_87)) {
        check_ok(result, &err);
    } else {
        check_fails(result, &err, P11CSR_E_UNSUPPORTED, "libcrypto does not know this kind of key");
    }
    pc_verifier_free(&verifier);
    pc_buf_done(&spki);
}

static void test_threads_share_a_verifier(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    p11csr_error *err = NULL;
    struct softsigner *signer = softsigner_new(PC_KEYSPEC_P256);
    struct pc_verifier *verifier = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[80];
    size_t len = sizeof(signature);
    pthread_t threads[THREADS];
    struct shared shared[THREADS];
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA2-256", NULL, NULL, softsigner_pkey(signer), NULL),
                     1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"abc", 3), 1);
    check_ok(pc_verifier_new(crypto, softsigner_spki(signer), &verifier, &err), &err);
    for (size_t i = 0; i < THREADS; i++) {
        shared[i] = (struct shared){.verifier = verifier, .signature = {signature, len}};
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &shared[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(shared[i].good, 200);
    }
    EVP_MD_CTX_free(ctx);
    pc_verifier_free(&verifier);
    softsigner_free(&signer);
}

/* The host's default library context stays as it is: here one that has nothing. */
static void test_does_not_need_the_default_context(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_crypto *other = NULL;
    uint8_t digest[PC_DIGEST_MAX];
    OSSL_LIB_CTX *empty = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *null_provider = OSSL_PROVIDER_load(empty, "null");
    OSSL_LIB_CTX *before = OSSL_LIB_CTX_set0_default(empty);
    check_ok(pc_crypto_new(&other, &err), &err);
    check_ok(pc_crypto_digest(other, PC_DIGEST_SHA256, pc_span_str("abc"), digest, &err), &err);
    pc_crypto_free(&other);
    (void)OSSL_LIB_CTX_set0_default(before);
    (void)OSSL_PROVIDER_unload(null_provider);
    OSSL_LIB_CTX_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_known_signature),
        cmocka_unit_test(test_schemes_are_told_apart),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_a_key_that_is_one),
        cmocka_unit_test(test_rsa_beyond_libcrypto),
        cmocka_unit_test(test_a_key_that_is_too_new),
        cmocka_unit_test(test_threads_share_a_verifier),
        cmocka_unit_test(test_does_not_need_the_default_context),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
