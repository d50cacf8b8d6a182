// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/extensions.h"
#include "lib/check.h"

#include <string.h>

/* A request for one extension and the bytes of that extension. */
static void check_written(const struct pc_content *content, const char *hex)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_der_writer w;
    pc_buf_init(&der, 1000);
    pc_der_writer_init(&w, &der);
    assert_true(pc_extensions_count(content) > 0);
    pc_extensions_write(content, &w);
    check_ok(pc_der_finish(&w, &err), &err);
    check_hex(((struct pc_span){der.ptr + 2, der.len - 2}), hex);
    pc_buf_done(&der);
}

static void test_key_usage(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *hex;
    } rows[] = {
        {"digitalSignature", "300e 0603551d0f 0101ff 0404 03020780"},
        {"digitalSignature:noncritical", "300b 0603551d0f 0404 03020780"},
        {"digitalSignature,keyEncipherment", "300e 0603551d0f 0101ff 0404 030205a0"},
        {"keyCertSign,cRLSign", "300e 0603551d0f 0101ff 0404 03020106"},
        {"keyAgreement,decipherOnly", "300f 0603551d0f 0101ff 0405 0303070880"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        assert_int_equal(pc_extensions_count(&content), 0);
        check_ok(pc_content_set_key_usage(&content, rows[i].list, &err), &err);
        check_written(&content, rows[i].hex);
        pc_content_done(&content);
    }
}

static void test_basic_constraints(void **state)
{
    (void)state;
    static const struct {
        bool is_ca;
        long path_length;
        const char *hex;
    } rows[] = {
        {false, -1, "3009 0603551d13 0402 3000"},
        {true, -1, "300f 0603551d13 0101ff 0405 3003 0101ff"},
        {true, 0, "3012 0603551d13 0101ff 0408 3006 0101ff 020100"},
        {true, 200, "3013 0603551d13 0101ff 0409 3007 0101ff 020200c8"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        check_ok(pc_content_set_basic(&content, rows[i].is_ca, rows[i].path_length, &err), &err);
        check_written(&content, rows[i].hex);
        pc_content_done(&content);
    }
}

static void test_others(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_ext_key_usage(&content, "serverAuth,any", &err), &err);
    check_written(&content, "3019 0603551d25 0412 3010 06082b06010505070301 0604551d2500");
    check_ok(pc_content_set_ext_key_usage(&content, "timeStamping:critical", &err), &err);
    check_written(&content, "3016 0603551d25 0101ff 040c 300a 06082b06010505070308");
    pc_content_done(&content);
    pc_content_set_must_staple(&content, true);
    check_written(&content, "3011 06082b06010505070118 0405 3003 020105");
    pc_content_set_must_staple(&content, false);
    assert_int_equal(pc_extensions_count(&content), 0);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_IP, "192.0.2.1", &err), &err);
    check_written(&content, "3015 0603551d11 040e 300c 8204612e6465 8704c0000201");
    pc_content_settle(&content);
    check_written(&content, "3018 0603551d11 0101ff 040e 300c 8204612e6465 8704c0000201");
    pc_content_done(&content);
}

struct reading {
    struct pc_content content;
    size_t count;
    size_t unknown;
};

static PC_RESULT read_one(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct reading *reading = data;
    bool known = false;
    PC_TRY(pc_extension_read(ext, &reading->content, &known, err));
    reading->count++;
    reading->unknown += known ? 0 : 1;
    return PC_OK;
}

static struct pc_result read_all(struct pc_span der, struct reading *ret, p11csr_error **err)
{
    *ret = (struct reading){.count = 0};
    pc_content_init(&ret->content);
    return pc_extensions_walk(pc_der_over(der), read_one, ret, err);
}

