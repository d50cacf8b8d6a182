// SPDX-License-Identifier: Apache-2.0
/* The public functions about requests, on a SoftHSM2 token: what they give, and how they refuse. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_request_content(void **state)
{
    p11csr_request *request = NULL;
    p11csr_error *both_err = NULL;
    (void)state;
    check_ok(p11csr_request_new(&request, &both_err), &both_err);
    check_both(p11csr_request_check(request, NULL, err), P11CSR_E_SUBJECT);
    check_both(p11csr_request_set_subject(request, "CN", err), P11CSR_E_SUBJECT);
    check_both(p11csr_request_set_subject_der(request, "\x30\x01", 2, err), P11CSR_E_SUBJECT);
    check_ok(p11csr_request_set_subject_der(request, "\x30\x00", 2, &both_err), &both_err);
    check_both(p11csr_request_check(request, NULL, err), P11CSR_E_SUBJECT);
    check_ok(p11csr_request_set_subject(request, "CN=x", &both_err), &both_err);
    check_both(p11csr_request_add_san(request, "dns", "a b", err), P11CSR_E_SAN);
    check_both(p11csr_request_add_san(request, "dnss", "a.example", err), P11CSR_E_SAN);
    check_ok(p11csr_request_add_san(request, "dns", "a.example", &both_err), &both_err);
    check_both(p11csr_request_set_key_usage(request, "sign", err), P11CSR_E_EXTENSION);
    check_ok(p11csr_request_set_key_usage(request, "digitalSignature", &both_err), &both_err);
    check_both(p11csr_request_set_ext_key_usage(request, "server", err), P11CSR_E_EXTENSION);
    check_ok(p11csr_request_set_ext_key_usage(request, "serverAuth", &both_err), &both_err);
    check_both(p11csr_request_set_basic_constraints(request, 0, 1, err), P11CSR_E_EXTENSION);
    check_ok(p11csr_request_set_basic_constraints(request, 1, 0, &both_err), &both_err);
    p11csr_request_set_must_staple(request, 1);
    check_both(p11csr_request_set_subject_key_id(request, "md5", err), P11CSR_E_EXTENSION);
    check_ok(p11csr_request_set_subject_key_id(request, "sha1", &both_err), &both_err);
    check_both(p11csr_request_set_scheme(request, "ecdsa", err), P11CSR_E_ALGORITHM);
    check_ok(p11csr_request_set_scheme(request, "ed25519", &both_err), &both_err);
    check_both(p11csr_request_check(request, "p256", err), P11CSR_E_ALGORITHM);
    check_ok(p11csr_request_check(request, "ed25519", &both_err), &both_err);
    check_both(p11csr_request_set_hash(request, "sha3", 0, err), P11CSR_E_ALGORITHM);
    check_ok(p11csr_request_set_hash(request, "sha384", 0, &both_err), &both_err);
    check_ok(p11csr_request_check(request, "p256", &both_err), &both_err);
    check_both(p11csr_request_check(request, "ed25519", err), P11CSR_E_ALGORITHM);
    p11csr_request_allow_weak(request, 1);
    p11csr_request_allow_weak(request, 0);
    p11csr_request_free(&request);
    assert_null(request);
}

/* Each value says where it comes from: what was said last before it was set. */
static void test_request_origins(void **state)
{
    p11csr_request *request = NULL;
    p11csr_error *both_err = NULL;
    char *json = NULL;
    (void)state;
    check_ok(p11csr_request_new(&request, &both_err), &both_err);
    check_ok(p11csr_request_set_subject(request, "CN=a", &both_err), &both_err);
    check_ok(p11csr_request_set_origin(request, "profile x", &both_err), &both_err);
    check_ok(p11csr_request_add_san(request, "dns", "a.example", &both_err), &both_err);
    check_ok(p11csr_request_set_key_usage(request, "digitalSignature", &both_err), &both_err);
    check_ok(p11csr_request_set_subject_key_id(request, "sha1", &both_err), &both_err);
    check_ok(p11csr_request_set_origin(request, "--extension", &both_err), &both_err);
    check_both(p11csr_request_add_extension(request, "1.2", "hex:05", err), P11CSR_E_EXTENSION);
    check_both(p11csr_request_add_extension(request, "1", "hex:0500", err), P11CSR_E_EXTENSION);
    check_both(p11csr_request_add_extension(request, "1.2.3", "/none/such", err), P11CSR_E_READ);
    check_ok(p11csr_request_add_extension(request, "1.2.3:critical", "hex:0500", &both_err), &both_err);
    check_ok(p11csr_request_add_san(request, "dns", "b.example", &both_err), &both_err);
    check_both(p11csr_request_add_attribute(request, "1.2.3", "asn1:NONE", err), P11CSR_E_ATTRIBUTE);
    check_ok(p11csr_request_add_attribute(request, "1.2.3", "asn1:UTF8:x", &both_err), &both_err);
    check_ok(p11csr_request_set_origin(request, NULL, &both_err), &both_err);
    check_ok(p11csr_request_add_attribute(request, "1.2.840.113549.1.9.7", "asn1:UTF8:pw", &both_err),
             &both_err);
    check_ok(p11csr_request_describe(request, &json, &both_err), &both_err);
    assert_string_equal(
        json,
        "{\"subject\":{\"value\":\"CN=a\",\"origin\":null},\"extensions\":["
        "{\"name\":\"keyUsage\",\"oid\":\"2.5.29.15\",\"critical\":true,\"value\":[\"digitalSignature\"],"
        "\"origin\":\"profile x\"},"
        "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,\"value\":["
        "{\"type\":\"dns\",\"value\":\"a.example\",\"origin\":\"profile x\"},"
        "{\"type\":\"dns\",\"value\":\"b.example\",\"origin\":\"--extension\"}]},"
        "{\"name\":null,\"oid\":\"1.2.3\",\"critical\":true,\"value\":{\"hex\":\"0500\"},"
        "\"origin\":\"--extension\"},"
        "{\"name\":\"subjectKeyIdentifier\",\"oid\":\"2.5.29.14\",\"critical\":false,"
        "\"value\":{\"method\":\"sha1\"},\"origin\":\"profile x\"}],\"attributes\":["
        "{\"name\":null,\"oid\":\"1.2.3\",\"value\":{\"hex\":\"0c0178\"},\"origin\":\"--extension\"},"
        "{\"name\":\"challengePassword\",\"oid\":\"1.2.840.113549.1.9.7\","
        "\"value\":\"present, not shown\",\"origin\":null}],\"signature\":null}");
    p11csr_free_text(&json);
    check_both(p11csr_request_set_challenge_password(request, "a\n", 2, err), P11CSR_E_ATTRIBUTE);
    check_ok(p11csr_request_set_challenge_password(request, "a", 1, &both_err), &both_err);
    check_both(p11csr_request_clear(request, "names", err), P11CSR_E_VALUE);
    check_ok(p11csr_request_clear(request, "san", &both_err), &both_err);
    check_ok(p11csr_request_clear(request, "extensions", &both_err), &both_err);
    check_ok(p11csr_request_clear(request, "attributes", &both_err), &both_err);
    check_ok(p11csr_request_set_scheme(request, "ed25519", &both_err), &both_err);
    check_ok(p11csr_request_describe(request, &json, &both_err), &both_err);
    assert_string_equal(json, "{\"subject\":{\"value\":\"CN=a\",\"origin\":null},\"extensions\":[],"
                              "\"attributes\":[],\"signature\":{\"scheme\":\"ed25519\",\"hash\":null,"
                              "\"pss\":false,\"origin\":null}}");
    p11csr_free_text(&json);
    p11csr_request_free(&request);
}

