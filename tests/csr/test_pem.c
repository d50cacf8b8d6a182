// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/reading/read.h"
#include "csr/specimen.h"
#include "lib/check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

static struct softsigner *signer;
static struct pc_buf der;
static struct pc_buf pem; /* zero-terminated */

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    signer = softsigner_new(PC_KEYSPEC_ED25519);
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_buf_init(&pem, PC_MAX_REQUEST);
    specimen_make(&(struct specimen){0}, signer, &der);
    check_ok(pc_csr_encode_pem(pc_buf_span(&der), &pem, &err), &err);
    pc_buf_byte(&pem, 0);
    check_ok(pc_buf_check(&pem, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    softsigner_free(&signer);
    pc_buf_done(&der);
    pc_buf_done(&pem);
    return 0;
}

/* Byte for byte what libcrypto writes. */
static void test_encode(void **state)
{
    (void)state;
    const char *text = (const char *)pem.ptr;
    BIO *bio = BIO_new(BIO_s_mem());
    char *expected = NULL;
    assert_true(PEM_write_bio(bio, PEM_STRING_X509_REQ, "", der.ptr, (long)der.len) > 0);
    const long len = BIO_get_mem_data(bio, &expected);
    check_same(((struct pc_span){pem.ptr, pem.len - 1}),
               ((struct pc_span){(const uint8_t *)expected, (size_t)len}));
    assert_ptr_equal(strstr(text, "-----BEGIN CERTIFICATE REQUEST-----\n"), text);
    assert_int_equal(strcspn(strchr(text, '\n') + 1, "\n"), 64);
    BIO_free(bio);
}

static void test_encode_lengths(void **state)
{
    (void)state;
    static const uint8_t zeros[200];
    for (size_t len = 1; len <= sizeof(zeros); len++) {
        p11csr_error *err = NULL;
        struct pc_buf text;
        BIO *bio = BIO_new(BIO_s_mem());
        char *expected = NULL;
        pc_buf_init(&text, 1000);
        check_ok(pc_csr_encode_pem((struct pc_span){zeros, len}, &text, &err), &err);
        assert_true(PEM_write_bio(bio, PEM_STRING_X509_REQ, "", zeros, (long)len) > 0);
        const long expected_len = BIO_get_mem_data(bio, &expected);
        check_same(pc_buf_span(&text), ((struct pc_span){(const uint8_t *)expected, (size_t)expected_len}));
        BIO_free(bio);
        pc_buf_done(&text);
    }
}

static void check_decodes(const char *input, size_t len)
{
    p11csr_error *err = NULL;
    struct pc_buf got;
    pc_buf_init(&got, PC_MAX_REQUEST);
    check_ok(pc_csr_decode_input((struct pc_span){(const uint8_t *)input, len}, &got, &err), &err);
    check_same(pc_buf_span(&got), pc_buf_span(&der));
    pc_buf_done(&got);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Replaces every `from` in `text`; both as long as each other or shorter. */
static void replace(struct pc_buf *ret, const char *text, const char *from, const char *to)
{
    pc_buf_init(ret, PC_MAX_REQUEST);
    while (*text != 0) {
        const bool here = strncmp(text, from, strlen(from)) == 0;
        pc_buf_add(ret, here ? to : text, here ? strlen(to) : 1);
        text += here ? strlen(from) : 1;
    }
    pc_buf_byte(ret, 0);
}

static void check_decodes_replaced(const char *from, const char *to)
{
    struct pc_buf input;
    replace(&input, (const char *)pem.ptr, from, to);
    check_decodes((const char *)input.ptr, input.len - 1);
    pc_buf_done(&input);
}

static void test_decode(void **state)
{
    (void)state;
    check_decodes((const char *)der.ptr, der.len);
    check_decodes((const char *)pem.ptr, pem.len - 1);
    check_decodes((const char *)pem.ptr, pem.len - 2); // the last line without its end
    check_decodes_replaced("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    check_decodes_replaced("\n", "\r\n");
    check_decodes_replaced("-----BEGIN", "\xef\xbb\xbf-----BEGIN"); // a byte order mark
    check_decodes_replaced("-----BEGIN", "Subject: CN=a\n\n-----BEGIN");
    check_decodes_replaced("-----BEGIN", "0 s:CN=a\n-----BEGIN"); // starts with the octet of a SEQUENCE
    check_decodes_replaced("REQUEST-----\n", "REQUEST-----\n\n");
    check_decodes_replaced("-----BEGIN",
                           "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n-----BEGIN");
}

static void check_refused(const char *input, size_t len, enum p11csr_code code, const char *why)
{
    p11csr_error *err = NULL;
    struct pc_buf got;
    pc_buf_init(&got, PC_MAX_REQUEST);
    check_fails(pc_csr_decode_input((struct pc_span){(const uint8_t *)input, len}, &got, &err), &err, code,
                why);
    assert_int_equal(got.len, 0);
    pc_buf_done(&got);
    assert_int_equal(ERR_peek_error(), 0);
}

static void check_refused_replaced(const char *from, const char *to, const char *why)
{
    struct pc_buf input;
    replace(&input, (const char *)pem.ptr, from, to);
    check_refused((const char *)input.ptr, input.len - 1, P11CSR_E_REQUEST, why);
    pc_buf_done(&input);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *why;
    } labels[] = {
        {"CERTIFICATE", "this is a certificate, not a request"},
        {"TRUSTED CERTIFICATE", "this is a certificate, not a request"},
        {"PRIVATE KEY", "this is a private key, not a request"},
        {"EC PRIVATE KEY", "this is a private key, not a request"},
        {"ENCRYPTED PRIVATE KEY", "this is a private key, not a request"},
        {"PUBLIC KEY", "this is a public key, not a request"},
        {"X509 CRL", "this is a revocation list, not a request"},
        {"PKCS7", "this is a PKCS#7 message, not a request"},
        {"CERTIFICATE REQUESTS", "this is something else, not a request"},
        {"certificate request", "this is something else, not a request"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(labels); i++) {
        check_refused_replaced("CERTIFICATE REQUEST", labels[i].label, labels[i].why);
    }
    check_refused("", 0, P11CSR_E_REQUEST, "the input is empty");
    check_refused("hello", 5, P11CSR_E_REQUEST, "this is neither PEM nor DER");
    check_refused("0", 1, P11CSR_E_REQUEST, "this is neither PEM nor DER");
    check_refused("\0\0\0", 3, P11CSR_E_REQUEST, "this is neither PEM nor DER");
    check_refused_replaced("-----END", "-----EMD", "the PEM is damaged");
    check_refused_replaced("END CERTIFICATE REQUEST", "END CERTIFICATE", "the PEM is damaged");
    check_refused_replaced("\nMI", "\nM!I", "the PEM is damaged");
    check_refused_replaced("-----BEGIN", " -----BEGIN", "this is neither PEM nor DER");
    check_refused_replaced("REQUEST-----\nM",
                           "REQUEST-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nM",
                           "the PEM is encrypted, which requests are not");
}

static void test_two_requests(void **state)
{
    (void)state;
    struct pc_buf two;
    pc_buf_init(&two, PC_MAX_REQUEST);
    pc_buf_add(&two, pem.ptr, pem.len - 1);
    pc_buf_add(&two, pem.ptr, pem.len - 1);
    check_refused((const char *)two.ptr, two.len, P11CSR_E_REQUEST, "more than one request in one input");
    pc_buf_done(&two);
}

static void test_size(void **state)
{
    (void)state;
    struct pc_buf large;
    pc_buf_init(&large, PC_MAX_REQUEST + 1);
    uint8_t *octets = pc_buf_reserve(&large, PC_MAX_REQUEST + 1);
    assert_non_null(octets);
    memset(octets, 'x', PC_MAX_REQUEST + 1);
    check_refused((const char *)octets, PC_MAX_REQUEST, P11CSR_E_REQUEST, "this is neither PEM nor DER");
    check_refused((const char *)octets, PC_MAX_REQUEST + 1, P11CSR_E_LIMIT,
                  "a request of more than 1048576 bytes");
    pc_buf_done(&large);
}

/* What the host application had in its error queue stays there, and alone. */
static void test_error_queue(void **state)
{
    (void)state;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 42);
    p11csr_error *err = NULL;
    struct pc_buf got;
    pc_buf_init(&got, PC_MAX_REQUEST);
    check_fails(pc_csr_decode_input(pc_span_str("hello"), &got, &err), &err, P11CSR_E_REQUEST,
                "neither PEM nor DER");
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 42);
    assert_int_equal(ERR_get_error(), 0);
    pc_buf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),       cmocka_unit_test(test_encode_lengths),
        cmocka_unit_test(test_decode),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_two_requests), cmocka_unit_test(test_size),
        cmocka_unit_test(test_error_queue),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
