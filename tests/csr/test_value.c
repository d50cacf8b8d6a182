// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/limits.h"
#include "csr/content/value.h"
#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } rows[] = {
        {"hex:0500", "0500"},
        {"hex:30:03:02:01:05", "3003020105"},
        {"hex:30 03 02 01 FF", "30030201ff"},
        {"asn1:NULL", "0500"},
        {"asn1:UTF8:a", "0c0161"},
        {"asn1:BOOL:TRUE", "0101ff"},
        {"asn1:INTEGER:0x80", "02020080"},
        {"asn1:OID:1.2.3", "06022a03"},
        {"asn1:FORMAT:HEX,OCT:aabb", "0402aabb"},
        {"asn1:FORMAT:BITLIST,BITSTRING:1,5", "03020244"},
        {"asn1:EXP:0,IA5:a", "a003160161"},
        {"asn1:SEQWRAP,NULL", "30020500"},
        {"hex:bf28 03 020105", "bf2803020105"},
        {"asn1:EXP:40,INTEGER:5", "bf2803020105"},
        {"asn1:IMP:1000A,NULL", "5f876800"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        pc_buf_init(&der, 1000);
        check_ok(pc_value_read(rows[i].text, P11CSR_E_EXTENSION, &der, &err), &err);
        check_hex(pc_buf_span(&der), rows[i].hex);
        pc_buf_done(&der);
    }
}

static void test_texts_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"", "a value is missing"},
        {"hex:", "byte 0: a value is missing"},
        {"hex:05 0", "half an octet at its end"},
        {"hex:050g", "character 4 of the hex is not a hex digit"},
        {"hex:0 500", "character 2 of the hex is not a hex digit"},
        {"hex:050000", "byte 2: more data than belongs into one value"},
        {"hex:0501", "byte 0: length goes beyond the end"},
        {"hex:bf1e03020105", "byte 0: the number of the tag is not in its shortest form"},
        {"hex:3005bf2803020105", "byte 7: more data than belongs into one value"},
        {"hex:3003bf2803", "byte 2: length goes beyond the end"},
        {"asn1:", "asn1: ''"},
        {"asn1:NUL", "asn1: 'NUL': unknown tag"},
        {"asn1:INTEGER:x", "asn1: 'INTEGER:x'"},
        {"asn1:SEQUENCE:section", "asn1: 'SEQUENCE:section': sequence or set needs config"},
        {"asn1:FORMAT:BITLIST,BITSTRING:4294967295", "names a bit above 99999"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        pc_buf_init(&der, 1000);
        check_fails(pc_value_read(rows[i].text, P11CSR_E_EXTENSION, &der, &err), &err, P11CSR_E_EXTENSION,
                    rows[i].why);
        assert_int_equal(der.len, 0);
        pc_buf_done(&der);
    }
}

static void test_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/p11csr-value-XXXXXX";
    char path[64];
    uint8_t *large = calloc(1, PC_MAX_VALUE + 1);
    p11csr_error *err = NULL;
    struct pc_buf der;
    pc_buf_init(&der, 1000);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/value.der", folder);
    check_fails(pc_value_read(path, P11CSR_E_ATTRIBUTE, &der, &err), &err, P11CSR_E_READ, path);
    check_ok(pc_file_write(path, pc_span_str("\x0c\x01x"), PC_FILE_KEEP, 0600, &err), &err);
    check_ok(pc_value_read(path, P11CSR_E_ATTRIBUTE, &der, &err), &err);
    check_hex(pc_buf_span(&der), "0c0178");
    check_ok(pc_file_write(path, pc_span_str("-----BEGIN X-----"), PC_FILE_REPLACE, 0600, &err), &err);
    check_fails(pc_value_read(path, P11CSR_E_ATTRIBUTE, &der, &err), &err, P11CSR_E_ATTRIBUTE,
                "byte 0: length goes beyond the end");
    const struct pc_span span = {large, PC_MAX_VALUE + 1};
    check_ok(pc_file_write(path, span, PC_FILE_REPLACE, 0600, &err), &err);
    check_fails(pc_value_read(path, P11CSR_E_ATTRIBUTE, &der, &err), &err, P11CSR_E_LIMIT, "262144 bytes");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    free(large);
    pc_buf_done(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