/* The JSON of the extensions alone. */
static void check_extensions(p11csr_request *request, const char *json)
{
    p11csr_error *both_err = NULL;
    char *all = NULL;
    char wanted[1000];
    check_ok(p11csr_request_describe(request, &all, &both_err), &both_err);
    (void)snprintf(wanted, sizeof(wanted), "\"extensions\":[%s],\"attributes\"", json);
    if (strstr(all, wanted) == NULL) {
        fail_msg("%s is not in %s", wanted, all);
    }
    p11csr_free_text(&all);
}

/* Words add to what has the same origin and replace what has another. */
static void test_request_words(void **state)
{
    p11csr_request *request = NULL;
    p11csr_error *both_err = NULL;
    (void)state;
    check_ok(p11csr_request_new(&request, &both_err), &both_err);
    check_ok(p11csr_request_set_origin(request, "a", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "policy", "1.2.3", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "policy", "1.2.4", &both_err), &both_err);
    check_extensions(request, "{\"name\":\"certificatePolicies\",\"oid\":\"2.5.29.32\",\"critical\":false,"
                              "\"value\":[\"1.2.3\",\"1.2.4\"],\"origin\":\"a\"}");
    check_ok(p11csr_request_set_origin(request, "b", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "policy:critical", "1.2.4", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "policy", "1.2.5", &both_err), &both_err);
    check_extensions(request, "{\"name\":\"certificatePolicies\",\"oid\":\"2.5.29.32\",\"critical\":true,"
                              "\"value\":[\"1.2.4\",\"1.2.5\"],\"origin\":\"b\"}");
    check_ok(p11csr_request_clear(request, "extensions", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "basic-constraints:noncritical", "ca:3", &both_err),
             &both_err);
    check_extensions(request, "{\"name\":\"basicConstraints\",\"oid\":\"2.5.29.19\",\"critical\":false,"
                              "\"value\":{\"ca\":true,\"path-length\":3},\"origin\":\"b\"}");
    check_ok(p11csr_request_add_extension(request, "basic-constraints", "none", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "key-usage:noncritical", "keyCertSign", &both_err),
             &both_err);
    check_ok(p11csr_request_add_extension(request, "ext-key-usage", "any:critical", &both_err), &both_err);
    check_extensions(request, "{\"name\":\"basicConstraints\",\"oid\":\"2.5.29.19\",\"critical\":false,"
                              "\"value\":{\"ca\":false},\"origin\":\"b\"},"
                              "{\"name\":\"keyUsage\",\"oid\":\"2.5.29.15\",\"critical\":false,"
                              "\"value\":[\"keyCertSign\"],\"origin\":\"b\"},"
                              "{\"name\":\"extKeyUsage\",\"oid\":\"2.5.29.37\",\"critical\":true,"
                              "\"value\":[\"anyExtendedKeyUsage\"],\"origin\":\"b\"}");
    // Names that are said by their extension replace those that are there, with their origin.
    check_ok(p11csr_request_clear(request, "extensions", &both_err), &both_err);
    check_ok(p11csr_request_add_san(request, "dns", "a.example", &both_err), &both_err);
    check_ok(p11csr_request_set_origin(request, "c", &both_err), &both_err);
    check_both(p11csr_request_add_extension(request, "2.5.29.17:critical", "hex:3003820162", err),
               P11CSR_E_EXTENSION);
    check_ok(p11csr_request_set_subject(request, "CN=x", &both_err), &both_err);
    check_ok(p11csr_request_add_extension(request, "2.5.29.17", "hex:3003820162", &both_err), &both_err);
    // The feature that has a switch replaces a list of features that none has.
    check_ok(p11csr_request_add_extension(request, "tls-feature", "status_request_v2", &both_err), &both_err);
    p11csr_request_set_must_staple(request, 1);
    check_extensions(request, "{\"name\":\"subjectAltName\",\"oid\":\"2.5.29.17\",\"critical\":false,"
                              "\"value\":[{\"type\":\"dns\",\"value\":\"b\",\"origin\":\"c\"}]},"
                              "{\"name\":\"tlsFeature\",\"oid\":\"1.3.6.1.5.5.7.1.24\",\"critical\":false,"
                              "\"value\":[\"status_request\"],\"origin\":\"c\"}");
    check_both(p11csr_request_add_extension(request, "basic-constraints", "ca:", err), P11CSR_E_EXTENSION);
    check_both(p11csr_request_add_extension(request, "basic-constraints", "yes", err), P11CSR_E_EXTENSION);
    check_both(p11csr_request_add_extension(request, "polcy", "1.2", err), P11CSR_E_EXTENSION);
    check_both(p11csr_request_add_attribute(request, "unstructured-nam", "a", err), P11CSR_E_ATTRIBUTE);
    check_both(p11csr_request_add_attribute(request, "unstructured-name", "", err), P11CSR_E_ATTRIBUTE);
    check_ok(p11csr_request_add_attribute(request, "unstructured-name", "a", &both_err), &both_err);
    p11csr_request_free(&request);
}

