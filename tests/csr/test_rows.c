// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/attributes.h"
#include "csr/content/extensions.h"
#include "csr/content/rows.h"
#include "lib/check.h"

#include <jansson.h>
#include <string.h>

/*
 * Each row of extensions.def and attributes.def: the bytes that its texts mean, as another encoder makes
 * them, what is shown for these bytes, and what is refused.
 */

enum { TEXTS = 6 };

struct golden {
    const char *word;
    const char *texts[TEXTS];
    const char *hex;   /* of extnValue, or of the values of the attribute */
    const char *shown; /* NULL: the texts, one after the other */
};

static const struct golden extensions[] = {
    {"policy", {"1.2.3"}, "3006 3004 06022a03", NULL},
    {"policy",
     {"1.2.3", "2.23.140.1.2.1:cps=https://a.example/cps"},
     "3035 3004 06022a03 302d 0606 67810c010201 3023 3021 0608 2b06010505070201"
     "1615 68747470733a2f2f612e6578616d706c652f637073",
     NULL},
    {"name-constraint", {"permitted:dns:example.com"}, "3011 a00f 300d 820b 6578616d706c652e636f6d", NULL},
    {"name-constraint",
     {"permitted:dns:example.com", "permitted:email:.example.com", "excluded:ip:10.0.0.0/8",
      "permitted:uri:.example.com", "excluded:ip:2001:db8::/33"},
     "3063 a02f 300d 820b 6578616d706c652e636f6d 300e 810c 2e6578616d706c652e636f6d"
     "300e 860c 2e6578616d706c652e636f6d"
     "a130 300a 8708 0a000000 ff000000 3022 8720 20010db8000000000000000000000000"
     "ffffffff800000000000000000000000",
     "permitted:dns:example.com permitted:email:.example.com permitted:uri:.example.com "
     "excluded:ip:10.0.0.0/8 excluded:ip:2001:db8::/33"},
    {"name-constraint",
     {"excluded:dirname:O=E"},
     "3014 a112 3010 a40e 300c 310a 3008 0603 55040a 0c0145",
     NULL},
    {"name-constraint", {"excluded:ip:0.0.0.0/0"}, "300e a10c 300a 8708 00000000 00000000", NULL},
    {"name-constraint", {"excluded:dns:"}, "3006 a104 3002 8200", NULL},
    {"name-constraint", {"permitted:email:a@b.example"}, "3011 a00f 300d 810b 6140622e6578616d706c65", NULL},
    {"tls-feature", {"status_request", "status_request_v2"}, "3006 020105 020111", NULL},
    {"tls-feature", {"status_request"}, "3003 020105", NULL},
    {"tls-feature", {"65535"}, "3005 020300ffff", NULL},
    {"ocsp-no-check", {""}, "0500", "present"},
    {"ocsp-no-check", {"present"}, "0500", NULL},
    {"qc-statement", {"compliance"}, "300a 3008 0606 04008e460101", NULL},
    {"qc-statement", {"sscd"}, "300a 3008 0606 04008e460104", NULL},
    {"qc-statement", {"retention:15"}, "300d 300b 0606 04008e460103 02010f", NULL},
    {"qc-statement", {"compliance", "sscd"}, "3014 3008 0606 04008e460101 3008 0606 04008e460104", NULL},
    {"qc-statement",
     {"type:esign", "type:eseal"},
     "301e 301c 0606 04008e460106 3012 0607 04008e46010601 0607 04008e46010602",
     NULL},
    {"qc-statement", {"type:web"}, "3015 3013 0606 04008e460106 3009 0607 04008e46010603", NULL},
    {"qc-statement",
     {"pds:en:https://a.example/en", "pds:de:https://a.example/de"},
     "3044 3042 0606 04008e460105 3038 301a 1614 68747470733a2f2f612e6578616d706c652f656e 1302656e"
     "301a 1614 68747470733a2f2f612e6578616d706c652f6465 13026465",
     NULL},
    {"qc-statement", {"1.2.3:asn1:UTF8:x"}, "3009 3007 0602 2a03 0c0178", "1.2.3:hex:0c0178"},
    {"qc-statement", {"1.2.3"}, "3006 3004 0602 2a03", NULL},
    {"ms-template", {"1.3.6.1.4.1.311.21.8.1:100:4"}, "3012 060a 2b060104018237150801 020164 020104", NULL},
    {"ms-template", {"1.2.3:200"}, "3008 06022a03 020200c8", NULL},
    {"ms-template", {"1.2.3"}, "3004 06022a03", NULL},
    {"ms-template", {"Web-S\xc3\xb6rver"}, "1e14 0057 0065 0062 002d 0053 00f6 0072 0076 0065 0072", NULL},
    {"ms-application-policy",
     {"smartcardLogon", "1.2.3"},
     "3014 300c 060a 2b060104018237140202 3004 06022a03",
     NULL},
    {"ms-sid",
     {"S-1-5-21-1-2-3-500"},
     "3024 a022 060a 2b060104018237190201 a014 0412 532d312d352d32312d312d322d332d353030",
     NULL},
};

