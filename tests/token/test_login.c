// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/ckr.h"

#include <string.h>

/* When a PIN is asked for and sent, and when it must not be. */

static void find_web(struct fixture *f)
{
    check_ok(fixture_find(f, "web", NULL), &f->err);
}

static void set_flags(struct fixture *f, CK_FLAGS flags)
{
    f->mock->slots[0].token.flags |= flags;
    fixture_reopen(f);
}

static void test_not_needed(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set_flag(pair.private_key, CKA_PRIVATE, false);
    f->mock->slots[0].token.flags &= ~CKF_LOGIN_REQUIRED;
    fixture_reopen(f);
    find_web(f);
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 1);
    assert_int_equal(f->asked, 0);
}

/* A source that asks nobody: the login comes first, so that there is one search and not two. */
static void test_quiet_source_first(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 1);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 1);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_true(strstr(f->mock->trace, "C_Login ") < strstr(f->mock->trace, "C_FindObjectsInit "));
    assert_string_equal(f->mock->last_pin, "1234");
    find_web(f); // once per run
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 2);
    assert_int_equal(f->asked, 1);
    assert_int_equal(f->request.role, PC_ROLE_USER);
    assert_false(f->request_has_key);
}

static void test_person_is_asked_only_when_needed(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->source.asks_person = true;
    mock_set_flag(pair.private_key, CKA_PRIVATE, false);
    find_web(f);
    assert_int_equal(f->asked, 0);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    mock_set_flag(pair.private_key, CKA_PRIVATE, true);
    find_web(f);
    assert_int_equal(f->asked, 1);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
}

/*
 * A token that lets nobody search before the login (CKR_USER_NOT_LOGGED_IN) shows no key: the person is
 * asked.
 */
static void test_search_wants_login(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->knobs.find_wants_login = true;
    f->source.asks_person = true;
    find_web(f);
    assert_int_equal(f->asked, 1);
    fixture_reopen(f);
    f->login.source = NULL;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_NEEDED, "wants a login");
}

static void test_no_source(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->login.source = NULL;
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_PIN_NEEDED,
                 "token 'token one' wants a login and no PIN source is set");
    assert_string_equal(p11csr_error_message(f->err), "cannot use key 'web' on token 'token one'");
    assert_string_equal(p11csr_error_cause(f->err, 0), "cannot log in to token 'token one'");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    p11csr_error_free(&f->err);
    mock_set_flag(pair.private_key, CKA_PRIVATE, false);
    find_web(f);
}

static void test_cancelled(void **state)
{
    struct fixture *f = *state;
    f->answer = NULL;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_CANCELLED,
                "cannot log in to token 'token one'");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

static void test_flags_forbid(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_FLAGS flag;
        enum p11csr_code code;
        const char *says;
    } rows[] = {
        {CKF_USER_PIN_LOCKED, P11CSR_E_PIN_LOCKED, "the token reports CKF_USER_PIN_LOCKED; no PIN was sent"},
        {CKF_USER_PIN_FINAL_TRY, P11CSR_E_PIN_FINAL_TRY,
         "the token reports CKF_USER_PIN_FINAL_TRY; no PIN was sent"},
        {CKF_USER_PIN_TO_BE_CHANGED, P11CSR_E_PIN_CHANGE,
         "the token reports CKF_USER_PIN_TO_BE_CHANGED; no PIN was sent"},
    };
    const CK_FLAGS before = f->mock->slots[0].token.flags;
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        for (int pad = 0; pad < 2; pad++) { // at the device no PIN may be wanted either
            f->mock->slots[0].token.flags = before;
            set_flags(f, rows[i].flag | (pad != 0 ? CKF_PROTECTED_AUTHENTICATION_PATH : 0));
            check_fails(fixture_find(f, "web", NULL), &f->err, rows[i].code, rows[i].says);
            assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
            assert_int_equal(f->asked, 0);
        }
    }
}

/*
 * The flags are read again right before: another program may have used up tries since the token was found.
 */
static void test_flags_are_fresh(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].tries = 3;
    f->mock->slots[0].wrong = 2;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_FINAL_TRY, "no PIN was sent");
    f->mock->slots[0].wrong = 3;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_LOCKED, "no PIN was sent");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    f->mock->slots[0].wrong = 1;
    find_web(f);
    assert_true(f->request.count_low);
    assert_false(f->request.final_try);
}

