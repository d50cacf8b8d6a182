// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "token/fixture.h"
#include "tokens/ckr.h"
#include "tokens/keygen.h"
#include "tokens/sign.h"

#include <string.h>

/* Who logs in when: login modes, the security officer, PIN pads, one use of a key; and who hears of it. */

static PC_RESULT generate(struct fixture *f, const char *label)
{
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = label};
    pc_key_done(&f->key);
    return pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err);
}

static void use_so(struct fixture *f)
{
    f->mock->knobs.made_by_so = true;
    f->login.as_so = true;
    f->login.so_source = &f->source;
}

static PC_RESULT sign(struct fixture *f)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    return fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature);
}

/* check_failed() that reads f->err after the call that sets it. */
static void failed(const struct fixture *f, struct pc_result result, enum p11csr_code code, const char *text)
{
    check_failed(result, f->err, code, text);
}

/* Modes */

static void test_never(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->login.mode = PC_LOGIN_NEVER;
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_KEY_NOT_FOUND, "no login took place, by --login never");
    p11csr_error_free(&f->err);
    mock_set_flag(pair.private_key, CKA_PRIVATE, false);
    mock_set_flag(pair.private_key, CKA_ALWAYS_AUTHENTICATE, true);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    failed(f, sign(f), P11CSR_E_LOGIN, "no login took place, by --login never");
    p11csr_error_free(&f->err);
    use_so(f);
    check_fails(generate(f, "new"), &f->err, P11CSR_E_LOGIN, "CKR_USER_NOT_LOGGED_IN");
    check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
    assert_int_equal(f->asked, 0);
}

static void test_always(void **state)
{
    struct fixture *f = *state;
    static const bool as_so[] = {false, true};
    f->source.asks_person = true;
    f->mock->slots[0].token.flags &= ~CKF_LOGIN_REQUIRED;
    for (size_t i = 0; i < PC_ARRAY_LEN(as_so); i++) {
        fixture_reopen(f);
        check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
        check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
        f->login = (struct pc_login){
            .source = &f->source, .so_source = &f->source, .as_so = as_so[i], .mode = PC_LOGIN_ALWAYS};
        check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
        check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
        check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
        assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
        assert_int_equal(f->mock->last_user, as_so[i] ? CKU_SO : CKU_USER);
        f->login.mode = PC_LOGIN_AUTO;
        f->login.as_so = false;
    }
}

