// SPDX-License-Identifier: Apache-2.0
/*
 * Aliases whose modules are the same file under two names. A module reads its environment once, so what the
 * second alias wants to be different would silently not be.
 */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define UNSET "P11CSR_TEST_UNSET"

/* The alias 'first' for the module, and 'second' for a link to it with this in its environment. */
static p11csr_ctx *ctx_with(const struct place *place, const char *variable, const char *value)
{
    char link[PATH_SIZE];
    char path[PATH_SIZE];
    p11csr_ctx *ctx = NULL;
    p11csr_error *err = NULL;
    (void)snprintf(link, sizeof(link), "%s/link.so", place->folder);
    (void)snprintf(path, sizeof(path), "%s/aliases.yaml", place->folder);
    assert_true(access(link, F_OK) == 0 || symlink(SOFTHSM_MODULE, link) == 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(
        fprintf(file,
                "tokens:\n"
                "  first: { uri: \"pkcs11:token=api\", module: \"%s\", env: { SOFTHSM2_CONF: \"%s\" } }\n"
                "  second: { uri: \"pkcs11:token=api\", module: \"%s\", env: { %s: \"%s\" } }\n",
                SOFTHSM_MODULE, place->soft.config_file, link, variable, value) > 0);
    assert_int_equal(fclose(file), 0);
    check_ok(p11csr_ctx_new(&ctx, &err), &err);
    check_ok(p11csr_ctx_load_config(ctx, path, &err), &err);
    return ctx;
}

static enum p11csr_code list_tokens(p11csr_ctx *ctx, const char *alias, p11csr_error **err)
{
    p11csr_token_list *list = NULL;
    const enum p11csr_code code = p11csr_tokens_list(ctx, alias, &list, err);
    if (code == P11CSR_OK) {
        assert_int_equal(p11csr_token_list_count(list), 1);
    }
    p11csr_token_list_free(&list);
    return code;
}

/* The first alias works, the second does not in this context; it does where it comes first. */
static void check_refused(const struct place *place, const char *variable, const char *value)
{
    p11csr_ctx *ctx = ctx_with(place, variable, value);
    p11csr_error *both_err = NULL;
    check_ok(list_tokens(ctx, "first", &both_err), &both_err);
    check_both(list_tokens(ctx, "second", err), P11CSR_E_CONFIG);
    assert_int_equal(list_tokens(ctx, "second", &both_err), P11CSR_E_CONFIG);
    assert_non_null(strstr(p11csr_error_cause(both_err, 0), "alias 'second' wants another value of"));
    assert_non_null(strstr(p11csr_error_cause(both_err, 0), variable));
    p11csr_error_free(&both_err);
    check_ok(list_tokens(ctx, "first", &both_err), &both_err);
    p11csr_ctx_free(&ctx);
}

static void test_other_value(void **state)
{
    const struct place *place = *state;
    char other[PATH_SIZE + 8];
    (void)snprintf(other, sizeof(other), "%s.other", place->soft.config_file);
    check_refused(place, "SOFTHSM2_CONF", other);
}

/* The module was loaded without the variable, which is a value too. */
static void test_value_that_was_unset(void **state)
{
    assert_null(getenv(UNSET));
    check_refused(*state, UNSET, "1");
    assert_null(getenv(UNSET));
}

/* A module that another context has loaded has that one's tokens: this one's PIN is not for them. */
static void test_other_context(void **state)
{
    const struct place *place = *state;
    char other[PATH_SIZE + 8];
    p11csr_error *err = NULL;
    (void)snprintf(other, sizeof(other), "%s.other", place->soft.config_file);
    p11csr_ctx *one = ctx_with(place, "SOFTHSM2_CONF", other);
    p11csr_ctx *two = ctx_with(place, "SOFTHSM2_CONF", other);
    check_ok(list_tokens(one, "first", &err), &err);
    check_fails(list_tokens(two, "second", &err), &err, P11CSR_E_CONFIG);
    assert_string_equal(getenv("SOFTHSM2_CONF"), place->soft.config_file);
    check_ok(list_tokens(two, "first", &err), &err);
    p11csr_ctx_free(&one);
    check_fails(list_tokens(two, "second", &err), &err, P11CSR_E_CONFIG);
    p11csr_ctx_free(&two);
}

static void test_same_value(void **state)
{
    const struct place *place = *state;
    p11csr_ctx *ctx = ctx_with(place, "SOFTHSM2_CONF", place->soft.config_file);
    p11csr_error *err = NULL;
    check_ok(list_tokens(ctx, "first", &err), &err);
    check_ok(list_tokens(ctx, "second", &err), &err);
    p11csr_ctx_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_context),
        cmocka_unit_test(test_same_value),
        cmocka_unit_test(test_value_that_was_unset),
        cmocka_unit_test(test_other_value),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
