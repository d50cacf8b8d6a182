// SPDX-License-Identifier: Apache-2.0
/* The public functions about tokens and keys, on a SoftHSM2 token: what it gives, and how it refuses. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_version(void **state)
{
    const char *version = p11csr_version();
    size_t dots = 0;
    (void)state;
    for (const char *dot = strchr(version, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        dots++;
    }
    assert_int_equal(dots, 2);
    assert_int_equal(strspn(version, "0123456789."), strlen(version));
}

static void test_codes(void **state)
{
    size_t known = 0;
    (void)state;
    for (int number = 0; number < MAX_CODE; number++) {
        const enum p11csr_code code = (enum p11csr_code)number;
        assert_non_null(p11csr_strerror(code));
        assert_true(p11csr_strerror(code)[0] != 0);
        assert_true(p11csr_code_name(code)[0] != 0);
        const int status = p11csr_code_exit_status(code);
        assert_in_range(status, number == 0 ? 0 : 1, 130);
        assert_in_range(p11csr_code_may_retry(code), 0, 1);
        known += strcmp(p11csr_code_name(code), p11csr_code_name((enum p11csr_code)MAX_CODE)) != 0 ? 1 : 0;
    }
    assert_true(known > 50);
    assert_int_equal(p11csr_code_exit_status(P11CSR_OK), 0);
    assert_string_equal(p11csr_code_name(P11CSR_OK), "OK");
    assert_string_equal(p11csr_code_name(P11CSR_E_PIN_INCORRECT), "PIN_INCORRECT");
    assert_int_equal(p11csr_code_exit_status(P11CSR_E_PIN_INCORRECT), 4);
    assert_int_equal(p11csr_code_may_retry(P11CSR_E_PIN_INCORRECT), 0);
    assert_int_equal(p11csr_code_may_retry(P11CSR_E_BUSY), 1);
}

static void test_freeing_nothing(void **state)
{
    p11csr_ctx *ctx = NULL;
    p11csr_error *err = NULL;
    p11csr_key *key = NULL;
    p11csr_key_list *keys = NULL;
    p11csr_token_list *tokens = NULL;
    p11csr_request *request = NULL;
    p11csr_csr *csr = NULL;
    char *text = NULL;
    unsigned char *bytes = NULL;
    struct p11csr_soft_token soft = {0};
    (void)state;
    p11csr_ctx_free(NULL);
    p11csr_ctx_free(&ctx);
    p11csr_error_free(NULL);
    p11csr_error_free(&err);
    p11csr_key_free(NULL);
    p11csr_key_free(&key);
    p11csr_key_list_free(NULL);
    p11csr_key_list_free(&keys);
    p11csr_token_list_free(NULL);
    p11csr_token_list_free(&tokens);
    p11csr_request_free(NULL);
    p11csr_request_free(&request);
    p11csr_csr_free(NULL);
    p11csr_csr_free(&csr);
    p11csr_free_text(NULL);
    p11csr_free_text(&text);
    p11csr_free_bytes(NULL);
    p11csr_free_bytes(&bytes);
    p11csr_soft_token_done(&soft);
    assert_int_equal(p11csr_error_code(NULL), P11CSR_OK);
    assert_non_null(p11csr_error_message(NULL));
    assert_non_null(p11csr_error_hint(NULL));
    assert_int_equal(p11csr_error_cause_count(NULL), 0);
    assert_int_equal(p11csr_error_note_count(NULL), 0);
    assert_null(p11csr_error_note(NULL, 0));
}

static void test_soft_token(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    struct p11csr_soft_token again = {0};
    check_ok(p11csr_soft_token_create(ctx, "api", place->config, place->data, &again, &both_err), &both_err);
    assert_int_equal(again.created, 0);
    assert_string_equal(again.alias_file, place->soft.alias_file);
    assert_string_equal(again.pin_file, place->soft.pin_file);
    assert_string_equal(again.config_file, place->soft.config_file);
    assert_int_equal(access(again.pin_file, R_OK), 0);
    p11csr_soft_token_done(&again);
    assert_null(again.alias_file);
    check_both(p11csr_soft_token_create(ctx, "../x", place->config, place->data, &again, err),
               P11CSR_E_VALUE);
    check_both(p11csr_soft_token_create(ctx, "x", "relative", place->data, &again, err), P11CSR_E_VALUE);
    assert_null(again.alias_file);
    p11csr_ctx_free(&ctx);
    assert_null(ctx);
}

static void test_configuration(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = NULL;
    p11csr_error *both_err = NULL;
    check_ok(p11csr_ctx_new(&ctx, &both_err), &both_err);
    assert_null(p11csr_ctx_alias_name(ctx, 0));
    check_both(p11csr_ctx_load_config(ctx, "/no/such/file.yaml", err), P11CSR_E_READ);
    check_both(p11csr_ctx_load_config(ctx, place->soft.pin_file, err), P11CSR_E_CONFIG);
    check_ok(p11csr_ctx_load_config(ctx, "/no/such/folder/", &both_err), &both_err);
    assert_null(p11csr_ctx_alias_name(ctx, 0));
    check_ok(p11csr_ctx_load_config(ctx, place->soft.alias_file, &both_err), &both_err);
    assert_string_equal(p11csr_ctx_alias_name(ctx, 0), "api");
    assert_null(p11csr_ctx_alias_name(ctx, 1));
    p11csr_ctx_free(&ctx);
}

/* The name of no file. */
static void test_empty_configuration_path(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    check_both(p11csr_ctx_load_config(ctx, "", err), P11CSR_E_READ);
    p11csr_ctx_free(&ctx);
}