static void test_final_try_accepted(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].tries = 3;
    f->mock->slots[0].wrong = 2;
    f->login.accept_final_try = true;
    find_web(f);
    assert_true(f->request.final_try);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    fixture_reopen(f);
    f->mock->slots[0].wrong = 3; // a lock is not a final try
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_LOCKED, "no PIN was sent");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

static void test_wrong_is_sent_once(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->mock->slots[0].tries = 3;
    f->answer = "98765";
    struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "C_Login: CKR_PIN_INCORRECT (the PIN is wrong)");
    assert_true(has_note(f->err, "the token counts wrong PINs"));
    assert_false(error_holds(f->err, "98765"));
    p11csr_error_free(&f->err);
    f->answer = "1234"; // even the right one: the source is not trusted any more in this run
    result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT,
                 "a wrong PIN was sent in this run; no other is sent");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->pins_sent, 1);
    assert_int_equal(f->asked, 1);
    assert_int_equal(f->mock->slots[0].wrong, 1);
}

static void test_notes_after_wrong(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned tries;
        bool hides;
        const char *note;
    } rows[] = {
        {5, false, "the token counts wrong PINs; how many are left it does not say"},
        {2, false, "the token now reports: one more wrong PIN locks it"},
        {1, false, "the token now reports the PIN as locked"},
        {3, true, "how many tries are left is unknown"},
        {0, false, "how many tries are left is unknown"},
    };
    f->answer = "9999";
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        f->mock->slots[0].wrong = 0;
        f->mock->slots[0].tries = rows[i].tries;
        f->mock->slots[0].hides_flags = rows[i].hides;
        fixture_reopen(f);
        const struct pc_result result = fixture_find(f, "web", NULL);
        check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
        assert_true(has_note(f->err, rows[i].note));
        p11csr_error_free(&f->err);
    }
}

/* What C_Login may answer: nothing of it makes a second call send a PIN that was refused. */
static void test_answers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_RV rv;
        enum p11csr_code code;
        enum p11csr_code again;
    } rows[] = {
        {CKR_PIN_INCORRECT, P11CSR_E_PIN_INCORRECT, P11CSR_E_PIN_INCORRECT},
        {CKR_PIN_INVALID, P11CSR_E_PIN_INCORRECT, P11CSR_E_PIN_INCORRECT},
        {CKR_PIN_LEN_RANGE, P11CSR_E_PIN_LENGTH, P11CSR_E_PIN_INCORRECT},
        {CKR_PIN_LOCKED, P11CSR_E_PIN_LOCKED, P11CSR_E_PIN_INCORRECT},
        {CKR_PIN_EXPIRED, P11CSR_E_PIN_CHANGE, P11CSR_OK},
        {CKR_USER_PIN_NOT_INITIALIZED, P11CSR_E_PIN_NOT_SET, P11CSR_OK},
        {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, P11CSR_E_LOGIN, P11CSR_OK},
        {CKR_FUNCTION_CANCELED, P11CSR_E_PIN_CANCELLED, P11CSR_OK},
        {CKR_DEVICE_REMOVED, P11CSR_E_TOKEN_REMOVED, P11CSR_OK},
        {0x80000042UL, P11CSR_E_TOKEN, P11CSR_OK},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        char name[32];
        fixture_reopen(f);
        mock_forget_scripts(f->mock);
        mock_fail(f->mock, "C_Login", 1, rows[i].rv);
        struct pc_result result = pc_login_user(&f->token, &f->login, &f->err);
        check_failed(result, f->err, rows[i].code, pc_ckr_name(rows[i].rv, name));
        assert_string_equal(p11csr_error_message(f->err), "cannot log in to token 'token one'");
        p11csr_error_free(&f->err);
        result = pc_login_user(&f->token, &f->login, &f->err);
        assert_int_equal(result.code, rows[i].again);
        p11csr_error_free(&f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), rows[i].again == P11CSR_OK ? 2 : 1);
    }
}

