// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/name.h"
#include "lib/check.h"

#include <stdio.h>

/*
 * Every type of attributes that has a row, with the DER of a name that has the value "DE" of it: OIDs from
 * X.520, RFC 4519, RFC 2985 and the EV guidelines; string types from RFC 5280 appendix A.1: UTF8String for a
 * DirectoryString.
 */
static const struct {
    const char *name;
    const char *oid;
    const char *hex;
    const char *aliases[4];
} types[] = {
    {"CN", "2.5.4.3", "300d310b300906035504030c024445", {"commonName", "cn"}},
    {"surname", "2.5.4.4", "300d310b300906035504040c024445", {"SURNAME"}},
    {"serialNumber", "2.5.4.5", "300d310b3009060355040513024445", {"serialnumber"}},
    {"C", "2.5.4.6", "300d310b3009060355040613024445", {"countryName", "country", "c"}},
    {"L", "2.5.4.7", "300d310b300906035504070c024445", {"localityName", "locality"}},
    {"ST", "2.5.4.8", "300d310b300906035504080c024445", {"stateOrProvinceName", "S", "state"}},
    {"STREET", "2.5.4.9", "300d310b300906035504090c024445", {"streetAddress", "street"}},
    {"O", "2.5.4.10", "300d310b3009060355040a0c024445", {"organizationName", "organization"}},
    {"OU", "2.5.4.11", "300d310b3009060355040b0c024445", {"organizationalUnitName", "organizationalUnit"}},
    {"title", "2.5.4.12", "300d310b3009060355040c0c024445", {"T"}},
    {"businessCategory", "2.5.4.15", "300d310b3009060355040f0c024445", {NULL}},
    {"postalCode", "2.5.4.17", "300d310b300906035504110c024445", {NULL}},
    {"name", "2.5.4.41", "300d310b300906035504290c024445", {NULL}},
    {"givenName", "2.5.4.42", "300d310b3009060355042a0c024445", {"GN"}},
    {"initials", "2.5.4.43", "300d310b3009060355042b0c024445", {NULL}},
    {"generationQualifier", "2.5.4.44", "300d310b3009060355042c0c024445", {NULL}},
    {"dnQualifier", "2.5.4.46", "300d310b3009060355042e13024445", {NULL}},
    {"pseudonym", "2.5.4.65", "300d310b300906035504410c024445", {NULL}},
    {"organizationIdentifier", "2.5.4.97", "300d310b300906035504610c024445", {NULL}},
    {"DC", "0.9.2342.19200300.100.1.25", "301431123010060a0992268993f22c64011916024445", {"domainComponent"}},
    {"UID", "0.9.2342.19200300.100.1.1", "301431123010060a0992268993f22c6401010c024445", {"userid"}},
    {"emailAddress", "1.2.840.113549.1.9.1", "30133111300f06092a864886f70d01090116024445", {"E", "email"}},
    {"jurisdictionC",
     "1.3.6.1.4.1.311.60.2.1.3",
     "301531133011060b2b0601040182373c02010313024445",
     {"jurisdictionCountryName", "jurisdictionOfIncorporationCountryName"}},
    {"jurisdictionST",
     "1.3.6.1.4.1.311.60.2.1.2",
     "301531133011060b2b0601040182373c0201020c024445",
     {"jurisdictionStateOrProvinceName", "jurisdictionOfIncorporationStateOrProvinceName"}},
    {"jurisdictionL",
     "1.3.6.1.4.1.311.60.2.1.1",
     "301531133011060b2b0601040182373c0201010c024445",
     {"jurisdictionLocalityName", "jurisdictionOfIncorporationLocalityName"}},
    {"1.2.3.4", "1.2.3.4", "300d310b300906032a03040c024445", {NULL}}, // no row: a UTF8String
};

/* "TYPE=DE" makes this DER, which is shown with the type's own name. */
static void check_type(const char *type, const char *name, const char *hex)
{
    p11csr_error *err = NULL;
    char text[100];
    struct pc_buf der;
    struct pc_buf shown;
    pc_buf_init(&der, 1000);
    pc_buf_init(&shown, 1000);
    (void)snprintf(text, sizeof(text), "%s=DE", type);
    check_ok(pc_name_parse(text, &der, &err), &err);
    check_hex(pc_buf_span(&der), hex);
    check_ok(pc_name_format(pc_buf_span(&der), &shown, &err), &err);
    (void)snprintf(text, sizeof(text), "%s=%s", name, name[0] == '1' ? "#0c024445" : "DE");
    check_text(&shown, text);
    pc_buf_done(&der);
    pc_buf_done(&shown);
}

