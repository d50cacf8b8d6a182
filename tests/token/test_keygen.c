// SPDX-License-Identifier: Apache-2.0
#include "token/fixture.h"
#include "tokens/template.h"

#include <string.h>

/* Making keys: what is asked for, what is checked afterwards, and what is undone. */

static struct mock *hooked; // for a replaced function, which gets no pointer of ours

static PC_RESULT generate(struct fixture *f, enum pc_keyspec_id spec, const char *label, const char *id)
{
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(spec),
                                     .label = label,
                                     .id = id != NULL ? pc_span_str(id) : (struct pc_span){0}};
    pc_key_done(&f->key);
    return pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err);
}

static void check_asked(const struct mock_template *given, CK_ATTRIBUTE_TYPE type, struct pc_span value)
{
    const struct mock_attribute *attribute = mock_asked(given, type);
    assert_non_null(attribute);
    const struct pc_span asked = {attribute->value, attribute->len};
    check_same(asked, value);
}

static void check_asked_flag(const struct mock_template *given, CK_ATTRIBUTE_TYPE type, bool value)
{
    const CK_BBOOL byte = value ? CK_TRUE : CK_FALSE;
    check_asked(given, type, (struct pc_span){&byte, 1});
}

/* Every attribute that is asked for; the counts say that there is no other. */
static void check_templates(const struct fixture *f, bool rsa, bool is_private)
{
    static const CK_ATTRIBUTE_TYPE not_public[] = {CKA_ENCRYPT, CKA_WRAP, CKA_VERIFY_RECOVER, CKA_PRIVATE};
    static const CK_ATTRIBUTE_TYPE not_private[] = {CKA_DECRYPT, CKA_UNWRAP, CKA_SIGN_RECOVER, CKA_DERIVE,
                                                    CKA_EXTRACTABLE};
    const struct mock_template *both[] = {&f->mock->made_public, &f->mock->made_private};
    for (size_t i = 0; i < 2; i++) {
        check_asked_flag(both[i], CKA_TOKEN, true);
        check_asked(both[i], CKA_LABEL, pc_span_str("web"));
        check_asked(both[i], CKA_ID, pc_span_str("77"));
    }
    check_asked_flag(both[0], CKA_VERIFY, true);
    for (size_t i = 0; i < PC_ARRAY_LEN(not_public); i++) {
        check_asked_flag(both[0], not_public[i], false);
    }
    check_asked_flag(both[1], CKA_SIGN, true);
    check_asked_flag(both[1], CKA_SENSITIVE, true);
    check_asked_flag(both[1], CKA_PRIVATE, is_private);
    for (size_t i = 0; i < PC_ARRAY_LEN(not_private); i++) {
        check_asked_flag(both[1], not_private[i], false);
    }
    assert_int_equal(both[0]->count, rsa ? 10 : 9);
    assert_int_equal(both[1]->count, 11);
}

static void test_templates(void **state)
{
    struct fixture *f = *state;
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
    check_templates(f, false, true);
    check_asked(&f->mock->made_public, CKA_EC_PARAMS, pc_keyspec_get(PC_KEYSPEC_P256)->ec_params);
    check_fails(generate(f, PC_KEYSPEC_P256, "web", "78"), &f->err, P11CSR_E_KEY_EXISTS, "label");
}

static void test_templates_rsa(void **state)
{
    struct fixture *f = *state;
    const CK_ULONG bits = 2048;
    check_ok(generate(f, PC_KEYSPEC_RSA_2048, "web", "77"), &f->err);
    check_templates(f, true, true);
    check_asked(&f->mock->made_public, CKA_MODULUS_BITS,
                (struct pc_span){(const uint8_t *)&bits, sizeof(bits)});
    check_asked(&f->mock->made_public, CKA_PUBLIC_EXPONENT,
                (struct pc_span){(const uint8_t *)"\x01\x00\x01", 3});
    assert_int_equal(f->key.type, CKK_RSA);
    assert_ptr_equal(f->key.public.spec, pc_keyspec_get(PC_KEYSPEC_RSA_2048));
}

static void test_templates_edwards(void **state)
{
    struct fixture *f = *state;
    check_ok(generate(f, PC_KEYSPEC_ED25519, "web", "77"), &f->err);
    check_templates(f, false, true);
    check_asked(&f->mock->made_public, CKA_EC_PARAMS, pc_keyspec_get(PC_KEYSPEC_ED25519)->ec_params);
    assert_int_equal(f->key.type, CKK_EC_EDWARDS);
}

