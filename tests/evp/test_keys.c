// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* What may be done with a key besides signing; and what may not: nothing takes the private half out. */

static const enum pc_keyspec_id specs[] = {PC_KEYSPEC_RSA_2048, PC_KEYSPEC_P256,  PC_KEYSPEC_BRAINPOOLP384R1,
                                           PC_KEYSPEC_ED25519,  PC_KEYSPEC_ED448, PC_KEYSPEC_ML_DSA_65};

struct fixture {
    const struct place *place;
    const struct pc_keyspec *spec;
    struct softheld *held;
    EVP_PKEY *pkey;
    EVP_PKEY *software; /* the key pair itself; borrowed */
};

/*
 * One of these per kind of key; `check` runs on each. The provider is the same for all of them: each that is
 * loaded takes one of libcrypto's 127 numbers for the errors of providers, and does not give it back.
 */
static void on_each(void (*check)(struct fixture *f))
{
    struct place place;
    place_begin(&place);
    for (size_t i = 0; i < PC_ARRAY_LEN(specs) && softsigner_can(specs[i]); i++) {
        struct fixture f = {.place = &place, .spec = pc_keyspec_get(specs[i])};
        f.held = softheld_new(specs[i]);
        f.pkey = place_pkey(&place, f.held);
        f.software = softsigner_pkey(softheld_signer(f.held));
        check(&f);
        EVP_PKEY_free(f.pkey);
        assert_int_equal(softheld_holds(f.held), 0);
        assert_int_equal(softheld_uses(f.held), 0); // none of this asks the token
        softheld_free(&f.held);
        ERR_clear_error();
    }
    place_end(&place);
}

/* Not an octet was written. */
static void check_empty(BIO *bio)
{
    char *data = NULL;
    assert_int_equal(BIO_get_mem_data(bio, &data), 0);
}

static void no_private_data(struct fixture *f)
{
    static const int selections[] = {EVP_PKEY_KEYPAIR, OSSL_KEYMGMT_SELECT_PRIVATE_KEY,
                                     OSSL_KEYMGMT_SELECT_ALL,
                                     OSSL_KEYMGMT_SELECT_PRIVATE_KEY | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS};
    for (size_t i = 0; i < PC_ARRAY_LEN(selections); i++) {
        OSSL_PARAM *params = NULL;
        assert_int_not_equal(EVP_PKEY_todata(f->pkey, selections[i], &params), 1);
        assert_null(params);
    }
}

static void no_private_numbers(struct fixture *f)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_PRIV_KEY,      OSSL_PKEY_PARAM_RSA_D,
                                        OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,
                                        OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        unsigned char octets[1024];
        size_t len = 0;
        BIGNUM *number = NULL;
        assert_int_not_equal(EVP_PKEY_get_bn_param(f->pkey, names[i], &number), 1);
        assert_null(number);
        const int got = EVP_PKEY_get_octet_string_param(f->pkey, names[i], octets, sizeof(octets), &len);
        assert_true(got != 1 || len == 0);
    }
    unsigned char octets[8192];
    size_t len = sizeof(octets);
    assert_int_not_equal(EVP_PKEY_get_raw_private_key(f->pkey, octets, &len), 1);
}

static void no_private_files(struct fixture *f)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    assert_true(i2d_PrivateKey(f->pkey, &der) <= 0);
    assert_null(der);
    assert_int_not_equal(PEM_write_bio_PrivateKey(bio, f->pkey, NULL, NULL, 0, NULL, NULL), 1);
    check_empty(bio);
    assert_int_not_equal(PEM_write_bio_PrivateKey_traditional(bio, f->pkey, NULL, NULL, 0, NULL, NULL), 1);
    check_empty(bio);
    assert_int_not_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, f->pkey, EVP_aes_128_cbc(), "abcd", 4, NULL, NULL), 1);
    check_empty(bio);
    assert_null(EVP_PKEY2PKCS8(f->pkey));
    static const char *const structures[] = {"PrivateKeyInfo", "EncryptedPrivateKeyInfo", "type-specific"};
    for (size_t i = 0; i < PC_ARRAY_LEN(structures); i++) {
        OSSL_ENCODER_CTX *ctx =
            OSSL_ENCODER_CTX_new_for_pkey(f->pkey, EVP_PKEY_KEYPAIR, "PEM", structures[i], NULL);
        assert_non_null(ctx);
        assert_int_not_equal(OSSL_ENCODER_to_bio(ctx, bio), 1);
        OSSL_ENCODER_CTX_free(ctx);
        check_empty(bio);
    }
    (void)BIO_free(bio);
}

