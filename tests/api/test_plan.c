// SPDX-License-Identifier: Apache-2.0
/* What is looked at before it is signed: the bytes, plans, and the digest that is expected. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_plan(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "planned");
    p11csr_key *other = ensure_key(ctx, "p256", "not planned");
    p11csr_request *request = new_request("CN=planned");
    p11csr_request *again = NULL;
    p11csr_csr *csr = NULL;
    char *plan = NULL;
    char *sha256 = NULL;
    unsigned char *info = NULL;
    size_t len = 0;
    size_t key_len = 0;
    assert_null(p11csr_request_get_planned_spki(request, &len));
    check_ok(p11csr_request_plan(request, key, &plan, &both_err), &both_err);
    check_ok(p11csr_request_assemble(request, key, &info, &len, &sha256, &both_err), &both_err);
    assert_non_null(strstr(plan, sha256));
    check_ok(p11csr_request_from_plan(ctx, plan, strlen(plan), &again, &both_err), &both_err);
    const unsigned char *spki = p11csr_request_get_planned_spki(again, &len);
    const unsigned char *of_key = p11csr_key_get_spki(key, &key_len);
    assert_int_equal(len, key_len);
    assert_memory_equal(spki, of_key, len);
    sign_and_verify(ctx, again, key);
    check_both(p11csr_request_sign(again, other, &csr, err), P11CSR_E_NOT_PLANNED);
    assert_null(csr);
    p11csr_request_free(&again);
    check_both(p11csr_request_from_plan(ctx, plan, strlen(plan) - 1, &again, err), P11CSR_E_VALUE);
    *strstr(plan, "CN=planned") = 'c';
    check_both(p11csr_request_from_plan(ctx, plan, strlen(plan), &again, err), P11CSR_E_NOT_PLANNED);
    assert_null(again);
    p11csr_free_text(&plan);
    p11csr_request_free(&request);
    request = new_request("");
    check_both(p11csr_request_plan(request, key, &plan, err), P11CSR_E_SUBJECT);
    assert_null(plan);
    p11csr_free_text(&sha256);
    p11csr_free_bytes(&info);
    p11csr_request_free(&request);
    p11csr_key_free(&other);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_expect(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "planned");
    p11csr_request *request = new_request("CN=expected");
    p11csr_csr *csr = NULL;
    char *sha256 = NULL;
    unsigned char *info = NULL;
    size_t len = 0;
    check_ok(p11csr_request_assemble(request, key, &info, &len, &sha256, &both_err), &both_err);
    check_ok(p11csr_request_expect(request, sha256, &both_err), &both_err);
    sign_and_verify(ctx, request, key);
    check_ok(p11csr_request_set_subject(request, "CN=unexpected", &both_err), &both_err);
    check_both(p11csr_request_sign(request, key, &csr, err), P11CSR_E_NOT_PLANNED);
    assert_null(csr);
    check_both(p11csr_request_expect(request, "12", err), P11CSR_E_VALUE);
    check_both(p11csr_request_sign(request, key, &csr, err), P11CSR_E_NOT_PLANNED);
    check_ok(p11csr_request_expect(request, NULL, &both_err), &both_err);
    sign_and_verify(ctx, request, key);
    p11csr_free_text(&sha256);
    p11csr_free_bytes(&info);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plan), cmocka_unit_test(test_expect)};
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