static void test_tokens(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    p11csr_token_list *list = NULL;
    check_ok(p11csr_tokens_list(ctx, "api", &list, &both_err), &both_err);
    assert_int_equal(p11csr_token_list_count(list), 1);
    const struct p11csr_token_info *info = p11csr_token_list_get(list, 0);
    assert_string_equal(info->label, "api");
    assert_string_equal(info->model, "SoftHSM v2");
    assert_int_equal(info->login_required, 1);
    assert_int_equal(info->hardware, 0);
    assert_int_equal(info->pin_state, P11CSR_PIN_STATE_UNKNOWN);
    assert_null(p11csr_token_list_get(list, 1));
    p11csr_token_list *same = NULL;
    check_ok(p11csr_tokens_list(ctx, info->uri, &same, &both_err), &both_err);
    assert_string_equal(p11csr_token_list_get(same, 0)->serial, info->serial);
    p11csr_token_list_free(&same);
    p11csr_token_list_free(&list);
    assert_null(list);
    check_ok(p11csr_tokens_list(ctx, "pkcs11:token=none", &list, &both_err), &both_err);
    assert_int_equal(p11csr_token_list_count(list), 0);
    p11csr_token_list_free(&list);
    check_both(p11csr_tokens_list(ctx, "pkcs11:tokn=x", &list, err), P11CSR_E_URI);
    check_ok(p11csr_ctx_set_module(ctx, "/no/such/module.so", &both_err), &both_err);
    check_both(p11csr_tokens_list(ctx, "api", &list, err), P11CSR_E_MODULE_NOT_FOUND);
    check_ok(p11csr_ctx_set_module(ctx, NULL, &both_err), &both_err);
    check_ok(p11csr_tokens_list(ctx, "api", &list, &both_err), &both_err);
    p11csr_token_list_free(&list);
    int offered = -1;
    check_ok(p11csr_token_offers(ctx, "api", "ecdsa-sha256", &offered, &both_err), &both_err);
    assert_int_equal(offered, 1);
    offered = -1;
    check_ok(p11csr_token_offers(ctx, "api", "p256", &offered, &both_err), &both_err);
    assert_int_equal(offered, 1);
    offered = -1;
    check_both(p11csr_token_offers(ctx, "api", "p257", &offered, err), P11CSR_E_ALGORITHM);
    check_both(p11csr_token_offers(ctx, "pkcs11:token=none", "p256", &offered, err),
               P11CSR_E_TOKEN_NOT_FOUND);
    assert_int_equal(offered, -1);
    p11csr_ctx_free(&ctx);
}

struct seen {
    size_t count;
    char names[256];
    size_t pin_len;
};

