// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "csr/reading/describe.h"
#include "csr/specimen.h"
#include "lib/check.h"

#include <stdlib.h>
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

static json_t *describe(const struct specimen *specimen)
{
    p11csr_error *err = NULL;
    struct pc_buf der;
    struct pc_csr csr;
    json_t *root = NULL;
    pc_buf_init(&der, PC_MAX_REQUEST);
    specimen_make(specimen, signer, &der);
    check_ok(pc_csr_parse(pc_buf_span(&der), &csr, &err), &err);
    check_ok(pc_csr_describe(crypto, &csr, &root, &err), &err);
    pc_buf_done(&der);
    return root;
}

/* The member is what this JSON says; "" stands for a member that is not there. */
static void check_member(const json_t *root, const char *key, const char *expected)
{
    const json_t *member = json_object_get(root, key);
    char *got = member != NULL ? json_dumps(member, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    assert_string_equal(got != NULL ? got : "", expected);
    free(got);
}

static void check_sha256(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    assert_int_equal(strspn(text, "0123456789abcdef"), 64);
    assert_int_equal(strlen(text), 64);
}

static void test_plain(void **state)
{
    (void)state;
    json_t *root = describe(&(struct specimen){0});
    const json_t *key = json_object_get(root, "key");
    assert_int_equal(json_object_size(root), 8);
    check_member(root, "version", "0");
    check_member(root, "subject", "\"CN=a\"");
    check_member(key, "type", "\"ed25519\"");
    check_member(key, "bits", "255");
    check_sha256(key, "spki-sha256");
    check_member(root, "signature", "{\"scheme\":\"ed25519\",\"verdict\":\"good\"}");
    check_member(root, "extensions", "[]");
    check_member(root, "attributes", "[]");
    check_sha256(root, "sha256");
    check_sha256(root, "tbs-sha256");
    json_decref(root);
}

static void test_odd_parts(void **state)
{
    (void)state;
    json_t *root = describe(&(struct specimen){.version = "020102", .aid = "3009 06072a8648ce3d0401"});
    check_member(root, "version", "2");
    check_member(root, "signature",
                 "{\"scheme\":\"1.2.840.10045.4.1\",\"name\":\"ecdsa-with-SHA1\","
                 "\"algorithm\":\"300906072a8648ce3d0401\",\"verdict\":\"bad\","
                 "\"why\":\"the signature algorithm does not fit the public key\"}");
    json_decref(root);
    root = describe(&(struct specimen){.aid = "3000"});
    check_member(json_object_get(root, "signature"), "scheme", "\"unknown\"");
    json_decref(root);
    root = describe(&(struct specimen){.spki = "3009 3004 06022a03 0301 00"});
    check_member(json_object_get(root, "key"), "type", "\"unknown\"");
    check_member(json_object_get(root, "key"), "why", "\"a public key of a kind that p11csr does not know\"");
    check_sha256(json_object_get(root, "key"), "spki-sha256");
    json_decref(root);
    root = describe(&(struct specimen){.signature = "0301 00"});
    check_member(root, "signature",
                 "{\"scheme\":\"ed25519\",\"verdict\":\"bad\","
                 "\"why\":\"the signature does not verify with the public key\"}");
    json_decref(root);
    root = describe(&(struct specimen){.subject = "300d 310b 3009 0603550403 1e02 202e"});
    check_member(root, "subject", "\"CN=\\\\E2\\\\80\\\\AE\""); // right-to-left override, escaped twice
    json_decref(root);
}

/* One extension and how it is shown. */
static const struct {
    const char *hex;
    const char *json;
} extensions[] = {
    {"300e 0603551d0f 0101ff 0404 030205a0", "{\"name\":\"keyUsage\",\"oid\":\"2.5.29.15\",\"critical\":true,"
                                             "\"value\":[\"digitalSignature\",\"keyEncipherment\"]}"},
    {"3018 0603551d25 0411 300f 06082b06010505070301 0603883701",
     "{\"name\":\"extKeyUsage\",\"oid\":\"2.5.29.37\",\"critical\":false,\"value\":[\"serverAuth\",\"2.999."
     "1\"]}"},
    {"3009 0603551d13 0402 3000",
     "{\"name\":\"basicConstraints\",\"oid\":\"2.5.29.19\",\"critical\":false,\"value\":{\"ca\":false}}"},
    {"3012 0603551d13 0101ff 0408 3006 0101ff 020105",
     "{\"name\":\"basicConstraints\",\"oid\":\"2.5.29.19\",\"critical\":true,"
     "\"value\":{\"ca\":true,\"path-length\":5}}"},
    {"3011 06082b06010505070118 0405 3003 020105", "{\"name\":\"tlsFeature\",\"oid\":\"1.3.6.1.5.5.7.1.24\","
                                                   "\"critical\":false,\"value\":[\"status_request\"]}"},
    {"3011 06082b06010505070118 0405 3003 020111", "{\"name\":\"tlsFeature\",\"oid\":\"1.3.6.1.5.5.7.1.24\","
                                                   "\"critical\":false,\"value\":[\"status_request_v2\"]}"},
    {"301a 0603551d11 0413 3011 8201 61 8704c0000201 8103614062 880103",
     "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":["
     "{\"type\":\"dns\",\"value\":\"a\"},{\"type\":\"ip\",\"value\":\"192.0.2.1\"},"
     "{\"type\":\"email\",\"value\":\"a@b\"},{\"type\":\"rid\",\"value\":\"0.3\"}]}"},
    {"3029 0603551d11 0422 3020 a00c 06022a03 a006 0c04 41424344 a40e 300c 310a 3008 0603550403 0c01 61 a000",
     "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":["
     "{\"type\":\"other-name\",\"value\":\"1.2.3:hex:0c0441424344\"},"
     "{\"type\":\"dirname\",\"value\":\"CN=a\"},{\"type\":\"other-name\",\"hex\":\"a000\"}]}"},
    {"300d 0603551d11 0406 3004 a402 3100",
     "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":["
     "{\"type\":\"dirname\",\"hex\":\"a4023100\"}]}"},
    {"300b 0603551d0e 0404 04020102",
     "{\"name\":\"subjectKeyIdentifier\",\"oid\":\"2.5.29.14\",\"critical\":false,\"value\":\"0102\"}"},
    {"3009 0603551d20 0402 3000", "{\"name\":\"certificatePolicies\",\"oid\":\"2.5.29.32\",\"critical\":"
                                  "false,\"value\":{\"hex\":\"3000\"},\"why\":"
                                  "\"byte 96: CertificatePolicies is empty\"}"},
    {"300c 0603551d11 0405 3003 880180", // an OID that is none, in a registeredID
     "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":["
     "{\"type\":\"rid\",\"hex\":\"880180\"}]}"},
    {"300f 0609 81ffffffffffffff7f 0402 0500", // an arc of nine octets
     "{\"name\":null,\"oid\":\"2.144115188075855791\",\"critical\":false,\"value\":{\"hex\":\"0500\"}}"},
    {"301a 0614 83ffffffffffffffffffffffffffffffffffff7f 0402 0500", // and one too large for decimal text
     "{\"name\":null,\"oid\":\"#83ffffffffffffffffffffffffffffffffffff7f\",\"critical\":false,\"value\":{"
     "\"hex\":\"0500\"}}"},
    {"3008 06022a03 0402 0500",
     "{\"name\":null,\"oid\":\"1.2.3\",\"critical\":false,\"value\":{\"hex\":\"0500\"}}"},
    // what cannot be read, and why; the place is counted from the start of the request
    {"300c 0603551d11 0405 3003 8201c3",
     "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":{\"hex\":"
     "\"30038201c3\"},"
     "\"why\":\"byte 96: an alternative name with a character that does not belong there\"}"},
    {"300a 0603551d0f 0403 030100",
     "{\"name\":\"keyUsage\",\"oid\":\"2.5.29.15\",\"critical\":false,\"value\":{\"hex\":\"030100\"},"
     "\"why\":\"byte 94: KeyUsage has no bit set\"}"},
    {"300e 0603551d0f 010100 0404 03020780",
     "{\"name\":\"keyUsage\",\"oid\":\"2.5.29.15\",\"critical\":false,\"value\":[\"digitalSignature\"],"
     "\"why\":\"critical FALSE is written out, which is not DER\"}"},
};

static json_t *describe_with_extensions(const char *hex)
{
    struct pc_buf attributes;
    struct pc_buf octets;
    char text[2000];
    pc_buf_init(&attributes, 2000);
    pc_buf_init(&octets, 2000);
    hex_to_buf(hex, &octets);
    (void)snprintf(text, sizeof(text), "30%02zx%s", octets.len, hex);
    specimen_extensions(text, &attributes);
    json_t *root = describe(&(struct specimen){.attributes = (const char *)attributes.ptr});
    pc_buf_done(&attributes);
    pc_buf_done(&octets);
    return root;
}

static void test_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(extensions); i++) {
        char expected[1000];
        json_t *root = describe_with_extensions(extensions[i].hex);
        (void)snprintf(expected, sizeof(expected), "[%s]", extensions[i].json);
        check_member(root, "extensions", expected);
        check_member(root, "extensions-why", "");
        check_member(root, "attributes",
                     "[{\"name\":\"extensionRequest\",\"oid\":\"1.2.840.113549.1.9.14\"}]");
        json_decref(root);
    }
}

/* Half a list would look like a whole one. */
static void test_extensions_that_are_no_list(void **state)
{
    (void)state;
    json_t *root = describe_with_extensions("3009 0603551d13 0402 3000 3009 0603551d13 0402 3000");
    check_member(root, "extensions", "[]");
    check_member(root, "extensions-why", "\"byte 96: the same extension twice\"");
    check_member(root, "attributes",
                 "[{\"name\":\"extensionRequest\",\"oid\":\"1.2.840.113549.1.9.14\",\"value\":"
                 "{\"hex\":\"301630090603551d130402300030090603551d1304023000\"}}]");
    json_decref(root);
}

static void test_attributes(void **state)
{
    (void)state;
    json_t *root =
        describe(&(struct specimen){.attributes = "a01f 3008 06022a03 3102 0500"
                                                  "     3013 06092a864886f70d010907 3106 1304 73656372"});
    check_member(root, "attributes",
                 "[{\"name\":null,\"oid\":\"1.2.3\",\"value\":{\"hex\":\"0500\"}},"
                 "{\"name\":\"challengePassword\",\"oid\":\"1.2.840.113549.1.9.7\",\"value\":\"present, not "
                 "shown\"}]");
    char *text = json_dumps(root, 0);
    assert_null(strstr(text, "73656372")); // the secret, in any form
    assert_null(strstr(text, "secr"));
    free(text);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_odd_parts),
        cmocka_unit_test(test_extensions), cmocka_unit_test(test_extensions_that_are_no_list),
        cmocka_unit_test(test_attributes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
