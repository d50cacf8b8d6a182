// SPDX-License-Identifier: Apache-2.0
/* What is done to keys that are there: deleted, renamed, and the records of those that were begun. */
#include "place.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static p11csr_objects *find(p11csr_ctx *ctx, const struct p11csr_select *select)
{
    p11csr_objects *objects = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_objects_find(ctx, select, &objects, &err), &err);
    return objects;
}

static void make(p11csr_ctx *ctx, const char *label)
{
    p11csr_key *key = ensure_key(ctx, "p256", label);
    p11csr_key_free(&key);
}

static void test_objects(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_objects *none = NULL;
    struct p11csr_select select = by_label("objects");
    make(ctx, "objects");
    p11csr_objects *objects = find(ctx, &select);
    assert_string_equal(p11csr_objects_get_key(objects)->label, "objects");
    assert_int_equal(p11csr_objects_is_fully_named(objects), 0); // without its id
    assert_int_equal(p11csr_objects_count(objects), 2);
    assert_string_equal(p11csr_objects_get(objects, 0)->kind, "private-key");
    assert_string_equal(p11csr_objects_get(objects, 1)->kind, "public-key");
    assert_null(p11csr_objects_get(objects, 2));
    assert_null(p11csr_objects_get(objects, 1)->kept);
    struct p11csr_select by_uri = P11CSR_SELECT_INIT;
    by_uri.token = p11csr_objects_get_key(objects)->uri;
    p11csr_objects *again = find(ctx, &by_uri);
    assert_int_equal(p11csr_objects_is_fully_named(again), 1);
    check_ok(p11csr_objects_delete(objects, 0, &both_err), &both_err);
    assert_int_equal(p11csr_objects_get(objects, 0)->gone, 1);
    check_ok(p11csr_objects_delete(objects, 1, &both_err), &both_err); // there is nothing left to do
    check_both(p11csr_objects_delete(again, 0, err), P11CSR_E_OBJECT_GONE);
    check_both(p11csr_objects_find(ctx, &select, &none, err), P11CSR_E_KEY_NOT_FOUND);
    select.label = NULL;
    check_both(p11csr_objects_find(ctx, &select, &none, err), P11CSR_E_USAGE);
    assert_null(none);
    p11csr_objects_free(&objects);
    p11csr_objects_free(&objects);
    p11csr_objects_free(NULL);
    assert_null(objects);
    p11csr_objects_free(&again);
    p11csr_ctx_free(&ctx);
}

