// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "token/fixture.h"
#include "tokens/keygen.h"
#include "tokens/sign.h"

#include <openssl/ecdsa.h>
#include <string.h>

/*
 * What each quirk does, beside what happens without it: a test test_quirk_WORD for each word. And what is
 * found out by trying, for which no quirk is needed.
 */

static struct mock *hooked; // for replaced functions, which get no pointer of ours

static void set_quirk(struct fixture *f, const char *word, const char *value)
{
    const struct pc_quirk_rule rule = {NULL, word, value, "the test"};
    check_ok(pc_token_set_quirks(&f->token, &rule, 1, &f->err), &f->err);
}

static PC_RESULT generate(struct fixture *f, enum pc_keyspec_id spec, const struct pc_keygen *more)
{
    struct pc_keygen wanted = more != NULL ? *more : (struct pc_keygen){0};
    wanted.spec = pc_keyspec_get(spec);
    wanted.label = "web";
    pc_key_done(&f->key);
    return pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err);
}

static PC_RESULT sign(struct fixture *f, enum pc_scheme_id scheme)
{
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    PC_TRY(fixture_sign(f, scheme, &signature));
    assert_true(mock_verify(mock_key(MOCK_P256, 0), pc_span_str("message"), pc_buf_span(&signature), false));
    return PC_OK;
}

static void find_web(struct fixture *f)
{
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_ok(fixture_find(f, "web", NULL), &f->err);
}

static void test_quirk_login(void **state)
{
    struct fixture *f = *state;
    struct mock_pair pair = mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    mock_set_flag(pair.private_key, CKA_PRIVATE, false);
    f->source.asks_person = true;
    check_ok(fixture_find(f, "web", NULL), &f->err); // it shows without
    assert_int_equal(f->asked, 0);
    mock_reset_calls(f->mock);
    set_quirk(f, "login", "always");
    check_ok(fixture_find(f, "web", NULL), &f->err);
    assert_int_equal(f->asked, 1);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 1); // no search before it
    mock_set_flag(pair.private_key, CKA_PRIVATE, true);
    fixture_reopen(f);
    set_quirk(f, "login", "never");
    check_fails(fixture_find(f, "web", NULL), &f->err, P11CSR_E_KEY_NOT_FOUND, "no private key matches");
    assert_int_equal(f->asked, 1);
}

static void test_quirk_keygen_login(void **state)
{
    struct fixture *f = *state;
    f->login.so_source = &f->source;
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err);
    assert_int_equal(f->mock->last_user, CKU_USER);
    f->mock->knobs.made_by_so = true;
    fixture_reopen(f);
    set_quirk(f, "keygen-login", "so");
    const struct pc_keygen other = {.id = pc_span_str("2")};
    mock_object_remove(mock_object_get(f->mock, f->key.private_key));
    mock_object_remove(mock_object_get(f->mock, f->key.public_key));
    check_ok(generate(f, PC_KEYSPEC_P256, &other), &f->err);
    assert_int_equal(f->mock->last_user, CKU_SO);
}

