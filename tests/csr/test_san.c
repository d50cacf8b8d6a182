// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/content/san.h"
#include "csr/san_checks.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum pc_san_type type;
    const char *text;
    const char *hex;   /* its GeneralName */
    const char *shown; /* NULL: as it was written */
} good[] = {
    {PC_SAN_DNS, "a", "8201 61", NULL},
    {PC_SAN_DNS, "example.com", "820b 6578616d706c652e636f6d", NULL},
    {PC_SAN_DNS, "*.a", "8203 2a2e61", NULL},
    {PC_SAN_DNS, "xn--a-0.b9", "820a 786e2d2d612d302e6239", NULL},
    {PC_SAN_DNS, "1.2.3.4.5", "8209 312e322e332e342e35", NULL},
    {PC_SAN_IP, "192.0.2.1", "8704 c0000201", NULL},
    {PC_SAN_IP, "0.0.0.0", "8704 00000000", NULL},
    {PC_SAN_IP, "2001:db8::1", "8710 20010db8000000000000000000000001", NULL},
    {PC_SAN_IP, "2001:DB8:0:0:0:0:0:1", "8710 20010db8000000000000000000000001", "2001:db8::1"},
    {PC_SAN_IP, "::", "8710 00000000000000000000000000000000", NULL},
    {PC_SAN_IP, "::1", "8710 00000000000000000000000000000001", NULL},
    {PC_SAN_IP, "1::", "8710 00010000000000000000000000000000", NULL},
    {PC_SAN_IP, "2001:db8:0:1:1:1:1:1", "8710 20010db8000000010001000100010001",
     NULL}, // one zero field stays
    {PC_SAN_IP, "2001:0:0:1::1", "8710 20010000000000010000000000000001", "2001:0:0:1::1"}, // the longest run
    {PC_SAN_IP, "2001:db8:0:0:1:0:0:1", "8710 20010db8000000000001000000000001",
     "2001:db8::1:0:0:1"}, // the first
    {PC_SAN_IP, "::1.2.3.4", "8710 00000000000000000000000001020304", "::102:304"},
    {PC_SAN_IP, "64:ff9b::1.2.3.4", "8710 0064ff9b000000000000000001020304", "64:ff9b::102:304"},
    {PC_SAN_IP, "fe80:0:0:0:1:2:3:0", "8710 fe800000000000000001000200030000", "fe80::1:2:3:0"},
    {PC_SAN_EMAIL, "a@b", "8103 614062", NULL},
    {PC_SAN_EMAIL, "a.b+c'd@example.com", "8113 612e622b632764406578616d706c652e636f6d", NULL},
    {PC_SAN_URI, "a:b", "8603 613a62", NULL},
    {PC_SAN_URI, "urn:uuid:0", "860a 75726e3a757569643a30", NULL},
    {PC_SAN_URI, "https://u@h:1/p?q#f", "8613 68747470733a2f2f7540683a312f703f712366", NULL},
    {PC_SAN_URI, "a://[::1]:80/", "860d 613a2f2f5b3a3a315d3a38302f", NULL},
    {PC_SAN_URI, "a://h/%41", "8609 613a2f2f682f253431", NULL},
    {PC_SAN_URI, "spiffe://x/y", "860c 7370696666653a2f2f782f79", NULL},
    /* U-labels and their A-labels, as RFC 3492 and the tables of IDNA2008 have them; Python's idna agrees. */
    {PC_SAN_DNS, "*.m\xc3\xbcnchen.example", "8218 2a2e 786e2d2d6d6e6368656e2d337961 2e6578616d706c65",
     "*.xn--mnchen-3ya.example"},
    {PC_SAN_DNS, "fa\xc3\x9f.de", "820d 786e2d2d66612d686961 2e6465", "xn--fa-hia.de"},
    {PC_SAN_DNS, "mu\xcc\x88nchen.de", "8211 786e2d2d6d6e6368656e2d337961 2e6465", "xn--mnchen-3ya.de"},
    {PC_SAN_EMAIL,
     "a@b\xc3\xbc"
     "cher.de",
     "8112 6140 786e2d2d62636865722d6b7661 2e6465", "a@xn--bcher-kva.de"},
    {PC_SAN_URI,
     "https://u@b\xc3\xbc"
     "cher.de:1/p?q",
     "8620 68747470733a2f2f7540 786e2d2d62636865722d6b7661 2e6465 3a312f703f71",
     "https://u@xn--bcher-kva.de:1/p?q"},
    {PC_SAN_SMTP_UTF8,
     "\xc3\xa4@b\xc3\xbc"
     "cher.de",
     "a021 06082b06010505070809 a015 0c13 c3a440 786e2d2d62636865722d6b7661 2e6465",
     "\xc3\xa4@xn--bcher-kva.de"},
    {PC_SAN_RID, "1.2.840.113549", "8806 2a864886f70d", NULL},
    {PC_SAN_RID, "2.999", "8802 8837", NULL},
    {PC_SAN_DIRNAME, "CN=a,C=DE", "a41b 3019 310b 3009 0603550406 1302 4445 310a 3008 0603550403 0c0161",
     NULL},
    {PC_SAN_UPN, "j\xc3\xb6@ad.example",
     "a01e 060a2b060104018237140203 a010 0c0e 6ac3b6 40 61642e6578616d706c65", NULL},
    {PC_SAN_URI, "tag:microsoft.com,2022-09-14:sid:S-1",
     "8624"
     "7461673a6d6963726f736f66742e636f6d2c323032322d30392d31343a7369643a532d31",
     NULL},
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
    {PC_SAN_DNS, "", "byte 1: dns '' is empty"},
    {PC_SAN_DNS, "example.com.", "byte 13: dns 'example.com.' ends with a dot"},
    {PC_SAN_DNS, ".example.com", "byte 1: dns '.example.com' has an empty label"},
    {PC_SAN_DNS, "a..b", "byte 3: dns 'a..b' has an empty label"},
    {PC_SAN_DNS, ".", "byte 1: dns '.' has an empty label"},
    {PC_SAN_DNS, " a", "byte 1: dns ' a' has a character that host names do not have"},
    {PC_SAN_DNS, "a b", "byte 2: dns 'a b' has a character that host names do not have"},
    {PC_SAN_DNS, "a,b", "byte 2: dns 'a,b' has a character that host names do not have"},
    {PC_SAN_DNS, "a:443", "byte 2: dns 'a:443' has a character that host names do not have"},
    {PC_SAN_DNS, "https://a", "byte 6: dns 'https://a' has a character that host names do not have"},
    {PC_SAN_DNS, "a_b.de", "byte 2: dns 'a_b.de' has an underscore"},
    {PC_SAN_DNS,
     "a.B\xc3\xbc"
     "cher.de",
     "byte 3: dns 'a.B\xc3\xbc"
     "cher.de' has a label with a character that IDNA2008 does not allow"},
    {PC_SAN_DNS, "\xc3\xbc_a.de", "byte 1: dns '\xc3\xbc_a.de' has a label with a character that IDNA2008"},
    {PC_SAN_DNS, "\xe2\x98\x83.de",
     "byte 1: dns '\xe2\x98\x83.de' has a label with a character that IDNA2008"},
    {PC_SAN_DNS,
     "a\xe3\x80\x82"
     "de",
     "has a label with a character that IDNA2008 does not allow"}, // U+3002
    {PC_SAN_DNS,
     "\xcc\x88"
     "a.de",
     "byte 1: dns '\xcc\x88"
     "a.de' has a label that starts with a combining mark"},
    {PC_SAN_DNS, "ab--\xc3\xbc.de", "has an international label with hyphens at its third and fourth place"},
    {PC_SAN_DNS, "-\xc3\xbc.de", "has a label that starts or ends with a hyphen"},
    {PC_SAN_DNS,
     "\xd7\x90"
     "a.de",
     "has a label that mixes directions of writing"},
    {PC_SAN_DNS, "a.\xff.de", "byte 3: dns 'a.\\xff.de' is not UTF-8"},
    {PC_SAN_DNS, "b\xc3\xbc*.de", "has a label with a character that IDNA2008 does not allow"},
    {PC_SAN_DNS, "-a.de", "byte 1: dns '-a.de' has a label that starts or ends with a hyphen"},
    {PC_SAN_DNS, "b.a-.de", "byte 3: dns 'b.a-.de' has a label that starts or ends with a hyphen"},
    {PC_SAN_DNS, "*", "byte 1: dns '*' has a '*' that is not its whole first label"},
    {PC_SAN_DNS, "*.", "byte 1: dns '*.' has a '*' that is not its whole first label"},
    {PC_SAN_DNS, "*a.de", "byte 1: dns '*a.de' has a '*' that is not its whole first label"},
    {PC_SAN_DNS, "a.*.de", "byte 3: dns 'a.*.de' has a '*' that is not its whole first label"},
    {PC_SAN_DNS, "*.*.de", "byte 3: dns '*.*.de' has a '*' that is not its whole first label"},
    {PC_SAN_DNS, "192.0.2.1", "is an IP address, which is another kind of name (ip)"},
    {PC_SAN_IP, "", "ip '' is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "192.0.2", "ip '192.0.2' is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "192.0.2.256", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "192.0.2.01", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "192.0.2.1 ", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "192.0.2.1.5", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "0xC0000201", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "example.com", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "1:2:3", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "1::2::3", "is not an IPv4 or IPv6 address"},
    {PC_SAN_IP, "10.0.0.0/8", "ip '10.0.0.0/8' is a network; a request names single addresses"},
    {PC_SAN_IP, "[::1]", "ip '[::1]' stands in brackets, which belong to URIs"},
    {PC_SAN_IP, "fe80::1%eth0", "has a zone, which means nothing on another machine"},
    {PC_SAN_IP, "::ffff:192.0.2.1", "is an IPv4-mapped address, which is written as IPv4"},
    {PC_SAN_EMAIL, "", "byte 1: email '' has no '@'"},
    {PC_SAN_EMAIL, "a", "byte 1: email 'a' has no '@'"},
    {PC_SAN_EMAIL, "@b", "byte 1: email '@b' has nothing before the '@'"},
    {PC_SAN_EMAIL, "a@", "byte 3: email 'a@' has no host name"},
    {PC_SAN_EMAIL, "a@b.", "byte 5: email 'a@b.' ends with a dot"},
    {PC_SAN_EMAIL, "a@*.b", "byte 3: email 'a@*.b' has a '*'"},
    {PC_SAN_EMAIL, "a@b@c", "byte 2: email 'a@b@c' has a character that addresses do not have"},
    {PC_SAN_EMAIL, ".a@b", "byte 1: email '.a@b' has a dot in the wrong place"},
    {PC_SAN_EMAIL, "a.@b", "byte 2: email 'a.@b' has a dot in the wrong place"},
    {PC_SAN_EMAIL, "a..c@b", "byte 3: email 'a..c@b' has a dot in the wrong place"},
    {PC_SAN_EMAIL, "a b@c", "byte 2: email 'a b@c' has a character that addresses do not have"},
    {PC_SAN_EMAIL, "A <a@b>", "has a character that addresses do not have"},
    {PC_SAN_EMAIL, "\"a\"@b", "byte 1: email '\"a\"@b' has a character that addresses do not have"},
    {PC_SAN_EMAIL, "\xc3\xa4.@b", "byte 3: email '\xc3\xa4.@b' has a dot in the wrong place"},
    {PC_SAN_EMAIL, "\xc3\xa4\xe2\x80\xae@b", "byte 3: email "}, // right-to-left override
    {PC_SAN_EMAIL, "\xef\xbb\xbf\xc3\xa4@b", "byte 1: email "}, // byte order mark
    {PC_SAN_EMAIL, "\xc3\xa4\xff@b", "byte 3: email '\xc3\xa4\\xff@b' is not UTF-8"},
    {PC_SAN_EMAIL, "\xc3\xa4@", "byte 4: email '\xc3\xa4@' has no host name"},
    {PC_SAN_EMAIL, "\xc3\xa4@\xc3\x9c.de",
     "byte 4: email '\xc3\xa4@\xc3\x9c.de' has a label with a character"},
    {PC_SAN_EMAIL, "a@b\xc3\xbc_.de",
     "byte 3: email 'a@b\xc3\xbc_.de' has a label with a character that IDNA2008"},
    {PC_SAN_SMTP_UTF8, "a@b",
     "byte 1: smtp-utf8-mailbox 'a@b' has a local part of ASCII only, which belongs into"},
    {PC_SAN_EMAIL, "a@[192.0.2.1]",
     "byte 3: email 'a@[192.0.2.1]' has a character that host names do not have"},
    {PC_SAN_URI, "", "byte 1: uri '' has no scheme like https:"},
    {PC_SAN_URI, "example.com/x", "byte 1: uri 'example.com/x' has no scheme like https:"},
    {PC_SAN_URI, "//example.com", "has no scheme like https:"},
    {PC_SAN_URI, "1a:b", "has no scheme like https:"},
    {PC_SAN_URI, ":b", "has no scheme like https:"},
    {PC_SAN_URI, "a:", "byte 1: uri 'a:' has nothing behind its scheme"},
    {PC_SAN_URI, "a:b c", "byte 4: uri 'a:b c' has a character that URIs do not have"},
    {PC_SAN_URI, "a:<b>", "byte 3: uri 'a:<b>' has a character that URIs do not have"},
    {PC_SAN_URI, "a:%4", "byte 3: uri 'a:%4' has a '%' without two hex digits behind it"},
    {PC_SAN_URI, "a:%4g", "byte 3: uri 'a:%4g' has a '%' without two hex digits behind it"},
    {PC_SAN_URI, "a:b\xc3\xa4", "byte 4: uri "},
    {PC_SAN_URI, "a://h/\xc3\xa4", "byte 7: uri 'a://h/\xc3\xa4' has a character that is not ASCII"},
    {PC_SAN_URI, "a://\xc3\xa4@h/", "byte 5: uri 'a://\xc3\xa4@h/' has a character that is not ASCII"},
    {PC_SAN_URI, "a://h.\xc3\x84/",
     "byte 7: uri 'a://h.\xc3\x84/' has a label with a character that IDNA2008"},
    {PC_SAN_RID, "", "rid '' is not an object identifier"},
    {PC_SAN_RID, "1", "rid '1' is not an object identifier"},
    {PC_SAN_RID, "1.2.", "rid '1.2.' is not an object identifier"},
    {PC_SAN_RID, "1.40.1", "rid '1.40.1' is not an object identifier"},
    {PC_SAN_RID, "3.1", "rid '3.1' is not an object identifier"},
    {PC_SAN_DIRNAME, "", "dirname '' is empty"},
    {PC_SAN_DIRNAME, "/", "dirname '/' is empty"},
    {PC_SAN_UPN, "", "byte 1: upn '' is empty"},
    {PC_SAN_UPN, "user", "byte 1: upn 'user' is not of the form user@realm"},
    {PC_SAN_UPN, "@realm", "byte 1: upn '@realm' is not of the form user@realm"},
    {PC_SAN_UPN, "user@", "byte 5: upn 'user@' is not of the form user@realm"},
    {PC_SAN_UPN, " user@realm", "byte 1: upn ' user@realm' has a space at its start or end"},
    {PC_SAN_UPN, "u\xff@realm", "byte 2: upn 'u\\xff@realm' is not UTF-8"},
    {PC_SAN_UPN, "u\n@realm", "byte 2: upn 'u\\x0a@realm' has a character that controls or hides text"},
    {PC_SAN_URI, "a:b#c#d", "byte 6: uri 'a:b#c#d' has a character in a place where it is written as %XX"},
    {PC_SAN_URI, "a:b[c]", "byte 4: uri 'a:b[c]' has a character in a place where it is written as %XX"},
    {PC_SAN_URI, "a://h/[c]",
     "byte 7: uri 'a://h/[c]' has a character in a place where it is written as %XX"},
    {PC_SAN_URI, "file:///etc", "byte 8: uri 'file:///etc' has no host name"},
    {PC_SAN_URI, "https://", "byte 9: uri 'https://' has no host name"},
    {PC_SAN_URI, "https://u@", "byte 11: uri 'https://u@' has no host name"},
    {PC_SAN_URI, "https://:80/", "byte 9: uri 'https://:80/' has no host name"},
    {PC_SAN_URI, "a://[::1", "byte 5: uri 'a://[::1' has a character that host names do not have"},
    {PC_SAN_URI, "a://[1.2.3.4]/",
     "byte 5: uri 'a://[1.2.3.4]/' has a character that host names do not have"},
    {PC_SAN_URI, "a://h:x/", "byte 6: uri 'a://h:x/' has a character that host names do not have"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(bad); i++) {
        check_not_san(bad[i].type, bad[i].text, bad[i].why);
    }
}

