// SPDX-License-Identifier: Apache-2.0
/* Watching the PKCS#11 calls of a context. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct watched {
    int entered;
    int left;
    int initialized;
    int signed_once;
    int finalized;
};

static void watch_calls(const struct p11csr_call *call, void *data)
{
    struct watched *watched = data;
    assert_non_null(call->module);
    if (call->leaving == 0) {
        watched->entered++;
        return;
    }
    watched->left++;
    assert_non_null(call->rv_name);
    watched->initialized += strcmp(call->function, "C_Initialize") == 0;
    watched->signed_once += strcmp(call->function, "C_Sign") == 0;
    watched->finalized += strcmp(call->function, "C_Finalize") == 0;
}

/* Set before the module is loaded, taken away, and set again on a module that is there. */
static void test_calls(void **state)
{
    struct watched watched = {0};
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_request *request = new_request("CN=watched");
    p11csr_ctx_set_call_callback(ctx, watch_calls, &watched);
    p11csr_key *key = ensure_key(ctx, "p256", "watched");
    assert_int_equal(watched.initialized, 1);
    assert_int_equal(watched.signed_once, 0);
    p11csr_ctx_set_call_callback(ctx, NULL, NULL);
    sign_and_verify(ctx, request, key);
    assert_int_equal(watched.signed_once, 0);
    p11csr_ctx_set_call_callback(ctx, watch_calls, &watched);
    sign_and_verify(ctx, request, key);
    assert_int_equal(watched.signed_once, 1);
    p11csr_key_free(&key);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
    assert_int_equal(watched.finalized, 1);
    assert_int_equal(watched.left, watched.entered);
}

/* What modules there are, and what the one of the alias says about itself. */
static void test_modules(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    char *json = NULL;
    check_ok(p11csr_modules_to_json(ctx, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "{\"name\":\"api\""));
    assert_non_null(strstr(json, "\"alias\":true}"));
    p11csr_free_text(&json);
    check_ok(p11csr_module_to_json(ctx, "api", &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"manufacturer\":\"SoftHSM\""));
    assert_non_null(strstr(json, "\"label\":\"api\""));
    assert_non_null(strstr(json, "\"initialized\":false"));
    p11csr_free_text(&json);
    check_ok(p11csr_token_module(ctx, "api", &json, &both_err), &both_err);
    assert_non_null(strstr(json, "softhsm2"));
    p11csr_free_text(&json);
    check_ok(p11csr_token_module(ctx, "a label", &json, &both_err), &both_err);
    assert_null(json);
    check_both(p11csr_token_module(ctx, "pkcs11:x", &json, err), P11CSR_E_URI);
    check_both(p11csr_module_to_json(ctx, "pkcs11:x", &json, err), P11CSR_E_URI);
    check_ok(p11csr_ctx_set_module(ctx, "/nonexistent.so", &both_err), &both_err);
    check_both(p11csr_module_to_json(ctx, NULL, &json, err), P11CSR_E_MODULE_NOT_FOUND);
    assert_null(json);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls), cmocka_unit_test(test_modules)};
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