static void test_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(types); i++) {
        check_type(types[i].name, types[i].name, types[i].hex);
        check_type(types[i].oid, types[i].name, types[i].hex);
        for (size_t a = 0; a < PC_ARRAY_LEN(types[i].aliases) && types[i].aliases[a] != NULL; a++) {
            check_type(types[i].aliases[a], types[i].name, types[i].hex);
        }
    }
}

/* Types without an upper bound of their own. */
static void test_types_without_a_bound(void **state)
{
    (void)state;
    static const char *const names[] = {"dnQualifier", "organizationIdentifier", "1.2.3.4"};
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        p11csr_error *err = NULL;
        struct pc_buf text;
        struct pc_buf der;
        pc_buf_init(&text, 50000);
        pc_buf_init(&der, 50000);
        pc_buf_printf(&text, "%s=", names[i]);
        for (int n = 0; n < 40000; n++) {
            pc_buf_byte(&text, 'x');
        }
        pc_buf_byte(&text, 0);
        check_ok(pc_name_parse((const char *)text.ptr, &der, &err), &err);
        pc_buf_done(&text);
        pc_buf_done(&der);
    }
}

/* Names with the order that is wanted, and what becomes of them. */
static void test_reorder(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *order[6];
        const char *to;
    } rows[] = {
        {"/CN=a/O=b/C=DE", {"C", "ST", "L", "O", "CN"}, "/C=DE/O=b/CN=a"},
        {"/CN=a/O=b/C=DE", {"2.5.4.6", "organizationName"}, "/C=DE/O=b/CN=a"},
        {"/CN=a/O=b/C=DE", {NULL}, "/CN=a/O=b/C=DE"},
        {"/CN=a/O=b/C=DE", {"L"}, "/CN=a/O=b/C=DE"},
        // what is not in the list comes last, and what has one place keeps its order
        {"/1.2.3=x/UID=u/OU=1/DC=b/OU=2/DC=a/CN=a", {"DC", "OU"}, "/DC=b/DC=a/OU=1/OU=2/1.2.3=x/UID=u/CN=a"},
        {"/1.2.3=x/CN=a", {"CN", "1.2.3"}, "/CN=a/1.2.3=x"},
        {"/CN=a/OU=b+O=c/C=DE", {"O", "C", "CN", "OU"}, "/OU=b+O=c/C=DE/CN=a"},
        {"/CN=a/O=b", {"O", "O", "CN", "CN"}, "/O=b/CN=a"},
        {"", {"CN"}, ""},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf from;
        struct pc_buf to;
        struct pc_buf got;
        size_t count = 0;
        pc_buf_init(&from, 1000);
        pc_buf_init(&to, 1000);
        pc_buf_init(&got, 1000);
        while (count < 6 && rows[i].order[count] != NULL) {
            count++;
        }
        check_ok(pc_name_parse(rows[i].from, &from, &err), &err);
        check_ok(pc_name_parse(rows[i].to, &to, &err), &err);
        check_ok(pc_name_reorder(pc_buf_span(&from), rows[i].order, count, &got, &err), &err);
        check_same(pc_buf_span(&got), pc_buf_span(&to));
        pc_buf_done(&from);
        pc_buf_done(&to);
        pc_buf_done(&got);
    }
}

static void test_reorder_refused(void **state)
{
    (void)state;
    static const char *const unknown[] = {"CN", "XN"};
    static const char *const not_oid[] = {"1."};
    static const uint8_t empty[] = {0x30, 0x00};
    static const uint8_t no_name[] = {0x30, 0x02, 0x31, 0x00};
    p11csr_error *err = NULL;
    struct pc_buf got;
    pc_buf_init(&got, 1000);
    check_fails(pc_name_reorder(PC_SPAN(empty), unknown, 2, &got, &err), &err, P11CSR_E_SUBJECT,
                "unknown attribute type 'XN'");
    check_fails(pc_name_reorder(PC_SPAN(empty), not_oid, 1, &got, &err), &err, P11CSR_E_SUBJECT,
                "unknown attribute type '1.'");
    check_fails(pc_name_reorder(PC_SPAN(no_name), NULL, 0, &got, &err), &err, P11CSR_E_REQUEST,
                "RelativeDistinguishedName is empty");
    pc_buf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_types_without_a_bound),
        cmocka_unit_test(test_reorder),
        cmocka_unit_test(test_reorder_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