static void test_everything_is_read_back(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct reading reading;
    struct pc_buf der;
    struct pc_der_writer w;
    pc_content_init(&content);
    pc_buf_init(&der, 1000);
    pc_der_writer_init(&w, &der);
    check_ok(pc_content_add_san(&content, PC_SAN_EMAIL, "a@b", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_URI, "https://a/", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_IP, "::1", &err), &err);
    check_ok(pc_content_set_basic(&content, true, 7, &err), &err);
    check_ok(pc_content_set_key_usage(&content, "keyCertSign", &err), &err);
    check_ok(pc_content_set_ext_key_usage(&content, "any,2.999:critical", &err), &err);
    pc_content_set_must_staple(&content, true);
    content.skid_len = 20;
    pc_content_settle(&content);
    pc_extensions_write(&content, &w);
    check_ok(pc_der_finish(&w, &err), &err);
    check_ok(read_all(pc_buf_span(&der), &reading, &err), &err);
    assert_int_equal(reading.count, 6);
    assert_int_equal(reading.unknown, 0);
    check_ok(pc_content_compare(&content, &reading.content, &err), &err);
    pc_content_done(&reading.content);
    pc_content_done(&content);
    pc_buf_done(&der);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *hex; /* of the extension */
        const char *why;
    } rows[] = {
        // Extension
        {"3000", "byte 4: extnID is missing"},
        {"3005 0603551d0f", "byte 9: extnValue is missing"},
        {"3008 0603551d0f 010100", "byte 12: extnValue is missing"},
        {"300b 0603551d0f 010101 0401 00", "BOOLEAN is neither 00 nor FF"},
        {"300e 0603551d0f 010100 0404 03020780",
         "critical FALSE stands before this, a default that DER leaves out"},
        {"300b 0603551d0f 0304 03020780", "tag 03 where extnValue (tag 04) is expected"},
        {"300d 0603551d0f 0404 03020780 0500", "byte 15: more data than belongs into Extension"},
        // KeyUsage
        {"300b 0603551d0f 0404 03020680", "byte 11: trailing zero bits of a named BIT STRING are not cut"},
        {"300a 0603551d0f 0403 030100", "byte 11: KeyUsage has no bit set"},
        {"300c 0603551d0f 0405 0303060040", "byte 11: KeyUsage has a bit that means nothing"},
        {"300d 0603551d0f 0406 03020780 0500", "byte 15: more data than belongs into KeyUsage"},
        {"3009 0603551d0f 0402 0500", "byte 11: tag 05 where KeyUsage (tag 03) is expected"},
        // ExtKeyUsage
        {"3009 0603551d25 0402 3000", "byte 13: ExtKeyUsageSyntax is empty"},
        {"3011 0603551d25 040a 3008 06022a03 06022a03", "byte 17: the same extended key usage twice"},
        {"300b 0603551d25 0404 3002 0600", "byte 13: OBJECT IDENTIFIER is malformed"},
        {"300b 0603551d25 0404 3002 0500", "byte 13: tag 05 where KeyPurposeId (tag 06) is expected"},
        // BasicConstraints
        {"300c 0603551d13 0405 3003 010100", "byte 13: cA FALSE is the default, which DER leaves out"},
        {"300c 0603551d13 0405 3003 020100", "byte 13: pathLenConstraint without cA"},
        {"300f 0603551d13 0408 3006 0101ff 0201ff", "byte 16: INTEGER is negative"},
        {"300e 0603551d13 0407 3005 0101ff 0500", "byte 16: more data than belongs into BasicConstraints"},
        // subjectAltName
        {"3009 0603551d11 0402 3000", "byte 13: GeneralNames is empty"},
        {"300c 0603551d11 0405 3003 8201c3", "byte 13: an alternative name with a character"},
        {"300e 0603551d11 0407 3005 8703000000", "byte 13: an IP address that has neither 4 nor 16 octets"},
        // subjectKeyIdentifier
        {"3009 0603551d0e 0402 0400", "byte 11: SubjectKeyIdentifier is empty"},
        {"300c 0603551d0e 0405 0401aa 0500", "byte 14: more data than belongs into SubjectKeyIdentifier"},
        {"3009 0603551d0e 0402 0500", "byte 11: tag 05 where SubjectKeyIdentifier (tag 04) is expected"},
        // TLS feature
        {"3011 06082b06010505070118 0405 3003 0201ff", "INTEGER is negative"},
        {"3011 06082b06010505070118 0405 3003 0101ff", "tag 01 where feature (tag 02) is expected"},
        {"3013 06082b06010505070118 0407 3005 0203010000", "INTEGER is larger than allowed here"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf extension;
        struct pc_buf der;
        struct pc_der_writer w;
        struct reading reading;
        pc_buf_init(&extension, 100);
        pc_buf_init(&der, 100);
        hex_to_buf(rows[i].hex, &extension);
        pc_der_writer_init(&w, &der);
        pc_der_bytes(&w, PC_DER_SEQUENCE, pc_buf_span(&extension));
        check_fails(read_all(pc_buf_span(&der), &reading, &err), &err, P11CSR_E_REQUEST, rows[i].why);
        pc_content_done(&reading.content);
        pc_buf_done(&extension);
        pc_buf_done(&der);
    }
}