static void see_attribute(const char *name, const unsigned char *value, size_t len, void *data)
{
    struct seen *seen = data;
    (void)value;
    seen->count++;
    (void)snprintf(seen->names + strlen(seen->names), sizeof(seen->names) - strlen(seen->names), "%s ", name);
    if (strcmp(name, "pin-value") == 0) {
        seen->pin_len = len;
    }
}

static void test_uri(void **state)
{
    struct seen seen = {.pin_len = 99};
    p11csr_error *both_err = NULL;
    char *text = NULL;
    (void)state;
    check_ok(p11csr_uri_normalize("pkcs11:object=a%2Fb;token=t?pin-value=1234", &text, &both_err), &both_err);
    assert_null(strstr(text, "1234"));
    assert_non_null(strstr(text, "token=t"));
    p11csr_free_text(&text);
    check_both(p11csr_uri_normalize("pkcs11:object", &text, err), P11CSR_E_URI);
    assert_null(text);
    check_ok(p11csr_uri_explain("pkcs11:object=a;token=t?pin-value=1234", see_attribute, &seen, &both_err),
             &both_err);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.pin_len, 0);
    check_both(p11csr_uri_explain("pkcs11:object=%zz", see_attribute, &seen, err), P11CSR_E_URI);
}

static void test_algorithms(void **state)
{
    struct p11csr_algorithm row;
    struct p11csr_algorithm scheme;
    size_t keys = 0;
    size_t schemes = 0;
    (void)state;
    assert_string_equal(p11csr_key_usage_name(0), "digitalSignature");
    assert_string_equal(p11csr_key_usage_name(8), "decipherOnly");
    assert_null(p11csr_key_usage_name(9));
    assert_string_equal(p11csr_ext_key_usage_name(0), "serverAuth");
    assert_null(p11csr_ext_key_usage_name(SIZE_MAX));
    for (; p11csr_scheme_algorithm(schemes, &scheme) != 0; schemes++) {
        assert_non_null(scheme.defined_in);
        assert_null(scheme.default_scheme);
    }
    for (; p11csr_key_algorithm(keys, &row) != 0; keys++) {
        size_t at = 0;
        assert_null(row.defined_in);
        while (p11csr_scheme_algorithm(at, &scheme) != 0 && strcmp(scheme.name, row.default_scheme) != 0) {
            at++;
        }
        assert_true(at < schemes);
        assert_string_equal(scheme.family, row.family);
    }
    assert_true(keys >= 12 && schemes >= 13);
    assert_int_equal(p11csr_key_algorithm(SIZE_MAX, &row), 0);
    assert_int_equal(p11csr_scheme_algorithm(SIZE_MAX, &row), 0);
}