static void test_quirk_pin_form(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    f->answer = "0000";
    set_quirk(f, "pin-form", "user:password");
    const struct pc_result result = fixture_find(f, "web", NULL);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    assert_true(has_note(f->err, "the PIN of this token consists of: user:password"));
    assert_true(has_note(f->err, "quirk pin-form=user:password, set by the test"));
    p11csr_error_free(&f->err);
    fixture_reopen(f);
    const struct pc_result other = fixture_find(f, "web", NULL);
    check_failed(other, f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    assert_false(error_holds(f->err, "consists of"));
    p11csr_error_free(&f->err);
}

static void test_quirk_so_pin_form(void **state)
{
    struct fixture *f = *state;
    f->so_answer = "000000000000000000000000000000000000000000000000";
    f->mock->slots[0].token.ulMaxPinLen = 8;
    fixture_reopen(f);
    f->login.so_source = &f->source;
    f->login.as_so = true;
    check_fails(generate(f, PC_KEYSPEC_P256, NULL), &f->err, P11CSR_E_PIN_LENGTH, "takes");
    set_quirk(f, "so-pin-form", "48 hex digits"); // which are no PIN that the token speaks of
    const struct pc_result result = generate(f, PC_KEYSPEC_P256, NULL);
    check_failed(result, f->err, P11CSR_E_PIN_INCORRECT, "CKR_PIN_INCORRECT");
    assert_true(has_note(f->err, "the SO PIN of this token consists of: 48 hex digits"));
    p11csr_error_free(&f->err);
}

static CK_RV read_write_only(CK_SLOT_ID slot, CK_FLAGS flags, void *data, CK_NOTIFY notify,
                             CK_SESSION_HANDLE *ret)
{
    return (flags & CKF_RW_SESSION) == 0 ? CKR_FUNCTION_NOT_SUPPORTED
                                         : mock_original()->C_OpenSession(slot, flags, data, notify, ret);
}

static void test_quirk_session_rw(void **state)
{
    struct fixture *f = *state;
    check_ok(pc_token_session(&f->token, false, &f->err), &f->err);
    assert_false(f->token.read_write);
    pc_token_drop_session(&f->token);
    set_quirk(f, "session-rw", "yes");
    f->mock->list.C_OpenSession = read_write_only;
    check_ok(pc_token_session(&f->token, false, &f->err), &f->err);
    assert_true(f->token.read_write);
    check_ok(pc_token_session(&f->token, true, &f->err), &f->err); // the same one
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 2);
}

/* Without the quirk it costs a call more. */
static void test_read_only_refused(void **state)
{
    struct fixture *f = *state;
    f->mock->list.C_OpenSession = read_write_only;
    check_ok(pc_token_session(&f->token, false, &f->err), &f->err);
    assert_true(f->token.read_write);
    pc_token_drop_session(&f->token);
    mock_fail(f->mock, "C_OpenSession", 0, CKR_FUNCTION_NOT_SUPPORTED);
    check_fails(pc_token_session(&f->token, false, &f->err), &f->err, P11CSR_E_UNSUPPORTED,
                "C_OpenSession: CKR_FUNCTION_NOT_SUPPORTED");
}

/* A token with one session: the old one goes first, and the login with it. */
static void test_one_session(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.max_sessions = 1;
    find_web(f);
    mock_object_remove(mock_object_get(f->mock, f->key.private_key));
    mock_object_remove(mock_object_get(f->mock, f->key.public_key));
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err);
    assert_int_equal(f->asked, 2);
    assert_int_equal(fixture_sleeps, 0);
}

static void test_quirk_id_rule(void **state)
{
    struct fixture *f = *state;
    const struct pc_keygen longer = {.id = pc_span_str("123")};
    const struct pc_keygen given = {.id = pc_span_str("12")};
    set_quirk(f, "id-rule", "two-bytes");
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err);
    assert_int_equal(f->key.id.len, 2);
    assert_int_not_equal(f->key.id.ptr[0], 0);
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&id, 64);
    check_fails(pc_key_choose_id(&f->token, longer.id, &id, &f->err), &f->err, P11CSR_E_VALUE,
                "at most two bytes");
    check_ok(pc_key_choose_id(&f->token, given.id, &id, &f->err), &f->err);
    check_text(&id, "12");
    assert_false(pc_key_id_is_unique(pc_buf_span(&id))); // it has to be looked for
    set_quirk(f, "id-rule", "slots");
    const struct pc_result untold = pc_key_choose_id(&f->token, (struct pc_span){0}, &id, &f->err);
    check_failed(untold, f->err, P11CSR_E_USAGE, "fixed places");
    assert_true(error_holds(f->err, "--key-id"));
    p11csr_error_free(&f->err);
    set_quirk(f, "id-rule", "none");
    check_fails(pc_key_choose_id(&f->token, given.id, &id, &f->err), &f->err, P11CSR_E_VALUE, "no CKA_ID");
    f->mock->slots[0].logged_in = false;
    fixture_reopen(f);
    set_quirk(f, "id-rule", "none");
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "other"};
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
    assert_null(mock_asked(&f->mock->made_private, CKA_ID));
    assert_null(mock_asked(&f->mock->made_public, CKA_ID));
}

