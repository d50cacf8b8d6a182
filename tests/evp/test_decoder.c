// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "der/pem_uri.h"
#include "evp/place.h"

#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* PEM files with a URI, as programs read key files. */

enum { THREADS = 8, ROUNDS = 40 };

#define BEGIN "-----BEGIN PKCS#11 PROVIDER URI-----\n"
#define END "-----END PKCS#11 PROVIDER URI-----\n"

static int begin(void **state)
{
    static struct place place;
    place_begin(&place);
    place_add(&place, "ec", softheld_new(PC_KEYSPEC_P256));
    place_add(&place, "rsa", softheld_new(PC_KEYSPEC_RSA_2048));
    place_add(&place, "ed25519", softheld_new(PC_KEYSPEC_ED25519));
    place_add(&place, "ed448", softheld_new(PC_KEYSPEC_ED448));
    if (softsigner_can(PC_KEYSPEC_ML_DSA_44)) {
        place_add(&place, "ml-dsa-44", softheld_new(PC_KEYSPEC_ML_DSA_44));
    }
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    assert_int_equal(ERR_peek_error(), 0);
    place_end(place);
    return 0;
}

/* A file as it would be written, of any DER. */
static void write_pem(struct pc_span der, struct pc_buf *ret)
{
    char text[4 * PC_MAX_URI];
    assert_true(der.len < sizeof(text) / 2);
    (void)EVP_EncodeBlock((unsigned char *)text, der.ptr, (int)der.len);
    pc_buf_init(ret, (size_t)8 * PC_MAX_URI);
    pc_buf_text(ret, BEGIN);
    for (size_t at = 0; at < strlen(text); at += 64) {
        pc_buf_printf(ret, "%.64s\n", text + at);
    }
    pc_buf_text(ret, END);
}

static void write_uri(const char *uri, struct pc_buf *ret)
{
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    pc_buf_init(&der, (size_t)2 * PC_MAX_URI);
    check_ok(pc_pem_uri_write(uri, NULL, &der, &err), &err);
    write_pem(pc_buf_span(&der), ret);
    pc_buf_done(&der);
}

static EVP_PKEY *read_key(const struct place *place, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, place->libctx, NULL);
    (void)BIO_free(bio);
    return pkey;
}

static char *text_of(struct pc_buf *pem)
{
    char *text = NULL;
    assert_true(pc_is_ok(pc_buf_take_text(pem, &text, NULL)));
    return text;
}

static char *pem_of(const char *uri)
{
    struct pc_buf pem = {0};
    write_uri(uri, &pem);
    return text_of(&pem);
}

/* The key is that of the software signer, and signs. */
static void check_key(const struct place *place, EVP_PKEY *pkey, size_t index)
{
    unsigned char signature[8192];
    size_t len = sizeof(signature);
    const struct softsigner *signer = softheld_signer(place->keys[index].held);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(pkey);
    assert_int_equal(EVP_PKEY_eq(pkey, softsigner_pkey(signer)), 1);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(pkey)), "p11csr");
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, NULL, place->libctx, NULL, pkey, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)"abc", 3), 1);
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, softsigner_pkey(signer), NULL), 1);
    assert_int_equal(EVP_DigestVerify(ctx, signature, len, (const unsigned char *)"abc", 3), 1);
    EVP_MD_CTX_free(ctx);
}

/* Each kind of key is loaded once, whatever kind libcrypto thinks of first. */
static void test_kinds(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < PLACE_KEYS && place->keys[i].held != NULL; i++) {
        char uri[64];
        (void)snprintf(uri, sizeof(uri), "pkcs11:object=%s;type=private", place->keys[i].name);
        char *pem = pem_of(uri);
        const unsigned before = place->loads;
        EVP_PKEY *pkey = read_key(place, pem);
        check_key(place, pkey, i);
        assert_int_equal(place->loads, before + 1);
        assert_string_equal(place->last_uri, uri);
        EVP_PKEY_free(pkey);
        assert_int_equal(softheld_holds(place->keys[i].held), 0);
        pc_release(pem);
    }
}

