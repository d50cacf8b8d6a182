// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/sign.h"

#include <string.h>

/* Signing: which mechanism, with which parameter, and what happens when it fails. */

static const struct {
    enum pc_scheme_id scheme;
    enum mock_kind kind;
    CK_MECHANISM_TYPE combined;
    CK_MECHANISM_TYPE raw; /* the same: there is none */
    size_t raw_input;
    bool pss;
    const char *names;
} rows[] = {
    {PC_SCHEME_ECDSA_SHA256, MOCK_P256, CKM_ECDSA_SHA256, CKM_ECDSA, 32, false,
     "CKM_ECDSA_SHA256 and CKM_ECDSA"},
    {PC_SCHEME_RSA_PKCS1_SHA256, MOCK_RSA_2048, CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS, 51, false,
     "CKM_SHA256_RSA_PKCS and CKM_RSA_PKCS"},
    {PC_SCHEME_RSA_PSS_SHA256, MOCK_RSA_2048, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_PSS, 32, true,
     "CKM_SHA256_RSA_PKCS_PSS and CKM_RSA_PKCS_PSS"},
    {PC_SCHEME_ED25519, MOCK_ED25519, CKM_EDDSA, CKM_EDDSA, 0, false, "looked for CKM_EDDSA"},
};

static struct pc_span message(void)
{
    return pc_span_str("message");
}

/* Signs, checks the signature, and returns the mechanism that was used. */
static CK_MECHANISM_TYPE sign_well(struct fixture *f, enum pc_scheme_id scheme, enum mock_kind kind, bool pss)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    check_ok(fixture_sign(f, scheme, &signature), &f->err);
    assert_true(mock_verify(mock_key(kind, 0), message(), pc_buf_span(&signature), pss));
    return f->mock->last_mechanism.mechanism;
}

static void sign_badly(struct fixture *f, enum p11csr_code code, const char *text)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    check_fails(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err, code, text);
}

static void find_web(struct fixture *f)
{
    check_ok(fixture_find(f, "web", NULL), &f->err);
}

static void test_mechanism_order(void **state)
{
    struct fixture *f = *state;
    struct mock_slot *slot = &f->mock->slots[0];
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        const struct mock_pair pair = mock_add_pair(f->mock, rows[i].kind, 0, "web", "1");
        fixture_reopen(f);
        find_web(f);
        assert_int_equal(sign_well(f, rows[i].scheme, rows[i].kind, rows[i].pss), rows[i].combined);
        assert_int_equal(f->mock->last_input_len, message().len);
        if (rows[i].raw != rows[i].combined) {
            mock_remove_mechanism(slot, rows[i].combined);
            mock_add_mechanism(slot, rows[i].combined, CKF_VERIFY); // there, but not for signing
            fixture_reopen(f);
            assert_int_equal(sign_well(f, rows[i].scheme, rows[i].kind, rows[i].pss), rows[i].raw);
            assert_int_equal(f->mock->last_input_len, rows[i].raw_input);
            mock_remove_mechanism(slot, rows[i].combined);
            fixture_reopen(f);
            assert_int_equal(sign_well(f, rows[i].scheme, rows[i].kind, rows[i].pss), rows[i].raw);
        }
        mock_remove_mechanism(slot, rows[i].raw);
        fixture_reopen(f);
        struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
        pc_buf_init(&signature, 4096);
        check_fails(fixture_sign(f, rows[i].scheme, &signature), &f->err, P11CSR_E_MECHANISM, rows[i].names);
        assert_int_equal(mock_calls(f->mock, "C_SignInit"), 0);
        mock_object_remove(pair.private_key);
        mock_object_remove(pair.public_key);
    }
}

