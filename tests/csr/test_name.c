// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/name.h"
#include "lib/check.h"

#include <stdio.h>
#include <string.h>

/* Text, its exact DER, and the text that the DER is shown as (NULL: the same). */
static const struct {
    const char *text;
    const char *hex;
    const char *shown;
} good[] = {
    {"", "30 00", NULL},
    {"/", "30 00", ""},
    {"CN=a", "300c 310a 3008 0603550403 0c01 61", NULL},
    // most specific first in RFC 4514 form, so the DER has the reverse order; slash form is in DER order
    {"CN=a,O=b,C=DE",
     "3025 310b 3009 0603550406 1302 4445 310a 3008 060355040a 0c01 62 310a 3008 0603550403 0c01 61", NULL},
    {"/C=DE/O=b/CN=a",
     "3025 310b 3009 0603550406 1302 4445 310a 3008 060355040a 0c01 62 310a 3008 0603550403 0c01 61",
     "CN=a,O=b,C=DE"},
    {" CN = a , C = DE ", "3019 310b 3009 0603550406 1302 4445 310a 3008 0603550403 0c01 61", "CN=a,C=DE"},
    // the types of strings
    {"CN=\xc3\xa4", "300d 310b 3009 0603550403 0c02 c3a4", NULL},
    {"serialNumber=12", "300d 310b 3009 0603550405 1302 3132", NULL},
    {"dnQualifier=x", "300c 310a 3008 060355042e 1301 78", NULL},
    {"DC=de", "3014 3112 3010 060a0992268993f22c640119 1602 6465", NULL},
    {"emailAddress=a@b", "3014 3112 3010 06092a864886f70d010901 1603 614062", NULL},
    {"jurisdictionC=DE", "3015 3113 3011 060b2b0601040182373c020103 1302 4445", NULL},
    {"jurisdictionST=x", "3014 3112 3010 060b2b0601040182373c020102 0c01 78", NULL},
    {"jurisdictionL=x", "3014 3112 3010 060b2b0601040182373c020101 0c01 78", NULL},
    // A-labels in the places of U-labels (RFC 5280 sections 7.3 and 7.5)
    {"DC=m\xc3\xbcnchen", "3020 311e 301c 060a0992268993f22c640119 160e 786e2d2d6d6e6368656e2d337961",
     "DC=xn--mnchen-3ya"},
    {"DC=Ex_1", "3016 3114 3012 060a0992268993f22c640119 1604 45785f31", NULL},
    {"E=a@b\xc3\xbc"
     "cher.de",
     "3023 3121 301f 06092a864886f70d010901 1612 6140786e2d2d62636865722d6b7661 2e6465",
     "emailAddress=a@xn--bcher-kva.de"},
    {"UID=u", "3013 3111 300f 060a0992268993f22c640101 0c01 75", NULL},
    // names of types
    {"commonname=a", "300c 310a 3008 0603550403 0c01 61", "CN=a"},
    {"E=a@b", "3014 3112 3010 06092a864886f70d010901 1603 614062", "emailAddress=a@b"},
    {"email=a@b", "3014 3112 3010 06092a864886f70d010901 1603 614062", "emailAddress=a@b"},
    {"userid=u", "3013 3111 300f 060a0992268993f22c640101 0c01 75", "UID=u"},
    {"S=x", "300c 310a 3008 0603550408 0c01 78", "ST=x"},
    {"street=x", "300c 310a 3008 0603550409 0c01 78", "STREET=x"},
    {"surname=x", "300c 310a 3008 0603550404 0c01 78", NULL},
    {"givenName=x", "300c 310a 3008 060355042a 0c01 78", NULL},
    {"organizationIdentifier=x", "300c 310a 3008 0603550461 0c01 78", NULL},
    {"2.5.4.3=a", "300c 310a 3008 0603550403 0c01 61", "CN=a"},
    {"2.5.4.6=DE", "300d 310b 3009 0603550406 1302 4445", "C=DE"},
    {"1.2.3=a", "300b 3109 3007 06022a03 0c01 61", "1.2.3=#0c0161"},
    // escapes
    {"CN=a\\,b", "300e 310c 300a 0603550403 0c03 612c62", NULL},
    {"CN=a\\+b", "300e 310c 300a 0603550403 0c03 612b62", NULL},
    {"CN=\\\"a\\\\\\<\\>\\;", "3011 310f 300d 0603550403 0c06 22615c3c3e3b", NULL},
    {"CN=\\#a", "300d 310b 3009 0603550403 0c02 2361", NULL},
    {"CN=a#b=c/d", "3012 3110 300e 0603550403 0c07 6123623d632f64", NULL},
    {"CN=\\c3\\A4", "300d 310b 3009 0603550403 0c02 c3a4", "CN=\xc3\xa4"},
    {"CN=a\\=b", "300e 310c 300a 0603550403 0c03 613d62", "CN=a=b"},
    {"/CN=a\\/b", "300e 310c 300a 0603550403 0c03 612f62", "CN=a/b"},
    {"/CN=a,b", "300e 310c 300a 0603550403 0c03 612c62", "CN=a\\,b"},
    {"/CN=\"a\"", "300e 310c 300a 0603550403 0c03 226122", "CN=\\\"a\\\""},
    {"CN=a  b", "300f 310d 300b 0603550403 0c04 61202062", NULL},
    // several attributes in one RDN: DER order, whatever the text has
    {"OU=b+CN=a", "3016 3114 3008 0603550403 0c01 61 3008 060355040b 0c01 62", "CN=a+OU=b"},
    {"CN=a+OU=b", "3016 3114 3008 0603550403 0c01 61 3008 060355040b 0c01 62", NULL},
    {"/CN=long+OU=b", "3019 3117 3008 060355040b 0c01 62 300b 0603550403 0c04 6c6f6e67", "OU=b+CN=long"},
    // values in hex
    {"CN=#0c0161", "300c 310a 3008 0603550403 0c01 61", "CN=a"},
    {"CN=#130161", "300c 310a 3008 0603550403 1301 61", "CN=a"},
    {"CN=#0c0161 ,C=DE", "3019 310b 3009 0603550406 1302 4445 310a 3008 0603550403 0c01 61", "CN=a,C=DE"},
    {"2.5.4.45=#03020780", "300d 310b 3009 060355042d 0302 0780", NULL},
    {"1.2.3=#3003020105", "300d 310b 3009 06022a03 3003 020105", NULL},
};

