// SPDX-License-Identifier: Apache-2.0
/*
 * What is done to keys and certificates on a SoftHSM2 token, with every allocation of the library failing
 * once (see test_no_memory.c): NO_MEMORY and no output, or the whole result. The context is one for all, and
 * serves on after each failure.
 */
#include "place.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// NOLINTBEGIN(bugprone-reserved-identifier): the linker demands these names
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
// NOLINTEND(bugprone-reserved-identifier)

enum { CERTIFICATES = 2, MAX_ALLOCATIONS = 1000 };

static size_t allocations; /* since the scenario began */
static size_t fail_at;     /* the one that fails; 0: none */

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return allocations == fail_at ? NULL : __real_calloc(count, size);
}

struct stage {
    struct place *place;
    p11csr_ctx *ctx;
    p11csr_key *key; /* 'web' */
    unsigned char *der[CERTIFICATES];
    size_t der_len[CERTIFICATES];
};

static struct p11csr_certificate_select of_web(void)
{
    struct p11csr_certificate_select select = P11CSR_CERTIFICATE_SELECT_INIT;
    select.token = "api";
    select.label = "web";
    return select;
}

static enum p11csr_code install(const struct stage *stage, size_t index, int replace, char **ret_json,
                                p11csr_error **err)
{
    const struct p11csr_select key = by_label("web");
    struct p11csr_install what = P11CSR_INSTALL_INIT;
    what.certificate = stage->der[index];
    what.certificate_len = stage->der_len[index];
    what.replace = replace;
    return p11csr_certificate_install(stage->ctx, &key, &what, ret_json, err);
}

static size_t count_certificates(const struct stage *stage)
{
    const struct p11csr_certificate_select select = of_web();
    p11csr_certificate_list *list = NULL;
    p11csr_error *err = NULL;
    check_ok(p11csr_certificates_list(stage->ctx, &select, &list, &err), &err);
    const size_t count = p11csr_certificate_list_count(list);
    p11csr_certificate_list_free(&list);
    return count;
}

static void remove_certificates(const struct stage *stage)
{
    static const unsigned char serials[CERTIFICATES] = {1, 2};
    for (size_t i = 0; i < CERTIFICATES; i++) {
        struct p11csr_certificate_select select = of_web();
        p11csr_certificate *certificate = NULL;
        p11csr_error *err = NULL;
        select.serial = &serials[i];
        select.serial_len = 1;
        const enum p11csr_code code = p11csr_certificate_open(stage->ctx, &select, 1, &certificate, &err);
        if (code == P11CSR_OK) {
            check_ok(p11csr_certificate_delete(certificate, &err), &err);
        } else {
            check_fails(code, &err, P11CSR_E_CERT_NOT_FOUND);
        }
        p11csr_certificate_free(&certificate);
    }
    assert_int_equal(count_certificates(stage), 0);
}

static void set_old_certificate(const struct stage *stage)
{
    char *json = NULL;
    p11csr_error *err = NULL;
    remove_certificates(stage);
    check_ok(install(stage, 0, 0, &json, &err), &err);
    p11csr_free_text(&json);
}

/* Whatever is left of a key of this label goes. */
static void remove_key(const struct stage *stage, const char *label)
{
    const struct p11csr_select select = by_label(label);
    p11csr_objects *objects = NULL;
    p11csr_error *err = NULL;
    const enum p11csr_code code = p11csr_objects_find(stage->ctx, &select, &objects, &err);
    if (code == P11CSR_OK) {
        check_ok(p11csr_objects_delete(objects, 1, &err), &err);
    } else {
        check_fails(code, &err, P11CSR_E_KEY_NOT_FOUND);
    }
    p11csr_objects_free(&objects);
}

static void set_spare_key(const struct stage *stage)
{
    remove_key(stage, "spare");
    remove_key(stage, "renamed");
    p11csr_key *key = ensure_key(stage->ctx, "p256", "spare");
    p11csr_key_free(&key);
}