/* As OSSL_STORE finds what is in files, for the openssl commands: the first of the kind. */
static OSSL_STORE_INFO *load_stored(const struct place *place, const char *pem, int kind)
{
    char path[] = "/dev/shm/p11csr-decoder-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem, strlen(pem)), (ssize_t)strlen(pem));
    (void)close(fd);
    OSSL_STORE_INFO *info = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(path, place->libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    assert_non_null(store);
    assert_int_equal(OSSL_STORE_expect(store, kind), 1);
    while (info == NULL && OSSL_STORE_eof(store) == 0) {
        info = OSSL_STORE_load(store);
    }
    (void)OSSL_STORE_close(store);
    (void)unlink(path);
    return info;
}

static void test_store(void **state)
{
    struct place *place = *state;
    for (size_t i = 0; i < PLACE_KEYS && place->keys[i].held != NULL; i++) {
        char uri[64];
        (void)snprintf(uri, sizeof(uri), "pkcs11:object=%s", place->keys[i].name);
        char *pem = pem_of(uri);
        const unsigned before = place->loads;
        OSSL_STORE_INFO *info = load_stored(place, pem, OSSL_STORE_INFO_PKEY);
        assert_non_null(info);
        check_key(place, OSSL_STORE_INFO_get0_PKEY(info), i);
        assert_int_equal(place->loads, before + 1);
        OSSL_STORE_INFO_free(info);
        pc_release(pem);
    }
}

/* A certificate of a software key, as PEM. */
static char *certificate(const struct place *place)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(place->libctx, "provider=default", "EC", "prime256v1");
    X509 *cert = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    assert_non_null(pkey);
    assert_int_equal(X509_set_pubkey(cert, pkey), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
    assert_true(X509_sign(cert, pkey, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    const long len = BIO_get_mem_data(bio, &data);
    char *pem = pc_strndup(data, (size_t)len);
    (void)BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(pkey);
    return pem;
}

/* A software key as PEM. */
static char *software(const struct place *place)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(place->libctx, "provider=default", "ED25519");
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    const long len = BIO_get_mem_data(bio, &data);
    char *pem = pc_strndup(data, (size_t)len);
    (void)BIO_free(bio);
    EVP_PKEY_free(pkey);
    return pem;
}

/* What is before and behind the key in the same file is nobody's loss. */
static void test_neighbours(void **state)
{
    struct place *place = *state;
    char *cert = certificate(place);
    char *key = pem_of("pkcs11:object=ec");
    char *plain = software(place);
    char *both = pc_asprintf("%s%s", cert, key);
    char *back = pc_asprintf("some text\n\n%s%s", key, cert);
    char *keys = pc_asprintf("%s%s", plain, key);
    const char *const with_key[] = {both, back};
    for (size_t i = 0; i < PC_ARRAY_LEN(with_key); i++) {
        EVP_PKEY *pkey = read_key(place, with_key[i]);
        check_key(place, pkey, 0);
        EVP_PKEY_free(pkey);
        OSSL_STORE_INFO *info = load_stored(place, with_key[i], OSSL_STORE_INFO_PKEY);
        assert_non_null(info);
        check_key(place, OSSL_STORE_INFO_get0_PKEY(info), 0);
        OSSL_STORE_INFO_free(info);
        const unsigned before = place->loads;
        info = load_stored(place, with_key[i], OSSL_STORE_INFO_CERT);
        assert_non_null(info);
        assert_int_equal(OSSL_STORE_INFO_get_type(info), OSSL_STORE_INFO_CERT);
        assert_int_equal(place->loads, before); // a certificate was wanted: no token was asked
        OSSL_STORE_INFO_free(info);
        ERR_clear_error(); // libcrypto's own words about the key that it passed by
    }
    EVP_PKEY *pkey = read_key(place, keys); // the first of the file, and nobody but `default` has it
    assert_non_null(pkey);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(pkey)), "default");
    EVP_PKEY_free(pkey);
    char *const all[] = {cert, key, plain, both, back, keys};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        pc_release(all[i]);
    }
}

/* Line ends of other systems, blanks at the ends of lines, no newline at the end. */
static void test_line_ends(void **state)
{
    struct place *place = *state;
    char *pem = pem_of("pkcs11:object=ec;type=private");
    struct pc_buf other = {0};
    pc_buf_init(&other, (size_t)8 * PC_MAX_URI);
    for (const char *p = pem; *p != 0; p++) {
        pc_buf_text(&other, *p == '\n' ? (p[1] == 0 ? "" : " \r\n") : "");
        if (*p != '\n') {
            pc_buf_byte(&other, (uint8_t)*p);
        }
    }
    char *text = text_of(&other);
    EVP_PKEY *pkey = read_key(place, text);
    check_key(place, pkey, 0);
    EVP_PKEY_free(pkey);
    pc_release(text);
    pc_release(pem);
}

static void check_bad(const struct place *place, const char *pem, enum p11csr_code code, const char *says)
{
    const unsigned before = place->loads;
    assert_null(read_key(place, pem));
    check_raised(code, says);
    assert_null(load_stored(place, pem, OSSL_STORE_INFO_PKEY));
    check_raised(code, says);
    assert_int_equal(place->loads, before);
    assert_int_equal(place->opened, place->closed);
}