static const struct golden attributes[] = {
    {"unstructured-name", {"a_b"}, "1603 615f62", NULL},
    {"unstructured-name", {"\xc3\xa4", "b"}, "0c02c3a4 160162", "\xc3\xa4 b"},
    {"unstructured-address", {"a b"}, "1303 612062", NULL},
    {"unstructured-address", {"a_b"}, "0c03 615f62", NULL},
    {"ms-os-version", {"10.0.17763.2"}, "160c 31302e302e31373736332e32", NULL},
    {"ms-csp", {"1:Provider"}, "3018 020101 1e10 0050 0072 006f 0076 0069 0064 0065 0072 030100", NULL},
    {"ms-client-info",
     {"5:pc.example:EXAMPLE\\jo:a:b.exe"},
     "3024 020105 0c0a 70632e6578616d706c65 0c0a 4558414d504c455c6a6f 0c07 613a622e657865",
     NULL},
    {"ms-name-value",
     {"CertificateTemplate=User"},
     "3032 1e26 0043 0065 0072 0074 0069 0066 0069 0063 0061 0074 0065 0054 0065 006d 0070 006c 0061 0074 "
     "0065"
     "1e08 0055 0073 0065 0072",
     NULL},
};

/* What stands there, with the texts of a row one after the other. */
static void check_shown(const struct pc_item_row *row, struct pc_span values, const struct golden *golden)
{
    p11csr_error *err = NULL;
    json_t *list = json_array();
    struct pc_buf got;
    struct pc_buf wanted;
    struct pc_der in = pc_der_over(values);
    pc_buf_init(&got, PC_MAX_TEXT);
    pc_buf_init(&wanted, PC_MAX_TEXT);
    while (!pc_der_at_end(&in)) {
        struct pc_der_value value;
        check_ok(pc_der_next(&in, &value, &err), &err);
        check_ok(row->show(pc_der_over(value.whole), list, &err), &err);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        pc_buf_printf(&got, "%s%s", i > 0 ? " " : "", json_string_value(json_array_get(list, i)));
    }
    for (size_t i = 0; golden->shown == NULL && i < TEXTS && golden->texts[i] != NULL; i++) {
        pc_buf_printf(&wanted, "%s%s", i > 0 ? " " : "", golden->texts[i]);
    }
    pc_buf_text(&wanted, golden->shown != NULL ? golden->shown : "");
    check_same(pc_buf_span(&got), pc_buf_span(&wanted));
    json_decref(list);
    pc_buf_done(&got);
    pc_buf_done(&wanted);
}

/* The one extension of a content, whether it has a field or not. */
static PC_RESULT take_value(const struct pc_extension *ext, void *data, p11csr_error **err)
{
    struct pc_buf *value = data;
    pc_buf_add_span(value, ext->value);
    return pc_buf_check(value, err);
}

static void get_value(const struct pc_content *content, struct pc_buf *ret)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_der_writer w;
    pc_buf_init(&der, 10000);
    pc_der_writer_init(&w, &der);
    pc_extensions_write(content, &w);
    check_ok(pc_der_finish(&w, &err), &err);
    check_ok(pc_extensions_walk(pc_der_over(pc_buf_span(&der)), take_value, ret, &err), &err);
    pc_buf_done(&der);
}

static void test_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(extensions); i++) {
        const struct golden *golden = &extensions[i];
        p11csr_error *err = NULL;
        struct pc_content content;
        struct pc_buf value;
        pc_content_init(&content);
        pc_buf_init(&value, 1000);
        for (size_t n = 0; n < TEXTS && golden->texts[n] != NULL; n++) {
            const struct pc_item_row *row = pc_extension_row_find(golden->word, golden->texts[n]);
            assert_non_null(row);
            check_ok(
                pc_content_say_extension(&content, row, PC_CRITICAL_USUAL, golden->texts[n], row->adds, &err),
                &err);
        }
        assert_int_equal(pc_extensions_count(&content), 1);
        get_value(&content, &value);
        check_hex(pc_buf_span(&value), golden->hex);
        check_shown(pc_extension_row_find(golden->word, golden->texts[0]), pc_buf_span(&value), golden);
        pc_content_done(&content);
        pc_buf_done(&value);
    }
}

