// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/attestation.h"
#include "csr/content/attributes.h"
#include "csr/reading/json.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

/* The attribute with attestations, against bytes that were encoded by hand. */

/* A certificate of 'CN=t' as far as its structure goes: X.509 version 1, Ed25519, a signature of zeros. */
#define T_NAME "300c 310a 3008 0603550403 0c0174 "
#define T_VALIDITY "301e 170d3236303130313030303030305a 170d3237303130313030303030305a "
#define EIGHT_ZEROS "0000000000000000"
#define ZEROS EIGHT_ZEROS EIGHT_ZEROS EIGHT_ZEROS EIGHT_ZEROS
#define T_SPKI "302a 3005 06032b6570 032100" ZEROS
#define CERTIFICATE                                                                                          \
    "3081be 3072 020101 3005 06032b6570 " T_NAME T_VALIDITY T_NAME T_SPKI                                    \
    " 3005 06032b6570 034100" ZEROS ZEROS " "
#define OID "060b 2a864886f70d010910023b "
#define FIRST "3006 06022a04 0500 "
#define SECOND "3009 06022a03 3003020101 "

static struct pc_result add(struct pc_content *content, const char *type, const char *hex, p11csr_error **err)
{
    struct pc_buf statement PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&statement, 1000);
    hex_to_buf(hex, &statement);
    return pc_attestation_add(content, type, pc_buf_span(&statement), err);
}

static struct pc_result add_certificates(struct pc_content *content, const char *hex, p11csr_error **err)
{
    struct pc_buf input PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&input, 1000);
    hex_to_buf(hex, &input);
    return pc_attestation_add_certificates(content, pc_buf_span(&input), err);
}

/* One value. Statements and certificates stay in their order, whatever was added first. */
static void test_golden(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content PC_CLEANUP(pc_content_done);
    pc_content_init(&content);
    check_ok(add(&content, "1.2.4", "0500", &err), &err);
    check_hex(pc_buf_span(&content.attributes), "301b " OID "310c 300a 3008 " FIRST);
    check_ok(add_certificates(&content, CERTIFICATE, &err), &err);
    check_ok(add(&content, "1.2.3", "3003020101", &err), &err);
    check_hex(pc_buf_span(&content.attributes),
              "3081ec " OID "3181dc 3081d9 3013 " FIRST SECOND "3081c1 " CERTIFICATE);
    check_ok(add_certificates(&content, CERTIFICATE, &err), &err);
    check_ok(add(&content, "1.2.4", "0500", &err), &err);
    check_hex(pc_buf_span(&content.attributes), "308201b8 " OID "318201a7 308201a3 301b " FIRST SECOND FIRST
                                                "30820182 " CERTIFICATE CERTIFICATE);
}

/* What is refused leaves the content as it was. */
static void test_refused(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf large PC_CLEANUP(pc_buf_done) = {0};
    struct pc_content content PC_CLEANUP(pc_content_done);
    pc_content_init(&content);
    check_fails(add_certificates(&content, CERTIFICATE, &err), &err, P11CSR_E_ATTRIBUTE,
                "there is no attestation that they belong to");
    assert_int_equal(content.attributes.len, 0);
    check_ok(add(&content, "1.2.4", "0500", &err), &err);
    check_fails(add(&content, "1.2.4", "", &err), &err, P11CSR_E_ATTRIBUTE, "byte 0: a value is missing");
    check_fails(add(&content, "1.2.4", "0500 0500", &err), &err, P11CSR_E_ATTRIBUTE, "byte 2: more data");
    check_fails(add(&content, "1.2.4", "3002 0201", &err), &err, P11CSR_E_ATTRIBUTE, "byte ");
    check_fails(add(&content, "1.2.4", "3080 0000", &err), &err, P11CSR_E_ATTRIBUTE, "byte ");
    check_fails(add(&content, "tpm", "0500", &err), &err, P11CSR_E_ATTRIBUTE,
                "'tpm' is not an object identifier");
    check_fails(add(&content, "", "0500", &err), &err, P11CSR_E_ATTRIBUTE, "'' is not an object identifier");
    check_fails(add_certificates(&content, "", &err), &err, P11CSR_E_CERTIFICATE, "it is empty");
    check_fails(add_certificates(&content, "0500", &err), &err, P11CSR_E_CERTIFICATE, "neither PEM nor DER");
    check_fails(add_certificates(&content, CERTIFICATE "00", &err), &err, P11CSR_E_CERTIFICATE, "");
    pc_buf_init(&large, PC_MAX_REQUEST);
    assert_non_null(pc_buf_reserve(&large, PC_MAX_VALUE + 1));
    check_fails(pc_attestation_add(&content, "1.2.4", (struct pc_span){large.ptr, PC_MAX_VALUE + 1}, &err),
                &err, P11CSR_E_LIMIT, "more than 262144 octets");
    check_hex(pc_buf_span(&content.attributes), "301b " OID "310c 300a 3008 " FIRST);
}

