// SPDX-License-Identifier: Apache-2.0
/* Lint through the public API. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_own_request(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "linted");
    p11csr_request *request = new_request("CN=linted");
    p11csr_csr *csr = NULL;
    p11csr_lint *lint = NULL;
    struct p11csr_lint_counts counts = {9, 9, 9, 9};
    char *json = NULL;
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    check_ok(p11csr_csr_lint(ctx, csr, NULL, &counts, &json, &both_err), &both_err);
    assert_int_equal(counts.errors, 0);
    assert_int_equal(counts.warnings, 0);
    assert_int_equal(counts.not_judged, 0); // it was made here: that its key is on the token is known
    assert_non_null(strstr(json, "\"sets\""));
    p11csr_free_text(&json);
    check_ok(p11csr_lint_new(&lint, &both_err), &both_err);
    check_ok(p11csr_lint_set_rules(lint, "structure,tls-br:dv", &both_err), &both_err);
    check_ok(p11csr_lint_ignore(lint, "S14", &both_err), &both_err);
    check_ok(p11csr_csr_lint(ctx, csr, lint, &counts, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"ignored\":[\"S14\"]"));
    check_both(p11csr_lint_set_rules(lint, "structure,none", err), P11CSR_E_USAGE);
    check_both(p11csr_lint_ignore(lint, "", err), P11CSR_E_USAGE);
    check_both(p11csr_lint_set_data(lint, "/nonexistent", err), P11CSR_E_READ);
    check_ok(p11csr_lint_set_data(lint, "/", &both_err), &both_err);
    check_ok(p11csr_lint_set_data(lint, NULL, &both_err), &both_err);
    p11csr_free_text(&json);
    p11csr_lint_free(&lint);
    assert_null(lint);
    p11csr_lint_free(&lint);
    p11csr_lint_free(NULL);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* A request that asks for what belongs to the CA is refused with and without a key. */
static void test_request_that_breaks_a_rule(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "linted");
    p11csr_request *request = new_request("CN=linted");
    p11csr_csr *csr = NULL;
    p11csr_lint *lint = NULL;
    check_ok(p11csr_request_add_extension(request, "1.3.6.1.4.1.11129.2.4.3", "hex:0500", &both_err),
             &both_err);
    check_ok(p11csr_request_check_lint(request, ctx, "p256", NULL, &both_err),
             &both_err); // it has no rules yet
    check_ok(p11csr_lint_new(&lint, &both_err), &both_err);
    p11csr_request_set_lint(request, lint);
    static const char *const kinds[] = {"p256", "p521", "brainpoolp384r1", "rsa-2048", "rsa-4096", "ed25519"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        check_both(p11csr_request_check_lint(request, ctx, kinds[i], NULL, err), P11CSR_E_LINT);
    }
    check_both(p11csr_request_sign(request, key, &csr, err), P11CSR_E_LINT);
    assert_null(csr);
    check_ok(p11csr_lint_ignore(lint, "S19", &both_err), &both_err);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]);
         i++) { // nothing else is wrong with any kind of key
        check_ok(p11csr_request_check_lint(request, ctx, kinds[i], NULL, &both_err), &both_err);
    }
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    p11csr_lint_free(&lint);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Somebody else's request with octets behind its end is read, and told to have them. */
static void test_others_request(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "linted");
    p11csr_request *request = new_request("CN=linted");
    p11csr_csr *csr = NULL;
    p11csr_csr *read = NULL;
    struct p11csr_lint_counts counts;
    unsigned char longer[4096] = {0};
    char *json = NULL;
    size_t len = 0;
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    const unsigned char *der = p11csr_csr_get_der(csr, &len);
    assert_true(len < sizeof(longer));
    memcpy(longer, der, len);
    check_ok(p11csr_csr_read(longer, len + 1, &read, &both_err), &both_err);
    check_ok(p11csr_csr_lint(ctx, read, NULL, &counts, &json, &both_err), &both_err);
    assert_int_equal(counts.errors, 1);
    assert_int_equal(counts.not_judged, 1);
    assert_non_null(strstr(json, "\"S01\""));
    check_ok(p11csr_csr_lint(ctx, read, NULL, &counts, NULL, &both_err), &both_err);
    assert_int_equal(counts.errors, 1);
    p11csr_free_text(&json);
    p11csr_csr_free(&read);
    p11csr_csr_free(&csr);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_list(void **state)
{
    p11csr_error *both_err = NULL;
    char *json = NULL;
    (void)state;
    check_ok(p11csr_lint_list(&json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"S01\""));
    assert_non_null(strstr(json, "\"explanation\""));
    p11csr_free_text(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_request),
        cmocka_unit_test(test_others_request),
        cmocka_unit_test(test_request_that_breaks_a_rule),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