static void test_request_on_token(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_request *request = new_request("CN=x");
    check_ok(p11csr_request_check_token(request, ctx, "api", "p256", &both_err), &both_err);
    check_both(p11csr_request_check_token(request, ctx, "api", "p255", err), P11CSR_E_ALGORITHM);
    check_both(p11csr_request_check_token(request, ctx, "pkcs11:token=none", "p256", err),
               P11CSR_E_TOKEN_NOT_FOUND);
    check_ok(p11csr_request_set_scheme(request, "ed448", &both_err), &both_err);
    check_both(p11csr_request_check_token(request, ctx, "api", "p256", err), P11CSR_E_ALGORITHM);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
}

/* The same bytes each time, and those that are signed. */
static void test_assemble(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "csr");
    p11csr_request *request = new_request("CN=assembled");
    p11csr_csr *csr = NULL;
    unsigned char *info = NULL;
    unsigned char *again = NULL;
    char *sha256 = NULL;
    char *json = NULL;
    size_t len = 0;
    size_t again_len = 0;
    size_t der_len = 0;
    check_ok(p11csr_request_set_subject_key_id(request, "sha1", &both_err), &both_err);
    check_ok(p11csr_request_assemble(request, key, &info, &len, &sha256, &both_err), &both_err);
    check_ok(p11csr_request_assemble(request, key, &again, &again_len, NULL, &both_err), &both_err);
    assert_int_equal(len, again_len);
    assert_memory_equal(info, again, len);
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    const unsigned char *der = p11csr_csr_get_der(csr, &der_len);
    assert_true(der_len > len + 4);
    assert_memory_equal(der + (der[1] == 0x82 ? 4 : 3), info, len);
    check_ok(p11csr_csr_to_json(ctx, csr, &json, &both_err), &both_err);
    assert_int_equal(strlen(sha256), 64);
    assert_non_null(strstr(json, sha256));
    p11csr_free_bytes(&info);
    p11csr_free_bytes(&again);
    p11csr_free_text(&sha256);
    p11csr_free_text(&json);
    check_ok(p11csr_request_set_scheme(request, "ed25519", &both_err), &both_err);
    check_both(p11csr_request_assemble(request, key, &info, &len, &sha256, err), P11CSR_E_ALGORITHM);
    p11csr_request_free(&request);
    request = new_request("");
    check_both(p11csr_request_assemble(request, key, &info, &len, &sha256, err), P11CSR_E_SUBJECT);
    assert_null(info);
    assert_null(sha256);
    p11csr_request_free(&request);
    p11csr_csr_free(&csr);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_csr(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "csr");
    p11csr_request *request = new_request("CN=genuine");
    p11csr_csr *csr = NULL;
    p11csr_csr *read = NULL;
    char *json = NULL;
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    assert_string_equal(p11csr_csr_get_scheme(csr), "ecdsa-sha256");
    assert_string_equal(p11csr_csr_get_mechanism(csr), "CKM_ECDSA");
    check_ok(p11csr_csr_to_json(ctx, csr, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"subject\":\"CN=genuine\""));
    p11csr_free_text(&json);
    size_t len = 0;
    const unsigned char *der = p11csr_csr_get_der(csr, &len);
    unsigned char *spki = NULL;
    size_t spki_len = 0;
    size_t key_len = 0;
    check_ok(p11csr_spki_read(der, len, &spki, &spki_len, &both_err), &both_err);
    assert_memory_equal(spki, p11csr_key_get_spki(key, &key_len), spki_len);
    assert_int_equal(spki_len, key_len);
    p11csr_free_bytes(&spki);
    assert_null(spki);
    check_both(p11csr_spki_read("x", 1, &spki, &spki_len, err), P11CSR_E_REQUEST);
    unsigned char changed[2048];
    assert_true(len < sizeof(changed));
    memcpy(changed, der, len);
    changed[len - 1] ^= 1;
    check_ok(p11csr_csr_read(changed, len, &read, &both_err), &both_err);
    assert_null(p11csr_csr_get_scheme(read));
    assert_null(p11csr_csr_get_mechanism(read));
    enum p11csr_verdict verdict = P11CSR_VERDICT_GOOD;
    const char *why = NULL;
    check_ok(p11csr_csr_verify(ctx, read, &verdict, &why, &both_err), &both_err);
    assert_int_equal(verdict, P11CSR_VERDICT_BAD);
    assert_non_null(why);
    check_ok(p11csr_csr_verify(ctx, read, &verdict, NULL, &both_err), &both_err);
    assert_int_equal(p11csr_csr_names_signer(read), 0);
    struct p11csr_bytes signer = {der, len};
    check_both(p11csr_csr_verify_by(ctx, read, &signer, &verdict, &why, err), P11CSR_E_CERTIFICATE);
    p11csr_csr_free(&read);
    check_both(p11csr_csr_read(changed, len - 1, &read, err), P11CSR_E_REQUEST);
    check_both(p11csr_csr_read("", 0, &read, err), P11CSR_E_REQUEST);
    assert_null(read);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    // A request that is made belongs to nobody.
    assert_int_equal(p11csr_csr_get_der(csr, &len)[0], 0x30);
    assert_string_equal(p11csr_csr_get_scheme(csr), "ecdsa-sha256");
    p11csr_csr_free(&csr);
}

