// SPDX-License-Identifier: Apache-2.0
/* Evidence about keys, in its shape; chains of certificates are judged in the tests of the command line. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_evidence(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "attested");
    p11csr_evidence *evidence = NULL;
    char *json = NULL;
    char *pem = NULL;
    size_t count = 1;
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    p11csr_evidence_free(NULL);
    p11csr_evidence_free(&evidence);
    check_ok(p11csr_evidence_new(ctx, &evidence, &both_err), &both_err);
    check_both(p11csr_evidence_add(evidence, "x.pem", "x", 1, err), P11CSR_E_CERTIFICATE);
    check_both(p11csr_evidence_add_root(evidence, "", 0, err), P11CSR_E_CERTIFICATE);
    check_ok(p11csr_evidence_add_token(evidence, key, &count, &both_err), &both_err);
    assert_int_equal(count, 0);
    check_ok(p11csr_evidence_add_token(evidence, key, NULL, &both_err), &both_err);
    check_ok(p11csr_evidence_check(evidence, spki, len, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"level\":\"not-verified\""));
    assert_non_null(strstr(json, "\"files\":[]"));
    check_both(p11csr_evidence_to_pem(evidence, spki, len, &pem, err), P11CSR_E_CERT_NOT_FOUND);
    assert_null(pem);
    p11csr_free_text(&json);
    p11csr_evidence_free(&evidence);
    assert_null(evidence);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_file_sha256(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    char *sha256 = NULL;
    check_ok(p11csr_file_sha256(ctx, "/dev/null", &sha256, &both_err), &both_err);
    assert_string_equal(sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    p11csr_free_text(&sha256);
    check_both(p11csr_file_sha256(ctx, "/no/such/file", &sha256, err), P11CSR_E_READ);
    assert_null(sha256);
    p11csr_ctx_free(&ctx);
}

/* Statements for a request, in the order in which they were added, and no certificates without any. */
static void test_attestation(void **state)
{
    static const unsigned char null[] = {0x05, 0x00};
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "attested");
    p11csr_request *request = new_request("CN=attested");
    p11csr_csr *csr = NULL;
    char *json = NULL;
    enum p11csr_attestation verdict = P11CSR_ATTESTATION_OF_KEY;
    check_ok(p11csr_request_check_attestation(request, key, &verdict, &both_err), &both_err);
    assert_int_equal(verdict, P11CSR_ATTESTATION_NONE);
    check_both(p11csr_request_add_attestation_certificates(request, null, 2, err), P11CSR_E_ATTRIBUTE);
    check_both(p11csr_request_add_attestation(request, "tpm", null, 2, err), P11CSR_E_ATTRIBUTE);
    check_both(p11csr_request_add_attestation(request, "1.2.4", null, 1, err), P11CSR_E_ATTRIBUTE);
    check_ok(p11csr_request_add_attestation(request, "1.2.4", null, 2, &both_err), &both_err);
    check_ok(p11csr_request_add_attestation(request, "1.2.3", null, 2, &both_err), &both_err);
    check_both(p11csr_request_add_attestation_certificates(request, null, 2, err), P11CSR_E_CERTIFICATE);
    check_ok(p11csr_request_check_attestation(request, key, &verdict, &both_err), &both_err);
    assert_int_equal(verdict, P11CSR_ATTESTATION_UNREAD);
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    check_ok(p11csr_csr_to_json(ctx, csr, &json, &both_err), &both_err);
    assert_non_null(strstr(json,
                           "{\"name\":\"attestation\",\"oid\":\"1.2.840.113549.1.9.16.2.59\",\"value\":["
                           "{\"type\":\"1.2.4\",\"hex\":\"0500\"},"
                           "{\"type\":\"1.2.3\",\"hex\":\"0500\"}]}"));
    p11csr_free_text(&json);
    check_ok(p11csr_request_clear(request, "attributes", &both_err), &both_err);
    check_ok(p11csr_request_describe(request, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"attributes\":[]"));
    p11csr_free_text(&json);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_evidence), cmocka_unit_test(test_file_sha256),
                                       cmocka_unit_test(test_attestation)};
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
