// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/san_checks.h"

#include <stdio.h>
#include <string.h>

/*
 * The kinds of otherName: [0] IMPLICIT SEQUENCE { type-id, value [0] EXPLICIT }. The octets were made by hand
 * from the modules of the RFCs that stand beside them, and checked with an encoder in Python.
 */
static const struct {
    enum pc_san_type type;
    const char *text;
    const char *hex;
    const char *shown; /* NULL: as it was written */
} good[] = {
    // RFC 4556 section 3.2.2: SEQUENCE { [0] realm, [1] SEQUENCE { [0] type, [1] SEQUENCE OF parts } }
    {PC_SAN_KRB5, "HTTP/host.example@EXAMPLE.COM",
     "a03c 06062b0601050202 a032 3030 a00d 1b0b 4558414d504c452e434f4d a11f 301d a003 020103 a116 3014 "
     "1b04 48545450 1b0c 686f73742e6578616d706c65",
     NULL},
    {PC_SAN_KRB5, "user@EXAMPLE.COM",
     "a02e 06062b0601050202 a024 3022 a00d 1b0b 4558414d504c452e434f4d a111 300f a003 020101 a108 3006 "
     "1b04 75736572",
     NULL},
    {PC_SAN_KRB5, "krbtgt/A@A",
     "a029 06062b0601050202 a01f 301d a003 1b0141 a116 3014 a003 020102 a10d 300b 1b06 6b7262746774 1b01 41",
     NULL},
    {PC_SAN_KRB5, "a/b@R:1",
     "a024 06062b0601050202 a01a 3018 a003 1b0152 a111 300f a003 020101 a108 3006 1b0161 1b0162", NULL},
    {PC_SAN_KRB5, "a/b@R:3",
     "a024 06062b0601050202 a01a 3018 a003 1b0152 a111 300f a003 020103 a108 3006 1b0161 1b0162", "a/b@R"},
    {PC_SAN_KRB5, "a\\/b\\@c\\:\\\\@R\\@:10",
     "a028 06062b0601050202 a01e 301c a004 1b02 5240 a114 3012 a003 02010a a10b 3009 1b07 612f6240633a5c",
     NULL},
    {PC_SAN_KRB5, "a@B/c",
     "a023 06062b0601050202 a019 3017 a005 1b03 422f63 a10e 300c a003 020101 a105 3003 1b0161",
     "a@B\\/c"}, // a realm in X.500 style
    // RFC 4985 section 2: IA5String
    {PC_SAN_SRV, "_imap.example.com",
     "a01f 06082b06010505070807 a013 1611 5f696d61702e6578616d706c652e636f6d", NULL},
    {PC_SAN_SRV, "_x.m\xc3\xbcnchen.de",
     "a022 06082b06010505070807 a016 1614 5f782e786e2d2d6d6e6368656e2d3379612e6465", "_x.xn--mnchen-3ya.de"},
    // RFC 6120 section 13.7.1.4: UTF8String
    {PC_SAN_XMPP, "juliet@im.example/b",
     "a021 06082b06010505070805 a015 0c13 6a756c69657440696d2e6578616d706c652f62", NULL},
    {PC_SAN_XMPP, "im.example", "a018 06082b06010505070805 a00c 0c0a 696d2e6578616d706c65", NULL},
    // RFC 9174 section 4.4.2.1: IA5String
    {PC_SAN_BUNDLE_EID, "dtn://node.example/",
     "a021 06082b0601050507080b a015 1613 64746e3a2f2f6e6f64652e6578616d706c652f", NULL},
    {PC_SAN_BUNDLE_EID, "dtn://a-b/in/~x",
     "a01d 06082b0601050507080b a011 160f 64746e3a2f2f612d622f696e2f7e78", NULL},
    {PC_SAN_BUNDLE_EID, "ipn:12.0", "a016 06082b0601050507080b a00a 1608 69706e3a31322e30", NULL},
    {PC_SAN_BUNDLE_EID, "ipn:977000.100.1",
     "a01e 06082b0601050507080b a012 1610 69706e3a3937373030302e3130302e31", NULL},
    // RFC 4108 section 5: SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING }
    {PC_SAN_HARDWARE_MODULE, "1.3.6.1.4.1.99999.2:00a1b2",
     "a01e 06082b06010505070804 a012 3010 06092b06010401868d1f02 0403 00a1b2", NULL},
    {PC_SAN_HARDWARE_MODULE, "1.3.6.1.4.1.99999.2:00:A1:B2",
     "a01e 06082b06010505070804 a012 3010 06092b06010401868d1f02 0403 00a1b2", "1.3.6.1.4.1.99999.2:00a1b2"},
    // RFC 4043 section 2: SEQUENCE { UTF8String OPTIONAL, assigner OBJECT IDENTIFIER OPTIONAL }
    {PC_SAN_PERMANENT_ID, "abc", "a013 06082b06010505070803 a007 3005 0c03616263", NULL},
    {PC_SAN_PERMANENT_ID, "abc:1.2.3", "a017 06082b06010505070803 a00b 3009 0c03616263 06022a03", NULL},
    {PC_SAN_PERMANENT_ID, ":1.2.3", "a012 06082b06010505070803 a006 3004 06022a03", NULL},
    {PC_SAN_PERMANENT_ID, ":", "a00e 06082b06010505070803 a002 3000", NULL},
    {PC_SAN_PERMANENT_ID, "a\\:b\\\\:1.2.3", "a018 06082b06010505070803 a00c 300a 0c04613a625c 06022a03",
     NULL},
    // MS-ADTS: OCTET STRING of 16 octets, the first three fields with their least significant octet first
    {PC_SAN_NTDS_GUID, "00112233-4455-6677-8899-aabbccddeeff",
     "a01f 06092b0601040182371901 a012 0410 33221100554477668899aabbccddeeff", NULL},
    {PC_SAN_NTDS_GUID, "00112233-4455-6677-8899-AABBCCDDEEFF",
     "a01f 06092b0601040182371901 a012 0410 33221100554477668899aabbccddeeff",
     "00112233-4455-6677-8899-aabbccddeeff"},
    {PC_SAN_NTDS_GUID, "33221100554477668899aabbccddeeff",
     "a01f 06092b0601040182371901 a012 0410 33221100554477668899aabbccddeeff",
     "00112233-4455-6677-8899-aabbccddeeff"},
    {PC_SAN_OTHER, "1.2.3:hex:0500", "a008 06022a03 a002 0500", NULL},
    {PC_SAN_OTHER, "1.2.3:asn1:UTF8:a", "a009 06022a03 a003 0c0161", "1.2.3:hex:0c0161"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        check_san(good[i].type, good[i].text, good[i].hex, good[i].shown);
    }
}

