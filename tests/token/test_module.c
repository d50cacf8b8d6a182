// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/init.h"
#include "tokens/registry.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Getting a module: adopted, by path, by name. */

static void test_adopt(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pc_modules_count(&f->modules), 1);
    const struct pc_module *module = pc_modules_get(&f->modules, 0);
    assert_ptr_equal(module->fn, &f->mock->list);
    assert_string_equal(module->name, "mock");
    assert_false(module->managed); // not ours to finalise
    pc_modules_done(&f->modules);
    assert_int_equal(pc_modules_count(&f->modules), 0);
    assert_string_equal(f->mock->trace, "");
}

static void test_done_twice(void **state)
{
    (void)state;
    struct pc_modules modules = {0};
    pc_modules_done(&modules);
    pc_modules_done(&modules);
}

/* Fails to load `path`; the cause holds `says`. What was there before is left alone. */
static void check_load_fails(const char *path, enum p11csr_code code, const char *says)
{
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    struct pc_modules modules = {0};
    char message[300];
    (void)snprintf(message, sizeof(message), "cannot load the PKCS#11 module %s", path);
    const struct pc_result result = pc_modules_load(path, NULL, NULL, &modules, &err);
    check_failed(result, err, code, says);
    assert_string_equal(p11csr_error_message(err), message);
    assert_int_equal(pc_modules_count(&modules), 0);
}

static void test_missing_file(void **state)
{
    (void)state;
    check_load_fails("/nonexistent/module.so", P11CSR_E_MODULE_NOT_FOUND,
                     "'/nonexistent/module.so': No such file or directory");
    check_load_fails("./nonexistent.so", P11CSR_E_MODULE_NOT_FOUND, "'./nonexistent.so': No such file");
}

/* What the loader says is part of the error: people search for it. */
static void test_no_library(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *says;
    } files[] = {
        {"This is not a shared library, but it is long enough to look whether it is one.",
         "invalid ELF header"},
        {"", "file too short"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(files); i++) {
        char path[] = "/tmp/p11csr-test-XXXXXX";
        const int fd = mkstemp(path);
        assert_true(fd >= 0);
        const size_t len = strlen(files[i].content);
        assert_int_equal(write(fd, files[i].content, len), len);
        (void)close(fd);
        check_load_fails(path, P11CSR_E_MODULE_LOAD, files[i].says);
        (void)unlink(path);
    }
    check_load_fails("/tmp/", P11CSR_E_MODULE_LOAD, "/tmp/");
}

/* A library that is none for PKCS#11. */
static void test_other_library(void **state)
{
    (void)state;
    Dl_info info = {0};
    const void *symbol = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    assert_non_null(symbol);
    assert_int_not_equal(dladdr(symbol, &info), 0);
    check_load_fails(info.dli_fname, P11CSR_E_MODULE_LOAD, "C_GetFunctionList");
}

static void test_unknown_name(void **state)
{
    (void)state;
    check_load_fails("no-such-module-name", P11CSR_E_MODULE_NOT_FOUND,
                     "p11-kit knows no module named 'no-such-module-name'");
}

/* The names that are known are listed, and each of them is found. */
static void test_registry_lists_known(void **state)
{
    (void)state;
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    char *path = NULL;
    char *args = NULL;
    const struct pc_result result = pc_registry_resolve("no-such-module-name", &path, &args, &err);
    check_failed(result, err, P11CSR_E_MODULE_NOT_FOUND,
                 "p11-kit knows no module named 'no-such-module-name'");
    assert_null(path);
    for (size_t i = 0; i < p11csr_error_note_count(err); i++) {
        char name[200];
        p11csr_error *none = NULL;
        assert_int_equal(sscanf(p11csr_error_note(err, i), "known: %199s (", name), 1);
        check_ok(pc_registry_resolve(name, &path, &args, &none), &none);
        assert_int_equal(path[0], '/');
        pc_free_str(&path);
        pc_free_str(&args);
        name[strlen(name) - 1]++; // a name that is nearly one of them is none
        check_fails(pc_registry_resolve(name, &path, &args, &none), &none, P11CSR_E_MODULE_NOT_FOUND, name);
    }
}