/* `count` times 'a' between two texts. */
static const char *longer(const char *before, size_t count, const char *after, char ret[static 20000])
{
    char *p = ret + snprintf(ret, 20000, "%s", before);
    memset(p, 'a', count);
    (void)snprintf(p + count, 20000 - count - strlen(before), "%s", after);
    return ret;
}

static void test_lengths(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    char text[20000];
    char name[300];
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, longer("", 63, ".de", text), &err), &err);
    check_not_san(PC_SAN_DNS, longer("b.", 64, ".de", text), "byte 3: dns 'b.aaaa");
    memset(name, 'a', 253); // four labels: 63, 63, 63 and 61
    name[63] = name[127] = name[191] = '.';
    name[253] = 0;
    assert_int_equal(strlen(name), 253);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, name, &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_EMAIL, longer("", 64, "@b", text), &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_URI, longer("a:", PC_MAX_URI - 2, "", text), &err), &err);
    name[253] = 'a';
    name[254] = 0;
    check_not_san(PC_SAN_DNS, name, "has a host name of more than 253 octets");
    check_not_san(PC_SAN_EMAIL, longer("", 65, "@b", text), "has a local part of more than 64 octets");
    (void)snprintf(text, sizeof(text), "a@%s", name);
    check_not_san(PC_SAN_EMAIL, text, "byte 3: email 'a@aaaa");
    name[253] = 0;
    (void)snprintf(text, sizeof(text), "a@%s", name);
    check_not_san(PC_SAN_EMAIL, text, "byte 1: email 'a@aaaa");
    check_not_san(PC_SAN_URI, longer("a:", PC_MAX_URI - 1, "", text), "byte 1: uri 'a:aaaa");
    pc_content_done(&content);
}