/* The mock makes no such key: what it is asked for is looked at. */
static void test_template_of_a_parameter_set(void **state)
{
    struct fixture *f = *state;
    struct pc_templates templates;
    const struct pc_keygen wanted = {
        .spec = pc_keyspec_get(PC_KEYSPEC_ML_DSA_87), .label = "web", .id = pc_span_str("77")};
    CK_ULONG set = 0;
    bool has_curve = false;
    check_ok(pc_templates_fill(&f->token, &wanted, &templates, &f->err), &f->err);
    for (size_t i = 0; i < templates.public_count; i++) {
        if (templates.public[i].type == PC_CKA_PARAMETER_SET) {
            assert_int_equal(templates.public[i].ulValueLen, sizeof(set));
            memcpy(&set, templates.public[i].pValue, sizeof(set));
        }
        has_curve = has_curve || templates.public[i].type == CKA_EC_PARAMS;
    }
    assert_int_equal(set, PC_CKP_ML_DSA_87);
    assert_false(has_curve);
}

/* A slot that wants no login cannot hold private objects. */
static void test_no_login_no_private(void **state)
{
    struct fixture *f = *state;
    f->mock->slots[0].token.flags &= ~CKF_LOGIN_REQUIRED;
    fixture_reopen(f);
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
    check_templates(f, false, false);
    assert_false(f->key.is_private);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 0);
}

static void test_new_key(void **state)
{
    struct fixture *f = *state;
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
    assert_int_equal(mock_object_count(f->mock), 2);
    assert_non_null(mock_object_get(f->mock, f->key.private_key));
    assert_non_null(mock_object_get(f->mock, f->key.public_key));
    assert_int_equal(f->key.source, PC_PUBKEY_OBJECT);
    assert_true(f->key.is_private);
    check_same(pc_buf_span(&f->key.label), pc_span_str("web"));
    check_same(pc_buf_span(&f->key.id), pc_span_str("77"));
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 1);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 1);
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 2); // by label and by id
    const struct pc_buf spki = f->key.spki;
    f->key.spki = (struct pc_buf){0};
    check_ok(fixture_find(f, "web", NULL), &f->err); // and it is found as any other
    check_same(pc_buf_span(&f->key.spki), pc_buf_span(&spki));
    pc_release(spki.ptr);
}

static void test_random_id(void **state)
{
    struct fixture *f = *state;
    uint8_t first[8];
    check_ok(generate(f, PC_KEYSPEC_P256, "one", NULL), &f->err);
    assert_int_equal(f->key.id.len, sizeof(first));
    memcpy(first, f->key.id.ptr, sizeof(first));
    check_ok(generate(f, PC_KEYSPEC_P256, "two", NULL), &f->err);
    assert_memory_not_equal(f->key.id.ptr, first, sizeof(first));
    check_asked(&f->mock->made_private, CKA_ID, pc_buf_span(&f->key.id));
    check_asked(&f->mock->made_public, CKA_ID, pc_buf_span(&f->key.id));
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 2); // nobody has a random id
    struct pc_buf id PC_CLEANUP(pc_buf_done) = {0};
    pc_buf_init(&id, 64);
    check_ok(pc_key_choose_id(&f->token, (struct pc_span){0}, &id, &f->err),
             &f->err); // the caller's own, chosen before
    const struct pc_keygen wanted = {.spec = pc_keyspec_get(PC_KEYSPEC_P256),
                                     .label = "three",
                                     .id = pc_buf_span(&id),
                                     .id_is_random = true};
    pc_key_done(&f->key);
    check_ok(pc_key_generate(&f->token, &wanted, &f->login, &f->key, &f->err), &f->err);
    check_same(pc_buf_span(&f->key.id), pc_buf_span(&id));
    assert_int_equal(mock_calls(f->mock, "C_FindObjectsInit"), 3);
}

static void test_key_exists(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "web", "77");
    check_fails(
        generate(f, PC_KEYSPEC_P256, "web", "78"), &f->err, P11CSR_E_KEY_EXISTS,
        "a key with this label is there: pkcs11:token=token%20one;manufacturer=Mock%20Makers;serial=0001;"
        "model=Model%20M;id=%37%37;object=web;type=private");
    check_fails(generate(f, PC_KEYSPEC_P256, "other", "77"), &f->err, P11CSR_E_KEY_EXISTS,
                "a key with this CKA_ID is there: pkcs11:token=token%20one");
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 0);
    assert_int_equal(mock_object_count(f->mock), 2);
    check_ok(generate(f, PC_KEYSPEC_P256, "other", "78"), &f->err);
}