/* The output is there on success only; it is freed. */
#define CHECK_OUTPUT(code, output, free_it)                                                                  \
    do {                                                                                                     \
        assert_true(((code) == P11CSR_OK) == ((output) != NULL));                                            \
        free_it(&(output));                                                                                  \
    } while (0)

static enum p11csr_code list_certificates(const struct stage *stage, p11csr_error **err)
{
    const struct p11csr_certificate_select select = of_web();
    p11csr_certificate_list *list = NULL;
    const enum p11csr_code code = p11csr_certificates_list(stage->ctx, &select, &list, err);
    if (code == P11CSR_OK) { // that there is no memory is nothing about a certificate
        assert_int_equal(p11csr_certificate_list_count(list), 1);
        assert_null(p11csr_certificate_list_get(list, 0)->problem);
        assert_string_equal(p11csr_certificate_list_get(list, 0)->issuer, "CN=CA");
    }
    CHECK_OUTPUT(code, list, p11csr_certificate_list_free);
    return code;
}

static enum p11csr_code export_certificate(const struct stage *stage, p11csr_error **err)
{
    const struct p11csr_certificate_select select = of_web();
    p11csr_certificate *certificate = NULL;
    char *pem = NULL;
    enum p11csr_code code = p11csr_certificate_open(stage->ctx, &select, 0, &certificate, err);
    assert_true((code == P11CSR_OK) == (certificate != NULL));
    if (code == P11CSR_OK) {
        code = p11csr_certificate_to_pem(certificate, 1, &pem, err);
        CHECK_OUTPUT(code, pem, p11csr_free_text);
    }
    p11csr_certificate_free(&certificate);
    return code;
}

static enum p11csr_code delete_certificate(const struct stage *stage, p11csr_error **err)
{
    const struct p11csr_certificate_select select = of_web();
    p11csr_certificate *certificate = NULL;
    enum p11csr_code code = p11csr_certificate_open(stage->ctx, &select, 1, &certificate, err);
    if (code == P11CSR_OK) {
        code = p11csr_certificate_delete(certificate, err);
    }
    p11csr_certificate_free(&certificate);
    return code;
}

static enum p11csr_code install_first(const struct stage *stage, p11csr_error **err)
{
    char *json = NULL;
    const enum p11csr_code code = install(stage, 0, 0, &json, err);
    CHECK_OUTPUT(code, json, p11csr_free_text);
    return code;
}

static enum p11csr_code replace_certificate(const struct stage *stage, p11csr_error **err)
{
    char *json = NULL;
    const enum p11csr_code code = install(stage, 1, 1, &json, err);
    CHECK_OUTPUT(code, json, p11csr_free_text);
    return code;
}

static void check_some_certificate(const struct stage *stage)
{
    assert_in_range(count_certificates(stage), 1, CERTIFICATES);
}

static enum p11csr_code delete_key(const struct stage *stage, p11csr_error **err)
{
    const struct p11csr_select select = by_label("spare");
    p11csr_objects *objects = NULL;
    enum p11csr_code code = p11csr_objects_find(stage->ctx, &select, &objects, err);
    assert_true((code == P11CSR_OK) == (objects != NULL));
    if (code == P11CSR_OK) {
        code = p11csr_objects_delete(objects, 0, err);
    }
    p11csr_objects_free(&objects);
    return code;
}

static enum p11csr_code rename_key(const struct stage *stage, p11csr_error **err)
{
    static const unsigned char id[] = {0xC0, 0xFF, 0xEE};
    const struct p11csr_select select = by_label("spare");
    p11csr_objects *objects = NULL;
    enum p11csr_code code = p11csr_objects_find(stage->ctx, &select, &objects, err);
    if (code == P11CSR_OK) {
        code = p11csr_objects_rename(objects, "renamed", id, sizeof(id), err);
    }
    p11csr_objects_free(&objects);
    return code;
}