static void test_length_is_checked_before(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_ULONG min;
        CK_ULONG max;
        const char *answer;
        bool fits;
    } rows[] = {
        {4, 16, "123", false},
        {4, 16, "1234", true},
        {4, 16, "12345678901234567", false},
        {5, 16, "1234", false},
        {0, 3, "1234", false},
        {4, 4, "1234", true},
        {0, 0, "1234", true},
        {0, 0, "", true},
        {1, 0, "", false},
        {CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, "1234", true},
        {4, CK_UNAVAILABLE_INFORMATION, "123", false},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        f->mock->slots[0].token.ulMinPinLen = rows[i].min;
        f->mock->slots[0].token.ulMaxPinLen = rows[i].max;
        (void)snprintf(f->mock->slots[0].pin, sizeof(f->mock->slots[0].pin), "%s", rows[i].answer);
        f->answer = rows[i].answer;
        fixture_reopen(f);
        const struct pc_result result = pc_login_user(&f->token, &f->login, &f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), rows[i].fits ? 1 : 0);
        if (rows[i].fits) {
            check_ok(result, &f->err);
        } else {
            check_fails(result, &f->err, P11CSR_E_PIN_LENGTH, "the token takes");
            f->answer = "1234"; // nothing was sent: another may follow
            assert_false(f->token.pin_was_wrong);
        }
    }
}

static void test_pad_gets_no_pin(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    set_flags(f, CKF_PROTECTED_AUTHENTICATION_PATH);
    find_web(f);
    assert_true(f->mock->last_was_null);
    assert_int_equal(f->mock->pins_sent, 0);
    assert_int_equal(f->asked, 0);
    fixture_reopen(f);
    f->login.source = NULL; // not needed either
    find_web(f);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
}

/* Another session of the process logged in. That is success, and the login is not ours to end. */
static void test_already_logged_in(void **state)
{
    struct fixture *f = *state;
    CK_SESSION_HANDLE other = 0;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    assert_int_equal(f->mock->list.C_OpenSession(17, CKF_SERIAL_SESSION, NULL, NULL, &other), CKR_OK);
    f->mock->slots[0].logged_in = true;
    find_web(f);
    pc_token_done(&f->token);
    assert_int_equal(mock_calls(f->mock, "C_Logout"), 0);
    assert_true(f->mock->slots[0].logged_in);
    // The last session of the process takes the login with it.
    assert_int_equal(f->mock->list.C_CloseSession(other), CKR_OK);
    f->mock->slots[0].logged_in = false;
    fixture_reopen(f);
    find_web(f);
    pc_token_done(&f->token);
    assert_int_equal(mock_calls(f->mock, "C_Logout"), 0);
    assert_false(f->mock->slots[0].logged_in);
}

static void test_context_login(void **state)
{
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    find_web(f);
    for (unsigned long i = 1; i <= 2; i++) { // once for each signature
        mock_reset_calls(f->mock);
        check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
        assert_int_equal(f->asked, 1 + i);
        assert_int_equal(f->mock->last_user, CKU_CONTEXT_SPECIFIC);
        assert_int_equal(f->request.role, PC_ROLE_CONTEXT);
        assert_true(f->request_has_key);
        assert_non_null(strstr(f->mock->trace, "C_SignInit C_Login C_Sign ")); // nothing in between
    }
}

static void test_context_login_fails(void **state)
{
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    find_web(f);
    f->answer = "98765";
    struct pc_result result = fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "cannot authenticate for the use of key 'web'");
    assert_string_equal(p11csr_error_message(f->err), "cannot sign with key 'web' by CKM_ECDSA_SHA256");
    assert_false(error_holds(f->err, "98765"));
    p11csr_error_free(&f->err);
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 0);
    f->answer = "1234";
    result = fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "a wrong PIN was sent in this run");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->pins_sent, 2); // the user's and the wrong one
    assert_int_equal(f->mock->signatures, 0);
}

/* A token that knows no context login: whether the key may be used is for C_Sign to say. */
static void test_context_unknown(void **state)
{
    static const CK_RV unknown[] = {CKR_USER_ALREADY_LOGGED_IN, CKR_USER_TYPE_INVALID,
                                    CKR_FUNCTION_NOT_SUPPORTED};
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    find_web(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(unknown); i++) {
        mock_fail_after(f->mock, "C_Login", 1, unknown[i]); // the mock signs as if it did not care
        check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
    }
    mock_fail(f->mock, "C_Login", 0, CKR_USER_ALREADY_LOGGED_IN); // and now it does
    check_fails(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err, P11CSR_E_LOGIN,
                "C_Sign: CKR_USER_NOT_LOGGED_IN");
}