static void test_lists_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *why;
    } rows[] = {
        {"", "byte 0: Extensions is missing"},
        {"3000", "byte 2: Extensions is empty"},
        {"3100", "byte 0: tag 31 where Extensions (tag 30) is expected"},
        {"300b 3009 0603551d13 0402 3000 00", "byte 13: more data than belongs into Extensions"},
        {"3016 3009 0603551d13 0402 3000 3009 0603551d13 0402 3000", "byte 13: the same extension twice"},
        {"3002 0500", "byte 2: tag 05 where Extension (tag 30) is expected"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct reading reading;
        pc_buf_init(&der, 100);
        hex_to_buf(rows[i].hex, &der);
        check_fails(read_all(pc_buf_span(&der), &reading, &err), &err, P11CSR_E_REQUEST, rows[i].why);
        pc_content_done(&reading.content);
        pc_buf_done(&der);
    }
}

/* What no field can say completely goes to the list of others, octet for octet. */
static void test_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        size_t unknown;
    } rows[] = {
        {"300b 3009 0603551d13 0402 3000", 0},
        {"300b 3009 0603551d20 0402 3000", 1},             // a name without a row
        {"300a 3008 06022a03 0402 0500", 1},               // not even a name
        {"3010 300e 0603551d11 0407 3005 820161 a000", 1}, // a kind of name without a row
        {"300d 300b 0603551d0e 0404 0402aabb", 0},
        {"3010 300e 0603551d0e 0101ff 0404 0402aabb", 1}, // critical
        {"3013 3011 06082b06010505070118 0405 3003 020105", 0},
        {"3013 3011 06082b06010505070118 0405 3003 020111", 1}, // another feature
        {"3016 3014 06082b06010505070118 0408 3006 020105 020111", 1},
        {"3016 3014 06082b06010505070118 0408 3006 020105 020105", 1},
        {"3010 300e 06082b06010505070118 0402 3000", 1},
        {"3016 3014 06082b06010505070118 0101ff 0405 3003 020105", 1}, // critical
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct reading reading;
        pc_buf_init(&der, 100);
        hex_to_buf(rows[i].hex, &der);
        check_ok(read_all(pc_buf_span(&der), &reading, &err), &err);
        assert_int_equal(reading.unknown, rows[i].unknown);
        const struct pc_span list = {der.ptr + 2, rows[i].unknown > 0 ? der.len - 2 : 0};
        check_same(pc_buf_span(&reading.content.extensions), list);
        assert_int_equal(pc_extensions_count(&reading.content), 1);
        pc_content_done(&reading.content);
        pc_buf_done(&der);
    }
}