static PC_RESULT take_values(const struct pc_attribute *attribute, void *data, p11csr_error **err)
{
    struct pc_buf *value = data;
    pc_buf_add_span(value, attribute->values);
    return pc_buf_check(value, err);
}

static void test_attributes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(attributes); i++) {
        const struct golden *golden = &attributes[i];
        const struct pc_item_row *row = pc_attribute_row_find(golden->word);
        p11csr_error *err = NULL;
        struct pc_content content;
        struct pc_buf values;
        pc_content_init(&content);
        pc_buf_init(&values, 1000);
        assert_non_null(row);
        for (size_t n = 0; n < TEXTS && golden->texts[n] != NULL; n++) {
            check_ok(pc_content_say_attribute(&content, row, golden->texts[n], &err), &err);
        }
        check_ok(
            pc_attributes_walk(pc_der_over(pc_buf_span(&content.attributes)), take_values, &values, &err),
            &err);
        check_hex(pc_buf_span(&values), golden->hex);
        check_shown(row, pc_buf_span(&values), golden);
        pc_content_done(&content);
        pc_buf_done(&values);
    }
}

static void test_usually_critical(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_extension ext;
    static const char *const words[][2] = {{"name-constraint", "permitted:dns:a.de"}, {"policy", "1.2.3"}};
    for (size_t i = 0; i < PC_ARRAY_LEN(words); i++) {
        const struct pc_item_row *row = pc_extension_row_find(words[i][0], words[i][1]);
        for (int said = PC_CRITICAL_USUAL; said <= PC_CRITICAL_NO; said++) {
            pc_content_init(&content);
            check_ok(pc_content_say_extension(&content, row, (enum pc_critical)said, words[i][1], true, &err),
                     &err);
            assert_true(pc_content_get_extension(&content, row->oid.oid, &ext));
            const bool wanted = said == PC_CRITICAL_USUAL ? i == 0 : said == PC_CRITICAL_YES;
            assert_int_equal(ext.critical, wanted);
            pc_content_done(&content);
        }
    }
}