/* The public half is everybody's. */
static void public_half(struct fixture *f)
{
    unsigned char *der = NULL;
    OSSL_PARAM *params = NULL;
    const int len = i2d_PUBKEY(f->pkey, &der);
    assert_true(len > 0);
    const struct pc_span got = {der, (size_t)len};
    check_same(got, softsigner_spki(softheld_signer(f->held)));
    OPENSSL_free(der);
    assert_int_equal(EVP_PKEY_todata(f->pkey, EVP_PKEY_PUBLIC_KEY, &params), 1);
    assert_null(OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY));
    assert_null(OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D));
    OSSL_PARAM_free(params);
    assert_int_equal(EVP_PKEY_is_a(f->pkey, f->spec->ossl_type), 1);
    assert_int_equal(EVP_PKEY_get_bits(f->pkey), EVP_PKEY_get_bits(f->software));
    assert_int_equal(EVP_PKEY_get_size(f->pkey), EVP_PKEY_get_size(f->software));
    assert_int_equal(EVP_PKEY_get_security_bits(f->pkey), EVP_PKEY_get_security_bits(f->software));
    char ours[64] = {0};
    char theirs[64] = {0};
    assert_int_equal(EVP_PKEY_get_default_digest_name(f->pkey, ours, sizeof(ours)),
                     EVP_PKEY_get_default_digest_name(f->software, theirs, sizeof(theirs)));
    assert_string_equal(ours, theirs);
    if (f->spec->ossl_group != NULL) {
        assert_int_equal(EVP_PKEY_get_group_name(f->pkey, ours, sizeof(ours), NULL), 1);
        assert_string_equal(ours, f->spec->ossl_group);
    }
}

/* As text, without what is private. */
static void printed(struct fixture *f)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    assert_int_equal(EVP_PKEY_print_public(bio, f->pkey, 0, NULL), 1);
    assert_true(BIO_get_mem_data(bio, &data) > 0);
    (void)BIO_reset(bio);
    (void)EVP_PKEY_print_private(bio, f->pkey, 0, NULL); // says that it cannot, in one way or another
    const long len = BIO_get_mem_data(bio, &data);
    assert_true(len <= 0 || memmem(data, (size_t)len, "priv:", 5) == NULL);
    assert_true(len <= 0 || memmem(data, (size_t)len, "privateExponent", 15) == NULL);
    (void)BIO_free(bio);
}

/* Compared in both directions with the same key and another one of software, in this context and another. */
static void equality(struct fixture *f)
{
    struct softsigner *other = softsigner_new(f->spec->id);
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(f->software, &der);
    OSSL_LIB_CTX *const contexts[] = {f->place->libctx, NULL};
    for (size_t i = 0; i < PC_ARRAY_LEN(contexts); i++) {
        const unsigned char *at = der;
        EVP_PKEY *public = d2i_PUBKEY_ex(NULL, &at, len, contexts[i], NULL);
        assert_int_equal(EVP_PKEY_eq(f->pkey, public), 1);
        assert_int_equal(EVP_PKEY_eq(public, f->pkey), 1);
        EVP_PKEY_free(public);
    }
    assert_int_equal(EVP_PKEY_eq(f->pkey, f->software), 1);
    assert_int_equal(EVP_PKEY_eq(f->software, f->pkey), 1);
    assert_int_not_equal(EVP_PKEY_eq(f->pkey, softsigner_pkey(other)), 1);
    assert_int_not_equal(EVP_PKEY_eq(softsigner_pkey(other), f->pkey), 1);
    struct softheld *held = softheld_new(f->spec->id);
    EVP_PKEY *ours = place_pkey(f->place, held);
    EVP_PKEY *again = place_pkey(f->place, f->held);
    assert_int_not_equal(EVP_PKEY_eq(f->pkey, ours), 1);
    assert_int_equal(EVP_PKEY_eq(f->pkey, again), 1);
    EVP_PKEY_free(again);
    EVP_PKEY_free(ours);
    softheld_free(&held);
    softsigner_free(&other);
    OPENSSL_free(der);
}

/* Its certificate is found to be its own: SSL_CTX_check_private_key() and others ask so. */
static void certificates(struct fixture *f)
{
    X509 *cert = X509_new_ex(f->place->libctx, NULL);
    struct softsigner *other = softsigner_new(f->spec->id);
    assert_int_equal(X509_set_pubkey(cert, f->software), 1);
    assert_int_equal(X509_check_private_key(cert, f->pkey), 1);
    assert_int_equal(X509_set_pubkey(cert, softsigner_pkey(other)), 1);
    assert_int_not_equal(X509_check_private_key(cert, f->pkey), 1);
    softsigner_free(&other);
    X509_free(cert);
}

/* References and copies are one key, released once. */
static void copies(struct fixture *f)
{
    EVP_PKEY *copy = EVP_PKEY_dup(f->pkey);
    assert_non_null(copy);
    assert_int_equal(EVP_PKEY_up_ref(f->pkey), 1);
    EVP_PKEY_free(f->pkey);
    assert_int_equal(softheld_holds(f->held), 1);
    assert_int_equal(EVP_PKEY_eq(copy, f->pkey), 1);
    EVP_PKEY_free(f->pkey);
    assert_int_equal(softheld_holds(f->held), 1); // the copy has it
    f->pkey = copy;
}