/* A mailbox whose local part is not ASCII is another kind of name (RFC 9598). */
static void test_mailbox_chooses_its_kind(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_add_san(&content, PC_SAN_EMAIL, "\xc3\xa4@b", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_EMAIL, "a@\xc3\xa4", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_SMTP_UTF8, "\xc3\xa4@b", &err), &err); // is there already
    assert_int_equal(pc_content_san_count(&content), 2);
    assert_int_equal(pc_content_san(&content, 0).type, PC_SAN_SMTP_UTF8);
    assert_int_equal(pc_content_san(&content, 1).type, PC_SAN_EMAIL);
    pc_content_done(&content);
}

static void test_directory_name_says_what_its_name_says(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_fails(pc_content_add_san(&content, PC_SAN_DIRNAME, "CN=a,C=de", &err), &err, P11CSR_E_SUBJECT,
                "byte 8: the value of C is not a country code");
    check_fails(pc_content_add_san(&content, PC_SAN_DIRNAME, "CN=a,C=de", &err), &err, P11CSR_E_SUBJECT,
                "dirname 'CN=a,C=de' cannot be used");
    pc_content_done(&content);
}

static void test_duplicates_are_dropped(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "b.de", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "a.de", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_IP, "2001:db8::1", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_IP, "2001:DB8:0::1", &err), &err);
    check_ok(pc_content_add_san(&content, PC_SAN_EMAIL, "a@b", &err), &err);
    assert_int_equal(pc_content_san_count(&content), 4);
    check_ok(pc_content_add_san_octets(&content, PC_SAN_DNS, pc_span_str("a.de"), &err),
             &err); // as it was read
    assert_int_equal(pc_content_san_count(&content), 5);
    pc_content_done(&content);
}