/* A request and its key on the token are of one key, another request is not. */
static void test_match(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "match");
    p11csr_request *request = new_request("CN=match");
    p11csr_csr *csr = NULL;
    p11csr_match *match = NULL;
    char *json = NULL;
    size_t len = 0;
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    const unsigned char *der = p11csr_csr_get_der(csr, &len);
    check_ok(p11csr_match_new(ctx, &match, &both_err), &both_err);
    assert_int_equal(p11csr_match_group_count(match), 0);
    check_ok(p11csr_match_add(match, "a.csr", der, len, &both_err), &both_err);
    check_ok(p11csr_match_add_key(match, key, &both_err), &both_err);
    check_both(p11csr_match_add(match, "b.csr", der, len - 1, err), P11CSR_E_REQUEST);
    assert_int_equal(p11csr_match_group_count(match), 1);
    check_ok(p11csr_match_to_json(match, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"type\":\"p256\",\"members\":[{\"name\":\"a.csr\",\"kind\":\"request\""));
    assert_non_null(strstr(json, "\"kind\":\"key\""));
    p11csr_free_text(&json);
    p11csr_match_free(&match);
    assert_null(match);
    p11csr_match_free(&match);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_content), cmocka_unit_test(test_request_origins),
        cmocka_unit_test(test_request_words),   cmocka_unit_test(test_request_on_token),
        cmocka_unit_test(test_assemble),        cmocka_unit_test(test_csr),
        cmocka_unit_test(test_match),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