/* A key can be used while its EVP_PKEY is freed by somebody else. */
static void outlived(struct fixture *f)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, f->place->libctx, NULL, f->pkey, NULL), 1);
    EVP_PKEY_free(f->pkey);
    f->pkey = NULL;
    assert_int_equal(softheld_holds(f->held), 1);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(softheld_holds(f->held), 0);
}

/* The provider makes no keys, and says what does. */
static void no_generation(struct fixture *f)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(f->place->libctx, f->spec->ossl_type, "provider=p11csr");
    assert_non_null(ctx);
    ERR_clear_error();
    if (EVP_PKEY_keygen_init(ctx) == 1) {
        assert_int_not_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    }
    assert_null(pkey);
    check_raised(P11CSR_E_UNSUPPORTED, "p11csr makes no keys through OpenSSL");
    EVP_PKEY_CTX_free(ctx);
}

/* Nor does it take one of software: it would not keep what it promises of its keys. */
static void no_private_import(struct fixture *f)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_todata(f->software, EVP_PKEY_KEYPAIR, &params), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(f->place->libctx, f->spec->ossl_type, "provider=p11csr");
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_not_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), 1);
    assert_null(pkey);
    check_raised(P11CSR_E_UNSUPPORTED, "takes no private keys of software");
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
}

/* A public key that was imported verifies, and does not sign. */
static void public_import(struct fixture *f)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_todata(f->software, EVP_PKEY_PUBLIC_KEY, &params), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(f->place->libctx, f->spec->ossl_type, "provider=p11csr");
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    assert_int_equal(EVP_PKEY_eq(pkey, f->software), 1);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_not_equal(EVP_DigestSignInit_ex(md, NULL, NULL, f->place->libctx, NULL, pkey, NULL), 1);
    check_raised(P11CSR_E_KEY_USE, "cannot sign");
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
}

/* A number that nobody registered is no key. */
static void no_such_number(struct fixture *f)
{
    for (uint64_t number = 0; number < 3; number++) {
        EVP_PKEY *pkey = NULL;
        OSSL_PARAM params[] = {OSSL_PARAM_construct_uint64("p11csr-key", &number),
                               OSSL_PARAM_construct_end()};
        EVP_PKEY_CTX *ctx =
            EVP_PKEY_CTX_new_from_name(f->place->libctx, f->spec->ossl_type, "provider=p11csr");
        assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
        assert_int_not_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), 1);
        assert_null(pkey);
        check_raised(P11CSR_E_VALUE, "there is no key of this number");
        EVP_PKEY_CTX_free(ctx);
    }
}

/* A public key that cannot be right is refused, and what was held is released. */
static struct pc_span odd_spki(const void *self)
{
    (void)self;
    static const uint8_t bytes[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    return (struct pc_span){bytes, sizeof(bytes)};
}

static void count_release(void *self)
{
    (*(unsigned *)self)++;
}

static void test_odd_public_key(void **state)
{
    static const struct pc_held_ops ops = {.spki = odd_spki, .release = count_release};
    struct place place;
    unsigned releases = 0;
    struct pc_held held = {.ops = &ops, .self = &releases};
    p11csr_error *err = NULL;
    EVP_PKEY *pkey = NULL;
    (void)state;
    place_begin(&place);
    assert_false(pc_is_ok(pc_provider_new_pkey(place.provider, place.libctx, &held, &pkey, &err)));
    assert_non_null(err);
    p11csr_error_free(&err);
    assert_null(pkey);
    assert_int_equal(releases, 1);
    place_end(&place);
}

#define EACH(name)                                                                                           \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        on_each(name);                                                                                       \
    }
EACH(no_private_data)
EACH(no_private_numbers)
EACH(no_private_files)
EACH(public_half)
EACH(printed)
EACH(equality)
EACH(certificates)
EACH(copies)
EACH(outlived)
EACH(no_generation)
EACH(no_private_import)
EACH(public_import)
EACH(no_such_number)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_private_data),   cmocka_unit_test(test_no_private_numbers),
        cmocka_unit_test(test_no_private_files),  cmocka_unit_test(test_public_half),
        cmocka_unit_test(test_printed),           cmocka_unit_test(test_equality),
        cmocka_unit_test(test_certificates),      cmocka_unit_test(test_copies),
        cmocka_unit_test(test_outlived),          cmocka_unit_test(test_no_generation),
        cmocka_unit_test(test_no_private_import), cmocka_unit_test(test_public_import),
        cmocka_unit_test(test_no_such_number),    cmocka_unit_test(test_odd_public_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
