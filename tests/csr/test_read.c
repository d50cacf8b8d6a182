// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/reading/verify.h"
#include "csr/specimen.h"
#include "lib/check.h"

#include <openssl/err.h>
#include <string.h>

static struct softsigner *signer;
static struct pc_crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    signer = softsigner_new(PC_KEYSPEC_ED25519);
    check_ok(pc_crypto_new(&crypto, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    softsigner_free(&signer);
    pc_crypto_free(&crypto);
    return 0;
}

static void test_parts(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_csr csr;
    pc_buf_init(&der, PC_MAX_REQUEST);
    specimen_make(&(struct specimen){0}, signer, &der);
    check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
    check_same(csr.whole, pc_buf_span(&der));
    assert_int_equal(csr.tbs.ptr - der.ptr, 3);
    assert_int_equal(csr.version, 0);
    check_hex(csr.subject, "300c 310a 3008 0603550403 0c01 61");
    check_same(csr.spki, softsigner_spki(signer));
    assert_int_equal(csr.attributes.len, 0);
    check_hex(csr.aid, "3005 06032b6570");
    assert_int_equal(csr.signature.len, 64);
    pc_buf_done(&der);
}

/* What is wrong, and the error. Positions are those in a request with an Ed25519 key. */
static void test_requests_that_are_none(void **state)
{
    (void)state;
    static const struct {
        struct specimen specimen;
        const char *why;
    } rows[] = {
        {{.version = ""}, "byte 5: tag 30 where version (tag 02) is expected"},
        {{.version = "a003 020102"}, "byte 5: this looks like a certificate, not a request"},
        {{.version = "02020000"}, "byte 5: INTEGER is not in its shortest form"},
        {{.version = "0201ff"}, "byte 5: INTEGER is negative"},
        {{.subject = ""},
         "byte 51: tag a0 where subjectPKInfo (tag 30) is expected"}, // the key passes for it
        {{.subject = "3100"}, "byte 7: tag 31 where subject (tag 30) is expected"},
        {{.subject = "3002 3100"}, "byte 12: RelativeDistinguishedName is empty"},
        {{.subject = "3004 3102 3000"}, "the subject of the request cannot be read"},
        {{.spki = ""}, "tag a0 where subjectPKInfo (tag 30) is expected"},
        {{.spki = "0500"}, "byte 21: tag 05 where subjectPKInfo (tag 30) is expected"},
        {{.attributes = ""}, "byte 66: attributes is missing"},
        {{.attributes = "3100"}, "byte 66: tag 31 where attributes (tag a0) is expected"},
        {{.attributes = "8000"}, "byte 66: tag 80 where attributes (tag a0) is expected"},
        {{.attributes = "a002 3000"}, "byte 70: attribute type is missing"},
        {{.attributes = "a002 3100"}, "byte 68: tag 31 where Attribute (tag 30) is expected"},
        {{.attributes = "a006 3004 06022a03"}, "byte 74: attribute values is missing"},
        {{.attributes = "a008 3006 06022a03 3100"}, "byte 76: an attribute has no value"},
        {{.attributes = "a008 3006 06022a03 3000"},
         "byte 74: tag 30 where attribute values (tag 31) is expected"},
        {{.attributes = "a00a 300a 06022a03 3104 0500"}, "byte 68: length goes beyond the end"},
        {{.attributes = "a00c 3008 06022a03 3102 0500 0500"},
         "byte 78: tag 05 where Attribute (tag 30) is expected"},
        {{.attributes = "a00c 300a 06022a03 3102 0500 0500"},
         "byte 78: more data than belongs into Attribute"},
        {{.attributes = "a00e 300c 06022a03 3106 020102 020101"},
         "byte 79: the elements of a SET are not in the order that DER demands"},
        {{.attributes = "a014 3008 06022a04 3102 0500 3008 06022a03 3102 0500"},
         "byte 78: the elements of a SET are not in the order that DER demands"},
        {{.behind_info = "0500"}, "byte 68: more data than belongs into CertificationRequestInfo"},
        {{.aid = ""}, "byte 68: tag 03 where signatureAlgorithm (tag 30) is expected"},
        {{.signature = ""}, "byte 74: signature is missing"},
        {{.signature = "0400"}, "tag 04 where signature (tag 03) is expected"},
        {{.signature = "0302 04 a0"}, "BIT STRING does not consist of whole octets"},
        {{.behind = "0500"}, "more data than belongs into CertificationRequest"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_csr csr = {.version = 77};
        pc_buf_init(&der, PC_MAX_REQUEST);
        specimen_make(&rows[i].specimen, signer, &der);
        check_fails(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err, P11CSR_E_REQUEST, rows[i].why);
        assert_int_equal(csr.version, 77);
        pc_buf_done(&der);
    }
}

static void test_cut_and_longer(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_csr csr;
    pc_buf_init(&der, PC_MAX_REQUEST);
    specimen_make(&(struct specimen){0}, signer, &der);
    for (size_t len = 0; len < der.len; len++) {
        assert_int_equal(pc_csr_parse((struct pc_span){der.ptr, len}, &csr, NULL).code, P11CSR_E_REQUEST);
    }
    const size_t len = der.len;
    pc_buf_byte(&der, 0);
    check_fails(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err, P11CSR_E_REQUEST,
                "more data than belongs into CertificationRequest");
    check_ok(pc_csr_parse((struct pc_span){der.ptr, len}, &csr, &err), &err);
    pc_buf_done(&der);
}

/* A version that does not exist is read, for those who want to show it, and told. */
static void test_other_version(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_csr csr;
    pc_buf_init(&der, PC_MAX_REQUEST);
    specimen_make(&(struct specimen){.version = "020102"}, signer, &der);
    check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
    assert_int_equal(csr.version, 2);
    pc_buf_done(&der);
}

static const char extensions_hex[] = "300d 300b 0603551d0f 0404 03020780";

static void test_extensions(void **state)
{
    (void)state;
    static const struct {
        const char *attributes;
        const char *hex; /* NULL: refused */
        const char *why;
    } rows[] = {
        {"a000", "", NULL},
        {"a00a 3008 06022a03 3102 0500", "", NULL},
        {"a01e 301c 06092a864886f70d01090e 310f 300d 300b 0603551d0f 0404 03020780", extensions_hex, NULL},
        // Microsoft's OID
        {"a01f 301d 060a2b060104018237 02010e 310f 300d 300b 0603551d0f 0404 03020780", extensions_hex, NULL},
        // two values
        {"a020 301e 06092a864886f70d01090e 3111 0500 300d 300b 0603551d0f 0404 03020780", NULL,
         "a second value of the extension request, which has one value"},
        // two attributes
        {"a03c 301c 06092a864886f70d01090e 310f 300d 300b 0603551d0f 0404 03020780"
         "     301c 06092a864886f70d01090e 310f 300d 300b 0603551d0f 0404 03020780",
         NULL, "a second attribute with extensions"},
        {"a03d 301c 06092a864886f70d01090e 310f 300d 300b 0603551d0f 0404 03020780"
         "     301d 060a2b060104018237 02010e 310f 300d 300b 0603551d0f 0404 03020780",
         NULL, "a second attribute with extensions"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_csr csr;
        struct pc_span found = {0};
        pc_buf_init(&der, PC_MAX_REQUEST);
        specimen_make(&(struct specimen){.attributes = rows[i].attributes}, signer, &der);
        check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
        const struct pc_result result = pc_csr_extensions(&csr, &found, &err);
        if (rows[i].hex != NULL) {
            check_ok(result, &err);
            check_hex(found, rows[i].hex);
        } else {
            check_fails(result, &err, P11CSR_E_REQUEST, rows[i].why);
        }
        pc_buf_done(&der);
    }
}

static void test_content(void **state)
{
    (void)state;
    static const struct {
        const char *extensions;
        const char *others;
    } rows[] = {
        {"300d 300b 0603551d0f 0404 03020780", ""},
        {"301a 300b 0603551d0f 0404 03020780 300b 0603551d20 0404 04020780", "300b 0603551d20 0404 04020780"},
        {"301d 300e 0603551d20 0101ff 0404 04020780 300b 0603551d0f 0404 03020780",
         "300e 0603551d20 0101ff 0404 04020780"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_buf attributes;
        struct pc_csr csr;
        struct pc_content content;
        size_t unknown = 77;
        pc_buf_init(&der, PC_MAX_REQUEST);
        pc_buf_init(&attributes, 1000);
        pc_content_init(&content);
        specimen_extensions(rows[i].extensions, &attributes);
        specimen_make(&(struct specimen){.attributes = (const char *)attributes.ptr}, signer, &der);
        check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
        check_ok(pc_csr_content(&csr, &content, &unknown, &err), &err);
        assert_int_equal(unknown, 0);
        check_hex(pc_buf_span(&content.extensions), rows[i].others);
        assert_int_equal(content.key_usage, 1);
        check_same(pc_buf_span(&content.subject), csr.subject);
        pc_content_done(&content);
        pc_buf_done(&attributes);
        pc_buf_done(&der);
    }
}

static void test_content_has_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *attributes; /* of the request */
        const char *taken;      /* of the content; NULL: it cannot be read */
        size_t unknown;
    } rows[] = {
        {"a00a 3008 06022a03 3102 0500", "3008 06022a03 3102 0500", 0},
        {"a016 3008 06022a03 3102 0500 300a 06022a04 3104 0500 0500",
         "3008 06022a03 3102 0500 300a 06022a04 3104 0500 0500", 0},
        {"a014 3008 06022a03 3102 0500 3008 06022a03 3102 0500", NULL, 0},
        // the extensions in the attribute that Microsoft's tools use
        {"a01f 301d 060a2b060104018237 02010e 310f 300d 300b 0603551d0f 0404 03020780", "", 1},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_csr csr;
        struct pc_content content;
        size_t unknown = 77;
        pc_buf_init(&der, PC_MAX_REQUEST);
        pc_content_init(&content);
        specimen_make(&(struct specimen){.attributes = rows[i].attributes}, signer, &der);
        check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
        const struct pc_result result = pc_csr_content(&csr, &content, &unknown, &err);
        if (rows[i].taken == NULL) {
            check_fails(result, &err, P11CSR_E_ATTRIBUTE, "an attribute stands there twice");
        } else {
            check_ok(result, &err);
            check_hex(pc_buf_span(&content.attributes), rows[i].taken);
            assert_int_equal(unknown, rows[i].unknown);
        }
        pc_content_done(&content);
        pc_buf_done(&der);
    }
}

static void test_verify(void **state)
{
    (void)state;
    static const struct {
        struct specimen specimen;
        enum pc_verdict verdict;
        const char *why;
    } rows[] = {
        {{0}, PC_VERDICT_GOOD, NULL},
        {{.signature = "0301 00"}, PC_VERDICT_BAD, "the signature does not verify with the public key"},
        {{.aid = "300a 06082a8648ce3d040302"},
         PC_VERDICT_BAD,
         "the signature algorithm does not fit the public key"},
        {{.aid = "3007 06032b6570 0500"}, PC_VERDICT_GOOD, NULL}, // what stands there is right all the same
        {{.aid = "3004 06022a03"}, PC_VERDICT_UNKNOWN, "the signature algorithm is not known here"},
        {{.aid = "3000"}, PC_VERDICT_UNKNOWN, "the signature algorithm is not known here"},
        {{.spki = "3009 3004 06022a03 0301 00"},
         PC_VERDICT_UNKNOWN,
         "the public key is of a kind that is not known here"},
        {{.spki = "300a 3005 06032b6570 0301 00"}, PC_VERDICT_BAD, "the public key is not valid"},
        {{.spki = "3000"}, PC_VERDICT_BAD, "the public key is not valid"},
        // a point that is not on P-256
        {{.spki = "3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04"
                  "0000000000000000000000000000000000000000000000000000000000000001"
                  "0000000000000000000000000000000000000000000000000000000000000001"},
         PC_VERDICT_BAD,
         "the public key is not valid"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        struct pc_buf der;
        struct pc_csr csr;
        enum pc_verdict verdict = PC_VERDICT_UNKNOWN;
        const char *why = "";
        pc_buf_init(&der, PC_MAX_REQUEST);
        specimen_make(&rows[i].specimen, signer, &der);
        check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
        check_ok(pc_csr_verify(crypto, &csr, &verdict, &why, &err), &err);
        assert_int_equal(verdict, rows[i].verdict);
        if (rows[i].why == NULL) {
            assert_null(why);
        } else {
            assert_string_equal(why, rows[i].why);
        }
        assert_int_equal(ERR_peek_error(), 0); // nothing of this is left to the host application
        pc_buf_done(&der);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_requests_that_are_none),
        cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_content_has_attributes),
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
