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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_evidence), cmocka_unit_test(test_file_sha256)};
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
