// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/content/name.h"
#include "lib/check.h"

#include <limits.h>
#include <string.h>

/* A content with everything in it. */
static void fill(struct pc_content *content)
{
    static const uint8_t oid[] = {0x2A, 0x03};
    static const uint8_t null[] = {0x05, 0x00};
    p11csr_error *err = NULL;
    pc_content_init(content);
    check_ok(pc_content_set_subject(content, "CN=www.example.com,C=DE", &err), &err);
    check_ok(pc_content_add_san(content, PC_SAN_DNS, "www.example.com", &err), &err);
    check_ok(pc_content_add_san(content, PC_SAN_IP, "192.0.2.1", &err), &err);
    check_ok(pc_content_set_key_usage(content, "digitalSignature", &err), &err);
    check_ok(pc_content_set_ext_key_usage(content, "serverAuth", &err), &err);
    check_ok(pc_content_set_basic(content, true, 3, &err), &err);
    pc_content_set_must_staple(content, true);
    check_ok(pc_content_set_extension(content, PC_SPAN(oid), PC_CRITICAL_NO, PC_SPAN(null), &err), &err);
    check_ok(pc_content_add_attribute(content, PC_SPAN(oid), PC_SPAN(null), &err), &err);
    pc_content_settle(content);
}

static void test_key_usage(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned bits;
        bool critical;
    } rows[] = {
        {"digitalSignature", 1, true},
        {"digital-signature", 1, true},
        {"digitalsignature", 1, true},
        {"DigitalSignature:critical", 1, true},
        {"digitalSignature:noncritical", 1, false},
        {"digitalSignature,keyEncipherment", 5, true},
        {" digitalSignature , keyEncipherment ", 5, true},
        {"keyEncipherment,digital-signature", 5, true},
        {"nonRepudiation", 2, true},
        {"content-commitment", 2, true},
        {"dataEncipherment", 8, true},
        {"keyCertSign,cRLSign", 0x60, true},
        {"key-cert-sign,crl-sign", 0x60, true},
        {"keyAgreement,encipherOnly", 0x90, true},
        {"decipher-only,key-agreement:noncritical", 0x110, false},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        check_ok(pc_content_set_key_usage(&content, rows[i].list, &err), &err);
        assert_int_equal(content.key_usage, rows[i].bits);
        assert_int_equal(content.key_usage_critical, rows[i].critical);
        pc_content_done(&content);
    }
}

static void test_key_usage_that_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *why;
    } rows[] = {
        {"", "a name is missing in ''"},
        {" ", "a name is missing in ' '"},
        {",digitalSignature", "a name is missing in ',digitalSignature'"},
        {"digitalSignature,", "a name is missing in 'digitalSignature,'"},
        {"digitalSignature,,keyCertSign", "a name is missing"},
        {":critical", "a name is missing in ':critical'"},
        {"digitalSignatur", "unknown key usage 'digitalSignatur'; the nearest is 'digitalSignature'"},
        {"digitalSignature keyCertSign", "unknown key usage 'digitalSignature keyCertSign'"},
        {"0x80", "unknown key usage '0x80'"},
        {"digitalSignature-x", "unknown key usage 'digitalSignature-x'"},
        {"serverAuth", "unknown key usage 'serverAuth'"},
        {"digitalSignature,digital-signature", "key usage 'digital-signature' stands there twice"},
        {"digitalSignature:Critical", "':Critical' where :critical or :noncritical may stand"},
        {"digitalSignature:critical,keyCertSign", "':critical,keyCertSign' where :critical or :noncritical"},
        {"digitalSignature:", "':' where :critical or :noncritical may stand"},
        {"encipherOnly", "encipherOnly and decipherOnly mean something only together with keyAgreement"},
        {"digitalSignature,decipherOnly", "only together with keyAgreement"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        check_ok(pc_content_set_key_usage(&content, "cRLSign:noncritical", &err), &err);
        check_fails(pc_content_set_key_usage(&content, rows[i].list, &err), &err, P11CSR_E_EXTENSION,
                    rows[i].why);
        assert_int_equal(content.key_usage, 0x40); // a failure changes nothing
        assert_false(content.key_usage_critical);
        pc_content_done(&content);
    }
}

