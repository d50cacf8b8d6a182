// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

/* Parameters of signatures: what is taken, what is refused, and what the program is told then. */

enum { ROOM = 1024 };

struct fixture {
    struct place place;
    struct softheld *held;
    EVP_PKEY *pkey;
};

static void start(struct fixture *f, enum pc_keyspec_id spec)
{
    *f = (struct fixture){0};
    place_begin(&f->place);
    f->held = softheld_new(spec);
    f->pkey = place_pkey(&f->place, f->held);
}

static void finish(struct fixture *f)
{
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(f->pkey);
    softheld_free(&f->held);
    place_end(&f->place);
}

static int begin(const struct fixture *f, const char *digest, EVP_MD_CTX **ret, EVP_PKEY_CTX **ret_pkey)
{
    *ret = EVP_MD_CTX_new();
    return EVP_DigestSignInit_ex(*ret, ret_pkey, digest, f->place.libctx, NULL, f->pkey, NULL);
}

static int sign(EVP_MD_CTX *ctx)
{
    unsigned char signature[ROOM];
    size_t len = sizeof(signature);
    return EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"abc", 3);
}

/* Digests that the kind of key has no scheme for: the error names what fits. */
static void test_digests(void **state)
{
    static const struct {
        enum pc_keyspec_id spec;
        const char *digest;
        enum p11csr_code code;
        const char *says;
    } rows[] = {
        {PC_KEYSPEC_P256, "SHA3-256", P11CSR_E_ALGORITHM, "SHA3-256"},
        {PC_KEYSPEC_P256, "MD5", P11CSR_E_ALGORITHM, "MD5"},
        {PC_KEYSPEC_P256, "SHA1", P11CSR_E_ALGORITHM, "fits: ecdsa-sha256"},
        {PC_KEYSPEC_RSA_2048, "BLAKE2B512", P11CSR_E_ALGORITHM, "BLAKE2B512"},
        {PC_KEYSPEC_ED25519, "SHA256", P11CSR_E_ALGORITHM, "fits: ed25519"},
        {PC_KEYSPEC_ED448, "SHA512", P11CSR_E_ALGORITHM, "fits: ed448"},
    };
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct fixture f;
        EVP_MD_CTX *ctx = NULL;
        EVP_PKEY_CTX *pkey_ctx = NULL;
        start(&f, rows[i].spec);
        assert_int_not_equal(begin(&f, rows[i].digest, &ctx, &pkey_ctx), 1);
        check_raised(rows[i].code, rows[i].says);
        assert_int_equal(softheld_uses(f.held), 0);
        EVP_MD_CTX_free(ctx);
        finish(&f);
    }
}

/* The entry in the queue says what, why and what to do; the library and the reason have names. */
static void test_error_entry(void **state)
{
    struct fixture f;
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *pkey_ctx = NULL;
    const char *data = NULL;
    const char *file = NULL;
    int line = 0;
    int flags = 0;
    (void)state;
    start(&f, PC_KEYSPEC_P256);
    softsigner_set_fault(softheld_signer(f.held), SOFTSIGNER_REMOVED);
    assert_int_equal(begin(&f, NULL, &ctx, &pkey_ctx), 1);
    assert_int_not_equal(sign(ctx), 1);
    const unsigned long raised = ERR_get_error_all(&file, &line, NULL, &data, &flags);
    assert_string_equal(ERR_lib_error_string(raised), "p11csr");
    assert_string_equal(ERR_reason_error_string(raised), p11csr_strerror(P11CSR_E_TOKEN_REMOVED));
    assert_int_equal(ERR_GET_REASON(raised), P11CSR_E_TOKEN_REMOVED);
    assert_non_null(strstr(data, "CKR_DEVICE_REMOVED"));
    assert_non_null(strstr(data, "(insert or reconnect the token"));
    assert_null(strchr(file, '/')); // where it was built is nobody's business
    assert_true(line > 0);
    EVP_MD_CTX_free(ctx);
    finish(&f);
}

static const struct {
    const char *salt;
    bool good;
} salts[] = {{"digest", true}, {"auto", true},  {"32", true},  {"max", false},
             {"20", false},    {"0", false},    {"-7", false}, {"many", false},
             {"", false},      {"4096", false}, {"33", false}, {"99999999999", false}};

/* A salt as long as the digest, however that is said, and no other. */
static void test_salts(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    for (size_t i = 0; i < PC_ARRAY_LEN(salts); i++) {
        EVP_MD_CTX *ctx = NULL;
        EVP_PKEY_CTX *pkey_ctx = NULL;
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, (char *)(uintptr_t) "pss", 0),
            OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
                                             (char *)(uintptr_t)salts[i].salt, 0),
            OSSL_PARAM_construct_end()};
        assert_int_equal(begin(&f, "SHA256", &ctx, &pkey_ctx), 1);
        const int set = EVP_PKEY_CTX_set_params(pkey_ctx, params);
        assert_int_equal(set == 1, salts[i].good);
        if (salts[i].good) {
            assert_int_equal(sign(ctx), 1);
        } else {
            check_raised(P11CSR_E_UNSUPPORTED, "set rsa_pss_saltlen to digest");
        }
        EVP_MD_CTX_free(ctx);
    }
    finish(&f);
}