static void test_quirk_label(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "1");
    check_fails(generate(f, PC_KEYSPEC_P256, NULL), &f->err, P11CSR_E_KEY_EXISTS, "this label");
    set_quirk(f, "label", "fixed");
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err); // its name will be another
    assert_null(mock_asked(&f->mock->made_private, CKA_LABEL));
    assert_null(mock_asked(&f->mock->made_public, CKA_LABEL));
}

/* What the module calls the new key is its name, whatever it was told. */
static CK_RV rename_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                        CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                        CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    const CK_RV rv = mock_original()->C_GenerateKeyPair(session, mechanism, public_list, public_count,
                                                        private_list, private_count, ret_public, ret_private);
    assert_int_equal(rv, CKR_OK);
    mock_set(mock_object_get(hooked, *ret_private), CKA_LABEL, "slot 9a", 7);
    mock_set(mock_object_get(hooked, *ret_private), CKA_ID, "own", 3);
    return rv;
}

static void test_names_are_read_back(void **state)
{
    struct fixture *f = *state;
    hooked = f->mock;
    f->mock->list.C_GenerateKeyPair = rename_key;
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err);
    check_text(&f->key.label, "slot 9a");
    check_text(&f->key.id, "own");
}

static CK_RV no_plain_rsa(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                          CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                          CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_MECHANISM plain = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
    return mechanism->mechanism != 0x80000143UL
               ? CKR_MECHANISM_INVALID
               : mock_original()->C_GenerateKeyPair(session, &plain, public_list, public_count, private_list,
                                                    private_count, ret_public, ret_private);
}

static void test_quirk_keygen_mech(void **state)
{
    struct fixture *f = *state;
    bool can = false;
    f->mock->list.C_GenerateKeyPair = no_plain_rsa;
    check_fails(generate(f, PC_KEYSPEC_RSA_2048, NULL), &f->err, P11CSR_E_MECHANISM, "CKR_MECHANISM_INVALID");
    mock_add_mechanism(&f->mock->slots[0], 0x80000142UL, CKF_GENERATE_KEY_PAIR);
    mock_add_mechanism(&f->mock->slots[0], 0x80000143UL, CKF_GENERATE_KEY_PAIR);
    fixture_reopen(f);
    set_quirk(f, "keygen-mech", "0x80000141,0x80000142,0x80000143");
    check_ok(generate(f, PC_KEYSPEC_RSA_2048, NULL), &f->err); // the last, after two that the token lists
    mock_remove_mechanism(&f->mock->slots[0], CKM_RSA_PKCS_KEY_PAIR_GEN);
    fixture_reopen(f);
    check_ok(pc_token_can_generate(&f->token, pc_keyspec_get(PC_KEYSPEC_RSA_2048), &can, &f->err), &f->err);
    assert_false(can);
    set_quirk(f, "keygen-mech", "0x80000143");
    check_ok(pc_token_can_generate(&f->token, pc_keyspec_get(PC_KEYSPEC_RSA_2048), &can, &f->err), &f->err);
    assert_true(can);
    check_ok(pc_token_can_generate(&f->token, pc_keyspec_get(PC_KEYSPEC_P256), &can, &f->err), &f->err);
    assert_true(can);
}