static void check_good(const char *text, const char *hex, const char *shown)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_buf back;
    struct pc_buf again;
    pc_buf_init(&der, PC_MAX_REQUEST);
    pc_buf_init(&back, PC_MAX_REQUEST);
    pc_buf_init(&again, PC_MAX_REQUEST);
    check_ok(pc_name_parse(text, &der, &err), &err);
    check_hex(pc_buf_span(&der), hex);
    check_ok(pc_name_format(pc_buf_span(&der), &back, &err), &err);
    check_text(&back, shown != NULL ? shown : text);
    pc_buf_byte(&back, 0);
    if (strstr(text, "=#13") == NULL) { // text does not say that it was a PrintableString
        check_ok(pc_name_parse((const char *)back.ptr, &again, &err), &err);
        check_same(pc_buf_span(&again), pc_buf_span(&der));
    }
    pc_buf_done(&der);
    pc_buf_done(&back);
    pc_buf_done(&again);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        check_good(good[i].text, good[i].hex, good[i].shown);
    }
}

static const struct {
    const char *text;
    const char *why;
} bad[] = {
    {" ", "byte 2: an attribute like CN=... is missing"},
    {"CN=a,", "byte 6: an attribute like CN=... is missing"},
    {",CN=a", "byte 1: an attribute like CN=... is missing"},
    {"CN=a,,C=DE", "byte 6: an attribute like CN=... is missing"},
    {"CN=a+", "byte 6: an attribute like CN=... is missing"},
    {"/CN=a/", "byte 7: an attribute like CN=... is missing"},
    {"//CN=a", "byte 2: an attribute like CN=... is missing"},
    {"=a", "byte 1: an attribute like CN=... is missing"},
    {"www.example.com", "byte 16: '=' is missing after 'www.example.com'"},
    {"CN=a,b", "byte 7: '=' is missing after 'b'; inside a value, a separator is written with a backslash"},
    {"/CN=a/b", "byte 8: '=' is missing after 'b'"},
    {"/O=a+b", "byte 7: '=' is missing after 'b'"},
    {"XN=a", "byte 1: unknown attribute type 'XN'; the nearest is 'CN'"},
    {"CN=a,organisationName=b", "byte 6: unknown attribute type 'organisationName'"},
    {"SN=a", "byte 1: 'SN' is ambiguous: write surname or serialNumber"},
    {"sn=a", "byte 1: 'SN' is ambiguous: write surname or serialNumber"},
    {"2.5.=a", "byte 1: '2.5.' is not an object identifier"},
    {"9.1=a", "byte 1: '9.1' is not an object identifier"},
    {"CN=", "byte 4: the value of CN is empty"},
    {"CN= ", "byte 5: the value of CN is empty"},
    {"C=,CN=a", "byte 3: the value of C is empty"},
    {"CN=\\ a", "byte 4: the value of CN starts with a space"},
    {"CN=\\20a", "byte 4: the value of CN starts with a space"},
    {"CN=a\\ ", "byte 5: the value of CN ends with a space"},
    {"CN=a\\20 ,C=DE", "byte 5: the value of CN ends with a space"},
    {"CN=a\\00b", "byte 5: the value of CN has a control character"},
    {"CN=a\tb", "byte 5: the value of CN has a control character"},
    {"CN=a\\0Ab", "byte 5: the value of CN has a control character"},
    {"CN=\x7f", "byte 4: the value of CN has a control character"},
    {"CN=a\xc2\x85", "byte 5: the value of CN has a control character"},
    {"CN=\xef\xbb\xbf"
     "a",
     "byte 4: the value of CN has a byte order mark"},
    {"CN=\xff", "byte 4: the value of CN is not UTF-8"},
    {"CN=a\xc0\xaf", "byte 5: the value of CN is not UTF-8"},
    {"CN=\xed\xa0\x80", "byte 4: the value of CN is not UTF-8"},
    {"CN=ab\\c3", "byte 6: the value of CN is not UTF-8"},
    {"CN=a;C=DE", "byte 5: ';' inside a value is written '\\;'"},
    {"CN=\"a,b\"", "byte 4: '\"' inside a value is written '\\\"'"},
    {"CN=<a>", "byte 4: '<' inside a value is written '\\<'"},
    {"CN=a\\", "byte 5: a backslash stands before a special character or two hex digits"},
    {"CN=a\\zb", "byte 5: a backslash stands before a special character or two hex digits"},
    {"CN=a\\4", "byte 5: a backslash stands before a special character or two hex digits"},
    {"C=de", "byte 3: the value of C is not a country code of two upper-case letters"},
    {"C=D", "byte 3: the value of C is not a country code of two upper-case letters"},
    {"C=DEU", "byte 3: the value of C is not a country code of two upper-case letters"},
    {"C=D1", "byte 3: the value of C is not a country code of two upper-case letters"},
    {"jurisdictionC=de", "byte 15: the value of jurisdictionC is not a country code"},
    {"2.5.4.6=de", "byte 9: the value of 2.5.4.6 is not a country code"},
    {"serialNumber=a@b", "byte 15: the value of serialNumber has a character outside A-Z a-z 0-9"},
    {"serialNumber=a_b", "byte 15: the value of serialNumber has a character outside A-Z a-z 0-9"},
    {"serialNumber=\xc3\xa4", "byte 14: the value of serialNumber has a character outside"},
    {"dnQualifier=a*", "byte 14: the value of dnQualifier has a character outside"},
    {"DC=M\xc3\xbcnchen",
     "byte 4: the value of DC has a label with a character that IDNA2008 does not allow"},
    {"DC=m\xc3\xbc.de", "byte 4: the value of DC has a label"}, // one label each
    {"DC=\xff", "byte 4: the value of DC is not UTF-8"},
    {"E=a@x.\xc3\x84.de", "byte 7: the value of E has a label with a character that IDNA2008 does not allow"},
    {"E=\\61@x.\xc3\x84.de", "byte 9: the value of E has a label with a character that IDNA2008"},
    {"E=\xc3\xa4@\xc3\xa4", "byte 3: the value of E has a character that is not ASCII"},
    {"E=\xc3\xa4", "byte 3: the value of E has a character that is not ASCII"},
    {"E=a@.\xc3\xa4", "byte 5: the value of E has an empty label"},
    {"E=\xc3\xa4@b", "byte 3: the value of E has a character that is not ASCII"},
    {"CN=a+CN=b", "the same attribute type twice in one RDN"},
    {"C=DE,CN=a+OU=b+2.5.4.3=c", "the RDN at byte 6 cannot be used"},
    {"CN=#", "byte 4: the value of CN in hex is not one DER value"},
    {"CN=#0", "byte 5: '#' starts a value in hex; as text it is written '\\#'"},
    {"CN=#1 place", "byte 5: '#' starts a value in hex"},
    {"CN=#0c0161 x", "byte 12: text behind a value in hex"},
    {"CN=#0c01", "byte 4: the value of CN in hex is not one DER value"},
    {"CN=#0c01610c0161", "byte 4: the value of CN in hex is not one DER value"},
    {"CN=#0c810161", "byte 4: the value of CN in hex is not one DER value"},
    {"1.2.3=#300302010", "byte 16: '#' starts a value in hex"},
    {"1.2.3=#3002020105", "byte 7: the value of 1.2.3 in hex is not one DER value"},
    {"1.2.3=#300302810105", "byte 7: the value of 1.2.3 in hex is not one DER value"},
    {"CN=#0500", "byte 4: the value of CN has tag 05 where 0c belongs"},
    {"C=#0c024445", "byte 3: the value of C has tag 0c where 13 belongs"},
    {"CN=#160161", "byte 4: the value of CN has tag 16 where 0c belongs"},
    {"CN=#140161", "byte 4: the value of CN has a string type that new names do not use (tag 14)"},
    {"CN=#1e020061", "byte 4: the value of CN has a string type that new names do not use (tag 1e)"},
    {"1.2.3=#1c0400000061", "string type that new names do not use (tag 1c)"},
    {"CN=#0c00", "byte 4: the value of CN is empty"},
    {"CN=#0c0100", "byte 4: the value of CN has a control character"},
    {"C=#13026465", "byte 3: the value of C is not a country code"},
    {"CN=#130140", "byte 4: the value of CN has a character outside A-Z a-z 0-9"},
};