/* The same by libcrypto's functions, with numbers. */
static void test_salt_numbers(void **state)
{
    static const struct {
        int salt;
        bool good;
    } rows[] = {{RSA_PSS_SALTLEN_DIGEST, true},
                {RSA_PSS_SALTLEN_AUTO, true},
                {32, true},
                {RSA_PSS_SALTLEN_MAX, false},
                {20, false},
                {0, false}};
    struct fixture f;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        EVP_MD_CTX *ctx = NULL;
        EVP_PKEY_CTX *pkey_ctx = NULL;
        int salt = 0;
        assert_int_equal(begin(&f, "SHA256", &ctx, &pkey_ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, rows[i].salt) == 1, rows[i].good);
        if (rows[i].good) {
            assert_true(EVP_PKEY_CTX_get_rsa_pss_saltlen(pkey_ctx, &salt) > 0);
            assert_int_equal(salt, RSA_PSS_SALTLEN_DIGEST);
            assert_int_equal(sign(ctx), 1);
        } else {
            check_raised(P11CSR_E_UNSUPPORTED, "a salt as long as the digest");
        }
        EVP_MD_CTX_free(ctx);
    }
    finish(&f);
}

static void test_paddings(void **state)
{
    static const struct {
        int padding;
        bool good;
    } rows[] = {{RSA_PKCS1_PADDING, true}, {RSA_PKCS1_PSS_PADDING, true},   {RSA_NO_PADDING, false},
                {RSA_X931_PADDING, false}, {RSA_PKCS1_OAEP_PADDING, false}, {77, false}};
    struct fixture f;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        EVP_MD_CTX *ctx = NULL;
        EVP_PKEY_CTX *pkey_ctx = NULL;
        int padding = 0;
        assert_int_equal(begin(&f, "SHA256", &ctx, &pkey_ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, rows[i].padding) == 1, rows[i].good);
        if (rows[i].good) {
            assert_true(EVP_PKEY_CTX_get_rsa_padding(pkey_ctx, &padding) > 0);
            assert_int_equal(padding, rows[i].padding);
            assert_int_equal(sign(ctx), 1);
        } else {
            check_raised(P11CSR_E_UNSUPPORTED, "pkcs1 and pss");
        }
        EVP_MD_CTX_free(ctx);
    }
    finish(&f);
}

/* PSS of RFC 4055 with one digest for both; SHA-1 has no such row. */
static void test_mask_generation(void **state)
{
    struct fixture f;
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *pkey_ctx = NULL;
    const EVP_MD *md = NULL;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    assert_int_equal(begin(&f, "SHA384", &ctx, &pkey_ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pkey_ctx, "SHA384", NULL), 1);
    assert_int_not_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pkey_ctx, "SHA256", NULL), 1);
    check_raised(P11CSR_E_UNSUPPORTED, "mask generation");
    assert_int_equal(EVP_PKEY_CTX_get_signature_md(pkey_ctx, &md), 1);
    assert_true(EVP_MD_is_a(md, "SHA384"));
    assert_int_equal(sign(ctx), 1);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(begin(&f, "SHA1", &ctx, &pkey_ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_not_equal(sign(ctx), 1);
    check_raised(P11CSR_E_ALGORITHM, "fits: rsa-pss-sha256");
    EVP_MD_CTX_free(ctx);
    finish(&f);
}

/* The digest cannot be changed once the message is being hashed. */
static void test_digest_is_fixed(void **state)
{
    struct fixture f;
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *pkey_ctx = NULL;
    (void)state;
    start(&f, PC_KEYSPEC_P256);
    assert_int_equal(begin(&f, "SHA256", &ctx, &pkey_ctx), 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t) "SHA384", 0),
        OSSL_PARAM_construct_end()};
    assert_int_not_equal(EVP_PKEY_CTX_set_params(pkey_ctx, params), 1);
    check_raised(P11CSR_E_USAGE, "hashed with sha256 already");
    assert_int_equal(sign(ctx), 1);
    EVP_MD_CTX_free(ctx);
    finish(&f);
}

/* A digest of RSA has to be named: PKCS#1 signs its name too. */
static void test_unnamed_digest(void **state)
{
    static const unsigned char digest[32];
    unsigned char signature[ROOM];
    size_t len = sizeof(signature);
    struct fixture f;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(f.place.libctx, f.pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_sign(ctx, signature, &len, digest, sizeof(digest)), 1);
    check_raised(P11CSR_E_ALGORITHM, "fits: rsa-pkcs1-sha256");
    assert_int_equal(softheld_uses(f.held), 0);
    EVP_PKEY_CTX_free(ctx);
    finish(&f);
}

/* One context, one key after the other's operation: what was said of the first does not stick. */
static void test_context_is_used_again(void **state)
{
    struct fixture f;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    (void)state;
    start(&f, PC_KEYSPEC_RSA_2048);
    struct softheld *other = softheld_new(PC_KEYSPEC_ED25519);
    EVP_PKEY *edwards = place_pkey(&f.place, other);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(EVP_DigestSignInit_ex(ctx, &pkey_ctx, "SHA256", f.place.libctx, NULL, f.pkey, NULL),
                         1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(sign(ctx), 1);
        EVP_MD_CTX_reset(ctx);
        assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, f.place.libctx, NULL, edwards, NULL), 1);
        assert_int_equal(sign(ctx), 1);
        EVP_MD_CTX_reset(ctx);
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(edwards);
    softheld_free(&other);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_error_entry),
        cmocka_unit_test(test_salts),
        cmocka_unit_test(test_salt_numbers),
        cmocka_unit_test(test_paddings),
        cmocka_unit_test(test_mask_generation),
        cmocka_unit_test(test_digest_is_fixed),
        cmocka_unit_test(test_unnamed_digest),
        cmocka_unit_test(test_context_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
