// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/keygen.h"
#include "tokens/protection.h"
#include "tokens/recover.h"
#include "tokens/sign.h"

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
    check_failed(result, f->err, P11CSR_E_PROOF_PUBLIC_KEY, "found again has another public key");
    assert_true(has_note(f->err, "CKR_OBJECT_HANDLE_INVALID"));
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

/* Another card, with another PIN, is in the slot. */
static void exchange_card(struct fixture *f)
{
    struct mock_slot *slot = &f->mock->slots[0];
    memcpy(slot->token.serialNumber, "0000000000000099", 16);
    memcpy(slot->pin, "9999", 5);
    slot->tries = 3;
    mock_lose_sessions(f->mock);
}

/* No PIN is sent to a card that took the place of the one it is for, whenever that happens. */
static void test_no_pin_for_another_card(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set_flag(pair.private_key, CKA_ALWAYS_AUTHENTICATE, true);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    struct pc_token_signer self;
    struct pc_signer signer;
    check_ok(pc_token_signer_init(&self, &f->token, &f->key, &f->login, &signer, &f->err), &f->err);
    mock_reset_calls(f->mock);
    exchange_card(f);
    struct pc_result result = sign(f); // its session is lost
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "");
    p11csr_error_free(&f->err);
    result = sign(f); // the context has none now
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "not there any more");
    p11csr_error_free(&f->err);
    result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "not there any more");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->slots[0].wrong, 0);
}

/* The same where the first session is opened after the exchange. */
static void test_card_exchanged_before_the_session(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    exchange_card(f);
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->slots[0].wrong, 0);
}

/* A device that did not answer and was away, and another one in its place when it is asked again. */
static void test_other_card_after_device_error(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    mock_fail(f->mock, "C_SignInit", 1, CKR_DEVICE_ERROR);
    f->mock->slots[0].gone = true;
    struct pc_result result = sign(f);
    check_failed(result, f->err, P11CSR_E_CONNECTION, "CKR_DEVICE_ERROR");
    p11csr_error_free(&f->err);
    mock_forget_scripts(f->mock);
    f->mock->slots[0].gone = false;
    exchange_card(f);
    result = sign(f);
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "not there any more");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->slots[0].wrong, 0);
}

/* The PIN was changed meanwhile: that is what is told, not the session that was lost before. */
static void test_wrong_pin_on_the_way(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    memcpy(f->mock->slots[0].pin, "9999", 5);
    f->mock->slots[0].tries = 3;
    mock_lose_sessions(f->mock);
    struct pc_result result = sign(f);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    assert_true(has_note(f->err, "met on the way to another try after: "));
    p11csr_error_free(&f->err);
    result = sign(f);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "no other is sent");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->slots[0].wrong, 1);
}

/* Somebody else in the process logged out, or the device did by itself: what is searched for is all there. */
static void test_login_ended_elsewhere(void **state)
{
    struct fixture *f = *state;
    const struct pc_key_query any = {0};
    struct pc_buf keys PC_CLEANUP(pc_keys_done) = {0};
    pc_buf_init(&keys, 16 * sizeof(struct pc_key));
    find_web(f);
    f->mock->slots[0].logged_in = false;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->mock->slots[0].logged_in = false;
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    check_ok(pc_keys_list(&f->token, &any, &keys, &f->err), &f->err);
    assert_int_equal(keys.len, sizeof(struct pc_key));
    assert_int_equal(mock_calls(f->mock, "C_Login"), 2);
}

/* A session that is dead does not take all later calls with it. */
static void test_dead_session(void **state)
{
    struct fixture *f = *state;
    struct pc_key_protection is;
    find_web(f);
    mock_lose_sessions(f->mock);
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    mock_lose_sessions(f->mock);
    check_ok(pc_key_protection_read(&f->token, &f->key, &f->login, &is, &f->err), &f->err);
    assert_int_equal(is.sensitive, PC_FLAG_YES);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 2);
}

