// SPDX-License-Identifier: Apache-2.0
#include "evp/place.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* Signing with every kind of key by every scheme and mechanism; libcrypto judges with the software key. */

enum { ROOM = 8192 };

static const char message[] =
    "What the token signs is longer than a block of the digest, so that the parts of "
    "it come in several updates: 0123456789 0123456789 0123456789 0123456789.";

/* One combination. */
struct combination {
    const struct place *place;
    struct softheld *held;
    EVP_PKEY *pkey; /* ours */
    const struct pc_keyspec *spec;
    const struct pc_scheme *scheme;
    const struct pc_mech *mech;
};

static const char *digest_of(const struct pc_scheme *scheme)
{
    return pc_digest_get(scheme->digest)->ossl_name;
}

static EVP_PKEY *software(const struct combination *c)
{
    return softsigner_pkey(softheld_signer(c->held));
}

static void set_padding(const struct combination *c, EVP_PKEY_CTX *ctx)
{
    if (c->scheme->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
}

static EVP_MD_CTX *begin(const struct combination *c)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_ctx = NULL;
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, &pkey_ctx, digest_of(c->scheme), c->place->libctx, NULL, c->pkey, NULL),
        1);
    set_padding(c, pkey_ctx);
    return ctx;
}

/* By libcrypto's own key, and by ours. */
static void check_signature(const struct combination *c, const unsigned char *signature, size_t len)
{
    EVP_PKEY *const keys[] = {software(c), c->pkey};
    OSSL_LIB_CTX *const contexts[] = {NULL, c->place->libctx};
    for (size_t i = 0; i < PC_ARRAY_LEN(keys); i++) {
        for (size_t wrong = 0; wrong < 2; wrong++) {
            EVP_MD_CTX *ctx = EVP_MD_CTX_new();
            EVP_PKEY_CTX *pkey_ctx = NULL;
            assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, digest_of(c->scheme), contexts[i], NULL,
                                                     keys[i], NULL),
                             1);
            set_padding(c, pkey_ctx);
            const int good = EVP_DigestVerify(ctx, signature, len, (const unsigned char *)message,
                                              strlen(message) - wrong);
            assert_int_equal(good == 1, wrong == 0);
            EVP_MD_CTX_free(ctx);
            ERR_clear_error();
        }
    }
}

static void sign_at_once(const struct combination *c)
{
    unsigned char signature[ROOM] = {0};
    size_t len = 0;
    EVP_MD_CTX *ctx = begin(c);
    const unsigned uses = softheld_uses(c->held);
    assert_int_equal(EVP_DigestSign(ctx, NULL, &len, (const unsigned char *)message, strlen(message)), 1);
    assert_int_equal(len, EVP_PKEY_get_size(software(c)));
    assert_int_equal(softheld_uses(c->held), uses); // the size is known without the key
    len = sizeof(signature);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)message, strlen(message)),
                     1);
    assert_true(softheld_uses(c->held) > uses);
    check_signature(c, signature, len);
    EVP_MD_CTX_free(ctx);
}

/* In parts of odd lengths, with nothing in between; the size is asked for in the middle. */
static void sign_in_parts(const struct combination *c)
{
    unsigned char signature[ROOM] = {0};
    size_t len = 0;
    EVP_MD_CTX *ctx = begin(c);
    size_t at = 0;
    for (size_t part = 0; at < strlen(message); part = (part * 2 + 1) % 61) {
        const size_t left = strlen(message) - at;
        const size_t take = part < left ? part : left;
        assert_int_equal(EVP_DigestSignUpdate(ctx, message + at, take), 1);
        at += take;
    }
    const unsigned uses = softheld_uses(c->held);
    assert_int_equal(EVP_DigestSignFinal(ctx, NULL, &len), 1);
    assert_int_equal(len, EVP_PKEY_get_size(software(c)));
    assert_int_equal(softheld_uses(c->held), uses);
    assert_int_equal(EVP_DigestSignFinal(ctx, signature, &len), 1);
    check_signature(c, signature, len);
    EVP_MD_CTX_free(ctx);
}