/* Its halves have one name, the old one or the new one. */
static void check_whole_key(const struct stage *stage)
{
    size_t whole = 0;
    p11csr_key_list *list = NULL;
    p11csr_error *err = NULL;
    struct p11csr_select select = P11CSR_SELECT_INIT;
    select.token = "api";
    check_ok(p11csr_keys_list(stage->ctx, &select, &list, &err), &err);
    for (size_t i = 0; i < p11csr_key_list_count(list); i++) {
        const struct p11csr_key_info *info = p11csr_key_list_get(list, i);
        const int is_it = strcmp(info->label, "spare") == 0 || strcmp(info->label, "renamed") == 0;
        whole += is_it && info->has_private == 1 && info->has_public == 1 ? 1 : 0;
    }
    p11csr_key_list_free(&list);
    assert_int_equal(whole, 1);
}

static enum p11csr_code show_public(const struct stage *stage, p11csr_error **err)
{
    enum p11csr_code code = P11CSR_OK;
    for (size_t i = 0; code == P11CSR_OK && p11csr_public_form_name(i) != NULL; i++) {
        unsigned char *bytes = NULL;
        size_t len = 0;
        code = p11csr_key_get_public(stage->key, p11csr_public_form_name(i), &bytes, &len, err);
        CHECK_OUTPUT(code, bytes, p11csr_free_bytes);
    }
    return code;
}

static enum p11csr_code show_pem_uri(const struct stage *stage, p11csr_error **err)
{
    char *pem = NULL;
    const enum p11csr_code code = p11csr_key_to_pem_uri(stage->key, "/etc/pin", &pem, err);
    CHECK_OUTPUT(code, pem, p11csr_free_text);
    return code;
}

static enum p11csr_code show_protection(const struct stage *stage, p11csr_error **err)
{
    struct p11csr_protection protection;
    char *json = NULL;
    enum p11csr_code code = p11csr_key_get_protection(stage->key, &protection, err);
    if (code == P11CSR_OK) {
        code = p11csr_key_protection_to_json(stage->key, &json, err);
        CHECK_OUTPUT(code, json, p11csr_free_text);
    }
    return code;
}

static enum p11csr_code list_records(const struct stage *stage, p11csr_error **err)
{
    char *json = NULL;
    const enum p11csr_code code = p11csr_intents_to_json(stage->ctx, &json, err);
    const char *state = code == P11CSR_OK ? strstr(json, "\"state\":\"both\"") : NULL;
    if (code == P11CSR_OK && state == NULL) {
        print_error("allocation %zu: %s\n", fail_at, json);
    }
    CHECK_OUTPUT(code, json, p11csr_free_text);
    return code == P11CSR_OK && state == NULL ? P11CSR_E_INTERNAL : code;
}

static const struct scenario {
    const char *name;
    void (*prepare)(const struct stage *stage); /* NULL: nothing changes */
    enum p11csr_code (*call)(const struct stage *stage, p11csr_error **err);
    void (*check)(const struct stage *stage); /* what is true whatever failed; NULL: nothing more */
} scenarios[] = {
    {"certificate install", remove_certificates, install_first, NULL},
    {"certificate replace", set_old_certificate, replace_certificate, check_some_certificate},
    {"certificate delete", set_old_certificate, delete_certificate, NULL},
    {"certificates list", NULL, list_certificates, NULL},
    {"certificate export", NULL, export_certificate, NULL},
    {"key rename", set_spare_key, rename_key, check_whole_key},
    {"key delete", set_spare_key, delete_key, NULL},
    {"key public", NULL, show_public, NULL},
    {"key protection", NULL, show_protection, NULL},
    {"key pem uri", NULL, show_pem_uri, NULL},
    {"key records", NULL, list_records, NULL},
};

/* Runs it with the n-th allocation failing; 0: none. */
static enum p11csr_code run(const struct scenario *row, const struct stage *stage, size_t n,
                            p11csr_error **err)
{
    if (row->prepare != NULL) {
        row->prepare(stage);
    }
    allocations = 0;
    fail_at = n;
    const enum p11csr_code code = row->call(stage, err);
    fail_at = 0;
    return code;
}

