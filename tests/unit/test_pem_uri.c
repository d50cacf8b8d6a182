// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/text.h"
#include "der/pem_uri.h"
#include "der/writer.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#define KEY "pkcs11:token=prod;id=%01;object=web;type=private"
#define WORDS "PKCS#11 Provider URI v1.0"

static void start(struct pc_buf *buf)
{
    pc_buf_init(buf, (size_t)4 * PC_MAX_URI);
}

/* The form around any description and URI, well or badly made. */
static void make(const char *description, struct pc_span uri, unsigned uri_tag, struct pc_buf *ret)
{
    struct pc_der_writer w;
    start(ret);
    pc_der_writer_init(&w, ret);
    pc_der_begin(&w, PC_DER_SEQUENCE);
    pc_der_bytes(&w, PC_DER_VISIBLE_STRING, pc_span_str(description));
    pc_der_bytes(&w, uri_tag, uri);
    pc_der_end(&w);
    assert_true(pc_is_ok(pc_der_finish(&w, NULL)));
}

static void check_round(const char *uri, const char *source, const char *expected)
{
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    char *text = NULL;
    start(&der);
    check_ok(pc_pem_uri_write(uri, source, &der, &err), &err);
    check_ok(pc_pem_uri_read(pc_buf_span(&der), &text, &err), &err);
    assert_string_equal(text, expected);
    pc_release(text);
    pc_buf_done(&der);
}

static void test_bytes(void **state)
{
    (void)state;
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    start(&der);
    check_ok(pc_pem_uri_write("pkcs11:object=web;type=private", NULL, &der, &err), &err);
    check_hex(pc_buf_span(&der), "303b"
                                 "1a19 504b4353233131 20 50726f7669646572 20 555249 20 76312e30"
                                 "0c1e 706b637331313a 6f626a6563743d776562 3b 747970653d70726976617465");
    pc_buf_done(&der);
}

static void test_round(void **state)
{
    (void)state;
    check_round(KEY, NULL, KEY);
    check_round(KEY, "/etc/p11csr/pin", KEY "?pin-source=/etc/p11csr/pin");
    check_round(KEY, "file:/a b&c'%3", KEY "?pin-source=file:/a%20b%26c%27%253");
    check_round(KEY, "cred:pin", KEY "?pin-source=cred:pin");
    check_round(KEY, "prompt", KEY "?pin-source=prompt");
    check_round(KEY, "empty", KEY "?pin-source=empty");
    check_round(KEY "?x-vendor=1", "/p", KEY "?x-vendor=1&pin-source=/p");
}

/* What is neither written nor read. */
static const struct {
    const char *query;
    const char *says;
} bad_queries[] = {
    {"module-path=/tmp/evil.so", "no module is loaded because a key file names it (module-path)"},
    {"module-name=evil", "(module-name)"},
    {"pin-source=file:/p&module-path=/tmp/evil.so", "(module-path)"},
    {"module-path", "(module-path)"},
    {"pin-source=exec:/bin/sh", "nothing that runs"},
    {"pin-source=ex%65c:/bin/sh", "nothing that runs"},
    {"pin-source=|/bin/sh", "nothing that runs"},
    {"pin-source=%7c/bin/sh", "nothing that runs"},
    {"pin-source=env:HOME", "nothing that runs"},
    {"pin-source=fd:3", "nothing that runs"},
    {"pin-source=pin.txt", "nothing that runs"},
    {"pin-source=file:", "nothing that runs"},
    {"pin-source=promptly", "nothing that runs"},
    {"pin-source=", "nothing that runs"},
    {"pin-source", "nothing that runs"},
    {"pin-source=%", "nothing that runs"},
    {"x=1&pin-source=exec:/x&y=2", "nothing that runs"},
};

static void test_bad_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(bad_queries); i++) {
        struct pc_buf der = {0};
        struct pc_buf written = {0};
        char *uri = pc_asprintf("%s?%s", KEY, bad_queries[i].query);
        char *text = NULL;
        p11csr_error *err = NULL;
        make(WORDS, pc_span_str(uri), PC_DER_UTF8_STRING, &der);
        check_fails(pc_pem_uri_read(pc_buf_span(&der), &text, &err), &err, P11CSR_E_URI, bad_queries[i].says);
        assert_null(text);
        start(&written);
        check_fails(pc_pem_uri_write(uri, NULL, &written, &err), &err, P11CSR_E_URI, bad_queries[i].says);
        assert_int_equal(written.len, 0);
        pc_buf_done(&written);
        pc_buf_done(&der);
        pc_release(uri);
    }
}