static const struct {
    const char *word;
    const char *text;
    const char *why;
} refused[] = {
    {"policy", "", "byte 1: '' is not an object identifier here"},
    {"policy", "1.2.x", "byte 5: '1.2.x' is not an object identifier here"},
    {"policy", "1.2.3:cps=a.example", "has no scheme"},
    {"policy", "1.2.3:uri=https://a.example/", "byte 7: "},
    {"policy", "1.2.4", "names a policy that is there already"},
    {"name-constraint", "dns:a.de", "byte 1: 'dns:a.de' does not begin with permitted: or excluded:"},
    {"name-constraint", "permitted", "does not begin with permitted: or excluded:"},
    {"name-constraint", "permitted:rid:1.2.3", "byte 11: "},
    {"name-constraint", "permitted:dns", "byte 11: "},
    {"name-constraint", "permitted:dns:*.a.de", "byte 1: dns '*.a.de' has a wildcard"},
    {"name-constraint", "permitted:dns:.a.de", "byte 1: dns '.a.de' begins with a dot"},
    {"name-constraint", "permitted:dns:a_b.de", "byte 2: dns 'a_b.de' has an underscore"},
    {"name-constraint", "permitted:ip:10.0.0.1", "has no '/' with the length of its prefix"},
    {"name-constraint", "permitted:ip:10.0.0.0/33", "byte 10: ip '10.0.0.0/33' has a wrong length"},
    {"name-constraint", "permitted:ip:10.0.0.1/8", "has bits behind its prefix"},
    {"name-constraint", "permitted:ip:10.0.0/8", "is not an IPv4 or IPv6 address"},
    {"name-constraint", "permitted:email:a@", "has no host name"},
    {"name-constraint", "permitted:uri:https://a.de", "uri 'https://a.de'"},
    {"name-constraint", "permitted:dirname:XY=a", "unknown attribute type 'XY'"},
    {"name-constraint", "permitted:dirname:", "is empty"},
    {"name-constraint", "permitted:dns:a.de", "is there already"},
    {"tls-feature", "staple", "byte 1: 'staple' has no number from 0 to 65535 here"},
    {"tls-feature", "65536", "has no number from 0 to 65535 here"},
    {"tls-feature", "6", "is there already"},
    {"ocsp-no-check", "yes", "stands where this extension has no value"},
    {"qc-statement", "conpliance", "is none of compliance, sscd, type:, retention:, pds: and an OID"},
    {"qc-statement", "compliance:yes", "byte 11: "},
    {"qc-statement", "type", "has no ':' and value here"},
    {"qc-statement", "type:seal", "byte 6: 'type:seal' has none of esign, eseal and web here"},
    {"qc-statement", "retention:1001", "byte 11: "},
    {"qc-statement", "pds:https://a.example", "byte 5: "},
    {"qc-statement", "pds:en:a.example", "has no scheme"},
    {"qc-statement", "1.2.3:hex:00", "byte 0: ends inside the header of a value"},
    {"qc-statement", "1.2.x", "byte 5: "},
    {"qc-statement", "sscd", "names a statement that is there already"},
    {"authority-key-id", "/none/such.crt", "/none/such.crt"},
    {"ms-template", "1.2.3:x", "byte 7: '1.2.3:x' has no number from 0 to 4294967295 here"},
    {"ms-template", "1.2.3:1:2:3", "byte 10: "},
    {"ms-template", "4.2.3", "is not an object identifier here"},
    {"ms-template", "", "has nothing here"},
    {"ms-template", "a\nb", "byte 2: "},
    {"ms-template", "\xf0\x9f\x98\x80", "has a character that a BMPString cannot hold"},
    {"ms-application-policy", "serverAut", "the nearest is 'serverAuth'"},
    {"ms-application-policy", "1.2.", "is not an object identifier"},
    {"ms-sid", "S-2-5-21", "byte 1: 'S-2-5-21' does not begin with S-1-"},
    {"ms-sid", "S-1-5", "byte 5: 'S-1-5' has nothing behind its authority"},
    {"ms-sid", "S-1-5-", "byte 7: "},
    {"ms-sid", "S-1-5-x", "byte 7: "},
    {"ms-sid", "S-1-5-01", "has a number that begins with 0"},
    {"ms-sid", "S-1-5-4294967296", "has no number from 0 to 4294967295 here"},
    {"ms-sid", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", "has more than 15 parts"},
};

/* Every wrong neighbour is refused, and what was said before stays as it is. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const said[][2] = {{"policy", "1.2.4"},
                                          {"name-constraint", "permitted:dns:a.de"},
                                          {"tls-feature", "6"},
                                          {"qc-statement", "sscd"}};
    p11csr_error *err = NULL;
    struct pc_content content;
    struct pc_buf before;
    pc_content_init(&content);
    pc_buf_init(&before, 1000);
    for (size_t i = 0; i < PC_ARRAY_LEN(said); i++) {
        check_ok(pc_content_say_extension(&content, pc_extension_row_find(said[i][0], said[i][1]),
                                          PC_CRITICAL_USUAL, said[i][1], true, &err),
                 &err);
    }
    pc_buf_add_span(&before, pc_buf_span(&content.extensions));
    for (size_t i = 0; i < PC_ARRAY_LEN(refused); i++) {
        const struct pc_item_row *row = pc_extension_row_find(refused[i].word, refused[i].text);
        const enum p11csr_code code =
            strcmp(refused[i].word, "authority-key-id") == 0 ? P11CSR_E_READ : P11CSR_E_EXTENSION;
        assert_non_null(row);
        check_fails(
            pc_content_say_extension(&content, row, PC_CRITICAL_USUAL, refused[i].text, row->adds, &err),
            &err, code, refused[i].why);
        check_same(pc_buf_span(&content.extensions), pc_buf_span(&before));
    }
    pc_buf_done(&before);
    pc_content_done(&content);
}

static void test_refused_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *text;
        const char *why;
    } rows[] = {
        {"unstructured-name", "", "byte 1: '' has nothing here"},
        {"unstructured-name", "a\x01", "byte 2: "},
        {"unstructured-address", "a\xff", "is not UTF-8 here"},
        {"unstructured-address", " a", "has a space at the start or end of a part"},
        {"ms-os-version", "\xc3\xa4", "is not ASCII"},
        {"ms-csp", "3:Provider", "byte 1: '3:Provider' has no number from 0 to 2 here"},
        {"ms-csp", "1", "byte 2: '1' has nothing here"},
        {"ms-client-info", "1:a:b", "has fewer parts than ID:MACHINE:USER:PROCESS"},
        {"ms-client-info", "x:a:b:c", "byte 1: "},
        {"ms-client-info", "1:a::c", "byte 5: "},
        {"ms-name-value", "name", "byte 5: 'name' has no '='"},
        {"ms-name-value", "=value", "byte 1: "},
    };
    p11csr_error *err = NULL;
    struct pc_content content;
    char text[257];
    pc_content_init(&content);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const struct pc_item_row *row = pc_attribute_row_find(rows[i].word);
        check_fails(pc_content_say_attribute(&content, row, rows[i].text, &err), &err, P11CSR_E_ATTRIBUTE,
                    rows[i].why);
    }
    memset(text, 'a', sizeof(text));
    text[256] = 0;
    const struct pc_item_row *row = pc_attribute_row_find("unstructured-name");
    check_fails(pc_content_say_attribute(&content, row, text, &err), &err, P11CSR_E_ATTRIBUTE, "byte 256: ");
    text[255] = 0;
    check_ok(pc_content_say_attribute(&content, row, text, &err), &err);
    pc_content_done(&content);
}

/* What others write and no text can say is told from what is wrong. */
static void test_shown_as_hex(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *hex;
        enum p11csr_code code;
        const char *why;
    } rows[] = {
        {"policy", "3000", P11CSR_E_REQUEST, "CertificatePolicies is empty"},
        {"policy", "3010 300e 06022a03 3008 3006 06022a04 0500", P11CSR_E_UNSUPPORTED, "no text"},
        {"policy", "3002 0500", P11CSR_E_REQUEST, "byte 2: tag 05"},
        {"name-constraint", "3000", P11CSR_E_REQUEST, "NameConstraints is empty"},
        {"name-constraint", "3002 a000", P11CSR_E_REQUEST, "GeneralSubtrees is empty"},
        {"name-constraint", "3009 a007 3005 820161 8000", P11CSR_E_UNSUPPORTED, "no text"},
        {"name-constraint", "300a a008 3006 8704 0a000000", P11CSR_E_UNSUPPORTED, "no text"},
        {"name-constraint", "300e a00c 300a 8708 0a000000 ff00ff00", P11CSR_E_UNSUPPORTED, "no text"},
        {"ocsp-no-check", "0101ff", P11CSR_E_REQUEST, "byte 0: tag 01"},
        {"ocsp-no-check", "050100", P11CSR_E_REQUEST, "byte 0: NULL has a content"},
        {"qc-statement", "3013 3011 0606 04008e460106 3007 0605 04008e4602", P11CSR_E_UNSUPPORTED, "no text"},
        {"ms-template", "3002 0500", P11CSR_E_REQUEST, "byte 2: tag 05"},
        {"ms-sid", "3007 a005 06012a a000", P11CSR_E_UNSUPPORTED, "no text"},
        {"authority-key-id", "3003 a10100", P11CSR_E_REQUEST, "authorityCertSerialNumber is missing"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const struct pc_item_row *row = pc_extension_row_find(rows[i].word, "1.2");
        p11csr_error *err = NULL;
        json_t *list = json_array();
        struct pc_buf der;
        pc_buf_init(&der, 1000);
        hex_to_buf(rows[i].hex, &der);
        check_fails(row->show(pc_der_over(pc_buf_span(&der)), list, &err), &err, rows[i].code, rows[i].why);
        json_decref(list);
        pc_buf_done(&der);
    }
}

static void test_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    const struct pc_item_row *row = pc_extension_row_find("policy", "");
    struct pc_result result = PC_OK;
    pc_content_init(&content);
    for (unsigned i = 0; pc_is_ok(result) && i <= PC_MAX_ITEMS; i++) {
        struct pc_buf text;
        pc_buf_init(&text, 100);
        pc_buf_printf(&text, "1.2.%u", i);
        pc_buf_byte(&text, 0);
        result =
            pc_content_say_extension(&content, row, PC_CRITICAL_USUAL, (const char *)text.ptr, true, &err);
        pc_buf_done(&text);
    }
    check_fails(result, &err, P11CSR_E_LIMIT, "more than 256 of them");
    pc_content_done(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_usually_critical),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_attributes),
        cmocka_unit_test(test_shown_as_hex),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