/* A token whose flags ask for no login and that has one all the same. */
static void test_login_without_the_flag(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].token.flags &= ~CKF_LOGIN_REQUIRED;
    fixture_reopen(f);
    f->login.mode = PC_LOGIN_ALWAYS;
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_lose_sessions(f->mock);
    check_ok(sign(f), &f->err);
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "new"};
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
    enum pc_flag is_private = PC_FLAG_UNKNOWN;
    check_ok(pc_object_flag(&f->token, f->key.private_key, CKA_PRIVATE, &is_private, &f->err), &f->err);
    assert_int_equal(is_private, PC_FLAG_YES);
}

/* A token that has one session: the old one goes before the new one is opened. */
static void test_one_session(void **state)
{
    struct fixture *f = *state;
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "new"};
    f->mock->knobs.max_sessions = 1;
    find_web(f);
    mock_fail(f->mock, "C_Sign", 1, CKR_GENERAL_ERROR);
    check_fails(sign(f), &f->err, P11CSR_E_TOKEN, "CKR_GENERAL_ERROR");
    mock_forget_scripts(f->mock);
    check_ok(sign(f), &f->err);
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
}

/* The card comes back and gives the handle of the key to another one: nothing is signed with that. */
static void test_handle_of_another_key(void **state)
{
    struct fixture *f = *state;
    struct mock_pair web = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    struct mock_pair mail = mock_add_pair(f->mock, MOCK_P256, 1, "mail", "2");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->mock->slots[0].gone = true;
    mock_lose_sessions(f->mock);
    const struct pc_result result = sign(f);
    check_failed(result, f->err, P11CSR_E_TOKEN_REMOVED, "");
    p11csr_error_free(&f->err);
    f->mock->slots[0].gone = false;
    const CK_OBJECT_HANDLE handle = web.private_key->handle;
    web.private_key->handle = mail.private_key->handle;
    mail.private_key->handle = handle;
    check_ok(sign(f), &f->err);
    assert_int_equal(f->key.private_key, web.private_key->handle);
}

/* What the caller handed in is not needed any more when the key was opened. */
static void test_given_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct pc_buf given PC_CLEANUP(pc_buf_done) = {0};
    mock_add_private(f->mock, MOCK_P256, 0, "web", "1");
    pc_buf_init(&given, 4096);
    unsigned char *spki = NULL;
    const size_t spki_len = mock_spki(mock_key(MOCK_P256, 0), &spki);
    pc_buf_add(&given, spki, spki_len);
    OPENSSL_free(spki);
    const struct pc_key_query query = {.label = "web", .given = pc_buf_span(&given)};
    check_ok(pc_key_find(&f->token, &query, &f->login, &f->key, &f->err), &f->err);
    assert_int_equal(f->key.source, PC_PUBKEY_GIVEN);
    memset(given.ptr, 0xff, given.len);
    mock_lose_sessions(f->mock);
    check_ok(sign(f), &f->err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_repeated_once),
        FIXTURE_TEST(test_not_for_ever),
        FIXTURE_TEST(test_lost_before),
        FIXTURE_TEST(test_generation_is_not_repeated),
        FIXTURE_TEST(test_other_card),
        FIXTURE_TEST(test_other_slot),
        FIXTURE_TEST(test_other_key),
        FIXTURE_TEST(test_failed_login_is_not_repeated),
        FIXTURE_TEST(test_no_pin_for_another_card),
        FIXTURE_TEST(test_card_exchanged_before_the_session),
        FIXTURE_TEST(test_other_card_after_device_error),
        FIXTURE_TEST(test_wrong_pin_on_the_way),
        FIXTURE_TEST(test_login_ended_elsewhere),
        FIXTURE_TEST(test_dead_session),
        FIXTURE_TEST(test_login_without_the_flag),
        FIXTURE_TEST(test_one_session),
        FIXTURE_TEST(test_given_is_not_kept),
        FIXTURE_TEST(test_handle_of_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