static void test_mechanism_missing(void **state)
{
    struct fixture *f = *state;
    mock_remove_mechanism(&f->mock->slots[0], CKM_EC_KEY_PAIR_GEN);
    mock_remove_mechanism(&f->mock->slots[0], CKM_RSA_PKCS_KEY_PAIR_GEN);
    mock_add_mechanism(&f->mock->slots[0], CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_HW); // listed, but not for this
    struct pc_result result = generate(f, PC_KEYSPEC_P256, "web", NULL);
    check_failed(result, f->err, P11CSR_E_MECHANISM,
                 "the token does not generate EC keys (CKM_EC_KEY_PAIR_GEN)");
    assert_string_equal(p11csr_error_message(f->err), "cannot make the p256 key 'web' on token 'token one'");
    p11csr_error_free(&f->err);
    check_fails(generate(f, PC_KEYSPEC_RSA_2048, "web", NULL), &f->err, P11CSR_E_MECHANISM,
                "the token does not generate RSA keys (CKM_RSA_PKCS_KEY_PAIR_GEN)");
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 0);
    check_ok(generate(f, PC_KEYSPEC_ED25519, "web", NULL), &f->err);
}

static void test_curve_not_supported(void **state)
{
    struct fixture *f = *state;
    check_fails(generate(f, PC_KEYSPEC_P384, "web", NULL), &f->err, P11CSR_E_MECHANISM,
                "C_GenerateKeyPair: CKR_CURVE_NOT_SUPPORTED (the token does not know the curve)");
    check_fails(generate(f, PC_KEYSPEC_ED448, "web", NULL), &f->err, P11CSR_E_MECHANISM,
                "CKR_CURVE_NOT_SUPPORTED");
    assert_int_equal(mock_object_count(f->mock), 0);
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
}

static void test_write_protected(void **state)
{
    struct fixture *f = *state;
    f->mock->slots[0].token.flags |= CKF_WRITE_PROTECTED;
    check_fails(generate(f, PC_KEYSPEC_P256, "web", NULL), &f->err, P11CSR_E_TOKEN_READ_ONLY,
                "C_GenerateKeyPair: CKR_TOKEN_WRITE_PROTECTED"); // found out only now
    fixture_reopen(f);
    check_fails(generate(f, PC_KEYSPEC_P256, "web", NULL), &f->err, P11CSR_E_TOKEN_READ_ONLY,
                "token 'token one' reports CKF_WRITE_PROTECTED");
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 0);
    assert_int_equal(f->asked, 1); // by the first of both
}

/* The two objects that the call made are destroyed, and nothing else, whatever it looks like. */
static void test_protection_not_honoured(void **state)
{
    struct fixture *f = *state;
    static const struct {
        bool not_sensitive;
        bool extractable;
        const char *says;
    } rows[] = {
        {true, false, "read back: CKA_SENSITIVE is FALSE, CKA_EXTRACTABLE is FALSE"},
        {false, true, "read back: CKA_SENSITIVE is TRUE, CKA_EXTRACTABLE is TRUE"},
        {true, true, "read back: CKA_SENSITIVE is FALSE, CKA_EXTRACTABLE is TRUE"},
    };
    mock_add_pair(f->mock, MOCK_P256, 0, "other", "1");
    mock_set_flag(mock_add_private(f->mock, MOCK_P256, 1, "no public half", "2"), CKA_SENSITIVE, false);
    for (size_t i = 0; i < PC_ARRAY_LEN(rows); i++) {
        f->mock->knobs.made_not_sensitive = rows[i].not_sensitive;
        f->mock->knobs.made_extractable = rows[i].extractable;
        f->mock->destroyed_count = 0;
        const struct pc_result result = generate(f, PC_KEYSPEC_P256, "web", "77");
        check_failed(result, f->err, P11CSR_E_KEY_PROTECTION, rows[i].says);
        assert_int_equal(p11csr_error_note_count(f->err), 0);
        p11csr_error_free(&f->err);
        assert_int_equal(f->mock->destroyed_count, 2);
        assert_int_equal(f->mock->destroyed[0], f->key.private_key);
        assert_int_equal(f->mock->destroyed[1], f->key.public_key);
        assert_int_equal(mock_object_count(f->mock), 3);
    }
    f->mock->knobs.made_not_sensitive = false;
    f->mock->knobs.made_extractable = false;
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
}