static const struct {
    enum pc_san_type type;
    const char *text;
    const char *why;
} bad[] = {
    {PC_SAN_KRB5, "", "byte 1: krb5 '' has an empty part"},
    {PC_SAN_KRB5, "user", "byte 5: krb5 'user' has no '@' and realm behind it"},
    {PC_SAN_KRB5, "user@", "byte 6: krb5 'user@' has an empty part"},
    {PC_SAN_KRB5, "@R", "byte 1: krb5 '@R' has an empty part"},
    {PC_SAN_KRB5, "HTTP/@R", "byte 6: krb5 'HTTP/@R' has an empty part"},
    {PC_SAN_KRB5, "a//b@R", "byte 3: krb5 'a//b@R' has an empty part"},
    {PC_SAN_KRB5, "a@R@S", "byte 4: krb5 'a@R@S' has a second '@'"},
    {PC_SAN_KRB5, "a@R:", "byte 4: krb5 'a@R:' has something behind the last ':' that is no type of names"},
    {PC_SAN_KRB5, "a@R:x", "byte 4: krb5 'a@R:x' has something behind the last ':'"},
    {PC_SAN_KRB5, "a@R:2147483648", "byte 4: krb5 'a@R:2147483648' has something behind the last ':'"},
    {PC_SAN_KRB5, "a\\b@R",
     "byte 2: krb5 'a\\b@R' has a backslash that stands before none of / @ : and backslash"},
    {PC_SAN_KRB5, "a@R\\", "byte 4: krb5 'a@R\\' has a backslash"},
    {PC_SAN_KRB5, "\xc3\xa4@R", "byte 1: krb5 '\xc3\xa4@R' has a character that Kerberos names do not have"},
    {PC_SAN_KRB5, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q@R", "byte 34: krb5 "},
    {PC_SAN_SRV, "", "byte 1: srv '' does not start with a service like _imap"},
    {PC_SAN_SRV, "imap.example", "byte 1: srv 'imap.example' does not start with a service like _imap"},
    {PC_SAN_SRV, "_.example", "byte 2: srv '_.example' has no '.' behind the letters, digits and hyphens"},
    {PC_SAN_SRV, "_imap", "byte 6: srv '_imap' has no '.' behind the letters"},
    {PC_SAN_SRV, "_i_m.example", "byte 3: srv '_i_m.example' has no '.' behind the letters"},
    {PC_SAN_SRV, "_imap.", "byte 7: srv '_imap.' has no host name"},
    {PC_SAN_SRV, "_imap._tcp.example", "byte 7: srv '_imap._tcp.example' names a protocol"},
    {PC_SAN_SRV, "_imap.*.example", "byte 7: srv '_imap.*.example' has a '*'"},
    {PC_SAN_SRV, "_imap.example.", "byte 15: srv '_imap.example.' ends with a dot"},
    {PC_SAN_XMPP, "", "byte 1: xmpp '' is empty"},
    {PC_SAN_XMPP, "@im.example", "byte 1: xmpp '@im.example' is not of the form [local@]domain[/resource]"},
    {PC_SAN_XMPP, "a@", "byte 1: xmpp 'a@' is not of the form [local@]domain[/resource]"},
    {PC_SAN_XMPP, "a@/b", "byte 1: xmpp 'a@/b' is not of the form [local@]domain[/resource]"},
    {PC_SAN_XMPP, "/b", "byte 1: xmpp '/b' is not of the form [local@]domain[/resource]"},
    {PC_SAN_XMPP, "a@b/", "byte 1: xmpp 'a@b/' is not of the form [local@]domain[/resource]"},
    {PC_SAN_XMPP, "a\xff", "byte 2: xmpp 'a\\xff' is not UTF-8"},
    {PC_SAN_BUNDLE_EID, "", "byte 1: bundle-eid '' is neither of the form dtn://NODE/ nor ipn:NODE.SERVICE"},
    {PC_SAN_BUNDLE_EID, "http://a/", "byte 1: bundle-eid 'http://a/' is neither of the form dtn://NODE/"},
    {PC_SAN_BUNDLE_EID, "dtn:none", "byte 1: bundle-eid 'dtn:none' is neither of the form dtn://NODE/"},
    {PC_SAN_BUNDLE_EID, "dtn:///", "byte 7: bundle-eid 'dtn:///' is not of the form dtn://NODE/"},
    {PC_SAN_BUNDLE_EID, "dtn://a", "byte 8: bundle-eid 'dtn://a' is not of the form dtn://NODE/"},
    {PC_SAN_BUNDLE_EID, "dtn://a b/", "byte 8: bundle-eid 'dtn://a b/' is not of the form dtn://NODE/"},
    {PC_SAN_BUNDLE_EID, "dtn://a/~all", "byte 9: bundle-eid 'dtn://a/~all' is of a group of nodes"},
    {PC_SAN_BUNDLE_EID, "dtn://a/b c", "byte 10: bundle-eid 'dtn://a/b c' has a character"},
    {PC_SAN_BUNDLE_EID, "dtn://a/\xc3\xa4", "byte 9: bundle-eid 'dtn://a/\xc3\xa4' has a character"},
    {PC_SAN_BUNDLE_EID, "ipn:1", "byte 6: bundle-eid 'ipn:1' is not of the form ipn:NODE.SERVICE"},
    {PC_SAN_BUNDLE_EID, "ipn:1.", "byte 7: bundle-eid 'ipn:1.' is not of the form ipn:NODE.SERVICE"},
    {PC_SAN_BUNDLE_EID, "ipn:1.2.3.4", "byte 12: bundle-eid 'ipn:1.2.3.4' is not of the form"},
    {PC_SAN_BUNDLE_EID, "ipn:01.2", "byte 6: bundle-eid 'ipn:01.2' has a character"},
    {PC_SAN_BUNDLE_EID, "ipn:.2", "byte 5: bundle-eid 'ipn:.2' has a character"},
    {PC_SAN_BUNDLE_EID, "ipn:1.a", "byte 7: bundle-eid 'ipn:1.a' has a character"},
    {PC_SAN_HARDWARE_MODULE, "",
     "byte 1: hardware-module '' does not start with the object identifier of a type"},
    {PC_SAN_HARDWARE_MODULE, "a:00",
     "byte 1: hardware-module 'a:00' does not start with the object identifier"},
    {PC_SAN_HARDWARE_MODULE, "1.2.3",
     "byte 6: hardware-module '1.2.3' has no serial number in hex behind a ':'"},
    {PC_SAN_HARDWARE_MODULE,
     "1.2.3:", "byte 7: hardware-module '1.2.3:' has no serial number in hex behind a ':'"},
    {PC_SAN_HARDWARE_MODULE, "1.2.3:0", "byte 7: hardware-module '1.2.3:0' has no serial number in hex"},
    {PC_SAN_HARDWARE_MODULE, "1.2.3:SN1", "byte 7: hardware-module '1.2.3:SN1' has no serial number in hex"},
    {PC_SAN_PERMANENT_ID, "", "byte 1: permanent-id '' is empty"},
    {PC_SAN_PERMANENT_ID, "a:", "byte 2: permanent-id 'a:' has no object identifier behind the ':'"},
    {PC_SAN_PERMANENT_ID, "a:b",
     "byte 2: permanent-id 'a:b' has no object identifier behind the ':'; in the value it is "
     "written '\\:'"},
    {PC_SAN_PERMANENT_ID, "a:1.2.3:1.2.3", "byte 2: permanent-id 'a:1.2.3:1.2.3' has no object identifier"},
    {PC_SAN_PERMANENT_ID, "::", "byte 1: permanent-id '::' has no object identifier"},
    {PC_SAN_PERMANENT_ID, "a\\b",
     "byte 2: permanent-id 'a\\b' has a backslash that stands neither before ':'"},
    {PC_SAN_PERMANENT_ID, "a\\", "byte 2: permanent-id 'a\\' has a backslash that stands neither before ':'"},
    {PC_SAN_PERMANENT_ID, "a \xc3:1.2.3", "byte 3: permanent-id 'a \\xc3:1.2.3' is not UTF-8"},
    {PC_SAN_PERMANENT_ID, " a", "byte 1: permanent-id ' a' has a space at its start or end"},
    {PC_SAN_NTDS_GUID, "",
     "byte 1: ntds-guid '' is neither a GUID of 8-4-4-4-12 hex digits nor 32 hex digits"},
    {PC_SAN_NTDS_GUID, "00112233-4455-6677-8899-aabbccddee",
     "is neither a GUID of 8-4-4-4-12 hex digits nor 32"},
    {PC_SAN_NTDS_GUID, "001122334-455-6677-8899-aabbccddeeff",
     "byte 9: ntds-guid '001122334-455-6677-8899-"
     "aabbccddeeff' has a character that does not belong"},
    {PC_SAN_NTDS_GUID, "00112233-4455-6677-8899-aabbccddeefg", "byte 36: ntds-guid "},
    {PC_SAN_NTDS_GUID, "0011223344556677-899aabbccddeeff", "byte 17: ntds-guid "},
    {PC_SAN_NTDS_GUID, "{00112233445566778899aabbccddee}", "byte 1: ntds-guid "},
    {PC_SAN_OTHER, "", "byte 1: other-name '' does not start with an object identifier"},
    {PC_SAN_OTHER, "upn:asn1:UTF8:a",
     "byte 1: other-name 'upn:asn1:UTF8:a' does not start with an object identifier"},
    {PC_SAN_OTHER, "1.2.3",
     "byte 6: other-name '1.2.3' has neither hex: nor asn1: behind its object identifier"},
    {PC_SAN_OTHER,
     "1.2.3:", "byte 6: other-name '1.2.3:' has neither hex: nor asn1: behind its object identifier"},
    {PC_SAN_OTHER, "1.2.3:/etc/hostname",
     "byte 6: other-name '1.2.3:/etc/hostname' has neither hex: nor asn1:"},
    {PC_SAN_OTHER, "1.2.3:hex:05", "other-name '1.2.3:hex:05' cannot be used"},
    {PC_SAN_OTHER, "1.2.3:hex:", "other-name '1.2.3:hex:' cannot be used"},
    {PC_SAN_OTHER, "1.2.3:hex:05000500", "other-name '1.2.3:hex:05000500' cannot be used"},
    {PC_SAN_OTHER, "1.2.3:asn1:NOTYPE:a", "other-name '1.2.3:asn1:NOTYPE:a' cannot be used"},
    {PC_SAN_OTHER, "1.3.6.1.4.1.311.20.2.3:asn1:NULL",
     "other-name '1.3.6.1.4.1.311.20.2.3:asn1:NULL' has the type of a upn but not its value"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        check_not_san(bad[i].type, bad[i].text, bad[i].why);
    }
}

/* An otherName by its OID is of the kind that has this OID. */
static void test_kind_is_found_by_the_oid(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_add_san(&content, PC_SAN_UPN, "a@b", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_OTHER, "1.3.6.1.4.1.311.20.2.3:asn1:UTF8:a@b", &err), &err);
    assert_int_equal(pc_content_san_count(&content), 1);
    check_ok(pc_content_add_san(&content, PC_SAN_OTHER, "1.3.6.1.5.5.7.8.7:hex:16025f78", &err), &err);
    assert_int_equal(pc_content_san(&content, 1).type, PC_SAN_SRV);
    check_ok(pc_content_add_san(&content, PC_SAN_OTHER, "1.3.6.1.5.5.7.8.77:hex:16025f78", &err), &err);
    assert_int_equal(pc_content_san(&content, 2).type, PC_SAN_OTHER);
    pc_content_done(&content);
}