static void test_pss_parameter(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum pc_scheme_id scheme;
        CK_MECHANISM_TYPE combined;
        CK_RSA_PKCS_PSS_PARAMS pss;
    } digests[] = {
        {PC_SCHEME_RSA_PSS_SHA256, CKM_SHA256_RSA_PKCS_PSS, {CKM_SHA256, CKG_MGF1_SHA256, 32}},
        {PC_SCHEME_RSA_PSS_SHA384, CKM_SHA384_RSA_PKCS_PSS, {CKM_SHA384, CKG_MGF1_SHA384, 48}},
        {PC_SCHEME_RSA_PSS_SHA512, CKM_SHA512_RSA_PKCS_PSS, {CKM_SHA512, CKG_MGF1_SHA512, 64}},
    };
    mock_add_pair(f->mock, MOCK_RSA_2048, 0, "web", "1");
    find_web(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(digests); i++) {
        for (int raw = 0; raw < 2; raw++) {
            struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
            pc_buf_init(&signature, 4096);
            check_ok(fixture_sign(f, digests[i].scheme, &signature), &f->err);
            assert_int_equal(signature.len, 256);
            assert_int_equal(f->mock->last_mechanism.mechanism,
                             raw != 0 ? CKM_RSA_PKCS_PSS : digests[i].combined);
            assert_memory_equal(&f->mock->last_pss, &digests[i].pss, sizeof(CK_RSA_PKCS_PSS_PARAMS));
            if (raw == 0) {
                mock_remove_mechanism(&f->mock->slots[0], digests[i].combined);
                fixture_reopen(f);
            }
        }
    }
}

/* The mechanisms are read once; a signature is then C_SignInit and C_Sign and nothing else. */
static void test_calls(void **state)
{
    struct fixture *f = *state;
    struct pc_token_signer self;
    struct pc_signer signer;
    const struct pc_mech *mech = NULL;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    assert_int_equal(mock_calls(f->mock, "C_GetMechanismList"), 2); // its length and its content
    check_ok(pc_token_signer_init(&self, &f->token, &f->key, &f->login, &signer, &f->err), &f->err);
    check_ok(signer.ops->choose(signer.self, pc_scheme_get(PC_SCHEME_ECDSA_SHA256), &mech, &f->err), &f->err);
    check_same(signer.ops->spki(signer.self), pc_buf_span(&f->key.spki));
    assert_null(self.used);
    mock_reset_calls(f->mock);
    check_ok(signer.ops->sign(signer.self, pc_scheme_get(PC_SCHEME_ECDSA_SHA256), mech, message(), &signature,
                              &f->err),
             &f->err);
    assert_string_equal(f->mock->trace, "C_SignInit C_Sign ");
}

static void test_mechanism_bounds(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    f->mock->knobs.mechanisms_reported = 5000;
    sign_badly(f, P11CSR_E_LIMIT, "the token reports 5000 mechanisms");
    f->mock->knobs.mechanisms_reported = 4096;
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    fixture_reopen(f);
    f->mock->knobs.mechanisms_reported = 0;
    f->mock->knobs.mechanisms_extra = 5000;
    sign_badly(f, P11CSR_E_TOKEN, "C_GetMechanismList returned more than it was given room for");
    f->mock->knobs.mechanisms_extra = 0;
    mock_fail(f->mock, "C_GetMechanismInfo", 1, CKR_GENERAL_ERROR);
    sign_badly(f, P11CSR_E_TOKEN, "C_GetMechanismInfo: CKR_GENERAL_ERROR");
}

static void test_buffer_too_small(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    f->mock->knobs.sign_too_small = 1;
    f->mock->knobs.sign_wants = 3000;
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 2);
    assert_int_equal(mock_calls(f->mock, "C_SignInit"), 1);
    assert_int_equal(f->mock->signatures, 1);
    f->mock->knobs.sign_too_small = 2; // twice is once too often
    sign_badly(f, P11CSR_E_TOKEN, "C_Sign: CKR_BUFFER_TOO_SMALL");
    assert_int_equal(mock_calls(f->mock, "C_Sign"), 4);
    static const CK_ULONG wanted[] = {64 * 1024 + 1, CK_UNAVAILABLE_INFORMATION};
    for (size_t i = 0; i < PC_ARRAY_LEN(wanted); i++) {
        mock_reset_calls(f->mock);
        f->mock->knobs.sign_too_small = 1;
        f->mock->knobs.sign_wants = wanted[i];
        sign_badly(f, P11CSR_E_TOKEN, "C_Sign: CKR_BUFFER_TOO_SMALL");
        assert_int_equal(mock_calls(f->mock, "C_Sign"), 1);
    }
}

static void test_too_long(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    f->mock->knobs.sign_extra = 1;
    sign_badly(f, P11CSR_E_TOKEN, "C_Sign returned more bytes than it was given room for");
    f->mock->knobs.sign_extra = (CK_ULONG)-1 - 200;
    sign_badly(f, P11CSR_E_TOKEN, "C_Sign returned more bytes than it was given room for");
}