static void test_ext_key_usage(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *hex;
        bool critical;
    } rows[] = {
        {"serverAuth", "06082b06010505070301", false},
        {"server-auth", "06082b06010505070301", false},
        {"SERVERAUTH", "06082b06010505070301", false},
        {"1.3.6.1.5.5.7.3.1", "06082b06010505070301", false},
        {"clientAuth,serverAuth", "06082b06010505070302 06082b06010505070301", false},
        {"codeSigning:critical", "06082b06010505070303", true},
        {"emailProtection:noncritical", "06082b06010505070304", false},
        {"timeStamping", "06082b06010505070308", false},
        {"OCSPSigning", "06082b06010505070309", false},
        {"ocsp-signing", "06082b06010505070309", false},
        {"ipsecIKE", "06082b06010505070311", false},
        {"documentSigning", "06082b06010505070324", false},
        {"smartcardLogon", "060a2b060104018237140202", false},
        {"pkInitKDC", "06072b060105020305", false},
        {"any", "0604551d2500", false},
        {"2.999.1", "0603883701", false},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        check_ok(pc_content_set_ext_key_usage(&content, rows[i].list, &err), &err);
        check_hex(pc_buf_span(&content.ekus), rows[i].hex);
        assert_int_equal(content.eku_critical, rows[i].critical);
        pc_content_done(&content);
    }
}

static void test_ext_key_usage_that_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *why;
    } rows[] = {
        {"", "a name is missing in ''"},
        {"serverAuth,", "a name is missing"},
        {"severAuth", "unknown extended key usage 'severAuth'; the nearest is 'serverAuth'"},
        {"digitalSignature", "unknown extended key usage 'digitalSignature'"},
        {"1.2.", "'1.2.' is not an object identifier"},
        {"1", "'1' is not an object identifier"},
        {"serverAuth,server-auth", "the same extended key usage stands there twice"},
        {"serverAuth,1.3.6.1.5.5.7.3.1", "extended key usage '1.3.6.1.5.5.7.3.1' cannot be used"},
        {"serverAuth:yes", "':yes' where :critical or :noncritical may stand"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        pc_content_init(&content);
        check_ok(pc_content_set_ext_key_usage(&content, "any:critical", &err), &err);
        check_fails(pc_content_set_ext_key_usage(&content, rows[i].list, &err), &err, P11CSR_E_EXTENSION,
                    rows[i].why);
        check_hex(pc_buf_span(&content.ekus), "0604551d2500"); // a failure changes nothing
        assert_true(content.eku_critical);
        pc_content_done(&content);
    }
}

static void test_ext_key_usage_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf list;
    pc_content_init(&content);
    pc_buf_init(&list, 10000);
    for (int i = 0; i < PC_MAX_EKUS; i++) {
        pc_buf_printf(&list, "%s1.2.%d", i > 0 ? "," : "", i);
    }
    pc_buf_byte(&list, 0);
    check_ok(pc_content_set_ext_key_usage(&content, (const char *)list.ptr, &err), &err);
    list.len--;
    pc_buf_text(&list, ",1.3");
    pc_buf_byte(&list, 0);
    check_fails(pc_content_set_ext_key_usage(&content, (const char *)list.ptr, &err), &err, P11CSR_E_LIMIT,
                "more than 64 extended key usages");
    pc_buf_done(&list);
    pc_content_done(&content);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(pc_key_usage_name(0), "digitalSignature");
    assert_string_equal(pc_key_usage_name(PC_KEY_USAGE_COUNT - 1), "decipherOnly");
    assert_string_equal(pc_eku_name(pc_span_str("\x2b\x06\x01\x05\x05\x07\x03\x01")), "serverAuth");
    assert_null(pc_eku_name(pc_span_str("\x2b\x06")));
}

static void test_basic(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_basic(&content, false, -1, &err), &err);
    assert_true(content.has_basic && !content.is_ca && !content.basic_critical && !content.has_path_length);
    check_ok(pc_content_set_basic(&content, true, -1, &err), &err);
    assert_true(content.is_ca && content.basic_critical && !content.has_path_length);
    check_ok(pc_content_set_basic(&content, true, 0, &err), &err);
    assert_true(content.has_path_length && content.path_length == 0);
    check_fails(pc_content_set_basic(&content, true, -2, &err), &err, P11CSR_E_EXTENSION, "of -2");
    check_ok(pc_content_set_basic(&content, true, LONG_MAX, &err), &err);
    assert_true(content.path_length == LONG_MAX);
    check_fails(pc_content_set_basic(&content, false, 0, &err), &err, P11CSR_E_EXTENSION,
                "a path length is for certificate authorities only");
    assert_true(content.is_ca);
    pc_content_done(&content);
}

static void test_subject_is_replaced_as_a_whole(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_subject(&content, "CN=a", &err), &err);
    check_fails(pc_content_set_subject(&content, "CN=b,X", &err), &err, P11CSR_E_SUBJECT,
                "byte 7: '=' is missing");
    check_hex(pc_buf_span(&content.subject), "300c 310a 3008 0603550403 0c01 61");
    check_ok(pc_content_set_subject(&content, "", &err), &err);
    check_hex(pc_buf_span(&content.subject), "3000");
    pc_content_done(&content);
}