static void test_octets(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    static const uint8_t address[17] = {0};
    pc_content_init(&content);
    check_ok(pc_content_add_san_octets(&content, PC_SAN_IP, (struct pc_span){address, 4}, &err), &err);
    check_ok(pc_content_add_san_octets(&content, PC_SAN_IP, (struct pc_span){address, 16}, &err), &err);
    check_ok(pc_content_add_san_octets(&content, PC_SAN_DNS, pc_span_str("under_score."), &err), &err);
    static const size_t lengths[] = {0, 3, 5, 8, 15, 17};
    for (size_t i = 0; i < PC_ARRAY_LEN(lengths); i++) {
        check_fails(
            pc_content_add_san_octets(&content, PC_SAN_IP, (struct pc_span){address, lengths[i]}, &err), &err,
            P11CSR_E_SAN, "an IP address that has neither 4 nor 16 octets");
    }
    check_fails(pc_content_add_san_octets(&content, PC_SAN_DNS, (struct pc_span){0}, &err), &err,
                P11CSR_E_SAN, "an alternative name that is empty");
    check_fails(pc_content_add_san_octets(&content, PC_SAN_DNS, (struct pc_span){address, 1}, &err), &err,
                P11CSR_E_SAN, "a character that does not belong there");
    check_fails(pc_content_add_san_octets(&content, PC_SAN_URI, pc_span_str("a:\x7f"), &err), &err,
                P11CSR_E_SAN, "a character that does not belong there");
    check_fails(pc_content_add_san_octets(&content, PC_SAN_URI, pc_span_str("a:\xc3\xa4"), &err), &err,
                P11CSR_E_SAN, "a character that does not belong there");
    assert_int_equal(pc_content_san_count(&content), 3);
    pc_content_done(&content);
}