/* A copy made in the middle goes its own way, and outlives the first. */
static void sign_copies(const struct combination *c)
{
    unsigned char signature[ROOM] = {0};
    size_t len = sizeof(signature);
    const size_t half = strlen(message) / 2;
    EVP_MD_CTX *ctx = begin(c);
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignUpdate(ctx, message, half), 1);
    assert_int_equal(EVP_MD_CTX_copy_ex(copy, ctx), 1);
    assert_int_equal(EVP_DigestSignUpdate(ctx, "something else", 14), 1);
    assert_int_equal(EVP_DigestSignFinal(ctx, signature, &len), 1);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(EVP_DigestSignUpdate(copy, message + half, strlen(message) - half), 1);
    len = sizeof(signature);
    assert_int_equal(EVP_DigestSignFinal(copy, signature, &len), 1);
    check_signature(c, signature, len);
    EVP_MD_CTX_free(copy);
}

static size_t hash(const struct combination *c, unsigned char *ret)
{
    unsigned len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, digest_of(c->scheme), NULL);
    assert_int_equal(EVP_Digest(message, strlen(message), ret, &len, md, NULL), 1);
    EVP_MD_free(md);
    return len;
}

static EVP_PKEY_CTX *begin_hashed(const struct combination *c, bool named)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->place->libctx, c->pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    set_padding(c, ctx);
    if (named) {
        EVP_MD *md = EVP_MD_fetch(c->place->libctx, digest_of(c->scheme), NULL);
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, md), 1);
        EVP_MD_free(md);
    }
    return ctx;
}

/* What comes is the digest: only mechanisms that take one will do. */
static void sign_hashed(const struct combination *c)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char signature[ROOM] = {0};
    size_t len = 0;
    const size_t digest_len = hash(c, digest);
    EVP_PKEY_CTX *ctx = begin_hashed(c, true);
    const unsigned uses = softheld_uses(c->held);
    assert_int_equal(EVP_PKEY_sign(ctx, NULL, &len, digest, digest_len), 1);
    assert_int_equal(softheld_uses(c->held), uses);
    len = sizeof(signature);
    const int signed_ = EVP_PKEY_sign(ctx, signature, &len, digest, digest_len);
    if (c->mech->input == PC_INPUT_MESSAGE) {
        assert_int_not_equal(signed_, 1);
        check_raised(P11CSR_E_MECHANISM, c->scheme->name);
    } else {
        assert_int_equal(signed_, 1);
        check_signature(c, signature, len);
        len = sizeof(signature);
        assert_int_not_equal(EVP_PKEY_sign(ctx, signature, &len, digest, digest_len - 1), 1);
        check_raised(P11CSR_E_VALUE, "bytes, not");
    }
    EVP_PKEY_CTX_free(ctx);
}

/* The digest need not be named for ECDSA. */
static void sign_unnamed(const struct combination *c)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char signature[ROOM] = {0};
    size_t len = sizeof(signature);
    const size_t digest_len = hash(c, digest);
    EVP_PKEY_CTX *ctx = begin_hashed(c, false);
    assert_int_equal(EVP_PKEY_sign(ctx, signature, &len, digest, digest_len), 1);
    check_signature(c, signature, len);
    EVP_PKEY_CTX_free(ctx);
}