static void test_extractable_and_rest_not_shown(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.made_silent = true; // nothing is known: that is no refusal
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 0);
}

static void test_destroy_fails(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.made_extractable = true;
    f->mock->knobs.cannot_destroy = true;
    struct pc_result result = generate(f, PC_KEYSPEC_P256, "web", "77");
    check_failed(result, f->err, P11CSR_E_KEY_PROTECTION, "CKA_EXTRACTABLE is TRUE");
    assert_true(has_note(f->err, "the new private key could not be destroyed again: C_DestroyObject: "
                                 "CKR_ACTION_PROHIBITED"));
    assert_true(has_note(f->err, "the new public key could not be destroyed again"));
    p11csr_error_free(&f->err);
    f->mock->knobs.cannot_destroy = false;
    mock_fail(f->mock, "C_DestroyObject", 1, CKR_GENERAL_ERROR); // the other half is tried all the same
    result = generate(f, PC_KEYSPEC_P256, "mail", "78");
    check_failed(result, f->err, P11CSR_E_KEY_PROTECTION, "CKA_EXTRACTABLE is TRUE");
    assert_int_equal(p11csr_error_note_count(f->err), 1);
    assert_int_equal(mock_object_count(f->mock), 3);
}

/*
 * The attributes cannot be read back: nothing is known to be wrong with the key, so it stays, and that is
 * said.
 */
static void test_read_back_fails(void **state)
{
    struct fixture *f = *state;
    check_ok(pc_login_user(&f->token, &f->login, &f->err), &f->err);
    mock_fail(f->mock, "C_GetAttributeValue", 1, CKR_GENERAL_ERROR);
    const struct pc_result result = generate(f, PC_KEYSPEC_P256, "web", "77");
    check_failed(result, f->err, P11CSR_E_TOKEN, "C_GetAttributeValue: CKR_GENERAL_ERROR");
    assert_true(has_note(f->err, "the new key was made and stays on the token"));
    p11csr_error_free(&f->err);
    assert_int_equal(mock_object_count(f->mock), 2);
}

/* A public half that does not show: the key stays, and that is said. One that is wrong: it goes. */
static void test_public_half_is_odd(void **state)
{
    struct fixture *f = *state;
    f->mock->knobs.made_wrong_kind = true;
    struct pc_result result = generate(f, PC_KEYSPEC_RSA_2048, "web", "77");
    check_failed(result, f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND,
                 "the new key was made and stays on the token");
    p11csr_error_free(&f->err);
    f->mock->knobs.made_wrong_kind = false;
    f->mock->knobs.made_other_public = true;
    result = generate(f, PC_KEYSPEC_P256, "two", "78");
    check_failed(result, f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                 "public-key-object and private-key-attributes show different public keys");
    assert_false(has_note(f->err, "the new key was made and stays on the token"));
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 2);
    p11csr_error_free(&f->err);
    f->mock->knobs.made_other_public = false;
    f->mock->knobs.made_without_public_value = true;
    result = generate(f, PC_KEYSPEC_ED25519, "three", "79");
    check_failed(result, f->err, P11CSR_E_PUBLIC_KEY_NOT_FOUND, "the private key does not show it");
    assert_true(has_note(f->err, "the new key was made and stays on the token"));
    assert_int_equal(mock_object_count(f->mock), 4);
    assert_int_equal(mock_calls(f->mock, "C_DestroyObject"), 2);
}

static void test_other_size(void **state)
{
    struct fixture *f = *state;
    const struct pc_result result = generate(f, PC_KEYSPEC_RSA_3072, "web", "77"); // the mock makes 2048 bits
    check_failed(result, f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                 "the token made rsa-2048 where rsa-3072 was asked for");
    assert_int_equal(mock_object_count(f->mock), 0);
}

/* C_GenerateKeyPair whose RSA keys are 256 bits larger than the mock's own. */
static CK_RV generate_larger(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_list,
                             CK_ULONG public_count, CK_ATTRIBUTE *private_list, CK_ULONG private_count,
                             CK_OBJECT_HANDLE *ret_public, CK_OBJECT_HANDLE *ret_private)
{
    const CK_RV rv = mock_original()->C_GenerateKeyPair(session, mechanism, public_list, public_count,
                                                        private_list, private_count, ret_public, ret_private);
    uint8_t modulus[288];
    memset(modulus, 0xff, sizeof(modulus));
    mock_set(mock_object_get(hooked, *ret_public), CKA_MODULUS, modulus, sizeof(modulus));
    mock_set(mock_object_get(hooked, *ret_private), CKA_MODULUS, modulus, sizeof(modulus));
    return rv;
}

