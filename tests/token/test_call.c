// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/call.h"
#include "tokens/keygen.h"

#include <stdio.h>
#include <string.h>

/* Who watches the calls is told of every one, before and after, and of nothing that it was given. */

struct seen {
    char names[4096]; /* as the mock writes them down: each followed by a blank */
    const char *inside;
    size_t entered;
    size_t left;
    size_t asking;
    CK_RV worst;
    char worst_name[32];
    char module[32];
};

static void watch(const struct p11csr_call *call, void *data)
{
    struct seen *seen = data;
    (void)snprintf(seen->module, sizeof(seen->module), "%s", call->module);
    if (call->leaving == 0) {
        assert_null(seen->inside); // one thread: no call within a call
        assert_null(call->rv_name);
        seen->inside = call->function;
        seen->entered++;
        seen->asking += call->asks_person != 0 ? 1 : 0;
        const size_t len = strlen(seen->names);
        (void)snprintf(seen->names + len, sizeof(seen->names) - len, "%s ", call->function);
        return;
    }
    assert_non_null(seen->inside);
    assert_string_equal(seen->inside, call->function);
    seen->inside = NULL;
    seen->left++;
    if (call->rv != CKR_OK) {
        seen->worst = call->rv;
        (void)snprintf(seen->worst_name, sizeof(seen->worst_name), "%s", call->rv_name);
    }
}

static void find_and_sign(struct fixture *f)
{
    struct pc_buf signature = {0};
    pc_buf_init(&signature, 1024);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
    pc_buf_done(&signature);
}

/* The mock writes down what it was called for, the hook what it was told: these are the same. */
static void test_every_call(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    const struct pc_call_hook hook = {.callback = watch, .data = &seen};
    (void)mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    pc_modules_get(&f->modules, 0)->hook = &hook;
    mock_reset_calls(f->mock);
    find_and_sign(f);
    assert_string_equal(seen.names, f->mock->trace);
    assert_non_null(strstr(seen.names, "C_OpenSession C_"));
    assert_non_null(strstr(seen.names, "C_SignInit C_Sign "));
    assert_int_equal(seen.left, seen.entered);
    assert_int_equal(seen.asking, 0);
    assert_string_equal(seen.module, "mock");
    struct pc_keygen wanted = {.label = "new"};
    check_ok(pc_keyspec_find("p256", &wanted.spec, &f->err), &f->err);
    struct pc_key key;
    pc_key_init(&key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &key, &f->err), &f->err);
    pc_key_done(&key);
    assert_string_equal(seen.names, f->mock->trace);
    pc_token_done(&f->token);
    assert_string_equal(seen.names, f->mock->trace);
    assert_int_equal(seen.left, seen.entered);
    pc_modules_get(&f->modules, 0)->hook = NULL; // it goes with this function
}

static void test_outcome(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct pc_buf signature = {0};
    const struct pc_call_hook hook = {.callback = watch, .data = &seen};
    pc_buf_init(&signature, 1024);
    (void)mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    pc_modules_get(&f->modules, 0)->hook = &hook;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    seen.worst = CKR_OK;
    mock_fail(f->mock, "C_Sign", 1, CKR_GENERAL_ERROR);
    assert_int_equal(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature).code, P11CSR_E_TOKEN);
    assert_true(error_holds(f->err, "C_Sign: CKR_GENERAL_ERROR"));
    assert_int_equal(seen.worst, CKR_GENERAL_ERROR);
    assert_string_equal(seen.worst_name, "CKR_GENERAL_ERROR");
    p11csr_error_free(&f->err);
    mock_fail(f->mock, "C_SignInit", 1, 0x80000001UL);
    assert_int_equal(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature).code, P11CSR_E_TOKEN);
    assert_string_equal(seen.worst_name, "CKR_0x80000001");
    pc_modules_get(&f->modules, 0)->hook = NULL; // it goes with this function
    pc_buf_done(&signature);
}

/* A PIN pad asks as long as a person needs; nobody may take the call for one that hangs. */
static void test_pin_pad(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    const struct pc_call_hook hook = {.callback = watch, .data = &seen};
    (void)mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].token.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    fixture_reopen(f);
    pc_modules_get(&f->modules, 0)->hook = &hook;
    find_and_sign(f);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 1);
    assert_int_equal(seen.asking, 2);
    pc_modules_get(&f->modules, 0)->hook = NULL; // it goes with this function
}

static void test_nobody(void **state)
{
    struct fixture *f = *state;
    const struct pc_call_hook hook = {0};
    (void)mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    pc_modules_get(&f->modules, 0)->hook = &hook;
    find_and_sign(f);
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 1);
    pc_modules_get(&f->modules, 0)->hook = NULL; // it goes with this function
}

/* What p11-kit does with a module's file is told too. */
static void test_loading(void **state)
{
    (void)state;
    p11csr_error *err PC_CLEANUP(pc_error_cleanup) = NULL;
    struct seen seen = {0};
    struct pc_modules modules = {0};
    const struct pc_call_hook hook = {.callback = watch, .data = &seen};
    const struct pc_result result = pc_modules_load("/bin/sh", NULL, &hook, &modules, &err);
    assert_int_equal(result.code, P11CSR_E_MODULE_LOAD);
    assert_string_equal(seen.names, "dlopen ");
    assert_string_equal(seen.worst_name, "CKR_LIBRARY_LOAD_FAILED");
    assert_int_equal(seen.left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_call), FIXTURE_TEST(test_outcome),     FIXTURE_TEST(test_pin_pad),
        FIXTURE_TEST(test_nobody),     cmocka_unit_test(test_loading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
