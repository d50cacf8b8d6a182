// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/keygen.h"

#include <string.h>

/*
 * Each call that a scenario makes fails in turn, with each of a list of codes, before the function did its
 * work and after it. Whatever happens: an error that says something or a success that holds, nothing
 * crashes or leaks, no signature is made more than twice, no wrong PIN is sent twice, and no object is left
 * behind silently.
 */
static const CK_RV codes[] = {
    CKR_HOST_MEMORY,       CKR_GENERAL_ERROR,          CKR_FUNCTION_FAILED,
    CKR_ARGUMENTS_BAD,     CKR_ATTRIBUTE_TYPE_INVALID, CKR_DEVICE_ERROR,
    CKR_DEVICE_REMOVED,    CKR_FUNCTION_NOT_SUPPORTED, CKR_OBJECT_HANDLE_INVALID,
    CKR_OPERATION_ACTIVE,  CKR_PIN_INCORRECT,          CKR_SESSION_HANDLE_INVALID,
    CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN,     CKR_USER_ALREADY_LOGGED_IN,
    CKR_BUFFER_TOO_SMALL,  CKR_VENDOR_DEFINED | 1,
};

#define NAME(name) #name,
static const char *const functions[] = {MOCK_FUNCTIONS(NAME)};
#undef NAME

struct scenario {
    void (*prepare)(struct fixture *f);
    struct pc_result (*run)(struct fixture *f, struct pc_buf *signature);
    void (*check)(struct fixture *f, struct pc_result result, const struct pc_buf *signature);
};

static void prepare_pairs(struct fixture *f)
{
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_add_private(f->mock, MOCK_P256, 1, "other", "2");
}

/* The halves have different labels, so that there is a second search, and each signature wants a PIN. */
static void prepare_card(struct fixture *f)
{
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set(pair.public_key, CKA_LABEL, "web, public", 11);
    mock_set_flag(pair.private_key, CKA_ALWAYS_AUTHENTICATE, true);
    mock_add_certificate(f->mock, MOCK_P256, 0, "certificate", "1");
    f->source.asks_person = true;
}

static struct pc_result find_and_sign(struct fixture *f, struct pc_buf *signature)
{
    PC_TRY(fixture_find(f, "web", NULL));
    return fixture_sign(f, PC_SCHEME_ECDSA_SHA256, signature);
}

static struct pc_result generate(struct fixture *f, struct pc_buf *signature)
{
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "new"};
    (void)signature;
    return pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err);
}

/* A token that does not protect the key: what was made has to go. */
static void prepare_refusal(struct fixture *f)
{
    prepare_pairs(f);
    f->mock->knobs.made_extractable = true;
}

static void check_sign(struct fixture *f, struct pc_result result, const struct pc_buf *signature)
{
    assert_true(f->mock->signatures <= 2); // once more when the first was lost: see tokens/recover.h
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
    if (pc_is_ok(result)) {
        assert_true(f->mock->signatures >= 1);
        assert_true(
            mock_verify(mock_key(MOCK_P256, 0), pc_span_str("message"), pc_buf_span(signature), false));
    }
}

static void check_made(struct fixture *f, struct pc_result result, const struct pc_buf *signature)
{
    const size_t made = mock_object_count(f->mock) - 3; // prepare_pairs()
    (void)signature;
    assert_true(mock_calls(f->mock, "C_GenerateKeyPair") <= 1);
    for (size_t i = 0; i < f->mock->destroyed_count; i++) {
        assert_true(f->mock->destroyed[i] == f->key.private_key ||
                    f->mock->destroyed[i] == f->key.public_key);
    }
    if (pc_is_ok(result)) {
        assert_int_equal(made, 2);
    } else if (made != 0) {
        assert_true(has_note(f->err, "stays on the token") ||
                    has_note(f->err, "could not be destroyed again") ||
                    has_note(f->err, "may have made the key"));
    }
}

