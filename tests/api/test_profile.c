// SPDX-License-Identifier: Apache-2.0
/* Request profiles. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_what_a_profile_says(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_profile *profile = NULL;
    p11csr_error *err = NULL;
    char *json = NULL;
    check_ok(p11csr_profile_load(ctx, "code-signing", &profile, &err), &err);
    assert_string_equal(p11csr_profile_get(profile, "name", 0), "code-signing");
    assert_null(p11csr_profile_get(profile, "name", 1));
    assert_string_equal(p11csr_profile_get(profile, "key.default", 0), "p384");
    assert_string_equal(p11csr_profile_get(profile, "key.require", 1), "never-extractable");
    assert_null(p11csr_profile_get(profile, "key.require", 3));
    assert_string_equal(p11csr_profile_get(profile, "extensions", 1), "ext-key-usage");
    assert_string_equal(p11csr_profile_get(profile, "san.min", 0), "0");
    assert_null(p11csr_profile_get(profile, "san.types", 0));
    assert_null(p11csr_profile_get(profile, "no.such", 0));
    assert_int_equal(p11csr_profile_has(profile, "san.types"), 1);
    assert_int_equal(p11csr_profile_has(profile, "san.max"), 0);
    assert_int_equal(p11csr_profile_has(profile, "subject.allow"), 0);
    check_ok(p11csr_profile_to_json(profile, &json, &err), &err);
    assert_non_null(strstr(json, "\"name\":\"code-signing\""));
    p11csr_free_text(&json);
    p11csr_profile_free(&profile);
    assert_null(profile);
    p11csr_profile_free(&profile);
    p11csr_profile_free(NULL);
    p11csr_ctx_free(&ctx);
}

static void test_shipped(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *err = NULL;
    char *json = NULL;
    check_ok(p11csr_profiles_to_json(ctx, &json, &err), &err);
    assert_non_null(strstr(json, "\"tls-server-letsencrypt\""));
    p11csr_free_text(&json);
    assert_non_null(strstr(p11csr_profile_shipped_text("device"), "\nname: device\n"));
    assert_null(p11csr_profile_shipped_text("devices"));
    p11csr_ctx_free(&ctx);
}

static void test_refused(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_profile *profile = NULL;
    p11csr_error *both_err = NULL;
    check_both(p11csr_profile_load(ctx, "tls-servr", &profile, err), P11CSR_E_PROFILE_NOT_FOUND);
    check_both(p11csr_profile_load(ctx, "/no/such.yaml", &profile, err), P11CSR_E_READ);
    check_both(p11csr_profile_load(ctx, "", &profile, err), P11CSR_E_PROFILE_NOT_FOUND);
    assert_null(profile);
    p11csr_ctx_free(&ctx);
}

/* What a dry run shows. */
static void test_signature(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_request *request = new_request("CN=x");
    p11csr_error *err = NULL;
    struct p11csr_signature signature = {0};
    check_ok(p11csr_request_get_signature(request, ctx, "api", "p256", &signature, &err), &err);
    assert_string_equal(signature.scheme, "ecdsa-sha256");
    assert_string_equal(signature.mechanism, "CKM_ECDSA");
    check_fails(p11csr_request_get_signature(request, ctx, "api", "p257", &signature, &err), &err,
                P11CSR_E_ALGORITHM);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
}

/* The whole way: what the profile adds, what it refuses, what a new key must be able to do. */
static void test_request_of_a_profile(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_request *request = NULL;
    p11csr_error *err = NULL;
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    char *json = NULL;
    check_ok(p11csr_request_new(&request, &err), &err);
    assert_null(p11csr_request_get_profile(request));
    check_ok(p11csr_request_set_profile(request, ctx, "timestamping", &err), &err);
    assert_string_equal(p11csr_profile_get(p11csr_request_get_profile(request), "name", 0), "timestamping");
    check_ok(p11csr_request_set_subject(request, "CN=x,C=DE", &err), &err);
    check_ok(p11csr_request_complete(request, &err), &err);
    check_fails(p11csr_request_check(request, NULL, &err), &err, P11CSR_E_PROFILE);
    check_ok(p11csr_request_set_subject(request, "/CN=x/C=DE/O=E", &err), &err);
    check_fails(p11csr_request_check(request, NULL, &err), &err, P11CSR_E_PROFILE); // not in order yet
    check_ok(p11csr_request_complete(request, &err), &err);
    check_ok(p11csr_request_check(request, "p384", &err), &err);
    check_fails(p11csr_request_check(request, "secp256k1", &err), &err, P11CSR_E_PROFILE);
    check_ok(p11csr_request_describe(request, &json, &err), &err);
    assert_non_null(strstr(json, "\"value\":\"CN=x,O=E,C=DE\",\"origin\":\"profile timestamping\""));
    p11csr_free_text(&json);
    keygen.spec = "profile";
    check_ok(p11csr_request_fill_keygen(request, &keygen, &err), &err);
    assert_string_equal(keygen.spec, "p384");
    assert_int_equal(keygen.decrypt, 0);
    keygen.backup = 1;
    check_fails(p11csr_request_fill_keygen(request, &keygen, &err), &err, P11CSR_E_PROFILE);
    check_fails(p11csr_request_set_profile(request, ctx, "none", &err), &err, P11CSR_E_PROFILE_NOT_FOUND);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_profile_says),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_request_of_a_profile),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