/* A wrong signature passes here: the finished request is verified before it is given out. */
static void test_wrong_signature_is_handed_on(void **state)
{
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 4096);
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    f->mock->knobs.sign_wrong = true;
    check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
    assert_false(mock_verify(mock_key(MOCK_P256, 0), message(), pc_buf_span(&signature), false));
}

/*
 * The failed operation may still be active: the next one gets a new session, in which the login still
 * holds.
 */
static void test_session_is_renewed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *function;
        CK_RV rv;
        enum p11csr_code code;
        const char *says;
    } failures[] = {
        {"C_SignInit", CKR_KEY_FUNCTION_NOT_PERMITTED, P11CSR_E_KEY_USE,
         "the key's attributes forbid this use"},
        {"C_Sign", CKR_GENERAL_ERROR, P11CSR_E_TOKEN, "C_Sign: CKR_GENERAL_ERROR"},
        {"C_Sign", CKR_FUNCTION_FAILED, P11CSR_E_TOKEN, "cannot sign with key 'web' by CKM_ECDSA_SHA256"},
        {"C_Sign", CKR_FUNCTION_REJECTED, P11CSR_E_PIN_CANCELLED, "refused at the device"},
    };
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    for (size_t i = 0; i < PC_ARRAY_LEN(failures); i++) {
        const CK_SESSION_HANDLE before = f->token.session;
        mock_fail(f->mock, failures[i].function, 1, failures[i].rv);
        sign_badly(f, failures[i].code, failures[i].says);
        assert_int_not_equal(f->token.session, before);
        mock_forget_scripts(f->mock);
        sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    }
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_int_equal(f->mock->signatures, PC_ARRAY_LEN(failures));
}

/*
 * A token that allows one session only: the old one stays, and the failure that is reported is the first.
 */
static void test_session_cannot_be_renewed(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    find_web(f);
    f->mock->knobs.max_sessions = 1;
    mock_fail(f->mock, "C_Sign", 1, CKR_GENERAL_ERROR);
    sign_badly(f, P11CSR_E_TOKEN, "C_Sign: CKR_GENERAL_ERROR");
    assert_true(f->token.has_session);
}

static void test_key_that_may_not_sign(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_SIGN, false);
    find_web(f);
    sign_badly(f, P11CSR_E_KEY_USE, "C_SignInit: CKR_KEY_FUNCTION_NOT_PERMITTED");
    assert_int_equal(f->mock->signatures, 0);
}

/* A key that needs no login is used without one, whoever could be asked. */
static void test_public_use(void **state)
{
    struct fixture *f = *state;
    mock_set_flag(mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key, CKA_PRIVATE, false);
    f->login.source = NULL;
    find_web(f);
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

/* The question whether a PIN is wanted each time: what is no answer means no. */
static void test_always_authenticate_question(void **state)
{
    struct fixture *f = *state;
    struct mock_object *key = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1").private_key;
    find_web(f);
    mock_set_flag(key, CKA_ALWAYS_AUTHENTICATE, false);
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    mock_unset(key, CKA_ALWAYS_AUTHENTICATE);
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    f->mock->knobs.unknown_is_bad_argument = true;
    sign_well(f, PC_SCHEME_ECDSA_SHA256, MOCK_P256, false);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_GENERAL_ERROR); // but a failure is one
    sign_badly(f, P11CSR_E_TOKEN, "C_GetAttributeValue: CKR_GENERAL_ERROR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_mechanism_order),
        FIXTURE_TEST(test_pss_parameter),
        FIXTURE_TEST(test_calls),
        FIXTURE_TEST(test_mechanism_bounds),
        FIXTURE_TEST(test_buffer_too_small),
        FIXTURE_TEST(test_too_long),
        FIXTURE_TEST(test_wrong_signature_is_handed_on),
        FIXTURE_TEST(test_session_is_renewed),
        FIXTURE_TEST(test_session_cannot_be_renewed),
        FIXTURE_TEST(test_key_that_may_not_sign),
        FIXTURE_TEST(test_public_use),
        FIXTURE_TEST(test_always_authenticate_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