/* All of them; where only some of many cases are wanted (under the sanitizers) each seventh. */
static size_t step(void)
{
    const char *one_in = getenv("P11CSR_ONE_IN");
    return one_in != NULL && strcmp(one_in, "1") != 0 ? 7 : 1;
}

/* How many allocations failed in another way than by NO_MEMORY. */
static size_t try_all(const struct scenario *row, const struct stage *stage, size_t count, int wants_error)
{
    size_t faults = 0;
    for (size_t n = 1; n <= count; n += step()) {
        p11csr_error *err = NULL;
        const enum p11csr_code code = run(row, stage, n, wants_error ? &err : NULL);
        const enum p11csr_code said = err != NULL ? p11csr_error_code(err) : P11CSR_OK;
        if ((code != P11CSR_OK && code != P11CSR_E_NO_MEMORY) || (wants_error && said != code)) {
            const char *cause = err != NULL ? p11csr_error_cause(err, 0) : NULL;
            print_error("%s: allocation %zu: %s: %s\n", row->name, n, p11csr_code_name(code),
                        cause != NULL ? cause : "-");
            faults++;
        }
        p11csr_error_free(&err);
        if (row->check != NULL) {
            row->check(stage);
        }
    }
    return faults;
}

static void test_objects(void **state)
{
    const struct stage *stage = *state;
    size_t faults = 0;
    set_old_certificate(stage); // is there for those that change nothing
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        const struct scenario *row = &scenarios[i];
        p11csr_error *err = NULL;
        if (row->prepare == NULL) {
            set_old_certificate(stage);
        }
        check_ok(run(row, stage, 0, &err), &err);
        const size_t count = allocations;
        assert_in_range(count, 1, MAX_ALLOCATIONS);
        faults += try_all(row, stage, count, 1);
        faults += try_all(row, stage, count, 0);
        check_ok(run(row, stage, 0, &err), &err); // the context has not suffered
    }
    assert_int_equal(faults, 0);
}

/* The record of a key that is there, whose outcome was lost. */
static void leave_record(struct stage *stage)
{
    char path[PATH_SIZE];
    const char *id = p11csr_key_get_info(stage->key)->id;
    const int len = snprintf(path, sizeof(path), "%s/state/key-%s.json", stage->place->folder, id);
    assert_in_range(len, 1, (int)sizeof(path) - 1);
    FILE *record = fopen(path, "w");
    assert_non_null(record);
    assert_true(fprintf(record,
                        "{\"time\":\"2026-01-02T03:04:05Z\",\"token\":\"pkcs11:token=api\",\"id\":\"%s\","
                        "\"label\":\"web\",\"spec\":\"p256\"}",
                        id) > 0);
    assert_int_equal(fclose(record), 0);
}

static int make_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    p11csr_error *err = NULL;
    char folder[PATH_SIZE];
    assert_non_null(stage);
    assert_int_equal(make_place((void **)&stage->place), 0);
    stage->ctx = new_ctx(stage->place);
    (void)snprintf(folder, sizeof(folder), "%s/state", stage->place->folder);
    check_ok(p11csr_ctx_set_state_dir(stage->ctx, folder, &err), &err);
    stage->key = ensure_key(stage->ctx, "p256", "web");
    leave_record(stage);
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(stage->key, &len);
    for (size_t i = 0; i < CERTIFICATES; i++) {
        stage->der_len[i] = certify(spki, len, (long)i + 1, &stage->der[i]);
    }
    *state = stage;
    return 0;
}

static int remove_stage(void **state)
{
    struct stage *stage = *state;
    void *place = stage->place;
    for (size_t i = 0; i < CERTIFICATES; i++) {
        OPENSSL_free(stage->der[i]);
    }
    p11csr_key_free(&stage->key);
    p11csr_ctx_free(&stage->ctx);
    free(stage);
    return remove_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),
    };
    return cmocka_run_group_tests_name("no memory for objects", tests, make_stage, remove_stage);
}