/* The list has the same names, each with the path that its name leads to. */
static void test_registry_list(void **state)
{
    (void)state;
    p11csr_error *err = NULL;
    struct pc_buf known = {0};
    pc_buf_init(&known, 256 * sizeof(struct pc_known_module));
    check_ok(pc_registry_list(&known, &err), &err);
    const struct pc_known_module *rows = (const struct pc_known_module *)(const void *)known.ptr;
    for (size_t i = 0; i < known.len / sizeof(*rows); i++) {
        char *path = NULL;
        char *args = NULL;
        assert_string_equal(rows[i].file + strlen(rows[i].file) - strlen(".module"), ".module");
        if (rows[i].path != NULL) {
            check_ok(pc_registry_resolve(rows[i].name, &path, &args, &err), &err);
            assert_string_equal(rows[i].path, path);
        }
        assert_int_equal(rows[i].trust, strcmp(rows[i].name, "p11-kit-trust") == 0);
        pc_free_str(&path);
        pc_free_str(&args);
    }
    pc_registry_done(&known);
}

static void test_registry_names(void **state)
{
    (void)state;
    static const char *const names[] = {"", ".", "..", ".module", "softhsm2.module"};
    for (size_t i = 0; i < PC_ARRAY_LEN(names); i++) {
        p11csr_error *err = NULL;
        char *path = NULL;
        char *args = NULL;
        check_fails(pc_registry_resolve(names[i], &path, &args, &err), &err, P11CSR_E_MODULE_NOT_FOUND,
                    "knows no module");
        assert_null(path);
    }
}

static struct pc_secret *new_secret(const char *text)
{
    struct pc_secret *secret = pc_secret_new();
    assert_non_null(secret);
    assert_true(pc_secret_set(secret, text, strlen(text)));
    return secret;
}

/*
 * A new token: refused before anything is sent. What follows C_InitToken needs a module that p11-kit
 * manages.
 */
static void test_new_token(void **state)
{
    struct fixture *f = *state;
    struct pc_module *module = pc_modules_get(&f->modules, 0);
    struct pc_secret *so = new_secret("so-pin-1");
    struct pc_secret *user = new_secret("user-pin-1");
    check_fails(pc_token_create(module, "", so, user, &f->err), &f->err, P11CSR_E_VALUE,
                "the label of a token has 1 to 32 bytes");
    check_fails(pc_token_create(module, "123456789012345678901234567890123", so, user, &f->err), &f->err,
                P11CSR_E_VALUE, "the label of a token has 1 to 32 bytes");
    check_fails(pc_token_create(module, "new", so, user, &f->err), &f->err, P11CSR_E_TOKEN_NOT_FOUND,
                "has no slot for a new token");
    assert_int_equal(mock_calls(f->mock, "C_InitToken"), 0);
    struct mock_slot *empty = mock_add_slot(f->mock);
    empty->token.flags &= ~(CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED);
    mock_pad(empty->token.label, sizeof(empty->token.label), "");
    check_fails(pc_token_create(module, "token one", so, user, &f->err), &f->err, P11CSR_E_TOKEN_EXISTS,
                "module 'mock' has a token of this label");
    module->logs_calls = true;
    check_fails(pc_token_create(module, "new", so, user, &f->err), &f->err, P11CSR_E_PIN_LOGGED,
                "module 'mock' is used through a call log; no PIN was sent");
    assert_int_equal(mock_calls(f->mock, "C_InitToken"), 0);
    module->logs_calls = false;
    mock_fail(f->mock, "C_InitToken", 1, CKR_PIN_INCORRECT);
    const struct pc_result result = pc_token_create(module, "new", so, user, &f->err);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "C_InitToken: CKR_PIN_INCORRECT");
    assert_string_equal(p11csr_error_message(f->err), "cannot make the token 'new'");
    assert_false(error_holds(f->err, "so-pin-1"));
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 0);
    pc_secret_free(&so);
    pc_secret_free(&user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_adopt),
        cmocka_unit_test(test_done_twice),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_no_library),
        cmocka_unit_test(test_other_library),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_registry_lists_known),
        cmocka_unit_test(test_registry_list),
        cmocka_unit_test(test_registry_names),
        FIXTURE_TEST(test_new_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