static void check_bad(const char *text, enum p11csr_code code, const char *why)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    pc_buf_init(&der, PC_MAX_REQUEST);
    check_fails(pc_name_parse(text, &der, &err), &err, code, why);
    assert_int_equal(der.len, 0);
    pc_buf_done(&der);
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        check_bad(bad[i].text, P11CSR_E_SUBJECT, bad[i].why);
    }
}

/* The upper bounds are in characters: each is tried with the longest value that fits and with one more. */
static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        size_t max;
    } rows[] = {
        {"CN", 64},
        {"O", 64},
        {"OU", 64},
        {"title", 64},
        {"serialNumber", 64},
        {"L", 128},
        {"ST", 128},
        {"street", 128},
        {"postalCode", 40},
        {"businessCategory", 128},
        {"DC", 63},
        {"UID", 256},
        {"email", 255},
        {"pseudonym", 128},
        {"jurisdictionST", 128},
        {"jurisdictionL", 128},
        {"surname", 32768},
        {"givenName", 32768},
        {"name", 32768},
        {"initials", 32768},
        {"generationQualifier", 32768},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        char why[200];
        struct pc_buf text;
        struct pc_buf der;
        pc_buf_init(&text, 100000);
        pc_buf_init(&der, 100000);
        pc_buf_printf(&text, "%s=", rows[i].type);
        for (size_t n = 0; n < rows[i].max; n++) {
            pc_buf_byte(&text, 'x');
        }
        pc_buf_byte(&text, 0);
        check_ok(pc_name_parse((const char *)text.ptr, &der, &err), &err);
        text.len--;
        pc_buf_text(&text, "y");
        pc_buf_byte(&text, 0);
        (void)snprintf(why, sizeof(why), "byte %zu: the value of %s has more than %zu characters",
                       strlen(rows[i].type) + 2 + rows[i].max, rows[i].type, rows[i].max);
        check_bad((const char *)text.ptr, P11CSR_E_SUBJECT, why);
        pc_buf_done(&text);
        pc_buf_done(&der);
    }
}