static void check_unreadable(const struct pc_buf *der, const char *says)
{
    p11csr_error *err = NULL;
    char *text = NULL;
    check_fails(pc_pem_uri_read(pc_buf_span(der), &text, &err), &err, P11CSR_E_URI, says);
    assert_null(text);
}

static void test_bad_uris(void **state)
{
    (void)state;
    static const struct pc_span uris[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"pkcs11:", 7},
        {(const uint8_t *)"PKCS11:object=web", 17},
        {(const uint8_t *)"file:/etc/passwd", 16},
        {(const uint8_t *)" pkcs11:object=web", 18},
        {(const uint8_t *)"pkcs11:object=web\0?module-path=/x", 33},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(uris); i++) {
        struct pc_buf der = {0};
        make(WORDS, uris[i], PC_DER_UTF8_STRING, &der);
        check_unreadable(&der, "not a pkcs11: URI");
        pc_buf_done(&der);
    }
}

static void test_bad_der(void **state)
{
    (void)state;
    struct pc_buf der = {0};
    make("PKCS#11 Provider URI v2.0", pc_span_str(KEY), PC_DER_UTF8_STRING, &der);
    check_unreadable(&der, "not of the one version");
    pc_buf_done(&der);
    make("", pc_span_str(KEY), PC_DER_UTF8_STRING, &der);
    check_unreadable(&der, "not of the one version");
    pc_buf_done(&der);
    make(WORDS, pc_span_str(KEY), PC_DER_IA5_STRING, &der);
    check_unreadable(&der, "is damaged");
    pc_buf_done(&der);
    make(WORDS, pc_span_str(KEY), PC_DER_UTF8_STRING, &der);
    for (size_t len = 0; len < der.len; len++) {
        const struct pc_buf cut = {.ptr = der.ptr, .len = len};
        check_unreadable(&cut, "is damaged");
    }
    pc_buf_byte(&der, 0);
    check_unreadable(&der, "is damaged");
    pc_buf_done(&der);
}

static void test_long(void **state)
{
    (void)state;
    char uri[PC_MAX_URI + 2] = KEY;
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    char *text = NULL;
    memset(uri + strlen(KEY), 'x', PC_MAX_URI - strlen(KEY));
    check_round(uri, NULL, uri);
    uri[PC_MAX_URI] = 'x';
    make(WORDS, pc_span_str(uri), PC_DER_UTF8_STRING, &der);
    check_fails(pc_pem_uri_read(pc_buf_span(&der), &text, &err), &err, P11CSR_E_LIMIT,
                "more than 8192 bytes");
    pc_buf_done(&der);
    start(&der);
    check_fails(pc_pem_uri_write(KEY, uri, &der, &err), &err, P11CSR_E_LIMIT, "more than 8192 bytes");
    pc_buf_done(&der);
}

/* A PIN that somebody else wrote is read, for the URI is theirs; none is written. */
static void test_pin(void **state)
{
    (void)state;
    struct pc_buf der = {0};
    p11csr_error *err = NULL;
    char *text = NULL;
    start(&der);
    check_fails(pc_pem_uri_write(KEY "?pin-value=1234", NULL, &der, &err), &err, P11CSR_E_URI,
                "a PIN is not written");
    assert_int_equal(der.len, 0);
    make(WORDS, pc_span_str(KEY "?pin-value=1234"), PC_DER_UTF8_STRING, &der);
    check_ok(pc_pem_uri_read(pc_buf_span(&der), &text, &err), &err);
    assert_string_equal(text, KEY "?pin-value=1234");
    pc_release(text);
    pc_buf_done(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),    cmocka_unit_test(test_round),   cmocka_unit_test(test_bad_queries),
        cmocka_unit_test(test_bad_uris), cmocka_unit_test(test_bad_der), cmocka_unit_test(test_long),
        cmocka_unit_test(test_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