static PC_RESULT note_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    pc_buf_printf(data, "%s", name->kind);
    if (name->has_row) {
        pc_buf_text(data, "=");
        PC_TRY(pc_san_format((struct pc_san){name->type, name->content}, data, err));
    }
    return PC_OK;
}

/* What others wrote: values that a kind may have, and values that make it a name without text. */
static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *hex; /* value of the otherName */
        enum pc_san_type type;
        const char *says;
    } rows[] = {
        {"0c0161", PC_SAN_UPN, "upn=a"}, // without a realm
        {"0c00", PC_SAN_UPN, "upn"},
        {"0c02610a", PC_SAN_UPN, "upn"},
        {"160161", PC_SAN_UPN, "upn"},
        {"0c0461406220", PC_SAN_SMTP_UTF8, "smtp-utf8-mailbox"}, // a space at its end
        {"0c03614062", PC_SAN_SMTP_UTF8, "smtp-utf8-mailbox=a@b"},
        {"160c5f782e5f7463702e6578616d", PC_SAN_SRV, "srv=_x._tcp.exam"},
        {"1601c3", PC_SAN_SRV, "srv"},
        {"0410 000102030405060708090a0b0c0d0e0f", PC_SAN_NTDS_GUID,
         "ntds-guid=03020100-0504-0706-0809-0a0b0c0d0e0f"},
        {"040f 000102030405060708090a0b0c0d0e", PC_SAN_NTDS_GUID, "ntds-guid"},
        {"3004 06022a03", PC_SAN_HARDWARE_MODULE, "hardware-module"},
        {"3006 06022a03 0400", PC_SAN_HARDWARE_MODULE, "hardware-module"},
        {"3009 06022a03 0401aa 0500", PC_SAN_HARDWARE_MODULE, "hardware-module"},
        {"3007 06022a03 0401aa", PC_SAN_HARDWARE_MODULE, "hardware-module=1.2.3:aa"},
        {"3007 06022a83 0401aa", PC_SAN_HARDWARE_MODULE, "hardware-module"},
        {"3000", PC_SAN_PERMANENT_ID, "permanent-id=:"},
        {"3007 06022a03 0c0161", PC_SAN_PERMANENT_ID, "permanent-id"}, // in the wrong order
        {"3002 0c00", PC_SAN_PERMANENT_ID, "permanent-id"},
        {"3016 a003 1b0141 a10f 300d a003 020101 a106 3004 1b00 1b00", PC_SAN_KRB5, "krb5"}, // empty parts
        {"3012 a003 1b0141 a10b 3009 a003 020101 a102 3000", PC_SAN_KRB5, "krb5"},           // no part
        {"3015 a003 1b0141 a10e 300c a003 020101 a105 3003 1b0161", PC_SAN_KRB5, "krb5=a@A"},
        {"3015 a003 1b0141 a10e 300c a003 0201ff a105 3003 1b0161", PC_SAN_KRB5, "krb5"}, // a negative type
        {"3015 a003 0c0141 a10e 300c a003 020101 a105 3003 1b0161", PC_SAN_KRB5, "krb5"}, // a UTF8String
        {"3017 a003 1b0141 a10e 300c a003 020101 a105 3003 1b0161 0500", PC_SAN_KRB5, "krb5"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        static const char *const oids[] = {[PC_SAN_UPN] = "060a2b060104018237140203",
                                           [PC_SAN_SMTP_UTF8] = "06082b06010505070809",
                                           [PC_SAN_SRV] = "06082b06010505070807",
                                           [PC_SAN_NTDS_GUID] = "06092b0601040182371901",
                                           [PC_SAN_PERMANENT_ID] = "06082b06010505070803",
                                           [PC_SAN_HARDWARE_MODULE] = "06082b06010505070804",
                                           [PC_SAN_KRB5] = "06062b0601050202"};
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_buf value;
        struct pc_buf says;
        struct pc_der_writer w;
        pc_buf_init(&der, 200);
        pc_buf_init(&value, 100);
        pc_buf_init(&says, 200);
        pc_der_writer_init(&w, &der);
        pc_der_begin(&w, PC_DER_SEQUENCE);
        pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
        hex_to_buf(oids[rows[i].type], &value);
        pc_der_raw(&w, pc_buf_span(&value));
        value.len = 0;
        hex_to_buf(rows[i].hex, &value);
        pc_der_begin(&w, PC_DER_CONTEXT_CONSTRUCTED(0));
        pc_der_raw(&w, pc_buf_span(&value));
        pc_der_end(&w);
        pc_der_end(&w);
        pc_der_end(&w);
        check_ok(pc_der_finish(&w, &err), &err);
        check_ok(pc_general_names_walk(pc_der_over(pc_buf_span(&der)), note_name, &says, &err), &err);
        check_text(&says, rows[i].says);
        pc_buf_done(&der);
        pc_buf_done(&value);
        pc_buf_done(&says);
    }
}

/* Every kind is read back as what it was made as, and compared as such. */
static void test_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(good); i++) {
        p11csr_error *err = NULL;
        struct pc_content content;
        struct pc_buf der;
        struct pc_buf says;
        char wanted[200];
        struct pc_der_writer w;
        pc_content_init(&content);
        pc_buf_init(&der, 1000);
        pc_buf_init(&says, 1000);
        pc_der_writer_init(&w, &der);
        check_ok(pc_content_add_san(&content, good[i].type, good[i].text, &err), &err);
        pc_san_write(&content, &w);
        check_ok(pc_der_finish(&w, &err), &err);
        check_ok(pc_general_names_walk(pc_der_over(pc_buf_span(&der)), note_name, &says, &err), &err);
        (void)snprintf(wanted, sizeof(wanted), "%s=%s", pc_san_type_name(good[i].type),
                       good[i].shown != NULL ? good[i].shown : good[i].text);
        check_text(&says, wanted);
        pc_content_done(&content);
        pc_buf_done(&der);
        pc_buf_done(&says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_kind_is_found_by_the_oid),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