static void test_bounds_count_characters(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf text;
    struct pc_buf der;
    pc_buf_init(&text, 1000);
    pc_buf_init(&der, 1000);
    pc_buf_text(&text, "CN=");
    for (int i = 0; i < 64; i++) {
        pc_buf_text(&text, "\xc3\xa4");
    }
    pc_buf_byte(&text, 0);
    check_ok(pc_name_parse((const char *)text.ptr, &der, &err), &err);
    text.len--;
    pc_buf_text(&text, "x");
    pc_buf_byte(&text, 0);
    check_bad((const char *)text.ptr, P11CSR_E_SUBJECT,
              "byte 132: the value of CN has more than 64 characters");
    pc_buf_done(&text);
    pc_buf_done(&der);
}

/* Repeats `part` until there are `count` of it. */
static void repeat(const char *first, const char *part, size_t count, struct pc_buf *ret)
{
    pc_buf_init(ret, 100000);
    pc_buf_text(ret, first);
    for (size_t i = 1; i < count; i++) {
        pc_buf_text(ret, part);
    }
    pc_buf_byte(ret, 0);
}

/* Of a value with A-labels only its start can be told. */
static void test_bound_of_a_mapped_value(void **state)
{
    (void)state;
    struct pc_buf text;
    pc_buf_init(&text, 1000);
    pc_buf_text(&text, "E=");
    for (int i = 0; i < 250; i++) {
        pc_buf_byte(&text, 'x');
    }
    pc_buf_text(&text, "@\xc3\xa4.de");
    pc_buf_byte(&text, 0);
    check_bad((const char *)text.ptr, P11CSR_E_SUBJECT,
              "byte 3: the value of E has more than 255 characters");
    pc_buf_done(&text);
}