/* Any extension by its OID: what is written for it, whether it has a field or not. */
static void test_set_by_oid(void **state)
{
    (void)state;
    static const struct {
        const char *oid;
        enum pc_critical critical;
        const char *value;
        const char *hex; /* of the extension */
    } rows[] = {
        {"2a03", PC_CRITICAL_USUAL, "0500", "3008 06022a03 0402 0500"},
        {"2a03", PC_CRITICAL_YES, "0500", "300b 06022a03 0101ff 0402 0500"},
        {"2a03", PC_CRITICAL_NO, "0500", "3008 06022a03 0402 0500"},
        {"551d0f", PC_CRITICAL_USUAL, "03020780", "300e 0603551d0f 0101ff 0404 03020780"},
        {"551d0f", PC_CRITICAL_NO, "03020780", "300b 0603551d0f 0404 03020780"},
        {"551d13", PC_CRITICAL_USUAL, "3000", "3009 0603551d13 0402 3000"},
        {"551d13", PC_CRITICAL_USUAL, "3003 0101ff", "300f 0603551d13 0101ff 0405 3003 0101ff"},
        {"551d13", PC_CRITICAL_NO, "3003 0101ff", "300c 0603551d13 0405 3003 0101ff"},
        {"551d25", PC_CRITICAL_USUAL, "3004 06022a03", "300d 0603551d25 0406 3004 06022a03"},
        {"551d0e", PC_CRITICAL_USUAL, "0402aabb", "300b 0603551d0e 0404 0402aabb"},
        {"551d0e", PC_CRITICAL_YES, "0402aabb", "300e 0603551d0e 0101ff 0404 0402aabb"},
        {"551d11", PC_CRITICAL_USUAL, "3003 820161", "300c 0603551d11 0405 3003 820161"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        struct pc_buf oid;
        struct pc_buf value;
        pc_content_init(&content);
        pc_buf_init(&oid, 100);
        pc_buf_init(&value, 100);
        hex_to_buf(rows[i].oid, &oid);
        hex_to_buf(rows[i].value, &value);
        for (int again = 0; again < 2; again++) { // the second replaces the first
            check_ok(pc_content_set_extension(&content, pc_buf_span(&oid), rows[i].critical,
                                              pc_buf_span(&value), &err),
                     &err);
            assert_int_equal(pc_extensions_count(&content), 1);
            check_written(&content, rows[i].hex);
        }
        check_ok(pc_content_drop_extension(&content, pc_buf_span(&oid), &err), &err);
        assert_int_equal(pc_extensions_count(&content), 0);
        pc_buf_done(&oid);
        pc_buf_done(&value);
        pc_content_done(&content);
    }
}

static const uint8_t other_oid[] = {0x2A, 0x03};
static const uint8_t next_oid[] = {0x2A, 0x04};
static const uint8_t key_usage_oid[] = {0x55, 0x1D, 0x0F};
static const uint8_t null_value[] = {0x05, 0x00};

static void test_set_refused(void **state)
{
    (void)state;
    static const struct {
        struct pc_span oid;
        const char *value;
        const char *why;
    } rows[] = {
        {{other_oid, 2}, "", "byte 0: a value is missing"},
        {{other_oid, 2}, "0500 00", "byte 2: more data than belongs into one value"},
        {{other_oid, 2}, "0501", "byte 0: length goes beyond the end"},
        {{other_oid, 2}, "3080 0000", "byte 0: indefinite length"},
        {{other_oid, 2}, "3004 3002 0101", "byte 4: length goes beyond the end"},
        {{other_oid, 2}, "3081 02 0500", "byte 0: length is not in its shortest form"},
        {{key_usage_oid, 3}, "03020680", "byte 0: trailing zero bits"},
        {{key_usage_oid, 3}, "0500", "byte 0: tag 05 where KeyUsage"},
    };
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_key_usage(&content, "keyCertSign", &err), &err);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_buf value;
        pc_buf_init(&value, 100);
        hex_to_buf(rows[i].value, &value);
        check_fails(
            pc_content_set_extension(&content, rows[i].oid, PC_CRITICAL_USUAL, pc_buf_span(&value), &err),
            &err, P11CSR_E_EXTENSION, rows[i].why);
        check_written(&content, "300e 0603551d0f 0101ff 0404 03020204"); // as before
        pc_buf_done(&value);
    }
    pc_content_done(&content);
}