/* A size without a row of its own is not taken for the next smaller one. */
static void test_odd_size(void **state)
{
    struct fixture *f = *state;
    hooked = f->mock;
    f->mock->list.C_GenerateKeyPair = generate_larger;
    const struct pc_result result = generate(f, PC_KEYSPEC_RSA_2048, "web", "77");
    check_failed(result, f->err, P11CSR_E_PROOF_PUBLIC_KEY,
                 "the token made rsa-2304 where rsa-2048 was asked for");
}

/* The answer got lost: nobody knows whether there is a key now. */
static void test_answer_lost(void **state)
{
    struct fixture *f = *state;
    mock_fail_after(f->mock, "C_GenerateKeyPair", 1, CKR_GENERAL_ERROR);
    struct pc_result result = generate(f, PC_KEYSPEC_P256, "web", "77");
    check_failed(result, f->err, P11CSR_E_TOKEN, "C_GenerateKeyPair: CKR_GENERAL_ERROR");
    assert_true(has_note(f->err, "the token may have made the key all the same"));
    p11csr_error_free(&f->err);
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 1);
    mock_fail(f->mock, "C_GenerateKeyPair", 1, CKR_TEMPLATE_INCONSISTENT); // a refusal is none of that
    result = generate(f, PC_KEYSPEC_P256, "mail", "78");
    check_failed(result, f->err, P11CSR_E_UNSUPPORTED, "CKR_TEMPLATE_INCONSISTENT");
    assert_int_equal(p11csr_error_note_count(f->err), 0);
}

static void test_session_switch_keeps_login(void **state)
{
    struct fixture *f = *state;
    mock_add_pair(f->mock, MOCK_P256, 0, "other", "1");
    check_ok(fixture_find(f, "other", NULL), &f->err); // a read-only session, logged in
    assert_false(f->token.read_write);
    check_ok(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err);
    assert_true(f->token.read_write);
    assert_int_equal(mock_calls(f->mock, "C_Login"), 1);
    assert_int_equal(mock_calls(f->mock, "C_OpenSession"), 2);
    assert_int_equal(mock_calls(f->mock, "C_CloseSession"), 1);
}

static void test_login_refused(void **state)
{
    struct fixture *f = *state;
    f->answer = "9999";
    check_fails(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err, P11CSR_E_PIN_INCORRECT,
                "CKR_PIN_INCORRECT");
    assert_int_equal(mock_calls(f->mock, "C_GenerateKeyPair"), 0);
    f->mock->knobs.max_sessions = 1;
    fixture_reopen(f);
    CK_SESSION_HANDLE other = 0;
    assert_int_equal(f->mock->list.C_OpenSession(17, CKF_SERIAL_SESSION, NULL, NULL, &other), CKR_OK);
    check_fails(generate(f, PC_KEYSPEC_P256, "web", "77"), &f->err, P11CSR_E_BUSY,
                "C_OpenSession: CKR_SESSION_COUNT (the token has no free session)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_templates),
        FIXTURE_TEST(test_templates_rsa),
        FIXTURE_TEST(test_templates_edwards),
        FIXTURE_TEST(test_template_of_a_parameter_set),
        FIXTURE_TEST(test_no_login_no_private),
        FIXTURE_TEST(test_new_key),
        FIXTURE_TEST(test_random_id),
        FIXTURE_TEST(test_key_exists),
        FIXTURE_TEST(test_mechanism_missing),
        FIXTURE_TEST(test_curve_not_supported),
        FIXTURE_TEST(test_write_protected),
        FIXTURE_TEST(test_protection_not_honoured),
        FIXTURE_TEST(test_extractable_and_rest_not_shown),
        FIXTURE_TEST(test_destroy_fails),
        FIXTURE_TEST(test_read_back_fails),
        FIXTURE_TEST(test_public_half_is_odd),
        FIXTURE_TEST(test_other_size),
        FIXTURE_TEST(test_odd_size),
        FIXTURE_TEST(test_answer_lost),
        FIXTURE_TEST(test_session_switch_keeps_login),
        FIXTURE_TEST(test_login_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