static void test_limits(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf text;
    struct pc_buf der;
    pc_buf_init(&der, 100000);
    repeat("DC=a", ",DC=a", PC_MAX_RDNS, &text);
    check_ok(pc_name_parse((const char *)text.ptr, &der, &err), &err);
    pc_buf_done(&text);
    repeat("DC=a", ",DC=a", PC_MAX_RDNS + 1, &text);
    check_bad((const char *)text.ptr, P11CSR_E_LIMIT, "more than 64 RDNs");
    pc_buf_done(&text);
    pc_buf_init(&text, 1000);
    for (int i = 0; i < PC_MAX_ATVS + 1; i++) {
        pc_buf_printf(&text, "%s1.2.%d=a", i > 0 ? "+" : "", i);
    }
    pc_buf_byte(&text, 0);
    check_bad((const char *)text.ptr, P11CSR_E_LIMIT, "more than 16 attributes in one RDN");
    pc_buf_done(&text);
    pc_buf_done(&der);
    pc_buf_init(&der, 5);
    check_fails(pc_name_parse("CN=a", &der, &err), &err, P11CSR_E_LIMIT, "more than 5 bytes");
    pc_buf_done(&der);
}

/* Names that others wrote, as text. */
static void test_format(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *text;
    } rows[] = {
        {"300c 310a 3008 0603550403 1301 61", "CN=a"},
        {"300c 310a 3008 0603550403 1401 61", "CN=a"},
        {"300c 310a 3008 0603550403 1601 61", "CN=a"},
        {"300d 310b 3009 0603550403 1e02 00e4", "CN=\xc3\xa4"},
        {"300f 310d 300b 0603550403 1c04 0001f600", "CN=\xf0\x9f\x98\x80"},
        {"300c 310a 3008 0603550403 1401 e4", "CN=#1401e4"},     // Teletex or Latin-1: nobody knows
        {"300c 310a 3008 0603550403 1e01 61", "CN=#1e0161"},     // half a character
        {"300d 310b 3009 0603550403 1e02 d800", "CN=#1e02d800"}, // half a surrogate pair
        {"300f 310d 300b 0603550403 1c04 00110000", "CN=#1c0400110000"},
        {"300c 310a 3008 0603550403 0c01 ff", "CN=#0c01ff"},
        {"300c 310a 3008 0603550403 1301 ff", "CN=#1301ff"},
        {"300b 3109 3007 0603550403 0500", "CN=#0500"},
        {"300b 3109 3007 0603550403 0c00", "CN="},
        {"300e 310c 300a 0603550403 0c03 200020", "CN=\\ \\00\\ "},
        {"300c 310a 3008 0603550403 0c01 20", "CN=\\ "},
        {"300e 310c 300a 0603550403 0c03 e280ae", "CN=\\E2\\80\\AE"}, // right-to-left override
        {"300e 310c 300a 0603550403 0c03 1b5b41", "CN=\\1B[A"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_buf text;
        pc_buf_init(&der, 100);
        pc_buf_init(&text, 100);
        hex_to_buf(rows[i].hex, &der);
        check_ok(pc_name_format(pc_buf_span(&der), &text, &err), &err);
        check_text(&text, rows[i].text);
        pc_buf_done(&der);
        pc_buf_done(&text);
    }
}