static void test_bad_files(void **state)
{
    struct place *place = *state;
    const unsigned opened = place->opened;
    struct pc_buf pem = {0};
    check_bad(place, BEGIN END, P11CSR_E_URI, "something else");
    check_bad(place, BEGIN "AAAA\n" END, P11CSR_E_URI, "something else");
    check_bad(place, BEGIN "!!!!\n" END, P11CSR_E_URI, "not base64");
    check_bad(place, BEGIN "MDsaGVB\n" END, P11CSR_E_URI, "not base64");
    check_bad(place, BEGIN "MDsaGVBL\n", P11CSR_E_URI, "it has no end");
    check_bad(place, BEGIN "MDsaGVBL\n" END, P11CSR_E_URI, "does not hold a description and a URI");
    check_bad(place, BEGIN "Proc-Type: 4,ENCRYPTED\n\nMDsaGVBL\n" END, P11CSR_E_URI, "is damaged");
    pc_buf_init(&pem, 1 << 20);
    pc_buf_text(&pem, BEGIN);
    while (pem.len < 1 << 19) {
        pc_buf_text(&pem, "MDsaGVBLMDsaGVBLMDsaGVBLMDsaGVBLMDsaGVBLMDsaGVBLMDsaGVBLMDsaGVBL\n");
    }
    pc_buf_text(&pem, END);
    char *text = text_of(&pem);
    check_bad(place, text, P11CSR_E_LIMIT, "");
    pc_release(text);
    assert_int_equal(place->opened, opened); // no token was asked
}

/* What is in such a file is data: no module is loaded for it, nothing is run. */
static void test_refused_uris(void **state)
{
    struct place *place = *state;
    static const char *const queries[] = {"module-path=/tmp/evil.so", "module-name=evil",
                                          "pin-source=exec:/bin/sh", "pin-source=%7C/bin/sh"};
    const unsigned opened = place->opened;
    for (size_t i = 0; i < PC_ARRAY_LEN(queries); i++) {
        struct pc_buf der = {0};
        struct pc_buf pem = {0};
        char uri[128];
        (void)snprintf(uri, sizeof(uri), "pkcs11:object=ec?%s", queries[i]);
        pc_buf_init(&der, sizeof(uri) * 2);
        pc_buf_add(&der, "\x30\x00\x1a\x19PKCS#11 Provider URI v1.0\x0c", 30);
        pc_buf_byte(&der, (uint8_t)strlen(uri));
        pc_buf_text(&der, uri);
        der.ptr[1] = (uint8_t)(der.len - 2);
        write_pem(pc_buf_span(&der), &pem);
        char *text = text_of(&pem);
        check_bad(place, text, P11CSR_E_URI, i < 2 ? "no module is loaded" : "nothing that runs");
        pc_release(text);
        pc_buf_done(&der);
    }
    assert_int_equal(place->opened, opened);
}

static void test_host_refuses(void **state)
{
    struct place *place = *state;
    const struct pc_host host = {0};
    char *none = pem_of("pkcs11:object=none");
    char *unnamed = pem_of("pkcs11:token=soft");
    check_bad(place, none, P11CSR_E_KEY_NOT_FOUND, "no private key is what the key file names");
    check_bad(place, none, P11CSR_E_KEY_NOT_FOUND, "(see which keys are there: p11csr keys list)");
    check_bad(place, unnamed, P11CSR_E_URI, "no object is named");
    pc_provider_attach(place->provider, &host);
    check_bad(place, none, P11CSR_E_UNSUPPORTED, "has no tokens");
    place_attach(place);
    pc_release(none);
    pc_release(unnamed);
}

static int give(char *to, int size, int writing, void *data)
{
    (void)writing;
    return snprintf(to, (size_t)size, "%s", (const char *)data);
}

/* The PIN comes from the program's own callback, and is asked for once. */
static void test_pin(void **state)
{
    struct place *place = *state;
    char *pem = pem_of("pkcs11:object=ed448");
    static const char *const pins[] = {"1234", "4321"};
    place->pin = pins[0];
    for (size_t i = 0; i < PC_ARRAY_LEN(pins); i++) {
        BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
        char *pin = pc_strdup(pins[i]);
        EVP_PKEY *pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, give, pin, place->libctx, NULL);
        (void)BIO_free(bio);
        pc_release(pin);
        if (i == 0) {
            check_key(place, pkey, 3);
            EVP_PKEY_free(pkey);
        } else {
            assert_null(pkey);
            check_raised(P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
        }
    }
    place->pin = NULL;
    pc_release(pem);
}