static void test_counts(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content PC_CLEANUP(pc_content_done);
    pc_content_init(&content);
    for (size_t i = 0; i < PC_MAX_ITEMS; i++) {
        check_ok(add(&content, "1.2.4", "0500", &err), &err);
    }
    check_fails(add(&content, "1.2.4", "0500", &err), &err, P11CSR_E_LIMIT, "more than 256 statements");
    for (size_t i = 0; i < PC_MAX_CHAIN; i++) {
        check_ok(add_certificates(&content, CERTIFICATE, &err), &err);
    }
    check_fails(add_certificates(&content, CERTIFICATE, &err), &err, P11CSR_E_LIMIT,
                "more than 32 certificates");
}

static struct pc_result describe(const char *hex, json_t **ret, p11csr_error **err)
{
    struct pc_buf values PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&values, 1000);
    hex_to_buf(hex, &values);
    return pc_attestation_describe(pc_buf_span(&values), ret, err);
}

static void test_describe(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    json_t *list PC_CLEANUP(pc_json_drop) = NULL;
    check_ok(describe("3081dd 3013 " FIRST SECOND "3081c5 " CERTIFICATE "a302 0500", &list, &err), &err);
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, "[{\"type\":\"1.2.4\",\"hex\":\"0500\"},"
                              "{\"type\":\"1.2.3\",\"hex\":\"3003020101\"},"
                              "{\"type\":\"certificate\",\"value\":\"CN=t\"},"
                              "{\"type\":\"other-certificate\",\"hex\":\"a3020500\"}]");
    free(text);
}

/* Older drafts, and what is none of them: such an attribute is shown in hex. */
static void test_describe_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "0500",
        "3000",
        "300a 3008 " FIRST "0500",           // a second value
        "300c 3008 " FIRST "0500",           // no list of certificates
        "300c 3008 " FIRST "3000 0500",      // something behind it
        "300c 300a 3008 06022a04 0500 0500", // a statement of two values
        "300e 3008 " FIRST "3002 0500",      // no certificate
        "3010 3008 " FIRST "3004 3002 0500", // nor this
    };
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(wrong); i++) {
        p11csr_error *err = NULL;
        json_t *list = NULL;
        check_fails(describe(wrong[i], &list, &err), &err, P11CSR_E_REQUEST,
                    i + 1 < PC_ARRAY_LEN(wrong) ? "byte " : "");
        assert_null(list);
    }
}

/* Of an attribute that is no bundle, nothing is made one. */
static void test_earlier_value(void **state)
{
    static const uint8_t null[] = {0x05, 0x00};
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content PC_CLEANUP(pc_content_done);
    pc_content_init(&content);
    check_ok(pc_content_add_attribute(&content, pc_attribute_attestation(), PC_SPAN(null), &err), &err);
    check_fails(add(&content, "1.2.4", "0500", &err), &err, P11CSR_E_ATTRIBUTE, "AttestationBundle");
    check_hex(pc_buf_span(&content.attributes), "3011 " OID "3102 0500");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),           cmocka_unit_test(test_refused),
        cmocka_unit_test(test_counts),           cmocka_unit_test(test_describe),
        cmocka_unit_test(test_describe_refused), cmocka_unit_test(test_earlier_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
