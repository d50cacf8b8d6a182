// SPDX-License-Identifier: Apache-2.0
/* What a request can start from. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* C=DE, O=Example, CN=old.example, with a name, key usage, and the identifiers of two keys. */
static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                  "MIIB4zCCAYqgAwIBAgIUKTSoytWoOHqtV6ewi0Cp5AOHVhIwCgYIKoZIzj0EAwIw\n"
                                  "NTELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxFDASBgNVBAMMC29sZC5l\n"
                                  "eGFtcGxlMB4XDTI2MTEyMTE1NDI0MFoXDTI2MTIyMTE1NDI0MFowNTELMAkGA1UE\n"
                                  "BhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxFDASBgNVBAMMC29sZC5leGFtcGxlMFkw\n"
                                  "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAEplH9MzSAu7h8/yr9nvivoI+TR2GJDC\n"
                                  "j8ZHonBWjaYBHCh6Fq9u400Drft4ddzL/hdzZcTyB7OjcDgLXuokUaN4MHYwHQYD\n"
                                  "VR0OBBYEFIpn6M3NOkZSy6s5lI42pt0lUATcMB8GA1UdIwQYMBaAFIpn6M3NOkZS\n"
                                  "y6s5lI42pt0lUATcMA8GA1UdEwEB/wQFMAMBAf8wFgYDVR0RBA8wDYILb2xkLmV4\n"
                                  "YW1wbGUwCwYDVR0PBAQDAgeAMAoGCCqGSM49BAMCA0cAMEQCIBfCz+IZdvcMu7TZ\n"
                                  "+7vsCbZyW2Pi9QzP5GfzDm90FaePAiAeIejxSZKhFKc1YvdKQFFgYMgibV/3DMNs\n"
                                  "ImHX37q3sg==\n"
                                  "-----END CERTIFICATE-----\n";

static char *describe(p11csr_ctx *ctx, const p11csr_csr *csr)
{
    p11csr_error *err = NULL;
    char *json = NULL;
    check_ok(p11csr_csr_to_json(ctx, csr, &json, &err), &err);
    return json;
}