/* Of one kind only: a key of another is none. */
static void test_asked_for_a_kind(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *type;
        int there;
    } rows[] = {{"RSA", 1}, {"EC", 0}, {"ED25519", 0}, {"DH", 0}};
    char *pem = pem_of("pkcs11:object=rsa");
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        EVP_PKEY *pkey = NULL;
        OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", NULL, rows[i].type,
                                                              EVP_PKEY_KEYPAIR, place->libctx, NULL);
        const unsigned char *at = (const unsigned char *)pem;
        size_t len = strlen(pem);
        assert_int_equal(OSSL_DECODER_from_data(ctx, &at, &len), rows[i].there);
        assert_int_equal(pkey != NULL, rows[i].there);
        if (pkey != NULL) {
            check_key(place, pkey, 1);
        }
        EVP_PKEY_free(pkey);
        OSSL_DECODER_CTX_free(ctx);
        ERR_clear_error();
    }
    for (size_t i = 0; i < PLACE_KEYS && place->keys[i].held != NULL; i++) {
        assert_int_equal(softheld_holds(place->keys[i].held), 0);
    }
    pc_release(pem);
}

/* DER without PEM is read too; DER of others is left to them. */
static void test_der(void **state)
{
    struct place *place = *state;
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    pc_buf_init(&der, PC_MAX_URI);
    check_ok(pc_pem_uri_write("pkcs11:object=ec", NULL, &der, &err), &err);
    EVP_PKEY *pkey = NULL;
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, "DER", NULL, NULL, EVP_PKEY_KEYPAIR, place->libctx, NULL);
    const unsigned char *at = der.ptr;
    size_t len = der.len;
    assert_int_equal(OSSL_DECODER_from_data(ctx, &at, &len), 1);
    check_key(place, pkey, 0);
    EVP_PKEY_free(pkey);
    OSSL_DECODER_CTX_free(ctx);
    pc_buf_done(&der);
    EVP_PKEY *plain = EVP_PKEY_Q_keygen(place->libctx, "provider=default", "ED25519");
    unsigned char *bytes = NULL;
    const int size = i2d_PrivateKey(plain, &bytes);
    assert_true(size > 0);
    at = bytes;
    pkey = d2i_AutoPrivateKey_ex(NULL, &at, size, place->libctx, NULL);
    assert_int_equal(EVP_PKEY_eq(pkey, plain), 1);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(plain);
    OPENSSL_free(bytes);
}

struct reader {
    const struct place *place;
    size_t first;
    unsigned right;
};

/* Reads one key's file after the other's; every fourth is of a key that is not there. */
static void *read_keys(void *data)
{
    struct reader *reader = data;
    for (size_t i = 0; i < ROUNDS; i++) {
        const size_t at = (reader->first + i) % 4;
        char uri[64];
        (void)snprintf(uri, sizeof(uri), "pkcs11:object=%s",
                       i % 4 == 3 ? "none" : reader->place->keys[at].name);
        char *pem = pem_of(uri);
        EVP_PKEY *pkey = read_key(reader->place, pem);
        const EVP_PKEY *expected = softsigner_pkey(softheld_signer(reader->place->keys[at].held));
        if (i % 4 == 3) {
            const bool told = pkey == NULL && ERR_GET_REASON(ERR_peek_error()) == P11CSR_E_KEY_NOT_FOUND;
            reader->right += told ? 1 : 0;
        } else {
            reader->right += pkey != NULL && EVP_PKEY_eq(pkey, expected) == 1 ? 1 : 0;
        }
        ERR_clear_error();
        EVP_PKEY_free(pkey);
        pc_release(pem);
    }
    return NULL;
}

/* Files that are read at the same time do not get each other's keys or errors. */
static void test_threads(void **state)
{
    struct place *place = *state;
    struct reader readers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        readers[i] = (struct reader){.place = place, .first = i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_keys, &readers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].right, ROUNDS);
    }
}

/* Who wants a public key does not have a private one looked for, with a PIN perhaps. */
static void test_public_is_not_looked_for(void **state)
{
    struct place *place = *state;
    char *pem = pem_of("pkcs11:object=ec");
    const unsigned opened = place->opened;
    BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
    assert_null(PEM_read_bio_PUBKEY_ex(bio, NULL, NULL, NULL, place->libctx, NULL));
    (void)BIO_free(bio);
    assert_int_equal(place->opened, opened);
    ERR_clear_error();
    pc_release(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds, begin, end),
        cmocka_unit_test_setup_teardown(test_store, begin, end),
        cmocka_unit_test_setup_teardown(test_neighbours, begin, end),
        cmocka_unit_test_setup_teardown(test_line_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_files, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_uris, begin, end),
        cmocka_unit_test_setup_teardown(test_host_refuses, begin, end),
        cmocka_unit_test_setup_teardown(test_pin, begin, end),
        cmocka_unit_test_setup_teardown(test_der, begin, end),
        cmocka_unit_test_setup_teardown(test_asked_for_a_kind, begin, end),
        cmocka_unit_test_setup_teardown(test_public_is_not_looked_for, begin, end),
        cmocka_unit_test_setup_teardown(test_threads, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