static void test_keys(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    struct p11csr_select select = by_label("keys");
    struct p11csr_keygen keygen = P11CSR_KEYGEN_INIT;
    p11csr_key *key = NULL;
    p11csr_key *none = NULL;
    int made = -1;
    keygen.spec = "p256";
    check_ok(p11csr_key_generate(ctx, &select, &keygen, &key, &made, &both_err), &both_err);
    assert_int_equal(made, 1);
    const struct p11csr_key_info *info = p11csr_key_get_info(key);
    assert_string_equal(info->label, "keys");
    assert_string_equal(info->type, "p256");
    assert_string_equal(info->public_key_source, "public-key-object");
    assert_null(info->problem);
    assert_int_equal(info->bits, 256);
    size_t len = 0;
    const unsigned char *spki = p11csr_key_get_spki(key, &len);
    assert_int_equal(len, 91);
    assert_int_equal(spki[0], 0x30);
    struct p11csr_protection is = {0};
    check_ok(p11csr_key_get_protection(key, &is, &both_err), &both_err);
    assert_true(is.sensitive == 1 && is.extractable == 0 && is.sign == 1 && is.value_readable == 0);
    assert_string_equal(is.value_answer, "CKR_ATTRIBUTE_SENSITIVE");
    made = -1;
    check_both(p11csr_key_generate(ctx, &select, &keygen, &none, &made, err), P11CSR_E_KEY_EXISTS);
    assert_int_equal(made, -1);
    assert_null(none);
    keygen.ensure = 1;
    check_ok(p11csr_key_generate(ctx, &select, &keygen, &none, &made, &both_err), &both_err);
    assert_int_equal(made, 0);
    p11csr_key_free(&none);
    keygen.spec = "p384";
    check_both(p11csr_key_generate(ctx, &select, &keygen, &none, &made, err), P11CSR_E_KEY_SPEC);
    keygen.spec = "p38";
    check_both(p11csr_key_generate(ctx, &select, &keygen, &none, &made, err), P11CSR_E_ALGORITHM);
    struct p11csr_select by_spki = by_label(NULL);
    by_spki.spki = spki;
    by_spki.spki_len = len;
    check_ok(p11csr_key_open(ctx, &by_spki, &none, &both_err), &both_err);
    assert_string_equal(p11csr_key_get_info(none)->id, info->id);
    p11csr_key_free(&none);
    select.label = "no such key";
    check_both(p11csr_key_open(ctx, &select, &none, err), P11CSR_E_KEY_NOT_FOUND);
    assert_null(none);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Without an alias: the module and the PIN's source are the context's, the URI says the rest. */
static void test_key_by_uri(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = new_ctx(place);
    p11csr_error *both_err = NULL;
    char source[PATH_SIZE + 8];
    p11csr_key *key = ensure_key(ctx, "p256", "by uri");
    p11csr_key *same = NULL;
    struct p11csr_select select = P11CSR_SELECT_INIT;
    select.token = p11csr_key_get_info(key)->uri;
    (void)snprintf(source, sizeof(source), "file:%s", place->soft.pin_file);
    p11csr_ctx *plain = NULL;
    check_ok(p11csr_ctx_new(&plain, &both_err), &both_err);
    check_ok(p11csr_ctx_set_module(plain, place->soft.module, &both_err), &both_err);
    check_ok(p11csr_ctx_set_pin_source(plain, source, &both_err), &both_err);
    check_ok(p11csr_key_open(plain, &select, &same, &both_err), &both_err);
    assert_string_equal(p11csr_key_get_info(same)->spki_sha256, p11csr_key_get_info(key)->spki_sha256);
    p11csr_key_free(&same);
    select.token = "pkcs11:token=api;object=no%20such%20key";
    check_both(p11csr_key_open(plain, &select, &same, err), P11CSR_E_KEY_NOT_FOUND);
    p11csr_ctx_free(&plain);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

static void test_key_list(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_key_list *list = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "listed");
    struct p11csr_select select = by_label("listed");
    check_ok(p11csr_keys_list(ctx, &select, &list, &both_err), &both_err);
    assert_int_equal(p11csr_key_list_count(list), 1);
    assert_int_equal(p11csr_key_list_is_partial(list), 0);
    assert_string_equal(p11csr_key_list_get(list, 0)->uri, p11csr_key_get_info(key)->uri);
    assert_int_equal(p11csr_key_list_get(list, 0)->has_private, 1);
    assert_null(p11csr_key_list_get(list, 1));
    p11csr_key_free(&key);
    p11csr_key_list_free(&list);
    assert_null(list);
    select.token = "pkcs11:token=none";
    check_both(p11csr_keys_list(ctx, &select, &list, err), P11CSR_E_TOKEN_NOT_FOUND);
    assert_null(list);
    p11csr_ctx_free(&ctx);
}

/* A key that was opened for its public half signs nothing. */
static void test_public_half(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_csr *csr = NULL;
    p11csr_request *request = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "public half");
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
    ctx = new_ctx(*state);
    struct p11csr_select select = by_label("public half");
    check_ok(p11csr_ctx_set_login(ctx, P11CSR_LOGIN_NEVER, &both_err), &both_err);
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_KEY_NOT_FOUND);
    select.public_suffices = 1;
    check_ok(p11csr_key_open(ctx, &select, &key, &both_err), &both_err);
    assert_int_equal(p11csr_key_get_info(key)->has_private, 0);
    check_ok(p11csr_request_new(&request, &both_err), &both_err);
    check_ok(p11csr_request_set_subject(request, "CN=x", &both_err), &both_err);
    check_both(p11csr_request_sign(request, key, &csr, err), P11CSR_E_USAGE);
    assert_null(csr);
    p11csr_request_free(&request);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* A caller built against an earlier header says so by a smaller struct: what lies behind it is not read. */