static void test_der_that_is_no_name(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *why;
        const char *text; /* what people are shown all the same; NULL: nothing */
    } rows[] = {
        {"", "byte 0: Name is missing", NULL},
        {"3100", "byte 0: tag 31 where Name (tag 30) is expected", NULL},
        {"3000 00", "byte 2: more data than belongs into Name", ""},
        {"3002 3000", "byte 2: tag 30 where RelativeDistinguishedName (tag 31) is expected", NULL},
        {"3002 3100", "byte 4: RelativeDistinguishedName is empty", ""},
        {"3004 3102 3000", "byte 6: attribute type is missing", NULL},
        {"3007 3105 3003 060155", "byte 9: a value is missing", NULL},
        {"3009 3107 3005 0600 0c0161", "OBJECT IDENTIFIER is malformed", "#=#0c0161"},
        {"300a 3108 3006 060185 0c0161", "OBJECT IDENTIFIER is malformed", "#85=#0c0161"},
        {"300b 3109 3007 06028003 0c0161", "OBJECT IDENTIFIER is malformed", "#8003=#0c0161"},
        {"300e 310c 300a 0603550403 0c0161 0500",
         "byte 14: more data than belongs into AttributeTypeAndValue", "CN=a"},
        {"300c 310b 3008 0603550403 0c0161", "byte 2: length goes beyond the end", NULL},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_buf text;
        pc_buf_init(&der, 100);
        pc_buf_init(&text, 100);
        hex_to_buf(rows[i].hex, &der);
        check_fails(pc_name_walk(pc_der_over(pc_buf_span(&der)), NULL, NULL, &err), &err, P11CSR_E_REQUEST,
                    rows[i].why);
        const struct pc_result shown = pc_name_format(pc_buf_span(&der), &text, &err);
        if (rows[i].text != NULL) {
            check_ok(shown, &err);
            check_text(&text, rows[i].text);
        } else {
            check_fails(shown, &err, P11CSR_E_REQUEST, rows[i].why);
        }
        pc_buf_done(&der);
        pc_buf_done(&text);
    }
}

struct walked {
    size_t count;
    char text[200];
};

static PC_RESULT note_part(const struct pc_name_part *part, void *data, p11csr_error **err)
{
    struct walked *walked = data;
    const size_t used = strlen(walked->text);
    (void)err;
    walked->count++;
    (void)snprintf(walked->text + used, sizeof(walked->text) - used, "%zu:%s:%02x:%.*s ", part->rdn,
                   part->type != NULL ? part->type : "?", part->tag, (int)part->value.len, part->value.ptr);
    return PC_OK;
}

static void test_walk(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct walked walked = {0};
    struct pc_buf der;
    pc_buf_init(&der, 1000);
    check_ok(pc_name_parse("CN=a+1.2.3=b,C=DE", &der, &err), &err);
    check_ok(pc_name_walk(pc_der_over(pc_buf_span(&der)), note_part, &walked, &err), &err);
    assert_string_equal(walked.text, "0:C:13:DE 1:?:0c:b 1:CN:0c:a ");
    assert_false(pc_name_is_empty(pc_buf_span(&der)));
    pc_buf_done(&der);
    static const uint8_t empty[] = {0x30, 0x00};
    assert_true(pc_name_is_empty(PC_SPAN(empty)));
    assert_false(pc_name_is_empty((struct pc_span){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bounds_count_characters),
        cmocka_unit_test(test_bound_of_a_mapped_value),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_der_that_is_no_name),
        cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