static CK_RV sign_der(CK_SESSION_HANDLE session, CK_BYTE *input, CK_ULONG len, CK_BYTE *ret,
                      CK_ULONG *ret_len)
{
    unsigned char raw[64];
    CK_ULONG raw_len = sizeof(raw);
    const CK_RV rv = mock_original()->C_Sign(session, input, len, raw, &raw_len);
    if (rv != CKR_OK) {
        return rv;
    }
    ECDSA_SIG *both = ECDSA_SIG_new();
    assert_non_null(both);
    assert_int_equal(ECDSA_SIG_set0(both, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
    *ret_len = (CK_ULONG)i2d_ECDSA_SIG(both, &ret);
    ECDSA_SIG_free(both);
    return CKR_OK;
}

static void test_quirk_ecdsa_out(void **state)
{
    struct fixture *f = *state;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&signature, 1024);
    find_web(f);
    f->mock->list.C_Sign = sign_der;
    check_ok(fixture_sign(f, PC_SCHEME_ECDSA_SHA256, &signature), &f->err);
    assert_int_not_equal(signature.len, 64); // which the proof would refuse
    set_quirk(f, "ecdsa-out", "der");
    for (int i = 0; i < 40; i++) { // numbers with and without zeros in front
        check_ok(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err);
    }
    f->mock->list.C_Sign = mock_original()->C_Sign;
    check_fails(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err, P11CSR_E_PROOF_SIGNATURE,
                "no DER signature of p256");
}

static void test_quirk_omit_attrs(void **state)
{
    struct fixture *f = *state;
    set_quirk(f, "omit-attrs", "CKA_TOKEN,public:CKA_PRIVATE,private:CKA_DERIVE");
    check_ok(generate(f, PC_KEYSPEC_P256, NULL), &f->err);
    assert_null(mock_asked(&f->mock->made_public, CKA_TOKEN));
    assert_null(mock_asked(&f->mock->made_private, CKA_TOKEN));
    assert_null(mock_asked(&f->mock->made_public, CKA_PRIVATE));
    assert_non_null(mock_asked(&f->mock->made_private, CKA_PRIVATE));
    assert_null(mock_asked(&f->mock->made_private, CKA_DERIVE));
    assert_non_null(mock_asked(&f->mock->made_private, CKA_SIGN));
    mock_fail(f->mock, "C_GenerateKeyPair", 1, CKR_TEMPLATE_INCONSISTENT);
    set_quirk(f, "omit-attrs", "public:*");
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "none"};
    pc_key_done(&f->key);
    check_fails(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err,
                P11CSR_E_UNSUPPORTED, "CKR_TEMPLATE_INCONSISTENT");
}

static CK_RV count_attributes(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                              CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                              CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    CK_ULONG value = 0;
    (void)session;
    (void)mechanism;
    (void)ret_public;
    (void)ret_private;
    assert_non_null(public_list); // some modules take NULL for a mistake
    assert_int_equal(public_count, 0);
    assert_int_equal(private_list[private_count - 1].type, 0x8001e101UL);
    assert_int_equal(private_list[private_count - 1].ulValueLen, sizeof(value));
    memcpy(&value, private_list[private_count - 1].pValue, sizeof(value));
    assert_int_equal(value, 12);
    return CKR_DEVICE_MEMORY;
}

static void test_quirk_add_attrs(void **state)
{
    struct fixture *f = *state;
    bool can = true;
    const struct pc_quirk_rule rules[] = {{NULL, "add-attrs", "p256:0x8001e101=12,p384:0x8001e101=13", "x"},
                                          {NULL, "omit-attrs", "public:*", "x"}};
    check_ok(pc_token_set_quirks(&f->token, rules, 2, &f->err), &f->err);
    f->mock->list.C_GenerateKeyPair = count_attributes;
    check_fails(generate(f, PC_KEYSPEC_P256, NULL), &f->err, P11CSR_E_TOKEN_FULL, "CKR_DEVICE_MEMORY");
    check_fails(generate(f, PC_KEYSPEC_RSA_2048, NULL), &f->err, P11CSR_E_UNSUPPORTED,
                "the token makes no rsa-2048 keys");
    check_ok(pc_token_can_generate(&f->token, pc_keyspec_get(PC_KEYSPEC_RSA_2048), &can, &f->err), &f->err);
    assert_false(can);
    check_ok(pc_token_can_generate(&f->token, pc_keyspec_get(PC_KEYSPEC_P256), &can, &f->err), &f->err);
    assert_true(can);
}