/* Nested values deeper than anything that is needed. */
static void test_set_too_deep(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    uint8_t value[2 * (PC_MAX_DER_DEPTH + 1)];
    pc_content_init(&content);
    for (size_t i = 0; i < sizeof(value); i += 2) {
        value[i] = 0x30;
        value[i + 1] = (uint8_t)(sizeof(value) - 2 - i);
    }
    check_fails(
        pc_content_set_extension(&content, PC_SPAN(other_oid), PC_CRITICAL_USUAL, PC_SPAN(value), &err), &err,
        P11CSR_E_EXTENSION, "byte 62: nested too deeply");
    const struct pc_span less = {value + 4, sizeof(value) - 4};
    check_ok(pc_content_set_extension(&content, PC_SPAN(other_oid), PC_CRITICAL_USUAL, less, &err), &err);
    pc_content_done(&content);
}

static void test_others_keep_their_order(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_extension ext;
    const struct pc_span null = PC_SPAN(null_value);
    pc_content_init(&content);
    check_ok(pc_content_set_extension(&content, PC_SPAN(next_oid), PC_CRITICAL_NO, null, &err), &err);
    check_ok(pc_content_set_extension(&content, PC_SPAN(other_oid), PC_CRITICAL_NO, null, &err), &err);
    check_ok(pc_content_set_extension(&content, PC_SPAN(next_oid), PC_CRITICAL_YES, null, &err), &err);
    check_hex(pc_buf_span(&content.extensions), "300b 06022a04 0101ff 0402 0500 3008 06022a03 0402 0500");
    assert_true(pc_content_get_extension(&content, PC_SPAN(other_oid), &ext));
    check_hex(ext.value, "0500");
    assert_false(ext.critical);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    check_ok(pc_content_set_key_usage(&content, "keyCertSign", &err), &err);
    pc_content_clear_extensions(&content); // the names stay
    assert_int_equal(pc_extensions_count(&content), 1);
    assert_int_equal(pc_content_san_count(&content), 1);
    pc_content_clear_sans(&content);
    assert_int_equal(pc_extensions_count(&content), 0);
    pc_content_done(&content);
}

static PC_RESULT count_one(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    (void)ext;
    (void)err;
    *(size_t *)data += 1;
    return PC_OK;
}

static void test_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    for (unsigned more = 0; more < 2; more++) {
        struct pc_buf der;
        struct pc_der_writer w;
        size_t count = 0;
        pc_buf_init(&der, 10000);
        pc_der_writer_init(&w, &der);
        pc_der_begin(&w, PC_DER_SEQUENCE);
        for (unsigned i = 0; i < PC_MAX_EXTENSIONS + more; i++) {
            const uint8_t oid[] = {0x2A, (uint8_t)(0x81 + i / 128), (uint8_t)(i % 128)};
            pc_der_begin(&w, PC_DER_SEQUENCE);
            pc_der_bytes(&w, PC_DER_OID, PC_SPAN(oid));
            pc_der_bytes(&w, PC_DER_OCTET_STRING, (struct pc_span){0});
            pc_der_end(&w);
        }
        pc_der_end(&w);
        check_ok(pc_der_finish(&w, &err), &err);
        const struct pc_result result =
            pc_extensions_walk(pc_der_over(pc_buf_span(&der)), count_one, &count, &err);
        if (more == 0) {
            check_ok(result, &err);
            assert_int_equal(count, PC_MAX_EXTENSIONS);
        } else {
            check_fails(result, &err, P11CSR_E_LIMIT, "more than 128 extensions");
        }
        pc_buf_done(&der);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_usage),
        cmocka_unit_test(test_basic_constraints),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_everything_is_read_back),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_lists_that_are_none),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_set_by_oid),
        cmocka_unit_test(test_set_refused),
        cmocka_unit_test(test_set_too_deep),
        cmocka_unit_test(test_others_keep_their_order),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