static void test_rename(void **state)
{
    static const unsigned char id[] = {0xC0, 0xFF, 0xEE};
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    struct p11csr_select select = by_label("before");
    make(ctx, "before");
    make(ctx, "taken");
    p11csr_objects *objects = find(ctx, &select);
    check_both(p11csr_objects_rename(objects, NULL, NULL, 0, err), P11CSR_E_USAGE);
    check_both(p11csr_objects_rename(objects, "", NULL, 0, err), P11CSR_E_USAGE);
    check_both(p11csr_objects_rename(objects, NULL, id, 0, err), P11CSR_E_USAGE);
    check_both(p11csr_objects_rename(objects, "taken", NULL, 0, err), P11CSR_E_KEY_EXISTS);
    check_ok(p11csr_objects_rename(objects, "after", id, sizeof(id), &both_err), &both_err);
    assert_string_equal(p11csr_objects_get_key(objects)->label, "after");
    assert_string_equal(p11csr_objects_get_key(objects)->id, "c0ffee");
    assert_string_equal(p11csr_objects_get(objects, 1)->label, "after");
    assert_int_equal(p11csr_objects_get(objects, 1)->changed, 1);
    p11csr_objects_free(&objects);
    select.label = "after";
    select.id = id;
    select.id_len = sizeof(id);
    p11csr_key *key = NULL;
    check_ok(p11csr_key_open(ctx, &select, &key, &both_err), &both_err);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void write_record(const char *file, const char *id)
{
    FILE *record = fopen(file, "w");
    assert_non_null(record);
    assert_true(fprintf(record,
                        "{\"time\":\"2026-01-02T03:04:05Z\",\"token\":\"pkcs11:token=api\",\"id\":\"%s\","
                        "\"label\":\"begun\",\"spec\":\"p256\"}",
                        id) > 0);
    assert_int_equal(fclose(record), 0);
}

static void test_records(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    char *json = NULL;
    char folder[PATH_SIZE];
    char file[PATH_SIZE + 64];
    (void)snprintf(folder, sizeof(folder), "%s/state", place->folder);
    check_ok(p11csr_ctx_set_state_dir(ctx, folder, &both_err), &both_err);
    p11csr_key *key = ensure_key(ctx, "p256", "begun"); // makes the folder
    (void)snprintf(file, sizeof(file), "%s/key-%s.json", folder, p11csr_key_get_info(key)->id);
    write_record(file, p11csr_key_get_info(key)->id);
    check_ok(p11csr_intents_to_json(ctx, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"state\":\"both\""));
    p11csr_free_text(&json);
    check_both(p11csr_intent_close(ctx, file, err), P11CSR_E_KEY_EXISTS);
    check_both(p11csr_intent_close(ctx, "/no/such/record", err), P11CSR_E_READ);
    assert_int_equal(access(file, R_OK), 0);
    write_record(file, "0011223344");
    check_both(p11csr_intent_close(ctx, file, err), P11CSR_E_KEY_EXISTS); // the label is there
    const struct p11csr_select select = by_label("begun");
    p11csr_objects *objects = find(ctx, &select);
    check_ok(p11csr_objects_delete(objects, 0, &both_err), &both_err);
    check_ok(p11csr_intent_close(ctx, file, &both_err), &both_err);
    assert_int_equal(access(file, R_OK), -1);
    p11csr_objects_free(&objects);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_public_forms(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "forms");
    unsigned char *bytes = NULL;
    size_t len = 0;
    size_t count = 0;
    for (; p11csr_public_form_name(count) != NULL; count++) {
        check_ok(p11csr_key_get_public(key, p11csr_public_form_name(count), &bytes, &len, &both_err),
                 &both_err);
        assert_true(len > 0 && bytes[len] == 0);
        p11csr_free_bytes(&bytes);
    }
    assert_int_equal(count, 6);
    char *json = NULL;
    check_ok(p11csr_key_protection_to_json(key, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"evidence\":\"module-reported\""));
    p11csr_free_text(&json);
    check_both(p11csr_key_get_public(key, "spki-pam", &bytes, &len, err), P11CSR_E_USAGE);
    assert_null(bytes);
    p11csr_key_free(&key);
    key = ensure_key(ctx, "ed448", "forms 448");
    check_both(p11csr_key_get_public(key, "ssh", &bytes, &len, err), P11CSR_E_UNSUPPORTED);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_pem_uri(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "forms");
    char *pem = NULL;
    check_ok(p11csr_key_to_pem_uri(key, "/etc/pin", &pem, &both_err), &both_err);
    assert_non_null(strstr(pem, "-----BEGIN PKCS#11 PROVIDER URI-----\n"));
    p11csr_free_text(&pem);
    check_both(p11csr_key_to_pem_uri(key, "exec:/bin/sh", &pem, err), P11CSR_E_URI);
    assert_null(pem);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_certificates(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_certificate_list *list = NULL;
    p11csr_certificate *certificate = NULL;
    char *json = NULL;
    struct p11csr_certificate_select select = P11CSR_CERTIFICATE_SELECT_INIT;
    struct p11csr_install install = P11CSR_INSTALL_INIT;
    const struct p11csr_select key = by_label("web");
    select.token = "api";
    check_ok(p11csr_certificates_list(ctx, &select, &list, &both_err), &both_err);
    assert_int_equal(p11csr_certificate_list_count(list), 0);
    assert_null(p11csr_certificate_list_get(list, 0));
    p11csr_certificate_list_free(&list);
    p11csr_certificate_list_free(&list);
    check_both(p11csr_certificate_open(ctx, &select, 0, &certificate, err), P11CSR_E_CERT_NOT_FOUND);
    p11csr_key *web = ensure_key(ctx, "p256", "web");
    size_t len = 0;
    unsigned char *der = NULL;
    const unsigned char *spki = p11csr_key_get_spki(web, &len);
    install.certificate_len = certify(spki, len, 7, &der);
    install.certificate = der;
    check_ok(p11csr_certificate_install(ctx, &key, &install, &json, &both_err), &both_err);
    assert_non_null(strstr(json, "\"stored\":true"));
    p11csr_free_text(&json);
    check_both(p11csr_certificate_install(ctx, &key, &install, &json, err), P11CSR_E_CERT_EXISTS);
    assert_null(json);
    select.label = "web";
    check_ok(p11csr_certificate_open(ctx, &select, 1, &certificate, &both_err), &both_err);
    assert_memory_equal(p11csr_certificate_get_der(certificate, &len), der, install.certificate_len);
    assert_string_equal(p11csr_certificate_get_info(certificate)->issuer, "CN=CA");
    assert_int_equal(p11csr_certificate_is_fully_named(certificate), 0); // without its id
    char *pem = NULL;
    check_ok(p11csr_certificate_to_pem(certificate, 1, &pem, &both_err), &both_err);
    assert_non_null(strstr(pem, "-----BEGIN CERTIFICATE-----"));
    p11csr_free_text(&pem);
    check_ok(p11csr_certificate_delete(certificate, &both_err), &both_err);
    check_both(p11csr_certificate_delete(certificate, err), P11CSR_E_OBJECT_GONE);
    p11csr_certificate_free(&certificate);
    p11csr_key_free(&web);
    const struct p11csr_select other = by_label("other");
    web = ensure_key(ctx, "p256", "other");
    check_both(p11csr_certificate_install(ctx, &other, &install, &json, err), P11CSR_E_KEY_NOT_FOUND);
    p11csr_key_free(&web);
    install.certificate_len /= 2;
    check_both(p11csr_certificate_install(ctx, &key, &install, &json, err), P11CSR_E_CERTIFICATE);
    assert_null(json);
    OPENSSL_free(der);
    p11csr_certificate_free(&certificate);
    select.token = "pkcs11:token=api;type=private";
    check_both(p11csr_certificate_open(ctx, &select, 1, &certificate, err), P11CSR_E_URI);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),      cmocka_unit_test(test_rename),
        cmocka_unit_test(test_records),      cmocka_unit_test(test_public_forms),
        cmocka_unit_test(test_certificates), cmocka_unit_test(test_pem_uri),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