static void test_mapped_address_of_others_is_shown_as_such(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf text;
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1};
    pc_buf_init(&text, 100);
    check_ok(pc_san_format((struct pc_san){PC_SAN_IP, PC_SPAN(mapped)}, &text, &err), &err);
    check_text(&text, "::ffff:192.0.2.1");
    pc_buf_done(&text);
}

static void test_limit(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_content content;
    char name[32];
    pc_content_init(&content);
    for (int i = 0; i < PC_MAX_SANS; i++) {
        (void)snprintf(name, sizeof(name), "n%d.de", i);
        check_ok(pc_content_add_san(&content, PC_SAN_DNS, name, &err), &err);
    }
    check_ok(pc_content_add_san(&content, PC_SAN_DNS, "n9999.de", &err), &err); // is there already
    check_fails(pc_content_add_san(&content, PC_SAN_DNS, "n10000.de", &err), &err, P11CSR_E_LIMIT,
                "more than 10000 alternative names");
    assert_int_equal(pc_content_san_count(&content), PC_MAX_SANS);
    pc_content_done(&content);
}

static void test_types(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    for (int i = 0; i < PC_SAN_COUNT; i++) {
        enum pc_san_type type = PC_SAN_COUNT;
        check_ok(pc_san_type_find(pc_san_type_name((enum pc_san_type)i), &type, &err), &err);
        assert_int_equal(type, i);
    }
    enum pc_san_type type = PC_SAN_COUNT;
    check_ok(pc_san_type_find("DNS", &type, &err), &err);
    check_fails(pc_san_type_find("emial", &type, &err), &err, P11CSR_E_SAN,
                "unknown kind of alternative name 'emial'; the nearest is 'email'");
    check_fails(pc_san_type_find("x400-address", &type, &err), &err, P11CSR_E_SAN,
                "unknown kind of alternative name 'x400-address'");
}

