// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/keygen.h"
#include "tokens/recover.h"

#include <string.h>

/* What the policy of tokens/recover.h repeats, how often, and what it never does. */

static void find_web(struct fixture *f)
{
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_reset_calls(f->mock);
    fixture_sleeps = 0;
    fixture_slept_ms = 0;
}

static struct pc_result sign(struct fixture *f)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    const struct pc_result result = fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature);
    if (pc_is_ok(result)) {
        const struct pc_span message = pc_span_str("message");
        assert_true(mock_verify(mock_key(MOCK_P256, 0), message, pc_buf_span(&signature), false));
    }
    return result;
}

/* Each kind of failure once: the call ends well, and a PIN is sent again only where the login is gone. */
static void test_repeated_once(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *function;
        CK_RV rv;
        unsigned long logins;
        unsigned long searches;
    } rows[] = {
        {"C_Sign", CKR_DEVICE_REMOVED, 1, 1},
        {"C_SignInit", CKR_SESSION_HANDLE_INVALID, 1, 1},
        {"C_Sign", CKR_DEVICE_ERROR, 1, 1},
        {"C_SignInit", CKR_KEY_HANDLE_INVALID, 0, 1},
        {"C_SignInit", CKR_OBJECT_HANDLE_INVALID, 0, 1},
        {"C_Sign", CKR_USER_NOT_LOGGED_IN, 1, 1},
        {"C_SignInit", CKR_OPERATION_ACTIVE, 0, 0},
        {"C_SignInit", CKR_TOKEN_RESOURCE_EXCEEDED, 0, 0},
    };
    find_web(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        mock_reset_calls(f->mock);
        mock_fail(f->mock, rows[i].function, 1, rows[i].rv);
        check_ok(sign(f), &f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), rows[i].logins);
        assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), rows[i].searches);
        mock_forget_scripts(f->mock);
    }
}

/* What fails again after it was mended fails; a busy token is waited for three times. */
static void test_not_for_ever(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_RV rv;
        enum p11csr_code code;
        unsigned long calls;
    } rows[] = {
        {CKR_DEVICE_REMOVED, P11CSR_E_TOKEN_REMOVED, 2},
        {CKR_KEY_HANDLE_INVALID, P11CSR_E_OBJECT_GONE, 2},
        {CKR_USER_NOT_LOGGED_IN, P11CSR_E_LOGIN, 2},
        {CKR_SESSION_COUNT, P11CSR_E_BUSY, 4},
        {CKR_GENERAL_ERROR, P11CSR_E_TOKEN, 1},
        {CKR_KEY_FUNCTION_NOT_PERMITTED, P11CSR_E_KEY_USE, 1},
    };
    find_web(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        mock_reset_calls(f->mock);
        mock_fail(f->mock, "C_SignInit", 0, rows[i].rv);
        check_fails(sign(f), &f->err, rows[i].code, "C_SignInit");
        assert_int_equal(mock_calls(f->mock, "C_SignInit"), rows[i].calls);
        mock_forget_scripts(f->mock);
        check_ok(sign(f), &f->err);
    }
    assert_int_equal(fixture_sleeps, 3);
    assert_int_equal(fixture_slept_ms, 100 + 400 + 1600);
}

/* A search in a session that was lost meanwhile, and a new key. */
static void test_lost_before(void **state)
{
    struct fixture *f = *state;
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "new"};
    find_web(f);
    mock_lose_sessions(f->mock);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    mock_lose_sessions(f->mock);
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 1);
    assert_int_equal(mock_object_count(f->mock), 4);
}

/* A key is never made twice: not even when the token was away while it was asked. */
static void test_generation_is_not_repeated(void **state)
{
    struct fixture *f = *state;
    static const CK_RV codes[] = {CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR, CKR_SESSION_HANDLE_INVALID,
                                  CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED};
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "new"};
    for (size_t i = 0; i < PC_ARRAY_LEN(codes); i++) {
        mock_reset_calls(f->mock);
        mock_fail(f->mock, "C_GenerateKeyPair", 1, codes[i]);
        pc_key_done(&f->key);
        assert_false(pc_is_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err)));
        assert_true(has_note(f->err, "may have made the key"));
        p11csr_error_free(&f->err);
        assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 1);
        mock_forget_scripts(f->mock);
    }
}

/* The card was exchanged while the session was gone: its PIN is not sent to the other one. */
static void test_other_card(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    memcpy(f->mock->slots[0].token.serialNumber, "0000000000000099", 16);
    mock_lose_sessions(f->mock);
    const struct pc_result result = sign(f);
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "the session is gone");
    assert_true(has_note(f->err, "it was not tried again: the token is not there any more"));
    p11csr_error_free(&f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

/* The card comes back in another slot of the module. */
static void test_other_slot(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    f->mock->slots[0].id += 7;
    mock_lose_sessions(f->mock);
    check_ok(sign(f), &f->err);
    assert_int_equal(f->token.slot.id, f->mock->slots[0].id);
}

/* Another key has the name now: what was asked for is not signed with it. */
static void test_other_key(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    for (size_t i = 0; i < MOCK_OBJECTS; i++) {
        if (f->mock->objects[i].handle != CK_INVALID_HANDLE) {
            mock_object_remove(&f->mock->objects[i]);
        }
    }
    mock_add_pair(f->mock, MOCK_P256, 1, "web", "1");
    const struct pc_result result = sign(f);
    check_failed(result, f->err, P11CSR_E_OBJECT_GONE, "gone from the token");
    assert_true(has_note(f->err, "the key that was found again has another public key"));
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->signatures, 0);
}

/* A PIN that the token did not take is not sent again, whatever the reason was. */
static void test_failed_login_is_not_repeated(void **state)
{
    struct fixture *f = *state;
    static const CK_RV codes[] = {CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_SESSION_HANDLE_INVALID,
                                  CKR_TOKEN_RESOURCE_EXCEEDED, CKR_PIN_INCORRECT};
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    for (size_t i = 0; i < PC_ARRAY_LEN(codes); i++) {
        fixture_reopen(f);
        mock_fail(f->mock, "C_Login", 0, codes[i]);
        const struct pc_result result = fixture_find(f, "web", NULL);
        check_failed(result, f->err, p11csr_error_code(f->err), "C_Login");
        p11csr_error_free(&f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
        mock_forget_scripts(f->mock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_repeated_once), FIXTURE_TEST(test_not_for_ever),
        FIXTURE_TEST(test_lost_before),   FIXTURE_TEST(test_generation_is_not_repeated),
        FIXTURE_TEST(test_other_card),    FIXTURE_TEST(test_other_slot),
        FIXTURE_TEST(test_other_key),     FIXTURE_TEST(test_failed_login_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
