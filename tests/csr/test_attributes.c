// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "lib/check.h"

#include <string.h>

static const uint8_t a_oid[] = {0x2A, 0x03};
static const uint8_t b_oid[] = {0x2A, 0x04};
static const uint8_t password_oid[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x07};

static void add(struct pc_content *content, struct pc_span oid, const char *hex)
{
    p11csr_error *err = NULL;
    struct pc_buf value;
    pc_buf_init(&value, 100);
    hex_to_buf(hex, &value);
    check_ok(pc_content_add_attribute(content, oid, pc_buf_span(&value), &err), &err);
    pc_buf_done(&value);
}

static void check_written(const struct pc_content *content, const char *hex)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_der_writer w;
    pc_buf_init(&der, 1000);
    pc_der_writer_init(&w, &der);
    check_ok(pc_attributes_write(content, &w, &err), &err);
    check_ok(pc_der_finish(&w, &err), &err);
    check_hex(pc_buf_span(&der), hex);
    pc_buf_done(&der);
}

/* Values and attributes stand in DER order, whatever the order in which they were added. */
static void test_order(void **state)
{
    (void)state;
    struct pc_content content;
    pc_content_init(&content);
    check_written(&content, "a000");
    add(&content, PC_SPAN(b_oid), "0500");
    check_written(&content, "a00a 3008 06022a04 3102 0500");
    add(&content, PC_SPAN(a_oid), "0401bb");
    add(&content, PC_SPAN(a_oid), "0401aa");
    add(&content, PC_SPAN(a_oid), "0401bb"); // is there already
    add(&content, PC_SPAN(a_oid), "0101ff");
    check_written(&content, "a01b 3008 06022a04 3102 0500 300f 06022a03 3109 0101ff 0401aa 0401bb");
    check_hex(pc_buf_span(&content.attributes),
              "3008 06022a04 3102 0500 300f 06022a03 3109 0101ff 0401aa 0401bb"); // as it will be read back
    pc_content_done(&content);
    check_written(&content, "a000");
}

/* RFC 2985: the password is there once; its values are no list. */
static void test_single_valued(void **state)
{
    (void)state;
    struct pc_content content;
    pc_content_init(&content);
    add(&content, PC_SPAN(password_oid), "130161");
    add(&content, PC_SPAN(password_oid), "130162");
    check_written(&content, "a012 3010 06092a864886f70d010907 3103 130162");
    pc_content_done(&content);
}

/* The one that holds the extensions is there once, in its place in the order, when there are any. */
static void test_extensions_are_among_them(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_basic(&content, false, -1, &err), &err);
    add(&content, PC_SPAN(a_oid), "0500");
    check_written(&content, "a026 3008 06022a03 3102 0500 "
                            "301a 06092a864886f70d01090e 310d 300b 3009 0603551d13 0402 3000");
    pc_content_done(&content);
}

static void test_refused(void **state)
{
    (void)state;
    static const uint8_t null[] = {0x05, 0x00};
    static const uint8_t both[] = {0x05, 0x00, 0x05, 0x00};
    static const uint8_t pkcs9[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E};
    static const uint8_t microsoft[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0E};
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_fails(pc_content_add_attribute(&content, PC_SPAN(pkcs9), PC_SPAN(null), &err), &err,
                P11CSR_E_ATTRIBUTE, "the attribute extensionRequest holds the extensions");
    check_fails(pc_content_add_attribute(&content, PC_SPAN(microsoft), PC_SPAN(null), &err), &err,
                P11CSR_E_ATTRIBUTE, "the attribute msCertExtensions holds the extensions");
    check_fails(pc_content_add_attribute(&content, PC_SPAN(a_oid), PC_SPAN(both), &err), &err,
                P11CSR_E_ATTRIBUTE, "byte 2: more data than belongs into one value");
    check_fails(pc_content_add_attribute(&content, PC_SPAN(a_oid), (struct pc_span){0}, &err), &err,
                P11CSR_E_ATTRIBUTE, "byte 0: a value is missing");
    check_written(&content, "a000");
    pc_content_done(&content);
}

static void test_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    for (unsigned i = 0; i <= PC_MAX_ATTRIBUTES; i++) {
        const uint8_t value[] = {0x04, 0x01, (uint8_t)i};
        const struct pc_result result =
            pc_content_add_attribute(&content, PC_SPAN(a_oid), PC_SPAN(value), &err);
        if (i < PC_MAX_ATTRIBUTES) {
            check_ok(result, &err);
        } else {
            check_fails(result, &err, P11CSR_E_LIMIT, "more than 128 elements in a SET");
        }
    }
    pc_content_done(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_single_valued),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_extensions_are_among_them),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