static void check_refused(struct fixture *f, struct pc_result result, const struct pc_buf *signature)
{
    const bool shown = mock_calls(f->mock, "C_GetAttributeValue") > 1;
    if (pc_is_ok(result)) { // only when the token did not show the attribute at all
        assert_true(shown);
    }
    check_made(f, result, signature);
}

/* One run with one failure. Returns whether the call that was to fail was made. */
static bool run_once(const struct scenario *scenario, const char *function, unsigned long nth, CK_RV rv,
                     bool after)
{
    void *state = NULL;
    assert_int_equal(fixture_setup(&state), 0);
    struct fixture *f = state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    scenario->prepare(f);
    mock_reset_calls(f->mock);
    if (after) {
        mock_fail_after(f->mock, function, nth, rv);
    } else {
        mock_fail(f->mock, function, nth, rv);
    }
    const struct pc_result result = scenario->run(f, &signature);
    assert_int_equal(pc_is_ok(result), f->err == NULL);
    assert_int_equal(p11csr_error_code(f->err), result.code);
    if (!pc_is_ok(result)) {
        assert_true(result.code == P11CSR_E_NO_MEMORY || p11csr_error_cause_count(f->err) > 0);
        assert_false(error_holds(f->err, "1234"));
    }
    // One for the login and one for the signature; both again after a recovery, which no wrong PIN leads to.
    assert_true(f->mock->pins_sent <= (rv == CKR_PIN_INCORRECT ? 2U : 4U));
    scenario->check(f, result, &signature);
    const bool made = mock_calls(f->mock, function) >= nth;
    fixture_teardown(&state);
    return made;
}

/* Fails the calls of one function in turn, until the scenario makes no further. */
static unsigned long torture_function(const struct scenario *scenario, const char *function, CK_RV rv)
{
    unsigned long runs = 0;
    for (int after = 0; after < 2; after++) {
        for (unsigned long nth = 1; run_once(scenario, function, nth, rv, after != 0); nth++) {
            runs++;
        }
    }
    return runs;
}

static void torture(const struct scenario *scenario)
{
    unsigned long runs = 0;
    for (size_t i = 0; i < PC_ARRAY_LEN(functions); i++) {
        for (size_t code = 0; code < PC_ARRAY_LEN(codes); code++) {
            runs += torture_function(scenario, functions[i], codes[code]);
        }
    }
    assert_true(runs > 300); // the scenario did not end at its first call
}

static void test_find_and_sign(void **state)
{
    (void)state;
    static const struct scenario scenario = {
        .prepare = prepare_pairs, .run = find_and_sign, .check = check_sign};
    torture(&scenario);
}

static void test_card(void **state)
{
    (void)state;
    static const struct scenario scenario = {
        .prepare = prepare_card, .run = find_and_sign, .check = check_sign};
    torture(&scenario);
}

static void test_generate(void **state)
{
    (void)state;
    static const struct scenario scenario = {.prepare = prepare_pairs, .run = generate, .check = check_made};
    torture(&scenario);
}

static void test_generate_and_undo(void **state)
{
    (void)state;
    static const struct scenario scenario = {
        .prepare = prepare_refusal, .run = generate, .check = check_refused};
    torture(&scenario);
}

/* The same without an error object: only the code travels. */
static void test_without_error_object(void **state)
{
    (void)state;
    for (size_t i = 0; i < PC_ARRAY_LEN(functions); i++) {
        void *inner = NULL;
        assert_int_equal(fixture_setup(&inner), 0);
        struct fixture *f = inner;
        const struct pc_key_query query = {.label = "web"};
        prepare_card(f);
        mock_fail(f->mock, functions[i], 0, CKR_DEVICE_ERROR);
        const struct pc_result result = pc_key_find(&f->token, &query, &f->login, &f->key, NULL);
        const bool used = mock_calls(f->mock, functions[i]) > 0;
        const bool final = strcmp(functions[i], "C_CloseSession") == 0;
        assert_int_equal(pc_is_ok(result), !used || final);
        fixture_teardown(&inner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_and_sign),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_generate),
        cmocka_unit_test(test_generate_and_undo),
        cmocka_unit_test(test_without_error_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