static void test_quirk_ec_params(void **state)
{
    struct fixture *f = *state;
    set_quirk(f, "ec-params", "name");
    check_fails(generate(f, PC_KEYSPEC_ED25519, NULL), &f->err, P11CSR_E_MECHANISM,
                "CKR_CURVE_NOT"); // of the mock
    const struct mock_attribute *params = mock_asked(&f->mock->made_public, CKA_EC_PARAMS);
    check_hex(((struct pc_span){params->value, params->len}), "130c 656477617264733235353139");
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "other"};
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
    params = mock_asked(&f->mock->made_public, CKA_EC_PARAMS);
    check_same(((struct pc_span){params->value, params->len}), wanted.spec->ec_params);
}

static void test_quirk_attr_error(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_FUNCTION_FAILED);
    check_fails(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err, P11CSR_E_TOKEN, "CKR_FUNCTION_FAILED");
    mock_forget_scripts(f->mock);
    set_quirk(f, "attr-error", "CKR_FUNCTION_FAILED");
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_FUNCTION_FAILED);
    check_ok(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err); // it has no CKA_ALWAYS_AUTHENTICATE
    mock_forget_scripts(f->mock);
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_ARGUMENTS_BAD); // the default is replaced, not added to
    check_fails(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err, P11CSR_E_TOKEN, "CKR_ARGUMENTS_BAD");
}

static void test_quirk_retry_on(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    fixture_sleeps = 0;
    mock_fail(f->mock, "C_Sign", 1, CKR_FUNCTION_FAILED);
    check_fails(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err, P11CSR_E_TOKEN, "CKR_FUNCTION_FAILED");
    assert_int_equal(fixture_sleeps, 0);
    set_quirk(f, "retry-on", "CKR_FUNCTION_FAILED");
    mock_forget_scripts(f->mock);
    mock_fail(f->mock, "C_Sign", 1, CKR_FUNCTION_FAILED);
    check_ok(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err);
    assert_int_equal(fixture_sleeps, 1);
    mock_fail(f->mock, "C_Sign", 0, CKR_FUNCTION_FAILED);
    check_fails(sign(f, PC_SCHEME_ECDSA_SHA256), &f->err, P11CSR_E_BUSY, "says so when it is busy");
    mock_forget_scripts(f->mock);
    mock_fail(f->mock, "C_GenerateKeyPair", 0, CKR_FUNCTION_FAILED); // a key may be there all the same
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256), .label = "other"};
    pc_key_done(&f->key);
    mock_reset_calls(f->mock);
    check_fails(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err, P11CSR_E_TOKEN,
                "CKR_FUNCTION_FAILED");
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 1);
}

static void test_quirk_error_hint(void **state)
{
    struct fixture *f = *state;
    find_web(f);
    set_quirk(f, "error-hint", "CKR_GENERAL_ERROR=plug it in|0x8000002f=take another curve");
    mock_fail(f->mock, "C_SignInit", 1, 0x8000002fUL);
    const struct pc_result result = sign(f, PC_SCHEME_ECDSA_SHA256);
    check_failed(result, f->err, P11CSR_E_TOKEN, "CKR_0x8000002f");
    assert_string_equal(p11csr_error_hint(f->err), "take another curve");
    p11csr_error_free(&f->err);
    mock_fail(f->mock, "C_SignInit", 1, CKR_FUNCTION_FAILED);
    const struct pc_result other = sign(f, PC_SCHEME_ECDSA_SHA256);
    check_failed(other, f->err, P11CSR_E_TOKEN, "CKR_FUNCTION_FAILED");
    assert_false(error_holds(f->err, "plug it in"));
    p11csr_error_free(&f->err);
}