static PC_RESULT note_name(const struct pc_general_name *name, void *data, p11csr_error **err)
{
    (void)err;
    pc_buf_printf(data, "%s%s ", name->kind, name->has_row ? "!" : "");
    return PC_OK;
}

static void test_general_names(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *kinds; /* NULL: refused */
        const char *why;
    } rows[] = {
        {"3003 820161", "dns! ", NULL},
        {"3003 820261", NULL, "byte 2: length goes beyond the end"},
        {"300c 8704c0000201 8204613a623a", "ip! dns! ", NULL},
        {"300f a000 a300 a400 a500 8800 8103614062",
         "other-name x400-address dirname edi-party-name rid email! ", NULL},
        {"3013 a011 060a2b060104018237140203 a003 0c0161", "upn! ", NULL},
        {"3013 a011 060a2b060104018237140203 a003 160161", "upn ", NULL},            // not a UTF8String
        {"3013 a011 060a2b060104018237140203 a003 0c01c3", "upn ", NULL},            // not UTF-8
        {"3015 a013 060a2b060104018237140203 a005 0c01610500", "other-name ", NULL}, // two values
        {"3014 a40e 300c 310a 3008 0603550403 0c0161 8802 2a03", "dirname! rid! ", NULL},
        {"3000", NULL, "byte 2: GeneralNames is empty"},
        {"3100", NULL, "byte 0: tag 31 where GeneralNames (tag 30) is expected"},
        {"3003 820161 00", NULL, "byte 5: more data than belongs into GeneralNames"},
        {"3003 8301 61", NULL, "byte 2: tag is no kind of alternative name"},
        {"3003 0c01 61", NULL, "byte 2: tag is no kind of alternative name"},
        {"3003 a201 61", NULL, "byte 2: tag is no kind of alternative name"},
        {"3003 8201 c3", NULL, "byte 2: an alternative name with a character that does not belong there"},
        {"3005 820161 8200", NULL, "byte 5: an alternative name that is empty"},
        {"3007 8705 c000020100", NULL, "byte 2: an IP address that has neither 4 nor 16 octets"},
        {"300a 8708 c0000201ffffff00", NULL, "byte 2: an IP address that has neither 4 nor 16 octets"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_buf kinds;
        pc_buf_init(&der, 100);
        pc_buf_init(&kinds, 200);
        hex_to_buf(rows[i].hex, &der);
        if (rows[i].kinds != NULL) {
            check_ok(pc_general_names_walk(pc_der_over(pc_buf_span(&der)), note_name, &kinds, &err), &err);
            check_text(&kinds, rows[i].kinds);
        } else {
            check_fails(pc_general_names_walk(pc_der_over(pc_buf_span(&der)), note_name, &kinds, &err), &err,
                        P11CSR_E_REQUEST, rows[i].why);
        }
        pc_buf_done(&der);
        pc_buf_done(&kinds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_mailbox_chooses_its_kind),
        cmocka_unit_test(test_directory_name_says_what_its_name_says),
        cmocka_unit_test(test_duplicates_are_dropped),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_mapped_address_of_others_is_shown_as_such),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_general_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