static void test_settle(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    pc_content_settle(&content);
    assert_false(content.san_critical);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    pc_content_settle(&content);
    assert_true(content.san_critical); // no subject
    check_ok(pc_content_set_subject(&content, "", &err), &err);
    pc_content_settle(&content);
    assert_true(content.san_critical);
    check_ok(pc_content_set_subject(&content, "CN=a.de", &err), &err);
    pc_content_settle(&content);
    assert_false(content.san_critical);
    pc_content_done(&content);
    assert_int_equal(pc_content_san_count(&content), 0);
}

/* Each change of one field is seen, and named. */
static void change_subject(struct pc_content *content)
{
    content->subject.ptr[content->subject.len - 1] ^= 1;
}

static void drop_subject(struct pc_content *content)
{
    pc_buf_done(&content->subject);
}

static void change_san(struct pc_content *content)
{
    content->san_store.ptr[0] ^= 1;
}

static void add_san(struct pc_content *content)
{
    p11csr_error *err = NULL;
    check_ok(pc_content_add_san(content, PC_SAN_DNS, "more.de", &err), &err);
}

static void change_san_critical(struct pc_content *content)
{
    content->san_critical = !content->san_critical;
}

static void change_key_usage(struct pc_content *content)
{
    content->key_usage |= 4;
}

static void change_key_usage_critical(struct pc_content *content)
{
    content->key_usage_critical = false;
}

static void change_ekus(struct pc_content *content)
{
    content->ekus.ptr[content->ekus.len - 1] ^= 3;
}

static void change_eku_critical(struct pc_content *content)
{
    content->eku_critical = true;
}

static void drop_basic(struct pc_content *content)
{
    content->has_basic = false;
}

static void change_ca(struct pc_content *content)
{
    content->is_ca = false;
}

static void change_basic_critical(struct pc_content *content)
{
    content->basic_critical = false;
}

static void drop_path_length(struct pc_content *content)
{
    content->has_path_length = false;
}

static void change_path_length(struct pc_content *content)
{
    content->path_length = 4;
}

static void change_skid(struct pc_content *content)
{
    content->skid_len++;
}

static void change_must_staple(struct pc_content *content)
{
    content->must_staple = false;
}

static void change_extensions(struct pc_content *content)
{
    content->extensions.ptr[content->extensions.len - 1] ^= 1;
}

static void change_attributes(struct pc_content *content)
{
    content->attributes.ptr[content->attributes.len - 1] ^= 1;
}

static void test_compare(void **state)
{
    (void)state;
    static const struct {
        void (*change)(struct pc_content *content);
        const char *field;
    } rows[] = {
        {change_subject, "the subject in the finished request"},
        {drop_subject, "the subject in the finished request"},
        {change_san, "subjectAltName in the finished request"},
        {add_san, "subjectAltName in the finished request"},
        {change_san_critical, "subjectAltName in the finished request"},
        {change_key_usage, "keyUsage in the finished request"},
        {change_key_usage_critical, "keyUsage in the finished request"},
        {change_ekus, "extKeyUsage in the finished request"},
        {change_eku_critical, "extKeyUsage in the finished request"},
        {drop_basic, "basicConstraints in the finished request"},
        {change_ca, "basicConstraints in the finished request"},
        {change_basic_critical, "basicConstraints in the finished request"},
        {drop_path_length, "basicConstraints in the finished request"},
        {change_path_length, "basicConstraints in the finished request"},
        {change_skid, "subjectKeyIdentifier in the finished request"},
        {change_must_staple, "tlsFeature in the finished request"},
        {change_extensions, "one of the other extensions in the finished request"},
        {change_attributes, "one of the attributes in the finished request"},
    };
    p11csr_error *err = NULL;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        struct pc_content asked;
        struct pc_content got;
        fill(&asked);
        fill(&got);
        check_ok(pc_content_compare(&asked, &got, &err), &err);
        rows[i].change(&got);
        check_fails(pc_content_compare(&asked, &got, &err), &err, P11CSR_E_PROOF_CONTENT, rows[i].field);
        check_fails(pc_content_compare(&got, &asked, &err), &err, P11CSR_E_PROOF_CONTENT, rows[i].field);
        pc_content_done(&asked);
        pc_content_done(&got);
    }
}

static void test_compare_without_a_subject(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content unset;
    struct pc_content empty;
    pc_content_init(&unset);
    pc_content_init(&empty);
    check_ok(pc_content_set_subject(&empty, "", &err), &err);
    check_ok(pc_content_compare(&unset, &empty, &err), &err);
    pc_content_done(&unset);
    pc_content_done(&empty);
}