/* No octet is written where there is not enough room for any signature, and the key is not used. */
static void sign_without_room(const struct combination *c)
{
    unsigned char signature[ROOM];
    const size_t size = (size_t)EVP_PKEY_get_size(software(c));
    static const unsigned char empty[ROOM];
    const size_t rooms[] = {0, 1, size - 1};
    for (size_t i = 0; i < PC_ARRAY_LEN(rooms); i++) {
        size_t len = rooms[i];
        EVP_MD_CTX *ctx = begin(c);
        const unsigned uses = softheld_uses(c->held);
        memset(signature, 0, sizeof(signature));
        assert_int_not_equal(
            EVP_DigestSign(ctx, signature, &len, (const unsigned char *)message, strlen(message)), 1);
        check_raised(P11CSR_E_LIMIT, "there is room for");
        assert_memory_equal(signature, empty, sizeof(empty));
        assert_int_equal(softheld_uses(c->held), uses);
        EVP_MD_CTX_free(ctx);
    }
}

/* The AlgorithmIdentifier is the row's, byte for byte. */
static void check_algorithm(const struct combination *c)
{
    unsigned char aid[256];
    EVP_MD_CTX *ctx = begin(c);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, aid, sizeof(aid)),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(ctx), params), 1);
    const struct pc_span got = {aid, params[0].return_size};
    check_same(got, c->scheme->aid);
    EVP_MD_CTX_free(ctx);
}

/* A certificate request by libcrypto's own code: its signature is good and its algorithm the row's. */
static void sign_request(const struct combination *c)
{
    X509_REQ *req = X509_REQ_new_ex(c->place->libctx, NULL);
    unsigned char *der = NULL;
    const X509_ALGOR *algorithm = NULL;
    assert_int_equal(X509_REQ_set_version(req, X509_REQ_VERSION_1), 1); // OpenSSL 3.5 looks at it
    assert_int_equal(X509_REQ_set_pubkey(req, c->pkey), 1);
    EVP_MD_CTX *ctx = begin(c);
    assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
    EVP_MD_CTX_free(ctx);
    assert_int_equal(X509_REQ_verify_ex(req, software(c), NULL, NULL), 1);
    X509_REQ_get0_signature(req, NULL, &algorithm);
    const int len = i2d_X509_ALGOR(algorithm, &der);
    assert_true(len > 0);
    const struct pc_span got = {der, (size_t)len};
    check_same(got, c->scheme->aid);
    OPENSSL_free(der);
    X509_REQ_free(req);
}

static void check_combination(const struct combination *c)
{
    sign_at_once(c);
    sign_in_parts(c);
    sign_copies(c);
    sign_without_room(c);
    check_algorithm(c);
    sign_request(c);
    if (c->scheme->digest != PC_DIGEST_NONE) {
        sign_hashed(c);
    }
    if (c->spec->family == PC_FAMILY_EC && c->mech->input == PC_INPUT_DIGEST) {
        sign_unnamed(c);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* Every scheme that fits, by each of its mechanisms alone. */
static void check_key(const struct place *place, const struct pc_keyspec *spec)
{
    struct softheld *held = softheld_new(spec->id);
    size_t count = 0;
    for (int id = 0; id < PC_SCHEME_COUNT; id++) {
        const struct pc_scheme *scheme = pc_scheme_get((enum pc_scheme_id)id);
        for (size_t i = 0; i < scheme->mech_count && pc_scheme_fits(scheme, spec); i++) {
            const struct combination c = {.place = place,
                                          .held = held,
                                          .pkey = place_pkey(place, held),
                                          .spec = spec,
                                          .scheme = scheme,
                                          .mech = &scheme->mechs[i]};
            softheld_offer(held, (int)i);
            check_combination(&c);
            EVP_PKEY_free(c.pkey);
            assert_int_equal(softheld_holds(held), 0);
            count++;
        }
    }
    assert_true(count > 0);
    softheld_free(&held);
}

static void test_all(void **state)
{
    struct place place;
    (void)state;
    place_begin(&place);
    for (int id = 0; id < PC_KEYSPEC_COUNT; id++) {
        const enum pc_keyspec_id spec = (enum pc_keyspec_id)id;
        if (spec != PC_KEYSPEC_RSA_4096 && softsigner_can(spec)) { // which takes long to make
            check_key(&place, pc_keyspec_get(spec));
        }
    }
    place_end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