static void test_quirk_ignore_slots(void **state)
{
    struct fixture *f = *state;
    const struct pc_quirk_rule rule = {NULL, "ignore-slots", "none", "the test"};
    struct pc_slot slot;
    f->mock->slots[0].token.flags &= ~CKF_TOKEN_INITIALIZED;
    check_fails(pc_slot_find_one(&f->modules, NULL, &slot, &f->err), &f->err, P11CSR_E_TOKEN_NOT_FOUND,
                "no token");
    pc_buf_init(&f->modules.rules, sizeof(rule));
    pc_buf_add(&f->modules.rules, &rule, sizeof(rule));
    check_ok(pc_slot_find_one(&f->modules, NULL, &slot, &f->err), &f->err);
    f->mock->slots[0].token.flags &= ~CKF_USER_PIN_INITIALIZED; // but an empty slot holds nothing
    mock_pad(f->mock->slots[0].token.label, 32, "");
    check_fails(pc_slot_find_one(&f->modules, NULL, &slot, &f->err), &f->err, P11CSR_E_TOKEN_NOT_FOUND,
                "no token");
    pc_buf_done(&f->modules.rules);
}

static void test_quirk_gen_overwrites(void **state)
{
    struct fixture *f = *state;
    const struct pc_keygen place = {.id = pc_span_str("1")};
    const struct pc_keygen wanted = {.id = pc_span_str("1"), .overwrite_slot = true};
    mock_add_pair(f->mock, MOCK_P256, 0, "there", "1");
    check_fails(generate(f, PC_KEYSPEC_P256, &wanted), &f->err, P11CSR_E_KEY_EXISTS,
                "this CKA_ID"); // others keep it
    set_quirk(f, "gen-overwrites", "yes");
    const struct pc_result result = generate(f, PC_KEYSPEC_P256, &place);
    check_failed(result, f->err, P11CSR_E_KEY_EXISTS, "replaces what the place holds");
    assert_true(error_holds(f->err, "--overwrite-slot"));
    p11csr_error_free(&f->err);
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 0);
    check_ok(generate(f, PC_KEYSPEC_P256, &wanted), &f->err);
}

static void test_quirk_destroy(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.made_extractable = true;
    check_fails(generate(f, PC_KEYSPEC_P256, NULL), &f->err, P11CSR_E_KEY_PROTECTION,
                "CKA_EXTRACTABLE is TRUE");
    assert_int_equal(f->mock->destroyed_count, 2);
    set_quirk(f, "destroy", "none");
    const struct pc_result result = generate(f, PC_KEYSPEC_P256, NULL);
    check_failed(result, f->err, P11CSR_E_KEY_PROTECTION, "CKA_EXTRACTABLE is TRUE");
    assert_true(has_note(f->err, "the new key stays on the token"));
    assert_true(f->key.maybe_made);
    assert_int_equal(f->mock->destroyed_count, 2);
    p11csr_error_free(&f->err);
}

/*
 * The attribute that asks for a trusted wrapping key goes when the token does not know it; the key is
 * checked.
 */
static CK_RV no_trusted(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                        CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                        CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    for (CK_ULONG i = 0; i < private_count; i++) {
        if (private_list[i].type == CKA_WRAP_WITH_TRUSTED) {
            return CKR_ATTRIBUTE_TYPE_INVALID;
        }
    }
    return mock_original()->C_GenerateKeyPair(session, mechanism, public_list, public_count, private_list,
                                              private_count, ret_public, ret_private);
}