/* Attributes are kept in DER order, so that what was asked and what was read can be compared. */
static void test_order_of_attributes(void **state)
{
    static const uint8_t oids[][3] = {{0x2A, 0x03, 0x05}, {0x2A, 0x03, 0x04}, {0x2A, 0x03, 0x06}};
    static const uint8_t null[] = {0x05, 0x00};
    static const uint8_t sorted[] = {0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x31, 0x02, 0x05, 0x00,
                                     0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x05, 0x31, 0x02, 0x05, 0x00,
                                     0x30, 0x09, 0x06, 0x03, 0x2A, 0x03, 0x06, 0x31, 0x02, 0x05, 0x00};
    struct pc_content content PC_CLEANUP(pc_content_done);
    p11csr_error *err = NULL;
    (void)state;
    pc_content_init(&content);
    for (size_t i = 0; i < PC_ARRAY_LEN(oids); i++) {
        check_ok(pc_content_add_attribute(&content, PC_SPAN(oids[i]), PC_SPAN(null), &err), &err);
    }
    check_same(pc_buf_span(&content.attributes), PC_SPAN(sorted));
}

/* The DER of a subject is taken over as it stands, whatever p11csr itself would write. */
static void test_subject_in_der(void **state)
{
    (void)state;
    // a country in lower case as UTF8String, and a BMPString
    static const uint8_t odd[] = {0x30, 0x1A, 0x31, 0x0B, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04,
                                  0x06, 0x0C, 0x02, 'd',  'e',  0x31, 0x0B, 0x30, 0x09, 0x06,
                                  0x03, 0x55, 0x04, 0x03, 0x1E, 0x02, 0x00, 'a'};
    static const uint8_t empty[] = {0x30, 0x00};
    static const struct {
        const char *hex;
        const char *why;
    } bad[] = {
        {"", "the DER is no name: byte 0: Name is missing"},
        {"3000 00", "the DER is no name: byte 2: more data than belongs into Name"},
        {"3002 3100", "the DER is no name: byte 4: RelativeDistinguishedName is empty"},
        {"308000 00", "the DER is no name: byte 0: "},
        {"300d 310b 3009 0603550403 0c02 61", "the DER is no name: byte 0: length goes beyond the end"},
    };
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_set_subject(&content, "CN=earlier", &err), &err);
    check_ok(pc_content_set_subject_der(&content, PC_SPAN(odd), &err), &err);
    check_same(pc_buf_span(&content.subject), PC_SPAN(odd));
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        struct pc_buf der;
        pc_buf_init(&der, 100);
        hex_to_buf(bad[i].hex, &der);
        check_fails(pc_content_set_subject_der(&content, pc_buf_span(&der), &err), &err, P11CSR_E_SUBJECT,
                    bad[i].why);
        pc_buf_done(&der);
    }
    check_same(pc_buf_span(&content.subject), PC_SPAN(odd)); // a failure changes nothing
    check_ok(pc_content_set_subject_der(&content, PC_SPAN(empty), &err), &err);
    check_same(pc_buf_span(&content.subject), PC_SPAN(empty));
    pc_content_done(&content);
}

static void test_order_of_the_subject(void **state)
{
    (void)state;
    static const char *const order[] = {"C", "O", "CN"};
    static const char *const unknown[] = {"C", "X"};
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf wanted;
    pc_content_init(&content);
    pc_buf_init(&wanted, 1000);
    check_ok(pc_content_order_subject(&content, order, 3, &err), &err); // there is none
    assert_int_equal(content.subject.len, 0);
    check_ok(pc_content_set_subject(&content, "/O=b/CN=a/C=DE", &err), &err);
    check_ok(pc_content_order_subject(&content, order, 3, &err), &err);
    check_ok(pc_name_parse("/C=DE/O=b/CN=a", &wanted, &err), &err);
    check_same(pc_buf_span(&content.subject), pc_buf_span(&wanted));
    check_fails(pc_content_order_subject(&content, unknown, 2, &err), &err, P11CSR_E_SUBJECT,
                "unknown attribute type 'X'");
    check_same(pc_buf_span(&content.subject), pc_buf_span(&wanted));
    pc_buf_done(&wanted);
    pc_content_done(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_usage),
        cmocka_unit_test(test_key_usage_that_is_none),
        cmocka_unit_test(test_ext_key_usage),
        cmocka_unit_test(test_ext_key_usage_that_is_none),
        cmocka_unit_test(test_ext_key_usage_limit),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_subject_is_replaced_as_a_whole),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_subject_in_der),
        cmocka_unit_test(test_order_of_the_subject),
        cmocka_unit_test(test_compare_without_a_subject),
        cmocka_unit_test(test_order_of_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