/* A card that was pulled during a login is looked for anew when it is used again. */
static void test_context_removed(void **state)
{
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    find_web(f);
    mock_reset_calls(f->mock);
    mock_fail(f->mock, "C_Login", 1, CKR_DEVICE_REMOVED);
    check_fails(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err, P11CSR_E_TOKEN_REMOVED,
                "C_Login: CKR_DEVICE_REMOVED");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_false(f->token.has_session);
    assert_int_equal(mock_calls(f->mock, "C_GetSlotList"), 0);
    check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
    assert_true(mock_calls(f->mock, "C_GetSlotList") > 0);
}

/* Codes by the standard's numbers (OASIS pkcs11t.h): p11-kit's header of 2022 has others for some of them. */
static void test_numbers_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        CK_RV rv;
        enum p11csr_code code;
        const char *name;
    } rows[] = {
        {0xA0, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT"},
        {0x1B6, P11CSR_E_TOKEN, "CKR_FIPS_SELF_TEST_FAILED"},
        {0x1B7, P11CSR_E_MODULE_LOAD, "CKR_LIBRARY_LOAD_FAILED"},
        {0x1B8, P11CSR_E_PIN_LENGTH, "CKR_PIN_TOO_WEAK"},
        {0x200, P11CSR_E_PIN_CANCELLED, "CKR_FUNCTION_REJECTED"},
        {0x201, P11CSR_E_BUSY, "CKR_TOKEN_RESOURCE_EXCEEDED"},
        {0x1FF, P11CSR_E_TOKEN, "CKR_0x000001ff (no known meaning)"},
        {0x8000002F, P11CSR_E_TOKEN, "CKR_0x8000002f (a code of the module's vendor)"},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        p11csr_error *err = NULL;
        check_fails(pc_ckr(rows[i].rv, "C_Login", &err), &err, rows[i].code, rows[i].name);
    }
    char name[32];
    assert_string_equal(pc_ckr_name(CKR_OK, name), "CKR_OK");
    assert_string_equal(pc_ckm_name(CKM_ECDSA, name), "CKM_ECDSA");
    assert_string_equal(pc_ckm_name(0x80001234, name), "CKM_0x80001234");
}

/* A call log between us and the module would write the PIN down. */
static void test_logged_calls(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    pc_modules_get(&f->modules, 0)->logs_calls = true;
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_LOGGED,
                "module 'mock' is used through a call log; no PIN was sent");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    assert_int_equal(f->asked, 0);
    pc_modules_get(&f->modules, 0)->logs_calls = false;
    find_web(f);
}

static void test_token_info_fails(void **state)
{
    struct fixture *f = *state;
    mock_fail(f->mock, "C_GetTokenInfo", 1, CKR_GENERAL_ERROR);
    check_fails(pc_login_user(&f->token, &f->login, &f->err), &f->err, P11CSR_E_TOKEN,
                "C_GetTokenInfo: CKR_GENERAL_ERROR");
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    assert_int_equal(f->asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_not_needed),
        FIXTURE_TEST(test_quiet_source_first),
        FIXTURE_TEST(test_person_is_asked_only_when_needed),
        FIXTURE_TEST(test_search_wants_login),
        FIXTURE_TEST(test_no_source),
        FIXTURE_TEST(test_cancelled),
        FIXTURE_TEST(test_flags_forbid),
        FIXTURE_TEST(test_flags_are_fresh),
        FIXTURE_TEST(test_final_try_accepted),
        FIXTURE_TEST(test_wrong_is_sent_once),
        FIXTURE_TEST(test_notes_after_wrong),
        FIXTURE_TEST(test_answers),
        FIXTURE_TEST(test_length_is_checked_before),
        FIXTURE_TEST(test_pad_gets_no_pin),
        FIXTURE_TEST(test_already_logged_in),
        FIXTURE_TEST(test_context_login),
        FIXTURE_TEST(test_context_login_fails),
        FIXTURE_TEST(test_context_removed),
        FIXTURE_TEST(test_context_unknown),
        cmocka_unit_test(test_numbers_of_the_standard),
        FIXTURE_TEST(test_logged_calls),
        FIXTURE_TEST(test_token_info_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