static void test_smaller_struct(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *err = NULL;
    p11csr_key *key = ensure_key(ctx, "p256", "small");
    p11csr_key_free(&key);
    struct p11csr_select select = by_label("small");
    select.struct_size = offsetof(struct p11csr_select, spki);
    select.spki = (const unsigned char *)"garbage behind the end";
    select.spki_len = 7;
    select.pubkey = select.spki;
    select.pubkey_len = 7;
    check_ok(p11csr_key_open(ctx, &select, &key, &err), &err);
    p11csr_key_free(&key);
    p11csr_ctx_free(&ctx);
}

/* Without P11CSR_SELECT_INIT nothing in the struct can be trusted. */
static void test_struct_without_size(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    const struct p11csr_select select = {.token = "api", .label = "small"};
    const struct p11csr_keygen keygen = {.spec = "p256"};
    const struct p11csr_select good = by_label("never made");
    p11csr_key *key = NULL;
    p11csr_key_list *list = NULL;
    check_both(p11csr_key_open(ctx, &select, &key, err), P11CSR_E_USAGE);
    check_both(p11csr_keys_list(ctx, &select, &list, err), P11CSR_E_USAGE);
    check_both(p11csr_key_generate(ctx, &good, &keygen, &key, NULL, err), P11CSR_E_USAGE);
    assert_null(key);
    assert_null(list);
    p11csr_ctx_free(&ctx);
}

/* The quirk's row in the list, by its word. */
static const struct p11csr_quirk *find_quirk(const p11csr_quirk_list *list, const char *word)
{
    size_t at = 0;
    while (at + 1 < p11csr_quirk_list_count(list) &&
           strcmp(p11csr_quirk_list_get(list, at)->word, word) != 0) {
        at++;
    }
    assert_string_equal(p11csr_quirk_list_get(list, at)->word, word);
    return p11csr_quirk_list_get(list, at);
}

static void test_quirks(void **state)
{
    p11csr_ctx *ctx = new_ctx(*state);
    p11csr_error *both_err = NULL;
    p11csr_quirk_list *list = NULL;
    check_both(p11csr_ctx_set_quirk(ctx, "touch", err), P11CSR_E_VALUE);
    check_both(p11csr_ctx_set_quirk(ctx, "touch=maybe", err), P11CSR_E_VALUE);
    check_both(p11csr_ctx_set_quirk(ctx, "tuoch=yes", err), P11CSR_E_VALUE);
    check_ok(p11csr_ctx_set_quirk(ctx, "touch=no", &both_err), &both_err);
    check_ok(p11csr_ctx_set_quirk(ctx, "touch=yes", &both_err), &both_err); // the later one wins
    check_ok(p11csr_token_quirks(ctx, "api", &list, &both_err), &both_err);
    const struct p11csr_quirk *touch = find_quirk(list, "touch");
    assert_string_equal(touch->value, "yes");
    assert_string_equal(touch->fallback, "no");
    assert_string_equal(touch->set_by, "--quirk");
    assert_null(touch->evidence);
    assert_string_equal(find_quirk(list, "login")->set_by, "default");
    const struct p11csr_quirk *hint = find_quirk(list, "error-hint");
    assert_string_equal(hint->set_by, "row softhsm2");
    assert_non_null(strstr(hint->evidence, "SoftHSMv2"));
    assert_non_null(strstr(hint->value, "SOFTHSM2_CONF"));
    assert_null(p11csr_quirk_list_get(list, p11csr_quirk_list_count(list)));
    p11csr_quirk_list_free(&list);
    assert_null(list);
    p11csr_quirk_list_free(&list);
    check_both(p11csr_token_quirks(ctx, "pkcs11:token=none", &list, err), P11CSR_E_TOKEN_NOT_FOUND);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_public_half),
        cmocka_unit_test(test_freeing_nothing),
        cmocka_unit_test(test_soft_token),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_empty_configuration_path),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_quirks),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_key_by_uri),
        cmocka_unit_test(test_key_list),
        cmocka_unit_test(test_smaller_struct),
        cmocka_unit_test(test_struct_without_size),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