/* From the certificate a request, and from that another one, which says the same. */
static void test_start(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "start");
    p11csr_request *first = new_request("CN=x");
    p11csr_request *second = new_request("CN=y");
    p11csr_csr *csr = NULL;
    p11csr_csr *again = NULL;
    char *dropped = NULL;
    size_t len = 0;
    check_ok(p11csr_request_take_certificate(first, certificate, strlen(certificate), &dropped, &both_err),
             &both_err);
    assert_non_null(strstr(dropped, "\"name\":\"subjectKeyIdentifier\""));
    assert_non_null(strstr(dropped, "\"oid\":\"2.5.29.35\""));
    p11csr_free_text(&dropped);
    check_ok(p11csr_request_set_subject_key_id(first, "sha1", &both_err), &both_err);
    check_ok(p11csr_request_sign(first, key, &csr, &both_err), &both_err);
    char *json = describe(ctx, csr);
    assert_non_null(strstr(json, "\"subject\":\"CN=old.example,O=Example,C=DE\""));
    assert_non_null(strstr(json, "subjectKeyIdentifier"));
    p11csr_free_text(&json);
    const unsigned char *der = p11csr_csr_get_der(csr, &len);
    check_ok(p11csr_request_take_csr(second, der, len, &dropped, &both_err), &both_err);
    assert_non_null(strstr(dropped, "subjectKeyIdentifier"));
    p11csr_free_text(&dropped);
    check_ok(p11csr_request_set_subject_key_id(second, "sha1", &both_err), &both_err);
    check_ok(p11csr_request_sign(second, key, &again, &both_err), &both_err);
    json = describe(ctx, again);
    assert_non_null(strstr(json, "CN=old.example"));
    assert_non_null(strstr(json, "{\"type\":\"dns\",\"value\":\"old.example\"}"));
    p11csr_free_text(&json);
    struct p11csr_bytes old = {certificate, strlen(certificate)};
    struct p11csr_bytes now = {0};
    now.data = p11csr_csr_get_der(again, &now.len);
    check_ok(p11csr_compare(ctx, &old, &now, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "{\"kind\":\"subject\",\"name\":null,\"oid\":null,\"state\":\"kept\""));
    assert_non_null(strstr(json, "{\"kind\":\"key\",\"name\":null,\"oid\":null,\"state\":\"changed\""));
    assert_non_null(strstr(json, "\"oid\":\"2.5.29.35\",\"state\":\"dropped\""));
    p11csr_free_text(&json);
    old = (struct p11csr_bytes){der, len};
    check_ok(p11csr_compare(ctx, &old, &now, &json, &both_err), &both_err);
    assert_null(strstr(json, "changed"));
    p11csr_free_text(&json);
    old.len--;
    check_both(p11csr_compare(ctx, &old, &now, &json, err), P11CSR_E_REQUEST);
    check_ok(p11csr_request_take_either(second, der, len, &dropped, &both_err), &both_err);
    p11csr_free_text(&dropped);
    check_ok(p11csr_request_take_either(second, certificate, strlen(certificate), &dropped, &both_err),
             &both_err);
    p11csr_free_text(&dropped);
    check_both(p11csr_request_take_either(second, "x", 1, &dropped, err), P11CSR_E_REQUEST);
    check_both(p11csr_request_take_certificate(second, der, len, &dropped, err), P11CSR_E_REQUEST);
    check_both(p11csr_request_take_csr(second, certificate, strlen(certificate), &dropped, err),
               P11CSR_E_REQUEST);
    check_both(p11csr_request_take_csr(second, "", 0, &dropped, err), P11CSR_E_REQUEST);
    assert_null(dropped);
    p11csr_csr_free(&csr);
    p11csr_csr_free(&again);
    p11csr_request_free(&first);
    p11csr_request_free(&second);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* What a configuration says, and what is wrong with it. */
static void test_config(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    p11csr_request *request = new_request("CN=x");
    p11csr_key *key = ensure_key(ctx, "p256", "config");
    p11csr_csr *csr = NULL;
    char *dropped = NULL;
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/openssl.cnf", place->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("[req]\ndefault_bits=2048\ndefault_md=sha384\ndistinguished_name=d\nprompt=no\n"
                "req_extensions=e\n[d]\nCN=from.example\n[e]\nsubjectKeyIdentifier=hash\n[bad]\n"
                "distinguished_name=none\n",
                file);
    assert_int_equal(fclose(file), 0);
    check_ok(p11csr_request_take_openssl_config(request, ctx, path, NULL, &dropped, &both_err), &both_err);
    assert_non_null(strstr(dropped, "{\"kind\":\"setting\",\"name\":\"default_bits\",\"oid\":null"));
    p11csr_free_text(&dropped);
    check_ok(p11csr_request_sign(request, key, &csr, &both_err), &both_err);
    assert_string_equal(p11csr_csr_get_scheme(csr), "ecdsa-sha384");
    char *json = describe(ctx, csr);
    assert_non_null(strstr(json, "\"subject\":\"CN=from.example\""));
    assert_non_null(strstr(json, "subjectKeyIdentifier"));
    p11csr_free_text(&json);
    check_both(p11csr_request_take_openssl_config(request, ctx, path, "bad", &dropped, err), P11CSR_E_CONFIG);
    check_both(p11csr_request_take_openssl_config(request, ctx, path, "none", &dropped, err),
               P11CSR_E_CONFIG);
    assert_int_equal(remove(path), 0);
    check_both(p11csr_request_take_openssl_config(request, ctx, path, NULL, &dropped, err), P11CSR_E_READ);
    p11csr_csr_free(&csr);
    p11csr_key_free(&key);
    p11csr_request_free(&request);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start), cmocka_unit_test(test_config)};
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