static void test_backup_without_trusted(void **state)
{
    struct fixture *f = *state;
    const struct pc_keygen backup = {.backup = true};
    f->mock->list.C_GenerateKeyPair = no_trusted;
    check_ok(generate(f, PC_KEYSPEC_P256, &backup), &f->err);
    const struct mock_attribute *extractable = mock_asked(&f->mock->made_private, CKA_EXTRACTABLE);
    assert_int_equal(extractable->value[0], CK_TRUE);
    f->mock->knobs.made_not_sensitive = true;
    const struct pc_keygen other = {.backup = true, .id = pc_span_str("2")};
    mock_object_remove(mock_object_get(f->mock, f->key.private_key));
    mock_object_remove(mock_object_get(f->mock, f->key.public_key));
    check_fails(generate(f, PC_KEYSPEC_P256, &other), &f->err, P11CSR_E_KEY_PROTECTION,
                "CKA_SENSITIVE is FALSE");
    mock_fail(f->mock, "C_GenerateKeyPair", 0, CKR_ATTRIBUTE_TYPE_INVALID); // nothing else is dropped
    f->mock->list.C_GenerateKeyPair = mock_original()->C_GenerateKeyPair;
    check_fails(generate(f, PC_KEYSPEC_P256, NULL), &f->err, P11CSR_E_UNSUPPORTED,
                "CKR_ATTRIBUTE_TYPE_INVALID");
}

/* A mechanism that is listed and refused is not chosen again. */
static void test_mechanism_refused(void **state)
{
    struct fixture *f = *state;
    struct pc_token_signer signer;
    struct pc_signer ops;
    const struct pc_mech *first = NULL;
    const struct pc_mech *second = NULL;
    struct pc_buf signature PC_CLEANUP(pc_buf_done) = {0};
    const struct pc_scheme *scheme = pc_scheme_get(PC_SCHEME_ECDSA_SHA256);
    pc_buf_init(&signature, 1024);
    find_web(f);
    check_ok(pc_token_signer_init(&signer, &f->token, &f->key, &f->login, &ops, &f->err), &f->err);
    check_ok(ops.ops->choose(ops.self, scheme, &first, &f->err), &f->err);
    mock_fail(f->mock, "C_Sign", 1, CKR_MECHANISM_INVALID); // it was begun: who knows what was done
    check_fails(ops.ops->sign(ops.self, scheme, first, pc_span_str("message"), &signature, &f->err), &f->err,
                P11CSR_E_MECHANISM, "C_Sign");
    check_ok(ops.ops->choose(ops.self, scheme, &second, &f->err), &f->err);
    assert_ptr_equal(first, second);
    mock_fail(f->mock, "C_SignInit", 1, CKR_MECHANISM_INVALID);
    check_fails(ops.ops->sign(ops.self, scheme, first, pc_span_str("message"), &signature, &f->err), &f->err,
                P11CSR_E_MECHANISM, "C_SignInit");
    check_ok(ops.ops->choose(ops.self, scheme, &second, &f->err), &f->err);
    assert_ptr_not_equal(first, second);
    assert_int_equal(f->mock->signatures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_quirk_login),        FIXTURE_TEST(test_quirk_keygen_login),
        FIXTURE_TEST(test_quirk_pin_form),     FIXTURE_TEST(test_quirk_so_pin_form),
        FIXTURE_TEST(test_quirk_session_rw),   FIXTURE_TEST(test_read_only_refused),
        FIXTURE_TEST(test_one_session),        FIXTURE_TEST(test_quirk_id_rule),
        FIXTURE_TEST(test_quirk_label),        FIXTURE_TEST(test_names_are_read_back),
        FIXTURE_TEST(test_quirk_keygen_mech),  FIXTURE_TEST(test_quirk_ecdsa_out),
        FIXTURE_TEST(test_quirk_omit_attrs),   FIXTURE_TEST(test_quirk_add_attrs),
        FIXTURE_TEST(test_quirk_ec_params),    FIXTURE_TEST(test_quirk_attr_error),
        FIXTURE_TEST(test_quirk_retry_on),     FIXTURE_TEST(test_quirk_error_hint),
        FIXTURE_TEST(test_quirk_ignore_slots), FIXTURE_TEST(test_quirk_gen_overwrites),
        FIXTURE_TEST(test_quirk_destroy),      FIXTURE_TEST(test_backup_without_trusted),
        FIXTURE_TEST(test_mechanism_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
