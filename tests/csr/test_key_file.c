// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/reading/key_file.h"
#include "lib/check.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

/* Public keys out of certificates, requests and public key files; everything else is refused. */

struct files {
    EVP_PKEY *key;
    X509 *certificate;
    X509_REQ *request;
    unsigned char *spki;
    int spki_len;
};

static void make_request(struct files *f)
{
    f->request = X509_REQ_new();
    assert_non_null(f->request);
    assert_int_equal(X509_REQ_set_version(f->request, 0), 1);
    assert_int_equal(X509_REQ_set_pubkey(f->request, f->key), 1);
    assert_true(X509_REQ_sign(f->request, f->key, EVP_sha256()) > 0);
}

static void make_certificate(struct files *f)
{
    f->certificate = X509_new();
    assert_non_null(f->certificate);
    assert_int_equal(X509_set_version(f->certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(f->certificate), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(f->certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(f->certificate), 3600));
    assert_int_equal(X509_set_pubkey(f->certificate, f->key), 1);
    assert_true(X509_sign(f->certificate, f->key, EVP_sha256()) > 0);
}

static int setup(void **state)
{
    static struct files files;
    files = (struct files){.key = EVP_EC_gen("P-256")};
    assert_non_null(files.key);
    make_request(&files);
    make_certificate(&files);
    files.spki_len = i2d_PUBKEY(files.key, &files.spki);
    assert_true(files.spki_len > 0);
    *state = &files;
    return 0;
}

static int teardown(void **state)
{
    struct files *f = *state;
    EVP_PKEY_free(f->key);
    X509_free(f->certificate);
    X509_REQ_free(f->request);
    OPENSSL_free(f->spki);
    return 0;
}

static void check_reads(const struct files *f, const void *data, long len, const char *expected_kind)
{
    const char *kind = NULL;
    p11csr_error *err = NULL;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&spki, PC_MAX_SPKI);
    check_ok(pc_key_file_read((struct pc_span){data, (size_t)len}, &spki, &kind, &err), &err);
    assert_string_equal(kind, expected_kind);
    const struct pc_span expected = {f->spki, (size_t)f->spki_len};
    check_same(pc_buf_span(&spki), expected);
}

static void check_refuses(const void *data, size_t len, const char *text)
{
    const char *kind = NULL;
    p11csr_error *err = NULL;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&spki, PC_MAX_SPKI);
    check_fails(pc_key_file_read((struct pc_span){data, len}, &spki, &kind, &err), &err, P11CSR_E_REQUEST,
                text);
    assert_int_equal(spki.len, 0);
}

static void check_pem(const struct files *f, int (*write)(BIO *bio, const struct files *f), const char *kind)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(write(bio, f), 1);
    const long len = BIO_get_mem_data(bio, &text);
    check_reads(f, text, len, kind);
    check_refuses(text, (size_t)len / 2, "the PEM is damaged"); // cut off
    BIO_free(bio);
}

static int write_public(BIO *bio, const struct files *f)
{
    return PEM_write_bio_PUBKEY(bio, f->key);
}

static int write_request(BIO *bio, const struct files *f)
{
    return PEM_write_bio_X509_REQ(bio, f->request);
}

static int write_new_request(BIO *bio, const struct files *f)
{
    return PEM_write_bio_X509_REQ_NEW(bio, f->request);
}

static int write_certificate(BIO *bio, const struct files *f)
{
    return PEM_write_bio_X509(bio, f->certificate);
}

static void test_every_label(void **state)
{
    check_pem(*state, write_public, "public-key");
    check_pem(*state, write_request, "request");
    check_pem(*state, write_new_request, "request");
    check_pem(*state, write_certificate, "certificate");
}

static void test_der(void **state)
{
    const struct files *f = *state;
    unsigned char *der = NULL;
    check_reads(f, f->spki, f->spki_len, "public-key");
    int len = i2d_X509(f->certificate, &der);
    check_reads(f, der, len, "certificate");
    check_refuses(der, (size_t)len - 1, "neither a certificate, nor a request, nor a public key");
    OPENSSL_free(der);
    der = NULL;
    len = i2d_X509_REQ(f->request, &der);
    check_reads(f, der, len, "request");
    OPENSSL_free(der);
}

/* What key it is, those who use it find out. */
static void test_unknown_kind_of_key(void **state)
{
    (void)state;
    static const uint8_t der[] = {0x30, 0x09, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03, 0x03, 0x01, 0x00};
    p11csr_error *err = NULL;
    const char *kind = NULL;
    struct pc_buf spki PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&spki, PC_MAX_SPKI);
    check_ok(pc_key_file_read((struct pc_span){der, sizeof(der)}, &spki, &kind, &err), &err);
    assert_int_equal(spki.len, sizeof(der));
    assert_memory_equal(spki.ptr, der, sizeof(der));
    assert_string_equal(kind, "public-key");
}

static void test_private_key_is_refused(void **state)
{
    const struct files *f = *state;
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, f->key, NULL, NULL, 0, NULL, NULL), 1);
    const long len = BIO_get_mem_data(bio, &text);
    check_refuses(text, (size_t)len, "the PEM block 'PRIVATE KEY'");
    BIO_free(bio);
}

static void test_other_input(void **state)
{
    (void)state;
    check_refuses("", 0, "it is empty");
    check_refuses("hello", 5, "neither PEM nor DER");
    check_refuses("\x30\x03\x02\x01\x05", 5, "neither a certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_label),         cmocka_unit_test(test_der),
        cmocka_unit_test(test_unknown_kind_of_key), cmocka_unit_test(test_private_key_is_refused),
        cmocka_unit_test(test_other_input),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