/* Looking at a token asks nobody; a source that asks nobody is used, in the role that was named. */
static void test_look(void **state)
{
    struct fixture *f = *state;
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(f->mock->last_user, CKU_USER);
    use_so(f);
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(f->mock->last_user, CKU_SO);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 2);
    fixture_reopen(f);
    f->source.asks_person = true;
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    f->login.as_so = false;
    check_ok(pc_login_look(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

/* What is known about the token; what was asked for goes before. */
static void test_quirks(void **state)
{
    struct fixture *f = *state;
    static const struct pc_quirk_rule rules[] = {
        {.word = "login", .value = "never", .set_by = "test"},
        {.word = "keygen-login", .value = "so", .set_by = "test"},
        {.word = "pin-form", .value = "user:password", .set_by = "test"},
        {.word = "so-pin-form", .value = "48 hex digits", .set_by = "test"},
    };
    const struct pc_quirk_rule always = {.word = "login", .value = "always", .set_by = "test"};
    f->mock->knobs.made_by_so = true;
    f->login.so_source = &f->source;
    check_ok(pc_token_set_quirks(&f->token, rules, PC_ARRAY_LEN(rules), &f->err), &f->err);
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    check_fails(generate(f, "new"), &f->err, P11CSR_E_LOGIN, "CKR_USER_NOT_LOGGED_IN");
    assert_int_equal(f->asked, 0);
    f->login.mode = PC_LOGIN_ALWAYS;
    check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
    assert_string_equal(f->request.form, "user:password");
    f->mock->slots[0].token.ulMaxPinLen = 6; // of the user's PIN; a management key is longer
    check_ok(generate(f, "new"), &f->err);
    assert_string_equal(f->request.form, "48 hex digits");
    fixture_reopen(f);
    f->login.mode = PC_LOGIN_AUTO;
    check_ok(pc_token_set_quirks(&f->token, &always, 1, &f->err), &f->err);
    check_ok(pc_login_open(&f->token, &f->login, &f->err), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_null(f->request.form);
    fixture_reopen(f);
    check_ok(pc_token_set_quirks(&f->token, rules, PC_ARRAY_LEN(rules), &f->err), &f->err);
    f->login.mode = PC_LOGIN_ALWAYS;
    f->answer = "98765";
    failed(f, pc_login_user(&f->token, &f->login, &f->err), P11CSR_E_PIN_INCORRECT,
           "the PIN of this token consists of: user:password");
}

/* The security officer */

/* Makes the key, then goes: the user signs with it, by the handle that it has for the user. */
static void test_so_makes_user_signs(void **state)
{
    struct fixture *f = *state;
    use_so(f);
    check_ok(generate(f, "new"), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_int_equal(f->request.role, PC_ROLE_SO);
    assert_string_equal(f->mock->last_pin, "87654321");
    const CK_OBJECT_HANDLE before = f->key.private_key;
    check_ok(sign(f), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_Logout"), 1);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 2);
    assert_int_equal(f->mock->last_user, CKU_USER);
    assert_int_not_equal(f->key.private_key, before);
    assert_true(f->token.logged_in);
    assert_false(f->token.so_logged_in);
    check_ok(generate(f, "other"), &f->err); // and back
    assert_int_equal(f->mock->last_user, CKU_SO);
    assert_int_equal(mock_calls(f->mock, "C_Logout"), 2);
    assert_false(f->token.logged_in);
}

/* A read-only session would hinder the security officer, and the user's login too. */
static void test_so_after_user(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_false(f->token.read_write);
    use_so(f);
    check_ok(generate(f, "new"), &f->err);
    assert_non_null(strstr(f->mock->trace,
                           "C_OpenSession C_CloseSession C_GetSessionInfo C_Logout C_GetTokenInfo C_Login "));
}

static void test_so_is_hindered_by_another_session(void **state)
{
    struct fixture *f = *state;
    CK_SESSION_HANDLE other = 0;
    use_so(f);
    assert_int_equal(f->mock->list.C_OpenSession(17, CKF_SERIAL_SESSION, NULL, NULL, &other), CKR_OK);
    failed(f, generate(f, "new"), P11CSR_E_LOGIN, "CKR_SESSION_READ_ONLY_EXISTS");
    p11csr_error_free(&f->err);
    assert_int_equal(f->mock->list.C_CloseSession(other), CKR_OK);
    check_ok(generate(f, "new"), &f->err);
}

static void test_so_errors(void **state)
{
    struct fixture *f = *state;
    use_so(f);
    f->login.so_source = NULL;
    failed(f, generate(f, "new"), P11CSR_E_PIN_NEEDED,
           "token 'token one' wants a login as security officer and no SO PIN source is set");
    assert_string_equal(p11csr_error_message(f->err),
                        "cannot log in to token 'token one' as security officer");
    assert_non_null(strstr(p11csr_error_hint(f->err), "--so-pin-source"));
    p11csr_error_free(&f->err);
    f->login.so_source = &f->source;
    f->so_answer = "98765432";
    f->mock->slots[0].tries = 3;
    failed(f, generate(f, "new"), P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    assert_false(error_holds(f->err, "98765432"));
    p11csr_error_free(&f->err);
    assert_int_equal(f->refused[PC_ROLE_SO], 1);
    check_fails(generate(f, "new"), &f->err, P11CSR_E_PIN_INCORRECT, "a wrong PIN was sent in this run");
    assert_int_equal(f->mock->pins_sent, 1);
    // The user's PIN is another.
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    fixture_reopen(f);
    f->so_answer = "87654321";
    f->mock->slots[0].so_wrong = 2;
    check_fails(generate(f, "new"), &f->err, P11CSR_E_PIN_FINAL_TRY, "CKF_SO_PIN_FINAL_TRY");
    f->mock->slots[0].so_wrong = 3;
    failed(f, generate(f, "new"), P11CSR_E_PIN_LOCKED, "CKF_SO_PIN_LOCKED; no PIN was sent");
    assert_non_null(strstr(p11csr_error_hint(f->err), "initialised anew"));
    p11csr_error_free(&f->err);
    f->mock->slots[0].so_wrong = 2;
    f->login.accept_final_try = true;
    check_ok(generate(f, "new"), &f->err);
    assert_true(f->request.final_try && f->request.count_low);
}

/* PIN pads */

struct notice {
    unsigned count;
    enum pc_role role;
    bool has_key;
    unsigned long logins; /* before it */
    struct mock *mock;
};

static void take_notice(void *self, const struct pc_pin_request *request)
{
    struct notice *notice = self;
    notice->count++;
    notice->role = request->role;
    notice->has_key = request->key != NULL;
    notice->logins = mock_calls(notice->mock, "C_Login");
}

static void test_pad(void **state)
{
    struct fixture *f = *state;
    struct notice notice = {.mock = f->mock};
    f->login.at_device = take_notice;
    f->login.at_device_self = &notice;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    f->mock->slots[0].token.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    fixture_reopen(f);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(notice.count, 1);
    assert_int_equal(notice.role, PC_ROLE_USER);
    assert_int_equal(notice.logins, 0); // the person hears of it before the device waits
    for (unsigned i = 1; i <= 2; i++) {
        check_ok(sign(f), &f->err);
        assert_int_equal(notice.count, 1 + i);
        assert_int_equal(notice.role, PC_ROLE_CONTEXT);
        assert_true(notice.has_key);
    }
    use_so(f);
    check_ok(generate(f, "new"), &f->err);
    assert_int_equal(notice.role, PC_ROLE_SO);
    assert_true(f->mock->last_was_null);
    assert_int_equal(f->asked, 0);
    assert_int_equal(f->mock->pins_sent, 0);
    // What is typed wrongly there says nothing about any source.
    fixture_reopen(f);
    mock_fail(f->mock, "C_Login", 1, CKR_PIN_INCORRECT);
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_PIN_INCORRECT, "no other is sent");
    assert_int_equal(f->refused[PC_ROLE_USER], 0);
}

/* Which answers make a source remember. */
static void test_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        CK_RV rv;
        unsigned refused;
    } rows[] = {
        {CKR_PIN_INCORRECT, 1},  {CKR_PIN_INVALID, 1},  {CKR_PIN_LEN_RANGE, 1},     {CKR_PIN_LOCKED, 0},
        {CKR_PIN_EXPIRED, 0},    {CKR_DEVICE_ERROR, 0}, {CKR_FUNCTION_CANCELED, 0}, {CKR_GENERAL_ERROR, 0},
        {CKR_DEVICE_REMOVED, 0}, {CKR_HOST_MEMORY, 0},  {CKR_USER_TYPE_INVALID, 0},
    };
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        fixture_reopen(f);
        mock_forget_scripts(f->mock);
        mock_fail(f->mock, "C_Login", 1, rows[i].rv);
        f->refused[PC_ROLE_USER] = 0;
        const struct pc_result result = pc_login_user(&f->token, &f->login, &f->err);
        assert_false(pc_is_ok(result));
        p11csr_error_free(&f->err);
        assert_int_equal(f->refused[PC_ROLE_USER], rows[i].refused);
    }
}

/* Some tokens say "locked" for seconds only: nobody is sent to unlock them without need. */
static void test_locked_without_a_flag(void **state)
{
    struct fixture *f = *state;
    mock_fail(f->mock, "C_Login", 1, CKR_PIN_LOCKED);
    const struct pc_quirk_rule rule = {
        .word = "error-hint", .value = "CKR_PIN_LOCKED=wait for ten seconds", .set_by = "test"};
    struct pc_result result = pc_login_user(&f->token, &f->login, &f->err);
    check_failed(result, f->err, P11CSR_E_PIN_LOCKED, "it may only make the next try wait");
    assert_non_null(strstr(p11csr_error_hint(f->err), "wait a minute and try again; if it stays locked"));
    p11csr_error_free(&f->err);
    fixture_reopen(f);
    mock_fail(f->mock, "C_Login", 1, CKR_PIN_LOCKED);
    check_ok(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err);
    result = pc_login_user(&f->token, &f->login, &f->err);
    assert_int_equal(result.code, P11CSR_E_PIN_LOCKED);
    assert_string_equal(p11csr_error_hint(f->err), "wait for ten seconds"); // what is known goes before
    p11csr_error_free(&f->err);
    // One that says by its flag that it is locked needs somebody who can unlock it.
    f->mock->slots[0].tries = 3;
    f->mock->slots[0].wrong = 2;
    f->login.accept_final_try = true;
    fixture_reopen(f);
    mock_forget_scripts(f->mock);
    mock_fail_after(f->mock, "C_Login", 1, CKR_PIN_LOCKED);
    f->answer = "98765";
    result = pc_login_user(&f->token, &f->login, &f->err);
    check_failed(result, f->err, P11CSR_E_PIN_LOCKED, "the token now reports the PIN as locked");
    assert_string_equal(p11csr_error_hint(f->err),
                        "unlock it with the token's own tool and its SO PIN (PUK)");
}

/* One use of a key */

static void test_context_refused(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->answer = "98765";
    check_fails(sign(f), &f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    check_fails(sign(f), &f->err, P11CSR_E_PIN_INCORRECT, "a wrong PIN was sent in this run");
    assert_int_equal(f->refused[PC_ROLE_CONTEXT], 1);
    assert_int_equal(f->mock->pins_sent, 2); // the user's and the wrong one
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 0);
}

/* What a person says takes time: nothing is begun on the token before. */
static void test_context_is_asked_first(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    f->answer = NULL;
    check_fails(sign(f), &f->err, P11CSR_E_PIN_CANCELLED, "cannot authenticate for the use of key 'web'");
    assert_int_equal(mock_calls(f->mock, "C_SignInit"), 0);
}

/* Nor is it kept where no other mechanism follows. */
static void test_context_of_a_refused_mechanism(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_ALWAYS_AUTHENTICATE,
                  true);
    check_ok(fixture_find(f, "web", NULL), &f->err);
    mock_fail(f->mock, "C_SignInit", 0, CKR_MECHANISM_INVALID);
    check_fails(sign(f), &f->err, P11CSR_E_MECHANISM, "CKR_MECHANISM_INVALID");
    assert_int_equal(f->asked, 2);
    assert_int_equal(f->done, 2);
    assert_int_equal(f->mock->pins_sent, 1);
}

/* Tokens that show CKA_ALWAYS_AUTHENTICATE and do not act on it have no such login: nobody is asked again. */
static void test_context_that_is_none(void **state)
{
    struct fixture *f = *state;
    static const CK_RV answers[] = {CKR_USER_ALREADY_LOGGED_IN, CKR_FUNCTION_NOT_SUPPORTED,
                                    CKR_USER_TYPE_INVALID};
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    for (size_t i = 0; i < PC_ARRAY_LEN(answers); i++) {
        struct pc_token_signer self;
        struct pc_signer signer;
        char name[32];
        mock_forget_scripts(f->mock);
        fixture_reopen(f);
        mock_set_flag(pair.private_key, CKA_ALWAYS_AUTHENTICATE, true);
        check_ok(fixture_find(f, "web", NULL), &f->err);
        check_ok(pc_token_signer_init(&self, &f->token, &f->key, &f->login, &signer, &f->err), &f->err);
        mock_unset(pair.private_key, CKA_ALWAYS_AUTHENTICATE); // it is not enforced
        mock_fail(f->mock, "C_Login", 0, answers[i]);
        const unsigned asked = f->asked;
        const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
        const struct pc_mech *mech = NULL;
        check_ok(signer.ops->choose(&self, scheme, &mech, &f->err), &f->err);
        for (int signature = 0; signature < 3; signature++) {
            struct pc_buf made PC_CLEANUP(pc_buf_done) = {0};
            pc_buf_init(&made, 1024);
            check_ok(signer.ops->sign(&self, scheme, mech, pc_span_str("message"), &made, &f->err), &f->err);
        }
        assert_int_equal(f->asked, asked + 1);
        // One that does enforce it refuses, and says why.
        mock_set_flag(pair.private_key, CKA_ALWAYS_AUTHENTICATE, true);
        failed(f, sign(f), P11CSR_E_LOGIN, "CKR_USER_NOT_LOGGED_IN");
        assert_true(error_holds(f->err, pc_ckr_name(answers[i], name)));
        p11csr_error_free(&f->err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_never),
        FIXTURE_TEST(test_always),
        FIXTURE_TEST(test_look),
        FIXTURE_TEST(test_quirks),
        FIXTURE_TEST(test_so_makes_user_signs),
        FIXTURE_TEST(test_so_after_user),
        FIXTURE_TEST(test_so_is_hindered_by_another_session),
        FIXTURE_TEST(test_so_errors),
        FIXTURE_TEST(test_pad),
        FIXTURE_TEST(test_refused),
        FIXTURE_TEST(test_locked_without_a_flag),
        FIXTURE_TEST(test_context_refused),
        FIXTURE_TEST(test_context_is_asked_first),
        FIXTURE_TEST(test_context_of_a_refused_mechanism),
        FIXTURE_TEST(test_context_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
