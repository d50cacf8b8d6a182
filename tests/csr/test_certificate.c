// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/reading/certificate.h"
#include "lib/check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* Reading certificates that libcrypto made, and who issued whom. */

static struct pc_crypto *crypto;

enum { BEGINS = 1000000000, ENDS = 2000000000 };

/* A certificate in DER; the caller calls OPENSSL_free(). The issuer's name behind a '!' has no validity. */
static size_t make(const char *subject, const char *issuer, EVP_PKEY *key, EVP_PKEY *signer,
                   unsigned char **ret)
{
    X509 *certificate = X509_new();
    *ret = NULL;
    assert_non_null(certificate);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x80), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), BEGINS));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), issuer[0] == '!' ? BEGINS : ENDS));
    X509_NAME *names[] = {X509_get_subject_name(certificate), X509_get_issuer_name(certificate)};
    const char *texts[] = {subject, issuer};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(X509_NAME_add_entry_by_txt(names[i], "CN", MBSTRING_UTF8,
                                                    (const unsigned char *)texts[i], -1, -1, 0),
                         1);
    }
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, signer, EVP_sha256()) > 0);
    const int len = i2d_X509(certificate, ret);
    X509_free(certificate);
    assert_true(len > 0);
    return (size_t)len;
}

static struct pc_certificate *read_made(const char *subject, const char *issuer, EVP_PKEY *key,
                                        EVP_PKEY *signer)
{
    struct pc_certificate *certificate = NULL;
    unsigned char *der = NULL;
    p11csr_error *err = NULL;
    const size_t len = make(subject, issuer, key, signer, &der);
    check_ok(pc_certificate_new(crypto, (struct pc_span){der, len}, &certificate, &err), &err);
    OPENSSL_free(der);
    return certificate;
}

static void test_parts(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct pc_certificate *certificate = read_made("leaf", "ca", key, key);
    struct pc_buf serial PC_CLEANUP(pc_buf_done) = {0};
    p11csr_error *err = NULL;
    unsigned char *spki = NULL;
    (void)state;
    pc_buf_init(&serial, 64);
    const int len = i2d_PUBKEY(key, &spki);
    check_same(pc_buf_span(&certificate->spki), ((struct pc_span){spki, (size_t)len}));
    check_same(pc_buf_span(&certificate->serial), ((struct pc_span){(const uint8_t *)"\x02\x02\x00\x80", 4}));
    check_ok(pc_certificate_serial(certificate, &serial, &err), &err);
    check_same(pc_buf_span(&serial), ((struct pc_span){(const uint8_t *)"\x80", 1}));
    assert_int_equal(certificate->not_before, 1000000000);
    assert_int_equal(certificate->not_after, 2000000000);
    OPENSSL_free(spki);
    pc_certificate_free(&certificate);
    pc_certificate_free(&certificate);
    EVP_PKEY_free(key);
}

static enum pc_verdict issued(const struct pc_certificate *certificate, const struct pc_certificate *issuer)
{
    enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
    p11csr_error *err = NULL;
    check_ok(pc_certificate_issued_by(certificate, issuer, &verdict, &err), &err);
    return verdict;
}

static bool is_placeholder(const struct pc_certificate *certificate)
{
    bool is = false;
    p11csr_error *err = NULL;
    check_ok(pc_certificate_is_placeholder(certificate, &is, &err), &err);
    return is;
}

static void test_issuers(void **state)
{
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048)};
    struct pc_certificate *root = read_made("root", "root", keys[0], keys[0]);
    struct pc_certificate *leaf = read_made("leaf", "root", keys[1], keys[0]);
    struct pc_certificate *false_root = read_made("root", "root", keys[1], keys[1]);
    struct pc_certificate *odd = read_made("root", "root", keys[2], keys[0]); // another kind of key
    (void)state;
    assert_int_equal(issued(leaf, root), PC_VERDICT_GOOD);
    assert_int_equal(issued(root, root), PC_VERDICT_GOOD);
    assert_int_equal(issued(root, leaf), PC_VERDICT_BAD);       // the name
    assert_int_equal(issued(leaf, false_root), PC_VERDICT_BAD); // the signature
    assert_int_equal(issued(leaf, odd), PC_VERDICT_BAD);
    struct pc_certificate *all[] = {root, leaf, false_root, odd};
    for (size_t i = 0; i < PC_ARRAY_LEN(all); i++) {
        pc_certificate_free(&all[i]);
    }
    for (size_t i = 0; i < PC_ARRAY_LEN(keys); i++) {
        EVP_PKEY_free(keys[i]);
    }
}

/* Self-issued, by another key, for no time: none of the three is enough, nor are two of them. */
static void test_placeholders(void **state)
{
    static const struct {
        const char *subject;
        const char *issuer;
        bool own_key;
        bool is;
    } rows[] = {
        {"!", "!", false, true},       {"!", "!", true, false},        {"leaf", "!", false, false},
        {"leaf", "!", true, false},    {"root", "root", false, false}, // a CA's new key
        {"root", "root", true, false}, {"leaf", "root", false, false}, {"leaf", "root", true, false},
    };
    EVP_PKEY *keys[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256")};
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_certificate *certificate =
            read_made(rows[i].subject, rows[i].issuer, keys[0], keys[rows[i].own_key ? 0 : 1]);
        assert_int_equal(is_placeholder(certificate), rows[i].is);
        pc_certificate_free(&certificate);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

static PC_RESULT read_input(const void *bytes, size_t len, size_t *ret_count, p11csr_error **err)
{
    struct pc_certificates list PC_CLEANUP(pc_certificates_done) = {0};
    pc_certificates_init(&list);
    const struct pc_result result = pc_certificates_read(crypto, (struct pc_span){bytes, len}, &list, err);
    *ret_count = pc_certificates_count(&list);
    return result;
}

static void test_inputs(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    unsigned char *der = NULL;
    char *text = NULL;
    size_t count = 0;
    p11csr_error *err = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    (void)state;
    const size_t len = make("leaf", "leaf", key, key, &der);
    check_ok(read_input(der, len, &count, &err), &err);
    assert_int_equal(count, 1);
    for (size_t i = 0; i < 40; i++) {
        assert_true(BIO_puts(bio, "text around it\n") > 0);
        assert_true(PEM_write_bio(bio, "CERTIFICATE", "", der, (long)len) > 0);
    }
    const long all = BIO_get_mem_data(bio, &text);
    check_ok(read_input(text, (size_t)all / 20, &count, &err), &err);
    assert_int_equal(count, 2);
    check_fails(read_input(text, (size_t)all, &count, &err), &err, P11CSR_E_LIMIT, "");
    check_fails(read_input(text, (size_t)all / 20 - 20, &count, &err), &err, P11CSR_E_CERTIFICATE, "PEM");
    check_fails(read_input(der, len - 1, &count, &err), &err, P11CSR_E_CERTIFICATE, "cannot be read");
    check_fails(read_input("", 0, &count, &err), &err, P11CSR_E_CERTIFICATE, "empty");
    check_fails(read_input("x", 1, &count, &err), &err, P11CSR_E_CERTIFICATE, "neither PEM nor DER");
    BIO_free(bio);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static int setup(void **state)
{
    p11csr_error *err = NULL;
    (void)state;
    check_ok(pc_crypto_new(&crypto, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pc_crypto_free(&crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_issuers),
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_inputs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
