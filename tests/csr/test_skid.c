// SPDX-License-Identifier: Apache-2.0
#include "csr/content/skid.h"
#include "lib/check.h"
#include "lib/softsigner.h"

#include <openssl/x509.h>

/* The methods against libcrypto, which knows the first, and against each other's definition. */
static void test_methods(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *digest;
        unsigned len;
        bool whole;
    } rows[] = {{"sha1", "SHA1", 20, false},         {"sha256", "SHA256", 20, false},
                {"sha384", "SHA384", 20, false},     {"SHA512", "SHA512", 20, false},
                {"spki-sha256", "SHA256", 32, true}, {"spki-sha384", "SHA384", 48, true},
                {"spki-sha512", "SHA512", 64, true}};
    p11csr_error *err = NULL;
    struct pc_crypto *crypto = NULL;
    struct softsigner *signer = softsigner_new(PC_KEYSPEC_P256);
    const struct pc_span spki = softsigner_spki(signer);
    const struct pc_span bits = {spki.ptr + spki.len - 65, 65}; // the point is the content of the BIT STRING
    struct pc_content content;
    pc_content_init(&content);
    check_ok(pc_crypto_new(&crypto, &err), &err);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        enum pc_skid_method method = PC_SKID_NONE;
        unsigned char digest[EVP_MAX_MD_SIZE];
        const struct pc_span input = rows[i].whole ? spki : bits;
        check_ok(pc_skid_find(rows[i].name, &method, &err), &err);
        check_ok(pc_skid_compute(crypto, method, spki, &content, &err), &err);
        assert_int_equal(
            EVP_Digest(input.ptr, input.len, digest, NULL, EVP_get_digestbyname(rows[i].digest), NULL), 1);
        check_same(((struct pc_span){content.skid, content.skid_len}),
                   ((struct pc_span){digest, rows[i].len}));
    }
    // RFC 5280 section 4.2.1.2 method 2: 0100, and the least significant 60 bits of SHA-1
    unsigned char sha1[EVP_MAX_MD_SIZE];
    assert_int_equal(EVP_Digest(bits.ptr, bits.len, sha1, NULL, EVP_sha1(), NULL), 1);
    check_ok(pc_skid_compute(crypto, PC_SKID_SHA1_60, spki, &content, &err), &err);
    assert_int_equal(content.skid_len, 8);
    assert_int_equal(content.skid[0], 0x40 | (sha1[12] & 0x0F));
    check_same(((struct pc_span){content.skid + 1, 7}), ((struct pc_span){sha1 + 13, 7}));
    check_ok(pc_skid_compute(crypto, PC_SKID_NONE, spki, &content, &err), &err);
    assert_int_equal(content.skid_len, 0);
    check_fails(pc_skid_compute(crypto, PC_SKID_SHA1, pc_span_str("x"), &content, &err), &err,
                P11CSR_E_REQUEST, "SubjectPublicKeyInfo");
    pc_content_done(&content);
    pc_crypto_free(&crypto);
    softsigner_free(&signer);
}

static void test_names(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    enum pc_skid_method method = PC_SKID_NONE;
    check_fails(pc_skid_find("sha257", &method, &err), &err, P11CSR_E_EXTENSION,
                "unknown method 'sha257' for a subject key id; the nearest is 'sha256'");
    check_fails(pc_skid_find("", &method, &err), &err, P11CSR_E_EXTENSION, "unknown method ''");
    assert_false(pc_is_ok(pc_skid_find("md5", &method, &err)));
    assert_string_equal(p11csr_error_note(err, 0), "there are: sha1, sha1-60, sha256, sha384, sha512, "
                                                   "spki-sha256, spki-sha384, spki-sha512");
    p11csr_error_free(&err);
    assert_int_equal(method, PC_SKID_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
